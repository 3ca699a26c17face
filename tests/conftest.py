"""The embedded model and a set of pictures, made once; and what must be set before anything imports torch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # threads that spin while they wait take the cores from the other workers: half of the suite's time
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np

    import zfdesk.engine as zf


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
