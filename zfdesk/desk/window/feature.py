"""What the window itself brings: sources, undo, pictures of it, help."""

from __future__ import annotations

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Feature
from zfdesk.desk.window.actions import ACTIONS
from zfdesk.desk.window.examples import ExampleViews
from zfdesk.desk.window.sources import SourceOpener


def _make(context: AppContext) -> None:
    context.add(SourceOpener(context))
    context.add(ExampleViews(context))


FEATURE = Feature(name="window", make=_make, actions=ACTIONS)
