"""The background task: work off the window's thread, with progress, cancelling, and a result or an error.

A `Task` is no Qt object, so that it may outlive the widget that asked for it. One clock of the `TaskRunner` looks for
what has ended, and calls back in the window's thread.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from PySide6.QtCore import QObject, QTimer

from zfdesk.cancellation import Cancelled, cancellable
from zfdesk.desk.alive import alive
from zfdesk.error_reason import error_reason

POLL_MS = 15  # a result waits at most so long
GIVING_WAY = 10  # the niceness of work that others go before

Done = Callable[[Any, Exception | None], None]


class Progress:
    """How far the work is, and whether it shall go on. Written and read from two threads.

    ``shown``: somebody looks at it while the work goes on.
    """

    def __init__(self, message: str = "", shown: bool = True) -> None:
        self.done = self.total = 0
        self.message, self.shown = message, shown
        self.cancelled = False

    def report(self, done: int, total: int, message: str = "") -> None:
        """Say how far it is: ``done`` of ``total`` steps. An empty message keeps the one before. Raises Cancelled."""
        self.done, self.total, self.message = done, total, message or self.message
        self.check()

    def check(self) -> None:
        """Raise Cancelled when the work shall end."""
        if self.cancelled:
            raise Cancelled


class Task:
    """Work that was begun by `TaskRunner.run`."""

    def __init__(
        self, name: str, work: Callable[[], Any], done: Done, owner: QObject, keep: bool, progress: Progress,
        threads: int, discard: Callable[[Any], None] | None, gives_way: bool = False,
    ) -> None:  # fmt: skip
        self._gives_way = gives_way
        self.name, self.keep, self.progress = name, keep, progress
        self._work, self._done, self._owner = work, done, owner
        self._threads, self._discard = threads, discard
        self._lock = threading.Lock()
        self._outcome: tuple[Any, Exception | None] | None = None
        self._abandoned = self._delivered = False
        self._thread = threading.Thread(target=self._run, name=f"zfdesk {name}", daemon=not keep)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether somebody still waits for what comes of it: it is not handed over, and not abandoned."""
        return not self._abandoned and not self._delivered

    @property
    def ended(self) -> bool:
        """Whether the work is done, or nobody waits for it."""
        return self._abandoned or self._outcome is not None

    def cancel(self) -> None:
        """Ask the work to end; its outcome is `Cancelled`, or what it did before it looked."""
        self.progress.cancelled = True

    def abandon(self) -> None:
        """Nobody wants to know any more: nobody is called back. What is kept on the disk is still written."""
        if not self.keep:
            self.cancel()
        with self._lock:
            before, self._abandoned = self._abandoned, True
            outcome = self._outcome
        if outcome is not None and not (before or self._delivered):
            self._throw_away(outcome)

    def wait(self, seconds: float) -> bool:
        """Wait for the thread, at most so long; whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def deliver(self) -> None:
        """Tell the outcome, if anybody waits for it. For the runner, in the window's thread."""
        if self._abandoned or self._outcome is None:
            return
        if alive(self._owner):
            outcome, self._outcome = self._outcome, (None, None)  # whoever keeps the task keeps nothing it made
            self._delivered = True
            self._done(*outcome)
        else:
            self.abandon()

    def _run(self) -> None:
        if self._gives_way:
            give_way()
        if self._threads:
            torch.set_num_threads(self._threads)
        outcome: tuple[Any, Exception | None]
        try:
            with cancellable(self.progress.check):
                outcome = self._work(), None
        except Exception as error:  # whoever asked says it in words
            outcome = None, error
        with self._lock:
            self._outcome, late = outcome, self._abandoned
        if late:
            self._throw_away(outcome)

    def _throw_away(self, outcome: tuple[Any, Exception | None]) -> None:
        value, error = outcome
        if error is None and self._discard is not None:
            self._discard(value)


