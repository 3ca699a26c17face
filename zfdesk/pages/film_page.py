"""What a film shows of a result: a page with the parts that were asked for, and the facts of a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zfdesk.engine import Occluder
from zfdesk.figures.facts import Facts, caption, unit_text
from zfdesk.figures.page import Cell, Page
from zfdesk.figures.panels import Panel, Text
from zfdesk.live import Demand, Result
from zfdesk.pages.view_page import (
    bars_label,
    bars_panel,
    bars_text,
    facts_of,
    map_panel,
    maps_panel,
    page_title,
    picture_panel,
    reconstruction_panel,
)
from zfdesk.session.network_facts import network_facts

if TYPE_CHECKING:
    from zfdesk.figures.moving import MovingPage

PARTS = ("picture", "maps", "map", "reconstruction", "bars")
"""What a figure that is filmed can be made of: the picture that the network sees, all maps of the layer, the unit's
map, its reconstruction, the most probable classes."""

PART_LABELS = {
    "picture": "picture", "maps": "feature maps", "map": "unit's map", "reconstruction": "reconstruction",
    "bars": "class probabilities",
}  # fmt: skip

PANEL_INCHES, LEAST_INCHES, MOST_INCHES = 1.79, 3.5, 7.16
MOST_ACROSS = 4


def film_page(result: Result, parts: Sequence[str] = PARTS, time: float | None = None) -> Page:
    """The parts of a result side by side, in the order they are named; more than four in two rows.

    time: seconds in the film, which stand below the first part with the number of the source's frame. ValueError for
    parts that there are not.
    """
    unknown = [part for part in parts if part not in PARTS]
    if unknown or not parts or len(set(parts)) < len(parts):
        wrong = f"There is no part called {unknown[0]!r}" if unknown else "Each part is named once"
        raise ValueError(f"{wrong}; a film's figure is made of {', '.join(PARTS)}.")
    facts = facts_of(result)
    across = len(parts) if len(parts) <= MOST_ACROSS else (len(parts) + 1) // 2
    frame_text = result.request.frame.number_text + ("" if time is None else f" · {time:.2f} s")
    cells = []
    for place, part in enumerate(parts):
        panel, label = _part(result, part, facts)
        if place == 0:
            panel = replace(panel, note=" · ".join(text for text in (panel.note, frame_text) if text))
        cells.append(Cell(panel, *divmod(place, across), label=label, name=part))
    width = min(max(across * PANEL_INCHES, LEAST_INCHES), MOST_INCHES)
    return Page(tuple(cells), (width, 0.0), page_title(facts), caption(facts), captioned=False, letters=False)


class FilmedFigure:
    """A figure drawn anew for each result; its panels stay where they are in the first one. width: in pixels."""

    def __init__(self, parts: Sequence[str], width: int) -> None:
        self.parts, self.width = tuple(parts), width
        self._page: MovingPage | None = None

    def demand(self, demand: Demand) -> Demand:
        """The demand with what the parts need besides."""
        maps = demand.maps or "maps" in self.parts
        return replace(demand, maps=maps, unit=demand.unit or bool({"map", "reconstruction"} & set(self.parts)))

    def draw(self, result: Result, time: float) -> np.ndarray:
        """uint8 (height, width, 3) RGB, for one thread. time: seconds in the film."""
        from zfdesk.figures.moving import MovingPage

        page = film_page(result, self.parts, time)
        self._page = self._page or MovingPage(page, self.width)
        return self._page.draw(page)


def _part(result: Result, part: str, facts: Facts) -> tuple[Panel, str]:
    unit = result.unit
    match part:
        case "picture":
            return picture_panel(result, facts), "what the network sees"
        case "maps":
            if result.mosaic is None:
                return Text("No maps were computed."), PART_LABELS[part]
            panel = maps_panel(result, result.mosaic, facts)
            return panel, f"all {len(result.mosaic.units)} maps of {result.mosaic.layer}"
        case "bars":
            return bars_panel(result, facts), bars_label(result)
    if unit is None:
        return Text("No unit was computed."), PART_LABELS[part]
    if part == "map":
        return map_panel(result, unit, facts)
    return reconstruction_panel(result, unit, facts, result.request.view.method)


# Facts


def frame_facts(result: Result) -> dict[str, Any]:
    """What JSON keeps of a frame of a film."""
    request, best = result.request, int(result.probabilities.argmax())
    unit = result.unit
    facts: dict[str, Any] = {
        "source_frame": request.frame.number,
        "occluders": [_occluder(occluder) for occluder in request.view.occluders],
        "class": request.model.classes[best] if best < len(request.model.classes) else str(best),
        "index": best,
        "probability": round(float(result.probabilities[best]), 6),
    }
    if request.frame.file:
        facts["file"] = request.frame.file
    if unit is not None:
        facts |= {
            "layer": unit.reference.layer, "unit": unit.reference.unit,
            "position": list(unit.place) if unit.place else None,
            "activation": float(f"{unit.activation:.6g}"),
        }  # fmt: skip
    return facts


def film_facts(result: Result) -> dict[str, Any]:
    """What JSON keeps of all frames of a film: what was looked at when it began."""
    request, view = result.request, result.request.view
    network, looked = network_facts(request.model), view.looked_at
    return {
        "network": request.model.architecture.title,
        "architecture": network.architecture,
        "weights": {"name": network.name, "sha256": network.sha256},
        "source": {"kind": view.source.kind, "name": request.frame.source},
        "layer": looked.layer,
        "unit": looked.unit,
        "seed": looked.seed.value,
        "method": view.method.value,
        "style": view.style.value,
        "bars": view.bars.value,
        "crop": {"mode": view.crop.mode.value, "x": view.crop.x, "y": view.crop.y, "side": view.crop.side},
        "size": request.model.architecture.size,
    }


def film_texts(result: Result) -> tuple[str, str]:
    """Title and comment of a film: the caption of its first frame, without what is of that frame alone."""
    facts = replace(facts_of(result), frame=None, stretch=None, occluders=(), position=None)
    where = f" · {unit_text(facts.layer, facts.unit)}" if facts.layer else ""
    return f"{facts.picture or 'zfdesk'}{where}", f"{bars_text(result)} {caption(facts)}".strip()


def _occluder(occluder: Occluder) -> dict[str, Any]:
    return {
        "top": occluder.top, "left": occluder.left, "height": occluder.height, "width": occluder.width,
        "shape": occluder.shape.value, "fill": occluder.fill.value,
    }  # fmt: skip


__all__ = ["PARTS", "PART_LABELS", "film_facts", "film_page", "film_texts", "frame_facts"]
