"""Panels of the occlusion sweep: the row of Fig. 7, each of its pictures alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from zfdesk.figures.facts import caption
from zfdesk.figures.page import Page
from zfdesk.live import SweepSettings, SweepSnapshot
from zfdesk.pages.panels import CannotError, Captured, PanelKind, PanelSpec, Sources
from zfdesk.pages.view_page import fig7_of
from zfdesk.sources import frame_of_text


@dataclass(frozen=True, eq=False)
class SweepShown:
    """The sweep with the unit and class that its pane shows, in the colours, opacity and contour of ``look``."""

    swept: SweepSnapshot
    unit: int = 0
    class_index: int = 0
    look: SweepSettings = field(default_factory=SweepSettings)

    @cached_property
    def page(self) -> Page:
        """Fig. 7's row, made once for all its panels."""
        return fig7_of(self.swept, self.unit, self.class_index, self.look)

    @property
    def text(self) -> str:
        """What the row's caption says beyond the facts of its network and picture."""
        return self.page.caption.removesuffix(caption(self.page.cells[1].panel.facts)).strip()

    @property
    def origin(self) -> str:
        """sweep of frame 7 of demo."""
        return f"sweep of {frame_of_text(self.swept.input.number, self.swept.input.origin)}"


def shown_sweep(spec: PanelSpec, sources: Sources) -> SweepShown:
    """The sweep that its pane shows. Raises CannotError before any of it is done."""
    shown = sources.get(SweepShown)
    if shown is None or shown.swept.sweep is None or not shown.swept.sweep.done.any():
        raise CannotError("There is no sweep yet: press Ctrl+X in the window.")
    return shown


def _capture(spec: PanelSpec, sources: Sources) -> Captured:
    shown = shown_sweep(spec, sources)
    cell = shown.page.cells[KINDS.index(spec.kind)]
    return Captured(cell.panel, cell.label, shown.origin, shown.text)


def _of(letter: str, text: str) -> PanelKind:
    return PanelKind(f"fig7 {letter}", "Occlusion (Fig. 7)", text, _capture, shown_sweep)


SWEEP_INPUT = _of("a", "Picture with the square")
SWEEP_ACTIVATION = _of("b", "Total activation")
SWEEP_RECONSTRUCTION = _of("c", "Its reconstruction")
SWEEP_PROBABILITY = _of("d", "Probability of the class")
SWEEP_LABEL = _of("e", "Most probable class")
KINDS = (SWEEP_INPUT, SWEEP_ACTIVATION, SWEEP_RECONSTRUCTION, SWEEP_PROBABILITY, SWEEP_LABEL)
"""In the order of Fig. 7's row."""

__all__ = [
    "KINDS", "SWEEP_ACTIVATION", "SWEEP_INPUT", "SWEEP_LABEL", "SWEEP_PROBABILITY", "SWEEP_RECONSTRUCTION",
    "SweepShown", "shown_sweep",
]  # fmt: skip
