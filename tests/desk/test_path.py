"""The drag path: recorded from the mouse, replayed by the clock and exactly, stopped, saved and opened."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from desk_hands import CONTROL, COVER, SHIFT, change, drag, occluder_point, view_of, wait_for_result
from desk_tools import press, settle, wait_until
from desk_window import Window
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QFileDialog

import zfdesk.engine as zf
from zfdesk.desk.path_player import Doing, PathPlayer
from zfdesk.desk.trace.pane import PathLight, player_state_text
from zfdesk.engine import Occluder
from zfdesk.live import TraceAxis, View
from zfdesk.live.replay import Replay, TimedView, load_path, save_path
from zfdesk.sources import SourceReference


class Clock:
    """Goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(still: Window) -> object:
    """The shared window with a clock by hand, nothing recorded, nothing heard."""
    player, clock = still.player, Clock()
    player.stop()
    player.replay, player.clock = None, clock
    still.trace.clear()
    yield clock
    player.stop()
    player.replay = None
    still.message.clock.stop()  # other windows' tests look for timers that were left


@pytest.fixture
def told(still: Window) -> object:
    heard: list[str] = []

    def hear(sentence: str, trouble: bool) -> None:
        heard.append(sentence)

    still.desk.message.connect(hear)
    yield heard
    still.desk.message.disconnect(hear)


def path(*places: tuple[int, int], step: float = 0.1) -> Replay:
    moments = (
        TimedView(round(step * number, 6), View(occluders=(Occluder(top, left, 12, 12),), chosen_occluder=0))
        for number, (top, left) in enumerate(places)
    )
    return Replay(tuple(moments), size=32)


def place(window: Window) -> tuple[int, int]:
    occluder = view_of(window).occluders[0]
    return occluder.top, occluder.left


def finished(window: Window) -> None:
    wait_until(lambda: window.player.doing is Doing.NOTHING)


# Recording


def test_a_drag_by_the_mouse_is_recorded_and_still_one_step_of_undo(still: Window, clock: Clock) -> None:
    window = still
    change(window, occluders=(COVER,), chosen_occluder=0)
    seen: list[tuple[float, tuple[Occluder, ...]]] = []

    def note() -> None:
        if view_of(window).occluders != (seen[-1][1] if seen else (COVER,)):
            seen.append((clock.now - 1000.0, view_of(window).occluders))
        clock.now += 0.125

    press(window, Qt.Key.Key_R, SHIFT)
    assert window.player.doing is Doing.RECORDING
    window.desk.view_changed.connect(note)
    start = occluder_point(window)
    drag(window.picture.canvas, start, start + QPointF(60, 40), steps=6)
    window.desk.view_changed.disconnect(note)
    press(window, Qt.Key.Key_R, SHIFT)
    replay = window.player.replay
    assert replay is not None
    assert replay.size == 32
    assert [(m.time, m.view.occluders) for m in replay.moments] == [(0.0, (COVER,)), *seen]
    assert len(seen) >= 4
    press(window, Qt.Key.Key_Z, CONTROL)
    assert view_of(window).occluders == (COVER,)


def test_nudges_by_the_keys_are_recorded(still: Window, clock: Clock) -> None:
    window = still
    change(window, occluders=(COVER,), chosen_occluder=0)
    press(window, Qt.Key.Key_R, SHIFT)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down):
        clock.now += 0.5
        press(window, key, CONTROL)
    press(window, Qt.Key.Key_R, SHIFT)
    replay = window.player.replay
    assert replay is not None
    assert [(m.time, m.view.occluders[0].top, m.view.occluders[0].left) for m in replay.moments] == [
        (0.0, 8, 10), (0.5, 8, 11), (1.0, 8, 12), (1.5, 9, 12),
    ]  # fmt: skip


def test_a_recording_without_a_move_keeps_the_path_from_before(still: Window, clock: Clock, told: list[str]) -> None:
    window = still
    window.player.set_path(kept := path((1, 1), (2, 2)))
    window.run("path-record")
    assert "press X" in told[-1]  # there is nothing to drag yet
    change(window, unit=2)
    window.run("path-record")
    assert window.player.replay is kept
    assert told[-1] == "No occluder was moved: nothing was recorded. The path from before is still there."


