"""Where a class or a unit looks, laid over the live picture; and the box of the pointing game, drawn on it by mouse."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from zfdesk.desk.heat_maps import OVERLAY, HeatMaps
from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.desk.widgets.heat import HeatLayer
from zfdesk.desk.widgets.theme import Colours
from zfdesk.live import HeatFound, HeatQuery, View

LEAST_SIDE = 2  # pixels of the network's input: a smaller box is a click
Point = tuple[float, float]


class PictureSurface(Protocol):
    """What it needs of the canvas that it paints on."""

    desk: AppState
    colours: Colours

    def rect(self) -> QRect:
        """Return the widget's rectangle."""

    def update(self) -> None:
        """Paint the widget anew."""

    def input_rect(self, top: float, left: float, bottom: float, right: float) -> QRectF:
        """A box of the input picture on the widget."""

    def frame_rect(self, left: float, top: float, right: float, bottom: float) -> QRectF:
        """A box of the frame on the widget."""


class PictureHeat:
    """What the canvas of the live picture paints of it. ``asking``: the next drag draws the box."""

    def __init__(self, heats: HeatMaps, canvas: PictureSurface) -> None:
        self._heats, self._canvas = heats, canvas
        self.asking = False
        self._start: Point | None = None
        self._drawn: tuple[int, int, int, int] | None = None
        self._layer: tuple[tuple[object, ...], HeatLayer] | None = None
        self.stream = heats.open(OVERLAY, self._query)
        self.stream.changed.connect(lambda: canvas.update())
        heats.box_asked.connect(self._ask)

    def _query(self, view: View) -> HeatQuery | None:
        return self._heats.asks(view, (view.heat.method,)) if view.heat.shown else None

    def text(self) -> str:
        """What lies over the picture, in full, or why nothing does."""
        found, heat = self.stream.found, self._canvas.desk.view.heat
        if found is None:
            return f"{heat.method} is being computed…"
        text = found.method_text(found.query.methods[0])
        stale = self.stream.stale()
        return f"{text} · OLD: {stale}" if stale else text

    # Painting

    def _layer_of(self, found: HeatFound) -> HeatLayer | None:
        name, view = found.query.methods[0], self._canvas.desk.view
        if name not in found.shares:
            return None
        key = (found, view.heat.contour, view.maps.colours)
        if self._layer is None or self._layer[0] != key:
            self._layer = key, HeatLayer.of(
                found.shares[name], view.heat.contour, table(view.maps.colours, False, True)
            )  # fmt: skip
        return self._layer[1]

    def paint(self, painter: QPainter) -> None:
        """The heat, over the part of the frame that it is of."""
        found, view = self.stream.found, self._canvas.desk.view
        if not view.heat.shown or found is None or found.input.crop_box is None:
            return
        layer = self._layer_of(found)
        if layer is not None:
            place = self._canvas.frame_rect(*found.input.crop_box)
            layer.paint(painter, place, view.heat.opacity, view.mirrored)

    def paint_text(self, painter: QPainter) -> None:
        """What it is; and the box of the pointing game."""
        view = self._canvas.desk.view
        box = self._drawn or view.heat.box
        if box is not None and (view.heat.shown or self.asking):
            rect = self._canvas.input_rect(*box)
            for colour, width in ((QColor(0, 0, 0), 3.0), (QColor(255, 255, 255), 1.3)):
                painter.setPen(QPen(colour, width, Qt.PenStyle.DotLine))
                painter.drawRect(rect)
        if self.asking:
            self._paint_lines(painter, "Drag a box around the thing that the class should look at.", False)
        elif view.heat.shown:
            self._paint_lines(painter, self.text(), bool(self.stream.stale()))

    def _paint_lines(self, painter: QPainter, text: str, stale: bool) -> None:
        """At the foot of the picture, wrapped; what is stale, on the colour for that."""
        canvas = self._canvas
        room = canvas.rect().adjusted(4, 4, -4, -4)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
        needed = painter.fontMetrics().boundingRect(room, int(flags), text)
        area = QRectF(room.left(), room.bottom() - needed.height(), needed.width() + 8, needed.height() + 2)
        painter.fillRect(area, QColor(0, 0, 0, 190))
        if stale:
            painter.fillRect(area, canvas.colours.colour("stale", 110))
        painter.setPen(QColor(255, 255, 255))
        painter.drawText(area.adjusted(4, 1, 4, 0), int(flags), text)

    # The box

    def _ask(self) -> None:
        """Begin to draw a box, or do not after all."""
        self.asking, self._start, self._drawn = not self.asking, None, None
        self._canvas.update()

    def press(self, point: Point | None) -> bool:
        """The mouse goes down at a point of the input picture, (x, y); whether that is for a box."""
        if self.asking:
            self._start = point
        return self.asking

    def move(self, point: Point | None) -> None:
        """It is dragged to a point."""
        if self._start is not None and point is not None:
            size = self._canvas.desk.model.architecture.size
            (left, right), (top, bottom) = (
                sorted(min(max(round(value), 0), size) for value in pair)
                for pair in zip(self._start, point, strict=True)
            )
            self._drawn = top, left, bottom, right
            self._canvas.update()

    def release(self) -> bool:
        """It is let go: the box is the view's from now on. Whether that was for a box."""
        if not self.asking:
            return False
        box, desk = self._drawn, self._canvas.desk
        if box is not None and min(box[2] - box[0], box[3] - box[1]) >= LEAST_SIDE:
            self.asking, self._start, self._drawn = False, None, None
            desk.change(desk.view.change_heat(box=box))
        self._start = None
        self._canvas.update()
        return True


__all__ = ["PictureHeat"]
