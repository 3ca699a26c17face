"""The window as tests handle it: its panes and controllers by short names."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QSettings
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QWidget

from zfdesk.desk.actions import ActionTable, ViewContext
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Panes
from zfdesk.desk.live_view.classes_pane import ClassesPane
from zfdesk.desk.live_view.layers_pane import LayersPane
from zfdesk.desk.live_view.maps_pane import MapsPane
from zfdesk.desk.live_view.picture_pane import PicturePane
from zfdesk.desk.live_view.pins_pane import PinsPane
from zfdesk.desk.live_view.snapshot_pane import ComparePane
from zfdesk.desk.live_view.unit_pane import UnitPane
from zfdesk.desk.occlusion.controller import Sweeps
from zfdesk.desk.occlusion.pane import SweepPane
from zfdesk.desk.path_player import PathPlayer
from zfdesk.desk.recording.controller import Films
from zfdesk.desk.session.controller import Sessions
from zfdesk.desk.state import AppState
from zfdesk.desk.teach.controller import Teaching
from zfdesk.desk.teach.pane import TeachPane
from zfdesk.desk.trace.pane import TracePane
from zfdesk.desk.training.pane import TrainingPane
from zfdesk.desk.widgets.pane import Pane
from zfdesk.desk.window import main_window
from zfdesk.desk.window.copy_commands import copy_data_of
from zfdesk.desk.window.main_window import make_context
from zfdesk.desk.window.sources import SourceOpener


class Window(main_window.Window):
    """A window on a state, with its settings; `desk` is the state."""

    def __init__(self, desk: AppState, settings: QSettings) -> None:
        super().__init__(make_context(desk, settings))
        self.resize(*main_window.FIRST_SIZE)  # the screen that tests are run on may be small
        context = self.context
        self.desk, self.settings = desk, settings
        self.picture, self.layers = context.get(PicturePane), context.get(LayersPane)
        self.classes, self.maps = context.get(ClassesPane), context.get(MapsPane)
        self.unit, self.pins, self.compare = context.get(UnitPane), context.get(PinsPane), context.get(ComparePane)
        self.trace, self.sweep, self.teach = context.get(TracePane), context.get(SweepPane), context.get(TeachPane)
        self.sweeps, self.teaching = context.get(Sweeps), context.get(Teaching)
        self.player, self.films = context.get(PathPlayer), context.get(Films)
        self.sessions, self.table = context.get(Sessions), context.get(ActionTable)

    @property
    def training(self) -> TrainingPane | None:
        """None until it was asked for."""
        return self.context.get(TrainingPane) if self.context.has(TrainingPane) else None

    @property
    def panes(self) -> tuple[Pane, ...]:
        """Those that are made."""
        return self.context.get(Panes).all

    @property
    def docks(self) -> dict[Pane, QDockWidget]:
        """The dock of each pane."""
        return self.layout_.docks

    @property
    def actions_by_id(self) -> dict[str, QAction]:
        """As Qt has them."""
        return self.table.qt

    def bring_up(self, pane: Pane) -> None:
        """Open a pane, wherever it stands."""
        self.context.get(Panes).show(pane.title)

    def run(self, action_id: str) -> None:
        """Do what an action does."""
        self.table.run(action_id)

    def view_context(self) -> ViewContext:
        """What actions know besides the view."""
        return self.table.view_context()

    def show_all_panes(self) -> None:
        """No pane behind another."""
        self.layout_.show_all()

    def open_path(self, path: str | Path) -> None:
        """As if it were dropped."""
        self.context.get(SourceOpener).open_path(str(path))

    def take_mime(self, data: QMimeData, label: str) -> None:
        """As if it were pasted."""
        self.context.get(SourceOpener).take_mime(data, label)

    def copy_data_of(self, pane: Pane) -> None:
        """Its numbers to the clipboard."""
        copy_data_of(self.context, pane)


def window_of(context: AppContext) -> QWidget:
    """The window that a context belongs to."""
    return context.window
