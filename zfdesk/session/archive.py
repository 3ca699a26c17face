"""Zip files of a few small members, read with suspicion: everything is bounded before it is unpacked.

Nothing is ever unpacked to the disk: members become bytes in memory, and their names only keys.
"""

from __future__ import annotations

import ast
import io
import math
import re
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from zfdesk.sources.frame import frozen_pixels

MOST_MEMBERS = 32
MOST_BYTES = 192 << 20  # of all members together, unpacked
MOST_BYTES_OF_A_MEMBER = 128 << 20
MOST_PIXELS = 40_000_000  # of one frame
LARGEST_DIRECTORY = 64 << 10
FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the same content gives the same bytes
DTYPES = {"|u1": np.uint8, "<f4": np.float32, "<i4": np.int32, "<i8": np.int64}
MOST_DIMENSIONS = 4

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}")
_END = struct.Struct("<4s4H2LH")  # end of central directory, APPNOTE 4.3.16
_ENCRYPTED = 0x1
_END_OF_PNG = b"\0\0\0\0IEND\xaeB`\x82"


class ArchiveError(ValueError):
    """What is wrong with an archive, as a clause: "it is …"."""


def pack(members: Mapping[str, bytes]) -> bytes:
    """A zip of these members in this order; the same members give the same bytes. PNG is stored, the rest deflated."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, FIXED_TIME)
            info.create_system, info.external_attr = 3, 0o644 << 16  # not those of this machine
            info.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return memory.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The members of a zip. Raises ArchiveError, before anything large is made, where it is not one `pack` could make
    up to its compression: damaged, cut short, encrypted, with odd or double names, too many or too large members."""
    _check_end(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            _check_members(infos)
            return {info.filename: _member(archive, info) for info in infos}
    except ArchiveError:
        raise
    except MemoryError:
        raise ArchiveError("it needs more memory than there is") from None
    except Exception:  # damaged archives make zipfile raise nearly anything
        raise ArchiveError("it is damaged") from None


def _check_end(data: bytes) -> None:
    """The end of the directory, before zipfile builds an entry for each of what may be millions of members."""
    if len(data) < _END.size or data[:4] != b"PK\3\4":
        raise ArchiveError("it is not such a file" if len(data) >= 4 else "it is cut short")
    sign, disk, first, here, count, size, start, comment = _END.unpack_from(data, len(data) - _END.size)
    if sign != b"PK\5\6":
        raise ArchiveError("it is cut short or damaged")
    before = len(data) - _END.size
    if (disk, first, comment, here) != (0, 0, 0, count) or start + size != before:
        raise ArchiveError("it is damaged")
    if count > MOST_MEMBERS or size > LARGEST_DIRECTORY or data[before - 20 : before - 16] == b"PK\6\7":
        raise ArchiveError(f"it has more than {MOST_MEMBERS} parts")


def _check_members(infos: list[zipfile.ZipInfo]) -> None:
    names = [info.filename for info in infos]
    # of the name as it is written: zipfile cuts it at a null and turns the other system's separators
    if any(not _NAME.fullmatch(info.orig_filename) for info in infos):
        raise ArchiveError("a part of it has a name that none of ours has")
    if len(set(map(str.casefold, names))) < len(names) or len(names) > MOST_MEMBERS:
        raise ArchiveError("two of its parts have one name")
    for info in infos:
        if info.flag_bits & _ENCRYPTED:
            raise ArchiveError("it is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveError("it is packed in a way that is not read")
        if info.file_size > MOST_BYTES_OF_A_MEMBER:
            raise ArchiveError("a part of it would become too large")
    if sum(info.file_size for info in infos) > MOST_BYTES:
        raise ArchiveError("it would become too large")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """One member: zipfile gives no more than the declared size, and checks its CRC at the end."""
    with archive.open(info) as member:
        data = member.read(info.file_size)
        if member.read(1) or len(data) != info.file_size:
            raise ArchiveError("it is damaged")
    return data


# Arrays


def pack_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """An ``.npz`` that `numpy.load` reads."""
    memory = io.BytesIO()
    named: dict[str, Any] = {name: np.ascontiguousarray(array) for name, array in sorted(arrays.items())}
    np.savez(memory, **named)
    return memory.getvalue()


def unpack_arrays(data: bytes) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz``, read-only. numpy itself would make room for whatever shape a header claims.

    Raises ArchiveError; also for values that are not finite, and types that none of ours has, such as objects.
    """
    members = unpack(data)
    if not all(name.endswith(".npy") for name in members):
        raise ArchiveError("something in it is no array")
    return {name.removesuffix(".npy"): _array(member) for name, member in members.items()}


def _array(data: bytes) -> np.ndarray:
    """One ``.npy`` of version 1.0 (numpy.lib.format): magic, header length, a dictionary, the values."""
    try:
        (length,) = struct.unpack_from("<H", data, 8)
        if data[:8] != b"\x93NUMPY\1\0" or length > 1000:
            raise ArchiveError("an array in it is damaged")
        header = ast.literal_eval(data[10 : 10 + length].decode("ascii"))
        dtype, shape = DTYPES[header["descr"]], header["shape"]
        sound = type(shape) is tuple and all(type(side) is int and 0 <= side < 2**31 for side in shape)
        if set(header) != {"descr", "fortran_order", "shape"} or header["fortran_order"] is not False or not sound:
            raise ArchiveError("an array in it is damaged")
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if len(shape) > MOST_DIMENSIONS or size != len(data) - 10 - length:
            raise ArchiveError("an array in it is damaged")
        array = np.frombuffer(data, dtype, offset=10 + length).reshape(shape)
    except ArchiveError:
        raise
    except (ValueError, TypeError, KeyError, SyntaxError, struct.error, RecursionError, MemoryError):
        raise ArchiveError("an array in it is damaged") from None
    if array.dtype == np.float32 and not np.isfinite(array).all():
        raise ArchiveError("an array in it holds values that are not numbers")
    return array


# Frames


def pack_frame(pixels: np.ndarray) -> bytes:
    """uint8 (height, width, 3) RGB as PNG, without loss."""
    memory = io.BytesIO()
    Image.fromarray(pixels).save(memory, "PNG", compress_level=4)
    return memory.getvalue()


def unpack_frame(data: bytes, height: int, width: int) -> np.ndarray:
    """The pixels again, read-only. Raises ArchiveError unless it is an RGB PNG of that size."""
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
