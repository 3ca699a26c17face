"""Texture synthesis and style transfer by Gram matrices (Gatys, Ecker & Bethge 2015 and 2016).

A texture is what is left when the positions of a layer's activations are forgotten: how often its maps are active
together, their Gram matrix. A picture is made whose Gram matrices at several layers are those of an example (texture),
or of one or two examples mixed, while a higher layer's activations stay those of a content picture (style).

*Our choices*: each layer's error is relative, |G - A|² / |A|², so that no layer outweighs the others. The
colours' means and covariances (`_palette`) count as much as all layers together: a network that hardly tells bright
from dark would make black and white of anything. No picture gets rougher than its example, in total variation: filters
with a stride would else be pleased by checks. Steps are Adam's, in frequencies, where the papers use L-BFGS on
pixels. The well-known results are VGG's, whose filters are small and many: the embedded ZFNet gives coarser ones
(`advice`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine import Architecture, Linear, Model
from zfdesk.engine.differentiable import Differentiable
from zfdesk.synthesis.descent import Descent, check_side, noise_about
from zfdesk.synthesis.regularisers import total_variation
from zfdesk.synthesis.steps import Sketch, as_tensor, check_memory, normaliser

_VGG_STYLE = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
_VGG_CONTENT = "conv4_2"


@dataclass(frozen=True, eq=False)
class StyleSource:
    """A picture whose style is taken, uint8 (height, width, 3), and how much of it."""

    picture: np.ndarray
    weight: float = 1.0


def gram(activations: Tensor) -> Tensor:
    """(N, maps, height, width) → (N, maps, maps): the mean product of two maps over all positions."""
    flat = activations.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def style_layers(architecture: Architecture) -> tuple[str, ...]:
    """Gatys's five of VGG; of other networks every convolution below the fully connected layers."""
    return _VGG_STYLE if set(_VGG_STYLE) <= set(architecture.convolutions) else architecture.convolutions


def content_layer(architecture: Architecture) -> str:
    """Gatys's of VGG; of other networks the convolution in the middle."""
    found = architecture.convolutions
    return _VGG_CONTENT if _VGG_CONTENT in found else found[len(found) // 2]


def advice(architecture: Architecture) -> str:
    """What a user should know of the network's textures; "" where it gives the known ones."""
    if set(_VGG_STYLE) <= {stage.name for stage in architecture.stages}:
        return ""
    return "The well-known textures and styles are VGG-16's (zfdesk weights get vgg16); this network's are coarser."


def texture(
    model: Model, example: np.ndarray, size: tuple[int, int] | None = None, layers: Sequence[str] = (),
    steps: int = 200, rate: float = 0.03, seed: int = 0, every: int = 10,
) -> Iterator[Sketch]:  # fmt: skip
    """Sketches of a picture with the texture of an example, uint8 (height, width, 3), from noise.

    size: (height, width) of what is made, by default the example's. ``values``: the mean relative error of the Gram
    matrices. Raises ValueError for layers without maps, or pictures too small or too large for them.
    """
    size = size or (example.shape[0], example.shape[1])
    start = noise_about(model.input.mean, size, seed).clamp(1, 254)
    return _made(model, start, None, [StyleSource(example)], layers, "", 0.0, steps, rate, every)


def transfer(
    model: Model, content: np.ndarray, styles: Sequence[StyleSource], content_weight: float = 1.0,
    layers: Sequence[str] = (), at: str = "", steps: int = 200, rate: float = 0.03, every: int = 10,
) -> Iterator[Sketch]:  # fmt: skip
    """Sketches of a content picture, uint8 (height, width, 3), in the style of one picture or of several mixed.

    content_weight: of the content's relative error at layer ``at``, against the styles' at ``layers``. Starts from the
    content, so no seed is needed. ``values``: the mean relative error of the Gram matrices. Raises ValueError as
    `texture` does, and without a style, or for weights below 0.
    """
    if not styles or not all(style.weight >= 0 for style in styles) or sum(style.weight for style in styles) <= 0:
        raise ValueError("A style needs at least one picture, with a weight above 0.")
    if not content_weight >= 0:
        raise ValueError("The content's weight is not below 0.")
    return _made(model, as_tensor(content), content, styles, layers, at, content_weight, steps, rate, every)


def _made(
    model: Model, start: Tensor, content: np.ndarray | None, styles: Sequence[StyleSource], layers: Sequence[str],
    at: str, content_weight: float, steps: int, rate: float, every: int,
) -> Iterator[Sketch]:  # fmt: skip
    architecture = model.architecture
    chosen = tuple(layers) or style_layers(architecture)
    at = at or content_layer(architecture)
    for layer in (*chosen, at):
        if layer not in _spatial(architecture):
            raise ValueError(f"{layer} has no maps; these layers have: {', '.join(_spatial(architecture))}.")
    normalised = normaliser(model)
    wanted = dict.fromkeys((*chosen, at) if content is not None else chosen)
    for height, width in ((start.shape[2], start.shape[3]), *(style.picture.shape[:2] for style in styles)):
        check_side(height, width)
        check_memory(Differentiable(model, wanted, (height, width)))
    network = Differentiable(model, wanted, (start.shape[2], start.shape[3]))
    grams, palette, rough = _mixed_grams(model, styles, chosen)
    with torch.no_grad():
        kept = network(normalised(as_tensor(content)))[at] if content is not None else None

    def loss(pictures: Tensor) -> tuple[Tensor, Tensor]:
        activations = network(normalised(pictures))
        errors = [_relative(gram(activations[layer]), grams[layer]) for layer in chosen]
        value = torch.stack(errors).mean(0)
        total = value + _relative(_palette(pictures), palette)
        total = total + (total_variation(pictures) - rough).relu()
        if kept is not None:
            total = total + content_weight * _relative(activations[at], kept)
        return total.sum(), value

    return Descent(start, loss, steps, rate).sketches(every)


@torch.no_grad()
def _mixed_grams(
    model: Model, styles: Sequence[StyleSource], layers: Sequence[str]
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """The styles' Gram matrices, each layer's mixed in the shares of their weights; their palette and roughness."""
    total_weight = sum(style.weight for style in styles)
    mixed: dict[str, Tensor] = {}
    palette, rough = torch.zeros(1, 4, 4), torch.zeros(1)
    for style in styles:
        pixels = as_tensor(style.picture)
        network = Differentiable(model, dict.fromkeys(layers), (pixels.shape[2], pixels.shape[3]))
        for layer, activations in network(normaliser(model)(pixels)).items():
            mixed[layer] = mixed.get(layer, 0) + style.weight / total_weight * gram(activations)
        palette += style.weight / total_weight * _palette(pixels)
        rough += style.weight / total_weight * total_variation(pixels)
    return mixed, palette, rough


def _palette(pictures: Tensor) -> Tensor:
    """Means and covariances of the colours, as the Gram matrix of (r, g, b, 1) about mid-grey: (N, 4, 4)."""
    return gram(torch.cat(((pictures - 127.5) / 64, torch.ones_like(pictures[:, :1])), 1))


def _relative(one: Tensor, other: Tensor) -> Tensor:
    """|one - other|² / |other|²: (N,)."""
    return (one - other).square().flatten(1).sum(1) / other.square().sum().clamp_min(1e-12)


def _spatial(architecture: Architecture) -> list[str]:
    found = []
    for stage in architecture.stages[1:]:
        if isinstance(stage.layer, Linear):
            break
        found.append(stage.name)
    return found
