"""A replay: a list of (time, View), of which some fields are given back. The path of a dragged occluder is one.

The file of a path is JSON (UTF-8), written whole or not at all and read strictly:

    {"format": "zfdesk-path-1",
     "size": 224,                                    side of the network's input, which the pixels below are of
     "moments": [{"time": 0.0,                       seconds since the recording began; never less than the one before
                  "chosen": 0,                       which occluder the hand held, -1 for none
                  "occluders": [{"top": 87, "left": 87, "height": 50, "width": 50,     pixels; may hang over the border
                                 "shape": "square",  "square", "rectangle" or "ellipse"
                                 "fill": "grey"}]},  "grey", "mean", "blur", "noise" or "black"
                 …]}
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from zfdesk.atomic_write import write_whole
from zfdesk.engine import Occluder, OccluderFill, OccluderShape
from zfdesk.error_reason import error_reason
from zfdesk.live.view import View
from zfdesk.typed_json import PlainError, parsed

FORMAT = "zfdesk-path-1"
PATH_FIELDS = ("occluders", "chosen_occluder")
MOST_MOMENTS = 20_000  # five minutes of a hand that never rests
MOST_BYTES = 64 << 20
MOST_OCCLUDERS = 64
FURTHEST = 100_000  # pixels
LONGEST = 86_400.0  # seconds
Choice = TypeVar("Choice", bound=StrEnum)


class ReplayError(ValueError):
    """A file that is no path, in a sentence."""


@dataclass(frozen=True)
class TimedView:
    """A view, and when it was shown: seconds since the recording began."""

    time: float
    view: View


@dataclass(frozen=True)
class Replay:
    """Moments in the order of time. ``fields``: what of a view is given back; ``size``: side of the network's input."""

    moments: tuple[TimedView, ...]
    fields: tuple[str, ...] = PATH_FIELDS
    size: int = 224

    @property
    def duration(self) -> float:
        """Seconds from beginning to end."""
        return self.moments[-1].time if self.moments else 0.0

    @property
    def changes(self) -> int:
        """How many moments differ from the one before."""
        states = [self.state(index) for index in range(len(self.moments))]
        return sum(now != before for before, now in pairwise(states))

    def state(self, index: int) -> tuple[object, ...]:
        """Return the state of the view that a moment restores."""
        return state_of(self.moments[index].view, self.fields)

    def apply(self, index: int, present: View) -> View:
        """The present view with what a moment gives back."""
        return present.change(**dict(zip(self.fields, self.state(index), strict=True)))

    def reached(self, seconds: float) -> int:
        """How many moments lie at or before this time."""
        return bisect_right(self.moments, seconds, key=lambda moment: moment.time)


def state_of(view: View, fields: tuple[str, ...]) -> tuple[object, ...]:
    """The named fields of a view."""
    return tuple(getattr(view, name) for name in fields)


@dataclass
class Recorder:
    """Notes every view that differs in the fields. ``began``: when, by the clock that `note` is given times of."""

    began: float
    first: View
    fields: tuple[str, ...] = PATH_FIELDS
    size: int = 224
    _moments: list[TimedView] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._moments.append(TimedView(0.0, self.first))

    def note(self, view: View, now: float) -> bool:
        """Take down a view, if it is another; False when there is no room for more."""
        if state_of(view, self.fields) != state_of(self._moments[-1].view, self.fields):
            if len(self._moments) >= MOST_MOMENTS:
                return False
            self._moments.append(TimedView(round(max(now - self.began, self._moments[-1].time), 6), view))
        return True

    def __len__(self) -> int:
        return len(self._moments)

    def replay(self) -> Replay:
        """Return what was recorded so far as a replay."""
        return Replay(tuple(self._moments), self.fields, self.size)


# The file


def save_path(replay: Replay, path: Path) -> None:
    """Write a path of occluders. Raises OSError when it cannot be written; then what was there before is untouched."""
    write_whole(path, [to_json(replay)])


def load_path(path: Path) -> Replay:
    """Read a path of occluders. Raises ReplayError with a sentence that names the file."""
    try:
        if not path.is_file():
            raise ReplayError(f"{path.name} is not a file.")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ReplayError(f"{path.name} cannot be read: {error_reason(error)}.") from error
    return from_json(data, path.name)


