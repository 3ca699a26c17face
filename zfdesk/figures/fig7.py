"""Fig. 7's row: where the evidence lies, from one sweep of an occluder over a picture (Section 4.2)."""

from __future__ import annotations

import numpy as np

from zfdesk.engine import OccluderShape, Rule, Seed, Sweep, reconstruct
from zfdesk.figures.facts import FILL_LABELS, Facts, caption, number, unit_text
from zfdesk.figures.page import Cell, Page, PageSize, is_narrow
from zfdesk.figures.panels import Box, Labels, Occlusion, Panel, Picture, Signed
from zfdesk.progress import percent_text


def fig7_page(
    sweep: Sweep,
    unit: int | None = None,
    class_index: int | None = None,
    *,
    size: PageSize = "two-column",
    picture: str = "",
    frame: int | None = None,
    colours: str = "inferno",
    opacity: float = 1.0,
    contour: bool = False,
) -> Page:
    """(a) the picture with the occluder, (b) the total activation of a map, (c) its reconstruction with its receptive
    field in black, (d) the probability of a class, (e) the most probable class, each against the occluder's place.

    unit: of the sweep's layer; by default the one whose total activation is highest (our choice: the paper says
    "strongest"). class_index: the most probable one by default. picture, frame: what the picture is called. opacity:
    below 1 the maps lie over the picture. contour: a line at half the clean value.
    Raises ValueError for a unit or class that does not exist, or a sweep of which nothing is done.
    """
    unit = sweep.highest_total_unit if unit is None else unit
    class_index = int(sweep.clean_probabilities.argmax()) if class_index is None else class_index
    _check(sweep, unit, class_index)
    clean = float(sweep.clean_activations[unit]), float(sweep.clean_probabilities[class_index])
    drop, occluder = sweep.largest_drop(class_index)
    side = sweep.plan.size
    facts = Facts.of_model(sweep.model, picture=picture, frame=frame)
    box = Box(occluder.top, occluder.left, side, side, "covered", ellipse=sweep.plan.shape is OccluderShape.ELLIPSE)
    name, layer_unit = sweep.model.classes[class_index], unit_text(sweep.layer, unit)
    down, unit_facts = _projected(sweep, unit, facts)

    def occlusion(values: np.ndarray, clean: float, quantity: str, facts: Facts, low: float | None = None) -> Occlusion:
        levels = (clean / 2,) if contour and clean > 0 else ()
        return Occlusion(
            values, sweep.positions, (side, side), len(sweep.picture), clean, quantity, low, colours=colours,
            picture=sweep.picture, opacity=opacity, levels=levels, note=_partial(sweep), facts=facts,
        )  # fmt: skip

    panels: tuple[tuple[Panel, str], ...] = (
        (Picture(sweep.picture, (box,), f"where {name} falls most, by {drop * 100:.1f} points", facts), "input"),
        (occlusion(sweep.activation(unit), clean[0], "total activation", unit_facts),
         f"{layer_unit}, highest total" if unit == sweep.highest_total_unit else layer_unit),
        (down, f"{layer_unit} projected down"),
        (occlusion(sweep.probability(class_index), clean[1], f"P({name})", facts, 0.0), "probability"),
        (_labels(sweep, opacity, facts), "most probable class"),
    )  # fmt: skip
    across = 3 if is_narrow(size) else 5
    cells = tuple(Cell(panel, *divmod(index, across), label=label) for index, (panel, label) in enumerate(panels))
    return Page(cells, size, "Occlusion (Fig. 7)", _caption(sweep, unit_facts, name, clean[1]))


def _labels(sweep: Sweep, opacity: float, facts: Facts) -> Labels:
    labels, clean = sweep.label(), int(sweep.clean_probabilities.argmax())
    names = tuple((int(index), sweep.model.classes[index]) for index in {*labels[labels >= 0].tolist(), clean})
    side = sweep.plan.size
    return Labels(
        labels, sweep.positions, (side, side), len(sweep.picture), tuple(sorted(names)), clean, sweep.picture, opacity,
        note=_partial(sweep), facts=facts,
    )  # fmt: skip


def _projected(sweep: Sweep, unit: int, facts: Facts) -> tuple[Signed, Facts]:
    """The unit's reconstruction on the clean picture, its receptive field covered in black, and its facts."""
    seen = sweep.model.forward(sweep.picture)
    found = reconstruct(seen, Seed(sweep.layer, unit), Rule.DECONVNET)
    limit = float(np.abs(found.values).max())
    position = found.positions[0]
    top, left, bottom, right = sweep.model.architecture.stage(sweep.layer).receptive_field.box(*position)
    shown = Facts.of_model(
        sweep.model, picture=facts.picture, frame=facts.frame, layer=sweep.layer, unit=unit, position=position,
        seed=found.seed.kind, method=found.rule, stretch=127 / limit if limit > 0 else None,
    )  # fmt: skip
    box = Box(top, left, bottom - top, right - left, "region")
    return Signed(found.values, limit, boxes=(box,), note="box: receptive field", facts=shown), shown


def _partial(sweep: Sweep) -> str:
    return "" if sweep.complete else f"partial: {percent_text(sweep.done.mean())} of positions"


def _caption(sweep: Sweep, facts: Facts, name: str, clean: float) -> str:
    plan = sweep.plan
    occluder = f"A {FILL_LABELS[plan.fill]} {plan.shape} of {plan.size} × {plan.size} pixels"
    how = f"{occluder} is moved in steps of {plan.stride}"
    edge = "its centre over the whole picture" if plan.overhang else "inside the picture"
    done = "" if sweep.complete else f"; {_partial(sweep)}"
    sweep_text = f"{how}, {edge}; each value stands at the square's centre{done}."
    return f"{sweep_text} Without it P({name}) is {number(clean)}. {caption(facts)}"


def _check(sweep: Sweep, unit: int, class_index: int) -> None:
    units, classes = len(sweep.clean_activations), len(sweep.clean_probabilities)
    if not 0 <= unit < units:
        raise ValueError(f"{sweep.layer} has units 0 to {units - 1}; there is no unit {unit}.")
    if not 0 <= class_index < classes:
        raise ValueError(f"The network knows classes 0 to {classes - 1}; there is no class {class_index}.")
