"""The teaching of the desk: classes and their pictures, the network that is taught with them, and which one is in use.

Features come with the worker's own results: they are what the classifier read of the very frame that was shown. Only
pictures that came another way (dropped, opened from a folder, or seen by a network used before) are computed, in the
thread that teaches.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from weakref import WeakKeyDictionary

import numpy as np
import torch
from PySide6.QtCore import QObject, QTimer, Signal

from zfdesk.desk.context import AppContext
from zfdesk.desk.history import History
from zfdesk.desk.tasks import Task
from zfdesk.engine import Model, crop
from zfdesk.engine.classifier import taught_text, with_classes
from zfdesk.experiments.features import features
from zfdesk.experiments.linear_classifier import LeftOut, fit_softmax, leave_out
from zfdesk.live import ClassSet, ClassSetError, Result, Sample
from zfdesk.live.class_set import BACKGROUND, LEAST_PICTURES

RENEW_MS = 400  # between two lessons taught while pictures come in
DROP_SECONDS = 2.0
MOST_UNDO = 100


@dataclass(frozen=True, eq=False)
class Taught:
    """What came of a lesson. ``seconds``: the fit and the estimate; ``left_out``: how pictures of holds that were left
    out were told, None where every class was held once only."""

    class_set: ClassSet
    model: Model
    left_out: LeftOut | None
    seconds: float
    found: dict[Sample, np.ndarray]

    @property
    def pictures(self) -> int:
        """That were taught with."""
        return sum(len(known.samples) for known in self.class_set.taught)


@dataclass(frozen=True, eq=False)
class LaidBy:
    """What was taught before there were fewer than two classes, for when ``class_set`` is back.

    ``used``: it answered.
    """

    taught: Taught
    class_set: ClassSet
    used: bool


class Teaching(QObject):
    """Lives in the window's thread. ``changed``: the classes, their pictures, or what was taught."""

    changed = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        desk = self.desk = context.state
        self.class_set = ClassSet()
        self.chosen = 0  # the class that actions without a digit mean
        self.holding: int | None = None
        self.base = desk.model.base  # the network whose features are kept
        self.taught: Taught | None = None
        self.laid_by: LaidBy | None = None
        self.error = ""  # why the last lesson could not be taught
        self._history: History[tuple[ClassSet, int]] = History(MOST_UNDO)
        self.features: WeakKeyDictionary[Sample, np.ndarray] = WeakKeyDictionary()
        self._hold = 0
        self._taken: np.ndarray | None = None
        self._owed: int | None = None  # the class of a press that has got no picture yet
        self._wanted = False  # whether what is taught next is to be used
        self._watched: dict[bool, tuple[int, ...]] = {}
        self._task: Task | None = None
        self._done_with: ClassSet | None = None
        self._clock = QTimer(self, interval=RENEW_MS, singleShot=True)
        self._clock.timeout.connect(self._teach)
        desk.result_ready.connect(self._see_result)
        desk.model_changed.connect(self._see_model)
        desk.stop_at_end(lambda timeout: self.close())

    def close(self) -> None:
        """No more lessons; one that is under way comes to nothing."""
        self._clock.stop()
        self.holding = None

    # The classes

    def change(self, class_set: ClassSet, chosen: int | None = None) -> None:
        """Another lesson, one step of undo."""
        self._forget_owed()
        if class_set != self.class_set:
            self._history.step((self.class_set, self.chosen))
        self._show(class_set, self.chosen if chosen is None else chosen)

    def attempt(self, step: Callable[[], ClassSet], chosen: int | None = None) -> bool:
        """`change` to what ``step`` gives; where that cannot be it is told, and nothing changes."""
        try:
            class_set = step()
        except ClassSetError as error:
            self.desk.message.emit(str(error), True)
            self.changed.emit()  # a field may hold what was typed
            return False
        self.change(class_set, chosen)
        return True

    def undo(self) -> bool:
        """Back to the lesson before; False when there is none."""
        self._forget_owed()
        before = self._history.undo((self.class_set, self.chosen))
        if before is not None:
            self._show(*before)
        return before is not None

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._history.can_undo

    def add(self, name: str = "class") -> None:
        """One more class, chosen."""
        free = self.class_set.free_name(name)
        self.attempt(lambda: self.class_set.add(free), len(self.class_set.classes))

    def add_background(self) -> None:
        """A class for what is there when none of the things is."""
        self.add(BACKGROUND)

    def choose(self, index: int) -> None:
        """The class that actions without a digit mean."""
        if 0 <= index < len(self.class_set.classes) and index != self.chosen:
            self.chosen = index
            self.changed.emit()

    def remove(self, index: int) -> None:
        """Without that class."""
        self.change(self.class_set.remove(index), max(self.chosen - (index <= self.chosen), 0))

    def move(self, index: int, steps: int) -> None:
        """That class further down, or up."""
        place = min(max(index + steps, 0), len(self.class_set.classes) - 1)
        self.change(self.class_set.move(index, steps), place)

    def _show(self, class_set: ClassSet, chosen: int) -> None:
        known = {sample for kept in self.class_set.classes for sample in kept.samples}
        if any(sample not in known for sample in class_set.samples()):
            self._wanted = True
        before, self.class_set = self.class_set, class_set
        self.chosen = min(max(chosen, 0), max(len(class_set.classes) - 1, 0))
        self._lay_by_or_bring_back(before)
        self._plan()
        self.changed.emit()

    # Pictures

    def hold(self, index: int) -> None:
        """Take what is seen now, and every new frame until `release`, for that class."""
        if not 0 <= index < len(self.class_set.classes) or self.holding is not None:
            return
        if not self.base.architecture.teachable:
            self.desk.message.emit(f"{self.base.name} has no classifier that could be taught anew.", True)
            return
        self._forget_owed()
        self.holding = self.chosen = self._owed = index
        self._hold += 1
        self._taken = None
        self._history.step((self.class_set, index))  # a hold is one step of undo
        self._see_result()
        self.changed.emit()

    def release(self) -> None:
        """The hold ends; one in which nothing was shown yet still gets the next picture that is."""
        if self.holding is not None:
            self.holding = None
            self.changed.emit()

    def _forget_owed(self) -> None:
        """No picture is waited for any more."""
        self.release()
        if self._owed is not None:
            self._history.drop((self.class_set, self._owed))  # nothing came of it
            self._owed = None

    def take(self) -> None:
        """One picture for the chosen class: of what is shown, or else of what is shown next."""
        if not self.class_set.classes:
            self.desk.message.emit("There are no classes yet: add one first.", True)
            return
        self.hold(self.chosen)
        self.release()

    def _see_result(self) -> None:
        result, index = self.desk.result, self.holding if self._owed is None else self._owed
        if index is None or result is None or result.features is None or self._covers(result):
            return
        if self._root(result.request.model) is not self.base:
            return
        if self._taken is not None and np.array_equal(result.clean, self._taken):
            return  # shown anew, as by another network
        self._taken, self._owed = result.clean, None
        sample = Sample(result.clean, self._hold, time.monotonic())
        self.features[sample] = result.features
        try:
            class_set = self.class_set.add_samples(index, [sample])
        except ClassSetError as error:
            self.release()
            self._history.drop((self.class_set, index))
            self.desk.message.emit(str(error), True)
            return
        self._show(class_set, index)

    def _covers(self, result: Result) -> bool:
        """Of a picture that was left for another one meanwhile."""
        return result.request.view.crop != self.desk.view.crop

    def put(self, index: int, pictures: Iterable[np.ndarray]) -> None:
        """Pictures from elsewhere for a class, as `crop` gives them; each is a hold of its own."""
        self.attempt(lambda: self.class_set.add_samples(index, self.samples_of(pictures)), index)

    def samples_of(self, pictures: Iterable[np.ndarray], holds: Iterable[str] = ()) -> list[Sample]:
        """Pictures as they are kept. ``holds``: what tells which were taken in one go; by default each is alone."""
        now, numbers, samples, named = time.monotonic(), {}, [], iter(holds)
        for place, picture in enumerate(pictures):
            key = next(named, f"picture {place}")
            if key not in numbers:
                self._hold += 1
                numbers[key] = self._hold
            samples.append(Sample(picture, numbers[key], now))
        return samples

    # Teaching

    @property
    def in_use(self) -> bool:
        """Whether the network in use answers with the classes that were taught."""
        return self.taught is not None and self.desk.model is self.taught.model

    @property
    def busy(self) -> bool:
        """Whether a lesson is being taught."""
        return self._task is not None

    @property
    def up_to_date(self) -> bool:
        """Whether what was taught is all that there is."""
        return self._key(self._done_with or ClassSet()) == self._key(self.class_set) and not self.busy

    @staticmethod
    def _key(class_set: ClassSet) -> tuple[object, ...]:
        return tuple((known.name, known.samples) for known in class_set.taught)

    def _plan(self) -> None:
        if len(self.class_set.taught) < 2 or not self.base.architecture.teachable:
            self._clock.stop()
            return
        if not self.up_to_date and not self.busy and not self._clock.isActive():
            self._clock.start(0 if self.taught is None else RENEW_MS)

    def _lay_by_or_bring_back(self, before: ClassSet) -> None:
        """With fewer than two classes nothing is taught, and the base answers; a step back brings back what did."""
        if len(self.class_set.taught) < 2:
            if self.taught is not None:
                self.laid_by, self.taught = LaidBy(self.taught, before, self.in_use), None
                if self.laid_by.used:
                    self._use(self.base)
        elif self.laid_by is not None and self._key(self.laid_by.class_set) == self._key(self.class_set):
            back, self.laid_by = self.laid_by, None
            self.taught = back.taught
            if back.used:
                self._use(back.taught.model)

    def _teach(self) -> None:
        if self.busy or len(self.class_set.taught) < 2:
            return
        class_set, base = self.class_set, self.base
        known = {sample: self.features[sample] for sample in class_set.samples() if sample in self.features}
        work, done = partial(teach, class_set, base, known), partial(self._end, class_set, base)
        self._task = self.desk.tasks.run("teach", work, done, owner=self, threads=1)  # the live view goes on
        self.changed.emit()

    def _end(self, class_set: ClassSet, base: Model, taught: Taught | None, error: Exception | None) -> None:
        self._task = None
        if base is self.base:
            self._done_with = class_set
            self.error = "" if taught else str(error)
            if taught is not None:
                self.features.update(taught.found)
                used = self.in_use or self._wanted
                if len(self.class_set.taught) < 2:  # meanwhile
                    self.laid_by = LaidBy(taught, class_set, used)
                else:
                    self.taught, self.laid_by = taught, None
                    if used:
                        self._use(taught.model)
            elif self.error:
                self.desk.message.emit(self.error, True)
        self._plan()
        self.changed.emit()

    # Which network

    def switch(self) -> None:
        """The original network, or the one that was taught."""
        if self.in_use:
            self._wanted = False
            self._use(self.base)
            self.desk.message.emit(f"{self.base.name or 'The original network'} answers with its own classes.", False)
        elif self.taught is not None:
            self._wanted = True
            self._use(self.taught.model)
            self.desk.message.emit(f"It answers with your {len(self.taught.model.classes)} classes.", False)
        else:
            self.desk.message.emit("Nothing has been taught yet.", False)

    def _use(self, model: Model) -> None:
        mine, before = model is not self.base, self.desk.model
        if model.classes != before.classes:
            self._watched[before is not self.base] = self.desk.view.watched
        self.desk.use_model(model, self._watched.get(mine, ()))
        self.changed.emit()

    def _see_model(self) -> None:
        """Another network was chosen: its features are others, so the lesson is taught again, for when it is wanted."""
        if self._root(self.desk.model) is self.base:
            return
        self._forget_owed()
        self.base = self._root(self.desk.model)
        self.taught, self.laid_by, self._done_with, self._wanted = None, None, None, False
        self.features, self._watched = WeakKeyDictionary(), {}
        self._plan()
        self.changed.emit()

    @staticmethod
    def _root(model: Model) -> Model:
        return model.base

    def kept_as(self, taught: Taught, name: str, sha256: str) -> None:
        """What was taught is in a file now: it is known by that one's name and hash."""
        if self.taught is not taught:  # taught anew meanwhile
            return
        used = self.in_use
        self.taught = replace(taught, model=replace(taught.model, name=name, sha256=sha256))
        if used:
            self.desk.use_model(self.taught.model)
        self.changed.emit()


