"""Teach: classes of one's own, from the camera, in the time it takes to show them."""

from __future__ import annotations

from zfdesk.desk.actions import Action, HeldKeysHelp, calls
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Area, ExampleView, Feature, PaneSpec
from zfdesk.desk.teach import commands
from zfdesk.desk.teach.controller import Teaching
from zfdesk.desk.teach.pane import TEACH_KEYS, TeachPane
from zfdesk.live import View


def _make(context: AppContext) -> None:
    context.add(Teaching(context))


def _connect(context: AppContext) -> None:
    context.ending.connect(lambda: commands.keep_classes(context))


ACTIONS = (
    Action("teach", "Teach it your own classes", ("Ctrl+J",), "Teach", command=commands.show_teach, also="train fine-tune transfer learn custom labels"),
    Action("teach-original", "The original network, or the taught one", ("Shift+G",), "Teach", command=calls(Teaching, Teaching.switch), checked=lambda v, c: c.model.body is not None),
    Action("teach-add", "Add a class", ("Ctrl+Shift+G",), "Teach", command=commands.teach_add,
           held=HeldKeysHelp("Held in the Teach pane: pictures for the class of that number", tuple(TEACH_KEYS))),
    Action("teach-background", "Add a class for the background, “nothing”", ("Ctrl+Alt+N",), "Teach", command=commands.teach_background),
    Action("teach-next", "Choose the next class to teach", ("Ctrl+Alt+J",), "Teach", command=commands.teach_next),
    Action("teach-take", "Take a picture for the chosen class", ("Ctrl+Alt+T",), "Teach", command=commands.teach_take),
    Action("teach-rename", "Rename the chosen class", ("Ctrl+Alt+R",), "Teach", command=commands.teach_rename),
    Action("teach-up", "Chosen class up: another key", ("Ctrl+Alt+Up",), "Teach", command=lambda context: commands.move_class(context, -1)),
    Action("teach-down", "Chosen class down: another key", ("Ctrl+Alt+Down",), "Teach", command=lambda context: commands.move_class(context, 1)),
    Action("teach-drop", "Drop the chosen class's last 2 seconds", ("Ctrl+Alt+L",), "Teach", command=commands.teach_drop),
    Action("teach-remove", "Remove the chosen class", ("Ctrl+Alt+D",), "Teach", command=commands.teach_remove),
    Action("teach-undo", "Take the last step of teaching back", ("Ctrl+Alt+Z",), "Teach", command=commands.teach_undo),
    Action("teach-clear", "Forget all classes and pictures", ("Ctrl+Alt+F",), "Teach", command=commands.teach_clear),
    Action("teach-save", "Keep the taught network among the weights…", ("Ctrl+Alt+K",), "Teach", command=commands.teach_save, also="export model weights"),
    Action("teach-export", "Save the pictures as a folder of classes…", ("Ctrl+Alt+E",), "Teach", command=commands.teach_export, also="dataset export images"),
    Action("teach-import", "Open a folder of classes…", ("Ctrl+Alt+I",), "Teach", command=commands.teach_import),
    Action("teach-last", "Go on with the last lesson", ("Ctrl+Alt+G",), "Teach", command=commands.teach_last),
)

EXAMPLE = ExampleView(
    6, "A class taught (5.2)",
    "From eight pictures each of the demo it has learned “my cat”, “motorbike” and “coffee”: press {freeze} to go on and see "
    "it name them, then hold a key of your own for what your camera sees.",
    0.0, View(layer="fc7", unit=300), commands.teach_example, goes_on=True,
)  # fmt: skip

FEATURE = Feature(
    name="teach",
    make=_make,
    connect=_connect,
    panes=(PaneSpec("Teach", Area.CENTRE, TeachPane),),
    actions=ACTIONS,
    examples=(EXAMPLE,),
)
