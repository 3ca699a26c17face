"""A square moved over a picture, and what the network answers at each of its positions (Section 4.2, Fig. 7).

picture = centre_crop(frame)
for result in sweep(model.forward(picture), picture):
    result.probability(285), result.fraction      # coarse at first, refined with every step
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from zfdesk.engine.model import Model, Pass
from zfdesk.engine.occlude import Occluder, OccluderFill, OccluderShape
from zfdesk.engine.windows import Windows

COARSEST = 8
"""The first grid takes every eighth row and column of positions; each one after it halves that."""


@dataclass(frozen=True)
class SweepPlan:
    """Which occluder goes where. ``size`` and ``stride`` are in pixels of the network's input.

    ``overhang``: the centre of the occluder goes over the whole picture, one position for each ``stride`` × ``stride``
    cell of it, so that the occluder hangs over the edge as the paper's pictures show. Without it the occluder stays
    inside: the first position is the upper left corner, and the last ones are moved in to touch the edge.
    Raises ValueError for a size or stride below 1 pixel, a shape or a fill that does not exist.
    """

    size: int = 50
    stride: int = 8
    shape: OccluderShape = OccluderShape.SQUARE
    fill: OccluderFill = OccluderFill.GREY
    overhang: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", OccluderShape(self.shape))
        object.__setattr__(self, "fill", OccluderFill(self.fill))
        if self.size < 1:
            raise ValueError(f"The occluder must be at least 1 pixel wide, not {self.size}.")
        if self.stride < 1:
            raise ValueError(f"The stride must be at least 1 pixel, not {self.stride}.")

    def positions(self, height: int, width: int) -> np.ndarray:
        """Where the occluder goes on a picture of that size: int32 (rows, columns, 2), top and left in pixels.

        Raises ValueError when the occluder is larger than the picture.
        """
        if self.size > min(height, width):
            raise ValueError(
                f"An occluder of {self.size} × {self.size} is larger than the picture of {width} × {height} pixels."
            )
        tops, lefts = self._along(height), self._along(width)
        return np.stack(np.meshgrid(tops, lefts, indexing="ij"), -1)

    def _along(self, length: int) -> np.ndarray:
        """The positions along one side, int32."""
        if not self.overhang:
            count = -(-(length - self.size) // self.stride) + 1
            return np.minimum(np.arange(count) * self.stride, length - self.size).astype(np.int32)
        count = -(-length // self.stride)
        # the middles of `count` cells that together lie centred on the side
        middles = (np.arange(count) + 0.5) * self.stride + (length - count * self.stride) / 2
        result: np.ndarray = np.clip(np.floor(middles - self.size / 2), 1 - self.size, length - 1).astype(np.int32)
        return result

    def occluder(self, top: int, left: int) -> Occluder:
        """The occluder at one position, in pixels."""
        return Occluder(int(top), int(left), self.size, self.size, self.shape, self.fill)


@dataclass(frozen=True, eq=False)
class Sweep:
    """What the network answers at each position of the occluder, perhaps not yet all. Arrays are read-only.

    ``picture``: uint8 (size, size, 3), what was swept. ``positions``: int32 (rows, columns, 2), see `SweepPlan`.
    ``done``: bool (rows, columns). ``probabilities``: float32 (rows, columns, classes), all classes, so that another
    class needs no new sweep. ``activations``: float32 (rows, columns, units), the activation of each unit of ``layer``
    summed over the positions of its map. Both are NaN where not done. ``clean_probabilities`` (classes,) and
    ``clean_activations`` (units,), float32: the same without an occluder. ``seconds``: computing time so far.
    """

    plan: SweepPlan
    layer: str
    model: Model
    picture: np.ndarray
    positions: np.ndarray
    done: np.ndarray
    probabilities: np.ndarray
    activations: np.ndarray
    clean_probabilities: np.ndarray
    clean_activations: np.ndarray
    seconds: float

    @property
    def complete(self) -> bool:
        """Whether every position is done."""
        return bool(self.done.all())

    @property
    def fraction(self) -> float:
        """The share of positions that are done."""
        return float(self.done.mean())

    @property
    def positions_per_second(self) -> float:
        """The speed so far; 0 before anything is done."""
        return float(self.done.sum()) / self.seconds if self.seconds > 0 else 0.0

    def probability(self, index: int) -> np.ndarray:
        """The probability of one class, float32 (rows, columns), NaN where not done."""
        return self.probabilities[:, :, index]

    def activation(self, unit: int) -> np.ndarray:
        """The total activation of one unit, float32 (rows, columns), NaN where not done."""
        return self.activations[:, :, unit]

    def label(self) -> np.ndarray:
        """The most probable class, int32 (rows, columns), -1 where not done."""
        return self._labels

    @cached_property
    def _labels(self) -> np.ndarray:
        labels = np.full(self.done.shape, -1, np.int32)
        labels[self.done] = self.probabilities[self.done].argmax(1)
        return _frozen(labels)

    def arrays(self, unit: int, index: int) -> dict[str, np.ndarray]:
        """What is kept of one unit and one class for other programs, by name; see `zfdesk occlude --help`."""
        return {
            "positions": self.positions,
            "probability": self.probability(index),
            "activation": self.activation(unit),
            "label": self.label(),
            "done": self.done,
            "clean": self.clean_probabilities,
            "clean_activation": np.array(self.clean_activations[unit]),
        }

    @property
    def highest_total_unit(self) -> int:
        """The unit whose clean map has the highest total activation: the map that Fig. 7 (b) shows (our choice: the
        paper says "strongest")."""
        return int(self.clean_activations.argmax())

    def largest_drop(self, index: int) -> tuple[float, Occluder]:
        """By how much the probability of a class falls at most, over what is done, and the occluder that does it.

        The drop is negative when every position raises the probability. Raises ValueError when nothing is done.
        """
        if not self.done.any():
            raise ValueError("Nothing of the sweep is done yet.")
        drops = self.clean_probabilities[index] - self.probability(index)
        row, column = np.unravel_index(int(np.nanargmax(drops)), drops.shape)
        return float(drops[row, column]), self.plan.occluder(*self.positions[row, column])

    def label_change_share(self) -> float:
        """The share of the positions done where the most probable class is not the clean picture's; 0 before any."""
        labels = self.label()[self.done]
        return float((labels != self.clean_probabilities.argmax()).mean()) if len(labels) else 0.0


