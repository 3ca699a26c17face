"""The first steps: three short hints on a card in the window's corner, each closed by doing it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.live_view.layers_pane import LayersPane
from zfdesk.desk.widgets.theme import THEMES
from zfdesk.desk.window.help import native
from zfdesk.live import View

DONE_KEY = "hints/done"
LINGER_MS = 2500  # how long the card stays once all is done
SAVED = ("Saved ", "A picture of ")  # how the window's sentences about a picture begin
MARGIN = 10


@dataclass(frozen=True)
class Hint:
    """``id`` says how it is noticed that it was done."""

    id: str
    title: str
    words: str


def hints(table: ActionTable) -> tuple[Hint, ...]:
    """The three first steps, with the keys of the actions table."""
    return (
        Hint("unit", "Pick a unit", "Click one of the feature maps."),
        Hint(
            "occluder",
            "Drag the square",
            f"Press {native(table.find('occluder').keys[0])} and drag it over the picture.",
        ),
        Hint("figure", "Take a figure", f"Press {native(table.find('save-window').keys[0])} to save the window."),
    )


def picked_unit(before: View, now: View) -> bool:
    """Whether another unit or position was picked; another layer alone is none."""
    return before.layer == now.layer and (before.unit, before.position) != (now.unit, now.position)


def moved_occluder(before: View, now: View) -> bool:
    """Whether an occluder that was there has been moved or resized."""
    return len(before.occluders) == len(now.occluders) > 0 and any(
        (a.top, a.left, a.height, a.width) != (b.top, b.left, b.height, b.width)
        for a, b in zip(before.occluders, now.occluders, strict=True)
    )


class HintCard(QFrame):
    """Lies over the lower left corner, takes neither the focus nor the keys, and watches what is done."""

    def __init__(self, context: AppContext) -> None:
        super().__init__(context.window)
        self.context, self.desk = context, context.state
        self._layers = context.get(LayersPane)
        self._hints = hints(context.get(ActionTable))
        self._view = self.desk.view
        self.open_hints = {hint.id for hint in self._hints}
        self.setObjectName("hints")
        self.setAccessibleName("First steps")
        self._marks: dict[str, QLabel] = {}
        self._lines: dict[str, tuple[QLabel, QLabel]] = {}
        self._layout = layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 10)
        layout.setSpacing(6)
        layout.addLayout(self._head())
        layout.addLayout(self._body())
        self._linger = QTimer(self, singleShot=True, interval=LINGER_MS)
        self._linger.timeout.connect(self.finish)
        self.desk.view_changed.connect(self._look)
        self.desk.told.connect(self._hear)
        self._theme: tuple[str, bool] | None = None
        self._dress()
        context.window.installEventFilter(self)
        self._layers.installEventFilter(self)
        self.show()
        self.place()
        self.raise_()

    def _head(self) -> QHBoxLayout:
        title = QLabel("First steps")
        title.setObjectName("title")
        close = QToolButton()
        close.setText("×")
        close.setToolTip("Close the hints; the Help menu shows them again")
        close.setAccessibleName("Close all hints")
        close.setMinimumSize(24, 24)
        close.clicked.connect(self.finish)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(close)
        return head

    def _body(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(1, 1)
        for number, hint in enumerate(self._hints):
            mark, title, words = QLabel(str(number + 1)), QLabel(hint.title), QLabel(hint.words, wordWrap=True)
            mark.setObjectName("mark")
            title.setObjectName("title")
            words.setObjectName("words")
            mark.setAlignment(Qt.AlignmentFlag.AlignCenter)
            grid.addWidget(mark, 2 * number, 0)
            grid.addWidget(title, 2 * number, 1)
            grid.addWidget(words, 2 * number + 1, 1)
            self._marks[hint.id], self._lines[hint.id] = mark, (title, words)
        return grid

    # Noticing

    def _look(self) -> None:
        before, self._view = self._view, self.desk.view
        if picked_unit(before, self._view):
            self.tick("unit")
        if moved_occluder(before, self._view):
            self.tick("occluder")
        self._dress()

    def _hear(self, sentence: str, trouble: bool) -> None:
        if not trouble and sentence.startswith(SAVED):
            self.tick("figure")

    def tick(self, name: str) -> None:
        """One of the steps was done."""
        if name not in self.open_hints:
            return
        self.open_hints.discard(name)
        self._marks[name].setText("✓")
        self._marks[name].setAccessibleName("done")
        title, words = self._lines[name]
        words.hide()
        title.setEnabled(False)
        self._dress(again=True)
        if not self.open_hints:
            self.context.settings.setValue(DONE_KEY, True)
            self._linger.start()

    def finish(self) -> None:
        """Close the card and remember that it need not come again."""
        self._linger.stop()
        self.context.settings.setValue(DONE_KEY, True)
        self.context.window.removeEventFilter(self)
        self._layers.removeEventFilter(self)
        self.hide()
        self.setParent(None)
        self.deleteLater()

    # Looks

    def _dress(self, again: bool = False) -> None:
        view = self.desk.view
        if self._theme == (view.theme, view.presenter) and not again:
            return
        self._theme = (view.theme, view.presenter)
        colours = THEMES[view.theme]
        self.setStyleSheet(
            f"#hints {{ background: {colours.raised}; border: 1px solid {colours.line};"
            f" border-left: 4px solid {colours.field}; border-radius: 6px; }}"
            f"#hints QLabel {{ color: {colours.text}; background: transparent; }}"
            f"#hints #title {{ font-weight: bold; }} #hints #title:disabled {{ color: {colours.quiet}; }}"
            f"#hints #words {{ color: {colours.quiet}; }} #hints #mark {{ color: {colours.field}; font-weight: bold; }}"
            "#hints QToolButton { border: 0; background: transparent; padding: 0; min-height: 24px; }"
        )
        QTimer.singleShot(0, self, self.place)  # once the layout knows the new style

    def place(self) -> None:
        """Into the lower left corner: over the end of the layer bar, so that neither bars nor picture are hidden."""
        window, layers = self.context.window, self._layers
        corner = layers.isVisible() and layers.window() is window and layers.mapTo(window, layers.pos()).x() < MARGIN
        line = self.fontMetrics().height()
        width = min(max(layers.width() - MARGIN if corner else 0, 11 * line), 23 * line)
        self._layout.activate()
        height = max(self._layout.totalHeightForWidth(width), self._layout.totalMinimumSize().height())
        bar = window.statusBar().height() if window.statusBar().isVisible() else 0
        self.setGeometry(MARGIN, window.height() - bar - height - MARGIN, width, height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize and watched in (self.context.window, self._layers):
            self.place()
        return False


def show_hints(context: AppContext) -> HintCard:
    """Show the first steps anew, all of them open."""
    for card in context.window.findChildren(HintCard):
        card.finish()
    context.settings.setValue(DONE_KEY, False)
    return HintCard(context)


def first_steps(context: AppContext) -> HintCard | None:
    """Show the first steps unless they were done or closed once."""
    if context.settings.value(DONE_KEY, False, bool):
        return None
    return show_hints(context)


__all__ = ["HintCard", "first_steps", "hints", "moved_occluder", "picked_unit", "show_hints"]
