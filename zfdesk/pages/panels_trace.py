"""The panel of the trace: class probabilities over time, or along a drag path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zfdesk.figures.facts import Facts
from zfdesk.figures.panels import Curves
from zfdesk.live import TraceAxis
from zfdesk.live.trace import TracePoint
from zfdesk.pages.panels import CannotError, Captured, PanelKind, PanelSpec, Sources


@dataclass(frozen=True, eq=False)
class TraceLines:
    """What the trace shows: its points, the classes that have a line, and what it is drawn against."""

    points: tuple[TracePoint, ...]
    classes: tuple[int, ...]
    axis: TraceAxis
    axis_label: str


def _lines(spec: PanelSpec, sources: Sources) -> TraceLines:
    lines = sources.get(TraceLines)
    if lines is None or len(lines.points) < 2:
        raise CannotError("There is no trace yet: drag the occluder, or play something.")
    return lines


def _capture(spec: PanelSpec, sources: Sources) -> Captured:
    lines = _lines(spec, sources)
    points, first, last = lines.points, lines.points[0], lines.points[-1]
    x = np.array([point.on(lines.axis) for point in points], np.float64)
    x = x - x[-1] if lines.axis is TraceAxis.RECENT else x
    values = np.array([point.probabilities[list(lines.classes)] for point in points], np.float64).T * 100
    joined = [point.joined for point in points[1:]]
    lonely = sum(not before and not after for before, after in zip([False, *joined], [*joined, False], strict=True))
    gaps = [place for place, unbroken in enumerate(joined, 1) if not unbroken]
    x = np.insert(x, gaps, [(x[place - 1] + x[place]) / 2 for place in gaps])
    values = np.insert(values, gaps, np.nan, axis=1)
    names, facts = _class_names(sources, lines.classes), Facts()
    if sources.result is not None:
        facts = Facts.of_model(sources.result.request.model)
    many = f"{lonely} points that are joined to none are not drawn" if lonely else ""
    note = "1 point that is joined to none is not drawn" if lonely == 1 else many
    panel = Curves(x, values, names, lines.axis_label, "%", note=note, facts=facts)
    frames = f"frames {first.frame} to {last.frame}" if last.frame != first.frame else f"frame {first.frame}"
    text = f"{len(points)} computed points of {frames}; lines join those between which nothing was left out."
    label = f"P({names[0]})" if len(names) == 1 else "probability"
    return Captured(panel, label, f"trace of {frames}", text)


def _class_names(sources: Sources, classes: tuple[int, ...]) -> tuple[str, ...]:
    known = sources.result.request.model.classes if sources.result is not None else ()
    return tuple(known[index] if index < len(known) else f"class {index}" for index in classes)


TRACE = PanelKind("trace", "Over time", "Trace", _capture, _lines, about_unit=False)
KINDS = (TRACE,)

__all__ = ["KINDS", "TRACE", "TraceLines"]
