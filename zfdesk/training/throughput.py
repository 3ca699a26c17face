"""How fast a training is beside what the device can: its share of the speed of one large matrix product."""

from __future__ import annotations

import time
from dataclasses import replace

import torch

from zfdesk.engine import Architecture, Conv, Linear
from zfdesk.progress import percent_text

PEAK_SIDES = {"cpu": 1024, "cuda": 8192}
"""Of the matrices that are multiplied to learn what the device reaches."""
REPEATS = 5


def operations(architecture: Architecture, side: int) -> int:
    """Floating-point operations to train on one picture of ``side`` pixels: 2 a multiply-add, forward and two products
    backward; the first layer has no gradient of its input. What follows the last pooling is of one size for all sides.
    """
    convolutions = [one.multiply_adds for one in replace(architecture, size=side).stages if isinstance(one.layer, Conv)]
    linear = sum(one.multiply_adds for one in architecture.stages if isinstance(one.layer, Linear))
    return 2 * (3 * (sum(convolutions) + linear) - convolutions[0])


def matrix_peak(device: torch.device, bfloat16: bool) -> float:
    """Operations a second of a product of square matrices there, the best of some."""
    side = PEAK_SIDES[device.type]
    kind = torch.bfloat16 if bfloat16 else torch.float32
    a, b = (torch.rand(side, side, device=device, dtype=kind) for _ in range(2))
    best = float("inf")
    for _ in range(REPEATS):
        begun = time.perf_counter()
        product = a @ b
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - begun)
        del product
    return 2 * side**3 / best


def share_sentence(
    architecture: Architecture, side: int, pictures_per_second: float, device: torch.device, bfloat16: bool
) -> str:
    """In a sentence."""
    reached = operations(architecture, side) * pictures_per_second
    peak = matrix_peak(device, bfloat16)
    kind = "bfloat16" if bfloat16 else "float32"
    return (
        f"{pictures_per_second:,.0f} pictures/s at {side} px are {reached / 1e12:.3g} TFLOP/s, "
        f"{percent_text(reached / peak)} of the {peak / 1e12:.3g} that a matrix product in {kind} reaches here."
    )


__all__ = ["matrix_peak", "operations", "share_sentence"]
