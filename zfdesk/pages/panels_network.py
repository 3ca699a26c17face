"""Panels of the network itself: Fig. 3 and Fig. 6."""

from __future__ import annotations

from zfdesk.figures.facts import Facts, caption
from zfdesk.pages.panels import Captured, PanelKind, PanelSpec, Sources, no_picture
from zfdesk.pages.panels_live import result_of

GROUP = "The network"


def _capture_architecture(spec: PanelSpec, sources: Sources) -> Captured:
    from zfdesk.figures.fig3 import fig3_page

    model = result_of(sources).request.model
    facts = Facts.of_model(model)
    page = fig3_page(model.architecture, facts)
    lead = page.caption.removeprefix(caption(facts)).strip()
    return Captured(page.cells[0].panel, "architecture", "the network", lead)


def _capture_filters(spec: PanelSpec, sources: Sources) -> Captured:
    from zfdesk.figures.fig6 import fig6_page

    model = result_of(sources).request.model
    page = fig6_page(model)
    lead = page.caption.removesuffix(caption(Facts.of_model(model))).strip()
    return Captured(page.cells[0].panel, "first-layer filters", "the network", lead)


ARCHITECTURE = PanelKind("architecture", GROUP, "Architecture (Fig. 3)", _capture_architecture, no_picture, columns=3)
FILTERS = PanelKind("first-layer filters", GROUP, "First-layer filters (Fig. 6)", _capture_filters, no_picture)
KINDS = (ARCHITECTURE, FILTERS)

__all__ = ["ARCHITECTURE", "FILTERS", "KINDS"]
