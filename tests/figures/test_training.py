"""A run's page and Fig. 4: the arrays are those of the run, bands keep every value, and all of it can be read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from figure_tools import unreadable, words_on
from run_tools import tiny_architecture

from zfdesk.figures import Cell, Facts, Page, draw, encode_arrays
from zfdesk.figures.draw_over_time import band_colours
from zfdesk.figures.fig4 import UnitOverTime, fig4_page
from zfdesk.figures.page import SIZES
from zfdesk.figures.panels import Curves, Evolution, Shares, Strips
from zfdesk.figures.training import (
    FiltersOverTime,
    ProbeOverTime,
    SpreadOverTime,
    TrainingCurves,
    TrainingRecord,
    common_shares,
    thinned,
    training_page,
)

EPOCHS = (0, 1, 2, 5, 10, 20, 30, 40, 64)
EPOCHS_5 = ("0", "1", "2", "5", "64")


def record(times: tuple[int, ...] = EPOCHS, lines: int = 1000, validation: bool = True) -> TrainingRecord:
    rng = np.random.default_rng(2)
    steps = np.linspace(0, times[-1] or 1, lines)
    scored = np.arange(1.0, times[-1] + 1)
    training = np.stack([np.exp(-scored / 9), 1 - np.exp(-scored / 5), 1 - np.exp(-scored)], 1)
    progress = TrainingCurves(
        steps, np.exp(-steps / 9), np.full(lines, 0.01), scored, training,
        training * 0.9 if validation else np.full_like(training, np.nan),
    )  # fmt: skip
    layers = {}
    for name in ("conv1", "conv2", "conv3", "fc8"):
        found: list[dict[str, Any]] = []
        for _ in times:
            counts, edges = np.histogram(rng.normal(0, 0.1, 4000), 64)
            dead = {} if name == "fc8" else {"dead": float(rng.random())}
            found.append(dict.fromkeys(("weight", "activation", "gradient"), (counts, edges)) | dead)
        layers[name] = found
    filters = FiltersOverTime("conv1", (1, 4), times, rng.normal(0, 1, (2, len(times), 5, 5, 3)).astype(np.float32))
    maps = rng.random((3, len(times), 8, 8), np.float32)
    maps[1, 0] = 0
    down = rng.normal(0, 1, (3, len(times), 32, 32, 3)).astype(np.float32)
    picture = rng.integers(0, 256, (32, 32, 3), np.uint8)
    probe = ProbeOverTime(picture, "conv3", (0, 7, 15), times, maps, down, ("tabby 40 %",) * len(times))
    return TrainingRecord(
        tiny_architecture(), "Training of a tiny network.", progress, SpreadOverTime(times, layers), filters, probe,
        Facts(version="1.0"),
    )  # fmt: skip


def time_panels(across: int, size: Any) -> Page:
    """One of each panel of this kind and more, in one or two columns."""
    rng = np.random.default_rng(3)
    maps = rng.random((3, 4, 9, 9), np.float32)
    signed = rng.normal(0, 1, (3, 2, 49, 8, 3)).astype(np.float32)
    edges = np.linspace([-0.2, 0, -3e-5], [0.2, 130, 1e-5], 13).T
    made = [
        Strips(rng.random((3, 5, 12), np.float32) / 6, edges, ("conv1", "conv5", "fc8"), EPOCHS_5, "weights"),
        Shares(np.array([[0.0, 0.004, 0.35], [1.0, np.nan, 0.8]]), ("conv1", "fc7"), ("0", "1", "64")),
        Evolution(signed, ("0", "17", "383"), ("1", "64"), np.array([[1, 0], [1, 1], [0, 1]], np.uint8), slots=6),
        Evolution(maps, ("0", "17", "383"), ("1", "2", "5", "64"), note="Words below."),
    ]
    cells = tuple(Cell(panel, *divmod(place, across), label="a label") for place, panel in enumerate(made))
    return Page(cells, size, "Panels of time", "A caption.")


@pytest.mark.parametrize(("size", "across"), [("one-column", 1), ("two-column", 2), ((10.0, 0.0), 2)])
def test_every_panel_is_legible(size: Any, across: int) -> None:
    page = time_panels(across, size)
    assert unreadable(draw(page)) == []
    assert encode_arrays(Page.from_data(*page.to_data())) == encode_arrays(page)


def panel_of(page: Page, name: str) -> Any:
    return next(cell.panel for cell in page.cells if cell.name == name)


@pytest.mark.parametrize("size", sorted(SIZES))
def test_the_page_is_legible(size: str) -> None:
    if size == "slide":  # of a given height: a part of it
        assert unreadable(draw(training_page(record(), parts=("curves",), size=size))) == []
    else:
        assert unreadable(draw(training_page(record(), size=size))) == []


@pytest.mark.parametrize(("times", "lines"), [((0,), 0), ((0, 1), 1), ((0, 100, 2000), 30)])
def test_short_and_long_runs_are_legible(times: tuple[int, ...], lines: int) -> None:
    for validation in (True, False):
        page = training_page(record(times, lines, validation))
        assert unreadable(draw(page)) == []
        assert ("loss" in [cell.name for cell in page.cells]) == bool(lines)
        assert not lines or ("validation" in panel_of(page, "loss").names) == validation


def test_the_arrays_are_those_of_the_run() -> None:
    run = record()
    page = training_page(run)
    assert run.progress
    assert run.filters
    assert run.probe
    assert run.spread
    loss = panel_of(page, "loss")
    assert loss.names == ("training", "validation")
    known = np.isfinite(loss.values[1])
    assert np.array_equal(loss.x[known], run.progress.scored)
    assert np.array_equal(loss.values[1][known], run.progress.validation[:, 0])
    assert np.isfinite(loss.values[0]).sum() <= 400
    accuracy = panel_of(page, "accuracy")
    assert accuracy.names == ("training top-1", "validation top-1", "training top-5", "validation top-5")
    assert np.array_equal(accuracy.values[3], run.progress.validation[:, 2] * 100)
    assert np.array_equal(panel_of(page, "filters").values, run.filters.values)
    assert np.array_equal(panel_of(page, "maps").values, run.probe.maps)
    assert np.array_equal(panel_of(page, "maps").known, (run.probe.maps.max((2, 3)) > 0).astype(np.uint8))
    dead = panel_of(page, "dead")
    assert dead.names == ("conv1", "conv2", "conv3")  # fc8 is not rectified
    assert np.array_equal(dead.values[1], [at["dead"] for at in run.spread.layers["conv2"]])
    assert "Training of a tiny network." in page.caption
    again = Page.from_data(*page.to_data())
    assert encode_arrays(again) == encode_arrays(page)


def test_what_is_not_there_is_left_out() -> None:
    whole = record()
    bare = TrainingRecord(whole.architecture, "A run.", whole.progress)
    assert [cell.name for cell in training_page(bare).cells] == ["loss", "accuracy", "rate"]
    with pytest.raises(ValueError, match="nothing of this run to show yet"):
        training_page(TrainingRecord(whole.architecture, "A run."))
    with pytest.raises(ValueError, match="nothing of this run to show yet"):
        training_page(bare, parts=("probe",))


def test_bands_are_numpys_histograms_over_one_range() -> None:
    """Fine bins counted by numpy from the values themselves, against those counted again from coarse ranges."""
    rng = np.random.default_rng(4)
    wide, narrow = rng.normal(0, 1, 200_000), rng.normal(0, 0.1, 200_000)
    found = [np.histogram(values, 4096) for values in (wide, narrow)]
    shares, edges = common_shares([found[0], None, found[1]], 40)
    assert np.allclose(edges, -edges[::-1])
    assert np.quantile(np.abs(wide), 0.999) == pytest.approx(edges[-1], rel=0.03)
    assert not shares[1].any()
    for row, values in ((0, wide), (2, narrow)):
        assert np.abs(shares[row] - np.histogram(values, edges)[0] / len(values)).max() < 2e-3
    positive, edges = common_shares([np.histogram(np.abs(wide), 64)])
    assert edges[0] == 0
    assert positive.sum() == pytest.approx(0.999, abs=1e-3)


@pytest.mark.parametrize("counts", [[0, 0], [5, 0], [0, 7]])
def test_bands_of_odd_histograms(counts: list[int]) -> None:
    shares, edges = common_shares([(np.array(counts), np.array([0.0, 1.0, 2.0]))])
    assert np.isfinite(edges).all()
    assert (np.diff(edges) > 0).all()
    assert shares.sum() == pytest.approx(1.0 if sum(counts) else 0.0, abs=2e-3)


def test_thinned_curves_are_means_of_neighbours() -> None:
    x, values = np.arange(10.0), np.arange(10.0) ** 2
    values[3] = np.nan
    shorter, means = thinned(x, values, 5)
    assert np.array_equal(shorter, [0.5, 2.5, 4.5, 6.5, 8.5])
    assert np.array_equal(means, [0.5, 4.0, 20.5, 42.5, 72.5])
    assert thinned(x, values, 10)[1] is values


def test_a_jump_of_the_learning_rate_stays_sharp() -> None:
    run = record()
    assert run.progress
    rate = np.where(np.arange(5000) < 3331, 0.01, 0.001)
    steps = np.linspace(0, 64, 5000)
    jump = TrainingCurves(steps, rate, rate, *(np.empty((0, 3)) if n else np.empty(0) for n in (0, 1, 1)))
    panel = panel_of(training_page(TrainingRecord(run.architecture, "", jump)), "rate")
    place = int(np.flatnonzero(panel.values[0] < 0.005)[0])
    assert panel.x[place] - panel.x[place - 1] == pytest.approx(64 / 4999)
    assert panel.logarithmic


def test_bands_keep_their_order_in_grey() -> None:
    lightness = band_colours()(np.linspace(0, 1, 64))[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) < 0).all()


def test_the_table_places_units_in_rows_and_times_in_columns() -> None:
    tiles = np.zeros((2, 3, 16, 16, 3), np.uint8)
    tiles[1, 2] = 255
    known = np.array([[1, 1, 1], [0, 1, 1]], np.uint8)
    page = Page((Cell(Evolution(tiles, ("4", "9"), ("1", "5", "64"), known, slots=4), 0, 0),), captioned=False)
    figure = draw(page)
    (image,) = figure.axes[0].images
    pixels = np.asarray(image.get_array())
    assert pixels.shape == (33, 67, 3)
    assert (pixels[17:33, 34:50] == 255).all()
    assert (pixels[:16, :16] == 0).all()
    assert (pixels[17:33, :16] == (228, 231, 236)).all()
    assert (pixels[:, 51:] == 255).all()
    said = [text.get_text() for text in words_on(figure)]
    assert [words for words in ("1", "5", "64", "4", "9", "–") if words not in said] == []


@pytest.mark.parametrize("size", ["one-column", "two-column"])
def test_fig4_is_legible_and_ordered(size: str) -> None:
    rng = np.random.default_rng(8)

    def unit(layer: str, number: int, side: int) -> UnitOverTime:
        down = rng.normal(0, 1, (9, side, side, 3)).astype(np.float32)
        return UnitOverTime(
            layer, number, rng.integers(0, 256, down.shape, np.uint8), down, np.arange(9) != number % 9
        )  # fmt: skip

    units = [unit("conv1", 3, 7), unit("conv5", 12, 139), unit("conv5", 200, 139)]
    page = fig4_page(units, EPOCHS, about="Training of a network.", searched="12 pictures", size=size)
    assert unreadable(draw(page)) == []
    assert [cell.name for cell in page.cells] == [
        "conv1_reconstructions", "conv1_patches", "conv5_reconstructions", "conv5_patches",
    ]  # fmt: skip
    panel = page.cells[2].panel
    assert isinstance(panel, Evolution)
    assert panel.names == ("12", "200")
    assert panel.times == tuple(map(str, EPOCHS))
    assert np.array_equal(panel.values[1], units[2].down)
    assert panel.known is not None
    assert panel.known[1, 200 % 9] == 0
    assert "Searched: 12 pictures." in page.caption
    with pytest.raises(ValueError, match="at least one unit"):
        fig4_page([], EPOCHS)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Strips(np.zeros((1, 2, 3), np.float32), np.zeros((1, 4)), ("a",), ("0", "1")), "must rise"),
        (lambda: Strips(np.zeros((1, 2, 3), np.float32), np.zeros((1, 3)), ("a",), ("0", "1")), "1 × 4"),
        (lambda: Shares(np.zeros((2, 2)), ("a",), ("0", "1")), "1 × 2"),
        (lambda: Evolution(np.zeros((2, 2, 4, 4), np.uint8), ("a", "b"), ("0", "1")), "× 3, not"),
        (lambda: Evolution(np.full((1, 1, 4, 4), np.nan, np.float32), ("a",), ("0",)), "not numbers"),
        (lambda: Curves(np.arange(3.0), np.zeros((1, 2))), "must be 2, not 3"),
    ],
)
def test_panels_refuse_what_does_not_fit(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
