"""What the view's actions do besides changing the view."""

from __future__ import annotations

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Panes
from zfdesk.desk.live_view.classes_pane import ClassesPane
from zfdesk.desk.live_view.snapshot_pane import ComparePane
from zfdesk.desk.widgets.questions import ask_for_whole_number
from zfdesk.live.changes import to_unit


def jump_to_unit(context: AppContext) -> None:
    """Type a unit's number."""
    view = context.state.view
    last = context.state.model.architecture.stage(view.layer).shape[0] - 1
    unit = ask_for_whole_number(
        context.window,
        "Jump to a unit",
        f"Number of the unit of {view.layer} to look at, from 0 to {last}:",
        view.unit,
        0,
        last,
    )
    if unit is not None:
        context.state.change(to_unit(view, unit), "unit")


def find_class(context: AppContext) -> None:
    """Put the cursor into the class search."""
    context.get(Panes).show(ClassesPane.title)
    context.get(ClassesPane).search.setFocus()


def take_snapshot(context: AppContext) -> None:
    """Keep what is shown as A."""
    context.get(Panes).show(ComparePane.title)
    context.get(ComparePane).take_snapshot()


__all__ = ["find_class", "jump_to_unit", "take_snapshot"]
