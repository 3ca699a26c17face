"""What is drawn where: legible at every size, values under the right colours."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from figure_tools import every_panel, grid, unreadable, words_on
from matplotlib.image import AxesImage

from zfdesk.figures import Cell, Page, draw, encode, panels
from zfdesk.figures.colours import CATEGORIES, SEQUENTIAL, sequential, signed, signed_picture
from zfdesk.figures.look import text_width, wrapped


def grey(colours: np.ndarray) -> np.ndarray:
    """Luminance (Rec. 709) of colours from 0 to 1, as a grey print shows them."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def pictures_of(page: Page) -> list[np.ndarray]:
    """The arrays of the pictures on a drawn page, in the order they were drawn."""
    return [np.asarray(image.get_array()) for image in draw(page).findobj(AxesImage)]


def said_on(page: Page) -> str:
    return " | ".join(" ".join(text.get_text().split()) for text in words_on(draw(page)))


@pytest.mark.parametrize(("size", "columns"), [("one-column", 2), ("two-column", 4), ((4.5, 0.0), 3), ((10.0, 0.0), 5)])
def test_every_panel_is_legible(size: Any, columns: int) -> None:
    assert unreadable(draw(every_panel(size, columns))) == []


@pytest.mark.parametrize(
    ("first", "last", "columns"), [(0, 4, 2), (0, 4, 4), (4, 10, 3), (9, 13, 4), (12, 16, 2), (12, 16, 5)]
)
def test_slides_are_legible(first: int, last: int, columns: int) -> None:
    assert unreadable(draw(every_panel("slide", columns, first, last))) == []


def test_the_check_finds_what_is_illegible() -> None:
    figure = draw(Page((Cell(panels.Text("one"), 0, 0),)))
    figure.text(0.5, 0.5, "two")
    figure.text(0.5, 0.5, "three", fontsize=4)
    figure.text(0.99, 0.1, "outside of the page")
    assert len(unreadable(figure)) == 3


def test_a_page_too_small_for_its_panels() -> None:
    cells = tuple(Cell(panels.Text("words " * 40), row, 0) for row in range(30))
    with pytest.raises(ValueError, match="do not fit a page of this size"):
        draw(Page(cells, (3.0, 1.0)))
    with pytest.raises(ValueError, match="do not fit a page of this size"):
        draw(every_panel("slide", 6))


def test_pictures_keep_their_shape_and_place() -> None:
    """A wide, a high and a square picture in one row: square pixels, tops aligned."""
    shapes = [(40, 80), (80, 40), (50, 50)]
    cells = tuple(Cell(panels.Picture(np.zeros((*shape, 3), np.uint8)), 0, n) for n, shape in enumerate(shapes))
    figure = draw(Page(cells))
    figure.draw_without_rendering()
    boxes = [axes.get_window_extent() for axes in figure.axes]
    for box, (height, width) in zip(boxes, shapes, strict=True):
        assert box.width / box.height == pytest.approx(width / height, rel=0.01)
    assert np.ptp([box.y1 for box in boxes]) < 1


def test_spans() -> None:
    picture = panels.Picture(np.zeros((30, 30, 3), np.uint8))
    page = Page((Cell(picture, 0, 0, 2, 2), Cell(picture, 0, 2), Cell(picture, 1, 2)))
    figure = draw(page)
    figure.draw_without_rendering()
    large, upper, lower = (axes.get_window_extent() for axes in figure.axes)
    assert large.width > 1.8 * upper.width
    assert large.y1 == pytest.approx(upper.y1, abs=1.5)
    assert lower.y1 < upper.y0
    assert unreadable(figure) == []


@pytest.mark.parametrize("name", [name for name in SEQUENTIAL if not name.startswith("jet")])
def test_colours_keep_their_order_in_grey(name: str) -> None:
    assert (np.diff(grey(sequential(name)(np.linspace(0, 1, 256))[:, :3])) > -1e-6).all()


def test_signed_colours() -> None:
    table = signed()(np.linspace(0, 1, 255))[:, :3]
    assert (np.diff(grey(table)) > 0).all()
    assert np.ptp(table[127]) < 0.01  # zero is grey
    assert np.abs(table[0] - table[-1]).max() > 0.5


def test_every_category_differs_in_grey_from_every_other() -> None:
    from PIL import Image, ImageColor

    colours = np.array([[ImageColor.getrgb(colour) for colour in (*CATEGORIES, "white")]], np.uint8)
    shades = np.asarray(Image.fromarray(colours).convert("L"), float)[0]
    assert np.diff(np.sort(shades)).min() > 22
    assert np.abs(np.diff(shades[:-1])).min() > 50, "neighbours in the legend"


