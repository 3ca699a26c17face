"""The path of the dragged occluder: recorded while the hand moves it, and given back by the clock or step by step."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum, auto

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from zfdesk.desk.state import AppState
from zfdesk.live import View
from zfdesk.live.replay import MOST_MOMENTS, Recorder, Replay, state_of
from zfdesk.progress import counted
from zfdesk.sources import Frame

STILL = ("picture", "pasted")  # kinds of source whose frame does not change by itself


class Doing(Enum):
    """What the player does at the moment."""

    NOTHING = auto()
    RECORDING = auto()
    REPLAYING = auto()  # by the clock: what the network is too slow for is left out, as while it was dragged
    STEPPING = auto()  # the next position only when the last is computed: nothing is left out


class PathPlayer(QObject):
    """Records and replays. A replay is a list of (time, View): each moment goes through `AppState.change`, so that a
    whole replay is one step of undo. ``clock``: seconds."""

    changed = Signal()  # what it is doing, or the path
    began = Signal()  # a recording, or a pass of a replay

    def __init__(
        self, desk: AppState, parent: QObject | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self.desk, self.clock = desk, clock
        self.replay: Replay | None = None
        self.doing = Doing.NOTHING
        self.index = 0  # of the moment shown last
        self._recorder: Recorder | None = None
        self._started = 0.0
        self._passes = 0
        self._applying = False
        self._frame: Frame | None = None
        self._timer = QTimer(self, singleShot=True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.follow_clock)
        desk.view_changed.connect(self._on_view_changed)
        desk.result_ready.connect(self._on_result)
        desk.model_changed.connect(self._on_model_changed)
        desk.message.connect(self._on_message)

    # How it stands

    @property
    def replaying(self) -> bool:
        """By the clock or step by step."""
        return self.doing in (Doing.REPLAYING, Doing.STEPPING)

    @property
    def seconds(self) -> float:
        """Since the recording or this pass of the replay began; of a replay step by step, the moment's own time."""
        if self.doing is Doing.STEPPING and self.replay:
            return self.replay.moments[self.index].time
        return max(self.clock() - self._started, 0.0)

    @property
    def recorded(self) -> int:
        """Return the number of positions recorded so far."""
        return len(self._recorder) if self._recorder else 0

    def moment_time(self) -> float | None:
        """The time that the present position has in the path, where that counts and not the clock."""
        return self.seconds if self.doing is Doing.STEPPING else None

    # Recording

    def record(self) -> None:
        """Begin to record; what was recorded before stays until something moved."""
        self.stop()
        self._started = self.clock()
        self._recorder = Recorder(self._started, self.desk.view, size=self.desk.model.architecture.size)
        self._set_doing(Doing.RECORDING)
        self.began.emit()
        if not self.desk.view.occluders:
            self.desk.message.emit("Recording: press X for an occluder and drag it.", False)

    def stop(self, sentence: str = "") -> None:
        """End a recording or a replay; without either nothing happens."""
        was, self.doing = self.doing, Doing.NOTHING
        self._timer.stop()
        if was is Doing.RECORDING and self._recorder is not None:
            path, self._recorder = self._recorder.replay(), None
            if path.changes:
                self.replay, self.index = path, 0
                positions = counted(len(path.moments), "position")
                text = f"Recorded: {positions} in {path.duration:.1f} s. Replay shows them again."
            else:
                text = "No occluder was moved: nothing was recorded."
                text += " The path from before is still there." if self.replay else ""
            self.desk.message.emit(text, False)
        elif was is not Doing.NOTHING and sentence:
            self.desk.message.emit(sentence, False)
        if was is not Doing.NOTHING:
            self.changed.emit()

    def set_path(self, replay: Replay) -> None:
        """Another path, read from a file."""
        self.stop()
        self.replay, self.index = replay, 0
        self.changed.emit()

    # Replaying

    def play(self, exactly: bool = False) -> None:
        """Replay the path: by its clock, or ``exactly``, each position computed before the next is taken."""
        self.stop()
        if self.replay is None:
            self.desk.message.emit("There is no path to replay: record one first, or open one.", True)
            return
        size = self.desk.model.architecture.size
        if self.replay.size != size:
            text = f"The path is of {self.replay.size} × {self.replay.size} pixels; here there are {size} × {size}."
            self.desk.message.emit(f"{text} Its positions are taken as they are.", False)
        self._passes += 1
        if exactly and not self.desk.view.frozen and self.desk.view.source.kind not in STILL:
            self._change(self.desk.view.change(frozen=True))
            text = "The frame is frozen, so that every position is computed on the same picture."
            self.desk.message.emit(text, False)
        self._set_doing(Doing.STEPPING if exactly else Doing.REPLAYING)
        self._begin_pass()

    def _set_doing(self, doing: Doing) -> None:
        self.doing = doing
        self.changed.emit()

    def _begin_pass(self) -> None:
        if not self.replaying or self.replay is None:
            return
        self._started, self._frame = self.clock(), None
        self.index = 0
        before = self.desk.view
        self._apply(0)
        self.began.emit()
        if self.doing is Doing.REPLAYING:
            self.follow_clock()
        elif self.desk.view == before:
            self._on_result()  # computed already, as it seems

    def follow_clock(self) -> None:
        """Show what is due by now, every position in turn, and wait for the next."""
        if self.doing is not Doing.REPLAYING or self.replay is None:
            return
        due = self.replay.reached(self.seconds)
        while self.index + 1 < due and self.doing is Doing.REPLAYING:
            self._apply(self.index + 1)
        if self.doing is not Doing.REPLAYING:
            return
        if self.index + 1 >= len(self.replay.moments):
            self._end_pass()
        else:
            wait = self.replay.moments[self.index + 1].time - self.seconds
            self._timer.start(max(int(wait * 1e3), 1))

    def _step_on(self) -> None:
        """The next position that differs; what is the same as the last needs no computing."""
        assert self.replay is not None
        while self.doing is Doing.STEPPING:
            if self.index + 1 >= len(self.replay.moments):
                self._end_pass()
                return
            before = self.desk.view
            self._apply(self.index + 1)
            if self.desk.view != before:
                return

    def _end_pass(self) -> None:
        assert self.replay is not None
        if self.desk.view.replay_loop and self.replay.changes:
            doing = self.doing
            # not at once: whatever else waits comes first
            QTimer.singleShot(0, self, lambda: self._begin_pass() if self.doing is doing else None)
        else:
            self.stop()

    def _apply(self, index: int) -> None:
        assert self.replay is not None
        self.index = index
        self._change(self.replay.apply(index, self.desk.view))

    def _change(self, view: View) -> None:
        self._applying = True
        try:
            self.desk.change(view, f"drag replay {self._passes}")  # a drag: one step of undo however long it takes
        finally:
            self._applying = False

    # What happens meanwhile

    def _on_view_changed(self) -> None:
        if self._applying:
            return
        view = self.desk.view
        if self.doing is Doing.RECORDING and self._recorder is not None:
            if not self._recorder.note(view, self.clock()):
                self.desk.message.emit(f"The recording ends here: it has {MOST_MOMENTS} positions.", False)
                self.stop()
        elif self.replaying and self.replay is not None:
            if state_of(view, self.replay.fields) != self.replay.state(self.index):
                self.stop("The replay was stopped: the occluder was moved.")
            elif self.doing is Doing.STEPPING and not view.frozen and view.source.kind not in STILL:
                self.stop("The replay was stopped: the picture moves again.")

    def _is_computed(self) -> bool:
        """Whether the newest result is complete and of what is shown now."""
        desk, result = self.desk, self.desk.result
        return bool(result and result.complete and result.request.view == desk.view and not desk.wants_clean)

    def _on_result(self) -> None:
        if self.doing is not Doing.STEPPING or not self._is_computed() or self.desk.frame is None:
            return
        if self._frame is not None and self.desk.frame is not self._frame:
            self.stop("The replay was stopped: the picture is another.")
            return
        self._frame = self.desk.frame
        self._step_on()

    def _on_model_changed(self) -> None:
        self.stop("Another network: the replay was stopped.")

    def _on_message(self, sentence: str, error: bool) -> None:
        if error and self.doing is Doing.STEPPING:  # its result may never come
            self.stop()
