"""The sweeper: grows, gives way, goes on, follows; and what it says is what the network says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from live_tools import PATIENCE, SIZE, numbered_pixels

import zfdesk.engine as zf
from zfdesk.live import Sweeper, SweepInput, SweepSnapshot, SweepState, sweeping
from zfdesk.live.pace import Pace

PLAN = zf.SweepPlan(size=7, stride=3)
LAYER = "conv2"


def subject_of(model: zf.Model, number: int = 1) -> SweepInput:
    picture = np.ascontiguousarray(numbered_pixels(number, SIZE, SIZE))
    picture.setflags(write=False)
    return SweepInput(model, picture, number, "a test")


class Ear:
    """Keeps all that a sweeper says, as it says it."""

    def __init__(self) -> None:
        self.heard: list[SweepSnapshot] = []
        self.sweeper = Sweeper(self._hear)
        self._changed = threading.Condition()

    def _hear(self) -> None:
        with self._changed:
            swept = self.sweeper.results.take()
            if swept is not None:
                self.heard.append(swept)
            self._changed.notify_all()

    def wait_for(self, fits: Callable[[SweepSnapshot], bool]) -> SweepSnapshot:
        """The first that fits, of what was and what will be heard."""
        with self._changed:
            assert self._changed.wait_for(lambda: any(fits(s) for s in self.heard), PATIENCE), len(self.heard)
            return next(s for s in self.heard if fits(s))

    def end(self) -> SweepSnapshot:
        """The first that no longer runs; what was heard up to then is forgotten."""
        found = self.wait_for(lambda s: s.state is not SweepState.RUNNING)
        self.heard.clear()
        return found


class Gate:
    """Lets the batches of a sweep through one by one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Semaphore(0)
        self.at = threading.Semaphore(0)
        self.begun: list[zf.Sweep | None] = []
        self.threads: set[int] = set()
        real = sweeping.sweep

        def gated(clean, picture, plan, layer, resume, batch) -> Iterator[zf.Sweep]:
            self.begun.append(resume)
            self.threads.add(torch.get_num_threads())
            for seen in real(clean, picture, plan, layer, resume, 5):
                self.at.release()
                assert self.open.acquire(timeout=PATIENCE)
                yield seen

        monkeypatch.setattr(sweeping, "sweep", gated)
        monkeypatch.setattr(sweeping, "REPORT_SECONDS", 0.0)
        monkeypatch.setattr(Pace, "batch", lambda self: 5)

    def let(self, batches: int) -> None:
        for _ in range(batches):
            self.open.release()

    def wait(self) -> None:
        """Until a batch stands at the gate."""
        assert self.at.acquire(timeout=PATIENCE)


@pytest.fixture
def ear() -> Iterator[Ear]:
    ear = Ear()
    yield ear
    assert ear.sweeper.stop(PATIENCE)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(monkeypatch)


def test_a_sweep_says_what_the_network_says(ear: Ear, tiny: zf.Model) -> None:
    input = subject_of(tiny)
    ear.sweeper.start(input, PLAN, LAYER)
    swept = ear.end()
    assert swept.state is SweepState.DONE
    assert swept.input is input
    sweep = swept.sweep
    assert sweep is not None
    assert sweep.complete
    for place in np.ndindex(sweep.done.shape):
        covered = zf.occlude(input.picture, [PLAN.occluder(*sweep.positions[place])], tiny.input.mean)
        seen = tiny.forward(covered, reference=True)
        assert np.abs(seen.probabilities[0].numpy() - sweep.probabilities[place]).max() < 1e-4
        total = seen.activations[LAYER][0].sum((1, 2)).numpy()
        assert np.allclose(total, sweep.activations[place], atol=1e-3)
    assert swept.seconds_left == 0


def test_it_grows_and_what_was_told_never_changes(ear: Ear, gate: Gate, tiny: zf.Model) -> None:
    ear.sweeper.start(subject_of(tiny), PLAN, LAYER)
    gate.let(1)
    first = ear.wait_for(lambda s: True)
    assert first.state is SweepState.RUNNING
    assert first.sweep is not None
    assert 0 < first.sweep.fraction < 0.2
    assert np.isfinite(first.seconds_left)
    kept = first.sweep.done.copy(), first.sweep.label().copy()
    gate.let(50)
    ear.end()
    assert np.array_equal(first.sweep.done, kept[0])
    assert np.array_equal(first.sweep.label(), kept[1])
    assert gate.threads == {1}  # the rest of the machine is the live view's