def test_every_region_of_a_label_has_its_number_and_the_others_are_striped() -> None:
    values = np.full((7, 7), 4, np.int32)
    values[:, 3] = 9  # parts 4's area in two
    page = Page((Cell(panels.Labels(values, grid(), (50, 50), 224), 0, 0),))
    assert sorted(text.get_text() for text in words_on(draw(page)) if text.get_text().isdigit()) == ["1", "1", "2"]
    values[0], values[:, 3] = np.arange(20, 27), 4
    others = pictures_of(Page((Cell(panels.Labels(values, grid(), (50, 50), 224, most=1), 0, 0),)))[0][4:28, 4:220]
    assert len(np.unique(others[..., 0])) == 2, "white and another"
    assert 0.4 < (others == 255).all(-1).mean() < 0.6


def test_signed_picture_has_zero_in_the_middle() -> None:
    assert signed_picture(np.array([-2.0, -1, 0, 1, 5]), 1.0).tolist() == [1, 1, 128, 255, 255]


def occlusion(**changes: Any) -> panels.Occlusion:
    values = np.arange(49, dtype=np.float32).reshape(7, 7) / 48
    return panels.Occlusion(**{"values": values, "positions": grid(), "square": (50, 50), "size": 224, **changes})


def test_a_value_stands_at_the_centre_of_its_square() -> None:
    panel = occlusion(colours="gray")
    shown = pictures_of(Page((Cell(panel, 0, 0),)))[0]
    assert shown.shape == (224, 224, 3)
    for row in range(7):
        for column in range(7):
            top, left = panel.positions[row, column]
            assert shown[top + 25, left + 25, 0] == pytest.approx(panel.values[row, column] * 255, abs=1.5)
    assert len(np.unique(shown[..., 0])) == 49
    assert (shown[:32, :32] == shown[0, 0]).all()  # a step's cell about the centre


def test_irregular_positions_and_a_square_kept_inside() -> None:
    """Without overhang the last position is moved in; the centres then leave a border of the picture free."""
    tops = np.array([0, 100, 174], np.int32)
    positions = np.stack(np.meshgrid(tops, tops, indexing="ij"), -1).astype(np.int32)
    panel = occlusion(values=np.eye(3, dtype=np.float32), positions=positions, colours="gray")
    shown = pictures_of(Page((Cell(panel, 0, 0),)))[0]
    assert (shown[25, 25] == 255).all()
    assert (shown[124, 124] == 255).all()
    assert (shown[198, 198] == 255).all()
    assert (shown[124, 25] == 0).all()
    between = (124 + 198) // 2
    assert (shown[between - 2, between - 2] == 255).all()
    assert (shown[between - 2, between + 2] == 0).all()


def test_what_is_not_computed_is_blank() -> None:
    values = np.full((7, 7), 0.5, np.float32)
    values[3, 4] = np.nan
    shown = pictures_of(Page((Cell(occlusion(values=values, clean=0.2), 0, 0),)))[0]
    assert not (shown[3 * 32 + 16, 4 * 32 + 16] == shown[0, 0]).all()
    everything = occlusion(values=np.full((7, 7), np.nan, np.float32), clean=0.2)
    assert len(np.unique(pictures_of(Page((Cell(everything, 0, 0),)))[0].reshape(-1, 3), axis=0)) == 1


def test_over_the_picture() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    shown = pictures_of(Page((Cell(occlusion(picture=picture, opacity=0.25, colours="gray"), 0, 0),)))[0]
    luminance = picture @ np.array([0.299, 0.587, 0.114])
    assert shown[16, 16, 0] == pytest.approx(0.75 * luminance[16, 16], abs=1)
    assert shown[208, 208, 0] == pytest.approx(0.75 * luminance[208, 208] + 0.25 * 255, abs=1)


def test_clean_value_is_marked() -> None:
    values = occlusion().values * 2 + 0.5
    panel = occlusion(values=values, clean=1.0, quantity="total", levels=(0.75,))
    page = Page((Cell(panel, 0, 0),), "one-column")
    figure = draw(page)
    figure.draw_without_rendering()
    (mark,) = [text for text in words_on(figure) if text.get_text() == "▼"]
    axes = mark.axes
    assert mark.get_window_extent().x0 + mark.get_window_extent().width / 2 == pytest.approx(
        axes.bbox.x0 + 0.25 * axes.bbox.width, abs=1
    )
    assert "total; contour at 0.75 (▼ clean 1)" in said_on(page)
    assert "contour" not in said_on(Page((Cell(occlusion(levels=(7.0,)), 0, 0),)))  # nothing is drawn there
    low = Page((Cell(occlusion(clean=2.0), 0, 0),))
    assert "| 0 | 2 |" in f"| {said_on(low)} |"  # the bar reaches the clean value


