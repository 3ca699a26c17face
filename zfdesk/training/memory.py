"""Where a training's memory comes from."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # glibc's malloc.h


def keep_freed_memory() -> None:
    """Have this process keep what it frees, for the next step; where the C library is not glibc nothing happens.

    A step frees and asks again for gigabytes of activations. glibc gives blocks of over 32 MB back to the system at
    once and gets them anew, and the system clears each page: a third of the time of a step (README, Training).
    """
    if not sys.platform.startswith("linux"):
        return
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_MAX, 0)
        library.mallopt(_TRIM_THRESHOLD, -1)
        library.mallopt(_TOP_PAD, 1 << 26)


__all__ = ["keep_freed_memory"]
