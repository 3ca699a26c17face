"""The key bindings of Yosinski's Deep Visualization Toolbox, and what answers each of them here.

The list is that of ``bindings.py`` at the toolbox's HEAD. Which action answers a binding stands in the actions table
alone (`Action.yosinski`); here stands what it did there, and where ours differs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zfdesk.desk.actions import Action


@dataclass(frozen=True)
class Binding:
    """``keys`` in Qt's spelling; ``there``: what it did; ``differs``: one line where ours is not the same, or ""."""

    tag: str
    keys: tuple[str, ...]
    there: str
    differs: str = ""


BINDINGS: tuple[Binding, ...] = (
    Binding("freeze_cam", ("F",), "Freeze the camera", "Freezes any source, not only the camera."),
    Binding("toggle_input_mode", ("C",), "Camera or static files", "Back leads to whatever was shown before."),
    Binding("static_file_increment", ("E", "PgDown"), "Next static file", "In a folder and in the demo."),
    Binding("static_file_decrement", ("W", "PgUp"), "Previous static file", "In a folder and in the demo."),
    Binding("help_mode", ("H",), "Help screen", "Stands beside the window, which goes on."),
    Binding("stretch_mode", ("0",), "Crop or stretch to a square", "Fitting the whole frame is a third way."),
    Binding("debug_level", ("5",), "Timings: none, some, all", "On or off; the main ones always stand below."),
    Binding("quit", ("Q",), "Quit", "Ctrl+Q here: no single key ends a lecture."),
    Binding("reset_state", ("Esc",), "Reset: backprop off, first layer, first unit, no boost",
            "Esc takes the last move back here. Reset keeps source, pins and watched classes, and goes to conv5."),
    Binding("sel_left", ("Left", "J"), "Unit to the left",
            "While an occluder is chosen, the arrows move that; the letters always move the unit."),
    Binding("sel_right", ("Right", "L"), "Unit to the right", "As for left."),
    Binding("sel_down", ("Down", "K"), "Unit below", "As for left."),
    Binding("sel_up", ("Up", "I"), "Unit above", "As for left."),
    Binding("sel_left_fast", ("Shift+J",), "Three units to the left"),
    Binding("sel_right_fast", ("Shift+L",), "Three units to the right"),
    Binding("sel_down_fast", ("Shift+K",), "Three rows down"),
    Binding("sel_up_fast", ("Shift+I",), "Three rows up"),
    Binding("sel_layer_left", ("U", "Shift+U"), "Previous layer",
            "Shift goes three layers; the strongest unit of the new layer is selected."),
    Binding("sel_layer_right", ("O", "Shift+O"), "Next layer", "As for the previous one."),
    Binding("zoom_mode", ("Z",), "Zoom: selected unit, backprop, none", "Zooms within the unit pane; the others stay."),
    Binding("pattern_mode", ("S",), "Overlay of the unit's preferred pattern (optimised offline)",
            "The whole grid shows them: patches and projections of a scan too, and pictures made for our weights."),
    Binding("ez_back_mode_loop", ("B",), "Off, gradient raw, gradient norm, deconv raw",
            "deconvnet, gradient, gradient norm, guided. Never off: the unit pane always shows one."),
    Binding("freeze_back_unit", ("D",), "Freeze the origin unit of backprop"),
    Binding("show_back", ("A",), "Layer shows activations or backward values",
            "A third content: the change under the occluder."),
    Binding("back_mode", ("N",), "Expert: back mode directly", "Guided backpropagation is one more."),
    Binding("back_filt_mode", ("M",), "Expert: raw, gray, norm, blurred norm"),
    Binding("boost_gamma", ("T",), "Brighter by gamma"),
    Binding("boost_individual", ("Shift+T",), "Each channel's own range, in four grades",
            "Not in grades: one range, each unit's own, or locked."),
    Binding("toggle_label_predictions", ("8",), "Values beside the labels of the prob layer",
            "Turns the numbers of units on the maps; the classes have a pane of their own."),
    Binding("toggle_unit_jpgs", ("9",), "Pictures of the unit made offline",
            "We ship no such pictures. 9 turns the receptive field's outline on the picture."),
)  # fmt: skip

UPCONV = "The toolbox's upconv branch binds 33 keys; these are the 30 of its main branch."


def answers(actions: Iterable[Action], tag: str) -> tuple[Action, ...]:
    """The actions that answer a binding; none where we have no equal."""
    return tuple(action for action in actions if action.yosinski == tag)


def kept_keys(actions: Iterable[Action], binding: Binding) -> tuple[str, ...]:
    """The keys of a binding that do here what they did there."""
    ours = {key for action in answers(actions, binding.tag) for key in action.keys}
    # the arrows are actions of their own, since they also move an occluder
    arrows = {"sel_left": "Left", "sel_right": "Right", "sel_up": "Up", "sel_down": "Down"}
    ours.add(arrows.get(binding.tag, ""))
    return tuple(key for key in binding.keys if key in ours)
