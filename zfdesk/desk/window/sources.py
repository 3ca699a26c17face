"""Opening what is looked at: files, folders, the clipboard, cameras, and moving about in them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Features
from zfdesk.desk.settings import CAMERA
from zfdesk.desk.widgets.images import image_array
from zfdesk.sources import PastedSource, SourceError, SourceReference, parse_source

PASTED, DROPPED = "pasted picture", "dropped picture"  # what sources are called


class SourceOpener:
    """Shows pictures, clips, folders and cameras; remembers what was shown before the camera."""

    def __init__(self, context: AppContext) -> None:
        self._context, self._state = context, context.state
        self._before_camera: SourceReference | None = None

    def open_path(self, path: str) -> None:
        """Show a picture, clip or folder, or what a feature opens: a session, a training run."""
        if opener := self._context.get(Features).opener(path):
            opener.open(self._context, path)
            return
        try:
            reference = parse_source(path)
        except SourceError as error:
            self._context.show_message(str(error), error=True)
            return
        self.open_reference(reference)

    def open_reference(self, reference: SourceReference) -> None:
        """Show a source; the same one once more begins anew."""
        if reference == self._state.view.source:
            self._state.open(reference)
        else:
            self._state.change(self._state.view.change(source=reference))

    def ask_for_file(self) -> None:
        """Ask for a picture or clip."""
        folder = self._context.last_folder()
        self._open_chosen(QFileDialog.getOpenFileName(self._context.window, "Open a picture or clip", folder)[0])

    def ask_for_folder(self) -> None:
        """Ask for a folder, and open it."""
        folder = self._context.last_folder()
        self._open_chosen(QFileDialog.getExistingDirectory(self._context.window, "Open a folder of pictures", folder))

    def _open_chosen(self, path: str) -> None:
        if path:
            self._context.remember_folder(path)
            self.open_path(path)

    def toggle_camera(self) -> None:
        """The camera, or back to what was shown before it."""
        source = self._state.view.source
        if source.kind == "camera":
            self.open_reference(self._before_camera or SourceReference("demo"))
        else:
            self._before_camera = source
            self.open_reference(SourceReference("camera", self._context.recall(CAMERA)))

    def use_camera(self, location: str) -> None:
        """Show a camera, and remember it as the one that is meant."""
        self._context.remember(CAMERA, location)
        self.open_reference(SourceReference("camera", location))

    def paste(self) -> None:
        """Show the picture, or the file, on the clipboard."""
        self.take_mime(QGuiApplication.clipboard().mimeData(), PASTED)

    def take_mime(self, data: QMimeData, label: str) -> None:
        """Show what was dropped or pasted: files first, then a picture, then a path as text."""
        paths = [url.toLocalFile() for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []
        if paths:
            if len(paths) > 1:
                self._context.show_message(
                    f"The first of {len(paths)} is opened; a folder of them can be gone through."
                )
            self.open_path(paths[0])
        elif data.hasImage() and isinstance(data.imageData(), QImage) and not data.imageData().isNull():
            self._state.open_made(PastedSource(image_array(data.imageData()), label))
        elif data.hasText() and _is_path(data.text().strip()):
            self.open_path(data.text().strip())
        else:
            where = "on the clipboard" if label == PASTED else "in what was dropped"
            self._context.show_message(f"There is no picture {where}.", error=True)


def _is_path(text: str) -> bool:
    try:
        return bool(text) and Path(text).exists()
    except (OSError, ValueError):  # too long, or with characters that no path has
        return False


# Moving about in a source


def play_pause(context: AppContext) -> None:
    """Play or pause a clip, the demo, a slide show."""
    source = context.state.source
    if source and source.transport:
        context.state.play_or_pause()
    else:
        context.show_message("This source has nothing to play.")


def toggle_loop(context: AppContext) -> None:
    """Turn looping of the clip on or off."""
    source = context.state.source
    if source and source.transport:
        source.set_looping(not source.transport.looping)
        context.show_message(f"Loop {'on' if source.transport.looping else 'off'}.")


__all__ = [
    "DROPPED", "PASTED", "SourceOpener", "play_pause",
    "toggle_loop",
]  # fmt: skip
