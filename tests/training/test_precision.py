"""Average precision a class, as Table 6 counts it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny
from sklearn.metrics import average_precision_score

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.cli import main
from zfdesk.figures.table7 import PAPER_TABLE_6, PAPER_TABLE_6_MEAN, paper_text
from zfdesk.training.data_folder import FolderPictures
from zfdesk.training.errors import TrainingError
from zfdesk.training.precision import average_precision, run_precision


def by_thresholds(scores: np.ndarray, present: np.ndarray) -> float:
    """The devkit's: for each recall the highest precision at it or above, over all thresholds."""
    points = []
    for threshold in np.unique(scores):
        said = scores >= threshold
        points.append((float(present[said].sum() / present.sum()), float(present[said].mean())))
    area, before = 0.0, 0.0
    for recall in sorted({recall for recall, _ in points}):
        area += (recall - before) * max(exact for at, exact in points if at >= recall)
        before = recall
    return area


@pytest.mark.parametrize("seed", range(12))
def test_it_is_the_area_under_the_monotonous_precision(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, present = rng.integers(0, 12, 60) / 12, rng.random(60) < 0.3  # many are equal
    found = average_precision(scores, present)
    assert found == pytest.approx(by_thresholds(scores, present))
    assert found >= average_precision_score(present, scores) - 1e-12
    assert average_precision(np.arange(60.0), np.arange(60) >= 40) == 1
    with pytest.raises(ValueError, match="No picture"):
        average_precision(scores, np.zeros(60, bool))


@pytest.fixture
def model() -> zf.Model:
    """Untrained: enough to tell colours and stripes apart."""
    return replace(zf.random_model(tiny.tiny(5), 3), name="small")


@pytest.fixture
def things(tmp_path: Path) -> Path:
    """Three pictures of each of three classes to teach, and two to tell of two of them; of the third one that was
    taught, and among those of the first a copy of one of the second."""
    tiny.folder(tmp_path / "train", 3)
    tiny.folder(tmp_path / "val", 5)
    for kind in "abc":
        for path in sorted((tmp_path / "val" / kind).iterdir())[: 5 if kind == "c" else 3]:
            path.unlink()
    shutil.copy(next((tmp_path / "val/b").iterdir()), tmp_path / "val/a/odd.png")
    shutil.copy(next((tmp_path / "train/c").iterdir()), tmp_path / "val/c")
    return tmp_path


def test_one_part_is_taught_and_the_other_told(model: zf.Model, things: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = run_precision(model, str(things))
    assert (found.classes, found.taught, found.tested) == (("a", "b", "c"), 9, 6)
    first, second, third = found.values
    assert third == 1
    # the copy is as sure a b as what it was made from: with it in second place, or in first
    assert any(second == pytest.approx(value) for value in (5 / 6, 2 / 3))
    assert first is not None
    assert first < 1
    assert found.mean == pytest.approx(np.mean(found.values))  # type: ignore[arg-type]
    # a class that is hard to make out counts neither way: then nothing is wrong any more
    shown = [(frozenset({0}), frozenset({1})), (frozenset({0}), frozenset()), (frozenset(), frozenset({0, 1}))]
    shown += [(frozenset({1}), frozenset())] * 2 + [(frozenset({2}), frozenset())]
    monkeypatch.setattr(FolderPictures, "shown", lambda pictures, index: shown[index], raising=False)
    assert run_precision(model, str(things), kind="svm").values == (1, 1, 1)


def test_the_verb(model: zf.Model, things: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = str(things / "small.safetensors")
    zfdesk.weights.save(model, weights)
    asked = ["train", "--transfer", str(things), "--average-precision", "--weights", weights]
    assert main([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["class"] for row in told["classes"]] == ["a", "b", "c"]
    assert (told["layer"], told["kind"], told["taught"]) == ("fc7", "softmax", 9)
    (things / "train" / "b").rename(things / "train" / "sheep")
    (things / "val" / "b").rename(things / "val" / "sheep")
    assert main([*asked, "--svm", "--layer", "1"]) == 0
    page = capsys.readouterr().out
    assert "linear SVM on norm1" in page
    sheep = next(line.split() for line in page.splitlines() if line.startswith("sheep"))
    assert sheep[-1] == "83.6"
    assert page.splitlines()[-1].split()[0] == "mean"
    assert f"{PAPER_TABLE_6_MEAN}" not in page  # of other classes
    assert main([*asked, "--rounds", "2"]) == 1
    assert "without --rounds" in capsys.readouterr().err
    shutil.rmtree(things / "val")
    with pytest.raises(TrainingError, match="no part to train on"):
        run_precision(model, str(things))


def test_the_papers_figures() -> None:
    assert np.mean(list(PAPER_TABLE_6.values())) == pytest.approx(PAPER_TABLE_6_MEAN, abs=0.05)
    assert "74.2 ± 0.3, not pretrained 38.8 ± 1.4 (Caltech-256, 60 a class, Table 5)" in paper_text("softmax", 7, 60)
    assert "Table 4" in paper_text("softmax", 7, 30)
    assert "Table 5" in paper_text("softmax", 7, 30)
    assert not paper_text("svm", 7, 45)
