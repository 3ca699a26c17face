"""Taking panels from the window: what it shows now is computed in full off its thread, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Features
from zfdesk.desk.tasks import Done, TaskSlot
from zfdesk.pages.panels import Sources, completed

Work = Callable[[Sources], Any]


def sources_of(context: AppContext) -> Sources:
    """What the panes show, before anything more is computed of it."""
    sources = Sources()
    for spec in context.get(Features).panes:
        if spec.figure is not None:
            sources = spec.figure(context, sources)
    return sources


class CaptureQueue(QObject):
    """Computes and hands over, in the order that was asked. ``changed``: whether it is busy."""

    changed = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self._context = context
        self._queue: deque[tuple[Sources, Work, Done]] = deque()
        self._task = TaskSlot()
        self._known: Sources | None = None  # the last one in full

    @property
    def busy(self) -> bool:
        """Whether anything is still being taken."""
        return self._task.running or bool(self._queue)

    def submit(self, work: Work, done: Done) -> None:
        """``work`` gets what the window shows at this moment, in full, off this thread; ``done`` its answer in it."""
        self._queue.append((sources_of(self._context), work, done))
        self._next()

    def clear_cache(self) -> None:
        """Another network: the last moment is not needed any more."""
        self._known = None

    def stop(self) -> None:
        """Nobody waits any more."""
        self._queue.clear()
        self._task.abandon()

    def _next(self) -> None:
        if self._task.running or not self._queue:
            return
        sources, work, done = self._queue.popleft()
        known = self._known

        def run() -> tuple[Sources, object]:
            if known is not None and _same_request(known, sources):
                full = replace(sources, result=known.result, compared=known.compared)
            else:
                full = completed(sources)
            return full, work(full)

        def finish(answer: tuple[Sources, object] | None, error: Exception | None) -> None:
            if answer is not None:
                self._known = answer[0]
            done(answer[1] if answer else None, error)
            self._next()
            self.changed.emit()

        self._task.put(self._context.state.tasks.run("figure", run, finish, owner=self, threads=1))
        self.changed.emit()


def _same_request(known: Sources, sources: Sources) -> bool:
    """Whether the network would answer the same: one frame, one view, one network."""
    if known.result is None or sources.result is None:
        return False
    one, other = known.result.request, sources.result.request
    return one.frame is other.frame and one.view == other.view and one.model is other.model


__all__ = ["CaptureQueue", "sources_of"]
