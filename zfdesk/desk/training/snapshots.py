"""What one snapshot of a run holds, and what it answers to the run's probe picture. No Qt here.

Networks are large: one is kept at a time, that of the snapshot looked at last.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zfdesk.engine import Model, Pass, Seed, centre_crop, reconstruct
from zfdesk.figures.colours import signed_picture
from zfdesk.figures.fig6 import colour_filters, first_convolution
from zfdesk.library import strongest_units
from zfdesk.live import MapsDisplay, Normalise, Style
from zfdesk.live.render import grid_columns, levels, render, tile_mosaic
from zfdesk.runs import Run, RunError
from zfdesk.weights import load

TOP = 3  # answers that are named
GAP = 1  # pixels between the tiles of a mosaic
GROUND = (128, 128, 128)

EACH_ITS_OWN = MapsDisplay(normalise=Normalise.UNIT)


@dataclass(frozen=True)
class SnapshotRequest:
    """Which snapshot of a run, and which unit of which layer; −1: the one that the probe picture wakes most.

    aspect: of the place there is for a mosaic, width over height.
    """

    run: Run
    epoch: int
    layer: str
    unit: int = -1
    aspect: float = 1.0

    @property
    def key(self) -> tuple[Path, str, int, str, int, float]:
        """What the answer hangs on: not how far the run has come since."""
        return self.run.folder, self.run.about.started, self.epoch, self.layer, self.unit, self.aspect


@dataclass(frozen=True, eq=False)
class SnapshotResult:
    """What one snapshot holds and answers. Pictures are uint8 (height, width, 3) RGB.

    filters: all first-layer filters, each over its own range. answers: likeliest classes with their probabilities.
    maps: the layer's mosaic in levels as `zfdesk.live.Mosaic` has them, ``columns`` tiles of ``tile`` (height, width)
    in a row. down: the reconstruction of ``unit``. probe and what comes of it is None where the run has no such picture
    or it cannot be read, as ``error`` says.
    """

    request: SnapshotRequest
    filters: np.ndarray
    filters_text: str
    probe: np.ndarray | None = None
    answers: tuple[tuple[str, float], ...] = ()
    maps: np.ndarray | None = None
    columns: int = 1
    tile: tuple[int, int] = (1, 1)
    units: int = 0
    unit: int = -1
    activation: float = 0.0
    down: np.ndarray | None = None
    error: str = ""


@dataclass(frozen=True, eq=False)
class _Network:
    """A snapshot's network and its pass over the probe picture; or why there is none."""

    model: Model
    probe: np.ndarray | None
    seen: Pass | None
    error: str


class SnapshotWorker:
    """Computes results, one at a time; for any thread. The newest network is kept, for another unit of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: tuple[object, ...] = ()
        self._network: _Network | None = None

    def release(self) -> None:
        """Release the network that is kept."""
        with self._lock:
            self._network = None

    def compute(self, request: SnapshotRequest) -> SnapshotResult:
        """Load the snapshot if need be, and compute. Raises CheckpointError for a snapshot that is gone or damaged."""
        with self._lock:
            if self._network is None or self._key != request.key[:3]:
                self._network = None  # before the next is loaded: two would take half a gigabyte
                self._network, self._key = _load(request), request.key[:3]
            return _result(request, self._network)


def _load(request: SnapshotRequest) -> _Network:
    model = load(request.run.snapshot_file(request.epoch))
    try:
        picture, error = request.run.probe(), "The run follows no probe picture."
    except RunError as failure:
        picture, error = None, str(failure)
    if picture is None:
        return _Network(model, None, None, error)
    probe = centre_crop(picture, model.architecture.size, model.input.resize)
    return _Network(model, probe, model.forward(probe), "")


def _result(request: SnapshotRequest, network: _Network) -> SnapshotResult:
    model, seen = network.model, network.seen
    first = first_convolution(model)
    filters = _filter_sheet(colour_filters(model, first), request.aspect)
    filters_text = f"{first.channels} filters of {first.name}, each over its own range"
    if seen is None:
        return SnapshotResult(request, filters, filters_text, error=network.error)
    convolutions = model.architecture.convolutions
    layer = request.layer if request.layer in convolutions else convolutions[-1]
    values = seen.activations[layer][0]
    probabilities = seen.probabilities[0]
    best = probabilities.sort(descending=True, stable=True).indices[:TOP]
    unit = request.unit if 0 <= request.unit < len(values) else next(iter(strongest_units(seen, layer, 1)), 0)
    tile = (int(values.shape[1]), int(values.shape[2]))
    columns = grid_columns(len(values), tile, request.aspect)
    activation = float(values[unit].max())
    down = render(reconstruct(seen, Seed(layer, unit)), Style.RAW).image if activation > 0 else None
    return SnapshotResult(
        request, filters, filters_text, network.probe,
        tuple((model.classes[i], float(probabilities[i])) for i in best),
        tile_mosaic(levels(values, EACH_ITS_OWN, False)[0], columns, GAP), columns, tile, len(values), unit,
        activation, down,
    )  # fmt: skip


def _filter_sheet(filters: np.ndarray, aspect: float) -> np.ndarray:
    """float32 (units, kernel, kernel, 3) → one uint8 picture of about that aspect, mid-grey between the tiles."""
    count, side = filters.shape[:2]
    limits = np.abs(filters).max((1, 2, 3), keepdims=True)
    tiles = signed_picture(filters / np.maximum(limits, 1e-12), 1)
    columns = grid_columns(count, (side, side), aspect)
    rows = -(-count // columns)
    sheet = np.full((rows * columns, side + GAP, side + GAP, 3), GROUND, np.uint8)
    sheet[:count, :side, :side] = tiles
    sheet = sheet.reshape(rows, columns, side + GAP, side + GAP, 3).swapaxes(1, 2)
    return np.ascontiguousarray(sheet.reshape(rows * (side + GAP), columns * (side + GAP), 3)[:-GAP, :-GAP])


__all__ = ["SnapshotRequest", "SnapshotResult", "SnapshotWorker"]
