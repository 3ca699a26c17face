"""What a result is in words, and the page it makes: the picture, the unit's map, its reconstruction, the classes."""

from __future__ import annotations

import math

import numpy as np

from zfdesk.engine import OccluderShape, Rule, SeedKind
from zfdesk.figures.captions import without_method
from zfdesk.figures.facts import Facts, caption, number, unit_text
from zfdesk.figures.page import Cell, Page, is_narrow
from zfdesk.figures.panels import Bars, Box, Maps, Panel, Picture, Signed, Text, UnitMap
from zfdesk.live import Mosaic, Normalise, Result, Style, SweepSettings, SweepSnapshot, UnitResult, View
from zfdesk.live.bars import SUMS, BarRow, bar_rows, shows_kinds
from zfdesk.live.sweeping import shown_class, shown_unit

CROPPED = " · cropped to all that this position sees"


def facts_of(result: Result) -> Facts:
    """The facts of what is looked at: network, picture, and of the unit whatever has been computed."""
    return unit_facts(result, result.unit, result.request.view.method)


def unit_facts(result: Result, unit: UnitResult | None, method: Rule) -> Facts:
    """The facts of one of the result's units, as reconstructed by a method where it was."""
    view, frame = result.request.view, result.request.frame
    known = {"picture": frame.origin, "frame": frame.number, "occluders": view.occluders}
    if unit is None:
        return Facts.of_model(result.request.model, **known)
    seed = unit.reference.to_seed()
    known |= {"layer": unit.reference.layer, "unit": unit.reference.unit, "position": unit.place}
    if rendered := unit.pictures.get(method):
        stretch = rendered.stretch if rendered.high > 1e-12 else None
        known |= {"seed": seed.kind if unit.place else None, "seed_count": seed.k, "method": method, "stretch": stretch}
    return Facts.of_model(result.request.model, **known)


def result_page(result: Result, size: str = "two-column") -> Page:
    """The default page of a result, captioned with its facts."""
    facts = facts_of(result)
    panels: list[tuple[Panel, str]] = [(picture_panel(result, facts), "what the network sees")]
    unit = result.unit
    if unit is not None:
        panels += [
            map_panel(result, unit, facts),
            reconstruction_panel(result, unit, facts, result.request.view.method),
        ]
    panels.append((bars_panel(result, facts), bars_label(result)))
    across = 2 if is_narrow(size) else len(panels)
    cells = tuple(Cell(panel, *divmod(place, across), label=label) for place, (panel, label) in enumerate(panels))
    return Page(cells, size, page_title(facts), f"{bars_text(result)} {caption(facts)}".strip())


def page_title(facts: Facts) -> str:
    """What a page of these facts is called."""
    where = f" · {unit_text(facts.layer, facts.unit, facts.position)}" if facts.layer else ""
    return f"{facts.picture or 'Picture'}{where}"


def page_of_sweep(swept: SweepSnapshot, view: View, size: str = "two-column") -> Page:
    """Fig. 7's row of a sweep, of the unit and class and in the colours that the view shows it in.

    Raises ValueError where nothing of the sweep is done yet.
    """
    if swept.sweep is None:
        raise ValueError("Nothing of the sweep is done yet.")
    return fig7_of(swept, shown_unit(swept.sweep, view), shown_class(swept.sweep, view), view.sweep, size)


def fig7_of(swept: SweepSnapshot, unit: int, class_index: int, look: SweepSettings, size: str = "two-column") -> Page:
    """Fig. 7's row of a unit and a class, in the look that the settings have."""
    from zfdesk.figures.fig7 import fig7_page

    assert swept.sweep is not None
    return fig7_page(
        swept.sweep, unit, class_index, size=size, picture=swept.input.origin, frame=swept.input.number,
        colours=look.colours, opacity=look.opacity, contour=look.contour,
    )  # fmt: skip


def picture_panel(result: Result, facts: Facts) -> Picture:
    """What the network saw, with the receptive field of the unit and the occluders."""
    boxes, note = [], ""
    if result.unit is not None and result.unit.reference.layer != "input":
        top, left, bottom, right = result.unit.box
        if bottom - top < len(result.picture):  # one that covers everything says nothing
            boxes.append(Box(top, left, bottom - top, right - left, "field"))
            note = "box: receptive field"
    boxes += [
        Box(o.top, o.left, o.height, o.width, "covered", ellipse=o.shape is OccluderShape.ELLIPSE)
        for o in result.request.view.occluders
    ]
    return Picture(result.picture, tuple(boxes), note, without_method(facts))


