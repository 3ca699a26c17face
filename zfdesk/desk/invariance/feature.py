"""Fig. 5 by hand. The pane is made when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zfdesk.desk.actions import Action
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Area, Feature, Panes, PaneSpec
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


def show_invariance(context: AppContext) -> None:
    """Open the pane, or close it."""
    panes = context.get(Panes)
    panes.hide(TITLE) if panes.is_open(TITLE) else panes.show(TITLE)


MOUSE = (
    ("Drag a slider", "shifts, enlarges or turns the picture that is shown at that moment"),
    ("Click a plot", "goes to that amount"),
)
HELP = (
    ("Invariance (Fig. 5)",
     "The photograph itself is shifted, enlarged about its centre or turned about it, and the network sees the result "
     "without any occluder. The curves tell how far the features of the lower and of the upper layer have moved (the "
     "Euclidean distance from those of the unchanged picture), and the probability of the first watched class, or of "
     "the picture's own first. They grow while you slide; when you rest, the amounts of the paper's figure are "
     "measured too. What lies beyond the photograph is mid-grey. A camera's picture is the one at the moment you take "
     "hold of a slider."),
)  # fmt: skip

FEATURE = Feature(
    name="invariance",
    panes=(
        PaneSpec(
            TITLE, Area.CENTRE, _make_pane, at_start=False, mouse=MOUSE, help=HELP, figure=_figure
        ),
    ),
    actions=(
        Action(
            "invariance", "Shift, enlarge and turn the picture (Fig. 5), or close that pane", ("Ctrl+Alt+4",), "Tools",
            command=show_invariance,
        ),
    ),
)  # fmt: skip
