"""Pictures as people bring them: from phones, cropped and turned in the file, deep, in wide colours, or huge."""

import io
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from zfdesk.sources import SourceError, decode_picture, open_source, parse_source, read_picture
from zfdesk.sources.clip_reader import ClipReader
from zfdesk.sources.stepped import step_through

from .collector import check_sentence, started
from .heif_boxes import clap, imir, irot, with_property
from .test_picture import encoded, exif_of, png

pillow_heif.register_heif_opener()

QUARTERS = np.zeros((128, 192, 3), np.uint8)
QUARTERS[:64, :96], QUARTERS[:64, 96:], QUARTERS[64:, :96] = (220, 40, 40), (40, 200, 40), (40, 40, 220)
QUARTERS[64:, 96:] = (230, 230, 230)


def corners(pixels: np.ndarray) -> list[str]:
    """What the four corners show, row by row, by the strongest channel."""
    seen = [pixels[y, x].astype(int) for y in (8, -8) for x in (8, -8)]
    return ["white" if value.min() > 150 else ("red", "green", "blue")[value.argmax()] for value in seen]


UPRIGHT = ["red", "green", "blue", "white"]


TURNS = {
    "as it is": (QUARTERS, []),
    "turned": (np.rot90(QUARTERS, -1), [irot(1)]),
    "mirrored": (QUARTERS[:, ::-1], [imir(1)]),
    "turned, then mirrored": (np.rot90(QUARTERS[:, ::-1], 1), [irot(3), imir(1)]),
}


@pytest.mark.parametrize("tile", [None, 64])
@pytest.mark.parametrize("turn", TURNS)
def test_heic_is_whole_and_upright_everywhere(tile: int | None, turn: str, tmp_path: Path) -> None:
    stored, properties = TURNS[turn]
    options = {"tile_size": tile} if tile else {}
    data = encoded(Image.fromarray(np.ascontiguousarray(stored)), "HEIF", quality=90, **options)
    for each in properties:
        data = with_property(data, each)
    path = tmp_path / "IMG_0001.HEIC"
    path.write_bytes(data)
    if tile:
        assert b"grid" in path.read_bytes()
    reference = parse_source(str(path))
    assert reference.kind == "picture"
    shown = [
        started(open_source(reference)).frames[0].pixels,
        read_picture(path),
        next(step_through(reference).pictures(0, pytest.fail)).pixels,
    ]
    for pixels in shown:
        assert pixels.shape == QUARTERS.shape
        assert corners(pixels) == UPRIGHT
        assert np.abs(pixels.astype(int) - QUARTERS).mean() < 4


def test_a_still_never_reaches_the_clip_reader(tmp_path: Path) -> None:
    path = tmp_path / "IMG_0002.HEIC"
    Image.fromarray(QUARTERS).save(path, "HEIF", tile_size=64)
    with pytest.raises(SourceError, match="is a still picture, not a clip"):
        ClipReader(path)
    damaged = path.read_bytes().replace(b"hvcC", b"xxxx")
    (tmp_path / "damaged.heic").write_bytes(damaged)
    with pytest.raises(SourceError, match=r"a picture in HEIF that cannot be read|is damaged") as caught:
        open_source(parse_source(str(tmp_path / "damaged.heic")))
    check_sentence(str(caught.value))


