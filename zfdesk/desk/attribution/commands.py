"""What the actions of attribution do outside the view."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from zfdesk.desk.attribution.controller import TITLE, HeatWork
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Panes
from zfdesk.desk.widgets.page_files import ask_for_page

if TYPE_CHECKING:
    from zfdesk.desk.attribution.pane import HeatPane
    from zfdesk.pages.panels import Sources


def _opened(context: AppContext) -> HeatPane:
    from zfdesk.desk.attribution.pane import HeatPane

    context.get(Panes).show(TITLE)
    return context.get(HeatPane)


def measure_methods(context: AppContext) -> None:
    """Insertion and deletion of the maps side by side."""
    _opened(context).work.measure()


def teach_head(context: AppContext) -> None:
    """Ask for a folder of pictures, and teach CAM's head from it."""
    title = "Pictures to teach CAM's head: a folder for each class, pictures alone, or shards"
    folder = QFileDialog.getExistingDirectory(context.window, title, context.last_folder())
    if folder:
        context.remember_folder(f"{folder}/.")
        context.get(HeatWork).teach_head(folder)


def check_sanity(context: AppContext) -> None:
    """Randomise the layers from the top: which maps change?"""
    _opened(context).work.check_sanity()


def save_methods_figure(context: AppContext) -> None:
    """Ask for a place and save what the pane shows: the maps, or the sanity check."""
    from zfdesk.pages.heat_pages import methods_page

    pane, view = _opened(context), context.state.view
    if pane.shows_sanity and pane.work.sanity is not None:
        page = pane.work.sanity.page
        ask_for_page(context, "Save the sanity check", "sanity-check", lambda: page)
        return
    found = pane.work.stream.found
    if found is None or not found.found:
        context.show_message("There are no maps side by side yet: try again in a moment.", error=True)
        return
    make = partial(methods_page, found, view.heat, view.maps.colours, pane.work.curves_of(found))
    ask_for_page(context, "Save the methods side by side", "methods", make)


def add_to_sources(context: AppContext, sources: Sources) -> Sources:
    """What lies over the picture and what stands side by side, as they are shown."""
    from zfdesk.desk.heat_maps import OVERLAY
    from zfdesk.pages.panels_heat import HeatShown

    work, view = context.get(HeatWork), context.state.view
    over = work.heats.streams[OVERLAY].found if view.heat.shown else None
    beside = work.stream.found
    sanity = work.sanity.page if work.sanity is not None else None
    curves = work.curves_of(beside) if beside is not None else {}
    return sources.having(HeatShown(view.heat, view.maps.colours, over, beside, sanity, curves))


__all__ = ["add_to_sources", "check_sanity", "measure_methods", "save_methods_figure", "teach_head"]
