"""Which bars a view shows of an answer: classes by ImageNet's names, or kinds of things with sums of softmax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from zfdesk.engine.class_kinds import ClassKinds, class_kinds, member_text, sum_by_kind
from zfdesk.live.view import ClassBars, View

SUMS = "bars are sums of softmax over the classes of a kind"
"""Said wherever bars by kind are shown."""


@dataclass(frozen=True)
class BarRow:
    """One bar. ``index``: its class; of a kind the most probable of its classes. ``name``: of the class or kind.

    ``clean``: the probability without occluders. ``members``: (class, probability) of a kind, most probable first; of a
    class itself alone. ``members_text``: the most probable of a kind in words, "" for a class.
    """

    index: int
    name: str
    probability: float
    clean: float
    members: tuple[tuple[int, float], ...]
    members_text: str = ""

    @property
    def text(self) -> str:
        """dog: Labrador retriever 12 %, beagle 9 %, …"""
        return f"{self.name}: {self.members_text}" if self.members_text else self.name


@lru_cache(maxsize=8)
def kinds_of(classes: tuple[str, ...]) -> ClassKinds | None:
    """Plain names and kinds of a network's classes, None where they are not ImageNet's; looked up once a network."""
    return class_kinds(classes)


def shows_kinds(view: View, classes: tuple[str, ...]) -> bool:
    """Whether the bars are of kinds: the view asks for it and the classes have them."""
    return view.bars is ClassBars.KINDS and kinds_of(classes) is not None


def bar_rows(view: View, classes: tuple[str, ...], now: np.ndarray, clean: np.ndarray) -> list[BarRow]:
    """The watched classes, then the ``view.top_k`` most probable classes or kinds; a watched class is not shown twice.

    now, clean: probabilities with and without the occluders, float32 (classes,).
    """
    kinds = kinds_of(classes) if view.bars is ClassBars.KINDS else None
    names: Sequence[str] = classes if kinds is None else kinds.plain
    watched = [_row(index, names[index], now, clean) for index in view.watched if index < len(now)]
    if kinds is None:
        top = np.argsort(-now, kind="stable")[: view.top_k].tolist()
        return watched + [_row(index, names[index], now, clean) for index in top if index not in view.watched]
    return watched + [
        BarRow(
            found.members[0][0], found.kind, found.probability,
            float(np.sum(clean[[index for index, _ in found.members]], dtype=np.float64)), found.members,
            member_text(found, kinds),
        )
        for found in sum_by_kind(now, kinds, view.top_k)
        if len(found.members) > 1 or found.members[0][0] not in view.watched
    ]  # fmt: skip


def _row(index: int, name: str, now: np.ndarray, clean: np.ndarray) -> BarRow:
    probability = float(now[index])
    return BarRow(index, name, probability, float(clean[index]), ((index, probability),))


__all__ = ["SUMS", "BarRow", "bar_rows", "kinds_of", "shows_kinds"]
