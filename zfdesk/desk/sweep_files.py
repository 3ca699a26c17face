"""A sweep as files: the raw arrays, and Fig. 7's row as a figure. Both may be called on any thread."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from zfdesk.live import Swept
from zfdesk.whole import write_whole

FIGURE_KINDS = "Figure (*.pdf *.svg *.png)"
ARRAY_KINDS = "Arrays (*.npz)"


def save_arrays(path: str, swept: Swept, unit: int, klass: int) -> None:
    """Write the .npz that ``zfdesk occlude --npz`` writes: positions, probability, activation, label, done, clean.

    Raises OSError where it cannot be written; nothing is left half done.
    """
    from zfdesk.figures.files import npz_bytes

    assert swept.sweep is not None
    write_whole(Path(os.path.realpath(path)), [npz_bytes(swept.sweep.arrays(unit, klass))])


def save_figure(path: str, swept: Swept, unit: int, klass: int) -> None:
    """Write Fig. 7's row as PDF, SVG or PNG, by the name's suffix. Raises OSError, and ValueError in words."""
    from zfdesk.figures import draw, fig7_page, format_of, save

    format_of(path)  # before anything is computed
    torch.set_num_threads(1)  # the live view goes on
    assert swept.sweep is not None
    page = fig7_page(swept.sweep, unit, klass, picture=swept.subject.origin, frame=swept.subject.number)
    save(draw(page), path)