def test_a_cancelled_sweep_keeps_its_part_and_goes_on(ear: Ear, gate: Gate, tiny: zf.Model) -> None:
    input = subject_of(tiny)
    ear.sweeper.start(input, PLAN, LAYER)
    gate.let(2)
    ear.wait_for(lambda s: True)
    assert not ear.sweeper.resume()  # it runs
    gate.wait()
    ear.sweeper.cancel("enough")
    gate.let(1)
    part = ear.end()
    assert (part.state, part.reason) == (SweepState.CANCELLED, "enough")
    assert part.sweep is not None
    assert 0 < part.sweep.fraction < 0.6
    assert not ear.sweeper.busy
    gate.let(50)
    assert ear.sweeper.resume()
    whole = ear.end()
    assert whole.state is SweepState.DONE
    assert gate.begun[-1] is part.sweep  # nothing is computed twice
    assert whole.sweep is not None
    alone = list(zf.sweep(tiny.forward(input.picture), input.picture, PLAN, LAYER))[-1]
    assert np.array_equal(whole.sweep.label(), alone.label())
    assert np.abs(whole.sweep.probabilities - alone.probabilities).max() < 1e-6
    assert not ear.sweeper.resume()  # there is nothing left to do


def test_a_cancel_is_heard_before_the_sweep_has_begun(ear: Ear, gate: Gate, tiny: zf.Model) -> None:
    ear.sweeper.start(subject_of(tiny), PLAN, LAYER)
    ear.sweeper.cancel()
    gate.let(50)
    part = ear.end()
    assert part.state is SweepState.CANCELLED
    assert part.sweep is not None
    assert 0 < part.sweep.fraction < 0.2  # one batch


def test_a_newer_sweep_overtakes(ear: Ear, gate: Gate, tiny: zf.Model) -> None:
    old, new = subject_of(tiny, 1), subject_of(tiny, 2)
    ear.sweeper.start(old, PLAN, LAYER)
    gate.let(1)
    ear.wait_for(lambda s: s.input is old)
    gate.wait()
    ear.sweeper.start(new, PLAN, LAYER)
    heard = len(ear.heard)
    gate.let(80)
    done = ear.wait_for(lambda s: s.state is SweepState.DONE)
    assert done.input is new
    assert all(s.input is new for s in ear.heard[heard:])  # nothing of the old one after the new was asked for


def test_rounds_of_the_live_sweep_are_whole_and_of_one_picture(ear: Ear, tiny: zf.Model) -> None:
    one, same, two = subject_of(tiny, 1), subject_of(tiny, 1), subject_of(tiny, 2)
    ear.sweeper.feed(one)
    ear.sweeper.follow(PLAN, LAYER)
    first = ear.end()
    assert first.live
    assert first.input is one
    assert first.sweep is not None
    assert first.sweep.complete
    ear.sweeper.feed(same)  # another frame, the same picture: nothing to do
    ear.sweeper.feed(two)
    second = ear.end()
    assert second.input is two
    assert second.sweep is not None
    assert np.array_equal(second.sweep.picture, two.picture)
    ear.sweeper.follow(zf.SweepPlan(size=9, stride=3), LAYER)
    third = ear.end()
    assert third.sweep is not None
    assert third.sweep.plan.size == 9
    assert not ear.sweeper.resume()  # a round is no sweep to go on with
    ear.sweeper.cancel()
    ear.sweeper.feed(one)
    assert not ear.heard


def test_a_round_is_told_of_only_when_it_is_whole(ear: Ear, gate: Gate, tiny: zf.Model) -> None:
    ear.sweeper.pace.rate = 1e6  # there is time for the whole plan
    ear.sweeper.feed(subject_of(tiny, 1))
    ear.sweeper.follow(PLAN, LAYER)
    for _ in range(4):
        gate.wait()
        gate.let(1)
    gate.wait()
    assert not ear.heard
    ear.sweeper.follow(PLAN, "conv1")  # abandoned in the middle
    gate.let(100)
    done = ear.wait_for(lambda s: s.state is SweepState.DONE)
    assert done.sweep is not None
    assert done.sweep.layer == "conv1"
    assert len(ear.heard) == 1


