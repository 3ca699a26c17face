"""How fast a sweep goes, and what that leaves time for."""

from __future__ import annotations

from dataclasses import replace

from zfdesk.engine import SweepPlan

BATCH_SECONDS = 0.1
"""How long a batch of positions may take: a cancel is answered, and the map grows, ten times a second."""
LEAST_BATCH, MOST_BATCH = 8, 64
"""Smaller batches would take hardly less time: reading the weights takes as long as eight positions."""
ROUND_SECONDS = 0.9
"""How long a round of the live sweep may take."""
STRIDES = (8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 75)
"""Of the live sweep, in pixels: the first that can be afforded is taken."""
FIRST_RATE = 80.0  # positions a second, before anything was measured


class Pace:
    """The speed of a sweeper, in positions a second, followed batch by batch."""

    def __init__(self, rate: float = FIRST_RATE) -> None:
        self.rate = rate
        self._measured = False

    def measure(self, count: int, seconds: float, batch: int) -> None:
        """Note how long ``count`` positions took. The first time of all counts little: much is made only once."""
        if count <= 0 or seconds <= 0:
            return
        weight = min(count / max(batch, 1), 1.0) * (0.4 if self._measured else 0.2)
        self.rate, self._measured = 1 / ((1 - weight) / self.rate + weight * seconds / count), True

    def batch(self) -> int:
        """Positions that take about `BATCH_SECONDS`."""
        return min(max(round(self.rate * BATCH_SECONDS), LEAST_BATCH), MOST_BATCH)

    def affordable(self, plan: SweepPlan, shape: tuple[int, ...]) -> SweepPlan:
        """The plan with the finest stride that a round has time for, but no finer than its own."""
        plans = [plan, *(replace(plan, stride=s) for s in STRIDES if plan.stride < s < min(shape))]
        most = self.rate * ROUND_SECONDS
        return next((p for p in plans if p.positions(*shape[:2]).size // 2 <= most), plans[-1])
