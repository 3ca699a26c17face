"""Which pixel belongs to which position, coarse cells, colours of labels: checked pixel by pixel."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from desk_tools import small_model

import zfdesk.engine as zf
from zfdesk.desk.occlusion.maps import (
    LabelColours,
    SweepLayout,
    cells,
    centres,
    contour,
    label_colours,
    middle_of,
    shades,
    sources,
)
from zfdesk.desk.widgets.colour_tables import SEQUENTIAL, table
from zfdesk.figures import Cell, Page, draw
from zfdesk.figures.colours import CATEGORIES, sequential
from zfdesk.figures.panels import Labels

MODEL = small_model()
PICTURE = np.random.default_rng(3).integers(0, 256, (32, 32, 3), np.uint8)
PLANS = (
    zf.SweepPlan(size=7, stride=2), zf.SweepPlan(size=8, stride=3), zf.SweepPlan(size=7, stride=5, overhang=False),
    zf.SweepPlan(size=10, stride=4, overhang=False), zf.SweepPlan(size=32, stride=4, overhang=False),
    zf.SweepPlan(size=5, stride=32),
)  # fmt: skip


def snapshots(plan: zf.SweepPlan) -> list[zf.Sweep]:
    return list(zf.sweep(MODEL.forward(PICTURE), PICTURE, plan, "conv5", batch=7))


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_each_pixel_belongs_to_the_nearest_centre(plan: zf.SweepPlan) -> None:
    sweep = snapshots(plan)[-1]
    for along, index in zip(centres(sweep), cells(sweep), strict=True):
        distances = np.abs(np.arange(32)[:, None] + 0.5 - along)
        for pixel, place in enumerate(index):
            if place < 0:  # only beside the outermost
                assert distances[pixel].min() > plan.stride / 2
            else:
                assert distances[pixel, place] == distances[pixel].min()
    if plan.overhang:  # the whole picture is covered by cells
        assert all((index >= 0).all() for index in cells(sweep))


def finest(done: np.ndarray, place: tuple[int, ...]) -> tuple[int, int]:
    """The nearest position of the finest grid, of those taken at 1, 2, 4 and 8 times the stride, that is done."""
    for step in (1, 2, 4, 8):
        near = []
        for at, length in zip(place, done.shape, strict=True):
            grid = range((length - 1) % 8 // 2 % step, length, step)
            near.append(min(grid, key=lambda one: (abs(one - at), -one)))
        if done[tuple(near)]:
            return near[0], near[1]
    return -1, -1


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_what_is_done_stands_for_itself_and_coarse_cells_stand_for_the_rest(plan: zf.SweepPlan) -> None:
    before = 0
    for sweep in snapshots(plan):
        rows, columns = sources(sweep.done)
        known = rows >= 0
        assert sweep.done[rows[known], columns[known]].all()  # never an answer that is not there
        own = np.indices(sweep.done.shape)
        assert np.array_equal(rows[sweep.done], own[0][sweep.done])
        assert np.array_equal(columns[sweep.done], own[1][sweep.done])
        for place in np.ndindex(sweep.done.shape):
            assert (rows[place], columns[place]) == finest(sweep.done, place)
        assert known.sum() >= before  # what was shown once is only ever refined
        before = int(known.sum())
    assert np.array_equal(rows, own[0])
    assert np.array_equal(columns, own[1])


def test_the_first_grid_fills_the_whole_map() -> None:
    plan = zf.SweepPlan(size=7, stride=1)
    first = next(s for s in snapshots(plan) if s.done.sum() >= 16)  # 4 × 4 of 32 × 32 positions
    rows, _ = sources(first.done)
    assert (rows >= 0).all()


def test_a_picture_shows_values_hatching_and_nothing_beside() -> None:
    sweep = snapshots(zf.SweepPlan(size=10, stride=4, overhang=False))[0]
    layout = SweepLayout.of(sweep)
    colours = np.arange(sweep.done.size, dtype=np.uint32).reshape(sweep.done.shape) + np.uint32(0xFF000000)
    picture = layout.picture(colours, (0xFF111111, 0xFF222222))
    assert picture.shape == (32, 32)
    for y, x in np.ndindex(32, 32):
        row, column, here = layout.rows[y], layout.columns[x], picture[y, x]
        place = layout.position_at(x + 0.5, y + 0.5)
        if row < 0 or column < 0:
            assert (here, place) == (0, None)
        elif layout.source_rows[row, column] < 0:
            assert here in (0xFF111111, 0xFF222222)
            assert place is None
        else:
            assert place is not None
            assert here == colours[place]
            assert sweep.done[place]
    assert layout.position_at(-1, 3) is layout.position_at(3, 32) is None
    with pytest.raises(ValueError, match="read-only"):
        picture[0, 0] = 0


def test_shades_run_over_the_table() -> None:
    values = np.array([[-1.0, 0.0, 0.5, 1.0, 9.0, np.nan]])
    assert shades(values, 0.0, 1.0).tolist() == [[1, 1, 128, 255, 255, 0]]
    assert shades(values, -1.0, 1.0).tolist() == [[1, 128, 191 + 1, 255, 255, 0]]


def test_a_contour_runs_where_the_value_is_passed() -> None:
    sweep = snapshots(zf.SweepPlan(size=7, stride=2))[-1]
    y, x = centres(sweep)
    values = np.hypot(y[:, None] - 16, x[None] - 16)
    lines = contour(sweep, values, 8.0)
    assert len(lines) == 1
    assert np.abs(np.hypot(lines[0][:, 0] - 16, lines[0][:, 1] - 16) - 8).max() < 0.2
    values[: len(y) // 2] = np.nan  # not done: no line there
    assert min(line[:, 1].min() for line in contour(sweep, values, 8.0)) >= y[len(y) // 2]
    assert contour(sweep, values, 1e9) == []


def test_a_label_keeps_its_colour_as_the_map_grows() -> None:
    rng = random.Random(5)
    labels: list[int] = []
    colours = LabelColours()
    before: dict[int, str] = {}
    for _ in range(300):
        labels += [min(int(rng.expovariate(0.35)), 30) for _ in range(4)]
        legend = colours.legend(np.array(labels), clean=0)
        now = {entry.label: entry.colour for entry in legend if entry.label >= 0}
        assert len(set(now.values())) == len(now) <= len(CATEGORIES)
        assert all(now[label] == before[label] for label in now.keys() & before.keys())
        assert sum(entry.share for entry in legend) == pytest.approx(1)
        counts = np.bincount(labels)
        if len(set(labels)) > len(CATEGORIES):  # six by name, the most frequent, and the others
            assert legend[-1].label == -1
            assert len(now) == len(CATEGORIES) - 1
            least = min(counts[label] for label in now if label != 0)
            assert all(counts[label] <= least for label in set(labels) - now.keys())
        assert {e.label for e in legend if e.clean} <= {0}
        before = now
    painted = label_colours(np.array([[0, 29, -1]]), legend)
    assert painted[0, 0] == 0xFF000000 | int(before[0][1:], 16)
    assert painted[0, 1] == 0xFFA8ADB5


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_a_value_has_the_colour_that_it_has_in_the_printed_figure(name: str) -> None:
    window = np.array(table(name, False, True)[1:])
    printed = sequential(name)(np.linspace(0, 1, len(window)))[:, :3] * 255
    levels = np.stack([window >> 16 & 255, window >> 8 & 255, window & 255], 1)
    assert np.abs(levels - printed).max() <= 4


@pytest.mark.parametrize("many", [5, 12])
def test_a_complete_map_has_the_colours_and_numbers_of_the_printed_figure(many: int) -> None:
    rng = np.random.default_rng(many)
    labels = rng.choice(many, (8, 8), p=(weights := rng.random(many)) / weights.sum()).astype(int)
    colours = LabelColours()
    for done in (4, 20, 50):
        colours.legend(labels.ravel()[:done], clean=3)
    legend = colours.legend(labels.ravel(), clean=3, complete=True)
    positions = np.stack(np.meshgrid(np.arange(8) * 4, np.arange(8) * 4, indexing="ij"), -1)
    panel = Labels(labels, positions, (4, 4), 32, tuple((index, f"name {index}") for index in range(many)), 3)
    (image,) = (image for axes in draw(Page((Cell(panel, 0, 0),))).axes for image in axes.images)
    printed = np.asarray(image.get_array())[2::4, 2::4].astype(np.uint32)
    packed = 0xFF000000 | printed[..., 0] << 16 | printed[..., 1] << 8 | printed[..., 2]
    named = np.isin(labels, [entry.label for entry in legend if entry.number])
    assert named.mean() > 0.5
    np.testing.assert_array_equal(label_colours(labels, legend)[named], packed[named])


def test_the_middle_of_a_region_lies_in_it() -> None:
    assert middle_of(np.zeros((3, 3), bool)) is None
    ring = np.ones((5, 5), bool)
    ring[1:4, 1:4] = False
    assert ring[middle_of(ring)]  # type: ignore[index]
    assert middle_of(np.ones((5, 5), bool)) == (2, 2)


def test_another_size_of_network_has_cells_too() -> None:
    assert [len(a) for a in cells(snapshots(replace(PLANS[0], stride=8))[-1])] == [32, 32]
    assert all(a < b for a, b in pairwise(centres(snapshots(PLANS[0])[-1])[0]))
