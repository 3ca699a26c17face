"""Run by test_camera.py: the Qt backend with real video frames and a stand-in for the camera behind them."""

import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

try:
    from PySide6 import QtCore, QtGui, QtMultimedia
except ImportError:  # libpulse is missing
    sys.exit(77)

from zfdesk.sources import Frame, SourceReference, camera
from zfdesk.sources.camera import CameraFormat, CameraSource, cameras, watch_cameras
from zfdesk.sources.qt_frames import pixels_of_qt

application = QtGui.QGuiApplication(sys.argv)


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Run the event loop until something is so."""
    timer = QtCore.QElapsedTimer()
    timer.start()
    while not condition():
        assert timer.elapsed() < seconds * 1000
        application.processEvents(QtCore.QEventLoop.ProcessEventsFlag.AllEvents, 10)


class Format:
    def __init__(self, width: int, height: int, fps: float) -> None:
        self.size, self.fps = QtCore.QSize(width, height), fps

    def resolution(self) -> QtCore.QSize:
        return self.size

    def maxFrameRate(self) -> float:  # noqa: N802
        return self.fps

    def pixelFormat(self) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(name="Format_YUYV")


class Device:
    def __init__(self, name: str) -> None:
        self.name = name

    def id(self) -> QtCore.QByteArray:
        return QtCore.QByteArray(self.name.encode())

    def description(self) -> str:
        return f"Camera {self.name}"

    def videoFormats(self) -> list[Format]:  # noqa: N802
        return [Format(1920, 1080, 30), Format(640, 480, 30), Format(640, 480, 15)]


class Devices(QtCore.QObject):
    videoInputsChanged = QtCore.Signal()  # noqa: N815
    present = [Device("one"), Device("two")]  # noqa: RUF012
    made: list = []  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        Devices.made.append(self)

    @staticmethod
    def videoInputs() -> list[Device]:  # noqa: N802
        return Devices.present

    @staticmethod
    def defaultVideoInput() -> Device:  # noqa: N802
        return Device("two")


class Camera(QtCore.QObject):
    errorOccurred = QtCore.Signal(object, str)  # noqa: N815
    log: list = []  # noqa: RUF012
    newest: "Camera"

    def __init__(self, device: Device) -> None:
        super().__init__()
        Camera.newest = self

    def setCameraFormat(self, choice: Format) -> None:  # noqa: N802
        Camera.log.append((choice.size.width(), choice.fps))

    def start(self) -> None:
        Camera.log.append("start")

    def stop(self) -> None:
        Camera.log.append("stop")


class Session(QtCore.QObject):
    def setCamera(self, camera: Camera | None) -> None:  # noqa: N802
        Camera.log.append("camera" if camera else "no camera")

    def setVideoSink(self, sink: QtMultimedia.QVideoSink) -> None:  # noqa: N802
        Session.sink = sink


def video_frame(width: int, height: int) -> QtMultimedia.QVideoFrame:
    """Columns of red, green and blue in turn, in a frame whose rows are padded."""
    pixels = np.zeros((height, width, 3), np.uint8)
    for column in range(width):
        pixels[:, column, column % 3] = 200
    image = QtGui.QImage(pixels.tobytes(), width, height, 3 * width, QtGui.QImage.Format.Format_RGB888)
    return QtMultimedia.QVideoFrame(image.convertToFormat(QtGui.QImage.Format.Format_RGB32))


def yuyv_frame(width: int, height: int, turned: int = 0) -> QtMultimedia.QVideoFrame:
    """BT.601 red: Y 81, U 90, V 240. The left half is black: Y 16."""
    shape = QtMultimedia.QVideoFrameFormat(
        QtCore.QSize(width, height), QtMultimedia.QVideoFrameFormat.PixelFormat.Format_YUYV
    )
    shape.setRotation(QtMultimedia.QtVideo.Rotation(turned))
    frame = QtMultimedia.QVideoFrame(shape)
    assert frame.map(QtMultimedia.QVideoFrame.MapMode.WriteOnly)
    rows = np.frombuffer(frame.bits(0), np.uint8).reshape(height, frame.bytesPerLine(0))
    rows[:, :width] = np.tile([16, 128, 16, 128], width // 4)
    rows[:, width : 2 * width] = np.tile([81, 90, 81, 240], width // 4)
    frame.unmap()
    return frame


def check_pixels() -> None:
    """Also in a thread that is not Qt's, as in the source."""
    results: list[np.ndarray] = []
    for width in (5, 6, 7, 64):
        frame = video_frame(width, 4)
        frame.setMirrored(True)  # for display only: it must not reach the network
        thread = threading.Thread(target=lambda frame=frame: results.append(pixels_of_qt(frame)))
        thread.start()
        thread.join()
        expected = np.zeros((4, width, 3), np.uint8)
        expected[:, np.arange(width), np.arange(width) % 3] = 200
        np.testing.assert_array_equal(results[-1], expected)
    upright = pixels_of_qt(yuyv_frame(16, 4))
    assert upright.shape == (4, 16, 3)
    np.testing.assert_allclose(upright[2, [1, 14]], [(0, 0, 0), (255, 0, 0)], atol=3)
    turned = pixels_of_qt(yuyv_frame(16, 4, turned=90))  # clockwise: left becomes top
    assert turned.shape == (16, 4, 3)
    np.testing.assert_allclose(turned[[1, 14], 2], [(0, 0, 0), (255, 0, 0)], atol=3)
    frame = yuyv_frame(16, 4)
    frame.setRotation(QtMultimedia.QtVideo.Rotation.Clockwise180)
    np.testing.assert_allclose(pixels_of_qt(frame)[2, [1, 14]], [(255, 0, 0), (0, 0, 0)], atol=3)
    assert pixels_of_qt(video_frame(3000, 30)).shape == (20, 2048, 3)


