"""The demo and the test pattern."""

import time
from itertools import pairwise

import numpy as np
import pytest

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.resources import resource
from zfdesk.sources import SourceReference, open_source
from zfdesk.sources.demo import DURATION, SLIDES, demo_frame, slide_at
from zfdesk.sources.pattern import pattern_frame, pattern_number

from .collector import check_frame, started


def test_the_demo_is_a_function_of_time() -> None:
    for t in (0.0, 1.2345, 17.0, DURATION - 0.001):
        frame = demo_frame(t)
        assert frame.shape == (480, 640, 3)
        assert frame.dtype == np.uint8
        np.testing.assert_array_equal(frame, demo_frame(t))
        np.testing.assert_array_equal(frame, demo_frame(t + DURATION))


def test_the_demo_moves_smoothly_and_all_the_time() -> None:
    for start in (0.3, 10.3, 20.3, 25.3, 30.3):
        frames = [demo_frame(start + number / 30).astype(int) for number in range(12)]
        changes = [np.abs(after - before).mean() for before, after in pairwise(frames)]
        assert min(changes) > 0
        assert max(changes) < 6  # gray levels; another picture differs by more than 50
    assert np.abs(demo_frame(9.99).astype(int) - demo_frame(10.0)).mean() > 50


def test_the_demo_begins_with_what_the_network_knows() -> None:
    assert [slide.picture for slide in SLIDES[:2]] == ["chelsea.jpg", "motorcycle_left.jpg"]
    assert min(slide.seconds for slide in SLIDES[:2]) > max(slide.seconds for slide in SLIDES[2:])
    assert slide_at(0) == 0
    assert slide_at(DURATION) == 0
    assert slide_at(DURATION - 0.01) == len(SLIDES) - 1


def test_every_demo_picture_has_its_credit() -> None:
    folder = resource("demo")
    credits = (folder / "CREDITS.md").read_text(encoding="utf-8")
    pictures = {path.name for path in folder.glob("*.jpg")}
    assert pictures == {slide.picture for slide in SLIDES}
    assert all(f"`{name}`" in credits for name in pictures)


@pytest.mark.slow
def test_a_demo_frame_costs_a_sixth_of_what_the_network_makes_of_it() -> None:
    model, picture = zfdesk.weights.load(), zf.centre_crop(demo_frame(0))
    model.forward(picture)
    frames, passes = [], []
    for number in range(60):
        before = time.process_time()
        demo_frame(number * DURATION / 60)
        drawn = time.process_time()
        model.forward(picture)
        frames.append(drawn - before)
        passes.append(time.process_time() - drawn)
    assert min(frames) < min(passes) / 6  # 1.9 of 15.5 ms; the pass took 33 when a frame took 2.2


def test_the_demo_plays_and_turns_its_pages() -> None:
    source = open_source(SourceReference("demo"))
    collector = started(source)
    frames = collector.wait_for_frames(4)
    check_frame(frames[0])
    np.testing.assert_array_equal(frames[0].pixels, demo_frame(0))

    def wait_for(seconds: float) -> None:  # a busy machine may still have a frame of before on its way
        collector.wait_until(lambda: np.array_equal(collector.frames[-1].pixels, demo_frame(seconds)))

    source.pause()
    source.next()
    wait_for(10.0)
    transport = source.transport
    assert transport is not None
    assert (transport.index, transport.count, transport.playing, transport.duration) == (1, 5, False, DURATION)
    source.previous()
    source.previous()
    wait_for(30.0)
    source.step(1)
    source.step(-3)
    wait_for(30 - 2 / 30)
    count = len(collector.frames)
    source.play()
    collector.wait_for_frames(count + 3)
    source.stop()
    assert [frame.number for frame in collector.frames] == list(range(len(collector.frames)))


def test_pattern_numbers_and_colours() -> None:
    for number in (0, 1, 5, 1203, 2**31 + 7):
        assert pattern_number(pattern_frame(number)) == number
    first, tenth = pattern_frame(0), pattern_frame(10)
    assert first.shape == (480, 640, 3)
    np.testing.assert_array_equal(first[0, [0, 100, 639]], [(255, 255, 255), (255, 255, 0), (0, 0, 255)])
    np.testing.assert_array_equal(tenth[:200, :600], first[:200, 40:])  # bars go left by 4 pixels a frame
    np.testing.assert_array_equal(tenth[280:440, 20:], first[280:440, :620])  # the checkers right by 2
    np.testing.assert_array_equal(first[240, [0, 639]], [(0, 0, 0), (255, 255, 255)])


def test_the_pattern_keeps_time() -> None:
    source = open_source(SourceReference("pattern"))
    collector = started(source)
    frames = list(collector.wait_for_frames(31))
    source.stop()
    numbers = [pattern_number(frame.pixels) for frame in frames]
    assert numbers[0] == 0
    assert numbers == sorted(set(numbers))
    # What is shown belongs to its moment, whatever was left out on the way; the bound is for a busy machine.
    lateness = [frame.time - frames[0].time - number / 30 for frame, number in zip(frames, numbers, strict=True)]
    assert min(lateness) > -0.005
    assert sorted(lateness)[len(lateness) // 2] < 0.15


def test_the_pattern_steps() -> None:
    source = open_source(SourceReference("pattern"))
    collector = started(source)
    collector.wait_for_frames(1)
    source.pause()
    frames = collector.after(
        source, lambda: source.seek(2.0), lambda: source.step(1), lambda: source.step(-5), lambda: source.step(-100)
    )
    source.stop()
    assert [pattern_number(frame.pixels) for frame in frames] == [60, 61, 56, 0]
