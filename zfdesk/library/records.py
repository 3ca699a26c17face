"""What a scan keeps of each picture: for every unit of a layer its highest activation and where it lies on its map.

Float32 rounds. Against a pass in float64 a unit's activations on photographs are off by at most 2.5e-6 of its highest
one (the embedded network, every layer); `ROUNDING` allows for four times that. Activations that differ by less than two
roundings are *near*: float32 cannot tell which is higher, and `zfdesk.library.settle` asks float64.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from zfdesk.cancellation import checkpoints
from zfdesk.engine import Architecture, Linear, MaxPool, Model, Softmax, Stage

ROUNDING = 1e-5
"""How far a float32 activation may be from its float64 one, as a share of the unit's highest (or, where that is more,
of `FAINT` of the layer's highest, for units that hardly answer)."""

FAINT = 0.02

PLACE_REACH = 4
"""While a picture is scanned its unit's highest activation is not known yet: it is taken to be this many times what it
is here."""

BODY = 4
"""Pictures whose maps are computed together: more fall out of the processor's cache."""


@dataclass(frozen=True, eq=False)
class LayerRecord:
    """One layer's answers to n pictures.

    ``values``: float32 (n, units), each unit's highest activation. ``places``: uint32 (n, units), its flat position
    y·width + x, the first of equal ones. ``near``: bool (n, units), another position is near, see `ROUNDING`.
    """

    values: np.ndarray
    places: np.ndarray
    near: np.ndarray

    def rows(self, rows: np.ndarray) -> LayerRecord:
        """The records of some of the pictures: rows, int (n,), of these."""
        return LayerRecord(self.values[rows], self.places[rows], self.near[rows])


@dataclass(frozen=True, eq=False)
class Part:
    """The answers to n pictures: a `LayerRecord` by layer, and by layer the features that pictures are compared by,
    float16 (n, numbers), see `feature_layers`."""

    layers: Mapping[str, LayerRecord]
    features: Mapping[str, np.ndarray]

    @property
    def pictures(self) -> int:
        """Return the number of pictures."""
        return len(next(iter(self.layers.values())).values)


def joined(parts: Sequence[Part]) -> Part:
    """One part of several, in their order; all have the same layers."""

    def joined_field(layer: str, name: str) -> np.ndarray:
        return np.concatenate([getattr(part.layers[layer], name) for part in parts])

    layers = {
        layer: LayerRecord(joined_field(layer, "values"), joined_field(layer, "places"), joined_field(layer, "near"))
        for layer in parts[0].layers
    }
    return Part(layers, {name: np.concatenate([part.features[name] for part in parts]) for name in parts[0].features})


def scannable_layers(architecture: Architecture) -> tuple[str, ...]:
    """Every layer that has units: all but the input."""
    return tuple(stage.name for stage in architecture.stages[1:])


def feature_layers(architecture: Architecture) -> tuple[str, ...]:
    """The layers whose features are kept of every picture: the last maps (``pool5``), averaged over their positions,
    and the last fully connected layer below the classifier (``fc7``), whole."""
    stages = architecture.stages
    maps = [stage.name for stage in stages[1:] if stage.spatial]
    vectors = [stage.name for stage in stages if isinstance(stage.layer, Linear)]
    return tuple(maps[-1:] + vectors[:-1][-1:])


def nonnegative(architecture: Architecture, layer: str) -> bool:
    """Whether a layer's activations are never below zero, so that zero means that a unit does not answer."""
    signed = False
    for stage in architecture.stages[1 : architecture.index(layer) + 1]:
        if isinstance(stage.layer, Softmax):
            signed = False
        elif stage.parameters:
            signed = not stage.rectified
    return not signed


