"""Data sets of torchvision's by name: small ones in the true layouts, read as torchvision itself reads them."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from loopback import loopback
from PIL import Image

import zfdesk.weights
from zfdesk.cli import main
from zfdesk.sources import decode_picture
from zfdesk.training.data import open_pictures, validation_beside
from zfdesk.training.data_torchvision import DATA_SETS
from zfdesk.training.errors import PicturesGoneError, TrainingError

pytestmark = pytest.mark.usefixtures("torchvision")

EACH = 3
"""Pictures a class."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZFDESK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def save(path: Path, label: int, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(tiny.picture(label, number)).save(path, "JPEG")


def caltech(root: Path, which: str, kinds: list[str]) -> None:
    place = root / f"caltech{which}" / f"{which}_ObjectCategories"
    for label, kind in enumerate(kinds):
        for number in range(1, EACH + 1):
            stem = f"image_{number:04d}" if which == "101" else f"{label + 1:03d}_{number:04d}"
            save(place / kind / f"{stem}.jpg", label, number)


def by_class(place: Path, kinds: tuple[str, ...] = ("n01440764", "n02102040"), each: int = EACH) -> None:
    for part in ("train", "val"):
        for label, kind in enumerate(kinds):
            for number in range(each):
                save(place / part / kind / f"{kind}_{number}.JPEG", label, number)


def imagenet(root: Path) -> None:
    by_class(root)
    words = {"n01440764": ("tench", "Tinca tinca"), "n02102040": ("English springer", "English springer spaniel")}
    torch.save((words, list(words)), root / "meta.bin")


