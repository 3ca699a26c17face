"""What a feature of the window declares: its panes, its actions, and where it joins in.

A feature is a folder of `zfdesk.desk` with a ``feature.py`` that says all of it once::

    FEATURE = Feature(
        name="scan",
        make=lambda context: context.add(ScanController(context)) and None,   # what computes; before any pane
        panes=(
            PaneSpec(
                title="Portrait",                    # of the dock; also its name in the layout that is remembered
                area=Area.CENTRE,                    # where it stands at first: panes of one area are tabs
                make=PortraitPane,                   # called with the context; draws nothing yet
                figure=figure_source,                # what of it a figure's panel is made of
            ),
        ),
        actions=(Action("portrait", "Portrait of the unit", ("Ctrl+Alt+Q",), "Unit", command=shows_pane("Portrait")),),
    )

`zfdesk.desk.window.features` finds it there. Menus, palette, the table of keys, the check for keys given twice and the
first layout are made from it; what the help says of a pane is the section of its title in ``resources/help.md``. A pane
says by `Pane.demand` what the worker must compute while it is seen; work of the pane's own goes into a
`zfdesk.desk.tasks.Task`. What features need of each other goes through the context: a controller that several use
stands beside this file, as `zfdesk.desk.path_player` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from zfdesk.desk.actions import Action, CommandFunction
from zfdesk.desk.context import AppContext
from zfdesk.desk.widgets.pane import Pane
from zfdesk.live import Demand, View
from zfdesk.session import Kept, SessionError
from zfdesk.typed_json import PlainError, from_plain, to_plain

if TYPE_CHECKING:
    from zfdesk.pages.panels import Sources
    from zfdesk.session import Reopened, Session

T = TypeVar("T")


class Area(Enum):
    """Where a pane stands at first: (column from the left, place in the column). Panes of one area are tabs."""

    PICTURE = (0, 0)
    ANSWER = (0, 1)
    LAYERS = (1, 0)
    CENTRE = (1, 1)
    UNIT = (2, 0)
    BELOW_UNIT = (2, 1)  # closed to its tabs until one of its panes is used
    PORTRAIT = (3, 0)

    @property
    def column(self) -> int:
        """Return the column, counted from the left."""
        return self.value[0]

    @property
    def place(self) -> int:
        """Return the place in the column, counted from above."""
        return self.value[1]


@dataclass(frozen=True)
class PaneSpec:
    """A pane, declared once. ``make``: usually its class; it makes, and shows nothing yet.

    ``at_start``: else it is made and shown when it is first asked for (`Panes.show`), and closed again by a reset of
    the layout. ``figure``: adds what this pane shows to what a figure can be made of.
    """

    title: str
    area: Area
    make: Callable[[AppContext], Pane]
    at_start: bool = True
    figure: Callable[[AppContext, Sources], Sources] | None = None


@dataclass(frozen=True)
class SessionPart:
    """What a feature keeps in a session file: made by `keeps`, but for what `zfdesk.session` itself computes anew.

    ``key``: something that is another when there is something new to keep. ``keep`` adds to a session; ``restore``
    shows what one held, and says what of it cannot be shown.
    """

    key: Callable[[AppContext], object]
    keep: Callable[[AppContext, Session], Session]
    restore: Callable[[AppContext, Reopened], str | None]


def keeps(
    name: str,
    kind: type[T],
    now: Callable[[AppContext], T | None],
    show: Callable[[AppContext, T], None],
    key: Callable[[AppContext], object] | None = None,
) -> SessionPart:
    """What a feature keeps as a frozen dataclass of numbers, texts, tuples and arrays, under a name of its own.

    ``now``: what there is to keep, None for nothing, SessionError, with a sentence, for what is too large; ``show``:
    shows it again. ``key``: as in `SessionPart`, else ``now``. Names of the dataclasses and their fields stand in the
    file: a field that it lacks takes its default, one that is not known is passed over.
    """

    def keep(context: AppContext, session: Session) -> Session:
        try:
            value = now(context)
        except SessionError as error:
            return replace(session, notes=(*session.notes, str(error)))
        if value is None:
            return session
        arrays: dict[str, np.ndarray] = {}
        return replace(session, kept={**session.kept, name: Kept(to_plain(value, arrays, name), arrays)})

    def restore(context: AppContext, reopened: Reopened) -> str | None:
        kept = reopened.session.kept.get(name)
        if kept is None:
            return None
        try:
            value = from_plain(kind, kept.value, name, [], kept.arrays)
        except PlainError as error:
            return f"Its part “{name}” is left out: {error}."
        show(context, value)
        return None

    return SessionPart(key or now, keep, restore)


@dataclass(frozen=True)
class Opener:
    """A kind of file or folder that a feature opens. ``fits``: whether a path is one."""

    fits: Callable[[str], bool]
    open: Callable[[AppContext, str], None]


def with_suffix(*suffixes: str) -> Callable[[str], bool]:
    """Whether a path is meant as such a file, for an `Opener`: by its suffix, in capitals too."""
    return lambda path: Path(path).suffix.lower() in suffixes


@dataclass(frozen=True)
class ExampleView:
    """A ready view on a moment of the demo, with the embedded network: what to try and what to look for.

    ``place``: among all, in the paper's own order; its key is Alt and that digit. ``seconds``: of the demo, whose
    frame stands still. ``text``: one sentence, in which ``{freeze}`` is that action's key. ``then``: done once the view
    is shown. ``goes_on``: the sentence is of the demo's other pictures, too.
    """

    place: int
    title: str
    text: str
    seconds: float
    view: View
    then: Callable[[AppContext], object] | None = None
    goes_on: bool = False


@dataclass(frozen=True)
class Feature:
    """One thing the window can do.

    ``make``: makes its controllers, before any pane; ``connect``: joins things up once all panes are made. ``status``:
    widgets at the end of the status bar. ``demand``: what must be computed besides what the panes ask for.
    """

    name: str
    actions: tuple[Action, ...] = ()
    panes: tuple[PaneSpec, ...] = ()
    make: Callable[[AppContext], None] | None = None
    connect: Callable[[AppContext], None] | None = None
    status: tuple[Callable[[AppContext], QWidget], ...] = ()
    demand: Callable[[AppContext, Demand], Demand] | None = None
    opens: tuple[Opener, ...] = ()
    session: SessionPart | None = None
    examples: tuple[ExampleView, ...] = ()


class Features(tuple[Feature, ...]):
    """The features of a window, in order; found by `AppContext.get`."""

    @property
    def panes(self) -> tuple[PaneSpec, ...]:
        """Return all panes, in order."""
        return tuple(spec for feature in self for spec in feature.panes)

    @property
    def session_parts(self) -> tuple[SessionPart, ...]:
        """What is kept in a session besides the view and its result."""
        return tuple(feature.session for feature in self if feature.session is not None)

    @property
    def examples(self) -> tuple[ExampleView, ...]:
        """The ready views of all, in the paper's order."""
        return tuple(sorted((one for feature in self for one in feature.examples), key=lambda one: one.place))

    def opener(self, path: str) -> Opener | None:
        """Who opens this file or folder, where it is not simply a source of pictures."""
        return next((opener for feature in self for opener in feature.opens if opener.fits(path)), None)


