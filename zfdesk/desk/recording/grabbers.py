"""What is recorded, as pixels: a pane, the whole window, or a figure made of the result."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.recording.indicator import RecordingMark
from zfdesk.desk.widgets.pane import ElidedLabel, Pane
from zfdesk.desk.widgets.screenshot import picture_of
from zfdesk.live import Demand, Result
from zfdesk.pages.film_page import FilmedFigure

FramePixels = np.ndarray | Callable[[], np.ndarray]
WINDOW, FIGURE = "window", "figure"
MOST_SIDE = 4096  # pixels of a film of the window


class WidgetShots:
    """Pictures of a pane or of the window, all of the size that the first one had."""

    def __init__(self, context: AppContext, widget: QWidget, mark: RecordingMark, scale: float) -> None:
        self._context, self._widget, self._mark = context, widget, mark
        largest = max(widget.width(), widget.height()) * scale
        self._scale = scale * min(1.0, MOST_SIDE / max(largest, 1))
        self._size: QSize | None = None

    def demand(self, demand: Demand) -> Demand:
        """What must be computed besides what the panes show: nothing."""
        return demand

    def take(self, result: Result, time: float) -> FramePixels:
        """The widget as it shows this result: what of the view was changed since is left out, so that all that is in
        the picture belongs to one request. The text, which is renewed less often than the pictures, is renewed now."""
        with self._context.state.painting(result.request.view):
            if isinstance(self._widget, Pane):
                self._widget.show_facts()
            else:
                self._context.text_wanted.emit()
            for label in self._widget.findChildren(ElidedLabel):
                label.renew_now()
            with self._mark.unseen():
                image = picture_of(self._widget, self._scale)
        return partial(as_array, self._fitted(image))

    def _fitted(self, image: QImage) -> QImage:
        """In the first picture's size, on the theme's ground, also when the pane has another by now."""
        if self._size is None:
            self._size = image.size()
        if image.size() == self._size:
            return image
        whole = QImage(self._size, QImage.Format.Format_RGB32)
        whole.fill(self._widget.palette().window().color())
        share = min(self._size.width() / image.width(), self._size.height() / image.height())
        width, height = image.width() * share, image.height() * share
        place = QRectF((self._size.width() - width) / 2, (self._size.height() - height) / 2, width, height)
        painter = QPainter(whole)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, image)
        painter.end()
        return whole


class FigureShots(FilmedFigure):
    """Figures of the result, drawn in the film's own thread."""

    def take(self, result: Result, time: float) -> FramePixels:
        """What draws it."""
        return partial(self.draw, result, time)


Shots = WidgetShots | FigureShots


def as_array(image: QImage) -> np.ndarray:
    """A QImage without transparency as uint8 (height, width, 3)."""
    flat = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(flat.constBits(), np.uint8).reshape(flat.height(), flat.bytesPerLine())
    return rows[:, : 3 * flat.width()].reshape(flat.height(), flat.width(), 3).copy()


__all__ = ["FIGURE", "WINDOW", "FigureShots", "Shots", "WidgetShots", "as_array"]
