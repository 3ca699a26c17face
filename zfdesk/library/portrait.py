"""A unit's portrait: what it is for, as thousands of pictures tell it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zfdesk.engine import Rule
from zfdesk.library.database import LibraryError
from zfdesk.library.evolution import UnitAnswer, answer_of
from zfdesk.library.gallery import Gallery
from zfdesk.library.listing import WHOLE, class_of
from zfdesk.library.reading import Reader
from zfdesk.library.settle import Ranked, ranked
from zfdesk.library.statistics import LayerStatistics, correlations, duplicates, most_alike, summarise
from zfdesk.library.store import Library, ScannedPictures

MOST_CORRELATED = 1024
"""Units of a layer whose correlations are all computed and kept at once; of larger layers, one unit's at a time."""


@dataclass(frozen=True)
class Example:
    """A picture that wakes a unit.

    ``activation``: float32. ``position``: (y, x) on the unit's map. ``box``: what it sees there, (top, left, bottom,
    right) in pixels of the network's input; it may hang over the border. ``seconds``: of a frame in its clip, or None.
    ``class_name``: the subfolder. ``picture``: its id in the library.
    """

    path: str
    activation: float
    position: tuple[int, int]
    box: tuple[int, int, int, int]
    class_name: str = ""
    seconds: float | None = None
    picture: int = -1


@dataclass(frozen=True)
class ClassPreference:
    """How a unit answers to a class. ``mean``: of its highest activations over the class's pictures. ``times``: that
    over the mean of all pictures."""

    name: str
    mean: float
    times: float
    pictures: int


@dataclass(frozen=True, eq=False)
class UnitPortrait:
    """What pictures say of a unit. All but the examples is of each picture's highest activation of it.

    ``pictures``: how many, of ``places``, seen by the network called ``weights``. ``examples``: the strongest first.
    ``unsettled``: near ties among them that float64 was not or could not be asked about. ``counts``: int64 (bins,)
    between ``edges``, float64 (bins + 1,). ``active``: share of the pictures that wake it. ``classes``: those it
    answers to most, the first most. ``alike``: (unit, correlation) of others of its layer, the most alike first.
    """

    layer: str
    unit: int
    weights: str
    places: tuple[Path, ...]
    pictures: int
    examples: tuple[Example, ...]
    unsettled: int
    counts: np.ndarray
    edges: np.ndarray
    active: float
    mean: float
    classes: tuple[ClassPreference, ...]
    alike: tuple[tuple[int, float], ...]

    @property
    def dead(self) -> bool:
        """Whether none of the pictures wakes it."""
        return self.active == 0


