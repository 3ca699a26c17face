"""A training run on a page: curves, how values are spread, dead units, what became of filters and of a picture.

Made from arrays: whoever has the run's folder reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from zfdesk.engine.layers import Architecture
from zfdesk.figures.facts import Facts, caption, unit_text
from zfdesk.figures.over_time import Evolution, Shares, Strips
from zfdesk.figures.page import Cell, Page, PageSize, is_narrow
from zfdesk.figures.panels import Curves, Panel, Picture

MOST_POINTS = 400
"""Of a curve on paper; more are means of neighbours."""

BINS = 48
WITHIN = 0.999
"""A band reaches as far as this share of the values of every time does."""

SLOTS = 8
"""Columns a table of pictures is drawn for at least, so that a few are not drawn huge."""

SLOTS_WIDE, SLOTS_ACROSS = 11, 16
"""The same across two thirds of a page two columns wide, and across all of it: so that the parts fit one sheet."""

ACROSS = 6
"""Columns of the page's grid: three panels side by side on a wide page, two on a narrow one."""

PARTS = ("curves", "spread", "filters", "probe")
"""What the page is made of, in this order."""

KINDS = {"weight": "weights", "activation": "activations", "gradient": "gradients"}

Counted = tuple[np.ndarray, np.ndarray]
"""counts int64 (bins,) and edges float64 (bins + 1,), rising."""


@dataclass(frozen=True, eq=False)
class TrainingCurves:
    """The log. epochs: float64 (lines,), done at each line of steps; loss, rate: of those. scored: float64 (n,), the
    epochs that were scored; training, validation: float64 (n, 3), loss, top-1 and top-5 as shares, NaN where there is
    none."""

    epochs: np.ndarray
    loss: np.ndarray
    rate: np.ndarray
    scored: np.ndarray
    training: np.ndarray
    validation: np.ndarray


@dataclass(frozen=True, eq=False)
class SpreadOverTime:
    """times: epochs. layers: by name, for each time the histograms by kind ("weight", "activation", "gradient") and,
    under "dead", the share of units that answered nowhere; what is not known is left out."""

    times: tuple[int, ...]
    layers: Mapping[str, Sequence[Mapping[str, Counted | float]]]


@dataclass(frozen=True, eq=False)
class FiltersOverTime:
    """values: float32 (units, times, kernel, kernel, 3), of the first layer ``layer``. times: epochs. chosen: how."""

    layer: str
    units: tuple[int, ...]
    times: tuple[int, ...]
    values: np.ndarray
    chosen: str = ""


@dataclass(frozen=True, eq=False)
class ProbeOverTime:
    """The probe picture, uint8 (size, size, 3), and for some units of a layer their maps, float32 (units, times,
    height, width), and reconstructions within the receptive field, float32 (units, times, side, side, 3). answers: the
    likeliest class at each time."""

    picture: np.ndarray
    layer: str
    units: tuple[int, ...]
    times: tuple[int, ...]
    maps: np.ndarray
    down: np.ndarray
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class TrainingRecord:
    """All that the page may show; None for what there is not. about: the run in words. facts: of its newest network."""

    architecture: Architecture
    about: str
    progress: TrainingCurves | None = None
    spread: SpreadOverTime | None = None
    filters: FiltersOverTime | None = None
    probe: ProbeOverTime | None = None
    facts: Facts = field(default_factory=Facts)


def training_page(
    record: TrainingRecord,
    *,
    parts: Sequence[str] = PARTS,
    size: PageSize = "two-column",
) -> Page:
    """The parts of a run on one page. Raises ValueError where the run has none of them yet."""
    layout = _Layout(not is_narrow(size), record.facts)
    sentences = []
    if "curves" in parts and record.progress is not None:
        sentences += _add_curves(layout, record.progress)
    if "spread" in parts and record.spread is not None and record.spread.times:
        sentences += _add_spread(layout, record.spread, record.architecture)
    if "filters" in parts and record.filters is not None and record.filters.times:
        sentences += _add_filters(layout, record.filters)
    if "probe" in parts and record.probe is not None and record.probe.times:
        sentences += _add_probe(layout, record.probe)
    if not layout.cells:
        raise ValueError("There is nothing of this run to show yet.")
    text = " ".join(part for part in (record.about, *sentences, caption(record.facts)) if part)
    return Page(tuple(layout.cells), size, "Training", text)


