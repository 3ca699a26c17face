"""What the spread of values and Fig. 4 share: a column for each snapshot, and a line that says what lies under the
mouse."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from zfdesk.desk.widgets.theme import THEMES, Colours


class EpochsView(QWidget):
    """Subclasses say what lies where (`place_at`, `description`), paint it, and take clicks.

    ``message``: in place of everything where there is nothing to show.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.colours: Colours = THEMES["dark"]
        self.epochs: tuple[int, ...] = ()
        self.epoch = -1
        self.message = ""
        self._mouse: QPointF | None = None
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setMinimumSize(120, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def show_epoch(self, epoch: int) -> None:
        """Frame the column of the snapshot that is looked at."""
        self.epoch = epoch
        self.update()

    def place_at(self, point: QPointF) -> tuple[int, ...] | None:
        """What lies at a point of the widget, as indices."""
        raise NotImplementedError

    def paint_content(self, painter: QPainter) -> None:
        """Paint all but the message and the description."""
        raise NotImplementedError

    def pick(self, place: tuple[int, ...]) -> None:
        """Take a click on a place."""
        raise NotImplementedError

    def description(self) -> str:
        """What lies under the mouse; else what the picture is."""
        raise NotImplementedError

    @property
    def hover(self) -> tuple[int, ...] | None:
        """What lies under the mouse, as indices."""
        return None if self._mouse is None else self.place_at(self._mouse)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter, metrics = QPainter(self), self.fontMetrics()
        painter.fillRect(self.rect(), self.colours.colour("pane"))
        if self.message:
            painter.setPen(self.colours.colour("quiet"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(10, 6, -10, -6), flags, self.message)
            return
        self.paint_content(painter)
        painter.setPen(self.colours.colour("quiet"))
        text = metrics.elidedText(self.description(), Qt.TextElideMode.ElideRight, self.width() - 4)
        painter.drawText(QPointF(2, self.height() - metrics.descent() - 1), text)

    def paint_epochs(self, painter: QPainter, columns: list[QRectF], baseline: float) -> None:
        """The epoch of each column above or below its middle, as many as there is room for."""
        free = 0.0
        for epoch, column in zip(self.epochs, columns, strict=True):
            width = self.fontMetrics().horizontalAdvance(str(epoch))
            left = column.center().x() - width / 2
            if left >= free:
                painter.setPen(self.colours.colour("unit" if epoch == self.epoch else "quiet"))
                painter.drawText(QPointF(left, baseline), str(epoch))
                free = left + width + 4

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        before, self._mouse = self.hover, event.position()
        if self.hover != before:
            self.update()

    def leaveEvent(self, event: object) -> None:  # noqa: N802
        self._mouse = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        place = self.place_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and place is not None:
            self.pick(place)


__all__ = ["EpochsView"]