class _Growing(Sweep):
    """The first ``count`` entries of a record that is only ever added to, so that taking it copies nothing.

    The arrays are laid out when they are asked for.
    """

    _record: _Record
    _count: int

    def __init__(self, record: _Record, count: int, seconds: float) -> None:
        self.__dict__.update(record.facts, seconds=seconds, _record=record, _count=count)

    @property
    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        rows, columns = self._record.places[: self._count].T
        return rows, columns

    def _laid_out(self, values: np.ndarray) -> np.ndarray:
        """Entries (positions, …) of the record → float32 (rows, columns, …)."""
        out = np.full((*self.positions.shape[:2], *values.shape[1:]), np.nan, np.float32)
        out[self._places] = values[: self._count]
        return _frozen(out)

    @cached_property
    def done(self) -> np.ndarray:
        done = np.zeros(self.positions.shape[:2], bool)
        done[self._places] = True
        return _frozen(done)

    @cached_property
    def probabilities(self) -> np.ndarray:
        return self._laid_out(self._record.probabilities)

    @cached_property
    def activations(self) -> np.ndarray:
        return self._laid_out(self._record.activations)

    @property
    def complete(self) -> bool:
        return self._count == len(self._record.places)

    def probability(self, index: int) -> np.ndarray:
        return self._laid_out(self._record.probabilities[:, index])

    def activation(self, unit: int) -> np.ndarray:
        return self._laid_out(self._record.activations[:, unit])

    @cached_property
    def _labels(self) -> np.ndarray:
        labels = np.full(self.positions.shape[:2], -1, np.int32)
        labels[self._places] = self._record.probabilities[: self._count].argmax(1)
        return _frozen(labels)


