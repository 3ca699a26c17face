"""What a scan opens. The panes are made when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from zfdesk.desk.actions import Action, Command
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Area, Feature, Panes, PaneSpec
from zfdesk.desk.scan import ScanController
from zfdesk.desk.scan_views.base import ScanPane
from zfdesk.desk.widgets.pane import Pane

if TYPE_CHECKING:
    from zfdesk.pages.panels import Sources

NEAREST, MAP, BOXES, OBJECTS, FIG2 = "Nearest", "Map", "Boxes", "Objects", "Fig. 2"


def _make(module: str, name: str) -> Callable[[AppContext], Pane]:
    def make(context: AppContext) -> Pane:
        pane: Pane = getattr(import_module(f"zfdesk.desk.scan_views.{module}"), name)(context)
        return pane

    return make


def _figure(title: str) -> Callable[[AppContext, Sources], Sources]:
    def figure(context: AppContext, sources: Sources) -> Sources:
        pane = next((pane for pane in context.get(Panes).all if pane.title == title), None)
        return sources.having(pane.for_figure()) if isinstance(pane, ScanPane) else sources

    return figure


def _toggle(title: str) -> Command:
    def toggle(context: AppContext) -> None:
        """Open the pane, or close it."""
        panes = context.get(Panes)
        if panes.is_open(title):
            panes.hide(title)
        else:
            context.get(ScanController).begin()
            panes.show(title)

    return toggle


PANES = (
    PaneSpec(
        NEAREST, Area.CENTRE, _make("nearest_pane", "NearestPane"), at_start=False, figure=_figure(NEAREST),
        mouse=(("Click a picture", "opens it"),),
        help=((NEAREST, "The scanned pictures nearest to what the network sees now, occluders and all, as the picture "
               "moves: in the last fully connected layer below the classifier, in the last maps averaged over their "
               "positions, and in pixels. Distances are Euclidean, in each one's own units."),),
    ),
    PaneSpec(
        MAP, Area.CENTRE, _make("map_pane", "MapPane"), at_start=False, figure=_figure(MAP),
        mouse=(
            ("Wheel, drag", "zooms and moves the map; a double-click shows all of it"),
            ("Click a picture", "opens it"),
            ("Shift-drag", "outlines pictures: they are counted by class and listed"),
        ),
        help=((MAP, "The scanned pictures in a plane, those alike near each other, by the two principal axes of their "
               "fc7 features or by t-SNE. Where there is no room for a picture it is a dot in its class's colour. The "
               "ring is the live picture; on a t-SNE map, which has no place for new pictures, it lies among its "
               "nearest."),),
    ),
    PaneSpec(
        BOXES, Area.CENTRE, _make("boxes_pane", "BoxesPane"), at_start=False, figure=_figure(BOXES),
        mouse=(("Click a picture", "opens it"),),
        help=((BOXES, "The selected unit's strongest pictures, whole, with its receptive field outlined and its "
               "activation as a share of its highest, as R-CNN's Fig. 3 shows units of pool5."),),
    ),
    PaneSpec(
        FIG2, Area.CENTRE, _make("fig2_pane", "Fig2Pane"), at_start=False, figure=_figure(FIG2),
        mouse=(("Click a projection", "selects the unit"), ("Click a patch", "opens its picture")),
        help=((FIG2, "The paper's Fig. 2 for the shown layer: nine units, each with its strongest activations led down "
               "by the chosen method, each stretched to its own range, beside the patches of the pictures."),),
    ),
    PaneSpec(
        OBJECTS, Area.CENTRE, _make("objects_pane", "ObjectsPane"), at_start=False, figure=_figure(OBJECTS),
        mouse=(("Click a row", "selects the unit"), ("Click a heading", "sorts by it")),
        help=((OBJECTS, "Does a unit answer to the object or to what is around it (Section 4.2)? For each unit of the "
               "layer the share of its strongest boxes that lies on the object: where an occluder takes half or more "
               "from the probability of the picture's most probable class. Beside it what chance would give. Live: "
               "the share of its activation that stays while you cover something."),),
    ),
)  # fmt: skip

ACTIONS = tuple(
    Action(f"scan-{name}", f"{words}, or close that pane", (key,), "Scan", command=_toggle(title))
    for name, words, key, title in (
        ("nearest", "Nearest scanned pictures", "Ctrl+Alt+5", NEAREST),
        ("map", "Map of the scanned pictures", "Ctrl+Alt+6", MAP),
        ("boxes", "The unit's boxes on whole pictures (R-CNN)", "Ctrl+Alt+7", BOXES),
        ("objects", "Units that answer to object or background", "Ctrl+Alt+8", OBJECTS),
        ("fig2", "Strongest activations of the layer (Fig. 2)", "Ctrl+Alt+9", FIG2),
    )
)

FEATURE = Feature(name="scan_views", panes=PANES, actions=ACTIONS)
