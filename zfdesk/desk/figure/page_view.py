"""The page as it will be printed: zoomed, scrolled, its panels chosen by a click and their labels edited in place."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QLineEdit, QScrollArea, QWidget

from zfdesk.desk.figure.drawer import Drawn
from zfdesk.desk.widgets.canvas import rgb_image
from zfdesk.desk.widgets.theme import THEMES, Colours

EDGE = 14  # pixels around the page
SHADOW = 5
SANE_DPI = (60.0, 400.0)  # of a screen; what says otherwise does not know


class LabelEditor(QLineEdit):
    """A line over a label. ``done``: the words, or None when it was given up."""

    done = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._room = parent
        self.setAccessibleName("Label of the panel")
        self.setToolTip("Return keeps the label, Esc gives up")
        self.hide()

    def begin(self, label: str, where: QRectF) -> None:
        """Show the words there, to be edited."""
        self.setText(label)
        height = self.sizeHint().height()
        width = max(int(where.width()), self.fontMetrics().horizontalAdvance(label) + 30, 140)
        room = self._room.width()
        width = min(width, room - 8)
        left = min(int(where.left()), room - width - 4)
        self.setGeometry(max(left, 0), int(where.top()), width, height)
        self.show()
        self.selectAll()
        self.setFocus()

    def event(self, event: QEvent) -> bool:
        """Esc and Return belong to the line, and not to the window around it."""
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._end(self.text())
        elif event.key() == Qt.Key.Key_Escape:
            self._end(None)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self._end(self.text())

    def finish(self) -> None:
        """What was typed so far counts."""
        self._end(self.text())

    def _end(self, label: str | None) -> None:
        if self.isVisible():
            self.hide()
            self.done.emit(label)


class PageCanvas(QWidget):
    """The drawn page. ``picked``, ``edited``: the place of a panel among those that are drawn."""

    picked = Signal(int)
    edit_asked = Signal(int)
    drag_asked = Signal()
    zoomed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.colours: Colours = THEMES["dark"]
        self.drawn: Drawn | None = None
        self.message = ""
        self._waiting = False
        self.chosen = -1
        self._image = QImage()
        self._pressed: QPointF | None = None
        self.setMouseTracking(True)
        self.setAccessibleName("The page")
        self.setToolTip("The page as it will be printed: click a panel to choose it, double-click to edit its label, "
                        "drag the page into another program")  # fmt: skip

    def show_drawn(self, drawn: Drawn) -> None:
        """Show a page, or why there is none: the last one stays, under the sentence."""
        self.message = drawn.error
        if drawn.pixels is not None:
            self.drawn = drawn
            self._image = rgb_image(drawn.pixels)
            self._image.setDevicePixelRatio(self.devicePixelRatioF())
        self.updateGeometry()
        self.setMinimumSize(self.sizeHint())
        self.update()

    def wait(self, waiting: bool) -> None:
        """Say that another page is being drawn, or no longer."""
        if waiting != self._waiting:
            self._waiting = waiting
            self.update()

    def show_nothing(self, message: str) -> None:
        """A sentence in place of a page."""
        self.drawn, self._image, self.message = None, QImage(), message
        self.setMinimumSize(0, 0)
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        size = self._image.deviceIndependentSize()
        return QSize(int(size.width()) + 2 * EDGE, int(size.height()) + 2 * EDGE)

    def image(self) -> QImage:
        """The page as it is shown."""
        return self._image.copy()

    def page_rect(self) -> QRectF:
        """Return where the page lies on the widget."""
        size = self._image.deviceIndependentSize()
        left, top = max((self.width() - size.width()) / 2, EDGE), max((self.height() - size.height()) / 2, EDGE)
        return QRectF(int(left), int(top), size.width(), size.height())

    def rect_of(self, place: int) -> QRectF:
        """Where a panel lies, with its text."""
        if self.drawn is None or not 0 <= place < len(self.drawn.places):
            return QRectF()
        page, found = self.page_rect(), self.drawn.places[place]
        left, top, right, bottom = found.panel
        return QRectF(
            page.left() + left * page.width(), page.top() + top * page.height(),
            (right - left) * page.width(), (bottom - top) * page.height(),
        )  # fmt: skip

    def place_at(self, point: QPointF) -> int:
        """The panel under a point, or −1."""
        count = len(self.drawn.places) if self.drawn else 0
        return next((place for place in range(count) if self.rect_of(place).contains(point)), -1)

    def picture_of(self, place: int) -> QImage:
        """A panel without its words, as it was drawn last."""
        if self.drawn is None or not 0 <= place < len(self.drawn.places):
            return QImage()
        left, top, right, bottom = self.drawn.places[place].picture
        width, height = self._image.width(), self._image.height()
        image = self._image.copy(
            int(left * width), int(top * height), max(int((right - left) * width), 1),
            max(int((bottom - top) * height), 1),
        )  # fmt: skip
        image.setDevicePixelRatio(1)
        return image

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.colours.colour("background"))
        if not self._image.isNull():
            self._paint_page(painter)
        if self.message and not self._waiting:
            self._paint_message(painter)
        if self._waiting:
            self._paint_waiting(painter)

    def _paint_page(self, painter: QPainter) -> None:
        page = self.page_rect()
        for step in range(SHADOW, 0, -1):
            painter.fillRect(page.adjusted(-step / 2, -step / 2 + 1, step / 2, step), QColor(0, 0, 0, 18))
        painter.drawImage(page.topLeft(), self._image)
        chosen = self.rect_of(self.chosen)
        if not chosen.isEmpty():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(THEMES["light"].colour("field"), 1.5))  # on the page, which is white
            painter.drawRoundedRect(chosen.adjusted(-3, -2, 3, 2).intersected(page), 3, 3)

    def _paint_waiting(self, painter: QPainter) -> None:
        text = " drawing… "
        box = QRectF(painter.fontMetrics().boundingRect(text)).adjusted(0, 0, 6, 4)
        box.moveBottomRight(self.visibleRegion().boundingRect().bottomRight().toPointF() - QPointF(8, 6))
        painter.fillRect(box, self.colours.colour("raised", 220))
        painter.setPen(self.colours.colour("quiet"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_message(self, painter: QPainter) -> None:
        area = QRectF(self.visibleRegion().boundingRect())
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        if not self._image.isNull():
            painter.fillRect(area, self.colours.colour("background", 215))
        painter.setPen(self.colours.colour("error" if not self._image.isNull() else "quiet"))
        painter.drawText(area.adjusted(24, 12, -24, -12), flags, self.message)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()
            self.picked.emit(self.place_at(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._pressed is not None and (event.position() - self._pressed).manhattanLength() >= 12:
            self._pressed = None
            if self.drawn is not None:
                self.drag_asked.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._pressed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._pressed = None
        if (place := self.place_at(event.position())) >= 0:
            self.edit_asked.emit(place)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and event.angleDelta().y():
            self.zoomed.emit(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            event.ignore()


class PageView(QScrollArea):
    """The canvas with scroll bars. ``resized``: there is another room for the page."""

    resized = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.canvas = PageCanvas()
        self.setWidget(self.canvas)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setMinimumSize(260, 200)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def room(self) -> tuple[int, int]:
        """Device pixels that a page may fill without scrolling."""
        size, ratio = self.maximumViewportSize(), self.devicePixelRatioF()
        width, height = size.width() - 2 * EDGE, size.height() - 2 * EDGE
        return max(int(width * ratio), 60), max(int(height * ratio), 60)

    def print_dpi(self) -> float:
        """Device pixels an inch of this screen, so that a page is as large as on paper."""
        screen, ratio = self.screen(), self.devicePixelRatioF()
        dpi = screen.physicalDotsPerInch()
        return (dpi if SANE_DPI[0] <= dpi <= SANE_DPI[1] else screen.logicalDotsPerInch()) * ratio

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.resized.emit()


__all__ = ["LabelEditor", "PageCanvas", "PageView"]
