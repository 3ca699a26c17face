"""The strongest examples of a unit: patch and projection side by side, its value and class below."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from zfdesk.desk.widgets.canvas import rgb_image
from zfdesk.desk.widgets.keyboard_grid import KeyboardGrid
from zfdesk.desk.widgets.theme import THEMES, Colours, mark_pens
from zfdesk.figures.facts import number
from zfdesk.library.pictures import ShownExample

GAP = 6  # between two examples
INSIDE = 1  # between a patch and its projection
LEAST_SIDE = 24


def best_columns(count: int, width: float, height: float, caption: float) -> tuple[int, float]:
    """Of how many columns the pictures are largest, and their side: each example is two wide and one high."""
    best = (1, 0.0)
    for columns in range(1, count + 1):
        rows = math.ceil(count / columns)
        across = ((width - GAP * (columns - 1)) / columns - INSIDE) / 2
        side = min(across, (height - GAP * (rows - 1)) / rows - caption)
        if side > best[1]:
            best = (columns, side)
    return best


class ExamplesView(KeyboardGrid):
    """Draws them, each as large as fits. ``chosen`` carries the number of the one that was clicked, or left with the
    arrow keys and taken by Return."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.colours: Colours = THEMES["dark"]
        self._shown: tuple[ShownExample, ...] = ()
        self._captions: tuple[str, ...] = ()
        self._hints: tuple[str, ...] = ()
        self._sentence = ""
        self.setAccessibleName("The pictures that wake the unit most")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(2 * LEAST_SIDE, 2 * LEAST_SIDE)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(240, 320)

    @property
    def count(self) -> int:
        """How many examples are drawn."""
        return len(self._shown)

    def show_examples(
        self, shown: Sequence[ShownExample], captions: Sequence[str], hints: Sequence[str], sentence: str = ""
    ) -> None:
        """Draw these, each with what stands below it and its tool tip; or the sentence, where there are none."""
        self._shown, self._captions, self._hints = tuple(shown), tuple(captions), tuple(hints)
        self._sentence = sentence
        if self.current >= len(self._shown):
            self.set_current(-1)
        description = "; ".join(self._captions)
        if description != self.accessibleDescription():
            self.setAccessibleDescription(description)
        self.update()

    def rect_of(self, place: int) -> QRectF:
        """Where an example lies: patch, projection and what stands below."""
        caption = self.fontMetrics().height()
        columns, side = best_columns(max(len(self._shown), 1), self.width(), self.height(), caption)
        row, column = divmod(place, columns)
        wide, high = 2 * side + INSIDE, side + caption
        left = (self.width() - columns * wide - (columns - 1) * GAP) / 2
        return QRectF(left + column * (wide + GAP), row * (high + GAP), wide, high)

    def place_at(self, point: QPointF) -> int:
        """The number of the example there, −1 for none."""
        return next((place for place in range(len(self._shown)) if self.rect_of(place).contains(point)), -1)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.colours.colour("pane"))
        if not self._shown:
            painter.setPen(self.colours.colour("quiet"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(8, 4, -8, -4), flags, self._sentence)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for place, shown in enumerate(self._shown):
            self._paint(painter, place, shown)

    def _paint(self, painter: QPainter, place: int, shown: ShownExample) -> None:
        rect, caption = self.rect_of(place), self.fontMetrics().height()
        side = rect.height() - caption
        for index, array in enumerate((shown.patch, shown.projection)):
            target = QRectF(rect.left() + index * (side + INSIDE), rect.top(), side, side)
            if array is None:
                painter.fillRect(target, self.colours.colour("raised"))
            else:
                painter.drawImage(target, rgb_image(array))
        if place == self.current:
            for pen in mark_pens("unit", 2):
                painter.setPen(pen)
                painter.drawRect(QRectF(rect.left(), rect.top(), rect.width(), side))
        painter.setPen(self.colours.colour("text"))
        room = QRectF(rect.left(), rect.top() + side, rect.width(), caption)
        elided = self.fontMetrics().elidedText(self._captions[place], Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)

    def places(self) -> tuple[int, int]:
        columns, _ = best_columns(max(self.count, 1), self.width(), self.height(), self.fontMetrics().height())
        return self.count, columns

    def activate(self, place: int) -> None:
        self.chosen.emit(place)

    def tool_tip(self, place: int) -> str:
        return self._hints[place]

    # The mouse

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        place = self.place_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and place >= 0:
            self.chosen.emit(place)


def example_caption(shown: ShownExample) -> str:
    """Its activation and its class."""
    class_name = shown.example.class_name
    return f"{number(shown.example.activation)} {class_name}".strip()


__all__ = ["ExamplesView", "best_columns", "example_caption"]