def maps_panel(result: Result, mosaic: Mosaic, facts: Facts) -> Maps:
    """All maps of the layer, as the window shows them; of a layer without positions over one range, and none framed."""
    view, has_maps = result.request.view, mosaic.tile != (1, 1)
    each = view.maps.normalise is Normalise.UNIT and has_maps
    return Maps(
        np.ascontiguousarray(mosaic.values[mosaic.units]), mosaic.units, mosaic.text,
        each=each, signed=mosaic.signed, colours=view.maps.colours,
        marked=view.unit if has_maps and mosaic.layer == view.layer else -1,
        high=0.0 if math.isnan(mosaic.high) else mosaic.high, boost=view.maps.boost if each else 1.0,
        gamma=view.maps.gamma, facts=facts,
    )  # fmt: skip


def map_panel(result: Result, unit: UnitResult, facts: Facts) -> tuple[Panel, str]:
    """A unit's map, or its one value in words; and a label."""
    label = unit_text(facts.layer, facts.unit)
    if unit.map.size == 1:
        return Text(f"activation {number(unit.activation)}"), label
    stage = result.request.model.architecture.stage(unit.reference.layer)
    signed = not stage.rectified and float(unit.map.min()) < 0
    colours = result.request.view.maps.colours
    return UnitMap(unit.map, unit.position, signed=signed, colours=colours, facts=without_method(facts)), label


def reconstruction_panel(result: Result, unit: UnitResult, facts: Facts, method: Rule) -> tuple[Panel, str]:
    """A unit's reconstruction by a method, or the reason why there is none; and a label."""
    view = result.request.view
    label, rendered = f"{method} of {unit_text(facts.layer, facts.unit)}", unit.pictures.get(method)
    if rendered is None:
        return Text(unit.reason or "There is no reconstruction."), label
    values = rendered.reconstruction.values
    window = seen_window(unit, len(values))
    if view.style in (Style.NORM, Style.BLURRED):
        top, left, bottom, right = window or (0, 0, len(values), len(values))
        note = f"{view.style} over RGB, 0 to {number(rendered.high)}{CROPPED if window else ''}"
        return Picture(np.ascontiguousarray(rendered.image[top:bottom, left:right]), note=note, facts=facts), label
    if view.style is Style.GRAY:
        values = np.repeat(values.mean(2, keepdims=True), 3, axis=2)
    limit = rendered.high if rendered.high > 1e-12 else 0.0
    style_text = "mean over RGB" if view.style is Style.GRAY else ""
    note = f"{style_text}{CROPPED if window else ''}".removeprefix(" · ")
    return Signed(values, limit, window=window, note=note, facts=facts), label


def seen_window(unit: UnitResult, side: int) -> tuple[int, int, int, int] | None:
    """(top, left, bottom, right) of all that one position of a unit can see within a picture of ``side`` pixels; None
    where that is the whole picture, or several positions are led down."""
    top, left, bottom, right = unit.box
    if unit.reference.to_seed().kind not in (SeedKind.MAX, SeedKind.AT) or bottom - top >= side:
        return None
    return max(top, 0), max(left, 0), min(bottom, side), min(right, side)


def bars_panel(result: Result, facts: Facts) -> Bars:
    """The watched and the most probable classes or kinds, with the clean values where something is covered."""
    rows = _rows(result)
    values, clean = (np.array(given, np.float32) for given in ([r.probability for r in rows], [r.clean for r in rows]))
    note = SUMS if _by_kind(result) else ""
    return Bars(values, tuple(row.text for row in rows), clean if result.occluded else None, note, facts)


def bars_label(result: Result) -> str:
    """What stands above the bars."""
    return "probabilities by kind" if _by_kind(result) else "class probabilities"


def bars_text(result: Result) -> str:
    """What a caption says of the bars: "" for those of single classes."""
    return f"The {SUMS} of thing (by WordNet's hypernyms)." if _by_kind(result) else ""


def _by_kind(result: Result) -> bool:
    return shows_kinds(result.request.view, result.request.model.classes)


def _rows(result: Result) -> list[BarRow]:
    clean = result.clean_probabilities if result.occluded else result.probabilities
    return bar_rows(result.request.view, result.request.model.classes, result.probabilities, clean)
