"""Transfer on a folder of classes: random pictures a class, rounds, the mean over the classes, a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zfdesk.engine as zf
from zfdesk.experiments.layer_features import features
from zfdesk.figures.table7 import rows_of
from zfdesk.training.errors import TrainingError
from zfdesk.training.transfer import TransferPlan, as_json, layers_called, run_transfer

SIZES = {"a": 9, "b": 14, "c": 7}


def picture(label: int, number: int) -> np.ndarray:
    """A colour a class, with noise; a few are of another class's colour, so that nobody gets all right."""
    rng = np.random.default_rng([label, number])
    shown = (label + 1) % 3 if number % 5 == 4 else label
    colour = np.eye(3)[shown] * 90 + 60
    return np.clip(colour + rng.normal(0, 30, (40, 48, 3)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("data")
    for label, (name, count) in enumerate(SIZES.items()):
        (place / name).mkdir()
        for number in range(count):
            Image.fromarray(picture(label, number)).save(place / name / f"{number:02}.png")
    return place


@pytest.fixture(scope="module")
def model() -> zf.Model:
    layers = (
        zf.Conv("conv1", 8, 3, 1, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 2, 2),
        zf.Conv("conv2", 12, 3, 1, 1), zf.ReLU("relu2"), zf.MaxPool("pool2", 2, 2),
        zf.Linear("fc6", 32), zf.ReLU("relu6"), zf.Linear("fc8", 5), zf.Softmax("prob"),
    )  # fmt: skip
    architecture = zf.Architecture("small", "A small network", layers, size=32)
    made = replace(zf.random_model(architecture, 3), name="small")
    return replace(made, input=zf.InputSpec(resize=40))


def test_layers_classifiers_and_rounds_are_compared(model: zf.Model, folder: Path) -> None:
    plan = TransferPlan(layers_called(model, ["1", "conv2", "6"]), ("softmax", "svm"), (2, 5), 50, 3, 7)
    said: list[tuple[str, int, int]] = []
    found = run_transfer(model, str(folder), plan, lambda *told: said.append(told))
    assert found.classes == ("a", "b", "c")
    assert found.pictures == sum(SIZES.values())
    assert [(s.layer, s.kind, s.per_class) for s in found.scores] == [
        (layer, kind, count) for layer in ("pool1", "conv2", "fc6") for kind in ("softmax", "svm") for count in (2, 5)
    ]
    for score in found.scores:
        assert len(score.accuracies) == 3
        assert 0.4 < score.mean < 1
        assert score.deviation == pytest.approx(np.std(score.accuracies, ddof=1))
    assert said[-1] == ("taught", 36, 36)
    assert found.network is None  # several layers
    again = run_transfer(model, str(folder), plan)
    assert again.scores == found.scores
    other = run_transfer(model, str(folder), replace(plan, seed=8))
    assert other.scores != found.scores
    told = as_json(found, model)
    assert [row.number for row in rows_of(told)] == [1] * 4 + [None] * 4 + [6] * 4


def test_an_accuracy_is_that_of_scikit_learn_on_the_same_pictures(model: zf.Model, folder: Path) -> None:
    """The draw is written anew here; the mean is over the classes, not over the pictures."""
    from sklearn.linear_model import LogisticRegression

    found = run_transfer(model, str(folder), TransferPlan(per_class=(5,), tested=4, rounds=1, seed=2))
    x, y, test_x, test_y, start = [], [], [], [], 0
    for label, (name, count) in enumerate(SIZES.items()):
        order = start + np.random.default_rng([2, 0, label]).permutation(range(count))
        for number in (order - start).tolist():
            pixels = np.asarray(Image.open(folder / name / f"{number:02}.png"))
            seen = zf.centre_crop(pixels, 32, 40)
            (x if len([k for k in y if k == label]) < 5 else test_x).append(seen)
            if len(y) < len(x):
                y.append(label)
            else:
                test_y.append(label)
        start = 0
    keep = [place for label in range(3) for place in [i for i, k in enumerate(test_y) if k == label][:4]]
    train, test = (features(model, pictures).double().numpy() for pictures in (x, [test_x[i] for i in keep]))
    middle = train.mean(0)
    scale = np.sqrt(((train - middle) ** 2).sum(1).mean())
    theirs = LogisticRegression(C=100.0, tol=1e-8, max_iter=10_000).fit((train - middle) / scale, y)
    answers, truth = theirs.predict((test - middle) / scale), np.array([test_y[i] for i in keep])
    shares = [float((answers[truth == label] == label).mean()) for label in range(3)]
    assert found.scores[0].accuracies == pytest.approx((np.mean(shares),))
    assert len(set(shares)) > 1 or shares[0] < 1  # there is something to tell apart


def test_the_network_is_that_of_the_first_round(model: zf.Model, folder: Path) -> None:
    found = run_transfer(model, str(folder), TransferPlan(per_class=(2, 6), rounds=2))
    network = found.network
    assert network is not None
    assert network.classes == ("a", "b", "c")
    assert network.provenance.startswith("small, its softmax taught on 3 classes, 18 pictures, ")
    right = [
        int(network.forward(zf.centre_crop(picture(label, number), 32, 40)).probabilities.argmax()) == label
        for label, count in enumerate(SIZES.values())
        for number in range(count)
    ]
    assert np.mean(right) > 0.6
    svm = run_transfer(model, str(folder), TransferPlan(kinds=("svm",), per_class=(4,), rounds=1)).network
    assert svm is not None
    assert "linear SVM" in svm.provenance


def test_what_cannot_be_read_is_passed_over_and_told(model: zf.Model, folder: Path, tmp_path: Path) -> None:
    for name in SIZES:
        (tmp_path / name).symlink_to(folder / name)
    (tmp_path / "d").mkdir()
    for number in range(5):
        Image.fromarray(picture(1, number)).save(tmp_path / "d" / f"{number}.png")
    (tmp_path / "d" / "broken.png").write_bytes(b"no picture")
    found = run_transfer(model, str(tmp_path), TransferPlan(per_class=(4,), rounds=2))
    assert found.unreadable == ("d/broken.png",)
    assert len(found.classes) == 4
    with pytest.raises(TrainingError, match=r"'d' has 5 pictures; 1 could not be read: 5 to teach"):
        run_transfer(model, str(tmp_path), TransferPlan(per_class=(5,), rounds=1))
    assert len(run_transfer(model, str(tmp_path), TransferPlan(per_class=(5,), rounds=1, without=("d",))).classes) == 3


def test_bad_data_is_a_sentence(model: zf.Model, folder: Path, tmp_path: Path) -> None:
    for plan, words in (
        (TransferPlan(per_class=(7,)), "'c' has 7 pictures: 7 to teach with and one to test need 8"),
        (TransferPlan(without=("x",)), "no class 'x' that could be left out"),
        (TransferPlan(per_class=(2,), without=("a", "b")), "one class"),
    ):
        with pytest.raises(TrainingError, match=words):
            run_transfer(model, str(folder), plan)
    (tmp_path / "one").mkdir()
    Image.fromarray(picture(0, 0)).save(tmp_path / "one" / "0.png")
    with pytest.raises(TrainingError, match="one class"):
        run_transfer(model, str(tmp_path), TransferPlan(per_class=(1,)))
    (tmp_path / "two").mkdir()
    with pytest.raises(TrainingError, match=r"The class 'two' of .* has no pictures"):
        run_transfer(model, str(tmp_path), TransferPlan(per_class=(1,)))
    with pytest.raises(TrainingError, match="does not exist"):
        run_transfer(model, str(tmp_path / "gone"), TransferPlan())
    for layer, words in (("fc8", "holds the classes"), ("input", "no layer whose features"), ("9", "no layer 9")):
        with pytest.raises(ValueError, match=words):
            layers_called(model, [layer])
