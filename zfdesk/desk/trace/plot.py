"""The drawing of the trace: curves of probability and of a unit's activation, their clean values, the newest point.

Painted here and not by pyqtgraph's plot items: on a busy machine six curves of 300 points took those 30 ms to set and
25 ms to paint, five times a second, and 3000 points 130 ms and 40 ms. Here they take 2 ms and 8 ms of the window's
thread, 3000 points at most 30 ms together (`pytest -m slow tests/desk/test_trace_pane.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyqtgraph
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from zfdesk.desk.widgets.images import drawn_scale
from zfdesk.desk.widgets.theme import THEMES, Colours
from zfdesk.figures.facts import number, with_minus_sign

MARKS = ("o", "s", "t1", "d", "t", "star", "p")
"""Of the curves in turn, so that none is told by its colour alone. Shapes of pyqtgraph."""
MOST_MARKS = 60  # along a line; a point that is joined to none is always marked
SMOOTH = 150  # points; smooth lines take ten times as long
ROOMY = 150  # pixels: a plot as high as this has its axis named below
CEILINGS = (1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0)  # percent


@dataclass(frozen=True, eq=False)
class TraceCurve:
    """One quantity: where its points lie, their values and the clean ones (nan where there is none), and which points
    are joined to the one before; ``clean_joined``: where the clean value is the same as at the one before.
    ``right``: drawn against the right axis, its marks hollow."""

    label: str
    colour: str
    mark: str
    x: np.ndarray
    y: np.ndarray
    clean: np.ndarray
    joined: np.ndarray
    clean_joined: np.ndarray
    right: bool = False

    def joins(self) -> np.ndarray:
        """bool: whether a line goes from a point to the next; never over a value that is not there."""
        there = np.isfinite(self.y)
        return np.append(self.joined[1:] & there[1:] & there[:-1], False)[: len(self.x)]

    def clean_joins(self) -> np.ndarray:
        """As `joins`, of the clean line."""
        known = np.isfinite(self.clean)
        return np.append((self.joined | self.clean_joined)[1:] & known[1:] & known[:-1], False)[: len(self.x)]

    def marked(self) -> np.ndarray:
        """bool: the points that get a mark: those on no line, and some along the lines."""
        joins = self.joins()
        alone = ~joins & ~np.append(False, joins[:-1])[: len(joins)]
        every = -(-len(self.x) // MOST_MARKS) or 1
        result: np.ndarray = np.isfinite(self.y) & (alone | (np.arange(len(self.x)) % every == 0))
        return result


@lru_cache
def mark_image(mark: str, colour: str, hollow: bool, size: float, ratio: float) -> QImage:
    """A mark as a picture of its own."""
    side = math.ceil(size) + 4
    image = QImage(QSize(side, side) * ratio, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(side / 2, side / 2)
    painter.scale(size, size)
    painter.setPen(QPen(QColor(colour), 1.3 / size))
    painter.setBrush(Qt.BrushStyle.NoBrush if hollow else QColor(colour))
    painter.drawPath(pyqtgraph.graphicsItems.ScatterPlotItem.Symbols[mark])
    painter.end()
    return image


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round values from low to high, at most so many."""
    span = max(high - low, 1e-9)
    raw = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10, 20) if factor * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [place * step for place in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_text(value: float) -> str:
    """What stands at a tick, which is round but for the error of adding up."""
    return with_minus_sign(f"{value:g}") if abs(value) > 1e-9 else "0"


class TracePlot(QWidget):
    """Probabilities in percent on the left axis, a unit's activation on the right one."""

    hovered = Signal(object)  # x under the mouse, None when it has left

    def __init__(self, invitation: str = "") -> None:
        super().__init__()
        self.colours: Colours = THEMES["dark"]
        self.curves: tuple[TraceCurve, ...] = ()
        self.axis_label = self.right_label = ""
        self.span = (0.0, 1.0)
        self.top, self.right_range = 100.0, (0.0, 1.0)
        self.cross: float | None = None
        self._invitation = invitation  # where there are no curves
        self.setMouseTracking(True)
        self.setMinimumHeight(60)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def show_curves(
        self, curves: Sequence[TraceCurve], axis_label: str, span: tuple[float, float], right_label: str
    ) -> None:
        """Draw these and nothing else."""
        self.curves, self.axis_label, self.span, self.right_label = tuple(curves), axis_label, span, right_label
        highest = _extreme(max, [curve for curve in curves if not curve.right])
        self.top = next((ceiling for ceiling in CEILINGS if ceiling >= highest), 100.0)
        rights = [curve for curve in curves if curve.right]
        self.right_range = min(0.0, _extreme(min, rights)), max(_extreme(max, rights) * 1.05, 1e-6)
        self.update()

    def set_cross(self, x: float | None) -> None:
        """A line at the point whose figures stand in the legend."""
        if x != self.cross:
            self.cross = x
            self.update()

    # Geometry

    def _small(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(max(self.fontInfo().pixelSize() - 2, 9))
        return font

    def area(self) -> QRectF:
        """Return the area of the curves, inside the axes."""
        width = self.fontMetrics().horizontalAdvance
        left, right = width("100 %") + 5, (width("0.0001") + 5 if self.right_label else 8)
        bottom = self.fontMetrics().height() * (2 if self.height() >= ROOMY else 1) + 2
        return QRectF(left, 7, max(self.width() - left - right, 20), max(self.height() - 7 - bottom, 15))

    def to_screen(self, x: np.ndarray, y: np.ndarray, right: bool) -> tuple[np.ndarray, np.ndarray]:
        """Points of the plot on the widget."""
        area, (low, high) = self.area(), (self.right_range if right else (0.0, self.top))
        start, end = self.span
        across = area.left() + (x - start) / max(end - start, 1e-9) * area.width()
        return across, area.bottom() - (y - low) / (high - low) * area.height()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.colours.colour("pane"))
        if not self.curves:
            painter.setPen(self.colours.colour("quiet"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(8, 2, -8, -2), flags, self._invitation)
            return
        painter.setFont(self._small())
        area = self.area()
        self._paint_axes(painter, area)
        painter.save()
        painter.setClipRect(area.adjusted(-6, -6, 6, 6))
        if self.cross is not None:
            x = float(self.to_screen(np.array([self.cross]), np.zeros(1), False)[0][0])
            painter.setPen(self.colours.colour("quiet"))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        for curve in self.curves:
            self._paint_curve(painter, curve)
        painter.restore()
        self._paint_names(painter, area)

    def _paint_axes(self, painter: QPainter, area: QRectF) -> None:
        metrics = painter.fontMetrics()
        rows = max(int(area.height() / (metrics.height() * 1.6)), 1)
        for value in ticks(0, self.top, rows):
            y = area.bottom() - value / self.top * area.height()
            painter.setPen(self.colours.colour("line"))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(self.colours.colour("quiet"))
            text = QRectF(0, y - metrics.height() / 2, area.left() - 4, metrics.height())
            last = value + self.top / max(rows, 1) > self.top
            painter.drawText(text, RIGHT, f"{value:g}" + (" %" if last else ""))
        columns = max(int(area.width() / 55), 1)
        for value in ticks(*self.span, columns):
            x = float(self.to_screen(np.array([value]), np.zeros(1), False)[0][0])
            painter.setPen(self.colours.colour("quiet"))
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 3))
            label = tick_text(value)
            width = metrics.horizontalAdvance(label)
            left = min(max(x - width / 2, 0), self.width() - width)
            painter.drawText(QRectF(left, area.bottom() + 3, width + 1, metrics.height()), CENTRE, label)
        if self.right_label:
            low, high = self.right_range
            painter.setPen(self.colours.colour("unit"))
            for value in ticks(low, high, rows):
                y = area.bottom() - (value - low) / (high - low) * area.height()
                painter.drawLine(QPointF(area.right(), y), QPointF(area.right() + 3, y))
                text = QRectF(area.right() + 5, y - metrics.height() / 2, self.width(), metrics.height())
                painter.drawText(text, LEFT, number(value) if abs(value) > 1e-12 else "0")

    def _paint_names(self, painter: QPainter, area: QRectF) -> None:
        """The axes' names: below, or inside where that would cost too much of a low pane."""
        metrics = painter.fontMetrics()
        line = QRectF(area.left() + 4, area.top() - 5, area.width() - 8, metrics.height())
        painter.setPen(self.colours.colour("quiet"))
        if self.height() >= ROOMY:
            painter.drawText(
                QRectF(0, self.height() - metrics.height() - 1, self.width(), metrics.height()), CENTRE, self.axis_label
            )
        else:
            room = line.width() - metrics.horizontalAdvance(f"{self.right_label} →")
            if metrics.horizontalAdvance(f"→ {self.axis_label}") < room:  # else the choice above says it
                self._backed(painter, line, LEFT, f"→ {self.axis_label}")
        if self.right_label:
            painter.setPen(self.colours.colour("unit"))
            self._backed(painter, line, RIGHT, f"{self.right_label} →")

    def _backed(self, painter: QPainter, line: QRectF, side: Qt.AlignmentFlag, label: str) -> None:
        painter.fillRect(
            painter.boundingRect(line, side, label).adjusted(-2, 0, 2, 0), self.colours.colour("pane", 180)
        )
        painter.drawText(line, side, label)

    def _paint_curve(self, painter: QPainter, curve: TraceCurve) -> None:
        colour, smooth = QColor(curve.colour), len(curve.x) <= SMOOTH
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)
        path = pyqtgraph.functions.arrayToQPath
        known = np.nan_to_num(curve.clean)
        clean = path(*self.to_screen(curve.x, known, curve.right), connect=curve.clean_joins().astype(np.int32))
        faint = QColor(colour)
        faint.setAlpha(170)
        painter.setPen(QPen(faint, 1))
        painter.drawPath(clean)
        across, down = self.to_screen(curve.x, np.nan_to_num(curve.y), curve.right)
        painter.setPen(QPen(colour, 1.6 if smooth else 1))
        painter.drawPath(path(across, down, connect=curve.joins().astype(np.int32)))
        marked = np.flatnonzero(curve.marked())
        # marks that cover each other are one
        cells = np.round(across[marked] / 3).astype(np.int64) * 100_000 + np.round(down[marked] / 3).astype(np.int64)
        marked = marked[np.unique(cells, return_index=True)[1]]
        if len(marked) > 3 * MOST_MARKS:  # so many are points, with some marks among them
            points = pyqtgraph.functions.create_qpolygonf(len(marked))
            pyqtgraph.functions.ndarray_from_qpolygonf(points)[:] = np.stack((across[marked], down[marked]), axis=1)
            painter.setPen(QPen(colour, 3))
            painter.drawPoints(points)
            marked = marked[:: len(marked) // MOST_MARKS]
        ratio = drawn_scale(painter)
        mark = mark_image(curve.mark, curve.colour, curve.right, 5.0, ratio)
        half = mark.deviceIndependentSize().width() / 2
        for place in marked:
            painter.drawImage(QPointF(across[place] - half, down[place] - half), mark)
        there = np.flatnonzero(np.isfinite(curve.y))
        if len(there):
            ring = mark_image(curve.mark, self.colours.text, True, 10.0, ratio)
            half = ring.deviceIndependentSize().width() / 2
            painter.drawImage(QPointF(across[there[-1]] - half, down[there[-1]] - half), ring)

    # The mouse

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        area, (start, end) = self.area(), self.span
        inside = area.adjusted(-6, -6, 6, 6).contains(event.position())
        share = (event.position().x() - area.left()) / area.width()
        self.hovered.emit(start + share * (end - start) if inside else None)

    def leaveEvent(self, event: object) -> None:  # noqa: N802
        self.hovered.emit(None)


LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
CENTRE = Qt.AlignmentFlag.AlignCenter


def _extreme(choose: object, curves: Sequence[TraceCurve]) -> float:
    """The largest or smallest finite value."""
    parts = [part[np.isfinite(part)] for curve in curves for part in (curve.y, curve.clean)]
    return float(choose((float(choose(part)) for part in parts if len(part)), default=0.0))  # type: ignore[operator]


@dataclass(frozen=True)
class TraceLegendEntry:
    """One curve in the legend: its mark, name and figure, and what is left out first where there is no room."""

    colour: str
    mark: str
    text: str
    more: str = ""
    hollow: bool = False


class TraceLegend(QWidget):
    """Mark, name and figures of every curve, in lines like words; in a low pane a single line."""

    def __init__(self) -> None:
        super().__init__()
        self.colours: Colours = THEMES["dark"]
        self.entries: tuple[TraceLegendEntry, ...] = ()
        self.lines = 1
        self.setAccessibleName("Legend of the trace")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_entries(self, entries: Sequence[TraceLegendEntry], lines: int) -> None:
        """Show these, in so many lines at most."""
        if (tuple(entries), lines) != (self.entries, self.lines):
            self.entries, self.lines = tuple(entries), lines
            self.setAccessibleDescription("; ".join(entry.text + entry.more for entry in entries))
            self.setToolTip("\n".join(entry.text + entry.more for entry in entries))
            self._fit()
            self.update()

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        self._fit()

    def _fit(self) -> None:
        used = max((round(place.top() / self._line()) + 1 for place, _ in self._places()), default=1)
        if used * self._line() != self.height():
            self.setFixedHeight(used * self._line())

    def _line(self) -> int:
        return self.fontMetrics().height() + 2

    def _places(self) -> list[tuple[QRectF, str]]:
        """Where each entry stands and what it says: all of it, or without what can be left out, or cut off."""
        for with_more in (True, False):
            places, x, y = [], 0, 0
            for entry in self.entries:
                text = entry.text + (entry.more if with_more else "")
                width = min(self.fontMetrics().horizontalAdvance(text) + 26, max(self.width(), 40))
                if x and x + width > self.width():
                    x, y = 0, y + self._line()
                places.append((QRectF(x, y, width, self._line()), text))
                x += width
            if y < self.lines * self._line():
                return places
        return [place for place in places if place[0].top() < self.lines * self._line()]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        metrics = self.fontMetrics()
        for (place, label), entry in zip(self._places(), self.entries, strict=False):
            mark = mark_image(entry.mark, entry.colour, entry.hollow, 8.0, drawn_scale(painter))
            half = mark.deviceIndependentSize().width() / 2
            painter.drawImage(QPointF(place.left() + 8 - half, place.center().y() - half), mark)
            painter.setPen(self.colours.colour("text"))
            text = place.adjusted(17, 0, -4, 0)
            shown = metrics.elidedText(label, Qt.TextElideMode.ElideRight, int(text.width()))
            painter.drawText(text, LEFT, shown)
