"""The occlusion sweep of the desk: what is swept, what has come of it, and whether that is still what is shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Qt, Signal

from zfdesk.desk.context import AppContext
from zfdesk.engine import Model, Occluder, OccluderShape, SweepPlan
from zfdesk.error_reason import error_reason
from zfdesk.figures.facts import FILL_LABELS
from zfdesk.live import Sweeper, SweepInput, SweepSettings, SweepSnapshot, SweepState, SweepUnit, View
from zfdesk.live.sweeping import shown_class, shown_unit
from zfdesk.sources import Frame, frame_of_text

MOVING_SECONDS = 1.0  # frames nearer in time than this are a moving picture
KEEPS_UP_SECONDS = 3.0  # a live sweep whose newest round is older is behind
DEFAULT_SHARE = 50 / 224  # of the picture's side: the occluder, on networks of another size than ZFNet's


def settings_of(view: View, size: int) -> SweepSettings:
    """The settings with the occluder they mean: the user's own, else the live occluder's, else the default."""
    settings = view.sweep
    if settings.shape is OccluderShape.RECTANGLE:  # which is as high as wide here
        settings = replace(settings, shape=OccluderShape.SQUARE)
    if settings.own:
        return settings
    if not view.occluders:
        return replace(settings, size=min(settings.size, max(round(size * DEFAULT_SHARE), 1)))
    like = view.occluders[view.chosen_occluder]  # -1, no chosen one, is the last
    # a sweep's occluder is as high as wide: of the same area
    side = max(round((like.height * like.width) ** 0.5), 1)
    shape = OccluderShape.SQUARE if like.shape is OccluderShape.RECTANGLE else like.shape
    return replace(settings, size=min(side, size), shape=shape, fill=like.fill)


def plan_of(settings: SweepSettings) -> SweepPlan:
    """As the engine takes it. Raises ValueError where there is no such sweep."""
    return SweepPlan(settings.size, settings.stride, settings.shape, settings.fill, settings.overhang)


def plan_text(plan: SweepPlan) -> str:
    """50 × 50 grey square, stride 8, over the edge."""
    shape = "disc" if plan.shape is OccluderShape.ELLIPSE else plan.shape.value
    edge = "over the edge" if plan.overhang else "inside"
    return f"{plan.size} × {plan.size} {FILL_LABELS[plan.fill]} {shape}, stride {plan.stride}, {edge}"


def layer_of(view: View, model: Model) -> str:
    """The layer whose activations a sweep begun now would record."""
    if view.sweep.unit is SweepUnit.SELECTED and view.layer != model.architecture.stages[0].name:
        return view.layer
    return model.architecture.last_convolution


class Sweeps(QObject):
    """Lives in the window's thread. ``changed``: there is something new to draw. ``saved``: a sentence, and whether it
    is an error."""

    changed = Signal()
    saved = Signal(str, bool)
    _reported = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        desk = self.desk = context.state
        self.swept: SweepSnapshot | None = None
        self.running = False
        self._layer = ""  # of the sweep that was begun last
        self.error = ""  # why the last sweep that was asked for came to nothing
        self._swept_at = 0.0
        self._watched = self._closed = False
        self._following: tuple[SweepPlan, str] | None = None
        self._frame: tuple[Frame | None, float] = None, float("-inf")
        self.sweeper = Sweeper(self._reported.emit)
        self._reported.connect(self._on_reported, Qt.ConnectionType.QueuedConnection)
        self.saved.connect(self._report_saved, Qt.ConnectionType.QueuedConnection)
        desk.result_ready.connect(self._follow)
        desk.view_changed.connect(self._follow)
        desk.model_changed.connect(self._on_model_changed)
        desk.stop_at_end(self.close)

    def close(self, timeout: float) -> None:
        """End the sweep, and wait so many seconds for the batch under way. Safe to call twice."""
        self._closed = True
        self.sweeper.stop(timeout)

    def _report_saved(self, sentence: str, error: bool) -> None:
        self.desk.message.emit(sentence, error)

    # What is asked for

    def current_input(self) -> SweepInput | None:
        """What a sweep would be of now: the newest frame as the network sees it without occluders."""
        result = self.desk.result
        if result is None or result.request.model is not self.desk.model:
            return None
        frame = result.request.frame
        return SweepInput(self.desk.model, result.clean, frame.number, frame.origin)

    def start(self) -> None:
        """Sweep what is shown now."""
        input = self.current_input()
        if input is None:
            self.desk.message.emit("There is no picture to sweep yet: try again in a moment.", True)
            return
        if self.desk.view.sweep.live:
            self._following = None
            self.desk.change(self.desk.view.change_sweep(live=False))
        view = self.desk.view
        try:
            plan = plan_of(settings_of(view, self.desk.model.architecture.size))
        except ValueError as error:
            self.desk.message.emit(str(error), True)
            return
        self.running, self.error = True, ""
        self._layer = layer_of(view, self.desk.model)
        self._choose_unit()
        self.sweeper.start(input, plan, self._layer)
        self.changed.emit()

    def cancel(self) -> None:
        """End it; what is done stays."""
        if self.desk.view.sweep.live:
            self.desk.change(self.desk.view.change_sweep(live=False))
        self.sweeper.cancel()

    def restore(self, swept: SweepSnapshot) -> None:
        """Show a sweep that a session kept; whatever runs ends."""
        assert swept.sweep is not None
        self._following = None
        self.sweeper.restore(swept)
        self.sweeper.results.take()
        self._layer = swept.sweep.layer
        self.swept, self.running, self.error = swept, False, ""
        self.changed.emit()

    def resume(self) -> None:
        """Go on with what was cancelled."""
        if self.can_resume and self.sweeper.resume():
            self.running, self.error = True, ""
            self.changed.emit()

    @property
    def can_resume(self) -> bool:
        """Whether there is a part of a sweep that could go on."""
        swept = self.swept
        if self.running or swept is None or swept.sweep is None or swept.live or swept.sweep.complete:
            return False
        return not self.error and swept.input.model is self.desk.model

    def set_watched(self, watched: bool) -> None:
        """Whether anyone looks: the live sweep rests otherwise."""
        self._watched = watched
        self._follow()

    def place(self, occluder: Occluder, kind: str = "") -> None:
        """The live occluder goes there, as large as the sweep's; without one it appears."""
        from zfdesk.live.handles import put_occluder

        view = self.desk.view
        if view.occluders:
            index = view.chosen_occluder if view.chosen_occluder >= 0 else len(view.occluders) - 1
            self.desk.change(put_occluder(view, index, occluder), kind)
        else:
            self.desk.change(view.change(occluders=(occluder,), chosen_occluder=0), kind)

    # What it is of

    @property
    def unit(self) -> int:
        """Whose activation is shown: the selected unit's, if wanted and of the sweep's layer, else the strongest's."""
        assert self.swept is not None
        assert self.swept.sweep is not None
        return shown_unit(self.swept.sweep, self.desk.view)

    @property
    def class_index(self) -> int:
        """Whose probability is shown."""
        assert self.swept is not None
        assert self.swept.sweep is not None
        return shown_class(self.swept.sweep, self.desk.view)

    @property
    def of_what_is_shown(self) -> bool:
        """Whether the swept picture and network are those of the newest result."""
        input = self.current_input()
        return self.swept is not None and input is not None and self.swept.input.same(input)

    def stale(self) -> str:
        """Of what the maps are, when that is no longer what is shown; else ""."""
        swept = self.swept
        if swept is None or swept.sweep is None:
            return ""
        input, old = self.current_input(), swept.input
        if old.model is not self.desk.model:
            return f"of the network before, {old.model.name or old.model.architecture.name}"
        if self._keeps_up(input):
            return ""
        if input is not None and not old.same(input):
            origin = old.origin if old.origin != input.origin else ""
            other = ", another crop" if (old.number, old.origin) == (input.number, input.origin) else ""
            return f"{frame_of_text(old.number, origin)}{other}"
        plan, settings = swept.sweep.plan, self.desk.view.sweep
        differs = settings.overhang != plan.overhang or (settings.stride != plan.stride and not swept.live)
        if settings.own:  # a live occluder that is moved or resized makes no sweep stale
            differs = differs or (settings.size, settings.shape, settings.fill) != (plan.size, plan.shape, plan.fill)
        return f"of {plan_text(plan)}" if differs else ""

    def _keeps_up(self, input: SweepInput | None) -> bool:
        """Whether a live sweep follows what is shown: its maps are always of a frame before, which their line names."""
        swept = self.swept
        if swept is None or input is None or self._following is None or not swept.live:
            return False
        old, behind = swept.input, (self.desk.frame.time - self._swept_at if self.desk.frame else 0.0)
        return (old.origin, old.picture.shape) == (input.origin, input.picture.shape) and behind < KEEPS_UP_SECONDS

    # Its life

    def _choose_unit(self) -> None:
        view = self.desk.view
        wanted = view.sweep.unit is SweepUnit.SELECTED and view.layer == self._layer
        self.sweeper.show_unit(view.unit if wanted else None)

    def _watch_motion(self) -> None:
        """Whether frames are coming: the sweep then leaves more of the machine to the live view."""
        frame, now = self.desk.frame, time.monotonic()
        if frame is not self._frame[0]:
            self.sweeper.gives_way = now - self._frame[1] < MOVING_SECONDS
            self._frame = frame, now
        elif now - self._frame[1] > MOVING_SECONDS:
            self.sweeper.gives_way = False

    def _follow(self) -> None:
        """After each result and change of the view: the live sweep gets the newest picture, the unit is renewed."""
        if self._closed:
            return
        self._choose_unit()
        self._watch_motion()
        view, input = self.desk.view, self.current_input()
        following = None
        if view.sweep.live and self._watched and input is not None:
            try:
                following = plan_of(settings_of(view, len(input.picture))), layer_of(view, self.desk.model)
            except ValueError as error:
                self.error = str(error)
        if following is None and self._following is not None:
            self.sweeper.cancel()
            self.running = False
        elif following is not None and following != self._following:
            self._layer = following[1]
            self.sweeper.follow(*following)
            self.error = ""
        self._following = following
        if following is not None and input is not None:
            self.sweeper.feed(input)
        self.running = self.running or following is not None

    def _on_model_changed(self) -> None:
        if self.running and self._following is None:
            self.sweeper.cancel("The sweep ended: another network was chosen. What was done of it stays.")
        self._following = None

    def _on_reported(self) -> None:
        self._watch_motion()
        swept = self.sweeper.results.take()
        if self._closed or swept is None:
            return
        while self.sweeper.failures:
            self.desk.message.emit(self.sweeper.failures.popleft().sentence, True)
        if swept.sweep is not None:
            self.swept, self._swept_at = swept, time.perf_counter()
        if swept.state is SweepState.FAILED:
            self.error = swept.reason
            if self.desk.view.sweep.live:
                self.desk.change(self.desk.view.change_sweep(live=False))
        elif swept.reason:
            self.desk.message.emit(swept.reason, True)
        self.running = self._following is not None if swept.live else swept.state is SweepState.RUNNING
        self.changed.emit()

    # Files

    def save(self, path: str, write: Callable[[str, SweepSnapshot, int, int], None]) -> None:
        """Write what there is, on a thread of its own; ``saved`` tells how it went."""
        swept = self.swept
        if swept is None or swept.sweep is None:
            self.saved.emit("There is no sweep to save yet.", True)
            return
        unit, class_index = self.unit, self.class_index
        name = path.replace("\\", "/").rsplit("/", 1)[-1]

        partial_text = "" if swept.sweep.complete else ", marked as partial"

        def done(_: None, error: Exception | None) -> None:
            if error is None:
                self.saved.emit(f"Saved {name}{partial_text}.", False)
            elif isinstance(error, OSError):
                self.saved.emit(f"{name} was not saved: {error_reason(error)}.", True)
            else:
                self.saved.emit(f"{name} was not saved: {error}", True)

        self.desk.tasks.run("save", partial(write, path, swept, unit, class_index), done, owner=self, keep=True)
