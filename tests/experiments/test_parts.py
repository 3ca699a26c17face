"""The file of marked parts: what is written is read, and whatever else lies there is told in a sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from zfdesk.engine import centre_box
from zfdesk.experiments.parts import (
    FILE,
    PartsError,
    check_boxes,
    check_marks,
    check_part_name,
    read_parts,
    shared_parts,
    to_input,
    write_parts,
)

MARKS = {
    "b dog.jpg": {"nose": (30, 40, 10, 12), "right eye": (10, 20, 8, 8)},
    "Ünïcode 犬.png": {"nose": (0, 0, 1, 1), "tip of the tail": (5, 6, 7, 8)},
}


def write(folder: Path, value: object) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    (folder / FILE).write_text(text)


def with_pictures(pictures: object, version: object = 1) -> dict[str, object]:
    return {"version": version, "pictures": pictures}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_parts(tmp_path, {**MARKS, "no part.jpg": {}})
    assert read_parts(tmp_path) == MARKS
    assert os.listdir(tmp_path) == [FILE]
    assert list(read_parts(tmp_path)["b dog.jpg"]) == ["nose", "right eye"]
    plain = json.loads((tmp_path / FILE).read_text("ascii"))  # the documented format, whatever the system's encoding
    assert plain == {"version": 1, "pictures": {n: {p: list(b) for p, b in v.items()} for n, v in MARKS.items()}}
    write_parts(tmp_path, {})
    assert read_parts(tmp_path) == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "cannot be read"),
        ("{", "cannot be read"),
        ("[1, 2]", "not an object"),
        ('{"version": 1, "version": 1, "pictures": {}}', "gives a name twice"),
        ('{"version": 1, "pictures": {"a.jpg": {"nose": [NaN, 1, 1, 1]}}}', "holds NaN, which is not a number"),
        ("[" * 100_000, "nested too deeply"),
        (with_pictures({}, 2), "is of version 2; this zfdesk reads version 1"),
        (with_pictures({}, "1"), "is of version '1'"),
        (with_pictures({}, True), "is of version True"),
        ({"pictures": {}}, "is of version None"),
        ({"version": 1}, "no list of pictures"),
        (with_pictures([]), "no list of pictures"),
        (with_pictures({"../dog.jpg": {}}), "not the name of a picture in the same folder"),
        (with_pictures({"/etc/passwd": {}}), "not the name of a picture in the same folder"),
        (with_pictures({"..": {}}), "not the name of a picture"),
        (with_pictures({"": {}}), "not the name of a picture"),
        (with_pictures({"a\\..\\b.jpg": {}}), "not the name of a picture"),
        (with_pictures({"C:dog.jpg": {}}), "not the name of a picture"),
        (with_pictures({"a\0b": {}}), "not the name of a picture"),
        (with_pictures({"a.jpg": [1]}), "the parts of a.jpg are not listed by name"),
        (with_pictures({"a.jpg": {"nose": [1, 2, 3]}}), "the nose of a.jpg is not a box"),
        (with_pictures({"a.jpg": {"nose": [1, 2, 3, 4.5]}}), "the nose of a.jpg is not a box"),
        (with_pictures({"a.jpg": {"nose": [1, 2, True, 4]}}), "the nose of a.jpg is not a box"),
        (with_pictures({"a.jpg": {"nose": [1, 2, 0, 4]}}), "the nose of a.jpg is not a box"),
        (with_pictures({"a.jpg": {"nose": [-1, 2, 3, 4]}}), "the nose of a.jpg is not a box"),
        (with_pictures({"a.jpg": {"nose": [1, 2, 3, 10**30]}}), "the nose of a.jpg is not a box"),
        (with_pictures({"a.jpg": {"": [1, 2, 3, 4]}}), "no name for a part"),
        (with_pictures({"a.jpg": {" nose": [1, 2, 3, 4]}}), "no name for a part"),
        (with_pictures({"a.jpg": {"n" * 41: [1, 2, 3, 4]}}), "no name for a part"),
        (with_pictures({"a.jpg": {"a\nb": [1, 2, 3, 4]}}), "no name for a part"),
        (with_pictures({"a.jpg": {"Random": [1, 2, 3, 4]}}), "No part can be called random"),
    ],
)
def test_whatever_else_lies_there_is_told(tmp_path: Path, content: object, words: str) -> None:
    write(tmp_path, content)
    with pytest.raises(PartsError) as told:
        read_parts(tmp_path)
    sentence = str(told.value)
    assert words in sentence
    assert FILE in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_no_file_no_folder_and_no_ordinary_file(tmp_path: Path) -> None:
    with pytest.raises(PartsError, match="No parts are marked in"):
        read_parts(tmp_path)
    with pytest.raises(PartsError, match="is not a folder"):
        read_parts(tmp_path / "nowhere")
    (tmp_path / FILE).mkdir()
    with pytest.raises(PartsError, match="is a folder, not a file"):
        read_parts(tmp_path)
    (tmp_path / FILE).rmdir()
    (tmp_path / FILE).symlink_to(tmp_path / "gone")
    with pytest.raises(PartsError, match="There is no file"):
        read_parts(tmp_path)
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).write_bytes(b'{"version": "\xff"}')
    with pytest.raises(PartsError, match="cannot be read"):
        read_parts(tmp_path)


def test_nothing_is_half_written_and_nothing_wrong_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_parts(tmp_path, MARKS)
    before = (tmp_path / FILE).read_bytes()
    for wrong in (
        {"../a.jpg": {"nose": (1, 2, 3, 4)}},
        {"a.jpg": {"nose": (1, 2, 0, 4)}},
        {"a.jpg": {"": (1, 2, 3, 4)}},
    ):
        with pytest.raises(PartsError):
            write_parts(tmp_path, wrong)  # type: ignore[arg-type]

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(PartsError, match="cannot be written: no space left on device"):
        write_parts(tmp_path, {"a.jpg": {"nose": (1, 2, 3, 4)}})
    assert (tmp_path / FILE).read_bytes() == before
    assert os.listdir(tmp_path) == [FILE]


def test_names_for_parts() -> None:
    assert check_part_name("tip of the tail") == "tip of the tail"
    for name in ("", " ", "a ", "random", "RANDOM", "x" * 41, "a\tb"):
        with pytest.raises(PartsError):
            check_part_name(name)


def test_a_missing_picture_and_too_few_pictures(tmp_path: Path) -> None:
    box = (1, 2, 3, 4)
    (tmp_path / "a.jpg").touch()
    (tmp_path / "b.jpg").touch()
    check_marks(tmp_path, {"a.jpg": {"nose": box}, "b.jpg": {"nose": box}})
    with pytest.raises(PartsError, match=r"^gone\.jpg, and 1 more is marked in .*, but not in the folder"):
        check_marks(tmp_path, {"a.jpg": {"nose": box}, "gone.jpg": {"nose": box}, "gone2.jpg": {"nose": box}})
    with pytest.raises(PartsError, match=r"at least two pictures; in .* no part is\.$"):
        check_marks(tmp_path, {"a.jpg": {"nose": box}, "b.jpg": {"left eye": box}})
    with pytest.raises(PartsError, match="no part is marked at all"):
        check_marks(tmp_path, {})


def test_the_rows_are_in_the_papers_order() -> None:
    box = (1, 2, 3, 4)
    marks = {
        "a": {"tail": box, "nose": box, "right eye": box},
        "b": {"nose": box, "tail": box, "left eye": box},
        "c": {"right eye": box},
    }
    assert shared_parts(marks) == ["right eye", "nose", "tail"]


def test_boxes_outside_are_told() -> None:
    check_boxes("a.jpg", {"nose": (90, 180, 10, 20)}, 100, 200)
    for box in ((91, 180, 10, 20), (90, 181, 10, 20)):
        with pytest.raises(PartsError, match=r"The nose of a.jpg reaches outside the picture: .* in 100 × 200 pixels"):
            check_boxes("a.jpg", {"nose": box}, 100, 200)


@pytest.mark.parametrize(
    ("box", "crop", "size", "expected"),
    [
        ((10, 20, 30, 40), (0, 0, 224, 224), 224, (10, 20, 30, 40)),
        ((10, 20, 30, 40), (0, 0, 448, 448), 224, (5, 10, 15, 20)),
        ((10, 20, 30, 40), (20, 10, 244, 234), 224, (0, 0, 30, 40)),
        ((10, 20, 30, 40), (100, 100, 200, 200), 224, (-202, -179, 68, 89)),
        ((10, 20, 1, 1), (0, 0, 2240, 2240), 224, (1, 2, 1, 1)),
        ((0, 0, 100, 200), (0, 0, 200, 100), 224, (0, 0, 224, 224)),  # stretched
        ((16, 116, 224, 224), centre_box(256, 456), 224, (0, 0, 224, 224)),
    ],
)
def test_from_picture_to_input(box: tuple, crop: tuple, size: int, expected: tuple) -> None:
    assert to_input(box, crop, size) == expected
