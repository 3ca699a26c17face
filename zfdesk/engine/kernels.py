"""How one layer is computed: plainly (the reference), fast, and fast for many windows at once (both checked against
the reference in tests).

The fast path keeps activations channels-last, lets oneDNN fuse convolution and rectification over weights packed
once, and multiplies fully connected weights that are stored as int8 rows as such (`packed_rows`). Every path equals
float64 to 1e-5 of a layer's largest value; speed is measured by ``zfdesk bench``.
"""

from __future__ import annotations

import copy
import os
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.engine.layers import LRN, Architecture, Conv, Linear, MaxPool
from zfdesk.engine.packed_rows import HalfRows, IntegerRows, PackedRows, fast_product
from zfdesk.engine.winograd import TILE, Winograd

for _cache in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):  # oneDNN's own, and torch's before it
    os.environ.setdefault(_cache, "64")
"""oneDNN keeps what it made for each size of a convolution, 1,024 of them by itself: 0.5 GB after a square of many
sizes was dragged. 64 hold those of one size. Read when the first convolution is computed."""


Weights = dict[str, "Tensor | PackedRows"]
"""By name, such as conv1.weight and conv1.bias; shapes as in `Architecture.weight_shapes`."""

LRN_ROWS = 4096
"""Positions that are normalised together, so that their channels stay in the processor's cache."""


def dense(weight: Tensor | PackedRows, dtype: torch.dtype) -> Tensor:
    """A weight as an ordinary tensor of ``dtype``, in its own shape."""
    return weight.dense(dtype) if isinstance(weight, PackedRows) else weight.to(dtype)


def max_pool(layer: MaxPool, x: Tensor) -> tuple[Tensor, Tensor]:
    """Pool maps (N, channels, H, W): the pooled maps and the switches, both (N, channels, h, w).

    A switch, int64, is the flat position y·W + x in the input map at which a window has its maximum (Section 2.1).
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


def neighbour_sum(layer: LRN, x: Tensor, dim: int, transposed: bool = False) -> Tensor:
    """α/size times the sum over the neighbouring channels within the window, in the shape of ``x``.

    ``dim`` is x's dimension of channels. Gives the product with `lrn_band`, or with its transpose, in less time.
    """
    reach = layer.size // 2, (layer.size - 1) // 2
    back, ahead = reach[::-1] if transposed else reach
    total, count = x.clone(), x.shape[dim]
    for step in range(1, min(max(reach) + 1, count)):
        if step <= back:
            total.narrow(dim, step, count - step).add_(x.narrow(dim, 0, count - step))
        if step <= ahead:
            total.narrow(dim, 0, count - step).add_(x.narrow(dim, step, count - step))
    return total.mul_(layer.alpha / layer.size)


def inverse_power(d: Tensor, beta: float) -> Tensor:
    """d^-β, element by element, for positive d of any shape. β = ¾, the usual one, needs no power function: with
    r = d^-½ it is r·√r."""
    if beta != 0.75:
        return d.pow(-beta)
    root = d.rsqrt()
    return root.sqrt().mul_(root)


class ReferenceKernels:
    """Each layer as torch's own plain operation, in the precision of its input."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def conv(self, layer: Conv, x: Tensor, rectified: bool) -> Tensor:
        """Convolution, rectified if asked: (N, in, H, W) → (N, out, h, w)."""
        weight, bias = (dense(self._weights[f"{layer.name}.{part}"], x.dtype) for part in ("weight", "bias"))
        y = F.conv2d(x, weight, bias, layer.stride, layer.padding)
        return y.relu() if rectified else y

    def conv_window(self, layer: Conv, x: Tensor, rectified: bool) -> Tensor:
        """The same for windows (n, in, H, W) of any size that have their padding already."""
        return self.conv(replace(layer, padding=0), x, rectified)

    def tile(self, layer: Conv) -> int:
        """The number of rows and columns of which `conv_window` gives a multiple."""
        return 1

    def lrn(self, layer: LRN, x: Tensor) -> Tensor:
        """Contrast normalisation across maps, (N, channels, H, W)."""
        return F.local_response_norm(x, layer.size, layer.alpha, layer.beta, layer.k)

    def linear(self, layer: Linear, x: Tensor, rectified: bool) -> Tensor:
        """Fully connected layer, rectified if asked: (N, in) → (N, out)."""
        weight, bias = (dense(self._weights[f"{layer.name}.{part}"], x.dtype) for part in ("weight", "bias"))
        y = F.linear(x, weight, bias)
        return y.relu() if rectified else y


