"""Everything one can do, in one table: id, words, keys, menu, and a function.

The menus, the toolbar, the palette, the help sheet and the tests are made from it. An action that changes the view is
a small function View → View; one that reaches outside the view (a file dialog, the clipboard) names a method of the
window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from zfdesk.engine import Architecture, Model, Occluder, OccluderFill, OccluderShape, Rule, SeedKind
from zfdesk.live import (
    CropMode,
    MapsContent,
    MapsDisplay,
    Normalise,
    Order,
    Result,
    Style,
    SweepMap,
    SweepUnit,
    TraceAxis,
    UnitReference,
    View,
)
from zfdesk.live.handles import keep_near, scale_occluder
from zfdesk.live.view import MOST_PINS, Crop
from zfdesk.sources import SourceReference

FAST = 3  # rows or units of a fast move, as in Yosinski's toolbox
GAMMAS = (1.0, 0.7, 0.5, 0.3)  # as in Yosinski's toolbox
BOOSTS = (1.0, 2.0, 4.0, 8.0, 16.0)


@dataclass(frozen=True)
class Context:
    """What an action may know besides the view."""

    model: Model
    result: Result | None = None
    columns: int = 1  # of the feature map grid
    mouse: tuple[float, float] | None = None  # over the picture, in input pixels (x, y)

    @property
    def architecture(self) -> Architecture:
        """The network in use."""
        return self.model.architecture


Change = Callable[[View, Context], View]


@dataclass(frozen=True)
class Action:
    """One thing to do. ``change`` or ``command`` (a method of the window) is set. ``kind``: changes of one kind in
    quick succession are one step of undo. ``yosinski``: the tag of the binding in Yosinski's toolbox it answers."""

    id: str
    words: str
    keys: tuple[str, ...]
    menu: str
    change: Change | None = None
    command: str = ""
    kind: str = ""
    checked: Callable[[View, Context], bool] | None = None
    yosinski: str = ""


def _cycle(values: tuple, now: Any) -> Any:
    return values[(values.index(now) + 1) % len(values)] if now in values else values[0]


# Layers and units


def to_layer(view: View, layer: str, architecture: Architecture, result: Result | None) -> View:
    """Show another layer; its strongest unit of the moment is selected."""
    if layer == view.layer:
        return view
    strongest = 0
    if result is not None:
        strongest = next((layer_summary.strongest for layer_summary in result.layer_summaries if layer_summary.stage.name == layer), 0)
    count = architecture.stage(layer).shape[0]
    return to_unit(view.change(layer=layer), min(strongest, count - 1))


def _step_layer(view: View, context: Context, steps: int) -> View:
    names = [stage.name for stage in context.architecture.stages]
    place = min(max(names.index(view.layer) + steps, 0), len(names) - 1)
    return to_layer(view, names[place], context.architecture, context.result)


def _step_unit(view: View, context: Context, steps: int) -> View:
    """Along the grid as it is shown: the next tile, whatever the order."""
    count = context.architecture.stage(view.layer).shape[0]
    mosaic = context.result.mosaic if context.result else None
    if mosaic is None or mosaic.layer != view.layer:
        return view.change(unit=min(max(view.unit + steps, 0), count - 1))
    units = mosaic.units.tolist()
    place = units.index(view.unit) if view.unit in units else 0
    return view.change(unit=units[min(max(place + steps, 0), len(units) - 1)])


def _move(rows: int, columns: int, fast: bool = False) -> Change:
    """Move the selected unit; while an occluder is chosen, the plain arrows move that."""
    factor = FAST if fast else 1

    def change(view: View, context: Context) -> View:
        return _step_unit(view, context, factor * (rows * context.columns + columns))

    return change


def _arrow(rows: int, columns: int, fast: bool = False) -> Change:
    move, nudge = _move(rows, columns, fast), _nudge(rows, columns, 8 if fast else 1)

    def change(view: View, context: Context) -> View:
        return nudge(view, context) if view.chosen_occluder >= 0 else move(view, context)

    return change


def to_unit(view: View, unit: int) -> View:
    """Another unit of the shown layer, named by its number: a position that was picked belongs to the one before."""
    seed = SeedKind.MAX if view.seed is SeedKind.AT else view.seed
    return view.change(unit=unit, position=None, seed=seed)


