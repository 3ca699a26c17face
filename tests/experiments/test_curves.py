"""Insertion and deletion: exact on a net that four pixels decide, and against RISE's loop written anew."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from embedded import CAT
from engine_nets import demo_frames, embedded_model

import zfdesk.engine as zf
import zfdesk.experiments
from zfdesk.engine.occlude import OccluderFill, blurred_picture
from zfdesk.experiments.curves import Curve, pixel_order
from zfdesk.experiments.heatmap import HeatMapError

SIDE = 8


@pytest.fixture(scope="module")
def bright() -> zf.Model:
    """8 × 8 pixels: P(class 1) = σ(red of the four upper left pixels / 255 − 2), whatever lies elsewhere."""
    layers = (zf.Linear("fc8", 2), zf.Softmax("prob"))
    weight = torch.zeros(2, 3, SIDE, SIDE)
    weight[1, 0, :2, :2] = 1 / 255
    weights = {"fc8.weight": weight.reshape(2, -1), "fc8.bias": torch.tensor([0.0, -2.0])}
    return zf.Model(zf.Architecture("bright", "", layers, size=SIDE), weights, zf.InputSpec(mean=(0, 0, 0)))


def white() -> np.ndarray:
    return np.full((SIDE, SIDE, 3), 255, np.uint8)


def answer(pixels: float) -> float:
    return 1 / (1 + math.exp(-(pixels - 2)))


def object_map() -> np.ndarray:
    heat = np.zeros((SIDE, SIDE))
    heat[:2, :2] = 1
    return heat


def test_a_perfect_map_gives_the_exact_curve(bright: zf.Model) -> None:
    """One pixel a step, black: the four that matter go first."""
    curves = zfdesk.experiments.insertion_deletion(bright, white(), object_map(), 1, SIDE * SIDE, OccluderFill.BLACK)
    expected = [answer(4), answer(3), answer(2), answer(1), answer(0)] + [answer(0)] * 60
    np.testing.assert_allclose(curves.deletion.probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(curves.deletion.shares, np.arange(65) / 64, atol=0)
    area = sum((a + b) / 2 for a, b in pairwise(expected)) / 64
    assert curves.deletion.area == pytest.approx(area, abs=1e-6)
    # a white picture's blur is white: nothing to insert
    np.testing.assert_allclose(curves.insertion.probabilities, [answer(4)] * 65, atol=1e-6)
    assert curves.insertion.area == pytest.approx(answer(4), abs=1e-6)
    worst = zfdesk.experiments.insertion_deletion(bright, white(), -object_map(), 1, SIDE * SIDE, OccluderFill.BLACK)
    np.testing.assert_allclose(worst.deletion.probabilities, ([answer(4)] * 61 + expected[1:5]), atol=1e-6)
    assert worst.deletion.area > curves.deletion.area + 0.6


def test_all_equal_goes_row_by_row(bright: zf.Model) -> None:
    """The object's pixels are the 1st, 2nd, 9th and 10th of the picture."""
    for heat in (np.zeros((SIDE, SIDE)), np.full((3, 5), 7.5)):
        curves = zfdesk.experiments.insertion_deletion(bright, white(), heat, 1, SIDE * SIDE, OccluderFill.BLACK)
        expected = [answer(4), answer(3)] + [answer(2)] * 7 + [answer(1)] + [answer(0)] * 55
        np.testing.assert_allclose(curves.deletion.probabilities, expected, atol=1e-6)


def test_ties_go_by_place_and_the_order_is_the_maps_alone() -> None:
    heat = np.array([[1, 3], [3, 2]])
    assert pixel_order(heat, 2).tolist() == [1, 2, 3, 0]
    assert pixel_order(heat.astype(np.float32) * 1000 - 5, 2).tolist() == [1, 2, 3, 0]
    assert pixel_order(heat == 3, 2).tolist() == [1, 2, 0, 3]
    coarse = np.random.default_rng(0).integers(0, 3, (64, 64))  # enough of a kind for an unstable sort to show
    flat = coarse.ravel()
    assert pixel_order(coarse, 64).tolist() == sorted(range(64 * 64), key=lambda place: (-flat[place], place))


def test_steps_share_the_pixels_evenly_and_end_at_the_other_picture(bright: zf.Model) -> None:
    for steps in (1, 3, 7, 64):
        curve = zfdesk.experiments.insertion_deletion(
            bright, white(), object_map(), 1, steps, OccluderFill.BLACK
        ).deletion
        assert len(curve.shares) == len(curve.probabilities) == steps + 1
        assert curve.shares[0] == 0
        assert curve.shares[-1] == 1
        assert np.ptp(np.diff(curve.shares)) <= 1.01 / 64
        assert curve.probabilities[0] == pytest.approx(answer(4), abs=1e-6)
        assert curve.probabilities[-1] == pytest.approx(answer(0), abs=1e-6)


def test_the_area_is_that_of_the_trapeziums() -> None:
    curve = Curve(np.array([0, 0.25, 1.0]), np.array([1.0, 0.5, 0.0]))
    assert curve.area == pytest.approx(0.25 * 0.75 + 0.75 * 0.25, abs=1e-15)