class FastKernels(ReferenceKernels):
    """The same layers in float32 on a CPU, as fast as torch's own building blocks allow."""

    def __init__(self, architecture: Architecture, weights: Weights) -> None:
        super().__init__(weights)
        self._packed: dict[str, Tensor] = {}
        self._matrices: dict[str, Tensor] = {}  # filters as `conv_window` needs them
        vectors = [stage.name for stage in architecture.stages if isinstance(stage.layer, Linear)]
        for before, stage in zip(architecture.stages, architecture.stages[1:], strict=False):
            if isinstance(stage.layer, Conv):
                self._packed[stage.name] = _pack_convolution(stage.layer, weights[f"{stage.name}.weight"], before.shape)
        self.products: dict[str, IntegerRows | HalfRows] = {
            f"{name}.weight": product
            for name in vectors
            if isinstance(weight := weights[f"{name}.weight"], PackedRows) and (product := fast_product(weight))
        }
        wanted = {f"{name}.weight" for name in vectors} | {name for name in weights if name.endswith(".bias")}
        self._dense = {name: dense(weights[name], torch.float32) for name in wanted - self.products.keys()}

    def with_classifier(self, architecture: Architecture, weights: Weights) -> FastKernels:
        """The same with another last linear layer; what is packed of the layers below is shared."""
        other, last = copy.copy(self), _last_linear(architecture)
        parts = (f"{last}.weight", f"{last}.bias")
        other._weights = weights
        other.products = {name: product for name, product in self.products.items() if name not in parts}
        other._dense = {**self._dense, **{name: dense(weights[name], torch.float32) for name in parts}}
        return other

    def bias(self, layer: Conv | Linear) -> Tensor:
        """The layer's bias, float32 (out,)."""
        return self._dense[f"{layer.name}.bias"]

    def conv(self, layer: Conv, x: Tensor, rectified: bool) -> Tensor:
        """Convolution and rectification in one pass over packed weights: (N, in, H, W) → (N, out, h, w)."""
        packed, bias = self._packed[layer.name], self.bias(layer)
        if not packed.is_mkldnn:
            y = F.conv2d(x, packed, bias, layer.stride, layer.padding)
            return y.relu_() if rectified else y
        after = "relu" if rectified else "none"
        result: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, packed, bias, [layer.padding] * 2, [layer.stride] * 2, [1, 1], 1, after, [], ""
        )
        return result

    def conv_window(self, layer: Conv, x: Tensor, rectified: bool) -> Tensor:
        """Convolution without padding, as a product of patches of the windows with packed weights.

        oneDNN keeps filters in an order chosen for one size of map, and for some others puts them in order anew at
        every call, at forty times the cost of the convolution (torch 2.13, windows of less than 7 × 7 in conv3). A
        product has one order for all.
        """
        matrix = self._matrices.get(layer.name)
        if matrix is None:
            weight = dense(self._weights[f"{layer.name}.weight"], x.dtype)
            matrix = self._matrices[layer.name] = _pack_matrix(weight.permute(0, 2, 3, 1).flatten(1))
        rows = x.permute(0, 2, 3, 1).contiguous()
        n, height, width, channels = rows.shape
        across, down = (width - layer.kernel) // layer.stride + 1, (height - layer.kernel) // layer.stride + 1
        image, line, pixel, _ = rows.stride()
        patches = rows.as_strided(
            (n, down, across, layer.kernel, layer.kernel * channels),
            (image, layer.stride * line, layer.stride * pixel, line, 1),
        )
        y = _product(patches.reshape(n * down * across, -1), matrix, self.bias(layer), rectified)
        return y.view(n, down, across, -1).permute(0, 3, 1, 2)

    def lrn(self, layer: LRN, x: Tensor) -> Tensor:
        """Contrast normalisation, (N, channels, H, W), in blocks that a processor's cache holds."""
        n, c, h, w = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(-1, c)
        y = torch.empty_like(rows)
        for part, place in zip(rows.split(LRN_ROWS), y.split(LRN_ROWS), strict=True):
            denominator = neighbour_sum(layer, part * part, 1).add_(layer.k)
            torch.mul(inverse_power(denominator, layer.beta), part, out=place)
        return y.view(n, h, w, c).permute(0, 3, 1, 2)

    def linear(self, layer: Linear, x: Tensor, rectified: bool) -> Tensor:
        """Fully connected layer, (N, in) → (N, out); int8 rows are multiplied as such where torch can."""
        name, bias = f"{layer.name}.weight", self.bias(layer)
        product = self.products.get(name)
        y = product(x, bias) if product else F.linear(x, self._dense[name], bias)
        return y.relu_() if rectified else y


