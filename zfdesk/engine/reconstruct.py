"""What a unit saw: the walk back down to the pixels (Section 2.1 and its two relatives).

One walk, three rules for the rectification:

- ``deconvnet`` (Zeiler & Fergus): pass the positive part of the signal coming down.
- ``guided`` (Springenberg et al. 2015): that, and only where the forward activation was positive.
- ``gradient`` (Simonyan et al. 2014): only where the forward activation was positive: the true derivative.

Everything else is shared: pooling sends each signal to the position its switch remembers, and where overlapping
windows chose the same position the signals add (our choice: the paper does not say); a convolution is undone by the
same filters transposed; biases play no part. A class score or probability is seeded with 1, not with its value, and the
softmax is skipped (our choice). Nothing is rectified after the last filter, so the picture is signed.

Only the window that a seed can reach is computed: a single conv5 position needs 139 × 139 pixels and, on the way,
3 × 3, 5 × 5, 7 × 7 … positions of each layer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.engine.kernels import dense, inverse_power, neighbour_sum
from zfdesk.engine.layers import LRN, Conv, Linear, MaxPool, Softmax, Stage
from zfdesk.engine.model import Pass
from zfdesk.engine.packed_rows import PackedRows


class Rule(StrEnum):
    """How rectification is passed on the way down."""

    DECONVNET = "deconvnet"
    GUIDED = "guided"
    GRADIENT = "gradient"


class SeedKind(StrEnum):
    """Which of a unit's activations are kept before walking down; all others are set to zero."""

    MAX = "max"  # the strongest position of the map: the paper's "single activation"
    AT = "at"  # a picked position
    TOPK = "topk"  # the k strongest positions
    MAP = "map"  # the whole map, as Yosinski's toolbox does


@dataclass(frozen=True)
class Seed:
    """A unit of a layer and the positions of its map to start from.

    ``position``: (y, x), for AT. ``k``: number of positions, for TOPK. ``positions``: for TOPK, these and no others: so
    that two pictures can be led down from the same places.
    """

    layer: str
    unit: int
    kind: SeedKind = SeedKind.MAX
    position: tuple[int, int] | None = None
    k: int = 9
    positions: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """A reconstruction and what it is.

    ``values``: (height, width, 3) RGB in network-input space when ``target`` is "input", otherwise (channels, height,
    width) of that layer; zero outside ``window``; in the precision of the pass (float32 for a picture), read-only.
    ``window``: (top, left, bottom, right) that was computed, in the target's positions, exclusive at the end.
    ``positions``: the seed's positions (y, x). ``activation``: the strongest of the seed's activations.
    """

    values: np.ndarray
    window: tuple[int, int, int, int]
    seed: Seed
    rule: Rule
    target: str
    positions: tuple[tuple[int, int], ...]
    activation: float


@dataclass(frozen=True, eq=False)
class _Signal:
    """A window of a layer's signal. values: (channels, h, w), whose corner lies at (top, left) of the layer's map.

    ``channel``: when only one channel of the layer carries signal, ``values`` holds that one alone.
    """

    values: Tensor
    top: int
    left: int
    channel: int | None = None

    def channels(self) -> slice:
        return slice(None) if self.channel is None else slice(self.channel, self.channel + 1)

    def window_of(self, array: Tensor) -> Tensor:
        """The part of a layer's array (1, channels, H, W) that lies under this signal."""
        _, height, width = self.values.shape
        return array[0, self.channels(), self.top : self.top + height, self.left : self.left + width]


