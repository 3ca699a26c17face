"""What can be placed in a figure, and how each is taken from what the window shows: a result and what stands beside it.

Everything of the live view is taken from one result, computed in full by `whole`, so that all panels are of one frame.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from zfdesk.engine import Rule
from zfdesk.figures.captions import without_method, without_unit
from zfdesk.figures.facts import Facts, caption, occluder_words, seed_words, unit_words
from zfdesk.figures.page import Page
from zfdesk.figures.panels import Compare, Curves, Maps, Panel
from zfdesk.live import Computation, Demand, Normalise, Result, SweepSettings, SweepSnapshot, TraceAxis, UnitResult
from zfdesk.live.trace import TracePoint
from zfdesk.live.view import MOST_PINS
from zfdesk.pages.view_page import (
    bars_panel,
    facts_of,
    fig7_of,
    map_panel,
    picture_panel,
    reconstruction_panel,
    unit_facts,
)


class Kind(StrEnum):
    """The kinds of piece, by the words they have in a layout's file."""

    PICTURE = "picture"
    MAPS = "feature maps"
    UNIT_MAP = "unit map"
    DECONVNET = "deconvnet"
    GUIDED = "guided"
    GRADIENT = "gradient"
    BARS = "probabilities"
    COVERED_MAP = "map clean and covered"
    COVERED = "reconstruction clean and covered"
    PIN_MAP = "map of a pinned unit"
    PIN = "reconstruction of a pinned unit"
    SWEEP_INPUT = "fig7 a"
    SWEEP_ACTIVATION = "fig7 b"
    SWEEP_DOWN = "fig7 c"
    SWEEP_PROBABILITY = "fig7 d"
    SWEEP_LABEL = "fig7 e"
    TRACE = "trace"
    A_PICTURE = "snapshot picture"
    A_MAP = "snapshot map"
    A_DOWN = "snapshot reconstruction"
    ARCHITECTURE = "architecture"
    FILTERS = "first-layer filters"
    INVARIANCE_LOW = "invariance, lower layer"
    INVARIANCE_HIGH = "invariance, upper layer"
    INVARIANCE_PROBABILITY = "invariance, probability"
    FIXED = "fixed"  # of a template or a file: it stays as it is


@dataclass(frozen=True)
class Piece:
    """What a place of a figure shows. number: which pinned unit."""

    kind: Kind
    number: int = 0


METHODS = {Kind.DECONVNET: Rule.DECONVNET, Kind.GUIDED: Rule.GUIDED, Kind.GRADIENT: Rule.GRADIENT}
SWEPT = (Kind.SWEEP_INPUT, Kind.SWEEP_ACTIVATION, Kind.SWEEP_DOWN, Kind.SWEEP_PROBABILITY, Kind.SWEEP_LABEL)
"""In the order of Fig. 7's row."""
PINNED = (Kind.PIN_MAP, Kind.PIN)
SNAPPED = (Kind.A_PICTURE, Kind.A_MAP, Kind.A_DOWN)
COVERED = (Kind.COVERED_MAP, Kind.COVERED)
INVARIANCE = (Kind.INVARIANCE_LOW, Kind.INVARIANCE_HIGH, Kind.INVARIANCE_PROBABILITY)
MADE = dict.fromkeys(INVARIANCE, "Nothing was moved yet: open the pane Invariance and slide.")
"""Pieces that a pane makes itself, with what is said where it has not."""
WIDE = (*COVERED, *SNAPPED, Kind.ARCHITECTURE)
"""Pieces of three pictures side by side, or as wide: they want three columns."""

