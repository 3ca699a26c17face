"""The teaching of the desk: classes and their pictures, the network that is taught with them, and which one is in use.

Features come with the worker's own results: they are what the classifier read of the very frame that was shown. Only
pictures that came another way (dropped, opened from a folder, or seen by a network used before) are computed, in the
thread that teaches.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from weakref import WeakKeyDictionary

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from zfdesk.desk.context import AppContext
from zfdesk.desk.history import History
from zfdesk.desk.tasks import Task
from zfdesk.desk.teach.classifier import Taught, teach
from zfdesk.engine import Model
from zfdesk.live import ClassSet, ClassSetError, Result, Sample
from zfdesk.live.class_set import BACKGROUND

RENEW_MS = 400  # between two fits while pictures come in
DROP_SECONDS = 2.0
MOST_UNDO = 100


@dataclass(frozen=True, eq=False)
class Suspended:
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
        self.burst_class: int | None = None
        self.base = desk.model.base  # the network whose features are kept
        self.taught: Taught | None = None
        self.suspended: Suspended | None = None
        self.error = ""  # why the classes could not be taught
        self._history: History[tuple[ClassSet, int]] = History(MOST_UNDO)
        self.features: WeakKeyDictionary[Sample, np.ndarray] = WeakKeyDictionary()
        self._burst = 0
        self._last_picture: np.ndarray | None = None
        self._pending_class: int | None = None  # the class of a press that has got no picture yet
        self._wanted = False  # whether what is taught next is to be used
        self._watched: dict[bool, tuple[int, ...]] = {}
        self._task: Task | None = None
        self._taught_set: ClassSet | None = None
        self._clock = QTimer(self, interval=RENEW_MS, singleShot=True)
        self._clock.timeout.connect(self._teach)
        desk.result_ready.connect(self._on_result)
        desk.model_changed.connect(self._on_model_changed)
        desk.stop_at_end(lambda timeout: self.close())

    def close(self) -> None:
        """Teach no more; what is under way comes to nothing."""
        self._clock.stop()
        self.burst_class = None

    # The classes

    def change(self, class_set: ClassSet, chosen: int | None = None) -> None:
        """Other classes, one step of undo."""
        self._end_pending()
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
        """Back to the classes before; False when there is none."""
        self._end_pending()
        before = self._history.undo((self.class_set, self.chosen))
        if before is not None:
            self._show(*before)
        return before is not None

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._history.can_undo

    def add(self, name: str = "class") -> None:
        """Add a class and choose it."""
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
        """Remove that class."""
        self.change(self.class_set.remove(index), max(self.chosen - (index <= self.chosen), 0))

    def move(self, index: int, steps: int) -> None:
        """Move that class further down, or up."""
        place = min(max(index + steps, 0), len(self.class_set.classes) - 1)
        self.change(self.class_set.move(index, steps), place)

    def _show(self, class_set: ClassSet, chosen: int) -> None:
        known = {sample for kept in self.class_set.classes for sample in kept.samples}
        if any(sample not in known for sample in class_set.samples()):
            self._wanted = True
        before, self.class_set = self.class_set, class_set
        self.chosen = min(max(chosen, 0), max(len(class_set.classes) - 1, 0))
        self._suspend_or_restore(before)
        self._schedule()
        self.changed.emit()

    # Pictures

    def begin_burst(self, index: int) -> None:
        """Take what is seen now, and every new frame until `end_burst`, for that class."""
        if not 0 <= index < len(self.class_set.classes) or self.burst_class is not None:
            return
        if not self.base.architecture.teachable:
            self.desk.message.emit(f"{self.base.name} has no classifier that could be taught anew.", True)
            return
        self._end_pending()
        self.burst_class = self.chosen = self._pending_class = index
        self._burst += 1
        self._last_picture = None
        self._history.step((self.class_set, index))  # a burst is one step of undo
        self._on_result()
        self.changed.emit()

    def end_burst(self) -> None:
        """The burst ends; one in which nothing was shown yet still gets the next picture that is."""
        if self.burst_class is not None:
            self.burst_class = None
            self.changed.emit()

    def _end_pending(self) -> None:
        """No picture is waited for any more."""
        self.end_burst()
        if self._pending_class is not None:
            self._history.drop((self.class_set, self._pending_class))  # nothing came of it
            self._pending_class = None

    def take_picture(self) -> None:
        """One picture for the chosen class: of what is shown, or else of what is shown next."""
        if not self.class_set.classes:
            self.desk.message.emit("There are no classes yet: add one first.", True)
            return
        self.begin_burst(self.chosen)
        self.end_burst()

    def _on_result(self) -> None:
        result, index = self.desk.result, self.burst_class if self._pending_class is None else self._pending_class
        if index is None or result is None or result.features is None or self._covers(result):
            return
        if result.request.model.base is not self.base:
            return
        if self._last_picture is not None and np.array_equal(result.clean, self._last_picture):
            return  # shown anew, as by another network
        self._last_picture, self._pending_class = result.clean, None
        sample = Sample(result.clean, self._burst, time.monotonic())
        self.features[sample] = result.features
        try:
            class_set = self.class_set.add_samples(index, [sample])
        except ClassSetError as error:
            self.end_burst()
            self._history.drop((self.class_set, index))
            self.desk.message.emit(str(error), True)
            return
        self._show(class_set, index)

    def _covers(self, result: Result) -> bool:
        """Of a picture that was left for another one meanwhile."""
        return result.request.view.crop != self.desk.view.crop

    def add_pictures(self, index: int, pictures: Iterable[np.ndarray]) -> None:
        """Pictures from elsewhere for a class, as `crop` gives them; each is a burst of its own."""
        self.attempt(lambda: self.class_set.add_samples(index, self.samples_of(pictures)), index)

    def samples_of(self, pictures: Iterable[np.ndarray], bursts: Iterable[str] = ()) -> list[Sample]:
        """Pictures as they are kept. ``bursts``: what tells which were taken in one go; by default each is alone."""
        now, numbers, samples, named = time.monotonic(), {}, [], iter(bursts)
        for place, picture in enumerate(pictures):
            key = next(named, f"picture {place}")
            if key not in numbers:
                self._burst += 1
                numbers[key] = self._burst
            samples.append(Sample(picture, numbers[key], now))
        return samples

    # Teaching

    @property
    def in_use(self) -> bool:
        """Whether the network in use answers with the classes that were taught."""
        return self.taught is not None and self.desk.model is self.taught.model

    @property
    def busy(self) -> bool:
        """Whether the classes are being taught."""
        return self._task is not None

    @property
    def up_to_date(self) -> bool:
        """Whether what was taught is all that there is."""
        return self._key(self._taught_set or ClassSet()) == self._key(self.class_set) and not self.busy

    @staticmethod
    def _key(class_set: ClassSet) -> tuple[object, ...]:
        return tuple((one.name, one.samples) for one in class_set.taught)

    def _schedule(self) -> None:
        if len(self.class_set.taught) < 2 or not self.base.architecture.teachable:
            self._clock.stop()
            return
        if not self.up_to_date and not self.busy and not self._clock.isActive():
            self._clock.start(0 if self.taught is None else RENEW_MS)

    def _suspend_or_restore(self, before: ClassSet) -> None:
        """With fewer than two classes nothing is taught, and the base answers; a step back brings back what did."""
        if len(self.class_set.taught) < 2:
            if self.taught is not None:
                self.suspended, self.taught = Suspended(self.taught, before, self.in_use), None
                if self.suspended.used:
                    self._use(self.base)
        elif self.suspended is not None and self._key(self.suspended.class_set) == self._key(self.class_set):
            back, self.suspended = self.suspended, None
            self.taught = back.taught
            if back.used:
                self._use(back.taught.model)

    def _teach(self) -> None:
        if self.busy or len(self.class_set.taught) < 2:
            return
        class_set, base = self.class_set, self.base
        known = {sample: self.features[sample] for sample in class_set.samples() if sample in self.features}
        work, done = partial(teach, class_set, base, known), partial(self._on_taught, class_set, base)
        self._task = self.desk.tasks.run("teach", work, done, owner=self, threads=1)  # the live view goes on
        self.changed.emit()

    def _on_taught(self, class_set: ClassSet, base: Model, taught: Taught | None, error: Exception | None) -> None:
        self._task = None
        if base is self.base:
            self._taught_set = class_set
            self.error = "" if taught else str(error)
            if taught is not None:
                self.features.update(taught.found)
                used = self.in_use or self._wanted
                if len(self.class_set.taught) < 2:  # meanwhile
                    self.suspended = Suspended(taught, class_set, used)
                else:
                    self.taught, self.suspended = taught, None
                    if used:
                        self._use(taught.model)
            elif self.error:
                self.desk.message.emit(self.error, True)
        self._schedule()
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
        taught, before = model is not self.base, self.desk.model
        if model.classes != before.classes:
            self._watched[before is not self.base] = self.desk.view.watched
        self.desk.use_model(model, self._watched.get(taught, ()))
        self.changed.emit()

    def _on_model_changed(self) -> None:
        """Another network was chosen: its features are others, so the classes are taught again, for later use."""
        if self.desk.model.base is self.base:
            return
        self._end_pending()
        self.base = self.desk.model.base
        self.taught, self.suspended, self._taught_set, self._wanted = None, None, None, False
        self.features, self._watched = WeakKeyDictionary(), {}
        self._schedule()
        self.changed.emit()

    def rename_taught(self, taught: Taught, name: str, sha256: str) -> None:
        """What was taught is in a file now: it is known by that one's name and hash."""
        if self.taught is not taught:  # taught anew meanwhile
            return
        used = self.in_use
        self.taught = replace(taught, model=replace(taught.model, name=name, sha256=sha256))
        if used:
            self.desk.use_model(self.taught.model)
        self.changed.emit()


__all__ = ["DROP_SECONDS", "Teaching"]
