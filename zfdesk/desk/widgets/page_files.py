"""A page of the window as a file, written beside the live view."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from zfdesk.figures import Page

FIGURE_KINDS = "Figure (*.pdf *.svg *.png)"


def save_page(path: str, make: Callable[[], Page]) -> None:
    """Write the page that ``make`` returns as PDF, SVG or PNG, by the name's suffix; on any thread but the GUI's.

    Raises OSError, and ValueError in words.
    """
    from zfdesk.figures import draw, format_of, save

    format_of(path)  # before anything is computed
    torch.set_num_threads(1)  # the live view goes on
    save(draw(make()), path)


__all__ = ["FIGURE_KINDS", "save_page"]
