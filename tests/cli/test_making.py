"""The verbs that make pictures, and ``zfdesk attribute``, on a small network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from engine_nets import quick_weights
from PIL import Image

import zfdesk.engine as zf
import zfdesk.synthesis
from zfdesk.attribution import attribute, class_target
from zfdesk.cli import main
from zfdesk.engine.layers import Architecture, Conv, Linear, MaxPool, ReLU, Softmax
from zfdesk.sources import read_picture
from zfdesk.weights import store

LAYERS = (
    Conv("conv1", 6, 5, 2, 1), ReLU("relu1"), MaxPool("pool1", 3, 2, 1), Conv("conv2", 8, 3, 1, 1), ReLU("relu2"),
    Linear("fc6", 10), ReLU("relu6"), Linear("fc8", 5), Softmax("prob"),
)  # fmt: skip
NET = Architecture("small", "Small", LAYERS, 48)
CLASSES = ("cat", "dog", "cup", "car", "tree")


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> zf.Model:
    made = zf.Model(NET, quick_weights(NET, seed=2), classes=CLASSES, name="small")
    monkeypatch.setattr(store, "load_current", lambda: (made, ""))
    return made


@pytest.fixture
def out(tmp_path: Path) -> str:
    return str(tmp_path / "out.png")


def told(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict:
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def size_of(path: str) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def texts_of(path: str) -> dict[str, str]:
    with Image.open(path) as picture:
        return dict(picture.text)


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(words) in (1, 2)
    return capsys.readouterr().err


def test_maximise_writes_a_sheet_that_says_what_it_is(out: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["maximise", "--layer", "conv2", "--units", "3,5", "--objective", "class:dog - class:cat", "--steps", "4"]
    facts = told([*words, "--seed", "7", "-o", out], capsys)
    assert [one["words"] for one in facts["objectives"]] == ["conv2:3", "conv2:5", "dog (fc8:1) − 1 × cat (fc8:0)"]
    assert facts["seed"] == 7
    assert facts["recipe"]["name"] == "modern"
    assert facts["finished"]
    side = NET.size
    assert size_of(out) == (2 * side + 2, 2 * side + 2)  # the classes see the whole picture, so all are as large
    assert json.loads(texts_of(out)["seed"]) == 7
    assert json.loads(texts_of(out)["objectives"]) == facts["objectives"]
    assert texts_of(out)["method"] == "activation maximisation, recipe modern"


def test_maximise_starts_from_a_picture_and_makes_several(
    out: str, noise: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["maximise", "--layer", "conv2", "--units", "3", "--each", "4", "--steps", "3", "--start", noise, "-o", out]
    facts = told(words, capsys)
    assert len(facts["objectives"]) == 4
    assert facts["recipe"]["diversity"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--layer", "conv2"], "--layer and --units go together"), ([], "what shall be maximised"),
        (["--layer", "conv9", "--units", "1"], "no layer 'conv9'"),
        (["--layer", "conv2", "--units", "99"], "units 0 to 7"),
        (["--objective", "class:sofa"], "no class “sofa”"), (["--objective", "conv2?"], "is no objective"),
        (["--layer", "conv2", "--units", "1", "--start", "nowhere.png"], "nowhere.png"),
    ],
)  # fmt: skip
def test_maximise_says_what_it_cannot(
    words: list[str], said: str, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refused(["maximise", *words, "-o", out], capsys)
    assert not Path(out).exists()


def test_an_interrupted_picture_is_written_and_marked(
    out: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = zfdesk.synthesis.maximise

    def interrupted(*given: object) -> Iterator[object]:
        yield next(whole(*given, every=2))
        raise KeyboardInterrupt

    monkeypatch.setattr(zfdesk.synthesis, "maximise", interrupted)
    assert main(["maximise", "--layer", "conv2", "--units", "3", "--steps", "9", "-o", out, "--json"]) == 130
    printed = capsys.readouterr()
    assert json.loads(printed.out)["finished"] is False
    assert "marked as unfinished" in printed.err
    assert json.loads(texts_of(out)["finished"]) is False


def test_fool_changes_the_answer_within_the_budget(
    out: str, cat: str, model: zf.Model, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = told(["fool", cat, "--to", "cup", "--budget", "30", "-o", out, "--alone"], capsys)
    pixels = np.asarray(Image.open(BytesIO(Path(out).read_bytes())))
    clean = zf.centre_crop(read_picture(cat), NET.size)
    assert np.abs(pixels.astype(int) - clean).max() == facts["largest_change"] <= 30
    assert facts["probability"] == pytest.approx(float(model.forward(pixels).probabilities[0, 2]), abs=1e-6)
    assert facts["probability"] > facts["probability_before"]
    told(["fool", cat, "--to", "cup", "--norm", "l2", "-o", out], capsys)
    assert size_of(out) == (3 * NET.size + 4, NET.size)
    assert "no class “sofa”" in refused(["fool", cat, "--to", "sofa", "-o", out], capsys)
    assert (
        main(["fool", cat, "--to", told(["fool", cat, "--to", "cup", "-o", out], capsys)["was"]["class"], "-o", out])
        == 0
    )
    assert "% is still " in capsys.readouterr().out


def test_dream_keeps_the_pictures_size(out: str, noise: str, capsys: pytest.CaptureFixture[str]) -> None:
    facts = told(
        ["dream", noise, "--layer", "conv2", "--unit", "3", "--octaves", "2", "--steps", "2", "-o", out], capsys
    )
    assert size_of(out) == (60, 90)
    assert (facts["layer"], facts["unit"], facts["of_steps"]) == ("conv2", 3, 4)
    assert "no maps" in refused(["dream", noise, "--layer", "fc6", "-o", out], capsys)


def test_invert_puts_the_layers_in_a_row(out: str, cat: str, capsys: pytest.CaptureFixture[str]) -> None:
    facts = told(["invert", cat, "--layers", "conv1,fc8", "--steps", "3", "-o", out], capsys)
    assert list(facts["relative_error"]) == ["conv1", "fc8"]
    assert size_of(out) == (3 * NET.size + 4, NET.size)
    assert "no layer" in refused(["invert", cat, "--layers", "conv7", "-o", out], capsys)


def test_texture_and_style_say_which_network_is_the_known_one(
    out: str, noise: str, cat: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["texture", noise, "--side", "48", "--steps", "2", "-o", out]) == 0
    assert "VGG-16" in capsys.readouterr().err
    assert size_of(out) == (32, 48)
    facts = told(["style", noise, "--like", cat, "--like", noise, "--mix", "0.25", "--side", "48", "--steps", "2",
                  "-o", out], capsys)  # fmt: skip
    assert [one["weight"] for one in facts["styles"]] == [0.75, 0.25]


def test_attribute_writes_the_methods_own_array(
    out: str, cat: str, tmp_path: Path, model: zf.Model, capsys: pytest.CaptureFixture[str]
) -> None:
    array = str(tmp_path / "out.npy")
    words = ["attribute", cat, "--method", "gradcam", "--class", "cup", "--layer", "conv1", "-o", out, "--npy", array]
    facts = told(words, capsys)
    seen = model.forward(zf.centre_crop(read_picture(cat), NET.size))
    wanted = attribute(seen, class_target(model, 2), "gradcam", zfdesk.attribution.Options(layer="conv1"))
    assert np.array_equal(np.load(array), wanted.values)
    assert facts["words"] == "cup (fc8:2), Grad-CAM, at conv1"
    assert size_of(out) == (NET.size, NET.size)
    facts = told(["attribute", cat, "--method", "lrp", "--of", "conv2", "--unit", "3"], capsys)
    assert (facts["of"], facts["unit"], facts["class"]) == ("conv2", 3, None)


def test_attribute_teaches_a_head_for_cam(cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = np.random.default_rng(0)
    for name in ("cup", "dog"):
        (tmp_path / name).mkdir()
        for number in range(3):
            pixels = chance.integers(0, 256 if name == "cup" else 90, (50, 50, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    facts = told(["attribute", cat, "--method", "cam", "--class", "dog", "--pictures", str(tmp_path)], capsys)
    assert "taught 2 classes from 6 pictures with a folder's classes" in facts["head"]
    assert "not taught tree" in refused(
        ["attribute", cat, "--method", "cam", "--class", "tree", "--pictures", str(tmp_path), "--json"], capsys
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nothing to do"), (["--method", "cam", "--json"], "--pictures"), (["--unit", "3", "--json"], "--of"),
        (["--of", "conv2", "--class", "cup", "--json"], "two targets"), (["--class", "sofa", "--json"], "sofa"),
        (["--layer", "fc6", "--json"], "no maps"), (["--method", "magic", "--json"], "invalid choice"),
    ],
)  # fmt: skip
def test_attribute_says_what_it_cannot(
    words: list[str], said: str, cat: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refused(["attribute", cat, *words], capsys)


def test_no_input_is_written_over(noise: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["dream", noise], ["invert", noise], ["texture", noise], ["fool", noise, "--to", "cup"],
                  ["attribute", noise], ["style", noise, "--like", noise]):  # fmt: skip
        before = Path(noise).read_bytes()
        said = refused([*words, "-o", noise], capsys)
        assert "the same" in said or "written over" in said
        assert Path(noise).read_bytes() == before


def test_a_name_without_an_ending_is_refused(noise: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["dream", noise], ["fool", noise, "--to", "cup"], ["maximise", "conv1"], ["attribute", noise]):
        assert "its name ends in .png" in refused([*words, "-o", str(tmp_path / "o")], capsys)
    assert not (tmp_path / "o").exists()