WORDS = {
    Kind.PICTURE: "Picture with boxes", Kind.MAPS: "Feature maps", Kind.UNIT_MAP: "Unit map",
    Kind.DECONVNET: "Deconvnet", Kind.GUIDED: "Guided backprop", Kind.GRADIENT: "Gradient",
    Kind.BARS: "Class probabilities", Kind.COVERED_MAP: "Unit map: clean | covered | difference",
    Kind.COVERED: "Reconstruction: clean | covered | difference", Kind.PIN_MAP: "Pin: map", Kind.PIN: "Pin",
    Kind.SWEEP_INPUT: "Picture with the square", Kind.SWEEP_ACTIVATION: "Total activation",
    Kind.SWEEP_DOWN: "Its reconstruction", Kind.SWEEP_PROBABILITY: "Probability of the class",
    Kind.SWEEP_LABEL: "Most probable class", Kind.TRACE: "Trace", Kind.A_PICTURE: "Picture: A | B | difference",
    Kind.A_MAP: "Unit map: A | B | difference", Kind.A_DOWN: "Reconstruction: A | B | difference",
    Kind.ARCHITECTURE: "Architecture (Fig. 3)", Kind.FILTERS: "First-layer filters (Fig. 6)",
    Kind.INVARIANCE_LOW: "Distance in the lower layer", Kind.INVARIANCE_HIGH: "Distance in the upper layer",
    Kind.INVARIANCE_PROBABILITY: "Probability of the label", Kind.FIXED: "Panel as it was made",
}  # fmt: skip
"""What people call them."""

GROUPS: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("Now in the window", (Kind.PICTURE, Kind.MAPS, Kind.UNIT_MAP, Kind.DECONVNET, Kind.GUIDED, Kind.GRADIENT,
                           Kind.BARS)),
    ("Clean | covered | difference", COVERED),
    ("Pinned units", PINNED),
    ("Occlusion (Fig. 7)", SWEPT),
    ("Snapshot A | B | difference", SNAPPED),
    ("Over time", (Kind.TRACE,)),
    ("Shifted, enlarged, turned (Fig. 5)", INVARIANCE),
    ("The network", (Kind.ARCHITECTURE, Kind.FILTERS)),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class TraceLines:
    """What the trace shows: its points, the classes that have a line, and what it is drawn against."""

    points: tuple[TracePoint, ...]
    classes: tuple[int, ...]
    axis: TraceAxis
    words: str


@dataclass(frozen=True, eq=False)
class Material:
    """What pieces are taken from. ``compared``: the result once more with its unit clean and covered, from one seed.

    ``made``: what panes make themselves: a function a kind, to be called in any thread, which may raise ValueError.
    ``snapshot``: A. ``swept``: the occlusion sweep, of the unit and class that its pane shows, ``sweep_look``: in the
    colours, opacity and with the contour that it shows them in.
    """

    result: Result | None = None
    compared: Result | None = None
    snapshot: Result | None = None
    swept: SweepSnapshot | None = None
    sweep_unit: int = 0
    sweep_class: int = 0
    sweep_look: SweepSettings = field(default_factory=SweepSettings)
    trace: TraceLines | None = None
    made: Mapping[Kind, Callable[[], Taken]] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)  # made once for all pieces that are taken from them


@dataclass(frozen=True, eq=False)
class Taken:
    """A piece as a panel. ``label``: words above it. ``origin``: of which frame, or sweep, or network it is.

    ``words``: sentences for the caption beyond the panel's facts.
    """

    panel: Panel
    label: str
    origin: str
    words: str = ""


class CannotError(ValueError):
    """A piece that cannot be had, with the reason in a sentence."""


def whole(material: Material) -> Material:
    """The same with all that pieces need computed, of the same frame: it takes a tenth of a second, not in the window's
    thread. Raises ValueError or ArithmeticError where the view asks for what cannot be."""
    if material.result is None:
        return material
    request, computation = material.result.request, Computation()
    demand = Demand(layers=False, methods=tuple(Rule))
    *_, result = computation.run(replace(request, demand=demand))
    compared = None
    if result.occluded:
        *_, compared = computation.run(replace(request, demand=replace(demand, methods=(), compare=True, maps=False)))
    return replace(material, result=result, compared=compared, pages={})


