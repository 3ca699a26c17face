"""The portrait of the selected unit, and the scan that all panes about many pictures speak of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zfdesk.desk.actions import Action
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Area, Feature, PaneSpec, keeps, shows_pane
from zfdesk.desk.patterns import Patterns
from zfdesk.desk.portrait.controller import PortraitController
from zfdesk.desk.portrait.pane import PortraitPane
from zfdesk.desk.portrait.scan_row import ask_for_folder
from zfdesk.desk.scan import ScanController
from zfdesk.desk.widgets.pane import Pane

if TYPE_CHECKING:
    from zfdesk.pages.panels import Sources


LAYER_TITLE = "Layer statistics"


def _make(context: AppContext) -> None:
    context.add(ScanController(context))
    context.add(PortraitController(context))
    context.add(Patterns(context))


def _connect(context: AppContext) -> None:
    context.get(ScanController).open_last()


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


@dataclass(frozen=True)
class KeptScan:
    """The folders, pictures and clips that the panes about many pictures speak of."""

    places: tuple[str, ...]


def _kept(context: AppContext) -> KeptScan | None:
    places = context.get(ScanController).status.places
    return KeptScan(tuple(map(str, places))) if places else None


def _show_kept(context: AppContext, kept: KeptScan) -> None:
    context.get(ScanController).set_places(kept.places)


FEATURE = Feature(
    name="portrait",
    make=_make,
    connect=_connect,
    panes=(
        PaneSpec(PortraitPane.title, Area.PORTRAIT, PortraitPane, figure=_figure),
        PaneSpec(LAYER_TITLE, Area.CENTRE, _make_layer_pane, at_start=False, figure=_layer_figure),
    ),
    session=keeps("scan", KeptScan, _kept, _show_kept),
    actions=(
        Action("portrait", "Portrait of the unit", ("Ctrl+Alt+Q",), "Unit", command=shows_pane(PortraitPane.title), also="top images strongest pictures"),
        Action("layer-statistics", "Units of the layer: correlations, activations, dead and alike", ("Ctrl+Alt+Shift+L",), "Maps", command=shows_pane(LAYER_TITLE)),
        Action("scan-folder", "Scan a folder of pictures…", ("Ctrl+Alt+B",), "Unit", command=ask_for_folder),
    ),
)
