"""The network as a function that torch can differentiate, computed only where it is wanted.

`Model.forward` keeps everything and knows no gradient; `reconstruct` walks one unit of one picture down. What optimises
pictures (`zfdesk.synthesis`) needs many steps of many pictures, forwards and backwards, of a few positions of a layer:

    network = Differentiable(model, {"conv5": (6, 6, 7, 7)})          # position (6, 6) alone
    x = torch.zeros(8, 3, *network.input_shape, requires_grad=True)   # its receptive field: 139 × 139, not 224 × 224
    network(x)["conv5"][:, 10].sum().backward()

For every layer only the positions are computed that the wanted ones depend on, and nothing above them. Where a window
touches a map's border it gets the same padding as in the whole network, so the numbers are those of `Model.forward`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.cancellation import checkpoint, watched
from zfdesk.engine.kernels import ReferenceKernels, dense, inverse_power, neighbour_sum
from zfdesk.engine.layers import LRN, Conv, Linear, MaxPool, Shape, Softmax, Stage, out_size
from zfdesk.engine.model import Model
from zfdesk.engine.packed_rows import PackedRows

MapWindow = tuple[int, int, int, int]
"""top, left, bottom, right in positions of a layer's map, the last two exclusive."""


@dataclass(frozen=True)
class _Span:
    """Along one side of a layer: outputs come from inputs ``begin`` to ``end`` - 1, with ``before`` and ``after``
    positions of padding beyond the map."""

    begin: int
    end: int
    before: int
    after: int