def rise(model: zf.Model, start: np.ndarray, finish: np.ndarray, heat: np.ndarray, cls: int, step: int) -> list[float]:
    """The loop of RISE's paper, a pass a step, its own upsampling, its own sorting."""
    size = model.architecture.size
    x = torch.from_numpy(heat)[None, None].double()
    spread = torch.nn.functional.interpolate(x, (size, size), mode="bilinear", align_corners=False)[0, 0]
    pixels = sorted(range(size * size), key=lambda place: (-float(spread[place // size, place % size]), place))
    now, scores = start.copy(), []
    for taken in range(0, size * size + step, step):
        scores.append(float(model.forward(now, reference=True).probabilities[0, cls]))
        for place in pixels[taken : taken + step]:
            now[place // size, place % size] = finish[place // size, place % size]
    return scores


def test_equals_an_independent_loop_on_a_photograph() -> None:
    model = embedded_model()
    picture = zf.centre_crop(demo_frames()[1])  # a cat
    heat = np.random.default_rng(3).random((5, 7))
    steps = 4
    ours = zfdesk.experiments.insertion_deletion(model, picture, heat, None, steps)
    assert ours.class_index == CAT
    mean = np.broadcast_to(np.round(model.input.mean).astype(np.uint8), picture.shape)
    for curve, start, finish in (
        (ours.deletion, picture, mean), (ours.insertion, blurred_picture(picture, 5.0), picture),
    ):  # fmt: skip
        scores = rise(model, start, finish, heat, ours.class_index, 224 * 224 // steps)
        np.testing.assert_allclose(curve.probabilities, scores, atol=5e-3)
        area = (sum(scores) - scores[0] / 2 - scores[-1] / 2) / (len(scores) - 1)
        assert curve.area == pytest.approx(area, abs=5e-3)


def test_the_blurred_canvas_is_a_gaussian_of_sigma_five() -> None:
    point = np.zeros((64, 64, 3), np.uint8)
    point[26:39, 26:39] = 255
    canvas = blurred_picture(point, 5.0).astype(float)[..., 0]
    y, x = np.mgrid[:64, :64] - 32
    weight = canvas / canvas.sum()
    box = (13**2 - 1) / 12
    # 4.95² is the variance of a Gaussian of sigma 5 that is cut at 15 pixels
    assert (weight * y**2).sum() == pytest.approx(box + 24.5, abs=1.0)
    assert (weight * x**2).sum() == pytest.approx(box + 24.5, abs=1.0)


def test_random_maps_are_a_seeded_baseline(bright: zf.Model) -> None:
    def baseline(seed: int) -> zfdesk.experiments.Baseline:
        return zfdesk.experiments.random_baseline(bright, white(), 1, (4, 4), 6, seed, 16, OccluderFill.BLACK)

    one, same, other = baseline(0), baseline(0), baseline(1)
    areas = [curves.deletion.area for curves in one.curves]
    assert len(areas) == 6
    assert len(set(areas)) > 1
    assert one.deletion == (pytest.approx(np.mean(areas)), pytest.approx(np.std(areas, ddof=1)))
    assert same.deletion == one.deletion != other.deletion
    perfect = zfdesk.experiments.insertion_deletion(bright, white(), object_map(), 1, 16, OccluderFill.BLACK)
    assert perfect.deletion.area < one.deletion[0] - 2 * (one.deletion[1] or 0)
    single = zfdesk.experiments.random_baseline(bright, white(), 1, (4, 4), 1, 0, 4)
    assert single.insertion[1] is None


def test_progress_counts_every_pass(bright: zf.Model) -> None:
    told: list[tuple[int, int]] = []
    zfdesk.experiments.insertion_deletion(bright, white(), object_map(), 1, 20, progress=lambda *now: told.append(now))
    assert told[-1] == (42, 42)
    assert [done for done, _ in told] == [8, 16, 21, 29, 37, 42]
    told.clear()
    zfdesk.experiments.random_baseline(bright, white(), 1, (2, 2), 2, 0, 3, progress=lambda *now: told.append(now))
    assert told == [(4, 16), (8, 16), (12, 16), (16, 16)]


def test_what_cannot_be_is_told(bright: zf.Model) -> None:
    heat = object_map()
    for wrong, words in (
        ({"steps": 0}, "1 to 64 steps"),
        ({"steps": 65}, "1 to 64 steps"),
        ({"class_index": 2}, "There is no class 2; there are 0 to 1"),
        ({"class_index": -1}, "There is no class -1"),
        ({"fill": OccluderFill.NOISE}, "not deleted by noise"),
    ):
        with pytest.raises(ValueError, match=words):
            zfdesk.experiments.insertion_deletion(bright, white(), heat, **wrong)  # type: ignore[arg-type]
    for bad in (np.zeros(5), np.zeros((2, 2, 3)), np.array([[0, np.nan]]), np.array([["a"]])):
        with pytest.raises(HeatMapError):
            zfdesk.experiments.insertion_deletion(bright, white(), bad)
    heat.setflags(write=False)
    picture = white()
    zfdesk.experiments.insertion_deletion(bright, picture, heat, 1, 4)
    assert (picture == 255).all()