def why_not(piece: Piece, material: Material) -> str:
    """Why a piece cannot be had, as far as that is known without computing anything; "" when it may be."""
    kind, result = piece.kind, material.result
    if kind is Kind.FIXED:
        return "It was made by a template or comes from a file: take that again."
    if kind in MADE:
        return "" if kind in material.made else MADE[kind]
    if kind is Kind.TRACE:
        lines = material.trace
        return "" if lines and len(lines.points) > 1 else "There is no trace yet: drag the occluder, or play something."
    if kind in SWEPT:
        swept = material.swept
        if swept is None or swept.sweep is None or not swept.sweep.done.any():
            return "There is no sweep yet: press Ctrl+X in the window."
        return ""
    if result is None:
        return "No picture has come yet."
    if kind in COVERED and not result.request.view.occluders:
        return "Nothing is covered: press X in the window and drag the square."
    if kind in PINNED and piece.number >= len(result.request.view.pins):
        return (
            "No unit is pinned: press P in the window." if not piece.number else "There are not so many pinned units."
        )
    if kind in SNAPPED:
        if material.snapshot is None:
            return "There is no snapshot A: press Shift+A in the window."
        if material.snapshot.request.model is not result.request.model:
            return "Snapshot A is of another network."
    if kind in (*METHODS, Kind.COVERED, Kind.A_DOWN) and result.request.view.looked_at.layer == "input":
        return "The input has no reconstruction: choose a layer above it."
    return ""


def take(piece: Piece, material: Material) -> Taken:
    """The piece as a panel. ``material``: by `whole`. Raises CannotError."""
    if reason := why_not(piece, material):
        raise CannotError(reason)
    try:
        return _TAKERS[piece.kind](piece, material)
    except CannotError:
        raise
    except ValueError as error:
        raise CannotError(str(error)) from None


def frame_words(result: Result) -> str:
    """frame 1203 of demo."""
    frame = result.request.frame
    return f"frame {frame.number} of {frame.origin}" if frame.origin else f"frame {frame.number}"


def pieces_of(kind: Kind, pins: int = 0) -> list[Piece]:
    """The pieces of a kind: one for each pinned unit, else one."""
    return [Piece(kind, number) for number in range(min(max(pins, 1), MOST_PINS))] if kind in PINNED else [Piece(kind)]


def piece_words(piece: Piece, material: Material) -> str:
    """What a piece is called under the heading of its group: with its unit where that is known."""
    words = WORDS[piece.kind].partition(":")[0] if piece.kind in (*COVERED, *SNAPPED) else WORDS[piece.kind]
    if piece.kind in PINNED and material.result is not None:
        pins = material.result.request.view.pins
        if piece.number < len(pins):
            unit = unit_words(pins[piece.number].layer, pins[piece.number].unit)
            return f"{unit}: map" if piece.kind is Kind.PIN_MAP else f"{unit}: reconstruction"
    return words


# Of the live view


def _result(material: Material) -> Result:
    assert material.result is not None
    return material.result


def _unit(result: Result) -> UnitResult:
    if result.unit is None:
        raise CannotError("No unit was computed for this frame.")
    return result.unit


def _take_picture(piece: Piece, material: Material) -> Taken:
    result = _result(material)
    return Taken(picture_panel(result, facts_of(result)), "what the network sees", frame_words(result))


def _take_maps(piece: Piece, material: Material) -> Taken:
    result = _result(material)
    mosaic, view = result.mosaic, result.request.view
    if mosaic is None:
        raise CannotError("No feature maps were computed for this frame.")
    if mosaic.reason:
        raise CannotError(mosaic.reason)
    facts = replace(unit_facts(result, None, view.method), layer=mosaic.layer)
    panel = Maps(
        mosaic.values[mosaic.units], mosaic.units, mosaic.words, view.maps.normalise is Normalise.UNIT, mosaic.signed,
        view.maps.colours, marked=view.unit, facts=facts,
    )  # fmt: skip
    return Taken(panel, f"{mosaic.layer}, {len(mosaic.units)} maps", frame_words(result))


def _take_map(piece: Piece, material: Material) -> Taken:
    result = _result(material)
    return Taken(*map_panel(result, _unit(result), facts_of(result)), frame_words(result))


def _take_reconstruction(piece: Piece, material: Material) -> Taken:
    return _reconstruction(_result(material), _unit(_result(material)), METHODS[piece.kind])


def _reconstruction(result: Result, unit: UnitResult, method: Rule) -> Taken:
    if unit.reason:
        raise CannotError(unit.reason)
    panel, label = reconstruction_panel(result, unit, unit_facts(result, unit, method), method)
    return Taken(panel, label, frame_words(result))


