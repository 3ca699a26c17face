"""The thread that sweeps an occluder over a picture while the live view goes on.

It exists only while there is work, and gives way within one batch of positions: to a cancel, a newer sweep, the end of
the program. One sweep at a time; its snapshots go into a one-place slot.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import torch

from zfdesk.engine import Model, Pass, Rule, Seed, Sweep, SweepPlan, reconstruct, sweep
from zfdesk.live.pace import BATCH_SECONDS, Pace
from zfdesk.live.render import render
from zfdesk.live.result import Failure, Rendered
from zfdesk.live.slot import LatestSlot
from zfdesk.live.view import Style, SweepUnit, View
from zfdesk.live.worker import worker_error_text

REPORT_SECONDS = 0.1
GIVE_WAY = 0.5
"""Of a batch's time, a pause after it while frames are coming: the live view has the machine to itself meanwhile."""


class SweepState(StrEnum):
    """The state of a sweep."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, eq=False)
class SweepInput:
    """What is swept: what the network sees of a frame, uint8 (size, size, 3), read-only, and which frame that is."""

    model: Model
    picture: np.ndarray
    number: int = 0
    origin: str = ""

    def same(self, other: SweepInput) -> bool:
        """Whether the network would answer the same."""
        alike = self.picture is other.picture or np.array_equal(self.picture, other.picture)
        return self.model is other.model and alike


@dataclass(frozen=True, eq=False)
class Projected:
    """Fig. 7 (c): the deconvnet reconstruction of a unit on the clean picture, or in ``reason`` why there is none.

    ``box``: the receptive field of its strongest position, (top, left, bottom, right) in input pixels, not clipped.
    """

    unit: int
    rendered: Rendered | None
    box: tuple[int, int, int, int]
    reason: str = ""


@dataclass(frozen=True, eq=False)
class SweepSnapshot:
    """A sweep as far as it is. ``sweep``: None when it failed before anything was done.

    ``rate``: positions a second by the clock, lately. ``seconds_left``: at that rate. ``live``: a round of the live
    sweep. ``reason``: why it ended before its end, "" when by the user's wish.
    """

    input: SweepInput
    sweep: Sweep | None
    state: SweepState
    rate: float
    live: bool = False
    projected: Projected | None = None
    reason: str = ""

    @property
    def seconds_left(self) -> float:
        """Until all positions are done, if it goes on as it did; infinite before anything is known."""
        if self.sweep is None or self.rate <= 0:
            return float("inf")
        return float((~self.sweep.done).sum()) / self.rate


@dataclass(frozen=True, eq=False)
class _Job:
    """``follows``: plan and layer of the live sweep that this is a round of."""

    input: SweepInput
    plan: SweepPlan
    layer: str
    resume: Sweep | None = None
    follows: tuple[SweepPlan, str] | None = None


class Sweeper:
    """Sweeps on a thread of its own; all methods may be called from any thread and return at once.

    ``results`` holds the newest `SweepSnapshot`; ``notify`` is called, on that thread, when there is one.
    """

    def __init__(self, notify: Callable[[], None]) -> None:
        self.results: LatestSlot[SweepSnapshot] = LatestSlot()
        self.failures: deque[Failure] = deque(maxlen=20)
        self.gives_way = False  # to a live view that moves; may be set from any thread
        self._notify = notify
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._wanted: _Job | None = None  # the next sweep
        self._running: _Job | None = None
        self._cancelled: str | None = None  # why the sweep is to end
        self._following: tuple[SweepPlan, str] | None = None
        self._newest: SweepInput | None = None
        self._unit: int | None = None
        self._last: SweepSnapshot | None = None
        self._pass: tuple[SweepInput, Pass] | None = None  # this and the speed are the thread's own
        self.pace = Pace()

    # What is asked for

    def start(self, input: SweepInput, plan: SweepPlan, layer: str) -> None:
        """Sweep this picture instead of whatever is being swept; the live sweep ends."""
        with self._lock:
            self._following = self._cancelled = None
            self._wanted = _Job(input, plan, layer)
            self._wake()

    def restore(self, swept: SweepSnapshot) -> None:
        """Take over a sweep that was kept; the one under way, and the live sweep, end."""
        with self._lock:
            self._following = self._wanted = self._running = self._cancelled = None
            self._last = swept

    def cancel(self, reason: str = "") -> None:
        """End the sweep after the batch under way, and the live sweep; what is done is kept. ``reason``: why."""
        with self._lock:
            self._following = None
            if self._running is not None:
                self._wanted, self._cancelled = None, reason
            elif self._wanted is not None:  # it begins, and ends after its first batch
                self._cancelled = reason

    def resume(self) -> bool:
        """Go on with the sweep that ended before its end; False when there is none."""
        with self._lock:
            last = self._last
            if self.busy or last is None or last.live or last.sweep is None or last.sweep.complete:
                return False
            self._following = self._cancelled = None
            self._wanted = _Job(last.input, last.sweep.plan, last.sweep.layer, last.sweep)
            self._wake()
            return True

    def follow(self, plan: SweepPlan, layer: str) -> None:
        """Sweep the newest picture that `feed` gives, round after round, on a grid no finer than ``plan`` says."""
        with self._lock:
            self._wanted, self._following = None, (plan, layer)
            self._wake()

    def feed(self, input: SweepInput) -> None:
        """The newest picture, for the live sweep."""
        with self._lock:
            self._newest = input
            self._wake()

    def show_unit(self, unit: int | None) -> None:
        """Whose reconstruction goes with the sweep; None: the strongest map's."""
        with self._lock:
            self._unit = unit
            self._wake()

    def stop(self, timeout: float = 0.5) -> bool:
        """End after the batch under way; True when the thread is gone. Safe to call twice."""
        with self._lock:
            self._stopping = True
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
        return thread is None or not thread.is_alive()

    @property
    def busy(self) -> bool:
        """Whether a sweep runs or waits to."""
        return self._running is not None or self._wanted is not None

    # The thread

    def _wake(self) -> None:
        """A thread, if there is work and none yet; to be called with the lock held."""
        if self._thread is None and not self._stopping and self._find() is not None:
            self._thread = threading.Thread(target=self._run, name="zfdesk-sweep", daemon=False)
            self._thread.start()

    def _find(self) -> _Job | SweepSnapshot | None:
        """The next thing to do, with the lock held: a sweep, or what only lacks another reconstruction."""
        if self._wanted is not None:
            return self._wanted
        last, newest, follows = self._last, self._newest, self._following
        if follows is not None and newest is not None and not _is_of(last, newest, follows):
            return _Job(newest, follows[0], follows[1], follows=follows)
        if last is not None and last.sweep is not None and last.projected is not None:
            return last if self._unit_of(last.sweep) != last.projected.unit else None
        return None

    def _run(self) -> None:
        torch.set_num_threads(1)  # what is left of the machine is the live view's
        while True:
            with self._lock:
                # a program that ended without a word to us must not wait for a sweep either
                ending = self._stopping or not threading.main_thread().is_alive()
                work = None if ending else self._find()
                if isinstance(work, _Job):
                    self._running, self._wanted = work, None
                elif work is None:
                    self._thread = self._pass = None
                    return
            if isinstance(work, _Job):
                self._sweep(work)
            else:
                self._project_again(work)

    def _sweep(self, job: _Job) -> None:
        swept: SweepSnapshot | None = None
        reported, cost = 0.0, 0.0
        try:
            for swept in self._steps(job):
                now = time.monotonic()
                if swept.state is not SweepState.RUNNING or now - reported > max(REPORT_SECONDS, 10 * cost):
                    assert swept.sweep is not None
                    swept.sweep.label()  # kept in the sweep: the window need not work it out
                    reported, cost = time.monotonic(), time.monotonic() - now
                    if not job.follows or swept.state is SweepState.DONE:
                        self._report(swept, job)
        except Exception as error:  # the program goes on whatever happens; the window tells
            self.failures.append(Failure(worker_error_text(error), traceback.format_exc()))
            with self._lock:
                self._following = None
            live = job.follows is not None
            kept = None if live else swept.sweep if swept is not None else job.resume
            self._report(
                SweepSnapshot(
                    job.input, kept, SweepState.FAILED, self.pace.rate, live, reason=worker_error_text(error)
                ),
                job,
            )
        finally:
            with self._lock:
                if self._running is job:
                    self._running = None

    def _steps(self, job: _Job) -> Iterator[SweepSnapshot]:
        """The job as it grows; ends with one that no longer runs, or in silence when it is overtaken."""
        clean, plan, current, projected = self._clean(job.input), job.plan, job.resume, None
        if job.follows is not None:
            plan = self.pace.affordable(plan, job.input.picture.shape[:2])
        live, before = job.follows is not None, int(current.done.sum()) if current else 0
        while True:
            batch = self.pace.batch()
            steps = sweep(clean, job.input.picture, plan, job.layer, current, batch)
            timed_from = time.perf_counter()
            for current in steps:
                done, now = int(current.done.sum()), time.perf_counter()
                took = now - timed_from
                self.pace.measure(done - before, took, batch)
                before, timed_from = done, now
                state, reason = self._state_of(job, current)
                if state is None:
                    return
                if projected is None or projected.unit != self._unit_of(current):
                    projected = project(clean, job.layer, self._unit_of(current))
                    timed_from = time.perf_counter()
                yield SweepSnapshot(job.input, current, state, self.pace.rate, live, projected, reason)
                if state is not SweepState.RUNNING:
                    return
                if self.gives_way:
                    time.sleep(min(GIVE_WAY * took, BATCH_SECONDS))
                if not batch / 2 <= self.pace.batch() <= 2 * batch:
                    break  # the same sweep goes on in other batches

    def _state_of(self, job: _Job, current: Sweep) -> tuple[SweepState | None, str]:
        """The state of the running job and why it ended; no state when it is overtaken."""
        with self._lock:
            if self._stopping or not threading.main_thread().is_alive() or self._wanted is not None:
                return None, ""
            if job.follows != self._following or self._running is not job:
                return None, ""
            if current.complete:
                return SweepState.DONE, ""
            if self._cancelled is not None:
                return SweepState.CANCELLED, self._cancelled
            return SweepState.RUNNING, ""

    def _report(self, swept: SweepSnapshot, job: _Job | None = None) -> None:
        with self._lock:
            if job is not None and self._running is not job:  # `restore` came in between
                return
            self._last = swept
            if swept.state is not SweepState.RUNNING:
                self._running = self._cancelled = None
        self.results.put(swept)
        self._notify()

    # The reconstruction

    def _clean(self, input: SweepInput) -> Pass:
        if self._pass is None or self._pass[0] is not input:
            clean = input.model.forward(input.picture)
            if not bool(torch.isfinite(clean.probabilities).all()):
                name = input.model.name or "The network"
                raise ArithmeticError(f"{name} answered with values that are not numbers.")
            self._pass = input, clean
        return self._pass[1]

    def _unit_of(self, current: Sweep) -> int:
        unit = self._unit
        return current.highest_total_unit if unit is None or unit >= len(current.clean_activations) else unit

    def _project_again(self, last: SweepSnapshot) -> None:
        assert last.sweep is not None
        unit = self._unit_of(last.sweep)
        try:
            projected = project(self._clean(last.input), last.sweep.layer, unit)
        except Exception as error:  # as above
            self.failures.append(Failure(worker_error_text(error), traceback.format_exc()))
            projected = Projected(unit, None, (0, 0, 0, 0), worker_error_text(error))
        self._report(replace(last, projected=projected))


