"""What the window itself can do: sources, undo, the look of the window, pictures of it, help."""

from __future__ import annotations

from zfdesk.desk.actions import Action, ViewContext, calls, next_of, set_fields, toggle
from zfdesk.desk.window.commands import (
    escape,
    pick_camera,
    show_about,
    show_help,
    show_hints,
    show_palette,
)
from zfdesk.desk.window.copy_commands import (
    copy_caption,
    copy_data_of,
    copy_picture_of,
    pane_under_mouse,
    save_picture_of,
    save_window,
)
from zfdesk.desk.window.layout import PaneLayout
from zfdesk.desk.window.sources import (
    SourceOpener,
    play_pause,
    toggle_loop,
)
from zfdesk.live import View
from zfdesk.live.view import Crop
from zfdesk.sources import SourceReference


def _reset(view: View, context: ViewContext) -> View:
    """Everything but the source, the theme and the pins as at first."""
    first = View()
    layer = "conv5" if any(s.name == "conv5" for s in context.architecture.stages) else view.layer
    return first.change(
        source=view.source, crop=Crop.centre_of(context.model), layer=layer, theme=view.theme, presenter=view.presenter,
        pins=view.pins, watched=view.watched,
    )  # fmt: skip


ACTIONS: tuple[Action, ...] = (
    # Source
    Action("open", "Open a picture, clip or session…", ("Ctrl+O",), "Source", command=calls(SourceOpener, SourceOpener.ask_for_file), also="load image photo file jpg png"),
    Action("open-folder", "Open a folder of pictures…", ("Ctrl+Shift+O",), "Source", command=calls(SourceOpener, SourceOpener.ask_for_folder), also="load directory images"),
    Action("camera", "Camera, or back to the last picture", ("C",), "Source", command=calls(SourceOpener, SourceOpener.toggle_camera), yosinski="toggle_input_mode", also="webcam video device live"),
    Action("camera-pick", "Choose camera and format…", ("Shift+C",), "Source", command=pick_camera, also="webcam resolution format device"),
    Action("demo", "Moving demo", ("Ctrl+D",), "Source", set_fields(source=SourceReference("demo")), also="sample images"),
    Action("pattern", "Test pattern", ("Ctrl+Alt+H",), "Source", set_fields(source=SourceReference("pattern"))),
    Action("paste", "Paste a picture", ("Ctrl+V",), "Source", command=calls(SourceOpener, SourceOpener.paste), also="clipboard image"),
    Action("next", "Next picture", ("E", "PgDown"), "Source", command=lambda context: context.state.move(lambda source: source.next()), yosinski="static_file_increment"),
    Action("previous", "Previous picture", ("W", "PgUp"), "Source", command=lambda context: context.state.move(lambda source: source.previous()), yosinski="static_file_decrement"),
    Action("play", "Play or pause", ("Ctrl+Space",), "Source", command=play_pause, also="pause stop video"),
    Action("step-on", "One frame on", (".",), "Source", command=lambda context: context.state.move(lambda source: source.step(1))),
    Action("step-back", "One frame back", (",",), "Source", command=lambda context: context.state.move(lambda source: source.step(-1))),
    Action("loop", "Loop the clip", ("Ctrl+L",), "Source", command=toggle_loop),
    Action("freeze", "Freeze the frame", ("F",), "Source", toggle("frozen"), checked=lambda v, c: v.frozen, yosinski="freeze_cam", also="pause stop still"),
    Action("quit", "Quit", ("Ctrl+Q",), "Source", command=lambda context: context.window.close(), yosinski="quit"),
    # Edit
    Action("undo", "Undo", ("Ctrl+Z",), "Edit", command=lambda context: context.state.undo()),
    Action("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Edit", command=lambda context: context.state.redo()),
    Action("reset", "Reset the view", ("R", "Home"), "Edit", _reset, kind="reset", yosinski="reset_state", also="default start over"),
    Action("escape", "Take the last move back, or let go", ("Esc",), "Edit", command=escape),
    # View
    Action("zoom", "Unit pane: all, the map, the reconstruction", ("Z",), "View", next_of("zoom", (0, 1, 2)), yosinski="zoom_mode"),
    Action("picture-zoom", "Picture pane: the whole frame, or what the network sees", ("Shift+Z",), "View", next_of("picture_zoom", (0, 1))),
    Action("labels", "Unit numbers on the maps", ("8",), "View", toggle("labels"), checked=lambda v, c: v.labels, yosinski="toggle_label_predictions"),
    Action("outlines", "Receptive field on the picture", ("9",), "View", toggle("outlines"), checked=lambda v, c: v.outlines, yosinski="toggle_unit_jpgs", also="box"),
    Action("timings", "All timings", ("5",), "View", toggle("timings"), checked=lambda v, c: v.timings, yosinski="debug_level", also="speed performance profile"),
    Action("theme", "Light or dark", ("Ctrl+Shift+L",), "View", next_of("theme", ("dark", "light")), also="dark mode night colours appearance"),
    Action("lecture", "Lecture: picture, answer and unit alone, legible from the last row", ("F5",), "View", command=calls(PaneLayout, PaneLayout.lecture), also="presentation slide show talk projector"),
    Action("presenter", "Presenter: large type", ("Ctrl+P",), "View", toggle("presenter"), checked=lambda v, c: v.presenter, also="zoom font size larger text projector"),
    Action("full-screen", "Full screen", ("F11",), "View", command=calls(PaneLayout, PaneLayout.full_screen), also="maximise"),
    Action("panes-reset", "Panes as at first", ("Ctrl+Shift+R",), "View", command=calls(PaneLayout, PaneLayout.reset), also="layout windows docks default"),
    Action("save-window", "Screenshot, to the pictures folder", ("F12",), "View", command=save_window, also="picture of the window image png export print"),
    Action("save-window-as", "Screenshot…", ("Shift+F12",), "View", command=lambda context: save_picture_of(context, context.window), also="picture of the window image png export print"),
    Action("copy-window", "Copy a screenshot", ("Ctrl+Shift+C",), "View", command=lambda context: copy_picture_of(context, context.window), also="picture of the window clipboard image"),
    Action("save-pane", "Screenshot of the pane under the mouse…", ("Ctrl+Shift+F12",), "View", command=lambda context: save_picture_of(context, pane_under_mouse(context)), also="picture of the pane image png export"),
    Action("copy-pane", "Copy a screenshot of the pane under the mouse", ("Ctrl+C",), "View", command=lambda context: copy_picture_of(context, pane_under_mouse(context)), also="picture of the pane clipboard image"),
    Action("copy-data", "Copy the numbers of the pane under the mouse", ("Ctrl+Shift+D",), "View", command=lambda context: copy_data_of(context, pane_under_mouse(context)), also="export table csv spreadsheet values"),
    Action("copy-caption", "Copy a caption of what is shown", ("Ctrl+Shift+I",), "View", command=copy_caption, also="legend description text"),
    # Help
    Action("help", "Help: all keys", ("H", "F1"), "Help", command=show_help, yosinski="help_mode", also="shortcuts manual documentation"),
    Action("palette", "Command palette", ("Ctrl+K",), "Help", command=show_palette),
    Action("hints", "First steps", ("Ctrl+H",), "Help", command=show_hints, also="tutorial getting started"),
    Action("about", "About zfdesk", ("Ctrl+F1",), "Help", command=show_about, also="version licence"),
)  # fmt: skip


__all__ = ["ACTIONS"]
