"""One snapshot of a run: first-layer filters, the probe picture, its maps, and one unit's reconstruction."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGridLayout, QWidget

from zfdesk.desk.training.snapshots import GAP, SnapshotResult
from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.desk.widgets.theme import THEMES, Colours, mark_pens
from zfdesk.desk.widgets.tile import Tile
from zfdesk.figures.facts import number
from zfdesk.progress import percent_text

LOADING = "…"


class MosaicCanvas(Canvas):
    """A layer's maps; a click chooses a unit. ``unit_picked``: it."""

    unit_picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.result: SnapshotResult | None = None
        self.pressed.connect(self._pick)

    def _pick(self, point: tuple[float, float], _: object) -> None:
        result = self.result
        if result is None or result.maps is None:
            return
        column, row = int(point[0] // (result.tile[1] + GAP)), int(point[1] // (result.tile[0] + GAP))
        unit = row * result.columns + column
        if 0 <= column < result.columns and row >= 0 and unit < result.units:
            self.unit_picked.emit(unit)

    def paint_over(self, painter: QPainter) -> None:
        result = self.result
        if result is not None and result.unit >= 0:
            row, column = divmod(result.unit, result.columns)
            left, top = column * (result.tile[1] + GAP), row * (result.tile[0] + GAP)
            for pen in mark_pens("unit", 2):
                painter.setPen(pen)
                painter.drawRect(self.rect_to_screen(left, top, left + result.tile[1], top + result.tile[0]))


class SnapshotView(QWidget):
    """``unit_picked``: a unit of the shown layer."""

    unit_picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.colours: Colours = THEMES["dark"]
        self.mosaic = MosaicCanvas()
        self.mosaic.unit_picked.connect(self.unit_picked)
        self.filters = Tile("filters", Canvas())
        self.probe = Tile("probe picture", Canvas(smooth=True))
        self.maps = Tile("maps", self.mosaic)
        self.down = Tile("reconstruction", Canvas(smooth=True))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        for place, tile in enumerate((self.probe, self.filters, self.maps, self.down)):
            tile.bar.hide()
            tile.note.hide()
            grid.addWidget(tile, *divmod(place, 2))
        for line in (0, 1):
            grid.setRowStretch(line, 1)
            grid.setColumnStretch(line, 1)
        self.result: SnapshotResult | None = None
        self._arrays: list[object] = []

    def set_colours(self, colours: Colours) -> None:
        """Take over a theme."""
        self.colours = colours
        if self.result is not None:
            self.show_result(self.result)

    def show_waiting(self, reason: str) -> None:
        """What is shown belongs to another choice."""
        for tile in (self.probe, self.filters, self.maps, self.down):
            if tile.canvas.has_picture:
                tile.canvas.mark_stale(reason)
            else:
                tile.set_content(reason or LOADING)

    def show_failure(self, sentence: str) -> None:
        """Say why there is nothing of the chosen snapshot."""
        self.result = self.mosaic.result = None
        for tile in (self.probe, self.filters, self.maps, self.down):
            tile.set_content(sentence)

    def show_result(self, result: SnapshotResult) -> None:
        """Draw what a snapshot holds and answers."""
        self.result = self.mosaic.result = result
        epoch, layer, which = result.request.epoch, result.request.layer, f"{result.request.layer}:{result.unit}"
        filters = CanvasPicture.rgb(result.filters)
        self.filters.set_content(filters, f"{result.filters_text} · epoch {epoch}", f"filters · epoch {epoch}")
        if result.probe is None or result.maps is None:
            for tile in (self.probe, self.maps, self.down):
                tile.set_content(result.error)
            return
        answers = ", ".join(f"{name} {percent_text(share)}" for name, share in result.answers)
        self.probe.set_content(CanvasPicture.rgb(result.probe), f"probe picture: {answers}", answers)
        shades = table("inferno", False, self.colours is THEMES["dark"])
        caption = f"{layer}, {result.units} maps, each over its own range · click chooses"
        self.maps.set_content(CanvasPicture.indexed(result.maps, shades), caption, f"{layer} maps")
        if result.down is None:
            silent = f"{which} is silent on the probe picture after epoch {epoch}."
            self.down.set_content(silent, f"{which} · silent")
        else:
            caption = f"{which} · strongest activation {number(result.activation)}, deconvnet"
            self.down.set_content(CanvasPicture.rgb(result.down), caption, which)
