"""Where a training's memory comes from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zfdesk.heap import give_back, glibc, resident_bytes

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -2, -3, -4  # glibc's malloc.h
_KEEPING = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, -1), (_TOP_PAD, 1 << 26))
_USUAL = ((_MMAP_MAX, 1 << 16), (_MMAP_THRESHOLD, 1 << 25), (_TRIM_THRESHOLD, 1 << 26), (_TOP_PAD, 1 << 17))
"""What glibc itself comes to as soon as a program has used large blocks."""


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Have this process keep what it frees, for the next step; afterwards all that is free goes back to the system.

    A step frees and asks again for gigabytes of activations. glibc gives blocks of over 32 MB back to the system at
    once and gets them anew, and the system clears each page: a third of the time of a step (README, Training). A
    process that goes on after a training must not keep its peak for ever. Where the C library is not glibc nothing
    happens.
    """
    library = glibc()
    if library is None:
        yield
        return
    for name, value in _KEEPING:
        library.mallopt(name, value)
    try:
        yield
    finally:
        for name, value in _USUAL:
            library.mallopt(name, value)
        give_back()


class HeapBound:
    """Holds what a process keeps to about what one step needs.

    glibc before 2.38 looks for an aligned block, as torch asks for, by a size a little larger: the block that was freed
    a step ago rarely serves, and the heap grows by each step (here by 0.7 GB a batch of 128 pictures of 128 px, to
    10 GB of which 1.5 were in use). So what is free is given back when the process holds half as much again as after
    the first step.
    """

    def __init__(self) -> None:
        self._allowed: int | None = None
        self._empty = 0

    def trim(self) -> None:
        """Give back what is free; the next step tells anew how much a step needs."""
        give_back()
        self._allowed, self._empty = None, resident_bytes()

    def after_step(self) -> None:
        """Give back what is free when the process holds more than it may."""
        held = resident_bytes()
        if self._allowed is None:
            self._allowed = held + (held - self._empty) // 2
        elif held > self._allowed:
            self.trim()


__all__ = ["HeapBound", "freed_memory_kept"]
