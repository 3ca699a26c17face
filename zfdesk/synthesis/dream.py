"""DeepDream (Mordvintsev, Olah & Tyka 2015): a layer, or one of its units, is shown more of what it sees in a picture.

As in their notebook: from a small version of the picture to its full size (octaves of 1.4), at each size some steps
that raise the mean square of a layer's activations (or the mean of one unit's map), each as long as ``rate`` levels in
the mean, with a random shift; what was dreamt so far is carried over to the next size.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.engine import Model
from zfdesk.engine.differentiable import Differentiable
from zfdesk.synthesis.descent import check_side
from zfdesk.synthesis.steps import Sketch, as_pictures, as_tensor, check_memory, normaliser

OCTAVE = 1.4
_JITTER = 32


def dream(
    model: Model, picture: np.ndarray, layer: str, unit: int | None = None, octaves: int = 4, steps: int = 10,
    rate: float = 1.5, seed: int = 0, every: int = 1,
) -> Iterator[Sketch]:  # fmt: skip
    """Sketches of a dream on a picture, uint8 (height, width, 3); ``values``: the objective, in the layer's own units.

    octaves: sizes, each with ``steps`` steps; those too small for the layer are left out. rate: the mean change of a
    step, in levels of 255. every: steps between two sketches. Every sketch has the full size. Raises ValueError for a
    layer without maps, a unit that does not exist, or a picture that is too large or too small.
    """
    stage = model.architecture.stage(layer)
    if not stage.spatial:
        raise ValueError(f"{layer} has no maps: a dream needs a layer below the fully connected ones.")
    if unit is not None:
        stage.check_unit(unit)
    if octaves < 1 or steps < 1 or not rate > 0:
        raise ValueError("A dream has at least one octave and one step, of a rate above 0.")
    original = as_tensor(picture)
    check_side(*picture.shape[:2])
    return _dreamt(model, original, layer, unit, _sizes(model, layer, original, octaves), steps, rate, seed, every)


def _sizes(model: Model, layer: str, original: Tensor, octaves: int) -> list[tuple[int, int]]:
    """From the smallest octave to the picture's own; ValueError where even that is too small for the layer."""
    sizes = []
    for number in range(octaves):
        size = round(original.shape[2] / OCTAVE**number), round(original.shape[3] / OCTAVE**number)
        try:
            network = Differentiable(model, {layer: None}, size)
        except ValueError:
            if not number:
                raise
            break
        if not number:
            check_memory(network)
        sizes.append(size)
    return sizes[::-1]


def _dreamt(
    model: Model, original: Tensor, layer: str, unit: int | None, sizes: list[tuple[int, int]], steps: int, rate: float,
    seed: int, every: int,
) -> Iterator[Sketch]:  # fmt: skip
    generator = torch.Generator().manual_seed(seed)
    normalised, total, step = normaliser(model), len(sizes) * steps, 0
    detail = torch.zeros(1, 3, *sizes[0])
    for size in sizes:
        base = _resized(original, size)
        x = base + _resized(detail, size)
        network = Differentiable(model, {layer: None}, size)
        for _ in range(steps):
            shift = tuple(int(part) for part in torch.randint(-_JITTER, _JITTER + 1, (2,), generator=generator))
            shifted = x.roll(shift, (2, 3)).requires_grad_()
            activations = network(normalised(shifted))[layer]
            value = activations.square().mean() / 2 if unit is None else activations[:, unit].mean()
            (gradient,) = torch.autograd.grad(value, shifted)
            pace = gradient.abs().mean()
            step += 1
            if bool(pace.isfinite()) and float(pace) > 0:  # a silent unit moves nothing
                x = (x + rate * gradient.roll((-shift[0], -shift[1]), (2, 3)) / pace).clamp(0, 255)
            if step % every == 0 or step == total:
                shown = _resized(original, (original.shape[2], original.shape[3])) + _resized(
                    x - base, (original.shape[2], original.shape[3])
                )
                notes = () if float(pace) > 0 else (_stuck(layer, pace),)
                yield Sketch(step, total, as_pictures(shown), np.array([float(value.detach())]), notes)
        detail = x - base


def _stuck(layer: str, pace: Tensor) -> str:
    """Why a step moved nothing."""
    if bool(pace.isfinite()):
        return f"{layer} is silent on this picture: it dreams of nothing."
    return f"{layer}'s gradient is not made of numbers here: the step was left out."


def _resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(x.shape[2:]) == size:
        return x
    return F.interpolate(x, size, mode="bilinear", align_corners=False, antialias=True)
