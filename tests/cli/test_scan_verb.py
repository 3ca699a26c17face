"""``zfdesk scan``, ``top`` and ``invariance``: what they print, and what they say of bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zfdesk.engine as zf
from zfdesk.cli import main
from zfdesk.sources import read_picture

pytestmark = pytest.mark.usefixtures("loaded")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of three pictures, and one that cannot be read."""
    rng = np.random.default_rng(3)
    for number in range(6):
        path = tmp_path / "pictures" / ("ants", "bees")[number % 2] / f"p{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8))
        coarse.resize((320, 240), Image.Resampling.BICUBIC).save(path)
    return tmp_path / "pictures"


def test_scan_tells_the_strongest(folder: Path, embedded: zf.Model, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", str(folder), "--layers", "conv5,fc8", "--top", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["box_order"] == ["top", "left", "bottom", "right"]
    assert (told["found"], told["scanned"], told["unreadable"]) == (6, 6, [])
    assert told["weights"]["sha256"] == embedded.sha256
    paths = sorted(folder.rglob("*.png"))
    crops = [zf.centre_crop(read_picture(path)) for path in paths]
    peaks = np.stack([embedded.forward(crop).activations["conv5"][0].amax((1, 2)).numpy() for crop in crops])
    for unit in (0, 12, 200):
        top = told["layers"]["conv5"]["units"][unit]["top"]
        order = np.argsort(-peaks[:, unit])[:2]
        assert [one["path"] for one in top] == [str(paths[place]) for place in order]
        assert [one["class"] for one in top] == [paths[place].parent.name for place in order]
        assert top[0]["activation"] == pytest.approx(peaks[order[0], unit], rel=1e-3)
    assert len(told["layers"]["fc8"]["units"]) == 1000
    assert main(["scan", str(folder)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("6 pictures, 6 scanned now")  # for the other layers
    assert "conv5    256 units, dead:" in out
    assert main(["scan", str(folder)]) == 0
    assert capsys.readouterr().out.startswith("6 pictures, 0 scanned now;")


def test_what_cannot_be_read_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    assert main(["scan", str(folder), "--layers", "conv1"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("7 pictures, 7 scanned now")
    assert f"({folder / 'broken.jpg'})." in err


def test_clear_forgets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", str(folder), "--layers", "conv1"]) == 0
    assert main(["scan", "--clear"]) == 0
    capsys.readouterr()
    assert main(["scan", str(folder), "--layers", "conv1"]) == 0
    assert "6 scanned now" in capsys.readouterr().out


def test_top_is_a_figure(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, arrays = tmp_path / "top.png", tmp_path / "top.npz"
    words = ["top", str(folder), "--layer", "conv4", "--units", "3,17", "--method", "guided", "--top", "4"]
    assert main([*words, "-o", str(out), "--npz", str(arrays), "--json"]) == 0
    assert "Guided" in json.loads(capsys.readouterr().out)["caption"]
    with np.load(arrays) as read:
        assert read["conv4_3_patches_values"].shape[0] == 4
    assert out.stat().st_size > 1000


def test_invariance_is_that_of_the_engine(folder: Path, embedded: zf.Model, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(folder / "ants" / "p0.png")
    assert main(["invariance", path, "--change", "translation", "--amounts=-8,0,8", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    change = told["changes"][0]
    assert (change["change"], change["unit"], change["amounts"]) == ("translation", "pixels", [-8.0, 0.0, 8.0])
    assert change["distances"]["fc7"][0][1] == pytest.approx(0, abs=1e-3)
    assert change["distances"]["fc7"][0][0] > 0.1
    # eight pixels down of the network's picture, cut out by hand
    frame = read_picture(path)
    left, top, right, bottom = zf.centre_box(*frame.shape[:2])
    shift = 8 * (bottom - top) / 224
    moved = zf.crop(frame, (left, top - shift, right, bottom - shift))
    probability = float(embedded.forward(moved).probabilities[0, told["pictures"][0]["index"]])
    assert change["probabilities"][0][2] == pytest.approx(probability, abs=0.02)
    assert main(["invariance", path, "--change", "scale", "--amounts", "1,1.5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{path}, scale"
    assert lines[2].split()[:3] == ["1", "0.000", "0.000"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["scan", "EMPTY"], 1, "There are no pictures in empty."),
        (["scan", "NOWHERE"], 1, "nowhere does not exist."),
        (["scan"], 2, "name folders, pictures or clips"),
        (["scan", "FOLDER", "--layers", "conv9"], 1, "has no layer 'conv9'"),
        (["scan", "FOLDER", "--layers", "input"], 1, "choose a layer above it"),
        (["top", "FOLDER", "--layer", "conv4", "--units", "999", "-o", "f.png"], 1, "no unit 999"),
        (["top", "EMPTY", "--layer", "conv4", "--units", "1", "-o", "f.png"], 1, "no pictures in empty"),
        (["invariance", "FOLDER/ants/p0.png", "--amounts", "1"], 2, "goes with one --change"),
        (["invariance", "FOLDER/ants/p0.png", "--change", "scale", "--amounts", "0.5"], 1, "enlarged 1 times or more"),
    ],
)
def test_bad_input_is_a_sentence(
    words: list[str],
    status: int,
    said: str,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "empty").mkdir()
    places = {"EMPTY": str(tmp_path / "empty"), "NOWHERE": str(tmp_path / "nowhere")}
    monkeypatch.chdir(tmp_path)
    words = [places.get(word, word.replace("FOLDER", str(folder))) for word in words]
    assert main(words) == status
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
