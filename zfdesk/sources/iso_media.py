"""What a file in the ISO base media format (MP4, MOV, HEIF, AVIF …) says of itself, read from its boxes.

A box is its length, four letters and its content, which may be boxes again (ISO/IEC 14496-12, section 4.2). Stills and
clips share the format, and FFmpeg takes the first tile of a still for a clip; Pillow reads AVIF without cropping it.
"""

import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import IO

_MOST_BOXES = 4096
_LONGEST_PROPERTIES = 1 << 20  # bytes; those of a phone's picture take 4 thousand

_STILLS = {
    b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIF", b"heix": "HEIF", b"heim": "HEIF", b"heis": "HEIF",
    b"hevc": "HEIF", b"hevx": "HEIF", b"mif1": "HEIF", b"mif2": "HEIF", b"mif3": "HEIF", b"msf1": "HEIF",
    b"miaf": "HEIF", b"avci": "HEIF", b"avcs": "HEIF", b"vvic": "HEIF", b"vvis": "HEIF", b"evmi": "HEIF",
    b"jpeg": "HEIF", b"jpgs": "HEIF", b"j2ki": "HEIF", b"unif": "HEIF", b"geo1": "HEIF",
    b"crx ": "raw", b"jp2 ": "JPEG 2000", b"jpx ": "JPEG 2000", b"jpm ": "JPEG 2000", b"jph ": "JPEG 2000",
    b"jxl ": "JPEG XL",
}  # fmt: skip
"""Major brands of still pictures (mp4ra.org), and what people call them."""

BoxSpan = tuple[bytes, int, int]
"""Four letters, and where the content begins and ends in the file."""


def boxes(stream: IO[bytes], start: int, end: int) -> Iterator[BoxSpan]:
    """The boxes between two places of a file; ends where what follows is none."""
    for _ in range(_MOST_BOXES):
        stream.seek(start)
        head = stream.read(16)
        if start + 8 > end or len(head) < 8:
            return
        length, kind = struct.unpack_from(">I4s", head)
        begin = start + 8
        if length == 1 and len(head) == 16:
            length, begin = struct.unpack_from(">Q", head, 8)[0], start + 16
        stop = end if length == 0 else start + length
        if stop < begin or stop > end:
            return
        yield kind, begin, stop
        start = stop


def still_kind(stream: IO[bytes]) -> str:
    """What kind of still picture a file is, such as "HEIF"; "" for a clip, or for anything else.

    A HEIF file may hold a clip, too. AVIF is never left to FFmpeg, which knows nothing of its transparency.
    """
    end = stream.seek(0, io.SEEK_END)
    brand, moving = b"", False
    for kind, begin, _ in boxes(stream, 0, end):
        if kind == b"ftyp":
            stream.seek(begin)
            brand = stream.read(4)
        moving |= kind == b"moov"
    still = _STILLS.get(brand, "")
    return "" if moving and still == "HEIF" else still


def clean_aperture(stream: IO[bytes], width: int, height: int) -> tuple[int, int, int, int] | None:
    """The part of the primary picture that is to be shown: left, top, right, bottom; None for all of it.

    width, height: of the picture as decoded, not yet turned: cropping comes first (ISO/IEC 23000-22, section 7.3.6.7).
    """
    try:
        numbers = struct.unpack_from(">IIIIiIiI", _property_of_primary(stream, b"clap"))
        # size, and offset of its centre from the picture's
        wide, high, across, down = (Fraction(numbers[place], numbers[place + 1]) for place in range(0, 8, 2))
    except (struct.error, IndexError, ZeroDivisionError):
        return None
    left, top = (width - wide) / 2 + across, (height - high) / 2 + down
    box = (round(left), round(top), round(left) + round(wide), round(top) + round(high))
    inside = 0 <= box[0] < box[2] <= width and 0 <= box[1] < box[3] <= height
    return box if inside and box != (0, 0, width, height) else None


def size_of_primary(stream: IO[bytes]) -> tuple[int, int] | None:
    """Width and height of the primary picture as coded, before it is turned; None where the file does not say."""
    try:
        width, height = struct.unpack_from(">II", _property_of_primary(stream, b"ispe"), 4)
    except (struct.error, IndexError):
        return None
    return width, height


def code_points_of_primary(stream: IO[bytes]) -> tuple[int, int] | None:
    """Numbers of the colour primaries and of the transfer function (ITU-T H.273); None where there are none."""
    try:
        kind, primaries, transfer = struct.unpack_from(">4sHH", _property_of_primary(stream, b"colr", b"nclx"))
    except (struct.error, IndexError):
        return None
    return (primaries, transfer) if kind == b"nclx" else None


def _property_of_primary(stream: IO[bytes], wanted: bytes, start: bytes = b"") -> bytes:
    """The content of the first property of the primary item that is of this kind and starts so; b"" for none."""
    end = stream.seek(0, io.SEEK_END)
    meta = next((box for box in boxes(stream, 0, end) if box[0] == b"meta"), None)
    if meta is None:
        return b""
    inside = {kind: (begin, stop) for kind, begin, stop in boxes(stream, meta[1] + 4, meta[2])}
    if b"pitm" not in inside or b"iprp" not in inside:
        return b""
    primary = _item_number(_content(stream, inside[b"pitm"]))
    properties: list[BoxSpan] = []
    associations: list[bytes] = []
    for kind, begin, stop in boxes(stream, *inside[b"iprp"]):
        if kind == b"ipco":
            properties = list(boxes(stream, begin, stop))
        elif kind == b"ipma":
            associations.append(_content(stream, (begin, stop)))
    for index in (index for data in associations for index in _associated(data, primary)):
        if 0 < index <= len(properties) and properties[index - 1][0] == wanted:
            content = _content(stream, properties[index - 1][1:])
            if content.startswith(start):
                return content
    return b""


def _content(stream: IO[bytes], place: tuple[int, int]) -> bytes:
    stream.seek(place[0])
    return stream.read(min(place[1] - place[0], _LONGEST_PROPERTIES))


def _item_number(pitm: bytes) -> int:
    number: int = struct.unpack_from(">I" if pitm[:1] != b"\0" else ">H", pitm, 4)[0]
    return number


def _associated(ipma: bytes, item: int) -> list[int]:
    """Indices, from 1, of an item's properties (ISO/IEC 23008-12, section 9.3.2)."""
    version, wide = ipma[0], ipma[3] & 1
    count, place = struct.unpack_from(">I", ipma, 4)[0], 8
    for _ in range(count):
        number = struct.unpack_from(">I" if version else ">H", ipma, place)[0]
        place += 4 if version else 2
        (entries,) = struct.unpack_from(">B", ipma, place)
        found = struct.unpack_from(f">{entries}{'H' if wide else 'B'}", ipma, place + 1)
        if number == item:
            return [entry & (0x7FFF if wide else 0x7F) for entry in found]
        place += 1 + entries * (2 if wide else 1)
    return []
