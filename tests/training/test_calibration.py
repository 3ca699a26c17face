"""Calibration: the error against scikit-learn's bins, the temperature against torch's own minimiser, and the fold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from shard_tools import small_model, write_pictures
from sklearn.calibration import calibration_curve

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.cli import main
from zfdesk.engine.packed_rows import PackedRows
from zfdesk.sources import read_picture
from zfdesk.training.calibration import calibrate, fit_temperature, negative_log_likelihood, reliability
from zfdesk.training.class_names import places_of
from zfdesk.training.data import open_pictures
from zfdesk.training.errors import TrainingError
from zfdesk.weights.packing import packed
from zfdesk.weights.temperature import divide_scores

CLASSES = ("ant", "bee", "cow", "dog")


def made_up(count: int = 400, hot: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores ``hot`` times too large for labels that follow their softmax."""
    generator = np.random.default_rng(0)
    scores = generator.normal(0, 1.5, (count, 5))
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    labels = np.array([generator.choice(5, p=share) for share in shares])
    return scores * hot, labels


def test_bins_are_scikit_learns() -> None:
    scores, labels = made_up()
    shares = torch.softmax(torch.from_numpy(scores), 1).numpy()
    confidence, right = shares.max(1), shares.argmax(1) == labels
    found = reliability(confidence, right, 10)
    full = found.counts > 0
    accuracy, mean = calibration_curve(right, confidence, n_bins=10)
    np.testing.assert_allclose(found.accuracy[full], accuracy)
    np.testing.assert_allclose(found.confidence[full], mean)
    apart = [
        abs(right[here].mean() - confidence[here].mean()) * here.sum()
        for low in np.arange(10) / 10
        if (here := (confidence > low) & (confidence <= low + 0.1)).any()
    ]
    assert found.error == pytest.approx(sum(apart) / len(labels))
    assert found.counts.sum() == len(labels)
    assert found.mean_confidence == pytest.approx(confidence.mean())


def test_edges_belong_to_the_bin_below() -> None:
    found = reliability(np.array([0.5, 0.50001, 1.0]), np.array([True, False, True]), 2)
    assert found.counts.tolist() == [1, 2]
    assert found.accuracy.tolist() == [1.0, 0.5]
    assert np.isnan(reliability(np.array([0.9]), np.array([True]), 2).accuracy[0])


