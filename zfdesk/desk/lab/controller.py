"""The lab of the desk: the one run beside the live view, what it has made, and what was made before."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Panes
from zfdesk.desk.history import History
from zfdesk.desk.tasks import Cancelled, Progress, Task, error_text
from zfdesk.live import Crop
from zfdesk.live.slot import LatestSlot
from zfdesk.sources import PastedSource
from zfdesk.synthesis.orders import Made, Order, State, network_name

LOOK_MS = 60  # how often the window looks for a newer sketch
SHOW_SECONDS = 0.12  # between two sketches that are explained and handed over
PAUSED_SECONDS = 0.1  # a paused run looks so often whether it is cancelled
MOST_UNDO = 20  # pictures that undo comes back to
COMPARED = "A | B"  # the title of that pane
WHOLE = Crop(side=1.0)  # of a picture that is as the network sees it


class Lab(QObject):
    """Lives in the window's thread. ``changed``: there is something new to show."""

    changed = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._context, self._state = context, context.state
        self.made: Made | None = None
        self.history: History[Made | None] = History(MOST_UNDO)
        self.error = ""  # why the last run ended before its end
        self._task: Task | None = None
        self._slot: LatestSlot[Made] = LatestSlot()
        self._may_run = threading.Event()
        self._may_run.set()
        self._comparison: tuple[np.ndarray, np.ndarray] | None = None  # the first is on its way to be snapshot A
        self._clock = QTimer(self, interval=LOOK_MS)
        self._clock.timeout.connect(self.look_for_sketch)
        self._state.result_ready.connect(self._continue_comparison)
        self._state.model_changed.connect(self.changed)
        self._state.stop_at_end(self.close)

    # One run

    @property
    def running(self) -> bool:
        """Whether pictures are being made, paused or not."""
        return self._task is not None and self._task.running

    @property
    def paused(self) -> bool:
        """Whether what is being made waits."""
        return self.running and not self._may_run.is_set()

    @property
    def progress(self) -> Progress | None:
        """How far it is, while it runs."""
        return self._task.progress if self.running and self._task is not None else None

    def start(self, order: Order) -> None:
        """Make something else; what runs is cancelled, and what is shown can be come back to."""
        if self._task is not None and self._task.running:
            self._task.abandon()
            self._show(_ended(self.made, State.CANCELLED))
        self.history.step(self.made)
        self.error = ""
        self._may_run.set()
        slot: LatestSlot[Made] = LatestSlot()
        self._slot = slot
        progress = Progress()
        self._task = self._state.tasks.run(
            "lab", lambda: self._make(order, slot, progress), self._end, owner=self, progress=progress, threads=1,
            gives_way=True,
        )  # fmt: skip
        self._begun_from = self.made
        self._clock.start()
        self.changed.emit()

    _begun_from: Made | None = None  # what is still shown until the first sketch

    def _make(self, order: Order, slot: LatestSlot[Made], progress: Progress) -> Made:
        """Off the window's thread. Raises what the maker raises, Cancelled, or MemoryError."""
        shown, sketch = float("-inf"), None
        try:
            for sketch in order.sketches():
                now = time.monotonic()
                if now - shown >= SHOW_SECONDS and not sketch.finished:
                    slot.put(order.made(sketch))
                    shown = now
                progress.report(sketch.step, sketch.steps)
                if not self._may_run.is_set():
                    slot.put(order.made(sketch))
                while not self._may_run.wait(PAUSED_SECONDS):
                    progress.check()
        except Exception as error:
            if sketch is not None:
                slot.put(order.made(sketch, State.CANCELLED if isinstance(error, Cancelled) else State.FAILED))
            if isinstance(error, RuntimeError) and "allocate" in str(error):  # so torch says it
                raise MemoryError from error
            raise
        assert sketch is not None
        return order.made(sketch)

    def pause(self) -> None:
        """Let it wait where it is, or go on."""
        if self.running:
            if self._may_run.is_set():
                self._may_run.clear()
            else:
                self._may_run.set()
            self.changed.emit()

    def cancel(self) -> None:
        """End it; its last picture stays, marked."""
        if self._task is not None and self._task.running:
            self._task.cancel()
            self._may_run.set()

    def close(self, timeout: float) -> None:
        """All ends: cancel, and wait so many seconds for the step under way. Safe to call twice."""
        self._clock.stop()
        self.cancel()
        self._may_run.set()
        if self._task is not None:
            self._task.progress.cancelled = True  # also where nobody waits for it any more
            self._task.wait(timeout)

    def look_for_sketch(self) -> None:
        """Show the newest one, if one has come."""
        if (made := self._slot.take()) is not None:
            self._show(made)
        if not self.running:
            self._clock.stop()

    def _end(self, made: Made | None, error: Exception | None) -> None:
        self._clock.stop()
        last = self._slot.take()
        if error is not None:
            self.error = "" if isinstance(error, Cancelled) else error_text(
                error, "The picture could not be made", "for pictures of this size")  # fmt: skip
            if self.error:
                self._context.show_message(self.error, error=True)
        self.made = made or last or self.made
        if self.made is self._begun_from:  # nothing came: undo has nothing to take back
            self.history.drop(self.made)
        self.changed.emit()  # also where the last picture is shown already: it is finished, or marked, only now

    def _show(self, made: Made | None) -> None:
        if made is not self.made:
            self.made = made
            self.changed.emit()

    # What was made before

    def undo(self) -> None:
        """Show the pictures before those that are shown; what runs is cancelled."""
        if self.history.can_undo:
            self._step(self.history.undo)

    def redo(self) -> None:
        """Show the pictures after those that are shown; what runs is cancelled."""
        if self.history.can_redo:
            self._step(self.history.redo)

    def _step(self, step: Callable[[Made | None], Made | None]) -> None:
        if self._task is not None and self._task.running:
            self._task.abandon()
            self._slot = LatestSlot()  # what the abandoned task still puts is not shown
        self.made, self.error = step(_ended(self.made, State.CANCELLED)), ""
        self.changed.emit()

    def restore(self, made: Made) -> None:
        """Show what a session kept."""
        if self._task is not None and self._task.running:
            self._task.abandon()
            self._slot = LatestSlot()
        self.history.step(_ended(self.made, State.CANCELLED))
        self._show(made)

    @property
    def kept(self) -> Made | None:
        """What a session keeps: of what is being made the pictures so far, marked as not finished."""
        return _ended(self.made, State.CANCELLED)

    @property
    def network(self) -> str:
        """What tells the network in use from others."""
        return network_name(self._state.model)

    @property
    def stale(self) -> str:
        """Of what the pictures are where that is not what is in use, or that they are not finished; "" else."""
        if self.made is None or self.running:
            return ""
        other = self.made.description.network != self.network
        return self.made.state_text or ("of another network" if other else "")

    # What is done with it

    def look_at(self, number: int) -> None:
        """One of the pictures becomes what the window looks at, whole: all its panes work on it."""
        if self.made is not None:
            self._comparison = None
            self._show_as_source(self.made.pictures[number], self.made.description.title)

    def compare(self) -> None:
        """What the pictures were made from becomes snapshot A as soon as it is computed; then what was made is looked
        at: A | B, and every other pane on either."""
        made = self.made
        if made is not None and made.description.before >= 0:
            about = made.description
            self._comparison = made.pictures[about.before], made.pictures[about.after]
            self._context.get(Panes).show(COMPARED)
            self._show_as_source(self._comparison[0], f"before: {about.title}")

    def _show_as_source(self, picture: np.ndarray, label: str) -> None:
        self._state.open_made(PastedSource(picture, label), crop=WHOLE, occluders=(), chosen_occluder=-1)

    def _continue_comparison(self) -> None:
        result = self._state.complete
        if self._comparison is None or result is None or not np.array_equal(result.clean, self._comparison[0]):
            return
        (_, after), self._comparison = self._comparison, None
        self._context.get(ActionTable).run("snapshot")
        self._show_as_source(after, "after" if self.made is None else self.made.description.title)


def _ended(made: Made | None, state: State) -> Made | None:
    return replace(made, state=state) if made is not None and made.state is State.RUNNING else made


__all__ = ["Lab"]
