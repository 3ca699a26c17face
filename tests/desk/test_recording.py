"""Films of the window: live with honest times and counted drops, frame by frame with every frame, and all ends."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from desk_hands import COVER, HandSource, change, numbered_picture, show_picture, view_of, wait_for_result
from desk_tools import press, settle, wait_until
from desk_window import Window
from PIL import Image
from PySide6.QtCore import Qt

import zfdesk.engine as zf
from zfdesk.desk.path_player import Doing
from zfdesk.desk.recording.controller import FIGURE, RecordingPlan
from zfdesk.engine import Occluder
from zfdesk.film import FilmError, FilmWriter, disk
from zfdesk.film import writer as film_writer
from zfdesk.film.writer import FilmStatus
from zfdesk.live import Computation, Demand, Request, View
from zfdesk.live.replay import Replay, TimedView, load_path
from zfdesk.sources import Frame, SourceReference, read_picture
from zfdesk.sources.pattern import pattern_frame, pattern_number

CLIP_FRAMES = 9


class Clock:
    """Goes when it is told to."""

    def __init__(self) -> None:
        self.now = 500.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Nine frames of the test pattern, which carry their numbers, twenty a second."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=20)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for number in range(CLIP_FRAMES):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pattern_frame(number), format="rgb24")))
        container.mux(stream.encode(None))
    return path


def facts_of(film: Path) -> dict[str, Any]:
    place = film / "film.json" if film.is_dir() else film.with_name(f"{film.name}.json")
    return json.loads(place.read_text(encoding="utf-8"))


def pictures(film: Path) -> list[np.ndarray]:
    if film.is_dir():
        return [read_picture(path) for path in sorted(film.glob("*.png"))]
    with Image.open(film) as image:
        found = []
        for number in range(image.n_frames):
            image.seek(number)
            found.append(np.asarray(image.convert("RGB")))
        return found


def ended(window: Window) -> FilmStatus:
    """Wait until a recording is over."""
    statuses: list[FilmStatus] = []
    window.films.ended.connect(statuses.append)
    wait_until(lambda: statuses)
    window.films.ended.disconnect(statuses.append)
    return statuses[0]


def heard(window: Window) -> list[str]:
    said: list[str] = []
    window.desk.message.connect(lambda sentence, trouble: said.append(sentence))
    return said


def next_frame(window: Window, source: HandSource, number: int) -> None:
    frame = source.give(numbered_picture(number))
    wait_for_result(window.desk, lambda result: result.request.frame is frame)


def path(*places: tuple[float, int]) -> Replay:
    moments = (TimedView(time, View(occluders=(Occluder(top, 4, 12, 12),), chosen_occluder=0)) for time, top in places)
    return Replay(tuple(moments), size=32)


def open_clip(window: Window, clip: Path) -> None:
    window.desk.start()
    window.open_path(str(clip))
    wait_until(lambda: window.desk.frame is not None and window.desk.view.source.kind == "clip")
    wait_until(lambda: window.desk.frame is not None and window.desk.frame.origin == clip.name)


# Live


def test_live_frames_have_the_times_at_which_they_were_seen(window: Window, tmp_path: Path) -> None:
    source = show_picture(window, 0)
    window.films.clock = clock = Clock()
    window.films.start(RecordingPlan(tmp_path / "film.gif", "Classes", rate=10.0))
    for number, now in ((1, 500.0), (2, 500.1), (3, 500.13), (4, 500.5), (5, 501.0)):
        clock.now = now
        next_frame(window, source, number)
    clock.now = 501.4
    window.films.stop()
    status = ended(window)
    lines = facts_of(tmp_path / "film.gif")["frames"]
    # the third came too early: ten frames a second were asked for
    assert [(line["source_frame"], line["time"]) for line in lines] == [
        (1, 0.0), (2, pytest.approx(0.1)), (4, pytest.approx(0.5)), (5, pytest.approx(1.0)),
    ]  # fmt: skip
    assert status.kept
    assert status.dropped == 0
    assert status.seconds == pytest.approx(1.4)  # the last is shown until it was stopped
    assert facts_of(tmp_path / "film.gif")["mode"] == "live"


def test_an_even_source_is_recorded_at_the_rate_asked_for(window: Window, tmp_path: Path) -> None:
    source = show_picture(window, 0)
    window.films.clock = clock = Clock()
    window.films.start(RecordingPlan(tmp_path / "film.gif", "Classes", rate=10.0))
    for number in range(1, 31):  # thirty a second, with jitter
        clock.now = 500 + number / 30 + (0.004 if number % 2 else -0.004)
        next_frame(window, source, number)
    window.films.stop()
    ended(window)
    times = [line["time"] for line in facts_of(tmp_path / "film.gif")["frames"]]
    assert len(times) in (10, 11)
    assert np.diff(times) == pytest.approx([0.1] * (len(times) - 1), abs=0.045)


def test_live_what_the_encoder_has_no_room_for_is_dropped_counted_and_shown(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = show_picture(window, 0)
    window.films.clock = clock = Clock()
    busy = [False]
    monkeypatch.setattr(FilmWriter, "queue_full", property(lambda film: busy[0]))
    window.films.start(RecordingPlan(tmp_path / "film.gif", "Classes", rate=10.0))
    for number in range(1, 9):
        clock.now += 0.1
        busy[0] = number in (3, 4, 6)
        next_frame(window, source, number)
    busy[0] = False
    wait_until(lambda: window.films.status.frames == 5)
    wait_until(lambda: "3 dropped" in window.films.mark.text())
    window.films.stop()
    status = ended(window)
    assert (status.frames, status.dropped) == (5, 3)
    assert status.sentence.endswith("3 dropped.")
    lines = facts_of(tmp_path / "film.gif")["frames"]
    assert [line["source_frame"] for line in lines] == [1, 2, 5, 7, 8]
    assert [line["time"] for line in lines] == pytest.approx([0.0, 0.1, 0.4, 0.6, 0.7])
    assert facts_of(tmp_path / "film.gif")["dropped"] == 3


def test_frames_that_the_network_was_too_slow_for_are_counted(window: Window, tmp_path: Path) -> None:
    source = show_picture(window, 0)
    window.films.clock = clock = Clock()
    window.films.start(RecordingPlan(tmp_path / "film.gif", "Classes", rate=10.0))
    news = ((1, 0.1), (1, 0.1), (4, 0.4), (3, 0.1), (2, 2.0))  # from the source; until it was seen
    for number, (came, seconds) in enumerate(news, 1):
        for _ in range(came - 1):  # replaced before anybody computed them
            source._handed_over += 1
        clock.now += seconds
        next_frame(window, source, number)
    window.films.stop()
    status = ended(window)
    # of the four in 0.4 s three were due and not seen; three in 0.1 s are faster than was asked for; two in 2 s are few
    assert (status.frames, status.dropped) == (5, 3 + 0 + 1)


def test_live_a_dragged_occluder_is_in_the_picture_and_its_path_beside_it(window: Window, tmp_path: Path) -> None:
    show_picture(window, 3, occluders=(COVER,), chosen_occluder=0)
    window.films.clock = clock = Clock()
    window.films.start(RecordingPlan(tmp_path / "film", "Picture", rate=60.0))
    for number in range(5):
        clock.now += 0.5
        change(window, occluders=(Occluder(2 + 4 * number, 10, 12, 12),))
    window.films.stop()
    ended(window)
    lines = facts_of(tmp_path / "film")["frames"]
    assert [line["occluders"][0]["top"] for line in lines] == [2, 6, 10, 14, 18]
    replay = load_path(tmp_path / "film" / "path.json")
    assert replay.size == 32
    assert [m.view.occluders[0].top for m in replay.moments] == [2, 6, 10, 14, 18]
    assert [m.time for m in replay.moments] == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])
    films = pictures(tmp_path / "film")
    changed = [np.abs(a.astype(int) - b).max(2) > 30 for a, b in pairwise(films)]
    assert all(part.mean() > 0.003 for part in changed)
    rows = [np.flatnonzero(part.any(1)).mean() for part in changed]
    assert rows == sorted(rows)  # it went down


def test_a_picture_of_the_window_belongs_to_one_request(window: Window, tmp_path: Path) -> None:
    """The hand has moved the occluder on since the frame was computed: in the film it is where the network saw it."""
    show_picture(window, 3, occluders=(COVER,), chosen_occluder=0)
    desk = window.desk
    window.films.start(RecordingPlan(tmp_path / "ahead", "Picture", live=True))
    desk.worker.stop()  # nothing newer comes
    desk.view = desk.view.change(occluders=(Occluder(20, 18, 12, 12),))
    desk.result_ready.emit()
    window.films.stop()
    ended(window)
    (line,) = facts_of(tmp_path / "ahead")["frames"]
    assert line["occluders"][0]["top"] == COVER.top
    assert view_of(window).occluders[0].top == 20  # as the hand left it
    desk.view = desk.view.change(occluders=(COVER,))
    window.films.start(RecordingPlan(tmp_path / "settled", "Picture", live=True))
    desk.result_ready.emit()
    window.films.stop()
    ended(window)
    (ahead,), (settled,) = pictures(tmp_path / "ahead"), pictures(tmp_path / "settled")
    assert np.array_equal(ahead, settled)


def test_a_film_of_the_window_shows_it_without_the_mark(window: Window, tmp_path: Path) -> None:
    source = show_picture(window, 1)
    window.films.clock = clock = Clock()
    window.films.start(RecordingPlan(tmp_path / "film", rate=60.0))
    for number in range(2, 5):
        clock.now += 1
        next_frame(window, source, number)
        wait_until(lambda: window.films.mark.isVisible())
    size = window.width(), window.height()
    window.films.stop()
    ended(window)
    films = pictures(tmp_path / "film")
    assert {(frame.shape[1], frame.shape[0]) for frame in films} == {size}
    red = np.array([0xFF, 0x6B, 0x5E])
    assert not any((np.abs(frame.astype(int) - red).max(2) < 6).any() for frame in films)
    assert not window.films.mark.isVisible()


def test_a_pane_that_changes_its_size_is_fitted_into_the_first(window: Window, tmp_path: Path) -> None:
    source = show_picture(window, 1)
    window.films.clock = clock = Clock()
    window.films.start(RecordingPlan(tmp_path / "film", rate=60.0))
    next_frame(window, source, 2)
    first = window.width(), window.height()
    window.resize(1100, 640)
    clock.now += 1
    next_frame(window, source, 3)
    window.films.stop()
    assert ended(window).frames == 2
    assert {(frame.shape[1], frame.shape[0]) for frame in pictures(tmp_path / "film")} == {first}


def test_the_numbers_in_words_are_those_of_the_frame(window: Window, tmp_path: Path) -> None:
    """Text is renewed a few times a second; in a film it belongs to its frame too."""
    source = show_picture(window, 1)
    window.films.clock = clock = Clock()
    window.facts_clock.stop()
    seen: list[tuple[int, str]] = []
    window.films.start(RecordingPlan(tmp_path / "film", "Picture", rate=60.0))
    for number in range(2, 6):
        clock.now += 1
        next_frame(window, source, number)
        assert window.desk.frame is not None
        seen.append((window.desk.frame.number, window.picture.facts.full_text))
    window.films.stop()
    ended(window)
    assert len(seen) == 4
    assert all(f"frame {number}" in words for number, words in seen)


def test_a_figure_is_drawn_of_the_same_result(window: Window, tmp_path: Path) -> None:
    source = show_picture(window, 1)
    window.films.clock = clock = Clock()
    window.films.start(RecordingPlan(tmp_path / "film", FIGURE, ("picture", "maps", "bars"), 400, rate=60.0))
    for number in range(2, 5):
        clock.now += 1
        next_frame(window, source, number)
        wait_until(lambda: not window.films.film.queue_full)  # type: ignore[union-attr]
    window.films.stop()
    assert ended(window).frames == 3
    told = facts_of(tmp_path / "film")
    assert told["parts"] == ["picture", "maps", "bars"]
    for drawn, line in zip(pictures(tmp_path / "film"), told["frames"], strict=True):
        assert drawn.shape[1] == 400
        given = numbered_picture(line["source_frame"] + 1)
        assert np.abs(np.sort(np.median(drawn[30:100, 5:120], (0, 1))) - np.sort(np.median(given, (0, 1)))).max() < 60


# Frame by frame


def test_every_frame_of_a_clip_in_order_and_nothing_else(window: Window, clip: Path, tmp_path: Path) -> None:
    open_clip(window, clip)
    window.desk.change(window.desk.view.change(outlines=False))  # nothing is drawn over the pattern's number
    window.films.start(RecordingPlan(tmp_path / "film", "Picture", live=False))
    status = ended(window)
    assert (status.frames, status.dropped, status.error) == (CLIP_FRAMES, 0, False)
    lines = facts_of(tmp_path / "film")["frames"]
    assert [line["source_frame"] for line in lines] == list(range(CLIP_FRAMES))
    assert [line["time"] for line in lines] == pytest.approx([n / 20 for n in range(CLIP_FRAMES)], abs=1e-3)
    assert facts_of(tmp_path / "film")["duration"] == pytest.approx(CLIP_FRAMES / 20, abs=1e-3)
    # the picture in the pane is that of the line beside it: the pattern's number is in its lowest rows
    for number, frame in enumerate(pictures(tmp_path / "film")):
        assert number_on(window, frame) == number
    source = window.desk.source
    assert source is not None
    before = window.desk.frame
    wait_until(lambda: window.desk.frame is not before)  # it plays on


def number_on(window: Window, frame: np.ndarray) -> int:
    """The number that the test pattern carries, read from a picture of the pane."""
    canvas = window.picture.canvas
    place = canvas.mapTo(window.picture, canvas.picture_rect().topLeft().toPoint())
    rect = canvas.picture_rect()
    part = Image.fromarray(frame).crop(
        (place.x(), place.y(), place.x() + round(rect.width()), place.y() + round(rect.height()))
    )
    pixels = np.asarray(part.resize((640, 480), Image.Resampling.BILINEAR)).astype(int)
    # the crop's border darkens what lies outside it
    pixels[:, :96] = (pixels[:, :96] * 255 // 145).clip(0, 255)
    pixels[:, 544:] = (pixels[:, 544:] * 255 // 145).clip(0, 255)
    return pattern_number(pixels.astype(np.uint8))


def test_a_slow_encoder_is_waited_for(
    window: Window, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_clip(window, clip)
    asked = [0]

    def queue_full(film: FilmWriter) -> bool:
        asked[0] += 1
        return asked[0] % 5 != 0

    monkeypatch.setattr(FilmWriter, "queue_full", property(queue_full))
    window.films.start(RecordingPlan(tmp_path / "film.gif", FIGURE, ("bars",), 200, live=False))
    assert ended(window).frames == CLIP_FRAMES
    assert asked[0] >= 5 * CLIP_FRAMES


def test_a_path_is_replayed_over_a_picture_and_every_position_filmed(
    window: Window, tmp_path: Path, model: zf.Model
) -> None:
    show_picture(window, 5)
    window.player.set_path(replay := path((0.0, 1), (0.3, 6), (0.35, 12), (1.0, 17)))
    frame = window.desk.frame
    assert frame is not None
    window.films.start(RecordingPlan(tmp_path / "film.webp", FIGURE, ("picture", "bars"), 300, live=False, replay=True))
    assert ended(window).frames == 4
    lines = facts_of(tmp_path / "film.webp")["frames"]
    assert [line["time"] for line in lines] == [0.0, 0.3, 0.35, 1.0]
    assert [line["occluders"][0]["top"] for line in lines] == [1, 6, 12, 17]
    for line, moment in zip(lines, replay.moments, strict=True):
        view = window.desk.view.change(occluders=moment.view.occluders)
        *_, result = Computation().run(Request(Frame(frame.pixels, 0, 0.0, ""), view, Demand(), model))
        assert line["probability"] == pytest.approx(float(result.probabilities.max()), abs=1e-4)
    again = load_path(tmp_path / "film.webp.path.json")
    assert [(m.time, m.view.occluders) for m in again.moments] == [(m.time, m.view.occluders) for m in replay.moments]
    window.desk.undo()
    assert view_of(window).occluders == ()  # one step of undo


def test_a_path_is_replayed_over_a_clip(window: Window, clip: Path, tmp_path: Path) -> None:
    open_clip(window, clip)
    window.player.set_path(path((0.0, 1), (0.12, 9)))
    window.films.start(RecordingPlan(tmp_path / "film.gif", "Classes", live=False, replay=True))
    ended(window)
    lines = facts_of(tmp_path / "film.gif")["frames"]
    assert [line["source_frame"] for line in lines] == list(range(CLIP_FRAMES))
    assert [line["occluders"][0]["top"] for line in lines] == [1, 1, 1, 9, 9, 9, 9, 9, 9]


def test_a_path_is_replayed_live_by_its_own_clock(window: Window, tmp_path: Path) -> None:
    show_picture(window, 5)
    window.player.set_path(path((0.0, 1), (0.2, 6), (0.4, 12)))
    window.films.start(RecordingPlan(tmp_path / "film.gif", "Classes", rate=50.0, replay=True))
    assert ended(window).frames >= 2
    assert window.player.doing is Doing.NOTHING
    tops = [line["occluders"][0]["top"] for line in facts_of(tmp_path / "film.gif")["frames"] if line["occluders"]]
    assert tops == sorted(tops)
    assert tops[-1] == 12


def test_lengths(window: Window, clip: Path, tmp_path: Path) -> None:
    open_clip(window, clip)
    window.films.start(RecordingPlan(tmp_path / "a.gif", "Classes", live=False, frames=4))
    assert ended(window).frames == 4
    window.films.start(RecordingPlan(tmp_path / "b.gif", "Classes", live=False, seconds=0.15))
    assert ended(window).frames == 3
    window.desk.change(window.desk.view.change(source=SourceReference("pattern")))
    wait_until(lambda: window.desk.frame is not None and window.desk.frame.origin == "test pattern")
    window.films.start(RecordingPlan(tmp_path / "c.gif", "Classes", live=False, frames=5, seconds=100.0))
    assert ended(window).frames == 5
    assert [line["source_frame"] for line in facts_of(tmp_path / "c.gif")["frames"]] == [0, 1, 2, 3, 4]
    window.films.start(RecordingPlan(tmp_path / "d.gif", "Classes", frames=3))
    assert ended(window).frames == 3
    window.films.start(RecordingPlan(tmp_path / "e.gif", "Classes", seconds=0.3))
    assert ended(window).seconds == pytest.approx(0.4, abs=0.35)


def test_from_what_is_shown(window: Window, clip: Path, tmp_path: Path) -> None:
    open_clip(window, clip)
    source = window.desk.source
    assert source is not None
    source.pause()
    source.seek(0.25)
    wait_until(lambda: window.desk.frame is not None and pattern_number(window.desk.frame.pixels) == 5)
    window.films.start(RecordingPlan(tmp_path / "film.gif", "Classes", live=False, from_start=False))
    ended(window)
    assert [line["source_frame"] for line in facts_of(tmp_path / "film.gif")["frames"]] == [5, 6, 7, 8]
    assert facts_of(tmp_path / "film.gif")["frames"][0]["time"] == 0.0


def test_what_cannot_be_taken_frame_by_frame_is_told(window: Window, tmp_path: Path) -> None:
    with pytest.raises(FilmError, match="There is nothing to record yet"):
        window.films.start(RecordingPlan(tmp_path / "film.gif"))
    show_picture(window, 5)
    with pytest.raises(FilmError, match="One picture makes no film frame by frame"):
        window.films.start(RecordingPlan(tmp_path / "film.gif", live=False))
    with pytest.raises(FilmError, match="There is no path to replay"):
        window.films.start(RecordingPlan(tmp_path / "film.gif", live=False, replay=True))
    with pytest.raises(FilmError, match="does not exist"):
        window.films.start(RecordingPlan(tmp_path / "nowhere" / "film.gif"))
    assert not window.films.recording
    assert list(tmp_path.glob("film*")) == []
    window.films.start(RecordingPlan(tmp_path / "film.gif"))
    with pytest.raises(FilmError, match="is being recorded: stop it first"):
        window.films.start(RecordingPlan(tmp_path / "other.gif"))
    window.films.stop()
    ended(window)


# Ends


def test_the_key_stops_and_so_does_the_mark(live: Window, tmp_path: Path) -> None:
    window = live
    for stop in (lambda: press(window, Qt.Key.Key_F9), lambda: window.films.mark.click()):
        window.films.start(RecordingPlan(tmp_path / "film.gif", "Classes"))
        wait_until(lambda: window.films.status.frames >= 2 and window.films.mark.isVisible())
        assert "■ Stop" in window.films.mark.text()
        stop()
        assert not window.films.recording
        assert ended(window).kept
        assert len(pictures(tmp_path / "film.gif")) == len(facts_of(tmp_path / "film.gif")["frames"])


@pytest.mark.parametrize("live_way", [True, False])
def test_closing_the_window_keeps_what_was_recorded(window: Window, clip: Path, tmp_path: Path, live_way: bool) -> None:
    open_clip(window, clip)
    window.films.start(RecordingPlan(tmp_path / "film.mp4", live=live_way))
    film = window.films.film
    assert film is not None
    wait_until(lambda: film.status.frames >= 2)
    window.close()
    status = film.wait(20)
    assert status.kept
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == status.frames


@pytest.mark.parametrize("live_way", [True, False])
def test_another_source_or_network_ends_a_film_that_steps_through_one(
    window: Window, clip: Path, tmp_path: Path, live_way: bool, model: zf.Model
) -> None:
    from dataclasses import replace

    open_clip(window, clip)
    said = heard(window)
    window.films.start(RecordingPlan(tmp_path / "film.gif", "Classes", live=live_way))
    wait_until(lambda: window.films.status.frames >= 2)
    if live_way:
        window.desk.use_model(replace(model, name="another"))
    else:
        window.desk.change(window.desk.view.change(source=SourceReference("pattern")))
    assert ended(window).kept
    words = "Another network" if live_way else "Another source"
    assert said[-1].startswith(f"{words}: the recording ended there. Saved film.gif")
    wait_until(lambda: window.desk.frame is not None)


def test_freezing_ends_a_film_that_steps(window: Window, clip: Path, tmp_path: Path) -> None:
    open_clip(window, clip)
    said = heard(window)
    window.films.start(RecordingPlan(tmp_path / "film.gif", "Classes", live=False))
    wait_until(lambda: window.films.status.frames >= 2)
    press(window, Qt.Key.Key_F)
    assert ended(window).kept
    assert said[-1].startswith("The frame was frozen: the recording ended there.")


def test_a_full_disk_ends_it_and_says_so(live: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_writer, "LOOK_AT_DISK_SECONDS", 0.0)
    said = heard(live)
    live.films.start(RecordingPlan(tmp_path / "film.gif", "Classes"))
    wait_until(lambda: live.films.status.frames >= 2)
    monkeypatch.setattr(disk, "free_bytes", lambda folder: 0)
    status = ended(live)
    assert status.kept
    assert status.error
    assert said[-1].startswith("The disk is full: the recording ended there. Saved film.gif")
    assert len(pictures(tmp_path / "film.gif")) == status.frames


def test_what_a_hidden_pane_would_show_is_computed_for_a_figure(window: Window, tmp_path: Path) -> None:
    source = show_picture(window, 1)
    window.docks[window.sweep].raise_()
    settle(50)
    window.context.demand_changed.emit()
    assert not window.desk.demand.maps
    window.films.start(RecordingPlan(tmp_path / "film", FIGURE, ("maps",), 300))
    assert window.desk.demand.maps
    next_frame(window, source, 2)
    window.films.stop()
    assert not window.desk.demand.maps
    assert ended(window).frames >= 1
    colours = {tuple(colour) for colour in pictures(tmp_path / "film")[-1].reshape(-1, 3)[::7]}
    assert len(colours) > 60  # maps, not a sentence
