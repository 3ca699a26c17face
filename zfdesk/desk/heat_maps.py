"""Where a class or a unit looks, for whatever shows it: found off the window's thread, on the newest frame alone.

Several panes ask, each by a `HeatStream`; one map is found at a time, and nothing queues: when one is there, the next
is of whatever is shown then. While frames are coming, a rest follows that leaves the machine to the live view.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from zfdesk.attribution.cam import CamHead
from zfdesk.desk.state import AppState
from zfdesk.desk.tasks import Progress, Task, error_text
from zfdesk.live import HeatFound, HeatInput, HeatQuery, HeatTarget, View
from zfdesk.live.heat import HeatFinder
from zfdesk.sources import Frame

MOVING_SECONDS = 1.0  # frames nearer in time than this are a moving picture
REST = 3.0
"""Of the processor's time that a map took, a rest after it while frames are coming: a quarter of a core at most."""
OVERLAY, SIDE_BY_SIDE = "overlay", "side by side"


class HeatStream(QObject):
    """The maps that one pane shows: renewed whenever the picture or what is asked of it is another.

    ``query``: what is asked of a view, None for nothing at the moment. ``input``: of which picture, the newest by
    default. ``found``: what came last, perhaps of an older frame: see `stale`.
    """

    changed = Signal()

    def __init__(
        self, heats: HeatMaps, query: Callable[[View], HeatQuery | None], input: Callable[[], HeatInput | None]
    ) -> None:
        super().__init__(heats)
        self.found: HeatFound | None = None
        self.input = input
        self._heats, self._query = heats, query
        self._watched = False

    def watch(self, watched: bool) -> None:
        """Whether anyone looks: else it rests."""
        if watched != self._watched:
            self._watched = watched
            self._heats.go_on()

    @property
    def query(self) -> HeatQuery | None:
        """Return the query of the present view; None for none."""
        return self._query(self._heats.state.view)

    def wanted(self) -> tuple[HeatQuery, HeatInput] | None:
        """What is to be found, if anything is and it is not there yet."""
        query = self.query if self._watched else None
        input = self.input() if query is not None else None
        if query is None or input is None or (self.found is not None and self.found.answers(query, input)):
            return None
        return query, input

    def stale(self) -> str:
        """Of what the maps are, where that is no longer what is shown; else ""."""
        found, input, query = self.found, self.input(), self.query
        if found is None or input is None:
            return ""
        if found.input.model is not input.model:
            return f"of the network before, {found.input.model.name or found.input.model.architecture.name}"
        if not found.input.same(input):
            crop = ", another crop" if (found.input.number, found.input.origin) == (input.number, input.origin) else ""
            covered = found.input.occluders != input.occluders
            return found.frame_text() + (", covered otherwise" if covered else crop)
        return "being renewed" if query is not None and query != found.query else ""


class HeatMaps(QObject):
    """Lives in the window's thread. ``head_changed``: CAM has another head, or none. ``box_asked``: the user is to draw
    the box of the pointing game on the picture. ``came``: a map was found."""

    came = Signal()
    head_changed = Signal()
    box_asked = Signal()

    def __init__(self, state: AppState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self.head: CamHead | None = None
        self.streams: dict[str, HeatStream] = {}
        self._finder = HeatFinder()
        self._task: Task | None = None
        self._rest_until = 0.0
        self._frame: tuple[Frame | None, float] = None, float("-inf")
        self._moving = False
        self._clock = QTimer(self, singleShot=True)
        self._clock.timeout.connect(self.go_on)
        state.result_ready.connect(self._on_result)
        state.view_changed.connect(self.go_on)
        state.model_changed.connect(self._other_network)

    def open(
        self, name: str, query: Callable[[View], HeatQuery | None], input: Callable[[], HeatInput | None] | None = None
    ) -> HeatStream:
        """A stream of that name. ``query``: see `HeatStream`."""
        if name in self.streams:
            raise ValueError(f"There is a stream called {name} already.")
        self.streams[name] = HeatStream(self, query, input or self.newest)
        return self.streams[name]

    def asks(self, view: View, methods: tuple[str, ...], target: HeatTarget | None = None) -> HeatQuery:
        """The query of a view, see `HeatQuery.of`."""
        return HeatQuery.of(view, methods, self.head, target)

    def newest(self) -> HeatInput | None:
        """The picture that is shown, as the network sees it."""
        result = self.state.result
        return HeatInput.of(result) if result is not None and result.request.model is self.state.model else None

    @property
    def behind(self) -> bool:
        """Whether a map that somebody looks at is not yet of what is shown."""
        return self._task is not None or any(stream.wanted() is not None for stream in self.streams.values())

    def use_head(self, head: CamHead | None) -> None:
        """CAM is read with this head from now on."""
        if head is not self.head:
            self.head = head
            self.head_changed.emit()
            self.go_on()

    def ask_box(self) -> None:
        """Draw the box of the pointing game with the next drag over the picture, or do not after all."""
        self.box_asked.emit()

    # One after the other

    def go_on(self) -> None:
        """Find the next map, where one is wanted and its time has come."""
        if self._task is not None or self.state.closing:
            return
        for name, stream in self.streams.items():
            if (wanted := stream.wanted()) is None:
                continue
            wait = self._rest_until - time.monotonic()
            if self._moving and wait > 0:
                self._clock.start(int(wait * 1000) + 1)
                return
            self.streams[name] = self.streams.pop(name)  # the others come first next time
            self._find(stream, *wanted)
            return

    def _find(self, stream: HeatStream, query: HeatQuery, input: HeatInput) -> None:
        progress = Progress(shown=False)
        work = partial(self._finder.find, query, input, progress.check)

        def done(found: HeatFound | None, error: Exception | None) -> None:
            self._task = None
            self._rest_until = time.monotonic() + REST * (found.seconds if found is not None else 0)
            sentence = "" if error is None else error_text(error, "Where this looks could not be found", "for that")
            stream.found = found or HeatFound(query, input, {}, dict.fromkeys(query.methods, sentence))
            stream.changed.emit()
            self.go_on()
            self.came.emit()

        self._task = self.state.tasks.run("heat", work, done, owner=self, progress=progress, threads=1)

    def _on_result(self) -> None:
        frame, now = self.state.frame, time.monotonic()
        if frame is not self._frame[0]:
            self._moving = now - self._frame[1] < MOVING_SECONDS
            self._frame = frame, now
        elif now - self._frame[1] > MOVING_SECONDS:
            self._moving = False
        self.go_on()

    def _other_network(self) -> None:
        self._finder = HeatFinder()  # a task under way keeps its own
        self.use_head(None)


__all__ = ["OVERLAY", "SIDE_BY_SIDE", "HeatMaps", "HeatStream"]
