"""Pictures between Qt and arrays."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QImage, QPainter


def image_array(image: QImage) -> np.ndarray:
    """A QImage as uint8 (height, width, 3) RGB, over white where it is transparent."""
    flat = QImage(image.size(), QImage.Format.Format_RGB888)
    flat.fill(Qt.GlobalColor.white)
    painter = QPainter(flat)
    painter.drawImage(0, 0, image)
    painter.end()
    rows = np.frombuffer(flat.constBits(), np.uint8).reshape(flat.height(), flat.bytesPerLine())
    return rows[:, : 3 * flat.width()].reshape(flat.height(), flat.width(), 3).copy()


def png_of(image: QImage) -> bytes:
    """An image as the bytes of a PNG file; none where it cannot be encoded."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    # the stubs want bytes for the format, which the library does not take
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def drawn_scale(painter: QPainter) -> float:
    """Pixels a unit of length: of the screen, or of the enlarged picture that a widget is rendered into."""
    return painter.deviceTransform().m11()


__all__ = ["drawn_scale", "image_array", "png_of"]
