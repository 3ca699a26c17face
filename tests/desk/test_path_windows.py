"""The drag path and the trace in windows of their own: moving pictures, other pictures, hidden panes."""

from __future__ import annotations

from dataclasses import replace

from desk_hands import change, numbered_picture, show_picture, view_of, wait_for_result
from desk_tools import settle, small_model, wait_until
from desk_window import Window
from PySide6.QtCore import QSettings
from test_path import COVER, WAY, exact_table, finished, path, place

from zfdesk.desk.path_player import Doing
from zfdesk.desk.portrait.pane import PortraitPane
from zfdesk.desk.state import AppState
from zfdesk.live import Demand, TraceAxis, View
from zfdesk.sources import SourceReference


def test_another_window_gives_the_same_table(window: Window, settings: QSettings) -> None:
    desk = AppState(window.desk.model, View(source=SourceReference("pattern"), unit=1))
    other, tables = Window(desk, settings), []
    other.show()
    fields = {"occluders": (COVER,), "watched": (0, 2), "trace_axis": TraceAxis.TIME, "trace_unit": True}
    for one in (window, other):
        show_picture(one, 3)
        change(one, chosen_occluder=0, **fields)
        one.player.set_path(path(*WAY))
        tables.append(exact_table(one))
    other.close()
    other.deleteLater()
    desk.deleteLater()
    assert tables[0] == tables[1]
    assert len(tables[0].splitlines()) == 25


def test_a_moving_picture_is_frozen_for_it(live: Window) -> None:
    window = live
    window.desk.change(
        view_of(window).change(occluders=(COVER,), chosen_occluder=0, watched=(1,), trace_axis=TraceAxis.PATH)
    )
    window.player.set_path(path((1, 1), (2, 2), (3, 3), (4, 4)))
    window.run("path-exact")
    finished(window)
    assert view_of(window).frozen
    points = window.trace.log.points()
    assert [p.position for p in points] == list(range(len(points)))
    assert {p.frame for p in points} == {points[0].frame}
    assert len(points) == 4
    window.player.set_path(path((1, 1), (2, 2)))
    window.run("path-exact")
    window.run("freeze")  # the picture moves again
    assert window.player.doing is Doing.NOTHING


def test_another_picture_stops_it(window: Window) -> None:
    source = show_picture(window)
    change(window, occluders=(COVER,), chosen_occluder=0)
    window.player.set_path(path(*WAY, *WAY, *WAY))
    window.run("path-exact")
    wait_until(lambda: window.player.index > 3)
    source.give(numbered_picture(7))
    finished(window)
    wait_for_result(window.desk)
    assert place(window) != WAY[-1]


def test_the_activation_is_asked_for_only_when_it_is_drawn(window: Window) -> None:
    show_picture(window)
    for dock in (window.unit, window.picture, window.context.get(PortraitPane)):  # who asks for it besides
        window.docks[dock].hide()
    settle()
    change(window, trace_unit=True)
    assert not window.desk.demand.activation  # behind the pins
    window.bring_up(window.trace)
    wait_until(lambda: window.desk.demand.activation)
    assert not window.desk.demand.unit
    result = wait_for_result(window.desk)
    assert result.unit is not None
    assert not result.unit.pictures
    change(window, trace_unit=False)
    assert window.desk.demand == replace(window.desk.demand, activation=False)
    assert window.desk.result.unit is None  # type: ignore[union-attr]
    assert Demand().activation is False


def test_another_network_while_recording(window: Window) -> None:
    """Its classes are fewer: nothing of the old one is looked up among them."""
    source, best, number = show_picture(window, watched=(0,)), 0, 0
    while not best:
        number += 1
        frame = source.give(numbered_picture(number))
        result = wait_for_result(window.desk, lambda result, frame=frame: result.request.frame is frame)
        best = int(result.clean_probabilities.argmax())
    window.bring_up(window.trace)
    settle()
    other = small_model(tuple(f"class {number}" for number in range(best)))
    window.run("path-record")
    wait_until(lambda: bool(window.trace.log.points()))
    window.trace.show_facts()
    window.desk.use_model(other)
    assert not window.trace.log.points()
    wait_until(lambda: bool(window.trace.log.points()))
    window.trace.show_facts()
    assert all(curve.label in other.classes for curve in window.trace.plot.curves)
