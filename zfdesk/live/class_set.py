"""What is taught: classes with their pictures, as one value. Every step maps one Lesson to the next; undo is a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

LEAST_PICTURES = 3  # a class takes part from so many on
MOST_PICTURES = 1500  # of all classes; 150 KB each at 224 pixels
MOST_CLASSES = 100
LONGEST_NAME = 60
BACKGROUND = "nothing"


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture as the network sees it, without occluders.

    picture: uint8 (size, size, 3), read-only. ``hold``: a number that pictures share which were taken in one go.
    ``at``: seconds, by time.monotonic.
    """

    picture: np.ndarray
    hold: int
    at: float


@dataclass(frozen=True)
class TaughtClass:
    """A name and its pictures, in the order they were taken."""

    name: str
    shots: tuple[Shot, ...] = ()

    @property
    def takes_part(self) -> bool:
        """Whether there are enough pictures to be taught with."""
        return len(self.shots) >= LEAST_PICTURES


class LessonError(ValueError):
    """What cannot be done with the classes; the text is a sentence for the user."""


@dataclass(frozen=True)
class Lesson:
    """The classes in the order of their keys."""

    classes: tuple[TaughtClass, ...] = ()

    @property
    def pictures(self) -> int:
        """Of all classes."""
        return sum(len(known.shots) for known in self.classes)

    @property
    def taught(self) -> tuple[TaughtClass, ...]:
        """The classes with pictures enough; there is something to teach where these are two or more."""
        return tuple(known for known in self.classes if known.takes_part)

    def shots(self) -> tuple[Shot, ...]:
        """All pictures, class by class."""
        return tuple(shot for known in self.classes for shot in known.shots)

    def free_name(self, wish: str = "class") -> str:
        """A name that no class has: the wish itself, or with a number."""
        taken = {known.name.casefold() for known in self.classes}
        names = [wish] if wish != "class" else []
        names += [f"{wish} {number}" for number in range(1, len(taken) + 2)]
        return next(name for name in names if name.casefold() not in taken)

    def add(self, name: str, shots: Sequence[Shot] = ()) -> Lesson:
        """One more class, the last."""
        if len(self.classes) >= MOST_CLASSES:
            raise LessonError(f"There are {MOST_CLASSES} classes already: that is all there is room for.")
        return Lesson((*self.classes, TaughtClass(self._checked(name, -1)))).take(len(self.classes), shots)

    def rename(self, index: int, name: str) -> Lesson:
        """Another name for a class."""
        return self._with(index, replace(self.classes[index], name=self._checked(name, index)))

    def remove(self, index: int) -> Lesson:
        """Without that class and its pictures."""
        return Lesson(self.classes[:index] + self.classes[index + 1 :])

    def move(self, index: int, steps: int) -> Lesson:
        """That class so many places further down (up where negative), as far as there are places."""
        place = min(max(index + steps, 0), len(self.classes) - 1)
        rest = list(self.classes)
        rest.insert(place, rest.pop(index))
        return Lesson(tuple(rest))

    def take(self, index: int, shots: Sequence[Shot]) -> Lesson:
        """More pictures for a class."""
        if self.pictures + len(shots) > MOST_PICTURES:
            raise LessonError(f"There are {self.pictures} pictures already; {MOST_PICTURES} is all there is room for.")
        known = self.classes[index]
        return self._with(index, replace(known, shots=(*known.shots, *shots)))

    def drop(self, index: int, place: int) -> Lesson:
        """Without one picture of a class."""
        known = self.classes[index]
        return self._with(index, replace(known, shots=known.shots[:place] + known.shots[place + 1 :]))

    def drop_last(self, index: int, seconds: float) -> Lesson:
        """Without the pictures of a class's last seconds: those taken so shortly before its newest, and that one."""
        known = self.classes[index]
        if not known.shots:
            return self
        newest = max(shot.at for shot in known.shots)
        return self._with(index, replace(known, shots=tuple(s for s in known.shots if newest - s.at >= seconds)))

    def _with(self, index: int, known: TaughtClass) -> Lesson:
        return Lesson((*self.classes[:index], known, *self.classes[index + 1 :]))

    def _checked(self, name: str, own: int) -> str:
        name = " ".join(name.split())
        if not name or not name.isprintable():
            raise LessonError("A class needs a name.")
        if len(name) > LONGEST_NAME:
            raise LessonError(f"A class's name has {LONGEST_NAME} letters at most.")
        for index, known in enumerate(self.classes):
            if index != own and known.name.casefold() == name.casefold():
                raise LessonError(f"There is a class called “{known.name}” already.")
        return name


__all__ = ["BACKGROUND", "LEAST_PICTURES", "MOST_PICTURES", "Lesson", "LessonError", "Shot", "TaughtClass"]
