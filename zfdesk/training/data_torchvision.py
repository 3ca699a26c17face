"""Data sets that torchvision reads, by name: ``torchvision:NAME[,OPTION=VALUE…][@ROOT]``.

NAME is torchvision's own (Caltech101, Imagenette …), ROOT the folder in which it looks for it (default: ``datasets`` in
zfdesk's data folder), an option one of the data set's own (``torchvision:VOCDetection,year=2007``). Nothing is
downloaded unless that is asked for. torchvision is imported here alone.
"""

from __future__ import annotations

import importlib
import inspect
import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree.ElementTree import parse as parse_xml

import numpy as np
from PIL import Image

from zfdesk.training.data_entry import StoredPicture
from zfdesk.training.errors import PicturesGoneError, TrainingError
from zfdesk.weights.store import home

PREFIX = "torchvision:"

_SPLIT = {part: {"split": part} for part in ("train", "val")}
_TRAIN_AND_TEST = {"train": {"split": "train"}, "val": {"split": "test"}}
_CIFAR = {"train": {"train": True}, "val": {"train": False}}
_VOC = {part: {"image_set": part} for part in ("train", "val")}

DATA_SETS: Mapping[str, Mapping[str, Mapping[str, str | bool]]] = {
    "CIFAR10": _CIFAR, "CIFAR100": _CIFAR, "Caltech101": {}, "Caltech256": {}, "DTD": _SPLIT, "EuroSAT": {},
    "FGVCAircraft": _SPLIT, "Flowers102": _SPLIT, "Food101": _TRAIN_AND_TEST, "ImageNet": _SPLIT,
    "Imagenette": _SPLIT, "STL10": _TRAIN_AND_TEST, "SUN397": {},
    "VOCDetection": _VOC, "VOCSegmentation": _VOC,
}  # fmt: skip
"""For each data set the arguments that choose its training and its validation part; {} where it has no parts."""

_VOID = 255
"""In a segmentation mask: the border between objects, which is of no class."""


@dataclass(frozen=True)
class DataSetName:
    """What ``torchvision:NAME[,OPTION=VALUE…][@ROOT]`` says."""

    name: str
    root: Path
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> DataSetName:
        """Raises TrainingError with a sentence for a name or an option that is none."""
        given, at, root = text.removeprefix(PREFIX).partition("@")
        name, *options = given.split(",")
        known = next((known for known in DATA_SETS if known.casefold() == name.casefold()), None)
        if known is None:
            raise TrainingError(f"torchvision has no data set {name!r} for this; it has {', '.join(DATA_SETS)}.")
        pairs = [option.partition("=") for option in options]
        if not all(key and value for key, _, value in pairs) or (at and not root):
            raise TrainingError(f"{text}: a data set is torchvision:NAME[,OPTION=VALUE…][@FOLDER].")
        place = Path(root).expanduser() if root else home() / "datasets"
        return cls(known, place, {key: value for key, _, value in pairs})

    @property
    def has_parts(self) -> bool:
        """Whether there is a part to train on and another to validate on."""
        return bool(DATA_SETS[self.name])

    def open(self, part: str, download: bool = False) -> Any:
        """torchvision's data set, for ``part`` "train" or "val". Raises TrainingError with a sentence."""
        maker = getattr(import_torchvision("torchvision.datasets"), self.name)
        known = inspect.signature(maker).parameters
        chosen: dict[str, Any] = {**DATA_SETS[self.name].get(part, {}), **self.options}
        foreign = [name for name in self.options if name not in known or name in ("root", "download", "loader")]
        if foreign:
            raise TrainingError(f"torchvision's {self.name} has no option {foreign[0]!r}.")
        if "loader" in known or self.name == "ImageNet":
            chosen["loader"] = str  # the path in place of the picture, which is read when its turn comes
        if download:
            if "download" not in known:
                raise TrainingError(f"{self.name} cannot be downloaded: its files are had from its makers.")
            self.root.mkdir(parents=True, exist_ok=True)
            chosen["download"] = True
        elif not self.root.is_dir():
            missing = f"{self.root} is not a folder" if self.root.exists() else f"There is no folder {self.root}"
            raise TrainingError(f"{missing}: say where {self.name} lies ({PREFIX}{self.name}@FOLDER).")
        # what torchvision prints of its downloads is no part of a verb's answer
        with _as_training_errors(self), _no_empty_folder_left(self.root), redirect_stdout(sys.stderr):
            return maker(str(self.root), **chosen)


