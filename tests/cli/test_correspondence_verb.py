"""``zfdesk correspondence``: the engine's table beside the paper's, and every bad folder in one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zfdesk.engine as zf
import zfdesk.experiments
from zfdesk.cli import main
from zfdesk.experiments.correspondence import cut_out
from zfdesk.experiments.parts import FILE, write_parts
from zfdesk.live import Crop
from zfdesk.sources import read_picture
from zfdesk.weights import store

MARKS = {
    f"{number}.png": {"nose": (40 + number, 50, 14, 12), "right eye": (25, 40 + number, 8, 8)} for number in range(3)
}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> zf.Model:
    """A quick network with the paper's layers; the verb finds it in use."""
    layers = (
        zf.Conv("conv1", 6, 3, 1, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 2, 2),
        zf.Conv("conv5", 8, 3, 1, 1), zf.ReLU("relu5"), zf.MaxPool("pool5", 2, 2),
        zf.Linear("fc7", 40), zf.ReLU("relu7"), zf.Linear("fc8", 4), zf.Softmax("prob"),
    )  # fmt: skip
    model = zf.random_model(zf.Architecture("small", "Small", layers, 32))
    model = replace(model, input=zf.InputSpec(resize=36), name="small")
    monkeypatch.setattr(store, "load_current", lambda: (model, ""))
    return model


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Three pictures of 100 × 130 with two parts each."""
    for number in range(3):
        blocks = np.random.default_rng(number).integers(0, 256, (10, 13, 3), np.uint8)
        Image.fromarray(blocks.repeat(10, 0).repeat(10, 1)).save(tmp_path / f"{number}.png")
    write_parts(tmp_path, MARKS)
    return str(tmp_path)


def table_of(model: zf.Model, folder: str, **options: object) -> zfdesk.experiments.Correspondence:
    box = Crop.centre_of(model).box
    pictures, _ = cut_out(MARKS, lambda name: read_picture(Path(folder) / name), box, model.architecture.size)
    return zfdesk.experiments.correspondence(model, pictures, **options)  # type: ignore[arg-type]


def test_json_is_the_engines_table(small: zf.Model, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["correspondence", folder, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    facts = json.loads(out)
    expected = table_of(small, folder)
    assert facts["pictures"] == ["0.png", "1.png", "2.png"]
    assert facts["layers"] == ["pool5", "fc7"]
    assert [(s["part"], s["layer"]) for s in facts["scores"]] == [
        (part, layer) for part in ("right eye", "nose", "random") for layer in ("pool5", "fc7")
    ]
    for found, score in zip(facts["scores"], expected.scores, strict=True):
        assert found["score"] == score.mean
        assert found["standard_error"] == score.error
        assert (found["pairs"], found["pictures"]) == (3, 3)
    assert facts["scores"][0]["paper"] == {"score": 0.067, "error": 0.007}
    assert facts["scores"][5]["paper"] == {"score": 0.073, "error": 0.014}
    assert (facts["fill"], facts["random"], facts["seed"], facts["crop"]) == ("grey", 10, 0, "centre")
    assert facts["weights"]["name"] == "small"
    assert facts["left_out"] == []


def test_options_reach_the_engine(small: zf.Model, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--layers", "conv5, prob", "--fill", "black", "--random", "3", "--seed", "7", "--json"]
    assert main(["correspondence", folder, *words]) == 0
    facts = json.loads(capsys.readouterr().out)
    expected = table_of(small, folder, layers=("conv5", "prob"), fill=zf.OccluderFill.BLACK, draws=3, seed=7)
    assert [s["score"] for s in facts["scores"]] == [s.mean for s in expected.scores]
    assert [s["paper"] is None for s in facts["scores"]] == [False, True] * 3
    assert main(["correspondence", folder, "--random", "0", "--json"]) == 0
    assert {s["part"] for s in json.loads(capsys.readouterr().out)["scores"]} == {"right eye", "nose"}


def test_the_page_has_ours_beside_the_papers(small: zf.Model, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["correspondence", folder]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("3 pictures, grey masks, 10 random places a picture (")
    assert "; small. " in lines[0]
    rows = [[cell for cell in line.split("   ") if cell.strip()] for line in lines[2:]]
    expected = table_of(small, folder).table()
    assert [[cell.strip() for cell in row] for row in rows] == [list(row) for row in expected]
    assert [cell.strip() for cell in rows[0]] == ["masked", "pool5", "paper, layer 5", "fc7", "paper, layer 7", "pairs"]


def test_what_the_network_does_not_see_is_told(
    small: zf.Model, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_parts(Path(folder), {**MARKS, "0.png": {"nose": (40, 50, 9, 9), "right eye": (0, 0, 3, 3)}})
    assert main(["correspondence", folder]) == 0
    err = capsys.readouterr().err
    assert err == "zfdesk: The right eye of 0.png lies outside what the network sees.\n"
    assert main(["correspondence", folder, "--crop", "fit"]) == 0
    assert capsys.readouterr().err == ""


def failed(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["correspondence", *words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("zfdesk: ")
    assert err.count("\n") == 1
    return err


def test_bad_folders_and_files_in_one_line(small: zf.Model, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(folder)
    assert "is not a folder" in failed([str(path / "nowhere")], capsys)
    empty = path / "empty"
    empty.mkdir()
    assert "No parts are marked in" in failed([str(empty)], capsys)
    assert "has no layer 'conv9'; it has input, conv1" in failed([folder, "--layers", "conv9"], capsys)
    box = (1, 2, 3, 4)
    for marks, words in (
        ({"0.png": {"nose": box}}, "at least two pictures"),
        ({"0.png": {"nose": box}, "gone.png": {"nose": box}}, "gone.png is marked in"),
        ({"0.png": {"nose": box}, "1.png": {"nose": (98, 0, 3, 4)}}, "The nose of 1.png reaches outside the picture"),
    ):
        write_parts(path, marks)
        assert words in failed([folder], capsys)
    (path / "0.png").write_bytes(b"nothing")
    write_parts(path, MARKS)
    assert "0.png is not a picture that can be read" in failed([folder], capsys)
    (path / FILE).write_text('{"version": 1, "pictures": {"../x.png": {}}}')
    assert "'../x.png', which is not the name of a picture in the same folder" in failed([folder], capsys)
    (path / FILE).write_text("")
    assert "cannot be read" in failed([folder], capsys)


@pytest.mark.parametrize(
    "words", [[], ["--layers", "pool5,,fc7"], ["--random", "-1"], ["--fill", "pink"], ["--seed", "x"], ["a", "b"]]
)
def test_usage(words: list[str], folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["correspondence", *([folder] if words and words[0] != "a" else []), *words]) == 2
    assert "usage: zfdesk correspondence" in capsys.readouterr().err


def test_progress_only_on_a_terminal(
    small: zf.Model, folder: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["correspondence", folder]) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert main(["correspondence", folder]) == 0
    err = capsys.readouterr().err
    assert " 33 % of 3 pictures" in err
    assert "100 % of 3 pictures, 0 s left" in err
    assert err.endswith("\r\x1b[K"), "the line is wiped away"
    assert "\n" not in err
