"""How one layer is computed, twice: plainly (the reference) and fast (checked against the reference in tests).

The fast path keeps activations channels-last, lets oneDNN fuse convolution and rectification over weights packed
once, writes the normalisation's neighbourhood sum as a product with a banded matrix, and reads fully connected
weights as the int8 rows they are stored in, a quarter of the bytes of float32. Measured by ``zfdesk bench``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeGuard

import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.engine.layers import LRN, Architecture, Conv, Linear, MaxPool


@dataclass(frozen=True, eq=False)
class PackedRows:
    """A matrix as int8 rows, each with its float32 scale: weight = rows · scale[:, None]. rows: (out, in)."""

    rows: Tensor
    scale: Tensor

    @property
    def shape(self) -> torch.Size:
        """(out, in)."""
        return self.rows.shape

    def dense(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """The matrix itself, (out, in)."""
        return self.rows.to(dtype) * self.scale.to(dtype)[:, None]

    def transposed_product(self, signal: Tensor) -> Tensor:
        """signal (n, out) times the matrix (out, in), in slices so that the dense matrix never exists."""
        scaled = signal * self.scale.to(signal.dtype)
        result = signal.new_zeros(signal.shape[0], self.rows.shape[1])
        for rows, part in zip(self.rows.split(256), scaled.split(256, dim=1), strict=True):
            result.addmm_(part, rows.to(signal.dtype))
        return result


ORDERS_KEPT = 16  # copies of one convolution's filters, each packed for other shapes

Weights = dict[str, "Tensor | PackedRows"]


def dense(weight: Tensor | PackedRows, dtype: torch.dtype) -> Tensor:
    """A weight as an ordinary tensor of ``dtype``."""
    return weight.dense(dtype) if isinstance(weight, PackedRows) else weight.to(dtype)


def max_pool(layer: MaxPool, x: Tensor) -> tuple[Tensor, Tensor]:
    """Pooled maps and switches: for each window the flat position y·W + x of its maximum in the input map.

    Of equal values the first in row-major order wins, as always in torch.
    """
    return F.max_pool2d(x, layer.kernel, layer.stride, layer.padding, ceil_mode=layer.ceil, return_indices=True)


def lrn_band(layer: LRN, channels: int, like: Tensor) -> Tensor:
    """The (channels, channels) matrix with α/size where two channels are neighbours within the window, else 0."""
    index = torch.arange(channels, device=like.device)
    distance = index[:, None] - index[None, :]
    # torch's window reaches size // 2 channels back and (size - 1) // 2 ahead
    near = (distance <= layer.size // 2) & (-distance <= (layer.size - 1) // 2)
    return near.T.to(like.dtype) * (layer.alpha / layer.size)


def inverse_power(d: Tensor, beta: float) -> Tensor:
    """d^-β, for positive d. The usual β = ¾ needs no power function: with r = d^-½ it is r·√r."""
    if beta != 0.75:
        return d.pow(-beta)
    root = d.rsqrt()
    return root.sqrt().mul_(root)


class ReferenceKernels:
    """Each layer as torch's own plain operation, in the precision of its input."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def conv(self, layer: Conv, x: Tensor, rectified: bool) -> Tensor:
        """Convolution, rectified if asked; (N, C, H, W)."""
        weight, bias = (dense(self._weights[f"{layer.name}.{part}"], x.dtype) for part in ("weight", "bias"))
        y = F.conv2d(x, weight, bias, layer.stride, layer.padding)
        return y.relu() if rectified else y

    def conv_transposed(self, layer: Conv, x: Tensor) -> Tensor:
        """The same filters transposed, without bias: (N, out, h, w) to all of (N, in, …) that they reach."""
        return F.conv_transpose2d(x, dense(self._weights[f"{layer.name}.weight"], x.dtype), None, layer.stride)

    def lrn(self, layer: LRN, x: Tensor) -> Tensor:
        """Contrast normalisation across maps."""
        return F.local_response_norm(x, layer.size, layer.alpha, layer.beta, layer.k)

    def linear(self, layer: Linear, x: Tensor, rectified: bool) -> Tensor:
        """Fully connected layer; x is (N, in)."""
        weight, bias = (dense(self._weights[f"{layer.name}.{part}"], x.dtype) for part in ("weight", "bias"))
        y = F.linear(x, weight, bias)
        return y.relu() if rectified else y


