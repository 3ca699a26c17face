"""Captions say what is known and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from figure_tools import FACTS

import zfdesk
import zfdesk.engine as zf
from zfdesk.engine import Occluder, Rule, SeedKind
from zfdesk.figures import Facts, caption
from zfdesk.figures.facts import number


def test_all_facts_in_sentences() -> None:
    assert caption(FACTS) == (
        "ZFNet, Fig. 3; weights zfnet-v0 (SHA-256 1a66663a7392). Picture: cat.jpg, frame 1203. conv4:17 @ (6, 7), "
        "deconvnet, single activation (picked), contrast stretched × 310. Covered: grey square 50 × 50 at (87, 80), in "
        "pixels of the network's input (top, left). Made with zfdesk 0.1.0."
    )


@pytest.mark.parametrize(
    ("field", "unknown", "gone"),
    [("network", "", "ZFNet"), ("weights", "", "zfnet-v0"), ("sha256", "", "SHA"), ("picture", "", "cat"),
     ("frame", None, "frame"), ("layer", "", "conv4"), ("unit", None, "17"), ("position", None, "(6"),
     ("seed", None, "activation"), ("method", None, "deconv"), ("stretch", None, "310"), ("occluders", (), "Covered"),
     ("version", "", "zfdesk")],
)  # fmt: skip
def test_what_is_unknown_is_left_out(field: str, unknown: object, gone: str) -> None:
    said = caption(replace(FACTS, **{field: unknown}))
    assert gone not in said
    assert gone in caption(FACTS)
    assert "None" not in said
    assert ", ," not in said
    assert "  " not in said


def test_nothing_known_nothing_said() -> None:
    assert caption(Facts()) == ""


def test_facts_of_a_model() -> None:
    layers = (zf.Conv("conv1", 2, 3), zf.ReLU("relu1"), zf.Linear("fc6", 3), zf.Softmax("prob"))
    model = zf.random_model(zf.Architecture("small", "A small one", layers, 8))
    assert (
        caption(Facts.of_model(model)) == f"A small one; weights random weights. Made with zfdesk {zfdesk.__version__}."
    )


def test_other_words() -> None:
    facts = Facts(method=Rule.GUIDED, seed=SeedKind.TOPK, seed_count=4)
    assert caption(facts) == "Guided backprop, strongest 4."
    two = Facts(occluders=(Occluder(1, 2, 3, 4, zf.OccluderShape.RECTANGLE, zf.OccluderFill.BLUR), Occluder(-5, 0)))
    assert "blurred rectangle 3 × 4 at (1, 2); grey square 50 × 50 at (−5, 0)" in caption(two)


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (0.0541, "0.0541"), (-0.5, "−0.5"), (12345.0, "12300"), (1e-5, "1.0e−5"), (2.5e7, "2.5e7"),
     (float("nan"), "–"), (float("inf"), "–")],
)  # fmt: skip
def test_numbers(value: float, words: str) -> None:
    assert number(value) == words