def pick_position(view: View, position: tuple[int, int]) -> View:
    """Look at this position of the unit that is looked at: the frozen origin, else the selected one."""
    if view.origin:
        return view.change(origin=replace(view.origin, seed=SeedKind.AT, position=position))
    return view.change(seed=SeedKind.AT, position=position)


def _strongest(view: View, context: Context) -> View:
    if context.result is None:
        return view
    strongest = next((g.strongest for g in context.result.layer_summaries if g.stage.name == view.layer), view.unit)
    return view.change(unit=strongest, position=None, seed=SeedKind.MAX)


def _toggle_origin(view: View, context: Context) -> View:
    return view.change(origin=None if view.origin else view.selected)


def set_seed(view: View, seed: SeedKind) -> View:
    """Another seed for the unit that is looked at: the frozen origin, else the selected one."""
    return view.change(origin=replace(view.origin, seed=seed)) if view.origin else view.change(seed=seed)


def toggle_pin(view: View, unit: UnitReference) -> View:
    """The view with a unit pinned, or no longer."""
    kept = tuple(pin for pin in view.pins if pin != unit)
    return view.change(pins=kept if unit in view.pins else (*kept, unit)[-MOST_PINS:])


def _reset(view: View, context: Context) -> View:
    """Everything but the source, the theme and the pins as at first."""
    first = View()
    layer = "conv5" if any(s.name == "conv5" for s in context.architecture.stages) else view.layer
    return first.change(
        source=view.source, crop=Crop.centre_of(context.model), layer=layer, theme=view.theme, presenter=view.presenter,
        pins=view.pins, watched=view.watched,
    )  # fmt: skip


# Occluders


def _add_occluder(view: View, context: Context) -> View:
    """A new occluder where the mouse is, of the size, shape and fill of the last one."""
    size = context.architecture.size
    model = view.occluders[-1] if view.occluders else Occluder(0, 0)
    x, y = context.mouse or (size / 2, size / 2)
    if not (0 <= x <= size and 0 <= y <= size):
        x = y = size / 2
    new = replace(model, top=round(y - model.height / 2), left=round(x - model.width / 2))
    return view.change(occluders=(*view.occluders, new), chosen_occluder=len(view.occluders))


def _toggle_occluder(view: View, context: Context) -> View:
    return view.change(occluders=(), chosen_occluder=-1) if view.occluders else _add_occluder(view, context)


def _chosen(view: View) -> int:
    return view.chosen_occluder if 0 <= view.chosen_occluder < len(view.occluders) else len(view.occluders) - 1


def _edit_occluder(edit: Callable[[Occluder], Occluder]) -> Change:
    def change(view: View, context: Context) -> View:
        index = _chosen(view)
        if index < 0:
            return view
        edited = keep_near(edit(view.occluders[index]), context.architecture.size)
        return view.change(
            occluders=(*view.occluders[:index], edited, *view.occluders[index + 1 :]), chosen_occluder=index
        )

    return change


def _nudge(rows: int, columns: int, step: int) -> Change:
    def change(view: View, context: Context) -> View:
        def edit(occluder: Occluder) -> Occluder:
            return replace(occluder, top=occluder.top + rows * step, left=occluder.left + columns * step)

        return _edit_occluder(edit)(view, context)

    return change


def _remove_occluder(view: View, context: Context) -> View:
    index = _chosen(view)
    if index < 0:
        return view
    kept = (*view.occluders[:index], *view.occluders[index + 1 :])
    return view.change(occluders=kept, chosen_occluder=len(kept) - 1 if view.chosen_occluder >= 0 else -1)


def _reshape(occluder: Occluder) -> Occluder:
    shape = OccluderShape(_cycle(tuple(OccluderShape), occluder.shape))
    side = min(occluder.height, occluder.width)
    return replace(occluder, shape=shape, **({"height": side, "width": side} if shape is OccluderShape.SQUARE else {}))


# Display


def _set(**changes: object) -> Change:
    return lambda view, context: view.change(**changes)


def _toggle(field: str) -> Change:
    return lambda view, context: view.change(**{field: not getattr(view, field)})


def _next(field: str, values: tuple) -> Change:
    return lambda view, context: view.change(**{field: _cycle(values, getattr(view, field))})


