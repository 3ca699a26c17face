"""One picture, what is done to it, and what was measured of it: off the window's thread, the slider's place first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from zfdesk.desk.context import AppContext
from zfdesk.desk.tasks import error_text
from zfdesk.experiments.invariance import (
    Invariance,
    Transformation,
    Untransformed,
    around,
    paper_amounts,
    transformed,
    untransformed,
)
from zfdesk.live import Result
from zfdesk.pages.panels import frame_text

FEW = 3  # amounts measured at once along the curve: what the slider asks for waits no longer

NEUTRAL = {Transformation.TRANSLATION: 0.0, Transformation.SCALE: 1.0, Transformation.ROTATION: 0.0}
"""The amounts that change nothing."""


@dataclass(frozen=True, eq=False)
class StudiedPicture:
    """The picture that is looked at. ``picture``: its file or source. ``text``: frame 3 of demo."""

    original: Untransformed
    picture: str
    text: str


@dataclass(frozen=True, eq=False)
class Measured:
    """After one amount of a change: distances by layer, and the probabilities of all classes, float64 (classes,)."""

    distances: dict[str, float]
    probabilities: np.ndarray


@dataclass(frozen=True, eq=False)
class InvarianceResult:
    """What a task found out: ``measured`` by amount, and the picture after ``shown`` of the change where that was
    wanted, uint8 (size, size, 3)."""

    subject: StudiedPicture
    change: Transformation
    measured: dict[float, Measured]
    shown: float = 0.0
    picture: np.ndarray | None = None


class InvarianceStudy(QObject):
    """``changed``: something was measured, or another picture is looked at. ``picture``: the subject's as it is now,
    uint8 (size, size, 3)."""

    changed = Signal()
    failed = Signal(str)

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._state = context.state
        self.change, self.amount = Transformation.TRANSLATION, 0.0
        self._running = self._filling = False
        self.clear()
        self._state.model_changed.connect(self.clear)

    # What is asked for

    def clear(self) -> None:
        """Another network: nothing that was measured holds."""
        self.subject: StudiedPicture | None = None
        self.picture: np.ndarray | None = None
        self._known: dict[Transformation, dict[float, Measured]] = {change: {} for change in Transformation}
        self._shown: tuple[Transformation, float] | None = None  # what the picture shows
        self._wanted: Result | None = None  # whose frame is looked at next
        self.changed.emit()

    def follow_model(self) -> None:
        """Forget what is of another network: a window may show its panes before this study is told of the change."""
        if self.subject is not None and self.subject.original.model is not self._state.model:
            self.clear()

    def set_frame(self, result: Result) -> None:
        """Look at the frame of a result, from now on."""
        self._wanted = result
        self._next()

    def set_amount(self, change: Transformation, amount: float) -> None:
        """Set the change of the picture and its amount."""
        self.change, self.amount = change, amount
        self._next()

    def fill(self, filling: bool) -> None:
        """Whether to measure the rest of the paper's amounts too, while nothing else is to be done."""
        self._filling = filling
        self._next()

    # What is known

    def points(self, change: Transformation) -> dict[float, Measured]:
        """By amount, in rising order; that which changes nothing is among them."""
        return dict(sorted(self._known[change].items()))

    def present(self) -> Measured | None:
        """What was measured at the present amount; None while it is not."""
        return self._known[self.change].get(self.amount)

    def missing(self, change: Transformation) -> list[float]:
        """The paper's amounts that are not measured yet."""
        amounts = paper_amounts(change, self._state.model.architecture.size).tolist()
        return [amount for amount in amounts if amount not in self._known[change]]

    @property
    def class_index(self) -> int:
        """The class whose probability is told: the first that is watched, else the untransformed picture's first."""
        watched = [index for index in self._state.view.watched if index < len(self._state.model.classes)]
        if watched or self.subject is None:
            return watched[0] if watched else 0
        return int(self.subject.original.probabilities.argmax())

    def as_invariance(self, change: Transformation) -> Invariance | None:
        """All that was measured of a change, as Fig. 5 draws it; None without two points."""
        points = self.points(change)
        if self.subject is None or len(points) < 2:
            return None
        layers, index = self.subject.original.features, self.class_index
        distances = {layer: np.array([[one.distances[layer] for one in points.values()]]) for layer in layers}
        probabilities = np.array([[one.probabilities[index] for one in points.values()]])
        return Invariance(change, np.array(list(points)), distances, probabilities, (index,))

    # Measuring: one thing at a time

    def _next(self) -> None:
        if self._running or self._state.closing:
            return
        if self._wanted is not None:
            result, self._wanted = self._wanted, None
            self._run(partial(_studied_picture, result), self._begin)
            return
        subject, known = self.subject, self._known[self.change]
        if subject is None:
            return
        if (self.change, self.amount) != self._shown:
            new = [] if self.amount in known else [self.amount]
            self._run(partial(_measure, subject, self.change, new, self.amount), self._keep)
        elif self._filling and (missing := self.missing(self.change)):
            near = sorted(missing, key=lambda amount: abs(amount - self.amount))[:FEW]
            self._run(partial(_measure, subject, self.change, near, None), self._keep)

    def _run(self, work: Callable[[], Any], on_result: Callable[[Any], None]) -> None:
        self._running = True
        self._state.tasks.run("invariance", work, partial(self._done, on_result), owner=self, threads=1)

    def _done(self, on_result: Callable[[Any], None], value: Any, error: Exception | None) -> None:
        self._running = False
        if error is not None:
            self._filling = False
            self.failed.emit(error_text(error, "That could not be measured"))
            return
        on_result(value)
        self.changed.emit()
        self._next()

    def _begin(self, subject: StudiedPicture) -> None:
        if subject.original.model is not self._state.model:
            return
        self.subject, self._shown = subject, None
        as_it_is = Measured(dict.fromkeys(subject.original.features, 0.0), subject.original.probabilities)
        self._known = {change: {amount: as_it_is} for change, amount in NEUTRAL.items()}

    def _keep(self, found: InvarianceResult) -> None:
        if found.subject is self.subject:
            self._known[found.change].update(found.measured)
            if found.picture is not None:
                self.picture, self._shown = found.picture, (found.change, found.shown)


def _studied_picture(result: Result) -> StudiedPicture:
    model, frame = result.request.model, result.request.frame
    canvas = around(frame.pixels, result.crop_box, model.architecture.size)
    return StudiedPicture(untransformed(model, canvas), frame.origin, frame_text(result))


def _measure(
    subject: StudiedPicture, change: Transformation, amounts: list[float], shown: float | None
) -> InvarianceResult:
    original, measured = subject.original, {}
    if amounts:
        distances, probabilities = original.compared(change, amounts)
        for place, amount in enumerate(amounts):
            each = {layer: float(values[place]) for layer, values in distances.items()}
            measured[amount] = Measured(each, probabilities[place])
    if shown is None:
        return InvarianceResult(subject, change, measured)
    picture = transformed(original.canvas, original.model.architecture.size, change, [shown])[0]
    return InvarianceResult(subject, change, measured, shown, np.ascontiguousarray(picture))


__all__ = ["NEUTRAL", "InvarianceStudy", "Measured", "StudiedPicture"]
