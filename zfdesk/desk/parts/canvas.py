"""A picture on which boxes are drawn by hand, each with the name of the part it holds."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QWidget

from zfdesk.desk.widgets.canvas import Canvas
from zfdesk.desk.widgets.theme import THEMES, mark_pens
from zfdesk.engine.picture import CropBox
from zfdesk.experiments.parts import PartBox

CLICK = 4.0
"""Screen pixels; a shorter drag is a click."""


class MarkCanvas(Canvas):
    """Dragging draws a box of whole picture pixels; a click on a box picks it. ``boxes``: by part, ``chosen``: one of
    them, ``crop``: what the network sees, in picture pixels."""

    drawn = Signal(object)  # a PartBox
    picked = Signal(str)  # a part

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, smooth=True)
        self.boxes: dict[str, PartBox] = {}
        self.chosen = ""
        self.crop: CropBox | None = None
        self._from: QPointF | None = None
        self._to: QPointF | None = None
        self.setMinimumSize(224, 160)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def show_boxes(self, boxes: dict[str, PartBox], chosen: str, crop: CropBox | None) -> None:
        """Show these boxes over the picture."""
        self.boxes, self.chosen, self.crop = boxes, chosen, crop
        self.update()

    @property
    def dragging(self) -> bool:
        """Whether a box is being drawn."""
        return self._from is not None

    def cancel_drag(self) -> None:
        """Forget the box that is being drawn."""
        self._from = self._to = None
        self.update()

    def box_between(self, one: QPointF, other: QPointF) -> PartBox | None:
        """The picture pixels that a drag touches; None where it touches none."""
        (x0, y0), (x1, y1) = self.to_picture(one), self.to_picture(other)
        width, height = self.image.width(), self.image.height()
        left, right = max(math.floor(min(x0, x1)), 0), min(math.ceil(max(x0, x1)), width)
        top, bottom = max(math.floor(min(y0, y1)), 0), min(math.ceil(max(y0, y1)), height)
        return (top, left, bottom - top, right - left) if bottom > top and right > left else None

    def part_at(self, point: QPointF) -> str:
        """The part whose box is there, the smallest one; "" where there is none."""
        x, y = self.to_picture(point)
        there = {
            part: height * width
            for part, (top, left, height, width) in self.boxes.items()
            if top <= y <= top + height and left <= x <= left + width
        }
        return min(there, key=there.__getitem__, default="")

    # Drawing

    def paint_over(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.crop is not None:
            self._paint_crop(painter, self.crop)
        for part, box in self.boxes.items():
            if part != self.chosen:
                self._paint_box(painter, box, part, QColor(255, 255, 255))
        if self.chosen in self.boxes and not self.dragging:
            self._paint_box(painter, self.boxes[self.chosen], self.chosen, THEMES["dark"].colour("unit"))
        drawn = self.box_between(self._from, self._to) if self._from is not None and self._to is not None else None
        if drawn is not None:
            label = f"{self.chosen} {drawn[2]} × {drawn[3]}"
            self._paint_box(painter, drawn, label, THEMES["dark"].colour("unit"))

    def _paint_crop(self, painter: QPainter, crop: CropBox) -> None:
        rect = self.rect_to_screen(*crop)
        outside, inside = QPainterPath(), QPainterPath()
        outside.addRect(self.picture_rect())
        inside.addRect(rect)
        painter.fillPath(outside.subtracted(inside), QColor(0, 0, 0, 110))
        for pen in mark_pens("field", 1.5, Qt.PenStyle.DashLine):
            painter.setPen(pen)
            painter.drawRect(rect)

    def _paint_box(self, painter: QPainter, box: PartBox, label: str, colour: QColor) -> None:
        top, left, height, width = box
        rect = self.rect_to_screen(left, top, left + width, top + height)
        for line, thickness in ((QColor(0, 0, 0), 4.0), (colour, 2.0)):
            painter.setPen(QPen(line, thickness))
            painter.drawRect(rect)
        metrics = painter.fontMetrics()
        wide, high = metrics.horizontalAdvance(label) + 8, metrics.height() + 2
        above = rect.top() - high - 3
        place = QRectF(
            min(max(rect.left(), 0.0), max(self.width() - wide, 0.0)),
            above if above >= 0 else min(rect.bottom() + 3, self.height() - high),
            wide, high,
        )  # fmt: skip
        painter.fillRect(place, QColor(0, 0, 0, 190))
        painter.setPen(QColor("#ffb000") if label.startswith(self.chosen) else QColor(255, 255, 255))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, label)

    # The hand

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton and self.has_picture:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._from = self._to = event.position()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mouseMoveEvent(event)
        if self._from is not None:
            self._to = event.position()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mouseReleaseEvent(event)
        begun, end = self._from, event.position()
        if event.button() != Qt.MouseButton.LeftButton or begun is None:
            return
        self.cancel_drag()
        if (end - begun).manhattanLength() < CLICK:
            if part := self.part_at(end):
                self.picked.emit(part)
        elif box := self.box_between(begun, end):
            self.drawn.emit(box)


__all__ = ["MarkCanvas"]
