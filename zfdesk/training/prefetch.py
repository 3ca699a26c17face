"""Pictures prepared by threads ahead of whoever needs them, in batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

AHEAD = 4
"""Batches that are made before they are needed: enough that nobody waits, and never all of them in memory."""

Prepared = TypeVar("Prepared")


def batches_ahead(
    indices: Sequence[int], size: int, make: Callable[[int], Prepared], threads: int
) -> Iterator[tuple[Sequence[int], list[Prepared]]]:
    """Batches of up to ``size`` indices, in order, each with what ``make`` gave for them; what it raises is raised."""
    starts = iter(range(0, len(indices), size))
    waiting: deque[tuple[Sequence[int], list[Future[Prepared]]]] = deque()
    pool = ThreadPoolExecutor(threads, "prepare")
    try:
        while True:
            while len(waiting) < AHEAD and (start := next(starts, None)) is not None:
                batch = indices[start : start + size]
                waiting.append((batch, [pool.submit(make, index) for index in batch]))
            if not waiting:
                return
            batch, futures = waiting.popleft()
            yield batch, [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)
