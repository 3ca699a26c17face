"""Watching a training run. Its pane is made when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Panes

if TYPE_CHECKING:
    from zfdesk.desk.training.pane import TrainingPane

TITLE = "Training"


def open_training_run(context: AppContext) -> None:
    """Ask for the folder of a run."""
    _open_training(context).ask_for_run()


def watch_run(context: AppContext, folder: str) -> None:
    """Show a run's folder, such as one that was dropped."""
    _open_training(context).open(folder)


def training_on(context: AppContext) -> None:
    """The next snapshot."""
    _open_training(context).scrubber.step(1)


def training_back(context: AppContext) -> None:
    """The snapshot before."""
    _open_training(context).scrubber.step(-1)


def play_training(context: AppContext) -> None:
    """The snapshots one after another, or stop."""
    _open_training(context).scrubber.play()


def use_training_network(context: AppContext) -> None:
    """Switch to the network of the snapshot that is shown."""
    _open_training(context).use_network()


def save_training_figure(context: AppContext) -> None:
    """Ask for a place and save the run as a figure."""
    _open_training(context).ask_for_figure()


def _open_training(context: AppContext) -> TrainingPane:
    from zfdesk.desk.training.pane import TrainingPane

    context.get(Panes).show(TITLE)
    return context.get(TrainingPane)
