"""Many positions of one occluder at once: for each, only the window of every layer that it can reach.

Positions differ in where their windows lie but share the windows' shapes, the largest that any of them needs. Where a
window is larger than it need be, clean values are computed once more, which changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.engine.layers import LRN, Conv, Linear, MaxPool, Softmax
from zfdesk.engine.model import Pass
from zfdesk.engine.occlude import Occluder, occlude

CHUNK = 16
"""Positions whose maps are computed together: 8.1, 7.3, 7.6 ms a position in chunks of 8, 16, 32 (one busy core)."""
LARGEST = 1 << 23
"""Numbers in the maps of a layer that are computed together, at most, unless one position has more."""


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
        """The spans of what changes, rows ``first`` to ``end`` - 1, int (n,), on a side of ``size``."""
        length = int((end - first).max())
        return Spans(first, end, np.minimum(first, size - length), length)

    def reached(self, layer: Conv | MaxPool, size: int) -> Spans:
        """The outputs, of ``size``, whose kernels touch what changes; at least one, though none may."""
        kernel, stride, padding = layer.kernel, layer.stride, layer.padding
        first = np.clip(-((kernel - 1 - self.first - padding) // stride), 0, size - 1)
        end = np.minimum((self.end - 1 + padding) // stride + 1, size)
        return Spans.of(first, np.maximum(end, first + 1), size)

    def source(self, layer: Conv | MaxPool, tile: int) -> Spans:
        """The inputs that the windows are computed from, perhaps in the padding.

        The windows' length is rounded up to a multiple of ``tile``.
        """
        length = (-(-self.length // tile) * tile - 1) * layer.stride + layer.kernel
        begin = self.begin * layer.stride - layer.padding
        return Spans(begin, begin + length, begin, length)


Region = tuple[Spans, Spans]  # rows, columns


class Windows:
    """Computes answers for positions of one occluder on one picture.

    ``clean_probabilities`` (classes,) and ``clean_activations`` (units,): the answers without the occluder.
    Raises ValueError as `zfdesk.engine.sweep` says.
    """

    def __init__(self, clean: Pass, picture: np.ndarray, occluder: Occluder, layer: str) -> None:
        model, given = clean.model, clean.activations["input"]
        stages = model.architecture.stages
        self._layer = model.architecture.stage(layer)
        if not isinstance(stages[-1].layer, Softmax) or stages[-1].spatial:
            raise ValueError(f"{model.architecture.name} does not end in class probabilities, which a sweep needs.")
        size = model.architecture.size
        fits = picture.shape == (size, size, 3) and picture.dtype == np.uint8 and given.shape == (1, 3, size, size)
        if not fits or not torch.equal(given, model.input.to_tensor(picture[None]).to(given.dtype)):
            raise ValueError("The clean pass must be of the one picture that is swept.")
        vectors = next(n for n, stage in enumerate(stages) if isinstance(stage.layer, Linear | Softmax))
        self._spatial, self._vectors = stages[:vectors], stages[vectors:]
        self._kernels = model.batch_kernels(given.dtype)
        self._clean = {
            stage.name: clean.activations[stage.name][0].permute(1, 2, 0).contiguous().numpy()
            for stage in self._spatial
        }
        self._occluder = occluder
        self._mask = Occluder(0, 0, occluder.height, occluder.width, occluder.shape).mask(
            occluder.height, occluder.width
        )
        covered = occlude(picture, [Occluder(0, 0, size, size, fill=occluder.fill)], model.input.mean)
        self._covered = model.input.to_tensor(covered[None])[0].permute(1, 2, 0).to(given.dtype).numpy()
        self._clean_total = None
        if self._layer in self._spatial:
            self._clean_total = self._clean[layer].sum((0, 1), dtype=np.float64)
        totals = None if self._clean_total is None else self._clean_total[None]
        probabilities, activations = self._answers_from(self._clean[self._spatial[-1].name][None], totals)
        self.clean_probabilities, self.clean_activations = probabilities[0], activations[0]

    def ordered(self, positions: np.ndarray) -> np.ndarray:
        """An order, int (n,), of positions (n, 2) in which those with windows of alike shapes follow each other."""
        areas = self._areas(positions)
        heights, widths = (np.sum([area[side].end - area[side].first for area in areas], 0) for side in (0, 1))
        return np.lexsort((-widths, -heights))

    def answers(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities (n, classes) and total activations (n, units) for positions (n, 2) of top and left."""
        areas = self._areas(positions)
        largest = max(
            rows.length * columns.length * stage.shape[0]
            for (rows, columns), stage in zip(areas, self._spatial, strict=True)
        )
        chunk = min(CHUNK, max(LARGEST // largest, 1))
        parts = [self._maps(positions[i : i + chunk]) for i in range(0, len(positions), chunk)]
        maps = np.concatenate([part for part, _ in parts])
        totals = [total for _, total in parts if total is not None]
        return self._answers_from(maps, np.concatenate(totals) if totals else None)

    def multiply_adds(self, positions: np.ndarray) -> int:
        """Multiply-adds of the answers for positions (n, 2): convolutions directly, in each position's own windows, and
        the fully connected layers."""
        needed = len(positions) * sum(stage.multiply_adds for stage in self._vectors)
        for stage, (rows, columns) in zip(self._spatial, self._areas(positions), strict=True):
            _, height, width = stage.shape
            share = (rows.end - rows.first) * (columns.end - columns.first) / (height * width)
            needed += round(float(share.sum()) * stage.multiply_adds)
        return needed

    def _areas(self, positions: np.ndarray) -> list[Region]:
        """What changes in each layer that has maps, from the input on."""
        size = np.array((self._occluder.height, self._occluder.width))
        height, width = self._clean["input"].shape[:2]
        first, end = np.maximum(positions, 0), np.minimum(positions + size, (height, width))
        area = Spans.of(first[:, 0], end[:, 0], height), Spans.of(first[:, 1], end[:, 1], width)
        areas = [area]
        for stage in self._spatial[1:]:
            if isinstance(stage.layer, Conv | MaxPool):
                _, height, width = stage.shape
                area = area[0].reached(stage.layer, height), area[1].reached(stage.layer, width)
            areas.append(area)
        return areas

    @torch.inference_mode()
    def _maps(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """The last maps (n, height, width, channels), and the totals if the layer has maps."""
        areas = self._areas(positions)
        new = self._occluded(positions, areas[0])
        totals = None
        for number, (stage, area) in enumerate(zip(self._spatial, areas, strict=True)):
            if stage.layer is not None:
                below = self._clean[self._spatial[number - 1].name]
                new = self._computed(stage.layer, stage.rectified, below, areas[number - 1], new, area)
            if stage is self._layer:
                totals = self._totals(area, new)
        clean_maps = self._clean[self._spatial[-1].name]
        return _composed(clean_maps, areas[-1], new, _all_of(clean_maps, len(new)), 0.0), totals

    def _computed(
        self, layer: object, rectified: bool, below: np.ndarray, changed: Region, new: np.ndarray, area: Region
    ) -> np.ndarray:
        """The windows of one layer from the clean maps below it and the windows in them."""
        rows, columns = area
        match layer:
            case Conv():
                tile = self._kernels.tile(layer)
                source = rows.source(layer, tile), columns.source(layer, tile)
                x = _channels_first(_composed(below, changed, new, source, 0.0))
                y = self._kernels.conv_window(layer, x, rectified)
            case MaxPool():
                source = rows.source(layer, 1), columns.source(layer, 1)
                x = _channels_first(_composed(below, changed, new, source, -np.inf))
                y = F.max_pool2d(x, layer.kernel, layer.stride)
            case LRN():
                y = self._kernels.lrn(layer, _channels_first(new))
            case _:
                raise TypeError(f"no way to compute windows of {layer}")
        return y.permute(0, 2, 3, 1).numpy()[:, : rows.length, : columns.length]

    def _occluded(self, positions: np.ndarray, area: Region) -> np.ndarray:
        """The windows of the input, with the occluder in them."""
        rows, columns = area
        new = np.empty((len(positions), rows.length, columns.length, 3), self._covered.dtype)
        for number, place in enumerate(new):
            y, x = rows.begin[number], columns.begin[number]
            place[:] = self._clean["input"][y : y + rows.length, x : x + columns.length]
            top, bottom, left, right = (v for side in area for v in (side.first[number], side.end[number]))
            over, across = positions[number]
            np.copyto(
                place[top - y : bottom - y, left - x : right - x],
                self._covered[top:bottom, left:right],
                where=self._mask[top - over : bottom - over, left - across : right - across, None],
            )
        return new

    def _totals(self, area: Region, new: np.ndarray) -> np.ndarray:
        """The activation of each unit summed over its map: the clean sum and what the windows change of it."""
        rows, columns = area
        clean = self._clean[self._layer.name]
        totals: np.ndarray = new.sum((1, 2), dtype=np.float64) + self._clean_total
        for total, y, x in zip(totals, rows.begin, columns.begin, strict=True):
            total -= clean[y : y + rows.length, x : x + columns.length].sum((0, 1), dtype=np.float64)
        return totals

    @torch.inference_mode()
    def _answers_from(self, maps: np.ndarray, totals: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities and totals from the last maps (n, height, width, channels) on."""
        x = _channels_first(maps).flatten(1)
        for stage in self._vectors:
            if isinstance(stage.layer, Linear):
                x = self._kernels.linear(stage.layer, x, stage.rectified)
            else:
                x = x.softmax(1)
            if stage is self._layer:
                totals = x.numpy()
        assert totals is not None
        return x.numpy(), totals


def _composed(clean: np.ndarray, changed: Region, new: np.ndarray, wanted: Region, filling: float) -> np.ndarray:
    """Parts (n, height, width, channels) of a layer's maps: the clean ones with the changed windows put in.

    Beyond the maps is ``filling``.
    """
    height, width = clean.shape[:2]
    rows, columns = wanted
    out = np.empty((len(new), rows.length, columns.length, clean.shape[2]), clean.dtype)
    outside = rows.begin.min() < 0 or columns.begin.min() < 0 or rows.end.max() > height or columns.end.max() > width
    if outside:
        out[:] = filling
    places = zip(rows.begin, columns.begin, changed[0].begin, changed[1].begin, strict=True)
    for part, window, (y, x, v, u) in zip(out, new, places, strict=True):
        _paste(part, clean, -y, -x)
        _paste(part, window, v - y, u - x)
    return out


def _paste(part: np.ndarray, what: np.ndarray, y: int, x: int) -> None:
    """Put into a part what begins at its row y and column x, as far as it lies on it."""
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + what.shape[0], part.shape[0]), min(x + what.shape[1], part.shape[1])
    if top < bottom and left < right:
        part[top:bottom, left:right] = what[top - y : bottom - y, left - x : right - x]


def _all_of(maps: np.ndarray, n: int) -> Region:
    """The area of n whole maps."""
    zero = np.zeros(n, int)
    height, width = maps.shape[:2]
    return Spans(zero, zero + height, zero, height), Spans(zero, zero + width, zero, width)


def _channels_first(x: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(x)).permute(0, 3, 1, 2)
