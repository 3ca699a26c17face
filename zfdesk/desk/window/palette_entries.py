"""What the command palette offers: actions, layers, units and classes, and which of them fit a few letters."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from zfdesk.desk.actions import Action, ActionTable, native
from zfdesk.desk.context import AppContext
from zfdesk.desk.live_view.classes_pane import toggle_watch
from zfdesk.desk.widgets.fuzzy import Match, match
from zfdesk.live.changes import to_layer, to_unit

MOST_FOUND = 60
_UNIT = re.compile(r"(?:(?P<layer>[a-z]\w*)\s*[:\s]\s*)?(?P<unit>\d{1,6})", re.IGNORECASE)


@dataclass(frozen=True)
class PaletteEntry:
    """One line: its text, what kind of thing it is, its keys, and what it does."""

    text: str
    kind: str
    keys: str
    run: Callable[[], None]
    weight: int = 0  # actions 0, layers 1, classes 2: among equals the lower goes first
    good: bool = True
    also: str = ""  # what people may call it


def find(entries: list[PaletteEntry], query: str) -> list[tuple[PaletteEntry, tuple[int, ...]]]:
    """The entries that fit, best first, each with the letters found in its words; without a query all but classes."""
    if not query.strip():
        return [(entry, ()) for entry in entries if entry.weight < 2]
    found: list[tuple[tuple[int, ...], PaletteEntry, tuple[int, ...]]] = []
    for order, entry in enumerate(entries):
        # with gaps, some of a thousand class names would fit anything
        hit = match(query, entry.text, gaps=entry.weight < 2)
        if hit is None or hit.rank[0] == 6:
            asked = entry.weight < 2 or " " in query.strip()
            beside = match(query, f"{entry.kind} {entry.text}", gaps=False) if asked else None
            hit = Match((4, 1000), ()) if beside else hit
        if entry.also and (hit is None or hit.rank[0] >= 4) and _is_called(query, entry.also):
            hit = Match((2, 1000), ())
        if hit is not None:
            # actions keep the order of the menus; of classes the shorter name is the plainer one
            last = len(entry.text) if entry.weight == 2 else order
            found.append(((hit.rank[0], entry.weight, hit.rank[1], last), entry, hit.places))
    found.sort(key=lambda item: item[0])
    return [(entry, places) for _, entry, places in found[:MOST_FOUND]]


def _keys_of(action: Action) -> str:
    return "  ".join(map(native, action.keys))


def _is_called(query: str, also: str) -> bool:
    """Whether the query begins words of a thing's other names."""
    hit = match(query, also, gaps=False)
    return hit is not None and hit.rank[0] <= 3


def entries_of(context: AppContext) -> list[PaletteEntry]:
    """Actions, layers and classes."""
    desk, model, table = context.state, context.state.model, context.get(ActionTable)
    entries = [
        PaletteEntry(action.text, action.menu, _keys_of(action), partial(table.run, action.id), also=action.also)
        for action in table.actions
        if action.id != "palette"
    ]
    names = [stage.name for stage in model.architecture.stages]
    entries += [PaletteEntry(f"Layer {name}", "Layers", "", partial(_show_layer, context, name), 1) for name in names]
    for index, name in enumerate(model.classes):
        kind = "watched class" if index in desk.view.watched else "class to watch"
        entries.append(PaletteEntry(name, kind, "", partial(_watch, context, index), 2))
    return entries


def unit_entry(context: AppContext, query: str) -> PaletteEntry | None:
    """What conv4:17, conv4 17, or 17 alone for the shown layer, stands for."""
    wanted = _UNIT.fullmatch(query.strip())
    if wanted is None:
        return None
    desk = context.state
    names = {stage.name.casefold(): stage for stage in desk.model.architecture.stages}
    stage = names.get((wanted["layer"] or desk.view.layer).casefold())
    if stage is None:
        return None
    unit, count = int(wanted["unit"]), stage.shape[0]
    if unit >= count:
        text = f"{stage.name} has no unit {unit}: they go from 0 to {count - 1}"
        return PaletteEntry(text, "Units", "", lambda: None, good=False)
    return PaletteEntry(f"Unit {stage.name}:{unit}", "Units", "", partial(_show_unit, context, stage.name, unit))


def _show_layer(context: AppContext, layer: str) -> None:
    desk = context.state
    desk.change(to_layer(desk.view, layer, desk.model.architecture, desk.result), "layer")


def _show_unit(context: AppContext, layer: str, unit: int) -> None:
    desk = context.state
    view = to_layer(desk.view, layer, desk.model.architecture, desk.result)
    desk.change(to_unit(view, unit), "unit")


def _watch(context: AppContext, index: int) -> None:
    state = context.state
    if index in state.view.watched:
        context.show_message(f"{state.model.classes[index]} is watched already.")
    else:
        state.change(toggle_watch(state.view, index))


__all__ = ["PaletteEntry", "entries_of", "find", "unit_entry"]
