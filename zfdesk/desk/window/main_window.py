"""The window: docks, menus and toolbar made from the features' declarations, one status line, one message line."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSettings, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QMainWindow,
    QToolBar,
    QToolButton,
    QWidget,
)

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Feature, Features, Panes
from zfdesk.desk.live_view.picture_pane import PicturePane
from zfdesk.desk.settings import PRESENTER, THEME
from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.application import the_application
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.held_keys import HeldKeys
from zfdesk.desk.widgets.menu import KeyedMenuBar, PopupMenu
from zfdesk.desk.widgets.notification import MessageLine
from zfdesk.desk.widgets.own_keys import OwnKeys
from zfdesk.desk.widgets.pane import FACTS_EVERY_MS, Pane
from zfdesk.desk.widgets.theme import THEMES, apply_theme
from zfdesk.desk.window.copy_commands import connect_pane
from zfdesk.desk.window.demand import demand_of
from zfdesk.desk.window.features import FEATURES, actions_of
from zfdesk.desk.window.layout import PaneLayout
from zfdesk.desk.window.menus import METHOD, SEED, MenuBar
from zfdesk.desk.window.sources import DROPPED, SourceOpener
from zfdesk.desk.window.status import StatusLine
from zfdesk.live import View

FIRST_SIZE = (1440, 900)
LEAST_SIZE = (900, 600)  # on a screen that has it
FRAME = (8, 40)  # what a window manager sets around a window, in screen pixels
EXTENSION = 20  # screen pixels: by so much the arrow of a toolbar is wider than Qt thinks, to be hit
NAVIGATION_MS = 100  # after a key press the heavy panes wait this long
SOURCES = ("demo", "camera", "camera-pick", "open", "open-folder", "paste", "pattern", "weights")
TOOLBAR = {
    "freeze": "❄ Freeze", "|1": "", "method-direct": "Method", "seed": "Seed", "|2": "",
    "occluder": "■ Occluder", "sweep": "▦ Sweep", "|3": "", "teach": "Teach", "|4": "",
    "save-window": "Screenshot", "figure": "▤ Figure", "|5": "", "palette": "⌘ Commands", "help": "? Help",
}  # fmt: skip

TOOLBAR_VALUES = {"method-direct": METHOD, "seed": SEED}


def make_context(state: AppState, settings: QSettings, features: tuple[Feature, ...] = FEATURES) -> AppContext:
    """Everything that the features make, before there is a window: the table of actions, controllers, panes."""
    context = AppContext(state, settings)
    context.add(Features(features))
    context.add(ActionTable(context, actions_of(features)))
    panes = context.add(Panes(context, context.get(Features).panes))
    for feature in features:
        if feature.make is not None:
            feature.make(context)
    panes.make()
    return context


def first_size(available: QSize) -> QSize:
    """That of a new window: `FIRST_SIZE`, or what a screen has room for beside a frame."""
    return QSize(*FIRST_SIZE).boundedTo(available - QSize(*FRAME))


class Window(QMainWindow):
    """The one window of the program. Nobody imports it but who opens it: others are handed its context."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        context.attach(self)
        self.context = context
        self._state, self._panes, self._table = context.state, context.get(Panes), context.get(ActionTable)
        self.setWindowTitle("zfdesk")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
        )
        self._theme: tuple[str, bool] | None = None
        self._viewed: View | None = None
        self.clean_key = HeldKeys(_is_clean_key, self)
        self.clean_key.pressed.connect(lambda _: self._state.set_clean(True))
        self.clean_key.released.connect(lambda _: self._state.set_clean(False))
        self._own_keys = OwnKeys(self)
        self.layout_ = context.add(PaneLayout(self, context))
        for pane in self._panes.all:
            self._connect_pane(pane)
        self._panes.made.connect(self._connect_pane)
        self._make_menus()
        self._make_toolbar()
        self.message = MessageLine(self)
        self.status = StatusLine(self._state)
        self._make_status_bar()
        self.facts_clock = QTimer(self, interval=FACTS_EVERY_MS)
        self.facts_clock.timeout.connect(self.show_facts)
        self.navigation = QTimer(self, singleShot=True, interval=NAVIGATION_MS)
        self.navigation.timeout.connect(self._update_demand)
        for feature in context.get(Features):
            if feature.connect is not None:
                feature.connect(context)
        self._connect()
        first = first_size(self.screen().availableSize())
        self.setMinimumSize(QSize(*LEAST_SIZE).boundedTo(first))
        self.resize(first)
        self.layout_.reset()
        self.layout_.restore()
        self._own_keys.install(self)
        self._show_view()
        self.facts_clock.start()
        self.context.get(PicturePane).canvas.setFocus()  # not the class search: keys are actions from the first moment

    def _connect(self) -> None:
        state, context = self._state, self.context
        state.result_ready.connect(self._show_result)
        state.view_changed.connect(self._show_view)
        state.model_changed.connect(self._show_view)
        state.message.connect(self.message.say)
        for gone in (state.source_changed, state.model_changed):
            gone.connect(self.message.end)
        context.demand_changed.connect(self._update_demand)
        context.text_wanted.connect(self.show_facts)
        context.message_hidden.connect(self.message.hide)
        self._table.navigated.connect(self._navigate)
        self.layout_.seen.connect(self._pane_seen)

    # Menus, toolbar, status bar

    def _make_menus(self) -> None:
        for made in self._table.qt.values():
            self.addAction(made)
        self.setMenuBar(KeyedMenuBar(self))
        bar = MenuBar(self.menuBar(), self.context, self._table)
        self._table.menus.update(bar.topics)
        for dock in self.layout_.docks.values():
            bar.topics["Panes"].addAction(dock.toggleViewAction())

    def _make_toolbar(self) -> None:
        bar = QToolBar("Toolbar", self)
        bar.setObjectName("Toolbar")
        bar.setMovable(False)
        bar.setContentsMargins(0, 0, EXTENSION, 0)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        sources = tool_button("Source ▾")
        sources.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        sources.setAccessibleName("Source")
        menu = PopupMenu(sources)
        for name in SOURCES:
            menu.addAction(self._table.qt[name])
        sources.setMenu(menu)
        bar.addWidget(sources)
        for name, text in TOOLBAR.items():
            if name.startswith("|"):
                bar.addSeparator()
                continue
            button, action = QToolButton(), self._table.qt[name]
            button.setDefaultAction(action)
            button.setText(text)
            self._toolbar_values(button, name, text)
            button.setToolTip(self._table.hint(name))
            button.setAccessibleName(self._table.find(name).text)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            bar.addWidget(button)
        self.toolbar = bar
        self.addToolBar(bar)

    def _toolbar_values(self, button: QToolButton, name: str, text: str) -> None:
        """What the button goes through stands on it with its present value, and is chosen from its menu."""
        values = TOOLBAR_VALUES.get(name)

        def show() -> None:
            view, model = self._state.view, self._state.model
            now = values.now(view) if values is not None and values.applies(view, model) else None
            button.setText(f"{text}: {values.labels[now]}" if values is not None and now in values.labels else text)

        self._table.qt[name].changed.connect(show)  # Qt sets the action's own words whenever it changes
        if values is not None:
            self._state.view_changed.connect(show)
        show()

    def _make_status_bar(self) -> None:
        self.statusBar().addWidget(self.status, 1)
        for feature in self.context.get(Features):
            for make in feature.status:
                self.statusBar().addPermanentWidget(make(self.context))
        self.statusBar().setSizeGripEnabled(False)
        self.message.make_room()

    # What the panes want, and what they are given

    def _connect_pane(self, pane: Pane) -> None:
        connect_pane(self.context, pane)
        self._own_keys.install(pane)
        if self._theme is not None:
            pane.set_colours(THEMES[self._state.view.theme])

    def _navigate(self) -> None:
        self.navigation.start()
        self._update_demand()

    def _update_demand(self) -> None:
        self._state.set_demand(demand_of(self.context, self.isVisible(), self.navigation.isActive()))

    def _show_result(self) -> None:
        result = self._state.result
        assert result is not None
        for pane in self._panes.all:
            if pane.isVisible():
                pane.show_result(result)

    def _show_view(self) -> None:
        view = self._state.view
        if self._theme != (view.theme, view.presenter):
            self._theme = (view.theme, view.presenter)
            colours = apply_theme(the_application(), view.theme, view.presenter)
            for pane in self._panes.all:
                pane.set_colours(colours)
            self.layout_.present(view.presenter)
        before, self._viewed = self._viewed, view
        dragged = before is not None and before != view and _only_moved(before, view)
        for pane in self._panes.all:
            if pane.follows_occluder or not dragged:
                pane.show_view()
        self._table.show_checks()
        if dragged:  # sixty times a second, and no pane wants anything else
            return
        self._update_demand()

    def _pane_seen(self, pane: Pane, visible: bool) -> None:
        """A pane that comes into view shows what the others show, also when nothing moves."""
        self._update_demand()
        if visible:
            QTimer.singleShot(0, self, self.layout_.order_tabs)  # once it has its place
        QTimer.singleShot(0, self, self._update_demand)  # it tells before its pane is gone, or has its place
        if visible and self._state.result is not None:
            pane.show_result(self._state.result)
            pane.show_facts()

    def show_facts(self) -> None:
        """Renew the text of all that is seen."""
        for pane in self._panes.all:
            if pane.isVisible():
                pane.show_facts()
        self.status.show_facts()

    # Events

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """On panes: the key for the clean picture where they float, and whether one was raised."""
        if event.type() == QEvent.Type.Resize:
            self.layout_.note_sizes()
        if event.type() == QEvent.Type.ZOrderChange:
            QTimer.singleShot(0, self, self._raise_message)
        return isinstance(watched, QDockWidget) and isinstance(event, QKeyEvent) and self.clean_key.handle(event)

    def _raise_message(self) -> None:
        """What is said lies above the panes, also above one that came or was raised later."""
        self.message.raise_()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if not self.clean_key.handle(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if not self.clean_key.handle(event):
            super().keyReleaseEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.layout_.follow_size()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.clean_key.release()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if event.source() is None and (event.mimeData().hasUrls() or event.mimeData().hasImage()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        self.context.get(SourceOpener).take_mime(event.mimeData(), DROPPED)
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self.facts_clock.stop()
        self.navigation.stop()
        self.layout_.save()
        self.context.remember(THEME, self._state.view.theme)
        self.context.remember(PRESENTER, self._state.view.presenter)
        self.context.settings.sync()  # nothing is cleared up at the end of the process
        self.context.ending.emit()
        self._state.close()
        self.context.closing.emit()
        event.accept()


def _only_moved(before: View, view: View) -> bool:
    """Whether nothing but the place or size of occluders differs: what a drag does at every step."""
    kinds = [[(one.shape, one.fill) for one in each.occluders] for each in (before, view)]
    return kinds[0] == kinds[1] and view.change(occluders=before.occluders) == before


def _is_clean_key(event: QKeyEvent) -> bool:
    return event.key() == Qt.Key.Key_Space and not event.modifiers()


__all__ = ["FIRST_SIZE", "Window", "make_context"]
