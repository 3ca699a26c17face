"""The Gaussian blur against numpy's own padding and convolution."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from zfdesk.engine import Occluder, OccluderFill, occlude
from zfdesk.engine.blur import gaussian_blur


def blurred(line: np.ndarray, sigma: float) -> np.ndarray:
    """One line, its ends reflected about their last pixels."""
    radius = min(int(3 * sigma), len(line) - 1)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.convolve(np.pad(line, radius, "reflect"), kernel / kernel.sum(), "valid")


@pytest.mark.parametrize("shape", [(3, 40, 50), (1, 5, 60), (2, 1, 1), (1, 224, 7)])
@pytest.mark.parametrize("sigma", [0.4, 4.0, 12.0])
def test_equals_numpys_convolution(shape: tuple[int, int, int], sigma: float) -> None:
    maps = np.random.default_rng(0).random(shape)
    expected = np.apply_along_axis(blurred, 2, np.apply_along_axis(blurred, 1, maps, sigma), sigma)
    found = gaussian_blur(torch.from_numpy(maps).float(), sigma).numpy()
    assert np.abs(found - expected).max() < 1e-5


def test_what_is_even_stays_so_up_to_the_border() -> None:
    even = np.full((30, 20, 3), 200, np.uint8)
    assert np.array_equal(occlude(even, [Occluder(0, 0, 30, 20, fill=OccluderFill.BLUR)]), even)
