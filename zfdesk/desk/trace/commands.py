"""What the actions do to the recorded path."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Panes
from zfdesk.desk.path_player import Doing, PathPlayer
from zfdesk.desk.widgets.save_dialog import ask_where
from zfdesk.error_reason import error_reason
from zfdesk.live.replay import ReplayError, load_path, save_path
from zfdesk.progress import counted

KIND = "Drag path (*.json)"


def record_path(context: AppContext) -> None:
    """Record the drag path, or stop."""
    player = context.get(PathPlayer)
    player.stop() if player.doing is Doing.RECORDING else player.record()


def replay(context: AppContext, doing: Doing) -> None:
    """Replay the path by its clock or step by step, in sight of the trace; stop where it does so already."""
    player = context.get(PathPlayer)
    if player.doing is doing:
        player.stop("The replay was stopped.")
    else:
        if player.replay is not None:
            context.get(Panes).show("Trace")
        player.play(exactly=doing is Doing.STEPPING)


def save_drag_path(context: AppContext) -> None:
    """Ask for a place and save the recorded path."""
    player = context.get(PathPlayer)
    if player.doing is Doing.RECORDING:
        player.stop()
    if player.replay is None:
        context.show_message("There is no path to save: record one first.", error=True)
        return
    name, _ = ask_where(context, "Save the drag path", "drag-path.json", KIND)
    if name:
        save_drag_path_as(context, Path(name))


def save_drag_path_as(context: AppContext, path: Path) -> None:
    """Save the recorded path there."""
    replay = context.get(PathPlayer).replay
    if replay is None:
        return
    context.remember_folder(str(path))
    try:
        save_path(replay, path)
    except OSError as error:
        reason = error_reason(error)
        context.show_message(f"The path was not saved: {path.name}: {reason}.", error=True)
    else:
        context.show_message(f"Saved {path.name}: {counted(len(replay.moments), 'position')}.")


def open_drag_path(context: AppContext) -> None:
    """Ask for the file of a saved path, and open it."""
    name, _ = QFileDialog.getOpenFileName(context.window, "Open a drag path", context.last_folder(), KIND)
    if name:
        load_drag_path(context, Path(name))


def load_drag_path(context: AppContext, path: Path) -> None:
    """Read a saved path; what was recorded stays when it is none."""
    context.remember_folder(str(path))
    try:
        replay = load_path(path)
    except ReplayError as error:
        context.show_message(str(error), error=True)
        return
    context.get(PathPlayer).set_path(replay)
    text = f"{counted(len(replay.moments), 'position')} in {replay.duration:.1f} s"
    context.show_message(f"Opened {path.name}: {text}. Replay shows them.")
