"""R-CNN's view: a unit's strongest pictures, whole, with what the unit sees of them outlined."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.open_scanned import open_scanned
from zfdesk.desk.scan_views.base import ScanPane
from zfdesk.desk.scan_views.grid import GridCell, PictureGrid
from zfdesk.desk.widgets.controls import Controls
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.engine import Architecture
from zfdesk.figures.facts import number, unit_text
from zfdesk.library import Portraits
from zfdesk.library.boxes import BoxedPicture, boxed_pictures
from zfdesk.pages.panels_scan import BOXES, BoxesShown

Unit = tuple[str, int]


def last_maps(architecture: Architecture) -> str:
    """pool5: the last layer that has maps, which R-CNN's figure shows units of."""
    return next(stage.name for stage in reversed(architecture.stages) if stage.spatial)


class BoxesPane(ScanPane):
    """Follows the selected unit."""

    title = "Boxes"
    shows_unit = True

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.boxed: list[BoxedPicture] = []
        self.unit: Unit | None = None  # whose boxes are shown
        self._asked: Unit | None = None
        controls = Controls()
        hint = "Select the same unit of the last layer with maps, as in R-CNN's figure"
        self.jump = controls.add_button("pool5", hint, self._jump, "Units of the last layer with maps")
        controls.add_button("figure…", "Save the boxes as a figure", self.ask_for_figure)
        self.inside.addWidget(controls)
        self.grid = PictureGrid("Whole pictures with boxes", aspect=1.2)
        self.grid.picked.connect(lambda one, _x, _y: open_scanned(self.context, one.example.path, one.example.seconds))
        self.inside.addWidget(self.grid, 1)

    def _jump(self) -> None:
        architecture, view = self.desk.model.architecture, self.desk.view
        layer = last_maps(architecture)
        units = architecture.stage(layer).shape[0]
        self.desk.change(view.change(layer=layer, unit=min(view.unit, units - 1), position=None), "unit")

    # What is asked

    def clear(self) -> None:
        self.boxed, self.unit, self._asked = [], None, None
        self.jump.setText(last_maps(self.desk.model.architecture))
        self.grid.show_cells((), "The pictures are being looked for …")

    def renew(self) -> None:
        self._asked = None
        self._ask()

    def show_view(self) -> None:
        if self._seen and self.has_scan:
            self._ask()

    def _ask(self) -> None:
        unit = self.desk.view.layer, self.desk.view.unit
        if unit == self._asked:
            return
        self._asked = unit
        layer = unit[0]
        model = self.desk.model.base
        if not self.scan.scans(layer):
            self._show_sentence(f"{layer} has no units that were scanned for.")
        elif not model.architecture.stage(layer).spatial:
            self._show_sentence(f"{layer}'s units see the whole picture: choose a layer with maps.")
        else:
            self.ask(partial(_boxed, unit), partial(self._on_boxes, unit))

    def _show_sentence(self, text: str) -> None:
        self.boxed, self.unit = [], self._asked
        self.grid.show_cells((), text)
        self.show_facts()

    def _on_boxes(self, unit: Unit, boxed: list[BoxedPicture]) -> None:
        self.boxed, self.unit = boxed, unit
        cells = [GridCell(one.pixels, f"{one.share:.2f}", _tip(one), one, one.box) for one in boxed]
        self.grid.show_cells(cells, f"{unit_text(*unit)} is active for none of the pictures.")
        self.show_facts()

    # What is said of it

    def facts_parts(self) -> list[str]:
        parts = [unit_text(*self.unit)] if self.unit is not None else []
        if self.boxed:
            parts.append(f"values over its highest, {number(self.boxed[0].example.activation)}")
        return parts

    def as_data(self) -> str:
        rows = [
            [one.share, one.example.activation, *one.box, one.example.class_name, one.example.path]
            for one in self.boxed
        ]
        head = ["share", "activation", "left", "top", "right", "bottom", "class", "path"]
        return table_text(head, rows) if rows else ""

    def for_figure(self) -> BoxesShown | None:
        """Return what is shown, for a figure; None while there is nothing."""
        if self.unit is None or not self.boxed:
            return None
        model = self.desk.model.base
        return BoxesShown(model, *self.unit, list(self.boxed), self.scanned_in_full)

    def ask_for_figure(self) -> None:
        """Save what is shown as a page."""
        name = "-".join(("boxes", *map(str, self.unit or ())))
        self.save_figure(BOXES, "the boxes", name, "There are no boxes to save: select a unit that is active.")


def _boxed(unit: Unit, portraits: Portraits) -> list[BoxedPicture]:
    return list(boxed_pictures(portraits, *unit))


def _tip(one: BoxedPicture) -> str:
    example = one.example
    kind = f"class {example.class_name}, " if example.class_name else ""
    return f"{example.path}\n{kind}{number(example.activation)} at {example.position}; a click opens it"


__all__ = ["BoxesPane", "last_maps"]
