"""Panels of the occlusion sweep: the row of Fig. 7, each of its pictures alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from zfdesk.figures.facts import caption
from zfdesk.figures.page import Page
from zfdesk.live import SweepSettings, SweepSnapshot
from zfdesk.pages.panels import Captured, PanelKind, PanelSpec, Sources
from zfdesk.pages.view_page import fig7_of


@dataclass(frozen=True, eq=False)
class SweepShown:
    """The sweep with the unit and class that its pane shows, in the colours, opacity and contour of ``look``."""

    swept: SweepSnapshot
    unit: int = 0
    class_index: int = 0
    look: SweepSettings = field(default_factory=SweepSettings)


def _no_sweep(spec: PanelSpec, sources: Sources) -> str:
    shown = sources.get(SweepShown)
    if shown is None or shown.swept.sweep is None or not shown.swept.sweep.done.any():
        return "There is no sweep yet: press Ctrl+X in the window."
    return ""


def _capture(spec: PanelSpec, sources: Sources) -> Captured:
    page, shown = sweep_page(sources), sources.get(SweepShown)
    assert shown is not None
    cell = page.cells[KINDS.index(spec.kind)]
    lead = page.caption.removesuffix(caption(page.cells[1].panel.facts)).strip()
    return Captured(cell.panel, cell.label, sweep_text(shown), lead)


def sweep_text(shown: SweepShown) -> str:
    """sweep of frame 7 of demo."""
    return f"sweep of frame {shown.swept.input.number} of {shown.swept.input.origin}"


def sweep_page(sources: Sources) -> Page:
    """Fig. 7's row of the sweep, as its pane shows it; made once."""
    if "fig7" not in sources.pages:
        shown = sources.get(SweepShown)
        assert shown is not None
        sources.pages["fig7"] = fig7_of(shown.swept, shown.unit, shown.class_index, shown.look)
    return sources.pages["fig7"]


def _of(letter: str, text: str) -> PanelKind:
    return PanelKind(f"fig7 {letter}", "Occlusion (Fig. 7)", text, _capture, _no_sweep)


SWEEP_INPUT = _of("a", "Picture with the square")
SWEEP_ACTIVATION = _of("b", "Total activation")
SWEEP_RECONSTRUCTION = _of("c", "Its reconstruction")
SWEEP_PROBABILITY = _of("d", "Probability of the class")
SWEEP_LABEL = _of("e", "Most probable class")
KINDS = (SWEEP_INPUT, SWEEP_ACTIVATION, SWEEP_RECONSTRUCTION, SWEEP_PROBABILITY, SWEEP_LABEL)
"""In the order of Fig. 7's row."""

__all__ = [
    "KINDS",
    "SWEEP_ACTIVATION",
    "SWEEP_INPUT",
    "SWEEP_LABEL",
    "SWEEP_PROBABILITY",
    "SWEEP_RECONSTRUCTION",
    "SweepShown",
    "sweep_page",
    "sweep_text",
]  # fmt: skip
