"""The heights of the docks in the window: Qt gives the upper ones more each time that it was low, so what was asked for
is kept."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar


class PaneHeights(QObject):
    """The docks' shares of the window's height. ``lecture``: whether the docks stand as in the lecture view, which says
    nothing of where they stand else."""

    def __init__(self, window: QMainWindow, lecture: Callable[[], bool]) -> None:
        super().__init__(window)
        self._window, self._lecture = window, lecture
        self._docks: list[QDockWidget] = []
        # one dock for those that are tabs: as asked for, where Qt may have had to give more
        self._shares: dict[QDockWidget, float] = {}
        self._dropped: QSize | None = None  # the window's, when a dock was dropped in it; until it has another
        self._pressed: dict[QDockWidget, int] = {}  # the heights when a separator was pressed
        window.installEventFilter(self)

    def add(self, dock: QDockWidget) -> None:
        """Follow a dock of the window."""
        self._docks.append(dock)
        dock.visibilityChanged.connect(self._note_new_later)
        dock.topLevelChanged.connect(self._dock_by_hand)

    def ask(self, docks: list[QDockWidget], heights: list[int]) -> None:
        """Give docks that stand above each other their heights, in screen pixels."""
        self._window.resizeDocks(docks, heights, Qt.Orientation.Vertical)
        self._note(dict(zip(docks, heights, strict=False)))

    def keep(self) -> None:
        """Give all docks the heights that were asked for, as far as there is room."""
        height = self._window.height()
        shares = {dock: share for dock, share in self._shares.items() if not dock.isHidden() and not dock.isFloating()}
        sizes = [round(height * share) for share in shares.values()]
        self._window.resizeDocks(list(shares), sizes, Qt.Orientation.Vertical)

    def forget(self) -> None:
        """All docks get other places."""
        self._shares.clear()
        self._dropped = None

    def forget_one(self, dock: QDockWidget) -> None:
        """A dock gets another place."""
        self._shares.pop(dock, None)

    def follow_window(self) -> None:
        """The window has another size."""
        self._dropped = None
        self.keep()

    def follow_docks(self) -> None:
        """Docks have other sizes: where one was dropped, it and its neighbours glide to their places."""
        if self._window.size() == self._dropped:
            self._note(self._heights())

    def _note(self, heights: dict[QDockWidget, int]) -> None:
        for dock, height in heights.items():
            for tab in self._window.tabifiedDockWidgets(dock):
                self._shares.pop(tab, None)
            self._shares[dock] = height / self._window.height()

    def _heights(self) -> dict[QDockWidget, int]:
        """Of the docks in front, in the window, each with the tab bar below it, as Qt counts when it shares out."""
        bars = self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        tabs = {(bar.x(), bar.y()): bar.height() for bar in bars if bar.isVisible()}
        front = [dock for dock in self._docks if not dock.isFloating() and not dock.visibleRegion().isEmpty()]
        places = {dock: dock.geometry() for dock in front}
        return {dock: place.height() + tabs.get((place.x(), place.bottom() + 1), 0) for dock, place in places.items()}

    def _note_new_later(self, visible: bool) -> None:
        if visible:
            QTimer.singleShot(0, self, self._note_new)  # once it has its place

    def _note_new(self) -> None:
        if not self._lecture():
            known, tabs, heights = self._shares.keys(), self._window.tabifiedDockWidgets, self._heights()
            new = [dock for dock in heights if known.isdisjoint((dock, *tabs(dock)))]
            self._note({dock: heights[dock] for dock in new})

    def _dock_by_hand(self, floating: bool) -> None:
        """A dock that was dropped has changed the places of others too."""
        if not floating:
            self._shares.clear()
            self._dropped = self._window.size()
            QTimer.singleShot(0, self, self._note_new)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """On the window: what is set by moving a separator."""
        if isinstance(event, QMouseEvent):
            if event.type() == QEvent.Type.MouseButtonPress and self._window.isSeparator(event.position().toPoint()):
                self._pressed = self._heights()
            elif event.type() == QEvent.Type.MouseButtonRelease:
                before, self._pressed = self._pressed, {}
                if before and not self._lecture():
                    moved = {dock: height for dock, height in self._heights().items() if before.get(dock) != height}
                    self._note(moved)
        return super().eventFilter(watched, event)


__all__ = ["PaneHeights"]
