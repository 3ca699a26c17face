"""Every template at every size: nothing is too small, overlaps, or leaves the page. And Fig. 5 and 8 in detail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
from embedded import SHORT
from figure_tools import every_panel, unreadable, words_on

import zfdesk.engine as zf
import zfdesk.experiments
from zfdesk.attribution import class_target
from zfdesk.attribution.agreement import sanity_check
from zfdesk.experiments.correspondence import masks_of
from zfdesk.experiments.invariance import Invariance, Transformation, around, invariance
from zfdesk.figures import (
    SIZES,
    Facts,
    Page,
    UnitExamples,
    draw,
    fig2_page,
    fig3_page,
    fig5_page,
    fig6_page,
    fig7_page,
    fig8_page,
    filters_page,
    histograms_page,
)
from zfdesk.figures.curves import curves_page
from zfdesk.figures.histograms import Activations
from zfdesk.pages.heat_pages import sanity_page
from zfdesk.resources import resource
from zfdesk.sources import read_picture

NAMES = ("chelsea", "coffee", "astronaut", "motorcycle_left", "rocket")
PAPER_POINTS = 6
"""Nothing printed is smaller."""


@pytest.fixture(scope="module")
def seen() -> list[np.ndarray]:
    """What the network sees of the demo's pictures."""
    return [zf.centre_crop(read_picture(resource(f"demo/{name}.jpg"))) for name in NAMES]


@pytest.fixture(scope="module")
def canvases() -> list[np.ndarray]:
    frames = [read_picture(resource(f"demo/{name}.jpg")) for name in NAMES]
    return [around(frame, zf.centre_box(*frame.shape[:2]), 224) for frame in frames]


@pytest.fixture(scope="module")
def changes(model: zf.Model, canvases: list[np.ndarray]) -> list[Invariance]:
    """Few amounts, as each is a pass."""
    amounts = {
        Transformation.TRANSLATION: (-60.0, 0.0, 60.0),
        Transformation.SCALE: (1.0, 1.8),
        Transformation.ROTATION: (0.0, 100.0, 350.0),
    }
    return [invariance(model, canvases, change, amounts[change]) for change in Transformation]


@pytest.fixture(scope="module")
def marked(seen: list[np.ndarray]) -> list[zfdesk.experiments.MarkedPicture]:
    """Pictures with parts; the second lacks one."""
    eye, nose = (60, 70, 30, 36), (120, 90, 40, 50)
    parts = [{"right eye": eye, "left eye": (60, 130, 30, 36), "nose": nose}, {"right eye": eye, "nose": nose}]
    parts += [parts[0]] * 3
    return [
        zfdesk.experiments.MarkedPicture(f"{name}.jpg", *pair)
        for name, pair in zip(NAMES, zip(seen, parts, strict=True), strict=True)
    ]


