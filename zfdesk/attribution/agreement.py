"""How far methods of attribution agree: with one another, with a box, with the network that they claim to explain.

Insertion and deletion (Petsiuk et al. 2018) are in `zfdesk.experiments.curves`; `areas` takes them for several maps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from zfdesk.attribution.registry import Attribution, Options, attribute
from zfdesk.engine import Model, Pass, Seed
from zfdesk.engine.packed_rows import PackedRows
from zfdesk.experiments.curves import STEPS, InsertionDeletion, insertion_deletion

PixelBox = tuple[int, int, int, int]
"""top, left, bottom, right in pixels of the network's input, the last two exclusive."""
TOLERANCE = 15
"""Pixels by which the pointing game lets the hottest pixel miss (Zhang et al. 2016)."""


def points_into(heat: np.ndarray, box: PixelBox, tolerance: int = TOLERANCE) -> bool:
    """The pointing game (Zhang et al. 2016): whether the hottest pixel lies in the box, or up to ``tolerance`` off.

    heat: (height, width), in which the box is. Of equally hot pixels the first in row-major order counts. Raises
    ValueError for a box without area.
    """
    top, left, bottom, right = _checked(box)
    y, x = np.unravel_index(int(np.argmax(heat)), heat.shape)
    return bool(top - tolerance <= y < bottom + tolerance and left - tolerance <= x < right + tolerance)


def share_inside(heat: np.ndarray, box: PixelBox) -> float:
    """The share of all heat in the box, 0 to 1 (the energy-based pointing game of Wang et al. 2020); 0 without heat.

    heat: (height, width), not negative, in which the box is. Raises ValueError for a box without area.
    """
    top, left, bottom, right = _checked(box)
    total = float(heat.sum())
    return float(heat[max(top, 0) : bottom, max(left, 0) : right].sum()) / total if total > 0 else 0.0


def areas(
    model: Model, picture: np.ndarray, found: Sequence[Attribution], class_index: int, steps: int = STEPS
) -> dict[str, InsertionDeletion]:
    """Insertion and deletion of each method's heat, by its name, see `zfdesk.experiments.curves`.

    picture: uint8 (size, size, 3), as the network sees it. Raises ValueError as `insertion_deletion`.
    """
    return {
        one.method.name: insertion_deletion(model, picture, one.heat, class_index, steps) for one in found
    }  # fmt: skip


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation: how far two maps put pixels in the same order, from -1 to 1.

    one, other: of the same shape. Ties share their mean rank. A map that is the same everywhere orders nothing: 0.
    """
    ranks = [_ranks(array.ravel()) for array in (one, other)]
    centred = [rank - rank.mean() for rank in ranks]
    length = float(np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum()))
    return float((centred[0] * centred[1]).sum()) / length if length > 0 else 0.0


def agreement(found: Sequence[Attribution]) -> np.ndarray:
    """Rank correlations of the methods' heat, two by two: float64 (methods, methods)."""
    count = len(found)
    table = np.eye(count)
    for i in range(count):
        for j in range(i):
            table[i, j] = table[j, i] = rank_correlation(found[i].heat, found[j].heat)
    return table


@dataclass(frozen=True, eq=False)
class SanityStep:
    """``layer``: down to which the weights are random, "" before any are. ``likeness``: by method, Spearman's rank
    correlation of its heat with that of the trained network. ``maps``: what each method shows now."""

    layer: str
    likeness: dict[str, float]
    maps: dict[str, Attribution]


def sanity_check(
    model: Model,
    picture: np.ndarray,
    target: Seed,
    methods: Sequence[str],
    options: Options | None = None,
    seed: int = 0,
) -> Iterator[SanityStep]:
    """Adebayo et al. 2018, *Sanity Checks for Saliency Maps*, Section 3.1: one layer after another is made random.

    From the top down. A method whose map stays the same explains something else than what the network has learned.

    A step for the trained network, then one for every layer with weights. Each layer's weights become normal with the
    mean and standard deviation they had; its biases stay. Raises ValueError as `attribute` does.
    """
    generator = torch.Generator().manual_seed(seed)

    def maps_of(forward_pass: Pass) -> dict[str, Attribution]:
        return {name: attribute(forward_pass, target, name, options) for name in methods}

    first = maps_of(model.forward(picture))
    yield SanityStep("", dict.fromkeys(methods, 1.0), first)
    names = [stage.name for stage in model.architecture.stages if stage.parameters]
    for layer in reversed(names):
        weights = model.weights | {f"{layer}.weight": _random_like(model.weights[f"{layer}.weight"], generator)}
        model = replace(model, weights=weights, body=None, sha256="", trained=False)
        maps = maps_of(model.forward(picture))
        yield SanityStep(layer, {name: rank_correlation(maps[name].heat, first[name].heat) for name in methods}, maps)


def _random_like(weight: torch.Tensor | PackedRows, generator: torch.Generator) -> torch.Tensor | PackedRows:
    """Normal numbers with the mean and deviation of a layer's weights; packed rows stay packed, with their scales."""
    if isinstance(weight, PackedRows):
        rows = torch.empty_like(weight.rows)
        for part, old in zip(rows.split(256), weight.rows.split(256), strict=True):  # never the whole matrix as floats
            numbers = old.float()
            part.copy_(_normal_like(numbers, generator).round_().clamp_(-127, 127))
        return PackedRows(rows, weight.scale)
    return _normal_like(weight.float(), generator).to(weight.dtype)


def _normal_like(numbers: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(numbers.shape, generator=generator).mul_(numbers.std()).add_(numbers.mean())


def _ranks(values: np.ndarray) -> np.ndarray:
    """1 for the smallest; equal values share their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    return (last - (counts - 1) / 2)[place]


def _checked(box: PixelBox) -> PixelBox:
    top, left, bottom, right = box
    if bottom <= top or right <= left:
        raise ValueError(f"The box {box} has no area.")
    return box
