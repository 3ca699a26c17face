"""What is taught, as a value: every step and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from zfdesk.live import ClassSet, ClassSetError, Sample
from zfdesk.live.class_set import LEAST_PICTURES, LONGEST_NAME, MOST_CLASSES, MOST_PICTURES

PICTURE = np.zeros((4, 4, 3), np.uint8)


def samples(count: int, burst: int = 1, at: float = 0.0, step: float = 0.1) -> list[Sample]:
    return [Sample(PICTURE, burst, at + step * place) for place in range(count)]


@pytest.fixture
def class_set() -> ClassSet:
    return ClassSet().add("cup", samples(4)).add("cat", samples(2, 2)).add("nothing")


def names(class_set: ClassSet) -> list[str]:
    return [known.name for known in class_set.classes]


def test_classes_are_added_renamed_moved_and_removed(class_set: ClassSet) -> None:
    assert names(class_set) == ["cup", "cat", "nothing"]
    assert names(class_set.rename(1, " my   cat ")) == ["cup", "my cat", "nothing"]
    assert names(class_set.rename(1, "CAT")) == ["cup", "CAT", "nothing"]
    assert names(class_set.move(0, 1)) == ["cat", "cup", "nothing"]
    assert names(class_set.move(2, -2)) == ["nothing", "cup", "cat"]
    assert names(class_set.move(0, 99)) == ["cat", "nothing", "cup"]
    assert names(class_set.move(0, -1)) == names(class_set)
    assert names(class_set.remove(0)) == ["cat", "nothing"]
    moved = class_set.move(0, 2)
    assert moved.classes[2].samples == class_set.classes[0].samples
    assert names(class_set) == ["cup", "cat", "nothing"]  # no step changes the value it began with


def test_pictures_are_taken_and_dropped(class_set: ClassSet) -> None:
    more = class_set.add_samples(1, samples(3, 5, at=10))
    assert [len(known.samples) for known in more.classes] == [4, 5, 0]
    assert more.pictures == 9
    assert more.drop(1, 0).classes[1].samples == more.classes[1].samples[1:]
    assert more.drop_last(1, 2.0).classes[1].samples == class_set.classes[1].samples  # the hold at 10 s goes
    assert [sample.time for sample in more.drop_last(1, 0.15).classes[1].samples] == pytest.approx([0, 0.1, 10])
    assert class_set.drop_last(2, 2.0) == class_set
    assert len(more.samples()) == 9


def test_classes_with_pictures_enough_take_part(class_set: ClassSet) -> None:
    assert [known.name for known in class_set.taught] == ["cup"]
    enough = class_set.add_samples(2, samples(LEAST_PICTURES))
    assert [known.name for known in enough.taught] == ["cup", "nothing"]


def test_free_names(class_set: ClassSet) -> None:
    assert class_set.free_name() == "class 1"
    assert class_set.add("class 1").free_name() == "class 2"
    assert class_set.free_name("Nothing") == "Nothing 1"
    assert class_set.free_name("dog") == "dog"


def test_what_cannot_be_is_told_in_a_sentence(class_set: ClassSet) -> None:
    for name, words in (("", "needs a name"), ("  ", "needs a name"), ("a\x07", "needs a name"),
                        ("CUP", "called “cup” already"), ("x" * (LONGEST_NAME + 1), "letters at most")):  # fmt: skip
        with pytest.raises(ClassSetError, match=words):
            class_set.add(name)
        with pytest.raises(ClassSetError, match=words):
            class_set.rename(2, name)
    with pytest.raises(ClassSetError, match=f"{MOST_PICTURES} is all"):
        class_set.add_samples(0, samples(1) * MOST_PICTURES)
    full = ClassSet()
    for number in range(MOST_CLASSES):
        full = full.add(f"class {number}")
    with pytest.raises(ClassSetError, match="all there is room for"):
        full.add("one more")
