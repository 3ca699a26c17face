"""A forward pass of a picture that differs only in a rectangle: only what the rectangle can reach is computed anew.

The affected window of each layer follows from kernels, strides and paddings; what lies outside is taken from the pass
of the clean picture. The result is that of the full pass, up to the rounding of sums taken in another order. Which of
the two pictures is the clean one does not matter: what was covered can be uncovered in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.engine.kernels import ReferenceKernels
from zfdesk.engine.layers import LRN, Conv, Linear, MaxPool, Softmax, Stage
from zfdesk.engine.model import Pass


@dataclass(frozen=True)
class MapRegion:
    """Rows ``top`` to ``bottom`` - 1 and columns ``left`` to ``right`` - 1 of a layer's maps."""

    top: int
    left: int
    bottom: int
    right: int

    def of(self, maps: Tensor) -> Tensor:
        """The part of maps (N, channels, height, width) that lies in the region, not a copy."""
        return maps[:, :, self.top : self.bottom, self.left : self.right]


def changed_window(before: np.ndarray, after: np.ndarray) -> MapRegion | None:
    """The smallest region that holds every pixel in which two pictures (height, width, 3) differ; None if none does."""
    different = (before != after).any(2)
    rows, columns = np.flatnonzero(different.any(1)), np.flatnonzero(different.any(0))
    if not len(rows):
        return None
    return MapRegion(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)


@torch.inference_mode()
def forward_changed(clean: Pass, before: np.ndarray, after: np.ndarray) -> Pass:
    """The forward pass of picture ``after``, given the pass ``clean`` of picture ``before``; both uint8 (size, size, 3)
    RGB.

    Equals ``clean.model.forward(after)``, as far up as the clean pass goes, to 1e-5 of a layer's largest value. Raises
    ValueError when the pass is not of one picture of that size.
    """
    model = clean.model
    old = clean.activations["input"]
    if old.shape[0] != 1 or before.shape != (*old.shape[2:], 3) or after.shape != before.shape:
        raise ValueError("The clean pass and the two pictures must be of one picture of the same size.")
    window = changed_window(before, after)
    if window is None:
        return clean
    kernels = model.kernels(old.dtype)
    x = model.input.to_tensor(after[None]).to(old.dtype).contiguous(memory_format=torch.channels_last)
    activations, switches = {"input": x}, dict(clean.switches)
    for stage in model.architecture.stages[1 : len(clean.activations)]:
        old = clean.activations[stage.name]
        match stage.layer:
            case Conv() as layer:
                window = _reached(window, layer, stage)
                new = kernels.conv_window(layer, _needed(x, window, layer, 0.0), stage.rectified)
                x = _pasted(old, window, new)
            case MaxPool() as layer:
                below, window = x, _reached(window, layer, stage)
                x, switches[stage.name] = _pooled(below, window, layer, old, clean.switches[stage.name])
            case LRN() as layer:
                x = _pasted(old, window, kernels.lrn(layer, window.of(x)))
            case _:
                x = _vector_layer(kernels, stage, x)
        activations[stage.name] = x
    return Pass(model, MappingProxyType(activations), MappingProxyType(switches))


def _vector_layer(kernels: ReferenceKernels, stage: Stage, x: Tensor) -> Tensor:
    match stage.layer:
        case Linear() as layer:
            return kernels.linear(layer, x.reshape(x.shape[0], -1), stage.rectified)[:, :, None, None]
        case Softmax():
            return x.softmax(1)
    raise TypeError(f"{stage.name}: no way to compute {stage.layer}")


def _reached(window: MapRegion, layer: Conv | MaxPool, stage: Stage) -> MapRegion:
    """The outputs whose kernels touch the window."""
    _, height, width = stage.shape
    kernel, stride, padding = layer.kernel, layer.stride, layer.padding

    def first(start: int) -> int:
        return max(-((kernel - 1 - start - padding) // stride), 0)

    def end(stop: int, size: int) -> int:
        return min((stop - 1 + padding) // stride + 1, size)

    top, left = min(first(window.top), height - 1), min(first(window.left), width - 1)
    return MapRegion(top, left, max(end(window.bottom, height), top + 1), max(end(window.right, width), left + 1))


def _source(window: MapRegion, layer: Conv | MaxPool) -> MapRegion:
    """The inputs that a window of outputs is computed from; may reach into the padding."""
    kernel, stride, padding = layer.kernel, layer.stride, layer.padding
    return MapRegion(
        window.top * stride - padding, window.left * stride - padding,
        (window.bottom - 1) * stride - padding + kernel, (window.right - 1) * stride - padding + kernel,
    )  # fmt: skip


def _needed(x: Tensor, window: MapRegion, layer: Conv | MaxPool, filling: float) -> Tensor:
    source, height, width = _source(window, layer), x.shape[2], x.shape[3]
    inside = MapRegion(max(source.top, 0), max(source.left, 0), min(source.bottom, height), min(source.right, width))
    part = inside.of(x)
    padding_sides = (
        inside.left - source.left, source.right - inside.right, inside.top - source.top, source.bottom - inside.bottom,
    )  # fmt: skip
    return F.pad(part, padding_sides, value=filling) if any(padding_sides) else part


def _pooled(x: Tensor, window: MapRegion, layer: MaxPool, old: Tensor, old_switches: Tensor) -> tuple[Tensor, Tensor]:
    part = _needed(x, window, layer, -torch.inf)
    new, local = F.max_pool2d(part, layer.kernel, layer.stride, return_indices=True)
    source, across = _source(window, layer), part.shape[3]
    # from positions in the part to positions in the whole map
    rows = torch.div(local, across, rounding_mode="floor")
    switches = (rows + source.top) * x.shape[3] + local - rows * across + source.left
    return _pasted(old, window, new), _pasted(old_switches, window, switches)


def _pasted(old: Tensor, window: MapRegion, new: Tensor) -> Tensor:
    out = old.clone(memory_format=torch.preserve_format)
    window.of(out).copy_(new)
    return out
