"""A tiny network, made once; and no test of the live room may leave a thread behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch
from live_tools import tiny_model

import zfdesk.engine as zf


@pytest.fixture(scope="session")
def tiny() -> zf.Model:
    return tiny_model()


@pytest.fixture(autouse=True)
def _one_core() -> Iterator[None]:
    """Networks this small only lose by being shared out."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def own_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("zfdesk")}


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = own_threads()
    yield
    left = own_threads() - before
    assert not left, f"left running: {sorted(thread.name for thread in left)}"
