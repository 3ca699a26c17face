"""A contact sheet: pictures as the network sees them, with what it answers below each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zfdesk.engine import Model
from zfdesk.figures.facts import Facts, caption
from zfdesk.figures.page import Cell, Page
from zfdesk.figures.panels import Picture
from zfdesk.live import ClassBars, View
from zfdesk.live.bars import bar_rows
from zfdesk.progress import noun, percent_text

ACROSS = 5
MOST = 200
"""Pictures on a sheet: a page is at most 200 inches high."""


@dataclass(frozen=True, eq=False)
class Answered:
    """``name``: of the picture. ``pixels``: what the network saw, uint8 (size, size, 3). ``probabilities``: float32
    (classes,)."""

    name: str
    pixels: np.ndarray
    probabilities: np.ndarray


def answers_page(answered: Sequence[Answered], model: Model, size: str = "two-column") -> Page:
    """The sheet. Below each picture stand its most probable class and, for ImageNet's classes, its most probable kind.

    Raises ValueError for no picture or more than `MOST`.
    """
    if not 1 <= len(answered) <= MOST:
        raise ValueError(f"A sheet has 1 to {MOST} pictures, not {len(answered):,}.")
    facts = Facts.of_model(model)
    cells = tuple(
        Cell(Picture(one.pixels, note=_note(one, model), facts=facts), *divmod(place, ACROSS), label=one.name)
        for place, one in enumerate(answered)
    )
    how = "Below each picture the most probable class, and the kind of thing with the largest sum of softmax."
    return Page(
        cells, size, f"{len(answered)} {noun(len(answered), 'picture')}", f"{how} {caption(facts)}", letters=False
    )


def _note(one: Answered, model: Model) -> str:
    """tabby 13 %; cat 38 %."""
    parts = []
    for bars in ClassBars:
        [row] = bar_rows(View(bars=bars, top_k=1), model.classes, one.probabilities, one.probabilities)
        parts.append(f"{row.name} {percent_text(row.probability)}")
    return "; ".join(dict.fromkeys(parts))


__all__ = ["ACROSS", "MOST", "Answered", "answers_page"]
