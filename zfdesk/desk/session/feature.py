"""Sessions: the whole view as a file, opened, saved, and kept against a crash."""

from __future__ import annotations

from pathlib import Path

from zfdesk.desk.actions import Action, ActionTable, calls
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Feature, Opener
from zfdesk.desk.session.controller import Sessions
from zfdesk.session import is_session


def _make(context: AppContext) -> None:
    context.add(Sessions(context))


def _connect(context: AppContext) -> None:
    context.get(Sessions).add_recent_menu(context.get(ActionTable).menus["Session"])


def _open(context: AppContext, path: str) -> None:
    context.get(Sessions).open(Path(path))


ACTIONS = (
    Action("session-open", "Open a session…", ("Ctrl+F12",), "Session", command=calls(Sessions, Sessions.ask_open), also="load project workspace state"),
    Action("session-save", "Save the session", ("Ctrl+S",), "Session", command=calls(Sessions, Sessions.save), also="project workspace state export"),
    Action("session-save-as", "Save the session as…", ("Ctrl+Shift+S",), "Session", command=calls(Sessions, Sessions.ask_save), also="project workspace state export"),
)

FEATURE = Feature(name="session", make=_make, connect=_connect, actions=ACTIONS, opens=(Opener(is_session, _open),))