@torch.inference_mode()
def reconstruct(
    forward_pass: Pass,
    seed: Seed,
    rule: Rule | str = Rule.DECONVNET,
    target: str = "input",
    lrn_derivative: bool | None = None,
) -> Reconstruction:
    """Walk a unit's activation down to the pixels (or to a lower layer ``target``).

    forward_pass: of one picture (of a batch, see `Pass.select`).
    The deconvnet starts from the activation itself, as in the paper; the gradient and guided back-propagation start
    from 1, so that the gradient is the derivative of the unit (of the sum of its kept positions). Class scores and
    probabilities are signed and not rectified: they always start from 1, and only the gradient takes the softmax into
    account.
    lrn_derivative: contrast normalisation on the way down is the identity for the deconvnet and its derivative for
    the others, unless set here.
    Raises ValueError for a layer, unit or position that does not exist.
    """
    rule = Rule(rule)
    architecture = forward_pass.model.architecture
    top, bottom = architecture.index(seed.layer), architecture.index(target)
    if bottom >= top:
        raise ValueError(f"{seed.layer} does not lie above {target}: there is nothing to walk down.")
    if forward_pass.activations["input"].shape[0] != 1:
        raise ValueError("A reconstruction is of one picture: select one of the batch first.")
    derivative = rule is not Rule.DECONVNET if lrn_derivative is None else lrn_derivative
    stages = architecture.stages
    signal, positions, activation = _seed_signal(forward_pass, stages[top], seed, rule)
    gated = False
    for place in range(top, bottom, -1):
        stage, below = stages[place], stages[place - 1]
        if stage.rectified:
            signal = _rectify(signal, None if gated else forward_pass.activations[stage.name], rule)
        # what a pool passed on is active where its pooled value is: gated before unpooling, at fewer positions
        gated = isinstance(stage.layer, MaxPool) and below.rectified and place - 1 > bottom
        if gated and rule is not Rule.DECONVNET:
            signal = _gate(signal, forward_pass.activations[stage.name])
        signal = _step_down(forward_pass, signal, stage, below, rule, derivative)
    values, window = _place(signal, stages[bottom])
    if target == "input":
        values = forward_pass.model.input.to_rgb(values).permute(1, 2, 0).contiguous()
    array = values.numpy()
    array.setflags(write=False)
    return Reconstruction(array, window, seed, rule, target, positions, activation)


@torch.inference_mode()
def gradient_step(forward_pass: Pass, signal: Tensor, layer: str) -> Tensor:
    """Lead the signal of a whole layer (channels, height, width) to its input, as the gradient is: (channels below, …).

    Wᵀ of a convolution or a matrix, the switches of a pool. Rectification is left out, normalisation the identity.
    """
    architecture = forward_pass.model.architecture
    place = architecture.index(layer)
    stage, below = architecture.stages[place], architecture.stages[place - 1]
    values, _ = _place(_step_down(forward_pass, _Signal(signal, 0, 0), stage, below, Rule.GRADIENT, False), below)
    return values


def seed_positions(activation: Tensor, seed: Seed) -> tuple[tuple[int, int], ...]:
    """The positions (y, x) that a seed keeps of a unit's map ``activation`` (height, width).

    Strongest first, of the whole map row by row. Raises ValueError for a picked position that is missing or not there.
    """
    height, width = activation.shape
    if seed.kind is SeedKind.AT:
        if seed.position is None:
            raise ValueError(f"A seed at a picked position of {seed.layer}:{seed.unit} needs the position.")
        return (seed.position,)
    if seed.kind is SeedKind.TOPK and seed.positions:
        for y, x in seed.positions:
            if not (0 <= y < height and 0 <= x < width):
                raise ValueError(f"Position {(y, x)} lies outside the {height} × {width} map of {seed.layer}.")
        return seed.positions
    if seed.kind is SeedKind.MAP:
        return tuple((y, x) for y in range(height) for x in range(width))
    flat = activation.reshape(-1)
    count = 1 if seed.kind is SeedKind.MAX else min(max(seed.k, 1), flat.numel())
    order = torch.sort(flat, descending=True, stable=True).indices[:count] if count > 1 else flat.argmax()[None]
    return tuple(divmod(int(index), width) for index in order)


