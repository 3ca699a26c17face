"""Taking pieces from the window: what it shows now is computed in full off its thread, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from zfdesk.desk.tasks import Task
from zfdesk.desk.trace.pane import AXIS_LABELS
from zfdesk.pages.panels_of_view import Material, TraceLines, whole

if TYPE_CHECKING:
    from zfdesk.desk.window.main_window import Window

Work = Callable[[Material], Any]
Done = Callable[[Any, Exception | None], None]


def material_of(window: Window) -> Material:
    """What the window shows, before anything more is computed of it."""
    desk, trace = window.desk, window.trace
    result = desk.result if desk.result is not None and desk.result.request.model is desk.model else None
    swept = desk.sweeps.swept
    if swept is None or swept.sweep is None or swept.subject.model is not desk.model:
        swept = None
    points, view = tuple(trace.points()), desk.view
    lines = TraceLines(points, tuple(trace.shown_classes()), view.trace_axis, AXIS_LABELS[view.trace_axis])
    return Material(
        result, None, window.compare.a, swept, desk.sweeps.unit if swept else 0,
        desk.sweeps.class_index if swept else 0, view.sweep, lines if points else None,
    )  # fmt: skip


class Taker(QObject):
    """Computes and hands over, in the order that was asked. ``changed``: whether it is busy."""

    changed = Signal()

    def __init__(self, window: Window) -> None:
        super().__init__()
        self._window = window
        self._queue: deque[tuple[Material, Work, Done]] = deque()
        self._task: Task | None = None
        self._known: Material | None = None  # the last one in full

    @property
    def busy(self) -> bool:
        """Whether anything is still being taken."""
        return self._task is not None or bool(self._queue)

    def take(self, work: Work, done: Done) -> None:
        """``work`` gets what the window shows at this moment, in full, off this thread; ``done`` its answer in it."""
        self._queue.append((material_of(self._window), work, done))
        self._next()

    def forget(self) -> None:
        """Another network: the last moment is not needed any more."""
        self._known = None

    def stop(self) -> None:
        """Nobody waits any more."""
        self._queue.clear()
        if self._task is not None:
            self._task.abandon()
            self._task = None

    def _next(self) -> None:
        if self._task is not None or not self._queue:
            return
        material, work, done = self._queue.popleft()
        known = self._known

        def run() -> tuple[Material, object]:
            if known is not None and _same_request(known, material):
                full = replace(material, result=known.result, compared=known.compared, pages={})
            else:
                full = whole(material)
            return full, work(full)

        def finish(answer: tuple[Material, object] | None, error: Exception | None) -> None:
            self._task = None
            if answer is not None:
                self._known = answer[0]
            done(answer[1] if answer else None, error)
            self._next()
            self.changed.emit()

        self._task = self._window.desk.tasks.run("figure", run, finish, owner=self, threads=1)
        self.changed.emit()


def _same_request(known: Material, material: Material) -> bool:
    """Whether the network would answer the same: one frame, one view, one network."""
    if known.result is None or material.result is None:
        return False
    one, other = known.result.request, material.result.request
    return one.frame is other.frame and one.view == other.view and one.model is other.model


__all__ = ["Taker", "material_of"]
