"""The lab. Its pane is made when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zfdesk.desk.actions import Action, calls
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Area, Feature, Panes, PaneSpec, keeps, toggles_pane
from zfdesk.desk.lab import commands
from zfdesk.desk.lab.controller import Lab
from zfdesk.desk.lab.kept import KeptMade, kept_made
from zfdesk.desk.widgets.pane import Pane

if TYPE_CHECKING:
    from zfdesk.pages.panels import Sources


def _make(context: AppContext) -> None:
    context.add(Lab(context))


def _figure(context: AppContext, sources: Sources) -> Sources:
    return sources.having(context.get(Lab).made)


def _make_pane(context: AppContext) -> Pane:
    from zfdesk.desk.lab.pane import LabPane

    return LabPane(context)


def _key(context: AppContext) -> object:
    """What is being made changes all the time: it is kept when it rests."""
    lab = context.get(Lab)
    return None if lab.running else lab.made


def _kept(context: AppContext) -> KeptMade | None:
    made = context.get(Lab).kept
    return None if made is None else kept_made(made)


def _show_kept(context: AppContext, kept: KeptMade) -> None:
    context.get(Lab).restore(kept.whole)
    context.get(Panes).show(commands.TITLE)


ACTIONS = (
    Action("lab", "Lab: pictures that are made, or close it", ("Ctrl+Alt+A",), "Lab", command=toggles_pane(commands.TITLE), also="activation maximisation feature visualisation optimise synthesise"),
    Action("lab-unit", "What the selected unit would like to see", ("Ctrl+Shift+1",), "Unit", command=commands.makes("Maximise"), also="activation maximisation feature visualisation optimise"),
    Action("lab-nine", "Nine different pictures that the selected unit would like to see", ("Ctrl+Shift+9",), "Unit",
           command=commands.make_nine),
    Action("lab-fool", "Fooling picture: the frame, taken for any class…", ("Ctrl+Shift+2",), "Lab", command=commands.shows("Fool"), also="adversarial example attack"),
    Action("lab-dream", "DeepDream on the frame", ("Ctrl+Shift+3",), "Lab", command=commands.makes("Dream"), also="deep dream"),
    Action("lab-invert", "What each layer still knows of the frame", ("Ctrl+Shift+4",), "Lab", command=commands.makes("Invert")),
    Action("lab-texture", "Texture of the frame", ("Ctrl+Shift+5",), "Lab", command=commands.makes("Texture")),
    Action("lab-style", "Style transfer…", ("Ctrl+Shift+6",), "Lab", command=commands.shows("Style")),
    Action("lab-pause", "Pause the picture that is made, or go on", ("Ctrl+Alt+Space",), "Lab", command=calls(Lab, Lab.pause)),
    Action("lab-cancel", "Cancel the picture that is made", ("Ctrl+Alt+Backspace",), "Lab", command=calls(Lab, Lab.cancel)),
)

FEATURE = Feature(
    name="lab",
    make=_make,
    panes=(PaneSpec("Lab", Area.CENTRE, _make_pane, at_start=False, figure=_figure),),
    actions=ACTIONS,
    session=keeps("made", KeptMade, _kept, _show_kept, _key),
)
