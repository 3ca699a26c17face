"""From a picture's own colour space, where it names one, to sRGB, by LittleCMS."""

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

_SPACES = {"RGB": "RGB", "CMYK": "CMYK", "L": "GRAY", "LAB": "Lab"}
"""Pillow's modes of 8 bits to the colour spaces of a profile that fits them."""


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture as RGB in sRGB; with RGBA's transparency as it was.

    image: of the mode L, RGB, RGBA, CMYK or LAB. profile: its embedded ICC profile, with its own rendering intent.
    Without one, or where it is damaged or of another colour space, the plain formulas of its mode hold.
    """
    if image.mode == "RGBA":
        colours = to_srgb(image.convert("RGB"), profile)
        colours.putalpha(image.getchannel("A"))
        return colours
    transform = _transform(profile, image.mode) if profile else None
    if image.mode == "LAB" and transform is None:
        transform = _transform(_lab_profile(), "LAB")
    if transform is not None:
        image = transform.apply(image)
    return image.convert("RGB")


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From a profile to sRGB; None where it is of no use, or changes nothing because it is sRGB itself."""
    try:
        opened = ImageCms.getOpenProfile(io.BytesIO(profile))
        if opened.profile.xcolor_space.strip() != _SPACES[mode]:
            return None
        intent = ImageCms.Intent(ImageCms.getDefaultIntent(opened))
        # without its cache a transform can be used by several threads at once
        made = ImageCms.buildTransform(
            opened, ImageCms.createProfile("sRGB"), mode, "RGB", intent, ImageCms.Flags.NOCACHE
        )
        return None if mode == "RGB" and _changes_nothing(made) else made
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a damaged profile is no reason to refuse
        return None


def _changes_nothing(transform: Any) -> bool:
    """Whether no colour moves by more than one level, as rounding does: then the file's own values are kept."""
    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(9, 81, 3)
    moved = np.asarray(transform.apply(Image.fromarray(colours))).astype(int) - colours
    return int(np.abs(moved).max()) <= 1


@lru_cache(maxsize=1)
def _lab_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
