"""A page as pixels is what its PNG holds, and a panel lies where it is said to lie."""

from __future__ import annotations

import io

import numpy as np
import pytest
from figure_tools import every_panel
from PIL import Image

from zfdesk.figures import Cell, Page, draw, encode, panels
from zfdesk.figures.captions import PanelFacts, joint_caption
from zfdesk.figures.facts import Facts, caption
from zfdesk.figures.pixels import cell_places, pixels


@pytest.mark.parametrize("dpi", [50, 96, 150])
def test_pixels_are_the_pngs(dpi: int) -> None:
    figure = draw(every_panel(first=0, last=5))
    with Image.open(io.BytesIO(encode(figure, "png", dpi))) as image:
        np.testing.assert_array_equal(pixels(figure, dpi), np.asarray(image.convert("RGB")))
    assert figure.dpi != dpi  # it can be drawn again


def test_too_many_pixels_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be drawn at"):
        pixels(Page((Cell(panels.Text("words"), 0, 0),), (100.0, 100.0)), 600)


def test_a_caption_higher_than_its_page_does_not_fit() -> None:
    words = "A caption that would fill many pages of this size. " * 20
    page = Page((Cell(panels.Picture(np.zeros((20, 20, 3), np.uint8)), 0, 0),), (1.0, 0.5), caption=words)
    with pytest.raises(ValueError, match="do not fit"):
        draw(page)


def test_places_are_where_the_panels_are() -> None:
    """Panels of one colour each, looked for in the drawn pixels."""
    colours = ((200, 30, 30), (30, 160, 40), (40, 60, 210))
    pictures = [panels.Picture(np.full((20, 20, 3), colour, np.uint8)) for colour in colours]
    compare = panels.Compare(pictures[0].pixels, pictures[1].pixels)
    cells = (Cell(pictures[0], 0, 0), Cell(pictures[1], 0, 1), Cell(pictures[2], 1, 0, label="blue"),
             Cell(compare, 1, 1, 1, 2))  # fmt: skip
    page = Page(cells, (6.0, 0.0))
    figure = draw(page)
    drawn, places = pixels(figure, 100), cell_places(figure, page)
    height, width = drawn.shape[:2]
    assert len(places) == 4
    for place, colour in zip(places, colours, strict=False):
        left, top, right, bottom = place.picture
        inside = drawn[int(top * height) + 4 : int(bottom * height) - 4, int(left * width) + 4 : int(right * width) - 4]
        assert np.abs(inside.astype(int) - colour).max() <= 2
        row, column = int((top + bottom) / 2 * height), int((left + right) / 2 * width)
        around = [(int(top * height) - 4, column), (int(bottom * height) + 4, column)]
        around += [(row, int(left * width) - 4), (row, int(right * width) + 4)]
        for y, x in around:
            assert np.abs(drawn[max(y, 0), min(max(x, 0), width - 1)].astype(int) - colour).max() > 20
    # the label above the blue one is part of the whole, and not of the picture
    assert places[2].panel[1] < places[2].picture[1] - 0.01
    assert places[3].picture[2] - places[3].picture[0] > 2 * (places[0].picture[2] - places[0].picture[0])


def test_joint_captions() -> None:
    facts = Facts("Net", "w", "ab" * 32, "cat.jpg", 3, "conv4", 17, version="1.2")
    bare = Facts("Net", "w", "ab" * 32, "cat.jpg", 3, version="1.2")
    assert joint_caption([PanelFacts("(a)", bare), PanelFacts("(b)", facts)]) == caption(facts)
    assert joint_caption([PanelFacts("(a)", facts, of_unit=False)]) == caption(bare)
    words = joint_caption(
        [PanelFacts("(a)", facts, "How it was."), PanelFacts("(b)", Facts("Net", "w", picture="dog.jpg"))]
    )
    assert words.startswith("(a): How it was. ")
    assert "dog.jpg" in words
    assert joint_caption([]) == ""
