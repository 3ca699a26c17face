"""Which frames are computed, at which times, with which moment of a path."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from live_tools import number_in, numbered_pixels

import zfdesk.engine as zf
from zfdesk.engine import Occluder
from zfdesk.live import Computation, Demand, Request, View
from zfdesk.live.replay import Replay, TimedView
from zfdesk.live.stepping import FilmStep, Span, Stepper, steps
from zfdesk.sources import Frame
from zfdesk.sources.stepped import Stepped, TimedPicture


def clip(count: int, rate: float = 10.0, endless: bool = False, paced: bool = True) -> Stepped:
    def pictures(first: int, trouble: Callable[[str], None]) -> Iterator[TimedPicture]:
        number = first
        while endless or number < count:
            yield TimedPicture(numbered_pixels(number), number, (number - first) / rate)
            number += 1

    return Stepped("a clip", None if endless else count, pictures, endless=endless, paced=paced)


def picture() -> Stepped:
    return Stepped("one.png", 1, lambda first, trouble: iter((TimedPicture(numbered_pixels(4), 0, 0.0),)), still=True)


def path(*moments: tuple[float, int]) -> Replay:
    return Replay(
        tuple(TimedView(time, View(occluders=(Occluder(top, 2, 6, 6),), chosen_occluder=0)) for time, top in moments),
        size=24,
    )


def walked(source: Stepped, span: Span | None = None, replay: Replay | None = None) -> list[FilmStep]:
    return list(steps(source, span or Span(), replay, lambda sentence: None))


def shown(taken: list[FilmStep]) -> list[tuple[int, float, int]]:
    return [(step.picture.number, round(step.time, 6), step.moment) for step in taken]


def test_all_frames_of_a_clip_at_their_own_times() -> None:
    assert shown(walked(clip(4))) == [(0, 0.0, -1), (1, 0.1, -1), (2, 0.2, -1), (3, 0.3, -1)]


def test_a_part_of_a_clip_begins_at_zero() -> None:
    assert shown(walked(clip(9), Span(3, 6))) == [(3, 0.0, -1), (4, 0.1, -1), (5, 0.2, -1)]
    assert [number for number, _, _ in shown(walked(clip(9), Span(3, seconds=0.2)))] == [3, 4]
    assert walked(clip(9), Span(20)) == []


def test_a_clip_with_more_frames_than_wanted_is_thinned_and_keeps_its_times() -> None:
    assert shown(walked(clip(10, rate=30.0), Span(rate=10.0))) == [
        (0, 0.0, -1), (3, 0.1, -1), (6, 0.2, -1), (9, 0.3, -1),
    ]  # fmt: skip
    assert len(walked(clip(10, rate=10.0), Span(rate=25.0))) == 10  # but never thickened


def test_the_pictures_of_a_folder_are_as_far_apart_as_one_likes() -> None:
    assert [step.time for step in walked(clip(3, paced=False), Span(rate=2.0))] == [0.0, 0.5, 1.0]
    assert [step.time for step in walked(clip(3, paced=False))] == pytest.approx([0.0, 0.04, 0.08])


def test_what_has_no_end_needs_one() -> None:
    with pytest.raises(ValueError, match="The a clip has no end: say how many frames or seconds of it"):
        walked(clip(0, endless=True))
    assert len(walked(clip(0, endless=True), Span(last=7))) == 7
    assert len(walked(clip(0, endless=True), Span(seconds=0.5))) == 5
    assert len(walked(clip(0, endless=True), replay=path((0.0, 1), (0.3, 2)))) == 4


def test_a_path_over_a_clip_goes_by_its_times_and_stays_at_its_end() -> None:
    replay = path((0.0, 1), (0.05, 2), (0.06, 3), (0.2, 4))
    assert [step.moment for step in walked(clip(5), replay=replay)] == [0, 2, 3, 3, 3]


def test_a_path_over_a_picture_gives_a_frame_for_each_position() -> None:
    replay = path((0.0, 1), (0.5, 1), (0.7, 2), (0.7, 3), (0.9, 4))
    taken = walked(picture(), replay=replay)
    assert [step.time for step in taken] == [0.0, 0.7, 0.9]  # nothing moved at 0.5; two at one time are one frame
    assert [replay.moments[step.moment].view.occluders[0].top for step in taken] == [1, 3, 4]
    assert len({id(step.picture) for step in taken}) == 1


def test_a_path_over_a_picture_at_a_rate() -> None:
    replay = path((0.0, 1), (0.35, 2), (0.9, 3))
    taken = walked(picture(), Span(rate=10.0), replay)
    assert [step.time for step in taken] == pytest.approx([0.1 * number for number in range(10)])
    assert [step.moment for step in taken] == [0, 0, 0, 0, 1, 1, 1, 1, 1, 2]
    assert shown(walked(picture(), Span(4, 6, rate=10.0), replay)) == [(0, 0.0, 1), (0, 0.1, 1)]
    assert len(walked(picture(), Span(seconds=0.3, rate=10.0), replay)) == 3


def test_one_picture_alone_is_no_film() -> None:
    with pytest.raises(ValueError, match=r"one\.png is one picture: lead an occluder's path over it"):
        walked(picture())


def test_what_is_computed_is_what_the_desk_would(tiny: zf.Model) -> None:
    replay = path((0.0, 1), (0.1, 9))
    stepper = Stepper(tiny, View(layer="conv2", unit=3), Demand(layers=False), "a clip", replay)
    results = [stepper.compute(step) for step in walked(clip(2), replay=replay)]
    for number, result in enumerate(results):
        request = result.request
        assert number_in(request.frame.pixels) == request.frame.number == number
        assert request.frame.origin == "a clip"
        assert request.view.occluders == replay.moments[number].view.occluders
        alone = Request(Frame(numbered_pixels(number), number, 0.0, ""), request.view, request.demand, tiny)
        *_, other = Computation().run(alone)
        assert np.abs(result.probabilities - other.probabilities).max() < 1e-5
        assert result.complete
