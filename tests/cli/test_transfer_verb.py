"""``zfdesk train --transfer`` and ``zfdesk figure table7``, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from embedded import NAME
from PIL import Image

import zfdesk.weights
from zfdesk.cli import main
from zfdesk.resources import resource

pytestmark = pytest.mark.usefixtures("loaded")


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Three photographs, four parts of each."""
    place = tmp_path / "things"
    for name in ("chelsea", "coffee", "rocket"):
        (place / name).mkdir(parents=True)
        pixels = np.asarray(Image.open(resource(f"demo/{name}.jpg")).convert("RGB"))
        for number in range(4):
            top, left = 12 * number, 17 * number
            side = min(pixels.shape[:2]) - 60
            Image.fromarray(pixels[top : top + side, left : left + side]).save(place / name / f"{number}.jpg")
    return str(place)


def failed(capsys: pytest.CaptureFixture[str], *words: str, verb: str = "train") -> str:
    assert main([verb, *words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def test_classes_are_taught_and_the_network_kept(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "mine.safetensors"
    words = ["--per-class", "2", "--rounds", "2", "--seed", "0", "--layer", "7"]  # the layer that is read anyway
    assert main(["train", "--transfer", folder, *words, "-o", str(output)]) == 0
    out = capsys.readouterr().out
    assert "3 classes, 12 pictures, 2 rounds (seed 0)" in out
    assert "softmax fc7 (7) 2 100.0 ± 0.0" in " ".join(out.split())
    assert str(output) in out
    model = zfdesk.weights.load(output)
    assert model.classes == ("chelsea", "coffee", "rocket")
    assert model.provenance.startswith(f"{NAME}, its softmax taught on 3 classes, 6 pictures, ")
    assert main(["classify", f"{folder}/coffee/3.jpg", "--weights", str(output), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert "coffee" in json.dumps(told)


def test_layers_are_compared_printed_and_drawn(folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--transfer", folder, "--layers", "1,5,7", "--per-class", "1,2", "--rounds", "2"]
    assert main([*words, "--without", "rocket", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(s["number"], s["kind"], s["per_class"]) for s in told["scores"]] == [
        (number, kind, count) for number in (1, 5, 7) for kind in ("softmax", "svm") for count in (1, 2)
    ]
    assert (told["classes"], told["without"], told["network"]) == (2, ["rocket"], NAME)
    result, figure = tmp_path / "result.json", tmp_path / "table7.svg"
    result.write_text(json.dumps(told), encoding="utf-8")
    assert main(["figure", "table7", str(result), "-o", str(figure), "--npz", str(tmp_path / "t.npz")]) == 0
    svg = figure.read_text(encoding="utf-8")
    for text in ("linear SVM", "paper, Caltech-101, 30 a class", "layer 7, 2 a class: 100.0 ± 0.0 %", "rocket"):
        assert text in svg
    arrays = np.load(tmp_path / "t.npz")
    svm = arrays["svm_values"]
    np.testing.assert_allclose(svm[2], [44.8, 86.2, 85.5])  # as Table 7 prints them
    own = [s["mean"] * 100 for s in told["scores"] if s["kind"] == "svm" and s["per_class"] == 2]
    np.testing.assert_allclose(svm[1], own)
    assert np.isnan(arrays["softmax_values"][2][0])  # the paper has no softmax on layer 1


def test_one_round_has_no_deviation(folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--transfer", folder, "--layers", "5,7", "--per-class", "1", "--rounds", "1"]
    assert main(words) == 0
    page = capsys.readouterr().out.splitlines()
    assert "deviation" not in page[0]
    assert all("±" not in line for line in page[2:])
    assert main([*words, "--json"]) == 0
    result, figure = tmp_path / "result.json", tmp_path / "table7.svg"
    result.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["figure", "table7", str(result), "-o", str(figure)]) == 0
    svg = figure.read_text(encoding="utf-8")
    assert "one round (seed 0)" in " ".join(svg.split())
    assert "±" not in svg


def test_bad_data_and_words_are_told_in_one_line(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, said in (
        (["--transfer", folder], "has 4 pictures: 30 to teach with and one to test need 31"),
        (["--transfer", str(tmp_path / "gone")], "does not exist"),
        (["--transfer", folder, "--per-class", "2", "--layer", "9"], "has no layer 9"),
        (["--transfer", folder, "--layers", "1,2", "--svm"], "takes neither --layer nor --svm"),
        (["--transfer", folder, "--layers", "1,2", "-o", "x.safetensors"], "goes with --layer, not with --layers"),
        (["--transfer", folder, "-o", "x.pth"], "ends in .safetensors"),
        (["--transfer", folder, "--layer", "pool5", "--rounds", "1", "--per-class", "1", "-o",
          str(tmp_path / "x.safetensors")], "leave --layer out"),
        ([folder, "-o", "run", "--rounds", "3"], "--rounds goes with --transfer"),
        ([folder, "--transfer", folder], "takes the place of DATA"),
        (["--transfer", folder, "--epochs", "3", "--recipe", "paper", "--device", "cpu", "--rounds", "1"],
         "trained network: it does not take --recipe, --epochs, --device."),
        (["--transfer", folder, "--teacher-classes", "--set", "epochs=1"], "does not take --set, --teacher-classes."),
    ):  # fmt: skip
        assert said in failed(capsys, *words), words
    assert not list(tmp_path.glob("*.safetensors"))


def test_a_network_that_cannot_be_kept_is_told_before_anything_is_computed(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from zfdesk.training import transfer

    def refuse(*_: object) -> None:
        raise AssertionError("it was computed all the same")

    monkeypatch.setattr(transfer, "run_transfer", refuse)
    output = str(tmp_path / "x.safetensors")
    assert "leave --layer out" in failed(capsys, "--transfer", folder, "--layer", "5", "-o", output)


def test_a_result_that_is_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output, result = str(tmp_path / "o.png"), tmp_path / "r.json"
    score = {"layer": "fc7", "number": 7, "kind": "svm", "per_class": 30, "mean": 0.5, "deviation": 0.1}
    whole = {"format": "zfdesk transfer", "scores": [score]}
    for text, said in (
        ("no", "is not JSON"),
        ("[1]", "is not JSON"),
        ("{}", "is not what"),
        (json.dumps(whole), "two of them or more"),
        (json.dumps({**whole, "scores": []}), "has no scores"),
        (json.dumps({**whole, "scores": [{**score, "mean": 7}]}), "damaged"),
        (json.dumps({**whole, "scores": [{**score, "kind": "tree"}]}), "damaged"),
        (json.dumps({**whole, "scores": [{"layer": "fc7"}]}), "damaged"),
    ):
        result.write_text(text, encoding="utf-8")
        assert said in failed(capsys, "table7", str(result), "-o", output, verb="figure"), text
    result.unlink()
    assert "does not exist" in failed(capsys, "table7", str(result), "-o", output, verb="figure")
