"""The scan that the window's panes speak of: which pictures, how the scan of them stands, and what asks about it.

One `ScanController` a window, found by ``context.get(ScanController)``; the panes of several features use it::

    scan = context.get(ScanController)
    scan.open([folder])                     # from now on all panes speak of it; what is new or changed is scanned
    scan.changed.connect(self._ask)         # other pictures, other weights, or more of them: ask anew
    scan.progressed.connect(self._follow)   # how the scan under way stands: `scan.status`, a few times a second

    def _ask(self) -> None:
        self._task.abandon()                # a `TaskSlot`: whatever was asked before is of no use any more
        if scan.status.pictures:
            question = lambda portraits: portraits.portrait("conv5", 12)
            self._task.put(scan.ask("portrait", question, self._on_portrait, self))

    def _on_portrait(self, portrait, error) -> None: ...   # in the window's thread; one of them is None

What is asked runs off the window's thread, with one of torch's threads, one after the other: a
`zfdesk.library.Library` is not for two threads at once. So take out of ``portraits`` (and ``portraits.library``,
``portraits.places``) what is needed, and do what takes long afterwards, in a task of the pane's own
(``context.state.tasks.run``). It raises LibraryError, a sentence; `zfdesk.desk.tasks.error_text` gives it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from zfdesk.cancellation import checkpoint
from zfdesk.desk.context import AppContext
from zfdesk.desk.tasks import Cancelled, Progress, Task, TaskSlot, error_text, give_way
from zfdesk.engine import Model

if TYPE_CHECKING:
    from zfdesk.library import Portraits, ScanStep

T = TypeVar("T")
LOOK_MS = 250  # the scan under way is looked at so often
RENEW_SECONDS, RENEW_MORE = 20.0, 1.5  # what is shown is renewed after so long, or with so many times the pictures
FAILED = "The scan failed"


@dataclass(frozen=True)
class ScanStatus:
    """How it stands. ``places``: folders, pictures and clips that are spoken of, none before any is chosen.

    ``pictures``: of them, that were scanned with these weights. ``bytes``: of all that is kept for these weights.
    ``unreadable``: (path, reason). ``step``: of the scan under way, None where there is none. ``error``: why the last
    one ended, or why nothing can be read; "" where all went well. ``known``: whether it has been looked up by now.
    """

    places: tuple[Path, ...] = ()
    pictures: int = 0
    bytes: int = 0
    unreadable: tuple[tuple[str, str], ...] = ()
    step: ScanStep | None = None
    paused: bool = False
    error: str = ""
    known: bool = False

    @property
    def running(self) -> bool:
        """Whether a scan is under way, paused or not."""
        return self.step is not None


class ScanController(QObject):
    """Scans in the background, and answers questions about what was scanned. See the module's words."""

    changed = Signal()
    progressed = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._state = context.state
        self.status = ScanStatus()
        self._network = self._state.model.base
        self._reading = _Reading()
        self._scan: _Scan | None = None
        self._find_task = TaskSlot()
        self._clock = QTimer(self, interval=LOOK_MS)
        self._clock.timeout.connect(self._follow)
        self._state.model_changed.connect(self._follow_model)
        self._state.stop_at_end(self._end)

    def scans(self, layer: str) -> bool:
        """Whether units of the layer are scanned for: not the input's, nor classes that were taught in the window."""
        model = self._state.model
        return layer != "input" and (model.body is None or layer not in model.architecture.class_layers)

    # What is scanned

    def open_last(self) -> None:
        """Speak of what was scanned last with these weights, if anything was. Nothing is scanned for that."""
        if not self.status.known:
            self._find_kept(())

    def open(self, places: Sequence[str | os.PathLike[str]]) -> None:
        """Speak of these folders, pictures and clips from now on, and scan what is new or changed of them."""
        from zfdesk.library import ScanStep
        from zfdesk.library.listing import absolute

        self._stop()
        chosen = absolute(places)
        same = chosen == self.status.places
        self.status = ScanStatus(chosen, known=True) if not same else replace(self.status, error="", paused=False)
        self.status = replace(self.status, step=ScanStep("looking", 0))
        self._scan = scan = _Scan(self._state.model, chosen)
        scan.task = self._state.tasks.run(
            "scan", scan.work, partial(self._on_scan_ended, scan), owner=self, progress=scan.progress, threads=1
        )
        self._clock.start()
        self.progressed.emit()
        if not same:
            self.changed.emit()

    def set_places(self, places: Sequence[str | os.PathLike[str]]) -> None:
        """Speak of these from now on, as far as they were scanned. Nothing is scanned for that."""
        from zfdesk.library.listing import absolute

        chosen = absolute(places)
        if chosen and chosen != self.status.places:
            self._stop()
            self.status = ScanStatus(chosen)
            self._find_kept(chosen)

    def scan_again(self) -> None:
        """Take what is new or changed since, or what a scan that was stopped has left."""
        if self.status.places:
            self.open(self.status.places)

    def pause(self, paused: bool) -> None:
        """Let the scan rest, or go on."""
        if self._scan is not None:
            self._scan.pause(paused)
            self.status = replace(self.status, paused=paused)
            self.progressed.emit()

    def cancel(self) -> None:
        """End the scan; what was scanned by then is kept."""
        if self._scan is not None:
            self._scan.cancel()

    def clear(self) -> None:
        """Forget all that was scanned with these weights, and give its space back."""
        self._stop()
        model = self._state.model

        def remove() -> None:
            from zfdesk.library.store import folder_of
            from zfdesk.library.store import remove as remove_library
            from zfdesk.live import Crop

            with self._reading.closed():
                remove_library(folder_of(model, Crop.centre_of(model)))

        def done(_: object, error: Exception | None) -> None:
            if self._scan is not None:  # another has begun meanwhile
                return
            self.status = ScanStatus(known=True, error=error_text(error, "It could not be removed") if error else "")
            self.changed.emit()
            self.progressed.emit()

        self._state.tasks.run("clear the scan", remove, done, owner=self, keep=True)

    # What is asked

    def ask(
        self, name: str, question: Callable[[Portraits], T], done: Callable[[T | None, Exception | None], None],
        owner: QObject, progress: Progress | None = None,
    ) -> Task:  # fmt: skip
        """Put a question about the scanned pictures; ``done(answer, error)`` is called in this thread.

        ``progress``: given to the question by whoever wants to show it or end it early. One that is abandoned before
        its turn is not asked at all.
        """
        model, places, reading = self._state.model, self.status.places, self._reading
        progress = progress or Progress(shown=False)

        def work() -> T:
            return reading.answer(model, places, question, progress)

        return self._state.tasks.run(name, work, done, owner=owner, progress=progress, threads=1)

    # What becomes of the scan

    def _find_kept(self, places: tuple[Path, ...]) -> None:
        """Look up what is kept of some places, by default of those scanned last."""
        self._find_task.abandon()
        work = partial(self._reading.kept_status, self._state.model, places)
        self._find_task.put(self._state.tasks.run("look up the scan", work, self._on_kept_found, owner=self))

    def _on_kept_found(self, found: ScanStatus | None, error: Exception | None) -> None:
        if found is not None:
            now = self.status
            self.status = replace(found, step=now.step, paused=now.paused, error=now.error)
        else:
            self.status = replace(self.status, known=True, error=error_text(error, "The scans cannot be read"))
        self.changed.emit()
        self.progressed.emit()

    def _follow(self) -> None:
        scan = self._scan
        if scan is None:
            self._clock.stop()
            return
        step = scan.step
        if step is not None and step is not self.status.step:
            self.status = replace(self.status, step=step)
            self.progressed.emit()
            if scan.should_renew():
                self._find_kept(scan.places)

    def _on_scan_ended(self, scan: _Scan, _: object, error: Exception | None) -> None:
        if scan is not self._scan:
            return
        self._scan = None
        self._clock.stop()
        sentence = "" if error is None or isinstance(error, Cancelled) else error_text(error, FAILED)
        self.status = replace(self.status, step=None, paused=False, error=sentence)
        self.progressed.emit()
        self._find_kept(scan.places)

    def _stop(self) -> None:
        """Nothing is told of the scan under way any more; what it has scanned is kept."""
        scan, self._scan = self._scan, None
        if scan is not None:
            scan.cancel()
        self._find_task.abandon()
        self._clock.stop()
        self.status = replace(self.status, step=None, paused=False)

    def _follow_model(self) -> None:
        network = self._state.model.base
        if network is self._network:
            return  # of another classifier alone: what was scanned is of the network below it
        self._network = network
        self._stop()
        self.status = ScanStatus()
        self._find_kept(())
        self.changed.emit()

    def _end(self, seconds: float) -> None:
        scan = self._scan
        if scan is not None:
            scan.cancel()
            if seconds and scan.task is not None:
                scan.task.wait(seconds)
        if seconds:
            self._reading.end(seconds)


