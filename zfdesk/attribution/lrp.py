"""Layer-wise relevance propagation with the ε rule (Bach et al. 2015; Montavon et al. 2019, Section 10.2.2)."""

from __future__ import annotations

import torch
from torch import Tensor

from zfdesk.engine import LRN, Pass, Seed, SeedKind
from zfdesk.engine.reconstruct import gradient_step, seed_positions


@torch.inference_mode()
def layerwise_relevance(forward_pass: Pass, target: Seed, epsilon: float) -> Tensor:
    """The relevance of every input value, (3, size, size), in the network's channel order.

    epsilon: as a share of the root mean square of each layer's values. The target's value is handed down: a layer's
    inputs get theirs in proportion to what they add to its values, R_below = a · Wᵀ(R / (z + ε sign z)); biases and ε
    keep a part. Rectification, softmax and normalisation hand it on as it is.
    """
    architecture = forward_pass.model.architecture
    top = architecture.index(target.layer)
    if target.layer == architecture.stages[-1].name and len(architecture.class_layers) > 1:
        target = Seed(architecture.class_layers[0], target.unit, SeedKind.AT, (0, 0))
        top -= 1
    activation = forward_pass.activations[architecture.stages[top].name][0]
    signal = torch.zeros_like(activation)
    for y, x in seed_positions(activation[target.unit], target):
        signal[target.unit, y, x] = activation[target.unit, y, x]
    for place in range(top, 0, -1):
        stage, below = architecture.stages[place], architecture.stages[place - 1]
        if isinstance(stage.layer, LRN):
            continue
        values = forward_pass.activations[stage.name][0]
        # below its rectification a silent unit was negative, but it has no relevance to hand down
        limit = epsilon * values.square().mean().sqrt().clamp_min(torch.finfo(values.dtype).tiny)
        shares = signal / (values + torch.where(values < 0, -limit, limit)).where(
            signal != 0, torch.ones(()).to(values)
        )
        signal = forward_pass.activations[below.name][0] * gradient_step(forward_pass, shares, stage.name)
    return signal
