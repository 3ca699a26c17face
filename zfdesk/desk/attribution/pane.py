"""Several methods on the same frame and class, and how far they agree; the sanity check beside them."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from zfdesk.attribution import METHODS
from zfdesk.desk.actions import ActionTable
from zfdesk.desk.attribution.controller import TITLE, HeatWork
from zfdesk.desk.context import AppContext
from zfdesk.desk.widgets.buttons import ThinBar, plain_button, tool_button
from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture, Content, ValueRange
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.desk.widgets.controls import Controls
from zfdesk.desk.widgets.heat import HeatCanvas, HeatLayer, HeatPicture
from zfdesk.desk.widgets.heat_controls import HeatControls
from zfdesk.desk.widgets.menu import PopupMenu
from zfdesk.desk.widgets.pane import ElidedLabel, Pane
from zfdesk.desk.widgets.tile import Tile
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.live import HeatFound
from zfdesk.pages.heat_pages import agreement_rows, agreement_text, heat_text, method_label
from zfdesk.progress import percent_text

PROGRESS_MS = 50
SHORT = {"deletion ": "del ", "insertion ": "ins ", "points into the box": "hits", "points beside the box": "misses",
         " of the heat in it": " inside", "rank correlation ": "ρ "}  # fmt: skip
TILE_SIDE = 190  # screen pixels; as many columns as fit
NO_METHOD = "No method is chosen: choose some under Methods."


class HeatPane(Pane):
    """The maps in a grid, live; numbers below each, those that take seconds when they are asked for."""

    title = TITLE
    two_lines = True

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.work = context.get(HeatWork)
        self.controls = HeatControls(self.desk, self, False, lambda view: view.heat.methods)
        self.buttons = self._buttons()
        self.body.addWidget(self.buttons)
        self.body.addWidget(self.controls)
        self.grid, self.grid_widget = QGridLayout(), QWidget()
        self.tiles = {name: Tile(one.label, HeatCanvas(smooth=True), self.grid_widget) for name, one in METHODS.items()}
        for name, tile in self.tiles.items():
            tile.setToolTip(f"{METHODS[name].help} ({METHODS[name].source})")
            tile.hide()  # until its method is chosen
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setSpacing(5)
        self.grid_widget.setLayout(self.grid)
        self.body.addWidget(self.grid_widget, 1)
        self.sanity_canvas = Canvas(smooth=True)
        self.sanity_canvas.setAccessibleName("Sanity check: the maps as the weights become random")
        self.sanity_canvas.hide()
        self.body.addWidget(self.sanity_canvas, 1)
        self.body.addLayout(self._bottom_row())
        self._placed: tuple[tuple[str, ...], int] = ((), 0)
        self._layers: dict[str, tuple[object, HeatLayer]] = {}
        self._clock = QTimer(self, interval=PROGRESS_MS)
        self._clock.timeout.connect(self._show_progress)
        self.work.changed.connect(self._follow_work)
        self.work.heats.head_changed.connect(self.show_view)
        self.desk.result_ready.connect(self._mark_stale)

    def _buttons(self) -> Controls:
        actions = self.context.get(ActionTable)
        self.choose = tool_button("Methods ▾", "Which methods stand side by side", pops_up=True)
        menu = PopupMenu(self.choose)
        menu.setToolTipsVisible(True)
        self.methods: dict[str, QAction] = {}
        for name, one in METHODS.items():
            action = self.methods[name] = menu.addAction(one.label)
            action.setToolTip(f"{one.help} ({one.source})")
            action.setCheckable(True)
            action.triggered.connect(lambda on, name=name: self._choose(name, on))
        self.choose.setMenu(menu)
        controls = Controls(self)
        controls.add(self.choose, "Methods")
        for name, text in (
            ("heat-box", "box"), ("heat-measure", "measure"), ("heat-head", "teach CAM…"),
            ("heat-sanity", "sanity check"), ("heat-figure", "figure…"),
        ):  # fmt: skip
            controls.add_button(text, actions.hint(name), partial(actions.run, name), actions.find(name).text)
        hint = "The maps again, in place of the sanity check"
        self.back = controls.add_button("maps", hint, partial(self.show_sanity, False), "Back to the maps")
        controls.set_present(self.back, False)
        return controls

    def _bottom_row(self) -> QHBoxLayout:
        self.state_line, self.bar = ElidedLabel(), ThinBar("How far it is")
        self.state_line.setAccessibleName("What is worked out")
        self.bar.setFixedWidth(120)
        self.cancel = plain_button("Cancel", "End what is being worked out; what was there stays", self.work.cancel)
        policy = self.cancel.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # the maps keep their size when it appears
        self.cancel.setSizePolicy(policy)
        self.cancel.hide()
        row = QHBoxLayout()
        row.addWidget(self.state_line, 1)
        row.addWidget(self.bar)
        row.addWidget(self.cancel)
        return row

    def _choose(self, name: str, on: bool) -> None:
        chosen = {*self.desk.view.heat.methods, name} if on else {*self.desk.view.heat.methods} - {name}
        methods = tuple(one for one in METHODS if one in chosen)
        self.desk.change(self.desk.view.change_heat(methods=methods))

    # Layout

    def _shown(self) -> tuple[str, ...]:
        return tuple(name for name in self.desk.view.heat.methods if name in self.tiles)

    def _arrange(self) -> None:
        names = self._shown()
        columns = max(min(self.width() // TILE_SIDE, len(names)), 1)
        if self._placed == (names, columns):
            return
        self._placed = names, columns
        for tile in self.tiles.values():
            self.grid.removeWidget(tile)
            tile.hide()
        for place, name in enumerate(names):
            self.grid.addWidget(self.tiles[name], *divmod(place, columns))
            self.tiles[name].show()
        for column in range(self.grid.columnCount()):
            self.grid.setColumnStretch(column, 1 if column < columns else 0)
        for row in range(self.grid.rowCount()):
            self.grid.setRowStretch(row, 1 if row * columns < len(names) else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._arrange()

    def show_sanity(self, shown: bool) -> None:
        """The sanity check in place of the maps, or the maps again."""
        shown = shown and self.work.sanity is not None
        self.sanity_canvas.setVisible(shown)
        self.grid_widget.setVisible(not shown)
        self.buttons.set_present(self.back, shown)
        if shown and self.work.sanity is not None:
            self.sanity_canvas.set_content(CanvasPicture.rgb(self.work.sanity.picture))
        self.show_facts()

    @property
    def shows_sanity(self) -> bool:
        """Whether the check is shown in place of the maps."""
        return not self.sanity_canvas.isHidden()

    # Content

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self.show_view()  # it may have been made a moment ago

    def set_seen(self, seen: bool) -> None:
        self.work.stream.watch(seen)

    def show_view(self) -> None:
        heat = self.desk.view.heat
        for name, action in self.methods.items():
            action.setChecked(name in heat.methods)
        self.controls.show_view()
        self._arrange()
        self._draw()

    def _follow_work(self) -> None:
        sanity = self.work.sanity
        if self.work.progress is not None and not self._clock.isActive():
            self._clock.start()
        if (sanity is not None) and sanity is not self._sanity_shown:
            self._sanity_shown = sanity
            self.show_sanity(True)
        elif sanity is None and self.shows_sanity:
            self.show_sanity(False)
        self._show_progress()
        self._draw()

    _sanity_shown: object = None

    def _show_progress(self) -> None:
        progress = self.work.progress
        self.bar.show_progress(progress)
        self.cancel.setVisible(progress is not None)
        self.state_line.say(progress.message if progress is not None else self._stale_text())
        if progress is None:
            self._clock.stop()

    def _stale_text(self) -> str:
        stale = self.work.stream.stale()
        return f"OLD: {stale}" if stale else ""

    def _mark_stale(self) -> None:
        if not self.isVisible():
            return
        stale = self.work.stream.stale()
        for name in self._shown():
            self.tiles[name].canvas.mark_stale(stale)
        if self.work.progress is None:
            self.state_line.say(self._stale_text())

    def _draw(self) -> None:
        found = self.work.stream.found
        for name in self._shown():
            tile = self.tiles[name]
            if found is None or name not in (*found.found, *found.reasons):
                tile.set_content("being computed…")
            elif name in found.reasons:
                tile.set_content(found.reasons[name])
            else:
                parts = agreement_text(found, name, self.desk.view.heat.box, self.work.curves_of(found).get(name))
                label = method_label(found.found[name])
                tile.set_content(self._content(found, name, " · ".join(parts)), label)
        self.show_facts()

    def _content(self, found: HeatFound, name: str, note: str) -> Content:
        heat, maps = self.desk.view.heat, self.desk.view.maps
        colours = table(maps.colours, False, True)
        key = found, heat.contour, maps.colours
        if name not in self._layers or self._layers[name][0] != key:
            self._layers[name] = key, HeatLayer.of(found.shares[name], heat.contour, colours)
        top = float(found.found[name].heat.max())
        return HeatPicture.rgb(
            found.input.picture, layer=self._layers[name][1], opacity=heat.opacity, box=heat.box,
            value_range=ValueRange(0.0, top, "", colours), note=note, short_note=_shortened(note),
            stale=self.work.stream.stale(),
        )  # fmt: skip

    def show_facts(self) -> None:
        found = self.work.stream.found
        if self.shows_sanity and self.work.sanity is not None:
            found = self.work.sanity.found
            what = next(iter(found.found.values())).target_text()
            self.facts.say(f"sanity check (Adebayo et al. 2018) · {what} · {found.frame_text()}")
            return
        if not self._shown():
            self.facts.say(NO_METHOD)
        elif found is None or not found.found:
            self.facts.say(next(iter(found.reasons.values())) if found is not None and found.reasons else "")
        else:
            what = next(iter(found.found.values())).target_text()
            probability = "" if found.probability is None else f" · P {percent_text(found.probability, 1)}"
            covered = " · covered" if found.input.occluders else ""
            self.facts.say(f"{what}{probability} · {found.frame_text()}{covered}")

    def caption_text(self) -> str:
        found = self.work.stream.found
        if found is None or not self._shown():
            return ""
        return " ".join(heat_text(found, name) for name in self._shown() if name in found.found)

    def as_data(self) -> str:
        """A line for each method, with all that is known of it."""
        found = self.work.stream.found
        if found is None or not found.found:
            return ""
        return table_text(*agreement_rows(found, self.desk.view.heat.box, self.work.curves_of(found)))


def _shortened(note: str) -> str:
    """Without naming the method that ranks are compared with: it is the first."""
    for long, short in SHORT.items():
        note = note.replace(long, short)
    return note.partition(" with ")[0]


__all__ = ["TITLE", "HeatPane"]
