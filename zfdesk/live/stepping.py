"""Every frame of a source computed in turn, with an occluder's path over it: slower than time, and whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from zfdesk.engine import Model
from zfdesk.live.compute import Computation
from zfdesk.live.replay import Replay
from zfdesk.live.result import Demand, Request, Result
from zfdesk.live.view import View
from zfdesk.sources import Frame
from zfdesk.sources.stepped import FOLDER_RATE, Stepped, TimedPicture

TOLERANCE = 1e-6  # seconds


@dataclass(frozen=True)
class Span:
    """Which part of a source. first, last: numbers of its frames, the last not included; None for the end. seconds: at
    most. rate: frames a second; None for those that the source, or the path over a still picture, has."""

    first: int = 0
    last: int | None = None
    seconds: float | None = None
    rate: float | None = None


@dataclass(frozen=True, eq=False)
class FilmStep:
    """A picture of a source, when it is shown in the film, and which moment of the path belongs to it, -1 for none."""

    picture: TimedPicture
    time: float
    moment: int = -1


def steps(source: Stepped, span: Span, replay: Replay | None, on_error: Callable[[str], None]) -> Iterator[FilmStep]:
    """The frames to compute, in order.

    A still picture has as many as the path has positions, each at its own time, or as fit at the span's rate. Other
    sources go on to their end; one that has none to the end of the path. ValueError where there would be no end.
    """
    if source.still:
        yield from _over_still(source, span, replay, on_error)
        return
    if source.endless and span.last is None and span.seconds is None and replay is None:
        raise ValueError(f"The {source.name} has no end: say how many frames or seconds of it.")
    count = 0
    for picture in source.pictures(span.first, on_error):
        seconds = picture.time if source.paced else count / (span.rate or FOLDER_RATE)
        over = span.seconds is not None and seconds >= span.seconds - TOLERANCE
        if over or (span.last is not None and picture.number >= span.last):
            return
        ends_with_path = source.endless and span.last is None and span.seconds is None
        if ends_with_path and replay is not None and seconds > replay.duration + TOLERANCE:
            return
        if source.paced and span.rate and seconds < count / span.rate - TOLERANCE:
            continue  # of a source with more frames than are wanted
        count = count + 1 if not (source.paced and span.rate) else int(seconds * span.rate + TOLERANCE) + 1
        yield FilmStep(picture, seconds, _moment_at(replay, seconds))


def _over_still(
    source: Stepped, span: Span, replay: Replay | None, on_error: Callable[[str], None]
) -> Iterator[FilmStep]:
    if replay is None:
        raise ValueError(f"{source.name} is one picture: lead an occluder's path over it to make a film of it.")
    picture = next(source.pictures(0, on_error))
    if span.rate is None:
        times = _times_of(replay)
    else:
        times = [number / span.rate for number in range(int(replay.duration * span.rate + TOLERANCE) + 1)]
    for number, seconds in enumerate(times):
        if number < span.first:
            continue
        if span.last is not None and number >= span.last:
            return
        if span.seconds is not None and seconds >= span.seconds - TOLERANCE:
            return
        yield FilmStep(picture, seconds - times[span.first], _moment_at(replay, seconds))


def _times_of(replay: Replay) -> list[float]:
    """When the occluders are elsewhere than before; the last of those at one time counts."""
    times: list[float] = []
    before: object = None
    for index, moment in enumerate(replay.moments):
        state = replay.state(index)
        if state != before and (not times or moment.time > times[-1]):
            times.append(moment.time)
        before = state
    return times


def _moment_at(replay: Replay | None, seconds: float) -> int:
    return -1 if replay is None else max(replay.reached(seconds + TOLERANCE) - 1, 0)


@dataclass
class Stepper:
    """Computes steps with one view; the path's moments change it. ``source``: what the frames' source is called."""

    model: Model
    view: View
    demand: Demand
    source: str
    replay: Replay | None = None

    def __post_init__(self) -> None:
        self._computation = Computation()

    def request(self, step: FilmStep) -> Request:
        """The frame and view of a step."""
        view = self.view
        if self.replay is not None and step.moment >= 0:
            view = self.replay.apply(step.moment, view)
        picture = step.picture
        frame = Frame(picture.pixels, picture.number, time.perf_counter(), self.source, file=picture.file)
        return Request(frame, view, self.demand, self.model)

    def compute(self, step: FilmStep) -> Result:
        """All of it. ValueError and ArithmeticError, with a sentence, where that cannot be."""
        *_, result = self._computation.run(self.request(step))
        return result
