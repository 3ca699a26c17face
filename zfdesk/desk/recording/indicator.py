"""The red mark while a film is recorded: how long it is, how many frames, how large; a click stops it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QToolButton

from zfdesk.desk.context import AppContext
from zfdesk.desk.live_view.transport import clock
from zfdesk.desk.widgets.theme import THEMES
from zfdesk.film.writer import size_words

if TYPE_CHECKING:
    from zfdesk.desk.recording.controller import Films


class RecordingMark(QToolButton):
    """In the status bar while there is something to tell. It is not in the film."""

    def __init__(self, films: Films, context: AppContext) -> None:
        super().__init__()
        self._films, self._state = films, context.state
        self._unseen = False
        self._dressed: tuple[str, bool] | None = None
        self.setObjectName("recording")
        self.setAccessibleName("Recording: stop")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(lambda: films.stop())
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

    def show_state(self) -> None:
        """Renew the words; gone when nothing is recorded."""
        films = self._films
        if not (films.recording or films.finishing):
            self.hide()
            return
        self._dress()
        told = films.told
        words = f"● {clock(films.seconds)} · {told.frames} frames"
        if films.plan and films.plan.live:
            words += f" · {told.dropped} dropped"
        words += f" · {size_words(told.bytes)}"
        words += " · writing the end…" if films.finishing else "   ■ Stop"
        self.setText(words)
        name = films.plan.path.name if films.plan else "the film"
        self.setToolTip(f"Recording {name}; a click stops it and keeps it")
        self.setEnabled(not films.finishing)
        if not self.isVisible():
            self.show()

    def _dress(self) -> None:
        view = self._state.view
        if self._dressed != (view.theme, view.presenter):
            self._dressed = (view.theme, view.presenter)
            colours = THEMES[view.theme]
            self.setStyleSheet(
                f"QToolButton {{ color: {colours.trouble}; border: 1px solid {colours.trouble}; font-weight: bold;"
                f" background: {colours.pane}; padding: 0 8px; min-height: 19px; }}"
                f"QToolButton:hover {{ background: {colours.raised}; }}"
            )
