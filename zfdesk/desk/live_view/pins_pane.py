"""Pinned units side by side, live on the same frame."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.live_view.unit_content import map_picture, reconstruction_content, reference_text
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.pane import Pane
from zfdesk.desk.widgets.theme import Colours
from zfdesk.desk.widgets.tile import MapCanvas, Tile
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.live import Demand, Result, UnitReference, UnitResult
from zfdesk.live.changes import toggle_pin
from zfdesk.live.view import MOST_PINS


class PinCard(QWidget):
    """One pinned unit: its map beside its reconstruction."""

    def __init__(self, pane: PinsPane, reference: UnitReference) -> None:
        super().__init__()
        self.pane, self.reference = pane, reference
        self.map_tile, self.picture_tile = Tile("map", MapCanvas()), Tile("reconstruction")
        for tile in (self.map_tile, self.picture_tile):
            tile.set_compact(True)
            tile.set_content("Waiting for the next frame…")
        unpin = tool_button("×")
        unpin.setToolTip("Unpin")
        unpin.setAccessibleName(f"Unpin {reference.layer}:{reference.unit}")
        unpin.clicked.connect(partial(pane.unpin, reference))
        show = tool_button(f"{reference.layer}:{reference.unit}")
        show.setToolTip("Select this unit")
        show.clicked.connect(partial(pane.select, reference))
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(show, 1)
        head.addWidget(unpin)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        pictures = QHBoxLayout()
        pictures.setSpacing(3)
        pictures.addWidget(self.map_tile, 1)
        pictures.addWidget(self.picture_tile, 1)
        layout.addLayout(head)
        layout.addLayout(pictures, 1)
        self.setMinimumWidth(230)

    def show_unit(self, unit: UnitResult, result: Result) -> None:
        """Draw the unit on this frame."""
        stage = result.request.model.architecture.stage(unit.reference.layer)
        view = self.pane.desk.view
        signed = not stage.rectified and float(unit.map.min()) < 0
        shown = map_picture(unit, view.maps.colours, signed, view.theme == "dark")
        self.map_tile.set_content(shown, reference_text(unit.reference, unit.position, stage.spatial))
        asked, (top, left, bottom, right) = result.request.view, unit.box
        window = QRectF(left, top, right - left, bottom - top)
        content = reconstruction_content(
            unit, asked.method, asked.style, window, std=result.request.model.input.divisor
        )
        self.picture_tile.set_content(content, asked.method.value)


class PinsPane(Pane):
    """As many cards as there are pins."""

    title = "Pins"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.cards: list[PinCard] = []
        keys = context.get(ActionTable)
        self.empty = QLabel(keys.with_keys("Pin a unit (key {pin}) to keep it in view beside others."))
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.row = QHBoxLayout()
        self.row.setSpacing(6)
        self.row.setContentsMargins(0, 0, 0, 0)
        inner = QWidget()
        inner.setLayout(self.row)
        self.row.addWidget(self.empty)
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(inner)
        self.body.addWidget(area)

    def demand(self, demand: Demand) -> Demand:
        return replace(demand, pins=True)

    def unpin(self, reference: UnitReference) -> None:
        """Remove a pinned unit."""
        if reference in self.desk.view.pins:
            self.desk.change(toggle_pin(self.desk.view, reference))

    def select(self, reference: UnitReference) -> None:
        """Make a pinned unit the selected one."""
        view = self.desk.view.change(layer=reference.layer, unit=reference.unit, position=reference.position)
        self.desk.change(view.change(seed=reference.seed, seed_count=reference.k))

    def show_view(self) -> None:
        pins = self.desk.view.pins
        if [card.reference for card in self.cards] == list(pins):
            return
        for card in self.cards:
            self.row.removeWidget(card)
            card.deleteLater()
        self.cards = [PinCard(self, pin) for pin in pins]
        for card in self.cards:
            self.row.addWidget(card, 1)
        self.empty.setVisible(not pins)
        self.set_colours(self.colours)
        self.facts.say(f"{len(pins)} of at most {MOST_PINS} pinned" if pins else "")

    def set_colours(self, colours: Colours) -> None:
        self.colours = colours
        super().set_colours(colours)

    def as_data(self) -> str:
        result = self.desk.complete
        if result is None or not result.pins:
            return ""
        rows = [
            (u.reference.layer, u.reference.unit, *(u.place or ("", "")), u.activation,
             u.map.max() if u.place else "")
            for u in result.pins
        ]  # fmt: skip
        return table_text(("layer", "unit", "y", "x", "activation", "map max"), rows)

    def show_result(self, result: Result) -> None:
        shown = {unit.reference: unit for unit in result.pins}
        for card in self.cards:
            unit = shown.get(card.reference)
            if unit is not None:
                card.show_unit(unit, result)
