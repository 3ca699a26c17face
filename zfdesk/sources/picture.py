"""Still pictures: from a file, from bytes, or pasted."""

import hashlib
import io
import os
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from zfdesk.sources.base import Deliver, OnError, Source
from zfdesk.sources.files import file_name, open_file
from zfdesk.sources.frame import LONGEST_SIDE, SourceError, frozen_pixels
from zfdesk.sources.iso_media import still_kind
from zfdesk.sources.picture_file import (
    FORMAT_NAMES,
    is_animation,
    open_picture,
    refuse_if_huge,
    refuse_if_said_to_be_huge,
)
from zfdesk.sources.picture_pixels import shrunk, upright_pixels
from zfdesk.sources.reference import SourceReference

CLIP_SIGNS = (
    (4, b"ftyp"), (4, b"moov"), (0, b"\x1aE\xdf\xa3"), (8, b"AVI "), (0, b"OggS"), (0, b"FLV"),
    (0, b"\x00\x00\x01\xba"),
)  # fmt: skip
"""Place and bytes by which files of clips are known."""


class PictureSource(Source):
    """One picture file; it is read when the source is made. Raises SourceError."""

    def __init__(self, reference: SourceReference) -> None:
        super().__init__(reference, file_name(reference.location))
        self._pixels = read_picture(reference.location)
        self._full = full_size(reference.location, self._pixels)

    def start(self, deliver: Deliver, on_error: OnError) -> None:
        """Hand over the picture, once, from within this call."""
        deliver(replace(self._next_frame(self._pixels), full=self._full))

    def stop(self) -> None:
        """Do nothing: there is no thread to stop."""


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
            pixels = frozen_pixels(np.array(shrunk(Image.fromarray(pixels))))
        digest = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()[:16]
        super().__init__(SourceReference("pasted", f"{label} {digest}"), label)
        self._pixels = pixels

    def start(self, deliver: Deliver, on_error: OnError) -> None:
        """Hand over the picture, once, from within this call."""
        deliver(self._next_frame(self._pixels))

    def stop(self) -> None:
        """Do nothing: there is no thread to stop."""


def read_picture(path: str | os.PathLike[str]) -> np.ndarray:
    """A picture file as read-only uint8 of shape height x width x 3, RGB, upright, at most `LONGEST_SIDE` long.

    - It is turned and cropped as the file says, by EXIF or by HEIF's properties; of several pictures in one file the
      first, or the one that is marked as primary, is taken, of an animation the first frame.
    - Its colours are converted to sRGB where it has an ICC profile, or names its colour space by numbers as HEIF and
      AVIF may; what is brighter than paper in HDR becomes white. CMYK without a profile: by the plain formula.
    - Transparency is put on white, which is what paper and most viewers show.
    - 16-bit and other deep pictures are scaled by the full range of their type, never by their own contrast.

    Raises SourceError.
    """
    with open_file(path) as stream:
        return _read(stream, file_name(path))


def full_size(path: str | os.PathLike[str], pixels: np.ndarray) -> tuple[int, int] | None:
    """Height and width of the picture in its file, upright, where ``pixels`` were brought down from it; else None."""
    height, width = pixels.shape[:2]
    if max(height, width) < LONGEST_SIDE:
        return None
    with open_file(path) as stream:
        try:
            with open_picture(stream) as image:
                sides = image.size
        except Exception:  # it was read before: whatever is wrong with its header now, only a number is lost
            return None
    if max(sides) <= LONGEST_SIDE:
        return None
    lying = (sides[0] > sides[1]) != (width > height)  # turned, as the file says
    return sides if lying else (sides[1], sides[0])


def decode_picture(data: bytes, name: str = "The picture") -> np.ndarray:
    """Like `read_picture`, for the bytes of a picture file; `name` is how a sentence would call it."""
    if not data:
        raise SourceError(f"{name} is empty.")
    return _read(io.BytesIO(data), name)


def kind_of_picture(path: str | os.PathLike[str]) -> str | None:
    """ "picture", "animation" (several frames, to be shown as a clip), or None for what is neither.

    Only the file's beginning is looked at, not what it is called; what is damaged further on is a picture, and reading
    it tells what is wrong. Raises SourceError.
    """
    with open_file(path) as stream:
        try:
            with open_picture(stream) as image:
                return "animation" if is_animation(image) else "picture"
        except UnidentifiedImageError:
            return "picture" if still_kind(stream) else None
        except Exception:
            return "picture"


def _read(stream: BinaryIO, name: str) -> np.ndarray:
    try:
        with open_picture(stream) as image:
            refuse_if_huge(image, name)
            return upright_pixels(image)
    except SourceError:
        raise
    except UnidentifiedImageError as error:
        raise SourceError(_unknown_text(stream, name)) from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise SourceError(f"{name} is too large a picture to be read.") from error
    except MemoryError as error:
        raise SourceError(f"{name} needs more memory than there is.") from error
    except Exception as error:  # damaged files make Pillow raise nearly anything, from OSError to RuntimeError
        if str(error).lower().startswith("unsupported"):
            raise SourceError(
                f"{name} is in a variant of its format that is not read; save it as JPEG or PNG."
            ) from error
        raise SourceError(f"{name} is damaged or cut short, so it cannot be read.") from error


def _unknown_text(stream: BinaryIO, name: str) -> str:
    kind = still_kind(stream)
    if kind in ("HEIF", "AVIF"):
        refuse_if_said_to_be_huge(stream, kind, name)
        return f"{name} is a picture in {kind} that cannot be read: it is damaged, or in a coding that is not known."
    if kind:
        return f"{name} is a {kind} picture, which is not read here; save it as JPEG or PNG."
    if _is_clip(stream):
        return f"{name} is a clip, and a picture is wanted here: save one of its frames as a picture."
    return f"{name} is not a picture that can be read ({FORMAT_NAMES})."


def _is_clip(stream: BinaryIO) -> bool:
    """Whether a file begins as MP4, MOV, Matroska, WebM, AVI, Ogg, MPEG or FLV do."""
    stream.seek(0)
    head = stream.read(12)
    return any(head[place : place + len(sign)] == sign for place, sign in CLIP_SIGNS)
