"""The panel of made pictures: what the lab shows, each with its name, and all that decides them in the caption."""

from __future__ import annotations

from zfdesk.figures.panels import Tiles
from zfdesk.pages.panels import Captured, PanelKind, PanelSpec, Sources, part_of
from zfdesk.synthesis.orders import Made

NAMED = 24
"""Pictures above which a panel has no room for their names."""


_made = part_of(Made, "Nothing has been made yet: press Ctrl+Shift+1 in the window.")


def _capture(spec: PanelSpec, sources: Sources) -> Captured:
    made = _made(spec, sources)
    names = made.names if len(made.names) <= NAMED else ()
    about = made.description
    panel = Tiles(made.pictures, columns=about.columns, names=names, note=made.state_text)
    text = " ".join((about.text, *made.sketch.notes))
    state = f" ({made.state_text})" if made.state_text else ""
    return Captured(panel, f"{about.method}: {about.title}{state}", f"{about.method} of {about.title}", text)


MADE = PanelKind("made pictures", "Made in the lab", "Made pictures", _capture, _made, about_unit=False)
KINDS = (MADE,)

__all__ = ["KINDS", "MADE"]
