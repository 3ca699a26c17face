"""Insertion and deletion curves of heat maps, side by side: a page of two panels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zfdesk.experiments.curves import Baseline, Curve, InsertionDeletion
from zfdesk.figures import panels
from zfdesk.figures.facts import Facts, caption
from zfdesk.figures.page import Cell, Page, PageSize


def curves_page(
    class_name: str,
    named: Sequence[tuple[str, InsertionDeletion]],
    baselines: Sequence[tuple[str, Baseline]] = (),
    facts: Facts | None = None,
    size: PageSize = "two-column",
) -> Page:
    """Deletion and insertion of the same picture and class, a line for each heat map and the mean of each baseline's.

    The legend gives the area under each line, of a baseline with its standard deviation. All curves must have the same
    steps. ``facts``: where the picture and the network come from, for the caption.
    """
    facts = facts or Facts()
    cells = []
    for column, (way, better) in enumerate((("deletion", "lower"), ("insertion", "higher"))):
        names, values = [], []
        for name, curves in named:
            curve: Curve = getattr(curves, way)
            names.append(f"{name}: {curve.area:.3f}")
            values.append(curve.probabilities)
        for name, baseline in baselines:
            mean, deviation = getattr(baseline, way)
            names.append(f"{name}: {mean:.3f}" + ("" if deviation is None else f" ± {deviation:.3f}"))
            values.append(np.mean([getattr(curves, way).probabilities for curves in baseline.curves], 0))
        panel = panels.Curves(
            getattr(named[0][1], way).shares, np.array(values), tuple(names), f"share of pixels {_DONE[way]}",
            f"P({class_name})", facts=facts,
        )  # fmt: skip
        cells.append(Cell(panel, 0, column, label=f"{way}: {better} is better", name=way))
    how = (
        "The most important pixels are deleted, or inserted into the blurred picture, first (Petsiuk et al. 2018). "
        f"Numbers are areas under the curves. {caption(facts)}"
    )
    return Page(tuple(cells), size, "Insertion and deletion", how)


_DONE = {"deletion": "deleted", "insertion": "inserted"}

__all__ = ["curves_page"]
