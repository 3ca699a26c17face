"""Gaussian blur, for the blurred fill of occluders and the blurred norm of reconstructions."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor


def gaussian_blur(maps: Tensor, sigma: float) -> Tensor:
    """Blur maps (channels, height, width), float32, and return as many; ``sigma`` in pixels, above 0.

    The borders reflect, as in OpenCV. The kernel ends at three sigma, or at the side of a smaller picture. As two
    products with a banded matrix it takes a fifth of the time of two convolutions.
    """
    return _band(maps.shape[1], sigma) @ maps @ _band(maps.shape[2], sigma).T


@lru_cache(maxsize=16)
def _band(length: int, sigma: float) -> Tensor:
    """(length, length): which share of each pixel of a line goes into each blurred one."""
    radius = min(int(3 * sigma), length - 1)
    offsets = torch.arange(-radius, radius + 1)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    places = (torch.arange(length)[:, None] + offsets).abs()
    places = (length - 1) - (length - 1 - places).abs()  # about the last pixel
    shares = (kernel / kernel.sum()).expand(length, -1)
    return torch.zeros(length, length).scatter_add_(1, places, shares)