def project(clean: Pass, layer: str, unit: int) -> Projected:
    """The unit's strongest activation projected back to the pixels by the deconvnet, as in the paper."""
    stage = clean.model.architecture.stage(layer)
    if layer == clean.model.architecture.stages[0].name:
        return Projected(unit, None, (0, 0, 0, 0), "The input has no reconstruction.")
    if not bool((clean.activations[layer][0, unit] != 0).any()):
        return Projected(unit, None, (0, 0, 0, 0), f"{layer}:{unit} is inactive: nothing to reconstruct.")
    found = reconstruct(clean, Seed(layer, unit), Rule.DECONVNET)
    return Projected(unit, render(found, Style.RAW), stage.receptive_field.box(*found.positions[0]))


def shown_unit(sweep: Sweep, view: View) -> int:
    """Whose activation is shown: the selected unit's, if wanted and of the sweep's layer, else the strongest's."""
    wanted = view.sweep.unit is SweepUnit.SELECTED and view.layer == sweep.layer
    return view.unit if wanted and view.unit < len(sweep.clean_activations) else sweep.highest_total_unit


def shown_class(sweep: Sweep, view: View) -> int:
    """Whose probability is shown."""
    clean, chosen = sweep.clean_probabilities, view.sweep.class_index
    return chosen if 0 <= chosen < len(clean) else int(clean.argmax())


def _is_of(last: SweepSnapshot | None, newest: SweepInput, follows: tuple[SweepPlan, str]) -> bool:
    """Whether the live sweep of this picture is there already."""
    if last is None or not last.live or last.sweep is None or not last.input.same(newest):
        return False
    plan, layer = follows
    return last.sweep.layer == layer and replace(last.sweep.plan, stride=plan.stride) == plan
