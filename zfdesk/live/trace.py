"""What was computed, point by point: probabilities and a unit's activation against time and the occluder's way.

Nothing is made up between the points: two are joined only where nothing between them was left out, neither a frame nor
a place where the occluder was.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from zfdesk.engine import Occluder, SeedKind
from zfdesk.live.result import Request, Result, UnitResult
from zfdesk.live.view import TraceAxis, UnitReference, View

MOST_POINTS = 3000  # 12 MB of probabilities; more take longer than 30 ms to draw
SECONDS = 20.0  # what TraceAxis.RECENT shows
AXIS_LABELS = {
    TraceAxis.RECENT: "seconds before the newest", TraceAxis.TIME: "seconds since the beginning",
    TraceAxis.PATH: "way of the occluder (px)", TraceAxis.POSITION: "position number",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class TracePoint:
    """One result. ``clock``: seconds by the clock; ``time``: seconds since the run began; ``distance``: input pixels
    that the occluders' centres have gone since then; ``position``: how many places they took; ``run``: 0 between runs.

    ``joined``: nothing was left out since the point before. ``picture``: what people cite the frame by. ``unit``: which
    unit and place ``activation`` and ``clean_activation`` are of; nan where it was not computed.
    """

    clock: float
    time: float
    distance: float
    position: int
    run: int
    joined: bool
    frame: int
    occluder: Occluder | None
    probabilities: np.ndarray
    clean: np.ndarray
    picture: str = ""
    unit: UnitReference | None = None
    activation: float = math.nan
    clean_activation: float = math.nan

    def on(self, axis: TraceAxis) -> float:
        """Where the point lies on an axis; for RECENT by the clock."""
        return float(getattr(self, _ON[axis]))


_ON = {
    TraceAxis.RECENT: "clock", TraceAxis.TIME: "time", TraceAxis.PATH: "distance", TraceAxis.POSITION: "position",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class _OccluderPosition:
    """Where the occluders were. ``number``: counts all places; ``time``: seconds of the run, where they are given."""

    occluders: tuple[Occluder, ...]
    number: int
    distance: float
    position: int
    run: int
    time: float | None


class Trace:
    """Notes views and results as they come. A run begins with `begin`, and ends with `end`, after which the next move
    begins another; the newest run is what the axes but RECENT show."""

    def __init__(self) -> None:
        self._points: deque[TracePoint] = deque(maxlen=MOST_POINTS)
        self._places: deque[_OccluderPosition] = deque([_OccluderPosition((), 0, 0.0, 0, 1, None)], maxlen=MOST_POINTS)
        self._run = 1
        self._closed = False
        self._began: float | None = None
        self._last_request: Request | None = None
        self._last_place = self._places[0]

    def clear(self) -> None:
        """Remove all points and begin anew."""
        self._points.clear()
        self._last_request = None
        self.begin()

    def begin(self, now: float | None = None) -> None:
        """A new run, from where the occluders are now. Its time begins at ``now``, or with its first point."""
        self._run += 1
        self._closed, self._began = False, now
        last = self._places[-1]
        self._places.append(_OccluderPosition(last.occluders, last.number + 1, 0.0, 0, self._run, None))

    def end(self) -> None:
        """The run is over; what comes until the next move belongs to none."""
        self._closed = True

    def add_view(self, view: View, time: float | None = None) -> None:
        """The occluders are there now. ``time``: seconds of the run that its point gets, and not the clock's."""
        last = self._places[-1]
        if view.occluders == last.occluders:
            if time is not None and time != last.time:
                self._places[-1] = replace(last, time=time)
            return
        if self._closed:
            self.begin()
            last = self._places[-1]
        distance = last.distance + _distance_between(last.occluders, view.occluders)
        self._places.append(
            _OccluderPosition(view.occluders, last.number + 1, distance, last.position + 1, self._run, time)
        )

    def add_result(self, result: Result, now: float) -> None:
        """Take a point. What was computed once more of the same frame and place takes the place of the point there."""
        place = self._position_of(result.request.view)
        if place is None:
            return  # the clean picture was held, or it is long gone
        last = self._points[-1] if self._points else None
        unit = result.unit
        reference, activation, clean_activation = None, math.nan, math.nan
        if unit is not None:
            reference, activation, clean_activation = activation_of(unit, result.request.view)
        if last is not None and reference == last.unit:
            reference = last.unit  # equal ones are one: the drawing asks thousands of points
        before, self._last_request = self._last_request, result.request
        if (
            last is not None
            and before is not None
            and self._last_place is place
            and _same_picture(before, result.request)
        ):
            if unit is not None:
                self._points[-1] = replace(
                    last, unit=reference, activation=activation, clean_activation=clean_activation
                )
            return
        if self._began is None and not self._closed:
            self._began = now
        time = place.time if place.time is not None else now - (self._began or now)
        joined = before is not None and _follows(before, result.request)
        joined = joined and self._last_place.run == place.run and place.number - self._last_place.number <= 1
        run = 0 if self._closed and self._last_place is place else place.run  # the last position's own is still of it
        self._last_place = place
        frame, chosen = result.request.frame, result.request.view.chosen_occluder
        occluders = place.occluders
        held = occluders[chosen if 0 <= chosen < len(occluders) else -1] if occluders else None
        point = TracePoint(
            now, time, place.distance, place.position, run, joined, frame.number, held,
            result.probabilities, result.clean_probabilities, frame.origin, reference, activation, clean_activation,
        )  # fmt: skip
        self._points.append(point)

    def _position_of(self, view: View) -> _OccluderPosition | None:
        """The newest place with these occluders that is not older than the last point's."""
        for place in reversed(self._places):
            if place.number < self._last_place.number:
                return None
            if place.occluders is view.occluders or place.occluders == view.occluders:
                return place
        return None

    def __len__(self) -> int:
        return len(self._points)

    @property
    def newest(self) -> TracePoint | None:
        """The last point, None where there is none."""
        return self._points[-1] if self._points else None

    def points(self, axis: TraceAxis) -> list[TracePoint]:
        """What an axis shows, oldest first: the last seconds, or the newest run that has points."""
        if not self._points:
            return []
        newest = self._points[-1].clock
        if axis is TraceAxis.RECENT:
            return [point for point in self._points if newest - point.clock <= SECONDS]
        return [point for point in self._points if point.run == self._run]


