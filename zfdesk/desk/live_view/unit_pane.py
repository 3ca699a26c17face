"""The selected unit: its map, the patch it sees, and its reconstructions on the same frame."""

from __future__ import annotations

import time
from dataclasses import replace

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QGridLayout, QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.heat_maps import HeatMaps
from zfdesk.desk.live_view.unit_compare import Comparison, common_seed_text
from zfdesk.desk.live_view.unit_content import (
    ONE_VALUE,
    map_picture,
    reconstruction_content,
    reference_text,
    seed_label,
)
from zfdesk.desk.live_view.unit_controls import UnitControls
from zfdesk.desk.live_view.unit_filter import Filter, filter_of, has_filters, sees_the_picture
from zfdesk.desk.live_view.unit_heat import UnitHeat
from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture
from zfdesk.desk.widgets.pane import QWIDGETSIZE_MAX, ElidedLabel, Pane
from zfdesk.desk.widgets.theme import set_role
from zfdesk.desk.widgets.tile import MapCanvas, Tile
from zfdesk.desk.widgets.tsv import array_text
from zfdesk.engine import LRN, Model, Rule, SeedKind
from zfdesk.figures.facts import RULE_LABELS, number
from zfdesk.live import Demand, Result, UnitReference
from zfdesk.live.changes import method_of, pick_position

