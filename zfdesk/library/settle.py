"""Near ties settled in float64, so that the strongest pictures, their order and positions are those of a float64 pass.

Only what float32 cannot tell is asked again: pictures whose activations of a unit lie within two roundings of each
other at the ranks asked for, and strongest positions that are near another one. The answers are kept in the library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zfdesk.engine import Model
from zfdesk.library.reading import Reader
from zfdesk.library.records import PLACE_REACH, digest_of, record_of
from zfdesk.library.statistics import LayerStatistics, summarise
from zfdesk.library.store import Library, ScannedPicture, ScannedPictures

BATCH = 4
"""Pictures that go through the network together in float64."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """The strongest pictures of one unit, in order.

    ``pictures``: places in a `ScannedPictures`. ``values``: float32 activations. ``places``: flat positions on the map.
    ``unsettled``: how many near ties could not be settled, because pictures are gone or changed: they stand as float32
    has them.
    """

    unit: int
    pictures: tuple[int, ...]
    values: tuple[float, ...]
    places: tuple[int, ...]
    unsettled: int = 0


Settled = dict[tuple[int, int], tuple[float, int]]
"""By picture's id and unit: activation in float64 and its place."""


def ranked(
    library: Library,
    pictures: ScannedPictures,
    statistics: LayerStatistics,
    units: Sequence[int],
    ranks: int = 9,
    ask: bool = True,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Ranked]:
    """The strongest ``ranks`` pictures of some units, each with an activation above the layer's floor.

    ask: float64, where near ties are not settled yet; ``progress(done, total)`` counts its pictures. Without it what is
    not settled stands as float32 has it. Raises LibraryError.
    """
    rounding = statistics.rounding()
    settled = library.settled(statistics.layer)
    # More candidates where those near the last rank are not all among them.
    while True:
        short = [unit for unit in units if _is_short(statistics, unit, ranks, rounding[unit])]
        if not short or statistics.candidates.values.shape[1] >= len(pictures):
            break
        count = min(4 * statistics.candidates.values.shape[1], len(pictures))
        statistics = replace(statistics, candidates=summarise(library, pictures, statistics.layer, count).candidates)
    open_: dict[int, list[int]] = {}
    for unit in units:
        for place in _unclear(statistics, pictures, unit, ranks, rounding[unit]):
            if (int(pictures.ids[place]), unit) not in settled:
                open_.setdefault(place, []).append(unit)
    if ask and open_:
        settled |= _asked(library, pictures, statistics.layer, open_, progress)
    return [_ranked(statistics, pictures, unit, ranks, rounding[unit], settled) for unit in units]


def ranked_as_scanned(
    pictures: ScannedPictures, statistics: LayerStatistics, units: Sequence[int], ranks: int = 9
) -> list[Ranked]:
    """The strongest pictures of some units as float32 has them."""
    rounding = statistics.rounding()
    return [_ranked(statistics, pictures, unit, ranks, rounding[unit], {}) for unit in units]


def _is_short(statistics: LayerStatistics, unit: int, ranks: int, rounding: float) -> bool:
    """Whether a picture that was left out might belong to the strongest."""
    values, beyond = statistics.candidates.values[unit], float(statistics.candidates.beyond[unit])
    last = max(float(values[min(ranks, len(values)) - 1]), statistics.floor)
    return beyond > -np.inf and beyond >= last - 2 * rounding and beyond > statistics.floor - 2 * rounding


def _groups(statistics: LayerStatistics, unit: int, ranks: int, rounding: float) -> list[list[int]]:
    """The candidates by groups of near ties, as far as the ranks go. The floor is near to all that is near to it."""
    values = statistics.candidates.values[unit].astype(np.float64)
    groups: list[list[int]] = []
    for rank, value in enumerate(values):
        if value <= statistics.floor - 2 * rounding or not np.isfinite(value):
            break
        if groups and values[rank - 1] - value <= 2 * rounding:
            groups[-1].append(rank)
        elif rank >= ranks:
            break
        else:
            groups.append([rank])
    return groups


