"""From a declared network to one that learns, and back to the plain one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zfdesk.engine import LRN, Architecture, Conv, Linear, MaxPool, Model
from zfdesk.engine.kernels import dense
from zfdesk.engine.picture import InputSpec
from zfdesk.training.functions import EPSILON, BatchNorm, band_of, dropout, normalised
from zfdesk.training.recipe import TrainRecipe

BatchPlace = tuple[int, int, int, int]
"""(seed, step, place of the first picture in the step's batch, pictures in that batch)."""


class TrainingNetwork(nn.Module):
    """A declared architecture, with batch norm and dropout where the recipe has them.

    ``embedding``: numbers of the teacher's embedding, to which a linear map leads from the last hidden layer; 0 for
    none. The map is thrown away at export.
    """

    def __init__(self, architecture: Architecture, recipe: TrainRecipe, embedding: int = 0) -> None:
        super().__init__()
        self.architecture, self.recipe = architecture, recipe
        self.filters, self.norms = nn.ModuleDict(), nn.ModuleDict()
        self.hidden = [s.name for s in architecture.stages if isinstance(s.layer, Linear) and s.rectified]
        stages = architecture.stages
        self._first_linear = next(i for i, stage in enumerate(stages) if isinstance(stage.layer, Linear))
        for before, stage in pairwise(stages):
            layer = stage.layer
            with_norm = recipe.batch_norm and stage.rectified
            if isinstance(layer, Conv):
                self.filters[layer.name] = nn.Conv2d(
                    before.shape[0], layer.channels, layer.kernel, layer.stride, layer.padding, bias=not with_norm
                )
            elif isinstance(layer, Linear):
                self.filters[layer.name] = nn.Linear(math.prod(before.shape), layer.channels, bias=not with_norm)
            elif isinstance(layer, LRN):
                self.register_buffer(f"band_{layer.name}", band_of(layer, before.shape[0]), persistent=False)
            if with_norm and isinstance(layer, Conv | Linear):
                self.norms[layer.name] = BatchNorm(layer.channels)
        last = architecture.stage(self.hidden[-1]) if self.hidden else stages[self._first_linear - 1]
        width = math.prod(last.shape)
        self.embedding = nn.Linear(width, embedding) if embedding else None
        self.watched: dict[str, Tensor] | None = None
        """Where set, the activations of a pass are put into it by layer."""
        self._last_convolution = "".join(architecture.convolutions[-1:])
        self.last_maps: Tensor | None = None
        """The last convolution's maps of the last pass, where the recipe looks at their density."""

    def filters_of(self, name: str) -> nn.Conv2d | nn.Linear:
        """Return the layer's module, which holds its weights."""
        layer = self.filters[name]
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        return layer

    def norm_of(self, name: str) -> BatchNorm | None:
        """The batch norm behind a layer."""
        norm = dict(self.norms.items()).get(name)
        assert norm is None or isinstance(norm, BatchNorm)
        return norm

    def forward(self, x: Tensor, place: BatchPlace | None = None) -> tuple[Tensor, Tensor | None]:
        """Scores (N, classes) and the guessed embedding (N, E) of pictures (N, 3, side, side) minus mean, 0–255.

        ``place``: as while training, for dropout; without it nothing is left out.
        """
        stages = self.architecture.stages
        feature: Tensor | None = None
        drop = self.recipe.dropout if self.training and place is not None else 0.0
        for index, (before, stage) in enumerate(pairwise(stages), 1):
            layer = stage.layer
            if isinstance(layer, Conv | Linear):
                if isinstance(layer, Linear) and x.ndim == 4:
                    x = _adapted(x, before.shape).flatten(1)
                    feature = x if not self.hidden else None
                x = self.filters[layer.name](x)
                if layer.name in self.norms:
                    x = self.norms[layer.name](x)
                if stage.rectified:
                    x = F.relu(x)
                if self.watched is not None:
                    self.watched[layer.name] = x
                if self.recipe.density_weight and stage.name == self._last_convolution:
                    self.last_maps = x
                if stage.name in self.hidden:
                    if stage.name == self.hidden[-1]:
                        feature = x
                    if drop and place is not None:
                        x = dropout(x, drop, (place[0], place[1], index), place[2:])
            elif isinstance(layer, MaxPool):
                # at other sides than the declared, what the first linear layer wants is made by the last pooling
                if index == self._first_linear - 1 and not _fits(x, layer, stage.shape):
                    x = F.adaptive_max_pool2d(x, stage.shape[1:])
                else:
                    x = F.max_pool2d(x, layer.kernel, layer.stride, layer.padding, ceil_mode=layer.ceil)
            elif isinstance(layer, LRN):
                x = normalised(x, layer, getattr(self, f"band_{layer.name}"))
        assert feature is not None
        return x, None if self.embedding is None else self.embedding(feature)


def _fits(x: Tensor, layer: MaxPool, shape: tuple[int, int, int]) -> bool:
    def out(size: int) -> int:
        span = size + 2 * layer.padding - layer.kernel
        if not layer.ceil:
            return span // layer.stride + 1
        count = -(-span // layer.stride) + 1
        return count - 1 if (count - 1) * layer.stride >= size + layer.padding else count

    return (out(x.shape[2]), out(x.shape[3])) == shape[1:]


def _adapted(x: Tensor, shape: tuple[int, int, int]) -> Tensor:
    return x if x.shape[1:] == shape else F.adaptive_max_pool2d(x, shape[1:])


def initialise(network: TrainingNetwork, seed: int) -> None:
    """First weights by the recipe, from the seed alone; biases 0."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name in network.filters:
            layer = network.filters_of(name)
            fan_in = math.prod(layer.weight.shape[1:])
            last = name == list(network.filters)[-1]
            he = network.recipe.initial == "he"
            deviation = (0.01 if last else math.sqrt(2 / fan_in)) if he else 0.01
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) * deviation)
            if layer.bias is not None:
                layer.bias.zero_()
        if network.embedding is not None:
            weight = network.embedding.weight
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.01)
            network.embedding.bias.zero_()


def start_from(network: TrainingNetwork, model: Model, pictures: Iterable[Tensor]) -> list[str]:
    """Take the weights of a checkpoint; the function is that of the checkpoint, also with batch norm.

    ``pictures``: batches as `TrainingNetwork.forward` takes them, on which batch norm's statistics are measured;
    its scale and shift are set so that they change nothing. Returns the layers that did not fit and kept their own.
    """
    ours, left = network.architecture.weight_shapes(), []
    with torch.no_grad():
        for name in network.filters:
            layer = network.filters_of(name)
            given = model.weights.get(f"{name}.weight")
            if given is None or tuple(given.shape) != ours[f"{name}.weight"]:
                left.append(name)
                continue
            layer.weight.copy_(dense(given, torch.float32))
            bias = dense(model.weights[f"{name}.bias"], torch.float32)
            norm = network.norm_of(name)
            if norm is None:
                assert layer.bias is not None
                layer.bias.copy_(bias)
            else:
                norm.running_mean.zero_()
                norm.running_var.fill_(1 - EPSILON)
                norm.weight.fill_(1)
                norm.bias.copy_(bias)
        if network.norms:
            _calibrate(network, pictures, [name for name in network.norms if name not in left])
    return left


def _calibrate(network: TrainingNetwork, pictures: Iterable[Tensor], names: list[str]) -> None:
    """Measure the statistics of what batch norm gets, and set its scale and shift to make up for them."""
    was = network.training
    network.eval()
    norms = {name: norm for name in names if (norm := network.norm_of(name)) is not None}
    for norm in norms.values():
        norm.collecting = []
    for batch in pictures:
        network(batch)
    for name, norm in norms.items():
        found, norm.collecting = norm.collecting, None
        if not found:
            continue
        count = sum(n for _, _, n in found)
        mean = torch.stack([total for total, _, _ in found]).sum(0) / count
        squares = torch.stack([total for _, total, _ in found]).sum(0) / count
        variance = (squares - mean * mean).clamp(min=0)
        # a unit that never varies would be divided by nothing once it does
        variance = variance.clamp(min=1e-4 * float(variance.mean()) + 1e-12)
        # Behind batch norm the length of a layer's weights changes nothing but how fast they turn: folded ones (conv1's
        # are 160 times shorter than fresh ones, the input being ±128) are brought to the length of fresh ones.
        weight = network.filters_of(name).weight
        fresh = math.sqrt(2 / math.prod(weight.shape[1:]))
        longer = fresh / max(float(weight.double().square().mean().sqrt()), 1e-12)
        weight.mul_(longer)
        norm.running_mean.copy_(mean * longer)
        norm.running_var.copy_(variance * longer**2)
        norm.weight.copy_((norm.running_var.double() + EPSILON).sqrt() / longer)
        norm.bias.add_(mean.float())
    network.train(was)


def exported(
    network: TrainingNetwork, tensors: Mapping[str, Tensor], classes: tuple[str, ...], provenance: str, name: str = ""
) -> Model:
    """The plain declared network with ``tensors`` (as `state_dict` names them), batch norm folded in."""
    weights: dict[str, Tensor] = {}
    for layer in network.filters:
        weight = tensors[f"filters.{layer}.weight"].detach().double().cpu()
        if layer in network.norms:
            scale, shift, mean, variance = (
                tensors[f"norms.{layer}.{part}"].detach().double().cpu()
                for part in ("weight", "bias", "running_mean", "running_var")
            )
            factor = scale / (variance + EPSILON).sqrt()
            weight = weight * factor.view(-1, *[1] * (weight.ndim - 1))
            bias = shift - mean * factor
        else:
            bias = tensors[f"filters.{layer}.bias"].detach().double().cpu()
        weights[f"{layer}.weight"], weights[f"{layer}.bias"] = weight.float().contiguous(), bias.float()
    return Model(
        network.architecture, dict(weights), InputSpec(), classes, name=name, provenance=provenance, trained=True
    )


def network_input(pictures: Tensor) -> Tensor:
    """uint8 (N, H, W, 3) on any device → float32 (N, 3, H, W) minus mean, channels-last in memory."""
    mean = torch.tensor(InputSpec().mean, device=pictures.device)
    return (pictures.float() - mean).permute(0, 3, 1, 2)


__all__ = ["TrainingNetwork", "exported", "initialise", "network_input", "start_from"]
