"""The controls of where a class looks: by which method, of whom, at which layer, with which options, drawn how."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QSlider, QSpinBox, QWidget

from zfdesk.attribution import METHODS
from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.class_field import ClassField
from zfdesk.desk.widgets.controls import Choice, Controls
from zfdesk.desk.widgets.numbers import DecimalSpinBox
from zfdesk.live import HeatTarget, View

METHOD_LABELS = {name: one.label for name, one in METHODS.items()}
METHOD_HELPS = {name: f"{one.help} ({one.source})" for name, one in METHODS.items()}
TARGET_LABELS = {HeatTarget.TOP: "of the top class", HeatTarget.CLASS: "of the class", HeatTarget.UNIT: "of the unit"}
CONTOUR_LABELS = {0.0: "no contour", 0.25: "contour 25 %", 0.5: "contour 50 %", 0.75: "contour 75 %"}
LAST_CONVOLUTION = "last convolution"
NUMBERS = {
    "samples": ("samples ", "How many noisy copies SmoothGrad takes", 1, 1000, 0),
    "noise": ("noise ", "SmoothGrad's noise, as a share of the picture's range", 0, 10, 2),
    "seed": ("seed ", "Of SmoothGrad's noise: the same seed gives the same map", 0, 2**31 - 1, 0),
    "steps": ("steps ", "Steps of integrated gradients from the mean picture to this one", 1, 1000, 0),
    "epsilon": ("ε ", "LRP's ε, as a share of each layer's root mean square", 0, 10, 3),
}
"""By the name of an option: prefix, hint, least, most, decimals."""


def hold_top(view: View, top: int) -> View:
    """The class that is the most probable now is held, or the most probable one is followed again."""
    held = view.heat.target is HeatTarget.CLASS
    return view.change_heat(target=HeatTarget.TOP if held else HeatTarget.CLASS, class_index=0 if held else top)


class HeatControls(Controls):
    """A strip. ``one_method``: it chooses the method laid over the picture; else the pane that it stands in chooses
    several. ``methods``: those that are shown, whose options are offered."""

    def __init__(
        self, desk: AppState, pane: QWidget, one_method: bool, methods: Callable[[View], Sequence[str]]
    ) -> None:
        super().__init__(pane)
        self._desk, self._methods = desk, methods
        self.method = Choice(METHOD_LABELS, "Method")
        self.method.offer(METHOD_LABELS, METHOD_HELPS)
        self.method.chosen.connect(lambda name: self._change(method=name))
        if one_method:
            self.add(self.method, "Method of attribution")
        else:
            self.method.setParent(self)
            self.method.hide()
        self.target = Choice(TARGET_LABELS, "Whose attribution: the most probable class of each frame, a class, a unit")
        self.target.chosen.connect(self._choose_target)
        self.add(self.target, "Whose attribution")
        self.class_field = ClassField("class")
        self.class_field.setToolTip("The class that is held")
        self.class_field.chosen.connect(self._choose_class)
        self.class_field.missed.connect(lambda text: desk.message.emit(f"No class is called “{text}”.", True))
        self.add(self.class_field, "Class")
        self.layer = Choice({}, "The layer whose maps are weighted")
        self.layer.chosen.connect(lambda name: self._change(layer=name))
        self.add(self.layer, "Layer")
        self.numbers = {name: self._number(name) for name in NUMBERS}
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(10, 100)
        self.opacity.setToolTip("Opacity over the picture")
        self.opacity.setFixedWidth(84)
        self.opacity.setMinimumHeight(24)
        self.opacity.valueChanged.connect(lambda value: self._change("heat opacity", opacity=value / 100))
        self.add(self.opacity, "Opacity of the heat")
        self.contour = Choice(CONTOUR_LABELS, "A line at this share of the full heat")
        self.contour.chosen.connect(lambda share: self._change(contour=share))
        self.add(self.contour, "Contour of the heat")
        desk.model_changed.connect(self._new_network)
        self._new_network()

    def _number(self, name: str) -> QSpinBox | QDoubleSpinBox:
        prefix, hint, least, most, decimals = NUMBERS[name]
        spin: QSpinBox | QDoubleSpinBox = _Whole() if not decimals else _Fraction(decimals=decimals, singleStep=0.01)
        spin.setRange(least, most)
        spin.setPrefix(prefix)
        spin.setToolTip(hint)
        spin.setKeyboardTracking(False)
        spin.valueChanged.connect(lambda value: self._change(f"heat {name}", **{name: value}))
        self.add(spin, hint)
        return spin

    def _change(self, kind: str = "", **changes: object) -> None:
        self._desk.change(self._desk.view.change_heat(**changes), kind)

    def _choose_target(self, target: HeatTarget) -> None:
        result = self._desk.result
        top = int(result.probabilities.argmax()) if result is not None else 0
        self._change(target=target, class_index=top if target is HeatTarget.CLASS else 0)

    def _choose_class(self, index: int) -> None:
        """-1: the field was cleared."""
        target = HeatTarget.CLASS if index >= 0 else HeatTarget.TOP
        self._change(target=target, class_index=max(index, 0))

    def _new_network(self) -> None:
        self.class_field.set_names(self._desk.model.classes)
        stages = self._desk.model.architecture.stages
        names = [stage.name for stage in stages if stage.spatial and stage.layer is not None]
        self.layer.offer({"": LAST_CONVOLUTION, **{name: f"at {name}" for name in names}})

    def show_view(self) -> None:
        """Follow the view: what is chosen, and which options count for it."""
        view = self._desk.view
        heat = view.heat
        for choice, value in (
            (self.method, heat.method), (self.target, heat.target), (self.layer, heat.layer),
            (self.contour, heat.contour),
        ):  # fmt: skip
            choice.show_value(value)
        if not self.class_field.hasFocus():
            known = heat.target is HeatTarget.CLASS and 0 <= heat.class_index < len(self._desk.model.classes)
            self.class_field.show_class(heat.class_index if known else -1)
        with QSignalBlocker(self.opacity):
            self.opacity.setValue(round(heat.opacity * 100))
        used = {option for name in self._methods(view) if name in METHODS for option in METHODS[name].options}
        self.set_present(self.class_field, heat.target is HeatTarget.CLASS)
        self.set_present(self.layer, "layer" in used)
        for name, spin in self.numbers.items():
            with QSignalBlocker(spin):
                spin.setValue(getattr(heat, name))
            self.set_present(spin, name in used)


class _Whole(QSpinBox):
    """No wider than four figures need."""

    def sizeHint(self) -> QSize:  # noqa: N802
        return _hint(self, super().sizeHint().height())


class _Fraction(DecimalSpinBox):
    """No wider than its figures need."""

    def sizeHint(self) -> QSize:  # noqa: N802
        return _hint(self, super().sizeHint().height())


def _hint(spin: QAbstractSpinBox, height: int) -> QSize:
    prefix = spin.prefix() if isinstance(spin, QSpinBox | QDoubleSpinBox) else ""
    metrics = spin.fontMetrics()
    return QSize(metrics.horizontalAdvance(f"{prefix}0.000") + metrics.height() * 2, height)


__all__ = ["CONTOUR_LABELS", "METHOD_HELPS", "METHOD_LABELS", "TARGET_LABELS", "HeatControls", "hold_top"]
