"""Pictures side by side, and as a file that says how they were made."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

GAP = 2
"""White pixels between two pictures."""


def contact_sheet(pictures: np.ndarray, columns: int = 0) -> np.ndarray:
    """uint8 (N, height, width, 3) → one picture, row by row. columns: by default as square as it comes."""
    count, height, width, _ = pictures.shape
    columns = min(columns or math.ceil(math.sqrt(count)), count)
    rows = -(-count // columns)
    canvas = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), 255, np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // columns * (height + GAP), number % columns * (width + GAP)
        canvas[top : top + height, left : left + width] = picture
    return canvas


def png_bytes(pixels: np.ndarray, facts: Mapping[str, Any]) -> bytes:
    """A PNG of uint8 (height, width, 3) that holds its facts as text, the lists and tables among them as JSON."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    information = PngInfo()
    for key, value in facts.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        information.add_itxt(key, text)
    memory = io.BytesIO()
    Image.fromarray(pixels).save(memory, "PNG", pnginfo=information)
    return memory.getvalue()
