"""Which units answer to the object and which to what is around it: the question of Section 4.2, for a whole layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, QTimer
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QTableView, QWidget

from zfdesk.attribution.agreement import PixelBox
from zfdesk.desk.context import AppContext
from zfdesk.desk.scan_views.base import ScanPane
from zfdesk.desk.tasks import Progress
from zfdesk.desk.widgets.controls import Controls
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.library import Example, Portraits
from zfdesk.library.boxes import Covered, ObjectShare, covered_peaks, object_box, object_shares
from zfdesk.library.gallery import Gallery
from zfdesk.live import Demand, Result
from zfdesk.pages.panels_scan import OBJECT_SHARES, SharesShown
from zfdesk.progress import counted, percent_text

LIVE_MS = 300  # a list that is sorted anew at every frame cannot be read
HEAD = ("unit", "on the object", "by chance", "pictures", "left")
TIPS = (
    "The unit's number; a click selects it",
    "How much of its strongest boxes lies on the object",
    "How much of boxes at random places would",
    "How many of its strongest pictures have an object that the network sees",
    "Live: the share of its activation that stays under the occluder. Near 0: it answered to what is covered",
)
LIVE_COLUMN = 4
NOTHING_YET = (
    "Let the objects of the strongest pictures be found, and each unit is told by how much of its boxes lies on them. "
    "Or cover something in the live picture: then what is left of each unit's activation is told at once."
)


@dataclass(frozen=True, eq=False)
class LayerExamples:
    """What the scan says of a layer: the units' strongest pictures, and those pictures."""

    layer: str
    gallery: Gallery
    examples: Mapping[int, tuple[Example, ...]]

    @property
    def pictures(self) -> list[int]:
        """Return the ids of all pictures, each once."""
        return list(dict.fromkeys(one.picture for strongest in self.examples.values() for one in strongest))