class TorchvisionPictures:
    """See `zfdesk.training.data.PictureDataset`.

    A picture of VOCDetection or VOCSegmentation has the class of its largest object (box or area), since a network
    with a softmax names one. Classes are called as torchvision calls them, ImageNet's by their WordNet ids.
    """

    labelled = True
    teacher_classes = 0
    embedding = 0

    def __init__(self, text: str, part: str) -> None:
        self.source = text
        name = DataSetName.parse(text)
        self._data = name.open(part)
        with _as_training_errors(name):
            self.classes, self._labels = _classes_and_labels(self._data)
        if not len(self._labels):
            raise TrainingError(f"{text} has no pictures.")

    def __len__(self) -> int:
        return len(self._labels)

    def name(self, index: int) -> str:
        """The file's path; without a file the data set's name and the number."""
        return _path(self._data, index) or f"{self.source}[{index}]"

    def label(self, index: int) -> int:
        """Index of its class, -1 for none."""
        return int(self._labels[index])

    def shown(self, index: int) -> tuple[frozenset[int], frozenset[int]]:
        """The classes in a picture, and those that are in it but only marked as difficult; of most data sets its one
        class."""
        data = self._data
        if hasattr(data, "parse_voc_xml"):
            things = _things(data, data.annotations[index])
            sure = frozenset(self.classes.index(one["name"]) for one in things if one.get("difficult", "0") != "1")
            return sure, frozenset(self.classes.index(one["name"]) for one in things) - sure
        if hasattr(data, "masks"):
            return frozenset(np.flatnonzero(_areas(data.masks[index])).tolist()), frozenset()
        return frozenset((self.label(index),)), frozenset()

    def read(self, index: int) -> StoredPicture:
        """The file's bytes, or a PNG of the array, and its class."""
        path = _path(self._data, index)
        if path is None:
            picture = io.BytesIO()
            self._data[index][0].convert("RGB").save(picture, "PNG", compress_level=1)
            return StoredPicture(picture.getvalue(), self.label(index))
        try:
            return StoredPicture(Path(path).read_bytes(), self.label(index))
        except FileNotFoundError:
            if not os.path.isdir(os.path.dirname(path)):
                raise PicturesGoneError(f"The folder {os.path.dirname(path)} has vanished.") from None
            raise


def download(text: str) -> None:
    """Fetch a data set, all parts of it; nothing where it is there already. Raises TrainingError with a sentence."""
    name = DataSetName.parse(text)
    for part in ("train", "val") if name.has_parts else ("train",):
        name.open(part, download=True)


def import_torchvision(module: str) -> ModuleType:
    """A module of torchvision. Raises TrainingError where it does not fit torch."""
    try:
        return importlib.import_module(module)
    except (ImportError, OSError, RuntimeError) as error:
        reason = (str(error).splitlines() or [""])[0].rstrip(".")
        raise TrainingError(
            f"torchvision cannot be used ({reason}): it and torch come from different builds; "
            "install both anew, in one command and from one place (README, “No GPU?”)."
        ) from None


def _classes_and_labels(data: Any) -> tuple[tuple[str, ...], np.ndarray]:
    if hasattr(data, "parse_voc_xml"):
        names = _voc_classes()
        return names, np.array([_largest_box(data, place, names) for place in data.annotations], np.int64)
    if hasattr(data, "masks"):
        return _voc_classes(), np.array([_largest_area(place) for place in data.masks], np.int64)
    names = next(getattr(data, key) for key in ("wnids", "classes", "categories") if hasattr(data, key))
    labels = next((getattr(data, key) for key in ("targets", "y", "labels") if hasattr(data, key)), None)
    if labels is None:
        labels = [data[index][1] for index in range(len(data))]
    return tuple(map(str, names)), np.asarray(labels, np.int64)


def _path(data: Any, index: int) -> str | None:
    """The file of a picture; None where pictures are kept as arrays."""
    if hasattr(data, "images"):  # VOC
        return str(data.images[index])
    if hasattr(data, "categories"):  # Caltech: reading one through torchvision needs scipy
        kind, number, set_number = data.y[index], data.index[index], data.root[-3:]
        stem = f"image_{number:04d}" if set_number == "101" else f"{kind + 1:03d}_{number:04d}"
        return os.path.join(data.root, f"{set_number}_ObjectCategories", data.categories[kind], f"{stem}.jpg")
    if hasattr(data, "loader"):
        return str(data[index][0])
    return None


def _voc_classes() -> tuple[str, ...]:
    """Pascal VOC's 20 classes in their usual order, as torchvision's weights name them."""
    weights = import_torchvision("torchvision.models.segmentation").FCN_ResNet50_Weights.DEFAULT
    return tuple(weights.meta["categories"][1:])


def _largest_box(data: Any, place: str, names: tuple[str, ...]) -> int:
    def area(thing: Mapping[str, Any]) -> float:
        box = {key: float(value) for key, value in thing["bndbox"].items()}
        return (box["xmax"] - box["xmin"]) * (box["ymax"] - box["ymin"])

    largest = max(_things(data, place), key=area, default=None)
    return names.index(largest["name"]) if largest else -1


def _things(data: Any, place: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data.parse_voc_xml(parse_xml(place).getroot())["annotation"]["object"]
    return found


def _largest_area(place: str) -> int:
    counts = _areas(place)
    return int(counts.argmax()) if counts.any() else -1


def _areas(place: str) -> np.ndarray:
    """Pixels of each class in a mask, int64."""
    with Image.open(place) as mask:
        return np.bincount(np.asarray(mask).ravel(), minlength=_VOID + 1)[1:_VOID]


@contextmanager
def _as_training_errors(data: DataSetName) -> Iterator[None]:
    """Turn what torchvision raises into a sentence."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise TrainingError(f"torchvision's {data.name} needs the package {error.name}: install it.") from None
    except TrainingError:
        raise
    except Exception as error:  # each data set raises what its reader meets: ValueError, KeyError, URLError …
        reason, found, _ = str(error).partition(" You can use download=True")
        reason = (reason.splitlines() or [""])[0].rstrip(".") or type(error).__name__
        hint = "; --download fetches it" if found else ""
        raise TrainingError(f"{data.name} cannot be read in {data.root}: {reason}{hint}.") from None


@contextmanager
def _no_empty_folder_left(root: Path) -> Iterator[None]:
    """Some data sets make their folder before they look for what ought to be in it."""
    before = set(os.listdir(root))
    try:
        yield
    except BaseException:
        for name in set(os.listdir(root)) - before:
            try:
                os.rmdir(root / name)
            except OSError:  # not empty, or a file: something was downloaded
                continue
        raise
