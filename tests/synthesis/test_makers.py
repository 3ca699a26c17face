"""Fooling, dreams, inversion, texture and style, on small networks and on the first layers of a random VGG-16."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import torch
from engine_nets import quick_weights

import zfdesk.engine as zf
from zfdesk.engine.layers import Architecture, Conv, Linear, MaxPool, ReLU, Softmax
from zfdesk.synthesis import Norm, Sketch, StyleSource, dream, finished, fool, invert, texture, transfer
from zfdesk.synthesis.fooling import magnified, within
from zfdesk.synthesis.sheet import contact_sheet
from zfdesk.synthesis.steps import as_tensor, no_larger, normaliser
from zfdesk.synthesis.style import advice, content_layer, gram, style_layers

LAYERS = (
    Conv("conv1", 8, 3, 1, 1), ReLU("relu1"), MaxPool("pool1", 2, 2), Conv("conv2", 12, 3, 1, 1), ReLU("relu2"),
    MaxPool("pool2", 2, 2), Linear("fc6", 10), ReLU("relu6"), Linear("fc8", 5), Softmax("prob"),
)  # fmt: skip
NET = Architecture("small", "Small", LAYERS, 40)
CHANCE = np.random.default_rng(0)
SMOOTH = np.kron(CHANCE.integers(30, 220, (5, 5, 3)), np.ones((8, 8, 1))).astype(np.uint8)
OTHER = np.kron(CHANCE.integers(30, 220, (20, 20, 3)), np.ones((2, 2, 1))).astype(np.uint8)


@pytest.fixture(scope="module")
def model() -> zf.Model:
    weights = quick_weights(NET, seed=2)
    return zf.Model(NET, {name: weight * (0.2 if name.startswith("fc8") else 1) for name, weight in weights.items()})


def least(model: zf.Model) -> int:
    return int(model.forward(SMOOTH).probabilities[0].argmin())


@pytest.mark.parametrize(("norm", "budget"), [(Norm.LARGEST, 12.0), (Norm.LENGTH, 900.0)])
def test_a_picture_is_taken_for_another_class_within_the_budget(model: zf.Model, norm: Norm, budget: float) -> None:
    to = least(model)
    sketch = finished(fool(model, SMOOTH, to, budget, norm))
    change = sketch.pictures[0].astype(float) - SMOOTH
    assert (np.abs(change).max() if norm is Norm.LARGEST else np.linalg.norm(change)) <= budget
    answer = model.forward(sketch.pictures[0]).probabilities[0]
    assert int(answer.argmax()) == to
    assert float(answer[to]) == pytest.approx(sketch.values[0], abs=0.01)
    assert sketch.finished


def test_a_budget_that_is_too_small_is_told(model: zf.Model) -> None:
    sketch = finished(fool(model, SMOOTH, least(model), 1.0, steps=3, confidence=0.999))
    assert "With this budget" in sketch.notes[0]
    with pytest.raises(ValueError, match="budget"):
        fool(model, SMOOTH, 1, 0)
    with pytest.raises(ValueError, match="no class 9"):
        fool(model, SMOOTH, 9)
    with pytest.raises(ValueError, match="must be"):
        fool(model, SMOOTH[:30], 1)


def test_within_is_a_projection() -> None:
    clean = torch.full((1, 3, 4, 4), 250.0)
    x = clean + torch.linspace(-40, 40, 48).view(1, 3, 4, 4)
    near = within(x, clean, 8, Norm.LARGEST)
    assert float((near - clean).abs().max()) == 8
    assert float(near.max()) == 255
    short = within(x, clean, 30, Norm.LENGTH)
    assert float((short - clean).norm()) <= 30
    assert torch.equal(within(near, clean, 8, Norm.LARGEST), near)


def test_the_change_is_magnified_to_the_whole_range() -> None:
    changed = SMOOTH.copy()
    changed[3, 4] += 2
    shown, factor = magnified(SMOOTH, changed)
    assert factor == 63.5
    assert shown[3, 4].tolist() == [255, 255, 255]
    assert shown[0, 0].tolist() == [128, 128, 128]


@pytest.mark.parametrize("unit", [None, 3])
def test_a_dream_raises_its_layer_at_the_pictures_own_size(model: zf.Model, unit: int | None) -> None:
    frame = np.concatenate([SMOOTH, OTHER[:, :30]], 1)[:39]
    sketches = list(dream(model, frame, "conv2", unit, octaves=3, steps=4, seed=1))
    assert {sketch.pictures.shape for sketch in sketches} == {(1, *frame.shape)}
    assert [sketch.finished for sketch in sketches] == [False] * (len(sketches) - 1) + [True]
    assert sketches[-1].values[0] > sketches[-4].values[0]
    again = list(dream(model, frame, "conv2", unit, octaves=3, steps=4, seed=1))
    assert np.array_equal(again[-1].pictures, sketches[-1].pictures)
    assert not np.array_equal(finished(dream(model, frame, "conv2", unit, 3, 4, seed=2)).pictures, again[-1].pictures)


def test_a_dream_of_values_that_are_no_numbers_says_so_and_not_that_it_is_silent(model: zf.Model) -> None:
    endless = {"conv2.weight": torch.full_like(model.weights["conv2.weight"], 3e38)}  # type: ignore[arg-type]
    broken = replace(model, weights=model.weights | endless, body=None)
    sketch = finished(dream(broken, SMOOTH, "conv2", octaves=1, steps=2))
    assert np.array_equal(sketch.pictures[0], SMOOTH)
    assert len(sketch.notes) == 1
    assert "not made of numbers" in sketch.notes[0]


def test_dreams_that_cannot_be_are_told(model: zf.Model) -> None:
    for layer, picture, said in (
        ("fc6", SMOOTH, "no maps"), ("conv7", SMOOTH, "no layer"), ("pool2", SMOOTH[:3, :3], "too small"),
        ("conv2", np.zeros((2000, 20, 3), np.uint8), "too large"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            next(dream(model, picture, layer))


def test_inversion_comes_near_the_layers_answer(model: zf.Model) -> None:
    sketches = list(invert(model, SMOOTH, "conv2", steps=60, every=20, seed=3))
    assert sketches[-1].values[0] < min(0.2, 0.9 * sketches[0].values[0])
    seen = model.forward(np.stack([SMOOTH, sketches[-1].pictures[0]])).activations["conv2"]
    error = float((seen[1] - seen[0]).norm() / seen[0].norm())
    assert error == pytest.approx(sketches[-1].values[0], rel=0.1)
    with pytest.raises(ValueError, match="must be"):
        invert(model, SMOOTH[:30], "conv2")


def test_inversion_of_a_silent_layer_is_told(model: zf.Model) -> None:
    weights = model.weights | {"conv1.weight": torch.zeros_like(model.weights["conv1.weight"])}
    weights["conv1.bias"] = torch.full_like(model.weights["conv1.bias"], -1)
    with pytest.raises(ValueError, match="silent"):
        invert(zf.Model(NET, weights), SMOOTH, "conv1")


def style_error(model: zf.Model, made: np.ndarray, like: np.ndarray) -> float:
    grams = [gram(model.forward(picture, until="conv2").activations["conv2"]) for picture in (made, like)]
    return float((grams[0] - grams[1]).norm() / grams[1].norm())


def test_a_texture_has_the_examples_gram_matrices(model: zf.Model) -> None:
    sketches = list(texture(model, OTHER, steps=60, every=5, seed=2))
    assert sketches[-1].values[0] < 0.2 * sketches[0].values[0]
    assert style_error(model, sketches[-1].pictures[0], OTHER) < 0.5 * style_error(model, SMOOTH, OTHER)
    colours = [picture.reshape(-1, 3).astype(float) for picture in (sketches[-1].pictures[0], OTHER)]
    assert np.abs(colours[0].mean(0) - colours[1].mean(0)).max() < 12  # of 255 levels
    assert np.allclose(colours[0].std(0), colours[1].std(0), rtol=0.3)
    wide: Sketch = finished(texture(model, OTHER, (24, 50), steps=2))
    assert wide.pictures.shape == (1, 24, 50, 3)


def test_style_keeps_the_content_and_mixes_two(model: zf.Model) -> None:
    def made(*styles: StyleSource, content: float = 1.0) -> np.ndarray:
        return finished(transfer(model, SMOOTH, styles, content, steps=40)).pictures[0]

    drawn = made(StyleSource(OTHER))
    assert style_error(model, drawn, OTHER) < style_error(model, SMOOTH, OTHER)
    kept = made(StyleSource(OTHER), content=20.0)
    seen = model.forward(np.stack([SMOOTH, kept, drawn]), until="conv2").activations["conv2"]
    assert float((seen[1] - seen[0]).norm()) < 0.8 * float((seen[2] - seen[0]).norm())
    third = np.ascontiguousarray(OTHER[::-1] // 2)
    mixed = made(StyleSource(OTHER, 0.5), StyleSource(third, 0.5))
    assert not np.array_equal(mixed, drawn)
    assert np.array_equal(made(StyleSource(OTHER, 1.0), StyleSource(third, 0.0)), drawn)
    with pytest.raises(ValueError, match="at least one"):
        made(StyleSource(OTHER, 0.0))
    with pytest.raises(ValueError, match="no maps"):
        texture(model, OTHER, layers=("fc6",))


def test_vggs_gram_matrices_are_torchvisions(torchvision: ModuleType) -> None:
    whole = zf.ARCHITECTURES["vgg16"](3)
    kept = tuple(
        layer for layer in whole.layers if layer.name.startswith(("conv1_", "relu1_", "pool1", "conv2_", "relu2_"))
    )
    small = Architecture("vgg", "VGG", (*kept, MaxPool("down", 8, 8), Linear("fc8", 3)), 64)
    model = zf.Model(small, quick_weights(small, seed=3))
    module = torchvision.models.vgg16(weights=None).features[:9].eval()
    with torch.no_grad():
        for place, name in ((0, "conv1_1"), (2, "conv1_2"), (5, "conv2_1"), (7, "conv2_2")):
            module[place].weight.copy_(model.weights[f"{name}.weight"])
            module[place].bias.copy_(model.weights[f"{name}.bias"])
        wanted = gram(module(normaliser(model)(as_tensor(np.kron(SMOOTH, np.ones((1, 1, 1), np.uint8))[:40, :40]))))
    from zfdesk.engine.differentiable import Differentiable

    ours = Differentiable(model, {"conv2_2": None}, (40, 40))(normaliser(model)(as_tensor(SMOOTH)))["conv2_2"]
    assert torch.allclose(gram(ours), wanted, rtol=1e-4, atol=1e-4 * float(wanted.abs().max()))


def test_random_vgg_makes_textures_and_mixes_styles_by_gatyss_layers() -> None:
    layers = zf.ARCHITECTURES["vgg16"](3).layers
    convolutions = layers[: next(place for place, layer in enumerate(layers) if isinstance(layer, Linear))]
    architecture = Architecture("vgg", "VGG", (*convolutions, Linear("fc8", 3), Softmax("prob")), 64)
    model = zf.Model(architecture, quick_weights(architecture, seed=3))
    sketches = list(texture(model, SMOOTH, steps=6, every=1))
    assert sketches[-1].values[0] < 0.7 * sketches[0].values[0]
    mixed = finished(transfer(model, SMOOTH, [StyleSource(OTHER, 0.5), StyleSource(SMOOTH, 0.5)], steps=3))
    assert np.isfinite(mixed.values).all()
    assert not np.array_equal(mixed.pictures[0], SMOOTH)


def test_which_layers_and_what_is_said_of_the_network() -> None:
    vgg, zfnet = zf.ARCHITECTURES["vgg16"](10), zf.ARCHITECTURES["zfnet"](10)
    assert style_layers(vgg) == ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
    assert content_layer(vgg) == "conv4_2"
    assert advice(vgg) == ""
    assert style_layers(zfnet) == ("conv1", "conv2", "conv3", "conv4", "conv5")
    assert content_layer(zfnet) == "conv3"
    assert "VGG-16" in advice(zfnet)


def test_pictures_side_by_side() -> None:
    three = np.stack([np.full((4, 5, 3), value, np.uint8) for value in (10, 20, 30)])
    assert contact_sheet(three).shape == (4 * 2 + 2, 5 * 2 + 2, 3)
    assert contact_sheet(three, 3).shape == (4, 5 * 3 + 4, 3)
    assert contact_sheet(three)[6, 0].tolist() == [30, 30, 30]


def test_no_larger_keeps_the_shape_of_a_picture() -> None:
    assert no_larger(np.zeros((100, 50, 3), np.uint8), 40).shape == (40, 20, 3)
    assert no_larger(SMOOTH, 40) is SMOOTH
