"""``figure`` and ``render`` on what people bring: the right picture, or one sentence and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pillow_heif
import pytest
from PIL import Image

import zfdesk.engine as zf
from zfdesk.cli import main

pytestmark = pytest.mark.usefixtures("loaded")
pillow_heif.register_heif_opener()

RNG = np.random.default_rng(11)
COLOURS = np.asarray(Image.fromarray(RNG.integers(0, 256, (6, 8, 3), np.uint8)).resize((320, 240), 3))


def heic(path: Path) -> np.ndarray:
    Image.fromarray(COLOURS).save(path, "HEIF", quality=95, tile_size=128)
    return COLOURS


def turned(path: Path) -> np.ndarray:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(COLOURS).copy()).save(path, "JPEG", quality=95, exif=exif)
    return COLOURS


def deep_transparent(path: Path) -> np.ndarray:
    grey = np.full((240, 320), 40000, np.uint16)
    grey[60:180, 80:240] = 0
    Image.fromarray(grey).save(path, "PNG", transparency=0)
    shown = np.where(grey == 0, 255, 156).astype(np.uint8)
    return np.dstack([shown] * 3)


def moving(path: Path) -> np.ndarray:
    frames = [Image.fromarray(COLOURS), Image.fromarray(255 - COLOURS)]
    frames[0].save(path, "PNG", save_all=True, append_images=frames[1:])
    return COLOURS


PICTURES: dict[str, Callable[[Path], np.ndarray]] = {
    "IMG_1.HEIC": heic, "turned.jpg": turned, "grey16.png": deep_transparent, "moving.png": moving,
}  # fmt: skip


@pytest.mark.parametrize("name", PICTURES)
def test_a_figure_shows_the_picture_as_viewers_do(name: str, tmp_path: Path) -> None:
    shown = PICTURES[name](tmp_path / name)
    words = ["--stride", "112", "--occluder", "112", "--npz", str(tmp_path / "f.npz")]
    assert main(["figure", "fig7", str(tmp_path / name), "-o", str(tmp_path / "f.png"), *words]) == 0
    with np.load(tmp_path / "f.npz") as arrays:
        pictures = [array for array in arrays.values() if array.shape == (224, 224, 3) and array.dtype == np.uint8]
    expected = zf.centre_crop(shown).astype(int)
    assert min(np.abs(picture - expected).mean() for picture in pictures) < 3
    with Image.open(tmp_path / "f.png") as drawn:
        assert drawn.width > 500


def clip(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(COLOURS, format="rgb24")))
        container.mux(stream.encode(None))


OTHERS: dict[str, Callable[[Path], object]] = {
    "film.mp4": clip,
    "classes.csv": lambda path: path.write_bytes(b"\xef\xbb\xbfcat,tabby\n"),
    "weights.pth": lambda path: path.write_bytes(b"PK\3\4" + bytes(60)),
    "figure.npz": lambda path: path.write_bytes(b"PK\3\4" + bytes(60)),
    "broken.heic": lambda path: path.write_bytes(b"\0\0\0\x14ftypheic\0\0\0\0mif1" + bytes(40)),
    "folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("verb", ["figure fig7", "figure fig5", "render", "figure table7", "figure training"])
def test_what_is_no_such_picture_or_figure_is_told_in_one_sentence(
    verb: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    OTHERS[name](tmp_path / name)
    before = {path.name for path in tmp_path.iterdir()}
    assert main([*verb.split(), str(tmp_path / name), "-o", str(tmp_path / "out.png")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert name in err
    assert "Traceback" not in err
    assert {path.name for path in tmp_path.iterdir()} == before
