"""The red mark while a film is recorded: how long it is, how many frames, how large; a click stops it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QToolButton

from zfdesk.desk.context import AppContext


class RecordingMark(QToolButton):
    """In the status bar while there is something to tell. It is not in the film."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self._state = context.state
        self._unseen = False
        self.setObjectName("recording")
        self.setAccessibleName("Recording: stop")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.hide()

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """While a picture of the window is taken, the mark is not painted."""
        self._unseen = True
        try:
            yield
        finally:
            self._unseen = False

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if not self._unseen:
            super().paintEvent(event)

    def show_state(self, text: str, tool_tip: str = "", enabled: bool = True) -> None:
        """Say how the film stands; "" when there is nothing to tell."""
        if text:
            self.setText(text)
            self.setToolTip(tool_tip)
            self.setEnabled(enabled)
        if self.isVisible() != bool(text):
            self.setVisible(bool(text))
