"""What is freed in one step serves the next."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

import pytest

from zfdesk.training import memory

PROGRAM = """
import json, resource, torch
from zfdesk.training.memory import freed_memory_kept

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        torch.ones(12_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

torch.set_num_threads(1)
given_back, before = faults(), resident()
with freed_memory_kept():
    kept = [faults() for _ in range(12)]
    torch.ones(100_000_000)
    within = resident()
print(json.dumps([given_back, kept, before, within, resident()]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc only")
def test_freed_memory_is_not_asked_for_again_until_the_training_ends() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=120)
    given_back, kept, before, within, after = json.loads(done.stdout)
    # A small object that lands right behind a large block's end makes the next one too large for its place: several
    # blocks, as chance puts the heap, are taken before one always fits.
    assert max(kept[-4:]) * 10 < given_back
    assert within > before + 350e6, "400 MB that were freed are kept"
    assert after < before + 100e6, "and given back at the end"


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())  # a library without mallopt
    with memory.freed_memory_kept():
        pass
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: pytest.fail("asked of another system"))
    with memory.freed_memory_kept():
        pass
