"""Colours on paper: activations, signed values, categories. All keep their order when printed in grey."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

SEQUENTIAL = ("inferno", "viridis", "gray", "jet (paper)")
"""For values from zero up, as in the window. All but the paper's jet are perceptually even and lighter with value."""

INK, QUIET, LINE, EMPTY = "#1b1f27", "#4f5662", "#9aa1ac", "#e4e7ec"
BAR, CLEAN = "#7ba3d6", "#1b1f27"
BOXES = {"field": "#0072b2", "unit": "#ffb000", "covered": "#808080", "region": "#000000"}
"""As in the window's light theme: receptive field blue, selected unit amber."""

CATEGORIES = ("#0b3c5d", "#e69f00", "#a3330a", "#f7ee8a", "#009e73", "#8fcdf3", "#b06ca8")
"""After Okabe & Ito (2008), with lightnesses about a tenth apart, so that each differs from every other in grey print;
so ordered that neighbours in the legend differ most."""

LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#1b1f27", "#e69f00", "#56b4e9")
DASHES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (8, 2, 1, 2, 1, 2)), (0, (3, 3)), (0, (12, 2)))
"""As many as there are colours: each line differs from every other in grey print, too."""


def sequential(name: str) -> Colormap:
    """A matplotlib colour map for values from zero up. ValueError for a name that is none of `SEQUENTIAL`."""
    import matplotlib

    if name not in SEQUENTIAL:
        raise ValueError(f"There are no colours called {name!r}; there are {', '.join(SEQUENTIAL)}.")
    return matplotlib.colormaps["jet" if name.startswith("jet") else name].with_extremes(bad=EMPTY)


def signed() -> Colormap:
    """Dark blue below zero, mid-grey at zero, light yellow above: in grey print still darker means less."""
    from matplotlib.colors import ListedColormap

    return ListedColormap(_signed_table(), name="signed").with_extremes(bad=EMPTY)


@lru_cache(maxsize=1)
def _signed_table() -> np.ndarray:
    """255 colours, so that zero has one of its own; lightness in CIELAB rises evenly from 22 to 92."""
    lightness = np.linspace(22, 92, 255)
    share = np.linspace(-1, 1, 255)
    a = np.where(share < 0, 24 * -share, -4 * share)
    b = np.where(share < 0, 62 * share, 72 * share)
    result: np.ndarray = np.clip(_lab_to_rgb(np.stack([lightness, a, b], 1)), 0, 1)
    return result


def _lab_to_rgb(lab: np.ndarray) -> np.ndarray:
    """CIELAB (D65) → sRGB from 0 to 1 (IEC 61966-2-1)."""
    y = (lab[:, 0] + 16) / 116
    f = np.stack([y + lab[:, 1] / 500, y, y - lab[:, 2] / 200], 1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * np.array([0.95047, 1.0, 1.08883])
    to_linear = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    linear = np.clip(xyz @ to_linear.T, 0, 1)
    result: np.ndarray = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return result


def signed_picture(values: np.ndarray, limit: float) -> np.ndarray:
    """Signed values → uint8 of the same shape: zero at 128, ±limit at 255 and 1. As in the window."""
    return (np.clip(values / max(limit, 1e-12), -1, 1) * 127 + 128.5).astype(np.uint8)
