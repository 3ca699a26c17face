"""Where is the evidence: Fig. 7's maps of one picture, filled in as the sweep goes on."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.occlusion.canvas import LabelLegend, SweepCanvas, SweepPicture, SweepProgressBar
from zfdesk.desk.occlusion.controller import Sweeps, plan_text
from zfdesk.desk.occlusion.controls import SweepControls
from zfdesk.desk.occlusion.map_contents import SweepLook, projection_content, value_picture
from zfdesk.desk.occlusion.maps import LabelColours, SweepLayout, centres, label_colours, middle_of
from zfdesk.desk.occlusion.texts import answer_text, state_text, sweep_table
from zfdesk.desk.widgets.pane import ElidedLabel, Pane
from zfdesk.desk.widgets.theme import Colours
from zfdesk.desk.widgets.tile import Tile
from zfdesk.engine import Sweep
from zfdesk.live import Result, SweepMap, SweepSnapshot
from zfdesk.progress import percent_text

SMALLEST_NUMBERED = 0.03  # share of the positions below which a label's region carries no number
TILE_TEXT = 48  # screen pixels a tile needs above and below its map
INVITATION = (
    "Where is the evidence?\n\nA square is moved over the picture, and at each place the network answers anew. Here "
    "stand, against the square's place: the total activation of one map of the last convolution, the one where it is "
    "highest, and its reconstruction, the probability of a class, and the most probable label (Fig. 7)."
)


class SweepPane(Pane):
    """``square_hovered``: (top, left, bottom, right) of the occluder under the mouse,
    in input pixels, or None."""

    title = "Sweep"
    follows_occluder = True
    square_hovered = Signal(object)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        desk = self.desk
        self.sweeps = context.get(Sweeps)
        self.controls = SweepControls(desk)
        self.controls.asked.connect(self._run)
        self.controls.more.toggled.connect(lambda: QTimer.singleShot(0, self, self._arrange))  # once there is room
        self._canvases = [SweepCanvas() for _ in range(4)]
        names = ("activation", "probability", "reconstruction", "labels")
        self.activation, self.probability, self.reconstruction, self.label = (
            Tile(name, canvas) for name, canvas in zip(names, self._canvases, strict=True)
        )
        self.tiles = {
            SweepMap.ACTIVATION: self.activation, SweepMap.RECONSTRUCTION: self.reconstruction,
            SweepMap.PROBABILITY: self.probability, SweepMap.LABEL: self.label,
        }  # fmt: skip
        for name, tile in self.tiles.items():
            tile.canvas.setAccessibleName(f"Occlusion: {name.value}")
            tile.canvas.hovered.connect(self._hover)
            tile.note.hide()
        for canvas in self._canvases:
            canvas.placed.connect(self._place)
        self.label.bar.hide()
        self.label.note.show()
        self.label.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.progress, self.state_line = SweepProgressBar(), ElidedLabel()
        self.state_line.setAccessibleName("State of the sweep")
        self.legend, self.hover_line = LabelLegend(), ElidedLabel()
        self.legend.picked.connect(lambda label: desk.change(desk.view.change_sweep(class_index=label)))
        self._label_colours = LabelColours()
        self._legend_of: np.ndarray | None = None
        self._drawn: tuple[object, ...] = ()
        self._layout: tuple[Sweep, SweepLayout] | None = None
        self._hovered: tuple[int, int] | None = None
        self._columns, self._placed = 0, []  # type: ignore[var-annotated]
        self.body.addWidget(self.controls)
        self.body.addWidget(self.progress)
        self.body.addWidget(self.state_line)
        self.body.addWidget(self._invitation(), 1)
        self.body.addWidget(self._maps(), 1)
        self.sweeps.changed.connect(self._renew)
        self.sweeps.changed.connect(self._show_state)
        desk.model_changed.connect(self._renew)

    def _run(self, action: str) -> None:
        self.context.get(ActionTable).run(action)

    def set_seen(self, seen: bool) -> None:
        self.sweeps.set_watched(seen)

    def _invitation(self) -> QWidget:
        self.invitation = QWidget()
        label = QLabel(INVITATION, wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        self.begin = QPushButton("▦ Sweep")
        keys = self.context.get(ActionTable)
        self.begin.setToolTip(keys.with_keys("Sweep the occluder over the picture as it is now ({sweep})"))
        self.begin.setAccessibleName("Sweep the occluder over the picture")
        self.begin.clicked.connect(lambda: self._run("sweep"))
        layout = QVBoxLayout(self.invitation)
        layout.addStretch(1)
        layout.addWidget(label)
        layout.addSpacing(10)
        layout.addWidget(self.begin, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(2)
        return self.invitation

    def _maps(self) -> QWidget:
        self.maps = QWidget()
        layout = QVBoxLayout(self.maps)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        self.grid = QGridLayout()
        self.grid.setSpacing(6)
        layout.addLayout(self.grid, 1)
        layout.addWidget(self.legend)
        row = QHBoxLayout()
        row.addWidget(self.hover_line, 1)
        layout.addLayout(row)
        self.maps.hide()
        return self.maps

    # Layout

    def _arrange(self) -> None:
        self.label.note.setFixedHeight(self.label.bar.sizeHint().height())  # the four maps stand level
        shown = self.desk.view.sweep.shown
        tiles = [tile for name, tile in self.tiles.items() if shown in (SweepMap.ALL, name)]
        width, height = self.maps.width(), max(self.maps.height() - self.legend.height() - 24, 1)
        best, columns = 0.0, 1
        for candidate in (1, 2, 4):  # never three and one
            rows = -(-len(tiles) // candidate)
            side = min(width / candidate, height / rows - TILE_TEXT)
            if candidate <= len(tiles) and side > best:
                best, columns = side, candidate
        if columns == self._columns and self._placed == tiles:
            return
        self._columns, self._placed = columns, tiles
        for tile in self.tiles.values():
            self.grid.removeWidget(tile)
            tile.setVisible(tile in tiles)
        for place, tile in enumerate(tiles):
            self.grid.addWidget(tile, place // columns, place % columns)
        for line in range(4):
            self.grid.setColumnStretch(line, 1 if line < columns else 0)
            self.grid.setRowStretch(line, 1 if line < -(-len(tiles) // columns) else 0)

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        self._arrange()

    def _seen(self) -> bool:
        """Whether any of it is to be seen: a pane behind another tab is not."""
        return self.isVisible() and not self.visibleRegion().isEmpty()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if self.stale_text:
            QPainter(self).fillRect(self.rect(), self.activation.canvas.colours.colour("stale", 110))

    # Content

    stale_text = ""

    def show_view(self) -> None:
        self.controls.show_view()
        self._arrange()
        self._renew()

    def set_colours(self, colours: Colours) -> None:
        super().set_colours(colours)
        self._drawn = ()
        self._renew()

    def show_result(self, result: Result) -> None:
        self._renew()

    def show_facts(self) -> None:
        self._show_state()

    def _renew(self) -> None:
        """Draw what is new of the sweep, or of how it is to be shown."""
        swept = self.sweeps.swept
        some = swept is not None and swept.sweep is not None
        if self.maps.isHidden() == some:
            self.invitation.setVisible(not some)
            self.maps.setVisible(some)
            self.body.activate()
            self._arrange()
        self._show_stale()
        if swept is None or swept.sweep is None or not self._seen():
            return
        view = self.desk.view
        key = (swept, view.sweep, self.sweeps.unit, self.sweeps.class_index, view.theme)
        if key == self._drawn:
            return
        self._drawn = key
        self._show_state()
        sweep = swept.sweep
        if self._layout is None or self._layout[0] is not sweep:
            self._layout = sweep, SweepLayout.of(sweep)
        self._draw(swept, sweep, self._layout[1])

    def _draw(self, swept: SweepSnapshot, sweep: Sweep, layout: SweepLayout) -> None:
        unit, class_index = self.sweeps.unit, self.sweeps.class_index
        name = sweep.model.classes[class_index]
        strongest = unit == sweep.highest_total_unit
        look = SweepLook(self.desk.view.sweep, self.desk.view.theme == "dark", self.undone(), self.stale_text)
        clean = float(sweep.clean_activations[unit])
        activation = value_picture(sweep, layout, sweep.activation(unit), clean, look)
        map_name = f"{sweep.layer}:{unit}"
        whole = f"(b) total activation of {map_name}{' (highest total)' if strongest else ''}"
        self.activation.set_content(activation, whole, f"(b) {map_name}{' · highest total' if strongest else ''}")
        percent = sweep.probability(class_index) * 100, float(sweep.clean_probabilities[class_index]) * 100
        probability = value_picture(sweep, layout, *percent, look, " %")
        self.probability.set_content(probability, f"(d) probability of {name}", f"(d) P({name})")
        self.label.set_content(self._labels(sweep, layout), "(e) most probable label", "(e) label")
        self.reconstruction.set_content(*projection_content(swept.projected, sweep, unit, self.stale_text))

    def _labels(self, sweep: Sweep, layout: SweepLayout) -> SweepPicture:
        labels = sweep.label()
        clean = int(sweep.clean_probabilities.argmax())
        legend = self._label_colours.legend(labels[sweep.done], clean, sweep.complete)
        anew = sweep.picture is not self._legend_of
        self._legend_of = sweep.picture
        self.legend.show_entries(legend, sweep.model.classes, anew)
        shown = np.where(layout.source_rows >= 0, labels[layout.source_rows, layout.source_columns], -1)
        y, x = centres(sweep)
        numbers = []
        for entry in legend:
            place = middle_of(shown == entry.label) if entry.number else None
            if place is not None and entry.share >= SMALLEST_NUMBERED:
                numbers.append((float(x[place[1]]), float(y[place[0]]), entry.number))
        share = percent_text(sweep.label_change_share())
        return SweepPicture.rgb(
            sweep.picture, stale=self.stale_text, opacity=self.desk.view.sweep.opacity, numbers=tuple(numbers),
            overlay=layout.picture(label_colours(labels, legend), self.undone()),
            note=f"another label at {share} of the positions", short_note=f"other: {share}",
        )  # fmt: skip

    def undone(self) -> tuple[int, int]:
        """The two colours of the hatching, 0xAARRGGBB."""
        colours = self.activation.canvas.colours
        return colours.colour("quiet").rgba(), colours.colour("raised").rgba()

    # What it is of, and how far

    def _show_stale(self) -> None:
        stale = self.sweeps.stale()
        if stale == self.stale_text:
            return
        self.stale_text = stale
        for tile in self.tiles.values():
            tile.canvas.mark_stale(stale)
        self.update()
        self._show_state()

    def _show_state(self) -> None:
        sweeps, swept = self.sweeps, self.sweeps.swept
        top = ""
        if swept is not None and swept.sweep is not None:
            top = swept.sweep.model.classes[int(swept.sweep.clean_probabilities.argmax())]
        self.controls.show_state(sweeps.running, sweeps.can_resume, swept is not None, top)
        self.state_line.say(state_text(sweeps, self.stale_text))
        if swept is None or swept.sweep is None:
            self.progress.show_fraction(0.0, False)
            self.facts.say("no sweep yet")
            return
        sweep = swept.sweep
        self.progress.show_fraction(0.0 if swept.live else sweep.fraction, not sweeps.running)
        parts = [f"frame {swept.input.number}", swept.input.origin, sweep.layer, plan_text(sweep.plan)]
        if not sweep.complete:
            parts.insert(0, f"PARTIAL: {percent_text(sweep.fraction)}")
        self.facts.say(" · ".join(filter(None, parts)))

    def as_data(self) -> str:
        """A line for each position that is done."""
        swept = self.sweeps.swept
        if swept is None or swept.sweep is None:
            return ""
        return sweep_table(swept.sweep, self.sweeps.unit, self.sweeps.class_index)

    # The hand

    def _position(self, point: tuple[float, float] | None) -> tuple[int, int] | None:
        if point is None or self._layout is None:
            return None
        return self._layout[1].position_at(*point)

    def _hover(self, point: tuple[float, float] | None) -> None:
        place = self._position(point)
        if place == self._hovered and place is None:
            return
        self._hovered = place
        swept = self.sweeps.swept
        if place is None or swept is None or swept.sweep is None:
            square = None
            self.hover_line.say("")
        else:
            square = swept.sweep.plan.occluder(*swept.sweep.positions[place])
            self.hover_line.say(*answer_text(swept.sweep, place, self.sweeps.unit, self.sweeps.class_index))
        for canvas in self._canvases:
            canvas.show_square(square)
        box = None
        if square is not None and self.sweeps.of_what_is_shown:
            box = square.top, square.left, square.top + square.height, square.left + square.width
        self.square_hovered.emit(box)

    def _place(self, point: tuple[float, float], press: int) -> None:
        """The live occluder goes where the sweep's stood."""
        place, swept = self._position(point), self.sweeps.swept
        if place is not None and swept is not None and swept.sweep is not None:
            self.sweeps.place(swept.sweep.plan.occluder(*swept.sweep.positions[place]), f"drag sweep {press}")


__all__ = ["SweepPane"]
