"""The strongest pictures of every unit against sorting all of them; spreads against numpy's histogram."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import zfdesk.engine as zf
from zfdesk.library import spread_of, strongest_over

LAYERS = (
    zf.Conv("conv1", 6, 5, 2, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 3, 2), zf.LRN("norm1"),
    zf.Conv("conv2", 7, 3), zf.ReLU("relu2"), zf.Linear("fc6", 5), zf.ReLU("relu6"), zf.Linear("fc8", 4),
    zf.Softmax("prob"),
)  # fmt: skip


@pytest.fixture(scope="module")
def model() -> zf.Model:
    made = zf.random_model(zf.Architecture("small", "Small", LAYERS, 32), seed=4)
    made.weights["conv2.weight"][3] = -made.weights["conv2.weight"][3].abs()  # type: ignore[union-attr, operator, index]
    made.weights["conv2.bias"][3] = -5  # type: ignore[union-attr, operator, index]
    return made


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    made = np.random.default_rng(0).integers(0, 256, (37, 32, 32, 3), dtype=np.uint8)
    made[20] = made[4]  # a tie between two pictures
    made[30] = 128  # and many within one
    return made


@pytest.fixture(scope="module")
def all_activations(model: zf.Model, pictures: np.ndarray) -> dict[str, np.ndarray]:
    passes = [model.forward(picture).activations for picture in pictures]
    return {
        name: torch.cat([seen[name] for seen in passes]).numpy() for name in ("conv1", "conv2", "pool1", "fc6", "fc8")
    }


@pytest.mark.parametrize("layer", ["conv1", "conv2", "pool1", "fc6", "fc8"])
def test_as_sorting_them_all(
    layer: str, model: zf.Model, pictures: np.ndarray, all_activations: dict[str, np.ndarray]
) -> None:
    found = strongest_over(model, iter(pictures), [layer], 9)[layer]
    values = all_activations[layer]
    highest = values.reshape(*values.shape[:2], -1).max(2)
    assert found.seen == len(pictures)
    assert np.allclose(found.activations, -np.sort(-highest.T, axis=1)[:, :9], rtol=1e-5, atol=1e-5)
    assert np.array_equal(found.alive, highest.max(0) > 0)
    for unit in range(values.shape[1]):
        assert len(set(found.pictures[unit].tolist())) == 9  # one a picture
        for place in range(9):
            picture, (y, x) = found.pictures[unit, place], found.positions[unit, place]
            assert values[picture, unit, y, x] == pytest.approx(found.activations[unit, place], rel=1e-5, abs=1e-5)
            assert values[picture, unit, y, x] == pytest.approx(highest[picture, unit], rel=1e-5, abs=1e-5)


def test_of_equal_pictures_the_first_comes_first(model: zf.Model, pictures: np.ndarray) -> None:
    found = strongest_over(model, [pictures[4]] * 11, ["conv2"], 3)["conv2"]
    assert found.pictures[0].tolist() == [0, 1, 2]


def test_fewer_pictures_than_wanted(model: zf.Model, pictures: np.ndarray) -> None:
    found = strongest_over(model, pictures[:2], ["conv2", "fc6"], 5)
    assert (found["conv2"].pictures[:, 2:] == -1).all()
    assert (found["conv2"].positions[:, 2:] == -1).all()
    assert np.isneginf(found["fc6"].activations[:, 2:]).all()
    none = strongest_over(model, [], ["conv2"])["conv2"]
    assert none.seen == 0
    assert not none.alive.any()


def test_pictures_come_one_by_one(model: zf.Model, pictures: np.ndarray) -> None:
    """The walk takes what it needs for a batch and no more."""
    taken, most = [], 0

    def source() -> object:
        nonlocal most
        for picture in pictures:
            taken.append(1)
            most = max(most, len(taken))
            yield picture

    forward = zf.Model.forward

    def counted(self: zf.Model, batch: np.ndarray, **options: Any) -> zf.Pass:
        taken.clear()
        return forward(self, batch, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zf.Model, "forward", counted)
        strongest_over(model, source(), ["conv1"])  # type: ignore[arg-type]
    assert most == 8


def test_what_cannot_be_scanned(model: zf.Model, pictures: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no layer 'conv9'"):
        strongest_over(model, pictures, ["conv9"])
    with pytest.raises(ValueError, match="at least 1, not 0"):
        strongest_over(model, pictures, ["conv1"], 0)
    with pytest.raises(ValueError, match="uint8"):
        strongest_over(model, [np.zeros((8, 8, 3), np.uint8)], ["conv1"])


@pytest.mark.parametrize("layer", ["conv1", "conv2", "fc6", "fc8"])
def test_spread_counts_all(
    layer: str, model: zf.Model, pictures: np.ndarray, all_activations: dict[str, np.ndarray]
) -> None:
    """The first pictures are faint, so that the range must grow many times."""
    faint = (pictures[:9] // 64 + 120).astype(np.uint8)
    found = spread_of(model, [*faint, *pictures], [layer])[layer]
    values = np.concatenate([model.forward(faint).activations[layer].numpy(), all_activations[layer]]).astype(
        np.float64
    )
    assert found.values == values.size
    assert found.zeros == (values == 0).sum()
    expected = np.histogram(values[values != 0], found.edges)[0]
    assert found.counts.sum() == expected.sum() == (values != 0).sum()
    assert np.abs(found.counts - expected).sum() <= 4  # rounding at an edge
    assert np.array_equal(found.alive, values.max(axis=(0, 2, 3)) > 0)
    assert found.edges[-1] < 2.1 * np.abs(values).max()
    assert (found.edges[0] < 0) == (layer == "fc8")


def test_a_dead_unit(model: zf.Model, pictures: np.ndarray) -> None:
    assert not spread_of(model, pictures, ["conv2"])["conv2"].alive[3]
    assert not strongest_over(model, pictures, ["conv2"])["conv2"].alive[3]


def test_no_pictures(model: zf.Model) -> None:
    with pytest.raises(ValueError, match="no pictures"):
        spread_of(model, [], ["conv1"])
