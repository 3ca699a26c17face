"""Fig. 4 in the window: a row for each unit, a column for each snapshot, reconstruction above patch."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from zfdesk.desk.training.snapshots import UnitTile
from zfdesk.desk.widgets.canvas import rgb_image
from zfdesk.desk.widgets.theme import THEMES, Colours
from zfdesk.figures.facts import number

GAP = 4


class UnitsView(QWidget):
    """``picked``: the epoch and the unit of a tile that was clicked."""

    picked = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.colours: Colours = THEMES["dark"]
        self.layer = ""
        self.units: tuple[int, ...] = ()
        self.epochs: tuple[int, ...] = ()
        self.columns: dict[int, list[UnitTile]] = {}
        self.epoch = -1
        self.message = ""
        self._hover: tuple[int, int] | None = None
        self.setAccessibleName("Evolution of units (Fig. 4)")
        self.setMouseTracking(True)
        self.setMinimumSize(120, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def show_units(self, layer: str, units: tuple[int, ...], epochs: tuple[int, ...], message: str) -> None:
        """Begin a table; its columns come one by one. ``message``: where there are no units."""
        self.layer, self.units, self.epochs, self.message = layer, units, epochs, message
        self.columns, self._hover = {}, None
        self.update()

    def show_column(self, epoch: int, tiles: list[UnitTile]) -> None:
        """Show the tiles of an epoch."""
        self.columns[epoch] = tiles
        self.update()

    def show_epoch(self, epoch: int) -> None:
        """Frame the column of the snapshot that is looked at."""
        self.epoch = epoch
        self.update()

    # Geometry

    def _grid(self) -> tuple[float, float, float, float]:
        """Left and top of the first cell, the side of a picture, and the height of a row."""
        metrics = self.fontMetrics()
        left = metrics.horizontalAdvance("8888") + 6
        top = metrics.height() + 4
        room = self.height() - top - metrics.height() - 4
        side = min(
            (self.width() - left) / max(len(self.epochs), 1) - GAP, room / max(len(self.units), 1) / 2 - GAP * 0.75
        )
        side = max(side, 8.0)
        return left, top, side, 2 * side + 1.5 * GAP

    def cell(self, row: int, column: int) -> QRectF:
        """Where a unit's tile of an epoch stands, in pixels of the widget."""
        left, top, side, height = self._grid()
        return QRectF(left + column * (side + GAP), top + row * height, side, 2 * side + 1)

    def _place(self, point: QPointF) -> tuple[int, int] | None:
        for row in range(len(self.units)):
            for column in range(len(self.epochs)):
                if self.cell(row, column).contains(point):
                    return row, column
        return None

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        colours, metrics = self.colours, self.fontMetrics()
        painter.fillRect(self.rect(), colours.colour("pane"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(colours.colour("quiet"))
        if not self.units or not self.epochs:
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(10, 6, -10, -6), flags, self.message)
            return
        free = 0.0
        for column, epoch in enumerate(self.epochs):
            cell, text = self.cell(0, column), str(epoch)
            width = metrics.horizontalAdvance(text)
            x = cell.center().x() - width / 2
            if x >= free:
                painter.setPen(colours.colour("unit" if epoch == self.epoch else "quiet"))
                painter.drawText(QPointF(x, cell.top() - metrics.descent() - 2), text)
                free = x + width + 4
        for row, unit in enumerate(self.units):
            painter.setPen(colours.colour("text"))
            first = self.cell(row, 0)
            place = QRectF(0, first.top(), first.left() - 5, first.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(unit))
            for column, epoch in enumerate(self.epochs):
                tiles = self.columns.get(epoch)
                self._paint_tile(painter, self.cell(row, column), tiles[row] if tiles else None)
        if self.epoch in self.epochs:
            column = self.epochs.index(self.epoch)
            frame = self.cell(0, column).united(self.cell(len(self.units) - 1, column)).adjusted(-2, -2, 2, 2)
            painter.setPen(QPen(colours.colour("unit"), 1.5))
            painter.drawRect(frame)
        painter.setPen(colours.colour("quiet"))
        text = metrics.elidedText(self.description(), Qt.TextElideMode.ElideRight, self.width() - 4)
        painter.drawText(QPointF(2, self.height() - metrics.descent() - 1), text)

    def _paint_tile(self, painter: QPainter, cell: QRectF, tile: UnitTile | None) -> None:
        if tile is None or tile.down is None or tile.patch is None:
            painter.fillRect(cell, self.colours.colour("raised"))
            painter.setPen(self.colours.colour("quiet"))
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, "…" if tile is None else "–")
            return
        side = cell.width()
        self._paint_picture(painter, QRectF(cell.left(), cell.top(), side, side), tile.down)
        self._paint_picture(painter, QRectF(cell.left(), cell.top() + side + 1, side, side), tile.patch)

    def _paint_picture(self, painter: QPainter, where: QRectF, pixels: np.ndarray) -> None:
        image = rgb_image(np.ascontiguousarray(pixels))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, image.width() > 24)
        painter.drawImage(where, image, QRectF(image.rect()))

    def description(self) -> str:
        """What lies under the mouse; else what the table is."""
        if self._hover is not None:
            row, column = self._hover
            tiles = self.columns.get(self.epochs[column])
            where = f"{self.layer}:{self.units[row]} at epoch {self.epochs[column]}"
            if not tiles:
                return f"{where}: still to come"
            tile = tiles[row]
            if tile.down is None:
                return f"{where}: no picture wakes it"
            name = tile.picture.replace("\\", "/").rsplit("/", 1)[-1]
            return f"{where}: {number(tile.activation)}" + (f" on {name}" if name else "")
        return "each unit's strongest activation: led down, and its patch"

    # The mouse

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        hover = self._place(event.position())
        if hover != self._hover:
            self._hover = hover
            self.update()

    def leaveEvent(self, event: object) -> None:  # noqa: N802
        self._hover = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        place = self._place(event.position())
        if event.button() == Qt.MouseButton.LeftButton and place is not None:
            self.picked.emit(self.epochs[place[1]], self.units[place[0]])
