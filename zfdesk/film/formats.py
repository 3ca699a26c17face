"""How each kind of film is written: MP4 through FFmpeg, WebP, GIF and PNG through Pillow, one picture after another.

All of them keep no more than a picture or two in memory, so that a film may be as long as there is disk. Times are
kept as they are: an MP4 to 1/60000 s, a WebP to the millisecond, a GIF to its hundredth of a second; rounding does not
add up. What is written so far can be brought to its end at any moment.
"""

from __future__ import annotations

import io
import os
import struct
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, cast
from xml.sax.saxutils import escape

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from PIL import GifImagePlugin, Image
from PIL.PngImagePlugin import PngInfo

from zfdesk.film.disk import FULL, RESERVE, ReservedFile

FORMATS: Mapping[str, str] = {
    "mp4": "MP4 video (H.264)",
    "webp": "animated WebP",
    "gif": "animated GIF",
    "png": "folder of numbered PNGs",
}
"""The kinds of film, and what people call them."""

LARGEST = {"mp4": 8192, "webp": 16383, "gif": 65535, "png": 65535}
"""Pixels of a side."""

FASTEST_GIF = 50.0
"""Frames a second: a GIF counts hundredths of a second, and what is shorter than two of them is shown far slower."""

TICKS = 60_000  # a second of an MP4's clock; 24, 25, 30, 50 and 60 frames a second and 1000/1001 of them fall on it
CODECS = ("libx264", "libopenh264", "mpeg4")


class FilmError(ValueError):
    """A film that cannot be written, in a sentence."""


@dataclass(frozen=True)
class Settings:
    """What an encoder needs to know. ``factor``: MP4's constant rate factor; ``quality``: WebP's. ``hurry``: a film is
    written while the program works live. ``title``, ``comment``: for people."""

    rate: float
    factor: int
    quality: int
    hurry: bool
    title: str
    comment: str


def form_of(path: str | os.PathLike[str]) -> str:
    """mp4, webp or gif by the name's suffix; png, a folder, for a name without one.

    FilmError, with a sentence, for any other.
    """
    suffix = os.path.splitext(os.fspath(path))[1].lower().removeprefix(".")
    if suffix not in (*FORMATS, "") or suffix == "png":
        raise FilmError(f"{os.fspath(path)}: a film's name ends in .mp4, .webp or .gif; a folder's has no ending.")
    return suffix or "png"


