"""The network as a differentiable function: the values of the forward pass, the gradient of the walk down."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from engine_nets import embedded_model, quick_weights, random_architecture, varied_pictures

import zfdesk.engine as zf
from zfdesk.engine.differentiable import Differentiable, MapWindow
from zfdesk.engine.layers import Stage


def random_window(rng: random.Random, stage: Stage) -> MapWindow:
    _, height, width = stage.shape
    top, left = rng.randrange(height), rng.randrange(width)
    return top, left, rng.randint(top + 1, height), rng.randint(left + 1, width)


def in_double(architecture: zf.Architecture) -> tuple[zf.Model, zf.Pass]:
    model = zf.Model(architecture, quick_weights(architecture, torch.float64, seed=1))
    size = architecture.size
    x = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    return model, model.forward(x)


@pytest.mark.parametrize("seed", range(12))
def test_windows_of_random_networks_are_those_of_the_forward_pass(seed: int) -> None:
    rng = random.Random(seed)
    model, seen = in_double(random_architecture(rng))
    stages = rng.sample(model.architecture.stages, min(2, len(model.architecture.stages)))
    network = Differentiable(model, {one.name: random_window(rng, one) for one in stages}, dtype=torch.float64)
    top, left, bottom, right = network.field
    found = network(seen.activations["input"][:, :, top:bottom, left:right])
    for layer, (y0, x0, y1, x1) in network.wanted.items():
        wanted = seen.activations[layer][:, :, y0:y1, x0:x1]
        assert torch.allclose(found[layer], wanted, rtol=1e-10, atol=1e-12), layer


@pytest.mark.parametrize("seed", range(6))
def test_gradients_are_those_of_the_walk_down(seed: int) -> None:
    rng = random.Random(100 + seed)
    model, seen = in_double(random_architecture(rng))
    stage = rng.choice([one for one in model.architecture.stages if one.parameters])
    unit = seen.strongest_unit(stage.name)
    walked = zf.reconstruct(seen, zf.Seed(stage.name, unit), zf.Rule.GRADIENT)
    (y, x), *_ = walked.positions
    network = Differentiable(model, {stage.name: (y, x, y + 1, x + 1)}, dtype=torch.float64)
    top, left, bottom, right = network.field
    part = seen.activations["input"][:, :, top:bottom, left:right].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(part)[stage.name][0, unit, 0, 0], part)
    wanted = walked.values[top:bottom, left:right].transpose(2, 0, 1)
    assert np.allclose(gradient[0].numpy(), wanted, rtol=1e-9, atol=1e-12)


def test_the_derivative_is_the_one_of_finite_differences() -> None:
    model, _ = in_double(zf.Architecture("n", "N", (
        zf.Conv("conv1", 4, 5, 2, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 3, 2, 1), zf.LRN("norm1"),
        zf.Conv("conv2", 3, 3, 1, 1), zf.ReLU("relu2"),
    ), 24))  # fmt: skip
    network = Differentiable(model, {"conv2": (2, 2, 4, 4)}, dtype=torch.float64, signed=True)
    x = torch.randn(2, 3, *network.input_shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda part: network(part)["conv2"].sum((0, 2, 3)), (x.requires_grad_(),))


def test_only_the_receptive_field_is_read() -> None:
    embedded = embedded_model()
    network = Differentiable(embedded, {"conv5": (6, 6, 7, 7)})
    assert network.input_shape == (139, 139)
    assert network.field == embedded.architecture.stage("conv5").receptive_field.box(6, 6)
    assert network.windows["conv3"] == (4, 4, 9, 9)


def test_other_sizes_below_the_fully_connected_layers() -> None:
    embedded = embedded_model()
    network = Differentiable(embedded, {"conv3": None}, size=(96, 160))
    found = network(torch.zeros(1, 3, 96, 160))["conv3"]
    assert tuple(found.shape[1:]) == network.shapes["conv3"] == (384, 5, 9)
    with pytest.raises(ValueError, match="fully connected"):
        Differentiable(embedded, {"fc8": None}, size=(96, 160))
    with pytest.raises(ValueError, match="too small"):
        Differentiable(embedded, {"conv3": None}, size=(9, 9))
    with pytest.raises(ValueError, match="outside"):
        Differentiable(embedded, {"conv3": (0, 0, 14, 1)})
    with pytest.raises(ValueError, match="no layer"):
        Differentiable(embedded, {"conv7": None})


def test_signed_values_are_those_before_the_rectification() -> None:
    embedded, pictures = embedded_model(), varied_pictures()
    seen = embedded.forward(pictures[5], until="conv4")
    found = Differentiable(embedded, {"conv4": None}, signed=True)(seen.activations["input"])["conv4"]
    assert found.min() < 0
    assert torch.allclose(found.relu(), seen.activations["conv4"], atol=1e-3)


@pytest.mark.parametrize("layer", ["fc6", "fc8"])
def test_through_integer_rows_as_through_the_dense_matrix_in_float64(layer: str) -> None:
    embedded, pictures = embedded_model(), varied_pictures()
    found = []
    for dtype in (torch.float32, torch.float64):
        x = embedded.forward(pictures[5:8], until="input").activations["input"].to(dtype).clone().requires_grad_()
        values = Differentiable(embedded, {layer: None}, dtype=dtype, signed=True)(x)[layer]
        (gradient,) = torch.autograd.grad(values[:, 7].sum() - values[:, 9].sum(), x)
        found.append((values.detach().double(), gradient.double()))
    for one, exact in zip(*found, strict=True):
        assert (one - exact).abs().max() < 1e-5 * exact.abs().max()
