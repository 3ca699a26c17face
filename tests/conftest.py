"""The embedded model and pictures, made once; what is set before torch is imported; memory that goes back."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    import numpy as np

    import zfdesk.engine as zf

pytest_plugins = ["fast"]

if "PYTEST_XDIST_WORKER" in os.environ:
    # threads that spin while they wait take the cores from the other workers: half of the suite's time
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


MOST_LEFT = 5 << 29
"""Bytes that a process of the tests may hold after a file: 2.5 GB. Two of 2 GB leave room on a laptop with 8 GB; 1.9 GB
were seen over the whole suite."""

_GLIBC = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
if _GLIBC is not None and hasattr(_GLIBC, "mallopt"):
    _GLIBC.mallopt(-8, 2)  # M_ARENA_MAX: each thread's own heap otherwise keeps what its figures took


@pytest.fixture(scope="module", autouse=True)
def _memory_goes_back() -> Iterator[None]:
    """What a file's tests freed goes back to the system: glibc alone keeps 0.4 GB of what networks took."""
    yield
    gc.collect()
    if _GLIBC is not None and hasattr(_GLIBC, "malloc_trim"):
        _GLIBC.malloc_trim(0)
    left = psutil.Process().memory_info().rss
    assert left < MOST_LEFT, f"{left / 1e9:.1f} GB are held after this file: what do its tests leave behind?"


@pytest.fixture(scope="session")
def embedded() -> zf.Model:
    """The model with the weights that ship."""
    from engine_nets import embedded_model

    return embedded_model()


@pytest.fixture(scope="session")
def pictures() -> np.ndarray:
    """At least twenty varied pictures, uint8 (N, 224, 224, 3)."""
    from engine_nets import varied_pictures

    return varied_pictures()


@pytest.fixture(scope="session")
def cat(embedded: zf.Model, pictures: np.ndarray) -> zf.Pass:
    """A forward pass of one photograph in float64, the precision of the proofs."""
    return embedded.forward(embedded.input.to_tensor(pictures[5:6]).double())


@pytest.fixture(scope="session")
def torchvision() -> ModuleType:
    """torchvision, also where its wheel was built for another torch."""
    from torchvision_peer import import_torchvision  # imports torch

    return import_torchvision()
