"""Pictures are right, checked against arrays written here by hand."""

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zfdesk.sources import (
    PastedSource,
    SourceError,
    SourceReference,
    decode_picture,
    open_source,
    parse_source,
    read_picture,
)

from .collector import check_frame, check_sentence, started

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
YELLOW, CYAN, BLACK, WHITE = (255, 255, 0), (0, 255, 255), (0, 0, 0), (255, 255, 255)


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def png(width: int, height: int, depth: int, colour: int, rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG by hand; `rows` are the bytes of the picture, a filter byte before each row."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


# What a camera stores for the upright picture "abc / def", by the EXIF standard's words for where its row 0 and
# column 0 belong.
STORED = {
    1: ["abc", "def"],
    2: ["cba", "fed"],
    3: ["fed", "cba"],
    4: ["def", "abc"],
    5: ["ad", "be", "cf"],
    6: ["cf", "be", "ad"],
    7: ["fc", "eb", "da"],
    8: ["da", "eb", "fc"],
}
LETTERS = {"a": RED, "b": GREEN, "c": BLUE, "d": YELLOW, "e": CYAN, "f": WHITE}
UPRIGHT = np.array([[RED, GREEN, BLUE], [YELLOW, CYAN, WHITE]], np.uint8)


def exif_of(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = orientation
    return exif


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
def test_exif_orientation(orientation: int, format: str) -> None:
    stored = np.array([[LETTERS[letter] for letter in row] for row in STORED[orientation]], np.uint8)
    options = {"lossless": True} if format == "WEBP" else {}
    data = encoded(Image.fromarray(stored), format, exif=exif_of(orientation), **options)
    np.testing.assert_array_equal(decode_picture(data), UPRIGHT)


@pytest.mark.parametrize("orientation", STORED)
def test_exif_orientation_of_jpeg(orientation: int) -> None:
    stored = np.array([[LETTERS[letter] for letter in row] for row in STORED[orientation]], np.uint8)
    large = stored.repeat(16, axis=0).repeat(16, axis=1)
    data = encoded(Image.fromarray(large), "JPEG", exif=exif_of(orientation), quality=95, subsampling=0)
    np.testing.assert_allclose(decode_picture(data)[8::16, 8::16], UPRIGHT, atol=4)


def test_a_damaged_exif_block_is_no_reason_to_refuse() -> None:
    data = encoded(Image.new("RGB", (16, 16), RED), "JPEG", exif=b"Exif\0\0" + b"\xff" * 40)
    np.testing.assert_allclose(decode_picture(data)[8, 8], RED, atol=4)


def test_gray_one_bit_and_palette() -> None:
    gray = np.array([[0, 100, 255]], np.uint8)
    np.testing.assert_array_equal(decode_picture(encoded(Image.fromarray(gray), "PNG"))[0, :, 1], [0, 100, 255])
    bits = Image.fromarray(np.array([[0, 255, 0]], np.uint8)).convert("1")
    for format in ("PNG", "TIFF", "BMP", "PPM"):
        np.testing.assert_array_equal(decode_picture(encoded(bits, format))[0], [BLACK, WHITE, BLACK])
    palette = Image.new("P", (3, 1))
    palette.putpalette([*RED, *GREEN, *BLUE])
    palette.putdata([2, 0, 1])
    for format in ("PNG", "GIF", "BMP"):
        np.testing.assert_array_equal(decode_picture(encoded(palette, format))[0], [BLUE, RED, GREEN])


def test_transparency_is_put_on_white() -> None:
    half_red = np.array([[[255, 0, 0, 128], [0, 0, 255, 0], [0, 255, 0, 255]]], np.uint8)
    pixels = decode_picture(encoded(Image.fromarray(half_red), "PNG"))
    np.testing.assert_allclose(pixels[0], [(255, 127, 127), WHITE, GREEN], atol=1)

    gray_alpha = Image.fromarray(np.array([[[0, 255], [0, 0], [0, 51]]], np.uint8), "LA")
    pixels = decode_picture(encoded(gray_alpha, "PNG"))
    np.testing.assert_allclose(pixels[0, :, 0], [0, 255, 204], atol=1)

    palette = Image.new("P", (2, 1))
    palette.putpalette([*RED, *GREEN])
    palette.putdata([0, 1])
    for format in ("PNG", "GIF"):
        pixels = decode_picture(encoded(palette, format, transparency=0))
        np.testing.assert_array_equal(pixels[0], [WHITE, GREEN])

    one_colour = png(2, 1, 8, 2, b"\0" + bytes([*RED, *BLUE]), chunk_of_transparent_colour(RED))
    np.testing.assert_array_equal(decode_picture(one_colour)[0], [WHITE, BLUE])


def chunk_of_transparent_colour(colour: tuple[int, int, int]) -> bytes:
    data = b"tRNS" + struct.pack(">HHH", *colour)
    return struct.pack(">I", 6) + data + struct.pack(">I", zlib.crc32(data))


def test_sixteen_bits_are_scaled_by_their_full_range() -> None:
    values = np.array([[0, 128, 129, 257, 1000, 32768, 65535]], np.uint16)
    expected = [0, 0, 1, 1, 4, 128, 255]  # value / 257, rounded; nothing is stretched
    big_endian = png(7, 1, 16, 0, b"\0" + values.astype(">u2").tobytes())
    np.testing.assert_array_equal(decode_picture(big_endian)[0, :, 0], expected)
    pgm = b"P5\n7 1\n65535\n" + values.astype(">u2").tobytes()
    np.testing.assert_array_equal(decode_picture(pgm)[0, :, 2], expected)
    for compression in ("raw", "tiff_lzw"):
        tiff = encoded(Image.fromarray(values), "TIFF", compression=compression)
        np.testing.assert_array_equal(decode_picture(tiff)[0, :, 0], expected)


def test_a_dark_picture_stays_dark() -> None:
    values = np.array([[0, 500, 1000]], np.uint16)
    for format in ("PNG", "TIFF", "PPM"):
        np.testing.assert_array_equal(decode_picture(encoded(Image.fromarray(values), format))[0, :, 0], [0, 2, 4])
    faint = Image.fromarray(np.array([[0.0, 0.1]], np.float32))
    np.testing.assert_array_equal(decode_picture(encoded(faint, "TIFF"))[0, :, 0], [0, 26])


def test_sixteen_bit_colour() -> None:
    values = np.array([[[65535, 0, 0], [0, 32896, 0], [300, 600, 40000]]], np.uint16)
    expected = values[0] / 257
    data = png(3, 1, 16, 2, b"\0" + values.astype(">u2").tobytes())
    np.testing.assert_allclose(decode_picture(data)[0], expected, atol=1)
    tiff = tiff_by_hand(3, 1, (16, 16, 16), photometric=2, data=values.astype("<u2").tobytes())
    np.testing.assert_allclose(decode_picture(tiff)[0], expected, atol=1)


def tiff_by_hand(
    width: int, height: int, bits: tuple[int, ...], photometric: int, data: bytes, sample_format: int = 1
) -> bytes:
    """An uncompressed TIFF, little-endian, of one strip."""
    samples = len(bits)
    fields = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, samples, bits[0] if samples == 1 else 0),
        (259, 3, 1, 1),
        (262, 3, 1, photometric),
        (273, 4, 1, 0),
        (277, 3, 1, samples),
        (278, 4, 1, height),
        (279, 4, 1, len(data)),
        (339, 3, 1, sample_format),
    ]
    end = 8 + 2 + 12 * len(fields) + 4
    places = {258: end, 273: end + 2 * samples}
    entries = b"".join(
        struct.pack("<HHII", tag, kind, number, places[tag] if tag == 273 or (tag == 258 and samples > 2) else value)
        for tag, kind, number, value in fields
    )
    header = b"II*\0" + struct.pack("<IH", 8, len(fields))
    return header + entries + struct.pack("<I", 0) + struct.pack(f"<{samples}H", *bits) + data


