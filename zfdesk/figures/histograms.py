"""How weights and activations are spread, layer by layer, and how many units never answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from zfdesk.engine import Conv, Linear, Model
from zfdesk.engine.kernels import dense
from zfdesk.figures.facts import Facts, caption, number
from zfdesk.figures.page import Cell, Page, PageSize, is_narrow
from zfdesk.figures.panels import Histogram
from zfdesk.progress import percent_text

BINS = 64


@dataclass(frozen=True, eq=False)
class Activations:
    """A layer's activations over many pictures.

    counts: int64 (bins,) of those that are not zero, between edges, float64 (bins + 1,). zeros: the share of those that
    are exactly zero. dead: how many of the units were never above zero, None for a layer without rectification.
    """

    counts: np.ndarray
    edges: np.ndarray
    zeros: float
    dead: int | None
    units: int


def histograms_page(
    model: Model,
    activations: Mapping[str, Activations] | None = None,
    seen: int = 0,
    *,
    size: PageSize = "two-column",
) -> Page:
    """For each layer with weights a histogram of them and, where known, of its activations over ``seen`` pictures."""
    activations = activations or {}
    across = 2 if is_narrow(size) else 4
    panels: list[tuple[Histogram, str, str]] = []
    for stage in model.architecture.stages:
        if not isinstance(stage.layer, Conv | Linear):
            continue
        facts = Facts.of_model(model, layer=stage.name)
        panels.append((_weights(model, stage.name, facts), f"{stage.name} weights", f"{stage.name}_weights"))
        if found := activations.get(stage.name):
            panels.append((_activations(found, facts), f"{stage.name} activations", f"{stage.name}_activations"))
    cells = tuple(
        Cell(panel, *divmod(index, across), label=label, name=name) for index, (panel, label, name) in enumerate(panels)
    )
    counts_text = "Counts on a logarithmic scale; SD: standard deviation."
    if activations:
        over = "1 picture" if seen == 1 else f"{seen} pictures"
        counts_text += (
            f" Activations after rectification, where there is one, over {over}, zeros left out. A rectified unit is "
            f"dead when none of the pictures brings it above zero: {_dead(activations.values())} here."
        )
    network = caption(Facts.of_model(model))
    return Page(cells, size, "Weights and activations", f"{counts_text} {network}", letters=False)


def _dead(layers: Iterable[Activations]) -> str:
    """Dead units of how many, over the rectified layers."""
    rectified = [found for found in layers if found.dead is not None]
    return f"{sum(found.dead or 0 for found in rectified)} of {sum(found.units for found in rectified)}"


def _weights(model: Model, layer: str, facts: Facts) -> Histogram:
    values = dense(model.weights[f"{layer}.weight"], torch.float32).flatten()
    limit = max(float(values.abs().max()), 1e-12)
    edges = np.linspace(-limit, limit, BINS + 1)
    counts, mean, square = torch.zeros(BINS, dtype=torch.int64), 0.0, 0.0
    # in blocks: all of fc6 in double precision would take 300 MB, and histc counts in float32
    for part in values.split(1 << 22):
        counts += torch.histc(part, BINS, -limit, limit).long()
        mean += float(part.double().sum()) / len(values)
        square += float(part.double().square().sum()) / len(values)
    spread = max(square - mean * mean, 0.0) ** 0.5
    note = f"mean {number(mean)}, SD {number(spread)}"
    return Histogram(counts.numpy()[None], edges, quantity="", logarithmic=True, note=note, facts=facts)


def _activations(found: Activations, facts: Facts) -> Histogram:
    note = f"{percent_text(found.zeros)} zero" + ("" if found.dead is None else f"; {_dead([found])} dead")
    return Histogram(found.counts[None], found.edges, quantity="", logarithmic=True, note=note, facts=facts)
