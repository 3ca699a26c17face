"""What a training run's folder holds as a page: read here, laid out in `zfdesk.figures.training`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from zfdesk import __version__
from zfdesk.engine import ARCHITECTURES, Model, centre_crop
from zfdesk.engine.layers import Architecture
from zfdesk.figures.facts import Facts
from zfdesk.figures.fig6 import colour_filters, first_convolution
from zfdesk.figures.page import Page, PageSize
from zfdesk.figures.training import (
    PARTS,
    FiltersOverTime,
    ProbeOverTime,
    SpreadOverTime,
    TrainingCurves,
    TrainingRecord,
    training_page,
)
from zfdesk.library import look_at, strongest_units
from zfdesk.progress import percent_text
from zfdesk.runs import Run
from zfdesk.weights import load

MOST_TIMES = 10
"""Snapshots on a page; of more, as many evenly chosen ones."""


def training_of(
    run: Run, wanted: Sequence[int] | None = None, *, parts: Sequence[str] = PARTS, layer: str = "", units: int = 4,
    filters: int = 6, size: PageSize = "two-column",
) -> Page:  # fmt: skip
    """The page of a run, also of one in progress.

    wanted: the snapshots' epochs; all, or `MOST_TIMES`, by default. parts: some of `PARTS`. layer: whose ``units`` the
    probe picture wakes most; by default the middle convolution. filters: how many of the first layer are shown.
    Raises ValueError or OSError, in a sentence, where there is no such epoch or layer, or a file cannot be read.
    """
    architecture = architecture_of(run)
    epochs = chosen_epochs(run.snapshots, wanted)
    models: tuple[FiltersOverTime | None, ProbeOverTime | None, Facts] = (None, None, run_facts(None))
    if epochs and {"filters", "probe"} & set(parts):
        models = _of_models(run, epochs, "probe" in parts, layer, units, filters)
    spread = spread_of_run(run, wanted) if "spread" in parts else None
    record = TrainingRecord(architecture, run.label, curves_of(run), spread, *models)
    return training_page(record, parts=parts, size=size)


def architecture_of(run: Run) -> Architecture:
    """What the run trains. ValueError where it is not known here."""
    if run.about.architecture not in ARCHITECTURES:
        raise ValueError(f"The run trains an architecture that is not known here, {run.about.architecture!r}.")
    return ARCHITECTURES[run.about.architecture](max(len(run.about.classes), 1))


def chosen_epochs(there: Sequence[int], wanted: Sequence[int] | None) -> tuple[int, ...]:
    """The snapshots to show: those asked for, or all, or as many as fit. ValueError for one that is not there."""
    if wanted is None:
        if len(there) <= MOST_TIMES:
            return tuple(there)
        return tuple(there[place] for place in np.linspace(0, len(there) - 1, MOST_TIMES).round().astype(int))
    for epoch in wanted:
        if epoch not in there:
            known = f"there are {', '.join(map(str, there))}" if there else "it has none yet"
            raise ValueError(f"The run has no snapshot of epoch {epoch}; {known}.")
    return tuple(sorted(wanted))


def curves_of(run: Run) -> TrainingCurves:
    """Return the log of a run as arrays."""

    def column(name: str) -> np.ndarray:
        return np.array([getattr(step, name) for step in run.steps], np.float64)

    nothing = (np.nan,) * 3
    scores = [
        [(score.loss, score.top1, score.top5) if score else nothing for score in (epoch.training, epoch.validation)]
        for epoch in run.epochs
    ]
    both = np.array(scores, np.float64).reshape(-1, 2, 3)
    scored = np.array([epoch.epoch for epoch in run.epochs], np.float64)
    return TrainingCurves(column("epoch"), column("loss"), column("learning_rate"), scored, both[:, 0], both[:, 1])


def spread_of_run(run: Run, wanted: Sequence[int] | None) -> SpreadOverTime:
    """The histograms of the run; of an epoch that has none, none."""
    there = tuple(epoch for epoch in run.statistics_epochs if wanted is None or epoch in wanted)
    epochs = chosen_epochs(there, None)
    found = [run.statistics(epoch) for epoch in epochs]
    layers: dict[str, list[dict[str, Any]]] = {}
    for name in dict.fromkeys(name for one in found for name in one):
        for one in found:
            layer = one.get(name)
            kinds: dict[str, Any] = {}
            for kind in ("weight", "activation", "gradient"):
                if layer is not None and (spread := getattr(layer, kind)) is not None:
                    kinds[kind] = (spread.counts, spread.edges)
            if layer is not None and layer.dead is not None:
                kinds["dead"] = layer.dead
            layers.setdefault(name, []).append(kinds)
    return SpreadOverTime(epochs, layers)


def run_facts(model: Model | None) -> Facts:
    """The facts of a snapshot's network; of none, of this program alone."""
    return Facts(version=__version__) if model is None else Facts.of_model(model)


def _of_models(
    run: Run, epochs: tuple[int, ...], probe: bool, layer: str, count: int, most: int
) -> tuple[FiltersOverTime | None, ProbeOverTime | None, Facts]:
    """What the snapshots hold and answer. The last one, which decides what is shown, is read first."""
    last = load(run.snapshot_file(epochs[-1]))
    first = first_convolution(last)
    rms = np.sqrt((colour_filters(last, first) ** 2).mean((1, 2, 3)))
    kept = np.sort(np.argsort(-rms, kind="stable")[:most])
    picture = run.probe() if probe else None
    convolutions = last.architecture.convolutions
    layer = layer or convolutions[len(convolutions) // 2]
    if last.architecture.stage(layer).layer is None:
        raise ValueError("The input has no units to look at: choose a layer above it.")
    units: tuple[int, ...] = ()
    filters, looks, answers = [], [], []
    for epoch in (epochs[-1], *epochs[:-1]):
        model = last if epoch == epochs[-1] else load(run.snapshot_file(epoch))
        filters.append(colour_filters(model, first)[kept])
        if picture is not None:
            units, look, answer = _look(model, picture, layer, units or None, count)
            looks.append(look)
            answers.append(answer)
    order = [*range(1, len(epochs)), 0]
    shown = FiltersOverTime(
        first.name, tuple(map(int, kept)), epochs, np.stack([filters[place] for place in order], 1),
        f"the {len(kept)} of {len(rms)} with the largest root mean square after epoch {epochs[-1]}",
    )  # fmt: skip
    if picture is None:
        return shown, None, run_facts(last)
    maps, down = (np.stack([getattr(looks[place], name) for place in order], 1) for name in ("maps", "down"))
    seen = _seen(last, picture)
    followed = ProbeOverTime(seen, layer, units, epochs, maps, down, tuple(answers[place] for place in order))
    return shown, followed, run_facts(last)


def _seen(model: Model, picture: np.ndarray) -> np.ndarray:
    return centre_crop(picture, model.architecture.size, model.input.resize)


def _look(
    model: Model, picture: np.ndarray, layer: str, units: tuple[int, ...] | None, count: int
) -> tuple[tuple[int, ...], Any, str]:
    passed = model.forward(_seen(model, picture))
    units = strongest_units(passed, layer, count) if units is None else units
    likely = int(passed.probabilities[0].argmax())
    answer = f"{model.classes[likely]} {percent_text(float(passed.probabilities[0, likely]))}"
    return units, look_at(passed, layer, units), answer


__all__ = ["MOST_TIMES", "architecture_of", "chosen_epochs", "curves_of", "run_facts", "spread_of_run", "training_of"]
