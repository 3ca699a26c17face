"""Fig. 4 of a run: its units' strongest answers at a snapshot, as the run kept them or as a search finds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zfdesk.desk.training.reading import Reading
from zfdesk.engine import centre_crop
from zfdesk.figures.colours import signed_picture
from zfdesk.library import UnitAnswer, answer_of_crop, answers_over
from zfdesk.library.evolution import silent_answer
from zfdesk.runs import Run, StrongestEntry, read_crop
from zfdesk.sources import SourceError, read_picture
from zfdesk.sources.folder import pictures_in
from zfdesk.weights import load

ROWS = 4  # units of a layer that a search follows


@dataclass(frozen=True, eq=False)
class UnitTile:
    """A unit's strongest answer at one snapshot: uint8 (side, side, 3) each; None for a unit that nothing wakes."""

    activation: float
    picture: str
    down: np.ndarray | None = None
    patch: np.ndarray | None = None


def tile_of(answer: UnitAnswer) -> UnitTile:
    """An answer as pictures."""
    if not answer.alive:
        return UnitTile(answer.activation, answer.picture)
    down = signed_picture(answer.down, float(np.abs(answer.down).max()))
    return UnitTile(answer.activation, answer.picture, down, answer.patch)


def kept_units(strongest: Sequence[StrongestEntry], layer: str) -> tuple[int, ...]:
    """The units of a layer that the run itself followed."""
    return tuple(dict.fromkeys(one.unit for one in strongest if one.layer == layer))


def kept_column(reading: Reading, epoch: int, layer: str, units: Sequence[int]) -> list[UnitTile]:
    """The units at one snapshot, from what the run kept. Raises CheckpointError, RunError or ValueError."""
    model = load(reading.run.snapshot_file(epoch))
    kept = {one.unit: one for one in reading.strongest if (one.epoch, one.layer) == (epoch, layer)}
    tiles = []
    for unit in units:
        one = kept.get(unit)
        if one is None or not one.crop:
            tiles.append(tile_of(silent_answer(model, layer, unit)))
            continue
        crop = read_crop(reading.run.folder, one)
        tiles.append(tile_of(answer_of_crop(model, layer, unit, one.position, crop, one.picture)))
    return tiles


class UnitSearch:
    """The strongest answers over the pictures of a folder, a snapshot at a time; `stop` ends one between two pictures.

    ``progress``: how far it is, as text. ``stopped``: the last one came to nothing, and may be begun again.
    """

    def __init__(self, run: Run, folder: str, layer: str, units: Sequence[int]) -> None:
        self.run, self.folder, self.layer, self.units = run, folder, layer, tuple(units)
        self.progress = ""
        self.stopped = False

    def stop(self) -> None:
        """End what is being searched."""
        self.stopped = True

    def column(self, epoch: int) -> list[UnitTile]:
        """Those of one snapshot. Raises ValueError; also where it was stopped."""
        model = load(self.run.snapshot_file(epoch))
        names = [str(Path(self.folder) / name) for name in pictures_in(self.folder)]
        if not names:
            raise ValueError(f"There are no pictures in {self.folder}.")

        def pictures() -> Iterator[tuple[str, np.ndarray]]:
            for place, name in enumerate(names):
                if self.stopped:
                    raise ValueError("The search was stopped.")
                self.progress = f"epoch {epoch}: picture {place + 1} of {len(names)}"
                try:
                    pixels = read_picture(name)
                except SourceError:
                    continue
                yield name, centre_crop(pixels, model.architecture.size, model.input.resize)

        answers = answers_over(model, [(self.layer, unit) for unit in self.units], pictures)
        return [tile_of(answer) for answer in answers]


def some_units(count: int, chosen: int) -> tuple[int, ...]:
    """The chosen unit of ``count`` and others at random, always the same."""
    others = [int(unit) for unit in np.random.default_rng(0).permutation(count) if unit != chosen]
    return tuple(sorted(([chosen] if 0 <= chosen < count else []) + others[: ROWS - (0 <= chosen < count)]))


__all__ = ["UnitSearch", "UnitTile", "kept_column", "kept_units", "some_units"]
