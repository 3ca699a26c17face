"""From what a scan kept to what it says of a layer: strongest pictures, spread, classes, units that are alike.

Everything is gathered part by part; memory holds one part and the result, whatever the number of pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zfdesk.engine import Model
from zfdesk.library.records import FAINT, ROUNDING, LayerRecord, nonnegative
from zfdesk.library.store import ScannedPictures

BINS = 32

SPARE = 8
"""Candidates kept beyond the ranks asked for: those near the last may be before it."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """The pictures that wake each unit of a layer most, the strongest first; equal ones in the order of their paths.

    ``values``: float32 (units, count), −inf where there were fewer pictures. ``pictures``: int64 (units, count), places
    in `ScannedPictures`, −1 for none. ``places``: int64 (units, count), flat positions on the map. ``near``: bool
    (units, count), as in `LayerRecord`. ``beyond``: float32 (units,), the highest value left out.
    """

    values: np.ndarray
    pictures: np.ndarray
    places: np.ndarray
    near: np.ndarray
    beyond: np.ndarray

    @staticmethod
    def none(units: int) -> Candidates:
        """Return the candidates of no pictures, with which merging begins."""
        empty = np.zeros((units, 0))
        integers, nothing = empty.astype(np.int64), np.full(units, -np.inf, np.float32)
        return Candidates(empty.astype(np.float32), integers, integers, empty.astype(bool), nothing)

    @staticmethod
    def of(record: LayerRecord, pictures: np.ndarray) -> Candidates:
        """All of some pictures, at these places in a `ScannedPictures`, int (pictures,)."""
        units = record.values.shape[1]
        places = np.broadcast_to(pictures, (units, len(pictures)))
        nothing = np.full(units, -np.inf, np.float32)
        return Candidates(record.values.T, places, record.places.T.astype(np.int64), record.near.T, nothing)

    def merged(self, other: Candidates, count: int) -> Candidates:
        """The ``count`` strongest of both. Associative and commutative, as each picture is in one of them alone."""
        values = np.concatenate([self.values, other.values], 1)
        pictures = np.concatenate([self.pictures, other.pictures], 1)
        order = np.lexsort((pictures, -values), axis=1)
        beyond = np.maximum(self.beyond, other.beyond)
        if values.shape[1] > count:
            beyond = np.maximum(beyond, np.take_along_axis(values, order[:, count : count + 1], 1)[:, 0])
            order = order[:, :count]
        places, near = (
            np.take_along_axis(np.concatenate([getattr(self, name), getattr(other, name)], 1), order, 1)
            for name in ("places", "near")
        )
        values, pictures = np.take_along_axis(values, order, 1), np.take_along_axis(pictures, order, 1)
        return Candidates(values, pictures, places, near, beyond)


@dataclass(frozen=True, eq=False)
class LayerStatistics:
    """What the scanned pictures say of one layer. All is of each picture's highest activation of a unit.

    ``pictures``: int, how many. ``highest``, ``lowest``: float32 (units,). ``floor``: what an activation must exceed to
    count as an answer: the layer's rounding, or −inf for a layer with signs. ``active``: int64 (units,), pictures that
    wake a unit (of a layer with signs, those above zero). ``counts``: int64 (units, `BINS`) between ``edges``, float64
    (units, `BINS` + 1), from zero or the lowest to the highest. ``sums``, ``squares``: float64 (units,).
    ``class_sizes``: int64 (classes,); ``class_sums``: float64 (classes, units); in the order of
    `ScannedPictures.names`.
    """

    layer: str
    pictures: int
    highest: np.ndarray
    lowest: np.ndarray
    floor: float
    active: np.ndarray
    counts: np.ndarray
    edges: np.ndarray
    sums: np.ndarray
    squares: np.ndarray
    class_sizes: np.ndarray
    class_sums: np.ndarray
    candidates: Candidates

    @property
    def units(self) -> int:
        """The number of units of the layer."""
        return len(self.highest)

    @property
    def dead(self) -> np.ndarray:
        """bool (units,): woken by none of the pictures."""
        result: np.ndarray = self.active == 0
        return result

    def rounding(self) -> np.ndarray:
        """float64 (units,): how far a float32 activation may be off, see `zfdesk.library.records.ROUNDING`."""
        size = np.maximum(np.abs(self.highest), np.abs(self.lowest)).astype(np.float64)
        result: np.ndarray = ROUNDING * np.maximum(size, FAINT * size.max(initial=0.0))
        return result


class AnswerSource(Protocol):
    """What has answers to pictures: a `zfdesk.library.store.Library`, or what was gathered of a live source."""

    @property
    def model(self) -> Model:
        """The network that saw them."""

    def blocks(self, pictures: ScannedPictures, layer: str) -> Iterator[tuple[np.ndarray, LayerRecord]]:
        """Block by block: places in ``pictures``, int64 (n,), and their answers."""


def summarise(scanned: AnswerSource, pictures: ScannedPictures, layer: str, ranks: int = 9) -> LayerStatistics:
    """Two walks over what was kept of a layer: one for the range of each unit, one for all else.

    ranks: how many strongest pictures are wanted; `SPARE` more are kept. Raises LibraryError, and ValueError for no
    pictures.
    """
    if not len(pictures):
        raise ValueError(f"None of the pictures was scanned for {layer}.")
    units = scanned.model.architecture.stage(layer).shape[0]
    highest, lowest = np.full(units, -np.inf, np.float32), np.full(units, np.inf, np.float32)
    for _, record in scanned.blocks(pictures, layer):
        np.maximum(highest, record.values.max(0), out=highest)
        np.minimum(lowest, record.values.min(0), out=lowest)
    unsigned = nonnegative(scanned.model.architecture, layer)
    floor = ROUNDING * float(highest.max()) if unsigned else -np.inf
    gathered = _Gathered(units, len(pictures.names), np.zeros(units) if unsigned else lowest, highest, max(floor, 0.0))
    candidates = Candidates.none(units)
    for chosen, record in scanned.blocks(pictures, layer):
        gathered.take(record.values, pictures.classes[chosen])
        candidates = candidates.merged(Candidates.of(record, chosen), ranks + SPARE)
    return LayerStatistics(
        layer, len(pictures), highest, lowest, floor, gathered.active, gathered.counts, gathered.edges(),
        gathered.sums, gathered.squares, np.bincount(pictures.classes, minlength=len(pictures.names)),
        gathered.class_sums, candidates,
    )  # fmt: skip


class _Gathered:
    """Sums and counts over the pictures. ``active_above``: what counts as an answer."""

    def __init__(self, units: int, classes: int, low: np.ndarray, high: np.ndarray, active_above: float) -> None:
        self._low, self._above = low.astype(np.float64), active_above
        self._span = np.where(high > low, high.astype(np.float64) - self._low, 1.0)
        self.active, self.counts = np.zeros(units, np.int64), np.zeros((units, BINS), np.int64)
        self.sums, self.squares = np.zeros(units), np.zeros(units)
        self.class_sums = np.zeros((classes, units))

    def take(self, values: np.ndarray, classes: np.ndarray) -> None:
        """values: float32 (n, units); classes: int64 (n,)."""
        exact = values.astype(np.float64)
        self.active += (values > self._above).sum(0)
        self.sums += exact.sum(0)
        self.squares += (exact**2).sum(0)
        np.add.at(self.class_sums, classes, exact)
        bins = np.minimum(((exact - self._low) * (BINS / self._span)).astype(np.int64), BINS - 1)
        flat = bins + np.arange(len(self.active)) * BINS
        self.counts += np.bincount(flat.ravel(), minlength=self.counts.size).reshape(self.counts.shape)

    def edges(self) -> np.ndarray:
        """float64 (units, BINS + 1)."""
        return self._low[:, None] + self._span[:, None] * (np.arange(BINS + 1) / BINS)


def correlations(
    scanned: AnswerSource, pictures: ScannedPictures, statistics: LayerStatistics, units: np.ndarray | None = None
) -> np.ndarray:
    """Pearson's correlation over the pictures of some units (by default all) with all of the layer: float32 (some,
    units). NaN for a unit that is always the same, dead ones above all; 1 for a unit with itself."""
    chosen = np.arange(statistics.units) if units is None else units
    mean = statistics.sums / statistics.pictures
    products, spread = np.zeros((len(chosen), statistics.units)), np.zeros(statistics.units)
    for _, record in scanned.blocks(pictures, statistics.layer):
        centred = record.values - mean
        products += centred[:, chosen].T @ centred
        spread += (centred**2).sum(0)
    # rounding leaves crumbs where a unit is constant
    least = (1e-6 * np.maximum(np.abs(statistics.highest), np.abs(statistics.lowest))) ** 2 * statistics.pictures
    deviation = np.sqrt(np.where(spread > least, spread, np.nan))
    found = products / deviation / deviation[chosen, None]
    return np.clip(found, -1, 1).astype(np.float32)


def most_alike(row: np.ndarray, unit: int, count: int = 5) -> tuple[tuple[int, float], ...]:
    """The others that correlate most with a unit, of its row of `correlations`, (units,): (unit, correlation), the most
    first."""
    order = np.argsort(-np.nan_to_num(row, nan=-2), kind="stable")
    found = [(int(other), float(row[other])) for other in order if other != unit and np.isfinite(row[other])]
    return tuple(found[:count])


def duplicates(correlation: np.ndarray, least: float = 0.98) -> list[tuple[int, int, float]]:
    """Pairs of units whose correlation, float32 (units, units), is at least so much, the most alike first."""
    upper = np.triu(np.nan_to_num(correlation, nan=0.0), 1)
    pairs = np.argwhere(upper >= least)
    found = [(int(a), int(b), float(upper[a, b])) for a, b in pairs]
    return sorted(found, key=lambda pair: (-pair[2], pair[0], pair[1]))


__all__ = [
    "BINS", "SPARE", "AnswerSource", "Candidates", "LayerStatistics", "correlations", "duplicates", "most_alike",
    "summarise",
]  # fmt: skip
