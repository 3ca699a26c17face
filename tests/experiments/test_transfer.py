"""Other classes for a trained network: the fits against scikit-learn, and the network that comes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from engine_nets import embedded_model, quick_weights, varied_pictures

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.engine.classifier import taught_text, with_classes
from zfdesk.experiments.layer_features import features, features_of_layers
from zfdesk.experiments.lbfgs import minimise
from zfdesk.experiments.linear_classifier import Classifier, fit_softmax, fit_svm, leave_out
from zfdesk.weights import store

NAMES = ("cup", "cat", "nothing")


def clouds(count: int = 90, size: int = 40, classes: int = 3, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Points about a middle a class, near enough to overlap, rectified as a layer's are, in no order."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    middles = rng.normal(size=(classes, size)) * 0.8
    points = np.maximum(middles[labels] + rng.normal(size=(count, size)) + 0.5, 0)
    return torch.from_numpy(points.astype(np.float32)), torch.from_numpy(labels)


def scaled(points: torch.Tensor) -> tuple[np.ndarray, float]:
    """As `fit_softmax` says: centred, and a mean square length of 1."""
    x = points.double().numpy()
    x = x - x.mean(0)
    scale = float(np.sqrt((x * x).sum(1).mean()))
    return x / scale, scale


@pytest.fixture(scope="module")
def small() -> zf.Model:
    layers = (
        zf.Conv("conv1", 8, 3, 1, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 2, 2), zf.LRN("norm1"),
        zf.Conv("conv2", 12, 3, 1, 1), zf.ReLU("relu2"), zf.MaxPool("pool2", 2, 2),
        zf.Linear("fc6", 64), zf.ReLU("relu6"), zf.Linear("fc8", 5), zf.Softmax("prob"),
    )  # fmt: skip
    architecture = zf.Architecture("small", "A small network", layers, size=32)
    return replace(zf.random_model(architecture), name="small", sha256="ab" * 32, provenance="made up")


def pictures(count: int, size: int = 32) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.integers(0, 256, (size, size, 3), dtype=np.uint8) for _ in range(count)]


# The solver


def test_the_minimum_is_where_a_linear_system_says() -> None:
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(30, 30, dtype=torch.float64, generator=generator)
    matrix, wanted = root @ root.T + 0.1 * torch.eye(30, dtype=torch.float64), torch.randn(30, dtype=torch.float64)
    found = minimise(
        lambda x: (((x - wanted) @ matrix @ (x - wanted)) / 2, matrix @ (x - wanted)),
        torch.zeros(30, dtype=torch.float64),
        1e-9,
    )
    assert found.converged
    assert found.gradient <= 1e-9
    assert float((found.point - wanted).abs().max()) < 1e-7


def test_a_function_without_numbers_is_told() -> None:
    with pytest.raises(ArithmeticError, match="not numbers"):
        minimise(lambda x: (x.sum() * float("nan"), x), torch.ones(3))


# The fits


@pytest.mark.parametrize(("count", "size"), [(90, 40), (30, 200)])
@pytest.mark.parametrize("strength", [0.3, 20.0])
def test_the_softmax_is_that_of_scikit_learn(count: int, size: int, strength: float) -> None:
    from sklearn.linear_model import LogisticRegression

    points, labels = clouds(count, size)
    ours = fit_softmax(points, labels, strength=strength, tolerance=1e-9)
    assert ours.converged
    x, scale = scaled(points)
    theirs = LogisticRegression(C=strength, tol=1e-10, max_iter=10_000).fit(x, labels.numpy())
    np.testing.assert_allclose(ours.weight.numpy() * scale, theirs.coef_, atol=2e-5)
    np.testing.assert_allclose(ours.probabilities(points).numpy(), theirs.predict_proba(x), atol=2e-5)


@pytest.mark.parametrize(("count", "size"), [(90, 40), (30, 200)])
def test_the_svm_is_that_of_scikit_learn(count: int, size: int) -> None:
    from sklearn.svm import LinearSVC

    points, labels = clouds(count, size)
    ours = fit_svm(points, labels, strength=2.0, tolerance=1e-9)
    x, scale = scaled(points)
    # a large scaling of the intercept frees it from the penalty, as ours is
    theirs = LinearSVC(C=2.0, loss="squared_hinge", dual=False, intercept_scaling=1e3, tol=1e-12, max_iter=100_000)
    theirs.fit(x, labels.numpy())
    np.testing.assert_allclose(ours.weight.numpy() * scale, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(ours.scores(points).numpy(), theirs.decision_function(x), atol=1e-4)


@pytest.mark.parametrize("strength", [0.01, 2.0, 100.0, 1e4])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_svm_of_few_pictures_is_at_the_minimum(strength: float, seed: int) -> None:
    """No other way down finds a lower value, and scikit-learn's dual none either, where classes overlap."""
    from sklearn.svm import LinearSVC

    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(60, 80, generator=generator)
    points[::7] = points[1]  # the same picture in several classes
    labels = torch.arange(4).repeat(15)
    x, scale = scaled(points)

    def value(weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
        target = 2 * np.eye(4)[labels.numpy()] - 1
        short = np.maximum(1 - target * (x @ weight.T + bias), 0)
        return (weight**2).sum(1) / 2 + strength * (short**2).sum(0)

    ours = fit_svm(points, labels, strength=strength)
    assert ours.converged
    assert ours.steps < 30
    mean = points.double().mean(0).numpy()
    found = value(
        ours.weight.double().numpy() * scale, ours.bias.double().numpy() + ours.weight.double().numpy() @ mean
    )
    theirs = LinearSVC(
        C=strength, loss="squared_hinge", dual=False, intercept_scaling=1e3, tol=1e-10, max_iter=100_000
    ).fit(x, labels.numpy())
    assert (found <= value(theirs.coef_, theirs.intercept_) * (1 + 1e-5) + 1e-6).all()


def test_a_fit_is_the_same_every_time_and_minds_neither_scale_nor_shift() -> None:
    points, labels = clouds()
    one, again = fit_softmax(points, labels), fit_softmax(points, labels)
    assert torch.equal(one.weight, again.weight)
    assert torch.equal(one.bias, again.bias)
    moved = points * 250 + 30
    torch.testing.assert_close(
        fit_softmax(moved, labels).probabilities(moved), one.probabilities(points), atol=1e-4, rtol=0
    )


def test_it_answers_points_it_has_not_seen() -> None:
    points, labels = clouds(240, 40)
    for fit in (fit_softmax, fit_svm):
        taught = fit(points[:150], labels[:150], strength=1.0)
        assert float((taught.answer(points[150:]) == labels[150:]).double().mean()) > 0.85


@pytest.mark.parametrize("fit", [fit_softmax, fit_svm])
def test_pictures_that_are_all_alike_are_taught_without_complaint(fit: object) -> None:
    taught = fit(torch.ones(6, 9), torch.tensor([0, 1] * 3))  # type: ignore[operator]
    assert torch.isfinite(taught.weight).all()
    assert torch.isfinite(taught.bias).all()


def test_what_cannot_be_taught_is_told_in_a_sentence() -> None:
    points, labels = clouds(12, 5)
    for given, words in (
        ((points, torch.zeros(12, dtype=torch.int64)), "one class"),
        ((points, labels, 4), "Class 3 has no pictures"),
        ((points, labels, 2), "from 0 to 1"),
        ((points[:0], labels[:0]), r"features \(pictures, features\)"),
        ((points, labels[:5]), "one whole number a picture"),
        ((points * float("nan"), labels), "not numbers"),
    ):
        with pytest.raises(ValueError, match=words):
            fit_softmax(*given)
    with pytest.raises(ValueError, match="positive"):
        fit_softmax(points, labels, strength=0.0)


# The estimate


@pytest.mark.parametrize("size", [50, 400])  # more pictures than features, and fewer
def test_blocks_are_left_out_whole(size: int) -> None:
    """Two blocks a class that are copies within: leaving out single pictures would find them all again."""
    rng = np.random.default_rng(0)
    points = torch.from_numpy(rng.normal(size=(8, size)).astype(np.float32)).repeat_interleave(10, 0)
    labels, blocks = torch.tensor([0, 1] * 4).repeat_interleave(10), torch.arange(8).repeat_interleave(10)
    by_block = leave_out(points, labels, blocks, 2)
    one_by_one = leave_out(points, labels, torch.arange(80), 2)
    assert by_block.tried == one_by_one.tried == (40, 40)
    assert one_by_one.share == 1.0
    assert by_block.share < 0.9  # there is nothing to know


def test_a_class_that_was_held_once_is_never_tried() -> None:
    points, labels = clouds(60)
    blocks = torch.where(labels == 2, 0, torch.arange(60) // 6)
    found = leave_out(points, labels, blocks, 3)
    assert found.tried == (20, 20, 0)
    assert 0.6 < found.share <= 1
    assert np.isnan(leave_out(points, labels, labels, 3).share)


# Features


def test_features_are_the_activations_whatever_the_batch(small: zf.Model) -> None:
    seen = pictures(19)
    found = features(small, seen)
    assert found.shape == (19, 64)
    for picture, own in zip(seen, found, strict=True):
        torch.testing.assert_close(own, small.forward(picture).activations["fc6"].flatten(), atol=1e-4, rtol=1e-4)
    large = features(small, seen, "norm1")  # 16 × 16 positions
    assert large.shape == (19, 8 * 36)
    mean = small.forward(seen[3]).activations["norm1"][0].mean((1, 2))
    torch.testing.assert_close(large[3].view(8, 36).mean(1), mean, atol=0.05, rtol=0.05)
    both = features_of_layers(small, seen, ["fc6", "norm1"])
    torch.testing.assert_close(both["fc6"], found)
    torch.testing.assert_close(both["norm1"], large)
    with pytest.raises(ValueError, match="no pictures"):
        features(small, [])
    with pytest.raises(ValueError, match="no layer"):
        features(small, seen, "conv9")


def test_the_papers_layers_are_what_the_next_one_reads() -> None:
    zfnet = zf.ARCHITECTURES["zfnet"]()
    assert [zfnet.paper_layer(n) for n in range(1, 8)] == [
        "norm1", "norm2", "conv3", "conv4", "pool5", "fc6", "fc7"
    ]  # fmt: skip
    assert zf.ARCHITECTURES["vgg16"]().paper_layer(2) == "pool2"
    assert zfnet.feature_layer == "fc7"
    assert zf.ARCHITECTURES["zfnet-no67"]().feature_layer == "pool5"
    for number in (0, 8, 9):
        with pytest.raises(ValueError, match=f"no layer {number}"):
            zfnet.paper_layer(number)


# The network


def taught(model: zf.Model, seen: list[np.ndarray]) -> tuple[zf.Model, Classifier]:
    labels = torch.arange(len(seen)) % 3
    classifier = fit_softmax(features(model, seen), labels)
    return with_classes(model, NAMES, classifier.weight, classifier.bias, "taught here"), classifier


def test_the_forward_pass_answers_as_the_classifier_does(small: zf.Model) -> None:
    seen = pictures(30)
    new, classifier = taught(small, seen)
    assert new.classes == NAMES
    assert new.architecture.classes == 3
    wanted = classifier.probabilities(features(small, seen))
    assert float((wanted.max(1).values).mean()) > 0.6  # it has learnt something to compare
    torch.testing.assert_close(new.forward(np.stack(seen)).probabilities, wanted, atol=1e-4, rtol=0)
    reference = new.forward(np.stack(seen), reference=True).probabilities
    torch.testing.assert_close(reference, wanted, atol=1e-3, rtol=0)
    before = small.forward(seen[0])
    after = new.forward(seen[0])
    for stage in small.architecture.stages[:-2]:
        assert torch.equal(before.activations[stage.name], after.activations[stage.name])


def test_maps_that_the_classifier_reads_are_taken_whole() -> None:
    layers = (zf.Conv("conv1", 4, 3, 1, 1), zf.ReLU("relu1"), zf.Linear("fc8", 5), zf.Softmax("prob"))
    model = zf.random_model(zf.Architecture("flat", "No layer between", layers, size=16))
    seen = pictures(12, 16)
    assert features(model, seen).shape == (12, 4 * 16 * 16)
    new, classifier = taught(model, seen)
    wanted = classifier.probabilities(features(model, seen))
    torch.testing.assert_close(new.forward(np.stack(seen)).probabilities, wanted, atol=1e-4, rtol=0)


def test_sweep_occluder_and_reconstruction_work_on_it(small: zf.Model) -> None:
    seen = pictures(30)
    new, _ = taught(small, seen)
    covered = zf.occlude(seen[0], (zf.Occluder(4, 4, 12, 12),), new.input.mean)
    clean = new.forward(seen[0])
    changed = zf.forward_changed(clean, seen[0], covered)
    torch.testing.assert_close(changed.probabilities, new.forward(covered).probabilities, atol=1e-4, rtol=0)
    *_, swept = zf.sweep(clean, seen[0], zf.SweepPlan(10, 6), "conv2")
    assert swept.complete
    assert swept.probability(2).shape == swept.positions.shape[:2]
    at = swept.positions[1, 1]
    square = zf.Occluder(int(at[0]), int(at[1]), 10, 10)
    alone = new.forward(zf.occlude(seen[0], (square,), new.input.mean)).probabilities[0]
    assert swept.probability(2)[1, 1] == pytest.approx(float(alone[2]), abs=1e-4)
    for rule in zf.Rule:
        assert np.abs(zf.reconstruct(clean, zf.Seed("fc8", 1), rule).values).max() > 0


def test_a_network_taught_twice_is_of_the_same_body(small: zf.Model) -> None:
    seen = pictures(12)
    one, _ = taught(small, seen)
    other, _ = taught(one, seen[::-1])
    assert one.body is other.body is small
    assert one.sha256 != other.sha256 != small.sha256
    assert len(one.sha256) == 64
    assert with_classes(small, NAMES, *last(one)).sha256 == one.sha256
    assert other.weights["conv1.weight"] is small.weights["conv1.weight"]
    assert other._fast._packed is small._fast._packed


def last(model: zf.Model) -> tuple[torch.Tensor, torch.Tensor]:
    return model.weights["fc8.weight"], model.weights["fc8.bias"]  # type: ignore[return-value]


def test_names_and_numbers_that_do_not_fit_are_told(small: zf.Model) -> None:
    weight, bias = torch.zeros(2, 64), torch.zeros(2)
    for names, words in ((("a",), "two classes"), (("a", "a"), "same name"), (("a", " "), "not a name"),
                         (("a", "b\n"), "not a name")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            with_classes(small, names, weight, bias)
    with pytest.raises(ValueError, match=r"fc8\.weight has shape"):
        with_classes(small, NAMES, weight, bias)
    headless = zf.Architecture("maps", "Maps", (zf.Conv("conv1", 4, 3), zf.ReLU("relu1")), 16)
    with pytest.raises(ValueError, match="does not end with"):
        with_classes(zf.random_model(headless), ("a", "b"), weight, bias)


def test_it_is_saved_and_listed_like_any_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZFDESK_HOME", str(tmp_path))
    architecture = zf.ARCHITECTURES["zfnet-no3467"]()
    model = zf.Model(architecture, quick_weights(architecture), name="body", provenance="made up", licence="MIT")
    seen = list(varied_pictures()[:9])
    new, _ = taught(model, seen)
    assert new.architecture == zf.ARCHITECTURES["zfnet-no3467"](3)
    path = store.add(new, "mine")
    again = zfdesk.weights.load(path)
    assert again.classes == NAMES
    assert again.provenance == "taught here\nmade up"
    assert again.licence == "MIT"
    assert torch.equal(again.forward(seen[0]).probabilities, new.forward(seen[0]).probabilities)
    entry = next(entry for entry in store.list_weights() if entry.name == "mine")
    assert (entry.classes, entry.provenance, entry.error) == (3, "taught here", "")


def test_provenance_is_told_in_words(small: zf.Model) -> None:
    assert taught_text(small, "softmax", 3, 92, "2026-11-23") == (
        "small, its softmax taught on 3 classes, 92 pictures, 2026-11-23"
    )
    assert "linear SVM" in taught_text(small, "svm", 3, 1, "2026-11-23")


def test_the_embedded_network_learns_the_demo_pictures_apart() -> None:
    """Five photographs, three views of each; the fourth view is told rightly."""
    views = varied_pictures()[:25].reshape(5, 5, 224, 224, 3)  # whole, corner, mirrored, dark, negative
    model = embedded_model()
    labels = torch.arange(5).repeat_interleave(3)
    classifier = fit_softmax(features(model, [v for own in views for v in own[[0, 1, 3]]]), labels)
    new = with_classes(model, ["a", "b", "c", "d", "e"], classifier.weight, classifier.bias)
    answers = new.forward(np.ascontiguousarray(views[:, 2])).probabilities
    assert answers.argmax(1).tolist() == [0, 1, 2, 3, 4]
    assert new.body is model
