"""Clips: exact frames, real time, colours, rotation, and what is wrong with some."""

import threading
import time
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from zfdesk.sources import Frame, Source, SourceError, SourceReference, Transport, open_source, read_picture
from zfdesk.sources.clip_reader import ClipReader

from .collector import Collector, check_frame, check_sentence, number_in, started, write_clip

KINDS = {
    "mpeg4.mp4": {"codec": "mpeg4"},
    "h264.mp4": {"codec": "libx264", "options": {"bf": "2"}},
    "h264.mkv": {"codec": "libx264", "options": {"bf": "2"}},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "mpeg2.ts": {"codec": "mpeg2video", "rate": 25},
    "mpeg2.mpg": {"codec": "mpeg2video", "rate": 25},
    "plain.avi": {"codec": "mpeg4"},
    "raw.h264": {"codec": "libx264"},
    "moving.gif": {"codec": "gif", "pixel_format": "gray"},
}


@pytest.fixture(scope="module", params=KINDS)
def any_clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / request.param, **KINDS[request.param])


def opened(path: Path) -> Source:
    return open_source(SourceReference("clip", str(path)))


def paused(path: Path) -> tuple[Source, Collector]:
    source = opened(path)
    source.pause()
    collector = started(source)
    collector.wait_for_frames(1)
    return source, collector


def transport_of(source: Source) -> Transport:
    transport = source.transport
    assert transport is not None
    return transport


@pytest.mark.parametrize("name", ["mpeg4.mp4", "h264.mkv", "vp9.webm", "mpeg2.mpg", "plain.avi"])
def test_where_a_picture_is_wanted_a_clip_is_called_one(name: str, tmp_path: Path) -> None:
    path = write_clip(tmp_path / name, **KINDS[name])
    with pytest.raises(SourceError, match=f"{name} is a clip, and a picture is wanted"):
        read_picture(path)


def test_steps_and_seeks_are_exact(any_clip: Path) -> None:
    rate = 25 if "mpeg2" in any_clip.name else 10
    source, collector = paused(any_clip)
    check_frame(collector.frames[0])
    forwards = collector.after(source, *[lambda: source.step(1)] * 21)
    backwards = collector.after(source, *[lambda: source.step(-1)] * 21)
    leaps = collector.after(source, *[lambda leap=leap: source.step(leap) for leap in (7, 8, -10, 40, -6, -40)])
    places = (13, 2, 19, 0, 7, 6)
    sought = collector.after(source, *[lambda place=place: source.seek(place / rate) for place in places])
    between = collector.after(
        source, lambda: source.seek(4.5 / rate), lambda: source.seek(999), lambda: source.seek(-1)
    )
    source.stop()
    assert number_in(collector.frames[0]) == 0
    assert [number_in(frame) for frame in forwards] == [*range(1, 20), 19, 19]
    assert [number_in(frame) for frame in backwards] == [*range(18, -1, -1), 0, 0]
    assert [number_in(frame) for frame in leaps] == [7, 15, 5, 19, 13, 0]
    assert [number_in(frame) for frame in sought] == list(places)
    assert [number_in(frame) for frame in between] == [4, 19, 0]
    assert not collector.troubles
    assert not transport_of(source).playing


def test_it_plays_through_and_loops_exactly(any_clip: Path) -> None:
    rate = 25 if "mpeg2" in any_clip.name else 10
    source, collector = paused(any_clip)
    collector.after(source, lambda: source.seek(16 / rate))
    source.play()
    frames = collector.wait_for_frames(10)
    source.stop()
    numbers = [number_in(frame) for frame in frames[2:9]]
    steps = [(after - before) % 20 for before, after in pairwise(numbers)]
    assert min(steps) >= 1  # a busy machine may leave one out, but none comes twice
    assert 0 in numbers or 1 in numbers


def test_a_loop_begins_with_the_first_frame_even_when_it_is_late(tmp_path: Path) -> None:
    source = opened(write_clip(tmp_path / "clip.mp4", rate=10, count=5))
    seen: list[int] = []
    done = threading.Event()

    def deliver_slowly(frame: Frame) -> None:
        seen.append(number_in(frame))
        time.sleep(0.22)  # more than two frames' time, less than what holds the timeline back
        if len(seen) >= 10:
            done.set()

    source.start(deliver_slowly, lambda sentence: None)
    assert done.wait(10)
    source.stop()
    laps = [after for before, after in pairwise(seen) if after < before]
    assert len(laps) >= 2
    assert set(laps) == {0}


