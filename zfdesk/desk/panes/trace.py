"""The watched classes over time."""

from __future__ import annotations

from collections import deque

import numpy as np
import pyqtgraph
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from zfdesk.desk.panes.base import Pane
from zfdesk.desk.state import Desk
from zfdesk.desk.theme import Colours, watched_colour
from zfdesk.desk.tsv import table_text
from zfdesk.live import Result

SECONDS = 20.0


class TracePane(Pane):
    """Probability of the watched classes (of the most probable one, when none is watched) over the last seconds."""

    title = "Trace"

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(desk, parent)
        self.plot = pyqtgraph.PlotWidget()
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.hideButtons()
        self.plot.setYRange(0, 100, padding=0.02)
        self.plot.setXRange(-SECONDS, 0, padding=0)
        self.plot.setLabel("bottom", "seconds")
        self.plot.setLabel("left", "%")
        self.plot.setAccessibleName("Probability of the watched classes over time")
        self.body.addWidget(self.plot)
        self._past: deque[tuple[float, np.ndarray]] = deque()
        self._curves: dict[int, pyqtgraph.PlotDataItem] = {}
        desk.model_changed.connect(self._past.clear)
        self.setMinimumHeight(80)

    def set_colours(self, colours: Colours) -> None:
        super().set_colours(colours)
        self.plot.setBackground(QColor(colours.pane))
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(QColor(colours.line))
            axis.setTextPen(QColor(colours.quiet))

    def show_result(self, result: Result) -> None:
        if not result.complete:
            return
        now = self.desk.shown_at
        self._past.append((now, result.probabilities))
        while self._past and now - self._past[0][0] > SECONDS:
            self._past.popleft()

    def _shown(self, result: Result) -> list[int]:
        watched = [index for index in self.desk.view.watched if index < len(result.probabilities)]
        return watched or [int(result.probabilities.argmax())]

    def as_data(self) -> str:
        if self.desk.result is None or not self._past:
            return ""
        shown, latest = self._shown(self.desk.result), self._past[-1][0]
        head = ("seconds", *(self.desk.model.classes[index] for index in shown))
        return table_text(head, [(time - latest, *(values[index] for index in shown)) for time, values in self._past])

    def show_facts(self) -> None:
        """Redrawn with the text, a few times a second: a curve over 20 s moves no faster."""
        result = self.desk.result
        if result is None or not self._past or not self.isVisible():
            return
        shown, watched = self._shown(result), bool(self.desk.view.watched)
        for index in set(self._curves) - set(shown):
            self.plot.removeItem(self._curves.pop(index))
        latest = self._past[-1][0]
        times = np.array([time - latest for time, _ in self._past])
        for place, index in enumerate(shown):
            if index not in self._curves:
                self._curves[index] = self.plot.plot()
            self._curves[index].setPen(watched_colour(place), width=2)  # its place may have changed
            self._curves[index].setData(times, np.array([p[index] for _, p in self._past]) * 100)
        names = ", ".join(self.desk.model.classes[index] for index in shown)
        self.facts.say(f"{names} · last {SECONDS:.0f} s" + ("" if watched else " · watch a class to keep it here"))
