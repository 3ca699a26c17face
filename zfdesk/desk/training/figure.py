"""A training run's page as a file, saved from its pane."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from zfdesk.desk.context import AppContext
from zfdesk.desk.training.snapshots import Reading
from zfdesk.desk.widgets.page_files import ask_for_page, write_page
from zfdesk.engine import Conv
from zfdesk.runs import Run

if TYPE_CHECKING:
    from zfdesk.figures import Page


def page_of(run: Run, layer: str) -> Page:
    """The page of ``zfdesk figure training``, with the probe picture's maps of the layer.

    ``layer``: where it is no convolution, the middle one is taken.
    """
    from zfdesk.pages.run_page import architecture_of, training_of

    convolutions = [one.name for one in architecture_of(run).layers if isinstance(one, Conv)]
    return training_of(run, layer=layer if layer in convolutions else "")


def ask_for_figure(context: AppContext, reading: Reading | None, layer: str) -> None:
    """A file picker, then `save_figure`."""
    if reading is None:
        context.show_message("There is no training run to save a figure of: open one first.", error=True)
        return
    ask_for_page(context, "Save the run as a figure", reading.run.folder.name, partial(page_of, reading.run, layer))


def save_figure(context: AppContext, reading: Reading, layer: str, path: str) -> None:
    """Write the page of the run, with the layer that is chosen, off this thread; how it went is told."""
    write_page(context, path, partial(page_of, reading.run, layer))


__all__ = ["ask_for_figure", "page_of", "save_figure"]
