"""One sentence with buttons over the panes: it waits for an answer and stops nobody."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.theme import THEMES

MOST_WIDTH = 760
ABOVE = 112  # pixels over the window's lower edge: the message line lies below


class Offer(QFrame):
    """``answers``: words of a button and what it does; each closes the line, and so does ×, which does nothing."""

    def __init__(self, window: QWidget, desk: AppState, sentence: str, answers: dict[str, Callable[[], None]]) -> None:
        super().__init__(window)
        self.desk = desk
        self.setObjectName("offer")
        self.setAccessibleName("Offer")
        self.setAccessibleDescription(sentence)
        self.label = QLabel(sentence, wordWrap=True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 6, 6)
        layout.addWidget(self.label, 1)
        self.buttons: dict[str, QPushButton] = {}
        for words, do in answers.items():
            button = QPushButton(words)
            button.clicked.connect(self.finish)
            button.clicked.connect(lambda _=False, do=do: do())
            layout.addWidget(button)
            self.buttons[words] = button
        close = QToolButton(text="×")
        close.setToolTip("Not now: it is asked again at the next start")
        close.setAccessibleName("Not now")
        close.setMinimumSize(24, 24)
        close.clicked.connect(self.finish)
        layout.addWidget(close)
        self._dressed: tuple[str, bool] | None = None
        desk.view_changed.connect(self._dress)
        window.installEventFilter(self)
        self._dress()
        self.show()
        self.raise_()
        self.place()

    def finish(self) -> None:
        """Close the line."""
        self.parentWidget().removeEventFilter(self)
        self.desk.view_changed.disconnect(self._dress)
        self.hide()
        self.deleteLater()

    def _dress(self) -> None:
        view = self.desk.view
        if self._dressed == (view.theme, view.presenter):
            return
        self._dressed, colours = (view.theme, view.presenter), THEMES[view.theme]
        self.setStyleSheet(
            f"#offer {{ background: {colours.raised}; border: 1px solid {colours.field};"
            f" border-left: 5px solid {colours.field}; border-radius: 4px; }} #offer QLabel {{ color: {colours.text};"
            " background: transparent; }"
            f"#offer QPushButton {{ border: 1px solid {colours.quiet}; border-radius: 4px; padding: 3px 12px;"
            " min-height: 20px; }"
        )
        self.place()

    def place(self) -> None:
        """Above the place of the message line."""
        parent = self.parentWidget()
        width = min(parent.width() - 40, MOST_WIDTH)
        height = max(self.layout().heightForWidth(width), self.sizeHint().height())
        self.setGeometry((parent.width() - width) // 2, parent.height() - height - ABOVE, width, height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize:
            self.place()
        return False