class _Scan:
    """A scan under way: its thread sets ``step``, the window's reads it."""

    def __init__(self, model: Model, places: tuple[Path, ...]) -> None:
        self.model, self.places = model, places
        self.progress = Progress(shown=False)
        self.task: Task | None = None
        self.step: ScanStep | None = None
        self._go = threading.Event()
        self._go.set()
        self._renewed_at, self._renewed_with = time.monotonic(), 0

    def work(self) -> None:
        """The scan itself, in its thread."""
        from zfdesk.library import Library, scan

        give_way()
        with Library(self.model) as library, closing(scan(library, self.places)) as steps:
            for step in steps:
                self.step = step
                self._go.wait()
                self.progress.check()

    def pause(self, paused: bool) -> None:
        self._go.clear() if paused else self._go.set()

    def cancel(self) -> None:
        self.progress.cancelled = True
        self._go.set()

    def should_renew(self) -> bool:
        """Whether so much has come since the panes were told that they should ask anew."""
        done, now = self.step.done if self.step is not None else 0, time.monotonic()
        more = done > RENEW_MORE * self._renewed_with and now - self._renewed_at > RENEW_SECONDS / 10
        late = done > self._renewed_with and now - self._renewed_at > RENEW_SECONDS
        if more or late:
            self._renewed_at, self._renewed_with = now, done
        return more or late


