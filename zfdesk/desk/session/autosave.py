"""What is on screen is kept every few seconds, so that a crash loses nothing; a clean exit leaves nothing behind.

Each running window writes a file of its own, ``autosave/PID-….zfdesk`` in the program's data folder, and holds the lock
beside it. A file whose lock nobody holds was left by a crash: it is offered once, by the first window that gets its
lock, and kept until what it held has been saved anew or the user says to discard it.
"""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QTimer

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Features
from zfdesk.desk.session.controller import Sessions, current_session
from zfdesk.desk.tasks import Task
from zfdesk.desk.widgets.notification import Notification
from zfdesk.error_reason import error_reason
from zfdesk.session import SUFFIX, SessionError, save_session
from zfdesk.weights import store

LOOK_MS = 4000  # how often is looked whether the view has changed
MOVING_SECONDS = 30.0  # how often a picture that moves under the same view is kept
MOST_ORPHANS = 5  # files of crashes that are kept; of more the oldest go
HALF_WRITTEN_SECONDS, DAMAGED_SECONDS = 3600.0, 30 * 86400.0  # of this age they belong to nobody
CLOSE_SECONDS = 2.0  # how long the end waits for a file that is being written
DAMAGED = ".damaged"


class Autosave(QObject):
    """Belongs to the window, and ends with it."""

    def __init__(self, context: AppContext, folder: Path | None = None) -> None:
        super().__init__(context)
        self.context, self._state = context, context.state
        self._sessions = context.get(Sessions)
        self.folder = folder or store.home() / "autosave"
        self.path = self.folder / f"{os.getpid()}-{secrets.token_hex(3)}{SUFFIX}"
        self.offer: Notification | None = None
        self._lock: QLockFile | None = None
        self._orphans: dict[Path, QLockFile] = {}
        self._restoring: Path | None = None
        self._task: Task | None = None
        self._kept: tuple[object, ...] = ()
        self._frame: object = None
        self._kept_at = 0.0
        self._reported = False
        self._clock = QTimer(self, interval=LOOK_MS)
        self._clock.timeout.connect(self.look)
        context.closing.connect(self.close)
        self._sessions.opened.connect(self._restored)

    def start(self) -> None:
        """Begin to keep what is shown, and offer what a crash has left."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._report(f"What is shown is not kept against a crash: {error_reason(error)}.")
            return
        self._lock = _locked(self.path)
        self._clock.start()
        self._find_orphans()
        if self._orphans:
            self._make_offer(max(self._orphans, key=_changed))

    # Keeping

    def look(self) -> None:
        """Keep what is shown if it is another than was kept last."""
        desk = self._state
        parts = (part.key(self.context) for part in self.context.get(Features).session_parts)
        key = (desk.view, desk.model, *parts)
        moved = desk.frame is not self._frame and time.monotonic() - self._kept_at > MOVING_SECONDS
        if self._task is not None or desk.result is None or (key == self._kept and not moved):
            return
        try:
            session = current_session(self.context)
        except SessionError:
            return  # no frame yet
        self._kept, self._frame, self._kept_at = key, session.moment.frame, time.monotonic()
        self._task = desk.tasks.run(
            "autosave", partial(save_session, session, self.path), self._after_writing, owner=self,
            discard=lambda _: self._remove_own(),  # written after the end
        )  # fmt: skip

    @property
    def busy(self) -> bool:
        """Whether what is shown is just being written."""
        return self._task is not None

    def _after_writing(self, _: None, error: Exception | None) -> None:
        self._task = None
        if error is not None:
            self._report(f"What is shown could not be kept against a crash: {error}")
        elif self._restoring is not None:
            self._discard(self._restoring)  # what it held is kept under this window's own name now
            self._restoring = None

    def _report(self, sentence: str) -> None:
        if not self._reported:
            self._reported = True
            self.context.show_message(sentence, True)

    def close(self) -> None:
        """A clean exit: nothing stays but what was left by others."""
        self._clock.stop()
        if self._task is not None:
            self._task.abandon()
            self._task.wait(CLOSE_SECONDS)
        self._remove_own()
        for lock in (self._lock, *self._orphans.values()):
            if lock is not None:
                lock.unlock()

    def _remove_own(self) -> None:
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    # What a crash has left

    def _find_orphans(self) -> None:
        found = {}
        for path in self.folder.glob(f"*{SUFFIX}"):
            if path != self.path and (lock := _locked(path)) is not None:
                found[path] = lock
        newest = sorted(found, key=_changed, reverse=True)
        self._orphans = {path: found[path] for path in newest}
        for path in newest[MOST_ORPHANS:]:
            self._discard(path)
        for pattern, age in ((".*.part", HALF_WRITTEN_SECONDS), (f"*{DAMAGED}", DAMAGED_SECONDS)):
            for path in self.folder.glob(pattern):
                if time.time() - _changed(path) > age:
                    with suppress(OSError):
                        path.unlink()

    def _make_offer(self, path: Path) -> None:
        when = datetime.fromtimestamp(_changed(path))
        day = "" if when.date() == datetime.now().date() else f" on {when:%d %B}"
        self.offer = Notification(
            self.context.window,
            f"zfdesk ended without being closed. What it showed was kept{day} at {when:%H:%M}.",
            {"Restore": lambda: self.restore(path), "Discard": lambda: self._discard(path)},
        )  # fmt: skip

    def restore(self, path: Path) -> None:
        """Show what was kept; its file stays until this window has kept it under its own name."""
        self._sessions.open(path, restoring=True)

    def _restored(self, path: Path, worked: bool) -> None:
        if path not in self._orphans:
            return
        if worked:
            self._restoring, self._kept = path, ()
        else:  # told already; it would fail at every start
            with suppress(OSError):
                path.replace(path.with_suffix(DAMAGED))
            self._discard(path)

    def _discard(self, path: Path) -> None:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        lock = self._orphans.pop(path, None)
        if lock is not None:
            lock.unlock()


def _locked(path: Path) -> QLockFile | None:
    """The lock of an autosave; None while a running window holds it. One of a process that has died is taken over."""
    lock = QLockFile(f"{path}.lock")
    lock.setStaleLockTime(0)  # however old: only a dead owner makes it stale
    return lock if lock.tryLock(0) else None


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


__all__ = ["Autosave"]
