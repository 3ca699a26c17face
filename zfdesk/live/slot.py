"""A place for one thing: what is newer replaces what nobody took."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestSlot(Generic[T]):
    """Hands the newest item from one thread to another and counts what was replaced untaken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._item: T | None = None
        self._dropped = 0

    def put(self, item: T) -> None:
        """Leave an item, replacing one that was not taken."""
        with self._lock:
            if self._item is not None:
                self._dropped += 1
            self._item = item

    def take(self) -> T | None:
        """The newest item, once; None when there is nothing new."""
        with self._lock:
            item, self._item = self._item, None
            return item

    @property
    def dropped(self) -> int:
        """How many items were replaced before anyone took them."""
        with self._lock:
            return self._dropped
