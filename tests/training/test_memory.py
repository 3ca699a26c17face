"""What is freed in one step serves the next."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

import pytest

from zfdesk import heap
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
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: object())  # a library without mallopt
    with memory.freed_memory_kept():
        pass
    monkeypatch.setattr(heap.sys, "platform", "darwin")
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: pytest.fail("asked of another system"))
    with memory.freed_memory_kept():
        pass


def test_what_is_kept_does_not_grow_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half as much again as a step needs is kept; then all that is free is given back, and a step measures anew."""
    held = [1000]

    monkeypatch.setattr(memory, "give_back", lambda: held.__setitem__(0, 1000))
    monkeypatch.setattr(memory, "resident_bytes", lambda: held[0])
    bound = memory.HeapBound()
    bound.trim()
    seen = []
    for step in range(30):
        held[0] += 800 if held[0] == 1000 else 100 + step
        bound.after_step()
        seen.append(held[0])
    assert max(seen) <= 1000 + 800 * 3 // 2
    assert seen.count(1000) in range(3, 8)
    assert seen[0] == 1800


def test_a_bound_without_glibc_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap.sys, "platform", "darwin")
    bound = memory.HeapBound()
    bound.trim()
    bound.after_step()
