"""A folder of one's own for what the program remembers, and pictures to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from engine_nets import embedded_model
from PIL import Image

import zfdesk.engine as zf
from zfdesk.resources import resource
from zfdesk.weights import store


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, so that the developer's own choice of weights does not matter."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("ZFDESK_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def embedded() -> zf.Model:
    """The network that ships."""
    return embedded_model()


@pytest.fixture
def loaded(embedded: zf.Model, monkeypatch: pytest.MonkeyPatch) -> zf.Model:
    """The verbs find the embedded network already loaded: it takes a third of a second each time."""
    monkeypatch.setattr(store, "load_current", lambda: (embedded, ""))
    return embedded


@pytest.fixture(scope="session")
def cat() -> str:
    """Path of a picture that is wider than high."""
    return str(resource("demo/chelsea.jpg"))


@pytest.fixture
def noise(tmp_path: Path) -> str:
    """Path of a small high picture without compression."""
    path = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (90, 60, 3), dtype=np.uint8)).save(path)
    return str(path)
