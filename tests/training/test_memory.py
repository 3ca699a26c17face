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
from zfdesk.training.memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        torch.ones(12_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

torch.set_num_threads(1)
given_back = faults()
keep_freed_memory()
print(json.dumps([given_back, [faults() for _ in range(12)]]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc only")
def test_freed_memory_is_not_asked_for_again() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=120)
    given_back, kept = json.loads(done.stdout)
    # A small object that lands right behind a large block's end makes the next one too large for its place: several
    # blocks, as chance puts the heap, are taken before one always fits.
    assert max(kept[-4:]) * 10 < given_back


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())  # a library without mallopt
    memory.keep_freed_memory()
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: pytest.fail("asked of another system"))
    memory.keep_freed_memory()
