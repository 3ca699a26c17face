"""The frames of a film of a page: of one size, each as its page says, nothing left over from the one before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import zfdesk.figures as figures
from zfdesk.figures import Cell, Page, panels
from zfdesk.figures.look import styled
from zfdesk.figures.moving import MovingPage


def page(shade: int = 128, probability: float = 0.5, note: str = "", peak: float = 1.0) -> Page:
    pixels = np.full((40, 40, 3), shade, np.uint8)
    values = np.linspace(0, peak, 81, dtype=np.float32).reshape(9, 9)
    bars = panels.Bars(np.array([probability, 0.1], np.float32), ("tabby", "moped"))
    shown = (panels.Picture(pixels, note=note), panels.UnitMap(values, (2, 3)), bars)
    cells = tuple(Cell(panel, 0, place, label=f"part {place}") for place, panel in enumerate(shown))
    return Page(cells, (5.0, 0.0), letters=False, captioned=False)


def in_rows(shown: Page) -> Page:
    """Two above and one below."""
    return replace(shown, cells=tuple(replace(c, row=n // 2, column=n % 2) for n, c in enumerate(shown.cells)))


def as_paper(shown: Page, dpi: float) -> np.ndarray:
    """The page as `draw` lays it out, in the same resolution."""
    figure = figures.draw(shown)
    with styled():
        figure.set_dpi(dpi)
        canvas = FigureCanvasAgg(figure)
        for image in figure.findobj(lambda artist: hasattr(artist, "set_interpolation")):
            image.set_interpolation("antialiased")
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()


@pytest.mark.parametrize("shown", [page(), in_rows(page())])
def test_the_first_frame_is_the_page_as_on_paper(shown: Page) -> None:
    moving = MovingPage(shown, 900)
    drawn, paper = moving.draw(shown), as_paper(shown, 900 / shown.inches[0])
    assert drawn.shape == (moving.height, 900, 3)
    assert 0 < moving.height - paper.shape[0] < 40  # a line more
    rows = paper.shape[0] - 4
    differs = np.abs(drawn[:rows].astype(int) - paper[:rows, :900]).max(2)
    assert (differs > 60).mean() < 0.004  # a place may fall half a pixel beside


def test_frames_are_of_one_size_and_follow_their_pages() -> None:
    moving = MovingPage(page(), 600)
    frames = [moving.draw(page(shade, share)) for shade, share in ((20, 0.1), (90, 0.5), (160, 0.9), (20, 0.1))]
    assert len({frame.shape for frame in frames}) == 1
    assert np.array_equal(frames[0], frames[3])  # nothing of those between is left
    for frame, shade in zip(frames, (20, 90, 160, 20), strict=True):
        assert (frame[80:160, 40:150] == shade).all()
    # the bar is as long as its probability: blue in the last third
    lengths = [(np.abs(frame[:, 400:].astype(int) - (0x72, 0x9E, 0xCE)).max(2) < 40).sum() for frame in frames[:3]]
    assert lengths[0] < lengths[1] < lengths[2]


def test_panels_stay_where_they_are_when_words_grow() -> None:
    moving = MovingPage(page(note="frame 1"), 600)
    few = moving.draw(page(note="frame 1", peak=1.0))
    many = moving.draw(page(note="frame 1234567 · 1234.56 s", peak=0.000123456))
    edges = [np.flatnonzero((np.abs(frame.astype(int) - 128).max(2) < 2).any(1))[[0, -1]] for frame in (few, many)]
    assert np.array_equal(*edges)


def test_a_page_with_other_panels_is_refused() -> None:
    moving = MovingPage(page(), 600)
    with pytest.raises(ValueError, match="must be the same from frame to frame"):
        moving.draw(replace(page(), cells=page().cells[:2]))


@pytest.mark.parametrize("width", [20, 100_000])
def test_widths_that_make_no_sense_are_refused(width: int) -> None:
    with pytest.raises(ValueError, match="pixels wide"):
        MovingPage(page(), width)
