"""Pages as a film's frames: pixels, all of one size, every panel where it is on the first. Imports matplotlib.

The first page is laid out as for paper. Those that follow are drawn anew into the same places: nothing jumps from frame
to frame when a number changes its width, and the layout, half of the work, is done once (``zfdesk record`` draws 12
pages of four panels a second on one core, 7 when each is laid out).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import AxesImage
from matplotlib.transforms import Bbox

from zfdesk.figures.drawing import MEASURING_DPI, SLACK, PageFigure, draw, draw_panels
from zfdesk.figures.look import looks_for, styled, wrapped
from zfdesk.figures.page import Page
from zfdesk.figures.place import Body, say_below

LEAST_WIDTH, MOST_WIDTH = 160, 7680
"""Of a frame, in pixels."""


class MovingPage:
    """Draws pages that differ in what their panels hold, not in how these are arranged.

    width: of the frames in pixels; their height is what the first page needs, and room for a line more.
    Raises ValueError where the first page cannot be drawn.
    """

    def __init__(self, first: Page, width: int) -> None:
        if not LEAST_WIDTH <= width <= MOST_WIDTH:
            raise ValueError(f"A film of a figure is {LEAST_WIDTH} to {MOST_WIDTH} pixels wide, not {width}.")
        self.width = width
        first = replace(first, captioned=False, size=(first.inches[0], 0.0))
        figure = draw(first)
        self._look = looks_for(*first.inches)[0]  # a page that is as high as it needs has one look
        inches, height = figure.get_size_inches()
        self._dpi = width / inches
        room = height + self._look.line  # a line of words may become two
        self.height = round(room * self._dpi)
        self._size = (inches, self.height / self._dpi)
        grown = self._size[1]
        self._places = [
            Bbox.from_bounds(box.x0, 1 - (1 - box.y0) * height / grown, box.width, box.height * height / grown)
            for box in (axes.get_position(original=True) for axes in figure.axes)
        ]

    def draw(self, page: Page) -> np.ndarray:
        """A page as uint8 (height, width, 3). ValueError where it is arranged otherwise than the first."""
        page = replace(page, captioned=False)
        with styled():
            figure = PageFigure(figsize=self._size, dpi=MEASURING_DPI)
            canvas = FigureCanvasAgg(figure)
            _, groups = draw_panels(figure, page, self._look)
            bodies = [body for group in groups for body in group]
            if len(bodies) != len(self._places) or len(figure.axes) != len(self._places):
                raise ValueError("The panels of a film's figure must be the same from frame to frame.")
            for body, place in zip(bodies, self._places, strict=True):
                self._put(body, place)
            for image in figure.findobj(AxesImage):
                image.set_interpolation("antialiased")
            figure.set_dpi(self._dpi)
            canvas.draw()
            return self._fitted(np.asarray(canvas.buffer_rgba())[..., :3])

    def _put(self, body: Body, place: Bbox) -> None:
        """The words of a panel that depend on its width, and its place."""
        axes = body.axes
        axes.set_position(place)
        inches = place.width * self._size[0] - SLACK
        for finish in body.finish:
            finish(inches)
        if body.title:
            axes.set_title(wrapped(body.title, inches, self._look.text), fontsize=self._look.text, pad=3)
        say_below(body, body.note, inches, self._look)
        if body.shaped:
            axes.set_aspect("equal", anchor="NW")

    def _fitted(self, drawn: np.ndarray) -> np.ndarray:
        """Rounding may give a row or column more or less."""
        pixels = np.full((self.height, self.width, 3), 255, np.uint8)
        rows, columns = min(self.height, drawn.shape[0]), min(self.width, drawn.shape[1])
        pixels[:rows, :columns] = drawn[:rows, :columns]
        return pixels
