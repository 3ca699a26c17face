"""The camera picker: what it lists, what it gives, and cameras that come and go."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from desk_tools import press, settle, wait_until
from desk_window import Window
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from zfdesk.desk.window import camera_dialog
from zfdesk.desk.window.camera_dialog import TEST_STREAM, CameraDialog, format_text, show_camera_dialog, why_none
from zfdesk.sources import SourceReference, camera
from zfdesk.sources.camera_location import location_of, split_location
from zfdesk.sources.device import CameraDevice, CameraFormat

WIDE = CameraFormat(1280, 720, 30.0, "Format_NV12")
USUAL = CameraFormat(640, 480, 29.97, "Format_YUYV")
INNER = CameraDevice("/dev/video0", "Integrated Camera", [USUAL, WIDE])
OUTER = CameraDevice("/dev/video2", "Microscope")


class Cameras:
    """Cameras that a test plugs in and out."""

    def __init__(self) -> None:
        self.now: list[CameraDevice] = []
        self.callback: Callable[[list[CameraDevice]], None] | None = None
        self.watched = 0

    def watch(self, callback: Callable[[list[CameraDevice]], None]) -> Callable[[], None]:
        self.callback = callback
        self.watched += 1
        return self.end

    def end(self) -> None:
        self.watched -= 1

    def plug(self, *devices: CameraDevice) -> None:
        """Told from another thread, as FFmpeg's watching does."""
        self.now = list(devices)
        assert self.callback is not None
        thread = threading.Thread(target=self.callback, args=(self.now,))
        thread.start()
        thread.join()


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Cameras:
    cameras = Cameras()
    monkeypatch.setattr(camera, "cameras", lambda: cameras.now)
    monkeypatch.setattr(camera, "watch_cameras", cameras.watch)
    return cameras


def opened(window: Window) -> CameraDialog:
    dialog = CameraDialog(window.context)
    dialog.show()
    wait_until(lambda: not dialog.busy)
    return dialog


def names(dialog: CameraDialog) -> list[str]:
    return [dialog.list.item(row).text() for row in range(dialog.list.count())]


@pytest.mark.parametrize("wish", [None, WIDE, USUAL, CameraFormat(640, 480, 7.5, "jpeg")])
@pytest.mark.parametrize(
    "camera_id", ["/dev/video0", "", "usb#4&12x34", TEST_STREAM.id, "@device:pnp:\\\\?\\usb#vid_1"]
)
def test_a_location_is_read_as_it_was_written(camera_id: str, wish: CameraFormat | None) -> None:
    assert split_location(location_of(camera_id, wish)) == (camera_id, wish)


def test_words() -> None:
    assert format_text(WIDE) == "1280 × 720 · 30 fps · NV12"
    assert format_text(CameraFormat(640, 480, 30, "")) == "640 × 480 · 30 fps"


def test_without_a_camera_it_says_so_and_offers_the_test_stream(window: Window, there: Cameras) -> None:
    dialog = opened(window)
    assert dialog.status.text().startswith("No camera is connected.")
    assert names(dialog) == [TEST_STREAM.name]
    assert dialog.location == "lavfi:testsrc=size=640x480:rate=30"
    assert not dialog.isModal()
    for button in (*dialog.buttons.buttons(), dialog.formats):
        assert button.height() >= 24
    dialog.reject()


def test_without_a_backend_the_missing_package_is_named(
    window: Window, there: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera, "qt_multimedia", lambda: None)
    monkeypatch.setattr(camera, "capture_backend", lambda: None)
    monkeypatch.setattr(camera.sys, "platform", "linux")
    monkeypatch.setattr(camera_dialog, "load_backend", lambda: [])
    assert "libpulse0" in why_none()
    dialog = opened(window)
    assert "libpulse0" in dialog.status.text()
    dialog.reject()


def test_device_and_format_make_the_location(window: Window, there: Cameras) -> None:
    there.now = [INNER, OUTER]
    dialog = opened(window)
    assert names(dialog) == ["Integrated Camera", "Microscope", TEST_STREAM.name]
    assert dialog.status.text() == "2 cameras."
    assert dialog.formats.itemText(0) == "automatic: 640 × 480 · 29.97 fps · YUYV"
    assert dialog.location == "/dev/video0"
    dialog.formats.setCurrentIndex(1)
    assert dialog.location == "/dev/video0#1280x720@30:Format_NV12"
    dialog.list.setCurrentRow(1)
    assert dialog.location == "/dev/video2"
    assert not dialog.formats.isEnabled()
    dialog.reject()


def test_cameras_that_come_and_go_are_seen_and_the_choice_stays(window: Window, there: Cameras) -> None:
    dialog = opened(window)
    there.plug(OUTER)
    wait_until(lambda: names(dialog) == ["Microscope", TEST_STREAM.name])
    assert dialog.status.text() == "One camera."
    there.plug(INNER, OUTER)
    wait_until(lambda: len(names(dialog)) == 3)
    assert dialog.location == "/dev/video2"
    dialog.list.setCurrentRow(0)
    dialog.formats.setCurrentIndex(1)
    there.plug(INNER)
    wait_until(lambda: len(names(dialog)) == 2)
    assert dialog.location == "/dev/video0#1280x720@30:Format_NV12"
    there.plug()
    wait_until(lambda: dialog.status.text().startswith("No camera"))
    dialog.reject()


def test_watching_ends_with_the_dialog(window: Window, there: Cameras) -> None:
    dialog = opened(window)
    assert there.watched == 1
    press(dialog.list, Qt.Key.Key_Escape)
    assert there.watched == 0
    assert there.callback is not None
    there.callback([INNER])  # one that comes too late harms nothing
    settle(300)
    quick = CameraDialog(window.context)
    quick.show()
    quick.reject()  # before the list has come
    settle(300)
    assert there.watched == 0
    assert window.findChildren(CameraDialog) == []


def test_what_was_used_before_is_selected(window: Window, there: Cameras) -> None:
    there.now = [OUTER, INNER]
    window.settings.setValue("camera/id", location_of(INNER.id, WIDE))
    dialog = opened(window)
    assert dialog.location == "/dev/video0#1280x720@30:Format_NV12"
    dialog.reject()
    window.desk.view = window.desk.view.change(source=SourceReference("camera", TEST_STREAM.id))
    dialog = opened(window)
    assert dialog.location == TEST_STREAM.id
    dialog.reject()


def test_use_and_return_give_the_location(window: Window, there: Cameras) -> None:
    there.now = [INNER]
    chosen: list[str] = []
    for act in (
        lambda d: QTest.mouseClick(d.use, Qt.MouseButton.LeftButton),
        lambda d: press(d.list, Qt.Key.Key_Return),
    ):
        dialog = opened(window)
        dialog.chosen.connect(chosen.append)
        act(dialog)
        assert not dialog.isVisible()
    assert chosen == ["/dev/video0"] * 2


def test_what_is_chosen_is_shown_and_remembered(live: Window, there: Cameras) -> None:
    dialog = show_camera_dialog(live.context)
    assert show_camera_dialog(live.context) is dialog
    wait_until(lambda: not dialog.busy)
    dialog.accept()
    assert live.settings.value("camera/id") == TEST_STREAM.id
    assert live.desk.view.source == SourceReference("camera", TEST_STREAM.id)
    wait_until(lambda: live.desk.frame is not None and live.desk.frame.origin == "test stream testsrc")


def test_with_the_real_backend(window: Window) -> None:
    dialog = opened(window)
    assert names(dialog)[-1] == TEST_STREAM.name
    assert dialog.status.text().endswith(".")
    dialog.reject()
