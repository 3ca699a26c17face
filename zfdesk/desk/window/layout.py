"""Where the panes stand: docks, their first places, what is remembered of them, full screen."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from PySide6.QtCore import QByteArray, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QAbstractButton, QDockWidget, QLayout, QMainWindow, QTabBar, QToolBar, QWidget

from zfdesk.desk import settings
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Area, Panes
from zfdesk.desk.widgets.pane import QWIDGETSIZE_MAX, Pane
from zfdesk.desk.widgets.scrolled import Scrolled
from zfdesk.desk.window.pane_heights import PaneHeights

LAYOUT_VERSION = 5
FOLDED = Area.BELOW_UNIT
LECTURE, LECTURE_SHARES = ("Picture", "Classes", "Unit"), (0.62, 0.38)  # titles; of the width
USED_SHARES = (0.68, 0.32)  # of the column: the unit, and what is used below it
COLUMN_SHARES = (0.28, 0.30, 0.24, 0.18)  # of the width, from the left; without the last the maps have its room
WIDE = 1280  # pixels: in a narrower window what would stand in a column of its own is a tab behind the unit
LINE = 12  # pixels: what has its middle no further below stands in the same line
PRESENTER_SHARES = (0.27, 0.25, 0.31, 0.17)  # in large type what the unit saw takes the room of the maps
# of the height: a pane, and the one below
UPPER_SHARES = {Area.PICTURE: (0.56, 0.38), Area.LAYERS: (0.1, 0.84), Area.UNIT: (0.97, 0.03)}


class PaneLayout(QObject):
    """The docks of the window's panes. ``seen``: a pane came into view (True) or is going out of it."""

    seen = Signal(object, bool)

    def __init__(self, window: QMainWindow, context: AppContext) -> None:
        super().__init__(window)
        self._window, self._context = window, context
        self._panes = context.get(Panes)
        self.docks: dict[Pane, QDockWidget] = {}
        self._folded = False
        self._before_lecture: QByteArray | None = None
        self._after_lecture: tuple[QSize, QByteArray] | None = None  # once the window has that size
        self._presenter = False
        self._wide = True  # whether there is room for a column of its own beside the unit
        self._noted: tuple[int, tuple[int, ...]] = (0, ())  # the width of the window, and of its columns
        self._heights = PaneHeights(window, lambda: self._before_lecture is not None)
        for pane in self._panes.all:
            self._add(pane)
        self._panes.used.connect(self._use)
        self._panes.made.connect(self._add_later)

    # Docks

    def _add(self, pane: Pane) -> QDockWidget:
        dock = QDockWidget(pane.title, self._window)
        dock.setObjectName(pane.title)
        font = QFont()
        font.setStyleHint(QFont.StyleHint.SansSerif)  # where a dock has the application's font, its title stays in
        dock.setFont(font)  # that of the moment when the dock was made
        dock.setWidget(Scrolled(pane))
        if (inside := dock.layout()) is not None:  # a dock that refuses to be smaller would lie over its neighbours
            inside.setSizeConstraint(QLayout.SizeConstraint.SetMaximumSize)
        dock.visibilityChanged.connect(partial(self.seen.emit, pane))
        self._heights.add(dock)
        for button in dock.findChildren(QAbstractButton, options=Qt.FindChildOption.FindDirectChildrenOnly):
            text = f"{'Close' if 'close' in button.objectName() else 'Float or dock'} “{pane.title}”"
            button.setToolTip(text)
            button.setAccessibleName(text)
        dock.installEventFilter(self._window)
        self.docks[pane] = dock
        return dock

    def _add_later(self, pane: Pane) -> None:
        """A pane that was made when it was first asked for: where it stood last, else beside those of its area."""
        self._end_lecture()
        dock = self._add(pane)
        if not self._window.restoreDockWidget(dock):
            others = [other for other in self._in_area(self._area_of(pane)) if other is not pane]
            if others:
                self._window.tabifyDockWidget(self.docks[others[-1]], dock)
            else:
                self._window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        else:  # Qt puts it among its tabs later, and raises none that is not there yet
            QTimer.singleShot(0, dock, dock.raise_)

    def _in_area(self, area: Area) -> list[Pane]:
        order = list(self._panes.specs)
        panes = (pane for pane in self.docks if self._area_of(pane) is area)
        return sorted(panes, key=lambda pane: order.index(pane.title))

    def _area_of(self, pane: Pane) -> Area:
        area = self._panes.specs[pane.title].area
        return Area.UNIT if area is Area.PORTRAIT and not self._wide else area

    # The panes below the unit: closed to their tabs until one is used

    def _fold(self, folded: bool) -> None:
        self._folded = folded
        for pane in self._in_area(FOLDED):
            self.docks[pane].widget().setMaximumHeight(0 if folded else QWIDGETSIZE_MAX)
            self._set_title_bar(self.docks[pane], shown=not folded)

    @staticmethod
    def _set_title_bar(dock: QDockWidget, shown: bool) -> None:
        hidden = dock.titleBarWidget()
        if shown == (hidden is None):
            return
        # None gives the title back, which the stubs do not know
        dock.setTitleBarWidget(None if shown else QWidget())  # type: ignore[arg-type]
        if hidden is not None:
            hidden.deleteLater()  # Qt keeps it

    def _use(self, pane: Pane) -> None:
        if pane.title not in LECTURE:
            self._end_lecture()
        if not self._folded or pane not in self._in_area(FOLDED):
            return
        self._fold(False)
        panes = [self.docks[shown] for shown in (self._in_area(Area.UNIT)[0], pane)]
        height = sum(dock.height() for dock in panes)
        self._heights.ask(panes, [int(height * share) for share in USED_SHARES])
        # Qt tells of a tab that comes to the front, not of one that gets its room back
        QTimer.singleShot(0, self, partial(self.seen.emit, pane, True))

    def _watch_tabs(self) -> None:
        """Tab bars come and go as docks are moved."""
        for bar in self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            bar.setElideMode(Qt.TextElideMode.ElideNone)  # titles are read whole, and scrolled where they have no room
            bar.tabBarClicked.connect(self._click_tab, Qt.ConnectionType.UniqueConnection)

    def _click_tab(self, index: int) -> None:
        bar = self.sender()
        if isinstance(bar, QTabBar):
            title = bar.tabText(index)
            for pane in self._in_area(FOLDED):
                if pane.title == title:
                    self._use(pane)

    # Places

    def reset(self) -> None:
        """Every pane back in its first place; those that are made when they are asked for are closed.

        A lecture ends. What has the focus keeps it, where it is still seen.
        """
        self._end_lecture()
        window, docks = self._window, self.docks
        focused = window.focusWidget()
        self._wide = window.width() >= WIDE
        self._fold(True)
        for dock in docks.values():
            dock.setFloating(False)
            window.removeDockWidget(dock)
        self._heights.forget()
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
        self._watch_tabs()
        if focused is not None and focused.isVisible():
            focused.setFocus()

    def _place_columns(self, firsts: dict[Area, QDockWidget]) -> None:
        """The first pane of each area: columns from left to right, in each from above to below."""
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        columns: dict[int, list[QDockWidget]] = {}
        for area, dock in firsts.items():
            columns.setdefault(area.column, []).append(dock)
        for side, numbers in ((left, (0,)), (right, (1, 2, 3))):
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
        height = max(self._window.height(), 600)
        self._share_columns({area.column: dock for area, dock in firsts.items() if area.place == 0})
        for upper, heights in UPPER_SHARES.items():
            column = [dock for area, dock in firsts.items() if area.column == upper.column]
            self._heights.ask(column, [int(height * share) for share in heights])

    def order_tabs(self) -> None:
        """The Tab key goes through the toolbar, then the panes as they are read: columns from the left, from above."""
        bars = self._window.findChildren(QToolBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        panes = [pane for area in sorted(Area, key=lambda area: area.value) for pane in self._in_area(area)]
        stops = [stop for part in (*bars, *panes) for stop in tab_stops(part) if stop.window() is self._window]
        for one, other in pairwise(stops):
            QWidget.setTabOrder(one, other)

    def _share_columns(self, tops: dict[int, QDockWidget]) -> None:
        """``tops``: the highest dock of each column there is; the maps take the room of those that lack."""
        of_all = PRESENTER_SHARES if self._presenter else COLUMN_SHARES
        shares = {column: of_all[column] for column in tops}
        if (centre := Area.CENTRE.column) in shares:
            shares[centre] += sum(of_all) - sum(shares.values())
        width = max(self._window.width(), 1000)
        sizes = [int(width * share) for share in shares.values()]
        self._window.resizeDocks(list(tops.values()), sizes, Qt.Orientation.Horizontal)

    def present(self, presenter: bool) -> None:
        """Large type comes or goes: the columns share the width anew, and with it go the heights that it needed."""
        if presenter != self._presenter:
            self._presenter = presenter
            QTimer.singleShot(0, self, self._share_again)  # once the type has its size

    def _share_again(self) -> None:
        if self._before_lecture is None:
            firsts = {area.column: panes[0] for area in Area if area.place == 0 and (panes := self._in_area(area))}
            docks = {column: self.docks[pane] for column, pane in firsts.items()}
            self._share_columns({column: dock for column, dock in docks.items() if not dock.isFloating()})
            self._heights.keep()

    # The window's size

    def follow_size(self) -> None:
        """The window has another size: panes keep their share of the height, columns that of the width, where Qt would
        give all of it to one. Where it got narrow, what stood in a column of its own is a tab behind the unit; or wide,
        and back.
        """
        window, wide = self._window, self._window.width() >= WIDE
        if self._before_lecture is not None:
            return
        self._heights.follow_window()
        if self._after_lecture is not None and self._after_lecture[0] == window.size():
            QTimer.singleShot(0, self, self._stand_as_before)
        if wide == self._wide:
            self._keep_shares()
            return
        unit, *others = (self.docks[pane] for area in (Area.UNIT, Area.PORTRAIT) for pane in self._in_area(area))
        self._wide, self._noted = wide, (window.width(), ())
        for dock in others:
            tabs = window.tabifiedDockWidgets(dock)
            if dock.isHidden() or dock.isFloating() or (unit not in tabs if wide else bool(tabs)):
                continue  # it stands where the user has put it
            self._heights.forget_one(dock)
            if wide:
                window.removeDockWidget(dock)
                window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock, Qt.Orientation.Horizontal)
                dock.show()
            else:
                window.tabifyDockWidget(unit, dock)
                unit.raise_()
        self._watch_tabs()
        QTimer.singleShot(0, self, self._share_again)  # once the docks have their places

    def _columns(self) -> list[QDockWidget]:
        """The highest dock of each column, from the left; none where the user has made other columns."""
        firsts = (self._in_area(area) for area in Area if area.place == 0)
        docks = [self.docks[panes[0]] for panes in firsts if panes]
        shown = sorted(
            (dock for dock in docks if dock.isVisible() and not dock.isFloating()), key=lambda dock: dock.x()
        )
        apart = all(one.geometry().right() < other.x() for one, other in pairwise(shown))
        return shown if apart else []

    def note_sizes(self) -> None:
        """A dock has another size: by hand, where the window has its own still."""
        if self._before_lecture is not None:
            return
        self._heights.follow_docks()
        width = self._window.width()
        if width == self._noted[0]:
            self._noted = width, tuple(dock.width() for dock in self._columns())

    def _keep_shares(self) -> None:
        (before, widths), now, columns = self._noted, self._window.width(), self._columns()
        if columns and before and len(widths) == len(columns):
            sizes = [round(width * now / before) for width in widths]
            self._window.resizeDocks(columns, sizes, Qt.Orientation.Horizontal)
            self._noted = now, tuple(sizes)
        else:
            self._noted = now, tuple(dock.width() for dock in columns)

    def show_all(self) -> None:
        """No pane behind another: those that share a place as tabs are set beside or below each other."""
        for area in Area:
            across = Qt.Orientation.Horizontal if area.place else Qt.Orientation.Vertical
            panes = [pane for pane in self._in_area(area) if self._panes.specs[pane.title].at_start]
            for number, pane in enumerate(panes[1:]):
                beside = panes[number] if area.place else panes[0]
                self._window.removeDockWidget(self.docks[pane])
                self._window.splitDockWidget(self.docks[beside], self.docks[pane], across)
                self.docks[pane].show()

    # What is remembered

    def restore(self) -> None:
        """Restore the layout with which the window was closed last."""
        recall = self._context.recall
        if recall(settings.LAYOUT_VERSION) == LAYOUT_VERSION:
            self._window.restoreGeometry(recall(settings.LAYOUT_GEOMETRY))
            self._fold(recall(settings.LAYOUT_FOLDED))
            self._wide = recall(settings.LAYOUT_WIDE)
            self._heights.forget()
            self._window.restoreState(recall(settings.LAYOUT_STATE))
            self._watch_tabs()
            self.follow_size()  # the screen may be another

    def save(self) -> None:
        """Remember the present layout."""
        if self._before_lecture is not None:  # what is remembered is the window as it was before
            self.lecture()
        remember = self._context.remember
        remember(settings.LAYOUT_VERSION, LAYOUT_VERSION)
        remember(settings.LAYOUT_GEOMETRY, self._window.saveGeometry())
        remember(settings.LAYOUT_STATE, self._window.saveState())
        remember(settings.LAYOUT_FOLDED, self._folded)
        remember(settings.LAYOUT_WIDE, self._wide)

    def lecture(self) -> None:
        """Full screen with the picture, the answer and the unit alone, or back to what there was before."""
        window, entering = self._window, self._before_lecture is None
        if entering:
            self._before_lecture, self._size_before = window.saveState(), window.size()
        shown = [self._panes.get(title) for title in LECTURE]
        for pane, dock in self.docks.items():
            taking_part = entering and pane in shown
            pane.set_lecture(taking_part)
            self._set_title_bar(dock, shown=not taking_part)
            if entering:
                dock.setFloating(False)
                window.removeDockWidget(dock)
        if entering:
            picture, answer, unit = (self.docks[pane] for pane in shown)
            window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, picture)
            window.splitDockWidget(picture, answer, Qt.Orientation.Vertical)
            window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, unit)
            for dock in (picture, answer, unit):
                dock.show()
        elif self._before_lecture is not None:
            self._fold(self._folded)
            self._after_lecture = self._size_before, self._before_lecture
            self._before_lecture = None
            self._stand_as_before()
        if entering != window.isFullScreen():
            self._switch_full_screen()
        if entering:
            QTimer.singleShot(0, self, self._share_lecture)  # once the window has its size

    def _end_lecture(self) -> None:
        """A pane without a part in it is asked for, which has no place until all stand as before."""
        if self._before_lecture is not None:
            self.lecture()
            self._after_lecture = None  # to restore once more would put that pane behind others again

    def _stand_as_before(self) -> None:
        """The panes as before the lecture: at once, and when the window has come back to its size."""
        if self._after_lecture is not None:
            size, state = self._after_lecture
            self._window.restoreState(state)
            self._watch_tabs()
            if size == self._window.size():
                self._after_lecture = None

    def _share_lecture(self) -> None:
        picture, _, unit = (self.docks[self._panes.get(title)] for title in LECTURE)
        width = self._window.width()
        shares = [int(width * share) for share in LECTURE_SHARES]
        self._window.resizeDocks([picture, unit], shares, Qt.Orientation.Horizontal)

    def full_screen(self) -> None:
        """All but the panes hidden, or back."""
        if self._before_lecture is not None:
            self.lecture()
        else:
            self._switch_full_screen()

    def _switch_full_screen(self) -> None:
        entering = not self._window.isFullScreen()
        toolbars = self._window.findChildren(QToolBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        for part in (self._window.menuBar(), self._window.statusBar(), *toolbars):
            part.setVisible(not entering)
        self._window.setWindowState(self._window.windowState() ^ Qt.WindowState.WindowFullScreen)


def tab_stops(root: QWidget) -> list[QWidget]:
    """The widgets below ``root`` that the Tab key comes to: in lines from above, in each from the left."""

    stops = [stop for stop in root.findChildren(QWidget) if stop.focusPolicy() & Qt.FocusPolicy.TabFocus]
    places = {stop: stop.mapTo(root, stop.rect().center()) for stop in stops}
    lines: list[list[QWidget]] = []
    for stop in sorted(stops, key=lambda stop: (not stop.isVisibleTo(root), places[stop].y())):
        if not lines or places[stop].y() - places[lines[-1][0]].y() > LINE:
            lines.append([])
        lines[-1].append(stop)
    return [stop for line in lines for stop in sorted(line, key=lambda stop: places[stop].x())]


__all__ = ["LAYOUT_VERSION", "PaneLayout", "tab_stops"]
