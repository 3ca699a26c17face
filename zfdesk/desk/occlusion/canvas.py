"""What the occlusion pane draws: a map over the swept picture, the legend of its labels, how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from zfdesk.desk.occlusion.maps import LabelLegendEntry
from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture
from zfdesk.desk.widgets.theme import THEMES, Colours, mark_pens
from zfdesk.engine import Occluder, OccluderShape
from zfdesk.progress import percent_text

PRESSES = count(1)  # of the mouse button, on any canvas: each is one step of undo
BLACK, WHITE = QColor(0, 0, 0), QColor(255, 255, 255)


@dataclass(frozen=True, eq=False)
class SweepPicture(CanvasPicture):
    """The swept picture and what is drawn over it. ``overlay``: 0xAARRGGBB, uint32 (size, size); ``lines``: (n, 2)
    each, x and y; ``numbers``: x, y and which; ``region``: (top, left, bottom, right)."""

    overlay: np.ndarray | None = None
    opacity: float = 1.0
    lines: tuple[np.ndarray, ...] = ()
    numbers: tuple[tuple[float, float, int], ...] = ()
    region: tuple[int, int, int, int] | None = None


class SweepCanvas(Canvas):
    """The swept picture, a map laid over it, lines and numbers, and the occluder under the mouse.

    ``placed``: where the left button is held, (x, y) in input pixels, and the number of that press.
    """

    placed = Signal(object, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, smooth=True)
        self.square: Occluder | None = None
        self._press = 0
        self.setMinimumSize(72, 72)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def show_square(self, square: Occluder | None) -> None:
        """The occluder at the position under the mouse, or none."""
        if square != self.square:
            self.square = square
            self.update()

    def paint_over(self, painter: QPainter) -> None:
        shown = self.content
        if not isinstance(shown, SweepPicture):
            return
        if shown.overlay is not None:
            height, width = shown.overlay.shape
            image = QImage(shown.overlay.data, width, height, 4 * width, QImage.Format.Format_ARGB32)
            painter.setOpacity(shown.opacity)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.drawImage(self.rect_to_screen(0, 0, self.image.width(), self.image.height()), image)
            painter.setOpacity(1.0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(self.picture_rect())
        for line in shown.lines:
            polygon = QPolygonF([self.to_screen(x, y) for x, y in line])
            for colour, width in ((BLACK, 3.0), (WHITE, 1.4)):
                painter.setPen(QPen(colour, width))
                painter.drawPolyline(polygon)
        if shown.region is not None:
            top, left, bottom, right = shown.region
            for pen in mark_pens("field", 1.5):
                painter.setPen(pen)
                painter.drawRect(self.rect_to_screen(left, top, right, bottom))
        for x, y, number in shown.numbers:
            self._paint_number(painter, self.to_screen(x, y), number)
        if self.square is not None:
            self._paint_square(painter, self.square)

    def _paint_number(self, painter: QPainter, at: QPointF, number: int) -> None:
        metrics = painter.fontMetrics()
        width, height = metrics.horizontalAdvance(str(number)) + 7, metrics.height() + 1
        area = QRectF(at.x() - width / 2, at.y() - height / 2, width, height)
        bounds = self.picture_rect()
        area.moveLeft(min(max(area.left(), bounds.left() + 1), bounds.right() - width - 1))
        area.moveTop(min(max(area.top(), bounds.top() + 1), bounds.bottom() - height - 1))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(255, 255, 255, 225))
        painter.drawRoundedRect(area, 3, 3)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(BLACK)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, str(number))

    def _paint_square(self, painter: QPainter, square: Occluder) -> None:
        rect = self.rect_to_screen(
            square.left, square.top, square.left + square.width, square.top + square.height
        )  # fmt: skip
        path = QPainterPath()
        path.addEllipse(rect) if square.shape is OccluderShape.ELLIPSE else path.addRect(rect)
        for colour, width in ((BLACK, 3.0), (WHITE, 1.4)):
            painter.setPen(QPen(colour, width))
            painter.drawPath(path)
        middle = rect.center()  # whose answer this is stands at the occluder's centre
        painter.setPen(QPen(BLACK, 1))
        painter.setBrush(WHITE)
        painter.drawEllipse(middle, 2.5, 2.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_stale(self, painter: QPainter) -> None:
        """Beside the map, not over it: its colours must go on meaning what the bar says."""
        outside = QPainterPath()
        outside.addRect(QRectF(self.rect()))
        inside = QPainterPath()
        inside.addRect(self.picture_rect().adjusted(3, 3, -3, -3))
        painter.fillPath(outside.subtracted(inside), self.colours.colour("stale", 170))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self.has_picture:
            self._press = next(PRESSES)
            self.placed.emit(self.to_picture(event.position()), self._press)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mouseMoveEvent(event)
        if event.buttons() & Qt.MouseButton.LeftButton and self.has_picture:
            self.placed.emit(self.to_picture(event.position()), self._press)


class LabelLegend(QWidget):
    """The labels of the map: number, colour, name, share of the positions. A click asks for the label's probability."""

    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.colours: Colours = THEMES["dark"]
        self.entries: tuple[LabelLegendEntry, ...] = ()
        self.names: tuple[str, ...] = ()
        self.lines = 1
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Legend of the most probable labels")

    def show_entries(self, entries: tuple[LabelLegendEntry, ...], names: tuple[str, ...], anew: bool = False) -> None:
        """Other labels, or others' shares. ``anew``: of another sweep; within one the legend only grows."""
        lines = max(-(-len(entries) // 2), 1 if anew else self.lines)
        if lines != self.lines:
            self.lines = lines
            self.updateGeometry()
        if entries != self.entries or names is not self.names:
            self.entries, self.names = entries, names
            self.setAccessibleDescription("; ".join(f"{self.name(e)} {percent_text(e.share)}" for e in entries))
            self.update()

    def name(self, entry: LabelLegendEntry) -> str:
        """Return the entry's text in the legend."""
        return self.names[entry.label] if entry.label >= 0 else "other labels"

    def line_height(self) -> int:
        """Return the height of an entry in screen pixels."""
        return self.fontMetrics().height() + 5

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(200, self.lines * self.line_height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return self.sizeHint()

    def area(self, place: int) -> QRectF:
        """Where an entry stands, in pixels of the widget."""
        column, line = divmod(place, self.lines)
        width, height = self.width() / 2, self.line_height()
        return QRectF(column * width, line * height, width - 8, height)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        metrics = painter.fontMetrics()
        side = metrics.height() + 1
        for place, entry in enumerate(self.entries):
            area = self.area(place)
            swatch = QRectF(area.left(), area.top() + (area.height() - side) / 2, side, side)
            painter.fillRect(swatch, QColor(entry.colour))
            painter.setPen(self.colours.colour("quiet"))
            painter.drawRect(swatch.adjusted(0, 0, -1, -1))
            if entry.number:
                painter.setPen(BLACK if QColor(entry.colour).lightnessF() > 0.45 else WHITE)
                painter.drawText(swatch, Qt.AlignmentFlag.AlignCenter, str(entry.number))
            share = percent_text(entry.share)
            room = int(area.width() - side - 8 - metrics.horizontalAdvance("100 %"))
            name = self.name(entry) + (" (clean)" if entry.clean else "")
            painter.setPen(self.colours.colour("text"))
            text = area.adjusted(side + 5, 0, 0, 0)
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(text, middle, metrics.elidedText(name, Qt.TextElideMode.ElideRight, max(room, 10)))
            painter.setPen(self.colours.colour("quiet"))
            painter.drawText(text, middle | Qt.AlignmentFlag.AlignRight, share)

    def entry_at(self, x: float, y: float) -> LabelLegendEntry | None:
        """Return the entry at a point; None where there is none."""
        return next((e for place, e in enumerate(self.entries) if self.area(place).contains(x, y)), None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        entry = self.entry_at(event.position().x(), event.position().y())
        choosable = entry is not None and entry.label >= 0
        self.setCursor(Qt.CursorShape.PointingHandCursor if choosable else Qt.CursorShape.ArrowCursor)
        self.setToolTip("" if entry is None else f"{self.name(entry)}: {percent_text(entry.share, 1)} of the positions"
                        + (". Click to see its probability." if choosable else ""))  # fmt: skip

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        entry = self.entry_at(event.position().x(), event.position().y())
        if entry is not None and entry.label >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(entry.label)


class SweepProgressBar(QWidget):
    """A thin bar: how much of the sweep is done."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.colours: Colours = THEMES["dark"]
        self.fraction = 0.0
        self.partial = False
        self.setFixedHeight(5)
        self.setAccessibleName("Progress of the sweep")

    def show_fraction(self, fraction: float, partial: bool) -> None:
        """``partial``: it does not go on by itself."""
        if (fraction, partial) != (self.fraction, self.partial):
            self.fraction, self.partial = fraction, partial
            self.setAccessibleDescription(percent_text(fraction))
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.colours.colour("raised"))
        done = QRectF(0, 0, self.width() * self.fraction, self.height())
        painter.fillRect(done, self.colours.colour("quiet" if self.partial else "field"))