def test_other_deep_tiffs() -> None:
    white_is_zero = tiff_by_hand(2, 1, (16,), 0, np.array([0, 65535], "<u2").tobytes())
    np.testing.assert_array_equal(decode_picture(white_is_zero)[0, :, 0], [255, 0])
    signed = tiff_by_hand(3, 1, (16,), 1, np.array([-5, 0, 32767], "<i2").tobytes(), sample_format=2)
    np.testing.assert_array_equal(decode_picture(signed)[0, :, 0], [0, 0, 255])
    signed_long = tiff_by_hand(2, 1, (32,), 1, np.array([2**30, 2**31 - 1], "<i4").tobytes(), sample_format=2)
    np.testing.assert_array_equal(decode_picture(signed_long)[0, :, 0], [128, 255])


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.0, 0.5, 1.0], [0, 128, 255]), ([0.0, 100.0, 255.0], [0, 100, 255]), ([-1.0, float("nan"), 0.2], [0, 0, 51])],
)
def test_floating_point(values: list[float], expected: list[int]) -> None:
    data = encoded(Image.fromarray(np.array([values], np.float32)), "TIFF")
    np.testing.assert_array_equal(decode_picture(data)[0, :, 0], expected)


def test_cmyk_jpeg() -> None:
    inks = np.zeros((16, 32, 4), np.uint8)
    inks[:, :16] = (0, 255, 255, 0)  # magenta and yellow make red
    inks[:, 16:] = (255, 0, 0, 0)
    data = encoded(Image.fromarray(inks, "CMYK"), "JPEG", quality=95)
    assert b"Adobe" in data
    pixels = decode_picture(data)
    np.testing.assert_allclose(pixels[8, 4], RED, atol=3)
    np.testing.assert_allclose(pixels[8, 28], CYAN, atol=3)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_of_an_animation(format: str) -> None:
    first, second = Image.new("RGB", (8, 8), RED), Image.new("RGB", (8, 8), BLUE)
    options = {"lossless": True} if format == "WEBP" else {}
    data = encoded(first, format, save_all=True, append_images=[second], **options)
    np.testing.assert_array_equal(decode_picture(data)[4, 4], RED)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "AVIF"])
