"""One small picture with its name above and its colour bar below; a map in which a position can be picked."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture, Content
from zfdesk.desk.widgets.colour_bar import ColourBar
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.theme import mark_pens, set_role
from zfdesk.figures.facts import number


class Tile(QWidget):
    """One picture of the unit with its name above and its colour bar below."""

    def __init__(self, name: str, canvas: Canvas | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.canvas = canvas or Canvas(smooth=True)
        self.canvas.setAccessibleName(name)
        self.caption = ElidedLabel()
        self.caption.say(name)
        self.bar = ColourBar()
        self.note = ElidedLabel()
        set_role(self.note, "quiet")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self.caption)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.bar)
        layout.addWidget(self.note)
        self._compact = False

    def set_compact(self, compact: bool) -> None:
        """Whether the picture has all the room below its name, which then gives its range in place of a colour bar."""
        self._compact = compact
        self.bar.setVisible(not compact)
        self.note.setVisible(not compact)

    def set_content(self, content: Content, caption: str = "", short_caption: str = "") -> None:
        """Show a picture with its range and its note, or a sentence without any; the name where there is no caption.

        Text waits for the next of its renewals, but not where a sentence and a picture change places.
        """
        picture = content if isinstance(content, CanvasPicture) else None
        at_once = self.canvas.has_picture != (picture is not None)
        self.canvas.set_content(content)
        self.caption.say(caption or self.name, short_caption)
        if picture is None or picture.value_range is None:
            self.bar.clear()
        else:
            known = picture.value_range
            self.bar.show_range(known.low, known.high, known.text, known.table, known.mark)
        self.note.say(picture.note if picture else "", picture.short_note if picture else "")
        if self._compact and picture is not None and picture.value_range is not None:
            known = picture.value_range
            self.caption.say(f"{caption or self.name} · {number(known.low)} to {number(known.high)}", self.name)
        if at_once:
            self.caption.renew_now()
            self.note.renew_now()


class MapCanvas(Canvas):
    """A unit's map; a click picks the position to look at."""

    position_picked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pressed.connect(self._pick)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def _pick(self, point: tuple[float, float], _: object) -> None:
        x, y = int(point[0] // 1), int(point[1] // 1)
        if 0 <= x < self.image.width() and 0 <= y < self.image.height():
            self.position_picked.emit(y, x)

    def paint_over(self, painter: QPainter) -> None:
        if isinstance(self.content, CanvasPicture) and self.content.position is not None:
            y, x = self.content.position
            for pen in mark_pens("unit", 2):
                painter.setPen(pen)
                painter.drawRect(self.rect_to_screen(x, y, x + 1, y + 1))