def _seed_signal(
    forward_pass: Pass, stage: Stage, seed: Seed, rule: Rule
) -> tuple[_Signal, tuple[tuple[int, int], ...], float]:
    """Zero all but the seed's activations and cut the window that holds them."""
    stage.check_unit(seed.unit, seed.position if seed.kind is SeedKind.AT else None)
    activation = forward_pass.activations[stage.name][0, seed.unit]
    positions = seed_positions(activation, seed)
    rows, columns = torch.tensor(positions).unbind(1)
    top, left = int(rows.min()), int(columns.min())
    kept = activation[rows, columns]
    signed = isinstance(stage.layer, Linear | Softmax) and not stage.rectified
    values = activation.new_zeros(1, int(rows.max()) - top + 1, int(columns.max()) - left + 1)
    values[0, rows - top, columns - left] = kept if rule is Rule.DECONVNET and not signed else torch.ones_like(kept)
    return _Signal(values, top, left, seed.unit), positions, float(kept.max())


def _rectify(signal: _Signal, activation: Tensor | None, rule: Rule) -> _Signal:
    """activation: the layer's own, None where the signal has been gated by it already."""
    if rule is not Rule.GRADIENT:
        signal = replace(signal, values=signal.values.clamp_min(0))
    return signal if activation is None or rule is Rule.DECONVNET else _gate(signal, activation)


def _gate(signal: _Signal, activation: Tensor) -> _Signal:
    # a contiguous copy of the window first: mixing memory orders costs twice as much as copying
    return replace(signal, values=signal.values * (signal.window_of(activation).contiguous() > 0))


def _step_down(
    forward_pass: Pass, signal: _Signal, stage: Stage, below: Stage, rule: Rule, derivative: bool
) -> _Signal:
    """From a layer's output to its input."""
    match stage.layer:
        case Conv() as layer:
            return _filter_transposed(signal, layer, forward_pass.model.filters(layer.name, signal.values.dtype), below)
        case MaxPool() as layer:
            return _unpool(signal, layer, forward_pass.switches[stage.name], below)
        case LRN() as layer:
            return _normalisation_down(signal, layer, forward_pass.activations[below.name]) if derivative else signal
        case Linear() as layer:
            return _matrix_transposed(signal, forward_pass.model.weights[f"{layer.name}.weight"], below)
        case Softmax():
            return _softmax_down(signal, forward_pass.activations[stage.name]) if rule is Rule.GRADIENT else signal
    raise TypeError(f"{stage.name}: no way down through {stage.layer}")


def _reach(start: int, count: int, layer: Conv | MaxPool, size: int) -> tuple[int, int, int]:
    """First input position that ``count`` outputs from ``start`` on can reach; first and last + 1 inside the map."""
    first = start * layer.stride - layer.padding
    end = first + (count - 1) * layer.stride + layer.kernel
    return first, max(first, 0), min(end, size)


def _filter_transposed(signal: _Signal, layer: Conv, filters: Tensor, below: Stage) -> _Signal:
    """The same filters, transposed: each position adds its filter, scaled, to the input."""
    _, h, w = signal.values.shape
    colours, height, width = below.shape
    filters = filters[signal.channels()]
    if colours <= 4 or signal.channel is not None:
        # oneDNN's transposed convolution takes up to five times as long as this where few maps go in or come out
        columns = filters.reshape(filters.shape[0], -1).T @ signal.values.reshape(filters.shape[0], -1)
        span = ((h - 1) * layer.stride + layer.kernel, (w - 1) * layer.stride + layer.kernel)
        full = F.fold(columns[None], span, layer.kernel, stride=layer.stride)[0]
    elif int(signal.values.count_nonzero()) * 4 < signal.values.numel():
        full = _filter_transposed_sparse(signal.values, filters, layer.stride)
    else:
        values = signal.values[None].contiguous(memory_format=torch.channels_last)
        full = F.conv_transpose2d(values, filters, None, layer.stride)[0]
    y, y0, y1 = _reach(signal.top, h, layer, height)
    x, x0, x1 = _reach(signal.left, w, layer, width)
    return _Signal(full[:, y0 - y : y1 - y, x0 - x : x1 - x], y0, x0)


