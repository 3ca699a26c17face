"""A heat map over the picture it belongs to, as pixels."""

from __future__ import annotations

import numpy as np

from zfdesk.attribution.preparation import shares


def warmed(picture: np.ndarray, heat: np.ndarray, opacity: float = 0.6) -> np.ndarray:
    """The picture in grey, under the heat in amber: uint8 (height, width, 3).

    picture: uint8 (height, width, 3); heat: (height, width), not negative, any scale: its 99.5th percentile is full.
    """
    share = shares(heat)[:, :, None]
    grey = picture.astype(np.float64).mean(2, keepdims=True).repeat(3, 2)
    warm = np.array((255.0, 176.0, 0.0))
    shown: np.ndarray = (
        np.round(grey * (1 - opacity) + opacity * (grey * (1 - share) + warm * share)).clip(0, 255).astype(np.uint8)
    )
    return shown


def heated(
    picture: np.ndarray, heat: np.ndarray, colours: str = "inferno", opacity: float = 0.7, contour: float = 0.0
) -> np.ndarray:
    """The picture in its colours, under the heat, the clearer the hotter, as in the window: uint8 (height, width, 3).

    Arguments as for `warmed`. colours: of `zfdesk.figures.colours.SEQUENTIAL`. contour: a white line where the heat
    falls below this share of the full one; 0 for none.
    """
    from zfdesk.figures.colours import sequential

    share = shares(heat)
    alpha = (share * opacity)[..., None]
    shown = picture * (1 - alpha) + sequential(colours)(share)[..., :3] * 255 * alpha
    if contour > 0:
        inside = np.pad(share >= contour, 1, mode="edge")
        middle = inside[1:-1, 1:-1]
        kept = middle & inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
        shown[middle & ~kept] = 255
    result: np.ndarray = np.round(shown).clip(0, 255).astype(np.uint8)
    return result
