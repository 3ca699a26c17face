"""``statistics/epoch-0003.npz``: how weights, activations and gradients of each layer are spread.

For a layer L the arrays are "L.weight.counts" int64 (64,) and "L.weight.edges" float64 (65,), the same for
"L.activation" and "L.gradient", and "L.dead" float64 (): the share of units that answered nowhere.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from zfdesk.runs.entries import RunError
from zfdesk.runs.names import statistics_file

BINS = 64
KINDS = ("weight", "activation", "gradient")
MOST_BYTES = 16 << 20
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the same content gives the same bytes


@dataclass(frozen=True, eq=False)
class Spread:
    """A histogram: counts int64 (bins,), edges float64 (bins + 1,), rising."""

    counts: np.ndarray
    edges: np.ndarray


@dataclass(frozen=True, eq=False)
class LayerStatistics:
    """What is known of a layer at one time; None for what is not."""

    weight: Spread | None = None
    activation: Spread | None = None
    gradient: Spread | None = None
    dead: float | None = None


def spread(values: torch.Tensor | np.ndarray, bins: int = BINS) -> Spread:
    """The histogram of all values, from the least to the greatest; symmetric about zero where both signs are.

    Values that are not finite are left out. Of a tensor on any device.
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


def encode_statistics(layers: Mapping[str, LayerStatistics]) -> bytes:
    """The bytes of the file; the same statistics give the same bytes."""
    arrays: dict[str, np.ndarray] = {}
    for name, layer in layers.items():
        for kind in KINDS:
            if (found := getattr(layer, kind)) is not None:
                arrays[f"{name}.{kind}.counts"] = np.ascontiguousarray(found.counts, np.int64)
                arrays[f"{name}.{kind}.edges"] = np.ascontiguousarray(found.edges, np.float64)
        if layer.dead is not None:
            arrays[f"{name}.dead"] = np.asarray(layer.dead, np.float64)
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, member.getvalue())
    return memory.getvalue()


def read_statistics(folder: Path | str, epoch: int) -> dict[str, LayerStatistics]:
    """The statistics after ``epoch`` epochs, in the order of the layers. RunError where they are missing or damaged."""
    place = statistics_file(Path(folder), epoch)
    try:
        arrays = _arrays(place)
    except FileNotFoundError:
        raise RunError(f"{place} is missing.") from None
    except OSError as error:
        raise RunError(f"{place} cannot be read: {error.strerror or error}.") from None
    except Exception:  # damaged archives make zipfile raise nearly anything
        raise RunError(f"{place} is damaged.") from None
    layers = dict.fromkeys(name.split(".")[0] for name in arrays)
    return {layer: _layer(layer, arrays, place) for layer in layers}


def _layer(layer: str, arrays: Mapping[str, np.ndarray], place: Path) -> LayerStatistics:
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
    return LayerStatistics(dead=None if dead is None else float(dead), **found)


def _arrays(place: Path) -> dict[str, np.ndarray]:
    """Arrays by name. Nothing larger than the file's declared bounds is ever made; ValueError where it is odd."""
    if place.stat().st_size > MOST_BYTES:
        raise ValueError("too large")
    with zipfile.ZipFile(io.BytesIO(place.read_bytes())) as archive:
        infos = archive.infolist()
        if sum(info.file_size for info in infos) > MOST_BYTES:
            raise ValueError("too large")
        return {info.filename.removesuffix(".npy"): _array(archive.read(info)) for info in infos}


def _array(data: bytes) -> np.ndarray:
    """numpy itself would make room for whatever shape a header claims."""
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("another version")
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype not in (np.int64, np.float64) or math.prod(shape) * 8 != len(data) - stream.tell():
        raise ValueError("another size")
    array = np.frombuffer(data, dtype, offset=stream.tell()).reshape(shape)
    array.setflags(write=False)
    return array
