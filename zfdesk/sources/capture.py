"""Cameras through FFmpeg: the fallback where Qt has none, and a camera made of a test stream."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from zfdesk.sources.device import CameraDevice, CameraFormat, NewestPicture
from zfdesk.sources.frame import SourceError
from zfdesk.sources.threaded import SourceRun

LAVFI = "lavfi:"
"""A camera id that begins so names a filter graph of FFmpeg, such as ``lavfi:testsrc=size=640x480:rate=30``."""

RETURN_SECONDS = 1.0
"""How often a camera that has vanished is looked for."""

_BACKENDS = {"linux": ("v4l2", "video4linux2,v4l2"), "darwin": ("avfoundation",), "win32": ("dshow",)}
_JOIN_SECONDS = 0.4
_RETRY_SECONDS = 0.005
_ENOUGH_LATE_SECONDS = 0.5


def capture_backend() -> str | None:
    """FFmpeg's name for this system's cameras, or None where this build of PyAV has no such input."""
    names = _BACKENDS.get(sys.platform, ())
    return names[0] if any(name in av.formats_available for name in names) else None


def capture_devices() -> list[CameraDevice]:
    """The cameras that FFmpeg finds; it does not tell their formats."""
    backend = capture_backend()
    if backend is None:
        return []
    if backend == "v4l2":
        return list(linux_cameras(Path("/sys/class/video4linux")))
    try:
        found = av.enumerate_input_devices(backend)  # type: ignore[attr-defined, unused-ignore]
    except (AttributeError, ValueError, OSError):
        return []
    return [CameraDevice(item.name, item.description or item.name) for item in found if "video" in item.media_types]


def linux_cameras(classes: Path) -> Iterator[CameraDevice]:
    """What the kernel lists, with "index" 0: the others of a camera carry data about its pictures."""
    for entry in sorted(classes.glob("video*"), key=lambda path: (len(path.name), path.name)):
        try:
            if (entry / "index").read_text().strip() == "0":
                yield CameraDevice(f"/dev/{entry.name}", (entry / "name").read_text().strip() or entry.name)
        except OSError:
            continue


class CaptureReader:
    """Reads a device in a thread of its own, since FFmpeg waits for one without end.

    When the device hangs, the thread is left behind: what it still gives goes into a slot that nobody reads.
    """

    def __init__(self, camera: CameraDevice, wanted: CameraFormat | None, run: SourceRun, slot: NewestPicture) -> None:
        self._camera = camera
        self._wanted = wanted
        self._run = run
        self._slot = slot
        self._thread = threading.Thread(target=self._read, name=f"zfdesk capture: {camera.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait a moment for the thread, which ends by itself once its run is stopping."""
        if self._thread is not threading.current_thread():
            self._thread.join(_JOIN_SECONDS)

    def _read(self) -> None:
        """Read until stopped; a device that has given pictures and vanishes is told once and waited for."""
        gone, seen = "", False
        while not self._run.stopping.is_set():
            try:
                with self.open() as container:
                    for frame in _frames(container, self._run.stopping):
                        if self._run.stopping.is_set():
                            return
                        if self._camera.id.startswith(LAVFI):
                            self._wait_for(frame)
                        self._slot.put(frame)
                        gone, seen = "", True
                reason = f"{self._camera.name} gives no more pictures."
            except SourceError as error:
                reason = str(error)
            except Exception:  # FFmpeg's errors differ from system to system
                reason = f"{self._camera.name} has stopped: it was unplugged, or another program uses it."
            if not seen or self._camera.id.startswith(LAVFI):
                self._run.report(reason)
                return
            if not gone:
                gone = f"{reason} It goes on when it is back."
                self._run.report(gone)
            self._run.stopping.wait(RETURN_SECONDS)

    def open(self) -> Any:
        """The device as a container of PyAV's; it may take long, and is called in the reader's thread."""
        try:
            if self._camera.id.startswith(LAVFI):
                return av.open(self._camera.id.removeprefix(LAVFI), format="lavfi")
            backend = capture_backend()
            if backend is None:
                raise SourceError("This installation cannot use cameras: neither Qt nor FFmpeg offers them here.")
            return av.open(self._camera.id, format=backend, options=self._options(backend))
        except (av.FFmpegError, OSError, ValueError) as error:
            if isinstance(error, PermissionError):
                raise SourceError(f"There is no permission to use {self._camera.name}.") from error
            raise SourceError(f"{self._camera.name} cannot be opened.") from error

    def _options(self, backend: str) -> dict[str, str]:
        wanted = self._wanted
        if wanted is None:
            # avfoundation refuses to open unless the rate is one the camera has; 30 is what they all have.
            return {"framerate": "30"} if backend == "avfoundation" else {}
        return {"video_size": f"{wanted.width}x{wanted.height}", "framerate": f"{wanted.fps:g}"}

    def _wait_for(self, frame: av.VideoFrame) -> None:
        """A test stream is made as fast as it is read: hold each frame back until its time."""
        now = time.perf_counter()
        if not hasattr(self, "_beginning"):
            self._beginning = now - (frame.time or 0.0)
        wait = self._beginning + (frame.time or 0.0) - now
        if wait > 0:
            self._run.stopping.wait(wait)
        elif wait < -_ENOUGH_LATE_SECONDS:
            self._beginning -= wait


def _frames(container: Any, stopping: threading.Event) -> Iterator[av.VideoFrame]:
    """Decoded frames, also from a device that answers "not yet"."""
    if not container.streams.video:
        raise SourceError("The camera's stream has no pictures in it.")
    while not stopping.is_set():
        try:
            yield from container.decode(container.streams.video[0])
            return
        except (BlockingIOError, av.BlockingIOError):
            stopping.wait(_RETRY_SECONDS)
