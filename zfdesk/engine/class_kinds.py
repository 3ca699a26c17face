"""Names people know beside ImageNet's, and the probability of a kind of thing: a sum of softmax over its classes.

A network that cannot tell one breed from another may still know that it sees a dog. What is a dog follows from the
hypernyms of WordNet (``resources/imagenet``); what belongs to no kind stands for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from zfdesk.resources import resource


@dataclass(frozen=True)
class ClassKinds:
    """``plain``: a name people say, for each class. ``kinds``: the kind of each class, its plain name where it has
    none."""

    plain: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class KindProbability:
    """The sum of softmax over the classes of a kind. ``members``: (class index, probability), most probable first."""

    kind: str
    probability: float
    members: tuple[tuple[int, float], ...]


def class_kinds(classes: Sequence[str]) -> ClassKinds | None:
    """Plain names and kinds of a network's classes where they are ImageNet's 1000 in their usual order, else None.

    They are where nine of ten go by ImageNet's name: publishers write some of them otherwise.
    """
    names, found = _imagenet()
    if len(classes) != len(names):
        return None
    same = sum(_first(given) == _first(name) for given, name in zip(classes, names, strict=True))
    return found if same >= 0.9 * len(names) else None


def sum_by_kind(probabilities: np.ndarray, kinds: ClassKinds) -> list[KindProbability]:
    """The probability of every kind, most probable first; they sum to one. probabilities: (classes,)."""
    members: dict[str, list[int]] = {}
    for index, kind in enumerate(kinds.kinds):
        members.setdefault(kind, []).append(index)
    found = []
    for kind, indices in members.items():
        order = sorted(indices, key=lambda index: (-probabilities[index], index))
        total = float(np.sum(probabilities[indices], dtype=np.float64))
        found.append(KindProbability(kind, total, tuple((index, float(probabilities[index])) for index in order)))
    return sorted(found, key=lambda one: -one.probability)


def kind_words(found: KindProbability, kinds: ClassKinds, most: int = 3) -> str:
    """``dog 61 %: Labrador retriever 12 %, beagle 9 %, …``; of a kind of one class its name and probability alone."""
    words = f"{found.kind} {found.probability:.0%}".replace("%", " %")
    if len(found.members) == 1:
        return words
    told = [f"{kinds.plain[index]} {probability:.0%}".replace("%", " %") for index, probability in found.members[:most]]
    return f"{words}: {', '.join(told)}{', …' if len(found.members) > most else ''}"


@lru_cache(maxsize=1)
def _imagenet() -> tuple[tuple[str, ...], ClassKinds]:
    """ImageNet's names, and what belongs to them."""
    lines = resource("imagenet/classes.tsv").read_text("utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    names, plain = tuple(row[1] for row in rows), tuple(row[2] for row in rows)
    return names, ClassKinds(plain, tuple(row[3] or row[2] for row in rows))


def _first(name: str) -> str:
    return name.partition(",")[0].strip().casefold().replace("_", " ")


__all__ = ["ClassKinds", "KindProbability", "class_kinds", "kind_words", "sum_by_kind"]
