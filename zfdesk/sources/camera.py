"""Cameras: through Qt where a Qt program runs, else through FFmpeg.

The only file of this room that knows Qt, and it imports Qt only inside functions, when a camera is asked for:
``import PySide6.QtMultimedia`` fails where libpulse is missing. Pictures are neither mirrored nor stretched here.
"""

import math
import sys
import threading
from collections.abc import Callable
from typing import Any

import av
import numpy as np

from zfdesk.sources.camera_location import split_location
from zfdesk.sources.capture import LAVFI, CaptureReader, capture_backend, capture_devices
from zfdesk.sources.device import CameraDevice, CameraFormat, DeviceSource, NewestPicture
from zfdesk.sources.frame import SourceError
from zfdesk.sources.qt_frames import pixels_of_qt
from zfdesk.sources.reference import SourceReference
from zfdesk.sources.threaded import SourceRun
from zfdesk.sources.video_pixels import rgb_pixels

__all__ = ["CameraDevice", "CameraFormat", "CameraSource", "best_format", "cameras", "watch_cameras"]

WATCH_SECONDS = 2.0
"""Between two looks at which cameras there are."""


def cameras() -> list[CameraDevice]:
    """The cameras there are now, the usual one first; empty where there is none or no backend to find them."""
    multimedia = qt_multimedia()
    if multimedia is None:
        return capture_devices()
    usual = bytes(multimedia.QMediaDevices.defaultVideoInput().id())
    found = sorted(multimedia.QMediaDevices.videoInputs(), key=lambda item: bytes(item.id()) != usual)
    return [_device_of(item) for item in found]


def watch_cameras(callback: Callable[[list[CameraDevice]], None]) -> Callable[[], None]:
    """Call `callback` with all cameras whenever one comes or goes.

    Returns a function that ends this; it is to be kept until then, since what watches lives with it. With Qt the
    callback is called in the thread of the program's event loop, without in a thread of its own.
    """
    multimedia = qt_multimedia()
    if multimedia is not None:
        devices = multimedia.QMediaDevices()
        devices.videoInputsChanged.connect(lambda: callback(cameras()))
        result: Callable[[], None] = devices.deleteLater
        return result
    ended = threading.Event()

    def watch() -> None:
        known = capture_devices()
        while not ended.wait(WATCH_SECONDS):
            found = capture_devices()
            if found != known:
                known = found
                callback(found)

    threading.Thread(target=watch, name="zfdesk camera watch", daemon=True).start()
    return ended.set


def best_format(formats: list[CameraFormat]) -> CameraFormat | None:
    """The format nearest to 640 x 480 pixels at 30 frames a second; None where there are none to choose from."""

    def distance(choice: CameraFormat) -> float:
        size = abs(math.log2(max(choice.width, 1) / 640)) + abs(math.log2(max(choice.height, 1) / 480))
        slow, fast = max(0.0, 30 - choice.fps) / 10, max(0.0, choice.fps - 30) / 100
        compressed = 0.05 if "jpeg" in choice.pixel_format.lower() else 0.0
        return size + slow + fast + compressed

    return min(formats, key=distance, default=None)


class CameraSource(DeviceSource):
    """A camera, live. Made and started in the thread of the Qt program's event loop, if there is one.

    The id in `reference.location` is one of `cameras`; "" is the usual camera, and ``lavfi:GRAPH`` a test stream
    of FFmpeg in real time. `format` is one of the device's, by default `best_format`. Raises SourceError where
    there is no such camera, or nothing that could open one.
    """

    def __init__(self, reference: SourceReference, format: CameraFormat | None = None) -> None:
        camera_id, wanted = split_location(reference.location)
        self.device = _find(camera_id)
        super().__init__(reference, self.device.name)
        self.format = format or wanted or best_format(self.device.formats)
        self._grabber: _QtGrabber | CaptureReader | None = None

    def begin(self, run: SourceRun, slot: NewestPicture) -> None:
        """By Qt where a program of Qt's runs, else by FFmpeg."""
        multimedia = None if self.device.id.startswith(LAVFI) else qt_multimedia()
        if multimedia is None:
            self._grabber = CaptureReader(self.device, self.format, run, slot)
        else:
            self._grabber = _QtGrabber(multimedia, self.device, self.format, run, slot)

    def _end(self) -> None:
        grabber, self._grabber = self._grabber, None
        if grabber is not None:
            grabber.close()

    def convert(self, raw: Any) -> np.ndarray:
        """A frame of PyAV's or Qt's."""
        return rgb_pixels(raw) if isinstance(raw, av.VideoFrame) else pixels_of_qt(raw)


def _find(camera_id: str) -> CameraDevice:
    """The device with an id. Raises SourceError."""
    if camera_id.startswith(LAVFI):
        return CameraDevice(camera_id, f"test stream {camera_id.removeprefix(LAVFI).partition('=')[0]}")
    found = cameras()
    if not found and qt_multimedia() is None and capture_backend() is None:
        raise SourceError(_no_backend_text())
    if not found:
        raise SourceError("No camera is connected.")
    if not camera_id:
        return found[0]
    for device in found:
        if camera_id in (device.id, device.name):
            return device
    raise SourceError(f"The camera {camera_id} is not connected.")