@torch.inference_mode()
def answers(model: Model, pictures: np.ndarray, layers: Sequence[str]) -> Part:
    """What n pictures, uint8 (n, size, size, 3), wake in some layers; the fully connected ones in plain float32.

    Raises ValueError for an unknown layer, the input, or a picture of another size.
    """
    architecture = model.architecture
    if any(architecture.stage(layer).layer is None for layer in layers):
        raise ValueError("The input has no units to look at: choose a layer above it.")
    kept = [name for name in feature_layers(architecture) if name in layers]
    body, head = _split(architecture, layers)
    maps, last = [stage for stage in body if stage.name in layers], body[-1].name
    parts: list[Part] = []
    tops: list[Tensor] = []
    for start in checkpoints(range(0, len(pictures), BODY)):
        seen = model.forward(pictures[start : start + BODY], until=last).activations
        pooled = {name: _half(seen[name].mean((2, 3))) for name in kept if name in seen}
        parts.append(Part(_records(architecture, maps, seen), pooled))
        tops.append(seen[last].flatten(1))
    found = joined(parts)
    records, features = dict(found.layers), dict(found.features)
    x, kernels = torch.cat(tops), model.batch_kernels(torch.float32)
    for stage in head:
        x = kernels.linear(stage.layer, x, stage.rectified) if isinstance(stage.layer, Linear) else x.softmax(1)
        if stage.name in layers:
            records[stage.name] = _vector_record(x)
        if stage.name in kept:
            features[stage.name] = _half(x)
    return Part({layer: records[layer] for layer in layers}, features)


def answers_of(
    architecture: Architecture, activations: Mapping[str, Tensor], layers: Sequence[str]
) -> dict[str, LayerRecord]:
    """What a forward pass that was made for something else says of some layers.

    activations: by layer, (N, channels, height, width). Raises ValueError for a layer it lacks.
    """
    if missing := [layer for layer in layers if layer not in activations]:
        raise ValueError(f"This pass ended below {missing[0]}.")
    stages = [architecture.stage(layer) for layer in layers]
    found = _records(architecture, [stage for stage in stages if stage.spatial], activations)
    vectors = {stage.name: _vector_record(activations[stage.name].flatten(1)) for stage in stages if not stage.spatial}
    return found | vectors


def digest_of(picture: np.ndarray) -> bytes:
    """16 bytes that are the same for equal pictures, uint8 (size, size, 3), whose answers are equal too."""
    return hashlib.blake2b(picture.tobytes(), digest_size=16).digest()


def _split(architecture: Architecture, layers: Sequence[str]) -> tuple[list[Stage], list[Stage]]:
    """The stages with maps that are needed, from the input on, and the fully connected ones above them."""
    stages = list(architecture.stages[: max(map(architecture.index, layers)) + 1])
    vectors = next((n for n, stage in enumerate(stages) if isinstance(stage.layer, Linear | Softmax)), len(stages))
    return stages[:vectors], stages[vectors:]


def _half(features: Tensor) -> np.ndarray:
    return features.half().numpy()


def _records(
    architecture: Architecture, stages: Sequence[Stage], activations: Mapping[str, Tensor]
) -> dict[str, LayerRecord]:
    """By layer, of maps (n, units, height, width)."""
    found: dict[str, LayerRecord] = {}
    below = {stage.name: before for before, stage in pairwise(architecture.stages)}
    for stage in stages:
        record = record_of(activations[stage.name])
        source = below[stage.name]
        if isinstance(stage.layer, MaxPool) and source.layer is not None and _covers(stage.layer, source, stage):
            # Windows overlap: several hold the same maximum, equal in any precision. Where its own position below is
            # certain, so is the first window that holds it.
            near = found[source.name].near if source.name in found else record_of(activations[source.name]).near
            record = LayerRecord(record.values, record.places, near)
        found[stage.name] = record
    return found


def _covers(layer: MaxPool, below: Stage, stage: Stage) -> bool:
    """Whether a pool's windows leave out none of the positions below."""
    return (stage.shape[1] - 1) * layer.stride - layer.padding + layer.kernel >= below.shape[1]


def record_of(activations: Tensor) -> LayerRecord:
    """Of maps (n, units, height, width), fastest when they are channels-last in memory: one reading of them all."""
    x = activations.permute(0, 2, 3, 1)
    n, _, width, units = x.shape
    lines = x.amax(2)
    best, line = lines.max(1)  # of equal ones torch gives the first
    inside = x.gather(1, line[:, None, None, :].expand(n, 1, width, units))[:, 0]
    column = inside.max(1).indices
    least = torch.finfo(x.dtype).min
    second = torch.maximum(
        lines.scatter(1, line[:, None], least).amax(1), inside.scatter(1, column[:, None], least).amax(1)
    )
    size = best.abs()
    allowed = 2 * ROUNDING * torch.maximum(PLACE_REACH * size, FAINT * size.amax(1, keepdim=True))
    places = (line * width + column).numpy().astype(np.uint32)
    return LayerRecord(best.numpy(), places, (second >= best - allowed).numpy())


