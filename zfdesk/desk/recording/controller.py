"""Films of what is on screen, while it is on screen: live, or frame by frame of a source that waits.

Live, a frame is taken when a result has been drawn, at most as often as was asked for, with the time at which it was
seen; what was due, and the network or the encoder was too slow for, is dropped and counted. Frame by frame, the source
is stepped, and the next frame comes when this one is computed, drawn and taken. Either way a frame and all that is
beside it in the picture belong to one request.

What it costs for each recorded frame, in milliseconds of one core (medians of `time.thread_time` over 12 frames, busy
machine, where a frame of the live window takes 171 in all): a pane 2 to 4 in the window's thread and 2 in the film's;
the whole window at 1440 × 900 23 and 13, as WebP 22 and 77; a figure of four panels nothing and 166, at most half of
the time. Frames shown a second while recording over those before and after, in one run on two cores that were shared
by fifteen other programs: the window 0.7, a pane 1.0, a figure 0.9.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Panes
from zfdesk.desk.heat_maps import HeatMaps
from zfdesk.desk.path_player import Doing, PathPlayer
from zfdesk.desk.recording.grabbers import FIGURE, WINDOW, FigureShots, Shots, WidgetShots
from zfdesk.desk.recording.indicator import RecordingMark
from zfdesk.desk.recording.stepping import SourceSteps
from zfdesk.desk.widgets.text import clock
from zfdesk.film import FilmError, FilmFrame, FilmWriter, Quality, Titles
from zfdesk.film.writer import FilmStatus
from zfdesk.live import Demand, Result
from zfdesk.live.replay import Recorder, to_json
from zfdesk.live.stepping import FilmStep, Span
from zfdesk.pages.film_page import film_facts, film_texts, frame_facts
from zfdesk.progress import bytes_text, counted

TICK_MS = 100  # how often the mark is renewed and the limits are looked at
RETRY_MS = 5  # frame by frame: how often the encoder is asked whether it has room
EARLY = 0.25  # of a frame's time: a result that comes so early is not for the next frame


@dataclass(frozen=True)
class RecordingPlan:
    """What to record, and how. subject: "window", "figure", or a pane's title. parts, width: of the figure; scale: of
    what is on screen. live: else frame by frame. replay: lead the occluders along the recorded path. from_start: of a
    source that is stepped. seconds, frames: at most, None without end."""

    path: Path
    subject: str = WINDOW
    parts: tuple[str, ...] = ("picture", "map", "reconstruction", "bars")
    width: int = 960
    scale: float = 1.0
    rate: float = 25.0
    quality: Quality = Quality.GOOD
    live: bool = True
    replay: bool = False
    from_start: bool = True
    seconds: float | None = None
    frames: int | None = None


class Films(QObject):
    """Belongs to the window; records one film at a time. ``clock``: seconds."""

    changed = Signal()  # a recording began or is over
    ended = Signal(object)  # FilmStatus

    def __init__(self, context: AppContext, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(context)
        self.context, self.desk, self.clock = context, context.state, clock
        self.player = context.get(PathPlayer)
        self.plan: RecordingPlan | None = None
        self.mark = RecordingMark(context)
        self.mark.clicked.connect(lambda: self.stop())
        self.film: FilmWriter | None = None
        self._shots: Shots | None = None
        self._steps: SourceSteps | None = None
        self._path: Recorder | None = None
        self._last: Result | None = None  # that was due
        self._last_time = 0.0
        self._early = 0  # results since then that came before the next one was due
        self._started: float | None = None  # by the clock, when the first frame was seen
        self._due = 0.0
        self._recorded = 0
        self._stopping = False
        self._why = ""
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._on_tick)
        self._retry = QTimer(self, singleShot=True, interval=RETRY_MS)
        self._retry.timeout.connect(self._on_step)
        self.desk.result_ready.connect(self._on_result)
        context.redrawn.connect(self._on_result)
        self.desk.view_changed.connect(self._on_view_changed)
        self.desk.model_changed.connect(self._on_model_changed)
        self.desk.source_changed.connect(self._on_source_changed)
        context.closing.connect(self.close)

    # How it stands

    @property
    def recording(self) -> bool:
        """Whether frames are being taken."""
        return self.film is not None and not self._stopping

    @property
    def finishing(self) -> bool:
        """Whether the last frames are still being written."""
        return self.film is not None and self._stopping

    @property
    def status(self) -> FilmStatus:
        """How the film stands."""
        return self.film.status if self.film else FilmStatus()

    @property
    def seconds(self) -> float:
        """Length of the film so far."""
        if self.plan is None or self._started is None:
            return 0.0
        return self.clock() - self._started if self.plan.live else self.status.seconds

    def demand(self, demand: Demand) -> Demand:
        """What must be computed besides what the panes show."""
        return self._shots.demand(demand) if self._shots and self.recording else demand

    # Begin and end

    def start(self, plan: RecordingPlan) -> None:
        """Begin to record. FilmError, with a sentence, where that cannot be; then nothing has changed."""
        if self.film is not None:
            raise FilmError("A film is being recorded: stop it first.")
        result, replay = self.desk.complete or self.desk.result, self.player.replay
        if result is None:
            raise FilmError("There is nothing to record yet: try again in a moment.")
        if plan.replay and replay is None:
            raise FilmError("There is no path to replay: record one first, or open one.")
        steps = None
        if not plan.live:
            span = Span(0, None, plan.seconds, plan.rate if self._free_rate else None)
            heats = self.context.get(HeatMaps)
            steps = SourceSteps(self.desk, span, replay if plan.replay else None, plan.from_start, self, heats)
        title, comment = film_texts(result)
        facts = {**film_facts(result), "recorded": plan.subject, "frames_a_second": plan.rate}
        if plan.subject == FIGURE:
            facts["parts"] = list(plan.parts)
        try:
            self.film = FilmWriter(plan.path, Titles(title, comment, facts), plan.rate, plan.quality, plan.live)
        except FilmError:
            if steps:
                steps.deleteLater()
            raise
        self.plan, self._steps, self._stopping, self._why = plan, steps, False, ""
        self._shots = self._make_shots(plan)
        self._started, self._recorded, self._due, self._path = None, 0, 0.0, None
        self._last, self._last_time, self._early = None, 0.0, 0
        self.context.demand_changed.emit()
        self._timer.start()
        self.changed.emit()
        if steps is not None:
            self.player.stop()
            steps.arrived.connect(self._on_step)
            steps.ended.connect(self.stop)
            steps.begin()
        elif plan.replay:
            self.player.play()

    @property
    def _free_rate(self) -> bool:
        """Whether a stepped source's frames are as far apart as one likes."""
        return self.desk.view.source.kind == "folder" and not self.desk.view.frozen

    def _make_shots(self, plan: RecordingPlan) -> Shots:
        if plan.subject == FIGURE:
            return FigureShots(plan.parts, plan.width)
        if plan.subject == WINDOW:
            return WidgetShots(self.context, self.context.window, self.mark, plan.scale)
        pane = self.context.get(Panes).show(plan.subject)
        return WidgetShots(self.context, pane, self.mark, plan.scale)

    def stop(self, why: str = "") -> None:
        """No more frames; what there is becomes a film. ``why``: a sentence, where nobody asked for it."""
        if not self.recording or self.film is None or self.plan is None:
            return
        self._stopping, self._why = True, why
        end = self.clock() - self._started if self.plan.live and self._started is not None else None
        if self._path is not None and (path := self._path.replay()).changes:
            self.film.drag_path = to_json(path)
        self.film.finish(end)
        if self._steps is not None:
            self._steps.end()
            self._steps.deleteLater()
            self._steps = None
        elif self.plan.replay and self.player.doing is Doing.REPLAYING:
            self.player.stop()
        self._shots = None
        self.context.demand_changed.emit()
        self.changed.emit()

    def close(self) -> None:
        """The window goes: the film is brought to its end in its own thread, which the program waits for."""
        self.stop()
        if self.film is not None:
            self.film.finish_at_once()
        self._timer.stop()
        self._retry.stop()

    # Frames

    def _on_result(self) -> None:
        """Live: take what was just drawn, if a frame is due; also what a pane makes without a new result."""
        plan, film, result = self.plan, self.film, self.desk.result
        if not self.recording or plan is None or not plan.live or film is None or result is None:
            return
        if not result.complete or result.request.demand != self.desk.demand:
            return
        now = self.clock()
        if self._started is None:
            self._begin_path(now)
        assert self._started is not None
        seconds, every = now - self._started, 1 / film.rate
        if seconds < self._due - EARLY * every:
            self._early += 1
            return
        # an even step from the last one, but never in a hurry to make up for a pause
        self._due = max(self._due + every, seconds + every * (1 - EARLY)) if self._recorded else every
        self._offer_frame(film, result, seconds)

    def _offer_frame(self, film: FilmWriter, result: Result, seconds: float) -> None:
        assert self._shots is not None
        film.drop(self._missed(film, result, seconds))
        self._last, self._last_time, self._early = result, seconds, 0
        if film.queue_full:
            film.drop()
            return
        self._recorded += film.offer(FilmFrame(self._shots.take(result, seconds), seconds, frame_facts(result)))
        if self.plan and self.plan.frames is not None and self._recorded >= self.plan.frames:
            self.stop()

    def _missed(self, film: FilmWriter, result: Result, seconds: float) -> int:
        """How many frames were due since the last one, and came from the source, but were not computed in time."""
        if self._last is None or self._last.request.frame.source != result.request.frame.source:
            return 0
        due = int((seconds - self._last_time) * film.rate + EARLY) - 1
        came = result.request.frame.number - self._last.request.frame.number - 1 - self._early
        return max(min(due, came), 0)

    def _path_is_over(self, plan: RecordingPlan, film: FilmWriter) -> bool:
        """Live: whether the replayed path has come to its end, and its last position is in the film."""
        if not plan.replay or self.player.doing is Doing.REPLAYING or self._started is None:
            return False
        result = self.desk.result
        if result is None or not result.complete or result.request.view != self.desk.view:
            return False
        if result is not self._last and result.request.demand == self.desk.demand:  # it came too early to be due
            self._offer_frame(film, result, self.clock() - self._started)
        return True

    def _begin_path(self, now: float) -> None:
        self._started = now
        self._path = Recorder(now, self.desk.view, size=self.desk.model.architecture.size)

    def _on_step(self) -> None:
        """Frame by frame: take what was just drawn as soon as there is room, and go on."""
        steps, film, plan = self._steps, self.film, self.plan
        if not self.recording or steps is None or film is None or plan is None or self._shots is None:
            return
        if film.status.over:
            return  # the clock will see it
        step, result = steps.step, self.desk.result
        if step is None or result is None:
            return
        if film.queue_full:
            self._retry.start()
            return
        self._note_step(step, result)
        if not film.put(FilmFrame(self._shots.take(result, step.time), step.time, frame_facts(result))):
            return
        self._recorded += 1
        if plan.frames is not None and self._recorded >= plan.frames:
            self.stop()
        else:
            steps.go_on()

    def _note_step(self, step: FilmStep, result: Result) -> None:
        if self._path is None:
            self._started = 0.0
            self._path = Recorder(0.0, result.request.view, size=self.desk.model.architecture.size)
        self._path.note(result.request.view, step.time)

    # What happens meanwhile

    def _on_view_changed(self) -> None:
        if self.recording and self.plan and self.plan.live and self._path is not None:
            self._path.note(self.desk.view, self.clock())

    def _on_model_changed(self) -> None:
        self.stop("Another network: the recording ended there.")

    def _on_source_changed(self) -> None:
        if self._steps is not None and not self._steps.own_doing:
            self.stop("Another source: the recording ended there.")

    def _show_mark(self) -> None:
        if self.film is None or self.plan is None:
            self.mark.show_state("")
            return
        status = self.status
        text = f"● {clock(self.seconds)} · {counted(status.frames, 'frame')}"
        text += f" · {status.dropped} dropped" if self.plan.live else ""
        text += f" · {bytes_text(status.bytes, 1)}"
        text += " · writing the end…" if self.finishing else "   ■ Stop"
        tool_tip = f"Recording {self.plan.path.name}; a click stops it and keeps it"
        self.mark.show_state(text, tool_tip, enabled=not self.finishing)

    def _on_tick(self) -> None:
        film, plan = self.film, self.plan
        if film is None or plan is None:
            return
        if self.recording:
            long = plan.seconds is not None and self._started is not None and self.seconds >= plan.seconds
            if film.status.over or (plan.live and (long or self._path_is_over(plan, film))):
                self.stop()
        self._show_mark()
        if self._stopping and film.status.over:
            self._timer.stop()
            film.wait()
            status, self.film = film.status, None
            self._show_mark()
            self.changed.emit()
            text = " ".join(sentence for sentence in (self._why, status.sentence) if sentence)
            self.desk.message.emit(text, status.error)
            self.ended.emit(status)


__all__ = ["FIGURE", "WINDOW", "Films", "RecordingPlan"]
