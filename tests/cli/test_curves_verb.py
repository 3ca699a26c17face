"""``zfdesk curves``: the engine's areas for every map, a figure that can be read, and every bad map in one line."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zfdesk.engine as zf
import zfdesk.experiments
from zfdesk.cli import main
from zfdesk.weights import store

SIZE, RESIZE = 32, 36


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> zf.Model:
    """A quick network; the verb finds it in use."""
    layers = (
        zf.Conv("conv1", 6, 3, 1, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 4, 4),
        zf.Linear("fc8", 4), zf.Softmax("prob"),
    )  # fmt: skip
    model = zf.random_model(zf.Architecture("small", "Small", layers, SIZE), seed=3)
    softer = {**model.weights, "fc8.weight": model.weights["fc8.weight"] / 100}  # type: ignore[operator]
    model = replace(
        model,
        input=zf.InputSpec(resize=RESIZE),
        weights=softer,
        name="small",
        classes=("tench", "crane", "Egyptian cat", "crane"),
    )
    monkeypatch.setattr(store, "load_current", lambda: (model, ""))
    return model


@pytest.fixture
def image(tmp_path: Path) -> str:
    blocks = np.random.default_rng(0).integers(0, 256, (10, 10, 3), np.uint8)
    Image.fromarray(blocks.repeat(10, 0).repeat(10, 1)).save(tmp_path / "blocks.png")
    return str(tmp_path / "blocks.png")


@pytest.fixture
def heat(tmp_path: Path) -> str:
    np.save(tmp_path / "heat.npy", np.random.default_rng(1).random((6, 5)))
    return str(tmp_path / "heat.npy")


def seen(image: str) -> np.ndarray:
    return zf.centre_crop(np.asarray(Image.open(image)), SIZE, RESIZE)


def answer(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict:
    assert main(["curves", *words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def test_json_is_what_the_engine_gives(
    small: zf.Model, image: str, heat: str, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = answer([image, heat, "--steps", "8", "--random", "3", "--seed", "5"], capsys)
    picture = seen(image)
    expected = zfdesk.experiments.insertion_deletion(small, picture, np.load(heat), None, 8)
    top = int(small.forward(picture).probabilities[0].argmax())
    assert (facts["index"], facts["class"]) == (top, small.classes[top])
    assert facts["shares"] == [step / 8 for step in range(9)]
    [found] = facts["maps"]
    assert found["path"] == heat
    assert found["cells"] == [6, 5]
    assert found["deletion"] == expected.deletion.area
    assert found["insertion"] == expected.insertion.area
    assert found["deletion_curve"] == expected.deletion.probabilities.tolist()
    assert found["insertion_curve"] == expected.insertion.probabilities.tolist()
    assert facts["probability"] == pytest.approx(found["deletion_curve"][0])
    random = zfdesk.experiments.random_baseline(small, picture, top, (6, 5), 3, 5, 8)
    assert found["random"]["maps"] == 3
    assert (found["random"]["deletion"]["mean"], found["random"]["deletion"]["sd"]) == random.deletion
    assert (found["random"]["insertion"]["mean"], found["random"]["insertion"]["sd"]) == random.insertion


def test_class_fill_and_no_random(small: zf.Model, image: str, heat: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = [image, heat, "--steps", "4", "--random", "0", "--fill", "black"]
    by_name = answer([*words, "--class", "egyptian CAT"], capsys)
    by_index = answer([*words, "--class", "2"], capsys)
    assert by_name == by_index
    expected = zfdesk.experiments.insertion_deletion(small, seen(image), np.load(heat), 2, 4, zf.OccluderFill.BLACK)
    assert by_name["maps"][0]["deletion"] == expected.deletion.area
    assert by_name["maps"][0]["random"] is None
    assert by_name["index"] == 2
    with_random = answer([*words[:4], "--random", "2", "--fill", "black", "--class", "2"], capsys)
    random = zfdesk.experiments.random_baseline(small, seen(image), 2, (6, 5), 2, 0, 4, zf.OccluderFill.BLACK)
    assert with_random["maps"][0]["random"]["deletion"]["mean"] == random.deletion[0]
    single = answer([*words[:-4], "--random", "1"], capsys)
    assert single["maps"][0]["random"]["deletion"]["sd"] is None


def test_several_maps_and_a_sweep(
    small: zf.Model, image: str, heat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    starts = np.arange(0, 25, 8)
    positions = np.stack(np.meshgrid(starts, starts, indexing="ij"), -1)
    fall = np.random.default_rng(2).random((4, 4)).astype(np.float32)
    np.savez(tmp_path / "sweep.npz", positions=positions, probability=1 - fall, clean=np.float32([0.1, 0.9, 0, 0]))
    np.save(tmp_path / "same.npy", np.load(heat) * 3 + 1)
    maps = [heat, str(tmp_path / "sweep.npz"), str(tmp_path / "same.npy")]
    facts = answer([image, *maps, "--steps", "6", "--random", "2"], capsys)
    first, second, third = facts["maps"]
    assert second["cells"] == [4, 4]
    assert first["deletion_curve"] == third["deletion_curve"]  # the order is all that counts
    assert first["random"] == third["random"] != second["random"]
    from zfdesk.experiments.heatmap import values_at_pixels

    spread = values_at_pixels(fall.astype(float), starts + 4.0, starts + 4.0, SIZE)
    expected = zfdesk.experiments.insertion_deletion(small, seen(image), spread, facts["index"], 6)
    assert second["deletion"] == pytest.approx(expected.deletion.area, abs=1e-6)
    assert main(["curves", image, *maps, "--steps", "6", "--random", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("   ")[0].strip() for line in lines[2:]] == [
        "area under the curve", maps[0], "2 random maps, 6 × 5", maps[1], "2 random maps, 4 × 4", maps[2],
    ]  # fmt: skip
    assert f"{first['deletion']:.3f}" in lines[3]
    assert f"{first['insertion']:.3f}" in lines[3]


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("SVG", b"<?xml"), ("pdf", b"%PDF")])
def test_a_figure(
    small: zf.Model,
    image: str,
    heat: str,
    tmp_path: Path,
    suffix: str,
    magic: bytes,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / f"curves.{suffix}"
    assert main(["curves", image, heat, "--steps", "4", "--random", "2", "-o", str(out)]) == 0
    assert out.read_bytes().startswith(magic)
    if suffix == "png":
        pixels = np.asarray(Image.open(out).convert("RGB"))
        assert pixels.shape[1] > 1500
        blue = (np.abs(pixels.astype(int) - [0, 0x72, 0xB2]).sum(2) < 30).sum()
        assert blue > 500  # the map's line
    if suffix == "SVG":
        text = out.read_text()
        for words in (
            "heat.npy: ",
            "2 random maps, 6 × 5: ",
            "deletion: lower is better",
            "insertion: higher is better",
        ):
            assert words in text


def test_as_a_program(image: str, tmp_path: Path) -> None:
    """With the network that ships, once, in a process of its own."""
    import sys

    np.save(tmp_path / "h.npy", np.eye(4))
    words = ["curves", image, str(tmp_path / "h.npy"), "--steps", "1", "--random", "0"]
    done = subprocess.run([sys.executable, "-m", "zfdesk", *words], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert "deletion (lower is better)" in done.stdout


def failed(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["curves", *words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("zfdesk: ")
    assert err.count("\n") == 1
    return err


def test_what_cannot_be_is_told_in_one_line(
    small: zf.Model, image: str, heat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = ["--steps", "2", "--random", "0"]
    for array, words in (
        (np.zeros((3, 3)), "all its values are the same"),
        (np.zeros((3, 3, 3)), "has rows and columns"),
        (np.array([[1, np.nan]]), "are not finite"),
    ):
        np.save(tmp_path / "bad.npy", array)
        assert words in failed([image, heat, str(tmp_path / "bad.npy"), *quick], capsys)
    assert "nowhere.npy does not exist" in failed([image, str(tmp_path / "nowhere.npy")], capsys)
    assert "is not a heat map" in failed([image, image], capsys)
    assert "nowhere.png does not exist" in failed([str(tmp_path / "nowhere.png"), heat], capsys)
    assert "there is no class 4." in failed([image, heat, "--class", "4"], capsys)
    assert "no class “tenk”; the nearest are tench (0)" in failed([image, heat, "--class", "tenk"], capsys)
    assert "“crane” may be several classes: crane (1), crane (3)" in failed([image, heat, "--class", "crane"], capsys)
    assert "1 to 1024 steps" in failed([image, heat, "--steps", "2000", "--random", "0"], capsys)
    out = str(tmp_path / "no" / "a.png")
    assert "the folder" in failed([image, heat, *quick, "-o", out], capsys)


@pytest.mark.parametrize("words", [["-o", "a.jpg"], ["--steps", "0"], ["--random", "-1"], ["--fill", "noise"]])
def test_usage(words: list[str], image: str, heat: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["curves", image, heat, *words]) == 2
    assert "usage: zfdesk curves" in capsys.readouterr().err
    assert main(["curves", image]) == 2


def test_progress_only_on_a_terminal(
    small: zf.Model, image: str, heat: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["curves", image, heat, "--steps", "4", "--random", "2"]
    assert main(words) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert main(words) == 0
    err = capsys.readouterr().err
    assert f"{heat}: 100 % of 10 pictures, 0 s left" in err
    assert "random maps: 100 % of 20 pictures, 0 s left" in err
    assert err.endswith("\r\x1b[K"), "the line is wiped away"
    assert "\n" not in err
