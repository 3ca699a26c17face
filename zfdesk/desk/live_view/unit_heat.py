"""Where the looked-at unit looks, by a method that is no walk down: a tile of the unit pane."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QWidget

from zfdesk.attribution import METHODS
from zfdesk.desk.heat_maps import HeatMaps
from zfdesk.desk.widgets.canvas import Content, ValueRange
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.desk.widgets.heat import HeatCanvas, HeatLayer, HeatPicture
from zfdesk.desk.widgets.tile import Tile
from zfdesk.live import HeatFound, HeatQuery, HeatTarget, View

UNIT = "unit"


class UnitHeat(Tile):
    """The tile, and what is asked for it."""

    def __init__(self, heats: HeatMaps, parent: QWidget | None = None) -> None:
        super().__init__("where it looks", HeatCanvas(smooth=True), parent)
        self._heats = heats
        self._layer: tuple[object, HeatLayer] | None = None
        self.stream = heats.open(UNIT, self._query)
        self.stream.changed.connect(self.draw)
        heats.state.result_ready.connect(self._mark)

    def _query(self, view: View) -> HeatQuery | None:
        method = view.heat.unit_method
        return self._heats.asks(view, (method,), HeatTarget.UNIT) if method else None

    def text(self) -> str:
        """What it shows, in full, or why nothing."""
        found, method = self.stream.found, self._heats.state.view.heat.unit_method
        if found is None or found.query.methods[0] != method:
            label = METHODS[method].label if method in METHODS else method
            return f"{label} is being computed…"
        return found.method_text(method)

    def draw(self) -> None:
        """What came, or the sentence why nothing did."""
        found, view = self.stream.found, self._heats.state.view
        method = view.heat.unit_method
        if not method:
            return
        label = METHODS[method].label if method in METHODS else method
        if found is None or method not in found.found:
            self.set_content(self.text(), label)
        else:
            self.set_content(self._content(found, method, view), self.text(), label)

    def _content(self, found: HeatFound, method: str, view: View) -> Content:
        key = found, view.heat.contour, view.maps.colours
        colours = table(view.maps.colours, False, True)
        if self._layer is None or self._layer[0] != key:
            self._layer = key, HeatLayer.of(found.shares[method], view.heat.contour, colours)
        target, size = found.found[method].target, found.input.model.architecture.size
        window = None
        if target.position is not None:  # as the reconstructions: what the unit sees
            stage = found.input.model.architecture.stage(target.layer)
            top, left, bottom, right = stage.receptive_field.box(*target.position)
            if bottom - top < size:
                window = QRectF(left, top, right - left, bottom - top)
        heat = float(found.found[method].heat.max())
        return HeatPicture.rgb(
            found.input.picture, layer=self._layer[1], opacity=view.heat.opacity, window=window,
            value_range=ValueRange(0.0, heat, "", colours), stale=self.stream.stale(),
        )  # fmt: skip

    def _mark(self) -> None:
        if self.isVisible():
            self.canvas.mark_stale(self.stream.stale())


__all__ = ["UnitHeat"]
