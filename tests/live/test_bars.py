"""Which bars a view shows: classes, or kinds with the sums of their classes."""

from __future__ import annotations

import numpy as np
import pytest

from zfdesk.live import ClassBars, View
from zfdesk.live.bars import bar_rows, kinds_of, shows_kinds
from zfdesk.resources import resource

CLASSES = tuple(line.split("\t")[1] for line in resource("imagenet/classes.tsv").read_text("utf-8").splitlines()[1:])
KINDS = View(bars=ClassBars.KINDS, top_k=3)


def answer(**shares: float) -> np.ndarray:
    """Probabilities with these shares of classes by their names (spaces as _)."""
    probabilities = np.zeros(1000, np.float32)
    for name, share in shares.items():
        probabilities[CLASSES.index(name.replace("_", " "))] = share
    return probabilities


NOW = answer(Labrador_retriever=0.3, beagle=0.2, pug=0.1, umbrella=0.25, jay=0.1, goldfinch=0.05)
CLEAN = answer(Labrador_retriever=0.1, beagle=0.1, pug=0.1, umbrella=0.7)


def test_kinds_are_sums_with_and_without_the_occluder() -> None:
    rows = bar_rows(KINDS, CLASSES, NOW, CLEAN)
    assert [row.name for row in rows] == ["dog", "umbrella", "bird"]
    assert [row.probability for row in rows] == pytest.approx([0.6, 0.25, 0.15])
    assert [row.clean for row in rows] == pytest.approx([0.3, 0.7, 0])
    assert rows[0].text == "dog: Labrador retriever 30 %, beagle 20 %, pug 10 %, …"
    assert (rows[1].text, len(rows[1].members)) == ("umbrella", 1)
    dogs = kinds_of(CLASSES).members["dog"]  # type: ignore[union-attr]
    assert sorted(index for index, _ in rows[0].members) == dogs.tolist()


def test_watched_classes_stand_first_and_are_counted_in_their_kind() -> None:
    beagle, umbrella = CLASSES.index("beagle"), CLASSES.index("umbrella")
    rows = bar_rows(KINDS.change(watched=(beagle, umbrella)), CLASSES, NOW, CLEAN)
    assert [row.text.partition(":")[0] for row in rows] == ["beagle", "umbrella", "dog", "bird"]
    assert rows[2].probability == pytest.approx(0.6)


def test_classes_that_have_no_kinds_are_shown_one_by_one() -> None:
    classes, now = ("disc", "stripes"), np.array([0.4, 0.6], np.float32)
    assert not shows_kinds(KINDS, classes)
    assert [(row.text, row.index) for row in bar_rows(KINDS, classes, now, now)] == [("stripes", 1), ("disc", 0)]


def test_classes_go_by_imagenets_names_and_kinds_by_plain_ones() -> None:
    index = CLASSES.index("coffee mug")
    now = answer(coffee_mug=1)
    assert bar_rows(View(top_k=1), CLASSES, now, now)[0].name == "coffee mug"
    plain = kinds_of(CLASSES).plain[index]  # type: ignore[union-attr]
    assert bar_rows(KINDS.change(watched=(index,)), CLASSES, now, now)[0].name == plain
