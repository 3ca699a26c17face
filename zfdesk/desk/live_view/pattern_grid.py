"""Pattern mode: each unit of the layer by what it answers to most, in place of its live map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPen, QShowEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.patterns import Patterns, PatternSheet
from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture
from zfdesk.desk.widgets.theme import mark_pens
from zfdesk.figures.facts import number
from zfdesk.live import Pattern, UnitOrder
from zfdesk.live.render import grid_columns
from zfdesk.progress import counted

GAP = 2
GROUND = 38  # grey of a tile that is not there, or not yet


def order_of(sheet: PatternSheet, count: int, order: UnitOrder, wanted: str) -> list[int]:
    """The units that prefer a class with ``wanted`` in its name, by number, highest activation or class."""
    units = list(range(count))
    classes = sheet.best.classes if sheet.best is not None else ("",) * count
    if query := wanted.strip().lower():
        units = [unit for unit in units if query in classes[unit].lower()]
    if order is UnitOrder.ACTIVITY and sheet.best is not None:
        highest = sheet.best.values
        units.sort(key=lambda unit: (-float(highest[unit]), unit))
    if order is UnitOrder.CLASS:
        units.sort(key=lambda unit: (not classes[unit], classes[unit], unit))
    return units


def sheet_picture(sheet: PatternSheet, units: Sequence[int], columns: int) -> np.ndarray:
    """All tiles as one picture, uint8 (height, width, 3); grey where one is missing."""
    step = sheet.side + GAP
    rows = -(-max(len(units), 1) // columns)
    image = np.zeros((rows * step, columns * step, 3), np.uint8)
    for place, unit in enumerate(units):
        top, left = place // columns * step, place % columns * step
        tile = sheet.tiles.get(unit)
        if tile is None:
            image[top : top + sheet.side, left : left + sheet.side] = GROUND
        else:
            height, width = tile.shape[:2]
            image[top : top + height, left : left + width] = tile
    return image


class PatternGrid(Canvas):
    """The grid: hover names a unit, a click selects it."""

    unit_hovered = Signal(int)  # -1 for none
    unit_clicked = Signal(int)

    def __init__(self, desk: AppState) -> None:
        super().__init__(smooth=True)
        self._desk = desk
        self.units: list[int] = []
        self.columns, self._step, self._layer = 1, 1, ""
        self._hover = -1
        self.hovered.connect(self._set_hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("What each unit of the layer answers to most")

    def show_tiles(self, sheet: PatternSheet, units: list[int]) -> None:
        """Draw these units, in this order."""
        self._layer, self.units, self._step = sheet.layer, units, sheet.side + GAP
        aspect = self.width() / max(self.height(), 1)
        self.columns = grid_columns(len(units), (self._step, self._step), aspect)
        self.set_content(CanvasPicture.rgb(sheet_picture(sheet, units, self.columns)))

    def unit_at(self, point: tuple[float, float] | None) -> int:
        """The unit at a point of the picture, −1 for none."""
        if point is None or not self.has_picture or min(point) < 0:
            return -1
        column, row = int(point[0] // self._step), int(point[1] // self._step)
        place = row * self.columns + column
        return self.units[place] if column < self.columns and place < len(self.units) else -1

    def centre_of(self, unit: int) -> tuple[float, float]:
        """The middle of a unit's tile, in pixels of the picture."""
        row, column = divmod(self.units.index(unit), self.columns)
        return (column + 0.5) * self._step, (row + 0.5) * self._step

    def _set_hover(self, point: tuple[float, float] | None) -> None:
        hover = self.unit_at(point)
        if hover != self._hover:
            self._hover = hover
            self.unit_hovered.emit(hover)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mouseReleaseEvent(event)
        unit = self.unit_at(self.to_picture(event.position()))
        if event.button() == Qt.MouseButton.LeftButton and unit >= 0 and self._layer == self._desk.view.layer:
            self.unit_clicked.emit(unit)

    def paint_over(self, painter: QPainter) -> None:
        if self._layer != self._desk.view.layer:
            return
        hovered = (self._hover, QPen(self.colours.colour("text", 160), 1.0))
        for unit, pen in (hovered, *((self._desk.view.unit, pen) for pen in mark_pens("unit", 2.5))):
            if unit in self.units:
                x, y = self.centre_of(unit)
                half = self._step / 2
                painter.setPen(pen)
                painter.drawRect(self.rect_to_screen(x - half, y - half, x + half - GAP, y + half - GAP))


class PatternPanel(QWidget):
    """The grid with a field that finds units by the class they prefer. ``hovered``: what is under the mouse."""

    hovered = Signal(str)
    unit_clicked = Signal(int)

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self._desk, self._patterns = context.state, context.get(Patterns)
        self.sheet: PatternSheet | None = None
        self._drawn: tuple[object, ...] = ()
        self.grid = PatternGrid(self._desk)
        self.grid.unit_clicked.connect(self.unit_clicked)
        self.grid.unit_hovered.connect(self._show_hover)
        self.grid.resized.connect(self._draw)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Units that prefer a class…")
        self.search.setAccessibleName("Units by the class they prefer")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._draw)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.search)
        layout.addWidget(self.grid, 1)
        self._patterns.changed.connect(self.renew)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        self.renew()

    def renew(self) -> None:
        """Follow the view, and what is known by now."""
        view = self._desk.view
        if view.maps.pattern is not Pattern.NONE and self.isVisible():
            self.sheet = self._patterns.sheet(view.layer, view.maps.pattern, view.method)
            self._draw()

    def _draw(self) -> None:
        sheet, view = self.sheet, self._desk.view
        if sheet is None or sheet.layer not in (stage.name for stage in self._desk.model.architecture.stages):
            return
        count = self._desk.model.architecture.stage(sheet.layer).shape[0]
        drawn = (
            sheet.text,
            sheet.reason,
            len(sheet.tiles),
            sheet.layer,
            sheet.pattern,
            view.maps.order,
            self.search.text(),
            self.grid.size(),
        )
        if drawn == self._drawn:
            self.grid.update()  # another unit may be selected
            return
        self._drawn = drawn
        units = order_of(sheet, count, view.maps.order, self.search.text())
        if sheet.reason and not sheet.tiles:
            self.grid.set_content(sheet.reason)
        elif not units:
            self.grid.set_content("No unit of this layer prefers such a class.")
        else:
            self.grid.show_tiles(sheet, units)

    def facts_text(self) -> list[str]:
        """What is shown, and how many units are dead."""
        if self.sheet is None:
            return []
        if not self.grid.units:
            return [self.sheet.layer]
        parts = [self.sheet.layer, counted(len(self.grid.units), "unit"), self.sheet.text]
        if self.sheet.best is not None:
            dead = len(self.sheet.best.values) - len(self.sheet.best.examples)
            parts.append(f"{dead} dead")
        return parts

    def _show_hover(self, unit: int) -> None:
        sheet = self.sheet
        if unit < 0 or sheet is None:
            self.hovered.emit("")
            return
        text = f"{sheet.layer}:{unit}"
        if sheet.best is not None:
            example = sheet.best.examples.get(unit)
            text += f" · at most {number(float(sheet.best.values[unit]))}" if example is not None else " · dead"
            text += f" · prefers {sheet.best.classes[unit]}" if sheet.best.classes[unit] else ""
        self.hovered.emit(text)


__all__ = ["PatternGrid", "PatternPanel", "order_of", "sheet_picture"]
