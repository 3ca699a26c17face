"""What is changed step by step while a picture is made: its pixels, or its frequencies.

Both give pictures (N, 3, height, width) in RGB from 0 to 255, differentiable in their parameters. Frequencies (Olah,
Mordvintsev & Schubert 2017, *Feature Visualization*) are scaled so that a step changes large shapes as readily as fine
ones, which alone takes away most of the noise; colours are decorrelated there, with the correlation of ImageNet's
pixels that their library publishes, and a sigmoid keeps them within 0 to 255.
"""

from __future__ import annotations

import torch
from torch import Tensor

_COLOURS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
"""A square root of the covariance of ImageNet's colours, as lucid's ``color_correlation_svd_sqrt`` has it."""
_FAINTEST = 1 / 255 / 4
"""How near to black and white a start picture may come: the sigmoid reaches neither."""


def colour_matrix(dtype: torch.dtype = torch.float32) -> Tensor:
    """(3, 3): decorrelated colours → RGB before the sigmoid, scaled so that its longest column has length 1."""
    matrix = torch.tensor(_COLOURS, dtype=dtype)
    result: Tensor = matrix / matrix.norm(dim=0).max()
    return result


class PixelParametrisation:
    """Pictures as they are: one parameter a pixel and colour, in 0 to 255 around ``mean``."""

    def __init__(self, start: Tensor) -> None:
        """start: (N, 3, height, width), RGB 0 to 255."""
        self.parameter = start.clone().requires_grad_()

    def pictures(self) -> Tensor:
        """(N, 3, height, width), RGB; within 0 to 255 where whoever steps keeps it there."""
        return self.parameter


class FourierParametrisation:
    """Pictures as the inverse Fourier transform of what is stepped, by frequency scaled with 1/f."""

    def __init__(self, start: Tensor, decorrelated: bool = True, slope: float = 1.0) -> None:
        """start: (N, 3, height, width), RGB 0 to 255; what is nearer to black or white than a sigmoid comes is cut."""
        self._size = (start.shape[-2], start.shape[-1])
        self._matrix = colour_matrix(start.dtype) if decorrelated else torch.eye(3, dtype=start.dtype)
        self._scale = _frequency_scale(self._size, slope, start.dtype)
        logits = torch.logit((start / 255).clamp(_FAINTEST, 1 - _FAINTEST)) / 4
        colours = torch.einsum("ij,njhw->nihw", torch.linalg.inv(self._matrix), logits)
        spectrum = torch.fft.rfft2(colours, norm="ortho") / self._scale
        self.parameter = torch.view_as_real(spectrum).clone().requires_grad_()

    def pictures(self) -> Tensor:
        """(N, 3, height, width), RGB 0 to 255."""
        spectrum = torch.view_as_complex(self.parameter) * self._scale
        colours = torch.fft.irfft2(spectrum, s=self._size, norm="ortho")
        logits = torch.einsum("ij,njhw->nihw", self._matrix, colours)
        return (4 * logits).sigmoid() * 255


def _frequency_scale(size: tuple[int, int], slope: float, dtype: torch.dtype) -> Tensor:
    """(height, width // 2 + 1): 1 / frequency to the power ``slope``, no larger than at the longest wave."""
    height, width = size
    rows, columns = torch.fft.fftfreq(height, dtype=dtype), torch.fft.rfftfreq(width, dtype=dtype)
    frequency = (rows[:, None] ** 2 + columns**2).sqrt()
    result: Tensor = frequency.clamp_min(1 / max(height, width)) ** -slope
    return result