@pytest.mark.parametrize(("brand", "words"), [(b"crx ", "raw"), (b"jxl ", "JPEG XL"), (b"j2ki", "HEIF")])
def test_other_stills_of_the_container_are_named(brand: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.bin"
    path.write_bytes(
        struct.pack(">I4s4sI", 16, b"ftyp", brand, 0) + struct.pack(">I4s", 8, b"moov")[: 8 * (words == "raw")]
    )
    reference = parse_source(str(path))
    for look in (lambda: open_source(reference), lambda: read_picture(path)):
        with pytest.raises(SourceError, match=words) as caught:
            look()
        check_sentence(str(caught.value))


@pytest.mark.parametrize("orientation", [1, 6])
def test_avif_is_cropped_before_it_is_turned(orientation: int) -> None:
    plain = encoded(Image.fromarray(QUARTERS), "AVIF", quality=90, exif=exif_of(orientation))
    # the upper left 96 x 64 of 192 x 128: its centre lies 48 to the left of the picture's, and 32 above it
    cropped = decode_picture(with_property(plain, clap(96, 64, -48, -32), first=True))
    assert cropped.shape == ((64, 96, 3) if orientation == 1 else (96, 64, 3))
    assert set(corners(cropped)) == {"red"}
    assert decode_picture(with_property(plain, clap(900, 64, 0, 0), first=True)).size == QUARTERS.size  # nonsense


@pytest.mark.parametrize(
    ("depth", "levels", "key"), [(16, [40000, 0], 0), (8, [156, 0], 0), (4, [9, 7], 7), (2, [2, 1], 1)]
)
def test_the_transparent_grey_of_a_png_is_white(depth: int, levels: list[int], key: int) -> None:
    row = {16: ">2H", 8: ">2B"}.get(depth)
    packed = struct.pack(row, *levels) if row else bytes([levels[0] << (8 - depth) | levels[1] << (8 - 2 * depth)])
    pixels = decode_picture(png(2, 1, depth, 0, b"\0" + packed, chunk(b"tRNS", struct.pack(">H", key))))
    shade = round(levels[0] * 255 / (2**depth - 1))
    np.testing.assert_array_equal(pixels[0, :, 1], [shade, 255])


def test_the_transparent_colour_of_a_deep_png_is_white() -> None:
    colours = struct.pack(">6H", *(0x1234,) * 3, *(0x5555,) * 3)
    pixels = decode_picture(png(2, 1, 16, 2, b"\0" + colours, chunk(b"tRNS", colours[:6])))
    np.testing.assert_array_equal(pixels[0, :, 0], [255, 0x55])


def chunk(kind: bytes, data: bytes) -> bytes:
    import zlib

    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# Colours


def matrix_profile(primaries: np.ndarray, gamma: float) -> bytes:
    """An ICC v2 profile of three primaries (columns: XYZ of red, green, blue, adapted to D50) and one gamma."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(values: np.ndarray) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(map(fixed, values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = [(b"wtpt", xyz(np.array([0.9642, 1.0, 0.8249])))]
    tags += [(name, xyz(primaries[:, n])) for n, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))]
    tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    tags += [
        (b"desc", b"desc\0\0\0\0" + struct.pack(">I", 5) + b"wide\0" + bytes(79)),
        (b"cprt", b"text\0\0\0\0none\0"),
    ]
    place, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, data in tags:
        table += struct.pack(">4sII", name, place + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", 128 + len(table) + len(body), b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + fixed(0.9642) + fixed(1.0) + fixed(0.8249)
    return head + bytes(128 - len(head)) + table + body


SRGB = np.array([[0.4360, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7139]])  # adapted to D50
DISPLAY_P3 = np.array([[0.5151, 0.2920, 0.1571], [0.2412, 0.6922, 0.0666], [-0.0011, 0.0419, 0.7841]])
ADOBE_RGB = np.array([[0.6097, 0.2053, 0.1492], [0.3111, 0.6257, 0.0632], [0.0195, 0.0609, 0.7446]])


def in_srgb(colour: tuple[int, int, int], primaries: np.ndarray, gamma: float) -> np.ndarray:
    """By the formula of matrix profiles, computed here."""
    linear = np.linalg.solve(SRGB, primaries @ (np.array(colour) / 255) ** gamma).clip(0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(("primaries", "gamma"), [(DISPLAY_P3, 2.2), (ADOBE_RGB, 2.19921875), (SRGB, 1.8)])
@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP", "JPEG", "AVIF", "HEIF"])
def test_an_embedded_profile_is_converted_to_srgb(primaries: np.ndarray, gamma: float, format: str) -> None:
    profile = matrix_profile(primaries, gamma)
    for colour in ((200, 120, 60), (90, 140, 110), (128, 128, 128)):
        options = (
            {"lossless": True} if format == "WEBP" else {"quality": 95} if format in ("JPEG", "AVIF", "HEIF") else {}
        )
        data = encoded(Image.new("RGB", (64, 64), colour), format, icc_profile=profile, **options)
        expected = in_srgb(colour, primaries, gamma)
        np.testing.assert_allclose(decode_picture(data)[32, 32], expected, atol=2 if "quality" not in options else 5)


PRIMARIES = {
    9: np.array([[0.6735, 0.1657, 0.1251], [0.2790, 0.6753, 0.0456], [-0.0019, 0.0299, 0.7974]]),  # BT.2020, Bradford
    12: DISPLAY_P3,
}


def srgb_light(colour: tuple[int, int, int]) -> np.ndarray:
    signal = np.array(colour) / 255
    return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)


def in_numbered_space(data: bytes, primaries: int, transfer: int) -> bytes:
    """The file with these code points in its ``colr`` box, which the encoders here leave to be sRGB's."""
    place = data.index(b"colrnclx") + 8
    return data[:place] + struct.pack(">HH", primaries, transfer) + data[place + 4 :]


@pytest.mark.parametrize("format", ["AVIF", "HEIF"])
@pytest.mark.parametrize("primaries", PRIMARIES)
def test_a_colour_space_named_by_numbers_is_converted_to_srgb(primaries: int, format: str) -> None:
    for colour in ((200, 120, 60), (90, 140, 110), (128, 128, 128)):
        plain = encoded(Image.new("RGB", (64, 64), colour), format, quality=95)
        stored = decode_picture(in_numbered_space(plain, 1, 13))[32, 32]
        np.testing.assert_allclose(stored, colour, atol=3)
        linear = np.linalg.solve(SRGB, PRIMARIES[primaries] @ srgb_light(tuple(stored))).clip(0, 1)
        expected = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
        np.testing.assert_allclose(decode_picture(in_numbered_space(plain, primaries, 13))[32, 32], expected, atol=2)


@pytest.mark.parametrize(("transfer", "white"), [(16, 0.58), (18, 0.75)])
def test_the_white_of_hdr_is_white(transfer: int, white: float) -> None:
    """ITU-R BT.2408, Table 1: PQ and HLG signals of paper white, 203 cd/m², and of a grey card, 26 cd/m²."""

    def shown(signal: float) -> np.ndarray:
        plain = Image.new("RGB", (64, 64), (round(255 * signal),) * 3)
        return decode_picture(in_numbered_space(encoded(plain, "AVIF", quality=95), 9, transfer))[32, 32]

    assert shown(white).min() >= 251
    assert shown(0.95).min() == 255
    light = 26 / 203
    np.testing.assert_allclose(shown(0.38), 255 * (1.055 * light ** (1 / 2.4) - 0.055), atol=4)


def test_transparency_and_profile_together() -> None:
    profile = matrix_profile(DISPLAY_P3, 2.2)
    image = Image.new("RGBA", (2, 1), (200, 120, 60, 255))
    image.putpixel((1, 0), (200, 120, 60, 0))
    pixels = decode_picture(encoded(image, "PNG", icc_profile=profile))
    np.testing.assert_allclose(pixels[0], [in_srgb((200, 120, 60), DISPLAY_P3, 2.2), (255, 255, 255)], atol=2)


def test_srgb_itself_and_damaged_profiles_change_nothing() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    grey = matrix_profile(DISPLAY_P3, 2.2).replace(b"RGB ", b"GRAY")
    for profile in (srgb, srgb[:200], b"nonsense", grey):
        data = encoded(noise, "PNG", icc_profile=profile)
        np.testing.assert_array_equal(decode_picture(data), np.asarray(noise))


def test_lab_is_converted() -> None:
    lab = Image.merge("LAB", [Image.new("L", (4, 4), level) for level in (136, 128, 128)])  # L* = 53, a* = b* = 0
    pixels = decode_picture(encoded(lab, "TIFF"))
    np.testing.assert_allclose(pixels[2, 2], (127, 127, 127), atol=2)


# Size


@pytest.mark.parametrize("mode", ["I;16", "F", "RGBA", "RGB", "P"])
def test_bands_shrink_as_pillow_does_at_once(mode: str) -> None:
    random = np.random.default_rng(1)
    smooth = Image.fromarray(random.integers(0, 256, (60, 50, 4), np.uint8)).resize(
        (6203, 701), Image.Resampling.BICUBIC
    )
    if mode in ("I;16", "F"):
        grey = np.asarray(smooth.convert("L"))
        deep = Image.fromarray(grey.astype(np.uint16) * 257 if mode == "I;16" else grey.astype(np.float32) / 255)
        data, whole = encoded(deep, "TIFF"), Image.fromarray(grey).convert("RGB")
    else:
        stored = smooth.convert("RGB").quantize(64, Image.Quantize.FASTOCTREE) if mode == "P" else smooth.convert(mode)
        data, whole = encoded(stored, "PNG", compress_level=1), stored.convert("RGBA" if mode == "RGBA" else "RGB")
    expected = whole.resize((2048, 231), Image.Resampling.LANCZOS, reducing_gap=1.5)
    if mode == "RGBA":
        expected = Image.alpha_composite(Image.new("RGBA", expected.size, (255,) * 4), expected).convert("RGB")
    difference = np.abs(decode_picture(data).astype(int) - np.asarray(expected))
    assert difference.max() <= 2
    assert difference.mean() < 0.1


PEAK = (
    "import sys; from zfdesk.sources import read_picture; pixels = read_picture(sys.argv[1]);"
    # not ru_maxrss: that of a child begins with its parent's
    "peak = next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'));"
    "print(pixels.shape, int(peak) // 1024)"
)


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
@pytest.mark.parametrize("kind", ["grey of 16 bits", "floating point", "transparent"])
def test_the_largest_pictures_take_little_memory(kind: str, tmp_path: Path) -> None:
    path = tmp_path / ("large.tif" if kind == "floating point" else "large.png")
    pixels = {
        "grey of 16 bits": lambda: np.full((8000, 11000), 40000, np.uint16),
        "floating point": lambda: np.full((8000, 11000), 0.6, np.float32),
        "transparent": lambda: np.full((8000, 11000, 4), (156, 156, 156, 255), np.uint8),
    }[kind]()
    Image.fromarray(pixels).save(path, **({"compress_level": 1} if path.suffix == ".png" else {}))
    del pixels
    result = subprocess.run([sys.executable, "-c", PEAK, path], capture_output=True, text=True, check=True)
    *shape, megabytes = result.stdout.split()
    assert " ".join(shape) == "(1489, 2048, 3)"
    assert int(megabytes) < 500  # 285, 465, 470 MB; whole and at once they took 2,100 and 1,700


@pytest.mark.parametrize("width", [333, 342])  # of the latter's rows the decoder makes 1040 bytes, no whole pixels
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_heif_is_read_as_pillow_reads_it(mode: str, width: int) -> None:
    random = np.random.default_rng(2)
    image = Image.fromarray(random.integers(0, 256, (9, 7, 4), np.uint8)).resize((width, 255)).convert(mode)
    data = encoded(image, "HEIF", quality=90)
    with Image.open(io.BytesIO(data)) as opened:
        whole = Image.new("RGBA", opened.size, "white")
        whole.alpha_composite(opened.convert("RGBA"))
    difference = np.abs(decode_picture(data).astype(int) - np.asarray(whole.convert("RGB")))
    assert difference.max() <= 1


@pytest.mark.parametrize("format", ["AVIF", "HEIF"])
def test_a_picture_too_large_for_its_decoder_is_called_too_large(format: str) -> None:
    data = encoded(Image.fromarray(QUARTERS), format)
    place = data.index(b"ispe") + 8
    huge = data[:place] + struct.pack(">II", 17_000, 17_000) + data[place + 8 :]
    with pytest.raises(SourceError, match=r"17000 x 17000 pixels|too large a picture") as caught:
        decode_picture(huge, "huge.bin")
    check_sentence(str(caught.value))


def test_a_variant_that_is_not_read_is_not_called_damaged() -> None:
    bmp = bytearray(encoded(Image.fromarray(QUARTERS), "BMP"))
    bmp[30:34] = struct.pack("<I", 5)  # a PNG inside
    with pytest.raises(SourceError, match="variant of its format that is not read") as caught:
        decode_picture(bytes(bmp), "odd.bmp")
    check_sentence(str(caught.value))


def test_what_would_take_too_much_memory_is_refused() -> None:
    webp = io.BytesIO()
    Image.new("RGB", (6000, 5000)).save(webp, "WEBP", method=0)
    with pytest.raises(SourceError, match="more than 25 million are not read in this format") as caught:
        decode_picture(webp.getvalue(), "scan.webp")
    check_sentence(str(caught.value))
