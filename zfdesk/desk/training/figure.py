"""A training run's page as a file, saved from its pane."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from zfdesk.desk.context import AppContext
from zfdesk.desk.training.reading import Reading
from zfdesk.desk.widgets.page_files import ask_for_page
from zfdesk.runs import Run

if TYPE_CHECKING:
    from zfdesk.figures import Page


def ask_for_figure(context: AppContext, reading: Reading | None, layer: str) -> None:
    """A file picker, then the page of ``zfdesk figure training`` with the probe picture's maps of the layer."""
    if reading is None:
        context.show_message("There is no training run to save a figure of: open one first.", error=True)
        return
    ask_for_page(context, "Save the run as a figure", reading.run.folder.name, partial(_page, reading.run, layer))


def _page(run: Run, layer: str) -> Page:
    from zfdesk.pages.run_page import architecture_of, training_of

    return training_of(run, layer=layer if layer in architecture_of(run).convolutions else "")


__all__ = ["ask_for_figure"]
