"""Where the panes stand: docks, their first places, what is remembered of them, full screen."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from PySide6.QtCore import QByteArray, QObject, Qt, Signal
from PySide6.QtWidgets import QAbstractButton, QDockWidget, QMainWindow, QToolBar

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Area, Panes, dock_of
from zfdesk.desk.widgets.pane import Pane

LAYOUT_VERSION = 3
VERSION_KEY, GEOMETRY_KEY, STATE_KEY = "layout/version", "layout/geometry", "layout/state"
COLUMN_SHARES = (0.135, 0.275, 0.30, 0.29)  # of the width, from the left
UPPER_SHARES = {Area.PICTURE: (0.56, 0.38), Area.UNIT: (0.64, 0.30)}  # of the height: a pane, and the one below


class PaneLayout(QObject):
    """The docks of the window's panes. ``seen``: a pane came into view (True) or is going out of it."""

    seen = Signal(object, bool)

    def __init__(self, window: QMainWindow, context: AppContext) -> None:
        super().__init__(window)
        self._window, self._context = window, context
        self._panes = context.get(Panes)
        self.docks: dict[Pane, QDockWidget] = {}
        for pane in self._panes.all:
            self._add(pane)
        self._panes.made.connect(self._add_later)

    # Docks

    def _add(self, pane: Pane) -> QDockWidget:
        dock = QDockWidget(pane.title, self._window)
        dock.setObjectName(pane.title)
        dock.setWidget(pane)
        dock.visibilityChanged.connect(partial(self.seen.emit, pane))
        for button in dock.findChildren(QAbstractButton, options=Qt.FindChildOption.FindDirectChildrenOnly):
            text = f"{'Close' if 'close' in button.objectName() else 'Float or dock'} “{pane.title}”"
            button.setToolTip(text)
            button.setAccessibleName(text)
        dock.installEventFilter(self._window)
        self.docks[pane] = dock
        return dock

    def _add_later(self, pane: Pane) -> None:
        """A pane that was made when it was first asked for: where it stood last, else beside those of its area."""
        dock = self._add(pane)
        if not self._window.restoreDockWidget(dock):
            others = [other for other in self._in_area(self._panes.specs[pane.title].area) if other is not pane]
            if others:
                self._window.tabifyDockWidget(self.docks[others[-1]], dock)
            else:
                self._window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)

    def _in_area(self, area: Area) -> list[Pane]:
        order = list(self._panes.specs)
        panes = (pane for pane in self.docks if self._panes.specs[pane.title].area is area)
        return sorted(panes, key=lambda pane: order.index(pane.title))

    # Places

    def reset(self) -> None:
        """Every pane back in its first place; those that are made when they are asked for are closed."""
        window, docks = self._window, self.docks
        for dock in docks.values():
            dock.setFloating(False)
            window.removeDockWidget(dock)
        firsts = {area: docks[panes[0]] for area in Area if (panes := self._in_area(area))}
        self._place_columns(firsts)
        for area in firsts:
            for one, other in pairwise(self._in_area(area)):
                window.tabifyDockWidget(docks[one], docks[other])
        for pane, dock in docks.items():
            dock.setVisible(self._panes.specs[pane.title].at_start)
        for dock in firsts.values():
            dock.raise_()
        self._share_out(firsts)

    def _place_columns(self, firsts: dict[Area, QDockWidget]) -> None:
        """The first pane of each area: columns from left to right, in each from above to below."""
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        columns: dict[int, list[QDockWidget]] = {}
        for area, dock in firsts.items():
            columns.setdefault(area.value[0], []).append(dock)
        for side, numbers in ((left, (0, 1)), (right, (2, 3))):
            tops = [columns[number] for number in numbers if number in columns]
            for index, column in enumerate(tops):
                if index == 0:
                    self._window.addDockWidget(side, column[0])
                else:
                    self._window.splitDockWidget(tops[index - 1][0], column[0], Qt.Orientation.Horizontal)
            for column in tops:
                for above, below in pairwise(column):
                    self._window.splitDockWidget(above, below, Qt.Orientation.Vertical)

    def _share_out(self, firsts: dict[Area, QDockWidget]) -> None:
        width, height = max(self._window.width(), 1000), max(self._window.height(), 600)
        tops = [dock for area, dock in firsts.items() if area.value[1] == 0]
        self._window.resizeDocks(tops, [int(width * share) for share in COLUMN_SHARES], Qt.Orientation.Horizontal)
        for upper, shares in UPPER_SHARES.items():
            column = [dock for area, dock in firsts.items() if area.value[0] == upper.value[0]]
            self._window.resizeDocks(column, [int(height * share) for share in shares], Qt.Orientation.Vertical)

    def show_all(self) -> None:
        """No pane behind another: those that share a place as tabs are set beside or below each other."""
        for area in Area:
            across = Qt.Orientation.Horizontal if area.value[1] else Qt.Orientation.Vertical
            panes = [pane for pane in self._in_area(area) if self._panes.specs[pane.title].at_start]
            for number, pane in enumerate(panes[1:]):
                beside = panes[number] if area.value[1] else panes[0]
                self._window.removeDockWidget(self.docks[pane])
                self._window.splitDockWidget(self.docks[beside], self.docks[pane], across)
                self.docks[pane].show()

    # What is remembered

    def restore(self) -> None:
        """As it was when the window was closed last."""
        settings = self._context.settings
        if settings.value(VERSION_KEY, 0, int) == LAYOUT_VERSION:
            self._window.restoreGeometry(settings.value(GEOMETRY_KEY, QByteArray(), QByteArray))
            self._window.restoreState(settings.value(STATE_KEY, QByteArray(), QByteArray))

    def save(self) -> None:
        """Remember it."""
        settings = self._context.settings
        settings.setValue(VERSION_KEY, LAYOUT_VERSION)
        settings.setValue(GEOMETRY_KEY, self._window.saveGeometry())
        settings.setValue(STATE_KEY, self._window.saveState())

    def full_screen(self) -> None:
        """All but the panes hidden, or back."""
        entering = not self._window.isFullScreen()
        toolbars = self._window.findChildren(QToolBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        for part in (self._window.menuBar(), self._window.statusBar(), *toolbars):
            part.setVisible(not entering)
        self._window.setWindowState(self._window.windowState() ^ Qt.WindowState.WindowFullScreen)


__all__ = ["LAYOUT_VERSION", "PaneLayout", "dock_of"]
