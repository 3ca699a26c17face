"""Steps downhill, the limit of filters, and the running mean of the weights."""

from __future__ import annotations

import torch
from torch import nn

from zfdesk.training.network import TrainingNetwork
from zfdesk.training.recipe import TrainRecipe


def make_optimiser(network: TrainingNetwork, recipe: TrainRecipe) -> torch.optim.Optimizer:
    """torch's own, in its fused form; weight decay for weights alone."""
    weights = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": weights, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    if recipe.optimiser == "adamw":
        return torch.optim.AdamW(groups, recipe.learning_rate, (recipe.momentum, 0.999), fused=True)
    nesterov = recipe.nesterov and recipe.momentum > 0
    return torch.optim.SGD(groups, recipe.learning_rate, recipe.momentum, nesterov=nesterov, fused=True)


def limit_filters(network: TrainingNetwork, most: float) -> None:
    """Scale every filter of a convolution whose root mean square exceeds ``most`` back to it (Section 3)."""
    with torch.no_grad():
        for layer in network.filters.values():
            if isinstance(layer, nn.Conv2d):
                size = layer.weight.square().mean((1, 2, 3), keepdim=True).sqrt()
                layer.weight.mul_((most / size.clamp(min=1e-30)).clamp(max=1.0))


class RunningMean:
    """The exponential running mean of a network's weights and batch norm statistics, in a copy of their own.

    It is brought up to date every few steps only, with the decay of so many steps: on two cores it would else take a
    tenth of the time.
    """

    EVERY = 4
    EARLY = 32
    """Until this step it is at every one, so that the network of a short training is not its start."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.tensors = {name: value.detach().clone() for name, value in network.state_dict().items()}

    def update(self, network: nn.Module, step: int) -> None:
        """After ``step`` steps. In the beginning the mean is over the steps there are."""
        steps = 1 if step <= self.EARLY else self.EVERY
        if step % steps:
            return
        decay = min(self.decay, (1 + step) / (10 + step)) ** steps
        ours, theirs = [], []
        for name, value in network.state_dict().items():
            ours.append(self.tensors[name])
            theirs.append(value.detach())
        torch._foreach_lerp_(ours, theirs, 1 - decay)
