"""The embedded model and a set of pictures, made once."""

from __future__ import annotations

import numpy as np
import pytest
from engine_nets import embedded_model, varied_pictures

import zfdesk.engine as zf


@pytest.fixture(scope="session")
def embedded() -> zf.Model:
    """The model with the weights that ship."""
    return embedded_model()


@pytest.fixture(scope="session")
def pictures() -> np.ndarray:
    """At least twenty varied pictures, uint8 (N, 224, 224, 3)."""
    return varied_pictures()


@pytest.fixture(scope="session")
def cat(embedded: zf.Model, pictures: np.ndarray) -> zf.Pass:
    """A forward pass of one photograph in float64, the precision of the proofs."""
    return embedded.forward(embedded.input.to_tensor(pictures[5:6]).double())
