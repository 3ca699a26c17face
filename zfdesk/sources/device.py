"""Sources that deliver when they please: what cameras of every backend have in common."""

import threading
import time
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zfdesk.sources.threaded import SourceRun, ThreadedSource

SILENCE_SECONDS = 3.0
"""After so long without a picture, the user is told."""


@dataclass(frozen=True)
class CameraFormat:
    """One way a camera can deliver: pixels, frames a second, and the name of its pixel format."""

    width: int
    height: int
    fps: float
    pixel_format: str


@dataclass(frozen=True)
class CameraDevice:
    """A camera. `formats` is empty where the backend does not tell them."""

    id: str
    name: str
    formats: list[CameraFormat] = field(default_factory=list, hash=False)


class NewestPicture:
    """Holds the newest picture that a device gave, until somebody takes it; an older one is let go."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._content: tuple[Any, float] | None = None
        self._closed = False

    def put(self, raw: Any) -> None:
        """Keep a picture in the device's own form, with the time it came."""
        with self._changed:
            self._content = (raw, time.perf_counter())
            self._changed.notify()

    def take(self, timeout: float) -> tuple[Any, float] | None:
        """The newest picture and its time, or None where none comes within `timeout` seconds or `close` is called."""
        with self._changed:
            self._changed.wait_for(lambda: self._content is not None or self._closed, timeout)
            content, self._content = self._content, None
            return None if self._closed else content

    def close(self) -> None:
        """Wake the thread that waits for a picture."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class DeviceSource(ThreadedSource):
    """Takes the newest picture of a device, converts it in its own thread, and notices when none comes.

    A subclass puts what its device gives into the `NewestPicture` that `begin` gets, from any thread.
    """

    _slot: NewestPicture | None = None
    silence_seconds = SILENCE_SECONDS

    @abstractmethod
    def begin(self, run: SourceRun, slot: NewestPicture) -> None:
        """Start the device without waiting for it; what goes wrong is told to `run`."""

    @abstractmethod
    def _end(self) -> None:
        """Let the device go, waiting for it half a second at most; may be called again."""

    @abstractmethod
    def convert(self, raw: Any) -> np.ndarray:
        """A picture in the device's form as uint8 height x width x 3, RGB. Called in the source's thread."""

    def _prepare(self, run: SourceRun) -> None:
        self._slot = NewestPicture()
        self.begin(run, self._slot)

    def _wake(self) -> None:
        if self._slot is not None:
            self._slot.close()
        self._end()

    def _work(self, run: SourceRun) -> None:
        slot = self._slot
        assert slot is not None
        frames, silent, unreadable = 0, False, False
        while not run.stopping.is_set():
            content = slot.take(self.silence_seconds)
            if run.stopping.is_set():
                return
            if content is None:
                if not silent:
                    run.report(self._silence_text(frames))
                silent = True
                continue
            silent = False
            try:
                pixels = self.convert(content[0])
            except Exception:  # a picture lost is not a camera lost
                if not unreadable:
                    run.report(f"{self.name} gives pictures that cannot be read.")
                unreadable = True
                continue
            frames += 1
            run.hand_over(pixels, content[1])

    def _silence_text(self, frames: int) -> str:
        if frames == 0:
            return f"{self.name} has given no picture for {self.silence_seconds:g} seconds; it may still be starting."
        return f"{self.name} has given no picture for {self.silence_seconds:g} seconds."