class Panes(QObject):
    """The panes of a window, by their titles. ``made``: a pane that needs a dock. ``used``: one that is brought up."""

    made = Signal(object)
    used = Signal(object)

    def __init__(self, context: AppContext, specs: Iterable[PaneSpec]) -> None:
        super().__init__(context)
        self._context = context
        self.specs = {spec.title: spec for spec in specs}
        self._panes: dict[str, Pane] = {}

    def make(self) -> None:
        """Make all that are there from the start."""
        for spec in self.specs.values():
            if spec.at_start:
                self.get(spec.title)

    def get(self, title: str) -> Pane:
        """The pane of that title; made now if need be."""
        if title not in self._panes:
            pane = self.specs[title].make(self._context)
            self._panes[title] = self._context.add(pane)
            self.made.emit(pane)
        return self._panes[title]

    @property
    def all(self) -> tuple[Pane, ...]:
        """Those that are made, in the order in which they were."""
        return tuple(self._panes.values())

    def show(self, title: str) -> Pane:
        """Bring a pane to the front, wherever it stands."""
        pane = self.get(title)
        self.used.emit(pane)
        dock = pane.dock
        dock.show()
        dock.raise_()
        return pane

    def raise_open(self, title: str) -> None:
        """Bring a pane to the front if it is open; in the lecture view, which has few, nothing happens."""
        if self.is_open(title):
            self._panes[title].dock.raise_()

    def is_open(self, title: str) -> bool:
        """Whether it stands in the window, perhaps behind another."""
        return title in self._panes and self._panes[title].dock.isVisible()

    def hide(self, title: str) -> None:
        """Close a pane."""
        if title in self._panes:
            self._panes[title].dock.hide()

    def toggle(self, title: str) -> None:
        """Close a pane that is open, else bring it to the front."""
        self.hide(title) if self.is_open(title) else self.show(title)


def shows_pane(title: str) -> CommandFunction:
    """The command that brings the pane of that title to the front."""
    return lambda context: context.get(Panes).show(title)


def toggles_pane(title: str) -> CommandFunction:
    """The command that opens the pane of that title, or closes it."""
    return lambda context: context.get(Panes).toggle(title)


__all__ = [
    "Area",
    "ExampleView",
    "Feature",
    "Features",
    "Opener",
    "PaneSpec",
    "Panes",
    "SessionPart",
    "keeps",
    "shows_pane",
    "toggles_pane",
]
