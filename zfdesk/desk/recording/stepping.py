"""The desk's source taken step by step: the next frame comes when it is asked for, nothing in between."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from zfdesk.desk.heat_maps import HeatMaps
from zfdesk.desk.path_player import STILL
from zfdesk.desk.tasks import Task, error_text
from zfdesk.film import FilmError
from zfdesk.live.replay import Replay
from zfdesk.live.stepping import FilmStep, Span, steps
from zfdesk.sources import Frame, KeptSource, SourceError
from zfdesk.sources.stepped import Stepped, one_picture, step_through

if TYPE_CHECKING:
    from zfdesk.desk.state import AppState

_NUMBERS = itertools.count(1)


class SourceSteps(QObject):
    """Steps through what the desk shows: its clip, folder, demo or pattern, or one picture under a moving occluder.

    The source stands still meanwhile and goes on afterwards where it was. Raises FilmError, with a sentence, for what
    cannot be taken step by step.
    """

    arrived = Signal()  # the step is computed and drawn
    ended = Signal(str)  # after the last one, with a sentence where that was not its end

    def __init__(
        self, desk: AppState, span: Span, replay: Replay | None, from_start: bool, parent: QObject,
        heats: HeatMaps | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.desk = desk
        self._heats = heats  # what it finds belongs to the step as well
        self.step: FilmStep | None = None
        self.own_doing = False
        self._replay = replay
        self._kind = f"drag film {next(_NUMBERS)}"
        source, first = self._look_at(from_start)
        if source.endless and replay is None and span.seconds is None:
            raise FilmError(f"The {source.name} has no end: say how many seconds of it.")
        if source.still and replay is None:
            raise FilmError(
                "One picture makes no film frame by frame: replay a drag path over it, or record live what you do."
            )
        self._still = source.still
        self._span = Span(first, None, span.seconds, span.rate)
        self._stepped = source
        self._paused = desk.source if not self._still else None
        self._frame: Frame | None = None
        self._steps: Iterator[FilmStep] | None = None
        self._errors: list[str] = []  # of pictures that were passed over
        self._decoding: Task | None = None
        self._decoded: list[FilmStep | None] = []  # the next step, ahead of need; None after the last
        self._wanted = False  # whether it is waited for
        self._announced = False  # whether the step that is shown has been told of

    def _look_at(self, from_start: bool) -> tuple[Stepped, int]:
        desk = self.desk
        view, frame = desk.view, desk.frame
        assert frame is not None
        if view.frozen or view.source.kind in STILL or isinstance(desk.source, KeptSource):
            return one_picture(frame.origin, frame.pixels, frame.number), 0
        try:
            source = step_through(view.source)
        except SourceError as error:
            raise FilmError(str(error)) from error
        first = 0
        if not from_start and desk.source and desk.source.transport:
            first = self._present(source)
        return source, first

    def _present(self, source: Stepped) -> int:
        """The number of the frame that is shown."""
        state = self.desk.source.transport if self.desk.source else None
        if state is None:
            return 0
        if source.endless:
            from zfdesk.sources.pattern import FRAMES_PER_SECOND

            return round(state.position * FRAMES_PER_SECOND)
        if state.index is None:
            raise FilmError("Where in this clip it stands is not known to the frame: record it from its beginning.")
        return state.index

    def begin(self) -> None:
        """Halt the source and take the first step."""
        if self._paused is not None:
            self._paused.stop()
        self._steps = steps(self._stepped, self._span, self._replay, self._errors.append)
        self.desk.result_ready.connect(self._on_result)
        self.desk.view_changed.connect(self._on_view_changed)
        self.desk.message.connect(self._on_message)
        if self._heats is not None:
            self._heats.came.connect(self._on_result)
        self._decode()
        self.go_on()

    def end(self) -> None:
        """Let the source go on where it was."""
        if self._decoding is not None:
            self._decoding.abandon()
        if self._steps is not None:
            self._steps = None
            self.desk.result_ready.disconnect(self._on_result)
            self.desk.view_changed.disconnect(self._on_view_changed)
            self.desk.message.disconnect(self._on_message)
            if self._heats is not None:
                self._heats.came.disconnect(self._on_result)
        paused, self._paused = self._paused, None
        if paused is not None and paused is self.desk.source and not self.desk.closing:
            paused.start(self.desk.worker.feed, self.desk._on_error_of(paused))

    def _decode(self) -> None:
        """The next step, while this one is computed."""
        work = partial(next, self._steps, None)
        self._decoding = self.desk.tasks.run("film step", work, self._on_decoded, owner=self)

    def _on_decoded(self, step: FilmStep | None, error: Exception | None) -> None:
        if error is not None:
            self._errors.append(error_text(error, f"{self._stepped.name} cannot be read on"))
        self._decoded.append(step)
        if self._wanted:
            self.go_on()

    def go_on(self) -> None:
        """Show the next step, as soon as it is decoded."""
        self._wanted = not self._decoded
        if self._wanted or self._steps is None:
            return
        self._report_errors()
        step = self._decoded.pop()
        if step is None:
            self.ended.emit("")
            return
        self._decode()
        self.step, self._announced = step, False
        desk = self.desk
        if self._still:
            self._frame = desk.frame
        else:
            name, picture = desk.source.name if desk.source else self._stepped.name, step.picture
            self._frame = Frame(picture.pixels, picture.number, time.perf_counter(), name, file=picture.file)
            desk.worker.feed(self._frame)
        if self._replay is not None and step.moment >= 0:
            self.own_doing = True
            try:
                desk.change(self._replay.apply(step.moment, desk.view), self._kind)
            finally:
                self.own_doing = False
        self._on_result()  # a picture that looks the same as before may be there already

    def _report_errors(self) -> None:
        self.own_doing = True  # a picture that is passed over is no reason to end
        try:
            while self._errors:
                self.desk.message.emit(self._errors.pop(0), True)
        finally:
            self.own_doing = False

    def _on_message(self, sentence: str, error: bool) -> None:
        if error and not self.own_doing:  # the result may never come
            self.ended.emit(f"{sentence} The recording ended there.")

    def _on_result(self) -> None:
        desk, result = self.desk, self.desk.result
        if self._announced or self._frame is None or result is None or desk.wants_clean:
            return
        request = result.request
        fits = request.frame is self._frame and request.view == desk.view and request.demand == desk.demand
        if result.complete and fits and not (self._heats is not None and self._heats.behind):
            self._announced = True
            # not at once: the panes that are told of the result after us have yet to draw it
            QTimer.singleShot(0, self, self.arrived.emit)

    def _on_view_changed(self) -> None:
        if not self._still and self.desk.view.frozen:
            self.ended.emit("The frame was frozen: the recording ended there.")
        elif self._still and self._frame is not None and self.desk.frame is not self._frame:
            self.ended.emit("The picture is another: the recording ended there.")
