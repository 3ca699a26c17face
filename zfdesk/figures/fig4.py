"""Fig. 4's page: how chosen units evolve while a network trains, a row for each and a column for each epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zfdesk.figures.facts import Facts, caption
from zfdesk.figures.over_time import Evolution
from zfdesk.figures.page import Cell, Page, PageSize, is_narrow
from zfdesk.figures.panels import Panel

SLOTS = 8
"""Columns a block is drawn for at least, so that a few are not drawn huge."""


@dataclass(frozen=True, eq=False)
class UnitOverTime:
    """A unit's strongest answer at each epoch. patches: uint8 (times, side, side, 3), what its receptive field saw of
    the picture; down: float32 of that shape, the reconstruction. alive: bool (times,), whether any picture woke it."""

    layer: str
    unit: int
    patches: np.ndarray
    down: np.ndarray
    alive: np.ndarray


def fig4_page(
    units: Sequence[UnitOverTime],
    epochs: Sequence[int],
    *,
    about: str = "",
    searched: str = "",
    chosen: str = "",
    facts: Facts | None = None,
    size: PageSize = "two-column",
) -> Page:
    """A block for each layer: the reconstructions, and beside (or, on a narrow page, below) them the patches.

    about: the run in words. searched: over what the strongest were sought. chosen: how the units were.
    Raises ValueError without units or epochs.
    """
    if not units or not epochs:
        raise ValueError("Fig. 4 needs at least one unit and one snapshot.")
    facts = facts or Facts()
    across = 1 if is_narrow(size) else 2
    times = tuple(str(epoch) for epoch in epochs)
    slots = max(len(times), SLOTS)
    cells: list[Cell] = []
    for layer in dict.fromkeys(unit.layer for unit in units):
        rows = [unit for unit in units if unit.layer == layer]
        names = tuple(str(unit.unit) for unit in rows)
        known = np.stack([unit.alive for unit in rows]).astype(np.uint8)
        for what, values, name in (
            ("reconstructions, by epoch", np.stack([unit.down for unit in rows]), "reconstructions"),
            ("patches", np.stack([unit.patches for unit in rows]), "patches"),
        ):
            panel: Panel = Evolution(values, names, times, known, slots=slots, facts=facts)
            place = divmod(len(cells), across)
            cells.append(Cell(panel, *place, label=f"{layer} {what}", name=f"{layer}_{name}"))
    shown = (
        "For each unit (number at the left) and epoch (above) the strongest activation over all pictures, led down to "
        "the pixels by the deconvnet, each stretched to its own range (mid-grey is 0), and the patch of the picture "
        "that caused it (grey lies beyond the picture). A jump is a change of picture. –: no picture wakes the unit."
    )
    over = f"Searched: {searched}." if searched else ""
    how = f"Units: {chosen}." if chosen else ""
    text = " ".join(part for part in (about, shown, over, how, caption(facts)) if part)
    return Page(tuple(cells), size, "Evolution of units (Fig. 4)", text, letters=False)
