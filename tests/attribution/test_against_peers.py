"""captum's and pytorch-grad-cam's answers, on the same layers and weights as torch modules, in float64."""

from __future__ import annotations

import warnings
from types import ModuleType

import captum.attr
import numpy as np
import pytest
import torch
from captum.attr._utils.lrp_rules import EpsilonRule, IdentityRule
from engine_nets import quick_weights
from torch import Tensor, nn

import zfdesk.engine as zf
from zfdesk.attribution import Options, attribute
from zfdesk.cli.bench_timing import eager_module
from zfdesk.engine.layers import LRN, Architecture, Conv, Linear, MaxPool, ReLU, Softmax

LAYERS = (
    Conv("conv1", 8, 5, 2, 1), ReLU("relu1"), MaxPool("pool1", 3, 2, 1), LRN("norm1"),
    Conv("conv2", 12, 3, 1, 1), ReLU("relu2"), MaxPool("pool2", 3, 2, ceil=True),
    Linear("fc6", 20), ReLU("relu6"), Linear("fc8", 7), Softmax("prob"),
)  # fmt: skip
NET = Architecture("small", "Small", LAYERS, 36)
TARGET = zf.Seed("fc8", 3)


@pytest.fixture(scope="module")
def seen() -> zf.Pass:
    weights = {name: weight.double() for name, weight in quick_weights(NET, seed=5).items()}
    model = zf.Model(NET, weights, zf.InputSpec(order="BGR"))
    x = 3 * torch.randn(1, 3, 36, 36, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return model.forward(x)


@pytest.fixture(scope="module")
def module(seen: zf.Pass) -> nn.Sequential:
    """The layers up to the scores."""
    whole = eager_module(seen.model).double()
    return nn.Sequential(whole[:-1]).eval()


@pytest.fixture
def x(seen: zf.Pass) -> Tensor:
    return seen.activations["input"].clone().requires_grad_()


def same(made: np.ndarray, wanted: Tensor, near: float = 1e-9) -> None:
    """Ours is RGB last; the network takes BGR."""
    array = wanted.detach()[0].numpy()
    if made.ndim == 3:
        array = array[::-1].transpose(1, 2, 0)
    elif array.ndim == 3:
        array = array[0]
    assert made.shape == array.shape
    assert np.abs(array).max() > 0
    assert np.abs(made - array).max() <= near * np.abs(array).max()


def layer_of(module: nn.Sequential, name: str) -> nn.Module:
    return dict(module[0].named_children())[name]


def test_saliency_is_captums(seen: zf.Pass, module: nn.Sequential, x: Tensor) -> None:
    wanted = captum.attr.Saliency(module).attribute(x, target=3)
    same(attribute(seen, TARGET, "saliency").values, wanted.amax(1, keepdim=True))


def test_gradient_times_input_is_captums(seen: zf.Pass, module: nn.Sequential, x: Tensor) -> None:
    same(attribute(seen, TARGET, "gradient-input").values, captum.attr.InputXGradient(module).attribute(x, target=3))


def test_integrated_gradients_are_captums(seen: zf.Pass, module: nn.Sequential, x: Tensor) -> None:
    wanted = captum.attr.IntegratedGradients(module).attribute(x, target=3, n_steps=24, method="gausslegendre")
    same(attribute(seen, TARGET, "integrated").values, wanted, near=1e-7)  # captum's weights are float32


def test_integrated_gradients_sum_to_the_change_of_the_score(seen: zf.Pass) -> None:
    found = attribute(seen, TARGET, "integrated", Options(steps=400)).values.sum()
    blank = seen.model.forward(torch.zeros_like(seen.activations["input"]))
    change = float((seen.activations["fc8"] - blank.activations["fc8"])[0, 3])
    assert found == pytest.approx(change, rel=0.01)


def test_smoothgrad_is_the_mean_of_captums_gradients(seen: zf.Pass, module: nn.Sequential, x: Tensor) -> None:
    noise = torch.randn((5, 3, 36, 36), generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    noisy = (x + 0.2 * (x.max() - x.min()) * noise).detach().requires_grad_()
    wanted = captum.attr.Saliency(module).attribute(noisy, target=3, abs=False).mean(0, keepdim=True)
    same(attribute(seen, TARGET, "smoothgrad", Options(samples=5, noise=0.2, seed=9)).values, wanted)


@pytest.mark.parametrize("layer", ["conv1", "norm1", "conv2"])
def test_gradcam_is_captums(seen: zf.Pass, module: nn.Sequential, x: Tensor, layer: str) -> None:
    place = layer_of(module, layer.replace("conv", "relu"))
    wanted = captum.attr.LayerGradCam(module, place).attribute(x, target=3, relu_attributions=True)
    same(attribute(seen, TARGET, "gradcam", Options(layer=layer)).values, wanted)


def test_guided_gradcam_is_captums(seen: zf.Pass, module: nn.Sequential, x: Tensor) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = captum.attr.GuidedGradCam(module, layer_of(module, "relu2"))
        wanted = peer.attribute(x, target=3, interpolate_mode="bilinear")
    same(attribute(seen, TARGET, "guided-gradcam").values, wanted)


def test_gradcam_is_pytorch_grad_cams(seen: zf.Pass, module: nn.Sequential, x: Tensor, torchvision: ModuleType) -> None:
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    with GradCAM(module, [layer_of(module, "relu2")]) as peer:
        wanted = peer(x, [ClassifierOutputTarget(3)])[0]  # float32, from 0 to 1
    heat = attribute(seen, TARGET, "gradcam").heat
    assert np.abs((heat - heat.min()) / np.ptp(heat) - wanted).max() < 1e-5


@pytest.mark.parametrize("epsilon", [0.01, 0.1])
def test_relevance_is_captums_lrp(seen: zf.Pass, module: nn.Sequential, x: Tensor, epsilon: float) -> None:
    for name, part in module[0].named_children():
        stage = next((stage for stage in NET.stages if stage.name == name), None)
        if isinstance(part, nn.LocalResponseNorm):
            part.rule = IdentityRule()
        elif stage is not None and not isinstance(part, nn.ReLU):
            part.rule = EpsilonRule(epsilon * float(seen.activations[name].square().mean().sqrt()) or 1e-9)
    module[0].flatten.rule = EpsilonRule()  # its least, for the zeros of silent units
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = captum.attr.LRP(module).attribute(x, target=3)
    same(attribute(seen, TARGET, "lrp", Options(epsilon=epsilon)).values, wanted)