class TaskSlot:
    """The task under way, one at most: nobody waits any more for one in whose place another is put."""

    def __init__(self) -> None:
        self._task: Task | None = None

    @property
    def running(self) -> bool:
        """Whether somebody waits for a task."""
        return self._task is not None and self._task.running

    @property
    def progress(self) -> Progress | None:
        """How far the task is; None where none is under way."""
        return self._task.progress if self._task is not None and self._task.running else None

    def put(self, task: Task) -> None:
        """Hold a task in place of the one before."""
        self.abandon()
        self._task = task

    def cancel(self) -> None:
        """Ask the work to end; its outcome is told."""
        if self._task is not None:
            self._task.cancel()

    def abandon(self) -> None:
        """Nobody wants to know any more."""
        if self._task is not None:
            self._task.abandon()
            self._task = None


class TaskRunner(QObject):
    """Begins tasks and tells what came of them. Lives in the window's thread, as long as the window."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks: list[Task] = []
        self._closed = False
        self._clock = QTimer(self, interval=POLL_MS)
        self._clock.timeout.connect(self._deliver_ended)

    def run(
        self, name: str, work: Callable[[], Any], done: Done, *, owner: QObject | None = None, keep: bool = False,
        progress: Progress | None = None, threads: int = 0, discard: Callable[[Any], None] | None = None,
        gives_way: bool = False,
    ) -> Task:  # fmt: skip
        """Do ``work`` on a thread of its own and call ``done(value, error)`` in this one, one of them None.

        ``owner``: whom ``done`` belongs to; it is not called when that one has been deleted. ``keep``: the end of the
        program waits for it, as for a file that the user saves. ``progress``: what the work reports to, if it does.
        ``threads``: of torch's for this work, 1 where the live view needs the others. ``discard``: gets a value that
        nobody took, in any thread. ``gives_way``: it gets what processor time is left over, where the system can tell.
        """
        progress = progress or Progress(shown=False)
        task = Task(name, work, done, owner or self, keep, progress, threads, discard, gives_way)
        if self._closed:
            task.abandon()
            return task
        self._tasks.append(task)
        self._clock.start()
        return task

    @property
    def busy(self) -> bool:
        """Whether anything is under way that somebody waits for."""
        return any(task.running for task in self._tasks)

    def close(self) -> None:
        """The window closes: all work is told to end but what is being saved, and nothing is called back any more."""
        self._closed = True
        self._clock.stop()
        for task in self._tasks:
            task.abandon()
        self._tasks.clear()

    def _deliver_ended(self) -> None:
        for task in list(self._tasks):
            if task in self._tasks and task.ended:
                self._tasks.remove(task)  # before: what is called may look or close
                task.deliver()
        if not self._tasks:
            self._clock.stop()


def give_way() -> None:
    """From now on this thread, and those it starts, get what processor time others leave over. Linux alone can tell
    threads apart so; elsewhere one thread of torch's must do."""
    if sys.platform == "linux":
        with suppress(OSError):  # a system that forbids it
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), GIVING_WAY)


def error_text(error: Exception | None, failed: str, memory: str = "") -> str:
    """What went wrong, in one sentence: the error's own where it was written for the user, else ``failed`` and what it
    is, or why the system refused. ``memory``: for what there is not enough."""
    if isinstance(error, MemoryError):
        return f"There is not enough memory {memory}.".replace(" .", ".")
    own = type(error).__module__.startswith("zfdesk.")
    if own or (isinstance(error, ValueError) and str(error).endswith(".")):
        return str(error)
    if isinstance(error, OSError):
        return f"{failed}: {error_reason(error)}."
    return f"{failed} ({type(error).__name__}: {error})."


def not_saved_text(error: Exception, name: str) -> str:
    """That a file was not saved, and why, in one sentence."""
    failed = f"{name} was not saved"
    text = error_text(error, failed)
    return text if "was not saved" in text else f"{failed}: {text}"


__all__ = [
    "Cancelled", "Done", "Progress", "Task", "TaskRunner", "TaskSlot", "error_text", "give_way", "not_saved_text",
]  # fmt: skip
