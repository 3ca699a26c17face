"""What is taught: classes with their pictures, as one value. Every step maps one ClassSet to the next; undo is a
list."""

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
class Sample:
    """One picture as the network sees it, without occluders.

    picture: uint8 (size, size, 3), read-only. ``burst``: a number that pictures share which were taken in one go.
    ``time``: seconds, by time.monotonic.
    """

    picture: np.ndarray
    burst: int
    time: float


@dataclass(frozen=True)
class TaughtClass:
    """A name and its pictures, in the order they were taken."""

    name: str
    samples: tuple[Sample, ...] = ()

    @property
    def takes_part(self) -> bool:
        """Whether there are enough pictures to be taught with."""
        return len(self.samples) >= LEAST_PICTURES


class ClassSetError(ValueError):
    """What cannot be done with the classes; the text is a sentence for the user."""


@dataclass(frozen=True)
class ClassSet:
    """The classes in the order of their keys."""

    classes: tuple[TaughtClass, ...] = ()

    @property
    def pictures(self) -> int:
        """The number of pictures of all classes."""
        return sum(len(taught.samples) for taught in self.classes)

    @property
    def taught(self) -> tuple[TaughtClass, ...]:
        """The classes with pictures enough; there is something to teach where these are two or more."""
        return tuple(taught for taught in self.classes if taught.takes_part)

    def samples(self) -> tuple[Sample, ...]:
        """All pictures, class by class."""
        return tuple(sample for taught in self.classes for sample in taught.samples)

    def free_name(self, wanted: str = "class") -> str:
        """A name that no class has: the wanted one itself, or with a number."""
        used_names = {one.name.casefold() for one in self.classes}
        names = [wanted] if wanted != "class" else []
        names += [f"{wanted} {number}" for number in range(1, len(used_names) + 2)]
        return next(name for name in names if name.casefold() not in used_names)

    def add(self, name: str, samples: Sequence[Sample] = ()) -> ClassSet:
        """Return the set with one more class at its end. Raises ClassSetError where there is no room for it."""
        if len(self.classes) >= MOST_CLASSES:
            raise ClassSetError(f"There are {MOST_CLASSES} classes already: that is all there is room for.")
        return ClassSet((*self.classes, TaughtClass(self._checked(name, -1)))).add_samples(len(self.classes), samples)

    def rename(self, index: int, name: str) -> ClassSet:
        """Return the set with another name for a class."""
        return self._with(index, replace(self.classes[index], name=self._checked(name, index)))

    def remove(self, index: int) -> ClassSet:
        """Return the set without that class and its pictures."""
        return ClassSet(self.classes[:index] + self.classes[index + 1 :])

    def move(self, index: int, steps: int) -> ClassSet:
        """That class so many places further down (up where negative), as far as there are places."""
        place = min(max(index + steps, 0), len(self.classes) - 1)
        rest = list(self.classes)
        rest.insert(place, rest.pop(index))
        return ClassSet(tuple(rest))

    def add_samples(self, index: int, samples: Sequence[Sample]) -> ClassSet:
        """More pictures for a class. Raises ClassSetError where there is no room for them."""
        if self.pictures + len(samples) > MOST_PICTURES:
            raise ClassSetError(
                f"There are {self.pictures} pictures already; {MOST_PICTURES} is all there is room for."
            )
        taught = self.classes[index]
        return self._with(index, replace(taught, samples=(*taught.samples, *samples)))

    def drop(self, index: int, place: int) -> ClassSet:
        """Return the set without one picture of a class."""
        taught = self.classes[index]
        return self._with(index, replace(taught, samples=taught.samples[:place] + taught.samples[place + 1 :]))

    def drop_last(self, index: int, seconds: float) -> ClassSet:
        """Without the pictures of a class's last seconds: those taken so shortly before its newest, and that one."""
        taught = self.classes[index]
        if not taught.samples:
            return self
        newest = max(sample.time for sample in taught.samples)
        return self._with(
            index, replace(taught, samples=tuple(s for s in taught.samples if newest - s.time >= seconds))
        )

    def _with(self, index: int, taught: TaughtClass) -> ClassSet:
        return ClassSet((*self.classes[:index], taught, *self.classes[index + 1 :]))

    def _checked(self, name: str, own: int) -> str:
        name = " ".join(name.split())
        if not name or not name.isprintable():
            raise ClassSetError("A class needs a name.")
        if len(name) > LONGEST_NAME:
            raise ClassSetError(f"A class's name has {LONGEST_NAME} letters at most.")
        for index, taught in enumerate(self.classes):
            if index != own and taught.name.casefold() == name.casefold():
                raise ClassSetError(f"There is a class called “{taught.name}” already.")
        return name


__all__ = ["BACKGROUND", "LEAST_PICTURES", "MOST_PICTURES", "ClassSet", "ClassSetError", "Sample", "TaughtClass"]
