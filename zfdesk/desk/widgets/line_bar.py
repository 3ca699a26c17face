"""A line of its own between the panes and the status line: what stands there hides nothing."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QToolBar, QWidget

from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.theme import set_role


class LineBar(QToolBar):
    """``row``: what stands in it, from the left."""

    def __init__(self, window: QMainWindow, name: str) -> None:
        super().__init__(name, window)
        self._window = window
        self.setObjectName(f"line: {name}")
        set_role(self, "line")
        self.setAccessibleName(name)
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        inner = QWidget()
        self.row = QHBoxLayout(inner)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(8)
        self.addWidget(inner)

    def add_close(self, name: str, hint: str) -> None:
        """A cross at the end that closes the line."""
        close = tool_button("×")
        close.setToolTip(hint)
        close.setAccessibleName(name)
        close.setMinimumSize(24, 24)
        close.clicked.connect(self.finish)
        self.row.addWidget(close)

    def stand(self) -> None:
        """Show the line, below others of its kind; where all but panes is hidden, once that ends."""
        self._window.addToolBarBreak(Qt.ToolBarArea.BottomToolBarArea)
        self._window.addToolBar(Qt.ToolBarArea.BottomToolBarArea, self)
        self.setVisible(not self._window.menuBar().isHidden())

    def finish(self) -> None:
        """Close the line."""
        self._window.removeToolBar(self)
        self.hide()
        self.setParent(None)
        self.deleteLater()


__all__ = ["LineBar"]
