"""Lists as spreadsheets write them, links that lead to themselves, and what is told of what does not fit."""

import json
from pathlib import Path

import pytest
from PIL import Image

from zfdesk.training.class_names import left_out, read_class_map
from zfdesk.training.data import open_all, open_pictures, passed_over
from zfdesk.training.data_manifest import ManifestPictures
from zfdesk.training.shards import labelled_pictures, pictures_of
from zfdesk.typed_json import parsed


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("cat", "cup"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (8, 8)).save(tmp_path / "data" / name / f"{number}.png")
    return tmp_path / "data"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_changes_nothing(mark: bytes, data: Path, tmp_path: Path) -> None:
    wanted = {"cat": "tabby", "cup": "cup"}
    for name, text in (("a.csv", b"cat,tabby\ncup,cup\n"), ("a.json", b'{"cat": "tabby", "cup": "cup"}')):
        (tmp_path / name).write_bytes(mark + text)
        told = read_class_map(str(tmp_path / name))
        assert told == wanted
        assert left_out(open_pictures(str(data)), told) == []
    (tmp_path / "list.txt").write_bytes(mark + b"data/cat/0.png\ndata/cup/1.png\n")
    assert [Path(path).name for path in pictures_of([str(tmp_path / "list.txt")], None, 0)] == ["0.png", "1.png"]
    assert parsed(mark + b'{"a": 1}') == {"a": 1}
    (tmp_path / "m.jsonl").write_bytes(mark + json.dumps({"path": "data/cat/0.png", "label": "cat"}).encode())
    assert len(ManifestPictures(tmp_path / "m.jsonl")) == 1


@pytest.mark.parametrize(
    "text",
    ["cat,tabby\ncup,cup\n", "Folder;Class\r\ncat;tabby\r\ncup;cup\r\n", "path\tlabel\ncat\ttabby\ncup\tcup\n",
     '"cat","tabby"\n"cup","cup"\n'],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_lines_of_a_spreadsheet(text: str, encoding: str, tmp_path: Path) -> None:
    (tmp_path / "classes.csv").write_bytes(text.encode(encoding))
    assert read_class_map(str(tmp_path / "classes.csv")) == {"cat": "tabby", "cup": "cup"}


@pytest.mark.parametrize("head", ["path,label", "Path,Label", "path;label", "PATH\tLABEL"])
def test_the_columns_of_a_manifest(head: str, data: Path, tmp_path: Path) -> None:
    sign = next(sign for sign in ",;\t" if sign in head)
    rows = "\n".join([head, f"data/cat/0.png{sign}cat", f"data/cup/0.png{sign}cup"])
    (tmp_path / "m.csv").write_text(rows, "utf-8-sig")
    pictures = ManifestPictures(tmp_path / "m.csv")
    assert (pictures.classes, len(pictures)) == (("cat", "cup"), 2)


def test_what_does_not_fit_is_told_and_counted(data: Path) -> None:
    told = {"cat": "tabby", "dog": "beagle"}
    assert left_out(open_pictures(str(data)), told) == [
        "--classes names no class for “cup”: 4 pictures of 8 are left out.",
        "--classes names “dog”, of which there are no pictures.",
    ]


def test_a_link_to_itself_is_passed_over_and_named_once(data: Path) -> None:
    (data / "self").symlink_to("self")
    for pictures in (open_pictures(str(data)), open_all([str(data)])):
        assert pictures.classes == ("cat", "cup")
        assert len(pictures) == 8
        (sentence,) = passed_over(pictures)
        assert "self is passed over" in sentence
    assert labelled_pictures(str(data))[2] == ("cat", "cup")
