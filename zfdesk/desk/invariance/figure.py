"""Fig. 5 of the picture that is looked at: as a page of its own, and as panels for figures."""

from __future__ import annotations

from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

from zfdesk.desk.context import AppContext
from zfdesk.desk.invariance.controller import InvarianceStudy, StudiedPicture
from zfdesk.desk.widgets.page_files import ask_for_page
from zfdesk.experiments.invariance import Transformation, invariance

if TYPE_CHECKING:
    from zfdesk.figures import Page
    from zfdesk.pages.panels import Sources


def page_of(subject: StudiedPicture, class_index: int) -> Page:
    """Fig. 5 of one picture under all three changes; takes some eighty passes."""
    from zfdesk.figures import fig5_page

    original = subject.original
    found = [
        invariance(original.model, [original.canvas], change, None, (), (class_index,)) for change in Transformation
    ]
    given = class_index != int(original.probabilities.argmax())
    return fig5_page(original.model, [subject.text], [original.canvas], found, given=given)


def ask_for_figure(context: AppContext, study: InvarianceStudy) -> None:
    """Ask for a place and save Fig. 5 of the picture that is looked at."""
    if study.subject is None:
        context.show_message("No picture has come yet.", error=True)
        return
    name = f"{PurePath(study.subject.picture).stem or 'picture'}-invariance"
    make = partial(page_of, study.subject, study.class_index)
    ask_for_page(context, "Save Fig. 5 of this picture", name, make)


def add_to_sources(context: AppContext, sources: Sources) -> Sources:
    """The curves that the pane shows, once there are any."""
    from zfdesk.pages.panels_invariance import InvarianceShown

    if not context.has(InvarianceStudy):
        return sources
    study = context.get(InvarianceStudy)
    one, subject = study.as_invariance(study.change), study.subject
    if one is None or subject is None:
        return sources
    return sources.having(InvarianceShown(subject.original.model, one, subject.picture, subject.text))


__all__ = ["add_to_sources", "ask_for_figure", "page_of"]
