"""Names people know beside ImageNet's, and the probability of a kind of thing: a sum of softmax over its classes.

A network that cannot tell one breed from another may still know that it sees a dog. What is a dog follows from the
hypernyms of WordNet (``resources/imagenet``); what belongs to no kind stands for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from zfdesk.progress import percent_text
from zfdesk.resources import resource


@dataclass(frozen=True)
class ClassKinds:
    """``plain``: a name people say, for each class. ``kinds``: the kind of each class, its plain name where it has
    none."""

    plain: tuple[str, ...]
    kinds: tuple[str, ...]

    @cached_property
    def members(self) -> dict[str, np.ndarray]:
        """The classes of each kind, int64 (n,), rising; kinds in the order of their first class."""
        found: dict[str, list[int]] = {}
        for index, kind in enumerate(self.kinds):
            found.setdefault(kind, []).append(index)
        return {kind: np.array(indices) for kind, indices in found.items()}

    @cached_property
    def numbers(self) -> np.ndarray:
        """For each class the place of its kind in ``members``, int64 (classes,)."""
        places = {kind: place for place, kind in enumerate(self.members)}
        return np.array([places[kind] for kind in self.kinds])


@dataclass(frozen=True)
class KindProbability:
    """The sum of softmax over the classes of a kind, 0 to 1. ``members``: (class index, probability), most probable
    first."""

    kind: str
    probability: float
    members: tuple[tuple[int, float], ...]


def class_kinds(classes: Sequence[str]) -> ClassKinds | None:
    """Plain names and kinds of a network's classes where they are ImageNet's 1000 in their usual order, else None.

    Nine names of ten must be ImageNet's: publishers write some of them otherwise.
    """
    names, found = _imagenet()
    if len(classes) != len(names):
        return None
    same = sum(_first(given) == _first(name) for given, name in zip(classes, names, strict=True))
    return found if same >= 0.9 * len(names) else None


def sum_by_kind(probabilities: np.ndarray, kinds: ClassKinds, most: int | None = None) -> list[KindProbability]:
    """The probability of every kind, or of the ``most`` most probable ones, in falling order.

    probabilities: float (classes,), 0 to 1. Those of all kinds sum to one.
    """
    totals, named = np.bincount(kinds.numbers, probabilities), list(kinds.members.items())
    found = []
    for place in np.argsort(-totals, kind="stable")[:most].tolist():
        kind, indices = named[place]
        order = indices[np.argsort(-probabilities[indices], kind="stable")]
        members = tuple(zip(order.tolist(), probabilities[order].tolist(), strict=True))
        found.append(KindProbability(kind, float(totals[place]), members))
    return found


def kind_text(found: KindProbability, kinds: ClassKinds, most: int = 3) -> str:
    """``dog 61 %: Labrador retriever 12 %, beagle 9 %, …``; of a kind of one class its name and probability alone."""
    text, members = f"{found.kind} {percent_text(found.probability)}", member_text(found, kinds, most)
    return f"{text}: {members}" if members else text


def member_text(found: KindProbability, kinds: ClassKinds, most: int = 3) -> str:
    """``Labrador retriever 12 %, beagle 9 %, …``: the most probable of a kind; "" where it has one class alone."""
    if len(found.members) == 1:
        return ""
    named = [f"{kinds.plain[index]} {percent_text(probability)}" for index, probability in found.members[:most]]
    return f"{', '.join(named)}{', …' if len(found.members) > most else ''}"


@lru_cache(maxsize=1)
def _imagenet() -> tuple[tuple[str, ...], ClassKinds]:
    """ImageNet's names, and what belongs to them."""
    lines = resource("imagenet/classes.tsv").read_text("utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    names, plain = tuple(row[1] for row in rows), tuple(row[2] for row in rows)
    return names, ClassKinds(plain, tuple(row[3] or row[2] for row in rows))


def _first(name: str) -> str:
    return name.partition(",")[0].strip().casefold().replace("_", " ")


__all__ = ["ClassKinds", "KindProbability", "class_kinds", "kind_text", "member_text", "sum_by_kind"]
