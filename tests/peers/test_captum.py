"""captum's Deconvolution and GuidedBackprop, on networks where the two must agree, in float64.

captum replaces the backward pass of `nn.ReLU` modules by hooks, so its networks need one ReLU module for each place
(a reused module or a functional ReLU is missed or hooked twice) and none in place. It has no LRN rule and starts from
1, not from the activation: so no LRN here, and since the deconvnet is positively homogeneous, ours is captum's times
the activation.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import Deconvolution, GuidedBackprop, NeuronDeconvolution, NeuronGuidedBackprop
from engine_nets import quick_weights
from torch import Tensor, nn

import zfdesk.engine as zf
from zfdesk.engine.layers import Architecture, Conv, Linear, MaxPool, ReLU

pytestmark = pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU activations:UserWarning")

APART = (
    Conv("conv1", 8, 5, 2, 1), ReLU("relu1"), MaxPool("pool1", 2, 2),
    Conv("conv2", 10, 3, 1, 1), ReLU("relu2"), Conv("conv3", 6, 3, 1, 1), ReLU("relu3"),
)  # fmt: skip
OVERLAPPING = (
    Conv("conv1", 8, 3, 1, 1), ReLU("relu1"), MaxPool("pool1", 3, 2, 1),
    Conv("conv2", 10, 5, 2, 0), ReLU("relu2"), MaxPool("pool2", 3, 2, 1, ceil=True),
    Conv("conv3", 6, 3, 1, 1), ReLU("relu3"),
)  # fmt: skip
CLASSES = (*OVERLAPPING, Linear("fc6", 20), ReLU("relu6"), Linear("fc8", 7))

NETWORKS = {
    name: Architecture(name, name, layers, 30)
    for name, layers in (("apart", APART), ("overlapping", OVERLAPPING), ("classes", CLASSES))
}


def sequential(model: zf.Model) -> nn.Sequential:
    """The same layers as torch modules, one ReLU module a place."""
    parts, maps = nn.Sequential(), 3
    for layer in model.architecture.layers:
        match layer:
            case Conv(name, channels, kernel, stride, padding):
                parts.add_module(name, nn.Conv2d(maps, channels, kernel, stride, padding))
                maps = channels
            case MaxPool(name, kernel, stride, padding, ceil):
                parts.add_module(name, nn.MaxPool2d(kernel, stride, padding, ceil_mode=ceil))
            case ReLU(name):
                parts.add_module(name, nn.ReLU(inplace=False))
            case Linear(name, channels):
                if "flat" not in dict(parts.named_children()):
                    parts.add_module("flat", nn.Flatten())
                parts.add_module(name, nn.Linear(model.weights[f"{name}.weight"].shape[1], channels))
    parts.double().load_state_dict(model.weights)
    return parts.eval()


def prepared(name: str) -> tuple[zf.Pass, nn.Sequential, Tensor]:
    """A pass, its torch twin and the picture."""
    architecture = NETWORKS[name]
    model = zf.Model(architecture, quick_weights(architecture, torch.float64, seed=5))
    picture = torch.randn(1, 3, 30, 30, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    return model.forward(picture), sequential(model), picture.clone().requires_grad_()  # captum warns without


def assert_same(made: zf.Reconstruction, expected: Tensor, note: object) -> None:
    wanted = expected[0].detach().permute(1, 2, 0).numpy()
    assert np.abs(wanted).max() > 0, note
    assert np.abs(made.values - wanted).max() <= 1e-12 * np.abs(wanted).max(), note


def active_units(seen: zf.Pass, layer: str) -> list[int]:
    """Units of a layer with any activation, strongest first, at most three."""
    strongest = seen.activations[layer][0].amax((1, 2))
    return [int(unit) for unit in strongest.argsort(descending=True)[:3] if strongest[unit] > 0]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_neurons_of_maps(name: str, number: int) -> None:
    """A single position of a rectified map: NeuronDeconvolution and NeuronGuidedBackprop."""
    seen, module, picture = prepared(name)
    peers = {
        zf.Rule.DECONVNET: NeuronDeconvolution(module, module.get_submodule(f"relu{number}")),
        zf.Rule.GUIDED: NeuronGuidedBackprop(module, module.get_submodule(f"relu{number}")),
    }
    units = active_units(seen, f"conv{number}")
    assert units
    for unit in units:
        for rule, peer in peers.items():
            made = zf.reconstruct(seen, zf.Seed(f"conv{number}", unit), rule)
            expected = peer.attribute(picture, (unit, *made.positions[0]))
            start = made.activation if rule is zf.Rule.DECONVNET else 1
            assert_same(made, expected * start, (unit, rule))


@pytest.mark.parametrize("number", [1, 2])
def test_neurons_of_pools_where_windows_overlap(number: int) -> None:
    """A single position of a pooled map, from which colliding switches below are walked through."""
    seen, module, picture = prepared("overlapping")
    peer = NeuronDeconvolution(module, module.get_submodule(f"pool{number}"))
    for unit in active_units(seen, f"pool{number}"):
        made = zf.reconstruct(seen, zf.Seed(f"pool{number}", unit))
        assert_same(made, peer.attribute(picture, (unit, *made.positions[0])) * made.activation, unit)


def test_a_sum_over_a_map() -> None:
    """The whole map of a unit: captum's callable selector, weighted by the activations for the deconvnet."""
    seen, module, picture = prepared("overlapping")
    (unit, *_) = active_units(seen, "conv3")
    weight = seen.activations["conv3"][0, unit].clone()
    deconvolution = NeuronDeconvolution(module, module.relu3)
    made = zf.reconstruct(seen, zf.Seed("conv3", unit, zf.SeedKind.MAP))
    assert_same(made, deconvolution.attribute(picture, lambda maps: (maps[:, unit] * weight).sum((1, 2))), "deconvnet")
    guided = NeuronGuidedBackprop(module, module.relu3)
    made = zf.reconstruct(seen, zf.Seed("conv3", unit, zf.SeedKind.MAP), zf.Rule.GUIDED)
    assert_same(made, guided.attribute(picture, lambda maps: maps[:, unit].sum((1, 2))), "guided")


def test_class_scores() -> None:
    """Deconvolution and GuidedBackprop of a class score, which both start from 1."""
    seen, module, picture = prepared("classes")
    for unit in range(7):
        for rule, peer in ((zf.Rule.DECONVNET, Deconvolution(module)), (zf.Rule.GUIDED, GuidedBackprop(module))):
            made = zf.reconstruct(seen, zf.Seed("fc8", unit), rule)
            assert_same(made, peer.attribute(picture, target=unit), (unit, rule))
