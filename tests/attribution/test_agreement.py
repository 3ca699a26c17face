"""Numbers for how far methods agree, against scipy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from engine_nets import embedded_model, quick_weights, varied_pictures
from scipy.stats import spearmanr

import zfdesk.engine as zf
from zfdesk.attribution import Options, attribute, class_target
from zfdesk.attribution.agreement import agreement, areas, points_into, rank_correlation, sanity_check, share_inside
from zfdesk.engine.layers import Architecture, Conv, Linear, MaxPool, ReLU, Softmax
from zfdesk.experiments.curves import insertion_deletion

LAYERS = (
    Conv("conv1", 6, 3, 2, 1), ReLU("relu1"), MaxPool("pool1", 2, 2), Conv("conv2", 8, 3, 1, 1), ReLU("relu2"),
    Linear("fc6", 10), ReLU("relu6"), Linear("fc8", 5), Softmax("prob"),
)  # fmt: skip
NET = Architecture("small", "Small", LAYERS, 32)
PICTURE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)


@pytest.fixture(scope="module")
def model() -> zf.Model:
    return zf.Model(NET, quick_weights(NET, seed=2))


def test_the_hottest_pixel_points_into_the_box_or_near_it() -> None:
    heat = np.zeros((40, 40))
    heat[20, 30] = 1
    assert points_into(heat, (15, 25, 25, 35))
    assert points_into(heat, (0, 0, 6, 16))  # 15 below its last row, 15 right of its last column
    assert not points_into(heat, (0, 0, 5, 16))
    assert not points_into(heat, (0, 0, 6, 16), tolerance=5)


def test_the_share_inside_a_box() -> None:
    heat = np.ones((10, 10))
    assert share_inside(heat, (0, 0, 5, 4)) == pytest.approx(0.2)
    assert share_inside(heat, (-5, -5, 5, 4)) == pytest.approx(0.2)
    assert share_inside(np.zeros((10, 10)), (0, 0, 5, 4)) == 0
    with pytest.raises(ValueError, match="no area"):
        share_inside(heat, (5, 5, 5, 9))


@pytest.mark.parametrize("levels", [3, 1000])
def test_the_rank_correlation_is_scipys(levels: int) -> None:
    chance = np.random.default_rng(levels)
    one = chance.integers(0, levels, (20, 20)).astype(float)
    other = one + chance.integers(0, levels, (20, 20))
    assert rank_correlation(one, other) == pytest.approx(spearmanr(one.ravel(), other.ravel()).statistic)
    assert rank_correlation(one, np.ones((20, 20))) == 0


def test_a_table_of_agreement(model: zf.Model) -> None:
    seen = model.forward(PICTURE)
    found = [attribute(seen, class_target(model, 1), name) for name in ("gradient", "saliency", "gradcam")]
    table = agreement(found)
    assert table[0, 1] == pytest.approx(1)  # the same heat
    assert np.array_equal(table, table.T)
    assert abs(table[0, 2]) < 0.9


def test_areas_are_those_of_insertion_and_deletion(model: zf.Model) -> None:
    found = attribute(model.forward(PICTURE), class_target(model, 1), "gradcam")
    ours = areas(model, PICTURE, [found], 1, steps=8)["gradcam"]
    wanted = insertion_deletion(model, PICTURE, found.heat, 1, steps=8)
    assert ours.deletion.area == wanted.deletion.area


def test_the_sanity_check_goes_down_from_the_top_and_the_gradient_passes_it(model: zf.Model) -> None:
    methods = ("gradient", "gradcam")
    steps = list(sanity_check(model, PICTURE, class_target(model, 1), methods, Options(), seed=4))
    assert [step.layer for step in steps] == ["", "fc8", "fc6", "conv2", "conv1"]
    assert steps[0].likeness == {"gradient": 1.0, "gradcam": 1.0}
    assert steps[-1].likeness["gradient"] < 0.6
    again = list(sanity_check(model, PICTURE, class_target(model, 1), methods, Options(), seed=4))
    assert [step.likeness for step in steps] == [step.likeness for step in again]


def test_packed_weights_are_made_random_too() -> None:
    embedded, pictures = embedded_model(), varied_pictures()
    steps = sanity_check(embedded, pictures[5], class_target(embedded, 285), ("gradcam",))
    assert next(steps).likeness == {"gradcam": 1.0}
    assert abs(next(steps).likeness["gradcam"]) < 0.95
