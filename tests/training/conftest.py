"""Tiny declared networks, known by name while the tests of this folder run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny

from zfdesk.engine import ARCHITECTURES


@pytest.fixture(autouse=True)
def _declared() -> Iterator[None]:
    before = dict(ARCHITECTURES)
    tiny.declare()
    yield
    ARCHITECTURES.clear()
    ARCHITECTURES.update(before)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of three classes, eight of each; not to be changed."""
    return tiny.folder(tmp_path_factory.mktemp("pictures") / "data")


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 views in three shards, with a teacher's answers; not to be changed."""
    return tiny.shards(tmp_path_factory.mktemp("shards") / "data")