def _vector_record(values: Tensor) -> LayerRecord:
    nothing = np.zeros(values.shape, np.uint32)
    return LayerRecord(values.contiguous().numpy(), nothing, nothing.astype(bool))


# As files.


def encoded(part: Part, architecture: Architecture) -> bytes:
    """A part as an uncompressed ``.npz`` that numpy reads.

    ``LAYER.values`` float32; of maps also ``LAYER.places``, uint16 where they fit, and ``LAYER.near`` as packed bits.
    Of a rectified vector, half of which is zero, only the others are kept: ``LAYER.nonzero`` in the order of
    ``LAYER.where``, packed bits of ``LAYER.units`` a picture. ``LAYER.features`` float16.
    """
    arrays: dict[str, np.ndarray] = {f"{layer}.features": values for layer, values in part.features.items()}
    for layer, record in part.layers.items():
        stage, values = architecture.stage(layer), record.values
        if stage.spatial:
            small = stage.shape[1] * stage.shape[2] <= 1 << 16
            arrays[f"{layer}.places"] = record.places.astype(np.uint16) if small else record.places
            arrays[f"{layer}.near"] = np.packbits(record.near, axis=1)
        if stage.spatial or not stage.rectified:
            arrays[f"{layer}.values"] = values
        else:
            arrays[f"{layer}.where"] = np.packbits(values > 0, axis=1)
            arrays[f"{layer}.nonzero"], arrays[f"{layer}.units"] = values[values > 0], np.array(values.shape[1])
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own options
    return stream.getvalue()


class PartError(ValueError):
    """A part's file is damaged or gone; ``str()`` is a sentence."""


class PartFile:
    """A part on the disk; arrays are read when they are asked for. Raises PartError for a damaged file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        stream = None
        try:
            stream = path.open("rb")
            self._arrays = np.load(stream, allow_pickle=False)
            self._stream = stream
        except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
            if stream is not None:
                stream.close()
            raise PartError(f"{path.name} is damaged or gone ({error}).") from None

    def layer(self, layer: str) -> LayerRecord:
        """Read one layer's answers. Raises PartError where the file is damaged."""
        if f"{layer}.nonzero" in self._arrays:
            where, nonzero = self._read(f"{layer}.where"), self._read(f"{layer}.nonzero")
            mask = np.unpackbits(where, axis=1, count=int(self._read(f"{layer}.units"))).astype(bool)
            if mask.sum() != len(nonzero):
                raise PartError(f"{self._path.name} is damaged: {layer} does not add up.")
            values: np.ndarray = np.zeros(mask.shape, np.float32)
            values[mask] = nonzero
        else:
            values = self._read(f"{layer}.values")
        if f"{layer}.places" not in self._arrays:
            return LayerRecord(values, np.zeros(values.shape, np.uint32), np.zeros(values.shape, bool))
        near = np.unpackbits(self._read(f"{layer}.near"), axis=1, count=values.shape[-1]).astype(bool)
        return LayerRecord(values, self._read(f"{layer}.places").astype(np.uint32), near)

    def features(self, layer: str) -> np.ndarray:
        """The features kept of a layer, float16 (n, numbers)."""
        return self._read(f"{layer}.features")

    def close(self) -> None:
        """Close the file."""
        self._arrays.close()
        self._stream.close()

    def __enter__(self) -> PartFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, name: str) -> np.ndarray:
        try:
            return np.asarray(self._arrays[name])
        except (KeyError, OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
            raise PartError(f"{self._path.name} is damaged ({error}).") from None


__all__ = [
    "BODY", "FAINT", "PLACE_REACH", "ROUNDING", "LayerRecord", "Part", "PartError", "PartFile", "answers", "answers_of",
    "digest_of", "encoded", "feature_layers", "joined", "nonnegative", "record_of", "scannable_layers",
]  # fmt: skip