def teach(class_set: ClassSet, base: Model, known: dict[Sample, np.ndarray]) -> Taught:
    """Teach the classes of a lesson that have pictures enough; on any thread. ``known``: features at hand."""
    begun = time.perf_counter()
    classes = class_set.taught
    found = dict(known)
    missing = [sample for known_class in classes for sample in known_class.samples if sample not in found]
    if missing:
        size = base.architecture.size
        seen = features(base, (_fitting(sample.picture, size) for sample in missing))
        found |= dict(zip(missing, seen.numpy(), strict=True))
    samples = [sample for known_class in classes for sample in known_class.samples]
    x = torch.from_numpy(np.stack([found[sample] for sample in samples]))
    labels = torch.tensor([label for label, known_class in enumerate(classes) for _ in known_class.samples])
    holds = torch.tensor([sample.burst for sample in samples])
    classifier = fit_softmax(x, labels, len(classes))
    provenance = taught_text(base, "softmax", len(classes), len(samples), date.today().isoformat())
    name = f"{base.name or base.architecture.name} taught {len(classes)} classes"
    model = with_classes(base, [kept.name for kept in classes], classifier.weight, classifier.bias, provenance, name)
    left_out = leave_out(x, labels, holds, len(classes))
    return Taught(class_set, model, left_out if any(left_out.tried) else None, time.perf_counter() - begun, found)


def _fitting(picture: np.ndarray, size: int) -> np.ndarray:
    """A kept picture for a network of another size."""
    height, width = picture.shape[:2]
    return picture if height == width == size else crop(picture, (0, 0, width, height), size)


__all__ = ["DROP_SECONDS", "LEAST_PICTURES", "Taught", "Teaching", "teach"]
