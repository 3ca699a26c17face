"""What keeps a made picture from being noise: Yosinski's four, and those the field has used since.

Yosinski's act on the pictures after each step, in pixels around the network's mean; the others on what the network
looks at (`RandomTransform`) or on the objective (`total_variation`, `likeness`). Pictures are (N, 3, height, width),
RGB 0 to 255, the mean is (3, 1, 1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor


def decayed(pictures: Tensor, mean: Tensor, share: float) -> Tensor:
    """L2 decay: pictures (N, 3, height, width) moved towards the mean by a share of the distance, 0 to 1."""
    return mean + (pictures - mean) * (1 - share)


def blurred(pictures: Tensor, radius: float) -> Tensor:
    """Pictures (N, 3, height, width) under a Gaussian of standard deviation ``radius`` in pixels, cut at 4 of them,
    mirrored at the borders (as scipy's)."""
    height, width = pictures.shape[-2:]
    for size, dim in ((height, 2), (width, 3)):
        pictures = torch.tensordot(pictures, _gaussian(size, radius, pictures.dtype), dims=([dim], [1])).movedim(
            -1, dim
        )
    return pictures


@lru_cache(maxsize=16)
def _gaussian(size: int, radius: float, dtype: torch.dtype) -> Tensor:
    """(size, size): the blur of a line as a matrix."""
    reach = int(4 * radius + 0.5)
    offsets = torch.arange(-reach, reach + 1)
    taps = torch.exp(-0.5 * (offsets.double() / radius) ** 2)
    taps /= taps.sum()
    place = (torch.arange(size)[:, None] + offsets) % (2 * size)  # … c b a | a b c … | c b a …
    place = torch.where(place < size, place, 2 * size - 1 - place)
    return torch.zeros(size, size, dtype=torch.double).scatter_add_(1, place, taps.expand(size, -1)).to(dtype)


def clipped(pictures: Tensor, mean: Tensor, weight: Tensor, percentile: float) -> Tensor:
    """Pixels whose ``weight`` (N, height, width) is below that percentile of their picture's become the mean."""
    limit = torch.quantile(weight.flatten(1), percentile / 100, dim=1)[:, None, None]
    return torch.where((weight < limit)[:, None], mean, pictures)


def norms(pictures: Tensor, mean: Tensor) -> Tensor:
    """Each pixel's distance from the mean, over the colours: (N, height, width)."""
    result: Tensor = (pictures - mean).norm(dim=1)
    return result


def contributions(pictures: Tensor, mean: Tensor, gradient: Tensor) -> Tensor:
    """By how much the objective would change if a pixel became the mean, to first order, without its sign:
    (N, height, width)."""
    return ((pictures - mean) * gradient).sum(1).abs()


def total_variation(pictures: Tensor) -> Tensor:
    """The mean absolute difference of neighbouring pixels, of 255 levels: (N,)."""
    down = (pictures[:, :, 1:] - pictures[:, :, :-1]).abs().mean((1, 2, 3))
    across = (pictures[:, :, :, 1:] - pictures[:, :, :, :-1]).abs().mean((1, 2, 3))
    return (down + across) / 255


def contrast(pictures: Tensor, mean: Tensor) -> Tensor:
    """The mean square distance from the mean, of half of 255 levels: (N,)."""
    return ((pictures - mean) / 127.5).square().mean((1, 2, 3))


def likeness(activations: Tensor) -> Tensor:
    """How alike N pictures are to a layer: the mean cosine between their Gram matrices, two by two (a number).

    activations: (N, maps, height, width).
    """
    count = len(activations)
    flat = activations.flatten(2)
    grams = F.normalize((flat @ flat.transpose(1, 2)).flatten(1), dim=1)
    cosines = grams @ grams.T
    return (cosines.sum() - cosines.diagonal().sum()) / max(count * (count - 1), 1)


@dataclass(frozen=True)
class RandomTransform:
    """A little shift, size and turn, new at every look, so that a picture excites not by its exact pixels alone.

    ``jitter`` in pixels, ``scale`` as a share, ``rotation`` in degrees, each at most so much either way.
    """

    jitter: int
    scale: float
    rotation: float

    def __call__(self, canvas: Tensor, size: tuple[int, int], generators: Sequence[torch.Generator]) -> Tensor:
        """What is seen of the middle of a canvas (N, 3, height, width): (N, 3, *size); beyond its edge, the edge."""
        count = len(canvas)
        rng = torch.stack([2 * torch.rand(4, generator=generator) - 1 for generator in generators])
        shift = rng[:, :2] * self.jitter
        if not self.scale and not self.rotation:
            return self._shifted(canvas, size, shift.round().long())
        zoom = 1 + rng[:, 2] * self.scale
        angle = rng[:, 3] * math.radians(self.rotation)
        turn = torch.stack((zoom * angle.cos(), -zoom * angle.sin(), zoom * angle.sin(), zoom * angle.cos()), 1)
        height, width = size
        y, x = torch.meshgrid(
            torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2, indexing="ij"
        )
        points = torch.stack((x, y), 2).view(1, -1, 2) @ turn.view(count, 2, 2).transpose(1, 2) + shift[:, None]
        half = torch.tensor((canvas.shape[3] / 2, canvas.shape[2] / 2))
        grid = (points / half).view(count, height, width, 2).to(canvas.dtype)
        return F.grid_sample(canvas, grid, padding_mode="border", align_corners=False)

    def _shifted(self, canvas: Tensor, size: tuple[int, int], shift: Tensor) -> Tensor:
        height, width = size
        top, left = (canvas.shape[2] - height) // 2, (canvas.shape[3] - width) // 2
        if not self.jitter:
            return canvas[:, :, top : top + height, left : left + width]
        return torch.stack([
            picture[:, top + y : top + y + height, left + x : left + x + width]
            for picture, (x, y) in zip(canvas, shift.tolist(), strict=True)
        ])  # fmt: skip
