"""Starting and stopping, again and again."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from zfdesk.sources import Frame, Source, SourceReference, open_source
from zfdesk.sources.paced import PacedSource
from zfdesk.sources.pattern import pattern_number
from zfdesk.sources.threaded import SourceRun

from .collector import Collector, check_frame, check_sentence, started, write_clip


@pytest.fixture(params=["demo", "pattern", "folder", "clip", "picture", "camera"])
def reference(request: pytest.FixtureRequest, tmp_path: Path) -> SourceReference:
    folder = Path(__file__).parents[2] / "resources" / "demo"
    locations = {"folder": folder, "picture": folder / "coffee.jpg", "camera": "lavfi:testsrc=size=64x48:rate=30"}
    if request.param == "clip":
        locations["clip"] = write_clip(tmp_path / "clip.mp4")
    return SourceReference(request.param, str(locations.get(request.param, "")))


def test_closing_while_it_runs_50_times(reference: SourceReference) -> None:
    for number in range(50):
        source = open_source(reference)
        collector = started(source)
        if number % 2:
            check_frame(collector.wait_for_frames(1)[0])
        before = time.perf_counter()
        source.stop()
        assert time.perf_counter() - before < 1.0
        count = len(collector.frames)
        source.stop()
        assert len(collector.frames) == count
        assert not collector.troubles


def test_starting_again_goes_on(reference: SourceReference) -> None:
    source = open_source(reference)
    source.stop()  # before it was ever started
    collector = started(source)
    collector.wait_for_frames(1)
    source.stop()
    again = started(source)
    frame = again.wait_for_frames(1)[0]
    source.stop()
    assert frame.number == len(collector.frames)


def test_every_order_is_obeyed_by_every_source(reference: SourceReference) -> None:
    source = open_source(reference)
    collector = started(source)
    random = np.random.default_rng(1)
    orders = [source.play, source.pause, source.next, source.previous]
    orders += [lambda: source.step(int(random.integers(-9, 9))), lambda: source.seek(float(random.normal() * 9))]
    orders += [lambda: source.set_looping(bool(random.integers(2)))]
    for place in random.integers(len(orders), size=300):
        orders[place]()
        transport = source.transport
        assert transport is None or transport.position >= 0
    collector.wait_for_frames(1)
    source.stop()
    assert not collector.troubles
    assert [frame.number for frame in collector.frames] == list(range(len(collector.frames)))


def test_a_flood_of_seeks_is_not_worked_off_one_by_one() -> None:
    source = open_source(SourceReference("pattern"))
    source.pause()
    first_taken, go_on, all_taken = threading.Event(), threading.Event(), threading.Event()
    shown: list[int] = []

    def deliver(frame: Frame) -> None:
        shown.append(pattern_number(frame.pixels))
        first_taken.set()
        go_on.wait(5)
        if shown[-1] == 300:
            all_taken.set()

    source.start(deliver, lambda sentence: None)
    assert first_taken.wait(5)
    for number in range(1000):
        source.seek(number / 100)
    source.step(1)
    go_on.set()
    assert all_taken.wait(10)
    source.stop()
    assert shown == [0, 299, 300]  # the first, the last that was sought, and the step


def test_stop_from_within_deliver() -> None:
    source = open_source(SourceReference("pattern"))
    collector = Collector()

    def deliver(frame: Frame) -> None:
        source.stop()
        collector.deliver(frame)

    source.start(deliver, collector.trouble)
    collector.wait_for_frames(1)
    for thread in threading.enumerate():
        if thread.name.startswith("zfdesk"):
            thread.join(5)
    assert len(collector.frames) == 1


class BrokenSource(PacedSource):
    """Its second frame is an error in the program."""

    def __init__(self) -> None:
        super().__init__(SourceReference("pattern"), "broken", playing=True, looping=True)

    def _show(self, run: SourceRun, position: float) -> float:
        self._shown = position
        run.hand_over(np.zeros((4, 4, 3 if position == 0 else 2), np.uint8))
        return position + 0.01

    def _position_after(self, count: int) -> float:
        return 0.0


def test_an_error_in_the_program_is_told() -> None:
    source: Source = BrokenSource()
    collector = started(source)
    sentence = collector.wait_for_trouble()[0]
    source.stop()
    assert sentence.startswith("broken has stopped because of an error in the program")
    with pytest.raises(AssertionError):
        check_sentence("Traceback <x>")