def test_without_looping_it_stays_on_the_last_frame(tmp_path: Path) -> None:
    source, collector = paused(write_clip(tmp_path / "clip.mp4", rate=50, count=10))
    source.set_looping(False)
    source.play()
    collector.wait_until(lambda: number_in(collector.frames[-1]) == 9)
    deadline = time.perf_counter() + 5
    while transport_of(source).playing and time.perf_counter() < deadline:
        threading.Event().wait(0.01)
    state = transport_of(source)
    assert (state.playing, state.looping, state.index, state.count) == (False, False, 9, 10)
    assert state.duration == pytest.approx(0.2)
    count = len(collector.frames)
    source.play()  # from the beginning
    assert number_in(collector.wait_for_frames(count + 1)[count]) == 0
    source.stop()


def test_it_plays_in_real_time(tmp_path: Path) -> None:
    source = opened(write_clip(tmp_path / "clip.mp4", rate=25, count=25))
    collector = started(source)
    frames = list(collector.wait_for_frames(20))
    source.stop()
    start = frames[0].time
    lateness = [frame.time - start - number_in(frame) / 25 for frame in frames[:20] if frame.number == number_in(frame)]
    assert min(lateness) > -0.005
    assert sorted(lateness)[len(lateness) // 2] < 0.15


def test_late_frames_are_left_out(tmp_path: Path) -> None:
    source = opened(write_clip(tmp_path / "clip.mp4", rate=100, count=29))
    source.set_looping(False)
    seen: list[tuple[float, int]] = []
    done = threading.Event()

    def deliver_slowly(frame: Frame) -> None:
        seen.append((time.perf_counter(), number_in(frame)))
        time.sleep(0.04)  # four frames' time
        if number_in(frame) >= 26:
            done.set()

    source.start(deliver_slowly, lambda sentence: None)
    assert done.wait(10)
    source.stop()
    numbers = [number for _, number in seen]
    assert len(numbers) < 15
    assert numbers == sorted(set(numbers))


def test_variable_frame_rate(tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.15, 0.6, 0.62, 1.0]
    path = write_clip(tmp_path / "clip.mp4", count=6, times=times, rate=20)
    source, collector = paused(path)
    moments = [0.05, 0.12, 0.4, 0.61, 0.9, 1.0, 0.59]
    frames = collector.after(source, *[lambda moment=moment: source.seek(moment) for moment in moments])
    assert [number_in(frame) for frame in frames] == [0, 1, 2, 3, 4, 5, 2]
    collector.after(source, lambda: source.seek(0.1), lambda: source.step(2))
    assert transport_of(source).position == pytest.approx(0.6)
    collector.after(source, lambda: source.step(-1))
    assert transport_of(source).position == pytest.approx(0.15)
    source.stop()
    collector = started(source)  # goes on where it stood
    assert number_in(collector.wait_for_frames(1)[0]) == 2
    source.play()
    frames = collector.wait_for_frames(3)
    source.stop()
    assert frames[2].time - frames[1].time > 0.3 or number_in(frames[2]) != 3


def test_a_clip_that_does_not_tell_its_length(tmp_path: Path) -> None:
    source, collector = paused(write_clip(tmp_path / "clip.h264", codec="libx264"))
    assert transport_of(source).duration is None
    collector.after(source, lambda: source.step(100))
    assert transport_of(source).duration == pytest.approx(2.0)
    source.stop()


CORNERS = np.zeros((48, 64, 3), np.uint8)
CORNERS[:24, :32] = (255, 0, 0)
CORNERS[:24, 32:] = (0, 255, 0)
CORNERS[24:, :32] = (0, 0, 255)
CORNERS[24:, 32:] = (255, 255, 255)


@pytest.mark.parametrize("rotation", [0, 90, 180, -90])
def test_rotation(rotation: int, tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "clip.mp4", codec="libx264", pixel_format="yuv444p", picture=CORNERS, rotation=rotation, count=2
    )
    pixels = ClipReader(path).pixels()
    shown = [tuple(int(value > 127) for value in pixels[y, x]) for y in (5, -5) for x in (5, -5)]
    red, green, blue, white = (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)
    counter_clockwise = {
        0: [red, green, blue, white],
        90: [green, white, red, blue],
        180: [white, blue, green, red],
        -90: [blue, red, white, green],
    }
    assert shown == counter_clockwise[rotation]
    assert pixels.shape == ((64, 48, 3) if rotation in (90, -90) else (48, 64, 3))


def test_square_pixels(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", codec="libx264", options={"x264-params": "sar=2/1"}, picture=CORNERS)
    assert ClipReader(path).pixels().shape == (48, 128, 3)


@pytest.mark.parametrize(("size", "matrix"), [((64, 48), "601"), ((1280, 720), "709")])
def test_colours_without_a_named_colour_space(size: tuple[int, int], matrix: str, tmp_path: Path) -> None:
    colour = (200, 60, 30)
    red, blue = {"601": (0.299, 0.114), "709": (0.2126, 0.0722)}[matrix]
    width, height = size
    luma = (red * colour[0] + (1 - red - blue) * colour[1] + blue * colour[2]) / 255
    u, v = (colour[2] / 255 - luma) / (2 - 2 * blue), (colour[0] / 255 - luma) / (2 - 2 * red)
    planes = [
        (16 + 219 * luma, width * height),
        (128 + 224 * u, width * height // 4),
        (128 + 224 * v, width * height // 4),
    ]
    data = np.concatenate([np.full(count, round(value), np.uint8) for value, count in planes])
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.options = width, height, "yuv420p", {"qp": "1"}
        frame = av.VideoFrame.from_ndarray(data.reshape(height * 3 // 2, width), format="yuv420p")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    np.testing.assert_allclose(ClipReader(path).pixels()[height // 2, width // 2], colour, atol=3)


def test_a_moving_gif_keeps_its_transparency(tmp_path: Path) -> None:
    first = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    first.paste((255, 0, 0, 255), (0, 0, 8, 16))
    second = Image.new("RGBA", (16, 16), (0, 0, 255, 255))
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second], duration=[100, 300], disposal=2)
    reader = ClipReader(tmp_path / "a.gif")
    np.testing.assert_allclose(reader.pixels()[8, [2, 12]], [(255, 0, 0), (255, 255, 255)], atol=3)
    assert reader.move(1).time == pytest.approx(0.1)
    assert reader.end == pytest.approx(0.4)


def test_a_large_clip_is_brought_down(tmp_path: Path) -> None:
    picture = np.zeros((200, 4096, 3), np.uint8)
    path = write_clip(tmp_path / "clip.mp4", picture=picture, count=1)
    assert ClipReader(path).pixels().shape == (100, 2048, 3)


def test_a_clip_cut_short_shows_what_there_is(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    path = write_clip(tmp_path / "clip.mp4", container_options={"movflags": "faststart"}, picture=noise)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    source, collector = paused(path)
    collector.after(source, lambda: source.step(100))
    assert 0.5 < transport_of(source).position < 1.8
    source.stop()
    for sentence in collector.troubles:
        check_sentence(sentence)


def test_clips_that_cannot_be_opened(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "no index.mp4").write_bytes(whole[: whole.index(b"moov") - 4])
    (tmp_path / "header.mp4").write_bytes(whole[:40])
    for name in ("no index.mp4", "header.mp4"):
        with pytest.raises(SourceError) as caught:
            opened(tmp_path / name)
        check_sentence(str(caught.value))
        assert str(caught.value).startswith(name)


def test_a_slow_disk_does_not_hold_up_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, collector = paused(write_clip(tmp_path / "clip.mp4"))
    hang, hanging = threading.Event(), threading.Event()

    def read_slowly(reader: ClipReader) -> None:
        hanging.set()
        hang.wait(10)

    monkeypatch.setattr(ClipReader, "_read_frame", read_slowly)
    source.step(1)
    assert hanging.wait(5)
    for _ in range(2):
        before = time.perf_counter()
        source.stop()
        assert time.perf_counter() - before < 1.0
    count = len(collector.frames)
    source.start(collector.deliver, collector.trouble)
    assert collector.troubles == ["clip.mp4 does not answer, so it cannot be started again yet."]
    hang.set()
    for thread in threading.enumerate():
        if thread.name.startswith("zfdesk source"):
            thread.join(5)
    assert len(collector.frames) == count  # what an abandoned thread finds goes nowhere
