"""What the unit pane and the pins show of a unit: its map, its reconstructions, and what they are called."""

from __future__ import annotations

import torch
from PySide6.QtCore import QRectF

from zfdesk.desk.widgets.canvas import CanvasPicture, Content, ValueRange
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.engine import Rule, SeedKind
from zfdesk.figures.facts import RULE_LABELS, number, stretch_text, unit_text
from zfdesk.live import MapsDisplay, Normalise, Style, UnitReference, UnitResult
from zfdesk.live.render import levels

SEED_LABELS = {
    SeedKind.MAX: "strongest position",
    SeedKind.AT: "picked position",
    SeedKind.TOPK: "k strongest",
    SeedKind.MAP: "whole map",
}
ONE_VALUE = "its one value"
SEED_HINT = "Seed: the activations of this unit that the way down to the pixels begins with; all others are set to zero"


def reference_text(reference: UnitReference, position: tuple[int, int], spatial: bool) -> str:
    """Return a unit's name and position, as in conv4:17 @ (6, 7)."""
    return unit_text(reference.layer, reference.unit, position if spatial else None)


def seed_label(reference: UnitReference, spatial: bool) -> str:
    """Return a seed's name, as in "seed: strongest position"; of a unit of one value it is that."""
    if not spatial:
        return f"seed: {ONE_VALUE}"
    kind = reference.to_seed().kind
    return f"seed: {reference.k} strongest" if kind is SeedKind.TOPK else f"seed: {SEED_LABELS[kind]}"


def map_picture(
    unit: UnitResult, colours: str, signed: bool, dark: bool, note: str = "", stale: str = ""
) -> CanvasPicture:
    """A unit's map over its own range, its position framed."""
    tensor = torch.tensor(unit.map)[None]
    shades, low, high = levels(tensor, MapsDisplay(normalise=Normalise.LAYER), signed)
    array = shades[0].numpy()
    shown = table(colours, signed, dark)
    ends = (low, high) if unit.map.any() else (0.0, 0.0)
    known = ValueRange(*ends, table=shown)
    return CanvasPicture.indexed(array, shown, position=unit.position, value_range=known, note=note, stale=stale)


def reconstruction_content(
    unit: UnitResult,
    rule: Rule,
    style: Style,
    window: QRectF | None,
    stale: str = "",
    std: tuple[float, float, float] | None = None,
    brief: bool = False,
) -> Content:
    """A unit's reconstruction by one method, or the sentence why there is none. ``brief``: there may be room for the
    factor of its stretch alone."""
    rendered = unit.pictures.get(rule)
    if rendered is None:
        return unit.reason or f"{RULE_LABELS[rule]} is being computed…"
    if rendered.high <= 1e-12:
        return f"The {RULE_LABELS[rule]} is zero everywhere: no path to the picture is active."
    text = "" if style in (Style.NORM, Style.BLURRED) else "0"
    short = f"× {number(rendered.stretch)}" if brief else stretch_text(rendered.stretch)
    return CanvasPicture.rgb(
        rendered.image, window=window, value_range=ValueRange(rendered.low, rendered.high, text),
        note=stretch_text(rendered.stretch, std), short_note=short, stale=stale,
    )  # fmt: skip


__all__ = [
    "ONE_VALUE", "SEED_HINT", "SEED_LABELS", "map_picture", "reconstruction_content", "reference_text", "seed_label",
]  # fmt: skip