check_pixels()
print("pixels")

stand_in = SimpleNamespace(
    QMediaDevices=Devices,
    QCamera=Camera,
    QMediaCaptureSession=Session,
    QVideoSink=QtMultimedia.QVideoSink,
    QVideoFrame=QtMultimedia.QVideoFrame,
)
assert camera.qt_multimedia() is QtMultimedia
camera.qt_multimedia = lambda: stand_in
assert [device.id for device in cameras()] == ["two", "one"]

frames: list[Frame] = []
troubles: list[str] = []
source = CameraSource(SourceReference("camera"))
assert source.device.id == "two"
assert source.format == CameraFormat(640, 480, 30, "Format_YUYV")
source.start(frames.append, troubles.append)
assert not Camera.log  # nothing is opened before the caller has its thread back
until(lambda: "start" in Camera.log)
assert Camera.log == [(640, 30), "camera", "start"]
Session.sink.setVideoFrame(video_frame(7, 4))
until(lambda: len(frames) == 1)
assert frames[0].origin == "Camera two"
assert frames[0].pixels.shape == (4, 7, 3)
assert not frames[0].pixels.flags.writeable
print("delivered")

Devices.present = [Device("one")]
Devices.made[-1].videoInputsChanged.emit()
until(lambda: troubles == ["Camera two has been disconnected. It goes on when it is back."])
print("gone")

Camera.log.clear()
Devices.present = [Device("one"), Device("two")]
Devices.made[-1].videoInputsChanged.emit()
until(lambda: "start" in Camera.log)
assert Camera.log == ["stop", "no camera", (640, 30), "camera", "start"]
Session.sink.setVideoFrame(video_frame(7, 4))
until(lambda: len(frames) == 2)
assert len(troubles) == 1
Devices.present = [Device("one")]
print("back")

source.stop()
source.stop()
assert Camera.log[-2:] == ["stop", "no camera"]

real_check = QtCore.QCoreApplication.checkPermission
source = CameraSource(SourceReference("camera", "one"))
QtCore.QCoreApplication.checkPermission = lambda self, permission: QtCore.Qt.PermissionStatus.Denied
Camera.log.clear()
source.start(frames.append, troubles.append)
until(lambda: len(troubles) == 2)
assert "allow it in the privacy settings" in troubles[1]
assert not Camera.log
source.stop()
QtCore.QCoreApplication.checkPermission = real_check
print("refused")

lists: list = []
end = watch_cameras(lists.append)
Devices.made[-1].videoInputsChanged.emit()
until(lambda: len(lists) == 1)
assert [device.id for device in lists[0]] == ["one"]
end()
print("watched")

source.start(frames.append, troubles.append)
until(lambda: "start" in Camera.log)
Camera.newest.errorOccurred.emit(None, "Device busy.")
until(lambda: len(troubles) == 3)
assert troubles[2] == "Camera one reports an error: Device busy."
source.stop()
print("error")

Camera.log.clear()
source.start(frames.append, troubles.append)
source.stop()  # before the event loop came round
until(lambda: True)
application.processEvents()
assert not Camera.log
assert [thread.name for thread in threading.enumerate()] == ["MainThread"]
print("stopped")