class FastKernels(ReferenceKernels):
    """The same layers in float32 on a CPU, as fast as torch's own building blocks allow."""

    def __init__(self, architecture: Architecture, weights: Weights) -> None:
        super().__init__(weights)
        self.filters: dict[str, Tensor] = {}  # of each convolution, channels-last
        self._packed: dict[tuple[str, torch.Size, int], Tensor | None] = {}
        self._orders: dict[str, dict[bytes, Tensor]] = {}
        self._bands: dict[str, Tensor] = {}
        vectors = [stage.name for stage in architecture.stages if isinstance(stage.layer, Linear)]
        for before, stage in zip(architecture.stages, architecture.stages[1:], strict=False):
            if isinstance(stage.layer, Conv):
                filters = dense(weights[f"{stage.name}.weight"], torch.float32)
                self.filters[stage.name] = filters.contiguous(memory_format=torch.channels_last)
            elif isinstance(stage.layer, LRN):
                self._bands[stage.name] = lrn_band(stage.layer, before.shape[0], torch.zeros(()))
        # Rounding the scores to bfloat16 would show in the probabilities: the classifier, the last of the fully
        # connected layers, stays float32.
        readable = {f"{name}.weight": weights[f"{name}.weight"] for name in vectors[:-1]}
        self._rows = {name: weight for name, weight in readable.items() if _readable_as_rows(weight)}
        self._scales = {name: weight.scale.bfloat16() for name, weight in self._rows.items()}
        wanted = {f"{name}.weight" for name in vectors} | {name for name in weights if name.endswith(".bias")}
        self._dense = {name: dense(weights[name], torch.float32) for name in wanted - self._rows.keys()}

    def conv(self, layer: Conv, x: Tensor, rectified: bool) -> Tensor:
        """Convolution and rectification in one pass over packed weights."""
        filters, bias = self.filters[layer.name], self._dense[f"{layer.name}.bias"]
        packed = self._pack(layer.name, lambda: filters, x, layer.stride, layer.padding)
        if packed is None:
            y = F.conv2d(x, filters, bias, layer.stride, layer.padding)
            return y.relu_() if rectified else y
        return _convolve_packed(x, packed, bias, layer.stride, layer.padding, "relu" if rectified else "none")

    def conv_transposed(self, layer: Conv, x: Tensor) -> Tensor:
        """The same filters transposed, without bias: (N, out, h, w) to all of (N, in, …) that they reach."""
        filters = self.filters[layer.name]
        if layer.stride == 1:
            # an ordinary convolution then, with the filters turned round, and those can be packed
            name, padding = f"{layer.name} transposed", layer.kernel - 1
            packed = self._pack(name, lambda: filters.flip(2, 3).transpose(0, 1), x, 1, padding)
            if packed is not None:
                return _convolve_packed(x, packed, None, 1, padding, "none")
        return F.conv_transpose2d(x, filters, None, layer.stride)

    def _pack(self, name: str, filters: Callable[[], Tensor], x: Tensor, stride: int, padding: int) -> Tensor | None:
        """The filters in the blocked order that oneDNN chooses for an input of the shape of x.

        In the order chosen for another shape they can take forty times as long (oneDNN then runs its reference code).
        Shapes that want the same order share one copy; None when there are too many copies, or no oneDNN.
        """
        key = (name, x.shape, padding)
        if key not in self._packed:
            self._packed[key] = None
            if x.device.type == "cpu" and torch.backends.mkldnn.is_available():
                packed = torch._C._nn.mkldnn_reorder_conv2d_weight(  # type: ignore[call-arg]  # its stub lacks the shape
                    filters().contiguous().to_mkldnn(), [padding] * 2, [stride] * 2, [1, 1], 1, x.shape
                )
                orders = self._orders.setdefault(name, {})
                order = bytes(torch.ops.mkldnn._get_mkldnn_serialized_md(packed).numpy())
                if order in orders or len(orders) < ORDERS_KEPT:
                    self._packed[key] = orders.setdefault(order, packed)
        return self._packed[key]

    def lrn(self, layer: LRN, x: Tensor) -> Tensor:
        """Contrast normalisation; the neighbourhood sum is one product with a banded matrix."""
        n, c, h, w = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(-1, c)
        denominator = torch.addmm(torch.full((c,), layer.k), rows * rows, self._bands[layer.name])
        factor = inverse_power(denominator, layer.beta)
        return factor.mul_(rows).view(n, h, w, c).permute(0, 3, 1, 2)

    def linear(self, layer: Linear, x: Tensor, rectified: bool) -> Tensor:
        """Fully connected layer, reading int8 rows directly where the weights are stored so."""
        name = f"{layer.name}.weight"
        bias = self._dense[f"{layer.name}.bias"]
        if name in self._dense:
            y = F.linear(x, self._dense[name], bias)
        else:
            y = torch._weight_int8pack_mm(x.bfloat16(), self._rows[name].rows, self._scales[name]).float().add_(bias)
        return y.relu_() if rectified else y


def _convolve_packed(x: Tensor, packed: Tensor, bias: Tensor | None, stride: int, padding: int, after: str) -> Tensor:
    return torch.ops.mkldnn._convolution_pointwise(
        x, packed, bias, [padding] * 2, [stride] * 2, [1, 1], 1, after, [], ""
    )


def _readable_as_rows(weight: Tensor | PackedRows) -> TypeGuard[PackedRows]:
    """Whether torch's int8 product may read this matrix: it reads past the end of rows that its vectors do not divide
    (wrong numbers or a crash, torch 2.13; AVX-512 takes 32 at a time, seen with 40 and 68 columns)."""
    return isinstance(weight, PackedRows) and weight.shape[1] % 64 == 0
