"""Figures are read again by those who did not write them: Pillow, an XML parser, pypdf and poppler."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pypdf
import pytest
from figure_tools import every_panel
from PIL import Image

import zfdesk
from zfdesk.figures import Cell, Page, draw, encode, encode_arrays, format_of, panels, save, save_arrays

SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"


@pytest.fixture(scope="module")
def figure(page: Page) -> Any:
    return draw(page)


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(8).integers(0, 256, (61, 83, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def one_picture(pixels: np.ndarray) -> Any:
    """A figure of one picture, much smaller in print than its pixels would like."""
    page = Page((Cell(panels.Picture(pixels), 0, 0, label="the picture: × ▼ Δ − ² →"),), (1.5, 0.0), "T ✓", "C × Δ")
    return draw(page)


@pytest.mark.parametrize("dpi", [72, 300, 600])
def test_png(figure: Any, dpi: int, tmp_path: Path) -> None:
    path = tmp_path / "f.PNG"
    save(figure, path, dpi)
    width, height = figure.get_size_inches()
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.size == (int(width * dpi), int(height * dpi))
        assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.02)
        assert image.info["Title"] == "Every panel"
        assert image.info["Description"] == "A caption with signs: × ▼ Δ − ² and $5_a$."
        assert image.info["Software"] == f"zfdesk {zfdesk.__version__}"
        assert not [key for key in image.info if "time" in key.lower() or "date" in key.lower()]
        opaque = np.asarray(image.convert("RGBA"))
    assert (opaque[..., 3] == 255).all()
    assert (opaque[0] == 255).all()
    assert (opaque[:, 0] == 255).all()


def test_sizes() -> None:
    text = (Cell(panels.Text("words"), 0, 0),)
    sides = {size: tuple(draw(Page(text, size)).get_size_inches()) for size in ("one-column", "two-column", "slide")}
    assert [width for width, _ in sides.values()] == [3.5, 7.16, 13.33]
    assert sides["slide"] == (13.33, 7.5)
    assert tuple(draw(Page(text, (5.0, 4.0))).get_size_inches()) == (5, 4)


def test_svg_text_is_text(figure: Any, tmp_path: Path) -> None:
    save(figure, tmp_path / "f.svg")
    root = ElementTree.parse(tmp_path / "f.svg").getroot()
    words = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert "A caption with signs: × ▼ Δ − ² and $5_a$." in words
    assert "(a) picture" in words
    assert "frame 1203" in words
    assert "tabby" in words
    everything = (tmp_path / "f.svg").read_text(encoding="utf-8")
    assert "DejaVu Sans" in everything
    assert "zfdesk " in everything
    assert "<dc:date>" not in everything
    assert root.get("width") == f"{7.16 * 72:g}pt"


def test_svg_pictures_are_lossless(one_picture: Any, pixels: np.ndarray) -> None:
    root = ElementTree.fromstring(encode(one_picture, "svg"))
    (image,) = root.iter(f"{SVG}image")
    data = base64.b64decode(image.get(LINK, "").partition("base64,")[2])
    with Image.open(io.BytesIO(data)) as read:
        assert read.format == "PNG"
        found = np.asarray(read.convert("RGB"))
    flipped = found[::-1]
    assert np.array_equal(found, pixels) or np.array_equal(flipped, pixels)  # the file may turn it over


def test_pdf_text_fonts_and_pictures(one_picture: Any, pixels: np.ndarray, tmp_path: Path) -> None:
    save(one_picture, tmp_path / "f.pdf")
    reader = pypdf.PdfReader(tmp_path / "f.pdf")
    (sheet,) = reader.pages
    assert "(a) the picture: × ▼ Δ − ² →" in " ".join(sheet.extract_text().split())
    assert [float(side) for side in sheet.mediabox[2:]] == pytest.approx(one_picture.get_size_inches() * 72, abs=0.1)
    assert reader.metadata is not None
    assert reader.metadata.title == "T ✓"
    assert reader.metadata.subject == "C × Δ"
    assert reader.metadata.creator == f"zfdesk {zfdesk.__version__}"
    assert reader.metadata.creation_date is None
    fonts = [font.get_object() for font in sheet["/Resources"]["/Font"].values()]  # type: ignore[index]
    assert fonts
    for font in fonts:
        parts = font.get("/DescendantFonts", [font])
        descriptor = parts[0].get_object()["/FontDescriptor"].get_object()
        assert "/FontFile2" in descriptor, "a TrueType font must travel along"
        assert "/ToUnicode" in font
    (image,) = sheet.images
    found = np.asarray(image.image.convert("RGB"))  # type: ignore[union-attr]
    assert np.array_equal(found, pixels) or np.array_equal(found[::-1], pixels)  # the file may turn it over


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler is not installed")
def test_pdf_by_poppler(figure: Any, tmp_path: Path) -> None:
    save(figure, tmp_path / "f.pdf")
    told = subprocess.run(["pdftotext", "-layout", tmp_path / "f.pdf", "-"], capture_output=True, text=True, check=True)
    assert "(a) picture" in told.stdout
    assert "A caption with signs: × ▼ Δ − ² and $5_a$." in told.stdout
    assert told.stderr == ""
    rows = subprocess.run(["pdffonts", tmp_path / "f.pdf"], capture_output=True, text=True, check=True).stdout
    fonts = rows.splitlines()[2:]
    assert fonts
    for font in fonts:
        assert "DejaVuSans" in font
        assert "TrueType" in font
        assert font.split()[-5:-2] == ["yes", "yes", "yes"], font  # embedded, a subset, to Unicode


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_same_bytes_twice(page: Page, figure: Any, form: str) -> None:
    first = encode(figure, form, 150)
    assert encode(figure, form, 150) == first, "a figure written twice"
    assert encode(draw(page), form, 150) == first, "a page drawn twice"


OTHER_PROCESS = """
import sys, hashlib
from figure_tools import every_panel
from zfdesk.figures import draw, encode, encode_arrays
page = every_panel()
figure = draw(page)
print(*(hashlib.sha256(data).hexdigest() for data in
        (*(encode(figure, form, 100) for form in ("png", "svg", "pdf")), encode_arrays(page))))
