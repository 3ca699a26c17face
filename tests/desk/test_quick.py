"""The interpreter of a live window."""

import gc
import sys
import time
from collections.abc import Iterator

import pytest

from zfdesk.desk.app import SWITCH_SECONDS, tune_interpreter


@pytest.fixture
def as_before() -> Iterator[None]:
    interval = sys.getswitchinterval()
    yield
    gc.unfreeze()
    sys.setswitchinterval(interval)


def collecting() -> float:
    """CPU seconds of looking for garbage everywhere."""
    before = time.thread_time()
    gc.collect()
    return time.thread_time() - before


def test_garbage_is_not_looked_for_in_what_stays(as_before: None) -> None:
    gc.collect()
    whole = min(collecting() for _ in range(3))
    tune_interpreter()
    assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
    assert min(collecting() for _ in range(3)) < whole / 20
    cycle: list[object] = []
    cycle.append(cycle)
    del cycle
    assert gc.collect() > 0, "what comes later is still collected"
