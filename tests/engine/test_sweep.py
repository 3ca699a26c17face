"""A sweep answers at every position what the full pass of the covered picture answers."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from engine_nets import quick_weights, random_architecture

import zfdesk.engine as zf
from zfdesk.cli.bench import sweep_memory
from zfdesk.engine.layers import Softmax
from zfdesk.engine.windows import Windows
from zfdesk.engine.winograd import TILE, Winograd

TOLERANCE = 1e-4
"""Of probabilities in float32; what is found is below 1e-5."""


def noise(size: int = 224, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)


def last(clean: zf.Pass, picture: np.ndarray, plan: zf.SweepPlan, layer: str = "conv5") -> zf.Sweep:
    *_, seen = zf.sweep(clean, picture, plan, layer)
    assert seen.complete
    return seen


def covered(model: zf.Model, picture: np.ndarray, plan: zf.SweepPlan) -> np.ndarray:
    """The picture with the occluder at every position, (positions, size, size, 3)."""
    places = plan.positions(*picture.shape[:2]).reshape(-1, 2)
    return np.stack([zf.occlude(picture, [plan.occluder(*place)], model.input.mean) for place in places])


def compare(model: zf.Model, picture: np.ndarray, plan: zf.SweepPlan, layer: str) -> None:
    """Against full passes in plain float32."""
    seen = last(model.forward(picture), picture, plan, layer)
    pictures = covered(model, picture, plan)
    fulls = [model.forward(pictures[i : i + 3], reference=True) for i in range(0, len(pictures), 3)]
    expected = torch.cat([full.probabilities for full in fulls]).numpy()
    shape = seen.positions.shape[:2]
    assert np.abs(seen.probabilities - expected.reshape(*shape, -1)).max() <= TOLERANCE
    assert seen.probabilities.dtype == seen.activations.dtype == np.float32
    totals = torch.cat([full.activations[layer].double().sum((2, 3)) for full in fulls]).numpy()
    scale = np.abs(totals).max()
    assert np.abs(seen.activations - totals.reshape(*shape, -1)).max() <= 1e-5 * scale
    if plan.size > 30:
        largest = np.abs(expected - seen.clean_probabilities).max()
        assert largest > 100 * TOLERANCE, "the occluder must matter"


def temperate(architecture: zf.Architecture) -> zf.Model:
    """Quick weights with which the probabilities are neither 0 nor 1, so that differences show."""
    weights = quick_weights(architecture)
    scores = zf.Model(architecture, weights).forward(noise(), reference=True).activations["fc8"]
    return zf.Model(architecture, weights | {"fc8.weight": weights["fc8.weight"] * (2 / float(scores.std()))})


# --- where the occluder goes


@pytest.mark.parametrize("stride", [1, 7, 8, 30, 500])
@pytest.mark.parametrize("size", [1, 2, 9, 50, 90])
def test_overhanging_positions_cover_the_picture_cell_by_cell(size: int, stride: int) -> None:
    positions = zf.SweepPlan(size, stride).positions(90, 120)
    assert positions.dtype == np.int32
    assert positions.shape == (-(-90 // stride), -(-120 // stride), 2)
    for side, along in ((90, positions[:, 0, 0]), (120, positions[0, :, 1])):
        centres = along + size / 2
        assert (np.diff(along) == stride).all()
        # as far from one edge as from the other, to the half pixel that a whole number of pixels leaves
        assert abs(centres[0] - (side - centres[-1])) <= 1
        assert all(0 <= centre <= side for centre in centres)
        assert (along > -size).all()
        assert (along < side).all()
    assert (positions[:, :, 0] == positions[:, :1, 0]).all()
    assert (positions[:, :, 1] == positions[:1, :, 1]).all()


@pytest.mark.parametrize(("size", "stride", "count"), [(50, 8, 23), (56, 56, 4), (224, 8, 1), (1, 100, 4), (222, 1, 3)])
def test_clipped_positions_lie_inside_and_reach_the_edges(size: int, stride: int, count: int) -> None:
    positions = zf.SweepPlan(size, stride, overhang=False).positions(224, 224)
    along = positions[:, 0, 0]
    assert len(along) == count
    assert (along[0], along[-1]) == (0, 224 - size)
    assert (np.diff(along)[:-1] == stride).all()
    assert positions[0, :, 1].tolist() == along.tolist()


def test_the_paper_s_grid() -> None:
    assert zf.SweepPlan().positions(224, 224).shape == (28, 28, 2)
    assert zf.SweepPlan().positions(224, 224)[0, 0].tolist() == [-21, -21]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: zf.SweepPlan(0), "at least 1 pixel wide, not 0"),
        (lambda: zf.SweepPlan(50, 0), "stride must be at least 1 pixel, not 0"),
        (lambda: zf.SweepPlan(225).positions(224, 300), "225 × 225 is larger than the picture of 300 × 224 pixels"),
        (lambda: zf.SweepPlan(shape="heart"), "heart"),  # type: ignore[arg-type]
    ],
)
def test_plans_that_cannot_be(make: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()  # type: ignore[operator]


# --- what is computed


@pytest.mark.parametrize("name", [name for name in zf.ARCHITECTURES if name != "vgg16"])
def test_equals_the_full_pass_in_every_architecture(name: str) -> None:
    compare(temperate(zf.ARCHITECTURES[name](10)), noise(), zf.SweepPlan(53, 99), "conv5")


@pytest.mark.slow
def test_equals_the_full_pass_in_vgg16() -> None:
    compare(temperate(zf.ARCHITECTURES["vgg16"](10)), noise(), zf.SweepPlan(53, 99), "conv5_3")


@pytest.mark.parametrize(
    ("plan", "layer"),
    [
        (zf.SweepPlan(50, 61), "conv5"),
        (zf.SweepPlan(50, 58, overhang=False), "conv3"),
        (zf.SweepPlan(1, 90), "conv1"),
        (zf.SweepPlan(7, 90, zf.OccluderShape.ELLIPSE), "pool1"),
        (zf.SweepPlan(33, 75, fill=zf.OccluderFill.NOISE), "norm2"),
        (zf.SweepPlan(101, 75, zf.OccluderShape.ELLIPSE, zf.OccluderFill.BLUR), "pool5"),
        (zf.SweepPlan(150, 75, fill=zf.OccluderFill.MEAN), "fc7"),
        (zf.SweepPlan(223, 75, fill=zf.OccluderFill.BLACK), "prob"),
        (zf.SweepPlan(224, 75), "conv5"),
        (zf.SweepPlan(224, 8, overhang=False), "conv5"),
        (zf.SweepPlan(64, 100), "input"),
    ],
)
def test_equals_the_full_pass_at_borders_in_odd_sizes_shapes_and_fills(
    plan: zf.SweepPlan, layer: str, embedded: zf.Model, pictures: np.ndarray
) -> None:
    compare(embedded, pictures[5], plan, layer)


def test_many_positions_of_a_photograph(embedded: zf.Model, pictures: np.ndarray) -> None:
    """Enough for windows of many shapes to be computed together."""
    picture, plan = pictures[5], zf.SweepPlan(50, 29)
    seen = last(embedded.forward(picture), picture, plan)
    expected = np.concatenate(
        [embedded.forward(part, reference=True).probabilities.numpy()
         for part in np.array_split(covered(embedded, picture, plan), 8)]
    ).reshape(seen.probabilities.shape)  # fmt: skip
    assert np.abs(seen.probabilities - expected).max() <= TOLERANCE
    assert np.array_equal(seen.label(), expected.argmax(2))


def test_random_networks_in_float64_are_exact() -> None:
    """Every kernel, stride, padding, ceil pool and normalisation; here the layers are the reference's own."""
    rng, tried = random.Random(7), 0
    while tried < 12:
        architecture = random_architecture(rng)
        if not isinstance(architecture.layers[-1], Softmax):
            continue
        tried += 1
        model = zf.random_model(architecture, seed=tried, dtype=torch.float64)
        picture = noise(architecture.size, tried)
        size = rng.randint(1, architecture.size)
        shape, fill = rng.choice(["square", "ellipse"]), rng.choice(list(zf.OccluderFill))
        plan = zf.SweepPlan(size, rng.randint(2, 4), zf.OccluderShape(shape), fill, rng.random() < 0.5)
        layer = rng.choice(architecture.stages).name
        clean = model.forward(model.input.to_tensor(picture[None]).double())
        places = plan.positions(*picture.shape[:2]).reshape(-1, 2)
        probabilities, totals = Windows(clean, picture, plan.occluder(0, 0), layer).answers(places)
        full = model.forward(model.input.to_tensor(covered(model, picture, plan)).double())
        np.testing.assert_allclose(probabilities, full.probabilities.numpy(), rtol=1e-10, atol=1e-12)
        expected = full.activations[layer].sum((2, 3)).numpy()
        np.testing.assert_allclose(totals, expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max())


