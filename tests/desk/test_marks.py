"""The marks of a folder while they are made: saved at once, taken back, and never lost to a file that is not ours."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zfdesk.desk.parts.marks import MarkBook
from zfdesk.experiments.parts import FILE, PartsError, read_parts, write_parts
from zfdesk.sources import SourceError

ONE, TWO = (1, 2, 3, 4), (5, 6, 7, 8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures; 10 comes after 2."""
    for name in ("dog 10.png", "dog 1.png", "dog 2.png"):
        Image.fromarray(np.zeros((40, 50, 3), np.uint8)).save(tmp_path / name)
    return tmp_path


def test_what_is_marked_is_saved_at_once_and_the_next_part_is_chosen(folder: Path) -> None:
    book = MarkBook(folder)
    assert book.names == ["dog 1.png", "dog 2.png", "dog 10.png"]
    assert not (folder / FILE).exists()  # looking writes nothing
    book.put(ONE)
    assert read_parts(folder) == {"dog 1.png": {"right eye": ONE}}
    assert book.part == "left eye"
    book.part = "nose"
    book.put(TWO)
    assert book.part == "left eye"  # the one that is still missing
    book.put(TWO)
    assert book.part == "left eye"  # nothing is missing
    book.part = "nose"
    book.put(ONE)  # again: the choice stays
    assert book.part == "nose"
    assert read_parts(folder)["dog 1.png"] == {"right eye": ONE, "left eye": TWO, "nose": ONE}


def test_undo_goes_to_where_it_was_and_redo_back(folder: Path) -> None:
    book = MarkBook(folder)
    book.put(ONE)
    book.go(2)
    book.part = "nose"
    book.put(TWO)
    book.remove()  # another part is chosen by now: nothing to remove
    book.part = "nose"
    book.remove()
    assert read_parts(folder) == {"dog 1.png": {"right eye": ONE}}
    book.go(-1)
    book.undo()
    assert (book.picture, book.part, book.boxes) == ("dog 10.png", "nose", {"nose": TWO})
    book.undo()
    book.undo()
    assert (book.picture, book.part, book.boxes) == ("dog 1.png", "right eye", {})
    assert read_parts(folder) == {}
    assert not book.can_undo
    book.undo()
    book.redo()
    book.redo()
    assert read_parts(folder) == {"dog 1.png": {"right eye": ONE}, "dog 10.png": {"nose": TWO}}
    book.put(ONE)
    book.redo()  # a new mark makes another future
    assert "nose" in read_parts(folder)["dog 10.png"]


def test_a_folder_that_was_marked_before(folder: Path) -> None:
    write_parts(folder, {"dog 2.png": {"tail": ONE}, "gone.png": {"nose": TWO}})
    book = MarkBook(folder)
    assert book.parts == ["right eye", "left eye", "nose", "tail"]
    assert book.missing == ["gone.png"]
    book.put(ONE)
    assert read_parts(folder)["gone.png"] == {"nose": TWO}  # kept


def test_a_damaged_file_is_left_as_it_is(folder: Path) -> None:
    (folder / FILE).write_text('{"version": 7}')
    with pytest.raises(PartsError, match="version 7"):
        MarkBook(folder)
    assert json.loads((folder / FILE).read_text()) == {"version": 7}


def test_what_is_no_folder_of_pictures(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="There are no pictures in"):
        MarkBook(tmp_path)
    with pytest.raises(SourceError, match="does not exist"):
        MarkBook(tmp_path / "nowhere")


def test_a_mark_that_cannot_be_saved_is_kept_and_saved_with_the_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = MarkBook(folder)
    with monkeypatch.context() as broken:

        def full(self: Path, target: Path) -> None:
            raise OSError(28, "No space left on device")

        broken.setattr(Path, "replace", full)
        with pytest.raises(PartsError, match="no space left"):
            book.put(ONE)
    assert book.boxes == {"right eye": ONE}
    book.put(TWO)
    assert read_parts(folder)["dog 1.png"] == {"right eye": ONE, "left eye": TWO}


def test_another_part(folder: Path) -> None:
    book = MarkBook(folder)
    book.add_part("wheel")
    book.put(ONE)
    assert read_parts(folder) == {"dog 1.png": {"wheel": ONE}}
    book.add_part("nose")
    assert book.parts == ["right eye", "left eye", "nose", "wheel"]
    for name in ("", "random"):
        with pytest.raises(PartsError):
            book.add_part(name)
