"""From a page to a matplotlib figure. Imports matplotlib."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec, SubplotSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine

from zfdesk.figures import over_time, panels
from zfdesk.figures.charts import draw_bars, draw_curves, draw_histogram, draw_text
from zfdesk.figures.draw_over_time import draw_evolution, draw_shares, draw_strips
from zfdesk.figures.look import PageStyle, looks_for, printable, styled, wrapped
from zfdesk.figures.over_picture import draw_labels, draw_occlusion
from zfdesk.figures.page import Page, letter
from zfdesk.figures.pictures import draw_compare, draw_maps, draw_picture, draw_signed, draw_tiles, draw_unit_map
from zfdesk.figures.place import Body, PanelPlace, inches_on_page, say_below
from zfdesk.figures.scheme import draw_scheme

DRAWERS: dict[type, Callable[[PanelPlace, Any], list[Body]]] = {
    panels.Picture: draw_picture, panels.Maps: draw_maps, panels.UnitMap: draw_unit_map, panels.Signed: draw_signed,
    panels.Tiles: draw_tiles, panels.Occlusion: draw_occlusion, panels.Labels: draw_labels, panels.Bars: draw_bars,
    panels.Compare: draw_compare, panels.Histogram: draw_histogram, panels.Curves: draw_curves,
    panels.Text: draw_text, panels.Drawing: draw_scheme, over_time.Strips: draw_strips, over_time.Shares: draw_shares,
    over_time.Evolution: draw_evolution,
}  # fmt: skip
"""What draws each kind of panel: all there is to add for another kind."""

MARGIN = 0.045
"""Inches around the page and around each panel on paper."""

SLACK = 0.02
"""Inches by which words are kept narrower than their panel, as renderers differ in the widths of letters."""

MEASURING_DPI = 288
"""At which words are measured: letters that are fitted to coarser pixels are up to a tenth wider."""

SMALLEST_PICTURE = 8.0
"""Widths of a letter that a picture must be wide, or the words around it would be broken into syllables."""

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
    looks = looks_for(*page.inches)
    with styled():
        for look in looks:
            figure, share = _drawn(page, look, 1.0)
            if 0 < share < 1:  # once more, with words as narrow as the pictures became
                figure, share = _drawn(page, look, share)
            if share > 0:
                return figure
    raise ValueError("The panels do not fit a page of this size.")


def _drawn(page: Page, look: PageStyle, share: float) -> tuple[PageFigure, float]:
    """The page drawn, and the share of their places' widths that its pictures have; 0 where it does not fit at all.

    share: what is expected of it, which words are fitted to.
    """
    width, height = page.inches
    figure = PageFigure(figsize=(width, height or FIRST_HEIGHT * page.shape[0]), dpi=MEASURING_DPI)
    FigureCanvasAgg(figure)
    figure.title, figure.caption = printable(page.title), printable(page.caption)
    grid, bodies = draw_panels(figure, page, look)
    margin = MARGIN * look.stroke
    figure.set_layout_engine("constrained", w_pad=margin, h_pad=margin, wspace=0.02, hspace=0.02)
    try:
        found = _arrange(figure, page, grid, bodies, look, share)
    except _CollapsedError:
        return figure, 0.0
    figure.set_layout_engine("none")  # what is arranged stays so at any resolution
    return figure, found


def draw_panels(figure: PageFigure, page: Page, look: PageStyle) -> tuple[GridSpec, list[list[Body]]]:
    """Every panel in its part of the grid, whose columns are divided in three where pictures are compared."""
    rows, columns = page.shape
    parts = 3 if any(isinstance(cell.panel, panels.Compare) for cell in page.cells) else 1
    widths = [width for width in page.widths or (1.0,) * columns for _ in range(parts)]
    grid = GridSpec(rows, columns * parts, figure=figure, width_ratios=widths)
    bodies: list[list[Body]] = []
    for index, cell in enumerate(page.cells):
        down, first = slice(cell.row, cell.row + cell.rows), cell.column * parts
        thirds: tuple[SubplotSpec, ...] = ()
        if parts > 1:
            begins = (first + third * cell.columns for third in range(3))
            thirds = tuple(grid[down, begin : begin + cell.columns] for begin in begins)
        place = PanelPlace(figure, grid[down, first : first + cell.columns * parts], look, thirds)
        found = DRAWERS[type(cell.panel)](place, cell.panel)
        before = f"({letter(index)})" if page.letters else ""
        found[0].title = " ".join(part for part in (before, cell.label, found[0].title) if part)
        bodies.append(found)
    return grid, bodies


def _arrange(
    figure: PageFigure, page: Page, grid: GridSpec, bodies: list[list[Body]], look: PageStyle, share: float
) -> float:
    """Find the panels' widths, write the words that depend on them, and give every row the height it needs.

    Returns the smallest share of its place's width that a picture has; 0 where one is too small for its words.
    """
    caption = _place_caption(figure, page, look)
    _lay_out(figure, caption)
    for body in (body for group in bodies for body in group):
        inches = _allotted(body)[0] * (share if body.shaped else 1) - SLACK
        for finish in body.finish:
            finish(inches)
        if body.title:
            body.axes.set_title(wrapped(body.title, inches, look.text), fontsize=look.text, pad=3)
        say_below(body, body.note, inches, look)
    _lay_out(figure, caption)
    needed, before = _row_heights(page, bodies)
    grid.set_height_ratios(list(needed))
    height = round(figure.get_size_inches()[1] - before * len(needed) + needed.sum(), 4)
    if not page.inches[1]:
        figure.set_size_inches(page.inches[0], height)
    _lay_out(figure, caption, max(page.inches[1] - height, 0) if page.inches[1] else 0)
    return _settle(figure, page, bodies, look)


def _settle(figure: PageFigure, page: Page, bodies: list[list[Body]], look: PageStyle) -> float:
    """Fix the places, and give pictures square pixels in them; the share of `_arrange`."""
    smallest = 1.0
    for body in (body for group in bodies for body in group):
        width, height = _allotted(body)
        wanted = body.height(width)
        if page.inches[1] and body.shaped:
            smallest = min(smallest, 1.0 if height >= 0.98 * wanted else height / wanted)
            if width * min(height / wanted, 1) < SMALLEST_PICTURE * look.small / 72 and not body.rigid:
                return 0.0
        if page.inches[1] and body.rigid and height < 0.97 * wanted:
            return 0.0
        if body.shaped:
            body.axes.set_aspect("equal", anchor="N" if page.inches[1] else "NW")
    for axes in figure.axes:
        # the layout's solver goes through sets in another order every time, and rounds accordingly
        left, bottom, width, height = axes.get_position(original=True).bounds
        axes.set_position((round(left, 9), round(bottom, 9), round(width, 9), round(height, 9)))
    return smallest


class _CollapsedError(Exception):
    """The words leave no room for the panels."""


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


def _place_caption(figure: PageFigure, page: Page, look: PageStyle) -> float:
    """Write the caption at the foot; the inches it takes."""
    if not (page.captioned and page.caption):
        return 0.0
    margin = 2 * MARGIN * look.stroke
    lines = wrapped(page.caption, page.inches[0] - 2 * margin, look.small)
    text = figure.text(
        margin, margin, lines, fontsize=look.small, va="bottom", ha="left", linespacing=1.15,
        transform=inches_on_page(figure),
    )  # fmt: skip
    text.set_in_layout(False)
    return (lines.count("\n") + 1) * look.line + 2 * margin


def _lay_out(figure: PageFigure, caption: float, spare: float = 0.0) -> None:
    """Place the panels above the caption's inches, with half of the spare ones above and half below them."""
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    height = figure.get_size_inches()[1]
    if caption + spare >= height:
        raise _CollapsedError
    engine.set(rect=(0, (caption + spare / 2) / height, 1, 1 - (caption + spare) / height))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            engine.execute(figure)
        except UserWarning as error:
            raise _CollapsedError from error