class _Record:
    """Answers in the order in which they are computed; what is written is never changed.

    ``places``: (positions, 2), row and column of each entry, coarse to fine; ``ends``: where each grid ends in it.
    ``facts``: the fields of `Sweep` that do not grow.
    """

    def __init__(self, levels: list[np.ndarray], facts: dict[str, Any]) -> None:
        self.places, self.facts = np.concatenate(levels), facts
        self.ends = np.cumsum([len(level) for level in levels])
        self.probabilities = np.empty((len(self.places), len(facts["clean_probabilities"])), np.float32)
        self.activations = np.empty((len(self.places), len(facts["clean_activations"])), np.float32)


def sweep(
    clean: Pass,
    picture: np.ndarray,
    plan: SweepPlan | None = None,
    layer: str = "conv5",
    resume: Sweep | None = None,
    batch: int = 32,
) -> Iterator[Sweep]:
    """Sweep an occluder over a picture, coarse to fine: a `Sweep` that has grown after every batch of positions.

    clean: the pass of ``picture``, uint8 (size, size, 3) RGB. The grid of positions is taken at 8, 4, 2 and 1 times
    the stride, and nothing is computed twice; who stops iterating cancels, and ``resume`` takes up what came so far.
    What is yielded never changes. ``batch``: positions in a step; from 16 to 128 the speed is the same. The
    probabilities are those of plain float32, of float64 for a float64 pass.
    Raises ValueError at once: when the pass is not of that picture, there is no such layer or position, or
    ``resume`` is of another sweep.
    """
    if batch < 1:
        raise ValueError(f"A batch must be at least 1 position, not {batch}.")
    plan = plan or SweepPlan()
    model = clean.model
    positions = _frozen(plan.positions(*picture.shape[:2]))
    windows = Windows(clean, picture, plan.occluder(0, 0), layer)
    facts: dict[str, Any] = {
        "plan": plan, "layer": layer, "model": model, "picture": _kept(picture), "positions": positions,
        "clean_probabilities": _frozen(windows.clean_probabilities.astype(np.float32)),
        "clean_activations": _frozen(windows.clean_activations.astype(np.float32)),
    }  # fmt: skip
    done = np.zeros(positions.shape[:2], bool)
    if resume is not None:
        _check_same(resume, facts)
        done = resume.done
    levels = [level[windows.ordered(positions[*level.T])] for level in _levels(~done)]
    record = _Record([np.argwhere(done), *levels], facts)
    count = int(record.ends[0])
    if resume is not None:
        record.probabilities[:count], record.activations[:count] = resume.probabilities[done], resume.activations[done]
    return _sweep(record, windows, count, resume.seconds if resume else 0.0, batch)


def _sweep(record: _Record, windows: Windows, count: int, seconds: float, batch: int) -> Iterator[Sweep]:
    if count == len(record.places):
        yield _Growing(record, count, seconds)
    while count < len(record.places):
        begun = time.perf_counter()
        # a grid is shown as soon as it is whole
        end = min(count + batch, int(record.ends[np.searchsorted(record.ends, count, "right")]))
        rows, columns = record.places[count:end].T
        answers = windows.answers(record.facts["positions"][rows, columns])
        record.probabilities[count:end], record.activations[count:end] = answers
        count, seconds = end, seconds + time.perf_counter() - begun
        yield _Growing(record, count, seconds)


def _levels(wanted: np.ndarray) -> Iterator[np.ndarray]:
    """The places (n, 2) of each grid that no coarser one has, coarse to fine; ``wanted``: bool (rows, columns)."""
    left, step = wanted.copy(), COARSEST
    while step:
        # the coarse grids lie centred on the fine one
        rows, columns = (slice((length - 1) % COARSEST // 2 % step, None, step) for length in left.shape)
        level = np.zeros_like(left)
        level[rows, columns] = left[rows, columns]
        if level.any():
            yield np.argwhere(level)
        left &= ~level
        step //= 2


def _check_same(resume: Sweep, facts: dict[str, Any]) -> None:
    same = all(getattr(resume, name) == facts[name] for name in ("plan", "layer")) and resume.model is facts["model"]
    if not (same and np.array_equal(resume.picture, facts["picture"])):
        raise ValueError("A sweep can only be resumed with the same picture, network, layer and occluder.")


def _kept(picture: np.ndarray) -> np.ndarray:
    return _frozen(picture.copy()) if picture.flags.writeable else picture


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array