class BatchKernels(ReferenceKernels):
    """The layers of many small windows at once, in float32 on a CPU: what a sweep is made of.

    Wide 3×3 convolutions go the way of `Winograd`; fully connected weights that are not int8 rows are read in
    oneDNN's order, which one vector is too few for.
    """

    def __init__(self, architecture: Architecture, weights: Weights, fast: FastKernels) -> None:
        super().__init__(weights)
        self._fast = fast
        self._winograd: dict[str, Winograd] = {}
        self._matrices: dict[str, Tensor] = {}  # of fully connected layers that are not int8 rows
        for before, stage in zip(architecture.stages, architecture.stages[1:], strict=False):
            match stage.layer:
                # with fewer channels the transforms cost more than the multiplications saved
                case Conv(_, channels, 3, 1, _) if min(channels, before.shape[0]) >= 64:
                    parts = (dense(weights[f"{stage.name}.{part}"], torch.float32) for part in ("weight", "bias"))
                    self._winograd[stage.name] = Winograd(*parts)
                case Linear() if f"{stage.name}.weight" not in fast.products:
                    self._matrices[stage.name] = _pack_matrix(dense(weights[f"{stage.name}.weight"], torch.float32))

    def with_classifier(self, architecture: Architecture, weights: Weights, fast: FastKernels) -> BatchKernels:
        """The same with another last linear layer; ``fast``: with that layer too."""
        other, last = copy.copy(self), _last_linear(architecture)
        other._weights, other._fast = weights, fast
        other._matrices = {**self._matrices, last: _pack_matrix(dense(weights[f"{last}.weight"], torch.float32))}
        return other

    def tile(self, layer: Conv) -> int:
        """Winograd's tiles, where the layer goes that way."""
        return TILE if layer.name in self._winograd else 1

    def conv_window(self, layer: Conv, x: Tensor, rectified: bool) -> Tensor:
        """Convolution of windows without padding, rectified if asked: (n, in, H, W) → (n, out, h, w)."""
        way = self._winograd.get(layer.name)
        return way(x, rectified) if way else self._fast.conv_window(layer, x, rectified)

    def lrn(self, layer: LRN, x: Tensor) -> Tensor:
        """Contrast normalisation across maps, (n, channels, H, W)."""
        return self._fast.lrn(layer, x)

    def linear(self, layer: Linear, x: Tensor, rectified: bool) -> Tensor:
        """Fully connected layer, rectified if asked: (N, in) → (N, out)."""
        matrix = self._matrices.get(layer.name)
        if matrix is None:
            return self._fast.linear(layer, x, rectified)
        return _product(x, matrix, self._fast.bias(layer), rectified)


def _last_linear(architecture: Architecture) -> str:
    return next(layer.name for layer in reversed(architecture.layers) if isinstance(layer, Linear))


def _pack_matrix(weight: Tensor) -> Tensor:
    """(out, in) in oneDNN's own blocked order where torch has oneDNN."""
    if torch.backends.mkldnn.is_available() and weight.device.type == "cpu":
        result: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous())
        return result
    return weight.contiguous()


def _product(x: Tensor, matrix: Tensor, bias: Tensor, rectified: bool) -> Tensor:
    """x (n, in) times a matrix of `_pack_matrix`, plus the bias, rectified if asked."""
    if matrix.is_mkldnn:
        result: Tensor = torch.ops.mkldnn._linear_pointwise(x, matrix, bias, "relu" if rectified else "none", [], "")
        return result
    y = F.linear(x, matrix, bias)
    return y.relu_() if rectified else y


def _pack_convolution(layer: Conv, weight: Tensor | PackedRows, shape: tuple[int, int, int]) -> Tensor:
    """The filters in oneDNN's own blocked order where torch has oneDNN, else channels-last."""
    plain = dense(weight, torch.float32)
    if torch.backends.mkldnn.is_available() and plain.device.type == "cpu":
        return torch._C._nn.mkldnn_reorder_conv2d_weight(  # type: ignore[call-arg]  # torch's stub lacks the shape
            plain.contiguous().to_mkldnn(), [layer.padding] * 2, [layer.stride] * 2, [1, 1], 1, [1, *shape]
        )
    return plain.contiguous(memory_format=torch.channels_last)
