"""The thread that computes: always the newest frame with the newest view, never a queue."""

from __future__ import annotations

import threading
import traceback
from collections import deque
from collections.abc import Callable

import torch

from zfdesk.engine import Model
from zfdesk.live.compute import Computation
from zfdesk.live.result import Demand, Request, Result, Trouble
from zfdesk.live.slot import LatestSlot
from zfdesk.live.view import View
from zfdesk.sources import Frame


class Worker:
    """Takes frames and views from any thread, leaves results in ``results`` and calls ``notify`` (on its own thread).

    ``troubles`` keeps the last sentences of what went wrong; an exception never ends the loop.
    """

    def __init__(self, model: Model, view: View, notify: Callable[[], None], threads: int = 1) -> None:
        self.results: LatestSlot[Result] = LatestSlot()
        self.troubles: deque[Trouble] = deque(maxlen=20)
        self._notify = notify
        self._threads = threads
        self._wake = threading.Condition()
        self._model, self._view, self._demand = model, view, Demand()
        self._frame: Frame | None = None
        self._frame_taken = True
        self._frames_dropped = 0
        self._dirty = self._stopping = self._holding = False
        self._thread = threading.Thread(target=self._loop, name="zfdesk-worker", daemon=True)

    def start(self) -> None:
        """Begin to compute."""
        self._thread.start()

    def stop(self, timeout: float = 1.0) -> bool:
        """End after the step under way; True when the thread is gone. Safe to call twice."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def feed(self, frame: Frame) -> None:
        """Hand over a frame; one that nobody took yet is dropped for it. Ignored while held."""
        with self._wake:
            if self._holding and self._frame is not None and self._frame.origin == frame.origin:
                return
            self._frames_dropped += not self._frame_taken
            self._frame, self._frame_taken, self._dirty = frame, False, True
            self._wake.notify()

    def show(self, view: View, demand: Demand) -> None:
        """Compute this view from now on."""
        with self._wake:
            if (view, demand) == (self._view, self._demand):
                return
            self._view, self._demand, self._dirty = view, demand, True
            self._wake.notify()

    def use(self, model: Model, view: View) -> None:
        """Compute with another model from now on, together with a view that fits it."""
        with self._wake:
            self._model, self._view, self._dirty = model, view, True
            self._wake.notify()

    def hold(self, holding: bool) -> None:
        """Freeze: keep the present frame and ignore new ones."""
        with self._wake:
            self._holding = holding

    def forget_frame(self) -> None:
        """A new source begins: its first frame is taken even while held."""
        with self._wake:
            self._frame, self._frame_taken = None, True

    @property
    def dropped(self) -> int:
        """Frames replaced before they were computed."""
        with self._wake:
            return self._frames_dropped

    def _take(self) -> Request | None:
        with self._wake:
            self._wake.wait_for(lambda: self._stopping or (self._dirty and self._frame is not None))
            if self._stopping or self._frame is None:
                return None
            self._dirty, self._frame_taken = False, True
            return Request(self._frame, self._view, self._demand, self._model)

    def _overtaken(self, request: Request) -> bool:
        """Whether the view was changed meanwhile; a newer frame alone would leave everything unfinished."""
        with self._wake:
            return self._stopping or self._view is not request.view or self._model is not request.model

    def _loop(self) -> None:
        torch.set_num_threads(self._threads)
        computation = Computation()
        while request := self._take():
            try:
                for result in computation.run(request):
                    self.results.put(result)
                    self._notify()
                    if self._overtaken(request):
                        break
            except Exception as error:  # the loop goes on whatever happens; the window tells
                computation = Computation()
                self.troubles.append(Trouble(_sentence(error), traceback.format_exc()))
                self._notify()


def _sentence(error: Exception) -> str:
    if isinstance(error, ValueError | ArithmeticError) and str(error):
        return str(error)
    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        return "There is not enough memory for this; zfdesk goes on with what it can show."
    return f"This frame could not be computed ({type(error).__name__}: {error})."
