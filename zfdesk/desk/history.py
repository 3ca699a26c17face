"""Undo and redo of an immutable value."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
MERGE_SECONDS = 0.8  # steps of one kind within this time are one


class History(Generic[T]):
    """The values before and after the present one, which its owner keeps. ``clock``: seconds.

    Steps of one ``kind`` in quick succession are one; of a kind that begins with "drag", however slow they are.
    """

    def __init__(
        self, most: int, merge_seconds: float = MERGE_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._merge_seconds, self._clock = most, merge_seconds, clock
        self._past: list[T] = []
        self._future: list[T] = []
        self._last: tuple[str, float] = ("", 0.0)

    @property
    def previous(self) -> T | None:
        """What undo would come back to, or None."""
        return self._past[-1] if self._past else None

    @property
    def following(self) -> T | None:
        """What redo would go on to, or None."""
        return self._future[-1] if self._future else None

    @property
    def can_undo(self) -> bool:
        """Whether there is a value to go back to."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is a value to go forward to."""
        return bool(self._future)

    @property
    def last_kind(self) -> str:
        """The kind of the last step; "" after undo, redo or `settle`."""
        return self._last[0]

    def step(self, before: T, kind: str = "") -> None:
        """The present value is about to be another; ``before`` is what undo comes back to."""
        now = self._clock()
        # a drag ends with the button, however long it rests
        paused = now - self._last[1] > self._merge_seconds and not kind.startswith("drag")
        if not kind or kind != self._last[0] or paused:
            self._past.append(before)
            del self._past[: -self._most]
        self._last = (kind, now)
        self._future.clear()

    def undo(self, present: T) -> T | None:
        """The value before, or None; ``present`` is what redo comes back to."""
        return self._walk(self._past, self._future, present)

    def redo(self, present: T) -> T | None:
        """Return the value after the present one, or None."""
        return self._walk(self._future, self._past, present)

    def settle(self) -> None:
        """The next step is one of its own, of whatever kind."""
        self._last = ("", 0.0)

    def clear(self) -> None:
        """Forget all steps."""
        self._past.clear()
        self._future.clear()
        self.settle()

    def drop(self, value: T) -> None:
        """Undo need not come back to this value, where it would be the next: it is the present one again."""
        if self._past and self._past[-1] == value:
            self._past.pop()

    def _walk(self, source: list[T], target: list[T], present: T) -> T | None:
        if not source:
            return None
        target.append(present)
        self.settle()
        return source.pop()


__all__ = ["MERGE_SECONDS", "History"]
