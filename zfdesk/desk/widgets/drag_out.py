"""Dragging something out of a widget that is no drag source of its own, and what is carried."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QObject, QPointF, Qt
from PySide6.QtGui import QDrag, QMouseEvent, QPixmap
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from zfdesk.desk.widgets.images import png_of

DRAGGED = 200  # pixels of the picture under the mouse, at most


class DragOut(QObject):
    """Calls ``begin`` when the left button drags far enough from where it was pressed on the widget; once a press."""

    def __init__(self, widget: QWidget, begin: Callable[[], None]) -> None:
        super().__init__(widget)
        self._widget, self._begin = widget, begin
        self._pressed: QPointF | None = None
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if not isinstance(event, QMouseEvent):
            return False
        if event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()
            return isinstance(watched, QWidget) and not isinstance(watched, QAbstractButton)  # or no move follows
        if event.type() == QEvent.Type.MouseButtonRelease:
            self._pressed = None
        elif event.type() == QEvent.Type.MouseMove and self._is_far(event.position()):
            self._pressed = None
            if isinstance(watched, QAbstractButton):
                watched.setDown(False)  # the drag takes the release: no click follows
            self._begin()
            return True
        return False

    def _is_far(self, point: QPointF) -> bool:
        if self._pressed is None:
            return False
        return (point - self._pressed).manhattanLength() >= QApplication.startDragDistance()


def picture_mime(picture: QPixmap, text: str) -> QMimeData:
    """A picture for any program: as an image, as PNG, and its caption as text."""
    mime = QMimeData()
    mime.setImageData(picture.toImage())
    mime.setData("image/png", png_of(picture.toImage()))
    mime.setText(text)
    return mime


def carry(drag: QDrag) -> None:
    """Let the mouse carry it; returns when it is dropped."""
    drag.exec(Qt.DropAction.CopyAction)


__all__ = ["DRAGGED", "DragOut", "carry", "picture_mime"]
