"""The menu bar: where each action stands, with separators, and submenus of values with the present one marked.

Actions that no menu names stand at the end of the menu of their own topic (`Action.menu`): a new feature needs no line
here. Moves by arrow keys stand in the help alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenuBar

from zfdesk.desk.actions import Action, ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.live_view.actions import BOOSTS, GAMMAS
from zfdesk.desk.live_view.maps_pane import CONTENT_LABELS, NORMALISE_LABELS, ORDER_LABELS, PATTERN_LABELS
from zfdesk.desk.live_view.unit_content import SEED_LABELS
from zfdesk.desk.widgets.colour_tables import SEQUENTIAL
from zfdesk.desk.widgets.heat_controls import CONTOUR_LABELS, METHOD_LABELS
from zfdesk.desk.widgets.menu import PopupMenu
from zfdesk.desk.widgets.theme import THEMES
from zfdesk.engine import Model, Occluder, OccluderFill, OccluderShape
from zfdesk.live import Style, SweepMap, SweepUnit, TraceAxis, View
from zfdesk.live.changes import chosen_occluder, method_of, set_method, set_seed

SEPARATOR = "-"
KEYS_ONLY = ("arrow-", "nudge-", "unit-left", "unit-right", "unit-up", "unit-down", "layer-", "escape")
"""Beginnings of the ids of moves: everyone makes them by keys, and twenty lines of them hide what else there is."""


@dataclass(frozen=True)
class ValuesMenu:
    """A submenu of values. ``action``: the id of the action whose key goes through them. ``now``: the present one, None
    where there is none; ``change``: the view with another; ``applies``: whether any of them means something there."""

    title: str
    action: str
    labels: dict[Any, str]
    now: Callable[[View], Any]
    change: Callable[[View, Any], View]
    applies: Callable[[View, Model], bool] = lambda view, model: True


@dataclass(frozen=True)
class Menu:
    """A menu: ids of actions, `SEPARATOR`, and submenus. ``topics``: whose further actions stand at its end."""

    title: str
    items: tuple[str | ValuesMenu | Menu, ...]
    topics: tuple[str, ...] = ()


def _plain(kind: type[StrEnum]) -> dict[Any, str]:
    return {value: value.value for value in kind}


def _of_maps(title: str, action: str, field: str, labels: dict[Any, str]) -> ValuesMenu:
    return ValuesMenu(
        title, action, labels, lambda view: getattr(view.maps, field),
        lambda view, value: view.change_maps(**{field: value}),
    )  # fmt: skip


def _of_heat(title: str, action: str, field: str, labels: dict[Any, str]) -> ValuesMenu:
    return ValuesMenu(
        title, action, labels, lambda view: getattr(view.heat, field),
        lambda view, value: view.change_heat(**{field: value}),
    )  # fmt: skip


def _of_view(title: str, action: str, field: str, labels: dict[Any, str]) -> ValuesMenu:
    return ValuesMenu(
        title, action, labels, lambda view: getattr(view, field), lambda view, value: view.change(**{field: value})
    )


def _of_occluder(title: str, action: str, field: str, labels: dict[Any, str]) -> ValuesMenu:
    def change(view: View, value: Any) -> View:
        index, occluder = chosen_occluder(view)
        if occluder is None:
            return view
        edited: Occluder = replace(occluder, **{field: value})
        if edited.shape is OccluderShape.SQUARE:
            side = min(edited.height, edited.width)
            edited = replace(edited, height=side, width=side)
        return view.change(occluders=(*view.occluders[:index], edited, *view.occluders[index + 1 :]))

    return ValuesMenu(title, action, labels, lambda view: getattr(chosen_occluder(view)[1], field, None), change)


METHOD = ValuesMenu("&Method", "method-direct", METHOD_LABELS, method_of, set_method)
SEED = ValuesMenu(
    "&Seed: where it starts", "seed", SEED_LABELS, lambda view: view.looked_at.seed, set_seed,
    lambda view, model: model.architecture.stage(view.looked_at.layer).spatial,
)  # fmt: skip
SHAPE = _of_occluder("&Shape", "occluder-shape", "shape", _plain(OccluderShape))
FILL = _of_occluder("&Fill", "occluder-fill", "fill", _plain(OccluderFill))
SWEEP_MAPS = ValuesMenu(
    "&Map shown", "sweep-map", _plain(SweepMap), lambda view: view.sweep.shown,
    lambda view, value: view.change_sweep(shown=value),
)  # fmt: skip
SWEEP_UNITS = ValuesMenu(
    "&Unit of the sweep", "sweep-unit", {SweepUnit.STRONGEST: "highest total", SweepUnit.SELECTED: "selected unit"},
    lambda view: view.sweep.unit, lambda view, value: view.change_sweep(unit=value),
)  # fmt: skip
PICTURE_ZOOMS = {0: "the whole frame", 1: "what the network sees"}
MENUS = (
    Menu(
        "&File",
        (
            "open", "open-folder", "paste", SEPARATOR,
            "camera", "camera-pick", "demo", "pattern", SEPARATOR,
            Menu("E&xamples", (), ("Examples",)), SEPARATOR,
            Menu("&Play", ("freeze", "play", "step-on", "step-back", "loop", SEPARATOR, "next", "previous")), SEPARATOR,
            Menu("Se&ssion", ("session-open", "session-save", "session-save-as"), ("Session",)),
            Menu("Save and expor&t", (
                "save-window", "save-window-as", "save-pane", "record", SEPARATOR, "figure", "sweep-figure",
                "sweep-arrays", "heat-figure", "training-figure", SEPARATOR, "path-save", "teach-export", "teach-save",
            )), SEPARATOR,
            "quit",
        ),
        ("Source",),
    ),
    Menu(
        "&Edit",
        ("undo", "redo", "reset", SEPARATOR, "copy-pane", "copy-data", "copy-caption", "copy-window", "trace-copy"),
        ("Edit",),
    ),
    Menu(
        "&View",
        (
            Menu("&Panes", (), ("Panes",)), "panes-reset", SEPARATOR, "lecture", "presenter", "full-screen",
            _of_view("&Theme", "theme", "theme", {name: name for name in THEMES}), SEPARATOR,
            Menu("&Crop", (), ("Crop",)),
            Menu("&Feature maps", (
                _of_maps("&Content", "maps-content", "content", CONTENT_LABELS),
                _of_maps("&Range", "normalise", "normalise", NORMALISE_LABELS),
                _of_maps("&Order", "order", "order", ORDER_LABELS),
                _of_maps("Co&lours", "colour-map", "colours", {name: name for name in SEQUENTIAL}),
                _of_maps("&Gamma", "gamma", "gamma", {gamma: f"{gamma:g}" for gamma in GAMMAS}),
                _of_maps("&Boost", "boost", "boost", {boost: f"× {boost:g}" for boost in BOOSTS}),
                _of_maps("&Pattern mode", "pattern-mode", "pattern", PATTERN_LABELS),
                "lock", "hide-silent", "maps-default",
            ), ("Maps",)),
            Menu("&Where a class looks", (
                "heat", _of_heat("&Method", "heat-method", "method", METHOD_LABELS),
                _of_heat("&Contour", "heat-contour", "contour", CONTOUR_LABELS),
            ), ("Attribution",)),
            Menu("C&lasses and snapshots", (), ("Classes",)), SEPARATOR,
            "labels", "outlines", "timings",
            _of_view("&Unit pane shows", "zoom", "zoom", {0: "all", 1: "the map", 2: "the reconstruction"}),
            _of_view("P&icture pane shows", "picture-zoom", "picture_zoom", PICTURE_ZOOMS),
        ),
        ("View",),
    ),
    Menu("&Network", ("weights", "teach-original", SEPARATOR, "lrn"), ("Network",)),
    Menu(
        "&Occluder",
        (
            "occluder", "occluder-add", "occluder-remove", SEPARATOR, SHAPE, FILL, "occluder-larger",
            "occluder-smaller", SEPARATOR, "sweep", "sweep-live", "sweep-cancel", SWEEP_MAPS, "sweep-change",
            "sweep-contour", SWEEP_UNITS, "sweep-class", "sweep-drop",
        ),
        ("Occluder", "Sweep"),
    ),
    Menu(
        "&Unit",
        (
            "unit-strongest", "unit-jump", "pin", "origin", SEPARATOR, METHOD,
            _of_view("St&yle", "style", "style", _plain(Style)), SEED, "method", SEPARATOR,
            "all-methods", "compare-clean",
        ),
        ("Unit",),
    ),
    Menu("Te&ach", ("teach", SEPARATOR, "teach-add", "teach-background", "teach-take"), ("Teach",)),
    Menu(
        "&Tools",
        (
            "palette", "mark-parts", SEPARATOR,
            Menu("&Drag path and trace", (
                "path-record", "path-replay", "path-exact", "path-loop", "path-open", SEPARATOR,
                _of_view("Trace &against", "trace-axis", "trace_axis", _plain(TraceAxis)), "trace-unit", "trace-clear",
            ), ("Trace",)),
            Menu("&Lab: pictures that are made", ("lab", "lab-unit"), ("Lab",)),
            Menu("&Training", ("training", "training-open"), ("Training",)),
        ),
        ("Tools",),
    ),
    Menu("&Help", ("help", "hints", SEPARATOR, "about"), ("Help",)),
)  # fmt: skip


class MenuBar:
    """The menus of a window. ``topics``: the menu of each topic, for features that add submenus of their own."""

    def __init__(self, bar: QMenuBar, context: AppContext, table: ActionTable) -> None:
        self._context, self._table = context, table
        self.topics: dict[str, PopupMenu] = {}
        self._placed = {item for menu in MENUS for item in _named(menu)}
        known = {topic for menu in MENUS for topic in _topics(menu)}
        self._loose = [action for action in table.actions if action.menu not in known]
        for menu in MENUS:
            top = PopupMenu(menu.title, bar)
            bar.addMenu(top)
            self._fill(top, menu)

    def _fill(self, made: PopupMenu, menu: Menu) -> None:
        for item in menu.items:
            if isinstance(item, Menu):
                self._fill(made.add_submenu(item.title), item)
            elif isinstance(item, ValuesMenu):
                self._add_values(made, item)
            elif item == SEPARATOR:
                made.addSeparator()
            elif item in self._table.qt:  # a feature may be absent
                made.addAction(self._table.qt[item])
        rest = [action for action in self._table.actions if action.menu in menu.topics and self._is_loose(action)]
        if "Tools" in menu.topics:
            rest += [action for action in self._loose if self._is_loose(action)]
        if rest and not made.isEmpty():
            made.addSeparator()
        for action in rest:
            made.addAction(self._table.qt[action.id])
        self.topics.update(dict.fromkeys(menu.topics, made))

    def _is_loose(self, action: Action) -> bool:
        return action.id not in self._placed and not action.id.startswith(KEYS_ONLY)

    def _add_values(self, menu: PopupMenu, values: ValuesMenu) -> None:
        key = self._table.find(values.action).keys[0]
        submenu = menu.add_submenu(f"{values.title}\t{key}")
        group = QActionGroup(submenu)
        made: dict[Any, QAction] = {}
        for value, label in values.labels.items():
            made[value] = action = group.addAction(label)
            action.setCheckable(True)
            action.triggered.connect(partial(self._choose, values, value))
            submenu.addAction(action)

        def mark() -> None:
            now = values.now(self._context.state.view)
            for value, action in made.items():
                action.setChecked(value == now)
                action.setEnabled(now is not None)

        submenu.aboutToShow.connect(mark)

    def _choose(self, values: ValuesMenu, value: Any, _checked: bool = False) -> None:
        state = self._context.state
        state.change(values.change(state.view, value))


def _named(menu: Menu) -> Iterable[str]:
    """The ids of all actions that a menu and its submenus name."""
    for item in menu.items:
        if isinstance(item, Menu):
            yield from _named(item)
        else:
            yield item.action if isinstance(item, ValuesMenu) else item


def _topics(menu: Menu) -> Iterable[str]:
    yield from menu.topics
    for item in menu.items:
        if isinstance(item, Menu):
            yield from _topics(item)


__all__ = ["KEYS_ONLY", "MENUS", "METHOD", "SEED", "Menu", "MenuBar", "ValuesMenu"]
