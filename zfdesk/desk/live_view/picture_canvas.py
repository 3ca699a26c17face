"""The picture on screen: crop box, receptive field and occluders, painted over it and dragged by the mouse."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPen, QWheelEvent
from PySide6.QtWidgets import QWidget

from zfdesk.desk.live_view.picture_heat import PictureHeat
from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.canvas import Canvas
from zfdesk.desk.widgets.theme import THEMES, mark_pens
from zfdesk.engine import Occluder, OccluderFill, OccluderShape
from zfdesk.figures.facts import unit_text, whole
from zfdesk.live import Crop, UnitResult
from zfdesk.live.handles import (
    Handle,
    crop_handle,
    drag_crop,
    drag_occluder,
    find_handle,
    keep_near,
    put_occluder,
    scale_occluder,
)

REACH = 7.0  # screen pixels
SMALLEST = QSize(224, 224)  # of the canvas: a pixel of the network's picture is one of the screen at least
CURSORS = {
    "": Qt.CursorShape.SizeAllCursor, "t": Qt.CursorShape.SizeVerCursor, "b": Qt.CursorShape.SizeVerCursor,
    "l": Qt.CursorShape.SizeHorCursor, "r": Qt.CursorShape.SizeHorCursor, "tl": Qt.CursorShape.SizeFDiagCursor,
    "br": Qt.CursorShape.SizeFDiagCursor, "tr": Qt.CursorShape.SizeBDiagCursor, "bl": Qt.CursorShape.SizeBDiagCursor,
}  # fmt: skip


class PictureCanvas(Canvas):
    """Draws the frame of the newest result; what the hand moves is drawn from the view, at once."""

    picked = Signal(float, float)  # a point of the input picture, in its pixels

    def __init__(self, desk: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent, smooth=True)
        self.desk = desk
        self.unit: UnitResult | None = None  # what it sees of the picture is outlined
        self.hover_box: tuple[int, int, int, int] | None = None
        self.heat: PictureHeat | None = None
        self._handle: Handle | None = None
        self._start: tuple[QPointF, Occluder | Crop] | None = None
        self._press: QPointF | None = None
        self._drags = 0
        self._blurred: tuple[object, QImage] | None = None
        self.setMinimumSize(SMALLEST)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    # Geometry: frame pixels are the picture's, input pixels the network's

    def _frame_shape(self) -> tuple[int, int] | None:
        return None if self.array is None else self.array.shape[:2]

    def crop_box(self) -> tuple[float, float, float, float] | None:
        """The crop of the view on the frame that is shown, in frame pixels."""
        shape = self._frame_shape()
        return self.desk.view.crop.box(*shape) if shape else None

    def to_input(self, point: QPointF) -> tuple[float, float] | None:
        """A point of the widget in input pixels (x, y)."""
        box = self.crop_box()
        if box is None:
            return None
        x, y = self._unmirror(self.to_picture(point))
        size = self.desk.model.architecture.size
        return (x - box[0]) / (box[2] - box[0]) * size, (y - box[1]) / (box[3] - box[1]) * size

    def input_rect(self, top: float, left: float, bottom: float, right: float) -> QRectF:
        """A box of the input picture on the widget."""
        box = self.crop_box()
        if box is None:
            return QRectF()
        size = self.desk.model.architecture.size
        sx, sy = (box[2] - box[0]) / size, (box[3] - box[1]) / size
        return self.frame_rect(box[0] + left * sx, box[1] + top * sy, box[0] + right * sx, box[1] + bottom * sy)

    def frame_rect(self, left: float, top: float, right: float, bottom: float) -> QRectF:
        """A box of the frame on the widget, mirrored as the picture is."""
        if self.desk.view.mirrored and (shape := self._frame_shape()):
            left, right = shape[1] - right, shape[1] - left
        return self.rect_to_screen(left, top, right, bottom)

    def _unmirror(self, point: tuple[float, float]) -> tuple[float, float]:
        shape = self._frame_shape()
        return (shape[1] - point[0], point[1]) if shape and self.desk.view.mirrored else point

    # Drawing

    def paint_over(self, painter: QPainter) -> None:
        view = self.desk.view
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.heat is not None:
            self.heat.paint(painter)
        self._paint_crop(painter)
        occluders = () if self.desk.shows_clean else view.occluders  # with the bars and the maps, not before them
        for index, occluder in enumerate(occluders):
            self._paint_occluder(painter, occluder, index == view.chosen_occluder)
        unit = self.unit
        if unit and view.outlines and unit.box[2] - unit.box[0] < self.desk.model.architecture.size:
            self._paint_rect(painter, self.input_rect(*unit.box), mark_pens("field", 2))
            label = unit_text(unit.reference.layer, unit.reference.unit, unit.position)
            self._paint_label(painter, self.input_rect(*unit.box), label, THEMES["dark"].colour("field"), above=True)
        if 0 <= view.chosen_occluder < len(occluders):
            self._paint_size(painter, occluders[view.chosen_occluder])
        if self.hover_box:
            pens = mark_pens("unit", 1.5, Qt.PenStyle.DashLine)
            self._paint_rect(painter, self.input_rect(*self.hover_box), pens)
        if self.heat is not None:
            self.heat.paint_text(painter)

    def _paint_crop(self, painter: QPainter) -> None:
        box = self.crop_box()
        if box is None:
            return
        rect = self.frame_rect(*box)
        outside = QPainterPath()
        outside.addRect(QRectF(self.rect()))
        inside = QPainterPath()
        inside.addRect(rect)
        painter.fillPath(outside.subtracted(inside), QColor(0, 0, 0, 110))
        self._paint_rect(painter, rect, mark_pens("field", 1, Qt.PenStyle.DashLine))
        arm = min(14.0, rect.width() / 4)
        arms = QPainterPath()
        for corner, sx, sy in (
            (rect.topLeft(), 1, 1),
            (rect.topRight(), -1, 1),
            (rect.bottomLeft(), 1, -1),
            (rect.bottomRight(), -1, -1),
        ):
            arms.moveTo(corner + QPointF(sx * arm, 0))
            arms.lineTo(corner)
            arms.lineTo(corner + QPointF(0, sy * arm))
        for pen in mark_pens("field", 3):
            painter.strokePath(arms, pen)

    @staticmethod
    def _paint_rect(painter: QPainter, rect: QRectF, pens: tuple[QPen, QPen]) -> None:
        for pen in pens:
            painter.setPen(pen)
            painter.drawRect(rect)

    def _occluder_rect(self, occluder: Occluder) -> QRectF:
        return self.input_rect(
            occluder.top, occluder.left, occluder.top + occluder.height, occluder.left + occluder.width
        )

    def _paint_size(self, painter: QPainter, occluder: Occluder) -> None:
        """How large the occluder is, and where, over all outlines."""
        text = f"{occluder.height} × {occluder.width} at ({whole(occluder.top)}, {whole(occluder.left)})"
        self._paint_label(painter, self._occluder_rect(occluder), text, QColor(255, 255, 255))

    def _paint_occluder(self, painter: QPainter, occluder: Occluder, chosen: bool) -> None:
        rect = self._occluder_rect(occluder)
        box = self.crop_box()
        path = QPainterPath()
        if occluder.shape is OccluderShape.ELLIPSE:
            path.addEllipse(rect)
        else:
            path.addRect(rect)
        painter.save()
        if box:
            painter.setClipRect(self.frame_rect(*box))
        self._fill(painter, path, occluder.fill)
        painter.restore()
        for colour, width in ((QColor(0, 0, 0), 3.0), (QColor(255, 255, 255), 1.3)):
            painter.setPen(QPen(colour, width))
            painter.drawPath(path)
        if chosen:
            painter.setBrush(QColor(255, 255, 255))
            painter.setPen(QPen(QColor(0, 0, 0), 1))
            middle = rect.center()
            for x in (rect.left(), middle.x(), rect.right()):
                for y in (rect.top(), middle.y(), rect.bottom()):
                    if (x, y) != (middle.x(), middle.y()):
                        painter.drawRect(QRectF(x - 3.5, y - 3.5, 7, 7))
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def _fill(self, painter: QPainter, path: QPainterPath, fill: OccluderFill) -> None:
        """What the network gets there; the blur and the noise are drawn alike, the network's own are exact."""
        if fill is OccluderFill.BLUR:
            painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.picture_rect(), self._blurred_frame())
            return
        if fill is OccluderFill.NOISE:
            painter.fillPath(path, QColor(128, 128, 128))
            painter.fillPath(path, QBrush(QColor(40, 40, 40), Qt.BrushStyle.Dense4Pattern))
            return
        mean = [round(value) for value in self.desk.model.input.mean]
        colour = {OccluderFill.GREY: QColor(128, 128, 128), OccluderFill.BLACK: QColor(0, 0, 0)}.get(
            fill, QColor(*mean)
        )
        painter.fillPath(path, colour)

    def _blurred_frame(self) -> QImage:
        if self._blurred is None or self._blurred[0] is not self.array:
            small = self.image.scaled(
                12, 9, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            self._blurred = (self.array, small)
        return self._blurred[1]

    def _paint_label(self, painter: QPainter, rect: QRectF, text: str, colour: QColor, above: bool = False) -> None:
        metrics = painter.fontMetrics()
        width, height = metrics.horizontalAdvance(text) + 8, metrics.height() + 2
        left = min(max(rect.left(), 0.0), max(self.width() - width, 0))
        over, under = rect.top() - height - 3, rect.bottom() + 3
        top = over if (above and over >= 0) or under + height >= self.height() else under
        area = QRectF(left, max(top, 0.0), width, height)
        painter.fillRect(area, QColor(0, 0, 0, 205))  # read on a white picture too
        painter.setPen(colour)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)

    # The hand

    def _handle_at(self, point: QPointF) -> Handle | None:
        where, box, shape = self.to_input(point), self.crop_box(), self._frame_shape()
        if where is None or box is None or shape is None:
            return None
        per_pixel = self.desk.model.architecture.size / max(
            self.input_rect(0, 0, *[self.desk.model.architecture.size] * 2).width(), 1
        )
        found = find_handle(self.desk.view, *where, REACH * per_pixel)
        return found or crop_handle(
            self.desk.view, *shape, *self._unmirror(self.to_picture(point)), REACH / self.scale()
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() != Qt.MouseButton.LeftButton or not self.has_picture:
            super().mousePressEvent(event)
            return
        self.setFocus()
        if self.heat is not None and self.heat.press(self.to_input(event.position())):
            return
        view = self.desk.view
        self._press = event.position()
        self._drags += 1
        self._handle = self._handle_at(event.position())
        if self._handle and self._handle.what == "occluder":
            index = self._handle.index
            if event.modifiers() & Qt.KeyboardModifier.AltModifier:
                copies = (*view.occluders, view.occluders[index])
                self._handle = replace(self._handle, index=len(copies) - 1, edges="")
                self.desk.change(view.change(occluders=copies, chosen_occluder=len(copies) - 1))
            else:
                self.desk.change(view.change(chosen_occluder=index), "choose")
            self._start = (event.position(), self.desk.view.occluders[self._handle.index])
        elif self._handle:
            self._start = (event.position(), view.crop)
        elif view.chosen_occluder >= 0:
            self.desk.change(view.change(chosen_occluder=-1), "choose")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mouseMoveEvent(event)
        if self.heat is not None and self.heat.asking:
            self.heat.move(self.to_input(event.position()))
        elif self._handle and self._start:
            self._drag(event)
        elif not event.buttons():
            handle = self._handle_at(event.position())
            self.setCursor(CURSORS[handle.edges] if handle else Qt.CursorShape.CrossCursor)

    def _drag(self, event: QMouseEvent) -> None:
        assert self._handle is not None
        assert self._start is not None
        origin, start = self._start
        if isinstance(start, Occluder):
            now, before = self.to_input(event.position()), self.to_input(origin)
            if now and before:
                size = self.desk.model.architecture.size
                view = drag_occluder(self.desk.view, self._handle, start, now[0] - before[0], now[1] - before[1], size)
                self.desk.change(view, f"drag {self._drags}")
        else:
            now, before = self._unmirror(self.to_picture(event.position())), self._unmirror(self.to_picture(origin))
            shape = self._frame_shape()
            if shape:
                crop = drag_crop(start, self._handle, now[0] - before[0], now[1] - before[1], *shape)
                self.desk.change(self.desk.view.change(crop=crop), f"drag {self._drags}")
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mouseReleaseEvent(event)
        if self.heat is not None and self.heat.release():
            return
        still = self._press is not None and (event.position() - self._press).manhattanLength() < 4
        if still and self._handle is None and event.button() == Qt.MouseButton.LeftButton:
            where = self.to_input(event.position())
            if where:
                self.picked.emit(*where)
        self._handle = self._start = self._press = None

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        handle = self._handle_at(event.position())
        if handle and handle.what == "occluder" and event.angleDelta().y():
            occluder = scale_occluder(self.desk.view.occluders[handle.index], 1.001 ** event.angleDelta().y())
            occluder = keep_near(occluder, self.desk.model.architecture.size)
            self.desk.change(put_occluder(self.desk.view, handle.index, occluder), "scale occluder")
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        event.ignore()  # keys are actions of the window


__all__ = ["SMALLEST", "PictureCanvas"]
