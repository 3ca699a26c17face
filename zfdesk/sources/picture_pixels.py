"""From an opened picture file to our pixels: upright, in sRGB, on white, no larger than the desk shows.

What costs memory is done to one band of rows after another: beside the picture as its file has it only the small one
is held, however deep or transparent it is.
"""

import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
from PIL import ExifTags, Image, ImageFile

from zfdesk.sources.colour import to_srgb
from zfdesk.sources.frame import LONGEST_SIDE, frozen_pixels
from zfdesk.sources.heif_rows import HeifRows
from zfdesk.sources.iso_media import clean_aperture

_WHITE = (255, 255, 255, 255)
_BAND_PIXELS = 1_000_000

_STANDARD_ERROR = threading.Lock()
"""Held while the process's standard error is turned away; two threads at once could not put it back."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_SHADES = {"L;2": 85, "L;4": 17}
"""What Pillow multiplies the grey levels of shallow PNGs with."""


def upright_pixels(image: ImageFile.ImageFile) -> np.ndarray:
    """Decode a picture, and give it as `zfdesk.sources.read_picture` promises. Raises what Pillow raises."""
    scale = max(image.size) / LONGEST_SIDE
    if scale > 1:
        image.draft(None, (math.ceil(image.width / scale), math.ceil(image.height / scale)))
    _scale_transparent_colour(image)
    # HEIF comes cropped and turned, AVIF turned by its EXIF block, see `turn_of`
    if image.format == "HEIF" and image.fp:
        return _finished(_brought_down(HeifRows(image.fp)), image)
    part = clean_aperture(image.fp, *image.size) if image.format == "AVIF" and image.fp else None
    with _libtiff_silenced(image):
        image.load()
    return pixels_of(image, part)


def pixels_of(image: ImageFile.ImageFile, part: tuple[int, int, int, int] | None = None) -> np.ndarray:
    """The same of a picture that is decoded already; ``part``: left, top, right, bottom of what is shown of it."""
    return _finished(_brought_down(image.crop(part) if part else image), image)


def _finished(small: Image.Image, image: Image.Image) -> np.ndarray:
    """What is left to be done to the small picture: colours, white behind it, upright, as ``image`` says."""
    turn = turn_of(image)
    small = to_srgb(small, image.info.get("icc_profile"))
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, _WHITE), small).convert("RGB")
    if turn is not None:
        small = small.transpose(turn)
    return frozen_pixels(np.array(small))


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """What its EXIF orientation asks for to stand upright; None for nothing."""
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # a damaged EXIF block is no reason to refuse the picture
        return None


def shrunk(image: Image.Image) -> Image.Image:
    """The picture with its long side brought down to `LONGEST_SIDE`, smaller ones unchanged."""
    return _brought_down(image, lambda band: band)


def _brought_down(
    image: Image.Image | HeifRows, converted: Callable[[Image.Image], Image.Image] | None = None
) -> Image.Image:
    """The picture at most `LONGEST_SIDE` long, converted to what can be averaged: see `_conversion`.

    As ``Image.resize`` with a reducing gap of 1.5 does it, but in bands: first whole groups of pixels are averaged,
    then comes a good filter.
    """
    converted = converted or _conversion(image)
    scale = max(1.0, max(image.size) / LONGEST_SIDE)
    size = (max(1, round(image.width / scale)), max(1, round(image.height / scale)))
    factors = (max(1, int(image.width / size[0] / 1.5)), max(1, int(image.height / size[1] / 1.5)))
    rows = max(1, _BAND_PIXELS // image.width // factors[1]) * factors[1]
    reduced: Image.Image | None = None
    for top in range(0, image.height, rows):
        band = converted(image.crop((0, top, image.width, min(top + rows, image.height))))
        premultiplied = band.convert("RGBa") if band.mode == "RGBA" else band
        part = premultiplied.reduce(factors) if factors != (1, 1) else premultiplied
        if reduced is None:
            reduced = Image.new(part.mode, (part.width, -(-image.height // factors[1])))
        reduced.paste(part, (0, top // factors[1]))
    assert reduced is not None
    if reduced.size != size:
        box = (0, 0, image.width / factors[0], image.height / factors[1])
        reduced = reduced.resize(size, Image.Resampling.LANCZOS, box=box)
    return reduced.convert("RGBA") if reduced.mode == "RGBa" else reduced


def _conversion(image: Image.Image | HeifRows) -> Callable[[Image.Image], Image.Image]:
    """From a band of the picture to L, RGB, RGBA, CMYK or LAB."""
    if isinstance(image, Image.Image) and (image.mode in ("I", "F") or image.mode.startswith("I;")):
        return _deep_conversion(image)
    if image.has_transparency_data:
        return lambda band: band.convert("RGBA")
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return lambda band: band
    return lambda band: band.convert("L" if image.mode == "1" else "RGB")


# Deep pictures


def _deep_conversion(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """From a band of a grey picture of more than 8 bits to L, scaled by the full range of its type, or to RGBA.

    Whole numbers: black is 0 and white the largest number of the file's bits (65535 for 16 bits); negative
    numbers are black. Floating point: white is 1, 255 or 65535, the first that no pixel exceeds, as these are the
    ranges in use; not-a-number is black.
    """
    if image.mode == "F":
        highest = max(float(np.nan_to_num(values, nan=0.0).max()) for values in _values_in_bands(image))
        white = next((limit for limit in (1.0, 255.0, 65535.0) if highest <= limit), 65535.0)
    else:
        white = _white_of_whole_numbers(image)
    key = image.info.get("transparency")
    return partial(_deep_band, white=white, inverted=_white_is_zero(image), key=key if isinstance(key, int) else None)


def _values_in_bands(image: Image.Image) -> Iterator[np.ndarray]:
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        yield np.asarray(image.crop((0, top, image.width, min(top + rows, image.height))))


def _deep_band(band: Image.Image, white: float, inverted: bool, key: int | None) -> Image.Image:
    """``key``: the number that is transparent, None for none."""
    values = np.asarray(band)
    if band.mode == "F":
        values = np.nan_to_num(values, nan=0.0)
    elif white == 2**32 - 1:
        values = values.view(np.uint32)  # Pillow keeps unsigned 32-bit numbers in signed ones
    scaled = np.clip(values, 0, white) * np.float32(255.0 / white)
    grey = np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
    if inverted:
        grey = 255 - grey
    if key is None:
        return Image.fromarray(grey)
    opaque = np.where(values == key, 0, 255).astype(np.uint8)
    return Image.fromarray(np.dstack([grey, grey, grey, opaque]))


def _white_of_whole_numbers(image: Image.Image) -> float:
    """The number that means white: from the bits of a TIFF, else of 16 bits, as PNG and PPM have them."""
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(258, (16,))[0]
    signed = tags.get(339, (1,))[0] == 2
    return float(2 ** (bits - 1 if signed else bits) - 1)


def _white_is_zero(image: Image.Image) -> bool:
    """Whether a deep TIFF counts from white to black, which Pillow reverses only for 8 bits and fewer."""
    return getattr(image, "tag_v2", {}).get(262) == 0


def _scale_transparent_colour(image: Image.Image) -> None:
    """Bring a PNG's transparent colour to the 8 bits that Pillow brings its pixels to; it leaves it as in the file.

    Called before the picture is decoded, as long as it is known how its pixels are stored.
    """
    key, tiles = image.info.get("transparency"), getattr(image, "tile", None)
    if image.format != "PNG" or key is None or not tiles:
        return
    stored = tiles[0][3]
    if isinstance(key, int) and stored in _SHADES:
        image.info["transparency"] = key * _SHADES[stored]
    elif isinstance(key, tuple) and stored == "RGB;16B":
        image.info["transparency"] = tuple(level >> 8 for level in key)


@contextmanager
def _libtiff_silenced(image: Image.Image) -> Iterator[None]:
    """Keep libtiff from printing what is wrong with a compressed TIFF: we say it ourselves, once.

    It writes straight to the process's standard error, and Pillow offers no way to stop that. What others print
    in these milliseconds is lost, so this is done for no other picture.
    """
    tiles = getattr(image, "tile", None)
    if not tiles or tiles[0][0] != "libtiff":
        yield
        return
    with _STANDARD_ERROR:
        try:
            kept = os.dup(2)
        except OSError:  # a program without a console has no standard error
            kept = None
        if kept is not None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
        try:
            yield
        finally:
            if kept is not None:
                os.dup2(kept, 2)
                os.close(kept)
