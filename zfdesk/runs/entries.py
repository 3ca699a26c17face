"""What a run says of itself: ``run.json``, and the lines of ``log.jsonl``.

A line is a JSON object with a "kind": "step", "epoch", "note" or "end". Numbers that are not finite are written as
null and read as NaN. What a reader does not know, it passes over: a newer program may write more.

Lines of the log are read by hand: 5.3 µs each instead of 19 by `zfdesk.typed_json` (3 are JSON's), and a log has
100,000 of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from zfdesk.error_reason import error_reason
from zfdesk.progress import counted
from zfdesk.runs.names import FORMAT
from zfdesk.typed_json import JsonLimits, PlainError, from_plain

LIMITS = JsonLimits(longest_text=1 << 20, most_items=1 << 20, largest_whole=1 << 63)
NO_PARTS: Mapping[str, float] = MappingProxyType({})


class RunError(ValueError):
    """One sentence for the user: this is no run, or a part of it cannot be read or written."""


@contextmanager
def file_errors(place: Path, verb: str) -> Iterator[None]:
    """Raise RunError where the file at ``place`` cannot be ``verb``: read, written or made."""
    try:
        yield
    except OSError as error:
        if verb == "read" and isinstance(error, FileNotFoundError):
            raise RunError(f"{place} is missing.") from None
        raise RunError(f"{place} cannot be {verb}: {error_reason(error)}.") from None


@dataclass(frozen=True)
class About:
    """``run.json``, written once at the start.

    recipe: every field of the recipe, as JSON can hold it. data: where the pictures come from, in words or paths.
    validation_pictures: 0 without. started: ISO 8601. processes: that train together. epochs: in all.
    """

    zfdesk: str
    architecture: str
    recipe: dict[str, Any]
    data: tuple[str, ...]
    pictures: int
    validation_pictures: int
    classes: tuple[str, ...]
    seed: int
    command: str
    started: str
    epochs: int
    processes: int = 1

    @property
    def label(self) -> str:
        """The run in one sentence, for a caption."""
        batch, optimiser, rate = (self.recipe.get(key) for key in ("batch", "optimiser", "learning_rate"))
        known = [f"batch {batch}"] if isinstance(batch, int) else []
        known += [optimiser] if isinstance(optimiser, str) else []
        known += [f"learning rate {rate:g}"] if isinstance(rate, int | float) else []
        name = f"recipe {self.recipe['name']}" if isinstance(self.recipe.get("name"), str) else "recipe unnamed"
        recipe = f"{name} ({', '.join([*known, counted(self.epochs, 'epoch')])})"
        held = f", {self.validation_pictures:,} held out" if self.validation_pictures else ""
        where = f" ({', '.join(self.data)})" if self.data else ""
        pictures = f"{counted(self.pictures, 'picture')} of {len(self.classes):,} classes{where}{held}"
        return f"{self.architecture}, {recipe}, seed {self.seed}, on {pictures}."

    def to_json(self) -> str:
        """The text of ``run.json``."""
        return json.dumps({"format": FORMAT, **_finite(asdict(self))}, ensure_ascii=False, indent=1) + "\n"

    @staticmethod
    def from_json(text: str) -> About:
        """The value again. Raises RunError with a clause: "is not …"."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            raise RunError("is not JSON") from None
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise RunError(f"is not of the format {FORMAT}")
        try:
            return from_plain(About, data, "", notes=[], limits=LIMITS)
        except PlainError as error:
            raise RunError(f"is not what it should be: {str(error).lstrip('.')}") from None


@dataclass(frozen=True)
class Step:
    """What one optimiser step, or the mean over those since the last line, was like.

    step: optimiser steps done. epoch: epochs done, with a fraction. seconds: since the run's start, summed over
    resumes. parts: of the loss, by name. side: of the pictures trained on, in pixels.
    """

    step: int
    epoch: float
    seconds: float
    loss: float
    learning_rate: float
    parts: Mapping[str, float] = field(default_factory=lambda: NO_PARTS)
    side: int = 224
    pictures_per_second: float = math.nan


@dataclass(frozen=True)
class Score:
    """Mean loss, and the shares (0 to 1) of pictures whose class was the answer or among the first five."""

    loss: float
    top1: float
    top5: float


@dataclass(frozen=True)
class Epoch:
    """The scores after a whole number of epochs; validation is None where there is none."""

    step: int
    epoch: int
    seconds: float
    training: Score
    validation: Score | None = None


@dataclass(frozen=True)
class Note:
    """A sentence about the run. ``end``: the run is over, as planned or not."""

    step: int
    words: str
    end: bool = False


LogEntry = Step | Epoch | Note


def to_line(entry: LogEntry) -> bytes:
    """An entry as a line of the log, with its newline."""
    data = {key: dict(value) if key == "parts" else value for key, value in vars(entry).items()}
    match entry:
        case Step():
            data["kind"] = "step"
        case Epoch():
            data |= {
                "kind": "epoch",
                "training": vars(entry.training),
                "validation": vars(entry.validation) if entry.validation else None,
            }
        case Note():
            data["kind"] = "end" if data.pop("end") else "note"
    ordered = {"kind": data.pop("kind"), **_finite(data)}
    return json.dumps(ordered, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def from_line(line: bytes) -> LogEntry | None:
    """The entry of a line, None for a kind that is not known. ValueError for a line that is damaged."""
    data = json.loads(line)
    if not isinstance(data, dict):
        raise ValueError("not an entry")
    try:
        match data.get("kind"):
            case "step":
                found = _typed(data, "parts", dict) if "parts" in data else {}
                parts = {str(name): _number(value) for name, value in found.items()}
                return Step(
                    _typed(data, "step", int), _number(data["epoch"]), _number(data["seconds"]), _number(data["loss"]),
                    _number(data["learning_rate"]), parts, _typed(data, "side", int),
                    _number(data["pictures_per_second"]),
                )  # fmt: skip
            case "epoch":
                validation = data["validation"]
                return Epoch(
                    _typed(data, "step", int), _typed(data, "epoch", int), _number(data["seconds"]),
                    _score(data["training"]), None if validation is None else _score(validation),
                )  # fmt: skip
            case "note" | "end" as kind:
                return Note(_typed(data, "step", int), _typed(data, "words", str), kind == "end")
    except (KeyError, TypeError, OverflowError):
        raise ValueError("not an entry") from None
    return None


def _score(data: Any) -> Score:
    if not isinstance(data, dict):
        raise TypeError("score")
    return Score(_number(data["loss"]), _number(data["top1"]), _number(data["top5"]))


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("number")
    return float(value)


def _typed(data: Mapping[str, Any], key: str, kind: type) -> Any:
    if type(data[key]) is not kind:
        raise TypeError(key)
    return data[key]


def _finite(value: Any) -> Any:
    """The same with None for numbers that are not finite, which JSON has not."""
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
