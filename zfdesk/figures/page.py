"""A page as data: panels in a grid, with a size, letters, labels and a caption."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from sys import float_info
from typing import Any

import numpy as np

from zfdesk.figures.panels import Panel, Text
from zfdesk.typed_json import JsonLimits, PlainError, from_plain, to_plain

SIZES: dict[str, tuple[float, float]] = {"one-column": (3.5, 0.0), "two-column": (7.16, 0.0), "slide": (13.33, 7.5)}
"""Width and height in inches by name: an IEEE column, its two columns, a 16:9 slide. Height 0 is what is needed."""

NARROW = 5.0
"""Inches; a narrower page has fewer panels side by side."""

LARGEST = 200.0
"""Inches; matplotlib would try to draw any size it is given."""


PageSize = str | tuple[float, float]
"""A name of `SIZES`, or width and height in inches."""


def inches_of(size: PageSize) -> tuple[float, float]:
    """Width and height of a size by name or in inches."""
    return SIZES[size] if isinstance(size, str) else size


def is_narrow(size: PageSize) -> bool:
    """Whether a page of that size is narrower than `NARROW`."""
    return inches_of(size)[0] < NARROW


def letter(index: int) -> str:
    """a, b, … z, aa, ab, … for the panel of that index."""
    letters = ""
    while index >= 0:
        index, last = divmod(index, 26)
        letters, index = chr(ord("a") + last) + letters, index - 1
    return letters


@dataclass(frozen=True)
class Cell:
    """A panel's place in the grid. label: words above it. name: of its arrays in a file; by default its letter."""

    panel: Panel
    row: int
    column: int
    rows: int = 1
    columns: int = 1
    label: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        if not (self.row >= 0 and self.column >= 0 and self.rows >= 1 and self.columns >= 1):
            raise ValueError("A panel lies outside the grid of its page.")
        if max(self.row + self.rows, self.column + self.columns) > 1000:
            raise ValueError("The grid of a page has at most 1000 rows and columns.")


@dataclass(frozen=True)
class Page:
    """A figure before it is drawn. To edit it is to make another with `dataclasses.replace`.

    cells: in reading order, which is the order of their letters. size: a name of `SIZES`, or (width, height) in inches,
    where a height of 0 is what the content needs. widths: relative widths of the columns; () for equal ones.
    letters: (a), (b), … before the labels. caption: stands under the panels where ``captioned``, and in the file.
    """

    cells: tuple[Cell, ...]
    size: PageSize = "two-column"
    title: str = ""
    caption: str = ""
    captioned: bool = True
    letters: bool = True
    widths: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.cells:
            raise ValueError("A page without panels cannot be drawn.")
        if isinstance(self.size, str) and self.size not in SIZES:
            raise ValueError(f"The size {self.size!r} is none of {', '.join(SIZES)}.")
        width, height = self.inches
        fits = all(map(math.isfinite, (width, height))) and 1 <= width <= LARGEST
        if not fits or not (height == 0 or 0.5 <= height <= LARGEST):
            raise ValueError(f"A page is 1 to {LARGEST:g} inches wide and half an inch to {LARGEST:g} high.")
        if self.widths and (len(self.widths) != self.shape[1] or not min(self.widths) > 0):
            raise ValueError("A page needs one positive width for each of its columns.")
        occupied: dict[tuple[int, int], int] = {}
        for index, cell in enumerate(self.cells):
            for place in _places(cell):
                if occupied.setdefault(place, index) != index:
                    raise ValueError(f"Two panels share row {place[0]}, column {place[1]} of the page.")
        names = [self.name_of(index) for index in range(len(self.cells))]
        if len(set(names)) != len(names):
            raise ValueError("Two panels of the page have the same name.")

    @property
    def inches(self) -> tuple[float, float]:
        """Width and height; height 0 is what the content needs."""
        width, height = inches_of(self.size)
        return float(width), float(height)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the grid."""
        rows = max((cell.row + cell.rows for cell in self.cells), default=0)
        return rows, max((cell.column + cell.columns for cell in self.cells), default=0)

    def name_of(self, index: int) -> str:
        """What the arrays of a panel are called in a file."""
        return self.cells[index].name or letter(index)

    def arrays(self) -> dict[str, np.ndarray]:
        """Every array of every panel, called NAME_FIELD, such as ``d_values``."""
        return self.to_data()[1]

    def to_data(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """The page as what JSON can hold, and its arrays, which it refers to by their names."""
        arrays: dict[str, np.ndarray] = {}
        cells = []
        for index, cell in enumerate(self.cells):
            panel = to_plain(cell.panel, arrays, self.name_of(index))
            cells.append({**to_plain(replace(cell, panel=_NOTHING), {}, ""), "panel": panel})
        page = to_plain(replace(self, cells=(Cell(_NOTHING, 0, 0),), widths=()), {}, "")
        return {**page, "cells": cells, "widths": list(self.widths)}, arrays

    @staticmethod
    def from_data(data: Any, arrays: Mapping[str, np.ndarray]) -> Page:
        """The page that `to_data` gave. Raises ValueError, with a sentence, for anything else."""
        try:
            return from_plain(Page, data, "page", None, arrays, _LIMITS)
        except PlainError as error:
            raise ValueError(f"In the page: {error}.") from None


_NOTHING = Text("")

_LIMITS = JsonLimits(longest_text=100_000, most_items=100_000, largest_number=float_info.max)
"""Of a page in a file: whatever can be drawn."""


def _places(cell: Cell) -> list[tuple[int, int]]:
    rows, columns = range(cell.row, cell.row + cell.rows), range(cell.column, cell.column + cell.columns)
    return [(row, column) for row in rows for column in columns]
