"""The few operations of training that torch has not, or has too slowly: contrast normalisation, batch norm over
several processes, dropout that a step's number fixes.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from zfdesk.engine.kernels import inverse_power, lrn_band
from zfdesk.engine.layers import LRN

EPSILON = 1e-5
"""Added to the variance by batch norm."""


class _Normalise(torch.autograd.Function):
    """x · (k + band x²)^-β over rows of channels; the neighbourhood sum is one product with a banded matrix."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, band: Tensor, k: float, beta: float) -> Tensor:
        denominator = torch.addmm(torch.full_like(rows[0], k), rows * rows, band)
        factor = inverse_power(denominator, beta)
        ctx.save_for_backward(rows, band, denominator, factor)
        ctx.beta = beta
        return factor * rows

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        rows, band, denominator, factor = ctx.saved_tensors
        direct = gradient * factor
        through = (direct * rows).div_(denominator) @ band.T
        return direct.sub_(through.mul_(rows), alpha=2 * ctx.beta), None, None, None


def normalised(x: Tensor, layer: LRN, band: Tensor) -> Tensor:
    """Contrast normalisation of maps (N, C, H, W) in float32, as `zfdesk.engine.kernels` computes it."""
    n, c, h, w = x.shape
    with torch.autocast(x.device.type, enabled=False):
        rows = x.float().permute(0, 2, 3, 1).reshape(-1, c)
        y: Tensor = _Normalise.apply(rows, band, layer.k, layer.beta)  # type: ignore[no-untyped-call]
    return y.view(n, h, w, c).permute(0, 3, 1, 2).to(x.dtype)


def band_of(layer: LRN, channels: int) -> Tensor:
    """The band that `normalised` takes, (channels, channels) float32."""
    return lrn_band(layer, channels, torch.zeros(()))


class _SumOverProcesses(torch.autograd.Function):
    """The sum of a tensor over all processes; so is its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total


class BatchNorm(nn.Module):
    """Batch norm over all processes' pictures together, for maps (N, C, H, W) and vectors (N, C).

    In one process it is torch's own. Over several the statistics are summed, on CPUs too, where torch's SyncBatchNorm
    is not to be had. ``collecting``: sums, squares and counts of what comes in are gathered, see `Statistics`.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.momentum = momentum
        self.collecting: list[tuple[Tensor, Tensor, int]] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return x, normalised over the batch."""
        if self.collecting is not None:
            values = x.detach().double().transpose(0, 1).flatten(1)
            self.collecting.append((values.sum(1), (values * values).sum(1), values.shape[1]))
        if self.training and dist.is_initialized() and dist.get_world_size() > 1:
            return self.over_processes(x)
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, self.momentum, EPSILON
        )

    def over_processes(self, x: Tensor) -> Tensor:
        """Normalise with mean and variance of all processes' batches; x is (N, channels) or (N, channels, …)."""
        with torch.autocast(x.device.type, enabled=False):
            wide = x.float()
            across = [0, *range(2, x.ndim)]
            shape = [1, -1, *[1] * (x.ndim - 2)]
            here = wide.new_tensor([float(x.numel() // x.shape[1])])
            total: Tensor = _SumOverProcesses.apply(torch.cat([wide.sum(across), here]))  # type: ignore[no-untyped-call]
            count = total[-1].detach()
            mean = total[:-1] / count
            centred = wide - mean.view(shape)
            squares: Tensor = _SumOverProcesses.apply((centred * centred).sum(across))  # type: ignore[no-untyped-call]
            variance = squares / count
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(variance * (count / (count - 1).clamp(min=1)), self.momentum)
            y = centred * (self.weight * (variance + EPSILON).rsqrt()).view(shape) + self.bias.view(shape)
        return y.to(x.dtype)


def dropout(x: Tensor, share: float, key: tuple[int, int, int], place: tuple[int, int]) -> Tensor:
    """x (N, units) with a ``share`` of its values left out and the others made up for it.

    Which ones depends on ``key`` (seed, step, layer) and the picture's place in the step's batch alone: ``place`` is
    (place of the first row, rows of the whole batch). So neither the number of processes nor a resume changes it.
    """
    first, batch = place
    seed = (key[0] * 1_000_003 + key[1]) * 31 + key[2]
    generator = torch.Generator(x.device).manual_seed(seed % (1 << 63))
    kept = torch.rand((batch, x.shape[1]), generator=generator, device=x.device)[first : first + len(x)] >= share
    return x * kept.to(x.dtype).div_(1 - share)