def _filter_transposed_sparse(values: Tensor, filters: Tensor, stride: int) -> Tensor:
    """The same for a signal that is mostly zeros, as unpooling leaves it: only the filters that are used are summed.

    values: (maps, h, w), filters: (maps, maps below, kernel, kernel); gives all (maps below, …) they can reach.
    """
    count, h, w = values.shape
    _, below, kernel, _ = filters.shape
    by_position = values.permute(1, 2, 0).reshape(h * w, count)
    position, used = by_position.nonzero(as_tuple=True)
    patches = F.embedding_bag(
        used,
        filters.permute(0, 2, 3, 1).reshape(count, -1),
        torch.searchsorted(position, torch.arange(h * w)),
        per_sample_weights=by_position[position, used],
        mode="sum",
    ).view(h, w, kernel, kernel, below)
    full = values.new_zeros((h - 1) * stride + kernel, (w - 1) * stride + kernel, below)
    for row in range(kernel):
        for column in range(kernel):
            part = full[row : row + (h - 1) * stride + 1 : stride, column : column + (w - 1) * stride + 1 : stride]
            part += patches[:, :, row, column]
    return full.permute(2, 0, 1)


def _unpool(signal: _Signal, layer: MaxPool, switches: Tensor, below: Stage) -> _Signal:
    """Each signal goes to the position its switch remembers; where several meet, they add (overlapping windows)."""
    count, h, w = signal.values.shape
    _, height, width = below.shape
    _, y0, y1 = _reach(signal.top, h, layer, height)
    _, x0, x1 = _reach(signal.left, w, layer, width)
    # in whole rows of the input, where a switch y·W + x needs no taking apart; then cut to the columns in reach
    values = signal.values.new_zeros(count, (y1 - y0) * width)
    chosen = (signal.window_of(switches) - y0 * width).reshape(count, -1)
    values.scatter_add_(1, chosen, signal.values.reshape(count, -1))
    return _Signal(values.view(count, y1 - y0, width)[:, :, x0:x1], y0, x0, signal.channel)


def _normalisation_down(signal: _Signal, layer: LRN, activation: Tensor) -> _Signal:
    """The derivative of y_i = x_i · d_i^-β, d_i = k + (α/n) Σ x_j², at the forward pass's x."""
    signal = _all_channels(signal, activation.shape[1])
    x = signal.window_of(activation)
    count, h, w = x.shape
    x, g = x.reshape(count, -1), signal.values.reshape(count, -1)
    d = neighbour_sum(layer, x * x, 0).add_(layer.k)
    passed = g * inverse_power(d, layer.beta)
    down = passed - 2 * layer.beta * x * neighbour_sum(layer, (passed * x).div_(d), 0, transposed=True)
    return _Signal(down.view(count, h, w), signal.top, signal.left)


def _matrix_transposed(signal: _Signal, weight: Tensor | PackedRows, below: Stage) -> _Signal:
    vector = signal.values.reshape(1, -1)
    if signal.channel is not None:
        row = signal.channels()
        part = PackedRows(weight.rows[row], weight.scale[row]) if isinstance(weight, PackedRows) else weight[row]
        values = vector @ dense(part, vector.dtype)
    elif isinstance(weight, PackedRows):
        values = weight.transposed_product(vector)
    else:
        values = vector @ weight.to(vector.dtype)
    return _Signal(values.view(below.shape), 0, 0)


def _softmax_down(signal: _Signal, probabilities: Tensor) -> _Signal:
    signal = _all_channels(signal, probabilities.shape[1])
    p = signal.window_of(probabilities)
    return _Signal(p * (signal.values - (p * signal.values).sum(0)), signal.top, signal.left)


def _all_channels(signal: _Signal, count: int) -> _Signal:
    if signal.channel is None:
        return signal
    values = signal.values.new_zeros(count, *signal.values.shape[1:])
    values[signal.channel] = signal.values[0]
    return _Signal(values, signal.top, signal.left)


def _place(signal: _Signal, stage: Stage) -> tuple[Tensor, tuple[int, int, int, int]]:
    """The window put into an array of the whole layer."""
    signal = _all_channels(signal, stage.shape[0])
    _, h, w = signal.values.shape
    window = (signal.top, signal.left, signal.top + h, signal.left + w)
    if (h, w) == stage.shape[1:]:
        return signal.values, window
    values = signal.values.new_zeros(stage.shape)
    values[:, window[0] : window[2], window[1] : window[3]] = signal.values
    return values, window
