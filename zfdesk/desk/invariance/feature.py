"""Fig. 5 by hand. The pane is made when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zfdesk.desk.actions import Action
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Area, Feature, Panes, PaneSpec, toggles_pane
from zfdesk.desk.widgets.pane import Pane

if TYPE_CHECKING:
    from zfdesk.pages.panels import Sources

TITLE = "Invariance"


def _make_pane(context: AppContext) -> Pane:
    from zfdesk.desk.invariance.pane import InvariancePane

    return InvariancePane(context)


def _figure(context: AppContext, sources: Sources) -> Sources:
    if all(pane.title != TITLE for pane in context.get(Panes).all):
        return sources
    from zfdesk.desk.invariance.figure import add_to_sources

    return add_to_sources(context, sources)


FEATURE = Feature(
    name="invariance",
    panes=(PaneSpec(TITLE, Area.CENTRE, _make_pane, at_start=False, figure=_figure),),
    actions=(
        Action(
            "invariance", "Shift, enlarge and turn the picture (Fig. 5), or close that pane", ("Ctrl+Alt+4",), "Tools",
            command=toggles_pane(TITLE),
        ),
    ),
)  # fmt: skip
