"""The portrait of the selected unit, and the scan that all panes about many pictures speak of."""

from __future__ import annotations

from zfdesk.desk.actions import Action
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Area, Feature, Panes, PaneSpec
from zfdesk.desk.patterns import Patterns
from zfdesk.desk.portrait.controller import PortraitController
from zfdesk.desk.portrait.pane import PortraitPane
from zfdesk.desk.portrait.scan_row import ask_for_folder
from zfdesk.desk.scan import ScanController


def _make(context: AppContext) -> None:
    context.add(ScanController(context))
    context.add(PortraitController(context))
    context.add(Patterns(context))


def _connect(context: AppContext) -> None:
    context.get(ScanController).begin()


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

FEATURE = Feature(
    name="portrait",
    make=_make,
    connect=_connect,
    panes=(PaneSpec(PortraitPane.title, Area.PORTRAIT, PortraitPane, mouse=MOUSE, help=HELP),),
    actions=(
        Action("portrait", "Portrait of the unit", ("Ctrl+Alt+Q",), "Unit", command=show_portrait),
        Action("scan-folder", "Scan a folder of pictures…", ("Ctrl+Alt+B",), "Unit", command=ask_for_folder),
    ),
)
