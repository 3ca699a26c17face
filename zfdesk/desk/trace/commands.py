"""What the actions do to the recorded path and the trace. Mixed into the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from zfdesk.desk.trace.path_player import Doing
from zfdesk.live.replay import ReplayError, load_path, save_path

if TYPE_CHECKING:
    from zfdesk.desk.state import Desk
    from zfdesk.desk.trace.pane import TracePane

KIND = "Drag path (*.json)"


class PathCommands:
    """Methods that the actions table names."""

    desk: Desk
    trace: TracePane

    def record_path(self) -> None:
        """Record the drag path, or stop."""
        player = self.trace.player
        player.stop() if player.doing is Doing.RECORDING else player.record()

    def replay_path(self) -> None:
        """Replay it by its own clock, or stop."""
        player = self.trace.player
        player.stop("The replay was stopped.") if player.doing is Doing.REPLAYING else player.play()

    def replay_exactly(self) -> None:
        """Replay it so that every position is computed, or stop."""
        player = self.trace.player
        player.stop("The replay was stopped.") if player.doing is Doing.STEPPING else player.play(exactly=True)

    def clear_trace(self) -> None:
        """Forget the points of the trace."""
        self.trace.clear()

    def copy_trace(self) -> None:
        """The points of the trace to the clipboard."""
        self.trace.copy()

    def save_drag_path(self) -> None:
        """Ask for a place and save the recorded path."""
        player = self.trace.player
        if player.doing is Doing.RECORDING:
            player.stop()
        if player.replay is None:
            self.desk.told.emit("There is no path to save: record one first.", True)
            return
        proposal = str(Path(self._last_folder()) / "drag-path.json")  # type: ignore[attr-defined]
        name, _ = QFileDialog.getSaveFileName(self, "Save the drag path", proposal, KIND)  # type: ignore[arg-type]
        if name:
            self.save_drag_path_as(Path(name))

    def save_drag_path_as(self, path: Path) -> None:
        """Save the recorded path there."""
        replay = self.trace.player.replay
        if replay is None:
            return
        self._remember_folder(str(path))  # type: ignore[attr-defined]
        try:
            save_path(replay, path)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            self.desk.told.emit(f"The path was not saved: {path.name}: {reason}.", True)
        else:
            self.desk.told.emit(f"Saved {path.name}: {len(replay.moments)} positions.", False)

    def open_drag_path(self) -> None:
        """Ask for a saved path."""
        name, _ = QFileDialog.getOpenFileName(self, "Open a drag path", self._last_folder(), KIND)  # type: ignore[arg-type,attr-defined]
        if name:
            self.load_drag_path(Path(name))

    def load_drag_path(self, path: Path) -> None:
        """Read a saved path; what was recorded stays when it is none."""
        self._remember_folder(str(path))  # type: ignore[attr-defined]
        try:
            replay = load_path(path)
        except ReplayError as error:
            self.desk.told.emit(str(error), True)
            return
        self.trace.player.take(replay)
        words = f"{len(replay.moments)} positions in {replay.duration:.1f} s"
        self.desk.told.emit(f"Opened {path.name}: {words}. Replay shows them.", False)
