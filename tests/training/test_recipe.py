"""Recipes: the paper's numbers, fields set from the command line, plans that are functions of the step."""

from __future__ import annotations

import math

import pytest

from zfdesk.training.errors import TrainingError
from zfdesk.training.plan import TrainingPlan
from zfdesk.training.recipe import MODERN, PAPER, as_json, changed, from_json


def test_the_paper_s_recipe_is_section_3() -> None:
    """Batch 128, SGD 0.01 with momentum 0.9, dropout, weights of 0.01, filters limited to 0.1, ten crops, 70 epochs."""
    told = (PAPER.batch, PAPER.optimiser, PAPER.learning_rate, PAPER.momentum, PAPER.nesterov, PAPER.dropout)
    assert told == (128, "sgd", 0.01, 0.9, False, 0.5)
    assert (PAPER.rms_limit, PAPER.view, PAPER.epochs, PAPER.initial, PAPER.batch_norm) == (
        0.1,
        "ten",
        70,
        "gauss",
        False,
    )
    assert (PAPER.weight_decay, PAPER.jitter, PAPER.sides, PAPER.ema) == (0, 0, (), 0)


def test_fields_are_set_from_texts() -> None:
    """Each kind of field, and back from JSON to the same value."""
    recipe = changed(MODERN, {"learning_rate": "0.02", "epochs": "3", "sides": "96,128", "flip": "no", "view": "whole"})
    assert (recipe.learning_rate, recipe.epochs, recipe.sides, recipe.flip) == (0.02, 3, (96, 128), False)
    assert from_json(as_json(recipe)) == recipe != MODERN


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("learning_rat", "1", "no field 'learning_rat'"),
        ("name", "x", "no field 'name'"),
        ("epochs", "many", "epochs must be a whole number"),
        ("epochs", "0", "epochs must be at least 1"),
        ("dropout", "1", "dropout must be from 0"),
        ("learning_rate", "nan", "learning_rate must be a finite number above 0"),
        ("learning_rate", "-1", "learning_rate must be a finite number above 0"),
        ("sides", "8", "from 16 to 1024"),
        ("optimiser", "newton", "must be one of sgd, adamw"),
        ("flip", "maybe", "yes or no"),
        ("weight_decay", "nan", "weight_decay must be a finite number, at least 0 and below a million, not nan"),
        ("rms_limit", "inf", "rms_limit must be a finite number, at least 0 and below a million, not inf"),
        ("learning_rate", "inf", "learning_rate must be a finite number above 0 and below a million, not inf"),
    ],
)
def test_a_wrong_setting_is_told(field: str, text: str, words: str) -> None:
    """One sentence that names the field."""
    with pytest.raises(TrainingError, match=words):
        changed(MODERN, {field: text})


def test_a_stored_recipe_of_another_version_is_refused() -> None:
    """A field too few, too many, or of another kind."""
    told = as_json(MODERN)
    for odd in ({**told, "more": 1}, {k: v for k, v in told.items() if k != "ema"}, {**told, "epochs": "3"}):
        with pytest.raises(TrainingError, match="stored recipe"):
            from_json(odd)


def test_the_sides_share_the_computing() -> None:
    """Each side is trained on for the same number of pixels, the smallest first, the last at the end."""
    plan = TrainingPlan(changed(MODERN, {"sides": "16,32,64", "batch": "10", "epochs": "20"}), 1000, 64)
    steps = [plan.side(step) for step in range(plan.steps)]
    assert steps == sorted(steps)
    assert steps[-1] == 64
    pixels = [side**2 * steps.count(side) for side in (16, 32, 64)]
    assert max(pixels) < 1.02 * min(pixels)
    assert math.isclose(plan.pixels(0), sum(side**2 for side in steps) * 10, rel_tol=0.01)


def test_rates_rise_hold_and_fall() -> None:
    """Warm-up from nothing to the rate, then the schedule; plateau only by what it was lowered."""
    settings = {"warm_up": "0.1", "epochs": "10", "batch": "10", "learning_rate": "0.5"}
    cosine = TrainingPlan(changed(MODERN, {**settings, "schedule": "cosine"}), 100, 32)
    rates = [cosine.learning_rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.05)
    assert rates[9] == pytest.approx(0.5)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[55] == pytest.approx(0.5 * (1 + math.cos(math.pi / 2)) / 2)
    hold = TrainingPlan(changed(MODERN, {**settings, "schedule": "hold-decay"}), 100, 32)
    assert hold.learning_rate(69) == 0.5
    assert hold.learning_rate(85) == pytest.approx(0.25)
    plateau = TrainingPlan(changed(PAPER, {"batch": "10"}), 100, 32)
    assert plateau.learning_rate(500, 0.1) == pytest.approx(0.001)


def test_a_batch_is_never_larger_than_the_pictures() -> None:
    """Three pictures make batches of three."""
    plan = TrainingPlan(MODERN, 3, 32)
    assert (plan.batch, plan.steps_per_epoch, plan.steps) == (3, 1, MODERN.epochs)
