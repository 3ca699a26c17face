"""Views of pictures for training: random crops, small crops, whole pictures, and mixtures of two.

A view is a square RGB picture; how it was cut depends on nothing but the generator that is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from zfdesk.engine.picture import CropBox

ASPECT = (3 / 4, 4 / 3)
SCALE = (0.3, 1.0)
"""Share of a picture's area that an ordinary crop takes."""
SMALL_SCALE = (0.08, 0.3)
WHOLE_SHARE, SMALL_SHARE = 0.12, 0.15
"""How often a view is the largest central square, or a small crop; a small one has `SMALLEST` pixels a side or more."""
SMALLEST = 64
SPLIT = (0.35, 0.65)
"""Where a view that shows two pictures is divided."""


@dataclass(frozen=True)
class ViewPlan:
    """How views are made: ``side`` in pixels; ``mixtures``: share of views that show two pictures; ``plain``: nothing
    but the largest central square, for validation."""

    side: int = 192
    mixtures: float = 0.0
    plain: bool = False

    def make(
        self, picture: Image.Image, another: Callable[[np.random.Generator], Image.Image], rng: np.random.Generator
    ) -> Image.Image:
        """A view of ``picture``; ``another`` draws the second one of a mixture."""
        if self.plain:
            return cut(picture, centre_square(picture.size), self.side, self.side)
        if rng.random() >= self.mixtures:
            return view(picture, self.side, self.side, rng)
        return mixture(picture, another(rng), self.side, rng)


def centre_square(size: tuple[int, int]) -> CropBox:
    """The largest central square of a picture of ``size`` (width, height)."""
    width, height = size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def random_box(size: tuple[int, int], scale: tuple[float, float], shape: float, rng: np.random.Generator) -> CropBox:
    """A box inside a picture of ``size``: its area a share within ``scale``, evenly drawn, its width / height within
    `ASPECT` times ``shape``, evenly in the logarithm. What does not fit ten times becomes as much as fits the centre.
    """
    width, height = size
    for _ in range(10):
        area = rng.uniform(scale[0], scale[1]) * width * height
        aspect = shape * math.exp(rng.uniform(math.log(ASPECT[0]), math.log(ASPECT[1])))
        wide, high = math.sqrt(area * aspect), math.sqrt(area / aspect)
        if wide <= width and high <= height:
            left, top = rng.uniform(0, width - wide), rng.uniform(0, height - high)
            return left, top, min(left + wide, width), min(top + high, height)
    wide = min(width, height * shape)
    high = min(height, wide / shape)  # to rounding
    left, top = (width - wide) / 2, (height - high) / 2
    return left, top, min(left + wide, width), min(top + high, height)


def view(picture: Image.Image, width: int, height: int, rng: np.random.Generator) -> Image.Image:
    """A random crop of a picture, ``width`` × ``height``."""
    kind = rng.random()
    if kind < WHOLE_SHARE and width == height:
        return cut(picture, centre_square(picture.size), width, height)
    smallest = math.sqrt(SMALL_SCALE[0] * picture.width * picture.height)
    small = WHOLE_SHARE <= kind < WHOLE_SHARE + SMALL_SHARE and smallest >= SMALLEST
    box = random_box(picture.size, SMALL_SCALE if small else SCALE, width / height, rng)
    return cut(picture, box, width, height)


def mixture(first: Image.Image, second: Image.Image, side: int, rng: np.random.Generator) -> Image.Image:
    """Two pictures in one view: a rectangle of the second in the first (CutMix, Yun et al. 2019), both faded into each
    other (mixup, Zhang et al. 2018), or side by side."""
    kind = rng.random()
    if kind < 0.4:
        share = math.sqrt(rng.uniform(0.2, 0.6))
        edge = max(1, round(side * share))
        left, top = (int(place) for place in rng.integers(0, side - edge + 1, 2))
        below, above = view(first, side, side, rng), view(second, side, side, rng)
        below.paste(above.crop((left, top, left + edge, top + edge)), (left, top))
        return below
    if kind < 0.65:
        return Image.blend(view(first, side, side, rng), view(second, side, side, rng), rng.uniform(0.3, 0.7))
    at = min(max(1, round(side * rng.uniform(*SPLIT))), side - 1)
    made = Image.new("RGB", (side, side))
    if rng.random() < 0.5:
        made.paste(view(first, at, side, rng), (0, 0))
        made.paste(view(second, side - at, side, rng), (at, 0))
    else:
        made.paste(view(first, side, at, rng), (0, 0))
        made.paste(view(second, side, side - at, rng), (0, at))
    return made


def cut(picture: Image.Image, box: CropBox, width: int, height: int) -> Image.Image:
    """``box`` of a picture scaled to ``width`` × ``height``, antialiased bicubic."""
    return picture.resize((width, height), Image.Resampling.BICUBIC, box=box)
