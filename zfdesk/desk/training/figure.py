"""A training run's page as a file, saved from its pane."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QFileDialog

from zfdesk.desk.state import AppState
from zfdesk.desk.training.snapshots import Reading
from zfdesk.desk.training.words import sentence_of
from zfdesk.desk.widgets.page_files import FIGURE_KINDS, save_page
from zfdesk.engine import Conv
from zfdesk.runs import Run

if TYPE_CHECKING:
    from zfdesk.figures import Page


def save_run_figure(path: str, run: Run, layer: str) -> None:
    """Save the page of ``zfdesk figure training``, with the probe picture's maps of the layer, by `save_page`.

    ``layer``: where it is no convolution, the middle one is taken.
    """
    from zfdesk.pages.run_page import architecture_of, training_of

    def page() -> Page:
        convolutions = [one.name for one in architecture_of(run).layers if isinstance(one, Conv)]
        return training_of(run, layer=layer if layer in convolutions else "")

    save_page(path, page)


class FigureCommands:
    """Mixed into the pane."""

    desk: AppState
    settings: QSettings
    reading: Reading | None
    layer: str

    def ask_for_figure(self) -> None:
        """A file picker, then `save_figure`."""
        if self.reading is None:
            self.desk.told.emit("There is no training run to save a figure of: open one first.", True)
            return
        folder = str(self.settings.value("files/folder", str(Path.home())))
        proposal = str(Path(folder) / f"{self.reading.run.folder.name}.pdf")
        path, _ = QFileDialog.getSaveFileName(self, "Save the run as a figure", proposal, FIGURE_KINDS)
        if path:
            self.save_figure(path)

    def save_figure(self, path: str) -> None:
        """Write the page of the run, with the layer that is chosen, off this thread; how it went is told."""
        if self.reading is None:
            return

        def done(value: None, error: Exception | None) -> None:
            name = Path(path).name
            told = f"Saved {name}." if error is None else f"{name} was not saved: {sentence_of(error)}"
            self.desk.told.emit(told, error is not None)

        self.desk.told.emit(f"Drawing {self.reading.run.folder.name}…", False)
        work = partial(save_run_figure, path, self.reading.run, self.layer)
        self.desk.tasks.run("training figure", work, done, keep=True)


__all__ = ["FigureCommands", "save_run_figure"]
