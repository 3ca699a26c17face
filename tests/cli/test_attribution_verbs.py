"""``zfdesk agreement`` and ``zfdesk figure sanity``: their numbers are those of the functions they are made of."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from engine_nets import quick_weights
from PIL import Image
from shard_files import write_shards

import zfdesk.engine as zf
from zfdesk.attribution import METHODS, attribute, class_target
from zfdesk.attribution.agreement import points_into, sanity_check, share_inside
from zfdesk.cli import main
from zfdesk.engine.layers import Architecture, Conv, Linear, MaxPool, ReLU, Softmax
from zfdesk.experiments.parts import write_parts
from zfdesk.weights import store

LAYERS = (
    Conv("conv1", 6, 3, 2, 1), ReLU("relu1"), MaxPool("pool1", 2, 2), Conv("conv2", 8, 3, 1, 1), ReLU("relu2"),
    Linear("fc6", 10), ReLU("relu6"), Linear("fc8", 5), Softmax("prob"),
)  # fmt: skip
NET = Architecture("small", "Small", LAYERS, 32)
BOXES = {"a.png": (4, 6, 20, 12), "b.png": (0, 0, 32, 16)}  # top, left, height, width


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> zf.Model:
    """The verbs find a small network, which sees all of a picture of its own size."""
    model = zf.Model(NET, quick_weights(NET, seed=2), input=zf.InputSpec(resize=32))
    monkeypatch.setattr(store, "load_current", lambda: (model, ""))
    return model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures with their things marked, and one without."""
    for number, name in enumerate((*BOXES, "c.png")):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    write_parts(tmp_path, {name: {"object": box} for name, box in BOXES.items()})
    return tmp_path


def test_the_heat_on_the_thing(small: zf.Model, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agreement", str(folder), "--methods", "gradcam,gradient", "--curves", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert list(facts["pictures"]) == list(BOXES)
    assert facts["box_order"] == ["top", "left", "bottom", "right"]
    wanted = []
    for name, (top, left, height, width) in BOXES.items():
        seen = small.forward(np.asarray(Image.open(folder / name)))
        heat = attribute(seen, class_target(small, int(seen.probabilities[0].argmax())), "gradcam").heat
        box = (top, left, top + height, left + width)
        one = facts["pictures"][name]
        assert one["box"] == list(box)
        assert one["even"] == pytest.approx(height * width / 1024)
        assert one["methods"]["gradcam"]["share"] == pytest.approx(share_inside(heat, box))
        assert one["methods"]["gradcam"]["points"] == points_into(heat, box)
        assert 0 <= one["methods"]["gradcam"]["deletion"] <= 1
        wanted.append(share_inside(heat, box))
    assert [row["method"] for row in facts["methods"]] == ["gradcam", "gradient"]
    assert facts["methods"][0]["share"]["mean"] == pytest.approx(np.mean(wanted))
    assert main(["agreement", str(folder), "--methods", "gradcam"]) == 0
    said = capsys.readouterr().out
    assert "Grad-CAM" in said
    assert "even heat" in said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--methods", "telepathy"], "telepathy"),
        (["--class", "9"], "no class 9"),
        (["--layer", "fc6"], "fc6 has no maps"),
    ],
)
def test_what_cannot_be_is_said(
    small: zf.Model, folder: Path, more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(["agreement", str(folder), *more])
    except SystemExit as ended:
        status = int(str(ended.code))
    assert status in (1, 2)
    assert said in capsys.readouterr().err


def test_a_folder_without_marked_things(small: zf.Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(tmp_path / "a.png")
    write_parts(tmp_path, {"a.png": {"nose": (1, 1, 5, 5)}})
    assert main(["agreement", str(tmp_path)]) == 1
    assert "No part called “object”" in capsys.readouterr().err


def test_the_sanity_check_as_a_figure(small: zf.Model, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, arrays = folder / "out.pdf", folder / "out.npz"
    chosen = ["--methods", "gradcam,guided", "--class", "3", "--seed", "5"]
    assert main(["figure", "sanity", str(folder / "a.png"), *chosen, "-o", str(out), "--npz", str(arrays)]) == 0
    assert out.read_bytes().startswith(b"%PDF")
    picture = np.asarray(Image.open(folder / "a.png"))
    steps = list(sanity_check(small, picture, class_target(small, 3), ("gradcam", "guided"), seed=5))
    with np.load(arrays) as kept:
        likeness = kept["c_values"]
        assert kept["a_values"].shape == (len(steps), 32, 32, 3)
    assert np.allclose(likeness, [[step.likeness[name] for step in steps] for name in ("gradcam", "guided")])
    said = capsys.readouterr().out
    assert "Adebayo" in said
    assert "seed 5" in said


def test_readme_and_help_name_every_method(capsys: pytest.CaptureFixture[str]) -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    section = text[text.index("### Where does a class look?") :].partition("\n### ")[0]
    assert main(["attribute", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for name, one in METHODS.items():
        assert f"`{name}`" in section
        assert f" {name} {one.help} ({one.source})" in told


def taught_by_a_teacher(folder: Path, model: zf.Model) -> np.ndarray:
    """Shards of twelve pictures; what the teacher takes them for is none of the network's doing."""
    rng = np.random.default_rng(3)
    pictures = [np.full((40, 40, 3), 20 * number, np.uint8) for number in range(12)]
    logits = rng.normal(size=(12, len(model.classes)))
    logits[np.arange(12), np.arange(12) // 4] += 20
    write_shards(folder, pictures, logits, model.classes[::-1])
    return logits


def test_cam_is_taught_from_a_teachers_stored_answers(
    small: zf.Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taught_by_a_teacher(tmp_path / "shards", small)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)).save(tmp_path / "a.png")
    command = [
        "attribute",
        str(tmp_path / "a.png"),
        "--method",
        "cam",
        "--pictures",
        str(tmp_path / "shards"),
        "--json",
    ]
    # the shards name the classes the other way round: their class 0 is the network's last
    assert main([*command, "--class", str(len(small.classes) - 1)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert "taught 3 classes from 12 pictures with a teacher's stored answers" in said["head"]
    assert main([*command, "--class", "0"]) == 1
    assert "was not taught" in capsys.readouterr().err


def test_shards_that_teach_nothing_are_told(
    small: zf.Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(tmp_path / "a.png")
    command = ["attribute", str(tmp_path / "a.png"), "--method", "cam", "--json", "--pictures"]
    blank = [np.zeros((40, 40, 3), np.uint8)] * 2
    write_shards(tmp_path / "bare", blank, None, small.classes)
    assert main([*command, str(tmp_path / "bare")]) == 1
    assert "neither a teacher's answers nor labels" in capsys.readouterr().err
    write_shards(tmp_path / "other", blank, np.eye(2), ("yak", "gnu"))
    assert main([*command, str(tmp_path / "other")]) == 1
    assert "knows no class “yak”" in capsys.readouterr().err
    (tmp_path / "other" / "views-00000.tar").write_bytes(b"no tar")
    assert main([*command, str(tmp_path / "other")]) == 1
    assert "cannot be read as a tar file" in capsys.readouterr().err
