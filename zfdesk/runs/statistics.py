"""``statistics/epoch-0003.npz``: how weights, activations and gradients of each layer are spread.

For a layer L the arrays are "L.weight.counts" int64 (64,) and "L.weight.edges" float64 (65,), the same for
"L.activation" and "L.gradient", and "L.dead" float64 (): the share of units that answered nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from zfdesk import npz
from zfdesk.runs.entries import RunError, file_errors
from zfdesk.runs.names import statistics_file

BINS = 64
KINDS = ("weight", "activation", "gradient")
MOST_BYTES = 16 << 20
LIMITS = npz.NpzLimits(MOST_BYTES, 10_000, frozenset({"<i8", "<f8"}))


@dataclass(frozen=True, eq=False)
class Spread:
    """A histogram: counts int64 (bins,), edges float64 (bins + 1,), rising."""

    counts: np.ndarray
    edges: np.ndarray


@dataclass(frozen=True, eq=False)
class LayerTrainingStatistics:
    """What is known of a layer at one time; None for what is not."""

    weight: Spread | None = None
    activation: Spread | None = None
    gradient: Spread | None = None
    dead: float | None = None


def spread(values: torch.Tensor | np.ndarray, bins: int = BINS) -> Spread:
    """The histogram of all values, from the least to the greatest; symmetric about zero where both signs are.

    values: of any shape, on any device. Those that are not finite are left out.
    """
    flat = torch.as_tensor(values).detach().flatten().float()
    flat = flat[torch.isfinite(flat)]
    if not len(flat):
        return Spread(np.zeros(bins, np.int64), np.linspace(0.0, 1.0, bins + 1))
    low, high = float(flat.min()), float(flat.max())
    if low < 0 < high:
        low, high = -max(-low, high), max(-low, high)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    counts = np.zeros(bins, np.int64)
    for part in flat.split(1 << 22):  # histc counts in float32, exact to 2²⁴
        counts += torch.histc(part, bins, low, high).round().long().cpu().numpy()
    return Spread(counts, np.linspace(low, high, bins + 1))


def encode_statistics(layers: Mapping[str, LayerTrainingStatistics]) -> bytes:
    """The bytes of the file; the same statistics give the same bytes."""
    arrays: dict[str, np.ndarray] = {}
    for name, layer in layers.items():
        for kind in KINDS:
            if (found := getattr(layer, kind)) is not None:
                arrays[f"{name}.{kind}.counts"] = np.ascontiguousarray(found.counts, np.int64)
                arrays[f"{name}.{kind}.edges"] = np.ascontiguousarray(found.edges, np.float64)
        if layer.dead is not None:
            arrays[f"{name}.dead"] = np.asarray(layer.dead, np.float64)
    return npz.encode(arrays, sort=False)  # that of the layers


def read_statistics(folder: Path | str, epoch: int) -> dict[str, LayerTrainingStatistics]:
    """The statistics after ``epoch`` epochs, in the order of the layers. RunError where they are missing or damaged."""
    place = statistics_file(Path(folder), epoch)
    try:
        with file_errors(place, "read"), place.open("rb") as file:
            arrays = npz.decode(file.read(MOST_BYTES + 1), LIMITS)
    except npz.ArchiveError:
        raise RunError(f"{place} is damaged.") from None
    layers = dict.fromkeys(name.split(".")[0] for name in arrays)
    return {layer: _layer(layer, arrays, place) for layer in layers}


def _layer(layer: str, arrays: Mapping[str, np.ndarray], place: Path) -> LayerTrainingStatistics:
    found: dict[str, Spread] = {}
    for kind in KINDS:
        counts, edges = arrays.get(f"{layer}.{kind}.counts"), arrays.get(f"{layer}.{kind}.edges")
        if counts is None or edges is None:
            continue
        sound = counts.ndim == edges.ndim == 1 and len(edges) == len(counts) + 1 >= 2 and np.isfinite(edges).all()
        if not sound or (np.diff(edges) <= 0).any() or (counts < 0).any():
            raise RunError(f"{place} is damaged: its histogram of {layer}'s {kind}s is none.")
        found[kind] = Spread(counts, edges)
    dead = arrays.get(f"{layer}.dead")
    if dead is not None and (dead.shape != () or not 0 <= float(dead) <= 1):
        raise RunError(f"{place} is damaged: {layer}'s share of dead units is none.")
    return LayerTrainingStatistics(dead=None if dead is None else float(dead), **found)
