"""Transfer (Section 5.2): the layers of a trained network on another data set, told by a softmax or a linear SVM.

As in the paper: so many random pictures a class are taught, up to 50 others a class are told, the accuracy is the mean
over the classes, and all that in several rounds with other random pictures. The features of a picture are computed once
and serve every round, layer and classifier.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine import Model, centre_crop
from zfdesk.experiments.transfer import (
    STRENGTH,
    Basis,
    Classifier,
    Kind,
    feature_layer,
    features_of_layers,
    fit_softmax,
    fit_svm,
    paper_layer,
    taught_text,
    with_classes,
)
from zfdesk.progress import noun
from zfdesk.sources import SourceError, decode_picture
from zfdesk.sources.folder import folders_in
from zfdesk.training.data import PictureDataset, open_pictures, passed_over, title_of
from zfdesk.training.errors import PicturesGoneError, TrainingError

CHUNK = 64  # pictures between two words of progress
DECODERS = 2
TOLERANCE = 1e-4
"""Of a fit, as in scikit-learn. 1e-5 moved Caltech-101 at 15 a class by 0.1 points (softmax) and 0.4 (SVM)."""
OnStageProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class TransferPlan:
    """What is compared.

    layers: names of stages; () for the one that the classifier reads. kinds: "softmax", "svm". per_class: pictures a
    class that are taught, one run for each number. tested: other pictures a class that are told, at most. rounds: with
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
        name = paper_layer(model.architecture, int(word)) if word.isdecimal() else word
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
    layers = plan.layers or (feature_layer(model.architecture),)
    seen = SeenPictures(model, pictures, layers, on_progress)
    rounds = _rounds(seen, classes, plan)
    total, done, network = len(layers) * len(plan.kinds) * len(plan.per_class) * plan.rounds, 0, None
    largest = max(plan.per_class)
    accuracies: dict[tuple[str, Kind, int], list[float]] = {}
    whole = layers == (feature_layer(model.architecture),)
    for layer in layers:
        for number, drawn in enumerate(rounds):
            for per_class in plan.per_class:
                taught, labels = _basis(seen, layer, drawn, per_class)
                for kind in plan.kinds:
                    on_progress("taught", done, total)
                    fit = fit_softmax if kind == "softmax" else fit_svm
                    classifier = fit(taught, labels, len(classes), plan.strength, TOLERANCE)
                    accuracies.setdefault((layer, kind, per_class), []).append(
                        _accuracy(seen, layer, drawn, classifier)
                    )
                    done += 1
                    if whole and number == 0 and per_class == largest and kind == plan.kinds[0]:
                        network = _network(model, classes, classifier, kind, per_class, pictures)
    scores = tuple(
        TransferScore(layer, kind, per_class, tuple(accuracies[layer, kind, per_class]))
        for layer in layers
        for kind in plan.kinds
        for per_class in plan.per_class
    )
    on_progress("taught", total, total)
    names = tuple(pictures.classes[label] for label in classes)
    seconds = time.perf_counter() - begun
    passed = passed_over(pictures)
    return Transfer(plan, data, names, len(seen.known), tuple(seen.unreadable), scores, seconds, network, passed)


def _network(
    model: Model, classes: Sequence[int], classifier: Classifier, kind: Kind, per_class: int, pictures: PictureDataset
) -> Model:
    names = [pictures.classes[label] for label in classes]
    provenance = taught_text(model, kind, len(names), per_class * len(names), date.today().isoformat())
    return with_classes(model, names, classifier.weight, classifier.bias, provenance)


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
    """One round: pictures to teach with, as many a class as the largest number wants, and pictures to tell."""

    taught: tuple[tuple[int, ...], ...]
    tested: tuple[tuple[int, ...], ...]


def _rounds(seen: SeenPictures, classes: Sequence[int], plan: TransferPlan) -> list[_Drawn]:
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