def _next_maps(field: str, values: tuple) -> Change:
    return lambda view, context: view.change_maps(**{field: _cycle(values, getattr(view.maps, field))})


def _cycle_normalise(view: View, context: Context) -> View:
    following = Normalise(_cycle(tuple(Normalise), view.maps.normalise))
    return view.change_range(following, _shown_range(context))


def _cycle_direct(view: View, context: Context) -> View:
    """deconvnet raw → gradient raw → gradient norm → guided raw → …, as Yosinski's "ez" loop."""
    loop = (
        (Rule.DECONVNET, Style.RAW), (Rule.GRADIENT, Style.RAW), (Rule.GRADIENT, Style.NORM), (Rule.GUIDED, Style.RAW),
    )  # fmt: skip
    following = loop[(loop.index(now) + 1) % len(loop)] if (now := (view.method, view.style)) in loop else loop[0]
    return view.change(method=following[0], style=following[1])


def _scale_crop(factor: float) -> Change:
    def change(view: View, context: Context) -> View:
        side = min(max(view.crop.side * factor, 0.05), 4.0)
        return view.change(crop=replace(view.crop, mode=CropMode.CROP, side=side))

    return change


def _lock_now(view: View, context: Context) -> View:
    shown = _shown_range(context)
    return view if shown is None else view.change_range(Normalise.LOCKED, shown)


def _shown_range(context: Context) -> tuple[float, float] | None:
    mosaic = context.result.mosaic if context.result else None
    return mosaic.full_range if mosaic else None


