"""What the tiles of a sweep show: a map of values over the swept picture, and the unit's reconstruction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zfdesk.desk.occlusion.canvas import SweepPicture
from zfdesk.desk.occlusion.maps import SweepLayout, contour, shades
from zfdesk.desk.widgets.canvas import Content, ValueRange
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.engine import Sweep
from zfdesk.figures.facts import number
from zfdesk.live import Projected, SweepSettings


@dataclass(frozen=True)
class SweepLook:
    """How maps are drawn. ``undone``: the two colours of the hatching; ``stale``: why they are of something older."""

    settings: SweepSettings
    dark: bool
    undone: tuple[int, int]
    stale: str


def value_picture(
    sweep: Sweep, layout: SweepLayout, values: np.ndarray, clean: float, look: SweepLook, sign: str = ""
) -> SweepPicture:
    """Values by position, float (rows, columns), over the swept picture. clean: that of the picture itself; sign: what
    stands after a value; without one the map shows its own range."""
    settings = look.settings
    known = values[sweep.done]
    if settings.change:
        values = values - clean
        limit = float(np.abs(known - clean).max(initial=0)) or 1.0
        low, high, mark, middle = -limit, limit, 0.0, "0 = clean"
    else:
        # a total is seldom near zero anywhere: its map shows its own range, as Fig. 7 (b) does
        low = min(clean, float(known.min(initial=0.0 if sign else np.inf)))
        high = max(clean, float(known.max(initial=-np.inf)), low + 1e-9)
        mark, middle = clean, f"clean {number(clean)}{sign}"
    colours = table(settings.colours, settings.change, look.dark)
    levels = shades(values, low, high)
    level = -clean / 2 if settings.change else clean / 2
    return SweepPicture.rgb(
        sweep.picture, stale=look.stale, opacity=settings.opacity,
        overlay=layout.picture(np.array(colours, np.uint32)[levels], look.undone),
        lines=tuple(contour(sweep, values, level)) if settings.contour and clean > 0 else (),
        value_range=ValueRange(low, high, middle, colours, mark),
    )  # fmt: skip


def projection_content(projected: Projected | None, sweep: Sweep, unit: int, stale: str) -> tuple[Content, str, str]:
    """The unit's reconstruction, or why there is none; its caption, and a shorter one."""
    name = f"(c) {sweep.layer}:{unit}"
    if projected is None or projected.unit != unit:
        return "being computed…", f"{name} deconvnet", name
    rendered = projected.rendered
    if rendered is None:
        return projected.reason, f"{name} deconvnet", name
    sees_all = projected.box[2] - projected.box[0] >= len(sweep.picture)
    content = SweepPicture.rgb(
        rendered.image, stale=stale, region=None if sees_all else projected.box,
        value_range=ValueRange(rendered.low, rendered.high),
    )  # fmt: skip
    stretch = f"× {number(rendered.stretch)}"
    return content, f"{name} deconvnet, contrast {stretch}", f"{name} · {stretch}"


__all__ = ["SweepLook", "projection_content", "value_picture"]
