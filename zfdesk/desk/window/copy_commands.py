"""What is shown, for other programs: as numbers, as a caption, or dragged out as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QMimeData, QPoint, Qt
from PySide6.QtGui import QDrag, QGuiApplication, QImage, QPixmap
from PySide6.QtWidgets import QMenu

from zfdesk.desk.widgets.pane import Pane
from zfdesk.figures.facts import caption
from zfdesk.pages.view_page import facts_of

if TYPE_CHECKING:
    from zfdesk.desk.state import Desk

DRAGGED = 200  # pixels of the picture under the mouse, at most


def caption_of(desk: Desk) -> str:
    """The facts of what is shown in one paragraph; "" before the first frame."""
    result = desk.complete or desk.result
    return caption(facts_of(result)) if result is not None else ""


def png_of(image: QImage) -> bytes:
    """An image as the bytes of a PNG file."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


def picture_mime(picture: QPixmap, words: str) -> QMimeData:
    """A picture for any program: as an image, as PNG, and its caption as text."""
    mime = QMimeData()
    mime.setImageData(picture.toImage())
    mime.setData("image/png", png_of(picture.toImage()))
    mime.setText(words)
    return mime


def carry(drag: QDrag) -> None:
    """Let the mouse carry it; returns when it is dropped."""
    drag.exec(Qt.DropAction.CopyAction)


class CopyCommands:
    """Mixed into the window."""

    desk: Desk

    def copy_data(self) -> None:
        """The numbers of the pane under the mouse to the clipboard."""
        self.copy_data_of(self._pane_under_mouse())  # type: ignore[attr-defined]

    def copy_data_of(self, pane: Pane) -> None:
        """As tab-separated text."""
        text = pane.as_data()
        if not text:
            self.desk.told.emit(f"{pane.title} has no numbers to copy; copy its picture instead.", True)
            return
        mime = QMimeData()
        mime.setText(text)
        mime.setData("text/tab-separated-values", text.encode())
        QGuiApplication.clipboard().setMimeData(mime)
        lines = sum(not line.startswith("#") for line in text.splitlines())
        self.desk.told.emit(f"The numbers of {pane.title} are on the clipboard, {lines} lines.", False)

    def copy_caption(self) -> None:
        """What is shown, in one paragraph, to the clipboard."""
        words = caption_of(self.desk)
        if words:
            QGuiApplication.clipboard().setText(words)
        self.desk.told.emit(f"On the clipboard: {words}" if words else "Nothing is shown yet.", not words)

    def drag_picture_of(self, pane: Pane) -> None:
        """A picture of the pane follows the mouse to wherever it is dropped."""
        picture = pane.grab()
        drag = QDrag(pane)
        drag.setMimeData(picture_mime(picture, caption_of(self.desk)))
        small = picture.scaled(
            DRAGGED, DRAGGED, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        drag.setPixmap(small)
        drag.setHotSpot(QPoint(small.width() // 2, 8))
        carry(drag)

    def show_copy_menu(self, pane: Pane, where: QPoint) -> None:
        """All that can be copied of a pane."""
        menu = QMenu(pane)
        menu.addAction("Copy as picture", lambda: self.copy_picture_of(pane))  # type: ignore[attr-defined]
        numbers = menu.addAction("Copy as numbers", lambda: self.copy_data_of(pane))
        numbers.setEnabled(bool(pane.as_data()))
        menu.addAction("Copy the caption", self.copy_caption)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)


__all__ = ["CopyCommands", "caption_of", "picture_mime"]
