"""Where the C library writes 0,5 for 0.5, as Qt tells it to in Germany, every file and every number is the same."""

from __future__ import annotations

import locale
import os
import shutil
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from zfdesk.cli import main
from zfdesk.desk.widgets.tsv import array_text, table_text
from zfdesk.sources import parse_source
from zfdesk.sources.stepped import step_through
from zfdesk.training.class_names import read_class_map

pytestmark = pytest.mark.usefixtures("loaded")


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """German is among the C library's locales; it is made where it is not, and there is glibc's tool."""
    before, place = os.environ.get("LOCPATH"), tmp_path_factory.mktemp("locales")
    if shutil.which("localedef"):
        subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", place / "de_DE.UTF-8"], capture_output=True)
        os.environ["LOCPATH"] = str(place)
    yield
    os.environ.pop("LOCPATH")
    if before is not None:
        os.environ["LOCPATH"] = before


@pytest.fixture
def in_germany(locales: None) -> Iterator[None]:
    before = locale.setlocale(locale.LC_ALL)
    for name in ("de_DE.UTF-8", "de-DE"):
        try:
            locale.setlocale(locale.LC_ALL, name)
            break
        except locale.Error:
            continue
    else:
        pytest.skip("there is no German locale here, and none can be made")
    assert locale.str(0.5) == "0,5"
    yield
    locale.setlocale(locale.LC_ALL, before)


VERBS = {
    "fig3": ["figure", "fig3", "--npz", "a.npz", "--caption-file", "a.txt", "-o"],
    "render": ["render", "a.npz", "-o"],
    "deconv": ["deconv", "photo.png", "--layer", "conv5", "--unit", "3", "--npy", "a.npy", "--json", "-o"],
    "record": [
        "record",
        "pattern",
        "--frames",
        "0:3",
        "--size",
        "160",
        "--fps",
        "12.5",
        "--what",
        "picture,bars",
        "-o",
    ],
}


def results(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, bytes]:
    """What the verbs write and print, by name."""
    folder.mkdir()
    os.chdir(folder)
    pixels = np.random.default_rng(5).integers(0, 256, (12, 16, 3), np.uint8)
    Image.fromarray(pixels).resize((320, 240), Image.Resampling.BICUBIC).save("photo.png", dpi=(72.5, 72.5))
    for name, words in VERBS.items():
        assert main([*words, f"{name}.{'gif' if name == 'record' else 'png' if name == 'deconv' else 'svg'}"]) == 0
    printed = capsys.readouterr().out
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    return {**files, "printed": printed.encode()}


def test_files_and_what_is_printed_are_the_same(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    here = results(tmp_path / "here", capsys)
    request.getfixturevalue("in_germany")
    there = results(tmp_path / "there", capsys)
    assert here.keys() == there.keys()
    different = [name for name in here if here[name] != there[name] and not name.endswith(".npy")]
    assert different == []
    arrays = [np.load(tmp_path / place / "a.npy") for place in ("here", "there")]
    assert np.allclose(*arrays, rtol=1e-4, atol=1e-7)  # the last digits of a sum depend on which thread is first


def test_what_is_read_and_copied_means_the_same(in_germany: None, tmp_path: Path) -> None:
    (tmp_path / "classes.csv").write_text("folder;class\ncat;tabby\n")
    assert read_class_map(str(tmp_path / "classes.csv")) == {"cat": "tabby"}
    assert array_text("values", np.array([[0.5, 1.25]], np.float32)) == "# values\n0.5\t1.25\n"
    assert table_text(["a"], [[0.125]]) == "a\n0.125\n"
    clip = tmp_path / "clip.mp4"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(25, 2))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for level in (50, 100, 150):
            grey = np.full((48, 64, 3), level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode(None))
    frames = list(step_through(parse_source(str(clip))).pictures(0, pytest.fail))
    assert [frame.time for frame in frames] == pytest.approx([0, 0.08, 0.16])
