"""A snapshot A beside the live B, and their difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.heat_maps import HeatMaps, HeatStream
from zfdesk.desk.widgets.canvas import CanvasPicture, Content, ValueRange
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.desk.widgets.combo_box import ComboBox
from zfdesk.desk.widgets.pane import Pane
from zfdesk.desk.widgets.tile import Tile
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.figures.facts import number
from zfdesk.live import Demand, HeatInput, HeatQuery, MapsDisplay, Normalise, Result, View
from zfdesk.live.render import levels

HEAT = "where the class looks"
CONTENTS = ("picture", "unit map", "reconstruction", HEAT)
NAMES = ("A", "B, live", "A − B")


@dataclass(frozen=True, eq=False)
class _Facts:
    """What of a result is compared: an array, or a sentence why there is none, and what it is."""

    array: np.ndarray | None
    text: str


def compared_array(result: Result, content: str) -> _Facts:
    """The compared array of a result: picture (levels), unit map (activations) or reconstruction (its values)."""
    unit, frame = result.unit, result.request.frame.number_text
    if content == "picture":
        return _Facts(result.picture.astype(np.float32), f"picture · {frame}")
    if unit is None:
        return _Facts(None, "No unit was computed for this.")
    text = f"{unit.reference.layer}:{unit.reference.unit} · {frame}"
    if content == "unit map":
        return _Facts(unit.map, text)
    rendered = unit.pictures.get(result.request.view.method)
    if rendered is None:
        return _Facts(None, unit.reason or "No reconstruction.")
    return _Facts(rendered.reconstruction.values, f"{result.request.view.method.value} · {text}")


class ComparePane(Pane):
    """A, B and A − B, all three on one scale."""

    title = "A | B"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        desk = self.desk
        self.a: Result | None = None
        self.tiles = [Tile(name) for name in NAMES]
        for tile in self.tiles:
            tile.set_compact(True)
        self.content = ComboBox()
        self.content.addItems(CONTENTS)
        self.content.setAccessibleName("What is compared")
        self.content.setToolTip("What is compared: the picture, the unit's map or its reconstruction")
        self.content.activated.connect(self._choose)
        self.take_button = QPushButton("Take A")
        self.take_button.setToolTip("Keep what is shown now as snapshot A")
        self.take_button.clicked.connect(self.take_snapshot)
        row = QHBoxLayout()
        row.addWidget(self.take_button)
        row.addWidget(self.content)
        row.addStretch(1)
        self.body.addLayout(row)
        tiles = QHBoxLayout()
        for tile in self.tiles:
            tiles.addWidget(tile, 1)
        self.body.addLayout(tiles, 1)
        heats = context.get(HeatMaps)
        ask: Callable[[View], HeatQuery | None] = lambda view: heats.asks(view, (view.heat.method,))  # noqa: E731
        self._heats = heats.open("A", ask, self._a_input), heats.open("B", ask)
        for stream in self._heats:
            stream.changed.connect(self.show_view)
        desk.model_changed.connect(self._clear)
        self._clear()

    def _a_input(self) -> HeatInput | None:
        return HeatInput.of(self.a) if self.a is not None else None

    def set_seen(self, seen: bool) -> None:
        self._seen = seen
        self._watch()

    _seen = False

    def _watch(self) -> None:
        """Heats are found only while they are compared."""
        for stream in self._heats:
            stream.watch(self._seen and self.content.currentText() == HEAT)

    def _compared_array(self, result: Result, content: str, stream: HeatStream) -> _Facts:
        if content != HEAT:
            return compared_array(result, content)
        found = stream.found
        if found is None or found.input.model is not result.request.model:
            return _Facts(None, "Where the class looks is being computed…")
        name = found.query.methods[0]
        if name not in found.found:
            return _Facts(None, found.method_text(name))
        stale = stream.stale()
        text = f"{found.method_text(name)} · {found.frame_text()}"
        text += f" · OLD: {stale}" if stale else ""
        return _Facts(found.found[name].heat.astype(np.float32), text)

    def demand(self, demand: Demand) -> Demand:
        return replace(demand, unit=demand.unit or self.a is not None)

    def _clear(self) -> None:
        self.a = None
        self.facts.say("")
        keys = self.context.get(ActionTable)
        text = keys.with_keys("Take a snapshot ({snapshot}) to compare it with the live picture.")
        for tile in self.tiles:
            tile.set_content(text)

    def take_snapshot(self) -> None:
        """Keep the newest complete result as A."""
        if self.desk.complete is None:
            self.desk.message.emit("There is nothing to keep yet: try again in a moment.", True)
            return
        self.a = self.desk.complete
        self.show_result(self.a)
        self.desk.message.emit(f"Snapshot A taken of {self.a.request.frame.number_text}.", False)

    def show_snapshot(self, a: Result | None) -> None:
        """Keep another result as A, or none."""
        self._clear()
        self.a = a
        self.show_view()

    def show_result(self, result: Result) -> None:
        if not result.complete or not self.isVisible():
            return
        content = self.content.currentText()
        b = self._compared_array(result, content, self._heats[1])
        if self.a is None:
            self._draw(self.tiles[1], b, content, None)
            return
        a = self._compared_array(self.a, content, self._heats[0])
        limit = max((float(np.abs(f.array).max()) for f in (a, b) if f.array is not None), default=1.0) or 1.0
        self._draw(self.tiles[0], a, content, limit)
        self._draw(self.tiles[1], b, content, limit)
        self._difference(a, b, content)
        self._classes(self.a, result)

    def _draw(self, tile: Tile, facts: _Facts, content: str, limit: float | None) -> None:
        caption = ("A · " if tile is self.tiles[0] else "B · ") + facts.text
        tile.set_content(self._content(facts, content, limit), caption)

    def _content(self, facts: _Facts, content: str, limit: float | None) -> Content:
        if facts.array is None:
            return facts.text
        if content == "picture":
            return CanvasPicture.rgb(facts.array.astype(np.uint8), value_range=ValueRange(0, 255))
        limit = limit or float(np.abs(facts.array).max()) or 1.0
        if content in ("unit map", HEAT):
            return self._indexed(facts.array, limit, signed=float(facts.array.min()) < 0)
        image = (facts.array * (127 / limit) + 128.5).clip(0, 255).astype(np.uint8)
        note = f"contrast stretched × {number(127 / limit)}"
        return CanvasPicture.rgb(
            image, value_range=ValueRange(-limit, limit), note=note, short_note="contrast stretched"
        )

    def _indexed(self, array: np.ndarray, limit: float, signed: bool) -> CanvasPicture:
        display = MapsDisplay(normalise=Normalise.LOCKED, locked=(-limit if signed else 0.0, limit))
        shades, low, high = levels(torch.tensor(array)[None], display, signed)
        image = shades[0].numpy()
        shown = table(self.desk.view.maps.colours, signed, self.desk.view.theme == "dark")
        return CanvasPicture.indexed(image, shown, value_range=ValueRange(low, high, table=shown))

    def _difference(self, a: _Facts, b: _Facts, content: str) -> None:
        tile = self.tiles[2]
        if a.array is None or b.array is None or a.array.shape != b.array.shape:
            tile.set_content("A and B cannot be subtracted: they are not of the same kind and size.")
            return
        difference = a.array - b.array
        if difference.ndim == 3:
            difference = difference.mean(2)
        caption = f"A − B · {content}" + (", mean over RGB" if content in ("picture", "reconstruction") else "")
        tile.set_content(self._indexed(difference, float(np.abs(difference).max()) or 1.0, signed=True), caption)

    def _classes(self, a: Result, b: Result) -> None:
        """How the most probable classes change from A to B."""
        first, second = int(a.probabilities.argmax()), int(b.probabilities.argmax())
        names = self.desk.model.classes
        parts = [
            f"{names[i]} {a.probabilities[i] * 100:.1f} → {b.probabilities[i] * 100:.1f} %"
            for i in dict.fromkeys((first, second))
        ]
        self.facts.say(" · ".join(parts))

    def as_data(self) -> str:
        """The classes' probabilities in A and B."""
        a, b = self.a, self.desk.complete
        if a is None or b is None:
            return ""
        names, pairs = self.desk.model.classes, zip(a.probabilities, b.probabilities, strict=True)
        rows = [(index, names[index], p, q, p - q) for index, (p, q) in enumerate(pairs)]
        return table_text(("class", "name", "A", "B", "A − B"), rows)

    def _choose(self) -> None:
        self._watch()
        self.show_view()

    def show_view(self) -> None:
        if self.desk.result:
            self.show_result(self.desk.result)
