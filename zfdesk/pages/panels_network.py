"""Panels of the network itself: Fig. 3 and Fig. 6."""

from __future__ import annotations

from zfdesk.figures.facts import Facts, caption
from zfdesk.pages.panels import Captured, PanelKind, PanelSpec, Sources, live_result

GROUP = "The network"
NETWORK = "the network"
"""Of what its panels are, in place of a frame."""


def _capture_architecture(spec: PanelSpec, sources: Sources) -> Captured:
    from zfdesk.figures.fig3 import fig3_page

    model = sources.live().request.model
    facts = Facts.of_model(model)
    page = fig3_page(model.architecture, facts)
    lead = page.caption.removeprefix(caption(facts)).strip()
    return Captured(page.cells[0].panel, "architecture", NETWORK, lead)


def _capture_filters(spec: PanelSpec, sources: Sources) -> Captured:
    from zfdesk.figures.fig6 import fig6_page

    model = sources.live().request.model
    page = fig6_page(model)
    lead = page.caption.removesuffix(caption(Facts.of_model(model))).strip()
    return Captured(page.cells[0].panel, "first-layer filters", NETWORK, lead)


ARCHITECTURE = PanelKind("architecture", GROUP, "Architecture (Fig. 3)", _capture_architecture, live_result, columns=3)
FILTERS = PanelKind("first-layer filters", GROUP, "First-layer filters (Fig. 6)", _capture_filters, live_result)
KINDS = (ARCHITECTURE, FILTERS)

__all__ = ["ARCHITECTURE", "FILTERS", "KINDS", "NETWORK"]
