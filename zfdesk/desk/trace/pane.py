"""The watched classes, and a unit, against time or the way of the dragged occluder; and the recorder of that way."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QToolButton, QWidget

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.path_player import Doing, PathPlayer
from zfdesk.desk.trace.controller import TraceLog
from zfdesk.desk.trace.plot import MARKS, TraceCurve, TraceLegend, TraceLegendEntry, TracePlot
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.controls import Choice, Controls
from zfdesk.desk.widgets.menu import PopupMenu
from zfdesk.desk.widgets.pane import FACTS_EVERY_MS, Pane
from zfdesk.desk.widgets.text import clock
from zfdesk.desk.widgets.theme import Colours
from zfdesk.figures.facts import number
from zfdesk.live import Demand, TraceAxis
from zfdesk.live.trace import AXIS_LABELS, MOST_POINTS, SECONDS, TracePoint, as_table
from zfdesk.progress import counted, percent_text

LOW = 240  # pixels: below this the legend has one line
PAUSE = 0.5  # seconds without a result: a line across would tell of values that nobody computed
AXIS_CHOICES = {
    TraceAxis.RECENT: f"last {SECONDS:.0f} s", TraceAxis.TIME: "time", TraceAxis.PATH: "drag path",
    TraceAxis.POSITION: "position",
}  # fmt: skip
MORE_ACTIONS = ("path-loop", "trace-copy", "path-save", "path-open")
LEAST_SPAN = {TraceAxis.TIME: 1.0, TraceAxis.PATH: 10.0, TraceAxis.POSITION: 4.0}
EMPTY = "Drag the occluder, or play something: what is computed is drawn here."


def player_state_text(player: PathPlayer) -> str:
    """What the recorder is at, with a sign of its own for each: never by a colour alone."""
    replay = player.replay
    match player.doing:
        case Doing.RECORDING:
            return f"● REC {clock(player.seconds)} · {counted(player.recorded, 'position')}"
        case Doing.REPLAYING if replay:
            return f"▶ REPLAY {clock(min(player.seconds, replay.duration))} / {clock(replay.duration)}"
        case Doing.STEPPING if replay:
            return f"▶ EXACT {player.index + 1} / {len(replay.moments)}"
    return f"path: {counted(len(replay.moments), 'position')}, {replay.duration:.1f} s" if replay else ""


def _count(points: list[TracePoint]) -> str:
    if not points:
        return ""
    count = len(points)
    return f"the newest {MOST_POINTS} points" if count == MOST_POINTS else f"{counted(count, 'point')}"


class PathLight(QLabel):
    """Says in red that something is recorded or replayed, wherever it is put; else it is not there."""

    def __init__(self, player: PathPlayer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._player = player
        self.colours: Colours | None = None
        self.setAccessibleName("Recording or replay")
        self._renewal = QTimer(self, interval=FACTS_EVERY_MS)
        self._renewal.timeout.connect(self._renew)
        player.changed.connect(self._follow)
        self.hide()

    def _follow(self) -> None:
        busy = self._player.doing is not Doing.NOTHING
        self._renewal.start() if busy else self._renewal.stop()
        self._renew()
        self.setVisible(busy)

    def _renew(self) -> None:
        sign, _, text = player_state_text(self._player).partition(" ")
        colour = self.colours.error if self.colours and self._player.doing is Doing.RECORDING else "palette(text)"
        self.setText(f'<span style="color:{colour};">{sign}</span> <b>{text}</b>')
        self.setAccessibleDescription(text)


class TracePane(Pane):
    """Watched classes (the most probable of the clean picture, when none is watched) and, if wished, the unit."""

    title = "Trace"
    follows_occluder = True

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.log, self.player = context.get(TraceLog), context.get(PathPlayer)
        self.body.addWidget(self._controls())
        self.plot = TracePlot(EMPTY)
        self.plot.setAccessibleName("Probability of the watched classes")
        self.plot.hovered.connect(self._read)
        self.legend = TraceLegend()
        self.body.addWidget(self.plot, 1)
        self.body.addWidget(self.legend)
        self._hover: float | None = None
        self._drawn: tuple[object, ...] = ()
        self.desk.model_changed.connect(self.clear)
        self.player.began.connect(self._begin)
        self.player.changed.connect(self._show_state)

    def _controls(self) -> Controls:
        self.axis = Choice(AXIS_CHOICES, "What the trace is drawn against")
        self.axis.chosen.connect(lambda axis: self.desk.change(self.desk.view.change(trace_axis=axis)))
        controls = Controls(self)
        controls.add(self.axis, "Trace against")
        self.buttons: dict[str, QToolButton] = {}
        table = self.context.get(ActionTable)
        for name, text in (
            ("trace-unit", "unit"), ("path-record", "● rec"), ("path-replay", "▶"), ("path-exact", "exact"),
            ("trace-clear", "clear"),
        ):  # fmt: skip
            hint, label, marked = table.hint(name), table.find(name).text, name == "trace-unit"
            self.buttons[name] = controls.add_button(text, hint, partial(table.run, name), label, checkable=marked)
        more = tool_button("⋯", "Loop the replay, copy the trace, save or open a path", pops_up=True)
        self.more = PopupMenu(more)
        more.setMenu(self.more)
        controls.add(more, "More of the trace and the path")
        return controls

    # What comes

    def demand(self, demand: Demand) -> Demand:
        return replace(demand, activation=demand.activation or self.desk.view.trace_unit)

    def _begin(self) -> None:
        """A recording or a pass of a replay: a run of its own, from here."""
        self.log.begin(self.player.moment_time())

    def clear(self) -> None:
        """Forget the points; the recorded path stays."""
        self.log.clear(self.player.moment_time())
        self.show_facts()

    def show_view(self) -> None:
        view = self.desk.view
        self.log.trace.add_view(view, self.player.moment_time())
        self.axis.show_value(view.trace_axis)
        self.buttons["trace-unit"].setChecked(view.trace_unit)

    def _show_state(self) -> None:
        doing = self.player.doing
        if doing is Doing.NOTHING:
            self.log.trace.end()
        texts = {
            "path-record": "■ stop" if doing is Doing.RECORDING else "● rec",
            "path-replay": "■" if doing is Doing.REPLAYING else "▶",
            "path-exact": "■ stop" if doing is Doing.STEPPING else "exact",
        }
        for name, text in texts.items():
            self.buttons[name].setText(text)
        self.show_facts()

    # What is shown

    def as_data(self) -> str:
        """What is drawn, as tab-separated text."""
        points = self.log.points()
        if not points:
            return ""
        return as_table(points, self.desk.model.classes, self.log.shown_classes(), self.desk.view.trace_unit)

    def copy(self) -> None:
        """The points that are drawn to the clipboard, as a table."""
        text = self.as_data()
        if text:
            QGuiApplication.clipboard().setText(text)
            self.desk.message.emit(f"On the clipboard, tab-separated: {_count(self.log.points())}.", False)
        else:
            self.desk.message.emit("There is nothing to copy yet: drag the occluder, or play something.", True)

    def set_colours(self, colours: Colours) -> None:
        super().set_colours(colours)
        self._drawn = ()

    def show_facts(self) -> None:
        """Redrawn with the text, a few times a second, and only when there is something new."""
        if not self.isVisible():
            return
        view, points = self.desk.view, self.log.points()
        parts = [text for text in (player_state_text(self.player), _count(points)) if text]
        self.facts.say(" · ".join([*parts, *(() if view.watched or not points else ("click a class to watch it",))]))
        key = (points[-1] if points else None, len(points), view.trace_axis, view.watched, view.trace_unit)
        if key == self._drawn:
            return
        self._drawn = key
        self._draw(points)

    def _draw(self, points: list[TracePoint]) -> None:
        axis = self.desk.view.trace_axis
        x = np.array([point.on(axis) for point in points])
        if axis is TraceAxis.RECENT:
            x = x - (x[-1] if len(x) else 0.0)
            ends = (-SECONDS, 0.0)
        else:
            ends = (0.0, max(float(x[-1]) if len(x) else 0.0, LEAST_SPAN[axis]))
        joined = np.array([point.joined for point in points], bool)
        if axis in (TraceAxis.RECENT, TraceAxis.TIME):
            joined &= np.diff(x, prepend=x[:1]) <= PAUSE
        curves = self._class_curves(points, x, joined)
        unit = self.unit_curve(points, x, joined) if self.desk.view.trace_unit else None
        curves += [unit] if unit else []
        self.plot.show_curves(curves, AXIS_LABELS[axis], ends, unit.label if unit else "")
        self._read(self._hover)

    def _class_curves(self, points: list[TracePoint], x: np.ndarray, joined: np.ndarray) -> list[TraceCurve]:
        if not points:
            return []
        shown = np.array(self.log.shown_classes())
        now = np.array([point.probabilities[shown] for point in points], np.float64).T * 100
        before = np.array([point.clean[shown] for point in points], np.float64).T * 100
        curves = []
        for index, y, clean in zip(shown.tolist(), now, before, strict=True):
            same = np.append(False, clean[1:] == clean[:-1])  # of one picture: known between the points too
            curves.append(
                TraceCurve(self.desk.model.classes[index], *self._line_style(index), x, y, clean, joined, same)
            )
        return curves

    def _line_style(self, index: int) -> tuple[str, str]:
        """The colour of a class, as its bar has it, and its mark."""
        slot = self.desk.view.slot_of(index)
        colour = self.plot.colours.bar if slot is None else self.plot.colours.watched_colour(slot).name()
        return colour, MARKS[(slot or 0) % len(MARKS)]

    def unit_curve(self, points: list[TracePoint], x: np.ndarray, joined: np.ndarray) -> TraceCurve | None:
        """The unit's activation at these points; None where nothing was measured."""
        unit = next((point.unit for point in reversed(points) if point.unit), None)
        if unit is None:
            return None
        its = np.array([point.unit is unit for point in points])  # equal ones are one
        y = np.where(its, [point.activation for point in points], np.nan)
        clean = np.where(its, [point.clean_activation for point in points], np.nan)
        same = np.append(False, clean[1:] == clean[:-1])
        where = f" at {unit.position}" if unit.position else " max"
        label = f"{unit.layer}:{unit.unit}{where}"
        return TraceCurve(label, self.plot.colours.unit, "o", x, y, clean, joined, same, right=True)

    def _read(self, x: float | None) -> None:
        """The figures of the point under the mouse, else of the newest, in the legend."""
        self._hover = x
        points, axis = self.log.points(), self.desk.view.trace_axis
        place = len(points) - 1
        if x is not None and points:
            x += points[-1].clock if axis is TraceAxis.RECENT else 0.0
            place = int(np.abs(np.array([point.on(axis) for point in points]) - x).argmin())
        entries = []
        if points:
            point = points[place]
            at = point.on(axis) - (points[-1].clock if axis is TraceAxis.RECENT else 0.0)
            self.plot.set_cross(at if self._hover is not None else None)
            for index in self.log.shown_classes():
                text = f"{self.desk.model.classes[index]} {percent_text(point.probabilities[index], 1)}"
                clean = f" (clean {point.clean[index] * 100:.1f})" if point.occluder else ""
                entries.append(TraceLegendEntry(*self._line_style(index), text, clean))
            if self.desk.view.trace_unit and point.unit is not None:
                where = f" at {point.unit.position}" if point.unit.position else " max"
                text = f"{point.unit.layer}:{point.unit.unit}{where} {number(point.activation)}"
                clean = f" (clean {number(point.clean_activation)})" if point.occluder else ""
                entries.append(TraceLegendEntry(self.plot.colours.unit, "o", text, clean, hollow=True))
        self.legend.show_entries(entries, 1 if self.height() < LOW else 3)
