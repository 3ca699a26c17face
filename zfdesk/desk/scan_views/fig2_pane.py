"""Fig. 2 in the window: for some units of the shown layer their strongest activations led down, beside the patches."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from PySide6.QtWidgets import QSpinBox, QWidget

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.open_scanned import open_scanned
from zfdesk.desk.scan_views.base import ScanPane
from zfdesk.desk.scan_views.grid import GridCell, PictureGrid
from zfdesk.desk.tasks import Progress
from zfdesk.desk.widgets.controls import Choice, Controls
from zfdesk.desk.widgets.page_files import ask_for_page
from zfdesk.engine import Rule
from zfdesk.figures.facts import unit_text
from zfdesk.figures.fig2 import UnitExamples, fig2_page, projected
from zfdesk.library import Example, Portraits
from zfdesk.library.gallery import Gallery
from zfdesk.live import View
from zfdesk.pages.folder_page import random_units
from zfdesk.pages.panels_scan import StrongestShown

MOST = 9  # units at once
ACROSS = 3  # pictures of a unit, and as many below each other
GAP = 2  # pixels between them, before they are enlarged


class UnitChoice(StrEnum):
    """The choice of units that are shown."""

    RANDOM = "random among the active"
    ON = "from the selected on"
    PINNED = "pinned"


@dataclass(frozen=True)
class Fig2Request:
    """What is to be shown; the same request has the same answer while the scan is the same."""

    layer: str
    rule: Rule
    units: tuple[int, ...]  # none: random ones
    seed: int


@dataclass(frozen=True, eq=False)
class ShownExamples:
    """A unit's strongest pictures. ``examples`` without those that are gone; ``pictures``: what the network saw."""

    unit: int
    examples: tuple[Example, ...]
    pictures: tuple[np.ndarray, ...]
    projections: np.ndarray  # float32 (pictures, side, side, 3)
    patches: np.ndarray  # uint8 of that shape


class Fig2Pane(ScanPane):
    """Follows the shown layer and the method. A click on a projection selects its unit, on a patch its picture."""

    title = "Fig. 2"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.shown: list[ShownExamples] = []
        self.request: Fig2Request | None = None  # that was asked for last
        controls = Controls()
        self.unit_choice = Choice({choice: str(choice) for choice in UnitChoice}, "Which units of the layer are shown")
        self.unit_choice.chosen.connect(lambda _: self._ask())
        self.seed = QSpinBox()
        self.seed.setRange(0, 9999)
        self.seed.setPrefix("seed ")
        self.seed.valueChanged.connect(lambda _: self._ask())
        controls.add(self.unit_choice, "Which units")
        controls.add(self.seed, "Seed of the choice")
        controls.add_button("figure…", "Save Fig. 2 of these units", self.ask_for_figure)
        self.inside.addWidget(controls)
        self.grid = PictureGrid("Strongest activations, projections and patches", aspect=2.0)
        self.grid.picked.connect(self._pick)
        self.inside.addWidget(self.grid, 1)

    # What is asked

    def clear(self) -> None:
        self.stop_work()
        self.shown, self.request = [], None
        self.grid.show_cells((), "The strongest pictures are being looked for …")

    def renew(self) -> None:
        if self.work_progress is None:
            request, self.request = self.request, None
            self._ask(keep=request is not None)
        else:
            self._up_to_date = False  # what is being projected is finished first

    def show_view(self) -> None:
        if self._seen and self.has_scan:
            self._show_grid()
            self._ask()

    def _units(self, view: View) -> tuple[int, ...]:
        count = self.desk.model.architecture.stage(view.layer).shape[0]
        match self.unit_choice.currentData():
            case UnitChoice.ON:
                return tuple(range(view.unit, min(view.unit + MOST, count)))
            case UnitChoice.PINNED:
                return tuple(pin.unit for pin in view.pins if pin.layer == view.layer)[:MOST]
        return ()

    def _ask(self, keep: bool = False) -> None:
        """``keep``: what is shown, until there is an answer."""
        view = self.desk.view
        if not self.has_scan:
            return
        choice = UnitChoice(self.unit_choice.currentData())
        self.seed.setEnabled(choice is UnitChoice.RANDOM)
        request = Fig2Request(view.layer, view.method, self._units(view), self.seed.value())
        if request == self.request:
            return
        self.stop_work()
        self.request, self.shown = request, self.shown if keep else []
        if not self.scan.scans(view.layer):
            self.grid.show_cells((), f"{view.layer} has no units that were scanned for.")
        elif choice is UnitChoice.PINNED and not request.units:
            text = f"No unit of {view.layer} is pinned: press {{pin}} in the window."
            self.grid.show_cells((), self.context.get(ActionTable).with_keys(text))
        else:
            if not self.shown:
                self.grid.show_cells((), f"The strongest pictures of {view.layer} are being looked for …")
            self.ask(partial(_examples, request), partial(self._on_examples, request))

    def _on_examples(self, request: Fig2Request, found: tuple[Gallery, dict[int, tuple[Example, ...]]]) -> None:
        if request != self.request:
            return
        if not found[1]:
            self.grid.show_cells((), f"None of the pictures wakes a unit of {request.layer}.")
            return
        self.run_long("leading down", partial(_strongest, request, *found), partial(self._on_strongest, request))

    def _on_strongest(self, request: Fig2Request, shown: list[ShownExamples]) -> None:
        if request == self.request:
            self.shown = shown
            self._show_grid()
            self.show_facts()

    def _show_grid(self) -> None:
        if self.shown and self.request is not None:
            layer, view = self.request.layer, self.desk.view
            cells = [
                GridCell(
                    block_of(one), unit_text(layer, one.unit), f"{unit_text(layer, one.unit)}: projections, patches",
                    one, marked=one.unit == view.unit and layer == view.layer,
                )
                for one in self.shown
            ]  # fmt: skip
            self.grid.show_cells(cells)

    # The hand

    def _pick(self, one: ShownExamples, x: float, y: float) -> None:
        if x < 0.5:
            layer = self.request.layer if self.request is not None else self.desk.view.layer
            self.desk.change(self.desk.view.change(layer=layer, unit=one.unit, position=None), "unit")
            return
        place = min(int(y * ACROSS), ACROSS - 1) * ACROSS + min(int((x - 0.5) * 2 * ACROSS), ACROSS - 1)
        if place < len(one.examples):
            open_scanned(self.context, one.examples[place].path, one.examples[place].seconds)

    # What is said of it

    def facts_parts(self) -> list[str]:
        parts = [self.request.layer, str(self.request.rule)] if self.request is not None else []
        if (progress := self.work_progress) is not None:
            parts.append(f"{progress.message}: {progress.done} of {progress.total}")
        return [*parts, str(self.unit_choice.currentData())]

    def for_figure(self) -> StrongestShown | None:
        """The selected unit's, where it is among those that are shown, for a figure."""
        view, request = self.desk.view, self.request
        one = next((one for one in self.shown if one.unit == view.unit), None)
        if request is None or one is None or request.layer != view.layer:
            return None
        model = self.desk.model.base
        return StrongestShown(
            model, request.layer, one.unit, request.rule, one.projections, one.patches, self.scanned_in_full
        )

    def ask_for_figure(self) -> None:
        """Save Fig. 2 of what is shown."""
        if not self.shown or self.request is None:
            self.context.show_message("There is nothing to save yet: the strongest pictures are not found.", error=True)
            return
        choice = UnitChoice(self.unit_choice.currentData())
        chosen = f"{choice} (seed {self.request.seed})" if choice is UnitChoice.RANDOM else str(choice)
        model = self.desk.model.base
        make = partial(
            fig2_page, model, [_as_examples(self.request.layer, one) for one in self.shown],
            seen=self.scan.status.pictures, chosen=f"{chosen}; {self.scanned_in_full}", rule=self.request.rule,
        )  # fmt: skip
        ask_for_page(self.context, "Save Fig. 2 of these units", f"fig2-{self.request.layer}", make)


