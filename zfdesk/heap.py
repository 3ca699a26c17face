"""What this process holds, and how what it freed goes back to the system: glibc alone keeps it."""

from __future__ import annotations

import ctypes
import os
import sys

ARENAS = 4  # the window, the two threads of the network, and all tasks
_ARENA_MAX = -8  # glibc's malloc.h


def glibc() -> ctypes.CDLL | None:
    """The C library where it is glibc; None elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        library = ctypes.CDLL(None)
    except OSError:
        return None
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None


def resident_bytes() -> int:
    """Of this process; 0 where the system does not tell as Linux does."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def few_arenas() -> None:
    """Have threads share heaps; to be called before there are many. By default glibc has eight heaps a processor, and
    each keeps holes of its own: what the tasks of a window leave behind, a thread each, is free in all of them."""
    library = glibc()
    if library is not None:
        library.mallopt(_ARENA_MAX, ARENAS)


def give_back() -> None:
    """What is free goes back to the system, as far as the C library lets one ask for that."""
    library = glibc()
    if library is not None:
        library.malloc_trim(0)


__all__ = ["few_arenas", "give_back", "glibc", "resident_bytes"]
