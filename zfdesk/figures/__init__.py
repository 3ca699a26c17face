"""Pages for paper, from arrays, no display needed: panels, a page as data, a figure, a file.

    import zfdesk.figures as figures
    figure = figures.draw(figures.fig7_page(sweep))
    figures.save(figure, "fig7.pdf")

Read on in `panels` (what can be shown), `page` (a page is data), `drawing` and `files`. A template is a function that
gives a page: `fig2`, `fig3`, `fig5`, `fig6`, `fig7`, `fig8`, `histograms`. Matplotlib is imported when the first figure
is made.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zfdesk.figures.drawing import draw
    from zfdesk.figures.facts import Facts, caption
    from zfdesk.figures.fig2 import UnitExamples, fig2_page
    from zfdesk.figures.fig3 import fig3_page
    from zfdesk.figures.fig5 import fig5_page
    from zfdesk.figures.fig6 import fig6_page, filters_page
    from zfdesk.figures.fig7 import fig7_page
    from zfdesk.figures.fig8 import fig8_page
    from zfdesk.figures.files import encode, encode_arrays, format_of, save, save_arrays
    from zfdesk.figures.histograms import histograms_page
    from zfdesk.figures.page import SIZES, Cell, Page

_NAMES = {
    "drawing": ("draw",),
    "facts": ("Facts", "caption"),
    "fig2": ("UnitExamples", "fig2_page"),
    "fig3": ("fig3_page",),
    "fig5": ("fig5_page",),
    "fig6": ("fig6_page", "filters_page"),
    "fig7": ("fig7_page",),
    "fig8": ("fig8_page",),
    "files": ("encode", "encode_arrays", "format_of", "save", "save_arrays"),
    "histograms": ("histograms_page",),
    "page": ("SIZES", "Cell", "Page"),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


__all__ = [
    "SIZES", "Cell", "Facts", "Page", "UnitExamples", "caption", "draw", "encode", "encode_arrays", "fig2_page",
    "fig3_page", "fig5_page", "fig6_page", "fig7_page", "fig8_page", "filters_page", "format_of", "histograms_page",
    "save", "save_arrays",
]  # fmt: skip