def _unclear(
    statistics: LayerStatistics, pictures: ScannedPictures, unit: int, ranks: int, rounding: float
) -> Iterator[int]:
    """The pictures that float64 is asked about."""
    found = statistics.candidates
    for group in _groups(statistics, unit, ranks, rounding):
        places = found.pictures[unit, group]
        alike = len(set(pictures.digests[places].tolist())) == 1
        faint = found.values[unit, group] <= statistics.floor + 2 * rounding
        # what the scan took a near position to be holds from a share of the highest activation on
        loose = np.abs(found.values[unit, group]) * PLACE_REACH < np.abs(statistics.highest[unit])
        spatial = found.places[unit].any()
        for index, place in enumerate(places.tolist()):
            if not alike or faint[index] or found.near[unit, group[index]] or (loose[index] and spatial):
                yield place


def _ranked(
    statistics: LayerStatistics, pictures: ScannedPictures, unit: int, ranks: int, rounding: float, settled: Settled
) -> Ranked:
    found = statistics.candidates
    unclear = set(_unclear(statistics, pictures, unit, ranks, rounding))
    missing = 0
    entries: list[tuple[float, int, float, int]] = []
    for group in _groups(statistics, unit, ranks, rounding):
        equals = []
        for rank in group:
            place, value = int(found.pictures[unit, rank]), float(found.values[unit, rank])
            exact = settled.get((int(pictures.ids[place]), unit))
            missing += exact is None and place in unclear
            order, at = exact or (value, int(found.places[unit, rank]))
            equals.append((order, place, value, at))
        # pictures that the network sees alike have one activation: that of the first
        first = {int(pictures.digests[place]): exact for exact, place, *_ in reversed(equals)}
        equals = [(first[int(pictures.digests[place])], place, value, at) for _, place, value, at in equals]
        entries += sorted(equals, key=lambda entry: (-entry[0], entry[1]))
    kept = [entry for entry in entries if entry[0] > statistics.floor][:ranks]
    return Ranked(
        unit, tuple(entry[1] for entry in kept), tuple(entry[2] for entry in kept), tuple(entry[3] for entry in kept),
        missing,
    )  # fmt: skip


def _asked(
    library: Library, pictures: ScannedPictures, layer: str, wanted: dict[int, list[int]],
    progress: Callable[[int, int], None],
) -> Settled:  # fmt: skip
    """Asks float64 about pictures, each for some units, and keeps the answers."""
    files = library.seen([int(pictures.ids[place]) for place in wanted])
    by_id = {int(pictures.ids[place]): units for place, units in wanted.items()}
    reader = Reader(library.model, library.crop)
    settled: Settled = {}
    waiting, done = list(files.items()), 0
    try:
        while waiting:
            part, waiting = waiting[:BATCH], waiting[BATCH:]
            done += len(part)
            read = [(number, picture) for number, seen in part if (picture := _read(reader, seen)) is not None]
            if read:
                rows = _exact(library.model, layer, [(picture, by_id[number]) for number, picture in read])
                answers = [
                    (number, unit, value, at)
                    for (number, _), row in zip(read, rows, strict=True)
                    for unit, value, at in row
                ]
                library.settle(layer, answers)
                settled |= {(number, unit): (value, at) for number, unit, value, at in answers}
            progress(done, len(files))
    finally:
        reader.close()
    return settled


def _read(reader: Reader, seen: ScannedPicture) -> np.ndarray | None:
    """The picture; None where it is gone or another one by now, which the next scan takes anew."""
    try:
        picture = reader.read(seen.found)
    except ValueError:
        return None
    return picture if digest_of(picture) == seen.digest else None


def _exact(
    model: Model, layer: str, wanted: Sequence[tuple[np.ndarray, Sequence[int]]]
) -> list[list[tuple[int, float, int]]]:
    """For each picture and its units: unit, activation in float64, place."""
    batch = model.input.to_tensor(np.stack([picture for picture, _ in wanted])).double()
    maps = model.forward(batch, keep=[layer]).activations[layer]
    record = record_of(maps)
    return [
        [(int(unit), float(record.values[row, unit]), int(record.places[row, unit])) for unit in units]
        for row, (_, units) in enumerate(wanted)
    ]


__all__ = ["Ranked", "ranked", "ranked_as_scanned"]
