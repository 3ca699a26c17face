"""A sweep as pictures: which pixel belongs to which position, coarse cells until they are refined, colours of labels.

Arrays only, no widgets. "Pixel" is one of the network's input; a position's cell is what lies nearer to the occluder's
centre there than to any other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zfdesk.engine import Sweep
from zfdesk.engine.sweep import COARSEST
from zfdesk.figures.colours import CATEGORIES

OTHER = "#a8adb5"
"""The colour of all labels that the legend does not name, as on paper."""


def centres(sweep: Sweep) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns, in pixels, of the occluder's centre at each position: float64 (rows,) and (columns,)."""
    half = sweep.plan.size / 2
    return sweep.positions[:, 0, 0] + half, sweep.positions[0, :, 1] + half


def cells(sweep: Sweep) -> tuple[np.ndarray, np.ndarray]:
    """For each row and column of pixels the row and column of positions it belongs to; -1 beyond the outermost."""
    size = len(sweep.picture)
    rows, columns = (_nearest(along, size, sweep.plan.stride) for along in centres(sweep))
    return rows, columns


def _nearest(along: np.ndarray, size: int, stride: int) -> np.ndarray:
    pixels = np.arange(size) + 0.5
    index = np.searchsorted((along[1:] + along[:-1]) / 2, pixels, side="right")
    index[(pixels < along[0] - stride / 2 - 0.5) | (pixels > along[-1] + stride / 2 + 0.5)] = -1
    return index


def sources(done: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which position's answer stands at each position: its own, else that of the finest coarse cell it lies in.

    done: bool (rows, columns). Returns rows and columns, both (rows, columns), -1 where there is nothing yet.
    """
    out = np.full((2, *done.shape), -1)
    step = COARSEST
    while step:
        near = np.stack(np.meshgrid(*(_coarse(length, step) for length in done.shape), indexing="ij"))
        known = done[near[0], near[1]]
        out[:, known] = near[:, known]
        step //= 2
    return out[0], out[1]


def _coarse(length: int, step: int) -> np.ndarray:
    """For each place along a side the nearest one of the grid that takes every ``step``-th."""
    grid = np.arange((length - 1) % COARSEST // 2 % step, length, step)
    index = (np.arange(length) - grid[0] + step // 2) // step
    result: np.ndarray = grid[np.clip(index, 0, len(grid) - 1)]
    return result


@dataclass(frozen=True, eq=False)
class SweepLayout:
    """Where everything of a snapshot of a sweep stands; made once for all its maps."""

    rows: np.ndarray  # of pixels → of positions, -1 outside
    columns: np.ndarray
    source_rows: np.ndarray  # of positions → whose answer stands there, -1 where none
    source_columns: np.ndarray

    @staticmethod
    def of(sweep: Sweep) -> SweepLayout:
        """The layout of what is done."""
        return SweepLayout(*cells(sweep), *sources(sweep.done))

    def position_at(self, x: float, y: float) -> tuple[int, int] | None:
        """The done position (row, column) whose cell is drawn at a point; None where there is none."""
        if not (0 <= x < len(self.columns) and 0 <= y < len(self.rows)):
            return None
        row, column = self.rows[int(y)], self.columns[int(x)]
        if row < 0 or column < 0 or self.source_rows[row, column] < 0:
            return None
        return int(self.source_rows[row, column]), int(self.source_columns[row, column])

    def picture(self, colours: np.ndarray, undone: tuple[int, int]) -> np.ndarray:
        """Colours of positions, uint32 0xAARRGGBB (rows, columns) → pixels, uint32 (size, size), read-only.

        Nothing yet is hatched in the two colours ``undone``; beyond the outermost cells is transparent.
        """
        missing = self.source_rows < 0
        laid = colours[self.source_rows, self.source_columns][self.rows][:, self.columns]
        y, x = np.indices(laid.shape)
        hatch = np.where((x + y) % 8 < 3, np.uint32(undone[0]), np.uint32(undone[1]))
        laid = np.where(missing[self.rows][:, self.columns], hatch, laid).astype(np.uint32)
        laid[self.rows < 0] = 0
        laid[:, self.columns < 0] = 0
        laid.setflags(write=False)
        return laid


def shades(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values → levels 1 to 255 of a colour table that runs from low to high, as the maps have them; NaN → 0."""
    share = np.clip((np.nan_to_num(values) - low) / max(high - low, 1e-12), 0, 1)
    return np.where(np.isnan(values), 0, share * 254 + 1.5).astype(np.uint8)


def contour(sweep: Sweep, values: np.ndarray, level: float) -> list[np.ndarray]:
    """Lines (n, 2) of x and y in pixels along which the values are ``level``; only between positions that are done."""
    if min(values.shape) < 2:
        return []
    from contourpy import contour_generator

    y, x = centres(sweep)
    lines: Any = contour_generator(x, y, np.ma.masked_invalid(values)).lines(level)  # its type: any of four shapes
    return list(lines)


@dataclass(frozen=True)
class LabelLegendEntry:
    """A label on the map. ``number``: as it is written there, 0 for the others. ``label``: -1 for the others."""

    label: int
    number: int
    colour: str
    share: float
    clean: bool = False


@dataclass
class LabelColours:
    """Colours of the most frequent labels; one keeps its colour as long as it is among them, however the map grows.
    Once the map is complete they are those of the printed figure: the commonest come first."""

    most: int = len(CATEGORIES)
    _slots: dict[int, int] = field(default_factory=dict)

    def legend(self, labels: np.ndarray, clean: int, complete: bool = False) -> tuple[LabelLegendEntry, ...]:
        """labels: int (n,) of the positions that are done. While it grows the clean label comes first, then as they
        came up."""
        found, counts = np.unique(labels, return_counts=True)
        order = sorted(range(len(found)), key=lambda i: (not complete and found[i] != clean, -counts[i], found[i]))
        room = self.most if len(order) <= self.most else self.most - 1
        named = [int(found[i]) for i in order[:room]]
        kept = {} if complete else self._slots
        self._slots = {label: slot for label, slot in kept.items() if label in named}
        for label in named:
            if label not in self._slots:
                used = self._slots.values()
                self._slots[label] = next(slot for slot in range(self.most) if slot not in used)
        share = {int(found[i]): counts[i] / len(labels) for i in order}
        entries = [
            LabelLegendEntry(label, place + 1, CATEGORIES[slot], float(share[label]), label == clean)
            for place, (label, slot) in enumerate(sorted(self._slots.items(), key=lambda item: item[1]))
        ]
        if len(order) > room:
            entries.append(LabelLegendEntry(-1, 0, OTHER, float(sum(share.values()) - sum(e.share for e in entries))))
        return tuple(entries)


def label_colours(labels: np.ndarray, legend: tuple[LabelLegendEntry, ...]) -> np.ndarray:
    """Labels (rows, columns), -1 where there is none → 0xAARRGGBB, uint32."""
    out = np.full(labels.shape, 0xFF000000 | int(OTHER[1:], 16), np.uint32)
    for entry in legend:
        out[labels == entry.label] = 0xFF000000 | int(entry.colour[1:], 16)
    return out


def middle_of(places: np.ndarray) -> tuple[int, int] | None:
    """The place (row, column) of a region, bool (rows, columns), nearest to its centre; None of an empty one."""
    found = np.argwhere(places)
    if not len(found):
        return None
    row, column = found[((found - found.mean(0)) ** 2).sum(1).argmin()]
    return int(row), int(column)