loaded = [name for name in sys.modules if name.startswith(("matplotlib.pyplot", "PySide6", "tkinter"))]
assert not loaded, loaded
"""


def test_same_bytes_in_other_processes(tmp_path: Path) -> None:
    """Another order of hashes, another time of day, another user's settings; no pyplot and no display."""
    (tmp_path / "matplotlibrc").write_text("axes.facecolor: black\nfont.size: 30\nsvg.fonttype: path\n")
    here = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    answers = set()
    for seed, home in (("1", tmp_path / "none"), ("2", tmp_path)):
        (tmp_path / "none").mkdir(exist_ok=True)
        variables = {
            **os.environ,
            "PYTHONPATH": here,
            "PYTHONHASHSEED": seed,
            "MPLCONFIGDIR": str(home),
            "TZ": f"UTC{seed}",
        }
        variables.pop("DISPLAY", None)
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", OTHER_PROCESS],
            env=variables,
            capture_output=True,
            text=True,
            timeout=250,
        )
        assert done.returncode == 0, done.stderr
        answers.add(done.stdout)
    assert len(answers) == 1


def test_users_settings_do_not_matter_and_are_kept(page: Page, figure: Any) -> None:
    dark = {
        "axes.facecolor": "black",
        "text.color": "white",
        "font.size": 30.0,
        "image.origin": "lower",
        "axes.grid": True,
    }
    with matplotlib.rc_context(dark):
        assert encode(draw(page), "png", 60) == encode(figure, "png", 60)
        assert {key: matplotlib.rcParams[key] for key in dark} == dark


def test_arrays(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_arrays(page, tmp_path / "one.npz")
    later = time.localtime(time.time() + 1e6)
    monkeypatch.setattr(time, "localtime", lambda *_: later)
    save_arrays(every_panel(), tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz") as read:
        arrays = page.arrays()
        assert set(read.files) == {*arrays, "page"}
        for name, array in arrays.items():
            assert read[name].dtype == array.dtype
            assert np.array_equal(read[name], array, equal_nan=array.dtype.kind == "f")
        again = Page.from_data(json.loads(read["page"].item()), read)
    assert again.caption == page.caption
    assert encode_arrays(again) == (tmp_path / "one.npz").read_bytes()


@pytest.mark.parametrize("name", ["f.jpg", "f", "png", "f.png.txt"])
def test_other_suffixes(name: str, figure: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"name ends in \.png, \.svg or \.pdf\.$"):
        save(figure, tmp_path / name)
    assert not list(tmp_path.iterdir())
    assert format_of("x.PDF") == "pdf"


@pytest.mark.parametrize("dpi", [0, -5, 9, 2401, 100_000, float("nan")])
def test_impossible_resolutions(figure: Any, dpi: float) -> None:
    with pytest.raises(ValueError, match="dpi"):
        encode(figure, "png", dpi)


def test_a_failed_write_keeps_the_old_file(figure: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f.svg"
    path.write_text("before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save(figure, path)
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["f.svg"]


def test_a_file_name_in_any_language(tmp_path: Path) -> None:
    """What the font lacks becomes a sign, without a warning, in every format."""
    page = Page(
        (Cell(panels.Picture(np.zeros((5, 5, 3), np.uint8), note="猫 😀 кот"), 0, 0),), "one-column", "猫", "猫.jpg"
    )
    for form in ("png", "svg", "pdf"):
        assert encode(draw(page), form, 80)
    assert "кот" in encode(draw(page), "svg").decode()


def test_starting_costs_no_matplotlib() -> None:
    rooms = ("facts", "fig2", "fig3", "fig6", "fig7", "files", "histograms", "page", "panels")
    code = (
        f"import sys, {', '.join(f'zfdesk.figures.{room}' for room in rooms)}; assert zfdesk.figures.save;"
        "print([name for name in sys.modules if name.startswith('matplotlib')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_map_in_a_pdf_keeps_its_edges_sharp(tmp_path: Path) -> None:
    """A viewer that smooths has nothing to smooth: every value is a square of many pixels; photographs stay as they
    are, and the figure too."""
    values = np.random.default_rng(3).random((4, 13, 13)).astype(np.float32)
    panel = panels.Maps(values, np.arange(4), "activation")
    drawn = draw(Page((Cell(panel, 0, 0, label="maps"),), (1.5, 0.0), "T", "C"))
    before = encode(drawn, "png")
    save(drawn, tmp_path / "f.pdf")
    images = [np.asarray(image.image.convert("RGB")) for image in pypdf.PdfReader(tmp_path / "f.pdf").pages[0].images]
    sheet = max(images, key=lambda image: image.shape[0])
    assert sheet.shape == (27 * 8, 27 * 8, 3)
    blocks = sheet.reshape(27, 8, 27, 8, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()
    assert encode(drawn, "png") == before
