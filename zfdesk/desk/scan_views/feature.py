"""What a scan opens. The panes are made when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from zfdesk.desk.actions import Action, CommandFunction
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


def _toggle(title: str) -> CommandFunction:
    def toggle(context: AppContext) -> None:
        """Open the pane, or close it."""
        panes = context.get(Panes)
        if not panes.is_open(title):
            context.get(ScanController).open_last()
        panes.toggle(title)

    return toggle


PANES = tuple(
    PaneSpec(title, Area.CENTRE, _make(module, name), at_start=False, figure=_figure(title))
    for title, module, name in (
        (NEAREST, "nearest_pane", "NearestPane"),
        (MAP, "map_pane", "MapPane"),
        (BOXES, "boxes_pane", "BoxesPane"),
        (FIG2, "fig2_pane", "Fig2Pane"),
        (OBJECTS, "objects_pane", "ObjectsPane"),
    )
)

ACTIONS = tuple(
    Action(f"scan-{name}", f"{text}, or close that pane", (key,), "Scan", command=_toggle(title))
    for name, text, key, title in (
        ("nearest", "Nearest scanned pictures", "Ctrl+Alt+5", NEAREST),
        ("map", "Map of the scanned pictures", "Ctrl+Alt+6", MAP),
        ("boxes", "The unit's boxes on whole pictures (R-CNN)", "Ctrl+Alt+7", BOXES),
        ("objects", "Units that answer to object or background", "Ctrl+Alt+8", OBJECTS),
        ("fig2", "Strongest activations of the layer (Fig. 2)", "Ctrl+Alt+9", FIG2),
    )
)

FEATURE = Feature(name="scan_views", panes=PANES, actions=ACTIONS)
