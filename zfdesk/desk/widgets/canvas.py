"""A picture under the mouse: drawn from an array, zoomed by the wheel, positions told in picture pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontInfo, QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from zfdesk.desk.widgets.theme import THEMES, Colours

MOST_ZOOM = 40.0
SMALLEST_TYPE = 8  # pixels


def rgb_image(array: np.ndarray) -> QImage:
    """uint8 (height, width, 3) → QImage. The image looks into the array: keep the array alive beside it."""
    height, width, _ = array.shape
    return QImage(array.data, width, height, 3 * width, QImage.Format.Format_RGB888)


def indexed_image(array: np.ndarray, table: tuple[int, ...]) -> QImage:
    """uint8 (height, width) and 256 colours → QImage. The image looks into the array: keep the array alive."""
    height, width = array.shape
    image = QImage(array.data, width, height, width, QImage.Format.Format_Indexed8)
    image.setColorTable(table)
    return image


@dataclass(frozen=True)
class ValueRange:
    """What the colours of a picture mean: the ends, what stands between them, and 256 colours (by default greys).

    ``mark``: a value to be marked instead of zero.
    """

    low: float
    high: float
    text: str = ""
    table: tuple[int, ...] | None = None
    mark: float | None = None


@dataclass(frozen=True, eq=False)
class CanvasPicture:
    """A picture with all that is said of it. ``window``: the part to be shown, in picture pixels, None for all of it.
    ``position``: (y, x) of a pixel to be framed. ``stale``: of what other moment it is, "" for the present one.
    """

    image: QImage
    array: np.ndarray  # what the image looks into
    window: QRectF | None = None
    position: tuple[int, int] | None = None
    value_range: ValueRange | None = None
    note: str = ""
    short_note: str = ""
    stale: str = ""

    @classmethod
    def rgb(cls, array: np.ndarray, **facts: Any) -> Self:
        """Make the content of an array, uint8 (height, width, 3)."""
        return cls(rgb_image(array), array, **facts)

    @classmethod
    def indexed(cls, array: np.ndarray, table: tuple[int, ...], **facts: Any) -> Self:
        """Make the content of levels, uint8 (height, width), and 256 colours, 0xAARRGGBB."""
        return cls(indexed_image(array, table), array, **facts)


Content = CanvasPicture | str
"""What a canvas shows: a picture, or the sentence that stands in its place."""


class Canvas(QWidget):
    """Shows one picture as large as it fits, or zoomed, or a sentence; small pictures keep their pixels sharp.

    What is shown is one value, `Content`: it is replaced as a whole, by `set_content`. Subclasses draw over it
    in `paint_over` and map with `to_screen` and `to_picture`. ``hovered`` and ``pressed`` carry the position in picture
    pixels (x, y), or None when the mouse has left. ``mouse``: where it is on the widget.
    """

    hovered = Signal(object)
    pressed = Signal(object, object)  # (x, y), modifiers
    resized = Signal()

    def __init__(self, parent: QWidget | None = None, smooth: bool = False) -> None:
        super().__init__(parent)
        self.colours: Colours = THEMES["dark"]
        self._smooth = smooth
        self._content: Content = ""
        self._picture: CanvasPicture | None = None  # of the content
        self.zoom, self._centre = 1.0, QPointF(0.5, 0.5)
        self.laid_out: tuple[QRectF, QRectF, float] | None = None
        self._panning: QPointF | None = None
        self.mouse: QPointF | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # nothing below needs painting at every frame
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(48, 48)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(224, 224)

    def set_content(self, content: Content) -> None:
        """Show another picture, or a sentence and no picture."""
        before, picture = self._picture, content if isinstance(content, CanvasPicture) else None
        if (
            before is None
            or picture is None
            or picture.image.size() != before.image.size()
            or picture.window != before.window
        ):
            self.laid_out = None
        self._content, self._picture = content, picture
        self.update()
        if before is not None and picture is None and self.mouse is not None:
            self.hovered.emit(None)

    def set_window(self, window: QRectF | None) -> None:
        """Show only this part of the picture (in picture pixels; it may reach beyond), or all of it."""
        if self._picture is not None and window != self._picture.window:
            self.set_content(replace(self._picture, window=window))

    def mark_stale(self, stale: str) -> None:
        """Say of what other moment the picture is, or with "" that it is of the present one."""
        if self._picture is not None and stale != self._picture.stale:
            self.set_content(replace(self._picture, stale=stale))

    def reset_zoom(self) -> None:
        """Show everything again."""
        self.zoom, self._centre, self.laid_out = 1.0, QPointF(0.5, 0.5), None
        self.update()

    @property
    def has_picture(self) -> bool:
        """Whether there is anything to show."""
        return self._picture is not None

    @property
    def content(self) -> Content:
        """The content that is shown."""
        return self._content

    @property
    def message(self) -> str:
        """The sentence that is shown; "" where there is a picture."""
        return "" if isinstance(self._content, CanvasPicture) else self._content

    @property
    def stale(self) -> str:
        """Of what other moment the picture is; "" for the present one, and without a picture."""
        return self._picture.stale if self._picture is not None else ""

    @property
    def image(self) -> QImage:
        """The picture; a null image where there is none."""
        return self._picture.image if self._picture is not None else QImage()

    @property
    def array(self) -> np.ndarray | None:
        """What the picture was made of."""
        return self._picture.array if self._picture is not None else None

    def _shown(self) -> QRectF:
        """The part of the picture that is visible at zoom 1, in picture pixels."""
        return (self._picture.window if self._picture is not None else None) or QRectF(self.image.rect())

    def _geometry(self) -> tuple[QRectF, QRectF, float]:
        """The shown part of the picture, where it lies on the widget, and screen pixels per picture pixel."""
        if self.laid_out is None:
            shown = self._shown()
            if shown.isEmpty():
                return shown, QRectF(self.rect()), 1.0
            scale = min(self.width() / shown.width(), self.height() / shown.height()) * self.zoom
            width, height = shown.width() * scale, shown.height() * scale
            left = self.width() / 2 - self._centre.x() * width
            top = self.height() / 2 - self._centre.y() * height
            self.laid_out = shown, QRectF(left, top, width, height), scale
        return self.laid_out

    def picture_rect(self) -> QRectF:
        """Where the shown part of the picture lies on the widget."""
        return QRectF(self._geometry()[1])

    def scale(self) -> float:
        """Screen pixels per picture pixel."""
        return self._geometry()[2]

    def to_screen(self, x: float, y: float) -> QPointF:
        """A point of the picture on the widget."""
        shown, rect, scale = self._geometry()
        return QPointF(rect.left() + (x - shown.left()) * scale, rect.top() + (y - shown.top()) * scale)

    def rect_to_screen(self, left: float, top: float, right: float, bottom: float) -> QRectF:
        """A box of the picture on the widget."""
        return QRectF(self.to_screen(left, top), self.to_screen(right, bottom))

    def to_picture(self, point: QPointF) -> tuple[float, float]:
        """A point of the widget in picture pixels (x, y); may lie outside the picture."""
        shown, rect, scale = self._geometry()
        return (point.x() - rect.left()) / scale + shown.left(), (point.y() - rect.top()) / scale + shown.top()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.colours.colour("pane"))
        if self._picture is None:
            self._paint_message(painter)
            return
        smooth = self._smooth or self.scale() < 1
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        self._paint_picture(painter, self._picture)
        painter.save()
        self.paint_over(painter)
        painter.restore()
        if self._picture.stale:
            self._paint_stale(painter)

    def _paint_picture(self, painter: QPainter, picture: CanvasPicture) -> None:
        visible = self._shown().intersected(QRectF(picture.image.rect()))
        target = self.rect_to_screen(visible.left(), visible.top(), visible.right(), visible.bottom())
        if picture.window is not None:
            painter.fillRect(self.picture_rect(), self.colours.colour("raised"))
        painter.drawImage(target, picture.image, visible)

    def _paint_stale(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), self.colours.colour("stale", 70))
        painter.setPen(self.colours.colour("text"))
        painter.drawText(self.rect().adjusted(6, 4, -6, -4), Qt.AlignmentFlag.AlignBottom, self.stale)

    def _paint_message(self, painter: QPainter) -> None:
        """In smaller type and with less around it where there is little room: half a sentence says nothing."""
        painter.setPen(self.colours.colour("quiet"))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        font, area = painter.font(), self.rect().adjusted(10, 6, -10, -6)
        usual = QFontInfo(font).pixelSize()
        for size in range(usual, min(usual, SMALLEST_TYPE) - 1, -1):
            font.setPixelSize(size)
            painter.setFont(font)
            if area.contains(painter.boundingRect(area, flags, self.message)):
                break
            area = self.rect().adjusted(2, 1, -2, -1)
        painter.drawText(area, flags, self.message)

    def paint_over(self, painter: QPainter) -> None:
        """Marks over the picture; for subclasses."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        if not self.has_picture or not event.angleDelta().y():
            return
        before = self.to_picture(event.position())
        self.zoom = min(max(self.zoom * 1.0015 ** event.angleDelta().y(), 1.0), MOST_ZOOM)
        self.laid_out = None
        if self.zoom == 1.0:
            self._centre = QPointF(0.5, 0.5)
        else:  # what lies under the mouse stays there
            self._move_centre(self.to_screen(*before) - event.position())
        self.update()
        event.accept()

    def _move_centre(self, by: QPointF) -> None:
        rect = self.picture_rect()
        x = self._centre.x() + by.x() / max(rect.width(), 1)
        y = self._centre.y() + by.y() / max(rect.height(), 1)
        self._centre, self.laid_out = QPointF(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)), None

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.MiddleButton:
            self._panning = event.position()
        elif event.button() == Qt.MouseButton.LeftButton and self.has_picture:
            self.pressed.emit(self.to_picture(event.position()), event.modifiers())
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._panning is not None:
            self._move_centre(self._panning - event.position())
            self._panning = event.position()
            self.update()
        self.mouse = event.position()
        if self.has_picture:
            self.hovered.emit(self.to_picture(self.mouse))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._panning = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.MiddleButton:
            self.reset_zoom()

    def leaveEvent(self, event: object) -> None:  # noqa: N802
        self.mouse = None
        self.hovered.emit(None)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.laid_out = None
        self.resized.emit()
