"""No test of a source may leave a thread behind."""

import threading
from collections.abc import Iterator

import pytest


def own_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("zfdesk")}


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = own_threads()
    yield
    left = own_threads() - before
    assert not left, f"left running: {sorted(thread.name for thread in left)}"
