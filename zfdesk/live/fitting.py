"""A view on a network that lacks what it names: the nearest that there is."""

from __future__ import annotations

from zfdesk.engine import Model, SeedKind
from zfdesk.live.view import MOST_PINS, HeatTarget, UnitReference, View


def fitting_view(view: View, model: Model) -> tuple[View, list[str]]:
    """The view with all that this network does not have replaced by the nearest, and a sentence for each."""
    notes: list[str] = []
    architecture = model.architecture
    shapes = {stage.name: stage.shape for stage in architecture.stages}
    name = architecture.name
    if view.layer not in shapes:
        layer = architecture.last_convolution
        notes.append(f"{name} has no layer {printable(view.layer)}: {layer} is shown.")
        view = view.change(layer=layer)
    if not 0 <= view.unit < shapes[view.layer][0]:
        unit = min(max(view.unit, 0), shapes[view.layer][0] - 1)
        notes.append(f"{view.layer} has no unit {view.unit}: {unit} is shown.")
        view = view.change(unit=unit)
    if view.position is not None and not _inside(view.position, shapes[view.layer]):
        notes.append(f"The position {view.position} lies outside the map of {view.layer}: the strongest is shown.")
        view = view.change(position=None, seed=SeedKind.MAX if view.seed is SeedKind.AT else view.seed)

    def has(unit: UnitReference) -> bool:
        there = unit.layer in shapes and 0 <= unit.unit < shapes[unit.layer][0]
        return there and (unit.position is None or _inside(unit.position, shapes[unit.layer]))

    if view.origin is not None and not has(view.origin):
        notes.append(f"{name} does not have the unit that was kept as the origin.")
        view = view.change(origin=None)
    pins = tuple(pin for pin in view.pins if has(pin))[:MOST_PINS]
    watched = tuple(index for index in view.watched if 0 <= index < len(model.classes))
    if (pins, watched) != (view.pins, view.watched):
        gone = len(view.pins) - len(pins), len(view.watched) - len(watched)
        notes.append(f"{gone[0]} pinned units and {gone[1]} watched classes are not in {name} and were left out.")
        view = view.change(pins=pins, watched=watched)
    if not -1 <= view.chosen_occluder < len(view.occluders):
        view = view.change(chosen_occluder=-1)
    view, changed = _fitting_heat(view, model)
    return view, [*notes, *changed]


def _fitting_heat(view: View, model: Model) -> tuple[View, list[str]]:
    """The same for where a class looks."""
    heat, notes, name = view.heat, [], model.architecture.name
    if heat.target is HeatTarget.CLASS and not 0 <= heat.class_index < len(model.classes):
        notes.append(f"{name} has no class {heat.class_index}: where its most probable class looks is shown.")
        view = view.change_heat(target=HeatTarget.TOP, class_index=0)
    if heat.layer and heat.layer not in {stage.name for stage in model.architecture.stages if stage.spatial}:
        notes.append(f"{name} has no maps called {printable(heat.layer)}: those of its last convolution are weighted.")
        view = view.change_heat(layer="")
    return view, notes


def _inside(position: tuple[int, int], shape: tuple[int, int, int]) -> bool:
    return 0 <= position[0] < shape[1] and 0 <= position[1] < shape[2]


def printable(text: str, most: int = 40) -> str:
    """A name out of a file as a message may show it: cut, and without what moves the cursor."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:most])


__all__ = ["fitting_view", "printable"]
