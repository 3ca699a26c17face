"""The thread that computes: the newest frame with the newest view, whatever happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from live_tools import PATIENCE, SIZE, Listener, frame_of, number_in, numbered_frame, numbered_pixels, tiny_model

import zfdesk.engine as zf
from zfdesk.live import Answer, Demand, Result, UnitReference, View, Worker
from zfdesk.live import compute as compute_module

VIEW = View(layer="conv2", unit=1)
COVER = (zf.Occluder(4, 5, 9, 10),)
Start = Callable[..., tuple[Worker, Listener]]


@pytest.fixture
def start(tiny: zf.Model) -> Iterator[Start]:
    """Makes a running worker with a listener that takes each result; all end with the test."""
    workers: list[Worker] = []

    def make(
        model: zf.Model = tiny, view: View = VIEW, running: bool = True, notify: Callable[[], None] | None = None
    ) -> tuple[Worker, Listener]:
        listener = Listener()
        worker = Worker(model, view, notify or listener.notify)
        listener.take = worker.results.take
        workers.append(worker)
        if running:
            worker.start()
        return worker, listener

    yield make
    for worker in workers:
        assert worker.stop(PATIENCE)


class Gate:
    """Stops the worker in the middle of a forward pass until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered, self.opened = threading.Semaphore(0), threading.Semaphore(0)
        self.closed = True
        forward = zf.Model.forward

        def wait(model: zf.Model, pictures: np.ndarray, reference: bool = False) -> zf.Pass:
            if self.closed and threading.current_thread().name == "zfdesk-forward":
                self.entered.release()
                assert self.opened.acquire(timeout=PATIENCE)
            return forward(model, pictures, reference)

        monkeypatch.setattr(zf.Model, "forward", wait)

    def wait_until_busy(self) -> None:
        assert self.entered.acquire(timeout=PATIENCE)

    def open(self) -> None:
        self.closed = False
        self.opened.release()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(monkeypatch)


def check(result: Result) -> None:
    """Everything in a result belongs to its own frame, view and network."""
    request = result.request
    frame, view, model = request.frame, request.view, request.model
    assert number_in(frame.pixels) == frame.number
    clean = zf.crop(frame.pixels, view.crop.box(*frame.pixels.shape[:2]), model.architecture.size)
    assert np.array_equal(result.clean, clean)
    assert np.array_equal(result.picture, zf.occlude(clean, view.occluders, model.input.mean))
    seen = model.forward(result.picture)
    assert np.allclose(result.probabilities, seen.probabilities[0], rtol=1e-4, atol=1e-6)
    assert np.allclose(result.clean_probabilities, model.forward(clean).probabilities[0], rtol=1e-4, atol=1e-6)
    assert len(result.probabilities) == model.architecture.classes
    if result.mosaic is not None:
        assert result.mosaic.layer == view.layer
        assert np.allclose(result.mosaic.values, seen.activations[view.layer][0], rtol=1e-3, atol=1e-2)
    if result.unit is not None:
        assert (result.unit.reference.layer, result.unit.reference.unit) == (view.looked_at.layer, view.looked_at.unit)
        activation = seen.activations[view.looked_at.layer][0, view.looked_at.unit]
        assert np.allclose(result.unit.map, activation, rtol=1e-3, atol=1e-2)


def test_a_frame_gives_its_result(start: Start) -> None:
    worker, listener = start()
    worker.feed(numbered_frame(7))
    result = listener.wait_for(lambda result: result.complete)
    check(result)
    assert result.request.frame.number == 7
    assert result.request.view is VIEW
    assert not worker.failures


def test_nothing_is_computed_before_there_is_a_frame_or_after_all_is_shown(start: Start) -> None:
    worker, listener = start()
    worker.set_view(VIEW.change(unit=2), Demand())
    worker.feed(numbered_frame(1))
    listener.wait_for(lambda result: result.complete and result.request.view.unit == 2)
    calls = listener.calls
    worker.set_view(VIEW.change(unit=2), Demand())  # an equal view is no reason to compute
    worker.freeze(False)
    worker.feed(numbered_frame(2))
    listener.wait_for(lambda result: result.request.frame.number == 2 and result.complete)
    assert listener.calls - calls == 2, "its answer, then all of it"