def test_random_networks_in_float32() -> None:
    rng, tried = random.Random(8), 0
    while tried < 12:
        architecture = random_architecture(rng)
        if not isinstance(architecture.layers[-1], Softmax):
            continue
        tried += 1
        model, picture = zf.random_model(architecture, seed=tried), noise(architecture.size, tried)
        plan = zf.SweepPlan(rng.randint(1, architecture.size), rng.randint(1, 4))
        seen = last(model.forward(picture), picture, plan, architecture.stages[1].name)
        expected = model.forward(covered(model, picture, plan), reference=True).probabilities.numpy()
        assert np.abs(seen.probabilities.reshape(expected.shape) - expected).max() <= TOLERANCE


def test_the_clean_values_are_those_of_an_occluder_that_changes_nothing(embedded: zf.Model) -> None:
    """The live pass reads fc weights as int8 rows and differs by up to 1e-3; a sweep has one arithmetic throughout."""
    picture = np.full((224, 224, 3), 128, np.uint8)
    seen = last(embedded.forward(picture), picture, zf.SweepPlan(50, 100))
    assert np.abs(seen.probabilities - seen.clean_probabilities).max() <= 1e-6
    assert np.abs(seen.activations - seen.clean_activations).max() <= 1e-3
    assert seen.label_change_share() == 0
    plain = embedded.forward(picture, reference=True)
    assert np.abs(seen.clean_probabilities - plain.probabilities[0].numpy()).max() <= 1e-6
    assert seen.highest_total_unit == int(plain.activations["conv5"][0].sum((1, 2)).argmax())


