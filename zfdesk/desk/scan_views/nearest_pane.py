"""The scanned pictures that are nearest to the live one: in features and in pixels, as the picture moves."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.open_scanned import open_scanned
from zfdesk.desk.scan_views.base import ScanPane
from zfdesk.desk.scan_views.grid import GridCell, PictureGrid
from zfdesk.desk.tasks import Progress
from zfdesk.desk.widgets.controls import Controls
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.figures.facts import number
from zfdesk.library import Portraits
from zfdesk.library.gallery import Gallery
from zfdesk.library.nearest import PIXELS, Near, Neighbours, pixel_features
from zfdesk.library.records import feature_layers
from zfdesk.live import Demand, Result
from zfdesk.pages.panels import frame_text
from zfdesk.pages.panels_scan import NEAREST, NearestRow, NearestShown

SHOWN = 8
AGAIN_MS, REST = 150, 2.0  # from one search to the next, and how many times as long as it took: the live view first
NOT_COMPARED = "Pixels are not compared yet."
AT_ONCE = 1000  # pictures whose pixels are read without being asked for


@dataclass(frozen=True, eq=False)
class NearestResult:
    """What a search found, by what was compared, of which result."""

    result: Result
    rows: dict[str, list[tuple[Near, np.ndarray | None]]]


class NearestPane(ScanPane):
    """A row of pictures for each thing that is compared. A click opens one."""

    title = "Nearest"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.searches: dict[str, Neighbours] = {}
        self.found: NearestResult | None = None
        self._latest: Result | None = None
        self._searching, self._started_at = False, 0.0
        self._next_search = QTimer(self, singleShot=True)
        self._next_search.timeout.connect(self._search)
        controls = Controls()
        hint = "Reads all pictures once more, in the background; again stops it"
        self.pixels = controls.add_button("compare pixels", hint, self._toggle_pixels, "Compare pixels too")
        controls.add_button("figure…", "Save the nearest pictures as a figure", self.ask_for_figure)
        self.inside.addWidget(controls)
        self.rows: dict[str, tuple[ElidedLabel, PictureGrid]] = {}  # by what is compared
        self._lines = [(ElidedLabel(), PictureGrid(f"Nearest pictures, row {row}", rows=1)) for row in (1, 2, 3)]
        for label, grid in self._lines:
            grid.picked.connect(self._open)
            self.inside.addWidget(label)
            self.inside.addWidget(grid, 1)

    def demand(self, demand: Demand) -> Demand:
        layers = feature_layers(self.desk.model.architecture)
        return replace(demand, means=tuple(dict.fromkeys((*demand.means, *layers))))

    # The scan

    def clear(self) -> None:
        self.searches, self.found = {}, None
        self.stop_work()
        spaces = (*reversed(feature_layers(self.desk.model.architecture)), PIXELS)
        self.rows = dict(zip(spaces, self._lines, strict=False))
        for row, (label, grid) in enumerate(self._lines):
            label.setVisible(row < len(spaces))
            grid.setVisible(row < len(spaces))
        for space, (label, grid) in self.rows.items():
            label.say(f"in {space}, by Euclidean distance")
            grid.show_cells((), "Being read …" if space != PIXELS else NOT_COMPARED)

    def renew(self) -> None:
        self.ask(_searches, self._on_searches)

    def _on_searches(self, searches: dict[str, Neighbours]) -> None:
        self.searches = searches
        for space, (_, grid) in self.rows.items():
            if space != PIXELS and space not in searches:
                grid.show_cells((), f"These pictures were scanned without {space}: scan them again.")
        if searches and len(next(iter(searches.values())).gallery) <= AT_ONCE:
            self._read_pixels()
        elif self.work_progress is None:
            self._grid_says(NOT_COMPARED)
        self._search()

    def _toggle_pixels(self) -> None:
        if self.work_progress is not None:
            self.stop_work()
            self._grid_says("Comparing pixels was stopped.")
        elif self.searches and PIXELS not in self.searches:
            self._grid_says("Reading the pictures …")
            self._read_pixels()

    def _read_pixels(self) -> None:
        gallery = next(iter(self.searches.values())).gallery
        self.run_long("reading pixels", partial(_of_pixels, gallery), self._on_pixels)

    def _grid_says(self, text: str) -> None:
        if PIXELS in self.rows:
            self.rows[PIXELS][1].show_cells((), text)

    def _on_pixels(self, search: Neighbours) -> None:
        self.searches[PIXELS] = search
        self._search()

    # The live picture

    def show_result(self, result: Result) -> None:
        self._latest = result
        if not self._next_search.isActive():
            self._search()

    def _search(self) -> None:
        result = self._latest
        up_to_date = (
            self.found is not None and self.found.result is result and set(self.found.rows) == set(self.searches)
        )
        if result is None or not self.searches or self._searching or up_to_date or not self._seen:
            return
        if not set(result.means) >= set(self.searches) - {PIXELS}:
            return  # of before it was asked for
        self._searching, self._started_at = True, time.perf_counter()
        work = partial(_found, result, dict(self.searches))
        self.desk.tasks.run("nearest", work, self._on_found, owner=self, threads=1)

    def _on_found(self, found: NearestResult | None, error: Exception | None) -> None:
        self._searching = False
        if error is not None:
            self.fail(error)
            return
        assert found is not None
        if all(self.searches.get(space) is not None for space in found.rows) and found.rows.keys() <= self.rows.keys():
            self.found = found
            for space, near in found.rows.items():
                cells = [
                    GridCell(picture, number(one.distance), _tip(self.searches[space].gallery, one), one)
                    for one, picture in near
                ]
                self.rows[space][1].show_cells(cells, "None of them can be read.")
            self.show_facts()
        self._next_search.start(max(AGAIN_MS, round((time.perf_counter() - self._started_at) * 1e3 * REST)))

    def _open(self, one: Near, _x: float, _y: float) -> None:
        open_scanned(self.context, one.path, one.seconds)

    # What is said of it

    def facts_parts(self) -> list[str]:
        parts = [f"nearest to {frame_text(self.found.result)}"] if self.found is not None else []
        if (progress := self.work_progress) is not None:
            parts.append(f"reading pixels: {progress.done:,} of {progress.total:,}")
        return parts

    def show_facts(self) -> None:
        super().show_facts()
        self.pixels.setText("stop" if self.work_progress is not None else "compare pixels")
        self.pixels.setEnabled(PIXELS not in self.searches)

    def as_data(self) -> str:
        if self.found is None:
            return ""
        rows = [
            [space, rank, one.distance, one.path, "" if one.seconds is None else one.seconds]
            for space, near in self.found.rows.items()
            for rank, (one, _) in enumerate(near, 1)
        ]
        return table_text(["compared in", "rank", "distance", "path", "seconds"], rows)

    def for_figure(self) -> NearestShown | None:
        """Return what is shown, for a figure; None while there is nothing."""
        if self.found is None:
            return None
        rows = [
            NearestRow(
                space, [(one.distance, self.searches[space].gallery.title(one.picture), pixels) for one, pixels in near]
            )
            for space, near in self.found.rows.items()
            if space in self.searches
        ]
        return NearestShown(self.found.result, rows, self.scanned_in_full) if rows else None

    def ask_for_figure(self) -> None:
        """Save what is shown as a page."""
        self.save_figure(NEAREST, "the nearest pictures", "nearest", "No nearest pictures were found yet.")


def _searches(portraits: Portraits) -> dict[str, Neighbours]:
    """By layer; those that the pictures were scanned without are left out."""
    library, searches = portraits.library, {}
    for space in reversed(feature_layers(library.model.architecture)):
        pictures = library.pictures(portraits.places, space)
        if len(pictures):
            searches[space] = Neighbours(portraits.gallery(space), space, library.features(pictures, space))
    return searches


def _of_pixels(gallery: Gallery, progress: Progress) -> Neighbours:
    return Neighbours(gallery, PIXELS, None, progress.report)


def _found(result: Result, searches: dict[str, Neighbours]) -> NearestResult:
    rows = {}
    for space, search in searches.items():
        query = pixel_features(result.picture) if space == PIXELS else result.means[space]
        near = search.nearest(query, SHOWN)
        rows[space] = [(one, search.gallery.thumbnail(one.picture)) for one in near]
    return NearestResult(result, rows)


def _tip(gallery: Gallery, one: Near) -> str:
    kind = gallery.class_name(one.picture)
    return f"{one.path}\n{f'class {kind}, ' if kind else ''}distance {number(one.distance)}; a click opens it"


__all__ = ["NearestPane"]
