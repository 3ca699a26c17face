"""The scanned pictures as a map, those alike near each other; the live picture is a dot that moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QSplitter, QVBoxLayout, QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.open_scanned import open_scanned
from zfdesk.desk.scan_views.base import ScanPane
from zfdesk.desk.scan_views.map_view import MapView, class_counts
from zfdesk.desk.tasks import Progress
from zfdesk.desk.widgets.controls import Controls
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.theme import Colours
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.library import LibraryError, Portraits
from zfdesk.library.gallery import Gallery
from zfdesk.library.picture_map import PictureMap, pca_map, tsne_map
from zfdesk.library.records import feature_layers
from zfdesk.live import Demand, Result
from zfdesk.pages.panels_scan import PICTURE_MAP, MapShown
from zfdesk.progress import noun, percent_text

FETCHED = 24  # small pictures that are read at once
WIDE = 1.5  # width over height of a map that a list stands beside
LISTED = 500  # of a selection; its count is of all


@dataclass(frozen=True, eq=False)
class MapData:
    """The pictures, what they are compared by, and the map by principal axes."""

    gallery: Gallery
    layer: str
    pca: PictureMap


class MapPane(ScanPane):
    """The map, and beside it what the lasso holds."""

    title = "Map"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.known: MapData | None = None
        self.shown: PictureMap | None = None
        self.selected = np.zeros(0, bool)
        self.live: np.ndarray | None = None  # where the live picture lies
        self._tsne: PictureMap | None = None
        self._fetching = False
        self.inside.addWidget(self._controls())
        self.view = MapView(self._thumbnail)
        self.view.picked.connect(self._open)
        self.view.hovered.connect(self._hover)
        self.view.lassoed.connect(self._lasso)
        self.view.drawn.connect(self._fetch)
        self.count, self.list = ElidedLabel(), QListWidget()
        self.list.setAccessibleName("Selected pictures")
        self.list.itemClicked.connect(self._open_item)
        self.list.itemActivated.connect(self._open_item)
        self.beside = QWidget()
        beside = QVBoxLayout(self.beside)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.count)
        beside.addWidget(self.list, 1)
        self.beside.hide()
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(self.view)
        self.splitter.addWidget(self.beside)
        self.inside.addWidget(self.splitter, 1)

    def _controls(self) -> Controls:
        controls = Controls()
        add = controls.add_button
        self.pca = add("PCA", "The map by the two principal axes, at once", self.show_pca, checkable=True)
        hint = "The map by t-SNE, computed in the background; again stops it"
        self.tsne = add("t-SNE", hint, self.toggle_tsne, checkable=True)
        self.lasso = add("lasso", "A drag outlines pictures, as with Shift", self._set_lasso, checkable=True)
        add("all", "Show the whole map", lambda: self.view.show_all())
        add("figure…", "Save the map as a figure", self.ask_for_figure)
        return controls

    def _set_lasso(self) -> None:
        self.view.lasso = self.lasso.isChecked()

    def demand(self, demand: Demand) -> Demand:
        layers = feature_layers(self.desk.model.architecture)[-1:]
        return replace(demand, means=tuple(dict.fromkeys((*demand.means, *layers))))

    def set_colours(self, colours: Colours) -> None:
        super().set_colours(colours)
        self.view.renew()

    # The scan

    def clear(self) -> None:
        self.stop_work()
        self.known = self.shown = self._tsne = None
        self._select(np.zeros(0, bool))
        self.view.message = "The map is being made …"
        self.view.show_points(np.zeros((0, 2), np.float32), np.zeros(0, np.int64))
        self.live = None
        self.view.show_dot(None)

    def renew(self) -> None:
        if self.work_progress is None:
            self.ask(_features, self._on_features)
        else:
            self._up_to_date = False  # a map that is being made is not thrown away: next time

    def _on_features(self, found: tuple[Gallery, str, np.ndarray]) -> None:
        self.run_long("principal axes", partial(_pca, *found), self._on_pca)

    def _on_pca(self, known: MapData) -> None:
        same = self.known is not None and np.array_equal(self.known.gallery.pictures.ids, known.gallery.pictures.ids)
        if not same:
            self.known, self._tsne = known, None
            self._select(self._none())
            self.show_pca()

    def fail(self, error: Exception) -> None:
        super().fail(error)
        self.view.message = self.error
        self.view.update()
        self._update_buttons()

    # The maps

    def show_pca(self) -> None:
        """Show the map by principal axes."""
        if self.known is not None:
            self._show(self.known.pca)
        self._update_buttons()

    def toggle_tsne(self) -> None:
        """By t-SNE: computed when it is first asked for; asked once more meanwhile, it is stopped."""
        if self.work_progress is not None:
            if self.known is not None:  # else the first map is being made, which nothing replaces
                self.stop_work()
        elif self._tsne is not None:
            self._show(self._tsne)
        elif self.known is not None:
            self.run_long("t-SNE", partial(_tsne, self.known.pca), self._on_tsne)
        self._update_buttons()

    def _on_tsne(self, picture_map: PictureMap) -> None:
        self._tsne = picture_map
        self._show(picture_map)
        self._update_buttons()

    def _update_buttons(self) -> None:
        method = self.shown.method if self.shown is not None else ""
        self.pca.setChecked(method == "PCA")
        self.tsne.setChecked(method == "t-SNE" or self.work_progress is not None)
        self.tsne.setText("stop t-SNE" if self.work_progress is not None and self.known is not None else "t-SNE")

    def _show(self, picture_map: PictureMap) -> None:
        assert self.known is not None
        self.shown = picture_map
        self.view.show_points(picture_map.points, self.known.gallery.pictures.classes)
        self.view.show_selected(self.selected if len(self.selected) == len(picture_map.points) else self._none())
        if self.desk.result is not None:
            self.show_result(self.desk.result)
        self.show_facts()

    def _none(self) -> np.ndarray:
        return np.zeros(len(self.known.gallery.pictures) if self.known is not None else 0, bool)

    def show_result(self, result: Result) -> None:
        if self.shown is not None and self.known is not None and self.known.layer in result.means:
            self.live = self.shown.place(result.means[self.known.layer])
            self.view.show_dot(self.live)

    # Small pictures

    def _number(self, point: int) -> int:
        assert self.known is not None
        return int(self.known.gallery.pictures.ids[point])

    def _thumbnail(self, point: int) -> np.ndarray | None:
        return self.known.gallery.known_thumbnail(self._number(point)) if self.known is not None else None

    def _fetch(self, points: list[int]) -> None:
        """Read those that there is room for, some at a time."""
        if self._fetching or not points or self.known is None:
            return
        gallery = self.known.gallery
        ids = [number for number in map(self._number, points) if not gallery.tried(number)][:FETCHED]
        if not ids:
            return
        self._fetching = True

        def read() -> None:
            for number in ids:
                gallery.thumbnail(number)

        def done(_: None, error: Exception | None) -> None:
            self._fetching = False
            self.view.renew()
            if error is not None:
                self.fail(error)

        self.desk.tasks.run("thumbnails", read, done, owner=self, threads=1)

    # The hand

    def _open(self, point: int) -> None:
        if self.known is not None:
            number, gallery = self._number(point), self.known.gallery
            open_scanned(self.context, gallery.path(number), gallery.seconds(number))

    def _open_item(self, item: QListWidgetItem) -> None:
        point = item.data(Qt.ItemDataRole.UserRole)
        if point is not None:
            self._open(int(point))

    def _hover(self, point: int) -> None:
        if self.known is None or point < 0:
            self.show_facts()
            return
        number, gallery = self._number(point), self.known.gallery
        class_name = gallery.class_name(number)
        self.facts.say(f"{gallery.title(number)}{f' · class {class_name}' if class_name else ''} · a click opens it")

    def _lasso(self, outline: np.ndarray) -> None:
        if self.shown is not None:
            self._select(self.shown.inside(outline))

    def _select(self, selected: np.ndarray) -> None:
        self.selected = selected
        self.view.show_selected(selected)
        self.list.clear()
        points = np.flatnonzero(selected)
        if len(points) and self.beside.isHidden():  # beside the map, or below it in a narrow pane
            wide = self.view.width() > self.view.height() * WIDE
            self.splitter.setOrientation(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)
            length = self.view.width() if wide else self.view.height()
            self.splitter.setSizes([length * 7 // 10, length * 3 // 10])
        self.beside.setVisible(len(points) > 0)
        if self.known is None or not len(points):
            return
        pictures, gallery = self.known.gallery.pictures, self.known.gallery
        counts = class_counts(pictures.classes[points], pictures.names)
        kinds = f"{len(counts)} {noun(len(counts), 'class', 'classes')}"
        self.count.say(f"{len(points):,} {noun(len(points), 'picture')} of {kinds}")
        for name, count in counts:
            item = QListWidgetItem(f"{name or 'in no subfolder'}: {count:,}")
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.list.addItem(item)
        for point in points[:LISTED].tolist():
            item = QListWidgetItem(f"    {gallery.title(self._number(point))}")
            item.setToolTip(gallery.path(self._number(point)))
            item.setData(Qt.ItemDataRole.UserRole, point)
            self.list.addItem(item)
        if len(points) > LISTED:
            self.list.addItem(f"    and {len(points) - LISTED:,} more")

    # What is said of it

    def facts_parts(self) -> list[str]:
        parts = []
        if (progress := self.work_progress) is not None:
            steps = f": {progress.done:,} of {progress.total:,} steps" if progress.total else " …"
            parts.append(progress.message + steps)
        if self.shown is not None and self.known is not None:
            share = f", {percent_text(self.shown.explained)} of the variance" if self.shown.method == "PCA" else ""
            parts.append(f"{self.known.layer} by {self.shown.method}{share}")
            parts.append("◎ the live picture")
        return parts

    def show_facts(self) -> None:
        super().show_facts()
        self._update_buttons()

    def as_data(self) -> str:
        if self.shown is None or self.known is None:
            return ""
        gallery = self.known.gallery
        rows = (
            [*self.shown.points[point].tolist(), gallery.class_name(number), gallery.path(number)]
            for point, number in enumerate(gallery.pictures.ids.tolist())
            if number in gallery
        )
        return table_text(["x", "y", "class", "path"], rows)

    def for_figure(self) -> MapShown | None:
        """Return what is shown, for a figure; None while there is nothing."""
        if self.known is None or self.shown is None:
            return None
        return MapShown(self.known.gallery, self.shown, self.known.layer, self.scanned_in_full, self.live)

    def ask_for_figure(self) -> None:
        """Save the map as a page, as many small pictures as there is room for."""
        self.save_figure(PICTURE_MAP, "the map", "map", "There is no map yet.")


def _features(portraits: Portraits) -> tuple[Gallery, str, np.ndarray]:
    library = portraits.library
    layer = feature_layers(library.model.architecture)[-1]
    pictures = library.pictures(portraits.places, layer)
    if not len(pictures):
        raise LibraryError(f"These pictures were scanned without {layer}: scan them again.")
    return portraits.gallery(layer), layer, library.features(pictures, layer)


def _pca(gallery: Gallery, layer: str, features: np.ndarray, progress: Progress) -> MapData:
    progress.check()
    return MapData(gallery, layer, pca_map(features))


def _tsne(start: PictureMap, progress: Progress) -> PictureMap:
    return tsne_map(start, progress=progress.report)


__all__ = ["MapPane"]
