"""Pictures listed in a manifest: one a line, with a class or with soft labels.

JSONL: {"path": …, "label": name or index} or {"path": …, "soft": [[class index, probability], …]}. CSV: columns path
and label. Paths are relative to the manifest, or absolute.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zfdesk.error_reason import error_reason
from zfdesk.training.data_entry import StoredPicture
from zfdesk.training.errors import PicturesGoneError, TrainingError
from zfdesk.weights.checkpoint import MOST_CLASSES


class ManifestPictures:
    """See `zfdesk.training.data.PictureDataset`. Raises TrainingError that names the line that is wrong."""

    labelled = True
    teacher_classes = 0
    embedding = 0

    def __init__(self, place: Path) -> None:
        self.place, self.source = place, str(place)
        self._paths: list[str] = []
        labels: list[Any] = []
        self._soft: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        most = -1
        for number, row in _rows(place):
            where = f"{place}, line {number}"
            path, label, soft = row.get("path"), row.get("label"), row.get("soft")
            if not isinstance(path, str) or not path:
                raise TrainingError(f"{where}: there is no path.")
            if soft is not None:
                self._soft[len(self._paths)] = _soft(soft, where)
                most = max(most, int(self._soft[len(self._paths)][0].max()))
            elif not isinstance(label, str | int) or isinstance(label, bool) or label == "":
                raise TrainingError(f"{where}: there is neither a label nor a soft label.")
            self._paths.append(path)
            labels.append(label if soft is None else None)
        if not self._paths:
            raise TrainingError(f"{place} lists no pictures.")
        self.classes, self._labels = _named(labels, most, place)

    def __len__(self) -> int:
        return len(self._paths)

    def name(self, index: int) -> str:
        """Return the path of a picture as the manifest lists it."""
        return self._paths[index]

    def label(self, index: int) -> int:
        """Index of its class, of soft labels the most probable."""
        return int(self._labels[index]) if index not in self._soft else int(self._spread(index).argmax())

    def read(self, index: int) -> StoredPicture:
        """The file's bytes with its class or probabilities; what its soft labels leave is spread over all classes."""
        soft = self._spread(index) if index in self._soft else None
        try:
            data = (self.place.parent / self._paths[index]).read_bytes()
        except FileNotFoundError:
            if not self.place.parent.is_dir():
                raise PicturesGoneError(f"The folder {self.place.parent} has vanished during training.") from None
            raise
        return StoredPicture(data, int(self._labels[index]), soft)

    def _spread(self, index: int) -> np.ndarray:
        places, shares = self._soft[index]
        soft = np.full(len(self.classes), max(0.0, 1 - shares.sum()) / len(self.classes), np.float32)
        np.add.at(soft, places, shares)
        return soft


def _rows(place: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with place.open(encoding="utf-8-sig", newline="") as file:  # Excel begins a file with a mark of its encoding
            if place.suffix.lower() == ".csv":
                first = file.readline()
                file.seek(0)
                separator = max(",;\t", key=first.count)  # a spreadsheet's depends on its language
                for number, row in enumerate(csv.DictReader(file, delimiter=separator), 2):
                    yield number, {key.strip().lower(): value for key, value in row.items() if key and value}
                return
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    entry = json.loads(line)
                except (ValueError, RecursionError):
                    entry = None
                if not isinstance(entry, dict):
                    raise TrainingError(f"{place}, line {number}: it is not a JSON object.")
                yield number, entry
    except TrainingError:
        raise
    except OSError as error:
        raise TrainingError(f"{place} cannot be read: {error_reason(error)}.") from None
    except (ValueError, csv.Error):
        raise TrainingError(f"{place} is damaged: a line of it cannot be read.") from None


def _soft(data: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    pairs: list[Any] = data if isinstance(data, list) and data else [()]
    for pair in pairs:
        fits = isinstance(pair, list) and len(pair) == 2 and type(pair[0]) is int and type(pair[1]) in (int, float)
        if not fits or not 0 <= pair[0] < MOST_CLASSES or not 0 <= pair[1] <= 1:
            raise TrainingError(f"{where}: soft labels are pairs of a class's index and a probability.")
    places, shares = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs], np.float32)
    if shares.sum() > 1.01:
        raise TrainingError(f"{where}: its probabilities sum to {shares.sum():.2f}.")
    return places, shares


def _named(labels: list[Any], most: int, place: Path) -> tuple[tuple[str, ...], np.ndarray]:
    """Class names in order and the index of each label; numbers are indices, unless there are names among them."""
    known = [label for label in labels if label is not None]
    numbers = all(isinstance(label, int) or label.isdecimal() for label in known)
    if numbers:
        found = [-1 if label is None else int(label) for label in labels]
        most = max([most, *found])
        if not 0 <= most < MOST_CLASSES or min(found) < -1:
            raise TrainingError(f"{place}: its labels are not indices from 0 up.")
        return tuple(f"class {index}" for index in range(most + 1)), np.array(found, np.int64)
    if most >= 0:
        raise TrainingError(f"{place} names some classes and counts others: with soft labels, labels are indices.")
    names = sorted({str(label) for label in known})
    index = {name: number for number, name in enumerate(names)}
    return tuple(names), np.array([index[str(label)] for label in labels], np.int64)
