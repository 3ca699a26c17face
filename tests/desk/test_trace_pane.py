"""The trace pane: what it draws is what was computed, by mouse and key; and it costs the window little."""

from __future__ import annotations

import csv
import io
import time
from dataclasses import replace

import numpy as np
import pytest
from desk_hands import ALT, CONTROL, COVER, change, click, move_mouse, view_of, wait_for_result
from desk_tools import press, settle, wait_until
from desk_window import Window
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication

from zfdesk.desk.trace.plot import CEILINGS, MARKS, TraceCurve, TracePlot, tick_text, ticks
from zfdesk.desk.widgets.screenshot import picture_of
from zfdesk.desk.widgets.theme import THEMES
from zfdesk.live import TraceAxis
from zfdesk.live.trace import MOST_POINTS


@pytest.fixture
def traced(still: Window) -> object:
    """The shared window with the trace in front, and four positions computed."""
    window = still
    window.bring_up(window.trace)
    settle()
    window.trace.clear()
    change(window, occluders=(COVER,), chosen_occluder=0, watched=(1, 3), trace_axis=TraceAxis.PATH)
    window.trace.clear()
    for left in (13, 14, 18):
        change(window, occluders=(replace(COVER, left=left),))
    window.trace.show_facts()
    yield window
    window.bring_up(window.pins)


def test_curves_are_the_results(traced: Window) -> None:
    plot = traced.trace.plot
    points = traced.trace.log.points()
    names = traced.desk.model.classes
    assert [curve.label for curve in plot.curves] == [names[1], names[3]]
    assert [curve.colour for curve in plot.curves] == list(THEMES["dark"].watched[:2])  # as the bars
    assert len({curve.mark for curve in plot.curves}) == 2  # not by colour alone
    for curve, index in zip(plot.curves, (1, 3), strict=True):
        assert curve.x.tolist() == [0, 3, 4, 8]
        assert curve.joined.tolist() == [False, True, True, True]
        assert np.allclose(curve.y, [point.probabilities[index] * 100 for point in points])
        assert np.allclose(curve.clean, traced.desk.result.clean_probabilities[index] * 100)  # type: ignore[union-attr]
    assert plot.axis_label == "way of the occluder (px)"
    assert plot.span == (0, 10)


def test_without_a_watched_class_the_clean_pictures_best(traced: Window) -> None:
    change(traced, watched=())
    traced.trace.show_facts()
    (curve,) = traced.trace.plot.curves
    best = int(traced.desk.result.clean_probabilities.argmax())  # type: ignore[union-attr]
    assert curve.label == traced.desk.model.classes[best]
    assert curve.colour == traced.trace.plot.colours.bar  # as its bar


def test_every_axis(traced: Window) -> None:
    for axis, end in ((TraceAxis.RECENT, 0), (TraceAxis.TIME, None), (TraceAxis.PATH, 8), (TraceAxis.POSITION, 3)):
        change(traced, trace_axis=axis)
        traced.trace.show_facts()
        (curve, _) = traced.trace.plot.curves
        assert len(curve.x) == 4
        assert (np.diff(curve.x) > 0).all()
        if end is not None:
            assert curve.x[-1] == end
        assert traced.trace.plot.span[1] >= curve.x[-1]
    assert traced.trace.axis.currentText() == "position"


def test_a_pause_is_no_line(traced: Window) -> None:
    """On an axis of time; along the way nothing was left out."""
    trace = traced.trace.log.trace
    moved = view_of(traced).change(occluders=(replace(COVER, left=20),))
    trace.add_view(moved)
    result = traced.desk.result
    assert result is not None
    later = replace(result, request=replace(result.request, view=moved))
    trace.add_result(later, time.perf_counter() + 3.0)
    for axis, joined in ((TraceAxis.TIME, False), (TraceAxis.RECENT, False), (TraceAxis.PATH, True)):
        traced.desk.view = view_of(traced).change(trace_axis=axis)
        traced.trace.show_facts()
        curve = traced.trace.plot.curves[0]
        assert bool(curve.joined[-1]) is joined
        assert bool(curve.joins()[-2]) is joined
        assert not curve.joins()[-1]
        assert curve.marked()[-1]
        assert curve.clean_joins()[-2]  # the clean value of one picture is known all the while


