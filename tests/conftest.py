"""Before anything imports torch; and torchvision."""

import os
from types import ModuleType

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # threads that spin while they wait take the cores from the other workers: half of the suite's time
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@pytest.fixture(scope="session")
def torchvision() -> ModuleType:
    """torchvision, also where its wheel was built for another torch."""
    from torchvision_peer import import_torchvision  # imports torch

    return import_torchvision()