STALE_SECONDS = 0.4
SMALL_SHARE, PRESENTER_SHARE = 0.25, 0.09  # of the pane's height at most: the map and the patch
SMALLEST = 48  # screen pixels a picture
SHORT_NAMES = {Rule.DECONVNET: "deconv", Rule.GUIDED: "guided", Rule.GRADIENT: "gradient"}


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
        self.controls = UnitControls(context, self, self._shown_position)
        self.body.addWidget(self.controls)
        self.grid = QGridLayout()
        self.grid.setSpacing(5)
        self.body.addLayout(self.grid, 1)
        self.comparison = Comparison(self)
        self.comparison.position_picked.connect(self._pick)
        self.comparison.hide()
        self.body.addWidget(self.comparison, 1)
        self.bottom_line = ElidedLabel(lines=2, steady=True)
        self.body.addWidget(self.bottom_line)
        desk.model_changed.connect(self._clear)

    def _shown_position(self) -> tuple[int, int] | None:
        unit = self.shown_result.unit if self.shown_result is not None else None
        return unit.position if unit is not None else None

    def _pick(self, y: int, x: int) -> None:
        self.desk.change(pick_position(self.desk.view, (y, x)), "position")

    def as_data(self) -> str:
        if self.shown_result is None or self.shown_result.unit is None:
            return ""
        return array_text(f"{self.facts.full_text} · activation", self.shown_result.unit.map)

    # Layout

    @property
    def shows_comparison(self) -> bool:
        """Whether clean, covered and difference are shown: chosen, and there is something to compare."""
        return self.desk.view.compare_clean and bool(self.desk.view.occluders)

    def demand(self, demand: Demand) -> Demand:
        methods = self.shown_rules()
        return replace(demand, unit=True, methods=methods, compare=self.shows_comparison)

    def shown_unit(self) -> UnitReference:
        return self.desk.view.looked_at

    def shown_rules(self) -> tuple[Rule, ...]:
        """The methods that have a tile, the chosen one first."""
        view = self.desk.view
        all_methods = view.all_methods and not self.shows_comparison
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
        filters = [self.filter_tile] if self._shows_filter() else []
        return [*rules, self.map_tile, self.patch_tile, *filters]

    def _shows_filter(self) -> bool:
        """Of the first layer always: there it is a picture. Of others when it is asked for."""
        view, model = self.desk.view, self.desk.model
        layer = view.looked_at.layer
        return sees_the_picture(model, layer) or (view.filters and has_filters(model, layer))

    def _draw_filter(self, result: Result, dark: bool) -> None:
        assert result.unit is not None
        reference, model = result.unit.reference, result.request.model
        if not has_filters(model, reference.layer):
            return
        key = (model, reference.layer, reference.unit)
        if self._filter is None or self._filter[0] != key:
            self._filter = key, filter_of(*key)
        unit_filter = self._filter[1]
        self.filter_tile.set_content(unit_filter.picture(dark), unit_filter.text)

    def _arrange(self) -> None:
        """The reconstruction over the whole width, map and patch below it; other methods share the width with it."""
        tiles = self._tiles() if not self.shows_comparison else []
        self.comparison.setVisible(self.shows_comparison)
        if self.shows_comparison:
            self.comparison.show_zoom(self.desk.view.zoom)
        small = [tile for tile in tiles if tile in self.small_tiles] if len(tiles) > 1 else []
        large = [tile for tile in tiles if tile not in small]
        wide = self._are_larger_beside(large, small)
        if self._placed != (large, small, wide):
            self._placed = (large, small, wide)
            self._place(large, small, wide)
        for tile in small:
            # the small ones take little of the room: what the unit saw is what people came for
            side = int(min(self.width() / max(len(small), 1), self.height() * self._small_share()))
            tile.canvas.setMinimumHeight(SMALLEST)
            tile.canvas.setMaximumHeight(max(side, SMALLEST))
        presenter, several = self.desk.view.presenter, len(large) > 1
        self.bottom_line.setVisible(not (presenter or self.lecture))
        for tile in large:
            tile.caption.setVisible(several or not presenter)  # pictures grow before text: the line above names it
            tile.canvas.setMinimumHeight(SMALLEST)
            tile.canvas.setMaximumHeight(QWIDGETSIZE_MAX)

    def _small_share(self) -> float:
        return PRESENTER_SHARE if self.desk.view.presenter else SMALL_SHARE

    def _are_larger_beside(self, large: list[Tile], small: list[Tile]) -> bool:
        """Whether pictures that stand beside each other are larger here than below each other."""
        width, grid = self.width(), self.grid.geometry()
        if len(large) < 2 or grid.isEmpty():
            return width > self.height()
        # of what is seen: the pane itself grows with what stands in it, and is scrolled
        seen = (self.parentWidget() or self).height()
        room = seen - (self.height() - grid.height())
        if small:
            room -= int(min(width / len(small), seen * self._small_share())) + small[0].caption.sizeHint().height()
        first = large[0]
        words = sum(part.sizeHint().height() for part in (first.caption, first.bar, first.note))
        return min(width / len(large), room - words) > min(width, room / len(large) - words)

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
        self.show_facts()  # 7 µs: the titles of the tiles have its numbers already

    def _draw(self, result: Result) -> None:
        view, unit, stale = self.desk.view, result.unit, ""
        if unit is None:
            return
        if (unit.reference.layer, unit.reference.unit) != (view.looked_at.layer, view.looked_at.unit):
            stale = f"still {unit.reference.layer}:{unit.reference.unit}"
        self._drawn_as_comparison = self.shows_comparison
        if self.shows_comparison:
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
        patch = CanvasPicture.rgb(result.picture, window=window, note=seen, stale=stale)
        self.patch_tile.set_content(patch, short_caption="it sees")
        single = unit.reference.to_seed().kind in (SeedKind.MAX, SeedKind.AT)
        style, shown, std = result.request.view.style, window if single else None, result.request.model.input.divisor
        for rule in self.shown_rules():
            content = reconstruction_content(unit, rule, style, shown, stale, std, brief=view.all_methods)
            self.rule_tiles[rule].set_content(content, short_caption=SHORT_NAMES[rule])
        self._mark(stale)

    def _clear(self) -> None:
        """Another network: what is shown is of the old one."""
        if self.shown_result is not None and self.desk.is_valid_for(self.shown_result.request.view.looked_at.layer):
            return
        self.shown_result = None
        self._mark("", "Computing…")

    shown_result: Result | None = None
    _shown_at = 0.0
    _drawn_as_comparison = False  # whether what is shown was drawn as a comparison

    def _behind(self) -> str:
        """What to say when the pane has been behind the others for a while."""
        newest, shown = self.desk.result, self.shown_result
        if newest is None or shown is None or newest.request.frame is shown.request.frame:
            return ""
        return shown.request.frame.number_text if time.perf_counter() - self._shown_at > STALE_SECONDS else ""

    def _mark(self, stale: str, message: str | None = None) -> None:
        for tile in (*self.small_tiles, *self.rule_tiles.values(), *self.comparison.tiles):
            if message is None:
                tile.canvas.mark_stale(stale)
            else:
                tile.set_content(message)

    def show_view(self) -> None:
        view = self.desk.view
        self.controls.show_view(self.shows_comparison)
        self._arrange()
        self.heat_tile.draw()
        # nothing of the last time may be seen again
        if self.shown_result is not None and self._drawn_as_comparison != self.shows_comparison:
            self._draw(self.shown_result)
        for rule, tile in self.rule_tiles.items():
            set_role(tile.caption, "chosen" if rule == method_of(view) else "")

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
            seed_label(unit.reference, stage.spatial) if both is None else "clean | covered",
            result.request.frame.number_text,
        ]
        if view.origin is not None:
            parts.insert(0, "ORIGIN")
        if result.request.clean:
            parts.insert(0, "CLEAN")
        if behind := self._behind():
            self._mark(behind)
        self.facts.say(" · ".join(parts))
        if both is not None:
            asked = view.looked_at.to_seed().kind
            labels = common_seed_text(asked, both.positions) if stage.spatial else ONE_VALUE
            self.bottom_line.say(f"both reconstructed from {labels}", f"both from {labels}")
            return
        clean = float(unit.clean_map.max())
        highest = f" · map max {number(float(unit.map.max()))}" if stage.spatial else ""
        changed = f" · clean {'max ' if stage.spatial else ''}{number(clean)}" if result.occluded else ""
        field = stage.receptive_field.size
        normal = "its derivative" if view.lrn_derivative or view.method is not Rule.DECONVNET else "identity"
        sees = f" · sees {field} × {field} px" if stage.name != "input" else ""
        has_lrn = any(isinstance(s.layer, LRN) for s in result.request.model.architecture.stages)
        lrn = f" · normalisation: {normal}" if has_lrn else ""
        self.bottom_line.say(f"activation {number(unit.activation)}{highest}{changed}{sees}{lrn}")
