"""Pages for paper, from arrays, no display needed: panels, a page as data, a figure, a file.

    import zfdesk.figures as figures
    figure = figures.fig7_row(sweep)
    figures.save(figure, "fig7.pdf")

Read on in `panels` (what can be shown), `page` (a page is data), `drawing` and `files`. A template is a function that
gives a page: `fig7`. Matplotlib is imported when the first figure is made, not before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zfdesk.figures.drawing import draw
    from zfdesk.figures.facts import Facts, caption
    from zfdesk.figures.fig7 import fig7_page, fig7_row
    from zfdesk.figures.files import encode, encode_arrays, save, save_arrays
    from zfdesk.figures.page import SIZES, Cell, Page

_WHERE = {
    "Cell": "page", "Facts": "facts", "Page": "page", "SIZES": "page", "caption": "facts", "draw": "drawing",
    "encode": "files", "encode_arrays": "files", "fig7_page": "fig7", "fig7_row": "fig7", "save": "files",
    "save_arrays": "files",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


__all__ = [
    "SIZES", "Cell", "Facts", "Page", "caption", "draw", "encode", "encode_arrays", "fig7_page", "fig7_row", "save",
    "save_arrays",
]  # fmt: skip