# --- how it grows


@pytest.fixture(scope="module")
def small() -> tuple[zf.Pass, np.ndarray, zf.SweepPlan]:
    """A small network, a picture and 19 × 19 positions."""
    layers = (
        zf.Conv("conv1", 8, 5, 2, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 3, 2, 1), zf.LRN("norm1"),
        zf.Conv("conv2", 12, 3, 1, 1), zf.ReLU("relu2"), zf.Linear("fc8", 6), Softmax("prob"),
    )  # fmt: skip
    model = zf.random_model(zf.Architecture("small", "small", layers, 38), seed=4)
    picture = noise(38, 4)
    return model.forward(picture), picture, zf.SweepPlan(9, 2)


Small = tuple[zf.Pass, np.ndarray, zf.SweepPlan]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The positions whose answers were computed, in order."""
    places: list[tuple[int, int]] = []
    answers = Windows.answers

    def counted(self: Windows, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        places.extend(map(tuple, positions.tolist()))
        return answers(self, positions)

    monkeypatch.setattr(Windows, "answers", counted)
    return places


def test_coarse_to_fine_and_nothing_twice(small: Small, asked: list[tuple[int, int]]) -> None:
    clean, picture, plan = small
    steps = list(zf.sweep(clean, picture, plan, "conv2", batch=20))
    assert len(asked) == len(set(asked)) == 19 * 19
    assert not steps[0].complete
    assert steps[-1].complete
    assert steps[-1].fraction == 1
    for earlier, later in pairwise(steps):
        assert (earlier.done <= later.done).all()
        assert 0 < later.done.sum() - earlier.done.sum() <= 20
        assert earlier.seconds < later.seconds
    # the grids of 8, 4 and 2 times the stride are each seen whole, and spread over the picture
    for step in (8, 4, 2):
        grid = np.zeros((19, 19), bool)
        grid[1 % step :: step, 1 % step :: step] = True
        assert any(np.array_equal(seen.done, grid) for seen in steps), step
    assert [steps[0].done.any(1).argmax(), steps[0].done[::-1].any(1).argmax()] == [1, 1]
    assert steps[-1].positions_per_second == pytest.approx(361 / steps[-1].seconds)


def test_what_was_yielded_stays(small: Small) -> None:
    clean, picture, plan = small
    looked, kept = [], []
    for seen in zf.sweep(clean, picture, plan, "conv2", batch=40):
        kept.append(seen)  # its arrays are laid out only at the end
        looked.append((seen.done.copy(), seen.probability(2).copy(), seen.label().copy(), seen.activation(3).copy()))
    again = list(zf.sweep(clean, picture, plan, "conv2", batch=40))
    for seen, other, (done, probability, label, activation) in zip(kept, again, looked, strict=True):
        for one in (seen, other):
            assert np.array_equal(one.done, done)
            assert np.array_equal(one.probabilities[:, :, 2], probability, equal_nan=True)
            assert np.array_equal(one.activations[:, :, 3], activation, equal_nan=True)
            assert np.array_equal(one.label(), label)
        assert np.isnan(seen.probabilities).all(2).tolist() == (~done).tolist()
        assert (np.isnan(seen.activations).all(2) == ~done).all()
        assert ((seen.label() == -1) == ~done).all()
        for name in ("picture", "positions", "done", "probabilities", "activations", "clean_probabilities"):
            assert not getattr(seen, name).flags.writeable, name
        assert not seen.probability(0).flags.writeable
        assert not seen.activation(0).flags.writeable
        assert not seen.label().flags.writeable


def test_the_picture_may_change_afterwards(small: Small) -> None:
    clean, picture, plan = small
    mine = picture.copy()
    steps = zf.sweep(clean, mine, plan, "conv2")
    mine[:] = 0
    for seen in steps:
        assert np.array_equal(seen.picture, picture)
    assert np.array_equal(seen.probabilities, last(clean, picture, plan, "conv2").probabilities)


@pytest.mark.parametrize("plain", [False, True])
def test_resume_takes_up_what_came(small: Small, asked: list[tuple[int, int]], plain: bool) -> None:
    clean, picture, plan = small
    steps = zf.sweep(clean, picture, plan, "conv2", batch=30)
    part = [next(steps) for _ in range(5)][-1]
    steps.close()
    if plain:  # as one read from a file would be
        part = zf.Sweep(**{field.name: getattr(part, field.name) for field in fields(zf.Sweep)})
    count = len(asked)
    assert count == part.done.sum()
    rest = list(zf.sweep(clean, picture, plan, "conv2", resume=part, batch=30))
    assert len(asked) == len(set(asked)) == 19 * 19
    assert rest[0].done.sum() > count
    assert rest[0].seconds > part.seconds
    whole = last(clean, picture, plan, "conv2")
    np.testing.assert_allclose(rest[-1].probabilities, whole.probabilities, atol=1e-6)
    np.testing.assert_allclose(rest[-1].activations, whole.activations, rtol=1e-5, atol=1e-4)
    assert np.array_equal(rest[-1].probabilities[part.done], part.probabilities[part.done])
    (only,) = zf.sweep(clean, picture, plan, "conv2", resume=rest[-1])
    assert only.complete
    assert np.array_equal(only.probabilities, rest[-1].probabilities)


def test_only_the_same_sweep_is_resumed(small: Small) -> None:
    clean, picture, plan = small
    part = next(zf.sweep(clean, picture, plan, "conv2"))
    other = noise(38, 5)
    for words in (
        (clean, picture, replace(plan, size=8), "conv2"),
        (clean, picture, plan, "conv1"),
        (clean.model.forward(other), other, plan, "conv2"),
        (zf.random_model(clean.model.architecture, seed=4).forward(picture), picture, plan, "conv2"),
    ):
        with pytest.raises(ValueError, match="only be resumed with the same"):
            zf.sweep(*words, resume=part)


def test_what_follows_from_the_answers(small: Small) -> None:
    clean, picture, plan = small
    steps = list(zf.sweep(clean, picture, plan, "conv2", batch=50))
    for seen in (steps[0], steps[2], steps[-1]):
        drops = seen.clean_probabilities[1] - seen.probabilities[seen.done][:, 1]
        drop, occluder = seen.largest_drop(1)
        assert drop == pytest.approx(float(drops.max()), abs=1e-7)
        again = clean.model.forward(zf.occlude(picture, [occluder], clean.model.input.mean), reference=True)
        assert float(again.probabilities[0, 1]) == pytest.approx(float(seen.clean_probabilities[1]) - drop, abs=1e-5)
        labels = seen.probabilities[seen.done].argmax(1)
        assert seen.label_change_share() == pytest.approx((labels != seen.clean_probabilities.argmax()).mean())
        assert np.array_equal(seen.label()[seen.done], labels)
    nothing = replace(
        zf.Sweep(**{field.name: getattr(steps[0], field.name) for field in fields(zf.Sweep)}),
        done=np.zeros((19, 19), bool), seconds=0.0,
    )  # fmt: skip
    assert (nothing.fraction, nothing.positions_per_second, nothing.label_change_share()) == (0, 0, 0)
    with pytest.raises(ValueError, match="Nothing of the sweep is done"):
        nothing.largest_drop(1)


def test_sweeps_that_cannot_be(small: Small, embedded: zf.Model) -> None:
    """Told at once, before the first step is asked for."""
    clean, picture, plan = small
    for words, sentence in (
        ((clean, noise(38, 9), plan, "conv2"), "must be of the one picture"),
        ((clean, picture[:30], plan, "conv2"), "must be of the one picture"),
        ((clean, picture.astype(np.float32), plan, "conv2"), "must be of the one picture"),
        ((clean.model.forward(np.stack([picture] * 2)), picture, plan, "conv2"), "must be of the one picture"),
        ((clean, picture, plan), "has no layer 'conv5'"),
        ((clean, picture, zf.SweepPlan(39), "conv2"), "larger than the picture"),
    ):
        with pytest.raises(ValueError, match=sentence):
            zf.sweep(*words)
    with pytest.raises(ValueError, match="at least 1 position"):
        zf.sweep(clean, picture, plan, "conv2", batch=0)
    headless = zf.random_model(zf.Architecture("headless", "no classes", clean.model.architecture.layers[:6], 38))
    with pytest.raises(ValueError, match="does not end in class probabilities"):
        zf.sweep(headless.forward(picture), picture, plan, "conv2")


# --- the ways of convolution


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 2)])
def test_winograd_is_a_convolution(rows: int, columns: int) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(3, 96, TILE * rows + 2, TILE * columns + 2, generator=generator)
    weight, bias = torch.randn(80, 96, 3, 3, generator=generator) / 29, torch.randn(80, generator=generator)
    exact = F.conv2d(x.double(), weight.double(), bias.double())
    for rectified in (False, True):
        ours = Winograd(weight, bias)(x.contiguous(memory_format=torch.channels_last), rectified)
        expected = exact.relu() if rectified else exact
        assert float((ours - expected).abs().max()) <= 1e-4


@pytest.mark.parametrize("layer", ["conv1", "conv2", "conv3"])
def test_windows_of_any_size(layer: str, embedded: zf.Model) -> None:
    conv = embedded.architecture.stage(layer).layer
    channels = embedded.weights[f"{layer}.weight"].shape[1]
    assert isinstance(conv, zf.Conv)
    for n, height, width in ((1, conv.kernel, conv.kernel + 4), (2, 11, 8), (1, 20, 21)):
        x = torch.randn(n, channels, height, width, generator=torch.Generator().manual_seed(2))
        fast, plain = (embedded.kernels(torch.float32, reference) for reference in (False, True))
        ours, expected = fast.conv_window(conv, x, True), plain.conv_window(conv, x, True)
        assert ours.shape == expected.shape
        assert float((ours - expected).abs().max()) <= 1e-5 * float(expected.abs().max())


@pytest.mark.slow
def test_memory_of_a_sweep_of_stride_4() -> None:
    """In a process of its own: what a whole sweep adds to the most that a process with a live model holds."""
    megabytes, positions = sweep_memory()
    assert positions == 56 * 56
    assert megabytes < 1000
