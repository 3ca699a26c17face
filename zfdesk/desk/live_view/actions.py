"""What can be done to the view: crop, occluders, layer and unit, maps, classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from zfdesk.desk.actions import Action, ViewChange, ViewContext, cycle, next_of, set_fields, toggle
from zfdesk.desk.live_view.commands import find_class, jump_to_unit, take_snapshot
from zfdesk.engine import Occluder, OccluderFill, OccluderShape, Rule, SeedKind
from zfdesk.live import ClassBars, CropMode, MapsContent, Normalise, Pattern, Style, UnitOrder, View
from zfdesk.live.changes import chosen_occluder, set_method, set_seed, side_by_side, to_layer, toggle_pin
from zfdesk.live.handles import keep_near, scale_occluder
from zfdesk.live.view import FIRST_MAPS, Crop

FAST = 3  # rows or units of a fast move, as in Yosinski's toolbox
GAMMAS = (1.0, 0.7, 0.5, 0.3)  # as in Yosinski's toolbox
BOOSTS = (1.0, 2.0, 4.0, 8.0, 16.0)


# Layers and units


def _step_layer(view: View, context: ViewContext, steps: int) -> View:
    names = [stage.name for stage in context.architecture.stages]
    place = min(max(names.index(view.layer) + steps, 0), len(names) - 1)
    return to_layer(view, names[place], context.architecture, context.result)


def _step_unit(view: View, context: ViewContext, steps: int) -> View:
    """Along the grid as it is shown: the next tile, whatever the order."""
    count = context.architecture.stage(view.layer).shape[0]
    mosaic = context.result.mosaic if context.result else None
    if context.units:
        units = list(context.units)
    elif mosaic is None or mosaic.layer != view.layer:
        return view.change(unit=min(max(view.unit + steps, 0), count - 1))
    else:
        units = mosaic.units.tolist()
    place = units.index(view.unit) if view.unit in units else 0
    return view.change(unit=units[min(max(place + steps, 0), len(units) - 1)])


def _move(rows: int, columns: int, fast: bool = False) -> ViewChange:
    """Move the selected unit; while an occluder is chosen, the plain arrows move that."""
    factor = FAST if fast else 1

    def change(view: View, context: ViewContext) -> View:
        return _step_unit(view, context, factor * (rows * context.columns + columns))

    return change


def _arrow(rows: int, columns: int, fast: bool = False) -> ViewChange:
    move, nudge = _move(rows, columns, fast), _nudge(rows, columns, 8 if fast else 1)

    def change(view: View, context: ViewContext) -> View:
        return nudge(view, context) if view.chosen_occluder >= 0 else move(view, context)

    return change


def _strongest(view: View, context: ViewContext) -> View:
    if context.result is None:
        return view
    strongest = next((g.strongest for g in context.result.layer_summaries if g.stage.name == view.layer), view.unit)
    return view.change(unit=strongest, position=None, seed=SeedKind.MAX)


def _toggle_origin(view: View, context: ViewContext) -> View:
    return view.change(origin=None if view.origin else view.selected)


# Occluders


def _add_occluder(view: View, context: ViewContext) -> View:
    """A new occluder where the mouse is, of the size, shape and fill of the last one."""
    size = context.architecture.size
    model = view.occluders[-1] if view.occluders else Occluder(0, 0)
    x, y = context.mouse or (size / 2, size / 2)
    if not (0 <= x <= size and 0 <= y <= size):
        x = y = size / 2
    new = replace(model, top=round(y - model.height / 2), left=round(x - model.width / 2))
    return view.change(occluders=(*view.occluders, new), chosen_occluder=len(view.occluders))


def _toggle_occluder(view: View, context: ViewContext) -> View:
    return view.change(occluders=(), chosen_occluder=-1) if view.occluders else _add_occluder(view, context)


def _edit_occluder(edit: Callable[[Occluder], Occluder]) -> ViewChange:
    def change(view: View, context: ViewContext) -> View:
        index, _ = chosen_occluder(view)
        if index < 0:
            return view
        edited = keep_near(edit(view.occluders[index]), context.architecture.size)
        return view.change(
            occluders=(*view.occluders[:index], edited, *view.occluders[index + 1 :]), chosen_occluder=index
        )

    return change


def _nudge(rows: int, columns: int, step: int) -> ViewChange:
    def change(view: View, context: ViewContext) -> View:
        def edit(occluder: Occluder) -> Occluder:
            return replace(occluder, top=occluder.top + rows * step, left=occluder.left + columns * step)

        return _edit_occluder(edit)(view, context)

    return change


def _remove_occluder(view: View, context: ViewContext) -> View:
    index, _ = chosen_occluder(view)
    if index < 0:
        return view
    kept = (*view.occluders[:index], *view.occluders[index + 1 :])
    return view.change(occluders=kept, chosen_occluder=len(kept) - 1 if view.chosen_occluder >= 0 else -1)


def _reshape(occluder: Occluder) -> Occluder:
    shape = OccluderShape(cycle(tuple(OccluderShape), occluder.shape))
    side = min(occluder.height, occluder.width)
    if shape is OccluderShape.SQUARE:
        return replace(occluder, shape=shape, height=side, width=side)
    return replace(occluder, shape=shape)


# Display


def _next_maps(field: str, values: tuple[Any, ...]) -> ViewChange:
    return lambda view, context: view.change_maps(**{field: cycle(values, getattr(view.maps, field))})


def unit_orders(view: View) -> tuple[UnitOrder, ...]:
    """Those that make a difference: classes are preferred over many pictures, and change is of the live one."""
    without = UnitOrder.CLASS if view.maps.pattern is Pattern.NONE else UnitOrder.CHANGE
    return tuple(order for order in UnitOrder if order is not without)


def _next_order(view: View, context: ViewContext) -> View:
    return view.change_maps(order=cycle(unit_orders(view), view.maps.order))


def _cycle_normalise(view: View, context: ViewContext) -> View:
    following = Normalise(cycle(tuple(Normalise), view.maps.normalise))
    return view.change_range(following, _shown_range(context))


def _cycle_direct(view: View, context: ViewContext) -> View:
    """deconvnet raw → gradient raw → gradient norm → guided raw → …, as Yosinski's "ez" loop."""
    loop = (
        (Rule.DECONVNET, Style.RAW), (Rule.GRADIENT, Style.RAW), (Rule.GRADIENT, Style.NORM), (Rule.GUIDED, Style.RAW),
    )  # fmt: skip
    following = loop[(loop.index(now) + 1) % len(loop)] if (now := (view.method, view.style)) in loop else loop[0]
    return set_method(view, following[0]).change(style=following[1])


