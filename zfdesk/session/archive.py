"""A session as a zip of a few small members, its arrays and its frames: see `zfdesk.npz` for how it is read."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping

import numpy as np
from PIL import Image

from zfdesk import npz
from zfdesk.npz import ArchiveError
from zfdesk.sources.frame import frozen_pixels

MOST_MEMBERS = 32
MOST_BYTES = 192 << 20  # of all members together, unpacked
MOST_BYTES_OF_A_MEMBER = 128 << 20
MOST_PIXELS = 40_000_000  # of one frame
LIMITS = npz.NpzLimits(
    MOST_BYTES, MOST_MEMBERS, frozenset({"|u1", "<f4", "<i4", "<i8"}), most_dimensions=4,
    most_bytes_of_one=MOST_BYTES_OF_A_MEMBER, fortran=False,
)  # fmt: skip

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}")
_END_OF_PNG = b"\0\0\0\0IEND\xaeB`\x82"


def pack_members(members: Mapping[str, bytes]) -> bytes:
    """A zip of these members in this order; the same members give the same bytes. PNG is stored, the rest deflated."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, npz.EARLIEST)
            info.create_system, info.external_attr = 3, 0o644 << 16  # not those of this machine
            info.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return memory.getvalue()


def unpack_members(data: bytes) -> dict[str, bytes]:
    """The members of a zip. Raises ArchiveError, before anything large is made, where it is not one that `pack_members`
    could make up to its compression: damaged, cut short, encrypted, with odd names, too many or too large members."""
    parts = npz.members(data, LIMITS)
    if not all(_NAME.fullmatch(name) for name in parts):
        raise ArchiveError("a part of it has a name that none of ours has")
    return parts


# Arrays


def pack_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays by name, of any shape, as an ``.npz`` that `numpy.load` reads."""
    return npz.encode({name: np.ascontiguousarray(array) for name, array in arrays.items()}, compressed=False)


def unpack_arrays(data: bytes) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz`` by name, read-only, of up to four dimensions. Raises ArchiveError for what is no such
    file, and for values that are not finite."""
    arrays = npz.decode(data, LIMITS)
    if any(array.dtype == np.float32 and not np.isfinite(array).all() for array in arrays.values()):
        raise ArchiveError("an array in it holds values that are not numbers")
    return arrays


# Frames


def pack_frame(pixels: np.ndarray) -> bytes:
    """uint8 (height, width, 3) RGB as PNG, without loss."""
    memory = io.BytesIO()
    Image.fromarray(pixels).save(memory, "PNG", compress_level=4)
    return memory.getvalue()


def unpack_frame(data: bytes, height: int, width: int) -> np.ndarray:
    """The pixels again, uint8 (height, width, 3), read-only. Raises ArchiveError unless it is such a PNG."""
    if not 0 < height * width <= MOST_PIXELS:
        raise ArchiveError("a picture in it is too large")
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if image.size != (width, height) or image.mode != "RGB" or not data.endswith(_END_OF_PNG):
                raise ArchiveError("a picture in it is not what it says")
            image.load()
            return frozen_pixels(np.array(image))
    except ArchiveError:
        raise
    except MemoryError:
        raise ArchiveError("it needs more memory than there is") from None
    except Exception:  # damaged pictures make Pillow raise nearly anything
        raise ArchiveError("a picture in it is damaged") from None