class Portraits:
    """Portraits over what was scanned of some places, by default of all. What was computed of a layer is kept until the
    library changes. Raises LibraryError where nothing was scanned, and ValueError for a layer or unit that is not."""

    def __init__(self, library: Library, places: Sequence[Path] = (), ranks: int = 9) -> None:
        self.library, self.places, self.ranks = library, tuple(places), ranks
        self._generation = -1
        self._pictures: dict[str, ScannedPictures] = {}
        self._statistics: dict[str, LayerStatistics] = {}
        self._correlations: dict[str, np.ndarray] = {}
        self._galleries: list[Gallery] = []

    def pictures(self, layer: str) -> ScannedPictures:
        """Those that were scanned for a layer. Raises LibraryError where none was."""
        generation = self.library.generation
        if generation != self._generation:
            for kept in (self._pictures, self._statistics, self._correlations):
                kept.clear()
            self._generation = generation
        if layer not in self._pictures:
            found = self.library.pictures(self.places, layer)
            if not len(found):
                where = f" of {', '.join(map(str, self.places))}" if self.places else ""
                raise LibraryError(f"No picture{where} was scanned for {layer} with these weights.")
            self._pictures[layer] = found
        return self._pictures[layer]

    def gallery(self, layer: str) -> Gallery:
        """Those of a layer to be looked at; the same one, small pictures and all, while they are the same."""
        pictures = self.pictures(layer)
        for known in self._galleries:
            if np.array_equal(known.pictures.ids, pictures.ids):
                return known
        self._galleries = [Gallery(self.library, pictures, self.places), *self._galleries[:1]]
        return self._galleries[0]

    def statistics(self, layer: str) -> LayerStatistics:
        """Return what all chosen pictures say of a layer."""
        self.library.model.architecture.stage(layer)
        pictures = self.pictures(layer)
        if layer not in self._statistics:
            self._statistics[layer] = summarise(self.library, pictures, layer, self.ranks)
        return self._statistics[layer]

    def correlation(self, layer: str) -> np.ndarray:
        """Of all units of a layer, float32 (units, units); see `zfdesk.library.statistics.correlations`."""
        statistics = self.statistics(layer)
        if layer not in self._correlations:
            self._correlations[layer] = correlations(self.library, self.pictures(layer), statistics)
        return self._correlations[layer]

    def duplicates(self, layer: str, least: float = 0.98) -> list[tuple[int, int, float]]:
        """Pairs of units that answer alike, with their correlation."""
        return duplicates(self.correlation(layer), least)

    def alike(self, layer: str, unit: int, count: int = 5) -> tuple[tuple[int, float], ...]:
        """The units of the layer that correlate most with one, the most first."""
        statistics = self.statistics(layer)
        if statistics.units <= MOST_CORRELATED:
            row = self.correlation(layer)[unit]
        else:
            row = correlations(self.library, self.pictures(layer), statistics, np.array([unit]))[0]
        return most_alike(row, unit, count)

    def preferred(self, layer: str) -> list[str]:
        """The class that each unit of a layer answers to most, "" for a dead one or where there are no classes."""
        statistics, names = self.statistics(layer), self.pictures(layer).names
        best = (statistics.class_sums / statistics.class_sizes[:, None]).argmax(0)
        return ["" if dead else names[place] for place, dead in zip(best.tolist(), statistics.dead, strict=True)]

    def ranked(self, layer: str, units: Sequence[int], exact: bool = True) -> list[Ranked]:
        """The strongest pictures of some units; ``exact``: near ties are settled in float64."""
        pictures, statistics = self.pictures(layer), self.statistics(layer)
        return ranked(self.library, pictures, statistics, units, self.ranks, exact)

    def examples(self, layer: str, found: Ranked) -> tuple[Example, ...]:
        """The pictures of a ranking. Raises LibraryError where the scan changed since."""
        stage, pictures = self.library.model.architecture.stage(layer), self.pictures(layer)
        ids = [int(pictures.ids[place]) for place in found.pictures]
        files = self.library.seen(ids)
        examples = []
        for number, activation, flat in zip(ids, found.values, found.places, strict=True):
            if number not in files:
                raise LibraryError("The scan changed while it was read; ask again.")
            file = files[number].found
            position = divmod(flat, stage.shape[2])
            seconds = None if file.frame == WHOLE else file.frame / 1000
            box = stage.receptive_field.box(*position)
            class_name = class_of(file.path, self.places)
            examples.append(Example(os.fsdecode(file.path), activation, position, box, class_name, seconds, number))
        return tuple(examples)

    def read(self, examples: Sequence[Example]) -> list[np.ndarray | None]:
        """What the network saw of examples, uint8 (size, size, 3); None for a picture that is gone or another by now.
        A picture of several examples is read once."""
        ids = list(dict.fromkeys(example.picture for example in examples))
        pictures = dict(zip(ids, read_again(self.library, ids), strict=True))
        return [pictures[example.picture] for example in examples]

    def classes(self, layer: str, unit: int, count: int = 3) -> tuple[ClassPreference, ...]:
        """The classes that a unit answers to most, by the mean of its highest activations; none for a dead unit, or
        where all pictures are of one class."""
        names, statistics = self.pictures(layer).names, self.statistics(layer)
        if len(names) < 2 or statistics.dead[unit]:
            return ()
        mean, sizes = float(statistics.sums[unit] / statistics.pictures), statistics.class_sizes
        means = statistics.class_sums[:, unit] / sizes
        return tuple(
            ClassPreference(
                names[place], float(means[place]), float(means[place] / mean) if mean else 0.0, int(sizes[place])
            )
            for place in np.argsort(-means, kind="stable")[:count]
        )

    def portrait(self, layer: str, unit: int, exact: bool = True) -> UnitPortrait:
        """All that is said of a unit."""
        self.library.model.architecture.stage(layer).check_unit(unit)
        statistics = self.statistics(layer)
        found = self.ranked(layer, [unit], exact)[0]
        pictures = statistics.pictures
        return UnitPortrait(
            layer, unit, self.library.model.name, self.places, pictures, self.examples(layer, found), found.unsettled,
            statistics.counts[unit], statistics.edges[unit], float(statistics.active[unit] / pictures),
            float(statistics.sums[unit] / pictures), self.classes(layer, unit), self.alike(layer, unit),
        )  # fmt: skip


def read_again(library: Library, ids: Sequence[int]) -> Iterator[np.ndarray | None]:
    """What the network saw of scanned pictures, uint8 (size, size, 3); None for one that is gone or another by now."""
    files = library.seen(ids)
    reader = Reader(library.model, library.crop)
    try:
        for number in ids:
            seen = files.get(number)
            yield reader.read_same(seen.found, seen.digest) if seen else None
    finally:
        reader.close()


def shown(
    library: Library, layer: str, unit: int, examples: Sequence[Example], rule: Rule = Rule.DECONVNET
) -> Iterator[UnitAnswer | None]:
    """For each example the patch that the unit sees and what it projects down to; None where the picture is gone or
    another by now."""
    pictures = read_again(library, [example.picture for example in examples])
    for example, picture in zip(examples, pictures, strict=True):
        if picture is None:
            yield None
            continue
        through = library.model.forward(picture, until=layer)
        yield answer_of(through, picture, layer, unit, example.position, example.path, rule)


__all__ = ["ClassPreference", "Example", "Portraits", "UnitPortrait", "read_again", "shown"]