def test_an_impossible_sweep_is_told_in_words_and_the_next_one_works(ear: Ear, tiny: zf.Model) -> None:
    ear.sweeper.start(subject_of(tiny), zf.SweepPlan(size=SIZE + 1), LAYER)
    failed = ear.end()
    assert failed.state is SweepState.FAILED
    assert failed.sweep is None
    assert failed.reason == f"An occluder of 25 × 25 is larger than the picture of {SIZE} × {SIZE} pixels."
    assert ear.sweeper.failures.popleft().sentence == failed.reason
    assert not ear.sweeper.resume()
    ear.sweeper.start(subject_of(tiny), PLAN, LAYER)
    assert ear.end().state is SweepState.DONE


def test_an_error_in_the_middle_keeps_the_part(ear: Ear, tiny: zf.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    real = sweeping.sweep

    def failing(*arguments: object) -> Iterator[zf.Sweep]:
        for count, seen in enumerate(real(*arguments[:5], 5)):  # type: ignore[arg-type]
            if count == 3:
                raise MemoryError
            yield seen

    monkeypatch.setattr(sweeping, "sweep", failing)
    monkeypatch.setattr(Pace, "batch", lambda self: 5)
    ear.sweeper.start(subject_of(tiny), PLAN, LAYER)
    failed = ear.end()
    assert failed.state is SweepState.FAILED
    assert "not enough memory" in failed.reason
    assert failed.sweep is not None
    assert 0 < failed.sweep.fraction < 1
    monkeypatch.setattr(sweeping, "sweep", real)
    assert ear.sweeper.resume()
    assert ear.end().state is SweepState.DONE


def test_values_that_are_no_numbers_are_told(ear: Ear, tiny: zf.Model) -> None:
    huge = {name: weight * 1e30 for name, weight in tiny.weights.items()}  # type: ignore[operator]
    broken = replace(tiny, weights=huge, name="broken")
    ear.sweeper.start(subject_of(broken), PLAN, LAYER)
    assert ear.end().reason == "broken answered with values that are not numbers."


def test_another_unit_needs_no_other_sweep(ear: Ear, tiny: zf.Model) -> None:
    input = subject_of(tiny)
    ear.sweeper.start(input, PLAN, LAYER)
    done = ear.end()
    assert done.sweep is not None
    assert done.projected is not None
    assert done.projected.unit == done.sweep.highest_total_unit
    clean = tiny.forward(input.picture)
    peaks = clean.activations[LAYER][0].amax((1, 2))
    for unit in range(len(peaks)):
        ear.heard.clear()
        ear.sweeper.show_unit(unit)
        if unit == done.sweep.highest_total_unit:
            continue
        shown = ear.wait_for(lambda s, unit=unit: s.projected is not None and s.projected.unit == unit)  # type: ignore[misc]
        assert shown.sweep is done.sweep
        assert shown.projected is not None
        if float(peaks[unit]) > 0:
            found = zf.reconstruct(clean, zf.Seed(LAYER, unit))
            assert shown.projected.rendered is not None
            assert np.array_equal(shown.projected.rendered.reconstruction.values, found.values)
        else:
            assert shown.projected.reason == f"{LAYER}:{unit} is inactive: nothing to reconstruct."


def test_there_is_a_thread_only_while_there_is_work(ear: Ear, gate: Gate, tiny: zf.Model) -> None:
    def running() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "zfdesk-sweep"]

    assert not running()
    ear.sweeper.start(subject_of(tiny), PLAN, LAYER)
    gate.wait()
    thread = running()[0]
    assert not thread.daemon  # it is ended, not left behind
    gate.let(1)
    gate.wait()
    assert not ear.sweeper.stop(0)  # it stands at the gate
    gate.let(1)  # the batch under way ends, and with it the thread
    assert ear.sweeper.stop(PATIENCE)
    assert not thread.is_alive()
    ear.sweeper.start(subject_of(tiny), PLAN, LAYER)  # after the end nothing begins
    assert not running()
