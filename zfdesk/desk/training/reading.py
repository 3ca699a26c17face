"""A training run as the pane shows it: read off the window's thread, with its curves. No Qt here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from zfdesk.engine import ARCHITECTURES
from zfdesk.figures.training import thinned
from zfdesk.pages.run_page import curves_of
from zfdesk.runs import LayerTrainingStatistics, Run, RunError, StrongestEntry, read_run

MOST_POINTS = 600  # of a line
MOST_MARKED = 60
FIVE = 5


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
    log = curves_of(run)
    losses, accuracies, rates = [], [], []
    if len(log.epochs):
        losses.append(Line("training", *thinned(log.epochs, log.loss, MOST_POINTS)))
        rates.append(Line("learning rate", *thinned(log.epochs, log.rate, MOST_POINTS), "quiet"))
    else:
        losses.append(Line("training", log.scored, log.training[:, 0]))
    for name, scores, dashed in (("training", log.training, False), ("validation", log.validation, True)):
        if dashed and np.isfinite(scores[:, 0]).any():
            losses.append(Line(name, log.scored, scores[:, 0], "fall", True))
        ranks = (("top-1", 1, "rise"), ("top-5", 2, "bar"))
        for label, column, colour in ranks if len(run.about.classes) > FIVE else ranks[:1]:  # of five all are the first
            if np.isfinite(scores[:, column]).any():  # of pictures without a known class nothing is right or wrong
                accuracies.append(Line(f"{name} {label}", log.scored, scores[:, column] * 100, colour, dashed))
    return losses, accuracies, rates


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


def layers_of(reading: Reading) -> tuple[str, ...]:
    """The layers that have histograms, in the order of the network; before there are any, the convolutions."""
    names = tuple(dict.fromkeys(name for found in reading.statistics.values() for name in found))
    about = reading.run.about
    if names or about.architecture not in ARCHITECTURES:
        return names
    return ARCHITECTURES[about.architecture](max(len(about.classes), 1)).convolutions


__all__ = ["Line", "Lines", "Reading", "layers_of", "lines_of", "read_again"]
