"""The units of a layer beside each other: how they correlate, how they are spread, which are dead or twice there."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.patterns import FIRST, NO_SCAN
from zfdesk.desk.portrait.texts import places_text
from zfdesk.desk.scan import ScanController
from zfdesk.desk.tasks import TaskSlot, error_text
from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture, Content, ValueRange
from zfdesk.desk.widgets.colour_bar import ColourBar
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.desk.widgets.controls import Choice, Controls
from zfdesk.desk.widgets.pane import ElidedLabel, Pane
from zfdesk.desk.widgets.tsv import array_text
from zfdesk.figures.facts import number
from zfdesk.library import Portraits
from zfdesk.library.portrait import MOST_CORRELATED
from zfdesk.library.statistics import BINS
from zfdesk.live.changes import to_unit
from zfdesk.pages.panels_portrait import LayerShown
from zfdesk.progress import counted

CORRELATION, SPREAD = "correlation", "spread"
LABELS = {CORRELATION: "correlation of the units", SPREAD: "activations of the units"}
WAITING = "The layer is looked up…"
FAILED = "The layer's statistics could not be made"
MOST_LISTED = 60
LISTS_HEIGHT = 110  # pixels


def layer_shown(portraits: Portraits, layer: str) -> LayerShown:
    """All that the pane shows. Raises LibraryError."""
    statistics = portraits.statistics(layer)
    correlation = portraits.correlation(layer) if statistics.units <= MOST_CORRELATED else None
    alike = portraits.duplicates(layer) if correlation is not None else []
    return LayerShown(portraits.library.model, statistics, correlation, alike, portraits.places)


def list_html(shown: LayerShown) -> str:
    """The dead units, and pairs that answer alike, as links."""
    dead = [f'<a href="{unit}">{unit}</a>' for unit in np.flatnonzero(shown.statistics.dead).tolist()]
    pairs = [f'<a href="{a}">{a}</a> and <a href="{b}">{b}</a> ({value:.3f})' for a, b, value in shown.alike]
    lines = [f"<b>Dead</b> ({len(dead)}): {_some(dead) or 'none'}"]
    if shown.correlation is not None:
        lines.append(f"<b>Alike</b> ({len(pairs)} pairs, correlation at least 0.98): {_some(pairs) or 'none'}")
    return "<p>" + "</p><p>".join(lines) + "</p>"


def _some(links: list[str]) -> str:
    more = len(links) - MOST_LISTED
    return ", ".join(links[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


class UnitsCanvas(Canvas):
    """A matrix with a row a unit, and perhaps a column; a click picks the row's unit, with Shift the column's."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.square, self.unit = True, 0
        self.setCursor(Qt.CursorShape.CrossCursor)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(400, 400)

    def paint_over(self, painter: QPainter) -> None:
        """The selected unit's row, and its column."""
        painter.setPen(QPen(self.colours.colour("unit"), 1))
        painter.drawRect(self.rect_to_screen(0, self.unit, self.image.width(), self.unit + 1))
        if self.square:
            painter.drawRect(self.rect_to_screen(self.unit, 0, self.unit + 1, self.image.height()))

    def cell_at(self, point: tuple[float, float] | None) -> tuple[int, int] | None:
        """(row, column) in pixels of the picture, None outside."""
        if point is None or not self.has_picture:
            return None
        column, row = int(point[0] // 1), int(point[1] // 1)
        return (row, column) if 0 <= row < self.image.height() and 0 <= column < self.image.width() else None


class LayerPane(Pane):
    """Follows the shown layer and the scan while it is seen."""

    title = "Layer statistics"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.scan = context.get(ScanController)
        self.shown: LayerShown | None = None
        self._task = TaskSlot()
        self._asked = ""
        self._seen = False
        self._message = NO_SCAN  # why nothing is drawn
        self.choice = Choice(LABELS, "What is shown of the layer's units")
        self.choice.chosen.connect(lambda _: self._draw())
        controls = Controls(self)
        controls.add(self.choice, "What is shown")
        self.canvas = UnitsCanvas()
        self.canvas.setAccessibleName("The units of the layer beside each other")
        self.canvas.hovered.connect(self._show_hover)
        self.canvas.pressed.connect(self._pick)
        self.canvas.set_content(NO_SCAN)
        self.bar, self.line = ColourBar(), ElidedLabel()
        self.lists = QLabel(wordWrap=True)
        self.lists.setAccessibleName("Dead units, and units that are alike")
        flags = Qt.TextInteractionFlag
        self.lists.setTextInteractionFlags(flags.LinksAccessibleByMouse | flags.LinksAccessibleByKeyboard)
        self.lists.linkActivated.connect(lambda unit: self._select(int(unit)))
        area = QScrollArea(widgetResizable=True)
        area.setWidget(self.lists)
        area.setMaximumHeight(LISTS_HEIGHT)
        self.body.addWidget(controls)
        self.body.addWidget(self.canvas, 1)
        for widget in (self.bar, self.line, area):
            self.body.addWidget(widget)
        self.scan.changed.connect(self._renew)
        self.desk.model_changed.connect(self._clear)

    def set_seen(self, seen: bool) -> None:
        self._seen = seen
        self.show_view()

    def show_view(self) -> None:
        self.canvas.unit = self.desk.view.unit
        self.canvas.update()
        if self._seen and self.desk.view.layer != self._asked:
            self._ask()

    def _clear(self) -> None:
        self.shown = None
        self._renew()

    def _renew(self) -> None:
        self._asked = ""
        self.show_view()

    def _ask(self) -> None:
        layer = self._asked = self.desk.view.layer
        self._task.abandon()
        if not self.scan.status.pictures or not self.scan.scans(layer):
            self.shown = None
            none = FIRST if self.scan.status.running else NO_SCAN
            self._message = "The scan is not of this layer: choose another." if self.scan.status.pictures else none
            self._draw()
            return
        if self.shown is None or self.shown.statistics.layer != layer:
            self.shown, self._message = None, WAITING
            self._draw()
        self._task.put(self.scan.ask("layer statistics", partial(layer_shown, layer=layer), self._on_layer, self))

    def _on_layer(self, shown: LayerShown | None, error: Exception | None) -> None:
        self.shown, self._message = shown, error_text(error, FAILED)
        self._draw()

    # What is drawn

    def _draw(self) -> None:
        shown = self.shown
        self.lists.setText(list_html(shown) if shown is not None else "")
        if shown is None:
            self.canvas.set_content(self._message)
            self.bar.clear()
        else:
            self.canvas.set_content(self._content(shown))
        self.show_facts()

    def _content(self, shown: LayerShown) -> Content:
        view = self.desk.view
        self.canvas.square = self.choice.currentData() == CORRELATION
        if self.canvas.square:
            if shown.correlation is None:
                self.bar.clear()
                return f"{shown.statistics.units:,} units are too many for a matrix: choose their activations."
            colours = table(view.maps.colours, True, view.theme == "dark")
            levels = (np.nan_to_num(shown.correlation, nan=0.0) * 127 + 128.5).astype(np.uint8)
            self.bar.show_range(-1.0, 1.0, "0", colours)
            return CanvasPicture.indexed(
                np.ascontiguousarray(levels), colours, value_range=ValueRange(-1, 1, table=colours)
            )
        spread = shown.spread()
        colours = table(view.maps.colours, False, view.theme == "dark")
        high = max(float(spread.max()), 1e-9)
        levels = (spread / high * 254 + 1).astype(np.uint8).repeat(shown.across, axis=1)
        self.bar.show_range(0.0, high, "√ share of pictures", colours)
        return CanvasPicture.indexed(
            np.ascontiguousarray(levels), colours, value_range=ValueRange(0, high, table=colours)
        )

    def show_facts(self) -> None:
        shown = self.shown
        if shown is None:
            self.facts.say(self.desk.view.layer)
            return
        found = shown.statistics
        parts = [f"{found.layer} · {found.units} units", f"{int(found.dead.sum())} dead", shown.model.name]
        parts.append(f"{places_text(shown.places)}: {counted(found.pictures, 'picture')}")
        self.facts.say(" · ".join(parts))

    # What is pointed at

    def _show_hover(self, point: tuple[float, float] | None) -> None:
        cell, shown = self.canvas.cell_at(point), self.shown
        if cell is None or shown is None:
            self.line.say("")
            return
        row, column = cell
        found = shown.statistics
        if self.canvas.square and shown.correlation is not None:
            self.line.say(f"{found.layer}:{row} and {column}: correlation {number(shown.correlation[row, column])}")
            return
        bin_ = min(column // shown.across, BINS - 1)
        low, high = found.edges[row, bin_], found.edges[row, bin_ + 1]
        self.line.say(
            f"{found.layer}:{row} · {counted(found.counts[row, bin_], 'picture')} from {number(low)} to {number(high)}"
        )

    def _pick(self, point: tuple[float, float], modifiers: Qt.KeyboardModifier) -> None:
        cell = self.canvas.cell_at(point)
        if cell is not None and self.shown is not None and self.shown.statistics.layer == self.desk.view.layer:
            column = self.canvas.square and modifiers & Qt.KeyboardModifier.ShiftModifier
            self._select(cell[1] if column else cell[0])

    def _select(self, unit: int) -> None:
        self.desk.change(to_unit(self.desk.view, unit).change(chosen_occluder=-1), "unit")

    def as_data(self) -> str:
        """Return the matrix that is drawn, as tab-separated lines."""
        if self.shown is None:
            return ""
        if self.canvas.square and self.shown.correlation is not None:
            return array_text(f"correlation · {self.facts.full_text}", self.shown.correlation)
        return array_text(f"pictures a bin · {self.facts.full_text}", self.shown.statistics.counts.astype(np.float32))


__all__ = ["LayerPane", "layer_shown", "list_html"]
