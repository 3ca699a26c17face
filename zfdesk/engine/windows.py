"""Many positions of one occluder at once: for each, only the window of every layer that it can reach.

Positions differ in where their windows lie, but share the windows' shapes: the largest that any of them needs. What
an occluder does not reach is computed anew with clean values where its window is larger than it need be, which
changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.engine.layers import LRN, Conv, Linear, MaxPool, Softmax, Stage
from zfdesk.engine.model import Pass
from zfdesk.engine.occlude import Occluder, OccluderShape, occlude


@dataclass(frozen=True, eq=False)
class Spans:
    """For n positions, along one side: the rows (or columns) ``first`` to ``end`` - 1 that change, each (n,).

    ``begin``: where windows of the common ``length`` begin that hold them.
    """

    first: np.ndarray
    end: np.ndarray
    begin: np.ndarray
    length: int

    @staticmethod
    def of(first: np.ndarray, end: np.ndarray, size: int) -> Spans:
        """The spans on a side of ``size``."""
        length = int((end - first).max())
        return Spans(first, end, np.minimum(first, size - length), length)

    def reached(self, layer: Conv | MaxPool, size: int) -> Spans:
        """The outputs, of ``size``, whose kernels touch what changes."""
        kernel, stride, padding = layer.kernel, layer.stride, layer.padding
        first = np.clip(-((kernel - 1 - self.first - padding) // stride), 0, size - 1)
        end = np.minimum((self.end - 1 + padding) // stride + 1, size)
        return Spans.of(first, np.maximum(end, first + 1), size)

    def source(self, layer: Conv | MaxPool) -> tuple[np.ndarray, int]:
        """Where the inputs that the windows are computed from begin, perhaps in the padding, and their length."""
        return self.begin * layer.stride - layer.padding, (self.length - 1) * layer.stride + layer.kernel


class Windows:
    """Computes answers for positions of one occluder on one picture. Raises ValueError as `sweep` says."""

    def __init__(self, clean: Pass, picture: np.ndarray, occluder: Occluder, layer: str) -> None:
        model, given = clean.model, clean.activations["input"]
        self._layer = model.architecture.stage(layer)
        expected = model.input.to_tensor(picture[None]).to(given.dtype)
        if given.shape != expected.shape or not torch.equal(given, expected):
            raise ValueError("The clean pass must be of the one picture that is swept.")
        self._stages = model.architecture.stages
        if self._stages[-1].spatial or not isinstance(self._stages[-1].layer, Softmax):
            raise ValueError(f"{model.architecture.name} has no class probabilities, which a sweep needs.")
        self._kernels = model.kernels(given.dtype, reference=True)
        self._size, self._occluder = picture.shape[0], occluder
        covered = occlude(picture, [Occluder(0, 0, *picture.shape[:2], fill=occluder.fill)], model.input.mean)
        self._covered = _rows_last(model.input.to_tensor(covered[None]).to(given.dtype))[0]
        self._mask = None
        if occluder.shape is OccluderShape.ELLIPSE:
            self._mask = replace(occluder, top=0, left=0).mask(occluder.height, occluder.width)
        self._clean = {
            stage.name: _rows_last(clean.activations[stage.name])[0] for stage in self._stages if stage.spatial
        }
        probabilities, activations = self._clean_answers()
        self.clean_probabilities, self.clean_activations = probabilities[0], activations[0]

    @torch.inference_mode()
    def answers(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities (n, classes) and total activations (n, units) for positions (n, 2) of top and left."""
        rows, columns, new = self._input(positions)
        totals = self._totals(rows, columns, new) if self._layer is self._stages[0] else None
        for number, stage in enumerate(self._stages[1:], 1):
            before = self._clean[self._stages[number - 1].name]
            match stage.layer:
                case Conv() | MaxPool() as layer:
                    _, height, width = stage.shape
                    below = rows, columns
                    rows, columns = rows.reached(layer, height), columns.reached(layer, width)
                    filling = 0.0 if isinstance(layer, Conv) else -np.inf
                    part = _composed(before, below, new, rows.source(layer), columns.source(layer), filling)
                    new = _rows_last(self._computed(stage, part))
                case LRN() as layer:
                    new = _rows_last(self._kernels.lrn(layer, _channels_first(new)))
                case _:
                    whole = _composed(
                        before, (rows, columns), new, *(((np.zeros(len(new), int)), n) for n in before.shape[:2])
                    )
                    return self._head(number, _channels_first(whole), totals)
            if stage is self._layer:
                totals = self._totals(rows, columns, new)
        raise AssertionError("the last stage is a softmax")

    def _clean_answers(self) -> tuple[np.ndarray, np.ndarray]:
        with torch.inference_mode():
            vectors = next(n for n, stage in enumerate(self._stages) if isinstance(stage.layer, Linear | Softmax))
            x = self._clean[self._stages[vectors - 1].name]
            totals = None
            if self._layer.name in self._clean:
                totals = self._clean[self._layer.name].sum((0, 1), dtype=np.float64)[None]
            return self._head(vectors, _channels_first(x[None]), totals)

    def _input(self, positions: np.ndarray) -> tuple[Spans, Spans, np.ndarray]:
        """The changed pixels of each position, in windows of a common shape."""
        first = np.maximum(positions, 0)
        end = np.minimum(positions + [self._occluder.height, self._occluder.width], self._size)
        rows, columns = (Spans.of(first[:, axis], end[:, axis], self._size) for axis in (0, 1))
        new = np.empty((len(positions), rows.length, columns.length, 3), self._covered.dtype)
        for place, y, x, (top, left) in zip(new, rows.begin, columns.begin, positions, strict=True):
            window = slice(y, y + rows.length), slice(x, x + columns.length)
            place[:] = self._clean["input"][window]
            inside = self._occluder_in(window, int(top), int(left))
            place[inside] = self._covered[window][inside]
        return rows, columns, new

    def _occluder_in(self, window: tuple[slice, slice], top: int, left: int) -> np.ndarray:
        mask = replace(self._occluder, top=top, left=left).mask(self._size, self._size)
        return mask[window]

    def _computed(self, stage: Stage, part: np.ndarray) -> Tensor:
        x = _channels_first(part)
        if isinstance(stage.layer, Conv):
            return self._kernels.conv(replace(stage.layer, padding=0), x, stage.rectified)
        assert isinstance(stage.layer, MaxPool)
        return F.max_pool2d(x, stage.layer.kernel, stage.layer.stride)

    def _totals(self, rows: Spans, columns: Spans, new: np.ndarray) -> np.ndarray:
        """The activation of each unit summed over its map: the clean sum and what the windows change of it."""
        clean = self._clean[self._layer.name]
        totals = new.sum((1, 2), dtype=np.float64) + clean.sum((0, 1), dtype=np.float64)
        for total, y, x in zip(totals, rows.begin, columns.begin, strict=True):
            total -= clean[y : y + rows.length, x : x + columns.length].sum((0, 1), dtype=np.float64)
        return totals

    def _head(self, number: int, x: Tensor, totals: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """From the last maps (n, channels, height, width) on, through stages ``number`` and up."""
        x = x.reshape(len(x), -1)
        for stage in self._stages[number:]:
            x = (
                self._kernels.linear(stage.layer, x, stage.rectified)
                if isinstance(stage.layer, Linear)
                else x.softmax(1)
            )
            if stage is self._layer:
                totals = x.numpy()
        assert totals is not None
        return x.numpy(), totals


def _composed(
    clean: np.ndarray,
    below: tuple[Spans, Spans],
    new: np.ndarray,
    rows: tuple[np.ndarray, int],
    columns: tuple[np.ndarray, int],
    filling: float = 0.0,
) -> np.ndarray:
    """Parts (n, height, width, channels) of a layer's maps: clean ones with the new windows put in.

    rows, columns: where the parts begin, and their length. Beyond the maps is ``filling``.
    """
    size = clean.shape[:2]
    out = np.empty((len(new), rows[1], columns[1], clean.shape[2]), clean.dtype)
    for part, window, *begins in zip(out, new, rows[0], columns[0], below[0].begin, below[1].begin, strict=True):
        begin, at = begins[:2], begins[2:]
        edges = [(max(-b, 0), min(length, s - b)) for b, length, s in zip(begin, part.shape, size, strict=False)]
        (top, bottom), (left, right) = edges
        if (top, left) != (0, 0) or (bottom, right) != part.shape[:2]:
            part[:] = filling
        y, x = begin
        part[top:bottom, left:right] = clean[y + top : y + bottom, x + left : x + right]
        # the window in coordinates of the part, and of it what lies on the part
        v, u = at[0] - y, at[1] - x
        top, left = max(v, 0), max(u, 0)
        bottom, right = min(v + window.shape[0], part.shape[0]), min(u + window.shape[1], part.shape[1])
        if bottom > top and right > left:
            part[top:bottom, left:right] = window[top - v : bottom - v, left - u : right - u]
    return out


def _rows_last(x: Tensor) -> np.ndarray:
    """(N, channels, height, width) → (N, height, width, channels), contiguous."""
    return x.permute(0, 2, 3, 1).contiguous().numpy()


def _channels_first(x: np.ndarray) -> Tensor:
    return torch.from_numpy(x).permute(0, 3, 1, 2)
