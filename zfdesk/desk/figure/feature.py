"""The figure builder: panels arranged for print, beside the window."""

from __future__ import annotations

from zfdesk.desk.actions import Action
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Feature, Opener, with_suffix
from zfdesk.desk.figure.kept import KeptFigure


def _make(context: AppContext) -> None:
    context.add(KeptFigure())


def build_figure(context: AppContext) -> None:
    """Arrange panels on a page."""
    from zfdesk.desk.figure.builder import show_builder

    show_builder(context)


def open_figure(context: AppContext, path: str) -> None:
    """Open a figure's file in the builder."""
    from zfdesk.desk.figure.builder import show_builder

    show_builder(context).files.open_path(path)


ACTIONS = (
    Action(
        "figure", "Figure: arrange panels for print…", ("Ctrl+G",), "View", command=build_figure, after="save-window"
    , also="export pdf svg publication paper page"),
)

FEATURE = Feature(name="figure", make=_make, actions=ACTIONS, opens=(Opener(with_suffix(".npz"), open_figure),))
