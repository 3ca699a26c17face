"""Colour tables of 256 entries for 8-bit pictures: zero where it belongs, and which table suits which values."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyqtgraph

SEQUENTIAL = ("inferno", "viridis", "gray", "jet (paper)")
"""For activations: values from zero up. All but the paper's jet are perceptually even."""

JET = (  # red, green, blue: where each line of matplotlib's jet bends, which figures take; it is slow to import
    ((0, 0.35, 0.66, 0.89, 1), (0, 0, 1, 1, 0.5)),
    ((0, 0.125, 0.375, 0.64, 0.91, 1), (0, 0, 1, 1, 0, 0)),
    ((0, 0.11, 0.34, 0.65, 1), (0.5, 1, 1, 0, 0)),
)
DIVERGING = "CET-D1A"  # blue – white – red (Kovesi 2015), from pyqtgraph


@lru_cache
def table(name: str, signed: bool, dark: bool) -> tuple[int, ...]:
    """256 colours as 0xffRRGGBB for levels as `Mosaic.image` has them: 0 is the gap, 1–255 the values.

    Signed values always get a diverging table with zero at 128; ``name`` chooses among SEQUENTIAL for the others.
    ``dark``: the gap's colour goes with the dark theme, and zero of the diverging table is black rather than white.
    """
    colours = _diverging(dark) if signed else _sequential(name)
    gap = 0xFF1C1F26 if dark else 0xFFFFFFFF
    packed = (colours[:, 0] << 16) | (colours[:, 1] << 8) | colours[:, 2] | 0xFF000000
    return (gap, *(int(value) for value in packed))


def _sequential(name: str) -> np.ndarray:
    share = np.linspace(0, 1, 255)
    if name == "gray":
        colours = np.repeat(share[:, None] * 255, 3, axis=1)
    elif name.startswith("jet"):
        colours = np.stack([np.interp(share, places, levels) for places, levels in JET], 1) * 255
    else:
        colours = pyqtgraph.colormap.get(name).map(share)[:, :3].astype(float)
        if name == "inferno":
            colours[0] = 0  # exactly zero is exactly black
    return np.round(colours).astype(np.int64)


def _diverging(dark: bool) -> np.ndarray:
    share = np.linspace(-1, 1, 255)
    if not dark:
        result: np.ndarray = np.round(pyqtgraph.colormap.get(DIVERGING).map((share + 1) / 2)[:, :3]).astype(np.int64)
        return result
    # black in the middle; blue below and orange above differ for every kind of colour vision
    strength = np.abs(share)[:, None] ** 0.8
    below, above = np.array([70, 170, 255]), np.array([255, 150, 40])
    return np.round(np.where(share[:, None] < 0, below, above) * strength).astype(np.int64)
