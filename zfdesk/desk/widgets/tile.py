"""One small picture with its name above and its colour bar below; a map in which a position can be picked."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from zfdesk.desk.widgets.canvas import Canvas
from zfdesk.desk.widgets.colour_bar import ColourBar
from zfdesk.desk.widgets.pane import ElidedLabel


class Tile(QWidget):
    """One picture of the unit with its name above and its colour bar below."""

    def __init__(self, name: str, canvas: Canvas | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = canvas or Canvas(smooth=True)
        self.canvas.setAccessibleName(name)
        self.caption = ElidedLabel()
        self.caption.say(name)
        self.bar = ColourBar()
        self.note = ElidedLabel()
        self.note.setProperty("quiet", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self.caption)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.bar)
        layout.addWidget(self.note)


class MapCanvas(Canvas):
    """A unit's map; a click picks the position to look at."""

    position_picked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.position: tuple[int, int] | None = None
        self.pressed.connect(self._pick)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def _pick(self, point: tuple[float, float], _: object) -> None:
        x, y = int(point[0] // 1), int(point[1] // 1)
        if 0 <= x < self._image.width() and 0 <= y < self._image.height():
            self.position_picked.emit(y, x)

    def paint_over(self, painter: QPainter) -> None:
        if self.position is not None:
            y, x = self.position
            painter.setPen(QPen(self.colours.colour("unit"), 2))
            painter.drawRect(self.rect_to_screen(x, y, x + 1, y + 1))
