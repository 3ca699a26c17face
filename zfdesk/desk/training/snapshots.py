"""What the Training pane shows of a run, computed off the window's thread. No Qt here.

Networks are large: one is kept at a time, that of the snapshot looked at last.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zfdesk.engine import Conv, Model, Pass, Seed, centre_crop, reconstruct
from zfdesk.figures.colours import signed_picture
from zfdesk.figures.fig6 import colour_filters, first_convolution
from zfdesk.figures.training import thinned
from zfdesk.library import UnitAnswer, answer_of_crop, answers_over, strongest_units
from zfdesk.library.evolution import silent_answer
from zfdesk.live import MapsDisplay, Normalise, Style
from zfdesk.live.render import grid_columns, levels, render, tile_mosaic
from zfdesk.runs import LayerTrainingStatistics, Run, RunError, StrongestEntry, read_crop, read_run
from zfdesk.sources import SourceError, read_picture
from zfdesk.sources.folder import pictures_in
from zfdesk.weights import load

TOP = 3  # answers that are named
GAP = 1  # pixels between the tiles of a mosaic
MOST_POINTS = 600  # of a line
MOST_MARKED = 60
FIVE = 5
ROWS = 4  # units of a layer that a search follows
GROUND = (128, 128, 128)

EACH_ITS_OWN = MapsDisplay(normalise=Normalise.UNIT)


@dataclass(frozen=True, eq=False)
class Line:
    """A line of a plot. ``colour``: a name of the theme's. ``dashed``: of the held-out pictures."""

    label: str
    x: np.ndarray
    y: np.ndarray
    colour: str = "bar"
    dashed: bool = False

    @property
    def marked(self) -> bool:
        """Whether its points are: few, and of a quantity known at few places."""
        return self.colour != "quiet" and int(np.isfinite(self.y).sum()) <= MOST_MARKED

    @property
    def key(self) -> tuple[str, bool]:
        """What its look hangs on."""
        return self.label, self.marked


Lines = tuple[list[Line], list[Line], list[Line]]


def lines_of(run: Run) -> Lines:
    """What the three plots show: loss, per cent right, learning rate."""
    x = np.array([step.epoch for step in run.steps], np.float64)
    loss = np.array([step.loss for step in run.steps], np.float64)
    rate = np.array([step.learning_rate for step in run.steps], np.float64)
    losses, accuracies = [], []
    scored = np.array([epoch.epoch for epoch in run.epochs], np.float64)
    if len(x):
        losses.append(Line("training", *thinned(x, loss, MOST_POINTS)))
    else:
        losses.append(Line("training", scored, np.array([epoch.training.loss for epoch in run.epochs], np.float64)))
    for name, dashed in (("training", False), ("validation", True)):
        scores = [getattr(epoch, name) for epoch in run.epochs]
        if not any(scores):
            continue
        if dashed:
            losses.append(Line(name, scored, _column(scores, "loss"), "fall", True))
        ranks = (("top1", "rise"), ("top5", "bar"))
        for rank, colour in ranks if len(run.about.classes) > FIVE else ranks[:1]:  # of five all are among the first
            label = f"{name} top-{rank[-1]}"
            accuracies.append(Line(label, scored, _column(scores, rank) * 100, colour, dashed))
    return losses, accuracies, [Line("learning rate", *thinned(x, rate, MOST_POINTS), "quiet")] if len(x) else []


def _column(scores: list[Any], name: str) -> np.ndarray:
    return np.array([getattr(score, name) if score else np.nan for score in scores], np.float64)


@dataclass(frozen=True, eq=False)
class Reading:
    """A run as it was read, its curves, and its histograms by epoch. ``error``: a sentence on what could not be read.

    The lines are made here: of 20,000 steps they take the window's thread 25 ms.
    """

    run: Run
    lines: Lines = field(default_factory=lambda: ([], [], []))
    statistics: Mapping[int, Mapping[str, LayerTrainingStatistics]] = field(default_factory=dict)
    strongest: tuple[StrongestEntry, ...] = ()
    error: str = ""


