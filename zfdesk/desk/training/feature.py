"""Watching a training run. The pane is made when it is first asked for: it brings much that a look at pictures does not
need."""

from __future__ import annotations

from zfdesk.desk.actions import Action
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Area, Feature, Opener, PaneSpec, toggles_pane
from zfdesk.desk.training import commands
from zfdesk.desk.widgets.pane import Pane
from zfdesk.runs.names import is_run


def _make_pane(context: AppContext) -> Pane:
    from zfdesk.desk.training.pane import TrainingPane

    return TrainingPane(context)


ACTIONS = (
    Action("training", "Watch a training run, or close its pane", ("Ctrl+Alt+W",), "Training", command=toggles_pane(commands.TITLE), also="loss learning run"),
    Action("training-open", "Open a training run…", ("Ctrl+Alt+Y",), "Training", command=commands.open_training_run, also="loss log run"),
    Action("training-back", "The snapshot before", ("Ctrl+Alt+Left",), "Training", command=commands.training_back),
    Action("training-on", "The next snapshot", ("Ctrl+Alt+Right",), "Training", command=commands.training_on),
    Action("training-play", "Play the snapshots, or stop", ("Ctrl+Alt+P",), "Training", command=commands.play_training),
    Action("training-figure", "Save the training run as a figure…", ("Ctrl+Alt+V",), "Training", command=commands.save_training_figure),
    Action("training-use", "Use the network of this snapshot", ("Ctrl+Alt+M",), "Training", command=commands.use_training_network),
)

FEATURE = Feature(
    name="training",
    panes=(PaneSpec("Training", Area.CENTRE, _make_pane, at_start=False),),
    actions=ACTIONS,
    opens=(Opener(is_run, commands.watch_run),),
)
