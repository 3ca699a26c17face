"""From a stored picture to the square view that is trained on.

Which part is seen, whether it is mirrored and how its colours are changed depend on (seed, epoch, picture) alone.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, JpegImagePlugin

from zfdesk.sources import SourceError, decode_picture
from zfdesk.sources.colour import to_srgb
from zfdesk.sources.picture_pixels import turn_of
from zfdesk.training.recipe import TrainRecipe

RESIZE = 256
"""The side the shortest edge is brought to before the paper's crops, for an input of 224."""

_ASIDE = (
    Image.Transpose.TRANSPOSE, Image.Transpose.ROTATE_90, Image.Transpose.TRANSVERSE, Image.Transpose.ROTATE_270,
)  # fmt: skip
"""Turns by which width and height change places."""


@dataclass(frozen=True)
class Rng:
    """What is left to chance for one picture in one epoch: eight numbers from 0 to 1."""

    flip: float
    area: float
    ratio: float
    across: float
    down: float
    colours: tuple[float, float, float]


def rng(seed: int, epoch: int, picture: int) -> Rng:
    """The same numbers for the same seed, epoch and picture, whatever came before."""
    generator = np.random.Generator(np.random.Philox(key=[seed, epoch], counter=[0, 0, 1, picture]))
    flip, area, ratio, across, down, *colours = generator.random(8).tolist()
    return Rng(flip, area, ratio, across, down, tuple(colours))


def part_seen(width: int, height: int, recipe: TrainRecipe, drawn: Rng, whole: bool) -> tuple[float, ...]:
    """(left, top, right, bottom) of the part of a picture that is trained on, in its pixels; ``whole``: all of it."""
    shortest = min(width, height)
    if whole or recipe.view == "whole":
        left, top = (width - shortest) / 2, (height - shortest) / 2
        return left, top, left + shortest, top + shortest
    if recipe.view == "ten":
        side, spare = shortest * 224 / RESIZE, shortest * (1 - 224 / RESIZE)
        # centre, then the corners; the flip makes ten of these five
        places = ((0.5, 0.5), (0, 0), (1, 0), (0, 1), (1, 1))
        across, down = places[min(int(drawn.across * 5), 4)]
        left = (width - shortest) / 2 + across * spare
        top = (height - shortest) / 2 + down * spare
        return left, top, left + side, top + side
    area = (recipe.smallest_part + drawn.area * (1 - recipe.smallest_part)) * width * height
    stretch = math.exp((drawn.ratio - 0.5) * 2 * math.log(4 / 3))
    across, down = min(math.sqrt(area * stretch), width), min(math.sqrt(area / stretch), height)
    left, top = drawn.across * (width - across), drawn.down * (height - down)
    return left, top, left + across, top + down


def centre_view(width: int, height: int) -> tuple[float, ...]:
    """The central square that validation sees: 224 of 256 parts of the shortest side."""
    side = min(width, height) * 224 / RESIZE
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def opened(data: bytes) -> Image.Image:
    """A picture ready to be cut; of a JPEG only the header is read yet. ValueError where it is none."""
    if data[:3] == b"\xff\xd8\xff":
        try:
            return JpegImagePlugin.JpegImageFile(io.BytesIO(data))
        except Exception as error:  # damaged files make Pillow raise nearly anything
            raise ValueError("it is a damaged JPEG") from error
    try:
        return Image.fromarray(decode_picture(data, "It"))
    except SourceError as error:
        raise ValueError(str(error)) from error


def view_of(data: bytes, side: int, recipe: TrainRecipe, drawn: Rng, whole: bool) -> np.ndarray:
    """The view of one picture, uint8 (side, side, 3). Raises ValueError or OSError where it cannot be read."""
    image = opened(data)
    turned = _turned(image)
    width, height = image.size[::-1] if turned else image.size
    box = part_seen(width, height, recipe, drawn, whole)
    view = shifted(_cut(image, box, side), recipe.shift, drawn)
    return view[:, ::-1] if recipe.flip and drawn.flip < 0.5 else view


def shifted(view: np.ndarray, most: float, drawn: Rng) -> np.ndarray:
    """A view moved by up to ``most`` of its side across and down, by chance; what comes in at an edge is reflected."""
    side = len(view)
    across, down = shift_of(most, side, drawn)
    if not across and not down:
        return view
    by = max(abs(across), abs(down))
    wide = np.pad(view, ((by, by), (by, by), (0, 0)), "reflect")
    return wide[by + down : by + down + side, by + across : by + across + side]


def shift_of(most: float, side: int, drawn: Rng) -> tuple[int, int]:
    """By how many pixels a view of ``side`` is moved across and down: up to a share ``most`` of it."""
    across, down = (round((2 * part - 1) * most * side) for part in (drawn.across, drawn.down))
    return across, down


def validation_view(data: bytes, side: int, whole: bool) -> np.ndarray:
    """What validation sees of a picture, uint8 (side, side, 3). ``whole``: the central square, not 7/8 of it."""
    image = opened(data)
    width, height = image.size[::-1] if _turned(image) else image.size
    shortest = min(width, height)
    left, top = (width - shortest) / 2, (height - shortest) / 2
    box = (left, top, left + shortest, top + shortest) if whole else centre_view(width, height)
    return _cut(image, box, side)


def _turned(image: Image.Image) -> bool:
    """Whether width and height change places by the picture's orientation."""
    return isinstance(image, JpegImagePlugin.JpegImageFile) and turn_of(image) in _ASIDE


def _cut(image: Image.Image, box: tuple[float, ...], side: int) -> np.ndarray:
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        width, height = image.size
        turn = turn_of(image)
        # a JPEG is decoded at an eighth, quarter or half of its size where that still has the pixels asked for
        spare = min(box[2] - box[0], box[3] - box[1]) / side
        if spare >= 2:
            image.draft("RGB", (math.ceil(width / spare), math.ceil(height / spare)))
        scale = (image.size[0] / width, image.size[1] / height)
        try:
            image.load()
            plain: Image.Image = image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")
        except MemoryError:
            raise
        except Exception as error:  # damaged files make Pillow raise nearly anything
            raise ValueError("it is damaged or cut short") from error
        if turn is not None:
            plain = plain.transpose(turn)
            scale = scale[::-1] if turn in _ASIDE else scale
        box = (box[0] * scale[0], box[1] * scale[1], box[2] * scale[0], box[3] * scale[1])
        box = (box[0], box[1], min(box[2], plain.size[0]), min(box[3], plain.size[1]))
    else:
        plain = image
    small = plain.resize((side, side), Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)  # type: ignore[arg-type]
    return np.asarray(to_srgb(small, image.info.get("icc_profile")))
