"""The reconstruction is a backward pass: against torch's own autograd through an independent module, in float64.

Where every number is a small integer the sums are exact in any order, and the two must be equal bit for bit
(`torch.equal`). Elsewhere the order of the sums differs (windows against whole maps) and they agree to 1e-12 of the
largest value.
"""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from autograd_twin import Twin
from engine_nets import embedded_model, quick_weights, random_architecture, random_seed, varied_pictures
from torch import Tensor

import zfdesk.engine as zf
from zfdesk.engine.kernels import Weights

RULES = ("deconvnet", "gradient", "guided")
LAYERS = (
    "conv1", "pool1", "norm1", "conv2", "pool2", "norm2", "conv3", "conv4", "conv5", "pool5",
    "fc6", "fc7", "fc8", "prob",
)  # fmt: skip


def planes(made: zf.Reconstruction) -> Tensor:
    return torch.from_numpy(made.values.copy()).permute(2, 0, 1)


def assert_close(found: Tensor, expected: Tensor, note: object) -> None:
    largest = max(float(expected.abs().max()), 1e-300)
    assert float((found - expected).abs().max()) <= 1e-12 * largest, note


@pytest.fixture(scope="module")
def cat() -> zf.Pass:
    """The embedded network's pass of a photograph, in float64."""
    model = embedded_model()
    return model.forward(model.input.to_tensor(varied_pictures()[5:6]).double())


@pytest.mark.parametrize("rule", RULES)
def test_zfnet_with_the_embedded_weights(cat: zf.Pass, rule: str) -> None:
    """Every layer's strongest unit, single positions and whole maps: deconvnet, gradient and guided are autograd's."""
    twin = Twin(cat.model, rule)
    found = twin(cat.activations["input"].clone().requires_grad_())
    for name in LAYERS:
        mine = cat.activations[name].flatten()
        assert_close(mine, found[name].detach().flatten(), f"forward {name}")
        unit = cat.strongest_unit(name)
        kinds = (zf.SeedKind.MAX, zf.SeedKind.MAP) if name in ("conv2", "conv5") else (zf.SeedKind.MAX,)
        for kind in kinds:
            made = zf.reconstruct(cat, zf.Seed(name, unit, kind), rule)
            expected = twin.walk(found, made.seed, made.positions)
            assert float(expected.abs().max()) > 0
            assert_close(planes(made), expected, (name, kind))


@pytest.mark.parametrize(("rule", "derivative"), [("deconvnet", True), ("gradient", False), ("guided", False)])
def test_normalisation_the_other_way(cat: zf.Pass, rule: str, derivative: bool) -> None:
    """The deconvnet through LRN's derivative; gradient and guided through LRN as the identity."""
    twin = Twin(cat.model, rule, derivative)
    found = twin(cat.activations["input"].clone().requires_grad_())
    made = zf.reconstruct(cat, zf.Seed("conv5", cat.strongest_unit("conv5")), rule, lrn_derivative=derivative)
    assert_close(planes(made), twin.walk(found, made.seed, made.positions), rule)


def test_random_networks() -> None:
    """100 random networks, every rule, any layer, any seed: equal to 1e-12."""
    rng = random.Random(1311)
    for number in range(100):
        architecture = random_architecture(rng)
        model = zf.Model(architecture, quick_weights(architecture, torch.float64, seed=number))
        size = architecture.size
        picture = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(number), dtype=torch.float64)
        seen = model.forward(picture)
        for rule in RULES:
            derivative = rng.choice((None, True, False))
            twin = Twin(model, rule, derivative)
            found = twin(picture.clone().requires_grad_())
            for _ in range(3):
                seed = random_seed(rng, rng.choice(architecture.stages[1:]))
                made = zf.reconstruct(seen, seed, rule, lrn_derivative=derivative)
                expected = twin.walk(found, seed, made.positions)
                assert_close(planes(made), expected, (architecture.layers, seed, rule, derivative))


def test_bit_for_bit_where_sums_are_exact() -> None:
    """60 random networks with small whole numbers for weights and pictures: `torch.equal`, every rule."""
    rng = random.Random(2901)
    alive = 0
    for number in range(60):
        architecture = random_architecture(rng, normalised=False)
        generator = torch.Generator().manual_seed(number)
        weights: Weights = {
            name: torch.randint(-3, 4, shape, generator=generator).double()
            for name, shape in architecture.weight_shapes().items()
        }
        model = zf.Model(architecture, weights)
        size = architecture.size
        picture = torch.randint(-5, 6, (1, 3, size, size), generator=generator).double()
        seen = model.forward(picture)
        for rule in RULES:
            twin = Twin(model, rule)
            found = twin(picture.clone().requires_grad_())
            for stage in architecture.stages[1:]:
                assert torch.equal(seen.activations[stage.name].flatten(), found[stage.name].detach().flatten())
                seed = random_seed(rng, stage)
                made = zf.reconstruct(seen, seed, rule)
                expected = twin.walk(found, seed, made.positions)
                assert torch.equal(expected, expected.round()), "whole numbers only"
                assert torch.equal(planes(made), expected), (architecture.layers, seed, rule)
                alive += bool(np.abs(made.values).max() > 0)
    assert alive > 300, "most of these reconstructions should be of something"


def test_the_three_rules_differ(cat: zf.Pass) -> None:
    """On the embedded network no two rules give the same picture, so that none of the proofs above is empty."""
    seed = zf.Seed("conv5", cat.strongest_unit("conv5"))
    found = [zf.reconstruct(cat, seed, rule).values for rule in RULES]
    found = [array / np.abs(array).max() for array in found]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(found[one] - found[other]).max() > 0.05
