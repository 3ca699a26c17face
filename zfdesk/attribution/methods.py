"""Every method of attribution. To add one, write a function here and register it: nothing else need be touched.

A function gets the forward pass of one picture, the target with its positions fixed, and the options. It returns a
signed picture (3, size, size) in the network's channel order, or a map (height, width) of any size (the layer's, where
one is weighted), see `Method`. Torch is imported where it is used, so that the command line's help can name the methods
without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zfdesk.attribution.registry import Options, method
from zfdesk.cancellation import checkpoints

if TYPE_CHECKING:
    from torch import Tensor

    from zfdesk.engine import Pass, Seed


def occluder_of(size: int) -> tuple[int, int]:
    """Side and stride of the square that `occlusion` moves over a picture of that size: 50 and 16 of 224 pixels."""
    return max(round(size * 50 / 224), 1), max(round(size * 16 / 224), 1)


def _walk(forward_pass: Pass, target: Seed, rule: str) -> Tensor:
    import numpy as np
    import torch

    from zfdesk.attribution.preparation import in_network_order
    from zfdesk.engine import reconstruct

    return in_network_order(forward_pass, torch.from_numpy(np.array(reconstruct(forward_pass, target, rule).values)))


@method(
    "deconvnet", "deconvnet", "the activation led down through the positive signals, as in the paper",
    "Zeiler & Fergus 2013, Section 2.1", walk=True,
)  # fmt: skip
def deconvnet(forward_pass: Pass, target: Seed, options: Options) -> Tensor:
    """See `zfdesk.engine.reconstruct`."""
    return _walk(forward_pass, target, "deconvnet")


@method(
    "guided", "guided backprop", "the gradient, with only positive signals through active units",
    "Springenberg et al. 2015", walk=True,
)  # fmt: skip
def guided(forward_pass: Pass, target: Seed, options: Options) -> Tensor:
    """See `zfdesk.engine.reconstruct`."""
    return _walk(forward_pass, target, "guided")


@method("gradient", "gradient", "the derivative of the unit in every pixel", "Simonyan et al. 2014", walk=True)
def plain_gradient(forward_pass: Pass, target: Seed, options: Options) -> Tensor:
    """∂ unit / ∂ pixel, (3, size, size)."""
    return _walk(forward_pass, target, "gradient")


@method(
    "saliency", "saliency", "the gradient's largest magnitude over the colours", "Simonyan et al. 2014, Section 3",
    signed=False,
)  # fmt: skip
def saliency(forward_pass: Pass, target: Seed, options: Options) -> Tensor:
    """max over colours |∂ unit / ∂ pixel|, (size, size)."""
    return _walk(forward_pass, target, "gradient").abs().amax(0)


@method(
    "gradient-input", "gradient × input", "each pixel's gradient times its distance from the mean",
    "Shrikumar et al. 2016",
)  # fmt: skip
def gradient_times_input(forward_pass: Pass, target: Seed, options: Options) -> Tensor:
    """x · ∂ unit / ∂ x, of the normalised input x, (3, size, size)."""
    return _walk(forward_pass, target, "gradient") * forward_pass.activations["input"][0]


@method(
    "smoothgrad", "SmoothGrad", "the mean gradient of noisy copies of the picture", "Smilkov et al. 2017",
    options=("samples", "noise", "seed"),
)  # fmt: skip
def smoothgrad(forward_pass: Pass, target: Seed, options: Options) -> Tensor:
    """The mean of ∂ unit / ∂ x over x + noise, (3, size, size)."""
    import torch

    from zfdesk.attribution.preparation import mean_gradient

    x = forward_pass.activations["input"][0]
    generator = torch.Generator().manual_seed(options.seed)
    noise = torch.randn((options.samples, *x.shape), generator=generator, dtype=x.dtype)
    inputs = x + noise * options.noise * (x.max() - x.min())
    return mean_gradient(
        forward_pass, target, inputs, torch.full((options.samples,), 1 / options.samples, dtype=x.dtype)
    )


@method(
    "integrated", "integrated gradients", "the gradient gathered on the way from the mean picture to this one",
    "Sundararajan et al. 2017", options=("steps",),
)  # fmt: skip
def integrated_gradients(forward_pass: Pass, target: Seed, options: Options) -> Tensor:
    """x · ∫ ∂ unit / ∂ x (αx) dα, (3, size, size), by Gauss and Legendre's rule; the values sum to the change of the
    unit from the mean picture (x = 0) to this one."""
    import numpy as np
    import torch

    from zfdesk.attribution.preparation import mean_gradient

    x = forward_pass.activations["input"][0]
    points, weights = (torch.from_numpy(part).to(x.dtype) for part in np.polynomial.legendre.leggauss(options.steps))
    inputs = (1 + points)[:, None, None, None] / 2 * x
    return x * mean_gradient(forward_pass, target, inputs, weights / 2)


@method(
    "gradcam", "Grad-CAM", "a layer's maps, each weighted by its mean gradient", "Selvaraju et al. 2017",
    signed=False, options=("layer",),
)  # fmt: skip
def gradcam(forward_pass: Pass, target: Seed, options: Options) -> Tensor:
    """max(0, Σ_k mean(∂ unit / ∂ A_k) · A_k), (height, width) of the layer's maps A_k."""
    import torch

    from zfdesk.attribution.preparation import gradient

    assert options.layer is not None
    weights = gradient(forward_pass, target, options.layer).mean((1, 2))
    return torch.einsum("k,khw->hw", weights, forward_pass.activations[options.layer][0]).clamp_min(0)


