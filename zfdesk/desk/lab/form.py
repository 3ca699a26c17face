"""What the forms of the lab have in common: the settings of one way to make a picture, and the order they make."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from zfdesk.desk.context import AppContext
from zfdesk.desk.widgets.controls import Controls
from zfdesk.desk.widgets.numbers import DecimalSpinBox
from zfdesk.synthesis.orders import Order


class Form(QWidget):
    """The settings of a method. Subclasses add strips of controls and say what is to be made in `order`."""

    title = ""
    hint = ""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context, self.state = context, context.state
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setSpacing(3)

    def add_strip(self, *controls: tuple[QWidget, str]) -> Controls:
        """Another strip of controls, each with the name that a screen reader says; folded to one line."""
        strip = Controls(self)
        for widget, name in controls:
            strip.add(widget, name)
        self.rows.addWidget(strip)
        return strip

    def order(self) -> Order:
        """What the settings mean now. ValueError where they mean nothing."""
        raise NotImplementedError

    def follow(self) -> None:
        """Follow the view and the network."""


def _width(spin: QAbstractSpinBox, prefix: str, digits: str) -> int:
    """Room for a common number, not for the largest there can be."""
    return spin.fontMetrics().horizontalAdvance(f"{prefix}{digits}") + 2 * spin.fontMetrics().height()


class _IntegerBox(QSpinBox):
    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(_width(self, self.prefix(), "0000"), super().sizeHint().height())


class _RealBox(DecimalSpinBox):
    def sizeHint(self) -> QSize:  # noqa: N802
        digits = "00." + "0" * max(self.decimals(), 2)
        return QSize(_width(self, self.prefix(), digits), super().sizeHint().height())


class NamedSlider(QWidget):
    """A slider from 0 to 100 behind a label that says what it means now: they are kept together in a narrow pane.

    label_text: of a value; the longest it can be must be that of 0, 50 or 100, so that nothing moves as it is dragged.
    """

    def __init__(self, name: str, hint: str, label_text: Callable[[int], str], value: int = 50) -> None:
        super().__init__()
        self.label = QLabel()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setFixedWidth(84)
        self.slider.setMinimumHeight(24)
        self.slider.setAccessibleName(name)
        self.setFocusProxy(self.slider)
        self.slider.setToolTip(hint)
        self._label_text = label_text
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 0, 0)
        row.addWidget(self.label)
        row.addWidget(self.slider)
        self.slider.valueChanged.connect(lambda now: self.label.setText(label_text(now)))
        self.setValue(value)
        self.label.setText(label_text(value))

    def sizeHint(self) -> QSize:  # noqa: N802
        longest = max(self.fontMetrics().horizontalAdvance(self._label_text(value)) for value in (0, 50, 100))
        self.label.setMinimumWidth(longest + 2)
        return super().sizeHint()

    def value(self) -> int:
        """Return the slider's value, from 0 to 100."""
        return self.slider.value()

    def setValue(self, value: int) -> None:  # noqa: N802
        """Move the slider."""
        self.slider.setValue(value)


def whole_number(prefix: str, value: int, low: int, high: int, hint: str) -> QSpinBox:
    """A field for a whole number, with its name in it."""
    spin = _IntegerBox(prefix=f"{prefix} ", minimum=low, maximum=high, value=value)
    spin.setKeyboardTracking(False)
    spin.setToolTip(hint)
    return spin


def real_number(
    prefix: str, value: float, high: float, hint: str, decimals: int = 2, step: float = 0.5
) -> QDoubleSpinBox:
    """A field for a number from 0 up, with its name in it."""
    spin = _RealBox(prefix=f"{prefix} ", decimals=decimals, minimum=0, maximum=high, singleStep=step)
    spin.setValue(value)
    spin.setKeyboardTracking(False)
    spin.setToolTip(hint)
    return spin


def seed_number() -> QSpinBox:
    """The seed: the same one gives the same picture."""
    return whole_number("seed", 0, 0, 999_999, "The same seed gives the same picture")


__all__ = ["Form", "NamedSlider", "real_number", "seed_number", "whole_number"]
