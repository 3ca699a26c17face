"""A training run's page as a file, saved from its pane."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from zfdesk.desk.context import AppContext
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


def ask_for_figure(context: AppContext, reading: Reading | None, layer: str) -> None:
    """A file picker, then `save_figure`."""
    if reading is None:
        context.show_message("There is no training run to save a figure of: open one first.", error=True)
        return
    proposal = str(Path(context.last_folder()) / f"{reading.run.folder.name}.pdf")
    path, _ = QFileDialog.getSaveFileName(context.window, "Save the run as a figure", proposal, FIGURE_KINDS)
    if path:
        save_figure(context, reading, layer, path)


def save_figure(context: AppContext, reading: Reading, layer: str, path: str) -> None:
    """Write the page of the run, with the layer that is chosen, off this thread; how it went is told."""

    def done(value: None, error: Exception | None) -> None:
        name = Path(path).name
        told = f"Saved {name}." if error is None else f"{name} was not saved: {sentence_of(error)}"
        context.show_message(told, error is not None)

    context.show_message(f"Drawing {reading.run.folder.name}…")
    context.state.tasks.run("training figure", partial(save_run_figure, path, reading.run, layer), done, keep=True)


__all__ = ["ask_for_figure", "save_figure", "save_run_figure"]
