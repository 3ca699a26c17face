"""A heat laid over a picture: colours that are the clearer the hotter, and a contour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF, QTransform

from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture
from zfdesk.desk.widgets.theme import mark_pens

BLACK, WHITE = QColor(0, 0, 0), QColor(255, 255, 255)


@dataclass(frozen=True, eq=False)
class HeatLayer:
    """A heat as it is painted. ``array``: 0xAARRGGBB, uint32 (size, size), what the image looks into. ``lines``: of the
    contour, (n, 2) each, x and y in its pixels."""

    image: QImage
    array: np.ndarray
    lines: tuple[np.ndarray, ...] = ()

    @classmethod
    def of(cls, shares: np.ndarray, contour: float, colours: tuple[int, ...]) -> HeatLayer:
        """shares: (size, size), 0 to 1, `zfdesk.attribution.preparation.shares`. contour: at this share; 0 for none.
        colours: 256, 0xffRRGGBB, as `zfdesk.desk.widgets.colour_tables.table` gives them."""
        level = (shares * 254 + 1.5).astype(np.uint8)
        alpha = np.round(shares * 255).astype(np.uint32) << 24
        array = np.ascontiguousarray((np.array(colours, np.uint32)[level] & 0x00FFFFFF) | alpha)
        array.setflags(write=False)
        height, width = array.shape
        image = QImage(array.data, width, height, 4 * width, QImage.Format.Format_ARGB32)
        return cls(image, array, contour_lines(shares, contour) if contour > 0 else ())

    def paint(self, painter: QPainter, place: QRectF, opacity: float, mirrored: bool = False) -> None:
        """Over a place on the widget. ``mirrored``: as the picture below is."""
        size = self.image.width()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = QTransform.fromTranslate(place.left(), place.top()).scale(place.width() / size, place.height() / size)
        if mirrored:
            scale = scale.translate(size, 0).scale(-1, 1)
        painter.setTransform(scale, combine=True)
        painter.setOpacity(opacity)
        painter.drawImage(QPointF(0, 0), self.image)
        painter.setOpacity(1.0)
        for line in self.lines:
            polygon = QPolygonF([QPointF(x, y) for x, y in line.tolist()])
            for colour, width in ((BLACK, 3.0), (WHITE, 1.4)):
                pen = QPen(colour, width)
                pen.setCosmetic(True)
                painter.setPen(pen)
                painter.drawPolyline(polygon)
        painter.restore()


def contour_lines(shares: np.ndarray, level: float) -> tuple[np.ndarray, ...]:
    """Lines (n, 2) of x and y in pixels, a pixel's centre at + ½, along which a heat is ``level``."""
    from contourpy import contour_generator

    along = np.arange(len(shares)) + 0.5
    lines: Any = contour_generator(along, along, shares).lines(level)  # its type: any of four shapes
    return tuple(lines)


@dataclass(frozen=True, eq=False)
class HeatPicture(CanvasPicture):
    """A picture under a heat. ``box``: (top, left, bottom, right), in its pixels."""

    layer: HeatLayer | None = None
    opacity: float = 1.0
    box: tuple[int, int, int, int] | None = None


class HeatCanvas(Canvas):
    """A canvas that paints a `HeatPicture`: the heat over its picture."""

    def paint_over(self, painter: QPainter) -> None:
        shown = self.content
        if not isinstance(shown, HeatPicture):
            return
        painter.setClipRect(self.picture_rect())
        if shown.layer is not None:
            shown.layer.paint(
                painter, self.rect_to_screen(0, 0, self.image.width(), self.image.height()), shown.opacity
            )
        if shown.box is not None:
            top, left, bottom, right = shown.box
            for pen in mark_pens("field", 1.5):
                painter.setPen(pen)
                painter.drawRect(self.rect_to_screen(left, top, right, bottom))


__all__ = ["HeatCanvas", "HeatLayer", "HeatPicture", "contour_lines"]
