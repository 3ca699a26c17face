"""Lists as spreadsheets write them, links that lead to themselves, and what is told of what does not fit."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image
from tiny import SMALL, train

import zfdesk.engine as zf
from zfdesk.cli import main
from zfdesk.desk.teach.files import read_classes
from zfdesk.library import Library, scan
from zfdesk.library.listing import Listing, absolute
from zfdesk.live import Crop
from zfdesk.training.class_names import left_out, read_class_map
from zfdesk.training.data import open_all, open_pictures, passed_over
from zfdesk.training.data_manifest import ManifestPictures
from zfdesk.training.pack_plan import labelled_pictures, pictures_of
from zfdesk.training.transfer import TransferPlan, run_transfer
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


LINKS = {"to itself": ("self", "self"), "back": ("self", "."), "back by another way": ("self", "cat/../../data")}


@pytest.fixture(params=LINKS)
def looped(request: pytest.FixtureRequest, data: Path) -> Path:
    """The classes, a link that leads round in a circle, and one in a class."""
    name, target = LINKS[request.param]
    (data / name).symlink_to(target)
    (data / "cat" / "inner").symlink_to("inner")
    return data


def named_once(sentences: Sequence[str]) -> bool:
    """Each of the two links, once."""
    return sorted(Path(sentence.split(" is passed over: ")[0]).name for sentence in sentences) == ["inner", "self"]


def test_a_link_that_leads_back_is_passed_over_and_named_once(looped: Path) -> None:
    for pictures in (open_pictures(str(looped)), open_all([str(looped)])):
        assert pictures.classes == ("cat", "cup")
        assert len(pictures) == 8
        assert named_once(passed_over(pictures))
    said: list[str] = []
    paths, _, classes = labelled_pictures(str(looped), said.append)
    assert (len(paths), classes) == (8, ("cat", "cup"))
    assert named_once(said)
    listing = Listing(absolute([looped]))
    assert len(list(listing)) == 8
    assert named_once(listing.passed_over)
    assert listing.errors == []
    found = read_classes(looped, Crop(), 8)
    assert [(one.name, len(one.pictures)) for one in found] == [("cat", 4), ("cup", 4)]
    assert "self is passed over" in found[0].unread[0]


def test_the_verbs_name_a_link_that_leads_back_once(
    looped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["shards", str(looped), "-o", str(tmp_path / "shards"), "--side", "32"]) == 0
    assert named_once([line for line in capsys.readouterr().err.splitlines() if " is passed over: " in line])
    assert train(looped, "-o", tmp_path / "run", *SMALL, "--epochs", 1) == 0
    err = capsys.readouterr().err.splitlines()
    assert named_once([line for line in err if " is passed over: " in line])
    layers = (zf.Conv("conv1", 4, 3, 2, 1), zf.ReLU("relu1"), zf.Linear("fc2", 3), zf.Softmax("prob"))
    model = zf.random_model(zf.Architecture("small", "Small", layers, 32), 3)
    found = run_transfer(model, str(looped), TransferPlan(per_class=(2,), tested=2, rounds=1))
    assert found.pictures == 8
    assert named_once(found.passed_over)
    with Library(model, root=tmp_path / "library") as library:
        done = list(scan(library, [looped], ["conv1"]))
    assert named_once([sentence for step in done for sentence in step.passed_over])
    assert not any(step.unreadable for step in done)