def test_the_unit_on_the_right(traced: Window) -> None:
    traced.trace.clear()
    click(traced.trace.buttons["trace-unit"], QPointF(8, 8))
    assert view_of(traced).trace_unit
    for left in (2, 5):
        result = change(traced, occluders=(replace(COVER, left=left),))
    traced.trace.show_facts()
    plot = traced.trace.plot
    curve = plot.curves[-1]
    assert curve.right
    assert plot.right_label == curve.label == "conv5:1 max"
    assert result.unit is not None
    assert curve.y[-1] == result.unit.map.max()
    assert curve.clean[-1] == result.unit.clean_map.max()
    assert plot.right_range[1] > max(curve.y.max(), curve.clean.max())
    change(traced, unit=2)
    assert np.isnan(traced.trace.unit_curve(*sample(traced)).y).sum() == len(traced.trace.log.points()) - 1  # type: ignore[union-attr]


def sample(window: Window) -> tuple[list, np.ndarray, np.ndarray]:
    points = window.trace.log.points()
    return points, np.arange(float(len(points))), np.ones(len(points), bool)


def test_points_are_kept_while_the_pane_is_hidden(still: Window) -> None:
    window = still
    window.docks[window.trace].hide()
    settle()
    assert not window.trace.isVisible()
    window.trace.clear()
    for left in (1, 2, 3):
        change(window, occluders=(replace(COVER, left=left),), trace_axis=TraceAxis.POSITION)
    assert len(window.trace.log.points()) >= 3
    window.docks[window.trace].show()


def test_the_point_under_the_mouse_is_read(traced: Window) -> None:
    plot, legend = traced.trace.plot, traced.trace.legend
    newest = legend.entries
    x, y = plot.to_screen(np.array([3.0]), np.array([1.0]), False)
    move_mouse(plot, QPointF(float(x[0]) + 4, float(y[0])))
    point = traced.trace.log.points()[1]
    assert point.distance == 3
    assert plot.cross == 3
    assert legend.entries[0].text == f"{traced.desk.model.classes[1]} {point.probabilities[1] * 100:.1f} %"
    assert legend.entries[0].more == f" (clean {point.clean[1] * 100:.1f})"
    move_mouse(plot, QPointF(1, 1))
    assert plot.cross is None
    assert legend.entries == newest
    assert traced.desk.model.classes[3] in legend.accessibleDescription()


def test_clear_by_the_button(traced: Window) -> None:
    click(traced.trace.buttons["trace-clear"], QPointF(8, 8))
    assert len(traced.trace.log.points()) == 1  # where the occluder is now
    change(traced, occluders=(replace(COVER, left=22),))
    assert [p.distance for p in traced.trace.log.points()] == [0, 4]


def test_copy_by_the_key(traced: Window) -> None:
    press(traced, Qt.Key.Key_C, CONTROL | ALT)
    rows = list(csv.DictReader(io.StringIO(QGuiApplication.clipboard().text()), delimiter="\t"))
    assert [row["path px"] for row in rows] == ["0", "3", "4", "8"]
    name = traced.desk.model.classes[3]
    assert [np.float32(row[name]) for row in rows] == [p.probabilities[3] for p in traced.trace.log.points()]
    assert {row[f"{name} clean"] for row in rows} == {rows[0][f"{name} clean"]}


def test_by_mouse_alone(traced: Window) -> None:
    buttons = traced.trace.buttons
    click(buttons["path-record"], QPointF(8, 8))
    assert buttons["path-record"].text() == "■ stop"
    traced.run("nudge-left")
    wait_for_result(traced.desk)
    click(buttons["path-record"], QPointF(8, 8))
    assert buttons["path-record"].text() == "● rec"
    click(buttons["path-exact"], QPointF(8, 8))
    wait_until(lambda: not traced.player.replaying)
    assert [p.position for p in traced.trace.log.points()] == [0, 1]
    words = [action.text() for action in traced.trace.more.actions()]
    assert words == ["Replay again and again", "Copy the trace as a table", "Save the drag path…", "Open a drag path…"]
    assert all(button.width() >= 24 and button.height() >= 24 for button in buttons.values())
    traced.player.replay = None


