"""``zfdesk figure``: every template as a user calls it, and what is said when it cannot be made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pypdf
import pytest
from embedded import NAME
from PIL import Image

import zfdesk.engine as zf
from zfdesk.cli import main
from zfdesk.cli.figure import TEMPLATES
from zfdesk.figures import Page
from zfdesk.sources import read_picture

pytestmark = pytest.mark.usefixtures("loaded")

COARSE = ["--stride", "56"]


@pytest.fixture
def folder(tmp_path: Path, cat: str) -> str:
    """A folder of four pictures, one of which is none."""
    place = tmp_path / "pictures"
    place.mkdir()
    pixels = read_picture(cat)
    for number in range(3):
        Image.fromarray(np.roll(pixels, 60 * number, axis=1)).save(place / f"p{number}.png")
    (place / "p9.jpg").write_bytes(b"this is no picture")
    return str(place)


def made(*words: str, status: int = 0) -> None:
    assert main(["figure", *words]) == status


def failed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line about a failure."""
    assert main(["figure", *words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("zfdesk: ")
    assert err.count("\n") == 1
    return err


def test_fig7(cat: str, embedded: zf.Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = [str(tmp_path / name) for name in ("f.png", "f.npz", "f.txt")]
    words = ["fig7", cat, *COARSE, "--class", "tabby", "--unit", "5", "--npz", outputs[1], "--caption-file", outputs[2]]
    made(*words, "-o", outputs[0], "--dpi", "120", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["output"] == outputs[0]
    assert [panel["name"] for panel in told["panels"]] == ["a", "b", "c", "d", "e"]
    assert Path(outputs[2]).read_text(encoding="utf-8") == told["caption"] + "\n"
    with Image.open(outputs[0]) as image:
        assert image.size == tuple(int(side * 120) for side in told["inches"])
        assert image.info["Description"] == told["caption"]
    picture = zf.centre_crop(read_picture(cat))
    *_, swept = zf.sweep(embedded.forward(picture), picture, zf.SweepPlan(50, 56))
    with np.load(outputs[1]) as arrays:
        assert np.array_equal(arrays["a_pixels"], picture)
        assert np.allclose(arrays["b_values"], swept.activation(5), rtol=1e-4)
        assert np.allclose(arrays["d_values"], swept.probability(embedded.classes.index("tabby")), atol=1e-4)
        assert np.array_equal(arrays["e_values"], swept.label())
        page = Page.from_data(json.loads(arrays["page"].item()), arrays)
    assert page.caption == told["caption"]


def test_the_same_command_writes_the_same_bytes(cat: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        made("fig7", cat, *COARSE, "-o", str(tmp_path / f"{name}.png"), "--npz", str(tmp_path / f"{name}.npz"))
    for suffix in ("png", "npz"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_fig2(folder: str, embedded: zf.Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The readable pictures are used; the other one is told of, and the exit status is 1."""
    picture, arrays = tmp_path / "f.pdf", tmp_path / "f.npz"
    made("fig2", folder, "--layer", "conv5", "--units", "103,12", "-o", str(picture), "--npz", str(arrays), status=1)
    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert "p9.jpg is not a picture" in err
    assert "over 3 pictures" in out
    with np.load(arrays) as read:
        assert {name for name in read.files if name != "page"} == {
            f"conv5_{unit}_{kind}_values" for unit in (103, 12) for kind in ("projections", "patches")
        }
        crops = [zf.centre_crop(read_picture(f"{folder}/p{number}.png")) for number in range(3)]
        peaks = [embedded.forward(crop).activations["conv5"][0, 103] for crop in crops]
        best = int(np.argmax([float(values.max()) for values in peaks]))
        seed = zf.Seed("conv5", 103)
        found = zf.reconstruct(embedded.forward(crops[best]), seed)
        top, left, bottom, right = embedded.architecture.stage("conv5").receptive_field.box(*found.positions[0])
        around = np.pad(found.values, ((200, 200), (200, 200), (0, 0)))
        expected = around[top + 200 : bottom + 200, left + 200 : right + 200]
        assert np.allclose(read["conv5_103_projections_values"][0], expected, rtol=1e-3, atol=1e-8)
    text = pypdf.PdfReader(picture).pages[0].extract_text()
    assert "conv5:103" in text
    assert "conv5:12" in text


def test_random_units_depend_on_the_seed(folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = []
    for seed in ("1", "1", "2"):
        made("fig2", f"{folder}/p0.png", "--layer", "conv4", "--random", "2", "--seed", seed,
             "-o", str(tmp_path / "f.svg"), "--json")  # fmt: skip
        told = json.loads(capsys.readouterr().out)
        chosen.append([panel["label"] for panel in told["panels"] if panel["label"]])
        assert f"2 a layer, random among the active (seed {seed})" in told["caption"]
    assert chosen[0] == chosen[1] != chosen[2]
    assert all(len(set(units)) == 2 for units in chosen)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fig3"], f"weights {NAME}"),
        (["fig3", "--architecture", "vgg16", "--size", "one-column"], "VGG-16"),
        (["fig6", "--size", "slide"], "96 filters of 7 × 7"),
        (["filters"], "All 96 filters"),
        (["filters", "--layer", "conv2", "--units", "3"], "96 maps below"),
        (["histograms"], "logarithmic"),
    ],
)
def test_templates_without_pictures(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(*words, "-o", str(tmp_path / "f.svg"))
    assert said in capsys.readouterr().out
    assert said in (tmp_path / "f.svg").read_text(encoding="utf-8").replace("&#215;", "×")


def test_histograms_over_pictures(folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made("histograms", folder, "-o", str(tmp_path / "f.png"), "--dpi", "60", status=1)
    out, err = capsys.readouterr()
    assert "over 3 pictures" in out
    assert "p9.jpg" in err


def test_caption_of_ones_own_or_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made("fig3", "-o", str(tmp_path / "a.svg"), "--caption", "Mine & nobody's")
    assert "Mine &amp; nobody's" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    made("fig3", "-o", str(tmp_path / "b.pdf"), "--no-caption")
    reader = pypdf.PdfReader(tmp_path / "b.pdf")
    assert "Made with" not in reader.pages[0].extract_text()
    assert reader.metadata is not None
    assert "Made with" in (reader.metadata.subject or "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fig7", "nowhere.png"], "nowhere.png does not exist"),
        (["fig7", "CAT", "--layer", "conv9"], "has no layer 'conv9'"),
        (["fig7", "CAT", "--unit", "256"], "conv5 has units 0 to 255"),
        (["fig7", "CAT", "--class", "1000"], "there is no class 1000"),
        (["fig7", "CAT", "--class", "zzz"], "knows no class “zzz”"),
        (["fig7", "CAT", "--class", "dog"], "may be several classes"),
        (["fig7", "CAT", "--occluder", "300"], "larger than the picture"),
        (["fig5", *["CAT"] * 6], "1 to 5 pictures, not 6"),
        (["fig5", "CAT", "--class", "1", "--class", "2"], "once for each picture"),
        (["fig5", "CAT", "--layer", "conv9"], "has no layer 'conv9'"),
        (["fig8", "EMPTY"], "No parts are marked in"),
        (["fig2", "EMPTY"], "no pictures in"),
        (["fig2", "CAT", "--layer", "conv9"], "has no layer 'conv9'"),
        (["fig2", "CAT", "--layer", "input"], "choose a layer above it"),
        (["fig2", "CAT", "--layer", "conv5", "--units", "9999"], "no unit 9999"),
        (["fig2", "CAT", "--layer", "conv4", "--layer", "conv5", "--units", "1"], "--units goes with one --layer"),
        (["fig3", "--architecture", "resnet"], "no architecture called 'resnet'"),
        (["filters", "--layer", "pool1"], "pool1 has no filters"),
        (["filters", "--layer", "conv2", "--units", "256"], "no unit 256"),
        (["histograms", "EMPTY"], "no pictures"),
        (["fig6", "--weights", "nowhere.safetensors"], "nowhere.safetensors"),
    ],
)
def test_what_cannot_be_made(
    words: list[str], said: str, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    words = [{"CAT": cat, "EMPTY": str(tmp_path / "empty")}.get(word, word) for word in words]
    output = tmp_path / "f.png"
    assert main(["figure", *words, "-o", str(output)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert all(line.startswith("zfdesk: ") and line.endswith((".", "number.")) for line in err.splitlines())
    assert not output.exists()


def test_one_bad_picture_is_told_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figure", "histograms", str(tmp_path / "none.png"), "-o", str(tmp_path / "f.png")]) == 1
    assert "none.png" in (said := capsys.readouterr().err)
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "f.png").exists()


@pytest.mark.parametrize("option", ["-o", "--npz", "--caption-file"])
def test_an_unwritable_output_is_told_before_the_work(
    option: str, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zf.Model, "forward", lambda *_: pytest.fail("the network ran for nothing"))
    suffix = {"-o": "png", "--npz": "npz", "--caption-file": "txt"}[option]
    words = ["fig7", cat, option, str(tmp_path / f"nowhere/f.{suffix}")]
    words += [] if option == "-o" else ["-o", str(tmp_path / "f.png")]
    assert "does not exist" in failed(capsys, *words)
    taken = tmp_path / f"taken.{suffix}"
    taken.mkdir()
    words[3] = str(taken)
    assert "it is a folder" in failed(capsys, *words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fig3", "-o", "f.jpg"], "'f.jpg': a figure's name ends in .png, .svg or .pdf"),
        (["fig3", "-o", "f.png", "--npz", "./f.png"], "its name ends in .npz"),
        (["fig3", "-o", "f.png", "--dpi", "1"], "from 10 to 2400"),
        (["fig3", "-o", "f.png", "--dpi", "9999"], "from 10 to 2400"),
        (["fig3", "-o", "f.png", "--size", "poster"], "invalid choice: 'poster'"),
        (["fig3"], "-o/--output"),
        (["fig9", "-o", "f.png"], "invalid choice: 'fig9'"),
        (["filters", "-o", "f.png", "--units", "1,x"], "'x' is not a whole number"),
        ([], "|".join(TEMPLATES)),
    ],
)
def test_usage(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["figure", *words]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
