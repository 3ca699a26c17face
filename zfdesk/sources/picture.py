"""Still pictures: from a file, from bytes, or pasted."""

import hashlib
import io
import logging
import math
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError, features
from PIL.JpegImagePlugin import JpegImageFile

from zfdesk.sources.base import Deliver, Source, Trouble
from zfdesk.sources.files import file_name, open_file
from zfdesk.sources.frame import LONGEST_SIDE, SourceError, frozen_pixels
from zfdesk.sources.reference import SourceReference

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", *(("AVIF",) if features.check("avif") else ()))
"""The picture formats that are read, by Pillow's names; no other decoder is ever tried on a file."""

MOST_PIXELS_OF_JPEG = 200_000_000
"""Baseline JPEG is reduced while it is decoded, so that 200 megapixels need no more memory than 3 do."""

_PICTURE_NAMES = "JPEG, PNG, GIF, BMP, TIFF, WebP, PPM" + (" or AVIF" if "AVIF" in FORMATS else "")
_WHITE = (255, 255, 255, 255)

# Set once and for all, because warnings.catch_warnings is not safe in threads before Python 3.14. A picture over
# Pillow's limit is refused; its other warnings (odd tags of a TIFF) say nothing a user could act on.
warnings.filterwarnings("ignore", module=r"PIL\.")
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
# Pillow also logs; without a handler, Python would print that to standard error.
logging.getLogger("PIL").addHandler(logging.NullHandler())

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


class PictureSource(Source):
    """One picture file; it is read when the source is made. Raises SourceError."""

    def __init__(self, reference: SourceReference) -> None:
        super().__init__(reference, file_name(reference.location))
        self._pixels = read_picture(reference.location)

    def start(self, deliver: Deliver, trouble: Trouble) -> None:
        """Hand over the picture, once, from within this call."""
        deliver(self._next_frame(self._pixels))

    def stop(self) -> None:
        """Nothing to stop."""


class PastedSource(Source):
    """A picture from the clipboard or another program; `pixels` is uint8 height x width x 3, RGB.

    It is copied, and brought down to `LONGEST_SIDE`. Its reference names what is in it, so that a saved view can
    never mean another pasted picture. Raises SourceError where it is not such a picture.
    """

    def __init__(self, pixels: np.ndarray, label: str = "clipboard") -> None:
        try:
            pixels = frozen_pixels(np.array(pixels, order="C"))
        except ValueError as error:
            raise SourceError("What was pasted is not a picture in colour.") from error
        if max(pixels.shape) > LONGEST_SIDE:
            pixels = frozen_pixels(np.array(_shrunk(Image.fromarray(pixels))))
        told = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()[:16]
        super().__init__(SourceReference("pasted", f"{label} {told}"), label)
        self._pixels = pixels

    def start(self, deliver: Deliver, trouble: Trouble) -> None:
        """Hand over the picture, once, from within this call."""
        deliver(self._next_frame(self._pixels))

    def stop(self) -> None:
        """Nothing to stop."""


def read_picture(path: str | os.PathLike[str]) -> np.ndarray:
    """A picture file as read-only uint8 of shape height x width x 3, RGB, upright, at most `LONGEST_SIDE` long.

    - The EXIF orientation is applied; of an animation the first frame is taken.
    - Transparency is put on white, which is what paper and most viewers show.
    - 16-bit and other deep pictures are scaled by the full range of their type, never by their own contrast;
      see `_deep_to_bytes` for what counts as the full range.
    - CMYK is converted by the plain formula; embedded colour profiles are not applied.

    Raises SourceError.
    """
    with open_file(path) as stream:
        return _read(stream, file_name(path))


def decode_picture(data: bytes, name: str = "The picture") -> np.ndarray:
    """Like `read_picture`, for the bytes of a picture file; `name` is how a sentence would call it."""
    if not data:
        raise SourceError(f"{name} is empty.")
    return _read(io.BytesIO(data), name)


def is_picture(path: str | os.PathLike[str]) -> bool:
    """Whether the file begins as one of `FORMATS` does; its pixels are not decoded. Raises SourceError."""
    return _kind_of_picture(path) is not None


def is_animation(path: str | os.PathLike[str]) -> bool:
    """Whether the file is a GIF with several frames, to be shown as a clip. Raises SourceError."""
    return _kind_of_picture(path) == "animation"


def _kind_of_picture(path: str | os.PathLike[str]) -> str | None:
    """ "picture", "animation" (a GIF of several frames) or None. A picture over the size limits is a picture."""
    with open_file(path) as stream:
        try:
            with _opened(stream) as image:
                return "animation" if image.format == "GIF" and getattr(image, "is_animated", False) else "picture"
        except UnidentifiedImageError:
            return None
        except Exception:  # it began as a picture does: reading it will tell what is wrong
            return "picture"


