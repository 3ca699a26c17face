"""Writes a folder of pictures and clips that are wrong in every way we could think of."""

import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from PIL import Image

from .collector import write_clip

REFUSED = "refused"
"""Nothing can be shown of such a file."""
EITHER = "either"
"""Pillow or FFmpeg may legitimately still find a picture in it."""


def write_malformed(folder: Path, seed: int = 0) -> dict[Path, str]:
    """Write the files; the answer tells for each whether it is `REFUSED` or may be `EITHER` refused or shown."""
    random = np.random.default_rng(seed)
    pictures, clips = _whole_pictures(random), _whole_clips(folder, random)
    written: dict[Path, str] = {}

    def put(name: str, data: bytes, expected: str) -> None:
        assert not (folder / name).exists(), name
        (folder / name).write_bytes(data)
        written[folder / name] = expected

    for suffix, data in pictures.items():
        put(f"half.{suffix}", data[: len(data) // 2], EITHER if "animated" in suffix else REFUSED)
        put(f"header only.{suffix}", data[:12], REFUSED)
        put(f"without end.{suffix}", data[:-3], EITHER)
        put(f"flipped.{suffix}", _with_flipped_bits(data, random, 40), EITHER)
        put(f"zeros in the middle.{suffix}", _with_zeros(data), EITHER)
    for suffix, data in clips.items():
        put(f"clip header only.{suffix}", data[:24], REFUSED)
        put(f"half a clip.{suffix}", data[: len(data) // 2], EITHER)
        put(f"flipped clip.{suffix}", _with_flipped_bits(data, random, 60), EITHER)
        put(f"noise in the clip.{suffix}", _with_noise(data, random), EITHER)
    for name, data, expected in (
        *_wrong_contents(pictures, clips, random),
        *_bombs(pictures),
        *_bad_structures(pictures),
    ):
        put(name, data, expected)
    written[_clip_without_pictures(folder / "only sound.mp4")] = REFUSED
    written[_clip_without_pictures(folder / "only sound.mp3", "mp3")] = REFUSED
    for name, make in _odd_entries(folder):
        make(folder / name)
        written[folder / name] = REFUSED
    return written


def _whole_pictures(random: np.random.Generator) -> dict[str, bytes]:
    pixels = random.integers(0, 256, (48, 64, 3), np.uint8)
    formats = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "bmp": "BMP", "tif": "TIFF", "webp": "WEBP", "ppm": "PPM"}
    whole = {suffix: _encoded(Image.fromarray(pixels), format) for suffix, format in formats.items()}
    whole["lzw.tif"] = _encoded(Image.fromarray(pixels), "TIFF", compression="tiff_lzw")
    whole["progressive.jpg"] = _encoded(Image.fromarray(pixels), "JPEG", progressive=True)
    whole["animated.gif"] = _encoded(
        Image.fromarray(pixels), "GIF", save_all=True, append_images=[Image.fromarray(pixels[::-1].copy())]
    )
    whole["avif"] = _encoded(Image.fromarray(pixels), "AVIF")
    return whole


def _whole_clips(folder: Path, random: np.random.Generator) -> dict[str, bytes]:
    picture = random.integers(0, 256, (48, 64, 3), np.uint8)
    kinds: dict[str, dict] = {
        "mp4": {"codec": "libx264"},
        "mkv": {"codec": "mpeg4"},
        "webm": {"codec": "libvpx-vp9"},
        "avi": {"codec": "mpeg4"},
        "mpg": {"codec": "mpeg2video", "rate": 25},
    }
    whole = {}
    for suffix, options in kinds.items():
        path = write_clip(folder / f"whole.{suffix}", picture=picture, count=8, **options)
        whole[suffix] = path.read_bytes()
        path.unlink()
    return whole


def _wrong_contents(
    pictures: dict[str, bytes], clips: dict[str, bytes], random: np.random.Generator
) -> Iterator[tuple[str, bytes, str]]:
    """Files that are not what they are called, and files that are nothing."""
    yield "empty.png", b"", REFUSED
    yield "empty.mp4", b"", REFUSED
    yield "one byte.jpg", b"\xff", REFUSED
    yield "text.jpg", b"This is not a picture.\n" * 100, REFUSED
    yield "text.mp4", b"This is not a clip either.\n" * 1000, REFUSED
    yield "text that begins like a bitmap.bmp", b"BM" + b"x" * 500, REFUSED
    yield "text that begins like a pixmap.ppm", b"P6 what follows is not a number " * 9, REFUSED
    yield "noise.png", random.bytes(5000), REFUSED
    yield "noise.mov", random.bytes(50_000), REFUSED
    yield "zeros.jpg", bytes(5000), REFUSED
    yield "page.gif", b"<!DOCTYPE html><html><body>Not found</body></html>", REFUSED
    yield "drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', REFUSED
    yield "postscript.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", REFUSED
    yield "playlist.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n", REFUSED
    yield "list.mkv", b"ffconcat version 1.0\nfile '/etc/passwd'\n", REFUSED
    yield "sound.png", b"RIFF\x24\0\0\0WAVEfmt " + bytes(60), REFUSED
    yield "pickle.jpg", b"\x80\x04\x95\x0b\0\0\0\0\0\0\0\x8c\x07nothing\x94.", REFUSED
    yield "really a PNG.mp4", pictures["png"], EITHER
    yield "really a clip.jpg", clips["mp4"], EITHER
    yield "picture after text.png", b"text\n" + pictures["png"], REFUSED


def _bombs(pictures: dict[str, bytes]) -> Iterator[tuple[str, bytes, str]]:
    """Small files that declare huge pictures."""
    side = 60_000
    yield "bomb.png", _png(_png_chunk(b"IDAT", zlib.compress(bytes(100_000))), side), REFUSED
    jpeg = bytearray(pictures["jpg"])
    place = jpeg.index(b"\xff\xc0") + 5
    jpeg[place : place + 4] = struct.pack(">HH", side, side)
    yield "bomb.jpg", bytes(jpeg), REFUSED
    progressive = bytearray(pictures["progressive.jpg"])
    place = progressive.index(b"\xff\xc2") + 5
    progressive[place : place + 4] = struct.pack(">HH", 12_000, 12_000)
    yield "progressive bomb.jpg", bytes(progressive), REFUSED
    gif = bytearray(pictures["gif"])
    gif[6:10] = struct.pack("<HH", side, side)
    yield "bomb.gif", bytes(gif), REFUSED
    bitmap = bytearray(pictures["bmp"])
    bitmap[18:26] = struct.pack("<ii", side, side)
    yield "bomb.bmp", bytes(bitmap), REFUSED
    yield "bomb.ppm", b"P6 60000 60000 255\n" + bytes(1000), REFUSED
    yield "overflowing.ppm", b"P6 99999999999 99999999999 255\n" + bytes(1000), REFUSED
    yield (
        "bomb.tif",
        _tiff([(256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8)]),
        REFUSED,
    )
    yield "negative.bmp", bytes(bitmap[:18]) + struct.pack("<ii", -5, 7) + bytes(bitmap[26:]), REFUSED
    yield "no size.png", _png(_png_chunk(b"IDAT", zlib.compress(b"\0")), 0), REFUSED
    yield (
        "text bomb.png",
        _png(
            _png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000), 9))
            + _png_chunk(b"IDAT", zlib.compress(bytes(4))),
            1,
        ),
        EITHER,
    )


