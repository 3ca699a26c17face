"""A choice among words whose open list keeps the keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QComboBox


class ComboBox(QComboBox):
    """While its list is open all keys are the list's; otherwise actions would take arrows and letters from it.

    The frame around the list refuses the actions, not the list: Qt itself answers Return and Escape in the list at the
    moment when it asks whether a key is an action, and what filters that away there takes both from it.
    """

    def showPopup(self) -> None:  # noqa: N802
        view = self.view()
        view.setMinimumWidth(view.sizeHintForColumn(0) + view.verticalScrollBar().sizeHint().width())  # read whole
        super().showPopup()
        view.window().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() != QEvent.Type.ShortcutOverride:
            return False
        event.accept()
        return True


__all__ = ["ComboBox"]
