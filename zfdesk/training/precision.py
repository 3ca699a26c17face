"""Average precision a class (Table 6): a softmax or SVM taught on one part of a data set, tested on another.

As in the paper the classifier gives one class a picture, though a picture may show several: it is taught the largest,
and each class's precision is counted over all pictures that show it (PASCAL VOC 2010 to 2012: area under the precision,
made monotonous, over the recall).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine import Model
from zfdesk.experiments.linear_classifier import FITS, STRENGTH, Kind
from zfdesk.training.data import PictureDataset, open_pictures, passed_over, title_of, validation_beside
from zfdesk.training.errors import TrainingError
from zfdesk.training.picture_features import OnStageProgress, PictureFeatures
from zfdesk.training.transfer import TOLERANCE


@runtime_checkable
class ManyThings(Protocol):
    """Pictures that may show several classes."""

    def shown(self, index: int) -> tuple[frozenset[int], frozenset[int]]:
        """The classes in a picture, and those that are in it but only so that they are hard to make out."""


@dataclass(frozen=True)
class Precisions:
    """``values``: average precision of each class, None for one that no tested picture shows. ``taught``, ``tested``:
    pictures."""

    data: str
    layer: str
    kind: Kind
    classes: tuple[str, ...]
    values: tuple[float | None, ...]
    taught: int
    tested: int
    unreadable: tuple[str, ...]
    passed_over: tuple[str, ...]
    seconds: float

    @property
    def mean(self) -> float:
        """Over the classes that have one."""
        return float(np.mean([value for value in self.values if value is not None]))


def average_precision(scores: np.ndarray, present: np.ndarray) -> float:
    """Of one class: scores (N,), higher = surer; present: bool (N,), whether the picture shows it.

    Equal scores stand at the end of their run together. ValueError where no picture shows it.
    """
    if not present.any():
        raise ValueError("No picture shows this class: it has no precision.")
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)  # of each run of equal scores
    right = np.cumsum(present[order])[last]
    precision, recall = right / (np.flatnonzero(last) + 1), right / present.sum()
    best = np.maximum.accumulate(precision[::-1])[::-1]  # the highest at this recall or a higher one
    return float(np.sum(np.diff(recall, prepend=0.0) * best))


def run_precision(
    model: Model, data: str, layer: str = "", kind: Kind = "softmax", strength: float = STRENGTH,
    on_progress: OnStageProgress = lambda *_: None,
) -> Precisions:  # fmt: skip
    """Teach on the part to train on, test on the part to validate on.

    layer: that is read, by default the one the classifier reads. Raises TrainingError with a sentence where the data
    have no two such parts, or no two classes.
    """
    begun = time.perf_counter()
    if validation_beside(data) is None:
        raise TrainingError(f"{data} has no part to train on and one to validate on (train/ and val/).")
    taught, tested = open_pictures(data, "train"), open_pictures(data, "val")
    if taught.classes != tested.classes:
        raise TrainingError(f"{data}: the classes to train on and to validate on are not the same.")
    layer = layer or model.architecture.feature_layer
    parts = [_part(model, pictures, layer, on_progress) for pictures in (taught, tested)]
    labels = [taught.label(index) for index in parts[0][1]]
    known, numbers = np.unique(labels, return_inverse=True)
    if len(known) < 2:
        raise TrainingError(f"{data} has one class: it takes two to tell them apart.")
    on_progress("taught", 0, 1)
    found = FITS[kind](parts[0][0], torch.from_numpy(numbers), len(known), strength, TOLERANCE)
    scores = (found.probabilities if kind == "softmax" else found.scores)(parts[1][0]).numpy()
    on_progress("taught", 1, 1)
    shown = _shown(tested, parts[1][1])
    values: list[float | None] = [None] * len(taught.classes)
    for place, label in enumerate(known.tolist()):
        values[label] = _of_class(shown, label, scores[:, place])
    if all(value is None for value in values):
        raise TrainingError(f"{data}: none of the classes that were taught is in the pictures to validate on.")
    return Precisions(
        data, layer, kind, taught.classes, tuple(values), len(labels), len(parts[1][1]),
        (*parts[0][2], *parts[1][2]), (*passed_over(taught), *passed_over(tested)), time.perf_counter() - begun,
    )  # fmt: skip


def _part(
    model: Model, pictures: PictureDataset, layer: str, on_progress: OnStageProgress
) -> tuple[Tensor, list[int], list[str]]:
    """Features, which pictures they are of (those that show something), and names of those that cannot be read."""
    seen = PictureFeatures(model, pictures, (layer,), on_progress)
    seen.compute([index for index in range(len(pictures)) if pictures.label(index) >= 0])
    if not seen.known:
        raise TrainingError(f"{pictures.source} has no pictures that show something.")
    return seen.rows(layer, seen.known), list(seen.known), seen.unreadable


def _shown(pictures: PictureDataset, indices: list[int]) -> list[tuple[frozenset[int], frozenset[int]]]:
    if isinstance(pictures, ManyThings):
        return [pictures.shown(index) for index in indices]
    return [(frozenset((pictures.label(index),)), frozenset()) for index in indices]


def _of_class(shown: list[tuple[frozenset[int], frozenset[int]]], label: int, scores: np.ndarray) -> float | None:
    """Pictures in which the class is only hard to make out count neither as right nor as wrong."""
    present = np.array([label in sure for sure, _ in shown])
    counted = present | np.array([label not in hard for _, hard in shown])
    return average_precision(scores[counted], present[counted]) if present.any() else None


def as_json(found: Precisions, model: Model) -> dict[str, Any]:
    """What ``zfdesk train --transfer DATA --average-precision --json`` prints."""
    return {
        "network": model.name, "sha256": model.sha256, "data": title_of(found.data), "layer": found.layer,
        "kind": found.kind, "taught": found.taught, "told": found.tested, "unreadable": list(found.unreadable),
        "seconds": round(found.seconds, 1), "mean": found.mean,
        "classes": [
            {"class": name, "average_precision": value} for name, value in zip(found.classes, found.values, strict=True)
        ],
    }  # fmt: skip


__all__ = ["ManyThings", "Precisions", "as_json", "average_precision", "run_precision"]
