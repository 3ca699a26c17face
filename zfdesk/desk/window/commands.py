"""What reaches outside the view: files, the clipboard, cameras, help. Methods that the actions table names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QCursor, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QMessageBox, QWidget

from zfdesk import __version__
from zfdesk.desk.actions import to_unit
from zfdesk.desk.occlusion.commands import SweepCommands
from zfdesk.desk.widgets.pane import Pane
from zfdesk.runs.names import is_run
from zfdesk.session import is_session
from zfdesk.sources import PastedSource, SourceError, SourceReference

if TYPE_CHECKING:
    from zfdesk.desk.state import Desk


PASTED, DROPPED = "pasted picture", "dropped picture"  # what sources are called


def image_array(image: QImage) -> np.ndarray:
    """A QImage as uint8 (height, width, 3) RGB, over white where it is transparent."""
    flat = QImage(image.size(), QImage.Format.Format_RGB888)
    flat.fill(Qt.GlobalColor.white)
    painter = QPainter(flat)
    painter.drawImage(0, 0, image)
    painter.end()
    rows = np.frombuffer(flat.constBits(), np.uint8).reshape(flat.height(), flat.bytesPerLine())
    return rows[:, : 3 * flat.width()].reshape(flat.height(), flat.width(), 3).copy()


class Commands(SweepCommands):
    """Mixed into the window."""

    desk: Desk
    _before_camera: SourceReference | None = None

    # Sources

    def open_path(self, path: str) -> None:
        """Show a picture, clip or folder, a session, or a training run."""
        if is_session(path):
            self.sessions.open(Path(path))  # type: ignore[attr-defined]
            return
        if is_run(path):
            self.watch_run(path)  # type: ignore[attr-defined]
            return
        try:
            reference = SourceReference.parse(path)
        except SourceError as error:
            self.desk.told.emit(str(error), True)
            return
        self.open_reference(reference)

    def open_reference(self, reference: SourceReference) -> None:
        """Show a source; the same one once more begins anew."""
        if reference == self.desk.view.source:
            self.desk.open(reference)
        else:
            self.desk.change(self.desk.view.change(source=reference))

    def open_file(self) -> None:
        """Ask for a picture or clip."""
        path, _ = QFileDialog.getOpenFileName(self, "Open a picture or clip", self._last_folder())  # type: ignore[arg-type]
        if path:
            self._remember_folder(path)
            self.open_path(path)

    def open_folder(self) -> None:
        """Ask for a folder."""
        path = QFileDialog.getExistingDirectory(self, "Open a folder of pictures", self._last_folder())  # type: ignore[arg-type]
        if path:
            self._remember_folder(path)
            self.open_path(path)

    def _last_folder(self) -> str:
        return str(self.settings.value("files/folder", str(Path.home())))  # type: ignore[attr-defined]

    def _remember_folder(self, path: str) -> None:
        self.settings.setValue("files/folder", str(Path(path).parent))  # type: ignore[attr-defined]

    def toggle_camera(self) -> None:
        """The camera, or back to what was shown before it."""
        view = self.desk.view
        if view.source.kind == "camera":
            self.open_reference(self._before_camera or SourceReference("demo"))
        else:
            self._before_camera = view.source
            chosen = str(self.settings.value("camera/id", ""))  # type: ignore[attr-defined]
            self.open_reference(SourceReference("camera", chosen))

    def pick_camera(self) -> None:
        """Choose device and format."""
        from zfdesk.desk.window.camera_dialog import show_camera_dialog

        show_camera_dialog(self)  # type: ignore[arg-type]

    def paste(self) -> None:
        """Show the picture, or the file, on the clipboard."""
        self.take_mime(QGuiApplication.clipboard().mimeData(), PASTED)

    def take_mime(self, data: QMimeData, label: str) -> None:
        """Show what was dropped or pasted: files first, then a picture, then a path as text."""
        paths = [url.toLocalFile() for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []
        if paths:
            self.open_path(paths[0])
        elif data.hasImage() and isinstance(data.imageData(), QImage) and not data.imageData().isNull():
            self.desk.open_made(PastedSource(image_array(data.imageData()), label))
        elif data.hasText() and _is_path(data.text().strip()):
            self.open_path(data.text().strip())
        else:
            where = "on the clipboard" if label == PASTED else "in what was dropped"
            self.desk.told.emit(f"There is no picture {where}.", True)

    def next_picture(self) -> None:
        """The next picture of a folder or of the demo."""
        self.desk.move(lambda source: source.next())

    def previous_picture(self) -> None:
        """The picture before."""
        self.desk.move(lambda source: source.previous())

    def play_pause(self) -> None:
        """Play or pause a clip, the demo, a slide show."""
        source = self.desk.source
        if source and source.transport:
            source.pause() if source.transport.playing else source.play()
        else:
            self.desk.told.emit("This source has nothing to play.", False)

    def step_on(self) -> None:
        """One frame on."""
        self.desk.move(lambda source: source.step(1))

    def step_back(self) -> None:
        """One frame back."""
        self.desk.move(lambda source: source.step(-1))

    def toggle_loop(self) -> None:
        """Loop the clip or not."""
        source = self.desk.source
        if source and source.transport:
            source.set_looping(not source.transport.looping)
            self.desk.told.emit(f"Loop {'on' if source.transport.looping else 'off'}.", False)

    def choose_weights(self) -> None:
        """Switch the network's weights."""
        from zfdesk.desk.weights.dialog import show_weights

        show_weights(self)  # type: ignore[arg-type]

    def mark_parts(self) -> None:
        """Mark parts in a folder's pictures and compare them."""
        from zfdesk.desk.parts.dialog import show_marking

        show_marking(self)  # type: ignore[arg-type]

    def build_figure(self) -> None:
        """Arrange panels on a page."""
        from zfdesk.desk.figure.builder import show_builder

        show_builder(self)  # type: ignore[arg-type]

    # Edit

    def undo(self) -> None:
        """The view before."""
        self.desk.undo()

    def redo(self) -> None:
        """And forward again."""
        self.desk.redo()

    def escape(self) -> None:
        """Stop a replay; else take the last move of an occluder back; else let go of it; else leave full screen."""
        if self.trace.player.replaying:  # type: ignore[attr-defined]
            self.trace.player.stop("The replay was stopped.")  # type: ignore[attr-defined]
            return
        view = self.desk.view
        kind = self.desk.last_change()
        if self.isFullScreen() and view.chosen_occluder < 0:  # type: ignore[attr-defined]
            self.full_screen()
        elif view.chosen_occluder >= 0 and kind.startswith(("drag", "nudge", "arrow", "scale occluder")):
            self.desk.undo()
        elif view.chosen_occluder >= 0:
            self.desk.change(view.change(chosen_occluder=-1), "choose")

    def jump_to_unit(self) -> None:
        """Type a unit's number."""
        view = self.desk.view
        last = self.desk.model.architecture.stage(view.layer).shape[0] - 1
        unit, good = QInputDialog.getInt(
            self, "Jump to a unit", f"Unit of {view.layer}, 0 to {last}:", view.unit, 0, last
        )  # type: ignore[arg-type]
        if good:
            self.desk.change(to_unit(view, unit), "unit")

    def find_class(self) -> None:
        """Put the cursor into the class search."""
        self.docks[self.classes].show()  # type: ignore[attr-defined]
        self.classes.search.setFocus()  # type: ignore[attr-defined]

    def take_snapshot(self) -> None:
        """Keep what is shown as A."""
        self.docks[self.compare].show()  # type: ignore[attr-defined]
        self.docks[self.compare].raise_()  # type: ignore[attr-defined]
        self.compare.take_snapshot()  # type: ignore[attr-defined]

    # Pictures of the window

    def save_window(self) -> None:
        """A PNG of the whole window."""
        self.save_picture_of(self)  # type: ignore[arg-type]

    def copy_window(self) -> None:
        """The whole window to the clipboard."""
        self.copy_picture_of(self)  # type: ignore[arg-type]

    def save_pane(self) -> None:
        """A PNG of the pane under the mouse."""
        self.save_picture_of(self._pane_under_mouse())

    def copy_pane(self) -> None:
        """The pane under the mouse to the clipboard."""
        self.copy_picture_of(self._pane_under_mouse())

    def _pane_under_mouse(self) -> QWidget:
        widget = QApplication.widgetAt(QCursor.pos())
        while widget is not None and not isinstance(widget, Pane):
            widget = widget.parentWidget()
        return widget or self.picture  # type: ignore[attr-defined]

    def copy_picture_of(self, widget: QWidget) -> None:
        """To the clipboard."""
        QGuiApplication.clipboard().setPixmap(widget.grab())
        self.desk.told.emit(f"A picture of {_name(widget)} is on the clipboard.", False)

    def save_picture_of(self, widget: QWidget) -> None:
        """Ask for a scale and a place, and save a PNG."""
        from zfdesk.desk.widgets.screenshot import save_png

        scale, good = QInputDialog.getDouble(self, "Picture", "Scale (1 = as on screen):", 2.0, 0.25, 8.0, 2)  # type: ignore[arg-type]
        if not good:
            return
        proposal = str(
            Path(self._last_folder()) / f"zfdesk-{_name(widget).replace(' ', '-').replace('|', '').lower()}.png"
        )
        path, _ = QFileDialog.getSaveFileName(self, "Save a picture", proposal, "PNG (*.png)")  # type: ignore[arg-type]
        if path:
            path += "" if path.lower().endswith(".png") else ".png"  # it is one, whatever was typed
            self._remember_folder(path)
            try:
                save_png(widget, path, scale)
            except OSError as error:
                self.desk.told.emit(f"The picture was not saved: {error}.", True)
            else:
                self.desk.told.emit(f"Saved {Path(path).name}.", False)

    def full_screen(self) -> None:
        """All but the panes hidden, or back."""
        entering = not self.isFullScreen()  # type: ignore[attr-defined]
        for part in (self.menuBar(), self.toolbar, self.statusBar()):  # type: ignore[attr-defined]
            part.setVisible(not entering)
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)  # type: ignore[attr-defined]

    # Help

    def show_help(self) -> None:
        """The help sheet, or away with it."""
        from zfdesk.desk.window.help import show_help

        show_help(self)  # type: ignore[arg-type]

    def show_palette(self) -> None:
        """The command palette."""
        from zfdesk.desk.window.command_palette import show_palette

        show_palette(self)  # type: ignore[arg-type]

    def show_hints(self) -> None:
        """The first steps."""
        from zfdesk.desk.window.hints import show_hints

        show_hints(self)  # type: ignore[arg-type]

    def show_about(self) -> None:
        """Version, network, licence."""
        model = self.desk.model
        QMessageBox.about(
            self,  # type: ignore[arg-type]
            "About zfdesk",
            f"<b>zfdesk {__version__}</b><br>Opens up ZFNet (Zeiler &amp; Fergus 2013) on live pictures. MIT licence."
            f"<br><br>Network: {model.architecture.title}<br>Weights: {model.name}<br>{model.provenance}",
        )

    def quit(self) -> None:
        """Close the window."""
        self.close()  # type: ignore[attr-defined]


def _is_path(text: str) -> bool:
    try:
        return bool(text) and Path(text).exists()
    except (OSError, ValueError):  # too long, or with characters that no path has
        return False


def _name(widget: QWidget) -> str:
    return widget.title if isinstance(widget, Pane) else "window"


__all__ = ["Commands", "image_array"]
