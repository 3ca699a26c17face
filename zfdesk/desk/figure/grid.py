"""The arrangement: a grid of panels under the mouse and the keys. Drawn and edited here; what it means lies in
`zfdesk.pages.composition`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QMimeData, QPoint, QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QImage,
    QMouseEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QToolTip

from zfdesk.desk.figure.draft import Draft
from zfdesk.desk.figure.grid_picture import GAP, NEAR, RULER, SPARE, GridPicture, Target
from zfdesk.desk.widgets.drag_out import carry
from zfdesk.pages.composition import MOST, Composition, inserted, moved, spanned, widened
from zfdesk.pages.panel_kinds import kind_named
from zfdesk.pages.panels import PanelSpec

PANEL_MIME, SLOT_MIME = "application/x-zfdesk-spec", "application/x-zfdesk-slot"


def panel_mime(spec: PanelSpec) -> QMimeData:
    """A panel on its way from the palette to the grid."""
    mime = QMimeData()
    mime.setData(PANEL_MIME, QByteArray(f"{spec.kind.name}\t{spec.number}".encode()))
    return mime


def panel_of(mime: QMimeData) -> PanelSpec | None:
    """The panel that is carried, or None."""
    try:
        kind, _, number = bytes(mime.data(PANEL_MIME).data()).decode().partition("\t")
        return PanelSpec(kind_named(kind), int(number))
    except (KeyError, ValueError):
        return None


def slot_of(mime: QMimeData) -> int:
    """The index of the slot that is carried, or −1."""
    try:
        return int(bytes(mime.data(SLOT_MIME).data()))
    except ValueError:
        return -1


@dataclass
class _Drag:
    """What the mouse holds: a slot, its edges, or the line between two columns."""

    what: str  # "slot", "edge" or "width"
    index: int
    start: QPointF
    edges: str = ""
    before: Composition | None = None


class GridCanvas(GridPicture):
    """Shows a draft's grid and edits it. ``placed``: a `PanelSpec` and its target. The others: the index of a slot."""

    placed = Signal(object, object)
    label_asked = Signal(int)
    menu_asked = Signal(int, QPoint)

    def __init__(self, draft: Draft, thumbnail: Callable[[int], QImage]) -> None:
        super().__init__(draft, thumbnail)
        self._drag: _Drag | None = None
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
        self.setAccessibleDescription(self.place_text(self.cursor_place))
        self.update()

    def place_text(self, place: tuple[int, int]) -> str:
        """What is at a place, for those who hear it."""
        index = self.draft.now.at(*place)
        where = f"row {place[0] + 1}, column {place[1] + 1}"
        if index is None:
            return f"{where}: empty"
        slot = self.draft.now.slots[index]
        letter = self.draft.now.letter_of(index)
        parts = [f"{where}: {letter} {slot.title}".replace(":  ", ": "), slot.origin or slot.reason]
        return ", ".join(part for part in parts if part)

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
        edges = self.column_lines()[1:-2]
        return next((column for column, edge in enumerate(edges) if abs(point.x() - edge) <= NEAR + 3), -1)

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() != Qt.MouseButton.LeftButton:
            return
        point = event.position()
        if (column := self._boundary_at(point)) >= 0:
            self._drag = _Drag("width", column, point, before=self.draft.now)
            return
        index, edges = self._edges_at(point)
        if index < 0:
            self.cursor_place = self.place_at(point)
            found = self.draft.now.at(*self.cursor_place)
            index = -1 if found is None or point.y() < RULER else found
        self.draft.choose(index)
        if index >= 0:
            self._drag = _Drag("edge" if edges else "slot", index, point, edges, self.draft.now)
        self.follow()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        drag, point = self._drag, event.position()
        if drag is None or not event.buttons() & Qt.MouseButton.LeftButton:
            self._show_cursor(point)
            return
        assert drag.before is not None
        if drag.what == "slot":
            if (point - drag.start).manhattanLength() >= QApplication.startDragDistance():
                self._drag = None
                self._carry(drag.index, drag.start)
        elif drag.what == "edge":
            slot, (row, column) = drag.before.slots[drag.index], self.place_at(point)
            rows = row - slot.row + 1 if "b" in drag.edges else slot.rows
            columns = column - slot.column + 1 if "r" in drag.edges else slot.columns
            self._try(spanned(drag.before, drag.index, rows, columns))
        else:
            self._try(self._with_boundary(drag.before, drag.index, point.x() - drag.start.x()))

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
        preview, self._drag, self._preview = self._preview, None, None
        if preview is not None:
            self.draft.change(preview)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._drag = None
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
            QToolTip.showText(self.mapToGlobal(point.toPoint()), slot.reason or self.place_text(place), self)

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
        if panel_of(mime) is not None or 0 <= slot_of(mime) < len(self.draft.now.slots):
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
        spec, index = panel_of(event.mimeData()), slot_of(event.mimeData())
        if spec is not None:
            self.placed.emit(spec, target)
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


__all__ = ["GridCanvas", "Target", "panel_mime", "panel_of"]
