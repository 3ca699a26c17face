"""The templates against what they are made from: the engine's own arrays, at every size, legible."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from embedded import NAME, SHORT
from figure_tools import unreadable, words_on

import zfdesk.engine as zf
from zfdesk.engine.kernels import dense
from zfdesk.figures import Facts, UnitExamples, draw, fig2_page, fig3_page, fig6_page, fig7_page, filters_page
from zfdesk.figures.facts import number
from zfdesk.figures.fig2 import BEYOND
from zfdesk.figures.histograms import Activations, histograms_page
from zfdesk.resources import resource
from zfdesk.sources import read_picture

SIZES = ["one-column", "two-column", "slide"]


def said_on(figure: Any) -> str:
    return " | ".join(" ".join(text.get_text().split()) for text in words_on(figure))


# Fig. 7


def test_fig7_is_the_sweep(sweeps: tuple[zf.Sweep, zf.Sweep]) -> None:
    sweep = sweeps[1]
    unit, class_index = sweep.highest_total_unit, int(sweep.clean_probabilities.argmax())
    page = fig7_page(sweep, picture="cat.jpg", frame=12)
    picture, activation, down, probability, labels = (cell.panel for cell in page.cells)
    assert np.array_equal(picture.pixels, sweep.picture)
    assert np.array_equal(activation.values, sweep.activation(unit))
    assert activation.clean == pytest.approx(float(sweep.clean_activations[unit]))
    assert np.array_equal(probability.values, sweep.probability(class_index))
    assert probability.clean == pytest.approx(float(sweep.clean_probabilities[class_index]))
    assert np.array_equal(labels.values, sweep.label())
    for panel in (activation, probability, labels):
        assert np.array_equal(panel.positions, sweep.positions)
    found = zf.reconstruct(sweep.model.forward(sweep.picture), zf.Seed("conv5", unit))
    assert np.array_equal(down.values, found.values)
    (region,) = down.boxes
    field = sweep.model.architecture.stage("conv5").receptive_field
    assert (region.top, region.left, region.top + region.height, region.left + region.width) == field.box(
        *found.positions[0]
    )
    drop, occluder = sweep.largest_drop(class_index)
    (box,) = picture.boxes
    assert (box.top, box.left, box.height) == (occluder.top, occluder.left, 50)
    assert f"by {drop * 100:.1f} points" in picture.note
    for words in ("grey square of 50 × 50", "steps of 32", f"conv5:{unit} @ ", "cat.jpg, frame 12", SHORT):
        assert words in page.caption
    assert "partial" not in said_on(draw(page))


def test_fig7_of_a_chosen_unit_and_class(sweeps: tuple[zf.Sweep, zf.Sweep]) -> None:
    page = fig7_page(sweeps[1], 3, 285)
    assert np.array_equal(page.cells[1].panel.values, sweeps[1].activation(3))
    assert np.array_equal(page.cells[3].panel.values, sweeps[1].probability(285))
    assert "highest total" not in page.cells[1].label
    with pytest.raises(ValueError, match="conv5 has units 0 to 255; there is no unit 256"):
        fig7_page(sweeps[1], 256)
    with pytest.raises(ValueError, match="no class 1000"):
        fig7_page(sweeps[1], 0, 1000)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("options", [{}, {"contour": True, "opacity": 0.5, "colours": "jet (paper)"}])
def test_fig7_is_legible(sweeps: tuple[zf.Sweep, zf.Sweep], size: str, options: dict[str, Any]) -> None:
    assert unreadable(draw(fig7_page(sweeps[1], size=size, picture="chelsea.jpg", **options))) == []


def test_an_unfinished_sweep_is_marked(sweeps: tuple[zf.Sweep, zf.Sweep]) -> None:
    begun = sweeps[0]
    assert not begun.complete
    words = f"partial: {begun.done.mean() * 100:.0f} % of positions"
    figure = draw(fig7_page(begun))
    assert said_on(figure).count(words) == 4  # (b), (d), (e) and the caption
    assert words in figure.caption
    assert unreadable(figure) == []


# Fig. 2


@pytest.fixture(scope="module")
def examples(model: zf.Model) -> list[UnitExamples]:
    pictures = [zf.centre_crop(read_picture(resource(f"demo/{name}.jpg"))) for name in ("chelsea", "coffee", "rocket")]
    made = []
    for layer, unit in (("conv2", 5), ("conv5", 103), ("fc6", 7)):
        height, width = model.architecture.stage(layer).shape[1:]
        maps = [model.forward(picture).activations[layer][0, unit] for picture in pictures]
        positions = tuple(divmod(int(values.argmax()), width) for values in maps)
        assert height * width == maps[0].numel()
        made.append(UnitExamples(layer, unit, tuple(pictures), positions))
    return made


def test_fig2_projects_each_picture_separately(model: zf.Model, examples: list[UnitExamples]) -> None:
    page = fig2_page(model, examples, seen=3)
    assert len(page.cells) == 6
    for index, example in enumerate(examples):
        down, patches = (page.cells[2 * index + side].panel.values for side in (0, 1))
        field = model.architecture.stage(example.layer).receptive_field
        for place, (picture, position) in enumerate(zip(example.pictures, example.positions, strict=True)):
            seed = zf.Seed(example.layer, example.unit, zf.SeedKind.AT, position)
            found = zf.reconstruct(model.forward(picture), seed).values
            top, left, bottom, right = field.box(*position)
            around = np.pad(found, ((200, 200), (200, 200), (0, 0)))
            assert np.array_equal(down[place], around[top + 200 : bottom + 200, left + 200 : right + 200])
            # nothing of the projection lies outside the receptive field
            assert np.abs(down[place]).sum(dtype=np.float64) == pytest.approx(np.abs(found).sum(dtype=np.float64))
            beyond = np.pad(picture, ((200, 200), (200, 200), (0, 0)), constant_values=BEYOND)
            assert np.array_equal(patches[place], beyond[top + 200 : bottom + 200, left + 200 : right + 200])
    assert "its 3 strongest activations over 3 pictures" in page.caption
    single = [UnitExamples(one.layer, one.unit, one.pictures[:1], one.positions[:1]) for one in examples]
    assert "its strongest activation over 1 picture: projected" in fig2_page(model, single, seen=1).caption


@pytest.mark.parametrize("size", SIZES)
def test_fig2_is_legible(model: zf.Model, examples: list[UnitExamples], size: str) -> None:
    figure = draw(fig2_page(model, examples, seen=3, size=size))
    assert unreadable(figure) == []
    assert "conv5:103" in said_on(figure)


def test_fig2_of_a_silent_unit(model: zf.Model) -> None:
    with pytest.raises(ValueError, match="conv5:1 is active for none of the pictures"):
        fig2_page(model, [UnitExamples("conv5", 1, (), ())])
    with pytest.raises(ValueError, match="at least one unit"):
        fig2_page(model, [])


# Fig. 3


@pytest.mark.parametrize("name", list(zf.ARCHITECTURES))
@pytest.mark.parametrize("size", ["one-column", "two-column"])
def test_fig3_draws_every_architecture(name: str, size: str) -> None:
    architecture = zf.ARCHITECTURES[name]()
    figure = draw(fig3_page(architecture, size=size))
    assert unreadable(figure) == []
    words = [text.get_text() for text in words_on(figure)]
    for stage in architecture.stages:
        if isinstance(stage.layer, zf.LRN | zf.Softmax):
            continue
        assert stage.name in words
        _, height, width = stage.shape
        if stage.spatial:
            assert f"{height} × {width}" in words
        if isinstance(stage.layer, zf.Conv):
            assert f"{stage.shape[0]} maps" in words
            assert f"{stage.layer.kernel} × {stage.layer.kernel}" in words
            assert f"stride {stage.layer.stride}" in words
            assert f"pad {stage.layer.padding}" in words
    assert words.count("norm") == sum(isinstance(layer, zf.LRN) for layer in architecture.layers)
    assert words.count("ReLU") == sum(isinstance(layer, zf.ReLU) for layer in architecture.layers)
    assert words.count("softmax") == 1
    assert any(f"{architecture.parameters:,} parameters" in text for text in words)


def test_fig3_on_a_slide(model: zf.Model) -> None:
    figure = draw(fig3_page(model.architecture, Facts.of_model(model), size="slide"))
    assert unreadable(figure) == []
    assert f"weights {NAME}" in figure.caption
    assert min(text.get_fontsize() for text in words_on(figure)) >= 9


# Fig. 6 and filters


def test_fig6_shows_the_filters(model: zf.Model) -> None:
    page = fig6_page(model)
    weights = dense(model.weights["conv1.weight"], torch.float32).numpy()
    own, common, strength = (cell.panel for cell in page.cells)
    assert own.each
    assert not common.each
    for panel in (own, common):
        assert np.array_equal(panel.values, weights.transpose(0, 2, 3, 1))
    rms = np.sqrt((weights.astype(np.float64) ** 2).mean((1, 2, 3)))
    assert np.array_equal(strength.counts[0], np.histogram(rms, strength.edges)[0])
    assert strength.counts.sum() == 96
    assert strength.note == f"{(rms > 0.1).sum()} of 96 above 0.1, the paper's limit"


def test_colours_of_a_network_that_wants_bgr() -> None:
    layers = (zf.Conv("conv1", 4, 3), zf.ReLU("relu1"), zf.Linear("fc8", 5), zf.Softmax("prob"))
    plain = zf.random_model(zf.Architecture("small", "Small", layers, 8))
    swapped = zf.Model(plain.architecture, plain.weights, zf.InputSpec(order="BGR"))
    first, second = (filters_page(model).cells[0].panel.values for model in (plain, swapped))
    assert np.array_equal(first, second[..., ::-1])


def test_filters_of_a_higher_layer(model: zf.Model) -> None:
    page = filters_page(model, "conv3", [7, 300])
    weights = dense(model.weights["conv3.weight"], torch.float32).numpy()
    assert np.array_equal(page.cells[0].panel.values, weights[7])
    assert np.array_equal(page.arrays()["conv3_300_values"], weights[300])
    for layer, units, said in (
        ("conv3", [384], "no unit 384"), ("pool1", [0], "no filters"), ("conv3", [], "at least one"),
                               ("conv9", [0], "no layer 'conv9'")):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            filters_page(model, layer, units)


@pytest.mark.parametrize("size", SIZES)
def test_filters_are_legible(model: zf.Model, size: str) -> None:
    assert unreadable(draw(fig6_page(model, size=size))) == []
    assert unreadable(draw(filters_page(model, size=size))) == []
    assert unreadable(draw(filters_page(model, "conv2", [1, 2, 3], size=size))) == []


# Histograms


def test_histograms_count_every_weight(model: zf.Model) -> None:
    page = histograms_page(model)
    layers = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")
    assert [cell.label for cell in page.cells] == [f"{name} weights" for name in layers]
    for cell in page.cells:
        name = cell.label.split()[0]
        values = dense(model.weights[f"{name}.weight"], torch.float32).flatten().numpy()
        counts, edges = cell.panel.counts[0], cell.panel.edges
        assert counts.sum() == values.size
        if values.size < 2_000_000:
            expected = np.histogram(values.astype(np.float64), edges)[0]
            assert np.abs(expected - counts).sum() < 1e-3 * values.size  # values on an edge
            deviation = values.astype(np.float64).std()
            assert cell.panel.note.endswith(f"SD {number(deviation)}")


@pytest.mark.parametrize("size", ["one-column", "two-column"])
def test_histograms_are_legible(model: zf.Model, size: str) -> None:
    counts, edges = np.arange(64), np.linspace(0, 5, 65)
    known = {name: Activations(counts, edges, 0.5, 3, 96) for name in ("conv1", "conv5")}
    known["fc8"] = Activations(counts, edges, 0.0, None, 1000)
    page = histograms_page(model, known, 12, size=size)
    assert unreadable(draw(page)) == []
    notes = {cell.label: cell.panel.note for cell in page.cells}
    assert notes["conv1 activations"] == "50 % zero; 3 of 96 dead"
    assert notes["fc8 activations"] == "0 % zero"
    assert "6 of 192 here" in page.caption