def _bad_structures(pictures: dict[str, bytes]) -> Iterator[tuple[str, bytes, str]]:
    """Files whose parts contradict each other."""
    png = bytearray(pictures["png"])
    png[png.index(b"IDAT") + 30] ^= 0xFF
    yield "wrong checksum.png", bytes(png), REFUSED
    yield "no picture data.png", _png(b"", 4), REFUSED
    yield "too little data.png", _png(_png_chunk(b"IDAT", zlib.compress(bytes(10))), 64), REFUSED
    yield "chunk too long.png", _png(struct.pack(">I", 2**31 - 1) + b"IDAT" + bytes(20), 4), REFUSED
    gif = bytearray(pictures["gif"])
    gif[-200:-20] = b"\xff" * 180
    yield "bad codes.gif", bytes(gif), EITHER
    yield "bad code size.gif", b"GIF89a\x04\0\x04\0\0\0\0,\0\0\0\0\x04\0\x04\0\0\x20\x02\x00\x00\0;", REFUSED
    yield "cyclic.tif", _tiff([(256, 4, 1, 4), (257, 4, 1, 4), (258, 3, 1, 8), (330, 4, 1, 8)], following=8), REFUSED
    yield "offsets beyond the end.tif", _tiff([(256, 4, 1, 4), (257, 4, 1, 4), (273, 4, 2**20, 2**31)]), REFUSED
    many_samples = [(256, 4, 1, 4), (257, 4, 1, 4), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 54_272)]
    yield "many samples.tif", _tiff(many_samples), REFUSED
    yield "no fields.tif", b"II*\0" + struct.pack("<IHI", 8, 0, 0), REFUSED
    yield "directory at the end of the world.tif", b"II*\0" + struct.pack("<I", 2**32 - 2), REFUSED
    jpeg = pictures["jpg"]
    yield "exif without end.jpg", jpeg[:2] + b"\xff\xe1\xff\xffExif\0\0MM\0*" + jpeg[2:], EITHER
    yield (
        "exif that points to itself.jpg",
        _with_exif(jpeg, b"MM\0*" + struct.pack(">IH", 8, 1) + bytes(12) + struct.pack(">I", 8)),
        EITHER,
    )
    yield "no tables.jpg", jpeg.replace(b"\xff\xc4", b"\xff\xfe"), EITHER  # the standard ones are taken
    yield "webp without a chunk.webp", b"RIFF\x04\0\0\0WEBP", REFUSED
    yield "ftyp alone.avif", b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", REFUSED
    file_type = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2"
    yield "ftyp alone.mp4", file_type, REFUSED
    yield (
        "box longer than the file.mp4",
        b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2\x7f\xff\xff\xffmoov" + bytes(50),
        REFUSED,
    )


