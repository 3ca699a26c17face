"""One snapshot of a run: first-layer filters, the probe picture, its maps, and one unit's reconstruction."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGridLayout, QWidget

from zfdesk.desk.training.snapshots import GAP, SnapshotLook
from zfdesk.desk.widgets.canvas import Canvas, indexed_image, rgb_image
from zfdesk.desk.widgets.colour_bar import number
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.desk.widgets.theme import THEMES, Colours
from zfdesk.desk.widgets.tile import Tile

LOADING = "…"


class MosaicCanvas(Canvas):
    """A layer's maps; a click chooses a unit. ``unit_picked``: it."""

    unit_picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.look: SnapshotLook | None = None
        self.pressed.connect(self._pick)

    def _pick(self, point: tuple[float, float], _: object) -> None:
        look = self.look
        if look is None or look.maps is None:
            return
        column, row = int(point[0] // (look.tile[1] + GAP)), int(point[1] // (look.tile[0] + GAP))
        unit = row * look.columns + column
        if 0 <= column < look.columns and row >= 0 and unit < look.units:
            self.unit_picked.emit(unit)

    def paint_over(self, painter: QPainter) -> None:
        look = self.look
        if look is not None and look.unit >= 0:
            row, column = divmod(look.unit, look.columns)
            left, top = column * (look.tile[1] + GAP), row * (look.tile[0] + GAP)
            painter.setPen(QPen(self.colours.colour("unit"), 2))
            painter.drawRect(self.rect_to_screen(left, top, left + look.tile[1], top + look.tile[0]))


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
        self.look: SnapshotLook | None = None
        self._arrays: list[object] = []

    def set_colours(self, colours: Colours) -> None:
        """Take over a theme."""
        self.colours = colours
        if self.look is not None:
            self.show_look(self.look)

    def show_waiting(self, words: str) -> None:
        """What is shown belongs to another choice."""
        for tile in (self.probe, self.filters, self.maps, self.down):
            tile.canvas.stale = words if tile.canvas.has_picture and words else ""
            tile.canvas.message = "" if tile.canvas.has_picture else words or LOADING
            tile.canvas.update()

    def show_look(self, look: SnapshotLook) -> None:
        """Draw what a snapshot holds and answers."""
        self.look = self.mosaic.look = look
        self.show_waiting("")
        epoch = look.wish.epoch
        self.filters.canvas.set_picture(rgb_image(look.filters), look.filters)
        self.filters.canvas.message = ""
        self.filters.caption.say(f"{look.filters_words} · epoch {epoch}", f"filters · epoch {epoch}")
        rest = (self.probe, self.maps, self.down)
        for tile in rest:
            tile.canvas.message = look.trouble if look.probe is None else ""
            tile.canvas.update()
        if look.probe is None or look.maps is None:
            return
        self.probe.canvas.set_picture(rgb_image(look.probe), look.probe)
        answers = ", ".join(f"{name} {share * 100:.0f} %" for name, share in look.answers)
        self.probe.caption.say(f"probe picture: {answers}", f"{answers}")
        shades = table("inferno", False, self.colours is THEMES["dark"])
        self.mosaic.set_picture(indexed_image(look.maps, shades), look.maps)
        layer = look.wish.layer
        self.maps.caption.say(f"{layer}, {look.units} maps, each over its own range · click chooses", f"{layer} maps")
        if look.down is None:
            self.down.canvas.message = f"{layer}:{look.unit} is silent on the probe picture after epoch {epoch}."
            self.down.caption.say(f"{layer}:{look.unit} · silent")
        else:
            self.down.canvas.set_picture(rgb_image(look.down), look.down)
            self.down.caption.say(
                f"{layer}:{look.unit} · strongest activation {number(look.activation)}, deconvnet",
                f"{layer}:{look.unit}",
            )