def _scale_crop(factor: float) -> ViewChange:
    def change(view: View, context: ViewContext) -> View:
        side = min(max(view.crop.side * factor, 0.05), 4.0)
        return view.change(crop=replace(view.crop, mode=CropMode.CROP, side=side))

    return change


def _lock_now(view: View, context: ViewContext) -> View:
    shown = _shown_range(context)
    return view if shown is None else view.change_range(Normalise.LOCKED, shown)


def _shown_range(context: ViewContext) -> tuple[float, float] | None:
    mosaic = context.result.mosaic if context.result else None
    return mosaic.full_range if mosaic else None


ACTIONS: tuple[Action, ...] = (
    # Crop
    Action("crop-fit", "Fit the whole frame", ("Shift+0",), "Crop", set_fields(crop=Crop(CropMode.FIT)), checked=lambda v, c: v.crop.mode is CropMode.FIT),
    Action("crop-stretch", "Stretch the whole frame, or centre crop", ("0",), "Crop",
           lambda v, c: v.change(crop=Crop.centre_of(c.model) if v.crop.mode is CropMode.STRETCH else Crop(CropMode.STRETCH)),
           checked=lambda v, c: v.crop.mode is CropMode.STRETCH, yosinski="stretch_mode"),
    Action("crop-centre", "Centre crop", ("Ctrl+0",), "Crop", lambda v, c: v.change(crop=Crop.centre_of(c.model)), checked=lambda v, c: v.crop == Crop.centre_of(c.model)),
    Action("crop-smaller", "Smaller crop", ("Ctrl+=",), "Crop", _scale_crop(1 / 1.1), kind="crop"),
    Action("crop-larger", "Larger crop", ("Ctrl+-",), "Crop", _scale_crop(1.1), kind="crop"),
    Action("mirror", "Mirror on screen only", ("Ctrl+M",), "Crop", toggle("mirrored"), checked=lambda v, c: v.mirrored, also="flip selfie"),
    # Occluder
    Action("occluder", "Occluder on or off", ("X",), "Occluder", _toggle_occluder, checked=lambda v, c: bool(v.occluders), also="mask cover hide square patch"),
    Action("occluder-add", "Another occluder at the mouse", ("Shift+X",), "Occluder", _add_occluder),
    Action("occluder-remove", "Remove the occluder", ("Del", "Backspace"), "Occluder", _remove_occluder),
    Action("occluder-shape", "Shape: square, rectangle, ellipse", ("Ctrl+E",), "Occluder", _edit_occluder(_reshape)),
    Action("occluder-fill", "Fill: grey, mean, blur, noise, black", ("Ctrl+F",), "Occluder",
           _edit_occluder(lambda o: replace(o, fill=OccluderFill(cycle(tuple(OccluderFill), o.fill)))), also="mask colour noise blur"),
    Action("occluder-larger", "Larger occluder", ("]",), "Occluder", _edit_occluder(lambda o: scale_occluder(o, 1.1)), kind="scale occluder"),
    Action("occluder-smaller", "Smaller occluder", ("[",), "Occluder", _edit_occluder(lambda o: scale_occluder(o, 1 / 1.1)), kind="scale occluder"),
    *(Action(f"nudge-{name}", f"Occluder {name}", (f"Ctrl+{key}",), "Occluder", _nudge(y, x, 1), kind="nudge")
      for name, key, y, x in (("left", "Left", 0, -1), ("right", "Right", 0, 1), ("up", "Up", -1, 0), ("down", "Down", 1, 0))),
    *(Action(f"nudge-{name}-fast", f"Occluder {name} by 8", (f"Ctrl+Shift+{key}",), "Occluder", _nudge(y, x, 8), kind="nudge")
      for name, key, y, x in (("left", "Left", 0, -1), ("right", "Right", 0, 1), ("up", "Up", -1, 0), ("down", "Down", 1, 0))),
    # Layer and unit
    Action("layer-up", "Layer towards the picture", ("U",), "Unit", lambda v, c: _step_layer(v, c, -1), kind="layer", yosinski="sel_layer_left"),
    Action("layer-down", "Layer towards the classes", ("O",), "Unit", lambda v, c: _step_layer(v, c, 1), kind="layer", yosinski="sel_layer_right"),
    Action("layer-up-fast", "Three layers towards the picture", ("Shift+U",), "Unit", lambda v, c: _step_layer(v, c, -FAST), kind="layer"),
    Action("layer-down-fast", "Three layers towards the classes", ("Shift+O",), "Unit", lambda v, c: _step_layer(v, c, FAST), kind="layer"),
    *(Action(f"unit-{name}", f"Unit {name}", (key,), "Unit", _move(y, x), kind="unit", yosinski=f"sel_{name}")
      for name, key, y, x in (("left", "J", 0, -1), ("right", "L", 0, 1), ("up", "I", -1, 0), ("down", "K", 1, 0))),
    *(Action(f"unit-{name}-fast", f"Unit {name} by three", (f"Shift+{key}",), "Unit", _move(y, x, True), kind="unit", yosinski=f"sel_{name}_fast")
      for name, key, y, x in (("left", "J", 0, -1), ("right", "L", 0, 1), ("up", "I", -1, 0), ("down", "K", 1, 0))),
    *(Action(f"arrow-{name}", f"Unit, or the chosen occluder, {name}", (key,), "Unit", _arrow(y, x), kind="arrow")
      for name, key, y, x in (("left", "Left", 0, -1), ("right", "Right", 0, 1), ("up", "Up", -1, 0), ("down", "Down", 1, 0))),
    *(Action(f"arrow-{name}-fast", f"Unit by three, or the chosen occluder by 8, {name}", (f"Shift+{key}",), "Unit", _arrow(y, x, True), kind="arrow")
      for name, key, y, x in (("left", "Left", 0, -1), ("right", "Right", 0, 1), ("up", "Up", -1, 0), ("down", "Down", 1, 0))),
    Action("unit-strongest", "The strongest unit of this layer", ("Return",), "Unit", _strongest, also="channel filter neuron kernel most active"),
    Action("unit-jump", "Jump to a unit by number…", ("G",), "Unit", command=jump_to_unit, also="channel filter neuron kernel go to"),
    Action("origin", "Keep this unit as the origin", ("D",), "Unit", _toggle_origin, checked=lambda v, c: v.origin is not None, yosinski="freeze_back_unit", also="hold lock unit"),
    Action("pin", "Pin this unit", ("P",), "Unit", lambda v, c: toggle_pin(v, v.selected), checked=lambda v, c: v.selected in v.pins, also="channel neuron keep bookmark"),
    Action("method", "Method and style: the common ones in turn", ("B",), "Unit", _cycle_direct, yosinski="ez_back_mode_loop", also="saliency heat map attribution backpropagation"),
    Action("method-direct", "Method: deconvnet, guided, gradient", ("N",), "Unit", lambda v, c: set_method(v, cycle(tuple(Rule), v.method)), yosinski="back_mode", also="saliency heat map attribution backpropagation"),
    Action("style", "Style: raw, gray, norm, blurred norm", ("M",), "Unit", next_of("style", tuple(Style)), yosinski="back_filt_mode"),
    Action("seed", "Seed, where the way down begins: strongest, picked, k strongest, whole map", ("Ctrl+B",), "Unit",
           lambda v, c: set_seed(v, SeedKind(cycle(tuple(k for k in SeedKind if k is not SeedKind.AT or v.looked_at.position), v.looked_at.seed))), also="start position"),
    Action("all-methods", "All methods side by side", ("Shift+B",), "Unit", lambda v, c: side_by_side(v, not v.all_methods or v.compare_clean), checked=lambda v, c: v.all_methods and not (v.compare_clean and v.occluders), also="saliency heat map attribution compare"),
    Action("compare-clean", "The unit clean, covered and in difference", ("Shift+D",), "Unit", toggle("compare_clean"), checked=lambda v, c: v.compare_clean, also="before after"),
    Action("unit-filters", "The unit's own filters", ("Shift+N",), "Unit", toggle("filters"), checked=lambda v, c: v.filters, also="weights kernel"),
    Action("lrn", "Normalisation on the way down: derivative or identity", ("Ctrl+N",), "Unit", toggle("lrn_derivative"), checked=lambda v, c: v.lrn_derivative),
    # Maps
    Action("maps-content", "Activations, change when covered, gradient in turn", ("A",), "Maps", _next_maps("content", tuple(MapsContent)), yosinski="show_back", also="channels filters saliency"),
    Action("pattern-mode", "Pattern mode: best patches, best projections, made pictures, or live maps", ("S",), "Maps",
           _next_maps("pattern", tuple(Pattern)), checked=lambda v, c: v.maps.pattern is not Pattern.NONE, yosinski="pattern_mode"),
    Action("gamma", "Gamma: brighter dim maps", ("T",), "Maps", _next_maps("gamma", GAMMAS), yosinski="boost_gamma", also="contrast brightness"),
    Action("normalise", "Range of the colours: one, each unit's own, locked", ("Shift+T",), "Maps", _cycle_normalise, yosinski="boost_individual", also="contrast scale"),
    Action("lock", "Lock the range as it is now", ("Ctrl+T",), "Maps", _lock_now),
    Action("boost", "Boost: × 1, 2, 4, 8, 16", ("Ctrl+Shift+T",), "Maps", _next_maps("boost", BOOSTS), also="contrast brightness gain"),
    Action("order", "Order: by number, activity, change or class", ("Shift+S",), "Maps", _next_order, also="sort rank"),
    Action("hide-silent", "Hide silent units", ("Shift+H",), "Maps", lambda v, c: v.change_maps(hide_dead=not v.maps.hide_dead), checked=lambda v, c: v.maps.hide_dead, also="dead channels neurons"),
    Action("colour-map", "Colour map of activations", ("Shift+M",), "Maps", _next_maps("colours", ("inferno", "viridis", "gray", "jet (paper)")), also="palette colormap jet viridis"),
    Action("maps-default", "Maps as at first", ("Ctrl+Shift+M",), "Maps", lambda v, c: v.change(maps=FIRST_MAPS)),
    # Classes and snapshots
    Action("find-class", "Find a class to watch…", ("/",), "Classes", command=find_class, also="search label category"),
    Action("watch-top", "Watch the most probable class", ("Shift+W",), "Classes",
           lambda v, c: v if c.result is None or int(c.result.probabilities.argmax()) in v.watched
           else v.change(watched=(*v.watched, int(c.result.probabilities.argmax()))), also="label category"),
    Action("unwatch", "Watch no class", ("Ctrl+Shift+W",), "Classes", set_fields(watched=())),
    Action("bars-by-kind", "Bars by kind: dog, bird, vehicle …", ("Ctrl+Shift+K",), "Classes",
           lambda v, c: v.change(bars=cycle(tuple(ClassBars), v.bars)), checked=lambda v, c: v.bars is ClassBars.KINDS),
    Action("snapshot", "Take snapshot A", ("Shift+A",), "Classes", command=take_snapshot, also="compare before after"),
)  # fmt: skip


__all__ = ["ACTIONS"]