def test_a_recording_ends_when_it_is_full(
    still: Window, clock: Clock, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zfdesk.live.replay.MOST_MOMENTS", 3)
    change(still, occluders=(COVER,), chosen_occluder=0)
    still.run("path-record")
    for _ in range(4):
        still.run("nudge-right")
    assert still.player.doing is Doing.NOTHING
    assert [m.view.occluders[0].left for m in still.player.replay.moments] == [10, 11, 12]  # type: ignore[union-attr]
    assert any("The recording ends here" in sentence for sentence in told)


# Replaying by the clock


def test_a_replay_keeps_the_time_and_is_one_step_of_undo(still: Window, clock: Clock) -> None:
    window, player = still, still.player
    change(window, occluders=(COVER,), chosen_occluder=0, unit=3)
    player.set_path(path((1, 1), (2, 2), (3, 3), (4, 4)))
    window.run("path-replay")
    shown = []
    for elapsed in (0.0, 0.05, 0.1, 0.15, 0.25):
        clock.now = 1000.0 + elapsed
        player.follow_clock()
        shown.append(place(window))
    assert shown == [(1, 1), (1, 1), (2, 2), (2, 2), (3, 3)]
    clock.now = 1000.31
    player.follow_clock()
    assert place(window) == (4, 4)
    assert player.doing is Doing.NOTHING
    assert view_of(window).unit == 3
    window.run("undo")
    assert view_of(window).occluders == (COVER,)
    window.run("redo")
    assert place(window) == (4, 4)


def test_every_place_is_passed_when_the_clock_jumps(still: Window, clock: Clock) -> None:
    """What was left out while computing is told by the trace; the way itself is whole."""
    window, player = still, still.player
    passed: list[tuple[int, int]] = []

    def note() -> None:
        passed.append(place(window))

    change(window, occluders=(COVER,), chosen_occluder=0)
    player.set_path(path((1, 1), (1, 4), (5, 4), (5, 9)))
    window.run("path-replay")
    window.desk.view_changed.connect(note)
    clock.now += 60
    player.follow_clock()
    window.desk.view_changed.disconnect(note)
    assert passed == [(1, 4), (5, 4), (5, 9)]
    assert player.doing is Doing.NOTHING
    wait_for_result(window.desk)
    points = window.trace.log.trace.points(TraceAxis.PATH)
    assert points[-1].distance == 3 + 4 + 5


def test_the_real_clock_brings_it_to_its_end(still: Window, clock: Clock) -> None:
    import time

    window, player = still, still.player
    player.clock = time.monotonic
    change(window, occluders=(COVER,), chosen_occluder=0)
    player.set_path(path((1, 1), (2, 2), (3, 3), step=0.01))
    began = time.monotonic()
    window.run("path-replay")
    finished(window)
    assert time.monotonic() - began >= 0.02
    assert place(window) == (3, 3)


def test_a_replay_brings_up_what_comes_of_it(still: Window, clock: Clock) -> None:
    still.desk.change(still.desk.view.change(occluders=(COVER,), chosen_occluder=0))
    still.run("path-record")
    still.run("nudge-right")
    still.run("path-record")
    still.bring_up(still.pins)
    settle()
    assert still.trace.visibleRegion().isEmpty()
    still.run("path-replay")
    wait_until(lambda: not still.trace.visibleRegion().isEmpty())
    still.player.stop()


def test_without_a_path_it_says_so(still: Window, clock: Clock, told: list[str]) -> None:
    still.bring_up(still.pins)
    wait_until(lambda: not still.pins.visibleRegion().isEmpty())
    for name in ("path-replay", "path-exact", "path-save"):
        still.run(name)
        assert told[-1].startswith("There is no path to")
        assert still.player.doing is Doing.NOTHING
    settle()
    assert still.trace.visibleRegion().isEmpty()  # nothing comes of it: nothing is brought up


def test_the_hand_escape_and_undo_stop_a_replay(still: Window, clock: Clock, told: list[str]) -> None:
    window, player = still, still.player
    for stop in (
        lambda: window.run("nudge-right"),
        lambda: press(window, Qt.Key.Key_Escape),
        lambda: window.run("undo"),
        lambda: press(window, Qt.Key.Key_P, SHIFT),
    ):
        change(window, occluders=(COVER,), chosen_occluder=0)
        player.set_path(path((1, 1), (2, 2), (3, 3)))
        press(window, Qt.Key.Key_P, SHIFT)
        assert player.doing is Doing.REPLAYING
        stop()
        assert player.doing is Doing.NOTHING
        assert told[-1].startswith("The replay was stopped")
        here = view_of(window)
        clock.now += 60
        player.follow_clock()
        assert view_of(window) == here


def test_another_unit_meanwhile_does_not_stop_it(still: Window, clock: Clock) -> None:
    window, player = still, still.player
    change(window, occluders=(COVER,), chosen_occluder=0)
    player.set_path(path((1, 1), (2, 2), (3, 3)))
    window.run("path-replay")
    window.desk.change(view_of(window).change(unit=5, theme="light"))
    clock.now += 60
    player.follow_clock()
    assert place(window) == (3, 3)
    assert view_of(window).unit == 5
    window.desk.change(view_of(window).change(theme="dark"))


def test_a_loop_begins_again_until_it_is_told_not_to(still: Window, clock: Clock) -> None:
    window, player = still, still.player
    passes: list[tuple[int, int]] = []
    change(window, occluders=(COVER,), chosen_occluder=0, replay_loop=True)
    player.set_path(path((1, 1), (2, 2)))
    note = lambda: passes.append(place(window))  # noqa: E731
    player.began.connect(note)
    window.run("path-exact")
    wait_until(lambda: len(passes) == 3)
    player.began.disconnect(note)
    press(window, Qt.Key.Key_R, CONTROL)
    assert not view_of(window).replay_loop
    finished(window)
    assert passes == [(1, 1)] * 3


def test_a_path_that_goes_nowhere_is_not_looped(still: Window, clock: Clock) -> None:
    change(still, occluders=(COVER,), chosen_occluder=0, replay_loop=True)
    still.player.set_path(path((1, 1), (1, 1)))
    still.run("path-exact")
    finished(still)


# Exactly


def exact_table(window: Window) -> str:
    window.run("path-exact")
    finished(window)
    return window.trace.as_data()


WAY = tuple((top, left) for left in range(0, 24, 3) for top in (0, 9, 9, 17))


def test_every_position_is_computed_and_right(still: Window, clock: Clock) -> None:
    """Against whole forwards of the network, which know nothing of paths."""
    window, model = still, still.desk.model
    change(window, occluders=(COVER,), chosen_occluder=0, watched=(1, 3), trace_axis=TraceAxis.PATH, trace_unit=True)
    window.player.set_path(path(*WAY))
    exact_table(window)
    points = window.trace.log.points()
    moved = [one for one, before in zip(WAY, (None, *WAY), strict=False) if one != before]
    assert [(p.occluder.top, p.occluder.left) for p in points] == moved  # type: ignore[union-attr]
    assert all(point.joined for point in points[1:])
    clean = window.desk.result.clean  # type: ignore[union-attr]
    for point in points:
        covered = zf.occlude(clean, (point.occluder,), model.input.mean)  # type: ignore[arg-type]
        seen = model.forward(covered)
        assert np.allclose(point.probabilities, seen.probabilities[0], atol=1e-5)
        assert point.activation == pytest.approx(float(seen.activations["conv5"][0, 1].max()), abs=1e-4)
    gaps = [np.hypot(a[0] - b[0], a[1] - b[1]) for a, b in itertools.pairwise(moved)]
    assert [p.distance for p in points] == pytest.approx([0.0, *np.cumsum(gaps)])
    # the time is the path's own, however long the network took
    times = [0.1 * n for n, (one, before) in enumerate(zip(WAY, (None, *WAY), strict=False)) if one != before]
    assert [p.time for p in points] == pytest.approx(times)


def test_the_same_picture_and_path_give_the_same_table(still: Window, clock: Clock, tmp_path: Path) -> None:
    window = still
    change(window, occluders=(COVER,), chosen_occluder=0, watched=(0, 2), trace_axis=TraceAxis.TIME, trace_unit=True)
    player = window.player
    player.set_path(path(*WAY))
    first = exact_table(window)
    assert len(first.splitlines()) == 1 + len({i for i, one in enumerate(WAY) if i == 0 or one != WAY[i - 1]})
    save_path(player.replay, tmp_path / "way.json")  # type: ignore[arg-type]
    window.run("nudge-right")
    wait_for_result(window.desk)
    player.set_path(load_path(tmp_path / "way.json"))
    assert exact_table(window) == first


def test_another_network_stops_it_and_says_so_of_its_size(
    still: Window, clock: Clock, told: list[str], embedded: zf.Model
) -> None:
    window, small = still, still.desk.model
    change(window, occluders=(COVER,), chosen_occluder=0)
    window.player.set_path(path((1, 1), (2, 2), (3, 3)))
    window.run("path-replay")
    try:
        window.desk.use_model(embedded)
        assert window.player.doing is Doing.NOTHING
        window.run("path-replay")
        assert "The path is of 32 × 32 pixels; here there are 224 × 224." in told[-1]
        window.player.stop()
    finally:
        window.desk.use_model(small)
        window.desk.change(View(source=view_of(window).source, unit=1))
        wait_for_result(window.desk)


def test_a_result_of_before_is_not_taken_for_a_position(still: Window, clock: Clock) -> None:
    window, player = still, still.player
    change(window, occluders=(COVER,), chosen_occluder=0)
    player.set_path(path((1, 1), (2, 2), (3, 3)))
    window.run("path-exact")
    for _ in range(3):
        window.desk.result_ready.emit()  # as when what was under way comes late
    assert (player.index, place(window)) == (0, (1, 1))
    finished(window)
    assert len(window.trace.log.trace.points(TraceAxis.PATH)) == 3


def test_held_clean_pictures_make_it_wait(still: Window, clock: Clock) -> None:
    window = still
    change(window, occluders=(COVER,), chosen_occluder=0)
    window.player.set_path(path((1, 1), (2, 2)))
    window.desk.set_clean(True)
    window.run("path-exact")
    wait_until(lambda: window.desk.result.request.view.occluders == ())  # type: ignore[union-attr]
    assert place(window) == (1, 1)
    assert window.player.doing is Doing.STEPPING
    window.desk.set_clean(False)
    finished(window)
    assert place(window) == (2, 2)


# What is seen of it


def test_what_it_is_at_is_seen_in_words(still: Window, clock: Clock) -> None:
    window, player = still, still.player
    light = window.picture.findChild(PathLight)
    assert light is not None
    assert not light.isVisible()
    change(window, occluders=(COVER,), chosen_occluder=0)
    window.run("path-record")
    clock.now += 3.25
    window.run("nudge-right")
    light._renew()
    assert light.isVisible()
    assert "● " in player_state_text(player)
    assert player_state_text(player) == "● REC 0:03.2 · 2 positions"
    assert "REC 0:03.2 · 2 positions" in light.text()
    assert light.accessibleDescription() == "REC 0:03.2 · 2 positions"
    image = light.grab().toImage()
    red = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    assert any(c.red() > 200 and c.green() < 140 and c.blue() < 140 for c in red)
    window.run("path-record")
    assert not light.isVisible()
    window.run("path-replay")
    clock.now += 1
    assert player_state_text(player) == "▶ REPLAY 0:01.0 / 0:03.2"
    player.stop()
    window.run("path-exact")
    assert player_state_text(player).startswith("▶ EXACT ")
    assert player_state_text(player).endswith(" / 2")
    finished(window)
    assert player_state_text(player) == "path: 2 positions, 3.2 s"


# Files


def test_save_and_open_by_the_dialogs(
    still: Window, clock: Clock, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, player, file = still, still.player, tmp_path / "way.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    player.set_path(way := path((1, 1), (2, 2)))
    window.run("path-save")
    assert told[-1] == "Saved way.json: 2 positions."
    player.set_path(path((5, 5)))
    window.run("path-open")
    assert player.replay == way
    assert told[-1].startswith("Opened way.json: 2 positions in 0.1 s.")
    player.set_path(path((5, 5)))
    window.open_path(str(file))  # as when it is dropped on the window
    assert player.replay == way
    file.write_text("{}")
    window.run("path-open")
    assert told[-1] == "way.json is not a drag path: its format is not zfdesk-path-1."
    assert player.replay == way
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "none" / "way.json"), ""))
    window.run("path-save")
    assert told[-1] == "The path was not saved: way.json: no such file or directory."
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    said = len(told)
    window.run("path-save")
    assert len(told) == said


def test_a_player_of_its_own_needs_no_pane(still: Window) -> None:
    player = PathPlayer(still.desk, clock=Clock())
    assert (player.recorded, player.moment_time(), player.replaying) == (0, None, False)
    player.deleteLater()


def test_sources_that_stand_still_are_not_frozen(still: Window, clock: Clock) -> None:
    assert view_of(still).source == SourceReference("pasted", "by hand")
    still.player.set_path(path((1, 1), (2, 2)))
    change(still, occluders=(COVER,), chosen_occluder=0)
    exact_table(still)
    assert not view_of(still).frozen
