"""``zfdesk deconv`` against the engine, and its files read again."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from embedded import CAT, CATS
from PIL import Image

import zfdesk.engine as zf
from zfdesk.cli import common, deconv, main
from zfdesk.live import Style
from zfdesk.sources import read_picture

pytestmark = pytest.mark.usefixtures("loaded")


@pytest.fixture(scope="module")
def seen(embedded: zf.Model, cat: str) -> zf.Pass:
    return embedded.forward(zf.centre_crop(read_picture(cat)))


def run(path: str, folder: Path, *words: str, status: int = 0) -> tuple[Path, Path]:
    picture, array = folder / "out.png", folder / "out.npy"
    assert main(["deconv", path, *words, "-o", str(picture), "--npy", str(array)]) == status
    return picture, array


def failed(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line about a failure."""
    assert main(["deconv", *words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("zfdesk: ")
    assert err.count("\n") == 1
    return err


CONV5 = ["--layer", "conv5", "--unit", "103"]


@pytest.mark.parametrize(
    ("words", "seed", "rule"),
    [
        (CONV5, zf.Seed("conv5", 103), "deconvnet"),
        ([*CONV5, "--method", "guided"], zf.Seed("conv5", 103), "guided"),
        ([*CONV5, "--method", "gradient"], zf.Seed("conv5", 103), "gradient"),
        ([*CONV5, "--seed", "map"], zf.Seed("conv5", 103, zf.SeedKind.MAP), "deconvnet"),
        ([*CONV5, "--top", "3"], zf.Seed("conv5", 103, zf.SeedKind.TOPK, None, 3), "deconvnet"),
        (["--layer", "conv3", "--unit", "93", "--at", "6,4"],
         zf.Seed("conv3", 93, zf.SeedKind.AT, (6, 4)), "deconvnet"),
        (["--layer", "pool2", "--unit", "20", "--seed", "topk", "--method", "guided"],
         zf.Seed("pool2", 20, zf.SeedKind.TOPK, None, 9), "guided"),
        (["--layer", "fc8", "--unit", "285", "--method", "gradient"], zf.Seed("fc8", 285), "gradient"),
    ],
)  # fmt: skip
def test_array_is_the_engines(
    words: list[str], seed: zf.Seed, rule: str, seen: zf.Pass, cat: str, tmp_path: Path
) -> None:
    assert seen.activations[seed.layer][0, seed.unit].any()
    expected = zf.reconstruct(seen, seed, rule)
    picture, array = run(cat, tmp_path, *words)
    values = np.load(array)
    assert values.dtype == np.float32
    assert values.shape == (224, 224, 3)
    assert np.array_equal(values, expected.values)
    assert values.any()
    # the picture is the array, stretched about mid-grey
    image = np.asarray(Image.open(picture)).astype(float)
    assert np.abs(image - (128 + values * (127 / np.abs(values).max()))).max() <= 1


def test_the_most_active_unit(seen: zf.Pass, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(cat, tmp_path, "--layer", "conv4", "--unit", "max", "--json")
    facts = json.loads(capsys.readouterr().out)
    activation = seen.activations["conv4"][0]
    assert facts["unit"] == int(activation.amax((1, 2)).argmax())
    assert facts["activation"] == float(activation.max())
    y, x = facts["position"]
    assert float(activation[facts["unit"], y, x]) == float(activation.max())
    assert facts["positions"] == [[y, x]]
    size, jump, offset = 107, 16, -43
    assert facts["receptive_field"] == [offset + jump * y, offset + jump * x, offset + jump * y + size,
                                        offset + jump * x + size]  # fmt: skip
    assert facts["class"] is None


def test_facts_of_a_class(cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(cat, tmp_path, "--layer", "prob", "--unit", "max", "--method", "gradient", "--json")
    facts = json.loads(capsys.readouterr().out)
    assert (facts["unit"], facts["class"], facts["method"]) == (CAT, CATS[CAT], "gradient")


def test_a_unit_of_one_value_has_no_position(cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture, _ = run(cat, tmp_path, "--layer", "fc7", "--unit", "max", "--json")
    facts = json.loads(capsys.readouterr().out)
    assert (facts["position"], facts["seed"], facts["positions"]) == (None, None, [])
    with Image.open(picture) as image:
        assert not {"position", "seed"} & set(image.info)
    run(cat, tmp_path, "--layer", "fc7", "--unit", "max")
    said = capsys.readouterr().out
    assert f"fc7:{facts['unit']}, activation" in said
    assert "max" not in said.partition(":")[2].partition(str(tmp_path))[0]


def test_the_picture_says_what_it_is(
    seen: zf.Pass, embedded: zf.Model, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "--layer",
        "conv5",
        "--unit",
        "103",
        "--method",
        "guided",
        "--style",
        "blurred norm",
        "--top",
        "4",
        "--json",
    ]
    picture, array = run(cat, tmp_path, *words)
    facts = json.loads(capsys.readouterr().out)
    with Image.open(picture) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (224, 224))
        texts = image.info
    assert texts["layer"] == "conv5"
    assert texts["unit"] == "103"
    assert texts["method"] == "guided"
    assert texts["seed"] == "topk of 4"
    assert texts["style"] == "blurred norm"
    assert texts["source"] == "chelsea.jpg"
    assert texts["weights"] == embedded.name
    assert texts["weights sha256"] == embedded.sha256
    assert len(embedded.sha256) == 64
    assert texts["Software"].startswith("zfdesk ")
    assert f"{facts['stretch']:.6g}" in texts["stretch"]
    assert texts["position"] == "{},{}".format(*facts["position"])
    assert facts["weights"] == {"name": embedded.name, "sha256": embedded.sha256}
    assert facts["shape"] == list(np.load(array).shape)


def test_crop_and_one_line(noise: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], embedded: zf.Model) -> None:
    picture, array = run(noise, tmp_path, "--layer", "conv2", "--unit", "max", "--crop", "stretch")
    seen = embedded.forward(zf.crop(read_picture(noise), (0, 0, 60, 90)))
    unit = seen.strongest_unit("conv2")
    assert np.array_equal(np.load(array), zf.reconstruct(seen, zf.Seed("conv2", unit)).values)
    out, err = capsys.readouterr()
    assert (out.count("\n"), err) == (1, "")
    assert out.startswith(f"conv2:{unit} at ")
    assert str(picture) in out


def test_an_inactive_unit(embedded: zf.Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "grey.png"
    Image.new("RGB", (64, 64), (120, 120, 120)).save(path)
    activation = embedded.forward(zf.centre_crop(read_picture(path))).activations["conv5"][0]
    silent = int((activation.amax((1, 2)) == 0).nonzero()[0])
    words = [str(path), "--layer", "conv5", "--unit", str(silent), "-o", str(tmp_path / "out.png")]
    assert f"conv5:{silent} is inactive on this frame" in failed(words, capsys)
    loud = int((((activation == 0).any(2).any(1)) & (activation.amax((1, 2)) > 0)).nonzero()[0])
    y, x = (activation[loud] == 0).nonzero()[0].tolist()
    words = [str(path), "--layer", "conv5", "--unit", str(loud), "--at", f"{y},{x}", "-o", str(tmp_path / "out.png")]
    assert f"conv5:{loud} is inactive at ({y}, {x})" in failed(words, capsys)
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--layer", "conv9", "--unit", "1"], "zfnet has no layer 'conv9'; it has input, conv1,"),
        (["--layer", "conv5", "--unit", "256"], "conv5 has units 0 to 255; there is no unit 256."),
        (["--layer", "conv5", "--unit", "1", "--at", "13,0"], "(13, 0) lies outside the 13 × 13 map of conv5"),
        (["--layer", "conv5", "--unit", "1", "--at", "0,13"], "(0, 13) lies outside the 13 × 13 map of conv5"),
        (["--layer", "input", "--unit", "1"], "The input has no reconstruction"),
    ],
)
def test_what_is_not_there(
    words: list[str], sentence: str, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.png"
    out.write_bytes(b"kept")
    assert sentence in failed([cat, *words, "-o", str(out), "--npy", str(tmp_path / "out.npy")], capsys)
    assert out.read_bytes() == b"kept"
    assert os.listdir(tmp_path) == ["out.png"]


@pytest.mark.parametrize(("content", "word"), [(None, "does not exist"), (b"", "is empty"), (b"GIF89a no", "GIF")])
def test_pictures_that_are_none(
    content: bytes | None, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.GIF"
    if content is not None:
        path.write_bytes(content)
    line = failed([str(path), "--layer", "conv5", "--unit", "1", "-o", str(tmp_path / "out.png")], capsys)
    assert "broken.GIF" in line
    assert word in line


def test_a_folder_is_no_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(tmp_path), "--layer", "conv5", "--unit", "1", "-o", str(tmp_path / "out.png")]
    assert "is a folder, not a file" in failed(words, capsys)


@pytest.mark.parametrize("option", ["-o", "--npy"])
def test_outputs_that_cannot_be_written(
    option: str, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suffix = {"-o": "png", "--npy": "npy"}[option]
    folder = tmp_path / f"folder.{suffix}"
    folder.mkdir()
    nowhere = [str(tmp_path / "no" / f"where.{suffix}"), str(folder)]
    if sys.platform == "linux":
        nowhere.append(f"/proc/out.{suffix}")
    for place in nowhere:
        words = [cat, "--layer", "conv5", "--unit", "max", option, place]
        words += ["-o", str(tmp_path / "out.png")] if option == "--npy" else []
        line = failed(words, capsys)
        assert f"{place} cannot be written: " in line
    assert os.listdir(tmp_path) == [folder.name]
    assert os.listdir(folder) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_links_and_pipes_stay_what_they_are(cat: str, tmp_path: Path) -> None:
    """Renaming the finished file over /dev/stdout or a link would replace them."""
    real, link, pipe = tmp_path / "real.npy", tmp_path / "link.npy", tmp_path / "pipe.png"
    real.write_bytes(b"old")
    link.symlink_to(real)
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    assert main(["deconv", cat, "--layer", "conv5", "--unit", "max", "-o", str(pipe), "--npy", str(link)]) == 0
    reader.join(20)
    assert read[0].startswith(b"\x89PNG")
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert np.load(real).shape == (224, 224, 3)


@pytest.mark.parametrize(
    "words",
    [
        ["--layer", "conv5", "--unit", "1"],
        ["--layer", "conv5", "-o", "o.png"],
        ["--unit", "1", "-o", "o.png"],
        ["--layer", "conv5", "--unit", "most", "-o", "o.png"],
        ["--layer", "conv5", "--unit", "-1", "-o", "o.png"],
        ["--layer", "conv5", "--unit", "1", "-o", "o.jpg"],
        ["--layer", "conv5", "--unit", "1", "-o", "o.png", "--npy", "./o.png"],
        ["--layer", "conv5", "--unit", "1", "-o", "o.png", "--at", "1"],
        ["--layer", "conv5", "--unit", "1", "-o", "o.png", "--at", "1,2,3"],
        ["--layer", "conv5", "--unit", "1", "-o", "o.png", "--at", "a,b"],
        ["--layer", "conv5", "--unit", "1", "-o", "o.png", "--at", "1,2", "--seed", "max"],
        ["--layer", "conv5", "--unit", "1", "-o", "o.png", "--at", "1,2", "--top", "3"],
        ["--layer", "conv5", "--unit", "1", "-o", "o.png", "--seed", "map", "--top", "3"],
        ["--layer", "conv5", "--unit", "1", "-o", "o.png", "--seed", "topk", "--top", "0"],
        ["--layer", "conv5", "--unit", "1", "-o", "o.png", "--method", "magic"],
        ["--layer", "conv5", "--unit", "1", "-o", "o.png", "--style", "loud"],
    ],
)
def test_wrong_usage(words: list[str], cat: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deconv", cat, *words]) == 2
    assert capsys.readouterr().err.startswith("usage: zfdesk deconv")


def test_choices_are_the_engines_and_the_windows() -> None:
    assert set(zf.SeedKind) == {*deconv.SEEDS, "at"}
    assert tuple(zf.Rule) == common.METHODS
    assert tuple(Style) == deconv.STYLES