def _take_bars(piece: Piece, material: Material) -> Taken:
    result = _result(material)
    return Taken(bars_panel(result, facts_of(result)), "class probabilities", frame_words(result))


def _take_covered(piece: Piece, material: Material) -> Taken:
    compared = material.compared
    unit = compared.unit if compared is not None else None
    if compared is None or unit is None or unit.comparison is None:
        raise CannotError("Nothing is covered: press X in the window and drag the square.")
    comparison, view = unit.comparison, compared.request.view
    names, words = ("clean", "covered"), unit_words(unit.reference.layer, unit.reference.unit)
    if piece.kind is Kind.COVERED_MAP:
        facts = without_method(unit_facts(compared, unit, view.method))
        clean, covered, _ = comparison.maps
        return Taken(Compare(clean.values, covered.values, names, facts=facts), words, frame_words(compared))
    if comparison.pictures is None:
        raise CannotError(comparison.reason or "There is no reconstruction.")
    clean_values, covered_values = (rendered.reconstruction.values for rendered in comparison.pictures)
    facts = replace(unit_facts(compared, unit, view.method), stretch=None)
    told = f"Both reconstructions are led down from {seed_words(unit.reference.to_seed().kind, view.seed_count)}"
    panel = Compare(clean_values, covered_values, names, facts=facts)
    return Taken(panel, f"{view.method} of {words}", frame_words(compared), f"{told} of the clean picture.")


def _take_pin(piece: Piece, material: Material) -> Taken:
    result = _result(material)
    unit, method = result.pins[piece.number], result.request.view.method
    if piece.kind is Kind.PIN:
        return _reconstruction(result, unit, method)
    return Taken(*map_panel(result, unit, unit_facts(result, unit, method)), frame_words(result))


# Beside it


def _take_snapshot(piece: Piece, material: Material) -> Taken:
    a, b = material.snapshot, _result(material)
    assert a is not None
    arrays = [_compared(result, piece.kind) for result in (a, b)]
    if arrays[0].shape != arrays[1].shape:
        raise CannotError("A and B are not of the same kind and size.")
    facts = facts_of(b) if piece.kind is not Kind.A_PICTURE else unit_facts(b, None, b.request.view.method)
    facts = replace(facts, stretch=None)
    if piece.kind is Kind.A_MAP:
        facts = without_method(facts)
    label = {Kind.A_PICTURE: "picture", Kind.A_MAP: "unit map", Kind.A_DOWN: "reconstruction"}[piece.kind]
    of_a, of_b, differ = frame_words(a), frame_words(b), "the difference is A − B"
    if _what(a) != _what(b) and piece.kind is not Kind.A_PICTURE:
        of_a, of_b = f"{_what(a)} on {of_a}", f"{_what(b)} on {of_b}"
        facts = without_unit(facts)
    if a.request.view.occluders != b.request.view.occluders:  # what covered one is no fact of both
        of_a, of_b = f"{of_a} ({_covering(a)})", f"{of_b} ({_covering(b)})"
        facts = replace(facts, occluders=())
    told = f"A is {of_a}, B is {of_b}; {differ}."
    panel = Compare(arrays[0], arrays[1], ("A", "B"), reverse=True, facts=facts)
    return Taken(panel, label, frame_words(b), told)


def _covering(result: Result) -> str:
    words = "; ".join(map(occluder_words, result.request.view.occluders))
    return f"covered: {words}" if words else "nothing covered"


def _what(result: Result) -> str:
    unit = result.request.view.looked_at
    return f"{unit_words(unit.layer, unit.unit)}, {result.request.view.method}"


def _compared(result: Result, kind: Kind) -> np.ndarray:
    if kind is Kind.A_PICTURE:
        return result.picture
    unit = _unit(result)
    if kind is Kind.A_MAP:
        return unit.map
    rendered = unit.pictures.get(result.request.view.method)
    if rendered is None:
        raise CannotError(unit.reason or "A reconstruction is missing.")
    return rendered.reconstruction.values


