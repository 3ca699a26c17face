"""Controls set in lines, like words: a narrow pane wraps them instead of being widened by them. And choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QSizePolicy, QWidget

SPACING = 3


class Choice(QComboBox):
    """One of several values, each with its words. ``chosen`` carries the value itself.

    The values are kept here: PySide hands an enumeration of strings back from `itemData` as a bare string.
    """

    chosen = Signal(object)

    def __init__(self, words: Mapping[Any, str], hint: str) -> None:
        super().__init__()
        self._values = tuple(words)
        for value, text in words.items():
            self.addItem(text, value)
        self.setToolTip(hint)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.activated.connect(lambda index: self.chosen.emit(self._values[index]))

    def show_value(self, value: object) -> None:
        """Show a value as the present one, without it counting as chosen."""
        with QSignalBlocker(self):
            self.setCurrentIndex(self._values.index(value))


class Controls(QWidget):
    """A strip of controls, left to right, then the next line; as high as its lines need."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._widgets: list[QWidget] = []
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def add(self, widget: QWidget, name: str) -> None:
        """Add a control under the name that a screen reader says. Clicking it does not take the keys away."""
        widget.setAccessibleName(name)
        typed = isinstance(widget, QAbstractSpinBox)
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus if typed else Qt.FocusPolicy.TabFocus)
        widget.setParent(self)
        self._widgets.append(widget)
        self._arrange()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(200, self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        self._arrange()

    def event(self, event: QEvent) -> bool:
        """A control with other words is of another width."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._arrange()
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._arrange()

    def showEvent(self, event: QEvent) -> None:  # noqa: N802
        self._arrange()

    def _arrange(self) -> None:
        x = y = line = 0
        for widget in self._widgets:
            hint = widget.sizeHint().expandedTo(widget.minimumSize())
            if x and x + hint.width() > self.width():
                x, y, line = 0, y + line + SPACING, 0
            widget.setGeometry(x, y, min(hint.width(), max(self.width(), 1)), hint.height())
            x, line = x + hint.width() + SPACING, max(line, hint.height())
        if self.height() != y + line:
            self.setFixedHeight(y + line)
