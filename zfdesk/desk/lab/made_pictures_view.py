"""Pictures side by side, each above its name; one of them alone after a double click."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QWidget

from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture
from zfdesk.synthesis.orders import Made

NAMED_WIDTH = 64  # screen pixels below which a picture carries no name
GAP = 5  # screen pixels between two pictures
TEXT_ROOM = 3  # screen pixels around a name


@dataclass(frozen=True)
class GridLayout:
    """Where pictures of one size stand in a whole, in picture pixels. ``band``: room for a name below each."""

    count: int
    columns: int
    height: int
    width: int
    band: int
    gap: int

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return -(-self.count // self.columns)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the whole."""
        return (
            self.rows * (self.height + self.band + self.gap) - self.gap,
            self.columns * (self.width + self.gap) - self.gap,
        )

    def corner(self, number: int) -> tuple[int, int]:
        """Top and left of a picture."""
        row, column = divmod(number, self.columns)
        return row * (self.height + self.band + self.gap), column * (self.width + self.gap)

    def at(self, x: float, y: float) -> int | None:
        """The picture at a point; None beside them."""
        column, row = int(x // (self.width + self.gap)), int(y // (self.height + self.band + self.gap))
        number = row * self.columns + column
        inside = 0 <= column < self.columns and row >= 0 and number < self.count
        return number if inside and x - column * (self.width + self.gap) < self.width else None


def fitting_layout(count: int, height: int, width: int, room: tuple[float, float], text: float) -> GridLayout:
    """The grid in which ``count`` pictures come out largest. room: height and width on screen; text: of a name."""
    best: tuple[float, int] = (0.0, 1)
    for candidate in range(1, count + 1):
        rows = -(-count // candidate)
        across = (room[1] - GAP * (candidate - 1)) / candidate / width
        down = (room[0] - GAP * (rows - 1)) / rows
        with_names = (down - text) / height if across * width >= NAMED_WIDTH else down / height
        best = max(best, (min(across, with_names), -candidate))
    scale, columns = max(best[0], 1e-3), -best[1] if best[1] < 0 else 1
    band = int(-(-text // scale)) if scale * width >= NAMED_WIDTH else 0
    return GridLayout(count, columns, height, width, band, max(round(GAP / scale), 1))


class MadePicturesView(Canvas):
    """``picked``: the number of the picture that was clicked; ``picture_hovered``: of that under the mouse, or None."""

    picked = Signal(int)
    picture_hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, smooth=True)
        self._made: Made | None = None
        self._stale = ""
        self._alone: int | None = None
        self._grid: GridLayout | None = None
        self.pressed.connect(self._press)
        self.hovered.connect(self._hover)

    def show_made(self, made: Made | None, invitation: str, stale: str = "") -> None:
        """Show pictures, or a sentence where there are none."""
        if made is None or not len(made.pictures):
            self._made, self._grid = None, None
            self.set_content(invitation)
            return
        if self._made is None or len(self._made.pictures) != len(made.pictures):
            self._alone = None
        self._made, self._stale = made, stale
        self._compose()

    @property
    def shown(self) -> tuple[int, ...]:
        """The numbers of the pictures that are shown."""
        if self._made is None:
            return ()
        return (self._alone,) if self._alone is not None else tuple(range(len(self._made.pictures)))

    def show_alone(self, number: int | None) -> None:
        """One picture alone, or all again."""
        if self._made is not None:
            self._alone = number
            self.reset_zoom()
            self._compose()

    def _compose(self) -> None:
        assert self._made is not None
        pictures = self._made.pictures[list(self.shown)]
        count, height, width, _ = pictures.shape
        text = self.fontMetrics().height() + TEXT_ROOM
        stale_height = text if self._stale else 0  # what is said of an older picture stands below them all
        room = (self.height() - stale_height, self.width())
        grid = fitting_layout(count, height, width, room, text)
        widest = max(self.fontMetrics().horizontalAdvance(self._made.names[number]) for number in self.shown)
        if grid.band and widest * grid.band > text * grid.width:  # two lines, where one is too short
            grid = fitting_layout(count, height, width, room, text + self.fontMetrics().height())
        self._grid = grid
        colour = self.colours.colour("pane")
        scale = min(room[0] / grid.size[0], room[1] / grid.size[1])
        image = np.empty((grid.size[0] + math.ceil(stale_height / max(scale, 1e-3)), grid.size[1], 3), np.uint8)
        image[:] = colour.red(), colour.green(), colour.blue()
        for number, picture in enumerate(pictures):
            top, left = grid.corner(number)
            image[top : top + height, left : left + width] = picture
        self.set_content(CanvasPicture.rgb(image, stale=self._stale))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if self._made is not None:
            self._compose()

    def paint_over(self, painter: QPainter) -> None:
        grid, made = self._grid, self._made
        if grid is None or made is None or not grid.band:
            return
        painter.setPen(self.colours.colour("text"))
        for place, number in enumerate(self.shown):
            top, left = grid.corner(place)
            area = self.rect_to_screen(left, top + grid.height, left + grid.width, top + grid.height + grid.band)
            if area.intersects(QRectF(self.rect())):
                self._paint_name(painter, area, made.names[number])

    def _paint_name(self, painter: QPainter, area: QRectF, name: str) -> None:
        """Over one line, or as many as there is room for; a single one is cut with …"""
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        if area.height() < 2 * self.fontMetrics().height():
            name = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(area.width()))
            painter.drawText(area, flags, name)
        else:
            painter.drawText(area, flags | Qt.TextFlag.TextWordWrap, name)

    def picture_at(self, point: QPointF) -> int | None:
        """The number of the picture at a point of the widget."""
        place = self._grid.at(*self.to_picture(point)) if self._grid is not None else None
        return None if place is None else self.shown[place]

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton and self._made is not None:
            one = self.picture_at(event.position()) if self._alone is None else None
            self.show_alone(one if len(self._made.pictures) > 1 else None)
        else:
            super().mouseDoubleClickEvent(event)

    def _press(self, point: tuple[float, float], _: object) -> None:
        place = self._grid.at(*point) if self._grid is not None else None
        if place is not None:
            self.picked.emit(self.shown[place])

    def _hover(self, point: tuple[float, float] | None) -> None:
        place = self._grid.at(*point) if self._grid is not None and point is not None else None
        self.picture_hovered.emit(None if place is None else self.shown[place])


__all__ = ["GridLayout", "MadePicturesView", "fitting_layout"]
