"""What the window has to say, over its status line, and what it offers, in a line of its own: neither hides a pane."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMainWindow, QPushButton, QToolButton

from zfdesk.desk.widgets.line_bar import LineBar
from zfdesk.desk.widgets.theme import set_role

MESSAGE_MS = 8000
LINES = 2  # of a message; the status line has the room for them


class MessageLine(QFrame):
    """A sentence over the status line: gone by itself after a while; an error stays twice as long."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.setObjectName("notification")
        self.setAccessibleName("Message")
        self.label = QLabel(wordWrap=True)
        self.label.setAccessibleName("Message")
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 6, 0)
        row.addWidget(self.label, 1)
        close = QToolButton(text="×")
        close.setAccessibleName("Close the message")
        close.setMinimumSize(24, 24)
        set_role(close, "bare")
        close.clicked.connect(self.end)
        row.addWidget(close)
        self.clock = QTimer(self, singleShot=True, interval=MESSAGE_MS)
        self.clock.timeout.connect(self.hide)
        window.installEventFilter(self)
        window.statusBar().installEventFilter(self)
        self.hide()

    def say(self, text: str, error: bool = False) -> None:
        """Show a sentence for a while; an error is marked."""
        set_role(self, "error" if error else "")
        self.label.setText(("⚠ " if error else "") + text)
        self.setAccessibleDescription(text)
        self.show()
        self.raise_()
        self.place()
        self.clock.start(MESSAGE_MS * 2 if error else MESSAGE_MS)

    def end(self) -> None:
        """What it was about is no more."""
        self.clock.stop()
        self.hide()

    def make_room(self) -> None:
        """The status line is as high as a message, whatever the size of type: nothing jumps when one comes."""
        self._window.statusBar().setMinimumHeight(LINES * self.label.fontMetrics().height() + 4)

    def place(self) -> None:
        """Over the status line, in the window's present size; a longer sentence than there is reaches above it."""
        window, bar = self._window, self._window.statusBar()
        width, least = window.width(), bar.height() if bar.isVisible() else 0
        height = max(self.layout().heightForWidth(width), least)
        self.setGeometry(0, window.height() - height, width, height)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Another theme, or another size of type."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            QTimer.singleShot(0, self, self.make_room)
            QTimer.singleShot(0, self, self.place)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.place()
        return False


class Notification(LineBar):
    """A sentence that waits for an answer. ``answers``: the text of a button and what it does; each closes the line,
    and so does ×, which does nothing."""

    def __init__(self, window: QMainWindow, text: str, answers: Mapping[str, Callable[[], None]]) -> None:
        super().__init__(window, "Offer")
        self.setAccessibleDescription(text)
        self.label = QLabel(text, wordWrap=True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.row.addWidget(self.label, 1)
        self.buttons: dict[str, QPushButton] = {}
        for answer, action in answers.items():
            button = QPushButton(answer)
            button.clicked.connect(self.finish)
            button.clicked.connect(lambda _=False, action=action: action())
            self.row.addWidget(button)
            self.buttons[answer] = button
        self.add_close("Not now", "Not now: it is asked again at the next start")
        self.stand()


__all__ = ["MessageLine", "Notification"]