class Units(QAbstractTableModel):
    """A row for each unit, by its number; what is not known is empty, and stands last however it is sorted."""

    def __init__(self) -> None:
        super().__init__()
        self.units: list[int] = []
        self.shares: dict[int, ObjectShare] = {}
        self.covered: dict[int, Covered] = {}

    def show(self, units: list[int], shares: dict[int, ObjectShare], covered: dict[int, Covered]) -> None:
        """Show these units and what is known of them."""
        if units != self.units:
            self.beginResetModel()
            self.units, self.shares, self.covered = units, shares, covered
            self.endResetModel()
            return
        self.shares, self.covered = shares, covered
        if units:
            self.dataChanged.emit(self.index(0, 0), self.index(len(units) - 1, len(HEAD) - 1))

    def value(self, row: int, column: int) -> float | None:
        """A number of the table, None where it is not known."""
        unit = self.units[row]
        share, covered = self.shares.get(unit), self.covered.get(unit)
        values: list[float | None] = [unit, None, None, None, covered.kept if covered is not None else None]
        if share is not None:
            values[1:4] = share.share, share.chance, share.pictures
        return values[column]

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:  # noqa: N802
        return len(self.units)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:  # noqa: N802
        return len(HEAD)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        value = self.value(index.row(), index.column())
        if role == Qt.ItemDataRole.UserRole:  # to sort by
            return 2.0 if value is None and index.column() else value
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role != Qt.ItemDataRole.DisplayRole or value is None:
            return None
        return f"{value:.0f}" if index.column() in (0, 3) else percent_text(value)

    def headerData(self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        if way == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return TIPS[section]
        return HEAD[section] if role == Qt.ItemDataRole.DisplayRole else None


class ObjectsPane(ScanPane):
    """Follows the shown layer. The scan's part is measured when it is asked for; the live part whenever one covers."""

    title = "Objects"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.known: LayerExamples | None = None
        self.shares: dict[str, list[ObjectShare]] = {}  # by layer
        self._shared_count = 0  # how many pictures had been scanned then
        self.covered: dict[int, Covered] = {}
        self._objects: dict[int, PixelBox | None] = {}  # by picture
        self._asked = ""
        self._latest: Result | None = None
        self._live = QTimer(self, singleShot=True, interval=LIVE_MS)
        self._live.timeout.connect(self._show_covered)
        controls = Controls()
        hint, name = (
            "Covers every strongest picture piece by piece to find its object; again stops it",
            "Find the objects of the strongest pictures",
        )
        self.measure = controls.add_button("find the objects", hint, self._toggle, name)
        controls.add_button("figure…", "Save the shares as a figure", self.ask_for_figure)
        self.hint = QLabel(NOTHING_YET)
        self.hint.setWordWrap(True)
        self.units = Units()
        self.order = QSortFilterProxyModel(self)
        self.order.setSourceModel(self.units)
        self.order.setSortRole(Qt.ItemDataRole.UserRole)
        self.table = QTableView()
        self.table.setModel(self.order)
        self.table.setSortingEnabled(True)
        for column in range(1, len(HEAD)):
            self.table.setColumnHidden(column, True)
        self.table.setAccessibleName("Units, from the background to the object")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().hide()
        self.table.clicked.connect(self._pick)
        self.table.activated.connect(self._pick)
        for widget, stretch in ((controls, 0), (self.hint, 0), (self.table, 1)):
            self.inside.addWidget(widget, stretch)

    def demand(self, demand: Demand) -> Demand:
        return replace(demand, peaks=True)

    # The scan's part

    @property
    def has_content(self) -> bool:
        return self.has_scan or bool(self.covered)

    def clear(self) -> None:
        self.stop_work()
        self.known, self.shares, self._objects, self._asked = None, {}, {}, ""
        self.covered = {}
        self._fill()

    def renew(self) -> None:
        if self.work_progress is None:
            if self.scan.status.pictures != self._shared_count:  # what was found is of fewer pictures than are named
                self.shares, self._objects = {}, {}
            self._asked = ""
            self._ask()
        else:
            self._up_to_date = False  # objects that are being looked for are found first

    def show_view(self) -> None:
        if self._seen and self.has_scan:
            self._ask()
            self._select_row()

    def _ask(self) -> None:
        layer = self.desk.view.layer
        if layer == self._asked:
            return
        self.stop_work()
        if self.known is not None and self.known.layer != layer:
            self.known = None
        self._asked, self.covered = layer, {}
        self._fill()
        if self._reason():
            return
        self.ask(partial(_strongest, layer), self._on_strongest)

    def _reason(self) -> str:
        """Why the layer's boxes tell nothing."""
        model, layer = self.desk.model, self.desk.view.layer
        if layer == "input":
            return "The input has no units: choose a layer above it."
        if not model.architecture.stage(layer).spatial:
            return f"{layer}'s units see the whole picture, object and background: choose a layer with maps."
        return ""

    def _on_strongest(self, known: LayerExamples) -> None:
        self.known = known
        self._fill()

    def _toggle(self) -> None:
        if self.work_progress is not None:
            self.stop_work()
        elif self.known is not None:
            known = self.known
            work = partial(_find_objects, known, self._objects)
            self.run_long("objects", work, partial(self._on_objects, known))
        self._fill()

    def _on_objects(self, known: LayerExamples, _: None) -> None:
        found = {number: box for number, box in self._objects.items() if box is not None}
        self._shared_count = self.scan.status.pictures
        self.shares[known.layer] = object_shares(known.examples, found, known.gallery.model.architecture.size)
        self._fill()

    # The live part

    def show_result(self, result: Result) -> None:
        self._latest = result
        if not self._live.isActive():
            self._live.start()

    def _show_covered(self) -> None:
        result = self._latest
        peaks = result.peaks if result is not None else None
        if result is None or peaks is None or peaks.layer != self.desk.view.layer:
            return
        covered: dict[int, Covered] = {}
        if result.occluded and not self._reason():
            boxes = [(o.top, o.left, o.top + o.height, o.left + o.width) for o in result.request.view.occluders]
            stage = result.request.model.architecture.stage(peaks.layer)
            covered = {one.unit: one for one in covered_peaks(stage, peaks.clean, peaks.covered, peaks.places, boxes)}
        if covered or self.covered:
            self.covered = covered
            self._show_scan()
            self._fill()

    # What is shown

    def _fill(self) -> None:
        layer, reason = self.desk.view.layer, self._reason()
        shares = {one.unit: one for one in self.shares.get(layer, ())}
        count = 0 if reason else self.desk.model.architecture.stage(layer).shape[0]
        before = [self.table.isColumnHidden(column) for column in (1, LIVE_COLUMN)]
        for column in range(1, len(HEAD)):
            self.table.setColumnHidden(column, not (self.covered if column == LIVE_COLUMN else shares))
        self.units.show(list(range(count)) if shares or self.covered else [], shares, self.covered)
        for column, hidden in zip((LIVE_COLUMN, 1), reversed(before), strict=True):  # what has come is sorted by
            if hidden and not self.table.isColumnHidden(column):
                self.table.sortByColumn(column, Qt.SortOrder.AscendingOrder)
        self.hint.setText(reason or NOTHING_YET)
        self.hint.setVisible(bool(reason) or not (shares or self.covered))
        self.measure.setEnabled(self.known is not None and not reason)
        self._select_row()
        self.show_facts()

    def _select_row(self) -> None:
        view = self.desk.view
        if view.unit < self.units.rowCount():
            row = self.order.mapFromSource(self.units.index(view.unit, 0)).row()
            if row >= 0:
                self.table.selectRow(row)

    def _pick(self, index: QModelIndex) -> None:
        unit = self.units.units[self.order.mapToSource(index).row()]
        self.desk.change(self.desk.view.change(unit=unit, position=None), "unit")

    def facts_parts(self) -> list[str]:
        parts = [self.desk.view.layer]
        if (progress := self.work_progress) is not None:
            parts.append(f"objects of {progress.done:,} of {counted(progress.total, 'picture')}")
        elif self.known is not None and self.known.layer not in self.shares:
            parts.append(f"objects of {counted(len(self.known.pictures), 'picture')} to be found")
        return [*parts, "live: left when covered"] if self.covered else parts

    def show_facts(self) -> None:
        super().show_facts()
        self.measure.setText("stop" if self.work_progress is not None else "find the objects")

    def as_data(self) -> str:
        rows = [
            ["" if (value := self.units.value(row, column)) is None else value for column in range(len(HEAD))]
            for row in range(self.units.rowCount())
        ]
        return table_text(HEAD, rows) if self.shares.get(self.desk.view.layer) or self.covered else ""

    def for_figure(self) -> SharesShown | None:
        """The shares of the layer, for a figure."""
        layer = self.desk.view.layer
        if self.known is None or not self.shares.get(layer):
            return None
        return SharesShown(self.known.gallery.model, layer, list(self.shares[layer]), self.scanned_in_full)

    def ask_for_figure(self) -> None:
        """Save the shares of the layer as a page."""
        layer = self.desk.view.layer
        missing = f"The objects of {layer}'s strongest pictures are not found yet."
        self.save_figure(OBJECT_SHARES, "the shares", f"objects-{layer}", missing)


def _strongest(layer: str, portraits: Portraits) -> LayerExamples:
    units = range(portraits.statistics(layer).units)
    examples = {found.unit: portraits.examples(layer, found) for found in portraits.ranked(layer, units, exact=False)}
    return LayerExamples(layer, portraits.gallery(layer), examples)


def _find_objects(known: LayerExamples, objects: dict[int, PixelBox | None], progress: Progress) -> None:
    """Fill in those that are not known yet; what is done stays when it is stopped."""
    ids = known.pictures
    for done, number in enumerate(ids):
        progress.report(done, len(ids))
        if number not in objects:
            picture = next(known.gallery.read([number]))
            objects[number] = None if picture is None else object_box(known.gallery.model, picture)


__all__ = ["ObjectsPane"]