@method(
    "guided-gradcam", "guided Grad-CAM", "guided backprop where Grad-CAM is warm", "Selvaraju et al. 2017",
    options=("layer",),
)  # fmt: skip
def guided_gradcam(forward_pass: Pass, target: Seed, options: Options) -> Tensor:
    """Guided back-propagation times Grad-CAM, interpolated to the picture: (3, size, size)."""
    import torch

    from zfdesk.attribution.preparation import resized_heat

    guide = _walk(forward_pass, target, "guided")
    warm = resized_heat(gradcam(forward_pass, target, options).double().numpy(), guide.shape[-1])
    return guide * torch.from_numpy(warm).to(guide.dtype)


@method(
    "cam", "CAM", "a layer's maps, weighted by a head that reads their means and was taught for it", "Zhou et al. 2016",
    options=("head",), classes_only=True,
)  # fmt: skip
def cam(forward_pass: Pass, target: Seed, options: Options) -> Tensor:
    """Σ_k w_k · A_k, (height, width) of the head's layer's maps A_k. Raises ValueError without a head, or for a class
    that it was not taught."""
    import torch

    if options.head is None:
        raise ValueError("CAM needs a head: this network has none of its own, so one is taught from pictures first.")
    weights = options.head.weights_of(target.unit, forward_pass.model).to(forward_pass.activations["input"].dtype)
    return torch.einsum("k,khw->hw", weights, forward_pass.activations[options.head.layer][0])


@method(
    "lrp", "LRP-ε", "the unit's value handed down in the shares in which it was made", "Bach et al. 2015",
    options=("epsilon",),
)  # fmt: skip
def relevance(forward_pass: Pass, target: Seed, options: Options) -> Tensor:
    """R_below = a · Wᵀ(R / (z + ε sign z)), layer by layer; normalisation is the identity. (3, size, size)."""
    from zfdesk.attribution.lrp import layerwise_relevance

    return layerwise_relevance(forward_pass, target, options.epsilon)


@method(
    "occlusion", "occlusion", "by how much a class falls when a grey square covers the place",
    "Zeiler & Fergus 2013, Section 4.2", classes_only=True,
)  # fmt: skip
def occlusion(forward_pass: Pass, target: Seed, options: Options) -> Tensor:
    """Clean probability minus that with a grey square there, (size, size): a square of 50 pixels every 16 of 224, in
    proportion else, interpolated between."""
    import numpy as np
    import torch

    from zfdesk.engine import SweepPlan, sweep
    from zfdesk.experiments.heatmap import values_at_pixels

    size, plan = forward_pass.model.architecture.size, SweepPlan(*occluder_of(forward_pass.model.architecture.size))
    picture = forward_pass.model.input.to_pictures(forward_pass.activations["input"])[0]
    *_, swept = checkpoints(sweep(forward_pass, picture, plan, target.layer))
    drop = swept.clean_probabilities[target.unit] - swept.probability(target.unit)
    rows, columns = swept.positions[:, 0, 0] + plan.size / 2, swept.positions[0, :, 1] + plan.size / 2
    return torch.from_numpy(values_at_pixels(drop.astype(np.float64), rows, columns, size))
