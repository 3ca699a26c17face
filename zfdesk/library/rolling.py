"""The strongest frames of the last minutes of a live source."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from zfdesk.engine import Model, Pass, Rule
from zfdesk.library.evolution import UnitAnswer, answer_of
from zfdesk.library.portrait import Example, UnitPortrait
from zfdesk.library.records import LayerRecord, answers_of
from zfdesk.library.settle import Ranked, ranked_as_scanned
from zfdesk.library.statistics import LayerStatistics, correlations, most_alike, summarise
from zfdesk.library.store import ScannedPictures


@dataclass(frozen=True, eq=False)
class RollingFrame:
    """A frame that is remembered. ``time``: seconds, as it was given. ``picture``: what the network saw, uint8 (size,
    size, 3)."""

    time: float
    picture: np.ndarray
    records: dict[str, LayerRecord]


class RollingScan:
    """Remembers what the frames of the last ``minutes`` woke, one each ``every`` seconds: of neighbouring frames, which
    are near-copies, one is enough. Safe to be fed from one thread and asked from another.

    At most minutes · 60 / every frames are kept: 5 minutes at 0.5 s are 600, 90 MB of pictures.
    """

    def __init__(self, model: Model, layers: Sequence[str], minutes: float = 5.0, every: float = 0.5) -> None:
        """every: seconds between two frames that are taken. Raises ValueError for no time, or a layer without units."""
        if minutes <= 0 or every <= 0:
            raise ValueError("A rolling scan spans some time, in steps of some time.")
        for layer in layers:
            if model.architecture.stage(layer).layer is None:
                raise ValueError("The input has no units to look at: choose a layer above it.")
        self.model, self.layers = model, tuple(layers)
        self._span, self._every = minutes * 60, every
        self._frames: deque[RollingFrame] = deque()
        self._lock = threading.Lock()

    def feed(self, seen: Pass, picture: np.ndarray, time: float) -> bool:
        """Take a frame's forward pass, with what the network saw, uint8 (size, size, 3).

        time: in seconds, which never runs backwards. False where the last frame taken is too near; nothing is computed
        then.

        Raises ValueError for a pass that lacks one of the layers.
        """
        with self._lock:
            self._drop(time)
            if self._frames and time - self._frames[-1].time < self._every:
                return False
        records = answers_of(self.model.architecture, seen.activations, self.layers)
        kept = picture.copy()
        kept.setflags(write=False)
        with self._lock:
            self._frames.append(RollingFrame(time, kept, records))
        return True

    def clear(self) -> None:
        """Forget all frames."""
        with self._lock:
            self._frames.clear()

    def snapshot(self, time: float | None = None) -> RollingView:
        """The frames as they are now; ``time``: those older than the span by then are dropped before."""
        with self._lock:
            if time is not None:
                self._drop(time)
            return RollingView(self.model, tuple(self._frames))

    def _drop(self, time: float) -> None:
        while self._frames and self._frames[0].time < time - self._span:
            self._frames.popleft()


@dataclass(frozen=True, eq=False)
class RollingView:
    """Frames, the oldest first; what is said of them does not change any more."""

    model: Model
    frames: tuple[RollingFrame, ...]

    def blocks(self, pictures: ScannedPictures, layer: str) -> Iterator[tuple[np.ndarray, LayerRecord]]:
        """All frames as one block, see `zfdesk.library.statistics.Scanned`."""
        records = [self.frames[number].records[layer] for number in pictures.ids.tolist()]
        fields = (np.concatenate([getattr(one, name) for one in records]) for name in ("values", "places", "near"))
        yield np.arange(len(records)), LayerRecord(*fields)

    def statistics(self, layer: str, ranks: int = 9) -> LayerStatistics:
        """What the frames say of a layer. Raises ValueError where there are none."""
        return summarise(self, self._pictures(), layer, ranks)

    def ranked(self, layer: str, units: Sequence[int], ranks: int = 9) -> list[Ranked]:
        """The strongest frames of some units, as float32 has them; of equal ones the oldest first. ``pictures`` are
        places in ``frames``."""
        return ranked_as_scanned(self._pictures(), self.statistics(layer, ranks), units, ranks)

    def shown(
        self, layer: str, found: Ranked, rule: Rule = Rule.DECONVNET
    ) -> Iterator[tuple[RollingFrame, UnitAnswer]]:
        """For each frame of a ranking the patch that the unit sees and what it projects down to."""
        width = self.model.architecture.stage(layer).shape[2]
        for number, flat in zip(found.pictures, found.places, strict=True):
            frame = self.frames[number]
            seen = self.model.forward(frame.picture, until=layer)
            yield frame, answer_of(seen, frame.picture, layer, found.unit, divmod(flat, width), "", rule)

    def portrait(self, layer: str, unit: int, ranks: int = 9) -> UnitPortrait:
        """All that the frames say of a unit; of its examples ``picture`` is the place in ``frames`` and ``seconds`` the
        time. Raises ValueError where there are no frames."""
        stage = self.model.architecture.stage(layer)
        stage.check_unit(unit)
        statistics, pictures = self.statistics(layer, ranks), self._pictures()
        found = ranked_as_scanned(pictures, statistics, [unit], ranks)[0]
        examples = []
        for number, activation, flat in zip(found.pictures, found.values, found.places, strict=True):
            position = divmod(flat, stage.shape[2])
            box = stage.receptive_field.box(*position)
            examples.append(Example("", activation, position, box, "", self.frames[number].time, number))
        row = correlations(self, pictures, statistics, np.array([unit]))[0]
        return UnitPortrait(
            layer, unit, self.model.name, (), statistics.pictures, tuple(examples), found.unsettled,
            statistics.counts[unit], statistics.edges[unit], float(statistics.active[unit] / statistics.pictures),
            float(statistics.sums[unit] / statistics.pictures), (), most_alike(row, unit),
        )  # fmt: skip

    def _pictures(self) -> ScannedPictures:
        numbers = np.arange(len(self.frames))
        nothing = np.zeros(len(numbers), np.int64)
        return ScannedPictures(numbers, nothing, numbers, nothing, ("",), numbers)


__all__ = ["RollingFrame", "RollingScan", "RollingView"]
