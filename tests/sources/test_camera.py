"""Cameras, as far as they can be tested without one: test streams, devices that hang, and Qt with a stand-in."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zfdesk.sources import SourceError, SourceReference, camera, capture, open_source
from zfdesk.sources.camera import CameraDevice, CameraFormat, CameraSource, best_format, cameras, watch_cameras
from zfdesk.sources.capture import CaptureReader
from zfdesk.sources.device import NewestPicture

from .collector import check_frame, check_sentence, started


@pytest.fixture(autouse=True)
def no_qt_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are of FFmpeg's way, also when tests of the window have left a QApplication in this process."""
    monkeypatch.setattr(camera, "qt_multimedia", lambda: None)


def stream(graph: str) -> CameraSource:
    source = open_source(SourceReference("camera", f"lavfi:{graph}"))
    assert isinstance(source, CameraSource)
    return source


def test_a_test_stream_runs_in_real_time() -> None:
    source = stream("testsrc=size=640x480:rate=30")
    collector = started(source)
    frames = list(collector.wait_for_frames(31))
    source.stop()
    check_frame(frames[0])
    assert frames[0].pixels.shape == (480, 640, 3)
    assert frames[0].origin == "test stream testsrc"
    assert [frame.number for frame in frames] == list(range(len(frames)))
    assert frames[30].time - frames[0].time > 0.95  # never faster; slower only where the machine is busy
    assert source.transport is None


@pytest.mark.parametrize(("colour", "expected"), [("red", (254, 0, 0)), ("0x3C78C8", (60, 120, 200))])
def test_colours(colour: str, expected: tuple[int, int, int]) -> None:
    source = stream(f"color=c={colour}:size=64x48:rate=30")
    frame = started(source).wait_for_frames(1)[0]
    source.stop()
    np.testing.assert_allclose(frame.pixels[24, 32], expected, atol=3)


def test_a_stream_that_ends_is_told() -> None:
    source = stream("testsrc=size=64x48:rate=30:duration=0.2")
    collector = started(source)
    assert collector.wait_for_trouble() == ["test stream testsrc gives no more pictures."]
    source.stop()
    assert len(collector.frames) >= 1


@pytest.mark.parametrize("graph", ["no_such_filter", "anullsrc", "", "testsrc=size=0x0"])
def test_a_stream_that_cannot_be_opened_is_told(graph: str) -> None:
    source = stream(graph)
    collector = started(source)
    check_sentence(collector.wait_for_trouble()[0])
    source.stop()


def test_a_camera_that_hangs_while_it_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def hang(reader: CaptureReader) -> Any:
        go_on.wait(20)
        raise OSError

    monkeypatch.setattr(CaptureReader, "open", hang)
    source = stream("testsrc")
    source.silence_seconds = 0.1
    before = time.perf_counter()
    collector = started(source)
    assert time.perf_counter() - before < 0.2
    words = "test stream testsrc has given no picture for 0.1 seconds; it may still be starting."
    assert collector.wait_for_trouble() == [words]
    before = time.perf_counter()
    source.stop()
    assert time.perf_counter() - before < 1.0
    go_on.set()
    join_readers()
    assert collector.troubles == [words]


def join_readers() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("zfdesk capture"):
            thread.join(5)


def test_a_camera_that_falls_silent_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    source = stream("testsrc")
    source.silence_seconds = 0.1
    slots: list[NewestPicture] = []
    monkeypatch.setattr(CameraSource, "begin", lambda self, run, slot: slots.append(slot))
    monkeypatch.setattr(CameraSource, "convert", lambda self, raw: np.full((4, 4, 3), raw, np.uint8))
    collector = started(source)
    before = time.perf_counter()
    slots[0].put(1)
    collector.wait_for_trouble(1)
    slots[0].put(2)
    collector.wait_for_frames(2)
    collector.wait_for_trouble(2)
    slots[0].put("not a picture")
    collector.wait_for_trouble(3)
    source.stop()
    silent = "test stream testsrc has given no picture for 0.1 seconds."
    assert collector.troubles[:3] == [silent, silent, "test stream testsrc gives pictures that cannot be read."]
    assert before <= collector.frames[0].time <= time.perf_counter()


