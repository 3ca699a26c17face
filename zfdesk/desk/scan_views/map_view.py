"""Points in a plane as small pictures where there is room and as dots where there is none; zoomed, moved, lassoed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyqtgraph
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from zfdesk.desk.widgets.canvas import rgb_image
from zfdesk.desk.widgets.images import drawn_scale
from zfdesk.desk.widgets.theme import THEMES, Colours, mark_pens

SIDE = 44  # of a small picture on the screen, and of the cell in which no other stands
REACH = 12  # pixels: a dot so near is meant
MOST_ZOOM = 500.0
DRAGGED = 4  # pixels: a press that moves no further is a click
DOT = 4


class MapView(QWidget):
    """``picked``, ``hovered``: the number of a point, −1 where there is none. ``lassoed``: corners of an outline in the
    points' own plane, float (corners, 2). ``drawn``: which pictures there is room for, to be fetched."""

    picked = Signal(int)
    hovered = Signal(int)
    lassoed = Signal(object)
    drawn = Signal(object)

    def __init__(self, thumbnail: Callable[[int], np.ndarray | None]) -> None:
        """thumbnail: of a point, None while it is not there."""
        super().__init__()
        self.colours: Colours = THEMES["dark"]
        self.message = ""
        self.lasso = False  # a drag outlines, also without Shift
        self._thumbnail = thumbnail
        self._points = np.zeros((0, 2), np.float32)
        self._classes = np.zeros(0, np.int64)
        self._selected = np.zeros(0, bool)
        self._dot: np.ndarray | None = None
        self._centre, self._scale, self._fit = np.zeros(2), 1.0, 1.0
        self._laid_out: tuple[np.ndarray, np.ndarray] | None = None  # points on the widget, those with a picture
        self._drawn: QPixmap | None = None  # all but what moves: the live picture's ring, an outline
        self._pressed: QPointF | None = None
        self._moved = False
        self._outline: list[QPointF] | None = None
        self._hover = -1
        self.setAccessibleName("Map of the scanned pictures")
        self.setMouseTracking(True)
        self.setMinimumSize(160, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    # What is shown

    def show_points(self, points: np.ndarray, classes: np.ndarray) -> None:
        """Show these, float32 (n, 2), all of them at first. classes: int (n,), which give the dots their colours."""
        self._points, self._classes = points, classes
        self._selected = np.zeros(len(points), bool)
        self._hover = -1
        self.show_all()

    def show_selected(self, selected: np.ndarray) -> None:
        """Outline these, bool (n,)."""
        self._selected = selected
        self.renew()

    def show_dot(self, place: np.ndarray | None) -> None:
        """Where the live picture lies, (2,)."""
        self._dot = place
        self.update()

    def show_all(self) -> None:
        """So that all points are seen."""
        if len(self._points):
            low, high = self._points.min(0), self._points.max(0)
            span = np.maximum(high - low, 1e-6)
            room = np.array([max(self.width() - 2 * SIDE, 40), max(self.height() - 2 * SIDE, 40)])
            self._centre, self._fit = (low + high) / 2, float((room / span).min())
            self._scale = self._fit
        self._renew_all()

    def renew(self) -> None:
        """Draw anew: pictures have come, or colours changed."""
        self._drawn = None
        self.update()

    def _renew_all(self) -> None:
        self._laid_out = None
        self.renew()

    # Geometry; y goes up

    def to_screen(self, points: np.ndarray) -> np.ndarray:
        """Points of the plane on the widget, (n, 2)."""
        flipped = (points - self._centre) * (self._scale, -self._scale)
        result: np.ndarray = flipped + np.array([self.width() / 2, self.height() / 2])
        return result

    def to_plane(self, screen: np.ndarray) -> np.ndarray:
        """Places on the widget in the plane, (n, 2)."""
        offset = (screen - (self.width() / 2, self.height() / 2)) / (self._scale, -self._scale)
        result: np.ndarray = offset + self._centre
        return result

    def _with_room(self, screen: np.ndarray) -> np.ndarray:
        """Numbers of the points that get a picture: one in each cell of the screen."""
        inside = ((screen > -SIDE) & (screen < (self.width() + SIDE, self.height() + SIDE))).all(1)
        numbers = np.flatnonzero(inside)
        # cells are those of the plane, so that nothing flickers while it is moved
        across, down = np.floor(self._points[numbers] * self._scale / SIDE).astype(np.int64).T
        _, first = np.unique((across << 32) + down, return_index=True)
        result: np.ndarray = numbers[np.sort(first)]
        return result

    def _layout(self) -> tuple[np.ndarray, np.ndarray]:
        if self._laid_out is None:
            screen = self.to_screen(self._points)
            self._laid_out = screen, self._with_room(screen)
        return self._laid_out

    def point_at(self, point: QPointF) -> int:
        """The point that is meant by a place on the widget; −1 for none: the picture that lies there, else a dot."""
        if not len(self._points):
            return -1
        screen, shown = self._layout()
        away = np.abs(screen - (point.x(), point.y())).max(1)
        on_top = shown[away[shown] <= SIDE / 2]
        if len(on_top):
            return int(on_top[-1])
        nearest = int(away.argmin())
        return nearest if away[nearest] <= REACH else -1

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter, colours = QPainter(self), self.colours
        if not len(self._points):
            painter.fillRect(self.rect(), colours.colour("pane"))
            painter.setPen(colours.colour("quiet"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(10, 6, -10, -6), flags, self.message)
            return
        ratio = drawn_scale(painter)
        if self._drawn is None or self._drawn.devicePixelRatio() != ratio:
            self._drawn = self._draw(ratio)
        painter.drawPixmap(0, 0, self._drawn)
        self._paint_hover(painter)
        self._paint_live(painter)
        if self._outline:
            painter.setPen(QPen(colours.colour("unit"), 1.5))
            painter.drawPolygon(QPolygonF(self._outline))

    def _draw(self, ratio: float) -> QPixmap:
        """Dots, pictures and what is selected; tells which pictures are missing."""
        screen, shown = self._layout()
        drawn = QPixmap(self.size() * ratio)
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(self.colours.colour("pane"))
        painter = QPainter(drawn)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_dots(painter, screen)
        for number in shown.tolist():
            self._paint_picture(painter, number, screen[number])
        painter.end()
        if missing := [number for number in shown.tolist() if self._thumbnail(number) is None]:
            self.drawn.emit(missing)
        return drawn

    def _paint_hover(self, painter: QPainter) -> None:
        """The picture or dot under the mouse, above the others."""
        if self._hover < 0:
            return
        place = self._layout()[0][self._hover]
        if self._thumbnail(self._hover) is not None:
            self._paint_picture(painter, self._hover, place)
        painter.setPen(QPen(self.colours.colour("field"), 2))
        painter.drawRect(self._box(place))

    def _paint_dots(self, painter: QPainter, screen: np.ndarray) -> None:
        slots = self._classes % len(self.colours.watched)
        for slot in range(len(self.colours.watched)):
            self._paint_points(painter, screen[slots == slot], self.colours.watched_colour(slot), DOT)
        self._paint_points(painter, screen[self._selected], self.colours.colour("unit"), DOT + 3)

    @staticmethod
    def _paint_points(painter: QPainter, places: np.ndarray, colour: QColor, size: int) -> None:
        if len(places):
            dots = pyqtgraph.functions.create_qpolygonf(len(places))
            pyqtgraph.functions.ndarray_from_qpolygonf(dots)[:] = places
            painter.setPen(QPen(colour, size, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawPoints(dots)

    def _box(self, place: np.ndarray) -> QRectF:
        return QRectF(place[0] - SIDE / 2, place[1] - SIDE / 2, SIDE, SIDE)

    def _paint_picture(self, painter: QPainter, number: int, place: np.ndarray) -> None:
        pixels = self._thumbnail(number)
        if pixels is None:
            return
        image = rgb_image(pixels)
        painter.drawImage(self._box(place), image, QRectF(image.rect()))
        chosen = bool(self._selected[number])
        colour = self.colours.colour("unit") if chosen else self.colours.watched_colour(int(self._classes[number]))
        painter.setPen(QPen(colour, 3 if chosen else 1))
        painter.drawRect(self._box(place))

    def _paint_live(self, painter: QPainter) -> None:
        """A ring with a cross: seen on any picture."""
        if self._dot is None:
            return
        x, y = self.to_screen(self._dot[None])[0].tolist()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for pen in mark_pens("unit", 2.5):
            painter.setPen(pen)
            painter.drawEllipse(QPointF(x, y), 9, 9)
            painter.drawLine(QPointF(x - 15, y), QPointF(x - 4, y))
            painter.drawLine(QPointF(x + 4, y), QPointF(x + 15, y))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    # The mouse

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        mouse = np.array([[event.position().x(), event.position().y()]])
        before = self.to_plane(mouse)
        wanted = self._scale * 1.0015 ** event.angleDelta().y()
        self._scale = min(max(wanted, self._fit * 0.5), self._fit * MOST_ZOOM)
        self._centre = self._centre + (before - self.to_plane(mouse))[0]  # what lies under the mouse stays there
        self._renew_all()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._moved = event.position(), False
            lasso = self.lasso or event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self._outline = [event.position()] if lasso else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        position = event.position()
        if self._pressed is None:
            self._set_hover(self.point_at(position))
            return
        self._moved = self._moved or (position - self._pressed).manhattanLength() > DRAGGED
        if self._outline is not None:
            self._outline.append(position)
        elif self._moved:
            offset = position - self._pressed
            self._centre = self._centre - np.array([offset.x(), -offset.y()]) / self._scale
            self._pressed = position
            self._laid_out = self._drawn = None
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        pressed, outline = self._pressed, self._outline
        self._pressed = self._outline = None
        if pressed is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if self._moved and outline is not None:
            self.lassoed.emit(self.to_plane(np.array([[corner.x(), corner.y()] for corner in outline])))
        elif not self._moved and (number := self.point_at(event.position())) >= 0:
            self.picked.emit(number)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.show_all()

    def leaveEvent(self, event: object) -> None:  # noqa: N802
        self._set_hover(-1)

    def _set_hover(self, number: int) -> None:
        if number != self._hover:
            self._hover = number
            self.setCursor(Qt.CursorShape.PointingHandCursor if number >= 0 else Qt.CursorShape.ArrowCursor)
            self.hovered.emit(number)
            self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        self.show_all() if self._scale == self._fit else self._renew_all()


def class_counts(classes: np.ndarray, names: Sequence[str]) -> list[tuple[str, int]]:
    """Classes of some points with how many there are of each, the most first; "" are pictures in no subfolder."""
    found, counts = np.unique(classes, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [(names[int(found[place])], int(counts[place])) for place in order]


__all__ = ["MapView", "class_counts"]
