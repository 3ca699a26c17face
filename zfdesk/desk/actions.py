"""What an action is, and the table of all of them: menus, toolbar, palette, help sheet and tests are made from it.

Each feature declares its own actions (`zfdesk.desk.feature.Feature`); the window's table is all of theirs. An action
that changes the view is a small function View → View; one that reaches outside the view (a file dialog, the clipboard)
is a function of the `AppContext`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Concatenate, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QApplication

from zfdesk.desk.context import AppContext
from zfdesk.desk.widgets.menu import PopupMenu
from zfdesk.engine import Architecture, Model
from zfdesk.live import Result, View

T = TypeVar("T")
CLEAN_KEY = "Space"
"""Held: every pane shows the picture without occluders."""
NAVIGATION = ("unit", "layer", "arrow")
"""Kinds of change that are made by holding a key down: the heavy panes wait until it rests."""


@dataclass(frozen=True)
class ViewContext:
    """What a change of the view may know besides the view."""

    model: Model
    result: Result | None = None
    columns: int = 1  # of the feature map grid
    mouse: tuple[float, float] | None = None  # over the picture, in input pixels (x, y)
    units: tuple[int, ...] = ()  # in the order of the grid, where that is not the result's

    @property
    def architecture(self) -> Architecture:
        """The network in use."""
        return self.model.architecture


ViewChange = Callable[[View, ViewContext], View]
CommandFunction = Callable[[AppContext], object]


@dataclass(frozen=True)
class HeldKeysHelp:
    """Keys that work while they are held, and are no actions: a row of their own in the table of keys."""

    text: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Action:
    """One thing to do: ``change`` or ``command`` is set.

    ``kind``: changes of one kind in quick succession are one step of undo. ``after``: the id of the action that it
    follows in the menu of another feature; else it stands at its end. ``held``: keys that the table of keys lists below
    it. ``yosinski``: the tag of the binding in Yosinski's toolbox that it answers. ``also``: other words that people
    look for it by, which the command palette knows.
    """

    id: str
    text: str
    keys: tuple[str, ...]
    menu: str
    change: ViewChange | None = None
    command: CommandFunction | None = None
    kind: str = ""
    checked: Callable[[View, ViewContext], bool] | None = None
    after: str = ""
    held: HeldKeysHelp | None = None
    yosinski: str = ""
    also: str = ""


def check(actions: Iterable[Action]) -> None:
    """Raise ValueError naming both when two actions share an id or a key, or one does nothing."""
    seen: dict[str, str] = {CLEAN_KEY: "hold-clean"}
    ids: set[str] = set()
    for action in actions:
        if action.id in ids:
            raise ValueError(f"Two actions are called {action.id}.")
        ids.add(action.id)
        if (action.change is None) == (action.command is None):
            raise ValueError(f"{action.id} needs either a change or a command.")
        for key in action.keys:
            if key in seen:
                raise ValueError(f"The key {key} is given to both {seen[key]} and {action.id}.")
            seen[key] = action.id


def native(key: str) -> str:
    """A key as this system writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) or key


def with_keys(
    text: str, actions: Iterable[Action], values: Mapping[str, Callable[[], str]] = MappingProxyType({})
) -> str:
    """A text in which ``{id}`` stands for the first key of the action of that id, or for a value of that name.

    Raises KeyError for one that there is not.
    """
    by_id = {action.id: action for action in actions}

    def filled(found: re.Match[str]) -> str:
        name = found[1]
        return values[name]() if name in values else native(by_id[name].keys[0])

    return re.sub(r"\{([\w-]+)\}", filled, text)


