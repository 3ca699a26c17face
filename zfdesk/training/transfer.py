"""Transfer (Section 5.2): the layers of a trained network on another data set, classified by a softmax or a linear SVM.

As in the paper: so many random pictures a class are taught, up to 50 others a class are tested, the accuracy is the
mean over the classes, and all that in several rounds with other random pictures. The features of a picture are computed
once and serve every round, layer and classifier.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine import Model
from zfdesk.engine.classifier import taught_text, with_classes
from zfdesk.experiments.linear_classifier import FITS, STRENGTH, Basis, Classifier, Kind
from zfdesk.progress import noun
from zfdesk.sources.folder import folders_in
from zfdesk.training.data import PictureDataset, open_pictures, passed_over, title_of
from zfdesk.training.errors import TrainingError
from zfdesk.training.picture_features import OnStageProgress, PictureFeatures

TOLERANCE = 1e-4
"""Of a fit, as in scikit-learn. 1e-5 moved Caltech-101 at 15 a class by 0.1 points (softmax) and 0.4 (SVM)."""


@dataclass(frozen=True)
class TransferPlan:
    """What is compared.

    layers: names of stages; () for the one that the classifier reads. kinds: "softmax", "svm". per_class: pictures a
    class that are taught, one run for each number. tested: other pictures a class to test on, at most. rounds: with
    other random pictures. without: classes that are left out. strength: of the fits, see `fit_softmax`.
    """

    layers: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ("softmax",)
    per_class: tuple[int, ...] = (30,)
    tested: int = 50
    rounds: int = 5
    seed: int = 0
    without: tuple[str, ...] = ()
    strength: float = STRENGTH


@dataclass(frozen=True)
class TransferScore:
    """One classifier on one layer. ``accuracies``: mean over the classes, a round each; shares, not per cent."""

    layer: str
    kind: Kind
    per_class: int
    accuracies: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the rounds."""
        return float(np.mean(self.accuracies))

    @property
    def deviation(self) -> float | None:
        """Standard deviation over the rounds, of a sample; None for one round."""
        return float(np.std(self.accuracies, ddof=1)) if len(self.accuracies) > 1 else None


@dataclass(frozen=True, eq=False)
class Transfer:
    """What came of it. ``network``: taught in the first round with the plan's first kind and the largest number of
    pictures, where a single layer was asked for and the classifier reads that; else None."""

    plan: TransferPlan
    data: str
    classes: tuple[str, ...]
    pictures: int
    unreadable: tuple[str, ...]
    scores: tuple[TransferScore, ...]
    seconds: float
    network: Model | None = field(default=None, repr=False)
    passed_over: tuple[str, ...] = ()


def layers_called(model: Model, names: Iterable[str]) -> tuple[str, ...]:
    """Stages by name, or by the paper's number (1 to 7). Raises ValueError with a sentence."""
    found = []
    for word in names:
        name = model.architecture.paper_layer(int(word)) if word.isdecimal() else word
        if model.architecture.index(name) == 0:
            raise ValueError("The input is no layer whose features could be taught.")
        if name in model.architecture.class_layers:
            raise ValueError(f"{name} holds the classes of {model.name or model.architecture.name}: choose one below.")
        found.append(name)
    return tuple(dict.fromkeys(found))


def run_transfer(
    model: Model, data: str, plan: TransferPlan, on_progress: OnStageProgress = lambda *_: None
) -> Transfer:
    """Compare layers and classifiers on a folder of classes (or shards, a manifest, torchvision:NAME).

    Raises TrainingError with a sentence for fewer than two classes, an empty one, or too few pictures in one.
    """
    begun = time.perf_counter()
    torch.manual_seed(plan.seed)
    pictures = open_pictures(data)
    classes = _classes(pictures, data, plan)
    names = tuple(pictures.classes[label] for label in classes)
    layers = plan.layers or (model.architecture.feature_layer,)
    seen = PictureFeatures(model, pictures, layers, on_progress)
    rounds = _rounds(seen, classes, plan)
    most, total = max(plan.per_class), len(layers) * len(plan.kinds) * len(plan.per_class) * plan.rounds
    accuracies: dict[tuple[str, Kind, int], list[float]] = defaultdict(list)
    first: Classifier | None = None
    for done, (layer, drawn, per_class, kind) in enumerate(product(layers, rounds, plan.per_class, plan.kinds)):
        on_progress("taught", done, total)
        if kind == plan.kinds[0]:
            basis, labels = _basis(seen, layer, drawn, per_class)
        classifier = FITS[kind](basis, labels, len(classes), plan.strength, TOLERANCE)
        accuracies[layer, kind, per_class].append(_accuracy(seen, layer, drawn, classifier))
        if drawn is rounds[0] and kind == plan.kinds[0] and per_class == most:
            first = classifier
    on_progress("taught", total, total)
    scores = tuple(
        TransferScore(layer, kind, per_class, tuple(accuracies[layer, kind, per_class]))
        for layer, kind, per_class in product(layers, plan.kinds, plan.per_class)
    )
    network = None
    if first is not None and layers == (model.architecture.feature_layer,):
        provenance = taught_text(model, first.kind, len(names), most * len(names), date.today().isoformat())
        network = with_classes(model, names, first.weight, first.bias, provenance)
    seconds = time.perf_counter() - begun
    passed = passed_over(pictures)
    return Transfer(plan, data, names, len(seen.known), tuple(seen.unreadable), scores, seconds, network, passed)


# Which pictures


