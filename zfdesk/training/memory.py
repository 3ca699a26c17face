"""Where a training's memory comes from."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

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
    library = _glibc()
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
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        library = ctypes.CDLL(None)
    except OSError:
        return None
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None


__all__ = ["freed_memory_kept"]