ACTIONS: tuple[Action, ...] = (
    # Source
    Action("open", "Open a picture, clip or session…", ("Ctrl+O",), "Source", command="open_file"),
    Action("open-folder", "Open a folder of pictures…", ("Ctrl+Shift+O",), "Source", command="open_folder"),
    Action("camera", "Camera, or back to the last picture", ("C",), "Source", command="toggle_camera", yosinski="toggle_input_mode"),
    Action("camera-pick", "Choose camera and format…", ("Shift+C",), "Source", command="pick_camera"),
    Action("demo", "Moving demo", ("Ctrl+D",), "Source", _set(source=SourceReference("demo"))),
    Action("pattern", "Test pattern", ("S",), "Source", _set(source=SourceReference("pattern")), yosinski="pattern_mode"),
    Action("paste", "Paste a picture", ("Ctrl+V",), "Source", command="paste"),
    Action("next", "Next picture", ("E", "PgDown"), "Source", command="next_picture", yosinski="static_file_increment"),
    Action("previous", "Previous picture", ("W", "PgUp"), "Source", command="previous_picture", yosinski="static_file_decrement"),
    Action("play", "Play or pause", ("Ctrl+Space",), "Source", command="play_pause"),
    Action("step-on", "One frame on", (".",), "Source", command="step_on"),
    Action("step-back", "One frame back", (",",), "Source", command="step_back"),
    Action("loop", "Loop the clip", ("Ctrl+L",), "Source", command="toggle_loop"),
    Action("freeze", "Freeze the frame", ("F",), "Source", _toggle("frozen"), checked=lambda v, c: v.frozen, yosinski="freeze_cam"),
    Action("weights", "Weights…", ("Ctrl+W",), "Source", command="choose_weights"),
    Action("quit", "Quit", ("Q", "Ctrl+Q"), "Source", command="quit", yosinski="quit"),
    # Session
    Action("session-open", "Open a session…", ("Ctrl+F12",), "Session", command="open_session"),
    Action("session-save", "Save the session", ("Ctrl+S",), "Session", command="save_session"),
    Action("session-save-as", "Save the session as…", ("Ctrl+Shift+S",), "Session", command="save_session_as"),
    # Edit
    Action("undo", "Undo", ("Ctrl+Z",), "Edit", command="undo"),
    Action("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Edit", command="redo"),
    Action("reset", "Reset the view", ("R", "Home"), "Edit", _reset, yosinski="reset_state"),
    Action("escape", "Take the last move back, or let go", ("Esc",), "Edit", command="escape"),
    # Crop
    Action("crop-fit", "Fit the whole frame", ("Shift+0",), "Crop", _set(crop=Crop(CropMode.FIT)), checked=lambda v, c: v.crop.mode is CropMode.FIT),
    Action("crop-stretch", "Stretch the whole frame, or centre crop", ("0",), "Crop",
           lambda v, c: v.change(crop=Crop.centre_of(c.model) if v.crop.mode is CropMode.STRETCH else Crop(CropMode.STRETCH)),
           checked=lambda v, c: v.crop.mode is CropMode.STRETCH, yosinski="stretch_mode"),
    Action("crop-centre", "Centre crop", ("Ctrl+0",), "Crop", lambda v, c: v.change(crop=Crop.centre_of(c.model)), checked=lambda v, c: v.crop == Crop.centre_of(c.model)),
    Action("crop-smaller", "Smaller crop", ("Ctrl+=",), "Crop", _scale_crop(1 / 1.1), kind="crop"),
    Action("crop-larger", "Larger crop", ("Ctrl+-",), "Crop", _scale_crop(1.1), kind="crop"),
    Action("mirror", "Mirror on screen only", ("Ctrl+M",), "Crop", _toggle("mirrored"), checked=lambda v, c: v.mirrored),
    # Occluder
    Action("occluder", "Occluder on or off", ("X",), "Occluder", _toggle_occluder, checked=lambda v, c: bool(v.occluders)),
    Action("occluder-add", "Another occluder at the mouse", ("Shift+X",), "Occluder", _add_occluder),
    Action("occluder-remove", "Remove the occluder", ("Del", "Backspace"), "Occluder", _remove_occluder),
    Action("occluder-shape", "Shape: square, rectangle, ellipse", ("Ctrl+E",), "Occluder", _edit_occluder(_reshape)),
    Action("occluder-fill", "Fill: grey, mean, blur, noise, black", ("Ctrl+F",), "Occluder",
           _edit_occluder(lambda o: replace(o, fill=OccluderFill(_cycle(tuple(OccluderFill), o.fill))))),
    Action("occluder-larger", "Larger occluder", ("]",), "Occluder", _edit_occluder(lambda o: scale_occluder(o, 1.1)), kind="scale occluder"),
    Action("occluder-smaller", "Smaller occluder", ("[",), "Occluder", _edit_occluder(lambda o: scale_occluder(o, 1 / 1.1)), kind="scale occluder"),
    *(Action(f"nudge-{name}", f"Occluder {name}", (f"Ctrl+{key}",), "Occluder", _nudge(y, x, 1), kind="nudge")
      for name, key, y, x in (("left", "Left", 0, -1), ("right", "Right", 0, 1), ("up", "Up", -1, 0), ("down", "Down", 1, 0))),
    *(Action(f"nudge-{name}-fast", f"Occluder {name} by 8", (f"Ctrl+Shift+{key}",), "Occluder", _nudge(y, x, 8), kind="nudge")
      for name, key, y, x in (("left", "Left", 0, -1), ("right", "Right", 0, 1), ("up", "Up", -1, 0), ("down", "Down", 1, 0))),
    Action("mark-parts", "Mark parts and compare (Table 1)…", ("Ctrl+Shift+E",), "Occluder", command="mark_parts"),
    # Sweep
    Action("sweep", "Sweep the occluder over the picture", ("Ctrl+X",), "Sweep", command="start_sweep"),
    Action("sweep-cancel", "Cancel the sweep, or go on with it", ("Ctrl+Shift+X",), "Sweep", command="cancel_or_resume_sweep"),
    Action("sweep-live", "Live sweep of the newest frame, on a coarse grid", ("V",), "Sweep", command="live_sweep", checked=lambda v, c: v.sweep.live),
    Action("sweep-map", "Map of the sweep: all, activation, reconstruction, probability, label", ("Shift+V",), "Sweep",
           lambda v, c: v.change_sweep(shown=_cycle(tuple(SweepMap), v.sweep.shown))),
    Action("sweep-change", "Values of the sweep as change from clean", ("Ctrl+Shift+V",), "Sweep",
           lambda v, c: v.change_sweep(change=not v.sweep.change), checked=lambda v, c: v.sweep.change),
    Action("sweep-contour", "Contour at half the clean value", ("Y",), "Sweep",
           lambda v, c: v.change_sweep(contour=not v.sweep.contour), checked=lambda v, c: v.sweep.contour),
    Action("sweep-unit", "Unit of the sweep: the strongest, or the selected", ("Ctrl+Shift+Y",), "Sweep",
           lambda v, c: v.change_sweep(unit=_cycle(tuple(SweepUnit), v.sweep.unit))),
    Action("sweep-class", "Class of the sweep…", ("Ctrl+/",), "Sweep", command="find_sweep_class"),
    Action("sweep-drop", "Occluder to where the class falls most", ("Ctrl+Return",), "Sweep", command="occlude_largest_drop"),
    Action("sweep-figure", "Save the sweep as a figure (Fig. 7)…", ("Ctrl+Shift+F",), "Sweep", command="save_sweep_figure"),
    Action("sweep-arrays", "Save the sweep as arrays…", ("Ctrl+Shift+A",), "Sweep", command="save_sweep_arrays"),
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
    Action("unit-strongest", "The strongest unit of this layer", ("Return",), "Unit", _strongest),
    Action("unit-jump", "Jump to a unit by number…", ("G",), "Unit", command="jump_to_unit"),
    Action("origin", "Freeze this unit as the origin", ("D",), "Unit", _toggle_origin, checked=lambda v, c: v.origin is not None, yosinski="freeze_back_unit"),
    Action("pin", "Pin this unit", ("P",), "Unit", lambda v, c: toggle_pin(v, v.selected), checked=lambda v, c: v.selected in v.pins),
    Action("method", "Method and style: the common ones in turn", ("B",), "Unit", _cycle_direct, yosinski="ez_back_mode_loop"),
    Action("method-direct", "Method: deconvnet, guided, gradient", ("N",), "Unit", _next("method", tuple(Rule)), yosinski="back_mode"),
    Action("style", "Style: raw, gray, norm, blurred norm", ("M",), "Unit", _next("style", tuple(Style)), yosinski="back_filt_mode"),
    Action("seed", "Seed: strongest, picked, k strongest, whole map", ("Ctrl+B",), "Unit",
           lambda v, c: set_seed(v, SeedKind(_cycle(tuple(k for k in SeedKind if k is not SeedKind.AT or v.looked_at.position), v.looked_at.seed)))),
    Action("all-methods", "All methods side by side", ("Shift+B",), "Unit", _toggle("all_methods"), checked=lambda v, c: v.all_methods),
    Action("compare-clean", "The unit clean, covered and in difference", ("Shift+D",), "Unit", _toggle("compare_clean"), checked=lambda v, c: v.compare_clean),
    Action("lrn", "Normalisation on the way down: derivative or identity", ("Ctrl+N",), "Unit", _toggle("lrn_derivative"), checked=lambda v, c: v.lrn_derivative),
    # Maps
    Action("maps-content", "Activations, change when covered, gradient in turn", ("A",), "Maps", _next_maps("content", tuple(MapsContent)), yosinski="show_back"),
    Action("gamma", "Gamma: brighter dim maps", ("T",), "Maps", _next_maps("gamma", GAMMAS), yosinski="boost_gamma"),
    Action("normalise", "Range of the colours: one, each unit's own, locked", ("Shift+T",), "Maps", _cycle_normalise, yosinski="boost_individual"),
    Action("lock", "Lock the range as it is now", ("Ctrl+T",), "Maps", _lock_now),
    Action("boost", "Boost: × 1, 2, 4, 8, 16", ("Ctrl+Shift+T",), "Maps", _next_maps("boost", BOOSTS)),
    Action("order", "Order: by number, activity, change", ("Shift+S",), "Maps", _next_maps("order", tuple(Order))),
    Action("hide-silent", "Hide silent units", ("Shift+H",), "Maps", lambda v, c: v.change_maps(hide_dead=not v.maps.hide_dead), checked=lambda v, c: v.maps.hide_dead),
    Action("colour-map", "Colour map of activations", ("Shift+M",), "Maps", _next_maps("colours", ("inferno", "viridis", "gray", "jet (paper)"))),
    Action("maps-default", "Maps as at first", ("Ctrl+Shift+M",), "Maps", lambda v, c: v.change(maps=MapsDisplay())),
    # Classes and snapshots
    Action("find-class", "Find a class to watch…", ("/",), "Classes", command="find_class"),
    Action("watch-top", "Watch the most probable class", ("Shift+W",), "Classes",
           lambda v, c: v if c.result is None or int(c.result.probabilities.argmax()) in v.watched
           else v.change(watched=(*v.watched, int(c.result.probabilities.argmax())))),
    Action("unwatch", "Watch no class", ("Ctrl+Shift+W",), "Classes", _set(watched=())),
    Action("snapshot", "Take snapshot A", ("Shift+A",), "Classes", command="take_snapshot"),
    # Teach
    Action("teach", "Teach it your own classes", ("Ctrl+J",), "Teach", command="show_teach"),
    Action("teach-original", "The original network, or the taught one", ("Shift+G",), "Teach", command="switch_taught", checked=lambda v, c: c.model.body is not None),
    Action("teach-add", "Add a class", ("Ctrl+Shift+G",), "Teach", command="teach_add"),
    Action("teach-background", "Add a class for the background, “nothing”", ("Ctrl+Alt+N",), "Teach", command="teach_background"),
    Action("teach-next", "Choose the next class to teach", ("Ctrl+Alt+J",), "Teach", command="teach_next"),
    Action("teach-take", "Take a picture for the chosen class", ("Ctrl+Alt+T",), "Teach", command="teach_take"),
    Action("teach-rename", "Rename the chosen class", ("Ctrl+Alt+R",), "Teach", command="teach_rename"),
    Action("teach-up", "Chosen class up: another key", ("Ctrl+Alt+Up",), "Teach", command="teach_up"),
    Action("teach-down", "Chosen class down: another key", ("Ctrl+Alt+Down",), "Teach", command="teach_down"),
    Action("teach-drop", "Drop the chosen class's last 2 seconds", ("Ctrl+Alt+L",), "Teach", command="teach_drop"),
    Action("teach-remove", "Remove the chosen class", ("Ctrl+Alt+D",), "Teach", command="teach_remove"),
    Action("teach-undo", "Take the last step of teaching back", ("Ctrl+Alt+Z",), "Teach", command="teach_undo"),
    Action("teach-clear", "Forget all classes and pictures", ("Ctrl+Alt+F",), "Teach", command="teach_clear"),
    Action("teach-save", "Keep the taught network among the weights…", ("Ctrl+Alt+K",), "Teach", command="teach_save"),
    Action("teach-export", "Save the pictures as a folder of classes…", ("Ctrl+Alt+E",), "Teach", command="teach_export"),
    Action("teach-import", "Open a folder of classes…", ("Ctrl+Alt+I",), "Teach", command="teach_import"),
    Action("teach-last", "Go on with the last lesson", ("Ctrl+Alt+G",), "Teach", command="teach_last"),
    # Trace and path
    Action("path-record", "Record the drag path, or stop", ("Shift+R",), "Trace", command="record_path"),
    Action("path-replay", "Replay the drag path, or stop", ("Shift+P",), "Trace", command="replay_path"),
    Action("path-exact", "Replay exactly: every position computed, or stop", ("Ctrl+Shift+P",), "Trace", command="replay_exactly"),
    Action("path-loop", "Replay again and again", ("Ctrl+R",), "Trace", _toggle("replay_loop"), checked=lambda v, c: v.replay_loop),
    Action("path-save", "Save the drag path…", ("Ctrl+Alt+S",), "Trace", command="save_drag_path"),
    Action("path-open", "Open a drag path…", ("Ctrl+Alt+O",), "Trace", command="open_drag_path"),
    Action("trace-axis", "Trace against the last seconds, time, drag path, position", ("Shift+Y",), "Trace", _next("trace_axis", tuple(TraceAxis))),
    Action("trace-unit", "Trace the unit's activation too", ("Ctrl+Alt+U",), "Trace", _toggle("trace_unit"), checked=lambda v, c: v.trace_unit),
    Action("trace-clear", "Clear the trace", ("Ctrl+Alt+X",), "Trace", command="clear_trace"),
    Action("trace-copy", "Copy the trace as a table", ("Ctrl+Alt+C",), "Trace", command="copy_trace"),
    # Training
    Action("training", "Watch a training run, or close its pane", ("Ctrl+Alt+W",), "Training", command="show_training"),
    Action("training-open", "Open a training run…", ("Ctrl+Alt+Y",), "Training", command="open_training_run"),
    Action("training-back", "The snapshot before", ("Ctrl+Alt+Left",), "Training", command="training_back"),
    Action("training-on", "The next snapshot", ("Ctrl+Alt+Right",), "Training", command="training_on"),
    Action("training-play", "Play the snapshots, or stop", ("Ctrl+Alt+P",), "Training", command="play_training"),
    Action("training-figure", "Save the training run as a figure…", ("Ctrl+Alt+V",), "Training", command="save_training_figure"),
    Action("training-use", "Use the network of this snapshot", ("Ctrl+Alt+M",), "Training", command="use_training_network"),
    # View
    Action("zoom", "Unit pane: all, the map, the reconstruction", ("Z",), "View", _next("zoom", (0, 1, 2)), yosinski="zoom_mode"),
    Action("picture-zoom", "Picture pane: the whole frame, or what the network sees", ("Shift+Z",), "View", _next("picture_zoom", (0, 1))),
    Action("labels", "Unit numbers on the maps", ("8",), "View", _toggle("labels"), checked=lambda v, c: v.labels, yosinski="toggle_label_predictions"),
    Action("outlines", "Receptive field on the picture", ("9",), "View", _toggle("outlines"), checked=lambda v, c: v.outlines, yosinski="toggle_unit_jpgs"),
    Action("timings", "All timings", ("5",), "View", _toggle("timings"), checked=lambda v, c: v.timings, yosinski="debug_level"),
    Action("theme", "Light or dark", ("Ctrl+Shift+L",), "View", _next("theme", ("dark", "light"))),
    Action("presenter", "Presenter: large type", ("Ctrl+P",), "View", _toggle("presenter"), checked=lambda v, c: v.presenter),
    Action("full-screen", "Full screen", ("F11",), "View", command="full_screen"),
    Action("panes-reset", "Panes as at first", ("Ctrl+Shift+R",), "View", command="reset_panes"),
    Action("save-window", "Picture of the window…", ("F12",), "View", command="save_window"),
    Action("figure", "Figure: arrange panels for print…", ("Ctrl+G",), "View", command="build_figure"),
    Action("copy-window", "Copy a picture of the window", ("Ctrl+Shift+C",), "View", command="copy_window"),
    Action("save-pane", "Picture of the pane under the mouse…", ("Shift+F12",), "View", command="save_pane"),
    Action("record", "Record a film…, or stop", ("F9",), "View", command="record_film"),
    Action("copy-pane", "Copy a picture of the pane under the mouse", ("Ctrl+C",), "View", command="copy_pane"),
    Action("copy-data", "Copy the numbers of the pane under the mouse", ("Ctrl+Shift+D",), "View", command="copy_data"),
    Action("copy-caption", "Copy a caption of what is shown", ("Ctrl+Shift+I",), "View", command="copy_caption"),
    # Help
    Action("help", "Help: all keys", ("H", "F1"), "Help", command="show_help", yosinski="help_mode"),
    Action("palette", "Command palette", ("Ctrl+K",), "Help", command="show_palette"),
    Action("hints", "First steps", ("Ctrl+H",), "Help", command="show_hints"),
    Action("about", "About zfdesk", ("Ctrl+F1",), "Help", command="show_about"),
)  # fmt: skip

TEACH_KEYS = "123456789"
"""Held while the Teach pane has the focus: pictures for the first nine classes."""

CLEAN_KEY = "Space"
"""Held: every pane shows the picture without occluders."""


def check(actions: tuple[Action, ...]) -> None:
    """Raise ValueError naming both when two actions share an id or a key, or one does nothing."""
    seen: dict[str, str] = {CLEAN_KEY: "hold-clean"}
    ids: set[str] = set()
    for action in actions:
        if action.id in ids:
            raise ValueError(f"Two actions are called {action.id}.")
        ids.add(action.id)
        if (action.change is None) == (not action.command):
            raise ValueError(f"{action.id} needs either a change or a command.")
        for key in action.keys:
            if key in seen:
                raise ValueError(f"The key {key} is given to both {seen[key]} and {action.id}.")
            seen[key] = action.id


check(ACTIONS)