def cifar(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pictures a file, in the true files; their hashes are of course others."""
    from torchvision.datasets import CIFAR10

    place = root / CIFAR10.base_folder
    place.mkdir(parents=True)
    names = ["airplane", "automobile", "bird"]

    def hashed(name: str, told: dict[str, Any]) -> list[str]:
        data = pickle.dumps(told)
        (place / name).write_bytes(data)
        return [name, hashlib.md5(data, usedforsecurity=False).hexdigest()]

    def batch(name: str, seed: int) -> list[str]:
        data = np.random.default_rng(seed).integers(0, 256, (2, 3072), dtype=np.uint8)
        return hashed(name, {"data": data, "labels": [seed % 3, 2]})

    monkeypatch.setattr(CIFAR10, "train_list", [batch(f"data_batch_{number}", number) for number in range(1, 6)])
    monkeypatch.setattr(CIFAR10, "test_list", [batch("test_batch", 0)])
    name, md5 = hashed("batches.meta", {"label_names": names})
    monkeypatch.setattr(CIFAR10, "meta", {"filename": name, "key": "label_names", "md5": md5})


def voc(root: Path, year: str = "2012") -> None:
    """A dog, hard to make out, before a small person, a person alone, and a picture of nothing."""
    place = root / "VOCdevkit" / f"VOC{year}"
    things = {"a": [("person", 4), ("dog", 20)], "b": [("person", 10)], "c": []}
    for number, (name, found) in enumerate(things.items()):
        save(place / "JPEGImages" / f"{name}.jpg", number, 0)
        boxes = "".join(
            f"<object><name>{kind}</name><difficult>{int(kind == 'dog')}</difficult>"
            f"<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>{side + 1}</xmax><ymax>{side + 1}</ymax></bndbox></object>"
            for kind, side in found
        )
        (place / "Annotations").mkdir(exist_ok=True)
        (place / "Annotations" / f"{name}.xml").write_text(f"<annotation><folder>VOC</folder>{boxes}</annotation>")
        mask = np.zeros((40, 48), np.uint8)
        mask[:, 40:] = 255
        for kind, side in found:
            mask[20 : 20 + side, :side] = {"person": 15, "dog": 12}[kind]
        (place / "SegmentationClass").mkdir(exist_ok=True)
        Image.fromarray(mask).convert("P").save(place / "SegmentationClass" / f"{name}.png")
    for folder in ("Main", "Segmentation"):
        (place / "ImageSets" / folder).mkdir(parents=True)
        (place / "ImageSets" / folder / "train.txt").write_text("a\nb\nc\n")
        (place / "ImageSets" / folder / "val.txt").write_text("b\n")


Make = Callable[[Path], None]
MADE: dict[str, tuple[Make, dict[str, Any], tuple[str, ...]]] = {
    "Caltech101": (lambda root: caltech(root, "101", ["BACKGROUND_Google", "ant", "yak"]), {}, ("ant", "yak")),
    "Caltech256": (lambda root: caltech(root, "256", ["001.ak47", "002.yak"]), {}, ("001.ak47", "002.yak")),
    "ImageNet": (imagenet, {"split": "train"}, ("n01440764", "n02102040")),
    "Imagenette": (lambda root: by_class(root / "imagenette2"), {"split": "train"}, ("n01440764", "n02102040")),
    "CIFAR10": (lambda root: None, {"train": True}, ("airplane", "automobile", "bird")),
}


@pytest.mark.parametrize("name", MADE)
def test_pictures_and_classes_are_torchvisions(
    name: str, tmp_path: Path, torchvision: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, chosen, classes = MADE[name]
    make(tmp_path)
    if name == "CIFAR10":
        cifar(tmp_path, monkeypatch)
    theirs = getattr(torchvision.datasets, name)(str(tmp_path), **chosen)
    ours = open_pictures(f"torchvision:{name}@{tmp_path}")
    assert ours.classes == classes
    assert len(ours) == len(theirs) > 0
    assert len({ours.name(index) for index in range(len(ours))}) == len(ours)
    for index in range(len(ours)):
        expected, label = theirs[index]
        entry = ours.read(index)
        assert (entry.label, ours.label(index)) == (label, label)
        assert np.array_equal(decode_picture(entry.data), np.asarray(expected.convert("RGB")))


@pytest.mark.parametrize("name", ["VOCDetection", "VOCSegmentation"])
def test_a_picture_of_several_objects_has_the_class_of_the_largest(name: str, tmp_path: Path) -> None:
    voc(tmp_path)
    pictures = open_pictures(f"torchvision:{name}@{tmp_path}")
    assert len(pictures.classes) == 20
    assert (pictures.classes[0], pictures.classes[-1]) == ("aeroplane", "tvmonitor")
    labels = [pictures.label(index) for index in range(len(pictures))]
    assert [pictures.classes[label] if label >= 0 else None for label in labels] == ["dog", "person", None]
    assert len(open_pictures(f"torchvision:{name}@{tmp_path}", "val")) == 1


def test_all_objects_of_a_picture_are_known(tmp_path: Path) -> None:
    voc(tmp_path)
    boxes, masks = (open_pictures(f"torchvision:{name}@{tmp_path}") for name in ("VOCDetection", "VOCSegmentation"))
    person, dog = (boxes.classes.index(name) for name in ("person", "dog"))
    assert [boxes.shown(index) for index in range(3)] == [({person}, {dog}), ({person}, set()), (set(), set())]  # type: ignore[attr-defined]
    assert masks.shown(0)[0] == {dog}  # type: ignore[attr-defined]  # the small person is behind it
    assert masks.shown(1) == ({person}, set())  # type: ignore[attr-defined]


def test_an_option_of_the_data_set_and_another_part(tmp_path: Path) -> None:
    voc(tmp_path, "2007")
    assert len(open_pictures(f"torchvision:VOCDetection,year=2007@{tmp_path}")) == 3
    assert len(open_pictures(f"torchvision:vocdetection,year=2007,image_set=val@{tmp_path}")) == 1
    with pytest.raises(TrainingError, match=r"cannot be read in .*1066"):
        open_pictures(f"torchvision:VOCDetection,year=1066@{tmp_path}")
    with pytest.raises(TrainingError, match="no option 'yaer'"):
        open_pictures(f"torchvision:VOCDetection,yaer=2007@{tmp_path}")


def test_every_name_is_torchvisions_and_takes_what_chooses_its_parts(torchvision: ModuleType) -> None:
    import inspect

    for name, parts in DATA_SETS.items():
        known = inspect.signature(getattr(torchvision.datasets, name)).parameters
        assert "root" in known
        assert parts.keys() in (set(), {"train", "val"})
        assert all(key in known for part in parts.values() for key in part)
        assert (validation_beside(f"torchvision:{name}@x") is not None) == bool(parts)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("torchvision:MNISTY", "torchvision has no data set 'MNISTY'"),
        ("torchvision:Caltech101@", "a data set is torchvision:NAME"),
        ("torchvision:Caltech101,split", "a data set is torchvision:NAME"),
        ("torchvision:Caltech101@nowhere", "There is no folder nowhere"),
        ("torchvision:Caltech101@.", "--download fetches it"),
        ("torchvision:Imagenette@.", "--download fetches it"),
        ("torchvision:ImageNet@.", "ILSVRC2012_devkit_t12.tar.gz is not present"),
        ("torchvision:VOCDetection@.", "--download fetches it"),
    ],
)
def test_what_is_not_there_is_told_in_one_sentence_and_nothing_is_made(
    text: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", text]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert sentence in err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_data_set_is_told_in_one_sentence(tmp_path: Path) -> None:
    caltech(tmp_path, "101", ["ant", "yak"])  # without BACKGROUND_Google, which torchvision expects
    with pytest.raises(TrainingError, match="Caltech101 cannot be read in"):
        open_pictures(f"torchvision:Caltech101@{tmp_path}")
    voc(tmp_path)
    (tmp_path / "VOCdevkit/VOC2012/Annotations/a.xml").write_text("<annotation>")
    with pytest.raises(TrainingError, match="VOCDetection cannot be read in"):
        open_pictures(f"torchvision:VOCDetection@{tmp_path}")


def test_a_folder_that_vanishes_is_no_unreadable_picture(tmp_path: Path) -> None:
    caltech(tmp_path, "256", ["001.ak47", "002.yak"])
    pictures = open_pictures(f"torchvision:Caltech256@{tmp_path}")
    (tmp_path / "caltech256").rename(tmp_path / "elsewhere")
    with pytest.raises(PicturesGoneError):
        pictures.read(0)


def test_without_a_folder_it_lies_in_our_own(home: Path) -> None:
    caltech(home / "datasets", "256", ["001.ak47", "002.yak"])
    assert len(open_pictures("torchvision:Caltech256")) == 2 * EACH


# ---- the verbs


def imagenette_archive(place: Path) -> bytes:
    by_class(place / "made" / "imagenette2", each=6)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(place / "made" / "imagenette2", "imagenette2")
    return packed.getvalue()


def test_it_is_downloaded_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from torchvision.datasets import Imagenette

    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    data = imagenette_archive(tmp_path)
    root = tmp_path / "root"
    words = ["train", f"torchvision:Imagenette@{root}", "-o", str(tmp_path / "run"), *tiny.SMALL, "--epochs", "1"]
    with loopback() as server:
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        url = server.serve("imagenette2.tgz", data)
        monkeypatch.setattr(Imagenette, "_ARCHIVES", {"full": (url, md5)})
        assert main(words) == 1
        assert not server.asked
        assert "There is no folder" in capsys.readouterr().err
        assert tiny.train(*words[1:], "--download") == 0
        asked = len(server.asked)
        assert asked > 0
        assert main(["evaluate", f"torchvision:Imagenette@{root}", "--download"]) == 0
        assert len(server.asked) == asked, "it is there already"
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["data"] == [f"torchvision:Imagenette@{root}", f"validation: torchvision:Imagenette@{root}"]
    assert zfdesk.weights.describe(tmp_path / "run" / "network.safetensors").classes == ("n01440764", "n02102040")


def test_evaluate_finds_imagenets_classes_by_their_ids(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    by_class(tmp_path / "imagenette2", each=1)
    assert main(["evaluate", f"torchvision:Imagenette@{tmp_path}", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["pictures"] == 2
    assert [row["class"] for row in told["classes"]] == ["tench", "English springer"]


@pytest.mark.parametrize(
    ("number", "names", "classes"),
    [
        ("101", ["BACKGROUND_Google", "ant", "yak"], ("ant", "yak")),
        ("256", ["001.ak47", "002.yak"], ("001.ak47", "002.yak")),
    ],
)
def test_transfer_names_the_data_set_in_its_table(
    number: str, names: list[str], classes: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    caltech(tmp_path, number, names)
    words = ["--per-class", "2", "--rounds", "1", "--json"]
    assert main(["train", "--transfer", f"torchvision:Caltech{number}@{tmp_path}", *words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["data"], told["classes"]) == (f"torchvision:Caltech{number}", len(classes))
    assert told["pictures"] == len(classes) * EACH


def test_download_is_for_data_sets_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(tmp_path), "--download"]) == 1
    assert "torchvision:NAME" in capsys.readouterr().err


# ---- a torchvision that does not fit


def test_a_torchvision_of_another_build_is_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "packages" / "torchvision"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('raise RuntimeError("operator torchvision::nms does not exist")')
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    assert main(["evaluate", f"torchvision:Imagenette@{tmp_path}"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "operator torchvision::nms does not exist" in err
    assert "different builds" in err
    assert "install both" in err
