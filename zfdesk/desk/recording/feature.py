"""Films of what is on screen."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from zfdesk.desk.actions import Action
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Feature
from zfdesk.desk.recording.controller import Films
from zfdesk.live import Demand


def _make(context: AppContext) -> None:
    context.add(Films(context))


def _mark(context: AppContext) -> QWidget:
    return context.get(Films).mark


def _demand(context: AppContext, demand: Demand) -> Demand:
    return context.get(Films).demand(demand)


def record_film(context: AppContext) -> None:
    """Choose what to record, or stop."""
    films = context.get(Films)
    if films.recording:
        films.stop()
    elif films.finishing:
        context.show_message("The last frames of the film are still being written.")
    else:
        from zfdesk.desk.recording.dialog import show_recording_dialog

        show_recording_dialog(context)


ACTIONS = (
    Action("record", "Record a film…, or stop", ("F9",), "View", command=record_film, after="save-pane", also="video movie film gif mp4 export screen recording"),
)  # fmt: skip

FEATURE = Feature(name="recording", make=_make, status=(_mark,), demand=_demand, actions=ACTIONS)