class Differentiable:
    """The layers that lead to the wanted windows, in torch operations with a gradient.

    wanted: layers and the window of each, None for the whole map. size: (height, width) of the input in pixels, by
    default the network's own; any other only for layers below the first fully connected one. ``signed``: whether the
    wanted layers are given before their rectification, so that a gradient reaches a unit that is still silent.
    ``dtype``: of the weights, and so of what goes in.
    ``field``: the window of the input that is read, ``input_shape`` its (height, width), ``shapes``: every layer's
    (channels, height, width) as a whole at this size, ``windows``: what is computed of each.
    Raises ValueError for a layer that does not exist, a window outside its map, or a size that is too small.
    """

    def __init__(
        self,
        model: Model,
        wanted: Mapping[str, MapWindow | None],
        size: tuple[int, int] | None = None,
        signed: bool = False,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        architecture = model.architecture
        self.model, self.signed, self.dtype = model, signed, dtype
        if not wanted:
            raise ValueError("No layer is wanted of the network.")
        top = max(architecture.index(layer) for layer in wanted)
        own = (architecture.size, architecture.size)
        self._stages = architecture.stages[: top + 1]
        self.shapes = _shapes(self._stages, size or own, own)
        self.wanted = {layer: _checked(layer, window, self.shapes[layer]) for layer, window in wanted.items()}
        self.windows, self._spans = self._planned()
        self.field = self.windows["input"]
        self.input_shape = (self.field[2] - self.field[0], self.field[3] - self.field[1])
        self._weights: dict[str, Tensor] = {}

    def _planned(self) -> tuple[dict[str, MapWindow], dict[str, tuple[_Span, _Span]]]:
        """From the top down: the least window of each layer that holds what is wanted and what those above read."""
        windows: dict[str, MapWindow] = {}
        spans: dict[str, tuple[_Span, _Span]] = {}
        needed: MapWindow | None = None
        for place in range(len(self._stages) - 1, -1, -1):
            stage = self._stages[place]
            needed = _union(needed, self.wanted.get(stage.name))
            assert needed is not None
            windows[stage.name] = needed
            if place == 0:
                break
            _, height, width = self.shapes[self._stages[place - 1].name]
            match stage.layer:
                case Conv() | MaxPool() as layer:
                    rows = _read(layer, needed[0], needed[2], height)
                    columns = _read(layer, needed[1], needed[3], width)
                    spans[stage.name] = rows, columns
                    needed = (rows.begin, columns.begin, rows.end, columns.end)
                case Linear():
                    needed = (0, 0, height, width)
        return windows, spans

    def __call__(self, x: Tensor) -> dict[str, Tensor]:
        """The wanted windows, by layer: (N, channels, height, width); vectors as (N, units, 1, 1).

        x: the normalised picture, (N, 3, height, width), whole or its ``field`` alone. Raises ValueError for another
        shape, `Cancelled` between two layers, on the way up and on the way down, where the thread's work is cancelled.
        """
        if tuple(x.shape[1:]) == self.shapes["input"]:
            x = _cut(x, self.field, (0, 0, *x.shape[2:]))
        if tuple(x.shape[1:]) != (3, *self.input_shape):
            raise ValueError(f"The input must be (N, 3, {self.input_shape[0]}, {self.input_shape[1]}), not {x.shape}.")
        found: dict[str, Tensor] = {}
        if "input" in self.wanted:
            found["input"] = _cut(x, self.wanted["input"], self.field)
        x = x.contiguous(memory_format=torch.channels_last)
        for before, stage in zip(self._stages, self._stages[1:], strict=False):
            x = self._layer(stage, _cut(x, self._read_window(before, stage), self.windows[before.name]))
            checkpoint()
            if x.requires_grad and watched():
                x.register_hook(lambda _: checkpoint())
            raw = x
            if stage.rectified:
                x = x.relu()
            if stage.name in self.wanted:
                kept = raw if self.signed else x
                found[stage.name] = _cut(kept, self.wanted[stage.name], self.windows[stage.name])
        return found

    def _read_window(self, before: Stage, stage: Stage) -> MapWindow:
        """What a layer reads of the one before, which may hold more because it is wanted itself."""
        if stage.name in self._spans:
            rows, columns = self._spans[stage.name]
            return rows.begin, columns.begin, rows.end, columns.end
        return self.windows[(before if isinstance(stage.layer, Linear) else stage).name]

    def _layer(self, stage: Stage, x: Tensor) -> Tensor:
        match stage.layer:
            case Conv() as layer:
                x = _padded(x, *self._spans[stage.name], 0)
                weight, bias = self._filters(layer), self._dense(f"{layer.name}.bias")
                if layer.stride > 1 and weight.shape[1] <= 4:
                    y: Tensor = _FirstConvolution.apply(x, weight, bias, layer.stride)  # type: ignore[no-untyped-call]
                    return y
                return F.conv2d(x, weight, bias, layer.stride)
            case MaxPool() as layer:
                x = _padded(x, *self._spans[stage.name], float("-inf"))
                return F.max_pool2d(x, layer.kernel, layer.stride)
            case LRN() as layer:
                normalised: Tensor = _Normalisation.apply(x, layer)  # type: ignore[no-untyped-call]
                return normalised
            case Linear() as layer:
                return self._linear(layer, x.reshape(x.shape[0], -1))[:, :, None, None]
            case Softmax():
                return x.softmax(1)
        raise TypeError(f"{stage.name}: {stage.layer} cannot be differentiated")

    def _linear(self, layer: Linear, x: Tensor) -> Tensor:
        weight = self.model.weights[f"{layer.name}.weight"]
        if isinstance(weight, PackedRows) and self.dtype == torch.float32:
            y: Tensor = _PackedLinear.apply(x, layer, weight, self.model.kernels(x.dtype))  # type: ignore[no-untyped-call]
            return y
        return F.linear(x, self._dense(f"{layer.name}.weight"), self._dense(f"{layer.name}.bias"))

    def _filters(self, layer: Conv) -> Tensor:
        return self.model.filters(layer.name, self.dtype)

    def _dense(self, name: str) -> Tensor:
        if name not in self._weights:
            self._weights[name] = dense(self.model.weights[name], self.dtype)
        return self._weights[name]


def _shapes(stages: tuple[Stage, ...], size: tuple[int, int], own: tuple[int, int]) -> dict[str, Shape]:
    """Every layer's (channels, height, width) for an input of ``size``."""
    shapes: dict[str, Shape] = {"input": (3, *size)}
    height, width = size
    for stage in stages[1:]:
        match stage.layer:
            case Conv() | MaxPool() as layer:
                height, width = out_size(height, layer), out_size(width, layer)
                if min(height, width) < 1:
                    raise ValueError(f"A picture of {size[0]} × {size[1]} pixels is too small for {stage.name}.")
            case Linear():
                if size != own:
                    raise ValueError(
                        f"{stage.name} is fully connected: it takes {own[0]} × {own[1]} pixels and no other."
                    )
                height = width = 1
        shapes[stage.name] = (stage.shape[0], height, width)
    return shapes


def _checked(layer: str, window: MapWindow | None, shape: Shape) -> MapWindow:
    _, height, width = shape
    if window is None:
        return 0, 0, height, width
    top, left, bottom, right = window
    if not (0 <= top < bottom <= height and 0 <= left < right <= width):
        raise ValueError(f"The window {window} lies outside the {height} × {width} map of {layer}.")
    return window


def _union(one: MapWindow | None, other: MapWindow | None) -> MapWindow | None:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _read(layer: Conv | MaxPool, first: int, end: int, size: int) -> _Span:
    """What outputs ``first`` to ``end`` - 1 read of an input of ``size``."""
    begin = first * layer.stride - layer.padding
    stop = (end - 1) * layer.stride - layer.padding + layer.kernel
    return _Span(max(begin, 0), min(stop, size), max(-begin, 0), max(stop - size, 0))


def _cut(x: Tensor, window: MapWindow, extent: tuple[int, ...]) -> Tensor:
    """``window`` of a map of which ``x`` holds the window ``extent``."""
    if window == extent:
        return x
    top, left, bottom, right = window
    return x[:, :, top - extent[0] : bottom - extent[0], left - extent[1] : right - extent[1]]


def _padded(x: Tensor, rows: _Span, columns: _Span, value: float) -> Tensor:
    edges = (columns.before, columns.after, rows.before, rows.after)
    return F.pad(x, edges, value=value) if any(edges) else x


class _FirstConvolution(torch.autograd.Function):
    """A strided convolution of few maps, without padding, whose way back is one plain convolution.

    oneDNN's backward pass to three maps takes three times as long as the forward pass. Output pixels of one phase
    (row and column modulo the stride) are a convolution of the signal with every stride-th tap of the filters, so all
    phases are one convolution to 3·stride² maps (Shi et al. 2016, the other way round).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, stride: int) -> Tensor:
        """x: (N, maps, h, w); weight: (out, maps, kernel, kernel)."""
        ctx.weight, ctx.stride, ctx.shape = weight, stride, x.shape[2:]
        return F.conv2d(x, weight, bias, stride)

    @staticmethod
    def backward(ctx: Any, signal: Tensor) -> tuple[Tensor, None, None, None]:
        """Lead a signal down to the layer's input."""
        stride, (height, width) = ctx.stride, ctx.shape
        out, maps, kernel, _ = ctx.weight.shape
        taps = -(-kernel // stride)
        padded = F.pad(ctx.weight, (0, taps * stride - kernel) * 2)
        phases = padded.view(out, maps, taps, stride, taps, stride).flip(2, 4).permute(1, 3, 5, 0, 2, 4)
        filters = phases.reshape(maps * stride**2, out, taps, taps).contiguous(memory_format=torch.channels_last)
        down = F.pixel_shuffle(F.conv2d(signal, filters, None, 1, taps - 1), stride)
        # rows and columns that no filter reaches are missing at the far side, those of zero taps are too many
        down = F.pad(down, (0, max(width - down.shape[3], 0), 0, max(height - down.shape[2], 0)))
        return down[:, :, :height, :width], None, None, None


class _PackedLinear(torch.autograd.Function):
    """A fully connected layer of int8 rows, whose dense matrix, 150 MB of fc6, is made neither way."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: Linear, weight: PackedRows, kernels: ReferenceKernels) -> Tensor:
        """x: (N, in), float32 → (N, out)."""
        ctx.weight = weight
        return kernels.linear(layer, x, rectified=False)

    @staticmethod
    def backward(ctx: Any, signal: Tensor) -> tuple[Tensor, None, None, None]:
        """Lead a signal down to the layer's input."""
        return ctx.weight.transposed_product(signal), None, None, None


class _Normalisation(torch.autograd.Function):
    """y_i = x_i · d_i^-β with d_i = k + (α/n) Σ x_j², and its derivative, as `neighbour_sum` adds up the neighbours."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: LRN) -> Tensor:
        """x: (N, channels, h, w)."""
        d = neighbour_sum(layer, x * x, 1).add_(layer.k)
        factor = inverse_power(d, layer.beta)
        ctx.save_for_backward(x, d, factor)
        ctx.layer = layer
        return x * factor

    @staticmethod
    def backward(ctx: Any, signal: Tensor) -> tuple[Tensor, None]:
        """Lead a signal down to the layer's input."""
        x, d, factor = ctx.saved_tensors
        passed = signal * factor
        shared = neighbour_sum(ctx.layer, (passed * x).div_(d), 1, transposed=True)
        return passed.addcmul_(x, shared, value=-2 * ctx.layer.beta), None
