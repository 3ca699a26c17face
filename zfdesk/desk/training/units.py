"""Fig. 4 in the window: a row for each unit, a column for each snapshot, reconstruction above patch."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPen

from zfdesk.desk.training.epochs_view import EpochsView
from zfdesk.desk.training.unit_tiles import UnitTile
from zfdesk.desk.widgets.canvas import rgb_image
from zfdesk.figures.facts import number

GAP = 4


class UnitsView(EpochsView):
    """``picked``: the epoch and the unit of a tile that was clicked."""

    picked = Signal(int, int)

    def __init__(self) -> None:
        super().__init__("Evolution of units (Fig. 4)")
        self.layer = ""
        self.units: tuple[int, ...] = ()
        self.columns: dict[int, list[UnitTile]] = {}

    def show_units(self, layer: str, units: tuple[int, ...], epochs: tuple[int, ...], message: str) -> None:
        """Begin a table; its columns come one by one. ``message``: where there are no units."""
        self.layer, self.units, self.epochs = layer, units, epochs
        self.message = "" if units and epochs else message
        self.columns = {}
        self.update()

    def show_column(self, epoch: int, tiles: list[UnitTile]) -> None:
        """Show the tiles of an epoch."""
        self.columns[epoch] = tiles
        self.update()

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

    def place_at(self, point: QPointF) -> tuple[int, int] | None:
        """(row, column) of the tile under a point of the widget."""
        for row in range(len(self.units)):
            for column in range(len(self.epochs)):
                if self.cell(row, column).contains(point):
                    return row, column
        return None

    def paint_content(self, painter: QPainter) -> None:
        colours = self.colours
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        head = [self.cell(0, column) for column in range(len(self.epochs))]
        if head:
            self.paint_epochs(painter, head, head[0].top() - self.fontMetrics().descent() - 2)
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
            frame = head[column].united(self.cell(len(self.units) - 1, column)).adjusted(-2, -2, 2, 2)
            painter.setPen(QPen(colours.colour("unit"), 1.5))
            painter.drawRect(frame)

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

    def pick(self, place: tuple[int, ...]) -> None:
        row, column = place
        self.picked.emit(self.epochs[column], self.units[row])

    def description(self) -> str:
        """What lies under the mouse; else what the table is."""
        if self.hover is None:
            return "each unit's strongest activation: led down, and its patch"
        row, column = self.hover
        tiles = self.columns.get(self.epochs[column])
        where = f"{self.layer}:{self.units[row]} at epoch {self.epochs[column]}"
        if not tiles:
            return f"{where}: still to come"
        tile = tiles[row]
        if tile.down is None:
            return f"{where}: no picture wakes it"
        name = tile.picture.replace("\\", "/").rsplit("/", 1)[-1]
        return f"{where}: {number(tile.activation)}" + (f" on {name}" if name else "")


__all__ = ["UnitsView"]
