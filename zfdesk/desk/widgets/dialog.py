"""What the dialogs beside the window share: none of them stops it, and none lets keys through to it but Ctrl+Q."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from PySide6.QtCore import QEvent, QKeyCombination, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton

from zfdesk.desk.context import AppContext
from zfdesk.desk.tasks import Done, Progress, Task
from zfdesk.desk.widgets.buttons import ThinBar, plain_button
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.questions import show_whole_title
from zfdesk.desk.widgets.theme import THEMES, Colours, set_role

QUIT = QKeyCombination(Qt.KeyboardModifier.ControlModifier, Qt.Key.Key_Q)
PROGRESS_MS = 50  # how often the bar follows a task
DialogType = TypeVar("DialogType", bound="Dialog")


class Dialog(QDialog):
    """A dialog that stands beside the window, follows its theme and goes when it is closed.

    It has a sentence (`say`), a bar and a button for tasks that report progress (`run_task`), which a subclass places,
    or `status_row` does. A task that is under way is still brought to its end: only then is a closed dialog deleted.
    ``message``: another label for the sentence.
    """

    def __init__(self, context: AppContext, title: str, message: ElidedLabel | None = None) -> None:
        super().__init__(context.window)
        self.context = context
        self.desk = context.state
        self.setModal(False)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._themed: tuple[str, bool] | None = None
        self._message = message
        self.cancel: QPushButton | None = None
        self._tasks: list[Task] = []
        self._progress_clock = QTimer(self, interval=PROGRESS_MS)
        self._progress_clock.timeout.connect(self.show_progress)
        self._ended = False
        self.desk.view_changed.connect(self._follow)
        context.closing.connect(self.reject)  # else the program would go on for a dialog that is left open
        self.finished.connect(self._end)

    @property
    def colours(self) -> Colours:
        """Those of the theme in use."""
        return THEMES[self.desk.view.theme]

    def apply_theme(self, colours: Colours) -> None:
        """Take over a theme or another size of type."""

    def keeps(self, event: QKeyEvent) -> bool:
        """Whether a key belongs to this dialog, and not to the window's shortcuts."""
        return True

    # What happened, and how far it is

    @cached_property
    def message(self) -> QLabel:
        """The label of the sentence, where the dialog has a place for it."""
        label = self._message or QLabel(wordWrap=True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setAccessibleName("What happened")
        return label

    @cached_property
    def bar(self) -> ThinBar:
        """The bar, where the dialog has a place for it."""
        return ThinBar("How far it is")

    def status_row(self) -> QHBoxLayout:
        """The sentence, the bar and a button that cancels, in a line."""
        self.cancel = plain_button("Cancel", "Stop what is being made; all stays as it is", self.cancel_tasks)
        self.cancel.hide()
        self.bar.setFixedWidth(120)
        row = QHBoxLayout()
        row.addWidget(self.message, 1)
        row.addWidget(self.bar)
        row.addWidget(self.cancel)
        return row

    def say(self, text: str, error: bool = False) -> None:
        """One sentence; an error is marked."""
        set_role(self.message, "error" if error else "")
        text = f"⚠ {text}" if error else text
        self.message.say(text) if isinstance(self.message, ElidedLabel) else self.message.setText(text)

    def show_message(self, text: str, error: bool = False) -> None:
        """Here and in the window, which this dialog may cover or have left."""
        if not self._ended:
            self.say(text, error)
        self.context.show_message(text, error)

    def show_progress(self) -> None:
        """The bar and the button as the newest task is that reports how far it is."""
        if "bar" not in vars(self):
            return
        shown = [task for task in self.tasks if task.progress.shown]
        self.bar.show_progress(shown[-1].progress if shown else None)
        if self.cancel is not None:
            self.cancel.setVisible(bool(shown))
        if shown and shown[-1].progress.message:
            self.say(shown[-1].progress.message)
        if not shown:
            self._progress_clock.stop()

    def cancel_tasks(self) -> None:
        """Cancel the dialog's tasks."""
        for task in self.tasks:
            task.cancel()

    def run_task(
        self, name: str, work: Callable[[], Any], done: Done, *, keep: bool = False, progress: Progress | None = None,
        threads: int = 0,
    ) -> Task:  # fmt: skip
        """Do ``work`` off this thread and call ``done(value, error)`` in it, as `TaskRunner.run`."""

        def finish(value: Any, error: Exception | None) -> None:
            if not self._ended:
                self.show_progress()  # before: what is done may say something
            done(value, error)
            self._leave()

        tasks = self.desk.tasks
        task = tasks.run(name, work, finish, owner=self, keep=keep, progress=progress, threads=threads)
        self._tasks = [*self.tasks, task]
        if progress is not None:
            self.show_progress()
            self._progress_clock.start()
        return task

    @property
    def tasks(self) -> list[Task]:
        """Return the dialog's tasks that are under way."""
        return [task for task in self._tasks if task.running]

    @property
    def ended(self) -> bool:
        """Return whether the dialog was closed."""
        return self._ended

    @property
    def busy(self) -> bool:
        """Whether a task is under way."""
        return bool(self.tasks)

    def event(self, event: QEvent) -> bool:
        """Keep the keys, but the one that ends the program from wherever one is."""
        own = isinstance(event, QKeyEvent) and event.keyCombination() != QUIT and self.keeps(event)
        if own and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        self._follow()
        show_whole_title(self)
        super().showEvent(event)

    def _follow(self) -> None:
        view = self.desk.view
        if self._themed != (view.theme, view.presenter) and not self._ended:
            self._themed = (view.theme, view.presenter)
            self.apply_theme(self.colours)

    def _end(self) -> None:
        self._ended = True
        self._progress_clock.stop()
        self._leave()

    def _leave(self) -> None:
        if self._ended and not self.busy:
            self.deleteLater()


def open_dialog(kind: type[DialogType], context: AppContext) -> DialogType | None:
    """The window's open dialog of a kind, brought to the front; None when there is none."""
    for child in context.window.children():
        if isinstance(child, kind) and child.isVisible():
            child.raise_()
            child.activateWindow()
            return child
    return None


__all__ = ["Dialog", "open_dialog"]
