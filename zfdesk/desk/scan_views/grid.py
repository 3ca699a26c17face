"""Pictures side by side, as large as they fit, each with a line below it; a click tells which and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from zfdesk.desk.widgets.canvas import rgb_image
from zfdesk.desk.widgets.keyboard_grid import KeyboardGrid
from zfdesk.desk.widgets.theme import THEMES, Colours, mark_pens

GAP = 5
GONE = "gone"  # in place of a picture that is no longer there, or another by now


@dataclass(frozen=True, eq=False)
class GridCell:
    """A picture, uint8 (height, width, 3), or None for one that is gone.

    ``box``: (left, top, right, bottom) to be outlined, in its pixels; it may hang over. ``key``: told when it is
    clicked. ``marked``: framed as the selected one.
    """

    pixels: np.ndarray | None
    caption: str = ""
    tip: str = ""
    key: object = None
    box: tuple[float, float, float, float] | None = None
    marked: bool = False


class PictureGrid(KeyboardGrid):
    """``picked``: the key of a cell, and where on its picture, as shares of width and height; by Return its middle."""

    picked = Signal(object, float, float)

    def __init__(self, name: str, rows: int = 0, aspect: float = 1.0) -> None:
        """rows: as many, 0 for what makes the pictures largest. aspect: of a cell's picture, width over height."""
        super().__init__()
        self.colours: Colours = THEMES["dark"]
        self.cells: tuple[GridCell, ...] = ()
        self.message = ""
        self._rows, self._aspect = rows, aspect
        self.setAccessibleName(name)
        self.setMinimumSize(80, 60)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def show_cells(self, cells: Sequence[GridCell], message: str = "") -> None:
        """Show these, or where there are none a sentence."""
        self.cells, self.message = tuple(cells), message
        if self.current >= len(self.cells):
            self.set_current(-1)
        self.setAccessibleDescription("; ".join(cell.caption for cell in cells) or message)
        self.update()

    # Geometry

    def _grid(self) -> tuple[int, float, float, int]:
        """Columns, width and height of a picture, height of the line below it: as large as they fit."""
        line = self.fontMetrics().height() if any(cell.caption for cell in self.cells) else 0
        count = max(len(self.cells), 1)
        best = (1, 1.0, 1.0)
        for rows in [self._rows] if self._rows else range(1, count + 1):
            columns = -(-count // rows)
            height = (self.height() - GAP) / rows - GAP - line
            width = min((self.width() - GAP) / columns - GAP, height * self._aspect)
            if width > best[1]:
                best = columns, width, width / self._aspect
        return *best, line

    def place(self, index: int) -> QRectF:
        """Where a cell's picture stands."""
        columns, width, height, line = self._grid()
        row, column = divmod(index, columns)
        rows = -(-len(self.cells) // columns)
        left = (self.width() - columns * (width + GAP) + GAP) / 2
        top = (self.height() - rows * (height + line + GAP) + GAP) / 2
        return QRectF(left + column * (width + GAP), top + row * (height + line + GAP), width, height)

    def _shown(self, index: int) -> QRectF:
        """The part of the place that the picture fills, its shape kept."""
        place, pixels = self.place(index), self.cells[index].pixels
        if pixels is None:
            return place
        scale = min(place.width() / pixels.shape[1], place.height() / pixels.shape[0])
        width, height = pixels.shape[1] * scale, pixels.shape[0] * scale
        return QRectF(place.center().x() - width / 2, place.center().y() - height / 2, width, height)

    def place_at(self, point: QPointF) -> int:
        return next((index for index in range(len(self.cells)) if self._shown(index).contains(point)), -1)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.colours.colour("pane"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if not self.cells:
            painter.setPen(self.colours.colour("quiet"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(10, 6, -10, -6), flags, self.message)
        for index, cell in enumerate(self.cells):
            self._paint_cell(painter, index, cell)

    def _paint_cell(self, painter: QPainter, index: int, cell: GridCell) -> None:
        shown, colours = self._shown(index), self.colours
        if cell.pixels is None:
            painter.fillRect(shown, colours.colour("raised"))
            painter.setPen(colours.colour("quiet"))
            painter.drawText(shown, Qt.AlignmentFlag.AlignCenter, GONE)
        else:
            image = rgb_image(cell.pixels)
            painter.drawImage(shown, image, QRectF(image.rect()))
        if cell.box is not None and cell.pixels is not None:
            self._paint_box(painter, shown, cell.pixels.shape[1], cell.box)
        if cell.marked or index == self.current:
            for pen in mark_pens("unit" if cell.marked else "field", 2):
                painter.setPen(pen)
                painter.drawRect(shown.adjusted(-1, -1, 1, 1))
        if cell.caption:
            metrics, place = painter.fontMetrics(), self.place(index)
            painter.setPen(colours.colour("text"))
            caption = metrics.elidedText(cell.caption, Qt.TextElideMode.ElideRight, int(place.width()))
            line = QRectF(place.left(), place.bottom(), place.width(), metrics.height())
            painter.drawText(line, Qt.AlignmentFlag.AlignHCenter, caption)

    @staticmethod
    def _paint_box(painter: QPainter, shown: QRectF, width: int, box: tuple[float, float, float, float]) -> None:
        """White within black, so that it stands out from any picture."""
        scale = shown.width() / width
        left, top, right, bottom = (edge * scale for edge in box)
        painter.save()
        painter.setClipRect(shown)
        where = QRectF(shown.left() + left, shown.top() + top, right - left, bottom - top)
        for colour, thickness in ((QColor("black"), 4), (QColor("white"), 2)):
            painter.setPen(QPen(colour, thickness))
            painter.drawRect(where)
        painter.restore()

    def places(self) -> tuple[int, int]:
        return len(self.cells), self._grid()[0]

    def activate(self, place: int) -> None:
        if self.cells[place].key is not None:
            self.picked.emit(self.cells[place].key, 0.5, 0.5)

    def rect_of(self, place: int) -> QRectF:
        return self._shown(place)

    def tool_tip(self, place: int) -> str:
        return self.cells[place].tip

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        index = self.place_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and index >= 0 and self.cells[index].key is not None:
            shown = self._shown(index)
            x, y = (
                (event.position().x() - shown.left()) / shown.width(),
                (event.position().y() - shown.top()) / shown.height(),
            )
            self.picked.emit(self.cells[index].key, x, y)


__all__ = ["GridCell", "PictureGrid"]
