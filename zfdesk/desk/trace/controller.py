"""The points of the trace: every result, whether or not anyone looks."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject

from zfdesk.desk.context import AppContext
from zfdesk.live.trace import AXIS_LABELS, Trace, TracePoint
from zfdesk.pages.panels_trace import TraceLines


class TraceLog(QObject):
    """Notes results as they come: a point costs nothing to keep."""

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._state = context.state
        self.trace = Trace()
        self._network = self._state.model  # that the points are of
        self._state.result_ready.connect(self._on_result)

    def _on_result(self) -> None:
        if self._state.result is not None:
            self.trace.add_result(self._state.result, time.perf_counter())

    def begin(self, moment: float | None) -> None:
        """A run of its own, from here. ``moment``: the time within a drag path, where that counts and not the clock."""
        now, state = time.perf_counter(), self._state
        self.trace.begin(now)
        self.trace.add_view(state.view, moment)
        if state.result is not None and state.result.request.view == state.view:
            self.trace.add_result(state.result, now)

    def clear(self, moment: float | None) -> None:
        """Forget the points, and begin anew."""
        self._network = self._state.model
        self.trace.clear()
        self.begin(moment)

    def shown_classes(self) -> list[int]:
        """The watched ones; else the most probable of the clean picture."""
        count = len(self._state.model.classes)
        watched = [index for index in self._state.view.watched if index < count]
        newest = self.trace.newest if self._network is self._state.model else None
        return watched or ([int(newest.clean.argmax())] if newest else [])

    def points(self) -> list[TracePoint]:
        """The points along the view's axis; none of another network, whose classes were others."""
        return self.trace.points(self._state.view.trace_axis) if self._network is self._state.model else []

    def lines(self) -> TraceLines | None:
        """What a figure draws; None without points."""
        points, axis = tuple(self.points()), self._state.view.trace_axis
        return TraceLines(points, tuple(self.shown_classes()), axis, AXIS_LABELS[axis]) if points else None


__all__ = ["TraceLog"]
