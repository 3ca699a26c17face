"""Where a picture is taken from: what is looked at now, or a file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QFileDialog, QToolButton

from zfdesk.desk.context import AppContext
from zfdesk.desk.widgets.canvas import rgb_image
from zfdesk.desk.widgets.menu import PopupMenu
from zfdesk.engine import crop
from zfdesk.live import Crop
from zfdesk.pages.panels import frame_text
from zfdesk.sources import SourceError, read_picture
from zfdesk.sources.files import file_name
from zfdesk.synthesis.steps import no_larger

FRAME = "current frame"
ICON_SIDE = 64


@dataclass(frozen=True, eq=False)
class _File:
    name: str
    pixels: np.ndarray


class PictureSlot(QToolButton):
    """A button that says which picture is taken, with a menu of all there are. ``others``: words that stand for no
    picture, such as noise; the first choice is the first of them, else the current frame. ``changed``: another was
    chosen."""

    changed = Signal()

    def __init__(self, context: AppContext, label: str, others: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__()
        self._context, self._label = context, label
        self._file: _File | None = None
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolTip(hint or f"{label}: the frame that is shown now, also of a camera, or a picture from a file")
        menu = PopupMenu(self)
        for choice in (*others, FRAME):
            menu.addAction(choice).triggered.connect(lambda _=False, choice=choice: self.choose(choice))
        menu.addAction("a file…").triggered.connect(lambda _=False: self.ask())
        self.setMenu(menu)
        self.choose((*others, FRAME)[0])

    def choose(self, choice: str) -> None:
        """One of the others, or the current frame."""
        self.choice, self._file = choice, None
        self.setText(f"{self._label}: {choice} ▾")
        self.setIcon(QIcon())
        self.changed.emit()

    def ask(self) -> None:
        """Ask for a picture file and take it."""
        folder = self._context.last_folder()
        path, _ = QFileDialog.getOpenFileName(self._context.window, f"{self._label}: a picture", folder)
        if path:
            self._context.remember_folder(path)
            self.open(path)

    def open(self, path: str) -> None:
        """Take the picture of a file; what cannot be read is told, and nothing changes."""
        try:
            pixels = read_picture(path)
        except SourceError as error:
            self._context.show_message(str(error), error=True)
            return
        self._file, self.choice = _File(file_name(path), pixels), ""
        small = no_larger(pixels, ICON_SIDE)
        self.setIcon(QIcon(QPixmap.fromImage(rgb_image(small))))
        self.setText(f"{self._label}: {self._file.name} ▾")
        self.changed.emit()

    def cropped(self) -> tuple[np.ndarray, str]:
        """The picture as the network sees it, uint8 (size, size, 3), and what it is. ValueError where there is none."""
        state = self._context.state
        if self._file is not None:
            model, pixels = state.model, self._file.pixels
            box = Crop.centre_of(model).box(*pixels.shape[:2])
            return crop(pixels, box, model.architecture.size), self._file.name
        result = state.result
        if result is None or result.request.model is not state.model:
            raise ValueError("No picture has come yet: try again in a moment.")
        return result.clean, frame_text(result)

    def uncropped(self, side: int) -> tuple[np.ndarray, str]:
        """The whole picture, at most ``side`` pixels long, and what it is. ValueError where there is none."""
        if self._file is not None:
            return no_larger(self._file.pixels, side), self._file.name
        result = self._context.state.result
        if result is None:
            raise ValueError("No picture has come yet: try again in a moment.")
        return no_larger(result.request.frame.pixels, side), frame_text(result)


__all__ = ["FRAME", "PictureSlot"]
