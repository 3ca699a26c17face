"""The one exception of work that was cancelled, in every room; how long work is told to look for it; and Ctrl-C.

Work that looks between its steps alone goes on for as long as a step takes. Who runs it says how it is asked:

    with cancellable(progress.check):
        ...                             # whatever is called in here may call `checkpoint`
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

Thing = TypeVar("Thing")


class Cancelled(Exception):  # noqa: N818 - nothing is wrong
    """The user does not want the result any more. No error: it is raised where cancelled work looks for it."""


class _Watch(threading.local):
    check: Callable[[], None] | None = None


_watch = _Watch()


@contextmanager
def cancellable(check: Callable[[], None]) -> Iterator[None]:
    """Within, in this thread, `checkpoint` calls ``check``, which raises `Cancelled` when the work shall end."""
    before, _watch.check = _watch.check, check
    try:
        yield
    finally:
        _watch.check = before


def watched() -> bool:
    """Whether anybody may cancel what this thread does."""
    return _watch.check is not None


def checkpoint() -> None:
    """Raise `Cancelled` where this thread's work is cancelled: called within steps that take long."""
    if _watch.check is not None:
        _watch.check()


def checkpoints(things: Iterable[Thing]) -> Iterator[Thing]:
    """The same things, with a checkpoint before each is handed on."""
    for thing in things:
        checkpoint()
        yield thing


@contextmanager
def stop_on_signal(*others: signal.Signals, patience: float = 0.0) -> Iterator[threading.Event]:
    """Within, Ctrl-C and the ``others`` set the event, in place of ending whatever is done just then.

    Ctrl-C again raises KeyboardInterrupt, where that is more than ``patience`` seconds after the first signal. Python
    hands signals to the main thread alone: in another one nobody sets the event.
    """
    stop, first = threading.Event(), math.inf

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal first
        now = time.monotonic()
        if number == signal.SIGINT and now - first > patience:
            raise KeyboardInterrupt
        first = min(first, now)
        stop.set()

    in_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, *others) if in_main}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


__all__ = ["Cancelled", "cancellable", "checkpoint", "checkpoints", "stop_on_signal", "watched"]