def test_what_is_seen(traced: Window) -> None:
    """Each curve in its colour; nothing of it after clearing."""
    best = int(traced.desk.result.probabilities.argmax())  # type: ignore[union-attr]
    for theme in ("dark", "light"):
        change(traced, theme=theme, watched=(best, (best + 1) % 5))
        traced.trace.show_facts()
        assert set(THEMES[theme].watched[:2]) <= colours_of(traced.trace.plot)
    change(traced, theme="dark")
    traced.trace.log.trace.clear()
    traced.trace.show_facts()
    assert traced.trace.plot.curves == ()
    assert not set(THEMES["dark"].watched[:2]) & colours_of(traced.trace.plot)


def colours_of(plot: TracePlot) -> set[str]:
    image = picture_of(plot, 3)
    rows = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
    return {f"#{value & 0xFFFFFF:06x}" for value in np.unique(rows).tolist()}


# The drawing


def curve(x: list[float], y: list[float], joined: list[bool], mark: str = "o") -> TraceCurve:
    array = np.array(y, float)
    same = np.zeros(len(x), bool)
    return TraceCurve(
        "a", "#ff0000", mark, np.array(x, float), array, np.full(len(x), np.nan), np.array(joined, bool), same
    )


def test_lines_never_cross_a_value_that_is_not_there() -> None:
    one = curve([0, 1, 2, 3, 4], [1, np.nan, 3, 4, 5], [False, True, True, True, False])
    assert one.joins().tolist() == [False, False, True, False, False]
    assert one.marked().tolist() == [True, False, True, True, True]
    assert curve([], [], []).joins().tolist() == []


def test_points_on_no_line_are_marked_however_many_there_are() -> None:
    count = 1000
    alone = curve(list(range(count)), [5.0] * count, [False] * count)
    assert alone.marked().all()
    joined = curve(list(range(count)), [5.0] * count, [True] * count)
    assert 10 < joined.marked().sum() <= 60


def test_every_mark_can_be_drawn(application: object) -> None:
    plot = TracePlot()
    plot.resize(300, 200)
    for mark in MARKS:
        plot.show_curves([curve([0, 1], [3.0, 4.0], [False, True], mark)], "x", (0, 1), "")
        assert any(colour == "#ff0000" for colour in colours_of(plot))
    assert plot.top == next(c for c in CEILINGS if c >= 4)
    plot.show_curves([curve([], [], [])], "x", (0, 1), "")
    colours_of(plot)
    plot.deleteLater()


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-20, 0), (0, 812.5), (0, 0.0003), (-3, 7), (0, 1e6)])
@pytest.mark.parametrize("most", [1, 2, 4, 9])
def test_ticks_are_round_and_few(low: float, high: float, most: int) -> None:
    found = ticks(low, high, most)
    assert len(found) <= most + 1
    assert all(low - 1e-9 <= value <= high + abs(high) * 1e-9 for value in found)
    steps = np.diff(found)
    if len(steps):
        assert np.allclose(steps, steps[0])
        assert f"{steps[0]:.0e}"[0] in "125"


def test_ticks_have_the_minus_sign_of_mathematics() -> None:
    assert [tick_text(value) for value in (-20.0, -1e-12, 0.5, 10250.0)] == ["−20", "0", "0.5", "10250"]


@pytest.mark.slow
def test_the_window_is_not_blocked_by_the_trace(traced: Window) -> None:
    """At most 30 ms, also for the longest trace that hangs together nowhere."""
    trace, window = traced.trace.log.trace, traced
    result, rng = window.desk.result, np.random.default_rng(0)
    assert result is not None
    change(window, watched=(0, 1, 2, 3, 4), trace_unit=True)
    for number in range(MOST_POINTS):
        for left in ((number + 1) % 7, number % 5):  # one of the two is never computed
            view = view_of(window).change(occluders=(replace(COVER, left=left, top=number % 9),))
            trace.add_view(view)
        shown = rng.random(5).astype(np.float32)
        later = replace(result, request=replace(result.request, view=view), probabilities=shown)
        trace.add_result(later, number * 0.05)
    points, costs = window.trace.log.points(), []
    assert len(points) == MOST_POINTS
    for _ in range(9):
        began = time.thread_time()
        window.trace._draw(points)
        window.trace.plot.repaint()
        costs.append(time.thread_time() - began)
    window.trace.clear()
    assert np.median(costs) < 0.030, [round(cost * 1e3, 1) for cost in costs]
