"""What a process keeps of the memory it freed. Elsewhere than with glibc there is nothing to see."""

from __future__ import annotations

import subprocess
import sys

import pytest

from zfdesk.heap import ARENAS, glibc

THREADS = """
import ctypes, sys, threading
from zfdesk.heap import few_arenas
if sys.argv[1] == "few":
    few_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
together = threading.Barrier(8)
def take():
    together.wait()  # all at once: an arena whose thread has ended is used again
    libc.malloc(5000)
    together.wait()
threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc.malloc_stats()
"""


@pytest.mark.skipif(glibc() is None, reason="the C library is not glibc")
def test_threads_share_few_heaps() -> None:
    def arenas(how: str) -> int:
        done = subprocess.run([sys.executable, "-c", THREADS, how], capture_output=True, text=True, check=True)
        return done.stderr.count("Arena ")

    assert arenas("few") == ARENAS
    assert arenas("many") > ARENAS