def _take_swept(piece: Piece, material: Material) -> Taken:
    page, swept = sweep_page(material), material.swept
    assert swept is not None
    cell = page.cells[SWEPT.index(piece.kind)]
    lead = page.caption.removesuffix(caption(page.cells[1].panel.facts)).strip()
    return Taken(cell.panel, cell.label, f"sweep of frame {swept.subject.number} of {swept.subject.origin}", lead)


def sweep_page(material: Material) -> Page:
    """Fig. 7's row of the sweep, as its pane shows it; made once."""
    if "fig7" not in material.pages:
        assert material.swept is not None
        material.pages["fig7"] = fig7_of(material.swept, material.sweep_unit, material.sweep_class, material.sweep_look)
    return material.pages["fig7"]


def _take_trace(piece: Piece, material: Material) -> Taken:
    lines = material.trace
    assert lines is not None
    points, first, last = lines.points, lines.points[0], lines.points[-1]
    x = np.array([point.on(lines.axis) for point in points], np.float64)
    x = x - x[-1] if lines.axis is TraceAxis.RECENT else x
    values = np.array([point.probabilities[list(lines.classes)] for point in points], np.float64).T * 100
    joined = [point.joined for point in points[1:]]
    lonely = sum(not before and not after for before, after in zip([False, *joined], [*joined, False], strict=True))
    gaps = [place for place, whole in enumerate(joined, 1) if not whole]
    x = np.insert(x, gaps, [(x[place - 1] + x[place]) / 2 for place in gaps])
    values = np.insert(values, gaps, np.nan, axis=1)
    names, facts = _class_names(material, lines.classes), Facts()
    if material.result is not None:
        facts = Facts.of_model(material.result.request.model)
    many = f"{lonely} points that are joined to none are not drawn" if lonely else ""
    note = "1 point that is joined to none is not drawn" if lonely == 1 else many
    panel = Curves(x, values, names, lines.words, "%", note=note, facts=facts)
    frames = f"frames {first.frame} to {last.frame}" if last.frame != first.frame else f"frame {first.frame}"
    told = f"{len(points)} computed points of {frames}; lines join those between which nothing was left out."
    label = f"P({names[0]})" if len(names) == 1 else "probability"
    return Taken(panel, label, f"trace of {frames}", told)


def _class_names(material: Material, classes: tuple[int, ...]) -> tuple[str, ...]:
    known = material.result.request.model.classes if material.result is not None else ()
    return tuple(known[index] if index < len(known) else f"class {index}" for index in classes)


def _take_network(piece: Piece, material: Material) -> Taken:
    from zfdesk.figures.fig3 import fig3_page
    from zfdesk.figures.fig6 import fig6_page

    model = _result(material).request.model
    facts = Facts.of_model(model)
    if piece.kind is Kind.ARCHITECTURE:
        page = fig3_page(model.architecture, facts)
        return Taken(
            page.cells[0].panel, "architecture", "the network", page.caption.removeprefix(caption(facts)).strip()
        )
    page = fig6_page(model)
    lead = page.caption.removesuffix(caption(facts)).strip()
    return Taken(page.cells[0].panel, "first-layer filters", "the network", lead)


def _take_made(piece: Piece, material: Material) -> Taken:
    return material.made[piece.kind]()


_TAKERS: dict[Kind, Callable[[Piece, Material], Taken]] = {
    Kind.PICTURE: _take_picture, Kind.MAPS: _take_maps, Kind.UNIT_MAP: _take_map, Kind.BARS: _take_bars,
    **dict.fromkeys(METHODS, _take_reconstruction), **dict.fromkeys(COVERED, _take_covered),
    **dict.fromkeys(PINNED, _take_pin), **dict.fromkeys(SWEPT, _take_swept), **dict.fromkeys(SNAPPED, _take_snapshot),
    **dict.fromkeys(MADE, _take_made), Kind.TRACE: _take_trace,
    Kind.ARCHITECTURE: _take_network, Kind.FILTERS: _take_network,
}  # fmt: skip

__all__ = ["GROUPS", "WIDE", "WORDS", "CannotError", "Kind", "Material", "Piece", "Taken", "TraceLines", "frame_words",
           "piece_words", "pieces_of", "take", "whole", "why_not"]  # fmt: skip
