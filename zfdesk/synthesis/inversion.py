"""What a layer still knows of a picture (Mahendran & Vedaldi 2015, *Understanding Deep Image Representations by
Inverting Them*).

A picture is looked for whose activations at a layer are the given ones: the least of |Φ(x) - Φ₀|² / |Φ₀|² plus their
two regularisers, the α-norm Σ|x|^α (α = 6) that keeps pixels in range and the total variation Σ (|∇x|²)^(β/2) (β = 2)
that keeps them smooth. As with them both weigh more the higher the layer, which pins the pixels down less. *Our
choices*: they weigh in the share of the picture that the layer sees; the momentum is Adam here, and steps are taken in
frequencies; where several pictures share the activations, the seed decides which is found.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine import Model
from zfdesk.engine.differentiable import Differentiable
from zfdesk.synthesis.descent import Descent, noise_about
from zfdesk.synthesis.steps import Sketch, as_tensor, check_memory, normaliser

_ALPHA, _ALPHA_WEIGHT, _TV_WEIGHT = 6, 1.0, 20.0  # of a layer that sees the whole picture


def invert(
    model: Model, picture: np.ndarray, layer: str, steps: int = 200, rate: float = 0.03, seed: int = 0, every: int = 10
) -> Iterator[Sketch]:
    """Sketches of a picture that a layer takes for the given one; ``values``: the relative error |Φ(x) - Φ₀| / |Φ₀|.

    picture: uint8 (size, size, 3), as the network sees it. rate: Adam's. every: steps between two sketches. Raises
    ValueError for a layer that does not exist, a picture of another size, or a layer that is silent.
    """
    size = model.architecture.size
    if picture.shape != (size, size, 3):
        raise ValueError(f"The picture to invert must be ({size}, {size}, 3), not {picture.shape}.")
    network, normalised = Differentiable(model, {layer: None}), normaliser(model)
    check_memory(network)
    with torch.no_grad():
        wanted = network(normalised(as_tensor(picture)))[layer]
    length = float(wanted.square().sum())
    if not length > 0:
        raise ValueError(f"{layer} is silent on this picture: there is nothing to invert.")
    mean = torch.tensor(model.input.mean)[:, None, None]
    share_seen = min(model.architecture.stage(layer).receptive_field.size / size, 1.0)

    def loss(pictures: Tensor) -> tuple[Tensor, Tensor]:
        error = (network(normalised(pictures))[layer] - wanted).square().sum((1, 2, 3)) / length
        far = ((pictures - mean) / 128).abs().pow(_ALPHA).mean()
        down, across = (
            pictures[:, :, 1:, :-1] - pictures[:, :, :-1, :-1],
            pictures[:, :, :-1, 1:] - pictures[:, :, :-1, :-1],
        )
        rough = ((down / 255).square() + (across / 255).square()).mean()
        return error.sum() + share_seen * (_ALPHA_WEIGHT * far + _TV_WEIGHT * rough), error.sqrt()

    start = noise_about(model.input.mean, (size, size), seed)
    return Descent(start.clamp(1, 254), loss, steps, rate).sketches(every)