def _read(stream: BinaryIO, name: str) -> np.ndarray:
    try:
        with _opened(stream) as image:
            _refuse_if_huge(image, name)
            return _upright_pixels(image)
    except SourceError:
        raise
    except UnidentifiedImageError as error:
        raise SourceError(f"{name} is not a picture that can be read ({_PICTURE_NAMES}).") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise SourceError(f"{name} is too large a picture to be read.") from error
    except MemoryError as error:
        raise SourceError(f"{name} needs more memory than there is.") from error
    except Exception as error:  # damaged files make Pillow raise nearly anything, from OSError to RuntimeError
        raise SourceError(f"{name} is damaged or cut short, so it cannot be read.") from error


@contextmanager
def _opened(stream: BinaryIO) -> Iterator[Image.Image]:
    """Open a picture: only its header is read. JPEG goes past Pillow's limit, which counts undiminished pixels."""
    start = stream.read(3)
    stream.seek(0)
    if start != b"\xff\xd8\xff":
        with Image.open(stream, formats=FORMATS) as image:
            yield image
        return
    try:
        opened = JpegImageFile(stream)
    except SyntaxError as error:
        raise OSError("the JPEG header is damaged") from error
    with opened as image:
        yield image


def _refuse_if_huge(image: Image.Image, name: str) -> None:
    # A progressive JPEG keeps every coefficient in memory, whatever the size it is decoded to.
    reduced_while_decoding = isinstance(image, JpegImageFile) and not image.info.get("progressive")
    most = MOST_PIXELS_OF_JPEG if reduced_while_decoding else Image.MAX_IMAGE_PIXELS
    if most is not None and image.width * image.height > most:
        raise SourceError(
            f"{name} has {image.width} x {image.height} pixels; "
            f"more than {most // 1_000_000} million are not read in this format."
        )


def _upright_pixels(image: Image.Image) -> np.ndarray:
    """Decode, convert to RGB, bring down and turn upright."""
    scale = max(image.size) / LONGEST_SIDE
    if scale > 1:
        image.draft(None, (math.ceil(image.width / scale), math.ceil(image.height / scale)))
    with _libtiff_silenced(image):
        image.load()
    turn = turn_of(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        small = _shrunk(Image.fromarray(_deep_to_bytes(image))).convert("RGB")
    elif image.has_transparency_data:
        layered = _shrunk(image.convert("RGBA"))
        small = Image.alpha_composite(Image.new("RGBA", layered.size, _WHITE), layered).convert("RGB")
    else:
        small = _shrunk(image.convert("RGB"))
    if turn is not None:
        small = small.transpose(turn)
    return frozen_pixels(np.array(small))


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


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """What its EXIF orientation asks for to stand upright; None for nothing."""
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # a damaged EXIF block is no reason to refuse the picture
        return None


def _shrunk(image: Image.Image) -> Image.Image:
    """The picture with its long side brought down to `LONGEST_SIDE`, smaller ones unchanged."""
    scale = max(image.size) / LONGEST_SIDE
    if scale <= 1:
        return image
    size = (max(1, round(image.width / scale)), max(1, round(image.height / scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _deep_to_bytes(image: Image.Image) -> np.ndarray:
    """A gray picture of more than 8 bits as uint8, height x width, scaled by the full range of its type.

    Whole numbers: black is 0 and white the largest number of the file's bits (65535 for 16 bits); negative
    numbers are black. Floating point: white is 1, 255 or 65535, the first that no pixel exceeds, as these are the
    ranges in use; not-a-number is black.
    """
    values = np.asarray(image)
    if image.mode == "F":
        values = np.nan_to_num(values, nan=0.0)
        white = next((limit for limit in (1.0, 255.0, 65535.0) if values.max() <= limit), 65535.0)
    else:
        white = _white_of_whole_numbers(image)
        if white == 2**32 - 1:
            values = values.view(np.uint32)  # Pillow keeps unsigned 32-bit numbers in signed ones
    scaled = np.clip(values, 0, white) * np.float32(255.0 / white)
    gray = np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
    return 255 - gray if _white_is_zero(image) else gray


def _white_of_whole_numbers(image: Image.Image) -> float:
    """The number that means white: from the bits of a TIFF, else of 16 bits, as PNG and PPM have them."""
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(258, (16,))[0]
    signed = tags.get(339, (1,))[0] == 2
    return float(2 ** (bits - 1 if signed else bits) - 1)


def _white_is_zero(image: Image.Image) -> bool:
    """Whether a deep TIFF counts from white to black, which Pillow reverses only for 8 bits and fewer."""
    return getattr(image, "tag_v2", {}).get(262) == 0
