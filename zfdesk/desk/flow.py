"""Controls set in lines, like words: a narrow pane wraps them instead of being widened by them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractSpinBox, QSizePolicy, QWidget

SPACING = 3


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
