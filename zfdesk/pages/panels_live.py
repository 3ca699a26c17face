"""Panels of the live view: picture, maps, the unit and its reconstructions, class bars, pins, clean and covered.

All are of one result, computed in full by `zfdesk.pages.panels.completed`, so that all panels are of one frame.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from zfdesk.engine import Rule
from zfdesk.figures.captions import without_method
from zfdesk.figures.facts import RULE_LABELS, seed_text, unit_text
from zfdesk.figures.panels import Compare
from zfdesk.live import Pattern, Result, UnitResult
from zfdesk.live.view import MOST_PINS
from zfdesk.pages.panels import CannotError, Captured, PanelKind, PanelSpec, Sources, frame_text, live_result
from zfdesk.pages.view_page import (
    bars_label,
    bars_panel,
    bars_text,
    facts_of,
    map_panel,
    maps_panel,
    picture_panel,
    reconstruction_panel,
    unit_facts,
)

PATTERNS = (
    "The grid shows patterns, which are no panel: choose “live maps” for the maps. Best patches and projections of "
    "units are drawn by Fig. 2 and the portrait."
)
NOW, COVERED_GROUP, PINS = "Now in the window", "Clean | covered | difference", "Pinned units"


def unit_of(result: Result) -> UnitResult:
    """Its unit. Raises CannotError."""
    if result.unit is None:
        raise CannotError("No unit was computed for this frame.")
    return result.unit


def _capture_picture(spec: PanelSpec, sources: Sources) -> Captured:
    result = sources.live()
    return Captured(picture_panel(result, facts_of(result)), "what the network sees", frame_text(result))


def _maps_result(spec: PanelSpec, sources: Sources) -> Result:
    """The result whose live maps the grid shows. Raises CannotError where it shows patterns."""
    result = sources.live()
    if result.request.view.maps.pattern is not Pattern.NONE:
        raise CannotError(PATTERNS)
    return result


def _capture_maps(spec: PanelSpec, sources: Sources) -> Captured:
    result = _maps_result(spec, sources)
    mosaic = result.mosaic
    if mosaic is None:
        raise CannotError("No feature maps were computed for this frame.")
    if mosaic.reason:
        raise CannotError(mosaic.reason)
    facts = replace(unit_facts(result, None, result.request.view.method), layer=mosaic.layer)
    panel = maps_panel(result, mosaic, facts)
    return Captured(panel, f"{mosaic.layer}, {len(mosaic.units)} maps", frame_text(result))


def _capture_map(spec: PanelSpec, sources: Sources) -> Captured:
    result = sources.live()
    return Captured(*map_panel(result, unit_of(result), facts_of(result)), frame_text(result))


def _capture_rule(rule: Rule, spec: PanelSpec, sources: Sources) -> Captured:
    result = reconstructed_result(spec, sources)
    return _reconstruction(result, unit_of(result), rule)


def _reconstruction(result: Result, unit: UnitResult, rule: Rule) -> Captured:
    if unit.reason:
        raise CannotError(unit.reason)
    panel, label = reconstruction_panel(result, unit, unit_facts(result, unit, rule), rule)
    return Captured(panel, label, frame_text(result))


def reconstructed_result(spec: PanelSpec, sources: Sources) -> Result:
    """The result, of a unit that has a reconstruction. Raises CannotError."""
    result = sources.live()
    if result.request.view.looked_at.layer == "input":
        raise CannotError("The input has no reconstruction: choose a layer above it.")
    return result


def _capture_bars(spec: PanelSpec, sources: Sources) -> Captured:
    result = sources.live()
    return Captured(bars_panel(result, facts_of(result)), bars_label(result), frame_text(result), bars_text(result))


# Clean and covered

NOTHING_COVERED = "Nothing is covered: press X in the window and drag the square."


def _covered_result(spec: PanelSpec, sources: Sources) -> Result:
    result = reconstructed_result(spec, sources) if spec.kind is COVERED else sources.live()
    if not result.request.view.occluders:
        raise CannotError(NOTHING_COVERED)
    return result


def _capture_covered(spec: PanelSpec, sources: Sources) -> Captured:
    compared = sources.compared
    unit = compared.unit if compared is not None else None
    if compared is None or unit is None or unit.comparison is None:
        raise CannotError(NOTHING_COVERED)
    comparison, view = unit.comparison, compared.request.view
    names, text = ("clean", "covered"), unit_text(unit.reference.layer, unit.reference.unit)
    if spec.kind is COVERED_MAP:
        facts = without_method(unit_facts(compared, unit, view.method))
        clean, covered, _ = comparison.maps
        return Captured(Compare(clean.values, covered.values, names, facts=facts), text, frame_text(compared))
    if comparison.pictures is None:
        raise CannotError(comparison.reason or "There is no reconstruction.")
    clean_values, covered_values = (rendered.reconstruction.values for rendered in comparison.pictures)
    facts = replace(unit_facts(compared, unit, view.method), stretch=None)
    start = "the unit's one value"
    if facts.seed is not None:
        start = f"{seed_text(unit.reference.to_seed().kind, view.seed_count)} of the clean picture"
    panel = Compare(clean_values, covered_values, names, facts=facts)
    sentence = f"Both reconstructions are led down from {start}."
    return Captured(panel, f"{view.method} of {text}", frame_text(compared), sentence)


# Pinned units


def _count_pins(sources: Sources) -> int:
    return min(len(sources.result.request.view.pins), MOST_PINS) if sources.result is not None else 0


def _pinned_result(spec: PanelSpec, sources: Sources) -> Result:
    result = sources.live()
    if spec.number >= len(result.request.view.pins):
        none = "No unit is pinned: press P in the window."
        raise CannotError("There are not so many pinned units." if spec.number else none)
    return result


def _pin_title(spec: PanelSpec, sources: Sources) -> str:
    if sources.result is None or spec.number >= len(pins := sources.result.request.view.pins):
        return ""
    what = "map" if spec.kind is PIN_MAP else "reconstruction"
    return f"{unit_text(pins[spec.number].layer, pins[spec.number].unit)}: {what}"


def _capture_pin(spec: PanelSpec, sources: Sources) -> Captured:
    result = _pinned_result(spec, sources)
    unit, rule = result.pins[spec.number], result.request.view.method
    if spec.kind is PIN:
        return _reconstruction(result, unit, rule)
    return Captured(*map_panel(result, unit, unit_facts(result, unit, rule)), frame_text(result))


def _of_rule(rule: Rule) -> PanelKind:
    label = RULE_LABELS[rule]
    return PanelKind(
        rule.value, NOW, f"{label[0].upper()}{label[1:]}", partial(_capture_rule, rule), reconstructed_result
    )  # fmt: skip


PICTURE = PanelKind("picture", NOW, "Picture with boxes", _capture_picture, live_result)
MAPS = PanelKind("feature maps", NOW, "Feature maps", _capture_maps, _maps_result, about_unit=False)
UNIT_MAP = PanelKind("unit map", NOW, "Unit map", _capture_map, live_result)
METHODS = {rule: _of_rule(rule) for rule in Rule}
"""By walk down, as the registry of methods calls it."""
DECONVNET, GUIDED, GRADIENT = METHODS[Rule.DECONVNET], METHODS[Rule.GUIDED], METHODS[Rule.GRADIENT]
BARS = PanelKind("probabilities", NOW, "Class probabilities", _capture_bars, live_result, about_unit=False)
COVERED_MAP = PanelKind("map clean and covered", COVERED_GROUP, "Unit map: clean | covered | difference",
                        _capture_covered, _covered_result, columns=3, short="Unit map")  # fmt: skip
COVERED = PanelKind("reconstruction clean and covered", COVERED_GROUP, "Reconstruction: clean | covered | difference",
                    _capture_covered, _covered_result, columns=3, short="Reconstruction")  # fmt: skip
PIN_MAP = PanelKind("map of a pinned unit", PINS, "Pin: map", _capture_pin, _pinned_result, title=_pin_title,
                    count=_count_pins)  # fmt: skip
PIN = PanelKind("reconstruction of a pinned unit", PINS, "Pin", _capture_pin, _pinned_result, title=_pin_title,
                count=_count_pins)  # fmt: skip
KINDS = (PICTURE, MAPS, UNIT_MAP, *METHODS.values(), BARS, COVERED_MAP, COVERED, PIN_MAP, PIN)

__all__ = ["BARS", "COVERED", "COVERED_MAP", "DECONVNET", "GRADIENT", "GUIDED", "KINDS", "MAPS", "METHODS",
           "PICTURE", "PIN", "PIN_MAP", "UNIT_MAP", "reconstructed_result", "unit_of"]  # fmt: skip
