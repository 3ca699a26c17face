"""Sources that hand over frames from a thread of their own."""

import threading
from abc import abstractmethod

import numpy as np

from zfdesk.sources.base import Deliver, OnError, Source
from zfdesk.sources.frame import SourceError

JOIN_SECONDS = 0.5
"""How long `stop` waits for a thread; a hung one is abandoned (it is a daemon, and can no longer deliver)."""


class SourceRun:
    """From one `start` to the next `stop`. Frames and errors of a run that is over go nowhere."""

    def __init__(self, source: "ThreadedSource", deliver: Deliver, on_error: OnError) -> None:
        self.stopping = threading.Event()
        self._source = source
        self._deliver = deliver
        self._on_error = on_error

    def hand_over(self, pixels: np.ndarray, captured: float | None = None, file: str = "") -> None:
        """Deliver a picture (uint8 height x width x 3); `captured` is when a live source took it, `file` its name in a
        folder."""
        if not self.stopping.is_set():
            self._deliver(self._source._next_frame(pixels, captured, file))

    def report(self, sentence: str) -> None:
        """Report an error, in one sentence."""
        if not self.stopping.is_set():
            self._on_error(sentence)


class ThreadedSource(Source):
    """A source with one named daemon thread, which runs `_work` until that returns or the run is stopping."""

    _run: SourceRun | None = None
    _thread: threading.Thread | None = None

    def start(self, deliver: Deliver, on_error: OnError) -> None:
        """Begin to hand over frames from a new thread; returns at once."""
        self.stop()
        if self._thread is not None:
            on_error(f"{self.name} does not answer, so it cannot be started again yet.")
            return
        self._run = SourceRun(self, deliver, on_error)
        self._prepare(self._run)
        self._thread = threading.Thread(
            target=self._guarded_work, args=(self._run,), name=f"zfdesk source: {self.name}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread; back within a second."""
        if self._run is None or self._thread is None:
            return
        self._run.stopping.set()
        self._wake()
        if self._thread is not threading.current_thread():
            self._thread.join(JOIN_SECONDS)
        if not self._thread.is_alive():  # a hung one may still use what the source holds: it is remembered
            self._thread = None

    @abstractmethod
    def _work(self, run: SourceRun) -> None:
        """Hand over frames until `run.stopping`; what is raised is passed to ``on_error`` and ends the thread."""

    def _prepare(self, run: SourceRun) -> None:
        """Called by `start` before the thread begins, in the thread that calls it; must not block or raise."""

    def _wake(self) -> None:
        """Called by `stop`, for a subclass that waits for more than `run.stopping`."""

    def _guarded_work(self, run: SourceRun) -> None:
        try:
            self._work(run)
        except SourceError as error:
            run.report(str(error))
        except Exception as error:  # the desk goes on with what it showed, and can say why nothing new comes
            run.report(f"{self.name} has stopped because of an error in the program: {type(error).__name__}: {error}.")
