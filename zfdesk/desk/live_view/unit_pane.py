"""The selected unit: its map, the patch it sees, and its reconstructions on the same frame."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QWidget

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.heat_maps import HeatMaps
from zfdesk.desk.live_view.unit_compare import Comparison, common_seed_text
from zfdesk.desk.live_view.unit_filter import Filter, filter_of, has_filters, sees_the_picture
from zfdesk.desk.live_view.unit_heat import UnitHeat
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture, Content, ValueRange
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.desk.widgets.controls import Choice, Controls
from zfdesk.desk.widgets.heat_controls import METHOD_HELPS, METHOD_LABELS
from zfdesk.desk.widgets.pane import QWIDGETSIZE_MAX, ElidedLabel, Pane
from zfdesk.desk.widgets.tile import MapCanvas, Tile
from zfdesk.desk.widgets.tsv import array_text
from zfdesk.engine import LRN, Model, Rule, SeedKind
from zfdesk.figures.facts import RULE_LABELS, number, stretch_text, unit_text
from zfdesk.live import Demand, Normalise, Result, Style, UnitReference, UnitResult
from zfdesk.live.changes import method_of, pick_position, set_method, set_seed, side_by_side
from zfdesk.live.render import levels

STALE_SECONDS = 0.4
SMALL_SHARE, PRESENTER_SHARE = 0.25, 0.09  # of the pane's height at most: the map and the patch
SMALLEST = 48  # screen pixels a picture

SEED_LABELS = {
    SeedKind.MAX: "strongest position",
    SeedKind.AT: "picked position",
    SeedKind.TOPK: "k strongest",
    SeedKind.MAP: "whole map",
}


SEED_HINT = "Seed: the activations of this unit that the way down to the pixels begins with; all others are set to zero"


def reference_text(reference: UnitReference, position: tuple[int, int], spatial: bool) -> str:
    """conv4:17 @ (6, 7)."""
    return unit_text(reference.layer, reference.unit, position if spatial else None)


def _seed_said(reference: UnitReference) -> str:
    """seed: strongest position."""
    kind = reference.to_seed().kind
    return f"seed: {reference.k} strongest" if kind is SeedKind.TOPK else f"seed: {SEED_LABELS[kind]}"


def map_picture(
    unit: UnitResult, colours: str, signed: bool, dark: bool, note: str = "", stale: str = ""
) -> CanvasPicture:
    """A unit's map over its own range, its position framed."""
    import torch

    from zfdesk.live import MapsDisplay

    tensor = torch.tensor(unit.map)[None]
    shades, low, high = levels(tensor, MapsDisplay(normalise=Normalise.LAYER), signed)
    array = shades[0].numpy()
    shown = table(colours, signed, dark)
    ends = (low, high) if unit.map.any() else (0.0, 0.0)
    known = ValueRange(*ends, table=shown)
    return CanvasPicture.indexed(array, shown, position=unit.position, value_range=known, note=note, stale=stale)


def reconstruction_content(
    unit: UnitResult,
    rule: Rule,
    style: Style,
    window: QRectF | None,
    stale: str = "",
    std: tuple[float, float, float] | None = None,
) -> Content:
    """A unit's reconstruction by one method, or the sentence why there is none."""
    rendered = unit.pictures.get(rule)
    if rendered is None:
        return unit.reason or f"{RULE_LABELS[rule]} is being computed…"
    if rendered.high <= 1e-12:
        return f"The {RULE_LABELS[rule]} is zero everywhere: no path to the picture is active."
    text = "" if style in (Style.NORM, Style.BLURRED) else "0"
    return CanvasPicture.rgb(
        rendered.image, window=window, value_range=ValueRange(rendered.low, rendered.high, text),
        note=stretch_text(rendered.stretch, std), short_note=stretch_text(rendered.stretch), stale=stale,
    )  # fmt: skip


