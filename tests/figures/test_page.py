"""A page is data: it goes through JSON and comes back, and what is no page is refused in words."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import numpy as np
import pytest

from zfdesk.figures import Cell, Page, panels
from zfdesk.figures.page import letter

TEXT = panels.Text("words")
FLAT = np.zeros((2, 1), np.float32)


def test_through_json_and_back(page: Page) -> None:
    data, arrays = page.to_data()
    again = Page.from_data(json.loads(json.dumps(data, allow_nan=False)), arrays)
    data_again, arrays_again = again.to_data()
    assert data_again == data
    assert arrays_again.keys() == arrays.keys()
    assert len(arrays) >= 20
    for name, array in arrays.items():
        assert arrays_again[name].dtype == array.dtype
        assert np.array_equal(arrays_again[name], array, equal_nan=array.dtype.kind == "f")
    assert [type(cell.panel) for cell in again.cells] == [type(cell.panel) for cell in page.cells]
    assert again.cells[0].panel.facts == page.cells[0].panel.facts
    assert again.cells[0].panel.boxes == page.cells[0].panel.boxes


def test_arrays_are_named_by_letter_or_name() -> None:
    picture = panels.Picture(np.zeros((4, 4, 3), np.uint8))
    page = Page((Cell(TEXT, 0, 0), Cell(picture, 0, 1), Cell(picture, 0, 2, name="again")))
    assert set(page.arrays()) == {"b_pixels", "again_pixels"}


def test_letters() -> None:
    assert [letter(index) for index in (0, 1, 25, 26, 27, 701, 702)] == ["a", "b", "z", "aa", "ab", "zz", "aaa"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Page(()), "without panels"),
        (lambda: Page((Cell(TEXT, 0, 0), Cell(TEXT, 0, 0))), "Two panels share row 0, column 0"),
        (lambda: Page((Cell(TEXT, 0, 0, 2, 2), Cell(TEXT, 1, 1))), "Two panels share row 1, column 1"),
        (lambda: Page((Cell(TEXT, 0, 0, name="x"), Cell(TEXT, 0, 1, name="x"))), "same name"),
        (lambda: Page((Cell(TEXT, 0, 0),), "three-column"), "none of one-column, two-column, slide"),
        (lambda: Page((Cell(TEXT, 0, 0),), (float("nan"), 1.0)), "inches"),
        (lambda: Page((Cell(TEXT, 0, 0),), (1e9, 1.0)), "inches"),
        (lambda: Page((Cell(TEXT, 0, 0),), widths=(1.0, 2.0)), "one positive width"),
        (lambda: Cell(TEXT, -1, 0), "outside the grid"),
        (lambda: Cell(TEXT, 10**9, 0), "1000 rows"),
        (lambda: panels.Picture(np.zeros((4, 4), np.uint8)), "panel must be any × any × 3, not 4 × 4"),
        (lambda: panels.Picture(np.zeros((4, 4, 3))), "must be uint8, not float64"),
        (lambda: panels.Picture(np.zeros((0, 4, 3), np.uint8)), "not 0 × 4 × 3"),
        (lambda: panels.UnitMap(np.full((2, 2), np.nan, np.float32)), "not numbers"),
        (lambda: panels.Maps(np.zeros((2, 2, 2), np.float32), np.arange(3)), "units of a maps panel must be 2, not 3"),
        (lambda: panels.Bars(np.zeros(2, np.float32), ("a",)), "1 names for 2 bars"),
        (lambda: panels.Histogram(np.ones((1, 2), np.int64), np.array([0.0, 1, 1])), "must rise"),
        (lambda: panels.Signed(np.zeros((4, 4, 3), np.float32), window=(0, 0, 5, 4)), "does not lie in a picture"),
        (lambda: panels.Occlusion(FLAT, np.zeros((2, 1, 2), np.int32), (5, 5), 9), "form a grid"),
        (lambda: panels.Box(0, 0, 0, 5), "a place and a size"),
        (lambda: panels.Drawing((panels.Layer("a", "conv", 1, 1, 1),)), "begins with the input"),
    ],
)  # fmt: skip
def test_what_does_not_fit(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert str(caught.value).endswith(".")


def test_arrays_of_a_panel_do_not_change() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    panel = panels.Picture(pixels)
    pixels[:] = 9
    assert not panel.pixels.any()
    with pytest.raises(ValueError, match="read-only"):
        panel.pixels[0] = 1
    kept = panels.Picture(panel.pixels)
    assert kept.pixels is panel.pixels or np.shares_memory(kept.pixels, panel.pixels)


def test_spoiled_data_is_refused_in_words(page: Page) -> None:
    """Six hundred ways to spoil a page's data: each gives a page or a sentence, never another error."""
    data, arrays = page.to_data()
    rng, refused = random.Random(5), []
    for _ in range(600):
        spoiled, held = copy.deepcopy(data), dict(arrays)
        where = spoiled
        for _ in range(rng.randint(1, 5)):  # down to some dict or list in it
            inner = list(where.values()) if isinstance(where, dict) else where
            deeper = [part for part in inner if isinstance(part, dict | list) and part]
            if not deeper:
                break
            where = rng.choice(deeper)
        key = rng.choice(list(where) if isinstance(where, dict) else range(len(where)))
        match rng.randrange(4):
            case 0:
                where[key] = rng.choice(
                    [None, -1, 1e308, float("nan"), "", "x", [], {}, True, 10**30, {"type": "Page"}]
                )
            case 1:
                del where[key]
            case 2:
                held.pop(rng.choice(list(held)))
            case _:
                name = rng.choice(list(held))
                held[name] = rng.choice([np.zeros(3), np.array("x"), np.zeros((2, 2, 2, 2), np.uint8), np.array(None)])
        try:
            Page.from_data(spoiled, held)
        except ValueError as error:
            refused.append(str(error))
    assert len(refused) > 400
    assert all(sentence.endswith(".") for sentence in refused)


@pytest.mark.parametrize("data", [None, 3, [], {}, {"type": "Cell"}, {"type": "Page", "cells": 3}, "page"])
def test_what_is_no_page_at_all(data: Any) -> None:
    with pytest.raises(ValueError, match=r"^In the page"):
        Page.from_data(data, {})
