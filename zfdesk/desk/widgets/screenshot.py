"""Pictures of widgets, at a chosen scale, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from zfdesk.atomic_write import write_whole
from zfdesk.desk.widgets.images import png_of
from zfdesk.error_reason import error_reason


def picture_of(widget: QWidget, scale: float = 1.0) -> QImage:
    """A widget rendered at ``scale`` times its size on screen; text and lines are drawn anew, not enlarged."""
    size = widget.size() * scale
    image = QImage(size, QImage.Format.Format_RGB32)
    image.fill(widget.palette().window().color())
    painter = QPainter(image)
    painter.scale(scale, scale)
    widget.render(painter, QPoint(0, 0))
    painter.end()
    return image


def save_png(widget: QWidget, path: str, scale: float = 1.0, description: str = "") -> None:
    """Write a PNG of a widget, which holds ``description`` as text. Raises OSError with the reason when it cannot be
    written; nothing is left half done."""
    picture = picture_of(widget, scale)
    if description:
        picture.setText("Description", description)
    encoded = png_of(picture)
    if not encoded:
        raise OSError("the picture could not be encoded")
    try:
        write_whole(Path(path), [encoded])
    except OSError as error:
        raise OSError(error_reason(error)) from error