def read_again(folder: Path, before: Reading | None) -> Reading:
    """The run as it is now, ``before`` itself where nothing is new. Raises RunError where it is gone or none."""
    run = read_run(folder) if before is None else before.run.refresh()
    if before is not None and run is before.run and not before.error:
        return before
    same = before is not None and before.run.about == run.about
    statistics = dict(before.statistics) if before is not None and same else {}
    errors = [f"{run.damaged} lines of the log cannot be read."] if run.damaged > 1 else []
    for epoch in run.statistics_epochs:
        if epoch not in statistics:
            try:
                statistics[epoch] = run.statistics(epoch)
            except RunError as error:
                errors.append(str(error))
    strongest: tuple[StrongestEntry, ...] = ()
    try:
        strongest = run.strongest()
    except RunError as error:
        errors.append(str(error))
    known = {epoch: statistics[epoch] for epoch in run.statistics_epochs if epoch in statistics}
    return Reading(run, lines_of(run), known, strongest, " ".join(errors[:2]))


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
class SnapshotLook:
    """What one snapshot holds and answers. Pictures are uint8 RGB.

    filters: all first-layer filters, each over its own range. answers: likeliest classes with their probabilities.
    maps: the layer's mosaic in levels as `zfdesk.live.Mosaic` has them, ``columns`` tiles of ``tile`` (height, width)
    in a row. down: the reconstruction of ``unit``. probe and what comes of it is None where the run has no such picture
    or it cannot be read, as ``error`` says.
    """

    wish: SnapshotRequest
    layers: tuple[str, ...]
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


class Looker:
    """Looks at snapshots, one at a time; for any thread. The newest network is kept, for another unit of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: tuple[tuple[Path, str, int], Model, Pass | None, np.ndarray | None, str] | None = None

    def forget(self) -> None:
        """Release the network that is kept."""
        with self._lock:
            self._seen = None

    def look(self, wish: SnapshotRequest) -> SnapshotLook:
        """Raises CheckpointError for a snapshot that is gone or damaged."""
        with self._lock:
            return self._look(wish)

    def _look(self, wish: SnapshotRequest) -> SnapshotLook:
        key = wish.key[:3]
        if self._seen is None or self._seen[0] != key:
            self._seen = None  # before the next is loaded: two would take half a gigabyte
            model = load(wish.run.snapshot_file(wish.epoch))
            picture, reason = probe_of(wish.run, model)
            self._seen = key, model, model.forward(picture) if picture is not None else None, picture, reason
        _, model, seen, picture, reason = self._seen
        first = first_convolution(model)
        filters = filter_sheet(colour_filters(model, first), wish.aspect)
        layers = layers_of(model)
        filters_text = f"{first.channels} filters of {first.name}, each over its own range"
        if seen is None or picture is None:
            return SnapshotLook(wish, layers, filters, filters_text, error=reason)
        layer = wish.layer if wish.layer in layers else layers[-1]
        values = seen.activations[layer][0]
        probabilities = seen.probabilities[0]
        best = probabilities.sort(descending=True, stable=True).indices[:TOP]
        unit = wish.unit if 0 <= wish.unit < len(values) else next(iter(strongest_units(seen, layer, 1)), 0)
        tile = (int(values.shape[1]), int(values.shape[2]))
        columns = grid_columns(len(values), tile, wish.aspect)
        activation = float(values[unit].max())
        down = None
        if activation > 0:
            down = render(reconstruct(seen, Seed(layer, unit)), Style.RAW).image
        return SnapshotLook(
            wish, layers, filters, filters_text, picture,
            tuple((model.classes[i], float(probabilities[i])) for i in best),
            tile_mosaic(levels(values, EACH_ITS_OWN, False)[0], columns, GAP), columns, tile, len(values), unit,
            activation, down, reason,
        )  # fmt: skip


def probe_of(run: Run, model: Model) -> tuple[np.ndarray | None, str]:
    """What a network sees of the run's probe picture; or None, and why."""
    try:
        picture = run.probe()
    except RunError as error:
        return None, str(error)
    if picture is None:
        return None, "The run follows no probe picture."
    return centre_crop(picture, model.architecture.size, model.input.resize), ""


