"""Before anything imports torch; memory that goes back to the system; and torchvision."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

pytest_plugins = ["fast"]

if "PYTEST_XDIST_WORKER" in os.environ:
    # threads that spin while they wait take the cores from the other workers: half of the suite's time
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@pytest.fixture(scope="module", autouse=True)
def _memory_goes_back() -> Iterator[None]:
    """What a file's tests freed goes back to the system: glibc alone keeps 0.4 GB of what networks took."""
    yield
    gc.collect()
    if sys.platform.startswith("linux") and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)


@pytest.fixture(scope="session")
def torchvision() -> ModuleType:
    """torchvision, also where its wheel was built for another torch."""
    from torchvision_peer import import_torchvision  # imports torch

    return import_torchvision()
