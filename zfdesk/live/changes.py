"""Changes of a view that a click and a key share: pure functions View → View."""

from __future__ import annotations

from dataclasses import replace

from zfdesk.engine import Architecture, Model, Occluder, Rule, SeedKind
from zfdesk.live.result import Result
from zfdesk.live.view import MOST_PINS, Crop, HeatTarget, UnitReference, View


def to_layer(view: View, layer: str, architecture: Architecture, result: Result | None) -> View:
    """Show another layer; its strongest unit of the moment is selected."""
    if layer == view.layer:
        return view
    strongest = 0
    if result is not None:
        strongest = next(
            (layer_summary.strongest for layer_summary in result.layer_summaries if layer_summary.stage.name == layer),
            0,
        )
    count = architecture.stage(layer).shape[0]
    return to_unit(view.change(layer=layer), min(strongest, count - 1))


def to_unit(view: View, unit: int) -> View:
    """Another unit of the shown layer, named by its number: a position that was picked belongs to the one before."""
    seed = SeedKind.MAX if view.seed is SeedKind.AT else view.seed
    return view.change(unit=unit, position=None, seed=seed)


def pick_position(view: View, position: tuple[int, int]) -> View:
    """Look at this position of the unit that is looked at: the origin, else the selected one."""
    if view.origin:
        return view.change(origin=replace(view.origin, seed=SeedKind.AT, position=position))
    return view.change(seed=SeedKind.AT, position=position)


def set_seed(view: View, seed: SeedKind) -> View:
    """Another seed for the unit that is looked at: the origin, else the selected one."""
    return view.change(origin=replace(view.origin, seed=seed)) if view.origin else view.change(seed=seed)


def method_of(view: View) -> str:
    """The method by which the unit that is looked at is shown, by its name in `zfdesk.attribution`."""
    return view.heat.unit_method or view.method.value


def set_method(view: View, name: str) -> View:
    """Show the unit that is looked at by another method: a walk down, or any other of `zfdesk.attribution`."""
    walk = name in tuple(Rule)
    view = view.change_heat(unit_method="" if walk else name)
    return view.change(method=Rule(name)) if walk else view


def side_by_side(view: View, on: bool) -> View:
    """All methods beside each other, or the chosen one alone; it ends the comparison with the clean picture, whose
    place it takes."""
    return view.change(all_methods=on, compare_clean=view.compare_clean and not on)


def chosen_occluder(view: View) -> tuple[int, Occluder | None]:
    """Place of the occluder that is worked on, the chosen one or else the last, and itself; (-1, None) for none."""
    chosen = view.chosen_occluder
    index = chosen if 0 <= chosen < len(view.occluders) else len(view.occluders) - 1
    return index, view.occluders[index] if index >= 0 else None


def toggle_pin(view: View, unit: UnitReference) -> View:
    """The view with a unit pinned, or no longer."""
    kept = tuple(pin for pin in view.pins if pin != unit)
    return view.change(pins=kept if unit in view.pins else (*kept, unit)[-MOST_PINS:])


def with_other_layers(view: View, before: Model, model: Model) -> View:
    """A view of one network for another."""
    names = [stage.name for stage in model.architecture.stages]
    layer = view.layer if view.layer in names else model.architecture.last_convolution
    unit = min(view.unit, model.architecture.stage(layer).shape[0] - 1)
    crop = Crop.centre_of(model) if view.crop == Crop.centre_of(before) else view.crop
    view = view.change(crop=crop, layer=layer, unit=unit, position=None, origin=None, pins=(), watched=())
    box = view.heat.box if model.architecture.size == before.architecture.size else None
    return _top_class(view.change_sweep(class_index=-1).change_heat(layer="", box=box))


def with_other_classes(view: View, model: Model, watched: tuple[int, ...]) -> View:
    """A view for a network that differs in its classes alone: what is a class of the one before is let go."""
    above = model.architecture.class_layers
    if view.layer in above:
        view = view.change(unit=min(view.unit, len(model.classes) - 1), position=None)
    origin = None if view.origin and view.origin.layer in above else view.origin
    pins = tuple(pin for pin in view.pins if pin.layer not in above)
    watched = tuple(index for index in watched if index < len(model.classes))
    return _top_class(view.change(origin=origin, pins=pins, watched=watched).change_sweep(class_index=-1))


def _top_class(view: View) -> View:
    """Where a class looks follows the most probable one: the one that was held is of the network before."""
    held = view.heat.target is HeatTarget.CLASS
    return view.change_heat(class_index=0, target=HeatTarget.TOP if held else view.heat.target)


__all__ = [
    "chosen_occluder", "method_of", "pick_position", "set_method", "set_seed", "side_by_side", "to_layer", "to_unit",
    "toggle_pin", "with_other_classes", "with_other_layers",
]  # fmt: skip
