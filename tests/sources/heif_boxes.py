"""Gives the primary picture of a HEIF or AVIF file another property, as a phone writes it and no encoder here does."""

import struct
from collections.abc import Iterator


def box(kind: bytes, *parts: bytes) -> bytes:
    data = b"".join(parts)
    return struct.pack(">I4s", 8 + len(data), kind) + data


def irot(quarter_turns: int) -> bytes:
    """Turned anticlockwise to stand upright."""
    return box(b"irot", bytes([quarter_turns]))


def imir(axis: int) -> bytes:
    """0: upside down, 1: left and right exchanged."""
    return box(b"imir", bytes([axis]))


def clap(width: int, height: int, across: int, down: int) -> bytes:
    """The part of this size whose centre lies so far from the picture's."""
    return box(b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, across, 1, down, 1))


def with_property(file: bytes, added: bytes, first: bool = False) -> bytes:
    """The file with a property of its primary item, after those it has, or ``first`` of those that change pixels."""
    data = bytearray(file)
    meta = _find(data, 0, len(data), b"meta")
    inner = (meta + 12, meta + _length(data, meta))
    pitm = _find(data, *inner, b"pitm")
    primary = struct.unpack_from(">H", data, pitm + 12)[0]
    iprp = _find(data, *inner, b"iprp")
    ipco = _find(data, iprp + 8, iprp + _length(data, iprp), b"ipco")
    ipma = _find(data, iprp + 8, iprp + _length(data, iprp), b"ipma")
    kinds = [bytes(data[place + 4 : place + 8]) for place in _boxes(data, ipco + 8, ipco + _length(data, ipco))]
    assert (data[ipma + 8], data[ipma + 11] & 1) == (0, 0)
    place = ipma + 16
    while struct.unpack_from(">H", data, place)[0] != primary:
        place += 3 + data[place + 2]
    count = data[place + 2]
    turns = [n for n in range(count) if kinds[(data[place + 3 + n] & 0x7F) - 1] in (b"irot", b"imir", b"clap")]
    at = place + 3 + (turns[0] if first and turns else count)
    data[place + 2] += 1
    data[at:at] = bytes([0x80 | (len(kinds) + 1)])
    end = ipco + _length(data, ipco)
    data[end:end] = added
    grown = len(added) + 1
    for start, more in ((meta, grown), (iprp, grown), (ipco, len(added)), (ipma + len(added), 1)):
        struct.pack_into(">I", data, start, _length(data, start) + more)
    _shift_items(data, meta, grown)
    return bytes(data)


def _shift_items(data: bytearray, meta: int, by: int) -> None:
    iloc = _find(data, meta + 12, meta + _length(data, meta), b"iloc")
    version, sizes = data[iloc + 8], struct.unpack_from(">H", data, iloc + 12)[0]
    offset_size, base_size = sizes >> 12, sizes >> 4 & 15
    assert (offset_size, sizes >> 8 & 15, base_size) in ((4, 4, 0), (4, 4, 4), (0, 4, 4))
    assert version < 2
    place = iloc + 16
    for _ in range(struct.unpack_from(">H", data, iloc + 14)[0]):
        place += 2
        inside = version == 1 and data[place + 1] & 15 == 1  # in the box "idat", which moves along
        place += 2 * (version == 1) + 2
        if base_size and not inside:
            base = struct.unpack_from(">I", data, place)[0]
            struct.pack_into(">I", data, place, base + by if base else 0)
        based = bool(base_size and struct.unpack_from(">I", data, place)[0])
        place += base_size
        extents = struct.unpack_from(">H", data, place)[0]
        place += 2
        for _ in range(extents):
            if not inside and not based:
                struct.pack_into(">I", data, place, struct.unpack_from(">I", data, place)[0] + by)
            place += offset_size + 4


def _length(data: bytearray, place: int) -> int:
    length: int = struct.unpack_from(">I", data, place)[0]
    return length


def _boxes(data: bytearray, start: int, end: int) -> Iterator[int]:
    while start < end:
        yield start
        start += _length(data, start)


def _find(data: bytearray, start: int, end: int, kind: bytes) -> int:
    return next(place for place in _boxes(data, start, end) if data[place + 4 : place + 8] == kind)
