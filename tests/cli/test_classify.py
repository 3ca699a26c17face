"""``zfdesk classify`` against Pillow and the plain float32 network."""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from embedded import CAT, CATS
from PIL import Image

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.cli import classify, main
from zfdesk.cli.common import CROPS
from zfdesk.engine.class_kinds import class_kinds, sum_by_kind
from zfdesk.live import CropMode
from zfdesk.pages.answers_page import answers_page
from zfdesk.progress import percent_text
from zfdesk.resources import resource
from zfdesk.sources import read_picture
from zfdesk.weights import store

MOST_DIFFERENCE = 0.01  # what a faster path, and pixels that are rounded otherwise, may change a probability by


def pillow_answer(network: zf.Model, image: Image.Image, crop: str = "centre") -> np.ndarray:
    """The probabilities, with Pillow's scaling and plain torch."""
    image = image.convert("RGB")
    width, height = image.size
    if crop == "fit":
        longest = max(image.size)
        square = Image.new("RGB", (longest, longest), (128, 128, 128))
        square.paste(image, ((longest - width) // 2, (longest - height) // 2))
        image, box = square, (0.0, 0.0, float(longest), float(longest))
    elif crop == "stretch":
        box = (0.0, 0.0, float(width), float(height))
    else:
        side = 224 / 256 * min(image.size)
        box = ((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)
    seen = np.asarray(image.resize((224, 224), Image.Resampling.BILINEAR, box=box))
    return network.forward(seen, reference=True).probabilities[0].numpy()


def answers(words: list[str], capsys: pytest.CaptureFixture[str], status: int = 0) -> list[dict]:
    assert main(["classify", "--json", *words]) == status
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("crop", CROPS)
@pytest.mark.parametrize("picture", ["cat", "noise"])
def test_equals_an_independent_computation(
    picture: str, crop: str, loaded: zf.Model, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    path = request.getfixturevalue(picture)
    [answer] = answers([path, "--top", "1000", "--crop", crop], capsys)
    expected = pillow_answer(loaded, Image.open(path), crop)
    assert answer["path"] == path
    assert len(answer["classes"]) == 1000
    found = np.array([0.0] * 1000)
    for entry in answer["classes"]:
        assert list(entry) == ["class", "index", "probability"]
        assert entry["class"] == loaded.classes[entry["index"]]
        found[entry["index"]] = entry["probability"]
    assert np.abs(found - expected).max() < MOST_DIFFERENCE
    probabilities = [entry["probability"] for entry in answer["classes"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1, abs=1e-4)


def test_the_cat_is_a_cat(loaded: zf.Model, cat: str, capsys: pytest.CaptureFixture[str]) -> None:
    [answer] = answers([cat], capsys)
    assert [entry["index"] for entry in answer["classes"]][:3] == list(CATS)
    assert len(answer["classes"]) == 5


def test_more_classes_than_there_are(loaded: zf.Model, cat: str, capsys: pytest.CaptureFixture[str]) -> None:
    [answer] = answers([cat, "--top", "5000"], capsys)
    assert len({entry["index"] for entry in answer["classes"]}) == 1000


def test_a_folder_in_natural_order_and_in_batches(
    loaded: zf.Model, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    count = classify.BATCH + 3
    for number in range(1, count + 1):
        Image.fromarray(random.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(tmp_path / f"img{number}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    found = answers([str(tmp_path), cat], capsys)
    assert [answer["path"] for answer in found[:-1]] == [str(tmp_path / f"img{n}.png") for n in range(1, count + 1)]
    assert found[-1]["path"] == cat
    for answer in (found[0], found[classify.BATCH], found[-1]):
        [alone] = answers([answer["path"]], capsys)
        assert [entry["index"] for entry in alone["classes"]] == [entry["index"] for entry in answer["classes"]]
        for one, many in zip(alone["classes"], answer["classes"], strict=True):
            assert one["probability"] == pytest.approx(many["probability"], abs=1e-4)


def test_unreadable_among_readable(
    loaded: zf.Model, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty, text, folder = tmp_path / "zero.jpg", tmp_path / "text.png", tmp_path / "folder"
    empty.write_bytes(b"")
    text.write_text("hello")
    folder.mkdir()
    missing = str(tmp_path / "missing.jpg")
    words = [str(empty), cat, missing, str(text), str(folder), cat]
    assert main(["classify", "--json", "--top", "1", *words]) == 1
    out, err = capsys.readouterr()
    assert [answer["path"] for answer in json.loads(out)] == [cat, cat]
    lines = err.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("zfdesk: ") for line in lines)
    for line, name, word in zip(
        lines, [empty, missing, text, folder], ["empty", "not exist", "", "no pict"], strict=True
    ):
        assert str(name) in line
        assert word in line


def test_nothing_readable(loaded: zf.Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "--json", str(tmp_path / "missing.jpg")]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out) == []
    assert "Traceback" not in err


def test_table(loaded: zf.Model, cat: str, capsys: pytest.CaptureFixture[str]) -> None:
    kinds = class_kinds(loaded.classes)
    assert kinds is not None
    assert main(["classify", cat, "--top", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == cat
    [answer] = answers([cat], capsys)
    assert lines[1].split()[:2] == percent_text(answer["classes"][0]["probability"], 1).split()
    assert lines[1].split("%  ")[1] == f"{CATS[CAT]} ({CAT})"
    assert lines[3].strip() == "by kind (sums of softmax):"
    wanted = sum_by_kind(loaded.forward(zf.centre_crop(read_picture(cat))).probabilities[0].numpy(), kinds)
    assert [line.split(" ", 1)[0] for line in map(str.strip, lines[4:])] == [
        kind.kind.split(" ", 1)[0] for kind in wanted[:3]
    ]
    assert len(lines) == 7
    kind = next(kind for kind in answer["kinds"] if kind["kind"] == "cat")
    assert kind["classes"][0] == answer["classes"][0] | {"plain_name": "tabby cat"}
    assert kind["probability"] >= sum(entry["probability"] for entry in kind["classes"])


def test_a_contact_sheet(loaded: zf.Model, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "sheet.svg"
    assert main(["classify", cat, cat, "-o", str(sheet), "--json"]) == 0
    first, _ = json.loads(capsys.readouterr().out)
    text = html.unescape(sheet.read_text("utf-8"))
    assert text.count(Path(cat).name) >= 2
    kind = first["kinds"][0]
    assert f"{CATS[CAT]} {100 * first['classes'][0]['probability']:.0f} %" in text
    assert f"{kind['kind']} {100 * kind['probability']:.0f} %" in text
    assert "sum of softmax" in text
    assert loaded.sha256[:12] in text
    assert main(["classify", cat, "-o", str(tmp_path / "none" / "sheet.svg")]) == 1
    assert "does not exist" in capsys.readouterr().err
    with pytest.raises(ValueError, match="1 to 200"):
        answers_page([], loaded)


@pytest.mark.parametrize("count", ["0", "-1", "x", "1.5", "", "٣", "9" * 40])
def test_bad_number_of_classes(count: str, cat: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", cat, "--top", count]) == 2
    assert "is not a whole number from 1 up" in capsys.readouterr().err


def test_weights_by_name_and_by_file(
    embedded: zf.Model, cat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = zf.random_model(zf.ARCHITECTURES["zfnet-no3467"](3), seed=1)
    store.add(other, "other")
    path = tmp_path / "loose.safetensors"
    zfdesk.weights.save(other, path)
    by_name, by_file = (answers([cat, "--weights", which], capsys) for which in ("other", str(path)))
    assert by_name == by_file
    expected = pillow_answer(other, Image.open(cat))
    assert [entry["index"] for entry in by_name[0]["classes"]] == list((-expected).argsort())


@pytest.mark.parametrize(
    ("weights", "words"),
    [("nobody", "no weights called 'nobody'"), ("no/where.safetensors", "There is no file no/where.safetensors.")],
)
def test_weights_that_are_not_there(weights: str, words: str, cat: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", cat, "--weights", weights]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert words in err


def test_damaged_weights_fall_back_to_the_embedded(cat: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = store.add(zf.random_model(zf.ARCHITECTURES["zfnet-no3467"](3), seed=1), "mine")
    store.use("mine")
    path.write_bytes(path.read_bytes()[:-100])
    assert main(["classify", "--json", "--top", "1", cat]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)[0]["classes"][0]["index"] == CAT
    assert err.count("\n") == 1
    assert "The embedded network is in use." in err


def test_the_centre_crop_is_the_networks_own(
    embedded: zf.Model, cat: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights trained on the whole shortest side, as the zoo's zfnet512, are shown all of it."""
    whole = replace(embedded, input=zf.InputSpec(resize=224))
    monkeypatch.setattr(store, "load_current", lambda: (whole, ""))
    [answer] = answers([cat, "--top", "1"], capsys)
    [top] = answer["classes"]
    seen = zf.centre_crop(np.asarray(Image.open(cat).convert("RGB")), 224, 224)
    assert top["probability"] == pytest.approx(float(whole.forward(seen).probabilities.max()), abs=1e-6)


def test_crops_are_the_windows() -> None:
    assert set(CROPS.values()) == {mode.value for mode in CropMode}


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux alone")
def test_json_is_utf8_in_any_terminal_and_keeps_any_file_name(tmp_path: Path) -> None:
    picture = resource("demo/rocket.jpg").read_bytes()
    names = [os.fsencode(tmp_path) + b"/" + name for name in ("käse.jpg".encode(), b"not-utf8-\xff.jpg")]
    for name in names:
        Path(os.fsdecode(name)).write_bytes(picture)
    done = subprocess.run(
        [sys.executable, "-m", "zfdesk", "classify", "--json", *names],
        capture_output=True,
        timeout=120,
        env={**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "1"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    found = json.loads(done.stdout.decode("utf-8", errors="strict"))
    assert [os.fsencode(answer["path"]) for answer in found] == names
    assert "käse.jpg".encode() in done.stdout
