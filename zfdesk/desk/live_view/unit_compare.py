"""The selected unit clean | covered | difference: its map above, its reconstruction below, comparable side by side."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from zfdesk.desk.widgets.canvas import CanvasPicture, ValueRange
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.desk.widgets.tile import MapCanvas, Tile
from zfdesk.engine import SeedKind
from zfdesk.figures.facts import number, signed, stretch_text
from zfdesk.live import Result, Style, UnitComparison
from zfdesk.live.result import Shades

COLUMNS = ("clean", "covered", "difference")
HELD = "The clean picture is held (Space): let go to compare."


def common_seed_text(asked: SeedKind, positions: tuple[tuple[int, int], ...]) -> str:
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
        canvases = [MapCanvas() for _ in COLUMNS]
        self.maps = [Tile(f"{column} · map", canvas) for column, canvas in zip(COLUMNS, canvases, strict=True)]
        self.pictures = [Tile(f"{column} · reconstruction") for column in COLUMNS]
        self.show_message("Computing…")
        grid = self._grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(5)
        for row, tiles in enumerate((self.maps, self.pictures)):
            grid.setRowStretch(row, 1)
            for column, tile in enumerate(tiles):
                grid.addWidget(tile, row, column)
                grid.setColumnStretch(column, 1)
        for canvas in canvases:
            canvas.position_picked.connect(self.position_picked)

    @property
    def tiles(self) -> list[Tile]:
        """Return all tiles."""
        return [*self.maps, *self.pictures]

    def show_message(self, message: str) -> None:
        """A sentence instead of the pictures."""
        for tile in self.tiles:
            tile.set_content(message)

    def show_zoom(self, zoom: int) -> None:
        """0: both rows, 1: the maps, 2: the reconstructions."""
        for row, tiles in enumerate((self.maps, self.pictures)):
            seen = zoom in (0, row + 1)
            self._grid.setRowStretch(row, int(seen))
            for tile in tiles:
                tile.setVisible(seen)

    def show_unit(self, result: Result, colours: str, dark: bool) -> None:
        """Draw the comparison that the result holds."""
        unit = result.unit
        both = unit.comparison if unit else None
        if unit is None or both is None:
            self.show_message(HELD if not result.occluded else "Computing…")
            return
        single = len(both.positions) == 1 and unit.reference.to_seed().kind is not SeedKind.MAP
        change = both.activations[1] - both.activations[0]
        notes = [(f"{number(value)} here", "one range for both") for value in both.activations]
        notes.append((f"{signed(change)} here", "covered − clean"))
        for place, (tile, shades, (text, range_text)) in enumerate(zip(self.maps, both.maps, notes, strict=True)):
            shown = table(colours, place == 2 or shades.low < 0, dark)
            tile.set_content(_shades(shades, shown, f"{text} · {range_text}", text, position=unit.place))
        top, left, bottom, right = unit.box
        window = QRectF(left, top, right - left, bottom - top) if single else None
        self._draw_pictures(both, window, result, dark)

    def _draw_pictures(self, both: UnitComparison, window: QRectF | None, result: Result, dark: bool) -> None:
        style, std = result.request.view.style, result.request.model.input.divisor
        if both.reason or both.pictures is None or both.change is None:
            for tile in self.pictures:
                tile.set_content(both.reason)
            return
        norm = style in (Style.NORM, Style.BLURRED)
        for tile, rendered, value in zip(self.pictures, both.pictures, both.activations, strict=False):
            silent = " · inactive: zero" if value == 0 and not rendered.reconstruction.values.any() else ""
            short_note = f"× {number(rendered.stretch)} · alike{silent}"
            known = ValueRange(rendered.low, rendered.high, "" if norm else "0")
            note = f"{stretch_text(rendered.stretch, std)}, alike{silent}"
            tile.set_content(
                CanvasPicture.rgb(rendered.image, window=window, value_range=known, note=note, short_note=short_note)
            )
        mean = "mean over RGB" if style is Style.RAW else ""
        note, short = (f"covered − clean, {mean}", "RGB mean") if mean else ("covered − clean", "")
        self.pictures[2].set_content(_shades(both.change, table("gray", True, dark), note, short, window=window))


def _shades(shades: Shades, colours: tuple[int, ...], note: str, short_note: str, **facts: Any) -> CanvasPicture:
    known = ValueRange(shades.low, shades.high, table=colours)
    return CanvasPicture.indexed(shades.image, colours, value_range=known, note=note, short_note=short_note, **facts)