def to_json(replay: Replay) -> bytes:
    """A path of occluders as its file."""
    moments = [
        {
            "time": moment.time,
            "chosen": moment.view.chosen_occluder,
            "occluders": [
                {
                    "top": o.top, "left": o.left, "height": o.height, "width": o.width,
                    "shape": o.shape.value, "fill": o.fill.value,
                }
                for o in moment.view.occluders
            ],
        }
        for moment in replay.moments
    ]  # fmt: skip
    head = json.dumps({"format": FORMAT, "size": replay.size})[:-1]
    lines = ",\n ".join(json.dumps(moment, allow_nan=False) for moment in moments)
    return f'{head}, "moments": [\n {lines}\n]}}\n'.encode()


def from_json(data: bytes, name: str = "The path") -> Replay:
    """The path of a file's content. Raises ReplayError with a sentence for anything that is not as described above."""
    if len(data) > MOST_BYTES:
        raise ReplayError(f"{name} is not a drag path: it is larger than {MOST_BYTES >> 20} MB.")
    try:
        return _replay(parsed(data))
    except ReplayError as error:
        raise ReplayError(f"{name} is not a drag path: {error}") from error
    except PlainError as error:
        raise ReplayError(f"{name} is not a drag path: {error}.") from error
    except ValueError as error:
        raise ReplayError(f"{name} is not a drag path: it is not JSON.") from error


def _replay(tree: dict[str, Any]) -> Replay:
    if tree.get("format") != FORMAT:
        raise ReplayError(f"its format is not {FORMAT}.")
    _names(tree, ("format", "size", "moments"), "the file")
    size = _integer(tree["size"], "the size", 1, FURTHEST)
    listed = _list(tree["moments"], "the moments", 1, MOST_MOMENTS)
    moments: list[TimedView] = []
    for number, entry in enumerate(listed):
        where = f"moment {number}"
        _names(entry, ("time", "chosen", "occluders"), where)
        time = _seconds(entry["time"], f"the time of {where}")
        if moments and time < moments[-1].time:
            raise ReplayError(f"{where} lies before the one in front of it.")
        occluders = tuple(
            _occluder(one, f"occluder {place} of {where}")
            for place, one in enumerate(_list(entry["occluders"], f"the occluders of {where}", 0, MOST_OCCLUDERS))
        )
        chosen = _integer(entry["chosen"], f"the chosen occluder of {where}", -1, len(occluders) - 1)
        moments.append(TimedView(time, View(occluders=occluders, chosen_occluder=chosen)))
    return Replay(tuple(moments), size=size)


def _occluder(entry: Any, where: str) -> Occluder:
    _names(entry, ("top", "left", "height", "width", "shape", "fill"), where)
    top, left = (_integer(entry[side], f"{side} of {where}", -FURTHEST, FURTHEST) for side in ("top", "left"))
    height, width = (_integer(entry[side], f"{side} of {where}", 1, FURTHEST) for side in ("height", "width"))
    shape = _choice(entry["shape"], OccluderShape, f"the shape of {where}")
    return Occluder(top, left, height, width, shape, _choice(entry["fill"], OccluderFill, f"the fill of {where}"))


def _names(entry: Any, names: tuple[str, ...], where: str) -> None:
    if not isinstance(entry, dict):
        raise ReplayError(f"{where} has no named parts.")
    for name in names:
        if name not in entry:
            raise ReplayError(f"{where} has no “{name}”.")
    for name in entry:
        if name not in names:
            raise ReplayError(f"{where} has a “{_short(name)}”, which no path has.")


def _list(value: Any, where: str, least: int, most: int) -> list[Any]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise ReplayError(f"{where} must be a list of {least} to {most}.")
    return value


def _integer(value: Any, where: str, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ReplayError(f"{where} must be a whole number from {least} to {most}.")
    return value


def _seconds(value: Any, where: str) -> float:
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= LONGEST:
        raise ReplayError(f"{where} must be seconds from 0 to {LONGEST:.0f}.")
    return float(value)


def _choice(value: Any, kind: type[Choice], where: str) -> Choice:
    allowed = [word.value for word in kind]
    if value not in allowed:
        raise ReplayError(f"{where} must be one of {', '.join(allowed)}.")
    return kind(value)


def _short(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return shown if len(shown) <= 30 else f"{shown[:29]}…"
