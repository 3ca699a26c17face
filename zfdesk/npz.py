"""Arrays as .npz, and other zips of a few members: the same content gives the same bytes, and a file is read with
suspicion: everything is bounded before it is unpacked. Belongs to no room and knows none.

Nothing is unpacked to the disk or executed: members become bytes in memory, and their names only keys.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""Of a zip's clock: with the time of day no two files would be the same."""

LARGEST_HEADER = 10_000  # of an array, in bytes
LARGEST_ENTRY = 1 << 11  # of the zip's directory, in bytes: for each member that is allowed
NUMBERS = frozenset(
    np.dtype(f"{order}{kind}").str
    for order in "<>"
    for kind in ("b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8")
)
"""Every kind of numbers, as numpy writes them in a header."""

_END = struct.Struct("<4s4H2LH")  # end of central directory, APPNOTE 4.3.16
_ENCRYPTED = 0x1


class ArchiveError(ValueError):
    """What is wrong with a file, as a clause: "it is …"."""


@dataclass(frozen=True)
class NpzLimits:
    """What is read. most_bytes: of all members together, unpacked; most_bytes_of_one: of each. kinds: of arrays, as in
    a header. text: whether an array may be a single text. fortran: whether an array may be
    stored column by column."""

    most_bytes: int
    most_members: int = 32
    kinds: frozenset[str] = NUMBERS
    text: bool = False
    most_dimensions: int = 8
    most_bytes_of_one: int | None = None
    fortran: bool = True


def encode(arrays: Mapping[str, np.ndarray], compressed: bool = True, sort: bool = True) -> bytes:
    """What `numpy.savez_compressed` writes, without the time of day; in order of the names, or in the order given."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name in sorted(arrays) if sort else arrays:
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(arrays[name]), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
            archive.writestr(entry, member.getvalue())
    return memory.getvalue()


def decode(data: bytes, limits: NpzLimits) -> dict[str, np.ndarray]:
    """The arrays of an .npz, read-only; a text has no dimensions. Raises ArchiveError.

    numpy itself would make room for whatever shape a header claims.
    """
    parts = members(data, limits)
    if not all(name.endswith(".npy") for name in parts):
        raise ArchiveError("something in it is no array")
    return {name.removesuffix(".npy"): array(part, limits) for name, part in parts.items()}


def array(data: bytes, limits: NpzLimits) -> np.ndarray:
    """One .npy of version 1.0 (numpy.lib.format) whose header claims no more than there is. Raises ArchiveError."""
    try:
        stream = io.BytesIO(data)
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ArchiveError("an array in it is of another format")
        if struct.unpack_from("<H", data, 8)[0] > LARGEST_HEADER:
            raise ArchiveError("an array in it is damaged")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        text = limits.text and dtype.kind == "U" and shape == ()
        if not text and (dtype.str not in limits.kinds or len(shape) > limits.most_dimensions):
            raise ArchiveError("an array in it is of a kind that none of ours has")
        count = math.prod(shape)
        if fortran > limits.fortran or min(shape, default=0) < 0 or count * dtype.itemsize != len(data) - stream.tell():
            raise ArchiveError("an array in it is damaged")
        values = np.frombuffer(data, dtype, count, stream.tell()) if count else np.zeros(0, dtype)
        values.setflags(write=False)
        return values.reshape(shape, order="F" if fortran else "C")
    except (ArchiveError, MemoryError):
        raise
    except Exception:  # a damaged header makes numpy raise nearly anything
        raise ArchiveError("an array in it is damaged") from None


def members(data: bytes, limits: NpzLimits) -> dict[str, bytes]:
    """The members of a zip by name. Raises ArchiveError, before anything large is made, where it is damaged, cut short,
    encrypted, packed in a rare way, or has double names, or too many or too large members."""
    _check_end(data, limits.most_members)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            _check(infos, limits)
            return {info.filename: _member(archive, info) for info in infos}
    except ArchiveError:
        raise
    except MemoryError:
        raise ArchiveError("it needs more memory than there is") from None
    except Exception:  # damaged archives make zipfile raise nearly anything
        raise ArchiveError("it is damaged") from None


def _check_end(data: bytes, most: int) -> None:
    """The end of the directory, before zipfile builds an entry for each of what may be millions of members."""
    if len(data) < _END.size or data[:4] != b"PK\3\4":
        raise ArchiveError("it is not such a file" if len(data) >= 4 else "it is cut short")
    sign, disk, first, here, count, size, start, comment = _END.unpack_from(data, len(data) - _END.size)
    if sign != b"PK\5\6":
        raise ArchiveError("it is cut short or damaged")
    before = len(data) - _END.size
    if (disk, first, comment, here) != (0, 0, 0, count) or start + size != before:
        raise ArchiveError("it is damaged")
    if count > most or size > most * LARGEST_ENTRY or data[before - 20 : before - 16] == b"PK\6\7":
        raise ArchiveError(f"it has more than {most} parts")


def _check(infos: list[zipfile.ZipInfo], limits: NpzLimits) -> None:
    # of the name as it is written, too: zipfile cuts it at a null and turns the other system's separators
    if any(info.filename != info.orig_filename for info in infos):
        raise ArchiveError("a part of it has a name that none of ours has")
    if len({info.filename.casefold() for info in infos}) < len(infos) or len(infos) > limits.most_members:
        raise ArchiveError("two of its parts have one name")
    for info in infos:
        if info.flag_bits & _ENCRYPTED:
            raise ArchiveError("it is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveError("it is packed in a way that is not read")
        if info.file_size > (limits.most_bytes_of_one or limits.most_bytes):
            raise ArchiveError("a part of it would become too large")
    if sum(info.file_size for info in infos) > limits.most_bytes:
        raise ArchiveError("it would become too large")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """One member: zipfile gives no more than the declared size, and checks its CRC at the end."""
    with archive.open(info) as member:
        data = member.read(info.file_size)
        if member.read(1) or len(data) != info.file_size:
            raise ArchiveError("it is damaged")
    return data


__all__ = ["EARLIEST", "NUMBERS", "ArchiveError", "NpzLimits", "array", "decode", "encode", "members"]
