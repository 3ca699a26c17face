"""The feature maps of the shown layer, live, as one mosaic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFont, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.live_view.actions import unit_orders
from zfdesk.desk.live_view.pattern_grid import PatternPanel
from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture, Content
from zfdesk.desk.widgets.colour_bar import ColourBar
from zfdesk.desk.widgets.colour_tables import SEQUENTIAL, table
from zfdesk.desk.widgets.controls import Choice, Controls
from zfdesk.desk.widgets.numbers import DecimalSpinBox
from zfdesk.desk.widgets.pane import ElidedLabel, Pane
from zfdesk.desk.widgets.theme import THEMES, mark_pens
from zfdesk.desk.widgets.tsv import array_text, table_text
from zfdesk.engine import SeedKind
from zfdesk.figures.facts import number
from zfdesk.live import Demand, MapsContent, Mosaic, Normalise, Pattern, Result, UnitOrder
from zfdesk.live.changes import to_unit
from zfdesk.progress import counted

WAITING = "The layer's maps appear with the first frame."
CONTENT_LABELS = {
    MapsContent.ACTIVATION: "activations",
    MapsContent.CHANGE: "change when covered",
    MapsContent.GRADIENT: "gradient",
}
NORMALISE_LABELS = {
    Normalise.LAYER: "one range",
    Normalise.UNIT: "each unit's own",
    Normalise.LOCKED: "locked range",
}
ORDER_LABELS = {
    UnitOrder.INDEX: "by number", UnitOrder.ACTIVITY: "by activity", UnitOrder.CHANGE: "by change",
    UnitOrder.CLASS: "by class",
}  # fmt: skip
PATTERN_LABELS = {
    Pattern.NONE: "live maps", Pattern.PATCH: "best patches", Pattern.PROJECTION: "best projections",
    Pattern.MADE: "made pictures",
}  # fmt: skip


class MapsCanvas(Canvas):
    """The mosaic: hover reads a value, a click selects a unit, with Shift also the position under the mouse."""

    unit_hovered = Signal(object)  # (unit, y, x) or None
    unit_clicked = Signal(int)
    position_clicked = Signal(int, int, int)
    menu_asked = Signal(object, object)  # unit or None, global position

    def __init__(self, desk: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.mosaic: Mosaic | None = None
        self.hover: tuple[int, int, int] | None = None
        self.hovered.connect(self._set_hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_mosaic(self, mosaic: Mosaic | None, content: Content) -> None:
        """Another mosaic and its picture, or a sentence; under a mouse that stands still may be another unit now."""
        known = [(one.layer, one.columns) if one else None for one in (mosaic, self.mosaic)]
        self.mosaic = mosaic
        self.set_content(content)
        if known[0] != known[1]:
            self.hover = None
            self._set_hover(self.to_picture(self.mouse) if self.mouse else None)

    def _set_hover(self, point: tuple[float, float] | None) -> None:
        hover = None
        if point and self.mosaic and self.has_picture:
            hover = self.mosaic.tile_at(int(point[1] // 1), int(point[0] // 1))
        if hover != self.hover:
            self.hover = hover
            self.unit_hovered.emit(hover)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mouseReleaseEvent(event)
        current = self.mosaic is not None and self.mosaic.layer == self.desk.view.layer
        if event.button() == Qt.MouseButton.LeftButton and self.hover and current:
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.position_clicked.emit(*self.hover)
            else:
                self.unit_clicked.emit(self.hover[0])

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        self.menu_asked.emit(self.hover[0] if self.hover else None, event.globalPos())

    def paint_over(self, painter: QPainter) -> None:
        mosaic = self.mosaic
        if mosaic is None:
            return
        view = self.desk.view
        if view.labels and mosaic.tile[1] * self.scale() > 34:
            self._paint_numbers(painter, mosaic)
        if self.hover:
            self._outline(painter, mosaic, self.hover[0], QPen(self.colours.colour("text", 160), 1.0))
        if mosaic.layer == view.layer:
            for pen in mark_pens("unit", 2.5):
                self._outline(painter, mosaic, view.unit, pen)
            corner = mosaic.corner_of(view.unit)
            unit = self.desk.result.unit if self.desk.result else None
            if corner and unit and unit.reference.layer == view.layer and mosaic.tile[0] > 1:
                self._cross(painter, corner, unit.position)

    def _outline(self, painter: QPainter, mosaic: Mosaic, unit: int, pen: QPen) -> None:
        corner = mosaic.corner_of(unit)
        if corner:
            rect = self.rect_to_screen(corner[1], corner[0], corner[1] + mosaic.tile[1], corner[0] + mosaic.tile[0])
            painter.setPen(pen)
            within = QRectF(self.rect()).adjusted(2, 2, -2, -2)  # of a map at the edge too all four sides are seen
            painter.drawRect(rect.adjusted(-1, -1, 1, 1).intersected(within))

    def _cross(self, painter: QPainter, corner: tuple[int, int], position: tuple[int, int]) -> None:
        if self.scale() < 3:
            return
        y, x = corner[0] + position[0], corner[1] + position[1]
        for pen in mark_pens("unit", 1):
            painter.setPen(pen)
            painter.drawRect(self.rect_to_screen(x, y, x + 1, y + 1))

    def _paint_numbers(self, painter: QPainter, mosaic: Mosaic) -> None:
        font = QFont(painter.font())
        font.setPixelSize(max(8, min(10, int(mosaic.tile[1] * self.scale() / 5))))
        painter.setFont(font)
        painter.setPen(THEMES["dark"].colour("quiet"))  # maps are dark on every page
        visible = QRectF(self.rect())
        for place, unit in enumerate(mosaic.units):
            row, column = divmod(place, mosaic.columns)
            point = self.to_screen(column * (mosaic.tile[1] + mosaic.gap), row * (mosaic.tile[0] + mosaic.gap))
            if visible.contains(point):
                painter.drawText(point + QPointF(2, font.pixelSize() + 1), str(unit))


class MapsPane(Pane):
    """The grid of the layer with its settings, a colour bar and the value under the mouse."""

    title = "Feature maps"
    two_lines = True
    shows_unit = True
    unit_hovered = Signal(object)
    menu_asked = Signal(object, object)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        desk = self.desk
        self.canvas = MapsCanvas(desk)
        self.canvas.setMinimumSize(160, 96)
        self.canvas.set_content(WAITING)
        desk.model_changed.connect(self._clear)
        self.canvas.setAccessibleName("Feature maps of the layer")
        self.canvas.unit_clicked.connect(self._select)
        self.canvas.position_clicked.connect(self._select_position)
        self.canvas.unit_hovered.connect(self._show_hover)
        self.canvas.menu_asked.connect(self.menu_asked)
        self.bar = ColourBar()
        self.hover_line = ElidedLabel()
        self.controls = self._controls()
        self.body.addWidget(self.controls)
        self.body.addWidget(self.canvas, 1)
        self.patterns = PatternPanel(context)
        self.patterns.unit_clicked.connect(self._select)
        self.patterns.hide()
        self.body.addWidget(self.patterns, 1)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.bar, 1)
        row.addWidget(self.hover_line, 1)
        self.patterns.hovered.connect(self.hover_line.say)
        self.body.addLayout(row)

    @property
    def columns(self) -> int:
        """Return the number of columns of the grid that is shown."""
        if self.patterns.isVisible():
            return self.patterns.grid.columns
        return self.canvas.mosaic.columns if self.canvas.mosaic is not None else 1

    @property
    def shown_units(self) -> tuple[int, ...]:
        """The units in the order of the grid, where that is one of patterns."""
        return tuple(self.patterns.grid.units) if self.patterns.isVisible() else ()

    def demand(self, demand: Demand) -> Demand:
        shown = self.patterns.grid if self.patterns.isVisible() else self.canvas
        aspect = round(shown.width() / max(shown.height(), 1), 2)
        live = self.desk.view.maps.pattern is Pattern.NONE
        return replace(demand, maps=demand.maps or live, aspect=aspect)

    def _controls(self) -> Controls:
        self.pattern = self._choice(
            "Live maps, or what each unit answers to most", PATTERN_LABELS, lambda v: {"pattern": v}
        )
        self.content = self._choice("What the maps show", CONTENT_LABELS, lambda v: {"content": v})
        self.normalise = Choice(NORMALISE_LABELS, "Range of the colours")
        self.normalise.chosen.connect(self._change_range)
        self.order = self._choice(
            "Order of the units (sorted anew once a second)", ORDER_LABELS, lambda v: {"order": v}
        )
        names = {name: name for name in SEQUENTIAL}
        self.palette_choice = self._choice("Colours of activations", names, lambda v: {"colours": v})
        self.hide_dead = tool_button("hide silent", checkable=True)
        self.hide_dead.setToolTip("Leave out units that were never active since this network was loaded")
        self.hide_dead.clicked.connect(lambda on: self.desk.change(self.desk.view.change_maps(hide_dead=on)))
        self.boost = DecimalSpinBox(minimum=0.25, maximum=64, singleStep=0.25, prefix="× ", decimals=2)
        self.boost.setToolTip("Boost: dim maps made brighter; values past the end of the bar are cut")
        self.boost.valueChanged.connect(lambda v: self.desk.change(self.desk.view.change_maps(boost=v), "boost"))
        self.jump = QSpinBox(prefix="unit ", maximum=9999)
        self.jump.setKeyboardTracking(False)
        self.jump.setToolTip("Jump to a unit by its number")
        self.jump.valueChanged.connect(self._select)
        controls = Controls(self)
        for widget, name in (
            (self.pattern, "Live maps or patterns"),
            (self.content, "Maps content"), (self.normalise, "Normalisation"), (self.order, "Order"),
            (self.palette_choice, "Colour map"), (self.boost, "Boost"), (self.jump, "Unit number"),
            (self.hide_dead, "Hide silent units"),
        ):  # fmt: skip
            controls.add(widget, name)
        return controls

    def _clear(self) -> None:
        """Another network: nothing of the old one may be picked any more."""
        mosaic = self.canvas.mosaic
        if mosaic is not None and self.desk.is_valid_for(mosaic.layer):
            return
        self.canvas.show_mosaic(None, WAITING)

    def _choice(self, hint: str, labels: Mapping[Any, str], change: Callable[[Any], dict[str, Any]]) -> Choice:
        choice = Choice(labels, hint)
        choice.chosen.connect(lambda value: self.desk.change(self.desk.view.change_maps(**change(value))))
        return choice

    def _change_range(self, value: Normalise) -> None:
        mosaic = self.canvas.mosaic
        self.desk.change(self.desk.view.change_range(value, mosaic.full_range if mosaic else None))

    def _select(self, unit: int) -> None:
        """The unit at its strongest place: most cells of an upper layer's map are zero, and show nothing."""
        self.desk.change(to_unit(self.desk.view, unit).change(chosen_occluder=-1), "unit")

    def _select_position(self, unit: int, y: int, x: int) -> None:
        view = self.desk.view
        if not self.desk.model.architecture.stage(view.layer).spatial:
            self._select(unit)
            return
        self.desk.change(view.change(unit=unit, chosen_occluder=-1, position=(y, x), seed=SeedKind.AT), "unit")

    def _show_hover(self, hover: tuple[int, int, int] | None) -> None:
        mosaic = self.canvas.mosaic
        self.unit_hovered.emit(hover)
        if hover is None or mosaic is None:
            self.hover_line.say("")
            return
        unit, y, x = hover
        if unit >= mosaic.values.shape[0] or y >= mosaic.tile[0] or x >= mosaic.tile[1]:
            return  # of the layer before; the mouse has not moved since
        value = number(float(mosaic.values[unit, y, x]))
        where = f" at ({y}, {x})" if mosaic.tile[0] > 1 else ""
        model = self.desk.model
        name = f" {model.classes[unit]}" if mosaic.layer in model.architecture.class_layers else ""
        self.hover_line.say(f"{mosaic.layer}:{unit}{name}{where} = {value}")

    def as_data(self) -> str:
        """The map of the unit under the mouse, else of the selected one; of a layer without maps all its values."""
        mosaic, result = self.canvas.mosaic, self.desk.result
        if mosaic is None or result is None:
            return ""
        origin = f"{mosaic.text} · {result.request.frame.origin} · frame {result.request.frame.number}"
        if mosaic.tile == (1, 1):
            return table_text(("unit", mosaic.text), enumerate(mosaic.values[:, 0, 0]))
        unit = self.canvas.hover[0] if self.canvas.hover else min(self.desk.view.unit, len(mosaic.values) - 1)
        return array_text(f"{mosaic.layer}:{unit} · {origin}", mosaic.values[unit])

    def show_result(self, result: Result) -> None:
        mosaic = result.mosaic
        if mosaic is None:
            return
        view = self.desk.view
        shown = table(view.maps.colours, mosaic.signed, view.theme == "dark")
        stale = "" if mosaic.layer == view.layer else f"still {mosaic.layer}"
        self.canvas.show_mosaic(mosaic, mosaic.reason or CanvasPicture.indexed(mosaic.image, shown, stale=stale))
        self._table = shown

    def show_view(self) -> None:
        view, maps = self.desk.view, self.desk.view.maps
        count = self.desk.model.architecture.stage(view.layer).shape[0]
        for box, value in (
            (self.pattern, maps.pattern),
            (self.content, maps.content), (self.normalise, maps.normalise), (self.palette_choice, maps.colours),
        ):  # fmt: skip
            box.show_value(value)
        self._show_order()
        with QSignalBlocker(self.boost):
            self.boost.setValue(maps.boost)
        with QSignalBlocker(self.jump):
            self.jump.setMaximum(count - 1)
            self.jump.setValue(view.unit)
        self.hide_dead.setChecked(maps.hide_dead)
        self._show_pattern()
        self.canvas.update()

    def _show_order(self) -> None:
        view, offered = self.desk.view, unit_orders(self.desk.view)
        if self.order.values != offered:
            self.order.offer({order: ORDER_LABELS[order] for order in offered})
        self.order.show_value(view.maps.order if view.maps.order in offered else UnitOrder.INDEX)

    def _show_pattern(self) -> None:
        """Either the live maps with their colour bar, or the patterns."""
        patterns = self.desk.view.maps.pattern is not Pattern.NONE
        if patterns == self.canvas.isVisibleTo(self):
            self.canvas.setVisible(not patterns)
            self.bar.setVisible(not patterns)
            self.patterns.setVisible(patterns)
            for widget in (self.content, self.normalise, self.palette_choice, self.boost, self.hide_dead):
                self.controls.set_present(widget, not patterns)
            self.hover_line.say("")
        self.patterns.renew()

    def show_facts(self) -> None:
        if self.patterns.isVisible():
            self.facts.say(" · ".join(self.patterns.facts_text()))
            return
        mosaic, result = self.canvas.mosaic, self.desk.result
        if mosaic is None or result is None:
            return
        maps = self.desk.view.maps
        count, shown = mosaic.values.shape[0], len(mosaic.units)
        parts = [f"{mosaic.layer} · {counted(count, 'unit')}", mosaic.text]
        if shown < count:
            parts.append(f"{shown} shown")
        parts.append(f"{count - mosaic.alive} silent so far")
        if maps.gamma != 1:
            parts.append(f"gamma {maps.gamma:g}")
        parts.append(result.request.frame.number_text)
        if result.request.clean:
            parts.insert(0, "CLEAN")
        self.facts.say(" · ".join(parts))
        if not self.canvas.has_picture:
            self.bar.clear()
            self._show_hover(self.canvas.hover)
            return
        range_text = {Normalise.UNIT: "each unit's own range", Normalise.LOCKED: "locked"}.get(maps.normalise, "")
        if mosaic.tile == (1, 1) and maps.normalise is Normalise.UNIT:
            range_text = ""
        self.bar.show_range(
            -1 if mosaic.low != mosaic.low and mosaic.signed else mosaic.low, mosaic.high, range_text, self._table
        )
        self._show_hover(self.canvas.hover)
