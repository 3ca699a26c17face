"""A sweep as files: the raw arrays, and Fig. 7's row as a figure. Both may be called on any thread."""

from __future__ import annotations

import os
from pathlib import Path

from zfdesk.atomic_write import write_whole
from zfdesk.desk.widgets.page_files import save_page
from zfdesk.live import SweepSettings, SweepSnapshot

ARRAY_KINDS = "Arrays (*.npz)"


def write_arrays(path: str, swept: SweepSnapshot, unit: int, class_index: int) -> None:
    """Write the .npz that ``zfdesk occlude --npz`` writes: positions, probability, activation, label, done, clean.

    Raises OSError where it cannot be written; nothing is left half done.
    """
    from zfdesk import npz

    assert swept.sweep is not None
    write_whole(Path(os.path.realpath(path)), [npz.encode(swept.sweep.arrays(unit, class_index))])


def write_figure(path: str, swept: SweepSnapshot, unit: int, class_index: int, settings: SweepSettings) -> None:
    """Write Fig. 7's row, in the pane's colours, as PDF, SVG or PNG, by the name's suffix. Raises OSError, and
    ValueError."""
    from zfdesk.pages.view_page import fig7_of

    save_page(path, lambda: fig7_of(swept, unit, class_index, settings))
