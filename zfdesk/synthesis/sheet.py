"""Pictures side by side."""

from __future__ import annotations

import math

import numpy as np

GAP = 2
"""White pixels between two pictures."""


def sheet(pictures: np.ndarray, columns: int = 0) -> np.ndarray:
    """uint8 (N, height, width, 3) → one picture, row by row. columns: by default as square as it comes."""
    count, height, width, _ = pictures.shape
    columns = min(columns or math.ceil(math.sqrt(count)), count)
    rows = -(-count // columns)
    whole = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), 255, np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // columns * (height + GAP), number % columns * (width + GAP)
        whole[top : top + height, left : left + width] = picture
    return whole