def layers_of(model: Model) -> tuple[str, ...]:
    """The convolutions."""
    return tuple(layer.name for layer in model.architecture.layers if isinstance(layer, Conv))


def weight_layers(reading: Reading) -> tuple[str, ...]:
    """The layers that have histograms, in the order of the network."""
    return tuple(dict.fromkeys(name for found in reading.statistics.values() for name in found))


def filter_sheet(filters: np.ndarray, aspect: float) -> np.ndarray:
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


# Fig. 4


@dataclass(frozen=True, eq=False)
class UnitTile:
    """A unit's strongest answer at one snapshot: uint8 (side, side, 3) each; None for a unit that nothing wakes."""

    activation: float
    picture: str
    down: np.ndarray | None = None
    patch: np.ndarray | None = None


def tile_of(answer: UnitAnswer) -> UnitTile:
    """An answer as pictures."""
    if not answer.alive:
        return UnitTile(answer.activation, answer.picture)
    down = signed_picture(answer.down, float(np.abs(answer.down).max()))
    return UnitTile(answer.activation, answer.picture, down, answer.patch)


def kept_units(strongest: Sequence[StrongestEntry], layer: str) -> tuple[int, ...]:
    """The units of a layer that the run itself followed."""
    return tuple(dict.fromkeys(one.unit for one in strongest if one.layer == layer))


def kept_column(reading: Reading, epoch: int, layer: str, units: Sequence[int]) -> list[UnitTile]:
    """The units at one snapshot, from what the run kept. Raises CheckpointError, RunError or ValueError."""
    model = load(reading.run.snapshot_file(epoch))
    kept = {one.unit: one for one in reading.strongest if (one.epoch, one.layer) == (epoch, layer)}
    tiles = []
    for unit in units:
        one = kept.get(unit)
        if one is None or not one.crop:
            tiles.append(tile_of(silent_answer(model, layer, unit)))
            continue
        crop = read_crop(reading.run.folder, one)
        tiles.append(tile_of(answer_of_crop(model, layer, unit, one.position, crop, one.picture)))
    return tiles


class Search:
    """The strongest answers over the pictures of a folder, a snapshot at a time; `stop` ends one between two pictures.

    ``said``: how far it is. ``stopped``: the last one came to nothing, and may be begun again.
    """

    def __init__(self, run: Run, folder: str, layer: str, units: Sequence[int]) -> None:
        self.run, self.folder, self.layer, self.units = run, folder, layer, tuple(units)
        self.said = ""
        self.stopped = False

    def stop(self) -> None:
        """End what is being searched."""
        self.stopped = True

    def column(self, epoch: int) -> list[UnitTile]:
        """Those of one snapshot. Raises ValueError; also where it was stopped."""
        model = load(self.run.snapshot_file(epoch))
        names = [str(Path(self.folder) / name) for name in pictures_in(self.folder)]
        if not names:
            raise ValueError(f"There are no pictures in {self.folder}.")

        def pictures() -> Iterator[tuple[str, np.ndarray]]:
            for place, name in enumerate(names):
                if self.stopped:
                    raise ValueError("The search was stopped.")
                self.said = f"epoch {epoch}: picture {place + 1} of {len(names)}"
                try:
                    pixels = read_picture(name)
                except SourceError:
                    continue
                yield name, centre_crop(pixels, model.architecture.size, model.input.resize)

        answers = answers_over(model, [(self.layer, unit) for unit in self.units], pictures)
        return [tile_of(answer) for answer in answers]


def some_units(count: int, chosen: int) -> tuple[int, ...]:
    """The chosen unit of ``count`` and others at random, always the same."""
    others = [int(unit) for unit in np.random.default_rng(0).permutation(count) if unit != chosen]
    return tuple(sorted(([chosen] if 0 <= chosen < count else []) + others[: ROWS - (0 <= chosen < count)]))


__all__ = [
    "Line",
    "Lines",
    "Looker",
    "Reading",
    "Search",
    "SnapshotLook",
    "SnapshotRequest",
    "UnitTile",
    "kept_column",
    "kept_units",
    "layers_of",
    "read_again",
    "some_units",
    "weight_layers",
]  # fmt: skip
