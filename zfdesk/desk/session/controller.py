"""Sessions in the window: open, save, the recent ones. Files are read, computed and written off the window's thread."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Features
from zfdesk.desk.settings import RECENT_SESSIONS
from zfdesk.desk.widgets.menu import PopupMenu, literal
from zfdesk.desk.widgets.save_dialog import ask_where
from zfdesk.live import Result
from zfdesk.session import SUFFIX, Reopened, Session, SessionError, load_session, moment_of, reopen, save_session
from zfdesk.sources import frame_of_text
from zfdesk.sources.files import file_name

FILES = f"zfdesk session (*{SUFFIX})"
MOST_RECENT = 8


def current_session(context: AppContext) -> Session:
    """What is on screen, with what the features keep besides. Only gathers what is there; SessionError before the first
    frame."""
    state = context.state
    complete = state.complete
    fits = complete is not None and complete.request.view == state.view and complete.request.model is state.model
    result: Result | None = complete if fits else state.result
    if result is None:
        raise SessionError("There is nothing to save yet: try again in a moment.")
    session = Session(moment_of(result, state.view))
    for part in context.get(Features).session_parts:
        session = part.keep(context, session)
    return session


class Sessions(QObject):
    """Belongs to the window. ``path``: the file that Save writes to; None until one was opened or saved."""

    opened = Signal(object, bool)  # path, whether it worked

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.context, self._state = context, context.state
        self.path: Path | None = None
        self._ticket = 0
        self._writing = threading.Lock()

    # Open

    def ask_open(self) -> None:
        """Ask for a session file."""
        path, _ = QFileDialog.getOpenFileName(self.context.window, "Open a session", self.context.last_folder(), FILES)
        if path:
            self.context.remember_folder(path)
            self.open(Path(path))

    def open(self, path: Path, _: bool = False, restoring: bool = False) -> None:
        """Open a session file; what is shown stays until all of it is there, and if it cannot be opened.

        ``restoring``: it is an autosave, so its name is nobody's and its look is this window's own.
        """
        self._ticket += 1
        model, done = self._state.model, partial(self._show_opened, path, self._ticket, restoring)
        # one thread: the worker has the others
        self._state.tasks.run("session", lambda: reopen(load_session(path), model), done, owner=self, threads=1)

    def _show_opened(
        self, path: Path, ticket: int, restoring: bool, reopened: Reopened | None, error: Exception | None
    ) -> None:
        if ticket != self._ticket:  # overtaken by a later wish
            return
        if reopened is not None:
            self.show(reopened, None if restoring else path, own_look=not restoring)
        elif isinstance(error, MemoryError):
            self.context.show_message(f"{file_name(path)} needs more memory than there is.", True)
        else:
            self.context.show_message(str(error), True)
        self.opened.emit(path, reopened is not None)

    def show(self, reopened: Reopened, path: Path | None, own_look: bool = True, announce: bool = True) -> None:
        """Show a session. ``own_look``: theme and type size stay those of this window. ``announce``: say what it is."""
        desk = self._state
        view = reopened.view
        if own_look:
            view = view.change(theme=desk.view.theme, presenter=desk.view.presenter)
        desk.show_kept(reopened.session.moment.frame, view, reopened.model)
        notes = [part.restore(self.context, reopened) for part in self.context.get(Features).session_parts]
        reopened = replace(reopened, notes=(*reopened.notes, *filter(None, notes)))
        if path is not None:
            self._remember(path)
        if not announce:
            return
        desk.message.emit(
            opened_text(reopened, path, self.context.get(ActionTable).find("freeze").keys[0]), bool(reopened.notes)
        )

    # Save

    def save(self) -> None:
        """Write to the file that was opened or saved last; ask where there is none."""
        if self.path is None:
            self.ask_save()
        else:
            self.save_to(self.path)

    def ask_save(self) -> None:
        """Ask for a file and write to it."""
        name = self.path.name if self.path else f"session{SUFFIX}"
        chosen, _ = ask_where(self.context, "Save the session", name, FILES, SUFFIX)
        if chosen:
            self.save_to(Path(chosen))

    def save_to(self, path: Path) -> None:
        """Write what is on screen now; the answer comes when it is on the disk."""
        try:
            session = current_session(self.context)
        except SessionError as error:
            self.context.show_message(str(error), True)
            return
        work, done = partial(self._write, session, path), partial(self._on_saved, path)
        self._state.tasks.run("save", work, done, owner=self, keep=True)
        for note in session.notes:
            self.context.show_message(note, True)

    def _write(self, session: Session, path: Path) -> None:
        with self._writing:
            save_session(session, path)

    def _on_saved(self, path: Path, _: None, error: Exception | None) -> None:
        if error is None:
            self._remember(path)
        self.context.show_message(f"Saved {path.name}." if error is None else str(error), error is not None)

    # Recent ones

    def recent(self) -> list[str]:
        """The session files used last, the newest first."""
        return [str(path) for path in self.context.recall(RECENT_SESSIONS)]

    def _remember(self, path: Path) -> None:
        self.path = path.absolute()
        self.context.window.setWindowTitle(f"{path.stem} – zfdesk")
        paths = [str(self.path), *(known for known in self.recent() if known != str(self.path))]
        self.context.remember(RECENT_SESSIONS, paths[:MOST_RECENT])

    def add_recent_menu(self, menu: PopupMenu) -> None:
        """A submenu of the files used last, filled when it is opened."""
        recent = menu.add_submenu("Recent sessions")

        def fill() -> None:
            recent.clear()
            for path in self.recent():
                action = recent.addAction(literal(f"{Path(path).stem}   ({Path(path).parent})"))
                action.triggered.connect(partial(self.open, Path(path)))
            if recent.isEmpty():
                recent.addAction("None yet").setEnabled(False)

        recent.aboutToShow.connect(fill)


def opened_text(reopened: Reopened, path: Path | None, live_key: str) -> str:
    """What was opened, and what differs from what was saved. ``live_key``: the key that goes on live."""
    frame, source = reopened.session.moment.frame, reopened.view.source
    where = (source.location and Path(source.location).name) or source.kind
    name = f"Opened {file_name(path)}" if path else "Restored"
    text = f"{name}: {frame_of_text(frame.number, frame.origin or where)}, frozen as it was saved."
    return " ".join([*reopened.notes, text, f"{live_key} goes on live from {where}."])


__all__ = ["Sessions", "current_session", "opened_text"]