class Encoder(ABC):
    """One film being written to a temporary place. Frames are uint8 (height, width, 3), all of the first one's size.

    A frame is written when the next one's time is known, or the end's: only then is it known how long it is shown.
    """

    def __init__(self, place: Path, settings: Settings, size: tuple[int, int]) -> None:
        self.place, self.settings = place, settings
        self.height, self.width = size
        self._waiting: tuple[np.ndarray, float, Mapping[str, str]] | None = None
        self.frames = 0

    def add(self, pixels: np.ndarray, time: float, facts: Mapping[str, str]) -> None:
        """Take a frame that is shown from ``time`` (s, rising) on."""
        if self._waiting is not None:
            self._write_waiting(time)
        self._waiting = (pixels, time, facts)

    def finish(self, end: float) -> None:
        """Bring the film to its end: the last frame is shown until ``end`` (s)."""
        if self._waiting is not None:
            self._write_waiting(end)
        self._end()

    def _write_waiting(self, until: float) -> None:
        assert self._waiting is not None
        (pixels, time, facts), self._waiting = self._waiting, None
        self._write(pixels, time, until, facts)
        self.frames += 1

    @property
    def full(self) -> bool:
        """Whether the disk is: the film should come to its end."""
        return False

    @property
    @abstractmethod
    def bytes(self) -> int:
        """Written so far."""

    @abstractmethod
    def _write(self, pixels: np.ndarray, time: float, until: float, facts: Mapping[str, str]) -> None: ...

    @abstractmethod
    def _end(self) -> None: ...

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open; also of a film that was not finished. A second call does nothing."""


class _FileEncoder(Encoder):
    """One that writes one file."""

    reserve = 0

    def __init__(self, place: Path, settings: Settings, size: tuple[int, int]) -> None:
        super().__init__(place, settings, size)
        self.file = ReservedFile(place, self.reserve)

    @property
    def full(self) -> bool:
        return self.file.full

    @property
    def bytes(self) -> int:
        return self.file.bytes

    def finish(self, end: float) -> None:
        """As of all, and all of it to the disk."""
        super().finish(end)
        self.file.sync()

    def close(self) -> None:
        self.file.close()


class Mp4(_FileEncoder):
    """H.264 (or MPEG-4 where the former is not built in), BT.709, 4:2:0: what every player takes.

    Sides must be even there: a picture of odd ones gets a last row or column once more.
    """

    reserve = RESERVE

    def __init__(self, place: Path, settings: Settings, size: tuple[int, int]) -> None:
        super().__init__(place, settings, size)
        try:
            self._open()
        except BaseException:
            self.file.close()
            raise

    def _open(self) -> None:
        settings = self.settings
        self._container = av.open(self.file, "w", format="mp4")
        self._container.metadata["title"] = settings.title
        self._container.metadata["comment"] = settings.comment
        codec = best_codec()
        stream = cast(
            av.VideoStream, self._container.add_stream(codec, rate=Fraction(settings.rate).limit_denominator(1001))
        )
        context = stream.codec_context
        context.width, context.height = self.width + self.width % 2, self.height + self.height % 2
        context.pix_fmt = "yuv420p"
        context.time_base = Fraction(1, TICKS)
        context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
        context.color_primaries = context.color_trc = 1  # BT.709
        if codec == "libx264":
            context.options = {"crf": str(settings.factor), "preset": "veryfast" if settings.hurry else "medium"}
        else:
            context.bit_rate = round(
                0.1 * context.width * context.height * settings.rate * 1.12 ** (23 - settings.factor)
            )
        context.thread_count = 1 if settings.hurry else 0
        self._stream, self._last = stream, -1
        self._lasts: dict[int, int] = {}  # how long each frame is shown that the encoder still holds; it forgets

    def _write(self, pixels: np.ndarray, time: float, until: float, facts: Mapping[str, str]) -> None:
        tall, wide = self.height % 2, self.width % 2
        if tall or wide:
            pixels = np.pad(pixels, ((0, tall), (0, wide), (0, 0)), "edge")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame = frame.reformat(
            format="yuv420p", src_colorspace=Colorspace.ITU709, dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG, dst_color_range=ColorRange.MPEG, interpolation="AREA",
        )  # fmt: skip
        frame.time_base = Fraction(1, TICKS)
        frame.pts = self._last = max(round(time * TICKS), self._last + 1)
        self._lasts[frame.pts] = max(round(until * TICKS) - frame.pts, 1)
        self._mux(frame)

    def _mux(self, frame: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            packet.duration = self._lasts.pop(cast(int, packet.pts), packet.duration or 1)
            self._container.mux(packet)

    def _end(self) -> None:
        self._mux(None)
        self._container.close()

    def close(self) -> None:
        if not self.file.closed:
            self.file.close()


def best_codec() -> str:
    """The best of `CODECS` that FFmpeg was built with here. FilmError where there is none."""
    for name in CODECS:
        if name in av.codecs_available:
            return name
    raise FilmError("PyAV has no encoder for MP4 here; choose WebP, GIF or PNG.")


class _Changing(_FileEncoder):
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

    def __init__(self, place: Path, settings: Settings, size: tuple[int, int]) -> None:
        super().__init__(place, settings, size)
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

    def __init__(self, place: Path, settings: Settings, size: tuple[int, int]) -> None:
        super().__init__(place, settings, size)
        self._carry = 0  # hundredths of a second that are written
        screen = struct.pack("<HHBBB", self.width, self.height, 0x70, 0, 0)  # no colours for all
        self.file.write(b"GIF89a" + screen + b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")
        words = f"{settings.title}\n{settings.comment}".encode()
        blocks = b"".join(bytes((len(part),)) + part for part in _parts(words, 255))
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


class Pngs(Encoder):
    """A folder of numbered PNGs, each with its facts in its text."""

    def __init__(self, place: Path, settings: Settings, size: tuple[int, int]) -> None:
        super().__init__(place, settings, size)
        place.mkdir()
        self._bytes, self._full = 0, False

    @property
    def full(self) -> bool:
        return self._full

    @property
    def bytes(self) -> int:
        return self._bytes

    def _write(self, pixels: np.ndarray, time: float, until: float, facts: Mapping[str, str]) -> None:
        told = PngInfo()
        for name, words in {"Title": self.settings.title, "Description": self.settings.comment, **facts}.items():
            told.add_text(name, words) if words.isascii() else told.add_itxt(name, words)
        memory = io.BytesIO()
        Image.fromarray(pixels).save(memory, "PNG", pnginfo=told, compress_level=1 if self.settings.hurry else 6)
        path = self.place / f"frame-{self.frames + 1:06}.png"
        try:
            with path.open("xb") as file:
                _write_all(file, memory.getbuffer())
        except OSError as error:
            path.unlink(missing_ok=True)
            if error.errno not in FULL:
                raise
            self._full = True
            self.frames -= 1  # this one is lost
        else:
            self._bytes += memory.tell()

    def _end(self) -> None:
        """Nothing ends a folder."""

    def close(self) -> None:
        """Nothing is open."""


ENCODERS: Mapping[str, type[Encoder]] = {"mp4": Mp4, "webp": WebP, "gif": Gif, "png": Pngs}


def _write_all(file: BinaryIO, data: memoryview) -> None:
    file.write(data)
    file.flush()


def _quantized(part: Image.Image) -> Image.Image:
    """Its own best 256 colours; what has no more keeps them exactly."""
    few = part.getcolors(256)
    if few is not None:
        palette = Image.new("P", (1, 1))
        palette.putpalette([level for _, colour in few for level in cast("tuple[int, ...]", colour)])
        return part.quantize(palette=palette, dither=Image.Dither.NONE)
    usual = _most_frequent(part, 16)  # grounds and lines stay exactly what they are
    rest = part.quantize(256 - len(usual), method=Image.Quantize.MEDIANCUT, kmeans=1)
    palette = Image.new("P", (1, 1))
    palette.putpalette(usual.tobytes() + bytes(rest.getpalette() or b"")[: 3 * (256 - len(usual))])
    return part.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


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