class UnitPane(Pane):
    """The unit that is selected, or the origin."""

    title = "Unit"
    shows_unit = True
    two_lines = True

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        desk = self.desk
        map_canvas = MapCanvas()
        self.map_tile = Tile("map", map_canvas, self)
        self.patch_tile = Tile("what it sees", parent=self)
        self.map_tile.set_compact(True)
        self.patch_tile.set_compact(True)
        self.filter_tile = Tile("its filter", Canvas(), self)
        self.filter_tile.set_compact(True)
        self._filter: tuple[tuple[Model, str, int], Filter] | None = None
        self.rule_tiles = {rule: Tile(RULE_LABELS[rule], parent=self) for rule in Rule}
        self.heat_tile = UnitHeat(context.get(HeatMaps), self)
        for tile in (*self.small_tiles, self.heat_tile, *self.rule_tiles.values()):
            tile.set_content("Waiting for the first frame…")
        map_canvas.position_picked.connect(self._pick)
        self._placed: tuple[list[Tile], list[Tile], bool] = ([], [], False)
        self.controls = self._controls()
        self.body.addWidget(self.controls)
        self.grid = QGridLayout()
        self.grid.setSpacing(5)
        self.body.addLayout(self.grid, 1)
        self.comparison = Comparison(self)
        self.comparison.position_picked.connect(self._pick)
        self.comparison.hide()
        self.body.addWidget(self.comparison, 1)
        self.foot = ElidedLabel(lines=2, steady=True)
        self.body.addWidget(self.foot)
        desk.model_changed.connect(self._forget)

    def _controls(self) -> Controls:
        self.method = Choice({}, "Method: the walks down of the paper, or where the unit looks by any other")
        self.method.offer(METHOD_LABELS, METHOD_HELPS)
        self.method.chosen.connect(lambda name: self.desk.change(set_method(self.desk.view, name)))
        self.seed = Choice(SEED_LABELS, SEED_HINT)
        self.seed.chosen.connect(self._choose_seed)
        self.style_choice = self._choice(
            {style: style.value for style in Style}, "How the signed values become a picture", lambda v: {"style": v}
        )
        self.all_methods = tool_button("all methods", checkable=True)
        self.all_methods.setToolTip("Show deconvnet, guided backprop and gradient side by side")
        self.all_methods.clicked.connect(lambda on: self.desk.change(side_by_side(self.desk.view, on)))
        self.filters = tool_button("filters", checkable=True)
        text = "Show the unit's own filters, a tile for each map below ({unit-filters})"
        self.filters.setToolTip(self.context.get(ActionTable).with_keys(text))
        self.filters.clicked.connect(lambda on: self.desk.change(self.desk.view.change(filters=on)))
        self.compare_clean = tool_button("clean | covered", checkable=True)
        self.compare_clean.setToolTip("Clean, covered and their difference side by side, while something is covered")
        self.compare_clean.clicked.connect(lambda on: self.desk.change(self.desk.view.change(compare_clean=on)))
        self.freeze = tool_button("origin", checkable=True)
        self.freeze.setToolTip("Keep this unit here as the origin while you look at other layers (D)")
        self.freeze.clicked.connect(self._toggle_origin)
        controls = Controls(self)
        for widget, name in (
            (self.method, "Method"), (self.seed, "Seed"), (self.style_choice, "Style"),
            (self.all_methods, "All methods"), (self.compare_clean, "Compare with clean"),
            (self.freeze, "Keep as origin"), (self.filters, "Show its filters"),
        ):  # fmt: skip
            controls.add(widget, name)
        return controls

    def _choice(self, labels: Mapping[Any, str], hint: str, change: Callable[[Any], dict[str, Any]]) -> Choice:
        choice = Choice(labels, hint)
        choice.chosen.connect(lambda value: self.desk.change(self.desk.view.change(**change(value))))
        return choice

    def _choose_seed(self, seed: SeedKind) -> None:
        view, shown = self.desk.view, self.shown_result.unit if self.shown_result else None
        if seed is SeedKind.AT and view.looked_at.position is None and shown is not None:
            self.desk.change(pick_position(view, shown.position))  # nothing was picked yet: what is shown stays
        else:
            self.desk.change(set_seed(view, seed))

    def _toggle_origin(self, on: bool) -> None:
        view = self.desk.view
        self.desk.change(view.change(origin=view.selected if on else None))

    def _pick(self, y: int, x: int) -> None:
        self.desk.change(pick_position(self.desk.view, (y, x)), "position")

    def as_data(self) -> str:
        if self.shown_result is None or self.shown_result.unit is None:
            return ""
        return array_text(f"{self.facts.whole} · activation", self.shown_result.unit.map)

    # Layout

    @property
    def comparing(self) -> bool:
        """Whether clean, covered and difference are shown: chosen, and there is something to compare."""
        return self.desk.view.compare_clean and bool(self.desk.view.occluders)

    def demand(self, demand: Demand) -> Demand:
        methods = self.shown_rules()
        return replace(demand, unit=True, methods=methods, compare=self.comparing)

    def shown_unit(self) -> UnitReference:
        return self.desk.view.looked_at

    def shown_rules(self) -> tuple[Rule, ...]:
        """The methods that have a tile, the chosen one first."""
        view = self.desk.view
        all_methods = view.all_methods and not self.comparing
        others = tuple(rule for rule in Rule if rule is not view.method) if all_methods else ()
        return (view.method, *others)

    def _tiles(self) -> list[Tile]:
        rules: list[Tile] = [self.rule_tiles[rule] for rule in self.shown_rules()]
        if self.desk.view.heat.unit_method:
            rules = [self.heat_tile, *(rules if self.desk.view.all_methods else ())]
        match self.desk.view.zoom:
            case 1:
                return [self.map_tile]
            case 2:
                return rules[:1]
        if self.lecture:
            return [rules[0], self.map_tile]
        own = [self.filter_tile] if self._shows_filter() else []
        return [*rules, self.map_tile, self.patch_tile, *own]

    def _shows_filter(self) -> bool:
        """Of the first layer always: there it is a picture. Of others when it is asked for."""
        view, model = self.desk.view, self.desk.model
        layer = view.looked_at.layer
        return sees_the_picture(model, layer) or (view.filters and has_filters(model, layer))

    def _draw_filter(self, result: Result, dark: bool) -> None:
        reference, model = result.request.view.looked_at, result.request.model
        if not has_filters(model, reference.layer):
            return
        key = (model, reference.layer, reference.unit)
        if self._filter is None or self._filter[0] != key:
            self._filter = key, filter_of(*key)
        unit_filter = self._filter[1]
        self.filter_tile.set_content(unit_filter.picture(dark), unit_filter.text)

    def _arrange(self) -> None:
        """The reconstruction over the whole width, map and patch below it; other methods share the width with it."""
        tiles = self._tiles() if not self.comparing else []
        self.comparison.setVisible(self.comparing)
        if self.comparing:
            self.comparison.show_zoom(self.desk.view.zoom)
        small = [tile for tile in tiles if tile in self.small_tiles] if len(tiles) > 1 else []
        large = [tile for tile in tiles if tile not in small]
        wide = self.width() > self.height()
        if self._placed != (large, small, wide):
            self._placed = (large, small, wide)
            self._place(large, small, wide)
        for tile in small:
            # the small ones take little of the room: what the unit saw is what people came for
            share = PRESENTER_SHARE if self.desk.view.presenter else SMALL_SHARE
            side = int(min(self.width() / max(len(small), 1), self.height() * share))
            tile.canvas.setMinimumHeight(SMALLEST)
            tile.canvas.setMaximumHeight(max(side, SMALLEST))
        presenter, several = self.desk.view.presenter, len(large) > 1
        self.foot.setVisible(not (presenter or self.lecture))
        for tile in large:
            tile.caption.setVisible(several or not presenter)  # pictures grow before text: the line above names it
            tile.canvas.setMinimumHeight(SMALLEST)
            tile.canvas.setMaximumHeight(QWIDGETSIZE_MAX)

    @property
    def small_tiles(self) -> tuple[Tile, ...]:
        """Those below the reconstruction."""
        return self.map_tile, self.patch_tile, self.filter_tile

    def _place(self, large: list[Tile], small: list[Tile], wide: bool) -> None:
        for tile in (*self.small_tiles, self.heat_tile, *self.rule_tiles.values()):
            self.grid.removeWidget(tile)
            tile.setVisible(tile in large or tile in small)
        columns = max(len(small), 1) * max(len(large) if wide else 1, 1)
        row = 0
        for place, tile in enumerate(large):
            span = columns // (len(large) if wide else 1)
            self.grid.addWidget(tile, 0 if wide else place, place * span if wide else 0, 1, span)
            row = 1 if wide else place + 1
        for place, tile in enumerate(small):
            span = columns // len(small)
            self.grid.addWidget(tile, row, place * span, 1, span)
        for column in range(self.grid.columnCount()):
            self.grid.setColumnStretch(column, 1 if column < columns else 0)
        for number_of_row in range(self.grid.rowCount()):
            self.grid.setRowStretch(number_of_row, 1 if number_of_row < row else 0)

    def set_lecture(self, lecture: bool) -> None:
        super().set_lecture(lecture)
        self.controls.setVisible(not lecture)
        self._arrange()

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        self._arrange()

    # Content

    def set_seen(self, seen: bool) -> None:
        self.heat_tile.stream.watch(seen)

    def show_result(self, result: Result) -> None:
        unit = result.unit
        # still being computed: the facts name the frame that is shown, and `show_facts` marks it if it lasts
        if unit is None or not result.complete:
            if self.shown_result is None:
                self._mark("", "Computing…")
            return
        self.shown_result, self._shown_at = result, time.perf_counter()
        self._draw(result)

    def _draw(self, result: Result) -> None:
        view, unit, stale = self.desk.view, result.unit, ""
        if unit is None:
            return
        if (unit.reference.layer, unit.reference.unit) != (view.looked_at.layer, view.looked_at.unit):
            stale = f"still {unit.reference.layer}:{unit.reference.unit}"
        self._compared = self.comparing
        if self.comparing:
            self.comparison.show_unit(result, view.maps.colours, view.theme == "dark")
            self._mark(stale)
            return
        stage = result.request.model.architecture.stage(unit.reference.layer)
        dark = view.theme == "dark"
        signed = not stage.rectified and float(unit.map.min()) < 0
        self.map_tile.set_content(
            map_picture(unit, view.maps.colours, signed, dark, "its own range", stale) if stage.spatial
            else f"One number, no map: {number(unit.activation)}"
        )  # fmt: skip
        self._draw_filter(result, dark)
        top, left, bottom, right = unit.box
        window = QRectF(left, top, right - left, bottom - top)
        seen = "covered" if result.occluded else "the clean picture"
        self.patch_tile.set_content(CanvasPicture.rgb(result.picture, window=window, note=seen, stale=stale))
        single = unit.reference.to_seed().kind in (SeedKind.MAX, SeedKind.AT)
        style, shown, std = result.request.view.style, window if single else None, result.request.model.input.divisor
        for rule in self.shown_rules():
            self.rule_tiles[rule].set_content(reconstruction_content(unit, rule, style, shown, stale, std))
        self._mark(stale)

    def _forget(self) -> None:
        """Another network: what is shown is of the old one."""
        if self.shown_result is not None and self.desk.still_holds(self.shown_result.request.view.looked_at.layer):
            return
        self.shown_result = None
        self._mark("", "Computing…")

    shown_result: Result | None = None
    _shown_at = 0.0
    _compared = False  # whether what is shown was drawn as a comparison

    def _behind(self) -> str:
        """What to say when the pane has been behind the others for a while."""
        newest, shown = self.desk.result, self.shown_result
        if newest is None or shown is None or newest.request.frame is shown.request.frame:
            return ""
        return f"frame {shown.request.frame.number}" if time.perf_counter() - self._shown_at > STALE_SECONDS else ""

    def _mark(self, stale: str, message: str | None = None) -> None:
        for tile in (*self.small_tiles, *self.rule_tiles.values(), *self.comparison.tiles):
            if message is None:
                tile.canvas.mark_stale(stale)
            else:
                tile.set_content(message)

    def show_view(self) -> None:
        view = self.desk.view
        for box, value in (
            (self.method, method_of(view)),
            (self.seed, view.looked_at.seed),
            (self.style_choice, view.style),
        ):
            box.show_value(value)
        self.all_methods.setChecked(view.all_methods and not self.comparing)
        self.filters.setChecked(view.filters)
        reference = view.looked_at
        on_demand = has_filters(self.desk.model, reference.layer) and not sees_the_picture(
            self.desk.model, reference.layer
        )
        self.controls.set_present(self.filters, on_demand)
        self.compare_clean.setChecked(view.compare_clean)
        self.freeze.setChecked(view.origin is not None)
        self._arrange()
        self.heat_tile.draw()
        if (
            self.shown_result is not None and self._compared != self.comparing
        ):  # nothing of the last time may be seen again
            self._draw(self.shown_result)
        for rule, tile in self.rule_tiles.items():
            font = QFont(self.font())
            font.setBold(rule == method_of(view))
            tile.caption.setFont(font)

    def show_facts(self) -> None:
        result = self.shown_result
        if result is None or result.unit is None:
            return
        unit, view = result.unit, result.request.view
        stage = result.request.model.architecture.stage(unit.reference.layer)
        method = self.heat_tile.text() if view.heat.unit_method else RULE_LABELS[view.method]
        parts = [reference_text(unit.reference, unit.position, stage.spatial), method]
        if stage.name in result.request.model.architecture.class_layers:
            parts[0] += f" “{result.request.model.classes[unit.reference.unit]}”"
        both = unit.comparison
        parts += [
            _seed_said(unit.reference) if both is None else "clean | covered",
            f"frame {result.request.frame.number}",
        ]
        if view.origin is not None:
            parts.insert(0, "ORIGIN")
        if result.request.clean:
            parts.insert(0, "CLEAN")
        if behind := self._behind():
            self._mark(behind)
        self.facts.say(" · ".join(parts))
        if both is not None:
            labels = common_seed_text(view.looked_at.to_seed().kind, both.positions)
            self.foot.say(f"both reconstructed from {labels}", f"both from {labels}")
            return
        clean = float(unit.clean_map.max())
        changed = f" · clean max {number(clean)}" if result.occluded else ""
        field = stage.receptive_field.size
        normal = "its derivative" if view.lrn_derivative or view.method is not Rule.DECONVNET else "identity"
        sees = f" · sees {field} × {field} px" if stage.name != "input" else ""
        has_lrn = any(isinstance(s.layer, LRN) for s in result.request.model.architecture.stages)
        lrn = f" · normalisation: {normal}" if has_lrn else ""
        self.foot.say(
            f"activation {number(unit.activation)} · map max {number(float(unit.map.max()))}{changed}{sees}{lrn}"
        )