def _no_backend_text() -> str:
    if sys.platform == "linux":
        return "Cameras cannot be used: Qt's multimedia part needs the system package libpulse0, which is missing."
    return "Cameras cannot be used: neither Qt nor FFmpeg offers them in this installation."


# Qt.


def qt_multimedia() -> Any:
    """The module PySide6.QtMultimedia, or None where it does not load or no Qt program runs in this thread."""
    if "PySide6.QtCore" not in sys.modules:
        return None
    try:
        from PySide6 import QtCore, QtMultimedia
    except ImportError:
        return None
    application = QtCore.QCoreApplication.instance()
    here = application is not None and application.thread() == QtCore.QThread.currentThread()
    return QtMultimedia if here else None


def _device_of(item: Any) -> CameraDevice:
    formats = [
        CameraFormat(
            each.resolution().width(), each.resolution().height(), each.maxFrameRate(), each.pixelFormat().name
        )
        for each in item.videoFormats()
    ]
    return CameraDevice(bytes(item.id()).decode(errors="replace"), item.description(), formats)


class _QtGrabber:
    """A QCamera and what it needs; gives QVideoFrames to a slot. Everything but the slot stays in Qt's thread."""

    def __init__(
        self, multimedia: Any, device: CameraDevice, wanted: CameraFormat | None, run: SourceRun, slot: NewestPicture
    ) -> None:
        from PySide6 import QtCore

        self._multimedia, self._device, self._wanted, self._run, self._slot = multimedia, device, wanted, run, slot
        self._camera: Any = None
        self._closed = self._absent = False
        # Later, from the event loop: opening may take long, and must not hold up whoever starts the source.
        self._context = QtCore.QObject()
        QtCore.QTimer.singleShot(0, self._context, self._ask_permission)

    def close(self) -> None:
        """Close the camera."""
        self._closed = True
        self._release()
        self._context.deleteLater()

    def _release(self) -> None:
        if self._camera is not None:
            self._sink.videoFrameChanged.disconnect(self._on_frame)
            self._camera.stop()
            self._session.setCamera(None)
            for thing in (self._camera, self._session, self._sink, self._devices):
                thing.deleteLater()
            self._camera = None

    def _ask_permission(self) -> None:
        from PySide6 import QtCore

        application = QtCore.QCoreApplication.instance()
        if self._closed or application is None:
            return
        if not hasattr(QtCore, "QCameraPermission"):
            self._open()
            return
        permission = QtCore.QCameraPermission()
        undetermined = QtCore.Qt.PermissionStatus.Undetermined
        if application.checkPermission(permission) == undetermined:
            application.requestPermission(permission, self._context, lambda answer: self._open_if_allowed())
        else:
            self._open_if_allowed()

    def _open_if_allowed(self) -> None:
        from PySide6 import QtCore

        application = QtCore.QCoreApplication.instance()
        if self._closed or application is None:
            return
        if application.checkPermission(QtCore.QCameraPermission()) == QtCore.Qt.PermissionStatus.Granted:
            self._open()
        else:
            self._run.report("The system does not let this program use the camera; allow it in the privacy settings.")

    def _open(self) -> None:
        multimedia = self._multimedia
        item = next((item for item in multimedia.QMediaDevices.videoInputs() if self._is_ours(item)), None)
        if item is None:
            self._run.report(f"{self._device.name} is not connected any more.")
            return
        self._camera = multimedia.QCamera(item)
        choice = next((each for each in item.videoFormats() if self._is_wanted(each)), None)
        if choice is not None:
            self._camera.setCameraFormat(choice)
        self._session = multimedia.QMediaCaptureSession()
        self._sink = multimedia.QVideoSink()
        self._devices = multimedia.QMediaDevices()
        self._session.setCamera(self._camera)
        self._session.setVideoSink(self._sink)
        self._sink.videoFrameChanged.connect(self._on_frame)
        self._camera.errorOccurred.connect(self._report_error)
        self._devices.videoInputsChanged.connect(self._notice_change)
        self._camera.start()

    def _on_frame(self, frame: Any) -> None:
        if frame.isValid():
            self._slot.put(self._multimedia.QVideoFrame(frame))

    def _report_error(self, error: Any, text: str) -> None:
        reason = f": {text.rstrip('.')}" if text else ""
        self._run.report(f"{self._device.name} reports an error{reason}.")

    def _notice_change(self) -> None:
        """Tell once that the camera has vanished, and open it anew when it is back."""
        here = any(self._is_ours(item) for item in self._multimedia.QMediaDevices.videoInputs())
        if not here and not self._absent:
            self._run.report(f"{self._device.name} has been disconnected. It goes on when it is back.")
        elif here and self._absent and not self._closed:
            self._release()
            self._open()
        self._absent = not here

    def _is_ours(self, item: Any) -> bool:
        return bytes(item.id()).decode(errors="replace") == self._device.id

    def _is_wanted(self, choice: Any) -> bool:
        size = choice.resolution()
        return self._wanted == CameraFormat(
            size.width(), size.height(), choice.maxFrameRate(), choice.pixelFormat().name
        )
