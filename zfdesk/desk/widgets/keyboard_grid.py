"""A grid of pictures for mouse and keys: the arrow keys move through it, Return activates a picture."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QToolTip, QWidget

from zfdesk.desk.widgets.own_keys import MOVES, PLAIN

RETURN = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class KeyboardGrid(QWidget):
    """Draws places in rows, of which one may be the current one, by the mouse or the keys. Subclasses draw them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.current = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def places(self) -> tuple[int, int]:
        """How many there are, and how many in a row."""
        raise NotImplementedError

    def activate(self, place: int) -> None:
        """Do what a press of Return on the picture at that place does."""
        raise NotImplementedError

    def rect_of(self, place: int) -> QRectF:
        """Return the rectangle of that place on the widget."""
        raise NotImplementedError

    def tool_tip(self, place: int) -> str:
        """Return the tool tip of that place."""
        raise NotImplementedError

    def place_at(self, point: QPointF) -> int:
        """The place there, -1 for none."""
        raise NotImplementedError

    def set_current(self, place: int) -> None:
        """Mark that place as the current one; -1 for none."""
        if place != self.current:
            self.current = place
            self.setCursor(Qt.CursorShape.PointingHandCursor if place >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def event(self, event: QEvent) -> bool:
        """The keys that walk are no actions here; the tool tip is that of the place under the mouse."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            walks = bool(self.places()[0]) and event.key() in MOVES and not event.modifiers() & ~PLAIN
            event.setAccepted(walks)
            return walks or super().event(event)
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            place = self.place_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.tool_tip(place) if place >= 0 else "", self)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        count, columns = self.places()
        key, last = event.key(), count - 1
        steps = {
            Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Down: columns, Qt.Key.Key_Up: -columns,
            Qt.Key.Key_Home: -count, Qt.Key.Key_End: count,
        }  # fmt: skip
        if key in steps and count:
            self.set_current(min(max(self.current + steps[Qt.Key(key)], 0), last) if self.current >= 0 else 0)
            corner = self.rect_of(self.current).bottomLeft().toPoint() + QPoint(0, 2)
            QToolTip.showText(self.mapToGlobal(corner), self.tool_tip(self.current), self)
        elif key in RETURN and 0 <= self.current < count:
            self.activate(self.current)
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.set_current(self.place_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        if not self.hasFocus():
            self.set_current(-1)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self.set_current(-1)


__all__ = ["KeyboardGrid"]
