"""Undo, escape, help: what the window does that neither opens nor copies anything."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox

from zfdesk import __version__
from zfdesk.desk.context import AppContext
from zfdesk.desk.path_player import PathPlayer
from zfdesk.desk.window.layout import PaneLayout


def escape(context: AppContext) -> None:
    """Stop a replay; else take the last move of an occluder back; else let go of it; else leave full screen."""
    player, state = context.get(PathPlayer), context.state
    if player.replaying:
        player.stop("The replay was stopped.")
        return
    view, kind = state.view, state.last_change()
    if context.window.isFullScreen() and view.chosen_occluder < 0:
        context.get(PaneLayout).full_screen()
    elif view.chosen_occluder >= 0 and kind.startswith(("drag", "nudge", "arrow", "scale occluder")):
        state.undo()
    elif view.chosen_occluder >= 0:
        state.change(view.change(chosen_occluder=-1), "choose")


def pick_camera(context: AppContext) -> None:
    """Open the dialog that chooses a camera and its format."""
    from zfdesk.desk.window.camera_dialog import show_camera_dialog

    show_camera_dialog(context)


def show_help(context: AppContext) -> None:
    """The help sheet, or away with it."""
    from zfdesk.desk.window.help import show_help

    show_help(context)


def show_palette(context: AppContext) -> None:
    """Open the command palette."""
    from zfdesk.desk.window.command_palette import show_palette

    show_palette(context)


def show_hints(context: AppContext) -> None:
    """Show the first steps."""
    from zfdesk.desk.window.hints import show_hints

    show_hints(context)


def show_about(context: AppContext) -> None:
    """Version, network, licence."""
    model = context.state.model
    QMessageBox.about(
        context.window,
        "About zfdesk",
        f"<b>zfdesk {__version__}</b><br>Opens up ZFNet (Zeiler &amp; Fergus 2013) on live pictures. MIT licence."
        f"<br><br>Network: {model.architecture.title}<br>Weights: {model.name}<br>{model.provenance}",
    )


__all__ = [
    "escape",
    "pick_camera",
    "show_about",
    "show_help",
    "show_hints",
    "show_palette",
]