def activation_of(unit: UnitResult, view: View) -> tuple[UnitReference, float, float]:
    """Which unit and place, its activation there and the clean picture's: the picked place, or each map's maximum."""
    asked, (height, width) = view.looked_at, unit.map.shape
    at = asked.position if asked.seed is SeedKind.AT else None
    if at is not None and at[0] < height and at[1] < width:
        reference = replace(unit.reference, seed=SeedKind.AT, position=at)
        return reference, float(unit.map[at]), float(unit.clean_map[at])
    reference = replace(unit.reference, seed=SeedKind.MAX, position=None)
    return reference, float(unit.map.max()), float(unit.clean_map.max())


def as_table(points: Sequence[TracePoint], classes: Sequence[str], watched: Sequence[int], unit: bool) -> str:
    """Tab-separated, a line of names first; probabilities from 0 to 1. Floats are whole: they read back the same."""
    head = ["time s", "path px", "position", "frame", "picture", "top px", "left px", "height px", "width px"]
    head += [f"{classes[index]}{suffix}" for index in watched for suffix in ("", " clean")]
    named = next((point.unit for point in reversed(points) if point.unit), None) if unit else None
    if named:
        where = f" at {named.position}" if named.position else " max"
        head += [f"{named.layer}:{named.unit}{where}", f"{named.layer}:{named.unit}{where} clean"]
    lines = [head]
    for point in points:
        o = point.occluder
        line: list[object] = [point.time, point.distance, point.position, point.frame, point.picture]
        line += [o.top, o.left, o.height, o.width] if o else [""] * 4
        for index in watched:
            line += [float(point.probabilities[index]), float(point.clean[index])]
        if named:
            line += [point.activation, point.clean_activation] if point.unit == named else ["", ""]
        lines.append([format(cell, ".9g") if isinstance(cell, float) else str(cell) for cell in line])
    return "".join("\t".join(" ".join(cell.split()) for cell in line) + "\n" for line in lines)


def _distance_between(before: tuple[Occluder, ...], after: tuple[Occluder, ...]) -> float:
    """How far the centres have gone, in input pixels; a new occluder, or one that is gone, went nowhere."""
    if len(before) != len(after):
        return 0.0
    return sum(
        math.hypot(b.top + b.height / 2 - a.top - a.height / 2, b.left + b.width / 2 - a.left - a.width / 2)
        for a, b in zip(before, after, strict=True)
    )


def _same_picture(one: Request, other: Request) -> bool:
    return one.frame is other.frame and one.view.crop == other.view.crop and one.model is other.model


def _follows(one: Request, other: Request) -> bool:
    """Whether no frame was left out between two requests."""
    if one.model is not other.model or one.view.crop != other.view.crop or one.frame.source != other.frame.source:
        return False
    return 0 <= other.frame.number - one.frame.number <= 1
