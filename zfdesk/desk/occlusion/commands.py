"""What the actions of the sweep do outside the view. Methods that the actions table names."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

if TYPE_CHECKING:
    from zfdesk.desk.state import Desk


class SweepCommands:
    """Mixed into the window."""

    desk: Desk

    def start_sweep(self) -> None:
        """Sweep the occluder over what is shown now."""
        self._show_sweep()
        self.desk.sweeps.start()

    def cancel_or_resume_sweep(self) -> None:
        """End the sweep that runs, or go on with the one that was ended."""
        if self.desk.sweeps.running:
            self.desk.sweeps.cancel()
        elif self.desk.sweeps.can_resume:
            self.desk.sweeps.resume()
        else:
            self.desk.told.emit("No sweep is running, and none was left unfinished.", False)

    def live_sweep(self) -> None:
        """The live sweep on or off."""
        view = self.desk.view
        if not view.sweep.live:
            self._show_sweep()
        self.desk.change(view.change_sweep(live=not view.sweep.live))

    def find_sweep_class(self) -> None:
        """Put the cursor into the pane's class chooser."""
        self._show_sweep()
        self.sweep.controls.class_index.setFocus()  # type: ignore[attr-defined]
        self.sweep.controls.class_index.selectAll()  # type: ignore[attr-defined]

    def occlude_largest_drop(self) -> None:
        """The live occluder goes to where the class falls most."""
        sweeps = self.desk.sweeps
        if sweeps.swept is None or sweeps.swept.sweep is None:
            self.desk.told.emit("There is no sweep yet that would know where: sweep first.", False)
            return
        sweep, class_index = sweeps.swept.sweep, sweeps.class_index
        drop, occluder = sweep.largest_drop(class_index)
        sweeps.place(occluder)
        name = sweep.model.classes[class_index]
        if drop > 0:
            self.desk.told.emit(f"Covered there, {name} falls most: by {drop * 100:.1f} points.", False)
        else:
            self.desk.told.emit(f"No position lowers {name}; this one raises it least.", False)

    def save_sweep_figure(self) -> None:
        """Ask for a place and save Fig. 7's row."""
        from zfdesk.desk.occlusion.files import save_figure
        from zfdesk.desk.widgets.page_files import FIGURE_KINDS

        if path := self._sweep_path("figure 7", "zfdesk-occlusion.pdf", FIGURE_KINDS):
            self.desk.sweeps.save(path, partial(save_figure, look=self.desk.view.sweep))

    def save_sweep_arrays(self) -> None:
        """Ask for a place and save the raw values."""
        from zfdesk.desk.occlusion.files import ARRAY_KINDS, save_arrays

        if path := self._sweep_path("arrays", "zfdesk-occlusion.npz", ARRAY_KINDS):
            self.desk.sweeps.save(path if path.endswith(".npz") else f"{path}.npz", save_arrays)

    def _sweep_path(self, what: str, name: str, kinds: str) -> str:
        if self.desk.sweeps.swept is None:
            self.desk.told.emit("There is no sweep to save yet.", True)
            return ""
        proposal = str(Path(self._last_folder()) / name)  # type: ignore[attr-defined]
        path, _ = QFileDialog.getSaveFileName(self, f"Save the sweep: {what}", proposal, kinds)  # type: ignore[arg-type]
        if path:
            self._remember_folder(path)  # type: ignore[attr-defined]
        return path

    def _show_sweep(self) -> None:
        dock = self.docks[self.sweep]  # type: ignore[attr-defined]
        dock.show()
        dock.raise_()