def _odd_entries(folder: Path) -> Iterator[tuple[str, Callable[[Path], object]]]:
    """What is in a folder but is not an ordinary file."""
    yield "folder.png", Path.mkdir
    yield "folder.mp4", Path.mkdir
    yield "dangling.jpg", lambda path: path.symlink_to(folder / "nothing")
    yield "in a circle.jpg", lambda path: path.symlink_to(path)
    if hasattr(os, "mkfifo"):
        yield "pipe.png", os.mkfifo
        yield "pipe.mp4", os.mkfifo
    if os.path.exists("/dev/zero"):
        yield "device.png", lambda path: path.symlink_to("/dev/zero")


def _clip_without_pictures(path: Path, codec: str = "aac") -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=44_100)
        for number in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44_100, number * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _encoded(image: Image.Image, format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def _with_flipped_bits(data: bytes, random: np.random.Generator, count: int) -> bytes:
    """Bits changed anywhere but in the first 16 bytes, so that the format is still recognised."""
    changed = bytearray(data)
    for place in random.integers(16, len(data), count):
        changed[place] ^= 1 << int(random.integers(8))
    return bytes(changed)


def _with_zeros(data: bytes) -> bytes:
    third = len(data) // 3
    return data[:third] + bytes(third) + data[2 * third :]


def _with_noise(data: bytes, random: np.random.Generator) -> bytes:
    third = len(data) // 3
    return data[:third] + random.bytes(third) + data[2 * third :]


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(chunks: bytes, side: int) -> bytes:
    header = _png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunks + _png_chunk(b"IEND", b"")


def _tiff(fields: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    entries = b"".join(struct.pack("<HHII", *field) for field in fields)
    return b"II*\0" + struct.pack("<IH", 8, len(fields)) + entries + struct.pack("<I", following)


def _with_exif(jpeg: bytes, exif: bytes) -> bytes:
    segment = b"Exif\0\0" + exif
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
