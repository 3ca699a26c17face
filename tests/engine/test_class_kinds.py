"""Kinds of things: sums of softmax that are sums, names that are ImageNet's, and a table that is what it says."""

from __future__ import annotations

import numpy as np
import pytest
from engine_nets import demo_frames, embedded_model

import zfdesk.engine as zf
from zfdesk.engine.class_kinds import class_kinds, kind_text, sum_by_kind
from zfdesk.resources import resource


def rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in resource(f"imagenet/{name}").read_text("utf-8").splitlines()[1:]]


def test_the_table_is_of_the_1000_classes() -> None:
    found = rows("classes.tsv")
    assert [row[0] for row in found] == resource("imagenet/wordnet_ids.txt").read_text().split()
    assert [row[1] for row in found] == list(embedded_model().classes)
    assert all(len(row) == 4 and row[2] for row in found)
    named = {kind for kind, _ in rows("kinds.tsv")}
    assert {row[3] for row in found} - {""} == named
    plain = {row[2] for row in found if not row[3]}
    assert not plain & named, "a class without a kind is called as a kind is"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Labrador retriever", "dog"), ("English springer", "dog"), ("tabby", "cat"), ("tiger", "wild cat"),
        ("jay", "bird"), ("goldfish", "fish"), ("coffee mug", "cup or mug"), ("cup", "cup or mug"),
        ("garbage truck", "lorry or van"), ("church", "place of worship"), ("banana", "fruit"), ("moped", "motorbike"),
        ("timber wolf", "wolf"), ("laptop", "computer"), ("cellular telephone", "telephone"), ("umbrella", "umbrella"),
    ],
)  # fmt: skip
def test_classes_are_of_the_kind_people_say(name: str, kind: str) -> None:
    classes = embedded_model().classes
    kinds = class_kinds(classes)
    assert kinds is not None
    assert kinds.kinds[classes.index(name)] == kind


def test_a_kind_has_the_sum_of_its_classes() -> None:
    model = embedded_model()
    kinds = class_kinds(model.classes)
    assert kinds is not None
    for frame in demo_frames():
        probabilities = model.forward(zf.centre_crop(frame)).probabilities[0].numpy()
        found = sum_by_kind(probabilities, kinds)
        assert sum(one.probability for one in found) == pytest.approx(1, abs=1e-5)
        assert [one.probability for one in found] == sorted((one.probability for one in found), reverse=True)
        assert sorted(index for one in found for index, _ in one.members) == list(range(1000))
        for one in found:
            wanted = sum(p for p, kind in zip(probabilities.tolist(), kinds.kinds, strict=True) if kind == one.kind)
            assert one.probability == pytest.approx(wanted, abs=1e-6)
            assert [p for _, p in one.members] == sorted((p for _, p in one.members), reverse=True)


def test_in_words() -> None:
    classes = embedded_model().classes
    kinds = class_kinds(classes)
    assert kinds is not None
    probabilities = np.zeros(1000, np.float32)
    for name, value in (("Labrador retriever", 0.3), ("beagle", 0.2), ("pug", 0.1), ("umbrella", 0.4)):
        probabilities[classes.index(name)] = value
    dog, umbrella = sum_by_kind(probabilities, kinds)[:2]
    assert kind_text(dog, kinds, 2) == "dog 60 %: Labrador retriever 30 %, beagle 20 %, …"
    assert kind_text(umbrella, kinds) == "umbrella 40 %"


def test_other_classes_have_no_kinds() -> None:
    classes = embedded_model().classes
    assert class_kinds(classes[:999]) is None
    assert class_kinds(tuple(f"class {index}" for index in range(1000))) is None
    longer = tuple(f"{name}, also called otherwise" for name in classes[:950]) + ("?",) * 50
    assert class_kinds(longer) is not None
