"""A page of the window as a file, written beside the live view."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from zfdesk.desk.context import AppContext
from zfdesk.desk.tasks import not_saved_text
from zfdesk.desk.widgets.save_dialog import ask_where

if TYPE_CHECKING:
    from zfdesk.figures import Page

FIGURE_KINDS = "Figure (*.pdf *.svg *.png)"


def save_page(path: str, make: Callable[[], Page]) -> None:
    """Write the page that ``make`` returns as PDF, SVG or PNG, by the name's suffix; on any thread but the GUI's.

    Raises OSError, and ValueError.
    """
    from zfdesk.figures import draw, format_of, save

    format_of(path)  # before anything is computed
    torch.set_num_threads(1)  # the live view goes on
    save(draw(make()), path)


def ask_for_page(context: AppContext, title: str, name: str, make: Callable[[], Page]) -> None:
    """A file picker that proposes ``name``.pdf, then `write_page`."""
    path, _ = ask_where(context, title, f"{name}.pdf", FIGURE_KINDS)
    if path:
        write_page(context, path, make)


def write_page(context: AppContext, path: str, make: Callable[[], Page]) -> None:
    """Write a page off this thread, also while the window closes; how it went is told."""

    def done(value: None, error: Exception | None) -> None:
        name = Path(path).name
        message = f"Saved {name}." if error is None else not_saved_text(error, name)
        context.show_message(message, error is not None)
        if error is None:
            context.picture_taken.emit()

    context.show_message(f"Drawing {Path(path).name}…")
    context.state.tasks.run("figure", partial(save_page, path, make), done, keep=True)


__all__ = ["FIGURE_KINDS", "ask_for_page", "save_page", "write_page"]
