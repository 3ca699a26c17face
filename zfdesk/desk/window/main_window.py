"""The window: panes, menus and toolbar from the actions table, one status line, one message line."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QCursor, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QDockWidget,
    QLineEdit,
    QMainWindow,
    QMenu,
    QToolBar,
    QToolButton,
    QWidget,
)

from zfdesk.desk.actions import ACTIONS, CLEAN_KEY, Action, Context, pick_position, to_unit, toggle_pin
from zfdesk.desk.live_view.classes_pane import ClassesPane
from zfdesk.desk.live_view.layers_pane import LayersPane
from zfdesk.desk.live_view.maps_pane import MapsPane
from zfdesk.desk.live_view.picture_pane import PicturePane
from zfdesk.desk.live_view.pins_pane import PinsPane
from zfdesk.desk.live_view.snapshot_pane import ComparePane
from zfdesk.desk.live_view.unit_pane import UnitPane
from zfdesk.desk.occlusion.pane import SweepPane
from zfdesk.desk.recording.controller import FilmCommands, Films
from zfdesk.desk.session.controller import SessionCommands, Sessions
from zfdesk.desk.state import Desk
from zfdesk.desk.teach.commands import TeachCommands
from zfdesk.desk.teach.pane import TeachPane
from zfdesk.desk.trace.commands import PathCommands
from zfdesk.desk.trace.pane import PathLight, TracePane
from zfdesk.desk.training.commands import TrainingCommands
from zfdesk.desk.widgets.notification import Offer
from zfdesk.desk.widgets.pane import FACTS_EVERY_MS, Pane
from zfdesk.desk.widgets.theme import apply_theme
from zfdesk.desk.window.commands import DROPPED, Commands
from zfdesk.desk.window.copy_commands import CopyCommands
from zfdesk.desk.window.embedded_note import EmbeddedLine
from zfdesk.desk.window.hints import first_steps
from zfdesk.desk.window.status import MessageLine, StatusLine
from zfdesk.live import Demand

if TYPE_CHECKING:
    from zfdesk.pages.composition import Composition

LAYOUT_VERSION = 3
FIRST_SIZE = (1440, 900)
NAVIGATION_MS = 100  # after a key press the heavy panes wait this long
TOOLBAR = (
    "freeze",
    "play",
    "|",
    "method",
    "seed",
    "|",
    "occluder",
    "occluder-shape",
    "occluder-fill",
    "sweep",
    "|",
    "snapshot",
    "pin",
    "save-window",
    "figure",
    "|",
    "palette",
    "help",
)
TOOLBAR_WORDS = {
    "freeze": "❄ Freeze", "play": "▶ Play/pause", "method": "Method", "seed": "Seed", "occluder": "■ Occluder",
    "occluder-shape": "Shape", "occluder-fill": "Fill", "sweep": "▦ Sweep", "snapshot": "Snapshot A", "pin": "Pin unit",
    "save-window": "Picture…", "figure": "▤ Figure", "palette": "⌘ Commands", "help": "? Help",
}  # fmt: skip


class Window(
    Commands, SessionCommands, PathCommands, FilmCommands, TeachCommands, TrainingCommands, CopyCommands, QMainWindow
):
    """The one window of the program."""

    closing = Signal()
    figure_kept: Composition | None = None  # of the figure builder, while it is closed

    def __init__(self, desk: Desk, settings: QSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.settings = settings
        self.sessions = Sessions(self)
        self.setWindowTitle("zfdesk")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
        )
        self.actions_by_id: dict[str, QAction] = {}
        self._theme: tuple[str, bool] | None = None
        self._make_panes()
        self._make_actions()
        self._make_toolbar()
        self.message = MessageLine(self)
        self.status = StatusLine(desk)
        self.statusBar().addWidget(self.status, 1)
        self.films = Films(self)
        self.statusBar().addPermanentWidget(self.films.mark)
        self.statusBar().addPermanentWidget(EmbeddedLine(self))
        self.statusBar().setSizeGripEnabled(False)
        self._facts_clock = QTimer(self, interval=FACTS_EVERY_MS)
        self._facts_clock.timeout.connect(self._show_facts)
        self._navigation = QTimer(self, singleShot=True, interval=NAVIGATION_MS)
        self._navigation.timeout.connect(self._update_demand)
        desk.result_ready.connect(self._show_result)
        desk.view_changed.connect(self._show_view)
        desk.model_changed.connect(self._show_view)
        desk.told.connect(self.message.say)
        self.setMinimumSize(900, 600)
        self.resize(*FIRST_SIZE)
        self.reset_panes()
        self._restore()
        for field in (*self.findChildren(QLineEdit), *self.findChildren(QAbstractSpinBox)):
            field.installEventFilter(self)
        self._show_view()
        self._facts_clock.start()
        self.picture.canvas.setFocus()  # not the class search: keys are actions from the first moment

    # Panes

    def _make_panes(self) -> None:
        desk = self.desk
        self.picture, self.layers, self.maps = PicturePane(desk), LayersPane(desk), MapsPane(desk)
        self.unit, self.classes, self.pins = UnitPane(desk), ClassesPane(desk), PinsPane(desk)
        self.compare, self.trace, self.sweep = ComparePane(desk), TracePane(desk), SweepPane(desk)
        self.teach = TeachPane(desk)
        self.panes: tuple[Pane, ...] = (
            self.layers, self.picture, self.classes, self.maps, self.unit, self.pins, self.compare, self.trace,
            self.sweep, self.teach,
        )  # fmt: skip
        self.docks: dict[Pane, QDockWidget] = {}
        for pane in self.panes:
            self.add_dock(pane)
        self.maps.unit_hovered.connect(self._outline_hovered)
        self.maps.menu_asked.connect(self._unit_menu)
        self.maps.canvas.resized.connect(lambda: QTimer.singleShot(0, self, self._update_demand))
        self.picture.canvas.picked.connect(self._pick_position)
        self.trace.action_asked.connect(self.run)
        self.teach.action_asked.connect(self.run)
        self.picture.head.insertWidget(1, PathLight(self.trace.player, self.picture))
        self.sweep.asked.connect(self.run)
        self.sweep.square_hovered.connect(self._outline)

    def add_dock(self, pane: Pane) -> QDockWidget:
        """A dock for a pane, not yet in its place."""
        dock = QDockWidget(pane.title, self)
        dock.setObjectName(pane.title)
        dock.setWidget(pane)
        dock.visibilityChanged.connect(partial(self._pane_seen, pane))
        pane.save_asked.connect(self.save_picture_of)
        pane.copy_asked.connect(self.copy_picture_of)
        pane.pin_asked.connect(self._pin_shown)
        pane.copy_menu_asked.connect(self.show_copy_menu)
        pane.drag_asked.connect(self.drag_picture_of)
        for button in dock.findChildren(QAbstractButton, options=Qt.FindChildOption.FindDirectChildrenOnly):
            words = f"{'Close' if 'close' in button.objectName() else 'Float or dock'} “{pane.title}”"
            button.setToolTip(words)
            button.setAccessibleName(words)
        dock.installEventFilter(self)
        self.docks[pane] = dock
        return dock

    def reset_panes(self) -> None:
        """Every pane back in its first place; the training's is closed."""
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        docks = self.docks
        for dock in docks.values():
            dock.setFloating(False)
            self.removeDockWidget(dock)
        horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        self.addDockWidget(left, docks[self.layers])
        self.splitDockWidget(docks[self.layers], docks[self.picture], horizontal)
        self.splitDockWidget(docks[self.picture], docks[self.classes], vertical)
        self.addDockWidget(right, docks[self.maps])
        self.splitDockWidget(docks[self.maps], docks[self.unit], horizontal)
        self.splitDockWidget(docks[self.unit], docks[self.pins], vertical)
        self.tabifyDockWidget(docks[self.maps], docks[self.sweep])
        self.tabifyDockWidget(docks[self.sweep], docks[self.teach])
        self.tabifyDockWidget(docks[self.pins], docks[self.compare])
        self.tabifyDockWidget(docks[self.compare], docks[self.trace])
        if self.training is not None:
            self.tabifyDockWidget(docks[self.sweep], docks[self.training])
        for pane, dock in docks.items():
            dock.setVisible(pane is not self.training)
        docks[self.pins].raise_()
        docks[self.maps].raise_()
        width, height = max(self.width(), 1000), max(self.height(), 600)
        self.resizeDocks(
            [docks[self.layers], docks[self.picture], docks[self.maps], docks[self.unit]],
            [int(width * 0.135), int(width * 0.275), int(width * 0.30), int(width * 0.29)],
            horizontal,
        )
        self.resizeDocks([docks[self.picture], docks[self.classes]], [int(height * 0.56), int(height * 0.38)], vertical)
        self.resizeDocks([docks[self.unit], docks[self.pins]], [int(height * 0.64), int(height * 0.30)], vertical)

    def show_all_panes(self) -> None:
        """No pane behind another: those that share a place as tabs are set beside each other."""
        tabbed = [self.docks[self.pins], self.docks[self.compare], self.docks[self.trace]]
        for first, second in pairwise(tabbed):
            self.removeDockWidget(second)
            self.splitDockWidget(first, second, Qt.Orientation.Horizontal)
            second.show()
        for pane in (self.sweep, self.teach):
            self.removeDockWidget(self.docks[pane])
            self.splitDockWidget(self.docks[self.maps], self.docks[pane], Qt.Orientation.Vertical)
            self.docks[pane].show()

    def _restore(self) -> None:
        if self.settings.value("layout/version", 0, int) == LAYOUT_VERSION:
            self.restoreGeometry(self.settings.value("layout/geometry", QByteArray(), QByteArray))
            self.restoreState(self.settings.value("layout/state", QByteArray(), QByteArray))

    # Actions

    def _make_actions(self) -> None:
        menus: dict[str, QMenu] = {}
        for action in ACTIONS:
            if action.menu not in menus:
                menus[action.menu] = self.menuBar().addMenu(action.menu)
            made = QAction(action.words, self)
            made.setShortcuts([QKeySequence(key) for key in action.keys])
            made.setShortcutContext(Qt.ShortcutContext.ApplicationShortcut)
            made.setCheckable(action.checked is not None)
            made.triggered.connect(partial(self._run, action))
            made.setAutoRepeat(True)
            self.actions_by_id[action.id] = made
            self.addAction(made)
            menus[action.menu].addAction(made)
        self.sessions.add_recent_menu(menus["Session"])
        panes = menus["View"].addMenu("Panes")
        for dock in self.docks.values():
            panes.addAction(dock.toggleViewAction())

        for name in ("path-loop", "trace-copy", "path-save", "path-open"):
            self.trace.more.addAction(self.actions_by_id[name])

    def _make_toolbar(self) -> None:
        bar = QToolBar("Toolbar", self)
        bar.setObjectName("Toolbar")
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        sources = QToolButton(text="Source ▾")
        sources.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        sources.setAccessibleName("Source")
        menu = QMenu(sources)
        for name in ("demo", "camera", "camera-pick", "open", "open-folder", "paste", "pattern", "weights"):
            menu.addAction(self.actions_by_id[name])
        sources.setMenu(menu)
        bar.addWidget(sources)
        table = {action.id: action for action in ACTIONS}
        for name in TOOLBAR:
            if name == "|":
                bar.addSeparator()
                continue
            button = QToolButton()
            button.setDefaultAction(self.actions_by_id[name])
            button.setText(TOOLBAR_WORDS[name])
            button.setToolTip(f"{table[name].words} ({', '.join(table[name].keys)})")
            button.setAccessibleName(table[name].words)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self.actions_by_id[name].changed.connect(partial(button.setText, TOOLBAR_WORDS[name]))
            bar.addWidget(button)
        self.toolbar = bar
        self.addToolBar(bar)

    def run(self, name: str) -> None:
        """Do what the action of that id does."""
        self._run(next(action for action in ACTIONS if action.id == name))

    def _run(self, action: Action, _: bool = False) -> None:
        if action.command:
            getattr(self, action.command)()
            return
        assert action.change is not None
        view = action.change(self.desk.view, self.context())
        if action.kind in ("unit", "layer", "arrow") and view != self.desk.view:
            self._navigation.start()
            self._update_demand()
        self.desk.change(view, action.kind)
        self._show_checks()  # Qt has toggled the mark whether or not the view changed

    def context(self) -> Context:
        """What actions may know besides the view."""
        mosaic = self.maps.canvas.mosaic
        canvas = self.picture.canvas
        mouse = canvas.to_input(canvas.mapFromGlobal(QCursor.pos()).toPointF()) if canvas.underMouse() else None
        return Context(self.desk.model, self.desk.result, mosaic.columns if mosaic else 1, mouse)

    # What the panes want

    def _update_demand(self) -> None:
        if not hasattr(self, "status"):
            return
        canvas = self.maps.canvas
        shown = {pane: not pane.visibleRegion().isEmpty() or not self.isVisible() for pane in self.panes}
        self.desk.sweeps.watch(shown[self.sweep])
        rest = self._navigation.isActive()
        compared = shown[self.compare] and self.compare.a is not None
        wanted = Demand(
            layers=True,
            maps=shown[self.maps],
            unit=(shown[self.unit] or shown[self.picture] or compared) and not rest,
            pins=shown[self.pins] and not rest,
            methods=self.unit.shown_rules() if shown[self.unit] else (),
            compare=shown[self.unit] and self.unit.comparing,
            activation=shown[self.trace] and self.desk.view.trace_unit and not rest,
            features=shown[self.teach],
            aspect=round(canvas.width() / max(canvas.height(), 1), 2),
        )
        self.desk.want(self.films.demand(wanted))

    # Drawing

    def _show_result(self) -> None:
        result = self.desk.result
        assert result is not None
        for pane in self.panes:
            if pane.isVisible():
                pane.show_result(result)

    def first_steps(self) -> None:
        """The hints of the first start."""
        first_steps(self)

    def _show_view(self) -> None:
        view = self.desk.view
        if self._theme != (view.theme, view.presenter):
            self._theme = (view.theme, view.presenter)
            colours = apply_theme(QApplication.instance(), view.theme, view.presenter)
            for pane in self.panes:
                pane.set_colours(colours)
            self.message.set_colours(colours)
        for pane in self.panes:
            pane.show_view()
        self._show_checks()
        self.actions_by_id["undo"].setEnabled(self.desk.can_undo)
        self._update_demand()

    def _show_checks(self) -> None:
        view, context = self.desk.view, self.context()
        for action in ACTIONS:
            if action.checked is not None:
                self.actions_by_id[action.id].setChecked(action.checked(view, context))

    def _pane_seen(self, pane: Pane, visible: bool) -> None:
        """A pane that comes into view shows what the others show, also when nothing moves."""
        self._update_demand()
        if not visible:  # it tells before its pane is gone
            QTimer.singleShot(0, self, self._update_demand)
        if visible and self.desk.result is not None:
            pane.show_result(self.desk.result)
            pane.show_facts()

    def _show_facts(self) -> None:
        for pane in self.panes:
            if pane.isVisible():
                pane.show_facts()
        self.status.show_facts()

    # The hand

    def _outline_hovered(self, hover: tuple[int, int, int] | None) -> None:
        mosaic = self.maps.canvas.mosaic
        box = None
        if hover and mosaic:
            box = self.desk.model.architecture.stage(mosaic.layer).receptive_field.box(hover[1], hover[2])
            if box[2] - box[0] >= self.desk.model.architecture.size:
                box = None
        if box != self._unit_box:  # told again and again, also while something else is outlined
            self._unit_box = box
            self._outline(box)

    _unit_box: tuple[int, int, int, int] | None = None

    def _outline(self, box: tuple[int, int, int, int] | None) -> None:
        self.picture.canvas.hover_box = box
        self.picture.canvas.update()

    def _pick_position(self, x: float, y: float) -> None:
        """A click on the picture: the unit position of the shown layer under it."""
        view, architecture = self.desk.view, self.desk.model.architecture
        size = architecture.size
        stage = architecture.stage(view.origin.layer if view.origin else view.layer)
        if not (0 <= x < size and 0 <= y < size) or not stage.spatial:
            return
        position = stage.receptive_field.unit_at(y, x, stage.shape)
        self.desk.change(pick_position(view, position), "position")

    def _pin_shown(self, pane: Pane) -> None:
        """The unit a pane shows: the unit pane's may be the frozen origin."""
        view = self.desk.view
        self.desk.change(toggle_pin(view, view.looked_at if pane is self.unit else view.selected))

    def _unit_menu(self, unit: int | None, where: object) -> None:
        menu = QMenu(self)
        if unit is not None:
            menu.addAction(f"Select unit {unit}", lambda: self.desk.change(to_unit(self.desk.view, unit)))
            menu.addSeparator()
        for name in ("pin", "origin", "unit-strongest", "unit-jump", "lock", "order", "hide-silent", "maps-default"):
            menu.addAction(self.actions_by_id[name])
        menu.exec(where)
        menu.deleteLater()

    # Events

    def eventFilter(self, watched: object, event: QEvent) -> bool:  # noqa: N802
        """On text fields: what is typed is text, not an action. On panes: the key for the clean picture where they
        float, and whether one was raised.

        Never on the application: a filter in Python for every event costs more than all drawing.
        """
        if event.type() == QEvent.Type.ZOrderChange:
            QTimer.singleShot(0, self, self._raise_lines)
        if not isinstance(event, QKeyEvent):
            return False
        if isinstance(watched, QDockWidget):
            return self._hold_clean(event)
        plain = not event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if event.type() == QEvent.Type.ShortcutOverride and plain and event.key() != Qt.Key.Key_Escape:
            event.accept()
            return True
        return False

    def _raise_lines(self) -> None:
        """What is said or offered lies above the panes, also above one that came or was raised later."""
        for kind in (MessageLine, Offer):
            for line in self.findChildren(kind, options=Qt.FindChildOption.FindDirectChildrenOnly):
                line.raise_()

    def _hold_clean(self, event: QKeyEvent) -> bool:
        pressed = event.type() == QEvent.Type.KeyPress
        if event.key() != Qt.Key.Key_Space or (pressed and event.modifiers()):
            return False
        if event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) and not event.isAutoRepeat():
            self.desk.hold_clean(pressed)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if not self._hold_clean(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if not self._hold_clean(event):
            super().keyReleaseEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.desk.hold_clean(False)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if event.source() is None and (event.mimeData().hasUrls() or event.mimeData().hasImage()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        self.take_mime(event.mimeData(), DROPPED)
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self._facts_clock.stop()
        self._navigation.stop()
        self.settings.setValue("layout/version", LAYOUT_VERSION)
        self.settings.setValue("layout/geometry", self.saveGeometry())
        self.settings.setValue("layout/state", self.saveState())
        self.settings.setValue("view/theme", self.desk.view.theme)
        self.settings.setValue("view/presenter", self.desk.view.presenter)
        self.settings.sync()  # nothing is cleared up at the end of the process
        self.keep_lesson()
        self.desk.close()
        self.closing.emit()
        event.accept()


__all__ = ["CLEAN_KEY", "Window"]
