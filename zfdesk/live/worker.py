"""The threads that compute: always the newest frame with the newest view, never a queue.

Two, one behind the other: while the second makes the maps and reconstructions of one frame, the first runs the network
on the next. On two cores ``zfdesk bench`` showed 19 frames a second with one thread, 20 with two threads inside each
operation (they wait for each other whenever the window draws), and 26 to 29 this way. At most one frame lies between.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable

import torch

from zfdesk.engine import Model
from zfdesk.live.compute import ForwardResult, ForwardStep, RenderStep
from zfdesk.live.result import Answer, Demand, Failure, Request, Result
from zfdesk.live.slot import LatestSlot
from zfdesk.live.view import View
from zfdesk.sources import Frame

DRAG_PAUSE = 0.05  # seconds without maps between two results while occluders are dragged: the bars come first


class Worker:
    """Takes frames and views from any thread, leaves results in ``results`` and calls ``notify`` (on its own thread).

    ``answers``: the class probabilities, long before the result they belong to. ``threads``: how many the network
    itself may use.

    ``failures`` keeps the last sentences of what went wrong; an exception never ends the loop.
    """

    def __init__(self, model: Model, view: View, notify: Callable[[], None], threads: int = 1) -> None:
        self.results: LatestSlot[Result] = LatestSlot()
        self.answers: LatestSlot[Answer] = LatestSlot()
        self.failures: deque[Failure] = deque(maxlen=20)
        self._notify = notify
        self._threads = threads
        self._wake = threading.Condition()
        self._model, self._view, self._demand = model, view, Demand()
        self._clean = False
        self._frame: Frame | None = None
        self._frame_taken = True
        self._frames_dropped = 0
        self._dirty = self._stopping = self._frozen = False
        self._pending: ForwardResult | None = None
        self._shown_view, self._shown_at = view, 0.0  # what was shown last, and until when
        self._answered_at = 0.0  # when the newest answer was taken
        self.threads = tuple(
            threading.Thread(target=target, name=f"zfdesk-{name}", daemon=True)
            for name, target in (("forward", self._forward_loop), ("render", self._render_loop))
        )

    def start(self) -> None:
        """Begin to compute."""
        for thread in self.threads:
            thread.start()

    def stop(self, timeout: float = 1.0) -> bool:
        """End after the step under way; True when the threads are gone. Safe to call twice."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        deadline = time.monotonic() + timeout
        for thread in self.threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self.threads)

    def feed(self, frame: Frame) -> None:
        """Hand over a frame; one that nobody took yet is dropped for it. Ignored while held."""
        with self._wake:
            if self._frozen and self._frame is not None and self._frame.source == frame.source:
                return
            self._frames_dropped += not self._frame_taken
            self._frame, self._frame_taken, self._dirty = frame, False, True
            self._wake.notify_all()

    def set_view(self, view: View, demand: Demand, clean: bool = False) -> None:
        """Compute this view from now on. ``clean``: it lacks its occluders for a moment; its results say so."""
        with self._wake:
            if (view, demand, clean) == (self._view, self._demand, self._clean):
                return
            self._view, self._demand, self._clean, self._dirty = view, demand, clean, True
            self._wake.notify_all()

    def set_model(self, model: Model, view: View) -> None:
        """Compute with another model from now on, together with a view that fits it."""
        with self._wake:
            self._model, self._view, self._dirty = model, view, True
            self._wake.notify_all()

    def freeze(self, frozen: bool) -> None:
        """Freeze: keep the present frame and ignore new ones."""
        with self._wake:
            self._frozen = frozen

    def drop_frame(self) -> None:
        """A new source begins: its first frame is taken even while held."""
        with self._wake:
            self._frame, self._frame_taken = None, True

    @property
    def dropped(self) -> int:
        """Frames replaced before they were computed."""
        with self._wake:
            return self._frames_dropped

    def _next_request(self) -> Request | None:
        """The newest frame and view together, as soon as the second thread has taken what came before.

        A changed view does not wait for that: the hand that drags wants its answer, and what lies between is replaced.
        """
        with self._wake:
            self._wake.wait_for(
                lambda: self._stopping or (self._dirty and self._frame is not None and self._can_begin())
            )
            if self._stopping or self._frame is None:
                return None
            self._dirty, self._frame_taken = False, True
            return Request(self._frame, self._view, self._demand, self._model, self._clean)

    def _can_begin(self) -> bool:
        pending = self._pending
        return pending is None or pending.request.view is not self._view or pending.request.model is not self._model

    def _next_forward_result(self) -> ForwardResult | None:
        with self._wake:
            self._wake.wait_for(lambda: self._stopping or self._pending is not None)
            pause = self._shown_at + DRAG_PAUSE - time.monotonic()
            self._wake.wait_for(lambda: self._stopping or not self._dragged(self._pending), timeout=pause)
            forward, self._pending = self._pending, None
            self._wake.notify_all()
            return None if self._stopping else forward

    def _dragged(self, forward: ForwardResult | None) -> bool:
        """Whether it has the occluders of what was shown last, elsewhere."""
        return forward is not None and _moved(self._shown_view, forward.request.view)

    def _is_outdated(self, request: Request) -> bool:
        """Whether the view was changed meanwhile; a newer frame alone would leave everything unfinished."""
        with self._wake:
            return self._stopping or self._view is not request.view or self._model is not request.model

    def _forward_loop(self) -> None:
        forward_step, before = ForwardStep(), self._view
        while request := self._next_request():
            # while a square is dragged the second thread pauses, and its core is free
            torch.set_num_threads(self._threads + _moved(before, request.view))
            before = request.view
            try:
                forward = forward_step.forward(request, self._put_answer)
            except Exception as error:  # the loop goes on whatever happens; the window tells
                forward_step = ForwardStep()
                self._put_failure(error)
            else:
                with self._wake:
                    self._pending = forward
                    self._wake.notify_all()

    def _render_loop(self) -> None:
        torch.set_num_threads(1)
        render_step = RenderStep()
        while forward := self._next_forward_result():
            try:
                for result in render_step.render(forward, self._put_answer):
                    self.results.put(result)
                    self._notify()
                    if self._is_outdated(forward.request):
                        break
            except Exception as error:  # as above
                render_step = RenderStep()
                self._put_failure(error)
            self._shown_view, self._shown_at = forward.request.view, time.monotonic()

    def _put_answer(self, answer: Answer) -> None:
        """Tell it, unless a newer one has been told: the second thread completes those of before."""
        with self._wake:
            if answer.started < self._answered_at:
                return
            self._answered_at = answer.started
            self.answers.put(answer)
        self._notify()

    def _put_failure(self, error: Exception) -> None:
        self.failures.append(Failure(worker_error_text(error), traceback.format_exc()))
        self._notify()


def _moved(before: View, now: View) -> bool:
    return len(now.occluders) == len(before.occluders) and now.occluders != before.occluders


def worker_error_text(error: Exception) -> str:
    """What went wrong, for the user: the error's own words where they were written for one."""
    if isinstance(error, ValueError | ArithmeticError) and str(error):
        return str(error)
    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        return "There is not enough memory for this; zfdesk goes on with what it can show."
    return f"This frame could not be computed ({type(error).__name__}: {error})."