def _examples(request: Fig2Request, portraits: Portraits) -> tuple[Gallery, dict[int, tuple[Example, ...]]]:
    alive = ~portraits.statistics(request.layer).dead
    units = list(request.units) or random_units(alive, MOST, np.random.default_rng(request.seed))
    ranked = portraits.ranked(request.layer, [unit for unit in units if alive[unit]])
    return portraits.gallery(request.layer), {found.unit: portraits.examples(request.layer, found) for found in ranked}


def _strongest(
    request: Fig2Request, gallery: Gallery, examples: dict[int, tuple[Example, ...]], progress: Progress
) -> list[ShownExamples]:
    shown = []
    for done, (unit, strongest) in enumerate(examples.items()):
        progress.report(done, len(examples))
        pictures = list(gallery.read([one.picture for one in strongest]))
        readable = [(one, picture) for one, picture in zip(strongest, pictures, strict=True) if picture is not None]
        if readable:
            ones, seen = zip(*readable, strict=True)
            made = UnitExamples(request.layer, unit, tuple(seen), tuple(one.position for one in ones))
            ((projections, patches),) = projected(gallery.model, [made], request.rule)
            shown.append(ShownExamples(unit, tuple(ones), tuple(seen), projections, patches))
    return shown


def _as_examples(layer: str, one: ShownExamples) -> UnitExamples:
    return UnitExamples(layer, one.unit, one.pictures, tuple(example.position for example in one.examples))


def block_of(one: ShownExamples) -> np.ndarray:
    """A unit's projections beside its patches, each 3 × 3: uint8 (height, 2 · height, 3). Zero is mid-grey, and each
    projection is stretched to its own range."""
    side = one.patches.shape[1] + GAP
    block = np.full((ACROSS * side, 2 * ACROSS * side, 3), 0, np.uint8)
    for place in range(min(len(one.patches), ACROSS**2)):
        top, left = (at * side for at in divmod(place, ACROSS))
        down = one.projections[place]
        shown = np.clip(128 + down / (np.abs(down).max() or 1.0) * 127, 0, 255).astype(np.uint8)
        for picture, x in ((shown, left), (one.patches[place], left + ACROSS * side)):
            block[top : top + side - GAP, x : x + side - GAP] = picture
    return block


__all__ = ["Fig2Pane", "UnitChoice", "block_of"]
