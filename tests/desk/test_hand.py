"""The geometry of the hand: what dragging, scaling and nudging make of occluders and of the crop box."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from zfdesk.engine import Occluder, OccluderFill, OccluderShape
from zfdesk.live import Crop, CropMode, View
from zfdesk.live.handles import (
    LARGEST,
    SMALLEST,
    Handle,
    crop_handle,
    drag_crop,
    drag_occluder,
    find_handle,
    keep_near,
    put_occluder,
    scale_occluder,
)

SIZE = 224
BOX = Occluder(60, 80, 40, 30, OccluderShape.RECTANGLE)
SQUARE = Occluder(60, 80, 40, 40)
EDGES = ("tl", "t", "tr", "l", "r", "bl", "b", "br")
REACH = 5.0


def view_of(*occluders: Occluder) -> View:
    return View(occluders=occluders)


def drag(occluder: Occluder, edges: str, dx: float, dy: float) -> Occluder:
    """The occluder after its grip was dragged."""
    view = drag_occluder(view_of(occluder), Handle("occluder", 0, edges), occluder, dx, dy, SIZE)
    assert view.chosen_occluder == 0
    return view.occluders[0]


def sides(occluder: Occluder) -> dict[str, int]:
    """Where its four sides are."""
    return {
        "t": occluder.top, "l": occluder.left,
        "b": occluder.top + occluder.height, "r": occluder.left + occluder.width,
    }  # fmt: skip


def lies_over(occluder: Occluder) -> bool:
    """Whether at least a pixel of it covers the picture."""
    side = sides(occluder)
    return side["t"] < SIZE and side["l"] < SIZE and side["b"] > 0 and side["r"] > 0


# Finding a grip


def grip_point(occluder: Occluder, edges: str) -> tuple[float, float]:
    """(x, y) of a handle, the middle of a side, or of all."""
    side = sides(occluder)
    x = side["l"] if "l" in edges else side["r"] if "r" in edges else (side["l"] + side["r"]) / 2
    y = side["t"] if "t" in edges else side["b"] if "b" in edges else (side["t"] + side["b"]) / 2
    return x, y


@pytest.mark.parametrize("edges", [*EDGES, ""])
def test_each_handle_is_found_where_it_is_drawn(edges: str) -> None:
    x, y = grip_point(BOX, edges)
    for dx, dy in itertools.product((-REACH + 1, 0.0, REACH - 1), repeat=2):
        assert find_handle(view_of(BOX), x + dx, y + dy, REACH) == Handle("occluder", 0, edges)


def test_beside_it_there_is_nothing() -> None:
    assert find_handle(view_of(), 70, 70, REACH) is None
    for x, y in ((80 - REACH - 1, 80), (110 + REACH + 1, 80), (95, 60 - REACH - 1), (95, 100 + REACH + 1)):
        assert find_handle(view_of(BOX), x, y, REACH) is None


def test_the_one_on_top_is_caught_first() -> None:
    under, over = Occluder(10, 10), Occluder(30, 30)
    assert find_handle(view_of(under, over), 45, 45, REACH) == Handle("occluder", 1)
    assert find_handle(view_of(under, over), 20, 20, REACH) == Handle("occluder", 0)


@pytest.mark.parametrize("side", [1, SMALLEST, 10])
@pytest.mark.parametrize("reach", [3.0, 7.0, 50.0])
def test_a_small_one_keeps_a_middle_to_be_dragged_by(side: int, reach: float) -> None:
    small = Occluder(100, 100, side, side)
    assert find_handle(view_of(small), 100 + side / 2, 100 + side / 2, reach) == Handle("occluder", 0)


# Dragging


def test_the_middle_moves_it_whole() -> None:
    assert drag(BOX, "", 3.4, -2.6) == replace(BOX, left=83, top=57)
    assert drag(BOX, "", 0, 0) == BOX


@pytest.mark.parametrize("edges", EDGES)
def test_a_handle_moves_its_own_sides_alone(edges: str) -> None:
    for dx, dy in ((7, 9), (-7, -9), (11.4, -3.2)):
        before, after = sides(BOX), sides(drag(BOX, edges, dx, dy))
        for name in "tblr":
            by = 0 if name not in edges else round(dy) if name in "tb" else round(dx)
            assert after[name] == before[name] + by, name


@pytest.mark.parametrize("edges", EDGES)
def test_a_square_stays_square(edges: str) -> None:
    for dx, dy in itertools.product((-70, -9, 0, 4.3, 70), repeat=2):
        after = drag(SQUARE, edges, dx, dy)
        assert after.height == after.width
        for name, opposite in (("t", "b"), ("b", "t"), ("l", "r"), ("r", "l")):
            if name in edges:  # the side across from the handle stays
                assert sides(after)[opposite] == sides(SQUARE)[opposite]


def test_the_corner_of_a_square_follows_the_farther_way() -> None:
    assert drag(SQUARE, "br", 10, 3) == replace(SQUARE, height=50, width=50)
    assert drag(SQUARE, "tl", -4, -12) == replace(SQUARE, top=48, left=68, height=52, width=52)


@pytest.mark.parametrize("start", [BOX, SQUARE, replace(BOX, shape=OccluderShape.ELLIPSE)])
@pytest.mark.parametrize("edges", EDGES)
def test_it_never_turns_inside_out(start: Occluder, edges: str) -> None:
    for dx, dy in itertools.product((-500, 500), repeat=2):
        after = drag(start, edges, dx, dy)
        assert SMALLEST <= after.height <= LARGEST
        assert SMALLEST <= after.width <= LARGEST
        for name, opposite in (("t", "b"), ("b", "t"), ("l", "r"), ("r", "l")):
            if name in edges:
                assert sides(after)[opposite] == sides(start)[opposite], (dx, dy)
        assert lies_over(after)


@pytest.mark.parametrize("start", [BOX, SQUARE])
def test_dragged_far_outside_it_can_still_be_caught(start: Occluder) -> None:
    for dx, dy in itertools.product((-10_000, 0, 10_000), repeat=2):
        after = drag(start, "", dx, dy)
        assert lies_over(after)
        assert (after.height, after.width) == (start.height, start.width)


@pytest.mark.parametrize("edges", EDGES)
def test_what_hangs_over_the_border_cannot_be_shrunk_away(edges: str) -> None:
    for top, left in itertools.product((-39, 223), (-39, 223)):
        for dx, dy in itertools.product((-200, -20, 20, 200), repeat=2):
            for shape in OccluderShape:
                assert lies_over(drag(Occluder(top, left, 40, 40, shape), edges, dx, dy))


def test_a_drag_counts_from_where_it_began() -> None:
    """However many steps the mouse takes, there and back is nowhere."""
    view = view_of(SQUARE)
    for edges in (*EDGES, ""):
        for step in (5, 90, -90, 13, 0):
            view = drag_occluder(view, Handle("occluder", 0, edges), SQUARE, step, step, SIZE)
        assert view.occluders == (SQUARE,), edges


def test_fill_and_shape_stay() -> None:
    odd = replace(BOX, shape=OccluderShape.ELLIPSE, fill=OccluderFill.NOISE)
    for edges in (*EDGES, ""):
        after = drag(odd, edges, 5, 5)
        assert (after.shape, after.fill) == (odd.shape, odd.fill)


def test_the_others_stay_and_the_dragged_one_is_chosen() -> None:
    view = view_of(BOX, SQUARE, BOX)
    after = drag_occluder(view, Handle("occluder", 1, ""), SQUARE, 1, 0, SIZE)
    assert after.occluders == (BOX, replace(SQUARE, left=81), BOX)
    assert after.chosen_occluder == 1


@pytest.mark.parametrize("index", [1, 2, -1])
def test_one_that_was_deleted_in_mid_drag_stays_deleted(index: int) -> None:
    view = view_of(BOX)
    assert put_occluder(view, index, SQUARE) == view
    assert drag_occluder(view, Handle("occluder", index, "b"), SQUARE, 9, 9, SIZE) == view
    assert drag_occluder(View(), Handle("occluder", 0, ""), SQUARE, 9, 9, SIZE) == View()


def test_near_enough_is_left_alone() -> None:
    for top, left in itertools.product((-39, 0, 223), repeat=2):
        occluder = Occluder(top, left, 40, 40)
        assert keep_near(occluder, SIZE) == occluder
    assert keep_near(Occluder(-40, 224, 40, 40), SIZE) == Occluder(-39, 223, 40, 40)


# Scaling


def test_scaling_keeps_the_centre_and_always_does_something() -> None:
    for height, width in ((4, 4), (5, 5), (50, 50), (50, 30), (7, 200)):
        for factor in (1.1, 1 / 1.1, 1.001, 0.999, 3.0, 0.2):
            start = Occluder(60, 80, height, width, OccluderShape.RECTANGLE)
            after = scale_occluder(start, factor)
            assert SMALLEST <= after.height <= LARGEST
            assert SMALLEST <= after.width <= LARGEST
            assert abs((after.top + after.height / 2) - (start.top + height / 2)) <= 0.5
            assert abs((after.left + after.width / 2) - (start.left + width / 2)) <= 0.5
            if factor > 1:
                assert after.height * after.width > height * width
            elif height > SMALLEST and width > SMALLEST:
                assert after.height * after.width < height * width


def test_scaling_a_square_keeps_it_square_to_either_end() -> None:
    square = SQUARE
    for factor, end in ((1.1, LARGEST), (1 / 1.1, SMALLEST)):
        for _ in range(200):
            square = scale_occluder(square, factor)
            assert square.height == square.width
        assert square.height == end


# The crop box


FRAME = (480, 640)


def test_the_border_of_the_crop_is_found_and_its_inside_is_not() -> None:
    view = View()
    left, top, right, bottom = view.crop.box(*FRAME)
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    for (x, y), edges in (
        ((left, top), "tl"), ((right, top), "tr"), ((left, bottom), "bl"), ((right, bottom), "br"),
        ((middle_x, top), ""), ((middle_x, bottom), ""), ((left, middle_y), ""), ((right, middle_y), ""),
    ):  # fmt: skip
        for dx, dy in itertools.product((-6, 0, 6), repeat=2):
            assert crop_handle(view, *FRAME, x + dx, y + dy, 7.0) == Handle("crop", 0, edges)
    for x, y in ((middle_x, middle_y), (left - 8, middle_y), (right + 8, top), (middle_x, bottom + 8)):
        assert crop_handle(view, *FRAME, x, y, 7.0) is None
    for mode in (CropMode.FIT, CropMode.STRETCH):  # nothing to drag
        assert crop_handle(View(crop=Crop(mode)), *FRAME, left, top, 7.0) is None


def test_a_side_moves_the_crop_and_stops_at_the_frame() -> None:
    moved = drag_crop(Crop(), Handle("crop"), 64, -48, *FRAME)
    assert (moved.x, moved.y, moved.side) == (pytest.approx(0.6), pytest.approx(0.4), Crop().side)
    far = drag_crop(Crop(), Handle("crop"), 9_999, -9_999, *FRAME)
    assert (far.x, far.y) == (1, 0)


@pytest.mark.parametrize("edges", ["tl", "tr", "bl", "br"])
def test_a_corner_scales_the_crop_about_the_corner_across(edges: str) -> None:
    start = Crop(side=0.5)
    out = 30 * (-1 if "l" in edges else 1), 30 * (-1 if "t" in edges else 1)
    for sign in (1, -1):
        after = drag_crop(start, Handle("crop", 0, edges), sign * out[0], sign * out[1], *FRAME)
        assert after.side * 480 == pytest.approx(0.5 * 480 + sign * 30)
        before_box, after_box = start.box(*FRAME), after.box(*FRAME)
        for place, name in enumerate("ltrb"):
            by = 0 if name not in edges else sign * out[place % 2]
            assert after_box[place] == pytest.approx(before_box[place] + by)


@pytest.mark.parametrize("frame", [(480, 640), (1, 1), (20, 3000), (3000, 20), (2048, 2048)])
def test_no_drag_loses_the_crop(frame: tuple[int, int]) -> None:
    """It stays on the frame, of a size that can be caught and cut out, after any number of drags."""
    rng = random.Random(5)
    crop = Crop()
    for _ in range(2_000):
        edges = rng.choice(["tl", "tr", "bl", "br", ""])
        crop = drag_crop(crop, Handle("crop", 0, edges), rng.gauss(0, 400), rng.gauss(0, 400), *frame)
        assert crop.mode is CropMode.CROP
        left, top, right, bottom = crop.box(*frame)
        assert right - left >= 1
        assert right - left == pytest.approx(bottom - top)
        assert right - left <= 2 * max(frame) + 1e-6
        # some of the box lies over the frame
        assert left < frame[1]
        assert right > 0
        assert top < frame[0]
        assert bottom > 0