@pytest.fixture(scope="module")
def templates(
    model: zf.Model,
    sweeps: tuple[zf.Sweep, zf.Sweep],
    seen: list[np.ndarray],
    canvases: list[np.ndarray],
    changes: list[Invariance],
    marked: list[zfdesk.experiments.MarkedPicture],
) -> dict[str, Callable[[str], Page]]:
    """By name what makes a page of a size."""
    units = [("conv2", 5), ("conv3", 7), ("conv4", 100), ("conv5", 103)]
    examples = []
    for layer, unit in units:
        width = model.architecture.stage(layer).shape[2]
        places = [int(model.forward(one).activations[layer][0, unit].argmax()) for one in seen[:3]]
        where = tuple((place // width, place % width) for place in places)
        examples.append(UnitExamples(layer, unit, tuple(seen[:3]), where))
    twelve = [replace(examples[place % 4], unit=place) for place in range(12)]
    heat = zfdesk.experiments.insertion_deletion(model, seen[0], np.random.default_rng(0).random((8, 8)), 285, 4)
    beside = zfdesk.experiments.random_baseline(model, seen[0], 285, (8, 8), 2, 0, 4)
    lines = [("a-heat-map-with-a-long-name.npy", heat), ("b.npz", heat)]
    facts = Facts.of_model(model, picture="chelsea.jpg")
    checked = list(islice(sanity_check(model, seen[0], class_target(model, 285), ("gradcam", "guided")), 3))
    counts, edges = np.logspace(6, 0, 64).astype(np.int64), np.linspace(0, 18, 65)
    spread = {
        stage.name: Activations(counts, edges, 0.63, 140, 4096)
        for stage in model.architecture.stages if isinstance(stage.layer, zf.Conv | zf.Linear)
    }  # fmt: skip
    return {
        "fig2": lambda size: fig2_page(model, examples, seen=5, size=size),
        "fig3": lambda size: fig3_page(model.architecture, facts, size=size),
        "fig5": lambda size: fig5_page(model, [f"{name}.jpg" for name in NAMES], canvases, changes, size=size),
        "fig5 of one": lambda size: fig5_page(
            model, ["chelsea.jpg"], canvases[:1], [invariance(model, canvases[:1], Transformation.SCALE, (1.0, 1.5))],
            given=True, size=size,
        ),
        "fig6": lambda size: fig6_page(model, size=size),
        "fig7": lambda size: fig7_page(sweeps[1], size=size, picture="chelsea.jpg", contour=True),
        "fig7 begun": lambda size: fig7_page(sweeps[0], size=size, colours="jet (paper)", opacity=0.5),
        "fig8": lambda size: fig8_page(model, marked, size=size),
        "filters of the first layer": lambda size: filters_page(model, size=size),
        "filters of a higher layer": lambda size: filters_page(model, "conv3", [7, 100, 300], size=size),
        "filters of six units": lambda size: filters_page(model, "conv3", [7, 100, 300, 8, 9, 10], size=size),
        "fig2 of twelve units": lambda size: fig2_page(model, twelve, size=size),
        "histograms": lambda size: histograms_page(model, size=size),
        "histograms of answers": lambda size: histograms_page(model, spread, 5, size=size),
        "curves": lambda size: curves_page("Egyptian cat", lines, [("2 random maps, 8 × 8", beside)], facts, size),
        "sanity": lambda size: sanity_page(seen[0], checked, facts, size=size),
        "every panel": lambda size: every_panel(size, columns=1 if size == "one-column" else 4, last=9),
    }  # fmt: skip


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize(
    "name",
    ["fig2", "fig3", "fig5", "fig5 of one", "fig6", "fig7", "fig7 begun", "fig8", "filters of the first layer",
     "filters of a higher layer", "filters of six units", "fig2 of twelve units", "histograms",
     "histograms of answers", "curves", "sanity", "every panel"],
)  # fmt: skip
def test_every_template_at_every_size(name: str, size: str, templates: dict[str, Callable[[str], Page]]) -> None:
    page = templates[name](size)
    figure = draw(page)
    assert unreadable(figure, PAPER_POINTS) == []
    width, height = figure.get_size_inches()
    wanted = SIZES[size]
    assert width == pytest.approx(wanted[0])
    assert height == pytest.approx(wanted[1] or height)
    if name.startswith(("fig", "filters", "histograms")):
        assert height <= 11.7, "no taller than a sheet"
    if size == "slide":
        assert min(text.get_fontsize() for text in words_on(figure)) >= PAPER_POINTS
    for axes in figure.axes:
        box = axes.get_position()
        assert -1e-6 <= box.x0 < box.x1 <= 1 + 1e-6
        assert -1e-6 <= box.y0 < box.y1 <= 1 + 1e-6


def test_the_table_names_every_template(templates: dict[str, Any]) -> None:
    from zfdesk.cli.figure import TEMPLATES

    of_runs = {"fig4", "table7", "training"}  # looked at in their own tests
    assert {name.split()[0] for name in templates} >= set(TEMPLATES) - of_runs


# Fig. 5


def test_fig5_is_what_was_found(model: zf.Model, canvases: list[np.ndarray], changes: list[Invariance]) -> None:
    page = fig5_page(model, [f"{name}.jpg" for name in NAMES], canvases, changes)
    panels = {page.name_of(index): cell.panel for index, cell in enumerate(page.cells)}
    for found in changes:
        word = found.change.name.lower()
        for layer in ("norm1", "fc7"):
            assert np.array_equal(panels[f"{word}_{layer}"].values, found.distances[layer])
            assert np.array_equal(panels[f"{word}_{layer}"].x, found.amounts)
        assert np.array_equal(panels[f"{word}_probability"].values, found.probabilities)
    tiles = panels["translation_tiles"]
    assert tiles.names[:3] == ("−60", "0", "60")
    assert tiles.values.shape == (15, 224, 224, 3)
    pad = (len(canvases[1]) - 224) // 2
    assert np.array_equal(tiles.values[5], canvases[1][pad - 60 : pad + 164, pad : pad + 224])
    for words in (
        "down by −60 to 60 pixels", "1 to 1.8 times", "0° to 350°, anticlockwise", "bilinear", "mid-grey, 128",
        "norm1 (layer 1)", "fc7 (layer 7)", SHORT, "most probable",
        f"1 {model.classes[changes[0].classes[0]]} (chelsea.jpg)",
    ):  # fmt: skip
        assert words in page.caption
    given = fig5_page(
        model, ["a"], canvases[:1], [invariance(model, canvases[:1], Transformation.SCALE, (1.0,), (), [3])], given=True
    )
    assert "its true label" in given.caption
    assert "P(true label)" in [cell.label for cell in given.cells]


def test_fig5_of_too_many(model: zf.Model, canvases: list[np.ndarray], changes: list[Invariance]) -> None:
    for names in ([], ["a"] * 6):
        with pytest.raises(ValueError, match=f"1 to 5 pictures, not {len(names)}"):
            fig5_page(model, names, canvases, changes)


def test_lines_differ_without_colour() -> None:
    from zfdesk.figures.colours import DASHES, LINES

    assert len({str(dash) for dash in DASHES}) == len(DASHES) >= len(LINES) >= 5


# Fig. 8


def test_fig8_shows_the_masks_of_table_1(model: zf.Model, marked: list[zfdesk.experiments.MarkedPicture]) -> None:
    page = fig8_page(model, marked, draws=3, seed=4)
    panels = {page.name_of(index): cell for index, cell in enumerate(page.cells)}
    assert np.array_equal(panels["1_clean"].panel.pixels, marked[0].pixels)
    masked = marked[0].pixels.copy()
    masked[60:90, 70:106] = 128
    assert np.array_equal(panels["1_right_eye"].panel.pixels, masked)
    assert "2_left_eye" not in panels, "that picture lacks it"
    assert (panels["2_nose"].row, panels["2_nose"].column) == (1, 3)
    for place, (top, left, height, width) in enumerate(masks_of(marked[2], ["nose"], 3, 4)["random"][:2], 1):
        pixels = marked[2].pixels.copy()
        pixels[top : top + height, left : left + width] = 128
        assert np.array_equal(panels[f"3_random_{place}"].panel.pixels, pixels)
    assert "3_random_3" not in panels
    labels = [cell.label for cell in page.cells if cell.label]
    assert labels == ["clean", "right eye", "left eye", "nose", "random 1", "random 2"]
    assert "first 2 of 3 random places (seed 4)" in page.caption
    with pytest.raises(ValueError, match="at least two pictures"):
        fig8_page(model, marked[:1])