def test_every_format(format: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.dat"  # what it is called decides nothing
    path.write_bytes(encoded(Image.new("RGB", (32, 24), (200, 60, 30)), format))
    reference = parse_source(str(path))
    assert reference == SourceReference("picture", str(path))
    collector = started(open_source(reference))
    check_frame(collector.frames[0])
    assert collector.frames[0].pixels.shape == (24, 32, 3)
    assert collector.frames[0].origin == "picture.dat"
    np.testing.assert_allclose(collector.frames[0].pixels[12, 16], (200, 60, 30), atol=4)


def test_a_large_picture_is_brought_down() -> None:
    wide = np.zeros((100, 30_000), np.uint8)
    wide[:, 15_000:] = 255
    for format in ("JPEG", "PNG"):
        pixels = decode_picture(encoded(Image.fromarray(wide), format))
        assert pixels.shape == (7, 2048, 3)
        np.testing.assert_allclose(pixels[3, [100, 1900]], [BLACK, WHITE], atol=3)
    tall = Image.new("RGBA", (500, 4096), (0, 0, 255, 0))
    np.testing.assert_array_equal(decode_picture(encoded(tall, "PNG")), np.full((2048, 250, 3), 255))


@pytest.mark.parametrize("side", [30_000, 65_000])
def test_bombs_are_refused(side: int) -> None:
    with pytest.raises(SourceError, match=r"^bomb.png .*large") as caught:
        decode_picture(png(side, side, 8, 2, b""), "bomb.png")
    check_sentence(str(caught.value))
    jpeg = bytearray(encoded(Image.new("RGB", (16, 16)), "JPEG"))
    place = jpeg.index(b"\xff\xc0") + 5
    jpeg[place : place + 4] = struct.pack(">HH", side, side)
    with pytest.raises(SourceError, match="200 million") as caught:
        decode_picture(bytes(jpeg), "bomb.jpg")
    check_sentence(str(caught.value))


def test_a_picture_of_a_telephone_with_200_megapixels_is_read(tmp_path: Path) -> None:
    Image.new("L", (16_320, 12_240), 128).save(tmp_path / "large.jpg")
    code = (
        "import sys; from zfdesk.sources import read_picture; pixels = read_picture(sys.argv[1]);"
        # not ru_maxrss: that of a child begins with its parent's
        "peak = next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'));"
        "print(pixels.shape, pixels.min(), pixels.max(), int(peak) // 1024)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "large.jpg"], capture_output=True, text=True, check=True
    )
    *words, megabytes = result.stdout.split()
    assert " ".join(words) == "(1536, 2048, 3) 128 128"
    assert int(megabytes) < 500  # 206 with the reduced decode, 1115 without


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "AVIF"])
def test_truncated_pictures_are_refused(format: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = encoded(Image.fromarray(noise), format)
    with pytest.raises(SourceError, match=r"^half\.bin ") as caught:
        decode_picture(data[: len(data) // 2], "half.bin")
    check_sentence(str(caught.value))


def test_what_is_not_a_picture_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("not a picture " * 100)
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.png")
    words = {
        "folder.png": "folder.png is a folder, not a file.",
        "missing.png": "missing.png does not exist.",
        "empty.png": "empty.png is empty.",
        "dangling.png": "dangling.png is a link to a file that does not exist.",
        "pipe.png": "pipe.png is not an ordinary file, so it is not opened.",
        "text.png": "text.png is not a picture that can be read "
        "(JPEG, PNG, GIF, BMP, TIFF, WebP, PPM, AVIF, HEIC or HEIF).",
    }
    for name, sentence in words.items():
        with pytest.raises(SourceError) as caught:
            read_picture(tmp_path / name)
        assert str(caught.value) == sentence
    with pytest.raises(SourceError, match=r"^zero is not an ordinary file"):
        read_picture("/dev/zero")
    with pytest.raises(SourceError, match="is not a file name"):
        read_picture("a\0b")


def test_a_picture_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(encoded(Image.new("L", (4, 4)), "PNG"))
    path.chmod(0)
    as_root = os.geteuid() == 0
    if as_root:
        os.seteuid(65534)
    try:
        with pytest.raises(SourceError) as caught:
            read_picture(path)
    finally:
        if as_root:
            os.seteuid(0)
    assert str(caught.value) == "There is no permission to read secret.png."


def test_a_name_that_cannot_be_printed(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read_picture(tmp_path / "new\nline\udcff.png")
    assert str(caught.value) == "new�line�.png does not exist."
    with pytest.raises(SourceError) as caught:
        read_picture("")
    assert str(caught.value) == "A file without a name does not exist."


def test_pixels_cannot_be_changed() -> None:
    pixels = decode_picture(encoded(Image.new("RGB", (8, 8)), "PNG"))
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0, 0] = 1


def test_a_pasted_picture_is_a_copy() -> None:
    pixels = np.zeros((10, 20, 4), np.uint8)[..., :3]
    source = PastedSource(pixels)
    pixels[:] = 255
    collector = started(source)
    check_frame(collector.frames[0])
    assert collector.frames[0].pixels.max() == 0
    assert collector.frames[0].origin == "clipboard"
    assert source.transport is None
    assert started(PastedSource(np.zeros((10, 5000, 3), np.uint8))).frames[0].pixels.shape == (4, 2048, 3)
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(SourceError):
            PastedSource(wrong)
    with pytest.raises(SourceError, match="paste it once more"):
        open_source(source.reference)
