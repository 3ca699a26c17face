"""The arrangement: a grid of panels under the mouse and the keys. Drawn and edited here; what it means lies in
`zfdesk.session.composition`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QMimeData, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QToolTip, QWidget

from zfdesk.desk.copying import carry
from zfdesk.desk.figure.state import Draft
from zfdesk.desk.theme import THEMES, Colours
from zfdesk.session.composition import MOST, Composition, Slot, inserted, moved, spanned, widened
from zfdesk.session.pieces import WORDS, Kind, Piece

PIECE_MIME, SLOT_MIME = "application/x-zfdesk-piece", "application/x-zfdesk-slot"
RULER = 20  # pixels: the strip above in which columns are widened
SPARE = 30  # the row and the column beyond the last, where another begins
GAP = 6
NEAR = 5  # pixels from an edge that still count as the edge
TALLEST, LOWEST, NARROWEST = 190.0, 54.0, 40.0


def piece_mime(piece: Piece) -> QMimeData:
    """A piece on its way from the palette to the grid."""
    mime = QMimeData()
    mime.setData(PIECE_MIME, QByteArray(f"{piece.kind.value}\t{piece.number}".encode()))
    return mime


def piece_of(mime: QMimeData) -> Piece | None:
    """The piece that is carried, or None."""
    try:
        kind, _, number = bytes(mime.data(PIECE_MIME).data()).decode().partition("\t")
        return Piece(Kind(kind), int(number))
    except ValueError:
        return None


def slot_of(mime: QMimeData) -> int:
    """The index of the slot that is carried, or −1."""
    try:
        return int(bytes(mime.data(SLOT_MIME).data()))
    except ValueError:
        return -1


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


@dataclass
class _Hold:
    """What the mouse holds: a slot, its edges, or the line between two columns."""

    what: str  # "slot", "edge" or "width"
    index: int
    start: QPointF
    edges: str = ""
    before: Composition | None = None


class GridCanvas(QWidget):
    """Shows a draft's grid and edits it. ``placed``: a piece and its target; ``told``: a sentence for the status."""

    placed = Signal(object, object)
    label_asked = Signal(int)
    menu_asked = Signal(int, QPoint)

    def __init__(self, draft: Draft, thumbnail: Callable[[int], QImage]) -> None:
        super().__init__()
        self.draft, self._thumbnail = draft, thumbnail
        self.colours: Colours = THEMES["dark"]
        self.cursor_place = (0, 0)
        self.pending: list[tuple[int, int]] = []
        self.target: Target | None = None
        self._hold: _Hold | None = None
        self._preview: Composition | None = None  # while an edge or a width is dragged
        self.setAcceptDrops(True)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 190)
        self.setAccessibleName("Arrangement of the panels")
        draft.changed.connect(self.follow)
        draft.chosen_changed.connect(self.follow)
        self.follow()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(460, 330)

    def follow(self) -> None:
        """Show the draft as it is now."""
        self._preview = None
        if self.draft.chosen >= 0:
            slot = self.draft.now.slots[self.draft.chosen]
            if not slot.covers(*self.cursor_place):
                self.cursor_place = (slot.row, slot.column)
        rows, columns = self.draft.now.shape
        self.cursor_place = min(self.cursor_place[0], rows), min(self.cursor_place[1], columns)
        self.setAccessibleDescription(self.words_of(self.cursor_place))
        self.update()

    def words_of(self, place: tuple[int, int]) -> str:
        """What is at a place, for those who hear it."""
        index = self.draft.now.at(*place)
        where = f"row {place[0] + 1}, column {place[1] + 1}"
        if index is None:
            return f"{where}: empty"
        slot = self.draft.now.slots[index]
        letter = self.draft.now.letter_of(index)
        said = [f"{where}: {letter} {slot.words}".replace(":  ", ": "), slot.origin or slot.reason]
        return ", ".join(part for part in said if part)

    # Where things are

    @property
    def shown(self) -> Composition:
        """The draft's, or what it would be if the mouse let go now."""
        return self._preview or self.draft.now

    def _columns(self) -> list[float]:
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
        x, y = self._columns(), self._rows()
        right, bottom = min(column + columns, len(x) - 1), min(row + rows, len(y) - 1)
        box = QRectF(QPointF(x[min(column, right - 1)], y[min(row, bottom - 1)]), QPointF(x[right], y[bottom]))
        return box.adjusted(GAP / 2, GAP / 2, -GAP / 2, -GAP / 2)

    def slot_rect(self, index: int) -> QRectF:
        """A slot on the widget."""
        return self.rect_of(*self.shown.slots[index].rectangle)

    def place_at(self, point: QPointF) -> tuple[int, int]:
        """The place under a point, also of the spare row and column; the nearest where it is outside."""
        x, y = self._columns(), self._rows()
        column = sum(edge <= point.x() for edge in x[1:-1])
        return sum(edge <= point.y() for edge in y[1:-1]), column

    def target_at(self, point: QPointF) -> Target:
        """Where a drop goes: into a place, or between two columns or rows."""
        x, y = self._columns(), self._rows()
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

    def _edges_at(self, point: QPointF) -> tuple[int, str]:
        """The slot whose right or lower edge is under the mouse, and which of them."""
        for index in range(len(self.shown.slots)):
            box = self.slot_rect(index)
            if not box.adjusted(0, 0, NEAR, NEAR).contains(point):
                continue
            edges = ("r" if point.x() > box.right() - NEAR else "") + ("b" if point.y() > box.bottom() - NEAR else "")
            if edges:
                return index, edges
        return -1, ""

    def _boundary_at(self, point: QPointF) -> int:
        """The column whose right end is under the mouse in the ruler, or −1."""
        if point.y() > RULER or self.shown.shape[1] < 2:
            return -1
        edges = self._columns()[1:-2]
        return next((column for column, edge in enumerate(edges) if abs(point.x() - edge) <= NEAR + 3), -1)

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() != Qt.MouseButton.LeftButton:
            return
        point = event.position()
        if (column := self._boundary_at(point)) >= 0:
            self._hold = _Hold("width", column, point, before=self.draft.now)
            return
        index, edges = self._edges_at(point)
        if index < 0:
            self.cursor_place = self.place_at(point)
            found = self.draft.now.at(*self.cursor_place)
            index = -1 if found is None or point.y() < RULER else found
        self.draft.choose(index)
        if index >= 0:
            self._hold = _Hold("edge" if edges else "slot", index, point, edges, self.draft.now)
        self.follow()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        hold, point = self._hold, event.position()
        if hold is None or not event.buttons() & Qt.MouseButton.LeftButton:
            self._show_cursor(point)
            return
        assert hold.before is not None
        if hold.what == "slot":
            if (point - hold.start).manhattanLength() >= QApplication.startDragDistance():
                self._hold = None
                self._carry(hold.index, hold.start)
        elif hold.what == "edge":
            slot, (row, column) = hold.before.slots[hold.index], self.place_at(point)
            rows = row - slot.row + 1 if "b" in hold.edges else slot.rows
            columns = column - slot.column + 1 if "r" in hold.edges else slot.columns
            self._try(spanned(hold.before, hold.index, rows, columns))
        else:
            self._try(self._with_boundary(hold.before, hold.index, point.x() - hold.start.x()))

    def _with_boundary(self, before: Composition, column: int, by: float) -> Composition:
        """The line between two columns moved by pixels: what one gains the other loses."""
        widths = before.column_widths()
        room = self.width() - SPARE - 2 * GAP
        share = by / max(room, 1) * sum(widths)
        both = widths[column] + widths[column + 1]
        first = min(max(widths[column] + share, 0.1 * both), 0.9 * both)
        return widened(widened(before, column, first), column + 1, both - first)

    def _try(self, composition: Composition) -> None:
        self._preview = composition
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        preview, self._hold, self._preview = self._preview, None, None
        if preview is not None:
            self.draft.change(preview)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._hold = None
        index = self.draft.now.at(*self.place_at(event.position()))
        if index is not None and event.position().y() > RULER:
            self.label_asked.emit(index)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        index = self.draft.chosen
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            found = self.draft.now.at(*self.place_at(QPointF(event.pos())))
            index = -1 if found is None else found
            self.draft.choose(index)
        self.menu_asked.emit(index, event.globalPos())

    def _show_cursor(self, point: QPointF) -> None:
        if self._boundary_at(point) >= 0:
            self.setCursor(Qt.CursorShape.SplitHCursor)
            return
        index, edges = self._edges_at(point)
        shapes = {
            "r": Qt.CursorShape.SizeHorCursor, "b": Qt.CursorShape.SizeVerCursor, "rb": Qt.CursorShape.SizeFDiagCursor
        }  # fmt: skip
        place = self.place_at(point)
        over = self.draft.now.at(*place) if point.y() > RULER else None
        inside = over is not None and self.slot_rect(over).contains(point)
        self.setCursor(shapes.get(edges, Qt.CursorShape.OpenHandCursor if inside else Qt.CursorShape.ArrowCursor))
        if inside and over is not None and index < 0:
            slot = self.draft.now.slots[over]
            QToolTip.showText(self.mapToGlobal(point.toPoint()), slot.reason or self.words_of(place), self)

    def _carry(self, index: int, start: QPointF) -> None:
        """The slot follows the mouse to wherever it is dropped."""
        mime = QMimeData()
        mime.setData(SLOT_MIME, QByteArray(str(index).encode()))
        drag = QDrag(self)
        drag.setMimeData(mime)
        box = self.slot_rect(index)
        drag.setPixmap(self.grab(box.toRect()))
        drag.setHotSpot((start - box.topLeft()).toPoint())
        carry(drag)
        self.target = None
        self.update()

    # Drops

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        mime = event.mimeData()
        if piece_of(mime) is not None or 0 <= slot_of(mime) < len(self.draft.now.slots):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802
        self.target = self.target_at(event.position())
        event.acceptProposedAction()
        self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802
        self.target = None
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        target, self.target = self.target_at(event.position()), None
        piece, index = piece_of(event.mimeData()), slot_of(event.mimeData())
        if piece is not None:
            self.placed.emit(piece, target)
        elif 0 <= index < len(self.draft.now.slots):
            self.put(index, target)
        else:
            event.ignore()
            return
        event.acceptProposedAction()
        self.update()

    def put(self, index: int, target: Target) -> None:
        """A slot to a target."""
        composition = self.draft.now
        if target.insert:
            composition = inserted(composition, *target.line)
        self.draft.change(moved(composition, index, target.row, target.column), index)

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
            self._paint_words(painter)
        self._paint_focus(painter)
        self._paint_target(painter)

    def _paint_ruler(self, painter: QPainter) -> None:
        x, widths = self._columns(), self.shown.column_widths()
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
        words = metrics.elidedText(f"{letter} {slot.words}".strip(), Qt.TextElideMode.ElideRight, int(inner.width()))
        painter.setPen(colours.colour("text" if slot.panel is not None else "quiet"))
        painter.drawText(QRectF(inner.left(), inner.top(), inner.width(), line), words)
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
            painter.setPen(self.colours.colour("trouble" if slot.reason else "quiet"))
            flags = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
            painter.drawText(body, flags, slot.reason or "waits for a picture")
            return
        image = self._thumbnail(index)
        if image.isNull() or body.height() < 12:
            painter.setPen(self.colours.colour("quiet"))
            painter.drawText(body, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, WORDS[slot.piece.kind])
            return
        size = image.deviceIndependentSize().scaled(body.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRectF(QPointF(0, 0), size)
        target.moveCenter(body.center())
        painter.drawImage(target, image)

    def _paint_words(self, painter: QPainter) -> None:
        painter.setPen(self.colours.colour("quiet"))
        area = self.rect_of(0, 0).adjusted(20, 0, -20, 0)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        words = "Drag panels here from the list, or double-click them.\nOr begin with a template."
        painter.drawText(area, flags, words)

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
            x, y = self._columns(), self._rows()
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

    # The keys; `commands` says which

    def walk(self, down: int, right: int) -> None:
        """The cursor to the next place, over a slot in one step."""
        row, column = self.cursor_place
        index = self.draft.now.at(row, column)
        rows, columns = self.draft.now.shape
        if index is not None:
            slot = self.draft.now.slots[index]
            row = slot.row + slot.rows - 1 if down > 0 else slot.row if down < 0 else row
            column = slot.column + slot.columns - 1 if right > 0 else slot.column if right < 0 else column
        self.cursor_place = (
            min(max(row + down, 0), min(rows, MOST - 1)), min(max(column + right, 0), min(columns, MOST - 1))
        )  # fmt: skip
        found = self.draft.now.at(*self.cursor_place)
        self.draft.choose(-1 if found is None else found)
        self.follow()

    def shift(self, down: int, right: int) -> None:
        """The chosen slot to the next place; it changes places with what is there."""
        index = self.draft.chosen
        if index < 0:
            return
        slot = self.draft.now.slots[index]
        row = slot.row + (slot.rows if down > 0 else down)
        column = slot.column + (slot.columns if right > 0 else right)
        if row >= 0 and column >= 0:
            self.draft.change(moved(self.draft.now, index, row, column), index)
            self.cursor_place = (self.draft.now.slots[index].row, self.draft.now.slots[index].column)
            self.follow()

    def stretch(self, down: int, right: int) -> None:
        """The chosen slot over more or fewer rows and columns."""
        if (index := self.draft.chosen) >= 0:
            slot = self.draft.now.slots[index]
            self.draft.change(spanned(self.draft.now, index, slot.rows + down, slot.columns + right), index)

    def widen(self, factor: float) -> None:
        """The column of the cursor wider or narrower."""
        columns = self.draft.now.shape[1]
        column = min(self.cursor_place[1], columns - 1)
        if columns > 1:
            width = self.draft.now.column_widths()[column] * factor
            self.draft.change(widened(self.draft.now, column, width), kind="width")


__all__ = ["GridCanvas", "Target", "piece_mime", "piece_of"]
