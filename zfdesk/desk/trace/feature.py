"""Trace and drag path: probabilities against time or against the way of the occluder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zfdesk.desk.actions import Action, ActionTable, calls, next_of, toggle
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Area, Feature, Opener, Panes, PaneSpec, with_suffix
from zfdesk.desk.path_player import Doing, PathPlayer
from zfdesk.desk.trace.commands import load_drag_path, open_drag_path, record_path, replay, save_drag_path
from zfdesk.desk.trace.controller import TraceLog
from zfdesk.desk.trace.pane import MORE_ACTIONS, PathLight, TracePane
from zfdesk.live import TraceAxis

if TYPE_CHECKING:
    from zfdesk.pages.panels import Sources


def _make(context: AppContext) -> None:
    context.add(TraceLog(context))  # before the player, which goes on to the next position with each result
    context.add(PathPlayer(context.state, context))


def _connect(context: AppContext) -> None:
    picture = context.get(Panes).get("Picture")
    picture.head.insertWidget(1, PathLight(context.get(PathPlayer), picture))
    more, table = context.get(TracePane).more, context.get(ActionTable)
    for name in MORE_ACTIONS:
        more.addAction(table.qt[name])


def _figure(context: AppContext, sources: Sources) -> Sources:
    return sources.having(context.get(TraceLog).lines())


ACTIONS = (
    Action("path-record", "Record the drag path, or stop", ("Shift+R",), "Trace", command=record_path),
    Action("path-replay", "Replay the drag path, or stop", ("Shift+P",), "Trace", command=lambda context: replay(context, Doing.REPLAYING)),
    Action("path-exact", "Replay exactly: every position computed, or stop", ("Ctrl+Shift+P",), "Trace", command=lambda context: replay(context, Doing.STEPPING)),
    Action("path-loop", "Replay again and again", ("Ctrl+R",), "Trace", toggle("replay_loop"), checked=lambda v, c: v.replay_loop),
    Action("path-save", "Save the drag path…", ("Ctrl+Alt+S",), "Trace", command=save_drag_path),
    Action("path-open", "Open a drag path…", ("Ctrl+Alt+O",), "Trace", command=open_drag_path),
    Action("trace-axis", "Trace against the last seconds, time, drag path, position", ("Shift+Y",), "Trace", next_of("trace_axis", tuple(TraceAxis))),
    Action("trace-unit", "Trace the unit's activation too", ("Ctrl+Alt+U",), "Trace", toggle("trace_unit"), checked=lambda v, c: v.trace_unit),
    Action("trace-clear", "Clear the trace", ("Ctrl+Alt+X",), "Trace", command=calls(TracePane, TracePane.clear)),
    Action("trace-copy", "Copy the trace as a table", ("Ctrl+Alt+C",), "Trace", command=calls(TracePane, TracePane.copy)),
)

FEATURE = Feature(
    name="trace",
    make=_make,
    connect=_connect,
    panes=(PaneSpec("Trace", Area.BELOW_UNIT, TracePane, figure=_figure),),
    actions=ACTIONS,
    opens=(Opener(with_suffix(".json"), lambda context, path: load_drag_path(context, Path(path))),),
)
