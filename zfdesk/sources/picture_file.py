"""Opening a picture file: which formats are read, and how large a picture may be."""

import logging
import warnings
from typing import BinaryIO

import pillow_heif
from PIL import Image, features
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile

from zfdesk.sources.colour import profile_of_code_points
from zfdesk.sources.frame import SourceError
from zfdesk.sources.iso_media import code_points_of_primary, size_of_primary

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", *(("AVIF",) if features.check("avif") else ()), "HEIF")
"""The picture formats that are read, by Pillow's names; no other decoder is ever tried on a file.

AVIF comes before HEIF: both may begin alike, and each decoder refuses the other's coding.
"""

FORMAT_NAMES = "JPEG, PNG, GIF, BMP, TIFF, WebP, PPM, " + ("AVIF, " if "AVIF" in FORMATS else "") + "HEIC or HEIF"

ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")
"""Formats whose pictures of several frames are clips. In others they are pages, or stand side by side."""

MOST_BYTES = 440_000_000
"""What decoding a picture may take, so that the whole program stays under 800 MB with a network in it."""

MOST_PIXELS_OF_JPEG = 200_000_000
"""Baseline JPEG is reduced while it is decoded, so that 200 megapixels need no more memory than 3 do."""

_BYTES_A_PIXEL = {"WEBP": 17.5, "AVIF": 11.5, "HEIF": 8.8}
"""What the decoders of these formats take, measured on pictures of 24 and 48 megapixels; Pillow's own take 4."""

# Set once and for all, because warnings.catch_warnings is not safe in threads before Python 3.14. A picture over
# Pillow's limit is refused; its other warnings (odd tags of a TIFF) say nothing a user could act on.
warnings.filterwarnings("ignore", module=r"PIL\.")
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
# Pillow also logs; without a handler, Python would print that to standard error.
logging.getLogger("PIL").addHandler(logging.NullHandler())
# Of a HEIF file the picture alone: no smaller one in its place, and none of what lies beside it.
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=2)


def open_picture(stream: BinaryIO) -> ImageFile:
    """A picture of one of `FORMATS`, of which only the header is read yet. Raises what Pillow raises, of many kinds.

    JPEG goes past Pillow's limit, which counts undiminished pixels: see `refuse_if_huge`. A colour space that HEIF and
    AVIF name by numbers becomes an embedded profile.
    """
    start = stream.read(3)
    stream.seek(0)
    if start != b"\xff\xd8\xff":
        image = Image.open(stream, formats=FORMATS)
        if image.format in ("AVIF", "HEIF") and not image.info.get("icc_profile"):
            named = code_points_of_primary(stream)
            image.info["icc_profile"] = profile_of_code_points(*named) if named else None
        return image
    try:
        return JpegImageFile(stream)
    except SyntaxError as error:
        raise OSError("the JPEG header is damaged") from error


def refuse_if_huge(image: Image.Image, name: str) -> None:
    """Raise SourceError where decoding the picture would take more memory than a laptop has to spare."""
    _refuse_more_than(_most_pixels(image), *image.size, name)


def refuse_if_said_to_be_huge(stream: BinaryIO, format: str, name: str) -> None:
    """The same of a HEIF or AVIF file that cannot be opened: decoders call what is too large for them damaged."""
    if size := size_of_primary(stream):
        _refuse_more_than(int(MOST_BYTES / _BYTES_A_PIXEL[format]), *size, name)


def _refuse_more_than(most: int, width: int, height: int, name: str) -> None:
    if width * height > most:
        raise SourceError(
            f"{name} has {width} x {height} pixels; more than {most // 1_000_000} million are not read in this format."
        )


def _most_pixels(image: Image.Image) -> int:
    if isinstance(image, JpegImageFile) and not image.info.get("progressive"):
        return MOST_PIXELS_OF_JPEG
    cost = _BYTES_A_PIXEL.get(image.format or "", 4.0)
    if isinstance(image, JpegImageFile):  # every coefficient is kept, whatever the size it is decoded to
        widest = max((across * down for _, across, down, _ in image.layer), default=1)
        cost = 2 * sum(across * down for _, across, down, _ in image.layer) / widest
    elif isinstance(image, TiffImageFile) and image.tile and image.tile[0][0] == "libtiff":
        strip = min(1.0, image.tag_v2.get(278, image.height) / image.height)  # that much of it at once, beside it
        cost += strip * sum(image.tag_v2.get(258, (8,))) / 8
    return int(min(MOST_BYTES / max(cost, 1), Image.MAX_IMAGE_PIXELS or MOST_PIXELS_OF_JPEG))


def is_animation(image: Image.Image) -> bool:
    """Whether an opened picture moves, so that it is to be shown as a clip."""
    return image.format in ANIMATED and bool(getattr(image, "is_animated", False))
