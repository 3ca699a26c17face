"""From a page to a matplotlib figure. Imports matplotlib."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine

from zfdesk.figures import panels
from zfdesk.figures.charts import draw_bars, draw_curves, draw_histogram, draw_text
from zfdesk.figures.look import Look, look_for, printable, styled, wrapped
from zfdesk.figures.over_picture import draw_labels, draw_occlusion
from zfdesk.figures.page import Page
from zfdesk.figures.pictures import draw_compare, draw_maps, draw_picture, draw_signed, draw_tiles, draw_unit_map
from zfdesk.figures.place import Body, Place, inches_on_page, say_below
from zfdesk.figures.scheme import draw_scheme

DRAWERS: dict[type, Callable[[Place, Any], list[Body]]] = {
    panels.Picture: draw_picture, panels.Maps: draw_maps, panels.UnitMap: draw_unit_map, panels.Signed: draw_signed,
    panels.Tiles: draw_tiles, panels.Occlusion: draw_occlusion, panels.Labels: draw_labels, panels.Bars: draw_bars,
    panels.Compare: draw_compare, panels.Histogram: draw_histogram, panels.Curves: draw_curves,
    panels.Text: draw_text, panels.Drawing: draw_scheme,
}  # fmt: skip
"""What draws each kind of panel: all there is to add for another kind."""

MARGIN = 0.03
"""Inches around the page and around each panel."""

FIRST_HEIGHT = 4.0
"""Inches a row gets before it is known what it needs."""


class PageFigure(Figure):
    """A figure that knows its page's title and caption, which `zfdesk.figures.save` writes into the file."""

    title: str = ""
    caption: str = ""


def draw(page: Page) -> PageFigure:
    """The page as a figure, always on white, drawn with matplotlib's objects and none of its global state.

    Raises ValueError where its panels do not fit a page of a given height.
    """
    width, height = page.inches
    look = look_for(width)
    with styled():
        rows, columns = page.shape
        figure = PageFigure(figsize=(width, height or FIRST_HEIGHT * rows))
        FigureCanvasAgg(figure)
        figure.title, figure.caption = printable(page.title), printable(page.caption)
        widths = page.widths or None
        grid = GridSpec(rows, columns, figure=figure, width_ratios=widths)
        bodies: list[list[Body]] = []
        for index, cell in enumerate(page.cells):
            spec = grid[cell.row : cell.row + cell.rows, cell.column : cell.column + cell.columns]
            found = DRAWERS[type(cell.panel)](Place(figure, spec, look), cell.panel)
            letter = f"({page.letter(index)})" if page.letters else ""
            found[0].title = " ".join(part for part in (letter, cell.label, found[0].title) if part)
            bodies.append(found)
        figure.set_layout_engine("constrained", w_pad=MARGIN, h_pad=MARGIN, wspace=0.02, hspace=0.02)
        _arrange(figure, page, grid, bodies, look)
        figure.set_layout_engine("none")  # what is arranged stays so at any resolution
    return figure


def _arrange(figure: PageFigure, page: Page, grid: GridSpec, bodies: list[list[Body]], look: Look) -> None:
    """Find the panels' widths, write the words that depend on them, and give every row the height it needs."""
    caption = _place_caption(figure, page, look)
    _lay_out(figure, caption)
    for group in bodies:
        for body in group:
            inches = _allotted(body)[0]
            body.finish(inches)
            if body.title:
                body.axes.set_title(wrapped(body.title, inches, look.text), fontsize=look.text, pad=3)
            say_below(body, body.note, inches, look)
    _lay_out(figure, caption)
    needed, before = _row_heights(page, bodies)
    grid.set_height_ratios(list(needed))
    if not page.inches[1]:
        figure.set_size_inches(page.inches[0], figure.get_size_inches()[1] - before * len(needed) + needed.sum())
    _lay_out(figure, caption)
    for body in (body for group in bodies for body in group if body.shaped):
        body.axes.set_aspect("equal", anchor="N" if page.inches[1] else "NW")


def _row_heights(page: Page, bodies: list[list[Body]]) -> tuple[np.ndarray, float]:
    """Inches that each row's pictures need, and what each row has now: all rows have the same."""
    rows = page.shape[0]
    needed, wanted = np.zeros(rows), []
    now = FIRST_HEIGHT
    for cell, group in zip(page.cells, bodies, strict=True):
        places = [_allotted(body) for body in group]
        height = max(body.height(inches) for body, (inches, _) in zip(group, places, strict=True))
        if cell.rows == 1:
            needed[cell.row] = max(needed[cell.row], height)
            now = places[0][1]
        wanted.append((cell, height, places[0][1]))
    for cell, height, has in wanted:
        if cell.rows > 1:
            spanned = slice(cell.row, cell.row + cell.rows)
            between = max(has - now * cell.rows, 0)  # what stands between the rows it spans
            lack = height - between - needed[spanned].sum()
            needed[spanned] += max(lack, 0) / cell.rows
    return np.maximum(needed, 0.05), now


def _allotted(body: Body) -> tuple[float, float]:
    """Width and height in inches that the layout has for a panel, before its picture's shape is minded."""
    place = body.axes.get_position(original=True)
    width, height = body.axes.get_figure(root=True).get_size_inches()  # type: ignore[union-attr]
    return place.width * width, place.height * height


def _place_caption(figure: PageFigure, page: Page, look: Look) -> float:
    """Write the caption at the foot; the inches it takes."""
    if not (page.captioned and page.caption):
        return 0.0
    width = page.inches[0]
    lines = wrapped(page.caption, width - 4 * MARGIN, look.small)
    text = figure.text(
        2 * MARGIN, 2 * MARGIN, lines, fontsize=look.small, va="bottom", ha="left", linespacing=1.15,
        transform=inches_on_page(figure),
    )  # fmt: skip
    text.set_in_layout(False)
    return (lines.count("\n") + 1) * look.line + 4 * MARGIN


def _lay_out(figure: PageFigure, caption: float) -> None:
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    share = caption / figure.get_size_inches()[1]
    engine.set(rect=(0, share, 1, 1 - share))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            engine.execute(figure)
        except UserWarning as error:
            raise ValueError("The panels do not fit a page of this size.") from error