def _classes(pictures: PictureDataset, data: str, plan: TransferPlan) -> list[int]:
    if not pictures.labelled:
        raise TrainingError(f"{data} has no labels: there is nothing to teach.")
    unknown = [name for name in plan.without if name not in pictures.classes]
    if unknown:
        raise TrainingError(f"{data} has no class {unknown[0]!r} that could be left out.")
    if os.path.isdir(data):
        _refuse_empty(data, pictures, plan)
    classes = [label for label, name in enumerate(pictures.classes) if name not in plan.without]
    if len(classes) < 2:
        raise TrainingError(f"{data} has one class: it takes two to tell them apart.")
    return classes


def _refuse_empty(data: str, pictures: PictureDataset, plan: TransferPlan) -> None:
    """A folder that ought to be a class. Not for shards and the like, whose folders are none."""
    place = os.path.join(data, "train") if os.path.isdir(os.path.join(data, "train")) else data
    folders = folders_in(place, lambda sentence: None)  # `passed_over` has them
    if set(pictures.classes) <= set(folders):
        empty = sorted(set(folders) - set(pictures.classes) - set(plan.without))
        if empty:
            raise TrainingError(f"The class {empty[0]!r} of {data} has no pictures: remove its folder or fill it.")


@dataclass(frozen=True)
class _Drawn:
    """One round: pictures to teach with, as many a class as the largest number wants, and pictures to test."""

    taught: tuple[tuple[int, ...], ...]
    tested: tuple[tuple[int, ...], ...]


def _rounds(seen: PictureFeatures, classes: Sequence[int], plan: TransferPlan) -> list[_Drawn]:
    """Random pictures of each class for each round; those that cannot be read are passed over."""
    own: dict[int, list[int]] = {label: [] for label in classes}
    for index in range(len(seen.pictures)):
        label = seen.pictures.label(index)
        if label in own:
            own[label].append(index)
    most = max(plan.per_class)
    for label, indices in own.items():
        _refuse_few(seen.pictures.classes[label], len(indices), most, "")
    orders = [
        {label: np.random.default_rng([plan.seed, number, label]).permutation(own[label]).tolist() for label in classes}
        for number in range(plan.rounds)
    ]
    while True:
        drawn = [{label: _readable(order[label], seen)[: most + plan.tested] for label in classes} for order in orders]
        wanted = sorted({index for one in drawn for indices in one.values() for index in indices} - seen.known.keys())
        if not wanted:
            break
        seen.compute(wanted)
    for label in classes:
        lost = len(own[label]) - len(_readable(own[label], seen))
        _refuse_few(seen.pictures.classes[label], len(own[label]) - lost, most, f"; {lost} could not be read")
    return [
        _Drawn(
            tuple(tuple(one[label][:most]) for label in classes), tuple(tuple(one[label][most:]) for label in classes)
        )
        for one in drawn
    ]


def _readable(indices: Iterable[int], seen: PictureFeatures) -> list[int]:
    return [index for index in indices if index not in seen.lost]


def _refuse_few(name: str, count: int, most: int, among: str) -> None:
    if count <= most:
        raise TrainingError(
            f"The class {name!r} has {count} {noun(count, 'picture')}{among if among[2:3] != '0' else ''}: "
            f"{most} to teach with and one to test need {most + 1}. Take fewer a class, or leave it out (--without)."
        )


def _basis(seen: PictureFeatures, layer: str, drawn: _Drawn, per_class: int) -> tuple[Basis, Tensor]:
    """What is taught in one round, made ready for every kind of classifier, and the labels."""
    indices = [index for own in drawn.taught for index in own[:per_class]]
    return Basis.of(seen.rows(layer, indices)), torch.arange(len(drawn.taught)).repeat_interleave(per_class)


def _accuracy(seen: PictureFeatures, layer: str, drawn: _Drawn, classifier: Classifier) -> float:
    """The mean over the classes of the share of their other pictures that is answered rightly."""
    shares = []
    for label, own in enumerate(drawn.tested):
        answers = classifier.answer(seen.rows(layer, own))
        shares.append(float((answers == label).double().mean()))
    return float(np.mean(shares))


# As words and as JSON

FORMAT = "zfdesk transfer"


def as_json(found: Transfer, model: Model) -> dict[str, Any]:
    """What ``zfdesk train --transfer --json`` prints and ``zfdesk figure table7`` reads."""
    architecture = model.architecture
    numbers = {}
    for number in range(1, 8):
        try:
            numbers[architecture.paper_layer(number)] = number
        except ValueError:
            continue
    return {
        "format": FORMAT, "network": model.name, "sha256": model.sha256, "architecture": architecture.name,
        "data": title_of(found.data), "classes": len(found.classes),
        "without": list(found.plan.without), "pictures": found.pictures, "unreadable": list(found.unreadable),
        "tested": found.plan.tested, "rounds": found.plan.rounds, "seed": found.plan.seed,
        "strength": found.plan.strength, "seconds": round(found.seconds, 1),
        "scores": [
            {
                "layer": score.layer, "number": numbers.get(score.layer), "kind": score.kind,
                "per_class": score.per_class, "mean": score.mean, "deviation": score.deviation,
                "accuracies": list(score.accuracies),
            }
            for score in found.scores
        ],
    }  # fmt: skip


__all__ = [
    "FORMAT",
    "TOLERANCE",
    "Transfer",
    "TransferPlan",
    "TransferScore",
    "as_json",
    "layers_called",
    "run_transfer",
]  # fmt: skip
