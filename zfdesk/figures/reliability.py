"""A reliability diagram: how often answers are right, by how probable they are (Guo et al. 2017, Fig. 1)."""

from __future__ import annotations

import numpy as np

from zfdesk.figures import panels
from zfdesk.figures.facts import Facts, caption
from zfdesk.figures.page import Cell, Page, PageSize
from zfdesk.progress import percent_text


def reliability_page(
    edges: np.ndarray, counts: np.ndarray, confidence: np.ndarray, accuracy: np.ndarray, error: float,
    pictures: str = "", facts: Facts | None = None, size: PageSize = "one-column",
) -> Page:  # fmt: skip
    """Accuracy over confidence bin by bin, with the line on which a calibrated network lies, above how many answers
    there are.

    edges: float64 (bins + 1,); counts: int64 (bins,); confidence, accuracy: float64 (bins,), NaN in empty bins.
    error: the expected calibration error. pictures: what was asked, in words. facts: of the network.
    """
    facts = facts or Facts()
    full = counts > 0
    x = np.concatenate([[0.0], confidence[full], [1.0]])
    right = np.concatenate([[np.nan], accuracy[full], [np.nan]])
    order = np.argsort(x, kind="stable")
    lines = panels.Curves(
        x[order], np.stack([right[order], x[order]]), ("this network", "calibrated"),
        "probability of the answer", "share that is right", bridged=True, facts=facts,
    )  # fmt: skip
    many = panels.Histogram(np.asarray(counts, np.int64)[None], edges, quantity="probability of the answer")
    how = (
        f"Reliability (Guo et al. 2017): answers in {len(counts)} bins of equal width by their probability, and how "
        f"many of each are right. Expected calibration error {percent_text(error, 1)}. "
        f"{int(counts.sum()):,} answers{f' to {pictures}' if pictures else ''}. {caption(facts)}"
    )
    cells = (Cell(lines, 0, 0, name="reliability"), Cell(many, 1, 0, name="answers"))
    return Page(cells, size, "Reliability", how.strip())


__all__ = ["reliability_page"]
