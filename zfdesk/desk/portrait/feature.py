"""The portrait of the selected unit, and the scan that all panes about many pictures speak of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from zfdesk.desk.actions import Action
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Area, Feature, Panes, PaneSpec, SessionPart
from zfdesk.desk.patterns import Patterns
from zfdesk.desk.portrait.controller import PortraitController
from zfdesk.desk.portrait.pane import PortraitPane
from zfdesk.desk.portrait.scan_row import ask_for_folder
from zfdesk.desk.scan import ScanController
from zfdesk.desk.widgets.pane import Pane

if TYPE_CHECKING:
    from zfdesk.pages.panels import Sources
    from zfdesk.session import Reopened, Session


def _make(context: AppContext) -> None:
    context.add(ScanController(context))
    context.add(PortraitController(context))
    context.add(Patterns(context))


def _connect(context: AppContext) -> None:
    context.get(ScanController).begin()


def _figure(context: AppContext, sources: Sources) -> Sources:
    from zfdesk.pages.panels_portrait import PortraitShown

    portraits = context.get(PortraitController)
    if portraits.shown is None:
        return sources
    return sources.having(PortraitShown(context.state.model, portraits.shown, portraits.made))


def _layer_figure(context: AppContext, sources: Sources) -> Sources:
    from zfdesk.desk.portrait.layer_pane import LayerPane

    return sources.having(context.get(LayerPane).shown) if context.has(LayerPane) else sources


def _make_layer_pane(context: AppContext) -> Pane:
    from zfdesk.desk.portrait.layer_pane import LayerPane

    return LayerPane(context)


def _key(context: AppContext) -> object:
    return context.get(ScanController).status.places


def _keep(context: AppContext, session: Session) -> Session:
    return replace(session, scan=tuple(map(str, context.get(ScanController).status.places)))


def _restore(context: AppContext, reopened: Reopened) -> None:
    context.get(ScanController).speak_of(reopened.session.scan)


def show_layer(context: AppContext) -> None:
    """Bring the units of the layer up."""
    context.get(Panes).show(LAYER_TITLE)


def show_portrait(context: AppContext) -> None:
    """Bring the pane up."""
    context.get(Panes).show(PortraitPane.title)


MOUSE = (("Click a picture", "opens it at the position that wakes the unit"), ("Click a number", "selects that unit"))
HELP = (
    ("Portrait",
     "What the selected unit is for, as many pictures tell it. Scan a folder once: of each picture every unit's highest "
     "activation is kept, for these weights, so that the next scan takes only what is new. Shown are the nine pictures "
     "that wake the unit most: the patch that it saw, grey beyond the picture's border, and beside it what the "
     "deconvnet (or the method that is chosen) makes of that activation alone, in the same box. Below: the picture "
     "made for the unit by activation maximisation, how strongly the pictures wake it with the live value marked, how "
     "many do, the classes (subfolders) that it answers to most, and the units whose answers correlate with its own. "
     "In place of a scan it shows the last minutes of the live source."),
)  # fmt: skip
LAYER_TITLE = "Layer statistics"
LAYER_MOUSE = (("Click", "selects the unit of that row; with Shift that of the column"),)
LAYER_HELP = (
    ("Layer statistics",
     "The units of the shown layer beside each other, over the scanned pictures: Pearson's correlation of their highest "
     "activations, or how those are spread, each row a unit from zero to its highest. Dead units, which none of the "
     "pictures wakes, and pairs that answer alike are listed below."),
)  # fmt: skip

FEATURE = Feature(
    name="portrait",
    make=_make,
    connect=_connect,
    panes=(
        PaneSpec(PortraitPane.title, Area.PORTRAIT, PortraitPane, mouse=MOUSE, help=HELP, figure=_figure),
        PaneSpec(
            LAYER_TITLE, Area.CENTRE, _make_layer_pane, at_start=False, mouse=LAYER_MOUSE, help=LAYER_HELP,
            figure=_layer_figure,
        ),
    ),
    session=SessionPart(_key, _keep, _restore),
    actions=(
        Action("portrait", "Portrait of the unit", ("Ctrl+Alt+Q",), "Unit", command=show_portrait),
        Action("layer-statistics", "Units of the layer: correlations, activations, dead and alike", ("Ctrl+Alt+Shift+L",), "Maps", command=show_layer),
        Action("scan-folder", "Scan a folder of pictures…", ("Ctrl+Alt+B",), "Unit", command=ask_for_folder),
    ),
)
