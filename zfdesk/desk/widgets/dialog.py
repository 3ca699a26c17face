"""What the dialogs beside the window share: none of them stops it, and none lets keys through to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QEvent
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QDialog

from zfdesk.desk.context import AppContext
from zfdesk.desk.tasks import Done, Progress, Task
from zfdesk.desk.widgets.theme import THEMES, Colours

SheetType = TypeVar("SheetType", bound="Sheet")


class Sheet(QDialog):
    """A dialog that stands beside the window, follows its theme and goes when it is closed.

    A task that is under way is still brought to its end: only then is a closed sheet deleted.
    """

    def __init__(self, context: AppContext, title: str) -> None:
        super().__init__(context.window)
        self.context = context
        self.desk = context.state
        self.setModal(False)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._dressed: tuple[str, bool] | None = None
        self._tasks: list[Task] = []
        self._ended = False
        self.desk.view_changed.connect(self._follow)
        context.closing.connect(self.reject)  # else the program would go on for a sheet that is left open
        self.finished.connect(self._end)

    @property
    def colours(self) -> Colours:
        """Those of the theme in use."""
        return THEMES[self.desk.view.theme]

    def dress(self, colours: Colours) -> None:
        """Take over a theme or another size of type."""

    def keeps(self, event: QKeyEvent) -> bool:
        """Whether a key belongs to this sheet, and not to the window's shortcuts."""
        return True

    def run_task(
        self, name: str, work: Callable[[], Any], done: Done, *, keep: bool = False, progress: Progress | None = None,
        threads: int = 0,
    ) -> Task:  # fmt: skip
        """Do ``work`` off this thread and call ``done(value, error)`` in it, as `TaskRunner.run`."""

        def finish(value: Any, error: Exception | None) -> None:
            done(value, error)
            self._leave()

        tasks = self.desk.tasks
        task = tasks.run(name, work, finish, owner=self, keep=keep, progress=progress, threads=threads)
        self._tasks = [*self.tasks, task]
        return task

    @property
    def tasks(self) -> list[Task]:
        """What is under way."""
        return [task for task in self._tasks if task.running]

    @property
    def busy(self) -> bool:
        """Whether a task is under way."""
        return bool(self.tasks)

    def event(self, event: QEvent) -> bool:
        """Keep the keys."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self.keeps(event):
            event.accept()
            return True
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        self._follow()
        super().showEvent(event)

    def _follow(self) -> None:
        view = self.desk.view
        if self._dressed != (view.theme, view.presenter) and not self._ended:
            self._dressed = (view.theme, view.presenter)
            colours, row = self.colours, max(24, self.context.window.fontMetrics().height() + 8)
            self.setStyleSheet(
                f"QPushButton, QComboBox, QLineEdit {{ min-height: {row - 4}px; }}"
                f"QPushButton:disabled {{ color: {colours.quiet}; }}"
                f"QPushButton:default {{ border-color: {colours.field}; }}"
                f"QListView::item, QTreeView::item {{ min-height: {row}px; padding: 0 6px; }}"
            )
            self.dress(colours)

    def _end(self) -> None:
        self._ended = True
        self._leave()

    def _leave(self) -> None:
        if self._ended and not self.busy:
            self.deleteLater()


def open_sheet(kind: type[SheetType], context: AppContext) -> SheetType | None:
    """The window's open sheet of a kind, brought to the front; None when there is none."""
    for child in context.window.children():
        if isinstance(child, kind) and child.isVisible():
            child.raise_()
            child.activateWindow()
            return child
    return None


__all__ = ["Sheet", "open_sheet"]
