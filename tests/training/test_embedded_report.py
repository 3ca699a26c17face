"""What is said of the embedded network is what was measured of it, everywhere it is said."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from engine_nets import embedded_model
from PIL import Image

import zfdesk.engine as zf
from zfdesk.cli import main, weights_renewal
from zfdesk.cli.output import CommandError
from zfdesk.resources import resource
from zfdesk.sources import read_picture
from zfdesk.training.embedded_report import BEGIN, END, ship
from zfdesk.training.errors import TrainingError
from zfdesk.weights.checkpoint import embedded
from zfdesk.weights.embedded_facts import embedded_facts, facts_from, known_kinds, readme_block, surest_error

BEGIN_CURVES, END_CURVES = (mark.format(name="curves") for mark in weights_renewal.MARKS)
ROOT = Path(__file__).parents[2]
FACTS = embedded_facts()


def test_the_facts_are_of_the_file_that_ships() -> None:
    data = embedded().read_bytes()
    assert hashlib.sha256(data).hexdigest() == FACTS.sha256
    assert len(data) == FACTS.bytes < 70e6
    assert [path.name for path in embedded().parent.glob("*.safetensors")] == [FACTS.file]


def test_the_tables_are_made_from_the_facts() -> None:
    card = embedded().with_suffix(".md").read_text("utf-8")
    for text in ((ROOT / "README.md").read_text("utf-8"), card):
        assert text.split(BEGIN)[1].split(END)[0].strip() == readme_block(FACTS)
    assert FACTS.sha256 in card


def test_the_demo_s_answers_are_the_network_s() -> None:
    model = embedded_model()
    for name, answers in FACTS.demo.items():
        picture = zf.centre_crop(read_picture(str(resource("demo") / name)))
        probabilities = model.forward(picture, reference=True).probabilities[0]
        for index, word, probability in answers:
            assert model.classes[index] == word
            assert float(probabilities[index]) == pytest.approx(probability, abs=0.01)
    assert surest_error(FACTS).startswith(FACTS.demo["coffee.jpg"][0][1])


def test_kinds_in_words() -> None:
    words = known_kinds(FACTS, 0.0).split(", ")
    assert len(words) + 1 == len(FACTS.kinds)
    assert all(row.pictures >= 8 for row in FACTS.kinds)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Little more than what `ship` writes."""
    (tmp_path / "resources/weights").mkdir(parents=True)
    (tmp_path / "resources/weights/old.safetensors").write_bytes(b"old")
    (tmp_path / "resources/weights/new.md").write_text(f"SHA-256 `{'0' * 64}`\n{BEGIN}\nold\n{END}\nafter\n")
    (tmp_path / "README.md").write_text(f"before\n{BEGIN}\n{END}\n")
    return tmp_path


