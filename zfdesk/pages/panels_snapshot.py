"""Panels of snapshot A beside what is shown now."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from zfdesk.figures.captions import without_method, without_unit
from zfdesk.figures.facts import occluder_text, unit_text
from zfdesk.figures.panels import Compare
from zfdesk.live import Result
from zfdesk.pages.panels import CannotError, Captured, PanelKind, PanelSpec, Sources, frame_text
from zfdesk.pages.panels_live import reconstructed_result, unit_of
from zfdesk.pages.view_page import facts_of, unit_facts


@dataclass(frozen=True, eq=False)
class SnapshotA:
    """The result that was kept as snapshot A."""

    result: Result


def _a_and_b(spec: PanelSpec, sources: Sources) -> tuple[Result, Result]:
    b, kept = sources.live(), sources.get(SnapshotA)
    if kept is None:
        raise CannotError("There is no snapshot A: press Shift+A in the window.")
    if kept.result.request.model is not b.request.model:
        raise CannotError("Snapshot A is of another network.")
    return kept.result, reconstructed_result(spec, sources) if spec.kind is A_RECONSTRUCTION else b


def _capture(spec: PanelSpec, sources: Sources) -> Captured:
    a, b = _a_and_b(spec, sources)
    arrays = [_array(result, spec.kind) for result in (a, b)]
    if arrays[0].shape != arrays[1].shape:
        raise CannotError("A and B are not of the same kind and size.")
    facts = facts_of(b) if spec.kind is not A_PICTURE else unit_facts(b, None, b.request.view.method)
    facts = replace(facts, stretch=None)
    if spec.kind is A_MAP:
        facts = without_method(facts)
    of_a, of_b, differ = frame_text(a), frame_text(b), "the difference is A − B"
    if _what(a) != _what(b) and spec.kind is not A_PICTURE:
        of_a, of_b = f"{_what(a)} on {of_a}", f"{_what(b)} on {of_b}"
        facts = without_unit(facts)
    if a.request.view.occluders != b.request.view.occluders:  # what covered one is no fact of both
        of_a, of_b = f"{of_a} ({_covering(a)})", f"{of_b} ({_covering(b)})"
        facts = replace(facts, occluders=())
    panel = Compare(arrays[0], arrays[1], ("A", "B"), reverse=True, facts=facts)
    return Captured(panel, spec.kind.short.lower(), frame_text(b), f"A is {of_a}, B is {of_b}; {differ}.")


def _covering(result: Result) -> str:
    text = "; ".join(map(occluder_text, result.request.view.occluders))
    return f"covered: {text}" if text else "nothing covered"


def _what(result: Result) -> str:
    unit = result.request.view.looked_at
    return f"{unit_text(unit.layer, unit.unit)}, {result.request.view.method}"


def _array(result: Result, kind: PanelKind) -> np.ndarray:
    if kind is A_PICTURE:
        return result.picture
    unit = unit_of(result)
    if kind is A_MAP:
        return unit.map
    rendered = unit.pictures.get(result.request.view.method)
    if rendered is None:
        raise CannotError(unit.reason or "A reconstruction is missing.")
    return rendered.reconstruction.values


def _of(name: str, short: str) -> PanelKind:
    group = "Snapshot A | B | difference"
    return PanelKind(name, group, f"{short}: A | B | difference", _capture, _a_and_b, columns=3, short=short)


A_PICTURE = _of("snapshot picture", "Picture")
A_MAP = _of("snapshot map", "Unit map")
A_RECONSTRUCTION = _of("snapshot reconstruction", "Reconstruction")
KINDS = (A_PICTURE, A_MAP, A_RECONSTRUCTION)

__all__ = ["A_MAP", "A_PICTURE", "A_RECONSTRUCTION", "KINDS", "SnapshotA"]