def test_the_temperature_is_the_minimum() -> None:
    scores, labels = made_up()
    given, wanted = torch.from_numpy(scores), torch.from_numpy(labels)
    inverse = torch.ones((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([inverse], max_iter=200, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = F.cross_entropy(given * inverse, wanted)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[arg-type]
    found = fit_temperature(scores, labels)
    assert found == pytest.approx(1 / float(inverse.detach()), rel=1e-5)
    assert found == pytest.approx(3.0, rel=0.2)
    assert negative_log_likelihood(scores, labels, found) == pytest.approx(
        float(F.cross_entropy(given / found, wanted)), rel=1e-9
    )


def test_what_no_temperature_fits_is_bounded() -> None:
    scores = np.eye(4) * 5
    assert fit_temperature(scores, np.arange(4)) < 0.1  # always right: as sure as may be
    assert fit_temperature(scores, (np.arange(4) + 1) % 4) == 64  # always wrong


@pytest.mark.parametrize("small", [False, True])
def test_the_fold_divides_the_scores(small: bool) -> None:
    model = small_model(CLASSES, 0)
    if small:
        model, _ = packed(model)
    divided = divide_scores(model, 1.7)
    pictures = np.random.default_rng(0).integers(0, 256, (3, *model.architecture.stages[0].shape[1:], 3), np.uint8)
    layer = model.architecture.stages[-2].name
    before, after = (one.forward(pictures, reference=True) for one in (model, divided))
    torch.testing.assert_close(after.activations[layer], before.activations[layer] / 1.7, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(after.probabilities, torch.softmax(before.activations[layer][:, :, 0, 0] / 1.7, 1))
    weight, was = divided.weights[f"{layer}.weight"], model.weights[f"{layer}.weight"]
    if isinstance(weight, PackedRows):
        assert isinstance(was, PackedRows)
        assert torch.equal(weight.rows, was.rows)
    assert "1.7" in divided.provenance
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite number above 0"):
            divide_scores(model, wrong)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small network that is far too sure."""
    model = divide_scores(small_model(CLASSES, 1), 0.05)
    monkeypatch.setitem(zf.ARCHITECTURES, model.architecture.name, lambda classes: model.architecture)
    zfdesk.weights.save(model, tmp_path / "small.safetensors")
    return tmp_path / "small.safetensors"


@pytest.fixture
def data(weights: Path, tmp_path: Path) -> Path:
    """36 pictures, of every third of which the network does not know the class."""
    model, rows = zfdesk.weights.load(weights), ["path,label"]
    for number, path in enumerate(write_pictures(tmp_path / "pictures", 36, smallest=40)):
        answer = int(model.forward(zf.centre_crop(read_picture(path), model.architecture.size)).probabilities.argmax())
        rows.append(f"{path},{CLASSES[(answer + (number % 3 == 0)) % len(CLASSES)]}")
    (tmp_path / "data.csv").write_text("\n".join(rows))
    return tmp_path / "data.csv"


def test_the_verbs(weights: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """calibrate writes a network whose error, as evaluate tells it, is what calibrate said; the answers stay."""
    out = tmp_path / "calibrated.safetensors"
    assert main(["weights", "calibrate", str(weights), str(data), "-o", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["pictures"] == 36
    assert told["loss"][1] < told["loss"][0]
    evaluated = []
    for number, file in enumerate((weights, out)):
        figure = tmp_path / f"{number}.svg"
        assert main(["evaluate", str(data), "--weights", str(file), "--json", "-o", str(figure)]) == 0
        assert figure.stat().st_size > 1000
        evaluated.append(json.loads(capsys.readouterr().out))
    for before, found in zip(told["error"], evaluated, strict=True):
        assert found["calibration"]["ece"] == pytest.approx(before, abs=2e-3)
        bins = found["calibration"]["bins"]
        assert [bins[0]["from"], bins[-1]["to"], len(bins)] == [0, 1, 15]
        assert sum(row["answers"] for row in bins) == 36
    assert evaluated[0]["top1"] == evaluated[1]["top1"]
    assert zfdesk.weights.load(out).sha256 == told["sha256"]
    assert main(["evaluate", str(data), "--weights", str(out)]) == 0
    assert "calibration error (ECE)" in capsys.readouterr().out


def test_what_calibrate_refuses(weights: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "few.csv").write_text("\n".join(data.read_text().splitlines()[:20]))
    for words, status, sentence in (
        ([str(weights), str(data), "-o", str(weights)], 1, "would be written over"),
        ([str(weights), str(tmp_path / "few.csv"), "-o", str(tmp_path / "x.safetensors")], 1, "20 pictures or more"),
        ([str(weights), str(data), "-o", str(tmp_path / "x.pth")], 2, "ends in .safetensors"),
        ([str(weights), str(tmp_path / "gone"), "-o", str(tmp_path / "x.safetensors")], 1, "does not exist"),
    ):
        assert main(["weights", "calibrate", *words]) == status
        assert sentence in capsys.readouterr().err
    assert not (tmp_path / "x.safetensors").exists()


def test_a_network_that_is_always_wrong_is_not_calibrated(weights: Path, data: Path, tmp_path: Path) -> None:
    model = zfdesk.weights.load(weights)
    turned = [dict(zip(CLASSES, CLASSES[1:] + CLASSES[:1], strict=True)), dict(zip(CLASSES, CLASSES, strict=True))]
    rows = [line.rsplit(",", 1) for line in data.read_text().splitlines()[1:]]
    wrong = [f"{path},{turned[number % 3 == 0][name]}" for number, (path, name) in enumerate(rows)]
    (tmp_path / "wrong.csv").write_text("\n".join(["path,label", *wrong]))
    pictures = open_pictures(str(tmp_path / "wrong.csv"))
    with pytest.raises(TrainingError, match="No temperature"):
        calibrate(model, pictures, places_of(pictures.classes, model.classes))