def test_one_command_measures_and_writes(checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, picture in (("tabby", "chelsea.jpg"), ("moped", "motorcycle_left.jpg")):
        (tmp_path / "data" / name).mkdir(parents=True)
        shutil.copy(resource("demo") / picture, tmp_path / "data" / name)
    shutil.copy(embedded(), tmp_path / "new.safetensors")
    data = str(tmp_path / "data")
    assert (
        main(["weights", "report", str(tmp_path / "new.safetensors"), data, data, "--ship", str(checkout), "--json"])
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((checkout / "resources/weights/embedded.json").read_text("utf-8"))
    assert (told["file"], told["sha256"]) == ("new.safetensors", FACTS.sha256)
    assert [row["pictures"] for row in told["scores"]] == [2, 2]
    assert told["scores"][0]["among"][0] == 2
    card = (checkout / "resources/weights/new.md").read_text("utf-8")
    assert FACTS.sha256 in card
    assert readme_block(facts_from(told)) in card
    assert card.endswith("after\n")
    assert readme_block(facts_from(told)) in (checkout / "README.md").read_text("utf-8")
    assert sorted(path.name for path in (checkout / "resources/weights").iterdir()) == [
        "embedded.json", "new.md", "new.safetensors",
    ]  # fmt: skip


def test_what_is_shown_of_the_network_is_made_anew_too(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By processes that see the checkout: here what they would have said."""
    random = {"maps": 5, "deletion": {"mean": 0.03, "sd": 0.01}, "insertion": {"mean": 0.09, "sd": 0.006}}
    rows = [
        {"cells": [28, 28], "deletion": 0.017, "insertion": 0.178, "random": random},
        {"cells": [224, 224], "deletion": 0.0172, "insertion": 0.146, "random": random},
    ]
    asked: list[list[str]] = []

    def run(words: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        asked.append(words[1:])
        assert options["cwd"] == checkout
        assert str(options["env"]["PYTHONPATH"]).startswith(str(checkout))  # type: ignore[index]
        said = {"occlude": {"index": 281}, "curves": {"class": "tabby", "probability": 0.127, "maps": rows}}
        picture = words[1].endswith("pictures.py")
        return subprocess.CompletedProcess(
            words, 0, "docs/window.png\n" if picture else json.dumps(said.get(words[3])), ""
        )

    (checkout / "README.md").write_text(f"before\n{BEGIN_CURVES}\nold\n{END_CURVES}\nafter\n")
    (checkout / "docs").mkdir()
    (checkout / "docs/pictures.py").touch()
    monkeypatch.setattr(subprocess, "run", run)
    assert weights_renewal.renew(checkout, lambda _: None) == ["README.md: curves", "docs/window.png"]
    text = (checkout / "README.md").read_text()
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "(tabby, 12.7 %)" in text
    assert "| 5 random maps, 28 × 28 | 0.030 ± 0.010 | 0.090 ± 0.006 |" in text
    assert [words[2] for words in asked[:3]] == ["occlude", "attribute", "curves"]
    assert "281" in asked[1]
    assert asked[3][0].endswith("docs/pictures.py")
    monkeypatch.setattr(subprocess, "run", lambda words, **_: subprocess.CompletedProcess(words, 1, "", "no\nroom\n"))
    with pytest.raises(CommandError, match="failed: room"):
        weights_renewal.renew(checkout, lambda _: None)


def test_table_1_of_the_marked_dogs(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the pictures that the repository's marks name, wherever they lie among those of one a class."""
    marks = ROOT / weights_renewal.DOGS
    names = list(json.loads(marks.read_text("utf-8"))["pictures"])
    scores = [
        {"part": part, "layer": layer, "score": 0.25, "standard_error": 0.0125, "paper": paper}
        for part, paper in (("nose", {"score": 0.079, "error": 0.017}), ("tail", None))
        for layer in ("pool5", "fc7")
    ]

    def run(words: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        folder = Path(words[words.index("correspondence") + 1])
        assert sorted(path.name for path in folder.iterdir()) == sorted([*names, "zfdesk-parts.json"])
        facts = {"weights": {"name": "new"}, "layers": ["pool5", "fc7"], "scores": scores}
        return subprocess.CompletedProcess(words, 0, json.dumps(facts), "")

    begin, end = (mark.format(name="correspondence") for mark in weights_renewal.MARKS)
    (checkout / "README.md").write_text(f"{begin}\nold\n{end}\n")
    (checkout / "docs").mkdir()
    shutil.copyfile(marks, checkout / weights_renewal.DOGS)
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(CommandError, match=f"has no picture {names[0]}"):
        weights_renewal.renew(checkout, lambda _: None, samples=str(tmp_path))
    for name in names:
        (tmp_path / name.split("_")[0]).mkdir()
        (tmp_path / name.split("_")[0] / name).touch()
    assert weights_renewal.renew(checkout, lambda _: None, samples=str(tmp_path)) == ["README.md: correspondence"]
    text = (checkout / "README.md").read_text()
    assert "With new:" in text
    assert "| nose | 0.250 ± 0.013 | 0.079 ± 0.017 | 0.250 ± 0.013 | 0.079 ± 0.017 |" in text
    assert "| tail | 0.250 ± 0.013 |  | 0.250 ± 0.013 |  |" in text


def test_tables_4_and_7_of_caltech(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def score(kind: str, number: int, per_class: int, mean: float) -> dict[str, object]:
        return {
            "layer": f"layer {number}", "number": number, "kind": kind, "per_class": per_class, "mean": mean,
            "deviation": 0.004, "accuracies": [mean],
        }  # fmt: skip

    told = {"format": "zfdesk transfer", "network": "new", "seed": 0, "rounds": 5}
    counts = told | {"scores": [score("softmax", 7, 15, 0.6), score("softmax", 7, 30, 0.66)]}
    layers = told | {"scores": [score(kind, n, 30, n / 10) for kind in ("softmax", "svm") for n in (1, 2, 3, 4, 5, 7)]}
    asked: list[list[str]] = []

    def run(words: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        asked.append(words)
        return subprocess.CompletedProcess(words, 0, json.dumps(layers if "--layers" in words else counts), "")

    begin, end = (mark.format(name="caltech") for mark in weights_renewal.MARKS)
    (checkout / "README.md").write_text(f"{begin}\nold\n{end}\n")
    (tmp_path / "BACKGROUND_Google").mkdir()
    monkeypatch.setattr(subprocess, "run", run)
    assert weights_renewal.renew(checkout, lambda _: None, str(tmp_path)) == ["README.md: caltech"]
    text = (checkout / "README.md").read_text()
    assert "| 30 | 66.0 ± 0.4 % | 86.5 ± 0.5 % | 46.5 ± 1.7 % |" in text
    assert "| SVM, here | 10.0 ± 0.4 % | 20.0 ± 0.4 %" in text
    assert "| softmax, paper |  |  |  |  | 82.9 % | 85.4 % |" in text
    assert "BACKGROUND_Google" in asked[0]
    assert weights_renewal.renew(checkout, lambda _: None) == []


@pytest.mark.slow
def test_pictures_of_the_window(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "docs/pictures.py"), "-o", str(tmp_path)]
    assert subprocess.run([*script, "window", "teach", "figure"], capture_output=True, timeout=600).returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"window.png", "teach.png", "figure.png"}
    for path in tmp_path.iterdir():
        with Image.open(path) as picture:
            assert picture.width >= 1400


def test_a_card_without_a_place_for_the_tables_changes_nothing(checkout: Path, tmp_path: Path) -> None:
    (checkout / "resources/weights/new.md").write_text("no marks")
    told = json.loads(resource("weights/embedded.json").read_text("utf-8"))
    with pytest.raises(TrainingError, match="needs the lines"):
        ship(tmp_path / "new.safetensors", told, checkout)
    assert (checkout / "resources/weights/old.safetensors").exists()
