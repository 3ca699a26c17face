"""The first steps: three short hints in a line above the status line, each ticked by doing it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.settings import HINTS_DONE
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.line_bar import LineBar
from zfdesk.desk.widgets.menu import PopupMenu
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.window.help_file import help_section
from zfdesk.live import View

TITLE = "First steps"
MARGIN = 16  # pixels of the line about its row
LINGER_MS = 2500  # how long the card stays once all is done


@dataclass(frozen=True)
class Hint:
    """``id`` says how it is noticed that it was done."""

    id: str
    title: str
    text: str


def hints(table: ActionTable) -> tuple[Hint, ...]:
    """The three first steps, with the keys of the actions table."""
    return tuple(Hint(*row) for row in help_section(TITLE, table.actions).rows)


def picked_unit(before: View, now: View) -> bool:
    """Whether another unit or position was picked; another layer alone is none."""
    return before.layer == now.layer and (before.unit, before.position) != (now.unit, now.position)


def moved_occluder(before: View, now: View) -> bool:
    """Whether an occluder that was there has been moved or resized."""
    return len(before.occluders) == len(now.occluders) > 0 and any(
        (a.top, a.left, a.height, a.width) != (b.top, b.left, b.height, b.width)
        for a, b in zip(before.occluders, now.occluders, strict=True)
    )


class HintBar(LineBar):
    """Three hints in a line; watches what is done."""

    def __init__(self, context: AppContext) -> None:
        super().__init__(context.window, TITLE)
        self.context, self.desk = context, context.state
        self._hints = hints(context.get(ActionTable))
        self._view = self.desk.view
        self.open_hints = {hint.id for hint in self._hints}
        self._marks: dict[str, QLabel] = {}
        self._titles: dict[str, QLabel] = {}
        self._sentences: dict[str, ElidedLabel] = {}
        for number, hint in enumerate(self._hints):
            self._add_hint(number + 1, hint)
        self._add_examples()
        self.add_close("Close all hints", "Close the hints; the Help menu shows them again")
        self.linger = QTimer(self, singleShot=True, interval=LINGER_MS)
        self.linger.timeout.connect(self.finish)
        self._fit()
        self.desk.view_changed.connect(self._on_view_changed)
        context.picture_taken.connect(lambda: self.tick("figure"))
        self.stand()

    def _add_hint(self, number: int, hint: Hint) -> None:
        mark, title, sentence = QLabel(str(number)), QLabel(hint.title), ElidedLabel()
        sentence.say(hint.text)
        sentence.renew_now()
        title.setToolTip(hint.text)
        for label, name in ((mark, "mark"), (title, "title"), (sentence, "sentence")):
            label.setObjectName(name)
            self.row.addWidget(label, int(label is sentence))
        self._marks[hint.id], self._titles[hint.id], self._sentences[hint.id] = mark, title, sentence

    def _add_examples(self) -> None:
        button, menu = tool_button("Examples ▾", pops_up=True), PopupMenu(self)
        for action in self.context.get(ActionTable).actions:
            if action.menu == "Examples":
                menu.addAction(self.context.get(ActionTable).qt[action.id])
        button.setMenu(menu)
        button.setToolTip("Ready views, each with a sentence of what to try; also in the File menu")
        button.setAccessibleName("Examples")
        self.row.addWidget(button)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            QTimer.singleShot(0, self, self._fit)  # once its parts have the new type, too

    def _fit(self) -> None:
        """The sentences for which there is room, the next step's first: one that is whole helps more than three cut.
        In large type even the titles of the others may have to give way."""
        opened = [hint.id for hint in self._hints if hint.id in self.open_hints]
        for title in self._titles.values():
            title.show()
        room = self._room()
        for number, name in enumerate(opened):
            sentence = self._sentences[name]
            needed = sentence.fontMetrics().horizontalAdvance(sentence.full_text) + 2 + self.row.spacing()
            if number == 0 and needed > room:
                for other in self._titles.keys() - {name}:
                    self._titles[other].hide()
                room = self._room()
            room -= needed
            sentence.setMinimumWidth(needed - self.row.spacing() if room >= 0 else 0)
            sentence.setVisible(number == 0 or room >= 0)

    def _room(self) -> int:
        """The width that all but the sentences leave."""
        parts = (self.row.itemAt(place) for place in range(self.row.count()))
        fixed = [part for part in parts if part is not None and not isinstance(part.widget(), ElidedLabel)]
        return (
            self.width()
            - MARGIN
            - sum(part.sizeHint().width() + self.row.spacing() for part in fixed if not part.isEmpty())
        )

    # Noticing

    def _on_view_changed(self) -> None:
        before, self._view = self._view, self.desk.view
        if picked_unit(before, self._view) and self.desk.can_undo:  # not the unit that the first frame selects
            self.tick("unit")
        if moved_occluder(before, self._view):
            self.tick("occluder")

    def tick(self, name: str) -> None:
        """One of the steps was done."""
        if name not in self.open_hints:
            return
        self.open_hints.discard(name)
        self._marks[name].setText("✓")
        self._marks[name].setAccessibleName("done")
        self._titles[name].setEnabled(False)
        self._sentences[name].hide()
        self._fit()
        if not self.open_hints:
            self.context.remember(HINTS_DONE, True)
            self.linger.start()

    def finish(self) -> None:
        """Close the line and remember that it need not come again."""
        self.linger.stop()
        self.context.remember(HINTS_DONE, True)
        super().finish()


def show_hints(context: AppContext) -> HintBar:
    """Show the first steps anew, all of them open."""
    for bar in context.window.findChildren(HintBar):
        bar.finish()
    context.remember(HINTS_DONE, False)
    return HintBar(context)


def first_steps(context: AppContext) -> HintBar | None:
    """Show the first steps unless they were done or closed once."""
    if context.recall(HINTS_DONE):
        return None
    return show_hints(context)


__all__ = ["HintBar", "first_steps", "hints", "moved_occluder", "picked_unit", "show_hints"]