class _Reading:
    """The library as questions read it: one at a time, and what was computed for one is kept for the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._portraits: Portraits | None = None

    def answer(
        self, model: Model, places: tuple[Path, ...], question: Callable[[Portraits], T], progress: Progress
    ) -> T:
        """In the asking thread, once it is its turn. Raises Cancelled where it is not wanted any more."""
        with self._lock:
            progress.check()
            return question(self._of(model, places))

    def kept_status(self, model: Model, places: tuple[Path, ...]) -> ScanStatus:
        """What is kept of some places, by default of those scanned last. Makes no library where there is none."""
        from zfdesk.library.store import folder_of
        from zfdesk.live import Crop

        if not folder_of(model, Crop.centre_of(model)).is_dir():
            return ScanStatus(places, known=True)
        with self._lock:
            checkpoint()
            library = self._of(model, places).library
            places = places or next(iter(library.places()), ())
            pictures = len(library.pictures(places)) if places else 0
            unreadable = tuple(library.unreadable(places)) if places else ()
            return ScanStatus(places, pictures, library.kept().bytes, unreadable, known=True)

    def closed(self) -> _Closed:
        """While this lasts nothing is read."""
        return _Closed(self._lock, self._close)

    def end(self, seconds: float) -> None:
        """Let go of the files, once the question that is being answered is, at most so long."""
        if self._lock.acquire(timeout=seconds):
            self._close()
            self._lock.release()

    def _of(self, model: Model, places: tuple[Path, ...]) -> Portraits:
        from zfdesk.library import Library, Portraits

        network = model.base
        if self._portraits is None or self._portraits.library.model is not network:
            self._close()
            self._portraits = Portraits(Library(network), places)
        elif self._portraits.places != places:
            self._portraits = Portraits(self._portraits.library, places)
        return self._portraits

    def _close(self) -> None:
        portraits, self._portraits = self._portraits, None
        if portraits is not None:
            portraits.library.close()


class _Closed:
    def __init__(self, lock: threading.Lock, close: Callable[[], None]) -> None:
        self._lock, self._close = lock, close

    def __enter__(self) -> None:
        self._lock.acquire()
        self._close()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


__all__ = ["ScanController", "ScanStatus"]
