"""What the actions of the lab do. Its pane is made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Panes

if TYPE_CHECKING:
    from zfdesk.desk.lab.pane import LabPane

TITLE = "Lab"
NINE = 9


def lab_pane(context: AppContext) -> LabPane:
    """The pane, brought to the front."""
    from zfdesk.desk.lab.pane import LabPane

    context.get(Panes).show(TITLE)
    return context.get(LabPane)


def makes(title: str) -> Callable[[AppContext], None]:
    """A command that makes what the form of that title says, as it stands."""

    def command(context: AppContext) -> None:
        pane = lab_pane(context)
        pane.show_form(title)
        pane.begin()

    return command


def make_nine(context: AppContext) -> None:
    """Nine pictures of the selected unit, for its portrait: what all of them share is what it wants."""
    from zfdesk.desk.lab.maximise_form import Aim, MaximiseForm

    pane = lab_pane(context)
    pane.show_form(MaximiseForm.title)
    form = pane.form
    assert isinstance(form, MaximiseForm)
    form.choose(Aim.UNIT, NINE)
    pane.begin()


def shows(title: str) -> Callable[[AppContext], None]:
    """A command that brings up the form of that title, to be filled."""
    return lambda context: lab_pane(context).show_form(title)