class ActionTable(QObject):
    """All actions of a window, as Qt has them too. ``navigated``: the view is about to change by a key held down."""

    navigated = Signal()

    def __init__(self, context: AppContext, actions: Iterable[Action]) -> None:
        """Raises ValueError, naming both, where two actions share an id or a key."""
        super().__init__(context)
        self.actions = tuple(actions)
        check(self.actions)
        self.view_context: Callable[[], ViewContext] = lambda: ViewContext(context.state.model, context.state.result)
        self.menus: dict[str, PopupMenu] = {}  # of the window, once it has them
        self._context = context
        self._by_id = {action.id: action for action in self.actions}
        self._all = QActionGroup(self)
        self._all.setExclusionPolicy(QActionGroup.ExclusionPolicy.None_)
        self.qt = {action.id: self._made(action) for action in self.actions}
        application = QApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.focusWindowChanged.connect(self._rest_below_dialogs)
        context.state.view_changed.connect(self.show_checks)
        context.state.model_changed.connect(self.show_checks)

    def _made(self, action: Action) -> QAction:
        made = QAction(action.text, self)
        made.setShortcuts([QKeySequence(key) for key in action.keys])
        made.setShortcutContext(Qt.ShortcutContext.ApplicationShortcut)
        made.setCheckable(action.checked is not None)
        made.triggered.connect(partial(self.run, action.id))
        made.setAutoRepeat(True)
        self._all.addAction(made)
        return made

    def _rest_below_dialogs(self) -> None:
        """No action while a modal dialog is open: Qt would give Return to it while a list of completions is open there,
        and the file that was typed would not be taken."""
        self._all.setEnabled(QApplication.activeModalWidget() is None)

    def find(self, action_id: str) -> Action:
        """The action of that id; KeyError where there is none."""
        return self._by_id[action_id]

    def hint(self, action_id: str) -> str:
        """Its words and keys, for a tool tip."""
        action = self.find(action_id)
        return f"{action.text} ({', '.join(action.keys)})"

    def with_keys(self, text: str) -> str:
        """A text in which ``{id}`` stands for the key of the action of that id."""
        return with_keys(text, self.actions)

    def run(self, action_id: str, _checked: bool = False) -> None:
        """Do what the action of that id does."""
        action = self.find(action_id)
        if action.command is not None:
            action.command(self._context)
            return
        assert action.change is not None
        state = self._context.state
        view = action.change(state.view, self.view_context())
        if action.kind in NAVIGATION and view != state.view:
            self.navigated.emit()
        state.change(view, action.kind)
        self.show_checks()  # Qt has toggled the mark whether or not the view changed

    def show_checks(self) -> None:
        """Set the mark of each action that has one, and whether there is anything to undo."""
        view, context = self._context.state.view, self.view_context()
        for action in self.actions:
            if action.checked is not None:
                self.qt[action.id].setChecked(action.checked(view, context))
        if "undo" in self.qt:
            self.qt["undo"].setEnabled(self._context.state.can_undo)


# What many actions are


def calls(kind: type[T], method: Callable[Concatenate[T, ...], object]) -> CommandFunction:
    """A command that calls a method of the controller or pane of that type."""
    return lambda context: method(context.get(kind))


def cycle(values: tuple[T, ...], now: T) -> T:
    """The value after this one, around; the first where it is none of them."""
    return values[(values.index(now) + 1) % len(values)] if now in values else values[0]


def set_fields(**changes: Any) -> ViewChange:
    """Set fields of the view."""
    return lambda view, context: view.change(**changes)


def toggle(field: str) -> ViewChange:
    """Turn a field of the view on or off."""
    return lambda view, context: view.change(**{field: not getattr(view, field)})


def next_of(field: str, values: tuple[Any, ...]) -> ViewChange:
    """The next value of a field of the view."""
    return lambda view, context: view.change(**{field: cycle(values, getattr(view, field))})


__all__ = [
    "CLEAN_KEY",
    "Action",
    "ActionTable",
    "CommandFunction",
    "HeldKeysHelp",
    "ViewChange",
    "ViewContext",
    "calls",
    "check",
    "cycle",
    "native",
    "next_of",
    "set_fields",
    "toggle",
    "with_keys",
]  # fmt: skip
