"""Sources that are played along a timeline: demo, pattern, clip, and a folder's slide show."""

import threading
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Callable

from zfdesk.sources.base import Transport
from zfdesk.sources.frame import SourceError
from zfdesk.sources.reference import SourceReference
from zfdesk.sources.threaded import SourceRun, ThreadedSource

MOST_LATE_SECONDS = 0.25
"""Later than this, the timeline is held back instead of dropping still more frames."""


class PacedSource(ThreadedSource):
    """Shows the frame that belongs to each moment of a timeline, at that moment.

    A subclass says what is on the timeline through the hooks `_show`, `_position_after`, `_open` and `_close`,
    which are called in the source's thread only, so that a decoder needs no lock. What a user asks for is put in
    a queue and done by that thread, between two frames.
    """

    _duration: float | None = None
    """Seconds from the beginning to the end, where the timeline has one that is known."""

    def __init__(self, reference: SourceReference, name: str, *, playing: bool, looping: bool) -> None:
        super().__init__(reference, name)
        self._asked = threading.Condition()
        self._requests: deque[Callable[[SourceRun], None]] = deque()
        self._playing = playing
        self._looping = looping
        self._sought: float | None = None  # the newest time asked for; older ones are not worth going to
        self._shown = 0.0  # seconds on the timeline of the frame that is shown
        self._clock = 0.0  # time.perf_counter() at which the timeline's zero was, or would have been
        self._due = 0.0  # seconds on the timeline at which the next frame is due

    @property
    def transport(self) -> Transport:
        """Where the source stands; may be asked for from any thread."""
        index, count = self._index_and_count()
        return Transport(self._playing, self._shown, self._duration, self._looping, index, count)

    def play(self) -> None:
        """Go on; from the beginning, if it stands at the end."""
        self._playing = True
        self._ask(self._resume)

    def pause(self) -> None:
        """Stay on the frame that is shown."""
        self._playing = False
        self._ask(lambda run: None)

    def step(self, count: int) -> None:
        """Pause, and go `count` frames on, or back where it is negative."""
        self._playing = False
        self._ask(lambda run: self._go_to(run, self._position_after(count)))

    def seek(self, seconds: float) -> None:
        """Show the frame that belongs to this time; the nearest end of the timeline, where it lies outside."""
        with self._asked:
            self._sought = seconds
        self._ask(self._go_to_sought)

    def set_looping(self, looping: bool) -> None:
        """Whether the end is followed by the beginning."""
        self._looping = looping
        self._ask(lambda run: None)

    # What a subclass says about its timeline.

    @abstractmethod
    def _show(self, run: SourceRun, position: float) -> float:
        """Hand over the frame for `position` seconds, set `_shown`, and answer when the next frame is due."""

    @abstractmethod
    def _position_after(self, count: int) -> float:
        """Where on the timeline the frame `count` frames after the shown one is; before it, where negative."""

    def _open(self, run: SourceRun) -> None:
        """Called first in the thread. May raise SourceError."""

    def _close(self) -> None:
        """Called last in the thread."""

    def _index_and_count(self) -> tuple[int | None, int | None]:
        """For the transport."""
        return None, None

    # The thread.

    def _work(self, run: SourceRun) -> None:
        self._open(run)
        try:
            self._go_to(run, self._shown)
            while not run.stopping.is_set():
                request = self._next_request(run)
                try:
                    if request is not None:
                        request(run)
                    elif self._playing and not run.stopping.is_set():
                        self._play_on(run)
                except SourceError as error:
                    self._playing = False
                    run.report(str(error))
        finally:
            self._close()

    def _next_request(self, run: SourceRun) -> Callable[[SourceRun], None] | None:
        """Wait for a request, or until the next frame is due, or for the end of the run."""
        with self._asked:
            while not self._requests and not run.stopping.is_set():
                wait = self._clock + self._due - time.perf_counter() if self._playing else None
                if wait is not None and wait <= 0:
                    break
                self._asked.wait(wait)
            return self._requests.popleft() if self._requests else None

    def _play_on(self, run: SourceRun) -> None:
        """Show the frame that is due now, leaving out those that are past."""
        position = max(self._due, time.perf_counter() - self._clock)
        end = self._duration
        if end is not None and position >= end:
            if not self._looping:
                self._playing = False
                return
            # The beginning follows the end exactly, unless that moment is long gone.
            self._clock = max(self._clock + end, time.perf_counter() - MOST_LATE_SECONDS)
            position = 0.0
        self._due = self._show(run, position)
        if self._shown <= position < self._due:
            self._clock = max(self._clock, time.perf_counter() - self._due - MOST_LATE_SECONDS)
        else:  # something else was shown than was asked for, as when a picture cannot be read
            self._clock = time.perf_counter() - self._shown

    def _go_to(self, run: SourceRun, position: float) -> None:
        """Show the frame at a position, and let the timeline go on from there."""
        if self._duration is not None:
            position = min(position, self._duration)
        self._due = self._show(run, max(position, 0.0))
        self._clock = time.perf_counter() - self._shown

    def _go_to_sought(self, run: SourceRun) -> None:
        with self._asked:
            sought, self._sought = self._sought, None
        if sought is not None:
            self._go_to(run, sought)

    def _resume(self, run: SourceRun) -> None:
        at_end = self._duration is not None and self._due >= self._duration
        if at_end and not self._looping:
            self._go_to(run, 0.0)
        else:
            self._clock = time.perf_counter() - self._shown

    def _ask(self, request: Callable[[SourceRun], None]) -> None:
        with self._asked:
            self._requests.append(request)
            self._asked.notify()

    def _wake(self) -> None:
        with self._asked:
            self._asked.notify_all()
