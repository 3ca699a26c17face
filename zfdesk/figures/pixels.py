"""A page as pixels and as places, for whoever shows it: a preview, a film. Imports matplotlib."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from zfdesk.figures import panels
from zfdesk.figures.drawing import draw
from zfdesk.figures.files import check_pixels, interpolated
from zfdesk.figures.look import styled
from zfdesk.figures.page import Page

PageArea = tuple[float, float, float, float]
"""Left, top, right and bottom as shares of the page's width and height."""


@dataclass(frozen=True)
class CellPlace:
    """Where a panel came to lie on the drawn page. picture: what it shows. panel: with its text."""

    picture: PageArea
    panel: PageArea


def pixels(page: Page | Figure, dpi: float) -> np.ndarray:
    """uint8 (height, width, 3) RGB, read-only: what a PNG of that dpi holds. page: or its figure, drawn already.

    Raises ValueError where the panels do not fit the page, or the page would have too many pixels.
    """
    if isinstance(page, Page):
        check_pixels(*page.inches, dpi)  # before gigabytes are taken to arrange it
    figure = draw(page) if isinstance(page, Page) else page
    width, height = figure.get_size_inches()
    check_pixels(width, height, dpi)
    with styled(), interpolated(figure, "png"):
        before, canvas = figure.dpi, FigureCanvasAgg(figure)
        try:
            figure.dpi = dpi
            canvas.draw()
            drawn = np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
        finally:
            figure.dpi = before
    drawn.flags.writeable = False
    return drawn


def cell_places(figure: Figure, page: Page) -> tuple[CellPlace, ...]:
    """Where each cell of the page lies in the figure that `draw` made of it."""
    axes, places = list(figure.axes), []
    with styled():
        renderer = FigureCanvasAgg(figure).get_renderer()
        width, height = figure.bbox.size
        for cell in page.cells:
            count = 3 if isinstance(cell.panel, panels.Compare) else 1
            its, axes = axes[:count], axes[count:]
            pictures = [part.get_window_extent(renderer) for part in its]
            wholes = [part.get_tightbbox(renderer) or part.get_window_extent(renderer) for part in its]
            both = [
                (
                    float(min(box.x0 for box in boxes) / width), float(1 - max(box.y1 for box in boxes) / height),
                    float(max(box.x1 for box in boxes) / width), float(1 - min(box.y0 for box in boxes) / height),
                )
                for boxes in (pictures, wholes)
            ]  # fmt: skip
            places.append(CellPlace(*both))
    return tuple(places)