def held_rendering(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """The second thread waits before it renders: (it does, it may go on)."""
    waiting, go_on = threading.Event(), threading.Event()
    render = compute_module.RenderStep.render

    def wait(
        step: compute_module.RenderStep, forward: compute_module.ForwardResult, on_answer: Callable[[Answer], None]
    ) -> Iterator[Result]:
        waiting.set()
        assert go_on.wait(PATIENCE)
        return render(step, forward, on_answer)

    monkeypatch.setattr(compute_module.RenderStep, "render", wait)
    return waiting, go_on


def answering(start: Start) -> tuple[Worker, Listener, list[Answer], threading.Semaphore]:
    """A worker that has not begun, its listener, its answers, and a count of these to wait for."""
    answers: list[Answer] = []
    told = threading.Semaphore(0)

    def notify() -> None:
        if answer := worker.answers.take():
            answers.append(answer)
            told.release()
        listener.notify()

    worker, listener = start(running=False, notify=notify)
    return worker, listener, answers, told


def test_the_answer_is_there_before_maps_and_reconstruction(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """And while they are being made, a moved occluder gets its own."""
    waiting, go_on = held_rendering(monkeypatch)
    worker, listener, answers, told = answering(start)
    worker.start()
    worker.feed(numbered_frame(1))
    assert told.acquire(timeout=PATIENCE)
    assert waiting.wait(PATIENCE)
    places = [VIEW.change(occluders=(zf.Occluder(step, 5, 9, 10),)) for step in range(3)]
    for view in places:
        worker.set_view(view, Demand())
        assert told.acquire(timeout=PATIENCE)
    assert [answer.request.view for answer in answers] == [VIEW, *places]
    assert not listener.results
    go_on.set()
    last = listener.wait_for(lambda result: result.request.view is places[-1] and result.complete)
    check(last)
    assert np.array_equal(last.probabilities, answers[-1].probabilities)
    assert last.started == answers[-1].started
    assert places[0] not in [result.request.view for result in listener.results], "replaced before anyone took it"


def test_while_a_square_is_dragged_every_place_is_answered_and_maps_come_less_often(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zfdesk.live.worker.DRAG_PAUSE", 3600.0)
    worker, listener, answers, told = answering(start)
    places = [VIEW.change(occluders=(zf.Occluder(step, 5, 9, 10),)) for step in range(8)]
    worker.set_view(places[0], Demand())
    worker.feed(numbered_frame(1))
    worker.start()
    listener.wait_for(lambda result: result.complete)
    count = len(listener.results)
    for view in places[1:]:
        worker.set_view(view, Demand())
        while answers[-1].request.view is not view:
            assert told.acquire(timeout=PATIENCE)
    assert len(listener.results) == count
    worker.set_view(places[-1].change(occluders=()), Demand())  # no longer dragged: shown without a pause
    listener.wait_for(lambda result: result.complete and not result.request.view.occluders)


def test_an_older_answer_that_is_completed_late_is_not_told_after_a_newer_one(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second thread computes the clean picture of one place while the first has answered for the next."""
    waiting, go_on = held_rendering(monkeypatch)
    worker, listener, answers, told = answering(start)
    worker.set_view(VIEW.change(occluders=COVER), Demand())
    worker.feed(numbered_frame(1))
    worker.start()
    assert waiting.wait(PATIENCE)
    moved = VIEW.change(occluders=(zf.Occluder(9, 9, 8, 8),))
    worker.set_view(moved, Demand())
    while not answers or answers[-1].request.view is not moved:
        assert told.acquire(timeout=PATIENCE)
    go_on.set()
    listener.wait_for(lambda result: result.request.view is moved and result.complete)
    assert [answer.started for answer in answers] == sorted(answer.started for answer in answers)
    assert {answer.request.view.occluders for answer in answers[1:]} == {moved.occluders}


def test_the_newest_frame_wins_and_the_others_are_counted(start: Start, gate: Gate) -> None:
    worker, listener = start()
    worker.feed(numbered_frame(0))
    gate.wait_until_busy()
    for number in range(1, 6):
        worker.feed(numbered_frame(number))
    assert worker.dropped == 4
    gate.open()
    listener.wait_for(lambda result: result.request.frame.number == 5)
    assert {result.request.frame.number for result in listener.results} == {0, 5}
    assert worker.dropped == 4


def test_a_view_that_changes_in_the_middle_is_shown_next(start: Start, gate: Gate) -> None:
    worker, listener = start()
    worker.feed(numbered_frame(3))
    gate.wait_until_busy()
    wanted = VIEW.change(layer="conv1", occluders=COVER)
    for unit in range(5):
        worker.set_view(wanted.change(unit=unit), Demand())
    gate.open()
    result = listener.wait_for(lambda result: result.request.view == wanted.change(unit=4) and result.complete)
    check(result)
    assert not any(result.request.view.unit in (0, 2, 3) for result in listener.results)
    assert result.request.frame.number == 3


def test_a_change_breaks_off_what_nobody_will_see(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow unit of an old view is not reconstructed first; a new frame alone breaks nothing off."""
    monkeypatch.setattr(compute_module, "SLOW_UNIT_MS", -1.0)
    reconstructed: list[tuple[str, int]] = []
    monkeypatch.setattr(
        compute_module,
        "reconstruct",
        lambda seen, seed, *rest, **more: (
            reconstructed.append((seed.layer, seed.unit)) or zf.reconstruct(seen, seed, *rest, **more)
        ),
    )
    wanted = VIEW.change(layer="fc8", unit=2)
    done = threading.Event()

    def change_once() -> None:
        result = worker.results.take()
        if result is None:  # an answer came
            return
        listener.results.append(result)
        if result.request.view is VIEW and not result.complete:
            worker.feed(numbered_frame(2))
            if result.request.frame.number == 2:
                worker.set_view(wanted, Demand())
        if result.request.view is wanted and result.complete:
            done.set()

    worker, listener = start(running=False, notify=change_once)
    worker.start()
    worker.feed(numbered_frame(1))
    assert done.wait(PATIENCE)
    complete = [
        (result.request.frame.number, result.request.view.layer) for result in listener.results if result.complete
    ]
    assert complete[:2] == [(1, "conv2"), (2, "fc8")]
    assert reconstructed[:2] == [("conv2", 1), ("fc8", 2)]


def test_a_held_frame_stays_and_follows_the_view(start: Start) -> None:
    worker, listener = start()
    worker.feed(numbered_frame(1))
    listener.wait_for(lambda result: result.complete)
    worker.freeze(True)
    for number in range(2, 9):
        worker.feed(numbered_frame(number))
    assert worker.dropped == 0  # held back is not dropped: nobody wanted them
    worker.set_view(VIEW.change(occluders=COVER), Demand())
    check(listener.wait_for(lambda result: result.request.view.occluders == COVER and result.complete))
    assert {result.request.frame.number for result in listener.results} == {1}
    worker.freeze(False)
    worker.feed(numbered_frame(9))
    listener.wait_for(lambda result: result.request.frame.number == 9)


def test_a_held_picture_of_a_folder_stays_whatever_file_comes_next(start: Start) -> None:
    worker, listener = start()
    cat, dog = (replace(numbered_frame(number), file=file) for number, file in enumerate(("cat.jpg", "dog.jpg")))
    worker.freeze(True)
    worker.feed(cat)
    listener.wait_for(lambda result: result.complete)
    worker.feed(dog)
    worker.set_view(VIEW.change(occluders=COVER), Demand())
    result = listener.wait_for(lambda result: result.request.view.occluders == COVER and result.complete)
    assert result.request.frame is cat


def test_held_before_anything_came_the_first_frame_is_taken(start: Start) -> None:
    worker, listener = start()
    worker.freeze(True)
    worker.feed(numbered_frame(4))
    listener.wait_for(lambda result: result.request.frame.number == 4 and result.complete)
    worker.feed(numbered_frame(5))
    worker.drop_frame()  # a new source begins
    worker.feed(numbered_frame(0, "another"))
    listener.wait_for(lambda result: result.request.frame.origin == "another")
    assert 5 not in [result.request.frame.number for result in listener.results]


def test_an_exception_becomes_a_sentence_and_the_loop_goes_on(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [True]

    def breaks_once(*given: object, **more: object) -> zf.Reconstruction:
        if broken[0]:
            broken[0] = False
            raise RuntimeError("the bits fell out")
        return zf.reconstruct(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(compute_module, "reconstruct", breaks_once)
    worker, listener = start()
    worker.feed(numbered_frame(1))
    listener.wait_until(lambda: worker.failures)
    trouble = worker.failures.popleft()
    assert trouble.sentence == "This frame could not be computed (RuntimeError: the bits fell out)."
    assert "Traceback" in trouble.details
    assert "breaks_once" in trouble.details
    worker.feed(numbered_frame(2))
    check(listener.wait_for(lambda result: result.request.frame.number == 2 and result.complete))
    assert not worker.failures


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("conv9 is no layer."), "conv9 is no layer."),
        (ArithmeticError("Not a number."), "Not a number."),
        (ValueError(), "This frame could not be computed (ValueError: )."),
        (MemoryError(), "There is not enough memory for this; zfdesk goes on with what it can show."),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
            "There is not enough memory for this; zfdesk goes on with what it can show.",
        ),
    ],
)
def test_what_is_told_is_a_sentence(
    start: Start, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def breaks(*given: object, **more: object) -> None:
        raise error

    monkeypatch.setattr(zf.Model, "forward", breaks)
    worker, listener = start()
    worker.feed(numbered_frame(1))
    listener.wait_until(lambda: worker.failures)
    assert worker.failures[0].sentence == sentence


def test_a_network_that_answers_nonsense_is_told_and_another_goes_on(start: Start, tiny: zf.Model) -> None:
    weights = dict(tiny.weights) | {"fc8.weight": torch.full((5, 7), 3e38), "fc6.bias": torch.full((7,), 1e38)}
    nonsense = replace(tiny, weights=weights, name="nonsense")
    worker, listener = start(nonsense)
    worker.feed(numbered_frame(1))
    listener.wait_until(lambda: worker.failures)
    assert worker.failures[0].sentence == "nonsense answered with values that are not numbers."
    assert not listener.results
    worker.set_model(tiny, VIEW)
    check(listener.wait_for(lambda result: result.complete))


def test_troubles_do_not_pile_up(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*given: object, **more: object) -> None:
        raise RuntimeError("again")

    monkeypatch.setattr(zf.Model, "forward", breaks)
    worker, listener = start()
    for number in range(60):
        worker.feed(numbered_frame(number))
        listener.wait_until(lambda number=number: listener.calls > number)
    assert len(worker.failures) <= 20


def test_another_network_comes_with_its_view(start: Start, tiny: zf.Model) -> None:
    layers = (zf.Conv("first", 3, 5, 2), zf.ReLU("relu"), zf.Linear("out", 2), zf.Softmax("prob"))
    other = zf.random_model(zf.Architecture("other", "Another", layers, 16), 1)
    worker, listener = start()
    for turn, (model, view) in enumerate([(tiny, VIEW), (other, VIEW.change(layer="first"))] * 4):
        worker.set_model(model, view)
        worker.feed(numbered_frame(turn))
        result = listener.wait_for(lambda result, turn=turn: result.complete and result.request.frame.number == turn)
        assert result.request.model is model
        check(result)
    assert not worker.failures


def test_stop_is_prompt_under_load_and_may_be_repeated(start: Start) -> None:
    worker, listener = start()
    stopping = threading.Event()

    def feed() -> None:
        number = 0
        while not stopping.wait(0.0005):
            worker.feed(numbered_frame(number := (number + 1) % 1000))
            worker.set_view(VIEW.change(unit=number % 9), Demand())

    feeders = [threading.Thread(target=feed) for _ in range(2)]
    for feeder in feeders:
        feeder.start()
    listener.wait_until(lambda: len(listener.results) > 10)
    began = time.monotonic()
    assert worker.stop(1.0)
    assert time.monotonic() - began < 1.0
    assert worker.stop()
    stopping.set()
    for feeder in feeders:
        feeder.join(PATIENCE)
    calls = listener.calls
    worker.feed(numbered_frame(1))  # a source that comes late does no harm
    assert listener.calls == calls


def test_stop_does_not_wait_for_a_step_that_hangs(start: Start, gate: Gate) -> None:
    worker, _ = start()
    worker.feed(numbered_frame(1))
    gate.wait_until_busy()
    began = time.monotonic()
    assert not worker.stop(0.05)  # said, not hidden
    assert time.monotonic() - began < 0.8
    gate.open()
    assert worker.stop(PATIENCE)


def test_stopped_before_it_was_started_it_never_computes(start: Start) -> None:
    worker, listener = start(running=False)
    worker.feed(numbered_frame(1))
    assert worker.stop()
    worker.start()
    for thread in worker.threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in worker.threads)
    assert listener.calls == 0


def test_stopped_from_within_a_notification(start: Start) -> None:
    """A window that closes at the first result."""
    worker, _ = start(running=False, notify=lambda: worker.stop())
    worker.start()
    worker.feed(numbered_frame(1))
    for thread in worker.threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in worker.threads)


def test_two_feeders_and_a_restless_view_never_mix(start: Start) -> None:
    """Every array of every result belongs to the frame and the view that the result names."""
    worker, listener = start()
    halt = threading.Event()

    def feed(first: int) -> None:
        for number in range(first, first + 900):
            worker.feed(numbered_frame(number))
            if halt.wait(0.001):
                return

    deadline = time.monotonic() + PATIENCE

    feeders = [threading.Thread(target=feed, args=(first,)) for first in (0, 1000)]
    for feeder in feeders:
        feeder.start()
    rng = np.random.default_rng(11)
    while (len(listener.results) < 200 or not worker.dropped) and time.monotonic() < deadline:
        occluders = COVER if rng.random() < 0.5 else ()
        layer = str(rng.choice(["conv1", "norm1", "conv2", "fc6", "fc8"]))
        unit = int(rng.integers(0, 5))
        pins = (UnitReference("conv1", int(rng.integers(0, 6))),)
        worker.set_view(VIEW.change(layer=layer, unit=unit, occluders=occluders, pins=pins), Demand())
        time.sleep(0.002)
    halt.set()
    for feeder in feeders:
        feeder.join(PATIENCE)
    last = worker.dropped
    assert worker.stop(PATIENCE)
    assert not worker.failures, worker.failures[0]
    assert len(listener.results) > 10
    assert last > 0
    for result in listener.results[:: max(len(listener.results) // 60, 1)]:
        check(result)
    for result in listener.results:
        assert np.array_equal(result.request.frame.pixels, numbered_pixels(result.request.frame.number))


@pytest.mark.parametrize("shape", [(1, 1), (20, 3000), (3000, 20), (1, 2048), (2048, 2048)])
def test_frames_of_any_size(start: Start, shape: tuple[int, int]) -> None:
    worker, listener = start()
    worker.feed(frame_of(np.full((*shape, 3), 90, np.uint8)))
    result = listener.wait_for(lambda result: result.complete)
    assert result.picture.shape == (SIZE, SIZE, 3)
    assert not worker.failures


def test_a_frame_that_is_no_picture_is_told(start: Start) -> None:
    worker, listener = start()
    worker.feed(frame_of(np.zeros((4, 5), np.uint8)))
    listener.wait_until(lambda: worker.failures)
    worker.feed(numbered_frame(2))
    check(listener.wait_for(lambda result: result.complete))


def test_a_network_switched_while_a_class_unit_is_reconstructed(
    start: Start, tiny: zf.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, opened = threading.Event(), threading.Event()

    def held(*given: object, **more: object) -> zf.Reconstruction:
        entered.set()
        assert opened.wait(PATIENCE)
        return zf.reconstruct(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(compute_module, "reconstruct", held)
    worker, listener = start(view=VIEW.change(layer="fc8", unit=4))
    worker.feed(numbered_frame(1))
    assert entered.wait(PATIENCE)
    other = tiny_model(8, "other")
    worker.set_model(other, VIEW.change(layer="fc8", unit=3))
    opened.set()
    check(listener.wait_for(lambda result: result.request.model is other and result.complete))
    assert not worker.failures
