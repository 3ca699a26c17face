"""torchvision's AlexNet and VGG-16 with the same weights: the same scores before the softmax.

The weights are drawn, not downloaded. torchvision's ``features.N`` are our convolutions in order, its
``classifier.1, 4, 6`` (AlexNet) and ``0, 3, 6`` (VGG-16) our fc6, fc7, fc8.
"""

from __future__ import annotations

import pytest
import torch
from engine_nets import quick_weights
from torch import Tensor, nn
from torchvision_peer import import_torchvision

import zfdesk.engine as zf
from zfdesk.engine.layers import Conv

CLASSIFIERS = {"alexnet": (1, 4, 6), "vgg16": (0, 3, 6)}


def peer(name: str, model: zf.Model) -> nn.Module:
    """torchvision's module holding the model's weights, without a copy and without torchvision's slow first draw."""
    with torch.device("meta"):
        module = import_torchvision().models.get_model(name, weights=None, num_classes=model.architecture.classes)
    convolutions = [place for place, part in enumerate(module.features) if isinstance(part, nn.Conv2d)]
    ours = [layer.name for layer in model.architecture.layers if isinstance(layer, Conv)]
    names = dict(zip(ours, (f"features.{place}" for place in convolutions), strict=True))
    names |= {f"fc{6 + number}": f"classifier.{place}" for number, place in enumerate(CLASSIFIERS[name])}
    state: dict[str, Tensor] = {}
    for key, value in model.weights.items():
        layer, kind = key.split(".")
        assert isinstance(value, Tensor)
        state[f"{names[layer]}.{kind}"] = value
    module.load_state_dict(state, strict=True, assign=True)
    return module.eval()


@pytest.mark.parametrize("name", ["alexnet", pytest.param("vgg16", marks=pytest.mark.slow)])
def test_scores_equal_torchvisions(name: str) -> None:
    """fc8 before the softmax: 1e-5 relative on the plain path, 1e-3 on the fast one; every parameter is used."""
    architecture = zf.ARCHITECTURES[name](classes=1000 if name == "alexnet" else 20)
    model = zf.Model(architecture, quick_weights(architecture, seed=11))
    module = peer(name, model)
    assert sum(parameter.numel() for parameter in module.parameters()) == architecture.parameters
    pictures = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(12))
    with torch.inference_mode():
        expected = module(pictures)
        probabilities = expected.softmax(1)
    for reference, allowed in ((True, 1e-5), (False, 1e-3)):
        seen = model.forward(pictures, reference)
        scores = seen.activations["fc8"][:, :, 0, 0]
        assert float((scores - expected).abs().max()) <= allowed * float(expected.abs().max())
        assert float((seen.probabilities - probabilities).abs().max()) <= allowed
    assert float(expected.std()) > 0.1, "scores that all are equal would prove nothing"
