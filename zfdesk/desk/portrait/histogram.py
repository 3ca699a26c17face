"""How strongly the scanned pictures wake a unit, with the live value marked."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from zfdesk.desk.widgets.theme import THEMES, Colours
from zfdesk.figures.facts import number


class HistogramView(QWidget):
    """Bars of counts, high ones for many pictures; a line in the unit's colour where the present frame lies.

    Counts are drawn by their square root: most pictures leave a unit nearly silent, and the few that wake it are what
    one looks for.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.colours: Colours = THEMES["dark"]
        self._counts: np.ndarray = np.zeros(0, np.int64)
        self._edges: np.ndarray = np.zeros(0)
        self._live: float | None = None
        self.setAccessibleName("Histogram of the unit's activations")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip("How many of the pictures wake the unit how strongly (square root); the line is the live value")

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(110, 80)

    def show_counts(self, counts: np.ndarray, edges: np.ndarray) -> None:
        """counts: int64 (bins,); edges: float64 (bins + 1,). None of them: nothing is drawn."""
        self._counts, self._edges = counts, edges
        self.update()

    def show_live(self, value: float | None) -> None:
        """Mark the present frame's activation."""
        if value != self._live:
            self._live = value
            if len(self._counts):
                self.update()

    @property
    def live(self) -> float | None:
        """What is marked."""
        return self._live

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.colours.colour("pane"))
        if not len(self._counts):
            return
        text = self.fontMetrics().height()
        area = QRectF(0, 2, self.width(), self.height() - text - 2)
        tallest = max(int(self._counts.max()), 1) ** 0.5
        step = area.width() / len(self._counts)
        for place, count in enumerate(self._counts.tolist()):
            high = area.height() * count**0.5 / tallest
            bar = QRectF(place * step, area.bottom() - high, max(step - 1, 1), high)
            painter.fillRect(bar, self.colours.colour("bar"))
        low, high = float(self._edges[0]), float(self._edges[-1])
        self._paint_live(painter, area, low, high)
        painter.setPen(self.colours.colour("quiet"))
        room = QRectF(0, self.height() - text, self.width(), text)
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft, number(low))
        painter.drawText(room, Qt.AlignmentFlag.AlignRight, number(high))

    def _paint_live(self, painter: QPainter, area: QRectF, low: float, high: float) -> None:
        if self._live is None or high <= low:
            return
        x = area.width() * min(max((self._live - low) / (high - low), 0.0), 1.0)
        x = min(max(x, 1.0), area.width() - 1.0)
        painter.setPen(QPen(self.colours.colour("unit"), 2))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))


__all__ = ["HistogramView"]
