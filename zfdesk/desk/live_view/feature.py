"""What is looked at, live: picture, answer, layers, maps, the selected unit, pins, snapshot."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QCursor

from zfdesk.desk.actions import ActionTable, ViewContext
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Area, Feature, Panes, PaneSpec, SessionPart
from zfdesk.desk.live_view.actions import ACTIONS
from zfdesk.desk.live_view.classes_pane import ClassesPane
from zfdesk.desk.live_view.examples import EXAMPLES
from zfdesk.desk.live_view.layers_pane import LayersPane
from zfdesk.desk.live_view.maps_pane import MapsPane
from zfdesk.desk.live_view.picture_pane import PicturePane
from zfdesk.desk.live_view.pins_pane import PinsPane
from zfdesk.desk.live_view.snapshot_pane import ComparePane
from zfdesk.desk.live_view.unit_pane import UnitPane
from zfdesk.desk.widgets.menu import PopupMenu
from zfdesk.live.changes import pick_position, to_unit
from zfdesk.session import moment_of

if TYPE_CHECKING:
    from zfdesk.pages.panels import Sources
    from zfdesk.session import Reopened, Session

UNIT_MENU = ("pin", "origin", "unit-strongest", "unit-jump", "lock", "order", "hide-silent", "maps-default")
SNAPSHOT = "A"


class Joints:
    """What the panes of the live view have to do with each other."""

    def __init__(self, context: AppContext) -> None:
        self._context, self._state = context, context.state
        self._maps, self._picture = context.get(MapsPane), context.get(PicturePane)
        self._unit_box: tuple[int, int, int, int] | None = None
        self._maps.unit_hovered.connect(self._outline_hovered)
        self._maps.menu_asked.connect(self._unit_menu)
        self._maps.canvas.resized.connect(lambda: QTimer.singleShot(0, context, context.demand_changed.emit))
        self._picture.canvas.picked.connect(self._pick_position)
        context.outlined.connect(self._outline)
        context.get(ActionTable).view_context = self.view_context
        self._pins = self._state.view.pins
        self._state.view_changed.connect(self._follow_pins)

    def view_context(self) -> ViewContext:
        """What actions may know besides the view."""
        canvas = self._picture.canvas
        mouse = canvas.to_input(canvas.mapFromGlobal(QCursor.pos()).toPointF()) if canvas.underMouse() else None
        maps = self._maps
        return ViewContext(self._state.model, self._state.result, maps.columns, mouse, maps.shown_units)

    def _follow_pins(self) -> None:
        """The first pin opens the pane of pins."""
        before, self._pins = self._pins, self._state.view.pins
        if self._pins and not before:
            self._context.get(Panes).show(PinsPane.title)

    def _outline_hovered(self, hover: tuple[int, int, int] | None) -> None:
        mosaic, architecture = self._maps.canvas.mosaic, self._state.model.architecture
        box = None
        if hover and mosaic:
            box = architecture.stage(mosaic.layer).receptive_field.box(hover[1], hover[2])
            if box[2] - box[0] >= architecture.size:
                box = None
        if box != self._unit_box:  # told again and again, also while something else is outlined
            self._unit_box = box
            self._outline(box)

    def _outline(self, box: tuple[int, int, int, int] | None) -> None:
        self._picture.canvas.hover_box = box
        self._picture.canvas.update()

    def _pick_position(self, x: float, y: float) -> None:
        """A click on the picture: the unit position of the shown layer under it."""
        view, architecture = self._state.view, self._state.model.architecture
        size = architecture.size
        stage = architecture.stage(view.origin.layer if view.origin else view.layer)
        if not (0 <= x < size and 0 <= y < size) or not stage.spatial:
            return
        position = stage.receptive_field.unit_at(y, x, stage.shape)
        self._state.change(pick_position(view, position), "position")

    def _unit_menu(self, unit: int | None, where: QPoint) -> None:
        menu, table = PopupMenu(self._context.window), self._context.get(ActionTable)
        if unit is not None:
            menu.addAction(f"Select unit {unit}", partial(self._select, unit))
            menu.addSeparator()
        for name in UNIT_MENU:
            menu.addAction(table.qt[name])
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)  # not exec: the window may be closed and gone before that returned

    def _select(self, unit: int) -> None:
        self._state.change(to_unit(self._state.view, unit))


def _connect(context: AppContext) -> None:
    context.add(Joints(context))


# Figures and sessions


def _result_for_figures(context: AppContext, sources: Sources) -> Sources:
    result = context.state.result
    current = result is not None and result.request.model is context.state.model
    return replace(sources, result=result if current else None)


def _snapshot_for_figures(context: AppContext, sources: Sources) -> Sources:
    from zfdesk.pages.panels_snapshot import SnapshotA

    a = context.get(ComparePane).a
    return sources if a is None else sources.having(SnapshotA(a))


def _keep_snapshot(context: AppContext, session: Session) -> Session:
    a = context.get(ComparePane).a
    if a is None or a.request.model is not context.state.model:
        return session
    return replace(session, snapshots={SNAPSHOT: moment_of(a)})


def _restore_snapshot(context: AppContext, reopened: Reopened) -> None:
    context.get(ComparePane).show_snapshot(reopened.snapshots.get(SNAPSHOT))


FEATURE = Feature(
    name="live view",
    connect=_connect,
    panes=(
        PaneSpec("Layers", Area.LAYERS, LayersPane),
        PaneSpec("Picture", Area.PICTURE, PicturePane, figure=_result_for_figures),
        PaneSpec("Classes", Area.ANSWER, ClassesPane),
        PaneSpec("Feature maps", Area.CENTRE, MapsPane),
        PaneSpec("Unit", Area.UNIT, UnitPane),
        PaneSpec("Pins", Area.BELOW_UNIT, PinsPane),
        PaneSpec("A | B", Area.BELOW_UNIT, ComparePane, figure=_snapshot_for_figures),
    ),
    actions=ACTIONS,
    examples=EXAMPLES,
    session=SessionPart(lambda context: context.get(ComparePane).a, _keep_snapshot, _restore_snapshot),
)