class _Layout:
    """Panels in a grid. ``wide``: of a page that has room for three side by side."""

    def __init__(self, wide: bool, facts: Facts) -> None:
        self.wide, self.facts = wide, facts
        self.cells: list[Cell] = []
        self.row = self._column = 0

    def slots(self, wide: int) -> int:
        """Columns that a table of pictures is drawn for at least."""
        return wide if self.wide else SLOTS

    def add(self, panel: Panel, label: str, name: str, columns: int = ACROSS // 3, narrow: int = ACROSS // 2) -> None:
        """The next panel in the row, or in the next one where there is no room for it. columns: it takes; narrow: on
        a narrow page."""
        columns = columns if self.wide else narrow
        if self._column + columns > ACROSS:
            self.end_row()
        self.cells.append(Cell(panel, self.row, self._column, columns=columns, label=label, name=name))
        self._column += columns

    def end_row(self) -> None:
        """What comes begins a row of its own."""
        if self._column:
            self.row, self._column = self.row + 1, 0


# Curves


def _add_curves(layout: _Layout, progress: TrainingCurves) -> list[str]:
    steps, loss = thinned(progress.epochs, progress.loss)
    scored = progress.scored
    if len(steps) + len(scored) == 0:
        return []
    x = np.concatenate([steps, scored])
    blank_steps, blank_scored = np.full(len(steps), np.nan), np.full(len(scored), np.nan)
    trained = progress.training[:, 0]
    series = [("training", np.concatenate([loss, blank_scored if len(steps) else trained]))]
    if np.isfinite(progress.validation[:, 0]).any():
        series.append(("validation", np.concatenate([blank_steps, progress.validation[:, 0]])))
    layout.add(_curves(x, series, "loss", layout.facts), "loss", "loss")
    if len(scored):
        shares = [
            (f"{which} top-{rank}", values[:, place] * 100)
            for place, rank in ((1, 1), (2, 5))
            for which, values in (("training", progress.training), ("validation", progress.validation))
            if np.isfinite(values[:, place]).any()
        ]
        if shares:
            layout.add(_curves(scored, shares, "per cent right", layout.facts), "accuracy", "accuracy")
    if len(steps):
        known = np.isfinite(progress.rate)
        rate = progress.rate[known]
        kept = _corners(rate)
        if kept.any():
            panel = Curves(
                progress.epochs[known][kept], rate[kept][None], (), "epoch", "learning rate",
                logarithmic=bool((rate > 0).all() and rate.max() > 4 * rate.min()), facts=layout.facts,
            )  # fmt: skip
            layout.add(panel, "learning rate", "rate")
    layout.end_row()
    every = -(-len(progress.epochs) // MOST_POINTS)
    return [f"Training loss: each point the mean over {every} lines of the log."] if every > 1 else []


def _curves(x: np.ndarray, series: Sequence[tuple[str, np.ndarray]], quantity: str, facts: Facts) -> Curves:
    order = np.argsort(x, kind="stable")
    values = np.stack([values for _, values in series])[:, order]
    values = np.where(np.isfinite(values), values, np.nan)
    names = tuple(name for name, _ in series)
    return Curves(x[order], values, names, "epoch", quantity, bridged=True, facts=facts)


def thinned(x: np.ndarray, values: np.ndarray, most: int = MOST_POINTS) -> tuple[np.ndarray, np.ndarray]:
    """At most so many points: means of neighbours, over those that are numbers."""
    every = -(-len(x) // most)
    if every <= 1:
        return x, values
    groups = np.arange(0, len(x), every)
    good = np.isfinite(values)
    count = np.add.reduceat(good.astype(np.float64), groups)
    mean = np.add.reduceat(np.where(good, values, 0.0), groups) / np.maximum(count, 1)
    middle = np.add.reduceat(x, groups) / np.diff([*groups, len(x)])
    return middle, np.where(count > 0, mean, np.nan)


def _corners(values: np.ndarray) -> np.ndarray:
    """bool: the points that a line needs: where it is not level, and enough of the rest."""
    kept = np.zeros(len(values), bool)
    kept[:: -(-len(values) // MOST_POINTS) or 1] = True
    change = np.flatnonzero(np.abs(np.diff(values)) > 0.2 * np.abs(values[:-1]))  # a jump of the schedule
    kept[change] = kept[change + 1] = True
    kept[-1:] = True
    return kept


# Spread


def _add_spread(layout: _Layout, spread: SpreadOverTime, architecture: Architecture) -> list[str]:
    times = _epoch_labels(spread.times)
    shown = False
    for kind, label in KINDS.items():
        named = {name: [at.get(kind) for at in found] for name, found in spread.layers.items()}
        named = {name: found for name, found in named.items() if any(found)}
        if not named:
            continue
        made = [common_shares(found) for found in named.values()]
        shares, edges = np.stack([one[0] for one in made]), np.stack([one[1] for one in made])
        layout.add(Strips(shares, edges, tuple(named), times, label, facts=layout.facts), f"{label}, by epoch", label)
        shown = True
    if layout.wide:
        layout.end_row()
    sentences = []
    if shown:
        sentences = [
            f"Bands: the share of values in each of {BINS} bins over the range beside them, from white (1 in 10,000 or "
            f"fewer) to black (all) on a logarithmic scale; at most {100 - WITHIN * 100:.1f} % of a layer's values lie "
            "beyond; dotted: zero."
        ]
    layers = [name for name, found in spread.layers.items() if any("dead" in at for at in found)]
    rectified = [name for name in layers if _rectified(architecture, name)]
    if rectified:
        values = np.array([[at.get("dead", np.nan) for at in spread.layers[name]] for name in rectified], np.float64)
        layout.add(Shares(values, tuple(rectified), times, facts=layout.facts), "dead units (%), by epoch", "dead")
        sentences.append("A rectified unit is dead when no picture of those looked at brings it above zero.")
    return sentences


def _rectified(architecture: Architecture, name: str) -> bool:
    stages = {stage.name: stage for stage in architecture.stages}
    return name in stages and stages[name].rectified


def common_shares(found: Sequence[Counted | float | None], bins: int = BINS) -> tuple[np.ndarray, np.ndarray]:
    """Histograms of different ranges over one: shares float32 (times, bins) and edges float64 (bins + 1,).

    The range holds `WITHIN` of the values of every time and is symmetric where both signs occur. A source bin's values
    are taken to lie evenly in it. A time that is not known gets shares of 0.
    """
    known = [one for one in found if isinstance(one, tuple)]
    signed = any(edges[0] < 0 < edges[-1] for _, edges in known)
    reach = [_quantiles(counts, edges, signed) for counts, edges in known]
    low, high = min((low for low, _ in reach), default=0.0), max((high for _, high in reach), default=1.0)
    if signed:
        low, high = -max(-low, high), max(-low, high)
    elif 0 < low < high / 2:
        low = 0.0
    if not high - low > 1e-30:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    shares = np.zeros((len(found), bins), np.float32)
    for index, one in enumerate(found):
        if isinstance(one, tuple) and one[0].sum() > 0:
            below = np.concatenate([[0.0], np.cumsum(one[0], dtype=np.float64)])
            shares[index] = np.diff(np.interp(edges, one[1], below)) / below[-1]
    return shares, edges


def _quantiles(counts: np.ndarray, edges: np.ndarray, signed: bool) -> tuple[float, float]:
    below = np.concatenate([[0.0], np.cumsum(counts, dtype=np.float64)])
    if below[-1] == 0:
        return 0.0, 0.0
    rest = (1 - WITHIN) * below[-1]
    rising = np.concatenate([[True], np.diff(below) > 0])  # np.interp wants the places of a share to be one
    low = float(np.interp(rest / 2, below[rising], edges[rising])) if signed else float(edges[0])
    return low, float(np.interp(below[-1] - (rest / 2 if signed else rest), below[rising], edges[rising]))


# Pictures


def _add_filters(layout: _Layout, filters: FiltersOverTime) -> list[str]:
    names = tuple(str(unit) for unit in filters.units)
    panel = Evolution(
        filters.values, names, _epoch_labels(filters.times), slots=layout.slots(SLOTS_WIDE), facts=layout.facts
    )
    layout.add(panel, f"filters of {filters.layer}, by epoch", "filters", 4, ACROSS)
    layout.end_row()
    which = f"{filters.chosen}, " if filters.chosen else ""
    return [f"Filters: {which}the same units at every epoch, each stretched to its own range (mid-grey is 0)."]


def _add_probe(layout: _Layout, probe: ProbeOverTime) -> list[str]:
    layout.end_row()
    names = tuple(str(unit) for unit in probe.units)
    times = _epoch_labels(probe.times)
    awake = probe.maps.max((2, 3)) > 0 if probe.units else np.zeros((0, len(times)), bool)
    answer = f"{probe.answers[-1]} after epoch {probe.times[-1]}" if probe.answers else ""
    layout.add(Picture(probe.picture, note=answer, facts=layout.facts), "probe picture", "probe", narrow=2)
    if not probe.units:
        return []
    known = awake.astype(np.uint8)
    maps = Evolution(probe.maps, names, times, known, slots=layout.slots(SLOTS_WIDE), facts=layout.facts)
    layout.add(maps, f"maps of {probe.layer}, by epoch", "maps", 4, narrow=4)
    down = Evolution(probe.down, names, times, known, slots=layout.slots(SLOTS_ACROSS), facts=layout.facts)
    layout.end_row()
    layout.add(down, f"reconstructions from {probe.layer}, by epoch", "reconstructions", ACROSS, ACROSS)
    first = unit_text(probe.layer, probe.units[0])
    return [
        f"Probe picture: the units of {probe.layer} that it wakes most after the last epoch shown (from {first}); each "
        "map from black (0) to its own maximum; the strongest activation led down by the deconvnet, within its "
        "receptive field, each stretched to its own range (mid-grey is 0); –: the unit is silent."
    ]


def _epoch_labels(times: Sequence[int]) -> tuple[str, ...]:
    return tuple(str(epoch) for epoch in times)


__all__ = [
    "PARTS", "FiltersOverTime", "ProbeOverTime", "SpreadOverTime", "TrainingCurves", "TrainingRecord", "common_shares",
    "thinned", "training_page",
]  # fmt: skip
