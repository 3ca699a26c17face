"""What is taught, as a value: every step and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from zfdesk.live import Lesson, LessonError, Shot
from zfdesk.live.class_set import LEAST_PICTURES, LONGEST_NAME, MOST_CLASSES, MOST_PICTURES

PICTURE = np.zeros((4, 4, 3), np.uint8)


def shots(count: int, hold: int = 1, at: float = 0.0, step: float = 0.1) -> list[Shot]:
    return [Shot(PICTURE, hold, at + step * place) for place in range(count)]


@pytest.fixture
def lesson() -> Lesson:
    return Lesson().add("cup", shots(4)).add("cat", shots(2, 2)).add("nothing")


def names(lesson: Lesson) -> list[str]:
    return [known.name for known in lesson.classes]


def test_classes_are_added_renamed_moved_and_removed(lesson: Lesson) -> None:
    assert names(lesson) == ["cup", "cat", "nothing"]
    assert names(lesson.rename(1, " my   cat ")) == ["cup", "my cat", "nothing"]
    assert names(lesson.rename(1, "CAT")) == ["cup", "CAT", "nothing"]
    assert names(lesson.move(0, 1)) == ["cat", "cup", "nothing"]
    assert names(lesson.move(2, -2)) == ["nothing", "cup", "cat"]
    assert names(lesson.move(0, 99)) == ["cat", "nothing", "cup"]
    assert names(lesson.move(0, -1)) == names(lesson)
    assert names(lesson.remove(0)) == ["cat", "nothing"]
    moved = lesson.move(0, 2)
    assert moved.classes[2].shots == lesson.classes[0].shots
    assert names(lesson) == ["cup", "cat", "nothing"]  # no step changes the value it began with


def test_pictures_are_taken_and_dropped(lesson: Lesson) -> None:
    more = lesson.take(1, shots(3, 5, at=10))
    assert [len(known.shots) for known in more.classes] == [4, 5, 0]
    assert more.pictures == 9
    assert more.drop(1, 0).classes[1].shots == more.classes[1].shots[1:]
    assert more.drop_last(1, 2.0).classes[1].shots == lesson.classes[1].shots  # the hold at 10 s goes
    assert [shot.at for shot in more.drop_last(1, 0.15).classes[1].shots] == pytest.approx([0, 0.1, 10])
    assert lesson.drop_last(2, 2.0) == lesson
    assert len(more.shots()) == 9


def test_classes_with_pictures_enough_take_part(lesson: Lesson) -> None:
    assert [known.name for known in lesson.taught] == ["cup"]
    enough = lesson.take(2, shots(LEAST_PICTURES))
    assert [known.name for known in enough.taught] == ["cup", "nothing"]


def test_free_names(lesson: Lesson) -> None:
    assert lesson.free_name() == "class 1"
    assert lesson.add("class 1").free_name() == "class 2"
    assert lesson.free_name("Nothing") == "Nothing 1"
    assert lesson.free_name("dog") == "dog"


def test_what_cannot_be_is_told_in_a_sentence(lesson: Lesson) -> None:
    for name, words in (("", "needs a name"), ("  ", "needs a name"), ("a\x07", "needs a name"),
                        ("CUP", "called “cup” already"), ("x" * (LONGEST_NAME + 1), "letters at most")):  # fmt: skip
        with pytest.raises(LessonError, match=words):
            lesson.add(name)
        with pytest.raises(LessonError, match=words):
            lesson.rename(2, name)
    with pytest.raises(LessonError, match=f"{MOST_PICTURES} is all"):
        lesson.take(0, shots(1) * MOST_PICTURES)
    full = Lesson()
    for number in range(MOST_CLASSES):
        full = full.add(f"class {number}")
    with pytest.raises(LessonError, match="all there is room for"):
        full.add("one more")
