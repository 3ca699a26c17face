"""What is worked out beside the maps: how good they are in numbers, a head for CAM, the check of Adebayo et al."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from zfdesk.attribution import METHODS
from zfdesk.attribution.agreement import sanity_check
from zfdesk.attribution.cam import CamHead
from zfdesk.desk.context import AppContext
from zfdesk.desk.heat_maps import SIDE_BY_SIDE, HeatMaps, HeatStream
from zfdesk.desk.tasks import Cancelled, Progress, TaskSlot, error_text
from zfdesk.experiments.curves import InsertionDeletion, insertion_deletion
from zfdesk.figures.page import Page
from zfdesk.live import HeatFound, HeatQuery, View
from zfdesk.pages.heat_pages import facts_of_heat, sanity_page

TITLE = "Methods side by side"
SHOWN_DPI = 130


@dataclass(frozen=True, eq=False)
class Sanity:
    """The check of one picture and target. ``picture``: the page as it is drawn, uint8 (height, width, 3)."""

    found: HeatFound
    page: Page
    picture: np.ndarray


class HeatWork(QObject):
    """One piece of work at a time. ``changed``: it began, ended, or something came of it. ``stream``: the maps side by
    side. ``measured``: which of them ``curves`` are of, by method."""

    changed = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._context, self._state = context, context.state
        self.heats = context.get(HeatMaps)
        self.stream: HeatStream = self.heats.open(SIDE_BY_SIDE, self._query)
        self.stream.changed.connect(self.changed)
        self.measured: HeatFound | None = None
        self.curves: Mapping[str, InsertionDeletion] = {}
        self.sanity: Sanity | None = None
        self._task = TaskSlot()
        self._state.model_changed.connect(self._clear)

    def _query(self, view: View) -> HeatQuery | None:
        return self.heats.asks(view, view.heat.methods) if view.heat.methods else None

    def curves_of(self, found: HeatFound) -> Mapping[str, InsertionDeletion]:
        """By method, where exactly these maps were measured."""
        return self.curves if found is self.measured else {}

    @property
    def progress(self) -> Progress | None:
        """Return how far the work under way is; None where there is none."""
        return self._task.progress

    def cancel(self) -> None:
        """End the work that is under way."""
        self._task.cancel()

    def _clear(self) -> None:
        self.measured, self.curves, self.sanity = None, {}, None
        self.cancel()
        self.changed.emit()

    def _run(self, work: Callable[[Progress], Any], on_result: Callable[[Any], None], failed: str) -> None:
        if self._task.running:
            self._context.show_message("Something is being worked out already: wait for it, or cancel it.", error=True)
            return
        progress, model = Progress(), self._state.model

        def done(value: Any, error: Exception | None) -> None:
            if isinstance(error, Cancelled):
                self._context.show_message("Cancelled; what was there stays.")
            elif error is not None:
                self._context.show_message(error_text(error, failed), error=True)
            elif model is self._state.model:
                on_result(value)
            self.changed.emit()

        measured = partial(work, progress)
        self._task.put(self._state.tasks.run("heat work", measured, done, owner=self, progress=progress, threads=1))
        self.changed.emit()

    def _maps(self) -> HeatFound | None:
        """The maps that are shown; without any, the user is told."""
        found = self.stream.found
        if found is not None and found.found:
            return found
        self._context.show_message("There are no maps side by side yet: try again in a moment.", error=True)
        return None

    # How good they are

    def measure(self) -> None:
        """Insertion and deletion of all maps that are shown."""
        found = self._maps()
        if found is None:
            return
        target = next(iter(found.found.values())).target
        if target.layer not in found.input.model.architecture.class_layers:
            self._context.show_message("Insertion and deletion follow the probability of a class, not a unit.", True)
            return

        def keep(curves: Mapping[str, InsertionDeletion]) -> None:
            self.measured, self.curves = found, curves

        self._run(partial(_measure, found, target.unit), keep, "The maps could not be measured")

    # CAM's head

    def teach_head(self, folder: str) -> None:
        """Teach CAM's head from a folder, see `zfdesk.library.cam_pictures`."""
        model, view = self._state.model, self._state.view.crop

        def work(progress: Progress) -> CamHead:
            from zfdesk.library.cam_pictures import teach_from_folder

            return teach_from_folder(
                model, folder, view, progress=lambda done, total: progress.report(done, total, "reading pictures…")
            )

        self._run(work, self._use_head, "The head could not be taught")

    def _use_head(self, head: CamHead) -> None:
        self.heats.use_head(head)
        text = head.description()
        self._context.show_message(f"{text[0].upper()}{text[1:]}.")

    # The sanity check

    def check_sanity(self) -> None:
        """Adebayo et al. (2018), of the picture, the target and the methods that are shown."""
        found = self._maps()
        if found is not None:
            colours = self._state.view.maps.colours
            self._run(partial(_check, found, colours), self._keep_sanity, "The check could not be made")

    def _keep_sanity(self, sanity: Sanity) -> None:
        self.sanity = sanity


def _measure(found: HeatFound, class_index: int, progress: Progress) -> dict[str, InsertionDeletion]:
    curves: dict[str, InsertionDeletion] = {}
    for place, (name, one) in enumerate(found.found.items()):

        def report(done: int, total: int, place: int = place, name: str = name) -> None:
            progress.report(place * total + done, len(found.found) * total, f"{METHODS[name].label}: pixels in turn…")

        curves[name] = insertion_deletion(
            found.input.model, found.input.picture, one.heat, class_index, progress=report
        )  # fmt: skip
    return curves


def _check(found: HeatFound, colours: str, progress: Progress) -> Sanity:
    from zfdesk.figures.pixels import pixels

    model, target = found.input.model, next(iter(found.found.values())).target
    progress.report(0, 0, "the maps of the trained network…")
    total, steps = 1 + sum(bool(stage.parameters) for stage in model.architecture.stages), []
    for step in sanity_check(model, found.input.picture, target, tuple(found.found), found.query.options()):
        steps.append(step)
        progress.report(len(steps), total, f"random from the top down to {step.layer}…" if step.layer else "")
    page = sanity_page(found.input.picture, steps, facts_of_heat(found), colours)
    progress.report(total, total, "drawing the figure…")
    return Sanity(found, page, pixels(replace(page, captioned=False), SHOWN_DPI))


__all__ = ["TITLE", "HeatWork", "Sanity"]
