"""One sentence over the panes, with buttons where it waits for an answer; it stops nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from zfdesk.desk.widgets.theme import set_role

MOST_WIDTH = 760
OFFER_ABOVE, MESSAGE_ABOVE = 112, 44  # pixels over the window's lower edge: an offer stands above the message line
MESSAGE_MS = 8000


class Notification(QFrame):
    """A sentence near the window's lower edge, ``above`` so many pixels."""

    def __init__(self, window: QWidget, name: str, above: int, close_name: str) -> None:
        super().__init__(window)
        self.setObjectName("notification")
        self.setAccessibleName(name)
        self._above = above
        self.label = QLabel(wordWrap=True)
        self.label.setAccessibleName(name)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(12, 6, 6, 6)
        self.row.addWidget(self.label, 1)
        self.close_button = QToolButton(text="×")
        self.close_button.setAccessibleName(close_name)
        self.close_button.setMinimumSize(24, 24)
        self.row.addWidget(self.close_button)
        window.installEventFilter(self)

    def show_text(self, text: str, error: bool = False) -> None:
        """Show a sentence; an error is marked."""
        set_role(self, "error" if error else "")
        self.label.setText(("⚠ " if error else "") + text)
        self.setAccessibleDescription(text)
        self.show()
        self.raise_()
        self.place()

    def place(self) -> None:
        """Where it belongs, in the window's present size."""
        parent = self.parentWidget()
        width = min(parent.width() - 40, MOST_WIDTH)
        height = max(self.layout().heightForWidth(width), self.sizeHint().height())
        self.setGeometry((parent.width() - width) // 2, parent.height() - height - self._above, width, height)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Another theme, or another size of type."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self.isVisible():
            QTimer.singleShot(0, self, self.place)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.place()
        return False


class MessageLine(Notification):
    """What the window has to say: gone by itself after a while; an error stays twice as long."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window, "Message", MESSAGE_ABOVE, "Close the message")
        self.close_button.clicked.connect(self.hide)
        self.clock = QTimer(self, singleShot=True, interval=MESSAGE_MS)
        self.clock.timeout.connect(self.hide)
        self.hide()

    def say(self, text: str, error: bool = False) -> None:
        """Show a sentence for a while."""
        self.show_text(text, error)
        self.clock.start(MESSAGE_MS * 2 if error else MESSAGE_MS)


class Offer(Notification):
    """A sentence that waits for an answer. ``answers``: the text of a button and what it does; each closes the line,
    and so does ×, which does nothing."""

    def __init__(self, window: QWidget, text: str, answers: Mapping[str, Callable[[], None]]) -> None:
        super().__init__(window, "Offer", OFFER_ABOVE, "Not now")
        self.close_button.setToolTip("Not now: it is asked again at the next start")
        self.close_button.clicked.connect(self.finish)
        self.buttons: dict[str, QPushButton] = {}
        for place, (answer, action) in enumerate(answers.items()):
            button = QPushButton(answer)
            button.clicked.connect(self.finish)
            button.clicked.connect(lambda _=False, action=action: action())
            self.row.insertWidget(1 + place, button)
            self.buttons[answer] = button
        self.show_text(text)

    def finish(self) -> None:
        """Close the line."""
        self.hide()
        self.deleteLater()


__all__ = ["MessageLine", "Notification", "Offer"]
