"""What several methods of attribution need: the target's positions, the layer meant, maps resized to the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from zfdesk.cancellation import checkpoint
from zfdesk.engine import Architecture, Conv, Pass, Rule, Seed, SeedKind, reconstruct
from zfdesk.engine.reconstruct import seed_positions
from zfdesk.experiments.heatmap import upsampled

BATCH = 8  # pictures in one forward pass
FULL = 99.5
"""Per cent of the pixels that are no hotter than the full colour of a drawn heat."""


def settled(forward_pass: Pass, target: Seed) -> Seed:
    """The same target at fixed positions: a noisy picture's strongest position must not be another one.

    Raises ValueError for a unit or position that does not exist.
    """
    stage = forward_pass.model.architecture.stage(target.layer)
    stage.check_unit(target.unit, target.position if target.kind is SeedKind.AT else None)
    if target.kind in (SeedKind.AT, SeedKind.MAP):
        return target
    positions = seed_positions(forward_pass.activations[target.layer][0, target.unit], target)
    if target.kind is SeedKind.MAX:
        return replace(target, kind=SeedKind.AT, position=positions[0])
    return replace(target, positions=positions)


def layer_for(architecture: Architecture, top: str, layer: str | None) -> str:
    """The layer whose maps are weighted: by default the last convolution below the target.

    Raises ValueError for a layer without maps or not below the target.
    """
    below = architecture.stages[1 : architecture.index(top)]
    if layer is None:
        found = [stage.name for stage in below if isinstance(stage.layer, Conv)]
        if not found:
            raise ValueError(f"Below {top} there is no convolution whose maps could be weighted.")
        return found[-1]
    stage = architecture.stage(layer)
    if stage not in below or not stage.spatial:
        maps = ", ".join(one.name for one in below if one.spatial)
        raise ValueError(f"{layer} has no maps below {top}; these have: {maps}.")
    return layer


def gradient(forward_pass: Pass, target: Seed, to: str = "input") -> Tensor:
    """The derivative of the target in a layer's values, (channels, height, width), in the network's channel order."""
    values = torch.from_numpy(np.array(reconstruct(forward_pass, target, Rule.GRADIENT, to).values))
    return values if to != "input" else in_network_order(forward_pass, values)


def in_network_order(forward_pass: Pass, rgb: Tensor) -> Tensor:
    """(height, width, 3) RGB → (3, height, width) in the order the network takes."""
    return forward_pass.model.input.to_rgb(rgb.permute(2, 0, 1))


def mean_gradient(forward_pass: Pass, target: Seed, inputs: Tensor, weights: Tensor) -> Tensor:
    """Σ weight · gradient over normalised inputs (N, 3, size, size), with weights (N,): (3, size, size)."""
    total = torch.zeros_like(inputs[0])
    for part, share in zip(inputs.split(BATCH), weights.split(BATCH), strict=True):
        passes = forward_pass.model.forward(part, until=target.layer)
        for number, weight in enumerate(share):
            checkpoint()
            total += weight * gradient(passes.select(number), target)
    return total


def resized_heat(heat: np.ndarray, size: int) -> np.ndarray:
    """A map (height, width) interpolated to (size, size)."""
    return heat if heat.shape == (size, size) else upsampled(heat, size)


def heat_of(values: np.ndarray, size: int) -> np.ndarray:
    """How much each pixel counts, (size, size), not negative.

    Of a signed picture the largest magnitude over the colours (Simonyan et al. 2014), of a map what is above zero.
    """
    result: np.ndarray = np.abs(values).max(2) if values.ndim == 3 else np.maximum(resized_heat(values, size), 0)
    return result


def shares(heat: np.ndarray) -> np.ndarray:
    """A heat as it is drawn, 0 to 1, in its own shape: full at its 99.5th percentile, so that one pixel does not darken
    the rest."""
    full = float(np.percentile(heat, FULL)) or float(heat.max())
    result: np.ndarray = np.clip(heat / full, 0, 1) if full > 0 else np.zeros_like(heat)
    return result