def test_labels_and_legend() -> None:
    values = np.full((7, 7), 4, np.int32)
    values[:, 5:] = 9
    values[0, 0] = -1
    page = Page((Cell(panels.Labels(values, grid(), (50, 50), 224, ((4, "tench"), (9, "$x_1$")), clean=4), 0, 0),))
    said = said_on(page)
    assert "1 tench, 71 %" in said
    assert "2 $x_1$, 29 %" in said
    assert "clean: tench" in said
    shown = pictures_of(page)[0]
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == 3
    assert (shown[100, 200] != shown[100, 10]).any()
    many = np.arange(49, dtype=np.int32).reshape(7, 7) % 11
    assert "5 others" in said_on(Page((Cell(panels.Labels(many, grid(), (50, 50), 224), 0, 0),)))


def test_bars_say_the_change() -> None:
    panel = panels.Bars(np.array([0.6, 0.2, 0.1], np.float32), ("a", "b", "c"), np.array([0.5, 0.3, 0.1], np.float32))
    said = said_on(Page((Cell(panel, 0, 0),), "one-column"))
    assert "60.0 % ▲ 10.0" in said
    assert "20.0 % ▼ 10.0" in said
    assert "10.0 % = 0.0" in said
    figure = draw(Page((Cell(panel, 0, 0),), "one-column"))
    assert [line.get_xdata()[0] for line in figure.axes[0].lines] == pytest.approx([0.5, 0.3, 0.1])


def test_compare_shows_the_difference() -> None:
    a, b = np.zeros((4, 4), np.float32), np.eye(4, dtype=np.float32)
    shown = pictures_of(Page((Cell(panels.Compare(a, b, ("clean", "covered")), 0, 0),)))
    assert any(np.array_equal(array, b - a) for array in shown)
    assert "covered − clean" in said_on(Page((Cell(panels.Compare(a, b, ("clean", "covered")), 0, 0),)))


def test_mosaic_places_units_in_rows() -> None:
    values = np.stack([np.full((2, 2), unit, np.float32) for unit in range(5)])
    shown = pictures_of(Page((Cell(panels.Maps(values, np.arange(5), each=False, colours="gray", columns=2), 0, 0),)))[
        0
    ]
    assert shown.shape == (8, 5, 3)
    places = ((0, 0), (0, 3), (3, 0), (3, 3), (6, 0))
    assert [int(shown[place][0]) for place in places] == pytest.approx([0, 64, 128, 191, 255], abs=1)


def test_threads_can_draw_at_once(page: Page) -> None:
    """Settings are matplotlib's own and global while a figure is made: one thread must wait for the other."""
    wanted, found = encode(draw(page), "png", 50), []

    def work() -> None:
        found.append(encode(draw(page), "png", 50))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted] * 3


def test_words_are_broken_where_nothing_is_torn() -> None:
    joined = "(▼\N{NO-BREAK SPACE}clean\N{NO-BREAK SPACE}0.398)"
    assert wrapped(f"total {joined}", text_width(joined, 6.5) + 0.01, 6.5).split("\n") == ["total", joined]
    narrow = text_width("(▼ clean ", 6.5) + 0.01
    assert wrapped(joined, narrow, 6.5).split("\n") == ["(▼\N{NO-BREAK SPACE}clean", "0.398)"]
    words = "contrast stretched × 76700"
    assert wrapped(words, text_width("contrast stretched ×", 6.5) + 0.01, 6.5) == "contrast stretched\n× 76700"
    assert wrapped(words, 9, 6.5) == words, "as it was, for whoever searches it"
    assert wrapped("abcdef", text_width("abcd", 6.5), 6.5) == "abcd\nef"


@pytest.mark.parametrize("decades", [0.3, 1, 2, 4, 9])
@pytest.mark.parametrize("size", [(1.6, 0.0), (3.0, 0.0), (3.0, 0.9), (3.0, 0.6)])
def test_logarithmic_axes_are_legible(size: Any, decades: float) -> None:
    values = np.logspace(-decades, -0.01, 30)[None]
    panel = panels.Curves(np.arange(30.0), values, quantity="rate", logarithmic=True)
    counts = np.round(np.logspace(0, decades, 30)).astype(np.int64)[None]
    bars = panels.Histogram(counts, np.linspace(0, 1, 31), logarithmic=True)
    for one in (panel, bars):
        figure = draw(Page((Cell(one, 0, 0),), size))
        assert unreadable(figure) == []
        axes = figure.axes[0]
        low, high = axes.get_ylim()
        assert decades < 1 or sum(low <= tick <= high for tick in axes.get_yticks()) >= 2
