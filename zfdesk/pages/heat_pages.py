"""Pages of where a class or a unit looks: several methods side by side, and the check of Adebayo et al. (2018)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from zfdesk.attribution import METHODS, Attribution
from zfdesk.attribution.agreement import SanityStep, points_into, rank_correlation, share_inside
from zfdesk.experiments.curves import InsertionDeletion
from zfdesk.figures import panels
from zfdesk.figures.facts import Facts, caption
from zfdesk.figures.heat import heated
from zfdesk.figures.page import Cell, Page, PageSize, is_narrow
from zfdesk.live import HeatFound, HeatSettings

ALONE = 4  # pictures of methods side by side in a row; two on a narrow page


def facts_of_heat(found: HeatFound) -> Facts:
    """The network, the picture, what covered it."""
    given = found.input
    return Facts.of_model(given.model, picture=given.origin, frame=given.number, occluders=given.occluders)


def agreement_text(
    found: HeatFound, name: str, box: tuple[int, int, int, int] | None, curves: InsertionDeletion | None = None
) -> list[str]:
    """What is known of a method's map, in numbers; all but ``curves`` is worked out at once."""
    heat = found.found[name].heat
    parts: list[str] = []
    if curves is not None:
        parts += [f"deletion {curves.deletion.area:.3f}", f"insertion {curves.insertion.area:.3f}"]
    if box is not None:
        parts.append("points into the box" if points_into(heat, box) else "points beside the box")
        parts.append(f"{share_inside(heat, box) * 100:.0f} % of the heat in it")
    first = next(iter(found.found.values()))
    if found.found[name] is not first:
        parts.append(f"rank correlation {rank_correlation(heat, first.heat):.2f} with {first.method.label}")
    return parts


def agreement_rows(
    found: HeatFound, box: tuple[int, int, int, int] | None, curves: Mapping[str, InsertionDeletion]
) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Names of columns, and a row for each method; "" where a number was not worked out."""
    names = list(found.found)
    head = ("method", "deletion", "insertion", "points into the box", "share in the box",
            *(f"rank correlation with {name}" for name in names))  # fmt: skip
    rows: list[tuple[object, ...]] = []
    for name, one in found.found.items():
        measured = curves.get(name)
        areas = (measured.deletion.area, measured.insertion.area) if measured is not None else ("", "")
        inside = (points_into(one.heat, box), share_inside(one.heat, box)) if box is not None else ("", "")
        likeness = (rank_correlation(one.heat, other.heat) for other in found.found.values())
        rows.append((name, *areas, *inside, *likeness))
    return head, rows


def heat_panel(found: HeatFound, name: str, look: HeatSettings, colours: str, note: str = "") -> panels.Picture:
    """One method's heat over its picture, as the window shows it. Raises KeyError where it has none."""
    pixels = heated(found.input.picture, found.found[name].heat, colours, look.opacity, look.contour)
    boxes: tuple[panels.Box, ...] = ()
    if look.box is not None:
        top, left, bottom, right = look.box
        boxes = (panels.Box(top, left, bottom - top, right - left, "region"),)
    line = f"line at {look.contour * 100:.0f} % of the full heat" if look.contour > 0 else ""
    return panels.Picture(
        pixels, boxes, "; ".join(part for part in (note, line) if part), facts_of_heat(found)
    )  # fmt: skip


def heat_text(found: HeatFound, name: str) -> str:
    """A sentence: whose map by which method, and what full colour means."""
    source = found.found[name].method.source
    return f"{found.method_text(name)} ({source}); full colour is the 99.5th percentile of the heat."


def method_label(one: Attribution) -> str:
    """Grad-CAM at conv5."""
    return f"{one.method.label} at {one.layer}" if one.layer else one.method.label


def methods_page(
    found: HeatFound,
    look: HeatSettings,
    colours: str = "inferno",
    curves: Mapping[str, InsertionDeletion] | None = None,
    size: PageSize = "two-column",
) -> Page:
    """The maps of all methods that have one. ``curves``: by method, where they were measured.

    Raises ValueError where none has.
    """
    if not found.found:
        raise ValueError(next(iter(found.reasons.values()), "There is no map to show."))
    across, cells = 2 if is_narrow(size) else ALONE, []
    for place, (name, one) in enumerate(found.found.items()):
        note = "; ".join(agreement_text(found, name, look.box, (curves or {}).get(name)))
        panel = heat_panel(found, name, look, colours, note)
        cells.append(Cell(panel, *divmod(place, across), label=method_label(one)))
    lead = " ".join(heat_text(found, name) for name in found.found)
    left_out = " ".join(found.reasons.values())
    text = " ".join(part for part in (lead, left_out, caption(facts_of_heat(found))) if part)
    return Page(tuple(cells), size, "Methods side by side", text)


def sanity_page(
    picture: np.ndarray,
    steps: Sequence[SanityStep],
    facts: Facts,
    colours: str = "inferno",
    size: PageSize = "two-column",
    seed: int = 0,
) -> Page:
    """A row of maps for each method, one for each layer down to which the weights are random; and how like the trained
    network's they are.

    picture: uint8 (size, size, 3). steps: of `zfdesk.attribution.agreement.sanity_check`, at least one; seed: its seed.
    """
    names = list(steps[0].maps)
    grey = picture.mean(2, keepdims=True).astype(np.uint8).repeat(3, 2)  # points of heat are seen better on it
    layers = tuple(step.layer or "trained" for step in steps)
    cells = []
    for row, name in enumerate(names):
        tiles = np.stack([heated(grey, step.maps[name].heat, colours, 1.0) for step in steps])
        panel = panels.Tiles(tiles, len(steps), names=layers, facts=facts)
        cells.append(Cell(panel, row, 0, label=method_label(steps[0].maps[name])))
    likeness = np.array([[step.likeness[name] for step in steps] for name in names])
    lines = panels.Curves(
        np.arange(len(steps), dtype=np.float64), likeness, tuple(METHODS[name].label for name in names),
        "layers whose weights are random, from the top", "rank correlation", facts=facts,
    )  # fmt: skip
    cells.append(Cell(lines, len(names), 0, label="likeness to the map of the trained network"))
    ends = ", ".join(f"{METHODS[name].label} {steps[-1].likeness[name]:.2f}" for name in names)
    lead = (
        f"{steps[0].maps[names[0]].description()}. From the top "
        "down the weights of one layer after another are replaced by "
        f"normal numbers of the same mean and deviation (seed {seed}; Adebayo et al. 2018, Section 3.1); a map that "
        f"stays the same tells of something else than what was learned. Spearman's rank correlation at the end: {ends}."
    )
    return Page(tuple(cells), size, "Sanity check (Adebayo et al. 2018)", f"{lead} {caption(facts)}")


__all__ = [
    "agreement_rows", "agreement_text", "facts_of_heat", "heat_panel", "heat_text", "method_label", "methods_page",
    "sanity_page",
]  # fmt: skip
