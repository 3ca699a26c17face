"""Strongest answers against a walk by hand; and a crop that was kept gives what its whole picture gave."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

import zfdesk.engine as zf
from zfdesk.library import answer_of_crop, answers_over, look_at, strongest_units

LAYERS = (
    zf.Conv("conv1", 6, 5, 2, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 3, 2, 1), zf.LRN("norm1"),
    zf.Conv("conv2", 7, 3, 1, 1), zf.ReLU("relu2"), zf.Conv("conv3", 9, 3, 1, 1), zf.ReLU("relu3"),
    zf.Linear("fc6", 5), zf.ReLU("relu6"), zf.Linear("fc8", 4), zf.Softmax("prob"),
)  # fmt: skip


@pytest.fixture(scope="module")
def model() -> zf.Model:
    made = zf.random_model(zf.Architecture("small", "Small", LAYERS, 48), seed=4)
    made.weights["conv2.weight"][3] = -made.weights["conv2.weight"][3].abs()  # type: ignore[union-attr, operator, index]
    made.weights["conv2.bias"][3] = -5  # type: ignore[union-attr, operator, index]
    return made


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (11, 48, 48, 3), dtype=np.uint8))


def named(pictures: list[np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    return ((f"p{place}", picture) for place, picture in enumerate(pictures))


def test_answers_are_the_strongest_of_all(model: zf.Model, pictures: list[np.ndarray]) -> None:
    units = [("conv1", 2), ("conv3", 5), ("conv3", 0), ("conv2", 3), ("fc6", 1)]
    answers = answers_over(model, units, lambda: named(pictures))
    passes = [model.forward(picture) for picture in pictures]
    for (layer, unit), answer in zip(units, answers, strict=True):
        maps = torch.stack([seen.activations[layer][0, unit] for seen in passes])
        assert (answer.layer, answer.unit) == (layer, unit)
        assert answer.activation == pytest.approx(float(maps.max()), rel=1e-5, abs=1e-6)
        assert answer.alive == bool(maps.max() > 0)
        if not answer.alive:
            assert not answer.down.any()
            continue
        place, y, x = np.unravel_index(int(maps.argmax()), maps.shape)
        assert answer.picture == f"p{place}"
        assert answer.position == (y, x)
        down = zf.reconstruct(passes[place], zf.Seed(layer, unit, zf.SeedKind.AT, (int(y), int(x)))).values
        assert np.abs(answer.down).sum() == pytest.approx(np.abs(down).sum(), rel=1e-5)
        field = model.architecture.stage(layer).receptive_field
        assert answer.patch.shape == (min(field.size, 48),) * 2 + (3,)


def test_a_kept_crop_gives_the_same_answer(model: zf.Model, pictures: list[np.ndarray]) -> None:
    """At the corners, the borders and inside: nothing but the crop reaches the unit."""
    picture = pictures[3]
    seen = model.forward(picture)
    for layer in ("conv1", "pool1", "norm1", "conv2", "conv3", "fc6"):
        stage = model.architecture.stage(layer)
        _, height, width = stage.shape
        places = {(0, 0), (height - 1, 0), (height // 2, width // 2), (height - 1, width - 1), (height // 2, width - 1)}
        for position in sorted(places):
            unit = int(seen.activations[layer][0, :, position[0], position[1]].argmax())
            activation = float(seen.activations[layer][0, unit, position[0], position[1]])
            top, left, bottom, right = stage.receptive_field.box(*position)
            crop = picture[max(top, 0) : min(bottom, 48), max(left, 0) : min(right, 48)]
            answer = answer_of_crop(model, layer, unit, position, crop)
            assert answer.activation == pytest.approx(activation, rel=1e-5, abs=1e-5)
            if activation <= 0:
                continue
            down = zf.reconstruct(seen, zf.Seed(layer, unit, zf.SeedKind.AT, position)).values
            wanted = zf.cut_field(down, stage.receptive_field, position)
            assert np.allclose(answer.down, wanted, atol=1e-5 * np.abs(wanted).max())


def test_a_crop_of_another_size_is_told(model: zf.Model) -> None:
    with pytest.raises(ValueError, match=r"The crop kept for conv1:2 is 9 × 9 pixels where its unit sees 5 × 5\."):
        answer_of_crop(model, "conv1", 2, (4, 4), np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(ValueError, match="there is no unit 99"):
        answer_of_crop(model, "conv1", 99, (4, 4), np.zeros((5, 5, 3), np.uint8))


def test_pictures_that_are_none_or_change(model: zf.Model, pictures: list[np.ndarray]) -> None:
    with pytest.raises(ValueError, match="no pictures to search"):
        answers_over(model, [("conv1", 0)], lambda: iter(()))
    walks = [named(pictures), iter(())]
    with pytest.raises(ValueError, match="changed while they were searched"):
        answers_over(model, [("conv1", 0)], lambda: walks.pop(0))
    with pytest.raises(ValueError, match="has no layer 'conv9'"):
        answers_over(model, [("conv9", 0)], lambda: named(pictures))


def test_a_look_is_the_pass_and_its_reconstructions(model: zf.Model, pictures: list[np.ndarray]) -> None:
    seen = model.forward(pictures[0])
    units = strongest_units(seen, "conv2", 3)
    highest = seen.activations["conv2"][0].amax((1, 2))
    assert list(units) == [int(unit) for unit in highest.argsort(descending=True)[:3]]
    look = look_at(seen, "conv2", (*units, 3))
    for place, unit in enumerate(units):
        assert np.array_equal(look.maps[place], seen.activations["conv2"][0, unit].numpy())
        assert np.array_equal(look.down[place], zf.reconstruct(seen, zf.Seed("conv2", unit)).values)
    assert not look.down[3].any()  # the silent one
    assert 3 not in strongest_units(seen, "conv2", 7)
    with pytest.raises(ValueError, match="there is no unit 7"):
        look_at(seen, "conv2", (7,))