def test_a_camera_that_vanishes_and_comes_back_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device behind the class: it gives three pictures, is unplugged, cannot be opened twice, and is back."""
    opened: list[int] = []

    def plugged(reader: CaptureReader) -> Any:
        opened.append(len(opened))
        if opened[-1] in (1, 2):
            raise SourceError("The camera cannot be opened.")
        return Device(3 if opened[-1] == 0 else 1000, reader)

    monkeypatch.setattr(capture, "RETURN_SECONDS", 0.01)
    monkeypatch.setattr(CaptureReader, "open", plugged)
    monkeypatch.setattr(camera, "capture_devices", lambda: [CameraDevice("/dev/video7", "The camera")])
    monkeypatch.setattr(CameraSource, "convert", lambda self, raw: np.full((4, 4, 3), raw % 200, np.uint8))
    source = open_source(SourceReference("camera", "/dev/video7"))
    collector = started(source)
    collector.wait_until(lambda: len(collector.frames) > 0 and collector.frames[-1].pixels[0, 0, 0] > 3)
    source.stop()
    join_readers()
    assert len(opened) == 4
    gone = "The camera has stopped: it was unplugged, or another program uses it. It goes on when it is back."
    assert collector.troubles == [gone]


class Device:
    """What PyAV gives of a camera that is pulled out after so many pictures."""

    def __init__(self, count: int, reader: CaptureReader) -> None:
        self.count, self.reader = count, reader
        self.streams = type("Streams", (), {"video": [None]})()

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def decode(self, _: object) -> Any:
        for number in range(self.count):
            time.sleep(0.005)
            yield number
        raise OSError("no such device")


def test_only_the_newest_picture_waits() -> None:
    slot = NewestPicture()
    for number in range(1000):
        slot.put(number)
    content = slot.take(0)
    assert content is not None
    assert content[0] == 999
    assert slot.take(0) is None
    slot.put(1)
    slot.close()
    assert slot.take(10) is None


def test_the_best_format() -> None:
    def made(width: int, height: int, fps: float, pixel_format: str = "Format_YUYV") -> CameraFormat:
        return CameraFormat(width, height, fps, pixel_format)

    wanted = made(640, 480, 30)
    others = [made(1920, 1080, 30), made(640, 480, 15), made(320, 240, 30), made(640, 480, 120), made(160, 120, 30)]
    assert best_format([*others, made(640, 480, 30, "Format_Jpeg"), wanted]) == wanted
    assert best_format([made(1280, 720, 30), made(640, 480, 5)]) == made(1280, 720, 30)
    assert best_format([]) is None


def test_cameras_that_the_kernel_lists(tmp_path: Path) -> None:
    for number, name, index in ((0, "Inner camera", 0), (1, "Inner camera", 1), (10, "Outer", 0), (2, "", 0)):
        (tmp_path / f"video{number}").mkdir()
        (tmp_path / f"video{number}" / "name").write_text(name + "\n")
        (tmp_path / f"video{number}" / "index").write_text(f"{index}\n")
    (tmp_path / "video3").mkdir()
    found = list(capture.linux_cameras(tmp_path))
    assert found == [
        CameraDevice("/dev/video0", "Inner camera"),
        CameraDevice("/dev/video2", "video2"),
        CameraDevice("/dev/video10", "Outer"),
    ]


def test_without_a_camera_or_a_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "capture_devices", list)
    monkeypatch.setattr(camera, "capture_backend", lambda: "v4l2")
    with pytest.raises(SourceError, match=r"^No camera is connected\.$"):
        open_source(SourceReference("camera"))
    monkeypatch.setattr(camera, "capture_backend", lambda: None)
    with pytest.raises(SourceError, match=r"^Cameras cannot be used") as caught:
        open_source(SourceReference("camera"))
    check_sentence(str(caught.value))


def test_a_named_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [CameraDevice("/dev/video0", "Inner"), CameraDevice("/dev/video2", "Outer")]
    monkeypatch.setattr(camera, "capture_devices", lambda: found)
    assert cameras() == found
    assert CameraSource(SourceReference("camera")).device == found[0]
    assert CameraSource(SourceReference("camera", "/dev/video2")).name == "Outer"
    with pytest.raises(SourceError, match=r"^The camera /dev/video7 is not connected\.$"):
        CameraSource(SourceReference("camera", "/dev/video7"))


def test_a_camera_that_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "capture_devices", lambda: [CameraDevice("/dev/no camera", "Inner")])
    source = CameraSource(SourceReference("camera"))
    collector = started(source)
    sentence = collector.wait_for_trouble()[0]
    source.stop()
    check_sentence(sentence)
    assert sentence.startswith("Inner ") or sentence.startswith("This installation cannot use cameras")


def test_cameras_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = [[], [], [CameraDevice("a", "A")]]
    monkeypatch.setattr(camera, "capture_devices", lambda: lists.pop(0) if len(lists) > 1 else lists[0])
    monkeypatch.setattr(camera, "WATCH_SECONDS", 0.01)
    told: list[list[CameraDevice]] = []
    changed = threading.Event()
    end = watch_cameras(lambda found: (told.append(found), changed.set()))
    assert changed.wait(5)
    end()
    for thread in threading.enumerate():
        if thread.name == "zfdesk camera watch":
            thread.join(5)
    assert told == [[CameraDevice("a", "A")]]


def test_qt() -> None:
    """In a process of its own, since a process has one Qt application, and other tests may want theirs."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_LOGGING_RULES": "qt.multimedia*=false"}
    root = Path(__file__).parents[2]
    result = subprocess.run(
        [sys.executable, "-W", "error", str(Path(__file__).with_name("qt_camera_check.py"))],
        capture_output=True,
        text=True,
        timeout=60,
        env={**environment, "PYTHONPATH": str(root)},
    )
    if result.returncode == 77:
        pytest.skip("PySide6.QtMultimedia cannot be imported here")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.split() == ["pixels", "delivered", "gone", "back", "refused", "watched", "error", "stopped"]
