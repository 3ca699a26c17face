"""Watching a training run: commands of the window. The pane is made when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zfdesk.desk.widgets.theme import THEMES
from zfdesk.engine import Model

if TYPE_CHECKING:
    from zfdesk.desk.state import Desk
    from zfdesk.desk.training.pane import TrainingPane


class TrainingCommands:
    """Mixed into the window."""

    desk: Desk
    training: TrainingPane | None = None

    def show_training(self) -> None:
        """Open the pane, or close it."""
        if self.training is not None and self.docks[self.training].isVisible():  # type: ignore[attr-defined]
            self.docks[self.training].hide()  # type: ignore[attr-defined]
        else:
            self._open_training()

    def open_training_run(self) -> None:
        """Ask for the folder of a run."""
        self._open_training().ask_for_run()

    def watch_run(self, folder: str) -> None:
        """Show a run's folder, such as one that was dropped."""
        self._open_training().open(folder)

    def training_on(self) -> None:
        """The next snapshot."""
        self._open_training().scrubber.step(1)

    def training_back(self) -> None:
        """The snapshot before."""
        self._open_training().scrubber.step(-1)

    def play_training(self) -> None:
        """The snapshots one after another, or stop."""
        self._open_training().scrubber.play()

    def use_training_network(self) -> None:
        """Switch to the network of the snapshot that is shown."""
        self._open_training().use_network()

    def save_training_figure(self) -> None:
        """Ask for a place and save the run as a figure."""
        self._open_training().ask_for_figure()

    def _open_training(self) -> TrainingPane:
        if self.training is None:
            from zfdesk.desk.training.pane import TrainingPane

            pane = TrainingPane(self.desk, self.settings)  # type: ignore[attr-defined]
            pane.network_asked.connect(self._use_snapshot)
            self.closing.connect(pane.end)  # type: ignore[attr-defined]
            self.training = pane
            self.panes = (*self.panes, pane)  # type: ignore[attr-defined, has-type]
            dock = self.add_dock(pane)  # type: ignore[attr-defined]
            pane.set_colours(THEMES[self.desk.view.theme])
            if not self.restoreDockWidget(dock):  # type: ignore[attr-defined]
                self.tabifyDockWidget(self.docks[self.sweep], dock)  # type: ignore[attr-defined]
        dock = self.docks[self.training]  # type: ignore[attr-defined]
        dock.show()
        dock.raise_()
        return self.training

    def _use_snapshot(self, model: Model) -> None:
        self.desk.use_model(model)
        classes = f"{len(model.classes):,} classes"
        self.desk.told.emit(f"The network of {model.name} is in use: {model.architecture.title}, {classes}.", False)
