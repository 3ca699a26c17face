"""Where the pictures of a training come from, as one list that can be read at any place.

A folder by class, tar shards, a manifest, or a data set of torchvision's by name: each gives a `PictureDataset`.
Nothing is kept but names and places, so that millions of pictures need no more memory than their list.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from zfdesk.training.data_entry import StoredPicture
from zfdesk.training.errors import TrainingError


class PictureDataset(Protocol):
    """Many pictures, read one by one from several threads at once."""

    classes: tuple[str, ...]
    source: str
    """Where they come from, as given."""
    labelled: bool
    """Whether they have labels or soft labels."""
    teacher_classes: int
    """Classes of the stored teacher's answers, 0 where there are none."""
    embedding: int
    """Numbers in the stored teacher's embedding, 0 where there is none."""

    def __len__(self) -> int: ...

    def name(self, index: int) -> str:
        """Path or key of a picture, for people and for finding it again."""

    def label(self, index: int) -> int:
        """Its class as far as that is known without reading it, else -1."""

    def read(self, index: int) -> StoredPicture:
        """One picture. Raises OSError or ValueError where it cannot be read, PicturesGoneError when all are gone."""


def is_data_set_name(path: str) -> bool:
    """Whether it names a data set of torchvision's, see `zfdesk.training.data_torchvision`."""
    return path.startswith("torchvision:")


def title_of(path: str) -> str:
    """What some data are called for short: the last part of a path, or a data set's name."""
    return path.partition("@")[0] if is_data_set_name(path) else os.path.basename(os.path.normpath(path))


def open_pictures(path: str, part: str = "train") -> PictureDataset:
    """The pictures in a folder by class, a folder of tar shards, a manifest (.jsonl, .csv), or ``torchvision:NAME``.

    ``part``: "train" or "val", which is looked for where a folder has both. Raises TrainingError with a sentence.
    """
    from zfdesk.training.data_folder import FolderPictures
    from zfdesk.training.data_manifest import ManifestPictures
    from zfdesk.training.data_shards import DESCRIPTION, ShardPictures

    if is_data_set_name(path):
        from zfdesk.training.data_torchvision import TorchvisionPictures

        return TorchvisionPictures(path, part)
    place = Path(path)
    if place.suffix.lower() in (".jsonl", ".csv") and not place.is_dir():
        return ManifestPictures(place)
    if not place.is_dir():
        what = "does not exist" if not os.path.lexists(place) else "is neither a folder nor a manifest (.jsonl, .csv)"
        raise TrainingError(f"{path} {what}.")
    if (place / part).is_dir():
        place = place / part
    if (place / DESCRIPTION).is_file() or any(place.glob("*.tar")):
        return ShardPictures(place)
    return FolderPictures(place)


class JoinedPictures:
    """Several data sets of the same classes as one, see `PictureDataset`; a teacher need not have answered to all.

    Raises TrainingError where their classes or the sizes of their answers differ, or one has nothing to learn.
    """

    def __init__(self, parts: list[PictureDataset]) -> None:
        first = next((part for part in parts if part.teacher_classes), parts[0])
        answers = first.teacher_classes, first.embedding
        for part in parts:
            answered = (part.teacher_classes, part.embedding) if part.teacher_classes else answers
            if (part.classes, answered) != (first.classes, answers):
                raise TrainingError(
                    f"{part.source} has other classes or another teacher's answers than {first.source}."
                )
            if first.teacher_classes and not (part.teacher_classes or part.labelled):
                raise TrainingError(f"{part.source} has neither labels nor a teacher's answers.")
        self.classes, self.source = first.classes, ", ".join(part.source for part in parts)
        self.teacher_classes, self.embedding = answers
        self.labelled = all(part.labelled for part in parts)
        self.passed_over = tuple(sentence for part in parts for sentence in passed_over(part))
        self._parts, self._ends = parts, np.cumsum([len(part) for part in parts])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def _at(self, index: int) -> tuple[PictureDataset, int]:
        part = int(np.searchsorted(self._ends, index, "right"))
        return self._parts[part], index - (int(self._ends[part - 1]) if part else 0)

    def name(self, index: int) -> str:
        """Return the picture's name in its own data set."""
        part, place = self._at(index)
        return part.name(place)

    def label(self, index: int) -> int:
        """As in the part."""
        part, place = self._at(index)
        return part.label(place)

    def read(self, index: int) -> StoredPicture:
        """As in the part."""
        part, place = self._at(index)
        return part.read(place)


def passed_over(pictures: PictureDataset) -> tuple[str, ...]:
    """Sentences on what lies among the pictures and cannot be looked into, such as a link to itself."""
    sentences: tuple[str, ...] = getattr(pictures, "passed_over", ())
    return sentences


def open_all(paths: Sequence[str]) -> PictureDataset:
    """One data set, or several as one. Raises TrainingError."""
    parts = [open_pictures(path) for path in paths]
    return parts[0] if len(parts) == 1 else JoinedPictures(parts)


def validation_beside(path: str) -> str | None:
    """The data set again, where it has a part to train on and one to validate on; else None."""
    if is_data_set_name(path):
        from zfdesk.training.data_torchvision import DataSetName

        return path if DataSetName.parse(path).has_parts else None
    place = Path(path)
    return str(place) if (place / "train").is_dir() and (place / "val").is_dir() else None


def order(seed: int, epoch: int, count: int) -> np.ndarray:
    """The order of ``count`` pictures in an epoch, int64; it depends on nothing else."""
    return np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(count)
