"""Animated WebP and GIF: Pillow encodes each picture, the files around them are written here."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from typing import cast
from xml.sax.saxutils import escape

import numpy as np
from PIL import GifImagePlugin, Image

from zfdesk.film.encoder import FileEncoder, Settings

SAMPLE_SIDE = 128
"""The square of it: from so many pixels a GIF's colours are chosen. At 1440 × 900 that takes 0.05 s, from all of them
3.4 s, and the picture is as near to what it was (root mean square 2.5 levels, both)."""


class _Changing(FileEncoder):
    """A film of which each frame but the first needs only the part that changed."""

    _shown: np.ndarray | None = None

    def _changed(self, pixels: np.ndarray, even: bool = False) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) of what differs from the frame before, a pixel at least."""
        before, self._shown = self._shown, pixels
        if before is None:
            return 0, 0, self.height, self.width
        differs = (pixels != before).any(2)
        rows, columns = np.flatnonzero(differs.any(1)), np.flatnonzero(differs.any(0))
        if not len(rows):
            return 0, 0, 1, 1
        top, left = int(rows[0]), int(columns[0])
        if even:
            top, left = top - top % 2, left - left % 2
        return top, left, int(rows[-1]) + 1, int(columns[-1]) + 1


class WebP(_Changing):
    """An animated WebP: Pillow encodes each picture, and is given a place in the file here, since Pillow's own way of
    writing an animation keeps every frame in memory. The container: https://developers.google.com/speed/webp/docs/riff_container
    """

    reserve = 1 << 20
    _XMP, _ANIMATION = 0x04, 0x02

    def _open(self) -> None:
        self._carry = 0  # milliseconds since the beginning that are written
        canvas = _three(self.width - 1) + _three(self.height - 1)
        head = b"WEBP" + _chunk(b"VP8X", bytes((self._XMP | self._ANIMATION, 0, 0, 0)) + canvas)
        head += _chunk(b"ANIM", struct.pack("<IH", 0xFFFFFFFF, 0))  # white behind; repeated without end
        self.file.write(b"RIFF" + struct.pack("<I", 0) + head)

    def _write(self, pixels: np.ndarray, time: float, until: float, facts: Mapping[str, str]) -> None:
        top, left, bottom, right = self._changed(pixels, even=True)
        memory = io.BytesIO()
        part = Image.fromarray(np.ascontiguousarray(pixels[top:bottom, left:right]))
        part.save(memory, "WEBP", quality=self.settings.quality, method=2 if self.settings.hurry else 4)
        lasts = max(round(until * 1000) - self._carry, 1)
        self._carry += lasts
        place = _three(left // 2) + _three(top // 2) + _three(right - left - 1) + _three(bottom - top - 1)
        how = bytes((0b10,))  # laid over, not blended, and left there
        self.file.write(_chunk(b"ANMF", place + _three(min(lasts, 0xFFFFFF)) + how + _image_chunks(memory.getvalue())))

    def _end(self) -> None:
        self.file.write(_chunk(b"XMP ", _xmp(self.settings).encode()))
        self.file.seek(4)
        self.file.write(struct.pack("<I", self.file.bytes - 8))


class Gif(_Changing):
    """An animated GIF, each frame with the 256 colours that suit it, and shades spread by dithering."""

    reserve = 1 << 20

    def _open(self) -> None:
        self._carry = 0  # hundredths of a second that are written
        screen = struct.pack("<HHBBB", self.width, self.height, 0x70, 0, 0)  # no colours for all
        self.file.write(b"GIF89a" + screen + b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")
        comment = f"{self.settings.title}\n{self.settings.comment}".encode()
        blocks = b"".join(bytes((len(part),)) + part for part in _parts(comment, 255))
        self.file.write(b"!\xfe" + blocks + b"\x00")

    def _write(self, pixels: np.ndarray, time: float, until: float, facts: Mapping[str, str]) -> None:
        top, left, bottom, right = self._changed(pixels)
        part = Image.fromarray(np.ascontiguousarray(pixels[top:bottom, left:right]))
        coloured = _quantized(part)
        lasts = max(round(until * 100) - self._carry, 2)
        self._carry += lasts
        blocks = GifImagePlugin.getdata(
            coloured, (left, top), duration=min(lasts, 0xFFFF) * 10, disposal=1, include_color_table=True
        )
        self.file.write(b"".join(blocks))

    def _end(self) -> None:
        self.file.write(b";")


def _quantized(part: Image.Image) -> Image.Image:
    """Its own best 256 colours; what has no more keeps them exactly."""
    few = part.getcolors(256)
    if few is not None:
        palette = Image.new("P", (1, 1))
        palette.putpalette([level for _, colour in few for level in cast("tuple[int, ...]", colour)])
        return part.quantize(palette=palette, dither=Image.Dither.NONE)
    usual = _most_frequent(part, 16)  # grounds and lines stay exactly what they are
    rest = _sample(part).quantize(256 - len(usual), method=Image.Quantize.MEDIANCUT, kmeans=1)
    palette = Image.new("P", (1, 1))
    palette.putpalette(usual.tobytes() + bytes(rest.getpalette() or b"")[: 3 * (256 - len(usual))])
    return part.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


def _sample(part: Image.Image) -> Image.Image:
    """Some pixels from all over the picture, always the same places: their colours suit it as well as those of all."""
    pixels = np.asarray(part).reshape(-1, 3)
    if len(pixels) <= SAMPLE_SIDE**2:
        return part
    places = np.random.default_rng(0).integers(len(pixels), size=(SAMPLE_SIDE, SAMPLE_SIDE))
    return Image.fromarray(pixels[places])


def _most_frequent(part: Image.Image, count: int) -> np.ndarray:
    """The colours that most pixels have, uint8 (count, 3)."""
    pixels = np.asarray(part).reshape(-1, 3).astype(np.uint32)
    colours, times = np.unique(pixels @ np.array([1 << 16, 1 << 8, 1], np.uint32), return_counts=True)
    best = colours[np.argsort(-times, kind="stable")[:count]]
    return np.stack([best >> 16, best >> 8 & 255, best & 255], 1).astype(np.uint8)


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def _image_chunks(webp: bytes) -> bytes:
    """What of a still WebP is its picture, for a frame of an animation."""
    place, found = 12, b""
    while place + 8 <= len(webp):
        name, (length,) = webp[place : place + 4], struct.unpack("<I", webp[place + 4 : place + 8])
        end = place + 8 + length + length % 2
        if name in (b"VP8 ", b"VP8L", b"ALPH"):
            found += webp[place:end]
        place = end
    return found


def _xmp(settings: Settings) -> str:
    """Title and description as Adobe's XMP has them."""
    title, comment = escape(settings.title), escape(settings.comment)
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>'
        f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{comment}</rdf:li></rdf:Alt></dc:description>'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )


def _parts(data: bytes, length: int) -> list[bytes]:
    return [data[place : place + length] for place in range(0, len(data), length)]
