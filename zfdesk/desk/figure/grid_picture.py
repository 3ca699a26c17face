"""The grid of a figure as it is drawn: where its places lie on the widget, and what is painted there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from zfdesk.desk.figure.draft import Draft
from zfdesk.desk.widgets.theme import THEMES, Colours
from zfdesk.pages.composition import Composition, Slot

RULER = 20  # pixels: the strip above in which columns are widened
SPARE = 30  # the row and the column beyond the last, where another begins
GAP = 6
NEAR = 5  # pixels from an edge that still count as the edge
TALLEST, LOWEST, NARROWEST = 190.0, 54.0, 40.0


@dataclass(frozen=True)
class Target:
    """Where something would be dropped. ``insert``: "column" or "row" that would be made there, or ""."""

    row: int
    column: int
    insert: str = ""

    @property
    def line(self) -> tuple[int, bool]:
        """Before which line something is inserted, and whether that is a column."""
        return (self.column, True) if self.insert == "column" else (self.row, False)


class GridPicture(QWidget):
    """Paints a draft's grid. ``thumbnail``: what a slot shows. ``pending``: places for which something is taken."""

    def __init__(self, draft: Draft, thumbnail: Callable[[int], QImage]) -> None:
        super().__init__()
        self.draft, self._thumbnail = draft, thumbnail
        self.colours: Colours = THEMES["dark"]
        self.cursor_place = (0, 0)
        self.pending: list[tuple[int, int]] = []
        self.target: Target | None = None
        self._preview: Composition | None = None  # while an edge or a width is dragged

    # Where things are

    @property
    def shown(self) -> Composition:
        """The draft's, or what it would be if the mouse let go now."""
        return self._preview or self.draft.now

    def column_lines(self) -> list[float]:
        """Left edges of the columns, of the spare one, and its right edge."""
        widths = self.shown.column_widths() or (1.0,)
        room = max(self.width() - SPARE - 2 * GAP, NARROWEST * len(widths))
        least = min(NARROWEST, room / len(widths) / 2)
        spare = room - least * len(widths)
        edges = [float(GAP)]
        for width in widths:
            edges.append(edges[-1] + least + spare * width / sum(widths))
        return [*edges, edges[-1] + SPARE]

    def _rows(self) -> list[float]:
        rows = max(self.shown.shape[0], 1)
        height = max((self.height() - RULER - SPARE - GAP) / rows, LOWEST)
        height = min(height, TALLEST) if self.shown.slots else height
        edges = [RULER + row * height for row in range(rows + 1)]
        return [*edges, edges[-1] + SPARE]

    def rect_of(self, row: int, column: int, rows: int = 1, columns: int = 1) -> QRectF:
        """A part of the grid on the widget; the row and the column beyond the last are the spare ones."""
        x, y = self.column_lines(), self._rows()
        right, bottom = min(column + columns, len(x) - 1), min(row + rows, len(y) - 1)
        box = QRectF(QPointF(x[min(column, right - 1)], y[min(row, bottom - 1)]), QPointF(x[right], y[bottom]))
        return box.adjusted(GAP / 2, GAP / 2, -GAP / 2, -GAP / 2)

    def slot_rect(self, index: int) -> QRectF:
        """Return where a slot lies on the widget."""
        return self.rect_of(*self.shown.slots[index].rectangle)

    def place_at(self, point: QPointF) -> tuple[int, int]:
        """The place under a point, also of the spare row and column; the nearest where it is outside."""
        x, y = self.column_lines(), self._rows()
        column = sum(edge <= point.x() for edge in x[1:-1])
        return sum(edge <= point.y() for edge in y[1:-1]), column

    def target_at(self, point: QPointF) -> Target:
        """Where a drop goes: into a place, or between two columns or rows."""
        x, y = self.column_lines(), self._rows()
        row, column = self.place_at(point)
        if not self.shown.slots:
            return Target(0, 0)
        for at, edge in enumerate(x[:-2]):
            if abs(point.x() - edge) <= NEAR + 1 and row < len(y) - 2 and self._divides(at, True):
                return Target(row, at, "column")
        for at, edge in enumerate(y[:-2]):
            if abs(point.y() - edge) <= NEAR + 1 and column < len(x) - 2 and self._divides(at, False):
                return Target(at, column, "row")
        return Target(row, column)

    def _divides(self, at: int, across: bool) -> bool:
        """Whether no slot reaches over a line of the grid."""
        slots = self.shown.slots
        if across:
            return not any(slot.column < at < slot.column + slot.columns for slot in slots)
        return not any(slot.row < at < slot.row + slot.rows for slot in slots)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), self.colours.colour("pane"))
        self._paint_ruler(painter)
        shown = self.shown
        rows, columns = shown.shape
        for row in range(rows + 1):
            for column in range(columns + 1):
                if shown.at(row, column) is None and (row < rows or column < columns or not shown.slots):
                    self._paint_empty(painter, row, column, row == rows or column == columns)
        for index in range(len(shown.slots)):
            self._paint_slot(painter, index)
        if not shown.slots:
            self._paint_text(painter)
        self._paint_focus(painter)
        self._paint_target(painter)

    def _paint_ruler(self, painter: QPainter) -> None:
        x, widths = self.column_lines(), self.shown.column_widths()
        painter.setPen(self.colours.colour("quiet"))
        for column, width in enumerate(widths):
            box = QRectF(x[column], 0, x[column + 1] - x[column], RULER)
            share = f"{width / sum(widths) * 100:.0f} %"
            if painter.fontMetrics().horizontalAdvance(share) < box.width() - 8:
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, share)
            if column + 1 < len(widths):
                painter.fillRect(QRectF(box.right() - 1, 4, 2, RULER - 8), self.colours.colour("quiet"))

    def _paint_empty(self, painter: QPainter, row: int, column: int, spare: bool) -> None:
        box = self.rect_of(row, column)
        waits = (row, column) in self.pending
        pen = QPen(self.colours.colour("field" if waits else "line"), 1.0, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 4, 4)
        if waits or (spare and self.shown.slots):
            painter.setPen(self.colours.colour("quiet"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "…" if waits else "+")

    def _paint_slot(self, painter: QPainter, index: int) -> None:
        slot, box, colours = self.shown.slots[index], self.slot_rect(index), self.colours
        chosen = index == self.draft.chosen
        painter.setPen(QPen(colours.colour("field" if chosen else "line"), 2.0 if chosen else 1.0))
        painter.setBrush(colours.colour("raised"))
        painter.drawRoundedRect(box, 4, 4)
        metrics, inner = painter.fontMetrics(), box.adjusted(6, 4, -6, -4)
        line = metrics.height()
        letter = self.shown.letter_of(index)
        label = metrics.elidedText(f"{letter} {slot.title}".strip(), Qt.TextElideMode.ElideRight, int(inner.width()))
        painter.setPen(colours.colour("text" if slot.panel is not None else "quiet"))
        painter.drawText(QRectF(inner.left(), inner.top(), inner.width(), line), label)
        below = slot.origin if slot.panel is not None else ""
        roomy = inner.height() >= 3.4 * line and below
        if roomy:
            painter.setPen(colours.colour("quiet"))
            short = metrics.elidedText(below, Qt.TextElideMode.ElideRight, int(inner.width()))
            painter.drawText(QRectF(inner.left(), inner.bottom() - line, inner.width(), line), short)
        body = inner.adjusted(0, line + 2, 0, -(line + 2) if roomy else 0)
        self._paint_body(painter, index, slot, body)

    def _paint_body(self, painter: QPainter, index: int, slot: Slot, body: QRectF) -> None:
        if slot.panel is None:
            painter.setPen(self.colours.colour("error" if slot.reason else "quiet"))
            flags = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
            painter.drawText(body, flags, slot.reason or "waits for a picture")
            return
        image = self._thumbnail(index)
        if image.isNull() or body.height() < 12:
            painter.setPen(self.colours.colour("quiet"))
            painter.drawText(body, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, slot.spec.kind.text)
            return
        size = image.deviceIndependentSize().scaled(body.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRectF(QPointF(0, 0), size)
        target.moveCenter(body.center())
        painter.drawImage(target, image)

    def _paint_text(self, painter: QPainter) -> None:
        painter.setPen(self.colours.colour("quiet"))
        area = self.rect_of(0, 0).adjusted(20, 0, -20, 0)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        text = "Drag panels here from the list, or double-click them.\nOr begin with a template."
        painter.drawText(area, flags, text)

    def _paint_focus(self, painter: QPainter) -> None:
        if not self.hasFocus() or self.draft.chosen >= 0 or not self.shown.slots:
            return
        painter.setPen(QPen(self.colours.colour("field"), 2.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        index = self.shown.at(*self.cursor_place)
        painter.drawRoundedRect(self.rect_of(*self.cursor_place) if index is None else self.slot_rect(index), 4, 4)

    def _paint_target(self, painter: QPainter) -> None:
        if self.target is None:
            return
        colour = self.colours.colour("field")
        if self.target.insert:
            x, y = self.column_lines(), self._rows()
            if self.target.insert == "column":
                painter.fillRect(QRectF(x[self.target.column] - 2, RULER, 4, y[-2] - RULER), colour)
            else:
                painter.fillRect(QRectF(GAP, y[self.target.row] - 2, x[-2] - GAP, 4), colour)
            return
        index = self.shown.at(self.target.row, self.target.column)
        box = self.rect_of(self.target.row, self.target.column) if index is None else self.slot_rect(index)
        fill = self.colours.colour("field", 60)
        painter.setPen(QPen(colour, 2.0))
        painter.setBrush(fill)
        painter.drawRoundedRect(box, 4, 4)


__all__ = ["NEAR", "RULER", "SPARE", "GridPicture", "Target"]
