"""A colour bar: what the colours of a pane mean, in numbers."""

from __future__ import annotations

import math
import time

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from zfdesk.desk.widgets.theme import THEMES, Colours
from zfdesk.figures.facts import number

RENEW_MS = 150  # figures that change at frame rate cannot be read


def until_renewal() -> int:
    """Milliseconds until the next moment, `RENEW_MS` apart, at which all figures are renewed: those of one picture in a
    title and in a line of facts agree."""
    return RENEW_MS - int(time.monotonic() * 1000) % RENEW_MS


class ColourBar(QWidget):
    """Horizontal: low at the left, high at the right, zero, or the value set to be marked, when it lies between."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.colours: Colours = THEMES["dark"]
        self._table: tuple[int, ...] = tuple(0xFF000000 | (v << 16) | (v << 8) | v for v in range(256))
        self._low, self._high, self._middle = 0.0, 1.0, ""
        self._mark: float | None = None
        self._blank = True  # until there is a range
        self._renewal = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._renewal.timeout.connect(self._renew)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Colour bar")

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(120, self.fontMetrics().height() + 10)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(60, self.fontMetrics().height() + 10)

    def show_range(
        self, low: float, high: float, middle: str = "", table: tuple[int, ...] | None = None, mark: float | None = None
    ) -> None:
        """Set the ends, what stands between them, and the colours (levels 1–255 are the range).

        ``mark``: a value to be marked instead of zero.
        """
        state = (low, high, middle, table or self._table)
        same = repr((*state[:3], mark)) == repr((self._low, self._high, self._middle, self._mark))
        blank, self._blank = self._blank, False
        if same and state[3] is self._table and not blank:
            return
        self._low, self._high, self._middle, self._table = state
        self._mark = mark
        if blank:
            self._renew()
        elif not self._renewal.isActive():
            self._renewal.start(until_renewal())

    def clear(self) -> None:
        """There is no picture: nothing is drawn."""
        if not self._blank:
            self._blank = True
            self._renewal.stop()
            self.setAccessibleDescription("")
            self.update()

    def _renew(self) -> None:
        self.setAccessibleDescription(f"from {number(self._low)} to {number(self._high)} {self._middle}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if self._blank:
            return
        painter = QPainter(self)
        text_height = self.fontMetrics().height()
        bar = QRectF(0, text_height + 1, self.width(), 7)
        gradient = QLinearGradient(bar.left(), 0, bar.right(), 0)
        for step in range(33):
            level = 1 + round(step * 254 / 32)
            gradient.setColorAt(step / 32, QColor.fromRgba(self._table[min(level, len(self._table) - 1)]))
        painter.fillRect(bar, gradient)
        painter.setPen(self.colours.colour("quiet"))
        area = QRectF(0, 0, self.width(), text_height)
        low, high = number(self._low), number(self._high)
        if not math.isfinite(self._high):  # each unit has its own range
            low, high = "− its max" if self._low < 0 else "0", "its max"
        zero = self._low < 0
        width = self.fontMetrics().horizontalAdvance
        if width(low + high) + 8 > self.width() and self._low == -self._high:
            low, high = "", f"± {high}"
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft, low)
        painter.drawText(area, Qt.AlignmentFlag.AlignRight, high)
        middle = self._middle or ("0" if zero else "")
        if width(middle) + 2 * max(width(low), width(high)) + 12 <= self.width():
            painter.drawText(area, Qt.AlignmentFlag.AlignHCenter, middle)
        mark = 0.0 if zero and self._mark is None else self._mark
        if mark is not None and self._high > self._low:
            x = self.width() * ((mark - self._low) / (self._high - self._low) if math.isfinite(self._high) else 0.5)
            painter.setPen(self.colours.colour("text"))
            painter.drawLine(int(x), int(bar.top()) - 2, int(x), int(bar.bottom()))
