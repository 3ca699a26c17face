"""How fast a sweep goes, and what that leaves time for."""

from __future__ import annotations

import pytest

import zfdesk.engine as zf
from zfdesk.live.pace import BATCH_SECONDS, LEAST_BATCH, ROUND_SECONDS, STRIDES, Pace


@pytest.mark.parametrize("rate", [5.0, 40.0, 150.0, 5000.0])
def test_the_live_sweep_takes_the_finest_grid_it_has_time_for(rate: float) -> None:
    shape, plan = (224, 224), zf.SweepPlan()
    chosen = Pace(rate).affordable(plan, shape)
    count = chosen.positions(*shape).size // 2
    assert count <= rate * ROUND_SECONDS or chosen.stride == max(STRIDES)
    assert chosen == zf.SweepPlan(stride=chosen.stride)
    for stride in (s for s in STRIDES if plan.stride <= s < chosen.stride):
        assert zf.SweepPlan(stride=stride).positions(*shape).size // 2 > rate * ROUND_SECONDS


def test_it_is_never_finer_than_the_plan() -> None:
    plan = zf.SweepPlan(stride=20)
    assert Pace(1e6).affordable(plan, (224, 224)) == plan


def test_batches_are_as_long_as_a_cancel_may_wait() -> None:
    pace = Pace()
    for _ in range(40):
        pace.measure(pace.batch(), pace.batch() / 300, pace.batch())
    assert 0.8 < pace.batch() / 300 / BATCH_SECONDS < 1.2
    for _ in range(40):
        pace.measure(8, 8.0, 8)
    assert pace.batch() == LEAST_BATCH


def test_the_first_batch_counts_little() -> None:
    """Much is made only once: a slow first batch does not make the second one small."""
    first, later = Pace(100.0), Pace(100.0)
    later.measure(8, 8 / 100, 8)
    for pace in (first, later):
        pace.measure(8, 8.0, 8)
    assert first.rate > later.rate
