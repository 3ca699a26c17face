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
