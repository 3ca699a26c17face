"""Panels of what changes while a network trains: how values are spread, shares, and pictures, time by time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zfdesk.figures.checks import keep
from zfdesk.figures.facts import UNKNOWN, Facts


@dataclass(frozen=True, eq=False)
class Strips:
    """A band for each of several layers, from left to right in time and upwards in value; the darker, the more values.

    shares: float32 (layers, times, bins), of the values at one time those in each bin; a time whose shares are all 0
    is not known. edges: float64 (layers, bins + 1), each layer's own, rising. names: of the layers. times: in words.
    """

    shares: np.ndarray
    edges: np.ndarray
    names: tuple[str, ...]
    times: tuple[str, ...]
    quantity: str = ""
    note: str = ""
    facts: Facts = UNKNOWN

    def __post_init__(self) -> None:
        keep(self, "shares", np.float32, (len(self.names), len(self.times), None))
        keep(self, "edges", np.float64, (len(self.names), self.shares.shape[2] + 1))
        if not (np.diff(self.edges) > 0).all():
            raise ValueError("The edges of a band's bins must rise.")


@dataclass(frozen=True, eq=False)
class Shares:
    """Shares from 0 to 1 as a table of per cents, the darker the more.

    values: float64 (rows, times), NaN where unknown. names: of the rows. times: in words.
    """

    values: np.ndarray
    names: tuple[str, ...]
    times: tuple[str, ...]
    note: str = ""
    facts: Facts = UNKNOWN

    def __post_init__(self) -> None:
        keep(self, "values", np.float64, (len(self.names), len(self.times)), finite=False)


@dataclass(frozen=True, eq=False)
class Evolution:
    """Small pictures in a table, a row for each unit and a column for each time.

    values: (rows, times, height, width, 3), uint8 pictures or signed float32, where zero is mid-grey; or maps, float32
    (rows, times, height, width), from zero up. Every one is stretched by its own largest absolute value. known: uint8
    (rows, times), 0 where there is none. slots: as wide as that many columns, so that few are not drawn huge.
    """

    values: np.ndarray
    names: tuple[str, ...]
    times: tuple[str, ...]
    known: np.ndarray | None = None
    colours: str = "inferno"
    slots: int = 0
    note: str = ""
    facts: Facts = UNKNOWN

    def __post_init__(self) -> None:
        uint8 = isinstance(self.values, np.ndarray) and self.values.dtype == np.uint8
        colour = uint8 or getattr(self.values, "ndim", 0) == 5
        shape = (len(self.names), len(self.times), None, None, *((3,) if colour else ()))
        keep(self, "values", np.uint8 if uint8 else np.float32, shape)
        if self.known is not None:
            keep(self, "known", np.uint8, (len(self.names), len(self.times)))
        if self.slots < 0:
            raise ValueError("The number of columns of a table cannot be negative.")