def _readable(indices: Iterable[int], seen: SeenPictures) -> list[int]:
    return [index for index in indices if index not in seen.lost]


def _refuse_few(name: str, count: int, most: int, among: str) -> None:
    if count <= most:
        raise TrainingError(
            f"The class {name!r} has {count} {noun(count, 'picture')}{among if among[2:3] != '0' else ''}: "
            f"{most} to teach with and one to tell need {most + 1}. Take fewer a class, or leave it out (--without)."
        )


# Their features


class SeenPictures:
    """Features of pictures by layer, computed once: 1.5 GB for the six layers of Table 7 on Caltech-101.

    ``known``: the row of a picture; ``lost``: what cannot be read.
    """

    def __init__(
        self, model: Model, pictures: PictureDataset, layers: Sequence[str], on_progress: OnStageProgress
    ) -> None:
        """``layers``: by name, as `features_of_layers` takes them."""
        self.model, self.pictures, self.layers, self._on_progress = model, pictures, layers, on_progress
        self.known: dict[int, int] = {}
        self.lost: set[int] = set()
        self.unreadable: list[str] = []
        self._parts: dict[str, list[Tensor]] = {layer: [] for layer in layers}

    def compute(self, wanted: Sequence[int]) -> None:
        """Look at these pictures, a chunk at a time, decoding ahead of the network."""
        with ThreadPoolExecutor(DECODERS) as pool:
            chunks = [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]
            next_chunk = pool.map(self._decoded, chunks[0]) if chunks else iter(())
            for number, chunk in enumerate(chunks):
                self._on_progress("looked at", number * CHUNK, len(wanted))
                decoded = list(next_chunk)
                next_chunk = pool.map(self._decoded, chunks[number + 1]) if number + 1 < len(chunks) else iter(())
                good = list(self._good(chunk, decoded))
                if good:
                    found = features_of_layers(self.model, (picture for _, picture in good), self.layers)
                    for layer, rows in found.items():
                        self._parts[layer].append(rows)
                for index, _ in good:
                    self.known[index] = len(self.known)
        self._on_progress("looked at", len(wanted), len(wanted))

    def _good(self, chunk: Sequence[int], decoded: Sequence[Any]) -> Iterator[tuple[int, np.ndarray]]:
        for index, picture in zip(chunk, decoded, strict=True):
            if isinstance(picture, np.ndarray):
                yield index, picture
            else:
                self.lost.add(index)
                self.unreadable.append(self.pictures.name(index))

    def _decoded(self, index: int) -> np.ndarray | Exception:
        try:
            pixels = decode_picture(self.pictures.read(index).data, self.pictures.name(index))
        except PicturesGoneError:
            raise
        except (OSError, ValueError, SourceError) as error:
            return error
        return centre_crop(pixels, self.model.architecture.size, self.model.input.resize)

    def rows(self, layer: str, indices: Iterable[int]) -> Tensor:
        """Features of some pictures, float32 (N, features)."""
        if len(self._parts[layer]) > 1:
            self._parts[layer] = [torch.cat(self._parts[layer])]
        return self._parts[layer][0][[self.known[index] for index in indices]]


def _basis(seen: SeenPictures, layer: str, drawn: _Drawn, per_class: int) -> tuple[Basis, Tensor]:
    """What is taught in one round, made ready for every kind of classifier, and the labels."""
    indices = [index for own in drawn.taught for index in own[:per_class]]
    return Basis.of(seen.rows(layer, indices)), torch.arange(len(drawn.taught)).repeat_interleave(per_class)


def _accuracy(seen: SeenPictures, layer: str, drawn: _Drawn, classifier: Classifier) -> float:
    """The mean over the classes of how many of their other pictures are told."""
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
            numbers[paper_layer(architecture, number)] = number
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
    "OnStageProgress",
    "SeenPictures",
    "Transfer",
    "TransferPlan",
    "TransferScore",
    "as_json",
    "layers_called",
    "run_transfer",
]  # fmt: skip
