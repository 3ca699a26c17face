"""``zfdesk occlude`` against the engine, and its files read again."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from embedded import CAT, CATS, FACTS
from PIL import Image

import zfdesk.engine as zf
from zfdesk.cli import common, main
from zfdesk.cli.network import class_called
from zfdesk.sources import read_picture

pytestmark = pytest.mark.usefixtures("loaded")

QUICK = ["--stride", "56"]


@pytest.fixture(scope="module")
def picture(cat: str) -> np.ndarray:
    return zf.centre_crop(read_picture(cat))


@pytest.fixture(scope="module")
def swept(embedded: zf.Model, picture: np.ndarray) -> zf.Sweep:
    """What `QUICK` asks for."""
    *_, seen = zf.sweep(embedded.forward(picture), picture, zf.SweepPlan(50, 56))
    return seen


def facts(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> dict:
    assert main(["occlude", *words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def failed(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line about a failure."""
    assert main(["occlude", *words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("zfdesk: ")
    assert err.count("\n") == 1
    return err


def test_the_arrays_are_the_engines(
    swept: zf.Sweep, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.npz"
    assert main(["occlude", cat, *QUICK, "--npz", str(path)]) == 0
    unit, index = swept.highest_total_unit, int(swept.clean_probabilities.argmax())
    expected = {
        "positions": (swept.positions, np.int32), "probability": (swept.probability(index), np.float32),
        "activation": (swept.activation(unit), np.float32), "label": (swept.label(), np.int32),
        "done": (np.ones((4, 4)), np.bool_), "clean": (swept.clean_probabilities, np.float32),
        "clean_activation": (swept.clean_activations[unit], np.float32),
    }  # fmt: skip
    with np.load(path) as arrays:
        assert set(arrays) == set(expected)
        for name, (values, kind) in expected.items():
            assert arrays[name].dtype == kind, name
            np.testing.assert_allclose(arrays[name], values, rtol=1e-5, atol=1e-6, err_msg=name)
        assert arrays["positions"].shape == (4, 4, 2)
        assert arrays["clean"].shape == (1000,)
    assert os.listdir(tmp_path) == ["out.npz"]
    capsys.readouterr()
    assert main(["occlude", "--help"]) == 0
    told = capsys.readouterr().out
    assert all(f"  {name} " in told for name in expected), "the help tells what the file holds"


def test_facts(swept: zf.Sweep, embedded: zf.Model, cat: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = facts([cat, *QUICK], capsys)
    index = int(swept.clean_probabilities.argmax())
    drop, occluder = swept.largest_drop(index)
    assert (told["class"], told["index"]) == (embedded.classes[index], index)
    assert told["clean"]["probability"] == pytest.approx(float(swept.clean_probabilities[index]), abs=1e-6)
    assert told["clean"]["label"] == {"class": embedded.classes[index], "index": index}
    assert told["largest_drop"]["drop"] == pytest.approx(drop, abs=1e-6)
    assert told["largest_drop"]["box"] == [occluder.top, occluder.left, occluder.top + 50, occluder.left + 50]
    assert told["largest_drop"]["probability"] == pytest.approx(told["clean"]["probability"] - drop, abs=1e-6)
    assert told["label_change_share"] == swept.label_change_share()
    assert told["positions_per_second"] > 0
    assert (told["positions"], told["done"], told["complete"]) == ([4, 4], 16, True)
    assert (told["layer"], told["unit"]) == ("conv5", swept.highest_total_unit)
    assert (told["output"], told["npz"]) == (None, None)
    assert told["weights"]["sha256"] == embedded.sha256


def test_options_reach_the_sweep(
    embedded: zf.Model, picture: np.ndarray, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.npz"
    words = ["--size", "81", "--stride", "70", "--fill", "blur", "--shape", "ellipse", "--clipped", "--class", "tench",
             "--layer", "conv3", "--unit", "7", "--npz", str(path)]  # fmt: skip
    told = facts([cat, *words], capsys)
    plan = zf.SweepPlan(81, 70, zf.OccluderShape.ELLIPSE, zf.OccluderFill.BLUR, overhang=False)
    assert told["occluder"] == {"size": 81, "stride": 70, "shape": "ellipse", "fill": "blur", "clipped": True}
    assert (told["class"], told["index"], told["layer"], told["unit"]) == ("tench", 0, "conv3", 7)
    *_, expected = zf.sweep(embedded.forward(picture), picture, plan, "conv3")
    with np.load(path) as arrays:
        assert np.array_equal(arrays["positions"], plan.positions(224, 224))
        np.testing.assert_allclose(arrays["probability"], expected.probability(0), atol=1e-6)
        np.testing.assert_allclose(arrays["activation"], expected.activation(7), rtol=1e-5)


def test_crop(cat: str, embedded: zf.Model, capsys: pytest.CaptureFixture[str]) -> None:
    told = facts([cat, "--stride", "200", "--crop", "stretch", "--class", "285"], capsys)
    pixels = read_picture(cat)
    whole = zf.crop(pixels, (0, 0, pixels.shape[1], pixels.shape[0]))
    expected = float(embedded.forward(whole, reference=True).probabilities[0, 285])
    assert told["clean"]["probability"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_figure(suffix: str, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / f"row.{suffix}"
    assert main(["occlude", cat, *QUICK, "-o", str(path)]) == 0
    out, err = capsys.readouterr()
    assert (out.count("\n"), err) == (1, "")
    probability = FACTS.demo["chelsea.jpg"][0][2]
    assert out.startswith(f"{CATS[CAT]} ({CAT}) {int(100 * probability)}.")
    assert str(path) in out
    data = path.read_bytes()
    if suffix == "png":
        with Image.open(path) as image:
            assert image.width > 3 * image.height / 2
    else:
        assert data.startswith({"svg": b"<?xml", "pdf": b"%PDF-"}[suffix])
    assert b"chelsea.jpg" in data or suffix == "pdf"


@pytest.mark.parametrize(
    ("text", "index"),
    [("285", 285), ("Egyptian cat", 285), ("  egyptian   CAT ", 285), ("welsh", 218), ("0", 0), ("999", 999)],
)
def test_classes_by_name(text: str, index: int, embedded: zf.Model) -> None:
    assert class_called(embedded, text) == index


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1000", "classes 0 to 999; there is no class 1000."),
        ("99999999999999999999", "there is no class 99999999999999999999."),
        ("Egiptian cat", "no class “Egiptian cat”; the nearest are Egyptian cat (285), "),
        ("cat", "“cat” may be several classes: oystercatcher (143), tiger cat (282), Persian cat (283), "),
        ("", "no class “”"),
        ("-1", "no class “-1”"),
    ],
)
def test_classes_that_are_none(text: str, sentence: str, embedded: zf.Model) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        class_called(embedded, text)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--size", "225"], "An occluder of 225 × 225 is larger than the picture of 224 × 224 pixels."),
        (["--class", "Egiptian cat"], "the nearest are Egyptian cat (285)"),
        (["--unit", "256"], "conv5 has units 0 to 255; there is no unit 256."),
        (["--layer", "conv9"], "zfnet has no layer 'conv9'"),
        (["--weights", "nowhere.safetensors"], "nowhere.safetensors"),
    ],
)
def test_what_is_not_there(
    words: list[str], sentence: str, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.npz"
    out.write_bytes(b"kept")
    assert sentence in failed([cat, *words, "--npz", str(out)], capsys)
    assert out.read_bytes() == b"kept"
    assert os.listdir(tmp_path) == ["out.npz"]


def test_pictures_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG no")
    for name, word in (("broken.png", "broken.png"), ("none.png", "does not exist"), (".", "is a folder")):
        assert word in failed([str(tmp_path / name), "--npz", str(tmp_path / "out.npz")], capsys)
    assert os.listdir(tmp_path) == ["broken.png"]


@pytest.mark.parametrize("option", ["-o", "--npz"])
def test_outputs_that_cannot_be_written_are_told_before_the_work(
    option: str, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zf, "sweep", None)
    place = tmp_path / "no" / ("out.npz" if option == "--npz" else "out.png")
    assert f"{place} cannot be written" in failed([cat, option, str(place)], capsys)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--size", "0", "--json"],
        ["--stride", "0", "--json"],
        ["--stride", "-8", "--json"],
        ["--fill", "paint", "--json"],
        ["--shape", "rectangle", "--json"],
        ["--unit", "most", "--json"],
        ["-o", "out.jpg"],
        ["-o", "out"],
        ["-o", "o.png", "--npz", "./o.png"],
    ],
)
def test_wrong_usage(words: list[str], cat: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["occlude", cat, *words]) == 2
    assert capsys.readouterr().err.startswith("usage: zfdesk occlude")


def test_what_to_give(cat: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["occlude", cat]) == 2
    assert "give -o for a figure, --npz for the raw values or --json" in capsys.readouterr().err


def interrupted(after: int) -> Callable[..., Iterator[zf.Sweep]]:
    """A sweep during which Ctrl-C is pressed after so many steps."""

    real = zf.sweep

    def steps(*words: Any) -> Iterator[zf.Sweep]:
        yield from islice(real(*words, batch=5), after)
        raise KeyboardInterrupt

    return steps


def test_ctrl_c_writes_what_is_done(
    swept: zf.Sweep, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zf, "sweep", interrupted(2))
    path = tmp_path / "part.npz"
    assert main(["occlude", cat, *QUICK, "--npz", str(path), "--json"]) == 130
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (told["complete"], told["positions"]) == (False, [4, 4])
    assert err == f"zfdesk: The sweep was interrupted: {told['done']} of 16 positions are done, and what is written " \
                  "is marked as partial.\n"  # fmt: skip
    with np.load(path) as arrays:
        done = arrays["done"]
        assert 0 < done.sum() == told["done"] < 16
        assert (np.isnan(arrays["probability"]) == ~done).all()
        assert (np.isnan(arrays["activation"]) == ~done).all()
        assert ((arrays["label"] == -1) == ~done).all()
        index = told["index"]
        np.testing.assert_allclose(arrays["probability"][done], swept.probability(index)[done], atol=1e-6)


def test_ctrl_c_at_once_writes_nothing(
    cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zf, "sweep", interrupted(0))
    assert main(["occlude", cat, *QUICK, "--npz", str(tmp_path / "part.npz")]) == 130
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "nothing is written" in err
    assert os.listdir(tmp_path) == []


def test_progress_only_on_a_terminal(
    cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["occlude", cat, *QUICK, "--npz", str(tmp_path / "out.npz")]
    assert main(words) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert main(words) == 0
    err = capsys.readouterr().err
    assert "100 % of 16 positions, 0 s left" in err
    assert err.endswith("\r\x1b[K"), "the line is wiped away"
    assert "\n" not in err


def test_choices_are_the_engines() -> None:
    assert tuple(zf.OccluderFill) == common.FILLS
    assert set(zf.OccluderShape) == {*common.SHAPES, "rectangle"}
