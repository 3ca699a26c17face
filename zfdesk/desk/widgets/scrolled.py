"""Room for a pane: where there is less than it needs, it is scrolled."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class Scrolled(QScrollArea):
    """Gives a widget all its room, and never less than it needs, else its parts would be cut off or lie over others."""

    def __init__(self, inner: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusProxy(inner)
        self.viewport().setAutoFillBackground(False)
        self._inner = inner
        self.setWidget(inner)
        inner.setAutoFillBackground(False)  # which Qt has switched on

    def least(self) -> QSize:
        """What the widget needs."""
        inner = self._inner
        return inner.minimumSizeHint().expandedTo(inner.minimumSize())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """What the widget needs: it is scrolled only where others leave it less."""
        return self.least()

    def sizeHint(self) -> QSize:  # noqa: N802
        return self._inner.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """The widget needs more room than before, or less."""
        if watched is self._inner and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
            self._fit()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        event.ignore()  # keys are actions of the window

    def _fit(self) -> None:
        room, least = self.maximumViewportSize(), self.least()
        bar = self.verticalScrollBar().sizeHint().width()
        width = max(room.width() - (bar if self._height(room.width()) > room.height() else 0), least.width())
        self._inner.resize(width, max(room.height(), self._height(width)))

    def _height(self, width: int) -> int:
        """What the widget needs at that width: sentences take more lines where it is narrow."""
        layout, least = self._inner.layout(), self.least().height()
        if layout is None or not layout.hasHeightForWidth():
            return least
        return max(layout.minimumHeightForWidth(width), least)


__all__ = ["Scrolled"]
