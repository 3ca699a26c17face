"""The controls of the occlusion pane: what is swept how, and which maps are shown how."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from zfdesk.desk.occlusion.controller import settings_of
from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.class_field import ClassField
from zfdesk.desk.widgets.colour_tables import SEQUENTIAL
from zfdesk.desk.widgets.controls import Choice, Controls
from zfdesk.desk.widgets.menu import PopupMenu
from zfdesk.engine import OccluderFill, OccluderShape
from zfdesk.live import SweepMap, SweepUnit

SHAPE_LABELS = {OccluderShape.SQUARE: "square", OccluderShape.ELLIPSE: "disc"}
EDGE_LABELS = {True: "over the edge", False: "inside"}
UNIT_LABELS = {SweepUnit.STRONGEST: "highest total", SweepUnit.SELECTED: "selected unit"}
MAP_LABELS = {
    SweepMap.ALL: "all four", SweepMap.ACTIVATION: "activation", SweepMap.RECONSTRUCTION: "projection",
    SweepMap.PROBABILITY: "probability", SweepMap.LABEL: "labels",
}  # fmt: skip
CHANGE_LABELS = {False: "values", True: "change"}


class _Spin(QSpinBox):
    """A spin box no wider than its text: two of them stand in one line with the buttons."""

    def sizeHint(self) -> QSize:  # noqa: N802
        height = super().sizeHint().height()
        return QSize(
            self.fontMetrics().horizontalAdvance(f"{self.prefix()}224") + self.fontMetrics().height() * 2, height
        )


class SweepControls(QWidget):
    """Three strips; the last one, of what is changed seldom, opens with a button. ``asked``: the id of an action."""

    asked = Signal(str)

    def __init__(self, desk: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        self.often, self.seldom, self.shown = self._often(), self._seldom(), self._shown()
        for strip in (self.often, self.shown, self.seldom):
            layout.addWidget(strip)
        self.seldom.hide()
        desk.model_changed.connect(self._new_names)
        self._new_names()

    def _often(self) -> Controls:
        self.sweep = self._button("Sweep", "Sweep the occluder over the picture as it is now", "sweep")
        self.cancel = self._button("Cancel", "End the sweep; what is done stays", "sweep-cancel")
        self.size_box = self._spin("size ", "Side of the occluder, in pixels of the network's input", "size")
        self.stride_box = self._spin("stride ", "Pixels from one position to the next, once all is refined", "stride")
        self.live = self._button("Live", "Sweep the newest frame again and again, on a coarse grid", "sweep-live")
        self.live.setCheckable(True)
        self.save = tool_button("Save ▾")
        self.save.setToolTip("Save the sweep as a figure or as arrays")
        self.save.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = PopupMenu(self.save)
        for label, name in (("Figure (Fig. 7)…", "sweep-figure"), ("Arrays (.npz)…", "sweep-arrays")):
            menu.addAction(label).triggered.connect(lambda _=False, name=name: self.asked.emit(name))
        self.save.setMenu(menu)
        return _strip(
            (self.sweep, "Sweep"), (self.cancel, "Cancel the sweep, or go on with it"), (self.size_box, "Size"),
            (self.stride_box, "Stride"), (self.live, "Live sweep"),
        )  # fmt: skip

    def _seldom(self) -> Controls:
        self.shape = self._choice(SHAPE_LABELS, "Shape of the occluder", "shape", own=True)
        fills = {fill: fill.value for fill in OccluderFill}
        self.fill = self._choice(fills, "What covers the picture", "fill", own=True)
        self.edge = self._choice(EDGE_LABELS, "Whether the occluder hangs over the picture's edge", "overhang")
        self.like = tool_button("as the occluder")
        self.like.setToolTip("Size, shape and fill of the occluder on the picture")
        self.like.clicked.connect(lambda: self._change(own=False))
        self.colours_choice = self._choice({name: name for name in SEQUENTIAL}, "Colours of the values", "colours")
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(10, 100)
        self.opacity.setToolTip("Opacity of the maps over the swept picture")
        self.opacity.setFixedWidth(84)
        self.opacity.setMinimumHeight(24)
        self.opacity.valueChanged.connect(lambda v: self._change("sweep opacity", opacity=v / 100))
        self.change = self._choice(CHANGE_LABELS, "The values, or their change from clean", "change")
        self.contour = self._button("contour", "Lines at half the clean value", "sweep-contour")
        self.contour.setCheckable(True)
        return _strip(
            (self.shape, "Shape"), (self.fill, "Fill"), (self.edge, "Edges"), (self.like, "As the occluder"),
            (self.colours_choice, "Colour map of the sweep"), (self.opacity, "Opacity of the maps"),
            (self.contour, "Contour"), (self.change, "Values"), (self.save, "Save the sweep"),
        )  # fmt: skip

    def _shown(self) -> Controls:
        self.class_field = ClassField("top class")
        self.class_field.setToolTip("Whose probability is shown; any class, without another sweep")
        self.class_field.chosen.connect(lambda index: self._change(class_index=index))
        self.class_field.missed.connect(lambda text: self.desk.message.emit(f"No class is called “{text}”.", True))
        self.class_field.returnPressed.connect(self.class_field.clearFocus)
        self.unit = self._choice(UNIT_LABELS, "Whose total activation is shown, and led back to the pixels", "unit")
        self.map = self._choice(MAP_LABELS, "Which maps are shown", "shown")
        self.more = tool_button("More", checkable=True)
        self.more.setToolTip("Shape, fill and edges of the occluder; colours, opacity and contour; files")
        self.more.toggled.connect(lambda on: self.seldom.setVisible(on))
        return _strip(
            (self.class_field, "Class"), (self.unit, "Unit"), (self.map, "Maps"), (self.more, "More settings")
        )

    def _button(self, text: str, hint: str, action: str) -> QToolButton:
        button = tool_button(text)
        button.setToolTip(hint)
        button.clicked.connect(lambda: self.asked.emit(action))
        return button

    def _spin(self, prefix: str, hint: str, field: str) -> QSpinBox:
        spin = _Spin(prefix=prefix, minimum=1)
        spin.setKeyboardTracking(False)
        spin.setToolTip(hint)
        spin.valueChanged.connect(lambda value: self._change(f"sweep {field}", field == "size", **{field: value}))
        return spin

    def _choice(self, labels: dict[Any, str], hint: str, field: str, own: bool = False) -> Choice:
        choice = Choice(labels, hint)
        choice.chosen.connect(lambda value: self._change("", own, **{field: value}))
        return choice

    def _change(self, kind: str = "", makes_own: bool = False, **changes: object) -> None:
        """``makes_own``: from now on the occluder is the sweep's own, not the live one's."""
        view = self.desk.view
        settings = settings_of(view, self.desk.model.architecture.size) if makes_own else view.sweep
        changes |= {"own": True} if makes_own else {}
        self.desk.change(view.change(sweep=replace(settings, **changes)), kind)  # type: ignore[arg-type]

    def _new_names(self) -> None:
        self.class_field.set_names(self.desk.model.classes)
        for spin in (self.size_box, self.stride_box):
            with QSignalBlocker(spin):
                spin.setMaximum(self.desk.model.architecture.size)

    def show_view(self) -> None:
        """Show the values of the present view."""
        view, size = self.desk.view, self.desk.model.architecture.size
        settings = settings_of(view, size)
        for spin, value in ((self.size_box, settings.size), (self.stride_box, settings.stride)):
            with QSignalBlocker(spin):
                spin.setValue(value)
        for choice, shown in (
            (self.shape, settings.shape), (self.fill, settings.fill), (self.edge, settings.overhang),
            (self.colours_choice, settings.colours), (self.unit, settings.unit), (self.map, settings.shown),
            (self.change, settings.change),
        ):  # fmt: skip
            choice.show_value(shown)
        self.like.setEnabled(settings.own and bool(view.occluders))
        self.contour.setChecked(settings.contour)
        self.live.setChecked(settings.live)
        with QSignalBlocker(self.opacity):
            self.opacity.setValue(round(settings.opacity * 100))
        if not self.class_field.hasFocus():
            chosen = settings.class_index if 0 <= settings.class_index < len(self.desk.model.classes) else -1
            self.class_field.show_class(chosen)

    def show_state(self, running: bool, can_resume: bool, anything: bool, top: str) -> None:
        """What can be done now. ``top``: the name of the most probable class."""
        self.class_field.setPlaceholderText(f"top: {top}" if top else "top class")
        self.cancel.setText("Resume" if can_resume else "Cancel")
        self.cancel.setToolTip("Go on with the sweep" if can_resume else "End the sweep; what is done stays")
        self.cancel.setEnabled(running or can_resume)
        self.save.setEnabled(anything)


def _strip(*controls: tuple[QWidget, str]) -> Controls:
    strip = Controls()
    for widget, name in controls:
        strip.add(widget, name)
    return strip
