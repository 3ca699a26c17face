"""Fig. 2's page: what chosen units answer to most, projected down separately, beside the patches that caused it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zfdesk.engine import Model, Rule, Seed, SeedKind, cut_field, reconstruct
from zfdesk.figures.facts import Facts, caption, unit_text
from zfdesk.figures.page import Cell, Page, PageSize, is_narrow
from zfdesk.figures.panels import Tiles
from zfdesk.progress import noun

BEYOND = 214
"""The grey of a patch where its unit looks beyond the picture."""

SPACER = 0.07
"""The width between one unit and the next, as a share of a panel's."""

UNITS_ACROSS = 3
"""Units in a row of a page two columns wide; each takes two panels."""

MOST_BELOW = 6
"""Units one below the other on a narrow page: more, side by side, still fit one sheet."""


@dataclass(frozen=True, eq=False)
class UnitExamples:
    """The pictures that make a unit most active, the strongest first.

    ``pictures``: uint8 (size, size, 3) each, what the network saw. ``positions``: (y, x) of each in the unit's map.
    """

    layer: str
    unit: int
    pictures: tuple[np.ndarray, ...]
    positions: tuple[tuple[int, int], ...]


def fig2_page(
    model: Model,
    examples: Sequence[UnitExamples],
    *,
    seen: int | None = None,
    chosen: str = "",
    size: PageSize = "two-column",
    rule: Rule = Rule.DECONVNET,
) -> Page:
    """Two panels a unit: its projections, each stretched on its own, and the patches of the pictures they came from.

    seen: over how many pictures the strongest were sought. chosen: how the units were chosen, in words.
    Raises ValueError for a layer or unit that does not exist, and for a unit without pictures.
    """
    if not examples:
        raise ValueError("Fig. 2 needs at least one unit that is active for one of the pictures.")
    if silent := next((example for example in examples if not example.pictures), None):
        raise ValueError(f"{silent.layer}:{silent.unit} is active for none of the pictures.")
    across = UNITS_ACROSS if not is_narrow(size) else 1 if len(examples) <= MOST_BELOW else 2
    most = max(len(example.pictures) for example in examples)
    columns = math.isqrt(most - 1) + 1  # the smallest square that holds them
    seeds = {e.layer: SeedKind.MAX if model.architecture.stage(e.layer).spatial else None for e in examples}
    facts = Facts.of_model(model, method=rule, seed=next(filter(None, seeds.values()), None))
    cells = []
    for index, (example, (down, patches)) in enumerate(zip(examples, projected(model, examples, rule), strict=True)):
        about = Facts.of_model(model, layer=example.layer, unit=example.unit, method=rule, seed=seeds[example.layer])
        row, column = divmod(index, across)
        name = f"{example.layer}_{example.unit}"
        pair = ((down, unit_text(example.layer, example.unit), "projections"), (patches, "", "patches"))
        cells += [
            Cell(
                Tiles(tiles, columns, silent=True, facts=about),
                row,
                3 * column + place,
                label=label,
                name=f"{name}_{kind}",
            )
            for place, (tiles, label, kind) in enumerate(pair)
        ]
    units = min(across, len(examples))
    widths = (1.0, 1.0, SPACER) * (units - 1) + (1.0, 1.0)
    text = _caption(facts, most, seen, chosen)
    return Page(tuple(cells), size, "Strongest activations (Fig. 2)", text, letters=False, widths=widths)


def projected(model: Model, examples: Sequence[UnitExamples], rule: Rule) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each unit its projections, float32, and patches, uint8: (pictures, field, field, 3); what lies beyond the
    picture is 0, and `BEYOND`. Every picture goes through the network once, and one pass at a time is in memory."""
    made = []
    jobs: dict[int, tuple[np.ndarray, list[Any]]] = {}
    for example in examples:
        stage = model.architecture.stage(example.layer)
        side = min(stage.receptive_field.size, model.architecture.size)
        down = np.zeros((len(example.pictures), side, side, 3), np.float32)
        made.append((down, np.full(down.shape, BEYOND, np.uint8)))
        for index, (picture, position) in enumerate(zip(example.pictures, example.positions, strict=True)):
            seed = Seed(example.layer, example.unit, SeedKind.AT, position)
            places = (stage.receptive_field, position, down[index], made[-1][1][index])
            jobs.setdefault(id(picture), (picture, []))[1].append((seed, *places))
    for picture, wanted in jobs.values():
        seen = model.forward(picture)
        for seed, field, position, down, patch in wanted:
            down[:] = cut_field(reconstruct(seen, seed, rule).values, field, position)
            patch[:] = cut_field(picture, field, position, BEYOND)
    return made


def _caption(facts: Facts, most: int, seen: int | None, chosen: str) -> str:
    over = f" over {seen} {noun(seen, 'picture')}" if seen is not None else ""
    if most == 1:
        how = (
            f"For each unit its strongest activation{over}: projected down, stretched to its own range (mid-grey is "
            "0), beside the patch of the picture that caused it (grey lies beyond the picture)."
        )
    else:
        how = (
            f"For each unit its {most} strongest activations{over}, one a picture, the strongest at the top left: "
            "projected down separately, each stretched to its own range (mid-grey is 0), beside the patches of the "
            "pictures that caused them (grey lies beyond the picture)."
        )
    return " ".join(part for part in (how, f"Units: {chosen}." if chosen else "", caption(facts)) if part)
