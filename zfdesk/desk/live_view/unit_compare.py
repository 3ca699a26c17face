"""The selected unit clean | covered | difference: its map above, its reconstruction below, comparable side by side."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from zfdesk.desk.widgets.canvas import indexed_image, rgb_image
from zfdesk.desk.widgets.colour_bar import number
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.desk.widgets.tile import MapCanvas, Tile
from zfdesk.engine import SeedKind
from zfdesk.live import Result, Style, UnitComparison
from zfdesk.live.result import Shades

COLUMNS = ("clean", "covered", "difference")
HELD = "The clean picture is held (Space): let go to compare."


def common_seed_words(asked: SeedKind, positions: tuple[tuple[int, int], ...]) -> str:
    """Where both reconstructions begin, in words."""
    match asked:
        case SeedKind.MAP:
            return "their whole map"
        case SeedKind.TOPK:
            return f"the clean map's {len(positions)} strongest places"
        case SeedKind.AT:
            return f"the picked place {positions[0]}"
    return f"the clean map's strongest place {positions[0]}"


class Comparison(QWidget):
    """Six tiles. ``position_picked``: a click on any of the maps."""

    position_picked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.maps = [Tile(f"{column} · map", MapCanvas()) for column in COLUMNS]
        self.pictures = [Tile(f"{column} · reconstruction") for column in COLUMNS]
        self.say("Computing…")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(5)
        for row, tiles in enumerate((self.maps, self.pictures)):
            grid.setRowStretch(row, 1)
            for column, tile in enumerate(tiles):
                grid.addWidget(tile, row, column)
                grid.setColumnStretch(column, 1)
        for tile in self.maps:
            tile.canvas.position_picked.connect(self.position_picked)

    @property
    def tiles(self) -> list[Tile]:
        """All of them."""
        return [*self.maps, *self.pictures]

    def say(self, message: str) -> None:
        """A sentence instead of the pictures."""
        for tile in self.tiles:
            tile.canvas.message = message
            tile.canvas.update()

    def show_zoom(self, zoom: int) -> None:
        """0: both rows, 1: the maps, 2: the reconstructions."""
        for row, tiles in enumerate((self.maps, self.pictures)):
            seen = zoom in (0, row + 1)
            self.layout().setRowStretch(row, int(seen))
            for tile in tiles:
                tile.setVisible(seen)

    def show_unit(self, result: Result, colours: str, dark: bool) -> None:
        """Draw the comparison that the result holds."""
        unit = result.unit
        both = unit.comparison if unit else None
        if unit is None or both is None:
            self.say(HELD if not result.occluded else "Computing…")
            return
        single = len(both.positions) == 1 and unit.reference.to_seed().kind is not SeedKind.MAP
        for place, (tile, shades) in enumerate(zip(self.maps, both.maps, strict=True)):
            signed = place == 2 or shades.low < 0
            self._shades(tile, shades, table(colours, signed, dark))
            assert isinstance(tile.canvas, MapCanvas)
            tile.canvas.position = unit.position if unit.map.size > 1 else None
            tile.canvas.message = ""
        for tile, value in zip(self.maps, both.activations, strict=False):
            tile.note.say(f"{number(value)} here · one range for both", f"{number(value)} here")
        gap = both.activations[1] - both.activations[0]
        self.maps[2].note.say(f"{gap:+.3g} here · covered − clean", f"{gap:+.3g} here")
        top, left, bottom, right = unit.box
        window = QRectF(left, top, right - left, bottom - top) if single else None
        self._draw_pictures(both, window, result.request.view.style, dark)

    def _draw_pictures(self, both: UnitComparison, window: QRectF | None, style: Style, dark: bool) -> None:
        for tile in self.pictures:
            tile.canvas.message = both.reason
            tile.canvas.set_window(window)
            if both.reason:
                tile.bar.show_range(0, 0)
                tile.note.say("")
        if both.pictures is None or both.change is None:
            return
        norm = style in (Style.NORM, Style.BLURRED)
        for tile, rendered, value in zip(self.pictures, both.pictures, both.activations, strict=False):
            tile.canvas.set_picture(rgb_image(rendered.image), rendered.image)
            tile.bar.show_range(rendered.low, rendered.high, "" if norm else "0")
            silent = " · inactive: zero" if value == 0 and not rendered.reconstruction.values.any() else ""
            words = f"× {number(rendered.stretch)}, alike{silent}"
            tile.note.say(f"contrast stretched {words}", words)
        self._shades(self.pictures[2], both.change, table("gray", True, dark))
        coloured = style is Style.RAW
        self.pictures[2].note.say(
            "covered − clean" + (", mean over RGB" if coloured else ""), "mean over RGB" if coloured else ""
        )

    def _shades(self, tile: Tile, shades: Shades, colours: tuple[int, ...]) -> None:
        tile.canvas.set_picture(indexed_image(shades.image, colours), shades.image)
        tile.bar.show_range(shades.low, shades.high, "", colours)
