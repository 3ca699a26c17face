"""Keys that a widget with the focus takes for itself, before they are actions of the window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QTabBar,
    QWidget,
)

TYPED = (QLineEdit, QAbstractSpinBox)
"""What is typed there is text or a number, whatever the letter."""

CHOSEN = (QAbstractItemView, QComboBox, QAbstractSlider, QTabBar)
"""One walks through these by `MOVES`; all other keys stay actions."""

MOVES = {
    Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
    Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Return, Qt.Key.Key_Enter,
}  # fmt: skip
PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier


class OwnKeys(QObject):
    """A filter on the fields and lists of a window. Never on the application: a filter in Python for every event costs
    more than all drawing."""

    def install(self, root: QWidget) -> None:
        """Let every field and list below keep its keys; the open list of a choice does so itself (`ComboBox`)."""
        for kind in (*TYPED, *CHOSEN):
            for widget in root.findChildren(kind):
                if not isinstance(widget.window().parent(), QComboBox):
                    widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return False
        plain = not event.modifiers() & ~PLAIN
        typed = isinstance(watched, TYPED) and event.key() != Qt.Key.Key_Escape
        if plain and (typed or (isinstance(watched, CHOSEN) and event.key() in MOVES)):
            event.accept()
            return True
        return False


__all__ = ["CHOSEN", "MOVES", "TYPED", "OwnKeys"]
