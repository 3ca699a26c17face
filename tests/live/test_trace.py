"""The trace: where its points lie, and what is joined. Nothing between two points may have been left out."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import numpy as np
import pytest
from live_tools import last_of, numbered_frame, request_of

import zfdesk.engine as zf
from zfdesk.live import Computation, Demand, Result, TraceAxis, UnitReference, View
from zfdesk.live import trace as module
from zfdesk.live.trace import Trace, activation_of, as_table
from zfdesk.sources import Frame

BASE = View(layer="conv2", unit=4, occluders=(zf.Occluder(0, 0, 8, 8),), chosen_occluder=0)


def at(top: int, left: int, view: View = BASE) -> View:
    return view.change(occluders=(zf.Occluder(top, left, 8, 8),))


class Hand:
    """Moves, and has some of it computed."""

    def __init__(self, model: zf.Model) -> None:
        self.model, self.trace, self.computation = model, Trace(), Computation()
        self.frame: Frame = numbered_frame(0)
        self.demand = Demand(layers=False, maps=False)

    def move(self, view: View, time: float | None = None) -> View:
        self.trace.add_view(view, time)
        return view

    def compute(self, view: View, now: float) -> Result:
        result = last_of(self.computation.run(request_of(self.model, view, self.frame, self.demand)))
        self.trace.add_result(result, now)
        return result


@pytest.fixture
def hand(tiny: zf.Model) -> Hand:
    return Hand(tiny)


def test_distance_is_that_of_the_whole_way_also_where_nothing_was_computed(hand: Hand) -> None:
    hand.compute(hand.move(at(0, 0)), 10.0)
    for left in (3, 6, 9):
        hand.move(at(0, left))
    hand.move(at(4, 9))
    last = hand.move(at(4, 6))
    hand.compute(last, 11.0)
    points = hand.trace.points(TraceAxis.PATH)
    assert [(p.distance, p.position, p.time, p.joined) for p in points] == [(0, 1, 0, False), (16, 6, 1, False)]


def test_neighbours_are_joined_and_others_not(hand: Hand) -> None:
    for left in range(3):
        hand.compute(hand.move(at(0, left)), left)
    hand.move(at(0, 3))  # never computed
    hand.compute(hand.move(at(0, 4)), 5)
    hand.compute(hand.move(at(0, 5)), 6)
    assert [p.joined for p in hand.trace.points(TraceAxis.TIME)] == [False, True, True, False, True]


def test_the_pictures_of_a_folder_are_one_source_and_each_is_named(hand: Hand) -> None:
    view = hand.move(at(0, 0))
    for number, file in enumerate(("cat.jpg", "dog.jpg")):
        hand.frame = replace(numbered_frame(number, "fold"), file=file)
        hand.compute(view, number)
    points = hand.trace.points(TraceAxis.RECENT)
    assert [point.joined for point in points] == [False, True]
    rows = csv.DictReader(io.StringIO(as_table(points, "abcde", (0,), False)), delimiter="\t")
    assert [row["picture"] for row in rows] == ["fold/cat.jpg", "fold/dog.jpg"]


def test_frames_that_were_left_out_break_the_line(hand: Hand) -> None:
    view = hand.move(at(0, 0))
    for number in (1, 2, 4, 5, 4):
        hand.frame = numbered_frame(number)
        hand.compute(view, number)
    assert [p.joined for p in hand.trace.points(TraceAxis.RECENT)] == [False, True, False, True, False]
    hand.frame = numbered_frame(5, "another source")
    hand.compute(view, 9)
    assert not hand.trace.newest.joined  # type: ignore[union-attr]


def test_a_result_that_comes_late_lies_where_it_was_computed(hand: Hand) -> None:
    first, second = hand.move(at(0, 0)), hand.move(at(0, 5))
    hand.move(at(0, 20))
    hand.compute(first, 1)
    hand.compute(second, 2)
    assert [p.distance for p in hand.trace.points(TraceAxis.PATH)] == [0, 5]
    assert hand.trace.newest.joined  # type: ignore[union-attr]


def test_once_more_of_the_same_is_no_point_more(hand: Hand, tiny: zf.Model) -> None:
    view = hand.move(at(0, 0))
    hand.demand = replace(hand.demand, unit=False, pins=False)
    hand.compute(view, 1)
    assert hand.trace.newest.unit is None  # type: ignore[union-attr]
    hand.demand = replace(hand.demand, unit=True)
    hand.compute(view, 2)
    hand.compute(view.change(watched=(1,)), 3)
    (point,) = hand.trace.points(TraceAxis.TIME)
    assert point.clock == 1
    assert point.unit is not None
    hand.compute(view.change(crop=replace(view.crop, x=0.4)), 4)  # another picture
    assert len(hand.trace) == 2
    assert not hand.trace.newest.joined  # type: ignore[union-attr]


def test_the_clean_picture_held_is_no_point(hand: Hand) -> None:
    view = hand.move(at(0, 0))
    hand.compute(view, 1)
    hand.compute(view.change(occluders=()), 2)
    assert len(hand.trace) == 1


def test_runs(hand: Hand) -> None:
    trace = hand.trace
    hand.compute(hand.move(at(0, 0)), 1)
    hand.compute(hand.move(at(0, 6)), 2)
    trace.begin(50.0)
    assert trace.points(TraceAxis.PATH) == []
    here = hand.compute(at(0, 6), 51)  # the same place begins the run
    hand.compute(hand.move(at(0, 8)), 52)
    run = trace.points(TraceAxis.PATH)
    assert [(p.time, p.distance, p.position, p.joined) for p in run] == [(1, 0, 0, False), (2, 2, 1, True)]
    assert [p.clock for p in trace.points(TraceAxis.RECENT)] == [51, 52]
    trace.end()
    hand.frame = numbered_frame(1)
    hand.compute(at(0, 8), 53)  # the picture moves on; the run is over
    assert trace.points(TraceAxis.PATH) == run
    assert trace.newest.clock == 53  # type: ignore[union-attr]
    hand.compute(hand.move(at(0, 9)), 54)
    assert [(p.distance, p.position) for p in trace.points(TraceAxis.PATH)] == [(1, 1)]
    trace.clear()
    assert len(trace) == 0
    assert here.request.view.occluders


def test_given_times_count_and_not_the_clock(hand: Hand) -> None:
    hand.trace.begin(0.0)
    hand.compute(hand.move(at(0, 1), 0.25), 40)
    hand.compute(hand.move(at(0, 2), 0.5), 80)
    assert [p.time for p in hand.trace.points(TraceAxis.TIME)] == [0.25, 0.5]


def test_only_the_last_seconds_and_no_more_than_there_is_room_for(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    for now in (0, 5, 21, 25):
        hand.compute(hand.move(at(0, now)), now)
    assert [p.clock for p in hand.trace.points(TraceAxis.RECENT)] == [5, 21, 25]
    assert len(hand.trace.points(TraceAxis.TIME)) == 4
    monkeypatch.setattr(module, "MOST_POINTS", 3)
    hand.trace = Trace()
    for left in range(5):
        hand.compute(hand.move(at(1, left)), left)
    assert [p.position for p in hand.trace.points(TraceAxis.TIME)] == [3, 4, 5]


def test_several_occluders_and_their_coming_and_going(hand: Hand) -> None:
    two = BASE.change(occluders=(zf.Occluder(0, 0, 8, 8), zf.Occluder(5, 5, 8, 8)))
    hand.move(at(0, 0))
    hand.move(two)  # the second comes: no way
    moved = two.change(occluders=(zf.Occluder(3, 4, 8, 8), zf.Occluder(5, 5, 10, 10)))
    hand.compute(hand.move(moved), 1)
    assert hand.trace.newest.distance == pytest.approx(5 + math.hypot(1, 1))  # type: ignore[union-attr]


def test_values_are_the_networks(hand: Hand, tiny: zf.Model) -> None:
    view = hand.move(at(6, 6))
    result = hand.compute(view, 1)
    point = hand.trace.newest
    assert point is not None
    clean, covered = tiny.forward(result.clean), tiny.forward(result.picture)
    assert np.allclose(point.probabilities, covered.probabilities[0], atol=1e-6)
    assert np.allclose(point.clean, clean.probabilities[0], atol=1e-6)
    assert point.activation == pytest.approx(float(covered.activations["conv2"][0, 4].max()), abs=1e-4)
    assert point.clean_activation == pytest.approx(float(clean.activations["conv2"][0, 4].max()), abs=1e-4)
    assert point.unit == UnitReference("conv2", 4)
    picked = view.change(seed=zf.SeedKind.AT, position=(2, 1))
    unit = last_of(hand.computation.run(request_of(tiny, picked, hand.frame))).unit
    assert unit is not None
    reference, now, before = activation_of(unit, picked)
    assert reference.position == (2, 1)
    assert now == pytest.approx(float(covered.activations["conv2"][0, 4, 2, 1]), abs=1e-4)
    assert before == pytest.approx(float(clean.activations["conv2"][0, 4, 2, 1]), abs=1e-4)


def test_a_comparison_does_not_change_what_is_traced(hand: Hand) -> None:
    """It begins at the clean map's strongest place; the trace goes on with each map's maximum."""
    hand.demand = replace(hand.demand, unit=True, compare=True)
    result = hand.compute(hand.move(at(6, 6)), 1)
    assert result.unit is not None
    assert result.unit.comparison is not None
    point = hand.trace.newest
    assert point is not None
    assert point.unit == UnitReference("conv2", 4)
    assert (point.activation, point.clean_activation) == (result.unit.map.max(), result.unit.clean_map.max())


def test_the_table_reads_back(hand: Hand) -> None:
    for left in range(4):
        hand.compute(hand.move(at(2, left)), left / 7)
    points = hand.trace.points(TraceAxis.PATH)
    text = as_table(points, ("a", "tab\tin name", "c", "d", "e"), (1, 3), True)
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t"))
    assert len(rows) == 4
    assert list(rows[0]) == [
        "time s", "path px", "position", "frame", "picture", "top px", "left px", "height px", "width px",
        "tab in name", "tab in name clean", "d", "d clean", "conv2:4 max", "conv2:4 max clean",
    ]  # fmt: skip
    for row, point in zip(rows, points, strict=True):
        assert np.float32(row["d"]) == point.probabilities[3]
        assert np.float32(row["tab in name clean"]) == point.clean[1]
        assert float(row["conv2:4 max"]) == pytest.approx(point.activation, rel=1e-8)
        assert (row["left px"], row["path px"]) == (str(point.occluder.left), f"{point.distance:g}")  # type: ignore[union-attr]
    other = as_table([replace(points[0], unit=UnitReference("conv1", 1)), *points[1:]], "abcde", (0,), True)
    assert other.splitlines()[1].endswith("\t\t")  # of another unit: no figure
