"""What the parts of the window need of it: one small object, made first and handed to whoever needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, QSettings, Signal
from PySide6.QtWidgets import QMainWindow

from zfdesk.desk.settings import FOLDER, Setting
from zfdesk.desk.state import AppState

T = TypeVar("T")


class AppContext(QObject):
    """The state, the settings, the window as the parent of dialogs, and the features' controllers and panes by type.

    Nobody but `zfdesk.desk.window` knows the window itself: what is wanted of it goes through the signals here.
    """

    ending = Signal()  # the window is about to close: what is to be kept is handed to tasks now
    closing = Signal()  # the window closes: whatever stands beside it closes too
    demand_changed = Signal()  # what must be computed for the panes or a film may be another now
    text_wanted = Signal()  # a picture of the window is taken: its text, which follows the pictures, is renewed now
    picture_taken = Signal()  # of the window or a pane, saved or copied
    message_hidden = Signal()  # a picture of the window is taken: what is said over it goes
    redrawn = Signal()  # a pane shows something new that is no result: a film takes it
    outlined = Signal(object)  # (top, left, bottom, right) in input pixels to be outlined on the picture, or None

    def __init__(self, state: AppState, settings: QSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self.settings = settings
        self._window: QMainWindow | None = None
        self.inputs: list[Callable[[], Iterable[str]]] = []  # files and folders that a feature reads: not written over
        self._members: dict[type, object] = {}

    # The window

    @property
    def window(self) -> QMainWindow:
        """The window, as the parent of dialogs and of what lies over the panes. RuntimeError before there is one."""
        if self._window is None:
            raise RuntimeError("The window is not made yet: constructors of panes and controllers show nothing.")
        return self._window

    def attach(self, window: QMainWindow) -> None:
        """Take the window, which owns this object from now on."""
        self._window = window
        self.setParent(window)

    def show_message(self, sentence: str, error: bool = False) -> None:
        """Tell the user something, in one sentence; an error stays longer and is marked."""
        self.state.message.emit(sentence, error)

    def recall(self, setting: Setting[T]) -> T:
        """What is remembered (`zfdesk.desk.settings` lists all of it)."""
        return setting.read(self.settings)

    def remember(self, setting: Setting[T], value: T) -> None:
        """Write a setting."""
        setting.write(self.settings, value)

    # Files

    def last_folder(self) -> str:
        """Where the user chose a file last; the home folder at first."""
        return self.recall(FOLDER) or str(Path.home())

    def remember_folder(self, path: str | Path) -> None:
        """The folder of this file is where the next file dialog begins."""
        self.remember(FOLDER, str(Path(path).parent))

    # Controllers and panes

    def add(self, member: T, kind: type[T] | None = None) -> T:
        """Keep a controller or a pane, to be found by its type (or by ``kind``, a base of it), and return it."""
        key = kind or type(member)
        if key in self._members:
            raise ValueError(f"There is a {key.__name__} already.")
        self._members[key] = member
        return member

    def get(self, kind: type[T]) -> T:
        """The controller or pane of that type. LookupError, with its name, where no feature made one."""
        member = self._members.get(kind)
        if not isinstance(member, kind):
            raise LookupError(f"No feature has made a {kind.__name__}.")
        return member

    def has(self, kind: type) -> bool:
        """Whether there is one: a pane may be made only when it is first asked for."""
        return kind in self._members


__all__ = ["AppContext"]
