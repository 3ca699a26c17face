"""A teacher that is asked while training: what is learned of it, whatever its classes are."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny import SMALL, train

from zfdesk.runs import read_run
from zfdesk.training.data import open_pictures
from zfdesk.training.errors import TrainingError
from zfdesk.training.recipe import MODERN, PAPER, changed
from zfdesk.training.teaching import TaughtPictures, taught_recipe
from zfdesk.weights import load


@dataclass
class Known:
    """A teacher of so many classes, with an embedding of so many numbers."""

    classes: int
    embedding: int = 5

    def answers(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Nothing, and nothing."""
        return np.zeros((len(pictures), self.classes)), np.zeros((len(pictures), self.embedding))


def classes_called(place: Path, *names: str) -> Path:
    for name in names:
        (place / name).mkdir(parents=True)
        Image.fromarray(np.full((40, 40, 3), len(name), np.uint8)).save(place / name / "one.png")
    return place


def test_as_many_classes_are_the_same_classes(folder: Path) -> None:
    assert taught_recipe(MODERN, open_pictures(str(folder)), Known(3)) == (MODERN, "")


def test_of_other_classes_the_embedding_is_learned_beside_the_labels(folder: Path) -> None:
    recipe, words = taught_recipe(MODERN, open_pictures(str(folder)), Known(1000))
    assert (recipe.soft_weight, recipe.taught_label_weight) == (0, MODERN.label_weight)
    assert recipe.embedding_weight == MODERN.embedding_weight
    assert words == (
        f"The teacher's 1000 classes are not the 3 of {folder}: the labels are learned, and its embedding beside them, "
        "not its answers."
    )
    mine = changed(MODERN, {"soft_weight": "0", "taught_label_weight": "0.5"})
    assert taught_recipe(mine, open_pictures(str(folder)), Known(1000)) == (mine, ""), "what is asked for is done"


@pytest.mark.parametrize(
    ("recipe", "teacher", "sentence"),
    [
        (PAPER, Known(3), "The recipe paper learns neither a teacher's answers nor its embedding: "),
        (MODERN, Known(4, 0), "The teacher's 4 classes are not the 3 of "),
        (changed(MODERN, {"embedding_weight": "0"}), Known(4), "The teacher's 4 classes are not the 3 of "),
    ],
)
def test_nothing_to_be_learned(recipe: object, teacher: Known, sentence: str, folder: Path) -> None:
    with pytest.raises(TrainingError, match=sentence):
        taught_recipe(recipe, open_pictures(str(folder)), teacher)  # type: ignore[arg-type]


def test_the_teacher_s_classes_in_another_order(tmp_path: Path) -> None:
    """A folder called by index that is not where the teacher has it."""
    pictures = open_pictures(str(classes_called(tmp_path, "2", "a", "b")))
    with pytest.raises(TrainingError, match=r"The class “2” is number 0 of .*, but number 2 of the teacher's: "):
        taught_recipe(MODERN, pictures, Known(3))
    taught = TaughtPictures(pictures, Known(3))
    assert taught_recipe(MODERN, taught, Known(3)) == (MODERN, "")


def test_pictures_with_the_teacher_s_classes(tmp_path: Path) -> None:
    """By name, by WordNet id, by index; what is none of them has no label."""
    place = classes_called(tmp_path, "Egyptian cat", "my cup", "n01440764", "7")
    taught = TaughtPictures(open_pictures(str(place)), Known(1000))
    assert (len(taught.classes), taught.classes[285], taught.labelled) == (1000, "Egyptian cat", False)
    found = {taught.name(index): (taught.label(index), taught.read(index).label) for index in range(len(taught))}
    assert found == {
        "Egyptian cat/one.png": (285, 285), "my cup/one.png": (-1, -1), "n01440764/one.png": (0, 0),
        "7/one.png": (7, 7),
    }  # fmt: skip
    shutil.rmtree(place / "my cup")
    assert TaughtPictures(open_pictures(str(place)), Known(1000)).labelled


def test_a_whole_training(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With EfficientNet-Lite0, on pictures of three classes of one's own; resumed, it goes on in the same way."""
    pytest.importorskip("onnxruntime")
    words = [folder, *SMALL, "--teacher", "lite0", "--epochs", 2]
    assert train(*words, "-o", tmp_path / "own") == 0
    assert "the labels are learned, and its embedding beside them" in capsys.readouterr().err
    own = read_run(tmp_path / "own")
    assert load(tmp_path / "own" / "network.safetensors").classes == ("a", "b", "c")
    assert [set(step.parts) for step in own.steps] == [{"label", "embedding"}] * 6
    assert own.notes[0].words.startswith("The teacher's 1000 classes")
    assert train("--resume", tmp_path / "own") == 0, "it is done, and knows its order again"

    assert train(*words, "-o", tmp_path / "all", "--teacher-classes") == 0
    assert len(load(tmp_path / "all" / "network.safetensors").classes) == 1000
    assert [set(step.parts) for step in read_run(tmp_path / "all").steps] == [{"soft", "embedding"}] * 6
    assert train("--resume", tmp_path / "all") == 0
    capsys.readouterr()
    assert train(folder, "-o", tmp_path / "no", "--teacher-classes") == 1
    assert capsys.readouterr().err == "zfdesk: --teacher-classes goes with --teacher.\n"
