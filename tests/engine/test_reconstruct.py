"""The walk back down: arrays worked out by hand, and a plain full-map deconvnet written another way."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import MappingProxyType

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from engine_nets import quick_weights, random_architecture, random_seed
from torch import Tensor

import zfdesk.engine as zf
from zfdesk.engine.kernels import Weights
from zfdesk.engine.layers import LRN, Architecture, Conv, LayerSpec, Linear, MaxPool, ReLU, Softmax
from zfdesk.engine.packed_rows import PackedRows
from zfdesk.engine.reconstruct import Reconstruction, Rule, Seed, SeedKind, reconstruct, seed_positions

RULES = pytest.mark.parametrize("rule", list(Rule))


# --- tiny networks, weighted by hand -------------------------------------------------------------------------------


def tiny(layers: tuple[LayerSpec, ...], weights: dict[str, object], red: object, green: object = 0) -> zf.Pass:
    """A forward pass in float64 of a picture whose red and green planes are given; the blue is 0. Biases not given
    are 0; convolution weights are given per colour or map, (out, in, kernel, kernel), missing colours are 0."""
    plane = torch.tensor(red, dtype=torch.float64)
    architecture = Architecture("tiny", "Tiny", layers, plane.shape[0])
    given: Weights = {}
    for name, shape in architecture.weight_shapes().items():
        value = torch.zeros(shape, dtype=torch.float64)
        if name in weights:
            part = torch.tensor(weights[name], dtype=torch.float64)
            value[tuple(slice(extent) for extent in part.shape)] = part
        given[name] = value
    picture = torch.stack(
        [plane, torch.as_tensor(green, dtype=torch.float64).expand_as(plane), torch.zeros_like(plane)]
    )
    return zf.Model(architecture, given).forward(picture[None])


def planes(made: Reconstruction) -> list[list[list[float]]]:
    """Red and green of a reconstruction as lists; the blue must be untouched."""
    assert made.values.shape[2] == 3
    assert not made.values[:, :, 2].any()
    return [made.values[:, :, colour].tolist() for colour in (0, 1)]


IDENTITY = [[[[1]]]]  # a 1×1 filter that copies the red plane


def test_convolution_only() -> None:
    """One unit puts its filter, scaled by its activation, where its window is; the bias plays no part."""
    seen = tiny(
        (Conv("conv1", 1, 2),),
        {"conv1.weight": [[[[1, 2], [3, 4]], [[-1, 0], [0, 2]]]], "conv1.bias": [0.5]},
        red=[[1, 2, 3], [4, 5, 6], [7, 8, 9]],
        green=[[0, 1, 0], [1, 0, 1], [0, 1, 0]],
    )
    seed = Seed("conv1", 0, SeedKind.AT, (1, 0))
    made = reconstruct(seen, seed)
    assert made.activation == 68.5  # 4·1 + 5·2 + 7·3 + 8·4, then -1·1 + 2·1, then the bias ½
    assert planes(made) == [
        [[0, 0, 0], [68.5, 137, 0], [205.5, 274, 0]],
        [[0, 0, 0], [-68.5, 0, 0], [0, 137, 0]],
    ]
    assert made.window == (1, 0, 3, 2)
    for rule in (Rule.GRADIENT, Rule.GUIDED):
        assert planes(reconstruct(seen, seed, rule)) == [
            [[0, 0, 0], [1, 2, 0], [3, 4, 0]],
            [[0, 0, 0], [-1, 0, 0], [0, 2, 0]],
        ]


def test_three_rules_of_the_rectification() -> None:
    """A pixel of -1: maps -1 and +1, rectified 0 and 1; unit 3·0 - 2·1 + 5 = 3.

    deconvnet: 3·(3, -2) = (9, -6) → (9, 0) → 9·1. gradient: (3, -2) gated by (0, 1) → (0, -2) → -2·-1 = 2.
    guided: (3, 0) gated by (0, 1) → 0.
    """
    layers = (Conv("conv1", 2, 1), ReLU("relu1"), Conv("conv2", 1, 1), ReLU("relu2"))
    weights = {"conv1.weight": [[[[1]]], [[[-1]]]], "conv2.weight": [[[[3]], [[-2]]]], "conv2.bias": [5]}
    seen = tiny(layers, weights, red=[[-1]])
    found = {rule: planes(reconstruct(seen, Seed("conv2", 0), rule))[0] for rule in Rule}
    assert found == {Rule.DECONVNET: [[9]], Rule.GRADIENT: [[2]], Rule.GUIDED: [[0]]}


def test_nothing_is_rectified_after_the_last_filter() -> None:
    """The picture is signed: a negative weight of conv1 comes out negative, under every rule."""
    seen = tiny((Conv("conv1", 1, 1), ReLU("relu1")), {"conv1.weight": [[[[-2]]]]}, red=[[-3]])
    assert planes(reconstruct(seen, Seed("conv1", 0)))[0] == [[-12]]  # activation 6
    assert planes(reconstruct(seen, Seed("conv1", 0), Rule.GUIDED))[0] == [[-2]]
    assert planes(reconstruct(seen, Seed("conv1", 0), Rule.GRADIENT))[0] == [[-2]]


def test_an_inactive_unit_gives_nothing() -> None:
    """Activation 0 behind a rectification: all three pictures are zero."""
    seen = tiny((Conv("conv1", 1, 1), ReLU("relu1")), {"conv1.weight": IDENTITY}, red=[[-3]])
    for rule in Rule:
        made = reconstruct(seen, Seed("conv1", 0), rule)
        assert made.activation == 0
        assert planes(made)[0] == [[0]]


def test_colliding_switches_add_and_max_unpool_overwrites() -> None:
    """Four overlapping windows chose the same pixel: their signals add. `F.max_unpool2d` keeps one of them only."""
    seen = tiny(
        (Conv("conv1", 1, 1), ReLU("relu1"), MaxPool("pool1", 2, 1), Conv("conv2", 1, 2)),
        {"conv1.weight": IDENTITY, "conv2.weight": [[[[1, 2], [3, 4]]]]},
        red=[[1, 2, 1], [2, 9, 2], [1, 2, 1]],
    )
    assert seen.switches["pool1"].tolist() == [[[[4, 4], [4, 4]]]]
    made = reconstruct(seen, Seed("conv2", 0))
    assert made.activation == 90  # 9 · (1 + 2 + 3 + 4)
    assert planes(made)[0] == [[0, 0, 0], [0, 900, 0], [0, 0, 0]]
    signal = torch.tensor([[[[90.0, 180], [270, 360]]]])
    overwritten = F.max_unpool2d(signal, seen.switches["pool1"].clone(), 2, 1, output_size=(3, 3))
    assert overwritten[0, 0, 1, 1] in signal
    assert overwritten[0, 0, 1, 1] != 900


def test_pools_that_collide_in_part() -> None:
    """Windows 3 wide, stride 2, on five columns: the middle column belongs to both, and is the maximum of row 0."""
    seen = tiny(
        (Conv("conv1", 1, 1), ReLU("relu1"), MaxPool("pool1", 3, 2)),
        {"conv1.weight": IDENTITY},
        red=[[1, 0, 7, 0, 2], [3, 0, 0, 0, 4], [0, 0, 0, 0, 0], [0, 5, 0, 8, 0], [0, 0, 0, 0, 6]],
    )
    assert seen.activations["pool1"].tolist() == [[[[7, 7], [5, 8]]]]
    made = reconstruct(seen, Seed("pool1", 0, SeedKind.MAP))
    assert planes(made)[0] == [[0, 0, 14, 0, 0], [0] * 5, [0] * 5, [0, 5, 0, 8, 0], [0] * 5]
    assert planes(reconstruct(seen, Seed("pool1", 0, SeedKind.MAP), Rule.GRADIENT))[0][0] == [0, 0, 2, 0, 0]
    assert planes(reconstruct(seen, Seed("pool1", 0, SeedKind.AT, (1, 1))))[0][3] == [0, 0, 0, 8, 0]


def test_stride_and_padding_put_the_filter_in_its_place() -> None:
    """3×3, stride 2, padding 1 on 5×5: the filters of border units hang over the picture and are cut there."""
    filter_ = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    seen = tiny((Conv("conv1", 1, 3, 2, 1),), {"conv1.weight": [[filter_]]}, red=np.eye(5).tolist())

    def at(y: int, x: int) -> tuple[list[list[float]], tuple[int, int, int, int]]:
        made = reconstruct(seen, Seed("conv1", 0, SeedKind.AT, (y, x)), Rule.GRADIENT)
        return planes(made)[0], made.window

    zero = [0] * 5
    assert at(0, 0) == ([[5, 6, 0, 0, 0], [8, 9, 0, 0, 0], zero, zero, zero], (0, 0, 2, 2))
    assert at(1, 2) == ([zero, [0, 0, 0, 1, 2], [0, 0, 0, 4, 5], [0, 0, 0, 7, 8], zero], (1, 3, 4, 5))
    assert at(2, 2) == ([zero, zero, zero, [0, 0, 0, 1, 2], [0, 0, 0, 4, 5]], (3, 3, 5, 5))


def test_pools_padded_and_rounded_up_put_signals_in_their_place() -> None:
    """3×3, stride 2, padding 1 on 4×4 (windows start at -1), and 2×2, stride 2, rounding up on 3×3 (a last half)."""
    red = [[4, 0, 0, 3], [0, 0, 0, 0], [0, 0, 5, 0], [2, 0, 0, 6]]
    seen = tiny((Conv("conv1", 1, 1), MaxPool("pool1", 3, 2, 1)), {"conv1.weight": IDENTITY}, red)
    assert seen.activations["pool1"].tolist() == [[[[4, 3], [2, 6]]]]
    made = reconstruct(seen, Seed("pool1", 0, SeedKind.MAP))
    assert planes(made)[0] == [[4, 0, 0, 3], [0, 0, 0, 0], [0, 0, 0, 0], [2, 0, 0, 6]]
    made = reconstruct(seen, Seed("pool1", 0, SeedKind.AT, (1, 0)))
    assert planes(made)[0] == [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [2, 0, 0, 0]]
    assert made.window == (1, 0, 4, 2)

    red = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    seen = tiny((Conv("conv1", 1, 1), MaxPool("pool1", 2, 2, ceil=True)), {"conv1.weight": IDENTITY}, red)
    assert seen.activations["pool1"].tolist() == [[[[5, 6], [8, 9]]]]
    made = reconstruct(seen, Seed("pool1", 0, SeedKind.AT, (1, 1)))
    assert planes(made)[0] == [[0, 0, 0], [0, 0, 0], [0, 0, 9]]
    assert made.window == (2, 2, 3, 3)
    made = reconstruct(seen, Seed("pool1", 0, SeedKind.MAP))
    assert planes(made)[0] == [[0, 0, 0], [0, 5, 6], [0, 8, 9]]


def test_normalisation_as_identity_and_by_its_derivative() -> None:
    """x = (1, 2), d = 1 + 1 + 4 = 6, y = x / d. ∂y₀/∂x = (1/6 - 2·1·1/36, -2·1·2/36) = (1/9, -1/9)."""
    layers = (Conv("conv1", 2, 1), LRN("norm1", size=3, alpha=3.0, beta=1.0, k=1.0))
    seen = tiny(layers, {"conv1.weight": [[[[1]], [[0]]], [[[0]], [[1]]]]}, red=[[1]], green=[[2]])
    seed = Seed("norm1", 0)
    sixth, ninth = pytest.approx(1 / 6, rel=1e-15), pytest.approx(1 / 9, rel=1e-14)

    def down(rule: Rule, derivative: bool | None = None) -> list[float]:
        return reconstruct(seen, seed, rule, lrn_derivative=derivative).values[0, 0].tolist()

    assert seen.activations["norm1"].flatten().tolist() == [sixth, pytest.approx(1 / 3, rel=1e-15)]
    assert down(Rule.DECONVNET) == [sixth, 0, 0]
    assert down(Rule.GRADIENT)[:2] == [ninth, pytest.approx(-1 / 9, rel=1e-14)]
    assert down(Rule.GUIDED) == down(Rule.GRADIENT)
    assert down(Rule.GRADIENT, False) == [1, 0, 0]
    assert down(Rule.DECONVNET, True)[:2] == [pytest.approx(1 / 54, rel=1e-14), pytest.approx(-1 / 54, rel=1e-14)]


def test_fully_connected_weights_lie_as_map_row_column() -> None:
    """The transposed matrix, folded back as (map, row, column)."""
    layers = (Conv("conv1", 2, 1), Linear("fc6", 1))
    weights = {"conv1.weight": [[[[1]], [[0]]], [[[0]], [[1]]]], "fc6.weight": [[1, 2, 3, 4, 5, 6, 7, -8]]}
    seen = tiny(layers, weights, red=[[1, 0], [0, 1]], green=[[0, 0], [0, 1]])
    made = reconstruct(seen, Seed("fc6", 0))
    assert seen.activations["fc6"].item() == 1 + 4 - 8
    assert made.activation == -3
    # a score is signed and starts from 1
    assert planes(made) == [[[1, 2], [3, 4]], [[5, 6], [7, -8]]]
    rectified = tiny(
        (*layers, ReLU("relu6")), weights | {"fc6.bias": [5]}, red=[[1, 0], [0, 1]], green=[[0, 0], [0, 1]]
    )
    assert planes(reconstruct(rectified, Seed("fc6", 0))) == [[[2, 4], [6, 8]], [[10, 12], [14, -16]]]


def test_probabilities_start_from_the_score_except_for_the_gradient() -> None:
    """Two equal scores, p = ½ each: ∂p₀/∂s = (¼, -¼); deconvnet and guided start from the score's 1."""
    layers = (Conv("conv1", 2, 1), Linear("fc8", 2), Softmax("prob"))
    weights = {"conv1.weight": [[[[1]], [[0]]], [[[0]], [[1]]]], "fc8.weight": [[3, 0], [0, 3]]}
    seen = tiny(layers, weights, red=[[1]], green=[[1]])
    assert seen.probabilities.tolist() == [[0.5, 0.5]]
    seed = Seed("prob", 0)
    assert reconstruct(seen, seed, Rule.GRADIENT).values[0, 0].tolist() == [0.75, -0.75, 0]
    assert reconstruct(seen, seed).values[0, 0].tolist() == [3, 0, 0]
    assert reconstruct(seen, seed, Rule.GUIDED).values[0, 0].tolist() == [3, 0, 0]
    assert reconstruct(seen, Seed("fc8", 0), Rule.GRADIENT).values[0, 0].tolist() == [3, 0, 0]


def test_softmax_over_maps_is_taken_at_each_position() -> None:
    """A network without fully connected layers: the softmax of one position knows nothing of the others."""
    layers = (Conv("conv1", 2, 1), Softmax("prob"))
    weights = {"conv1.weight": [[[[1]], [[0]]], [[[0]], [[1]]]]}
    seen = tiny(layers, weights, red=[[1, 5], [2, 3]], green=[[1, 5], [2, 3]])
    made = reconstruct(seen, Seed("prob", 0, SeedKind.AT, (0, 1)), Rule.GRADIENT)
    assert planes(made) == [[[0, 0.25], [0, 0]], [[0, -0.25], [0, 0]]]
    made = reconstruct(seen, Seed("prob", 0, SeedKind.MAP), Rule.GRADIENT)
    assert planes(made) == [[[0.25] * 2] * 2, [[-0.25] * 2] * 2]


MAPPED = [[5, 1, 0], [5, 3, 2], [-4, 0, 0]]


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (Seed("conv1", 0), [[5, 0, 0], [0, 0, 0], [0, 0, 0]]),  # of equal ones the first
        (Seed("conv1", 0, SeedKind.AT, (1, 1)), [[0, 0, 0], [0, 3, 0], [0, 0, 0]]),
        (Seed("conv1", 0, SeedKind.AT, (2, 0)), [[0, 0, 0], [0, 0, 0], [-4, 0, 0]]),
        (Seed("conv1", 0, SeedKind.TOPK, k=1), [[5, 0, 0], [0, 0, 0], [0, 0, 0]]),
        (Seed("conv1", 0, SeedKind.TOPK, k=2), [[5, 0, 0], [5, 0, 0], [0, 0, 0]]),
        (Seed("conv1", 0, SeedKind.TOPK, k=4), [[5, 0, 0], [5, 3, 2], [0, 0, 0]]),
        (Seed("conv1", 0, SeedKind.TOPK, k=0), [[5, 0, 0], [0, 0, 0], [0, 0, 0]]),
        (Seed("conv1", 0, SeedKind.TOPK, k=99), MAPPED),
        (Seed("conv1", 0, SeedKind.MAP), MAPPED),
    ],
)
def test_every_kind_of_seed(seed: Seed, expected: list[list[float]]) -> None:
    """What each seed keeps of the map, ties included; a 1×1 filter shows it as it is."""
    seen = tiny((Conv("conv1", 1, 1),), {"conv1.weight": IDENTITY}, red=MAPPED)
    made = reconstruct(seen, seed)
    assert planes(made)[0] == expected
    kept = [[float((y, x) in made.positions) for x in range(3)] for y in range(3)]
    assert planes(reconstruct(seen, seed, Rule.GRADIENT))[0] == kept
    assert made.activation == max(MAPPED[y][x] for y, x in made.positions)
    assert (made.seed, made.rule, made.target) == (seed, Rule.DECONVNET, "input")


def test_topk_positions_come_strongest_first_and_equal_ones_in_row_major_order() -> None:
    """The order of `seed_positions`."""
    activation = torch.tensor(MAPPED, dtype=torch.float64)
    found = seed_positions(activation, Seed("conv1", 0, SeedKind.TOPK, k=6))
    assert found == ((0, 0), (1, 0), (1, 1), (1, 2), (0, 1), (0, 2))
    assert seed_positions(torch.zeros(4, 5), Seed("conv1", 0)) == ((0, 0),)


def test_blue_green_red_networks_come_back_as_red_green_blue() -> None:
    """A network fed in the order BGR: the reconstruction's last axis is RGB all the same."""
    architecture = Architecture("bgr", "BGR", (Conv("conv1", 1, 1),), 1)
    weights: Weights = {"conv1.weight": torch.tensor([[[[1.0]], [[2.0]], [[3.0]]]]), "conv1.bias": torch.zeros(1)}
    picture = np.uint8([[[10, 20, 30]]])
    spec = zf.InputSpec((0, 0, 0), order="BGR")
    seen = zf.Model(architecture, weights, spec).forward(picture)
    assert seen.activations["conv1"].item() == 30 * 1 + 20 * 2 + 10 * 3
    assert reconstruct(seen, Seed("conv1", 0), Rule.GRADIENT).values.tolist() == [[[3, 2, 1]]]


def test_the_derivative_may_end_at_a_lower_layer() -> None:
    """``target``: the array of that layer, after its rectification, signed, in (maps, rows, columns)."""
    layers = (Conv("conv1", 2, 1), ReLU("relu1"), MaxPool("pool1", 2, 1), Conv("conv2", 1, 1), ReLU("relu2"))
    weights = {"conv1.weight": [[[[1]], [[0]]], [[[0]], [[1]]]], "conv2.weight": [[[[2]], [[-1]]]]}
    seen = tiny(layers, weights, red=[[1, 2], [3, 4]], green=[[1, 0], [0, 0]])
    seed = Seed("conv2", 0)
    assert seen.activations["conv2"].item() == 7
    made = reconstruct(seen, seed, target="pool1")
    assert made.values.tolist() == [[[14]], [[-7]]]
    assert made.window == (0, 0, 1, 1)
    made = reconstruct(seen, seed, target="conv1")
    assert made.values.tolist() == [[[0, 0], [0, 14]], [[-7, 0], [0, 0]]]
    assert reconstruct(seen, seed, Rule.GRADIENT, "conv1").values.tolist() == [[[0, 0], [0, 2]], [[-1, 0], [0, 0]]]
    assert planes(reconstruct(seen, seed)) == [[[0, 0], [0, 14]], [[0, 0], [0, 0]]]
    assert made.target == "conv1"


# --- a plain deconvnet over whole maps, written another way --------------------------------------------------------


def plain_walk(
    seen: zf.Pass, seed: Seed, rule: Rule, target: str = "input", derivative: bool | None = None
) -> np.ndarray:
    """The same reconstruction over whole maps, one layer after another, without any window."""
    stages = seen.model.architecture.stages
    names = [stage.name for stage in stages]
    held = {name: value.clone() for name, value in seen.activations.items()}  # ordinary tensors, for autograd
    derivative = (rule is not Rule.DECONVNET) if derivative is None else derivative
    place = names.index(seed.layer)
    top = held[seed.layer]
    signal = torch.zeros_like(top)
    score = isinstance(stages[place].layer, Linear | Softmax) and not stages[place].rectified
    from_one = score or rule is not Rule.DECONVNET
    for y, x in seed_positions(top[0, seed.unit], seed):
        signal[0, seed.unit, y, x] = 1 if from_one else top[0, seed.unit, y, x]
    while names[place] != target:
        stage, below = stages[place], held[names[place - 1]]
        if stage.rectified:
            passing = torch.ones_like(signal)
            if rule in (Rule.DECONVNET, Rule.GUIDED):
                passing *= signal > 0
            if rule in (Rule.GRADIENT, Rule.GUIDED):
                passing *= held[stage.name] > 0
            signal = signal * passing
        signal = _plain_step(seen, stage, below, signal, rule, derivative)
        place -= 1
    array = signal[0].numpy()
    return array.transpose(1, 2, 0) if target == "input" else array


def _plain_step(seen: zf.Pass, stage: zf.Stage, below: Tensor, signal: Tensor, rule: Rule, derivative: bool) -> Tensor:
    match stage.layer:
        case Conv(name, _, kernel, stride, padding):
            weight = _matrix(seen, name)
            whole = below.shape[2] + 2 * padding, below.shape[3] + 2 * padding
            rest = [whole[axis] - kernel - (signal.shape[2 + axis] - 1) * stride for axis in (0, 1)]
            return F.conv_transpose2d(signal, weight, None, stride, padding, rest)
        case MaxPool(name):
            result = torch.zeros_like(below)
            channels = torch.arange(below.shape[1])
            flat = result[0].flatten(1)
            switches = seen.switches[name][0].clone()
            for y in range(signal.shape[2]):
                for x in range(signal.shape[3]):
                    flat[channels, switches[:, y, x]] += signal[0, :, y, x]
            return flat.view_as(result)
        case LRN(_, size, alpha, beta, k):
            if not derivative:
                return signal
            return _derived(lambda x: F.local_response_norm(x, size, alpha, beta, k), below, signal)
        case Linear(name):
            return (signal[:, :, 0, 0] @ _matrix(seen, name)).view_as(below)
        case Softmax():
            return _derived(lambda x: x.softmax(1), below, signal) if rule is Rule.GRADIENT else signal
    raise AssertionError(stage)


def _matrix(seen: zf.Pass, name: str) -> Tensor:
    weight = seen.model.weights[f"{name}.weight"]
    if isinstance(weight, PackedRows):
        return weight.rows.double() * weight.scale.double()[:, None]
    return weight.double()


def _derived(function: Callable[[Tensor], Tensor], below: Tensor, signal: Tensor) -> Tensor:
    x = below.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(function(x), x, signal)
    return gradient


def assert_same(found: np.ndarray, expected: np.ndarray, note: object, relative: float = 1e-12) -> None:
    assert found.shape == expected.shape, note
    largest = max(float(np.abs(expected).max()), 1e-300)
    assert float(np.abs(found - expected).max()) <= relative * largest, note


def assert_window_holds_all(made: Reconstruction) -> None:
    """Nothing but zeros outside the window."""
    values = made.values if made.target == "input" else made.values.transpose(1, 2, 0)
    top, left, bottom, right = made.window
    assert 0 <= top <= bottom <= values.shape[0]
    assert 0 <= left <= right <= values.shape[1]
    outside = np.ones(values.shape[:2], bool)
    outside[top:bottom, left:right] = False
    assert not values[outside].any()


def test_window_is_the_receptive_field_clipped_to_the_picture(cat: zf.Pass) -> None:
    """For corners, borders and the middle of every map; all that is not zero lies inside."""
    for stage in cat.model.architecture.stages[1:]:
        if not stage.spatial:
            continue
        _, height, width = stage.shape
        unit = cat.strongest_unit(stage.name)
        for y, x in ((0, 0), (height - 1, 0), (height // 2, width - 1), (height // 2, width // 3)):
            made = reconstruct(cat, Seed(stage.name, unit, SeedKind.AT, (y, x)), Rule.GRADIENT)
            top, left, bottom, right = stage.receptive_field.box(y, x)
            assert made.window == (max(top, 0), max(left, 0), min(bottom, 224), min(right, 224)), (stage.name, y, x)
            assert_window_holds_all(made)
    assert reconstruct(cat, Seed("fc6", 0)).window == (0, 0, 224, 224)


LADDER = ("conv1", "norm1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5", "fc6", "fc8", "prob")


@RULES
def test_windows_give_what_whole_maps_give(cat: zf.Pass, rule: Rule) -> None:
    """On the embedded network, from layers of every kind, for every kind of seed: equal to 1e-12 in float64."""
    kinds = list(SeedKind)
    for number, layer in enumerate(LADDER):
        unit = cat.strongest_unit(layer)
        _, height, width = cat.model.architecture.stage(layer).shape
        kind = kinds[number % 4] if height > 1 else SeedKind.MAX
        seed = Seed(layer, unit, kind, (height - 1, width // 2), 5)
        made = reconstruct(cat, seed, rule)
        assert made.values.dtype == np.float64
        assert np.abs(made.values).max() > 0 or cat.activations[layer][0, unit, height - 1, width // 2] == 0
        assert_same(made.values, plain_walk(cat, seed, rule), (layer, kind))
        assert_window_holds_all(made)


def test_normalisation_derivative_and_targets_give_what_whole_maps_give(cat: zf.Pass) -> None:
    """The two other switches of `reconstruct`, on the embedded network."""
    seed = Seed("conv5", cat.strongest_unit("conv5"))
    for rule, derivative in ((Rule.DECONVNET, True), (Rule.GRADIENT, False), (Rule.GUIDED, False)):
        made = reconstruct(cat, seed, rule, lrn_derivative=derivative)
        assert_same(made.values, plain_walk(cat, seed, rule, derivative=derivative), rule)
    for target in ("conv4", "norm2", "pool2", "conv2", "norm1", "pool1", "conv1"):
        made = reconstruct(cat, seed, target=target)
        assert made.values.shape == cat.model.architecture.stage(target).shape
        assert_same(made.values, plain_walk(cat, seed, Rule.DECONVNET, target), target)
        assert_window_holds_all(made)


def test_random_networks_give_what_whole_maps_give() -> None:
    """120 random networks (kernels, strides, paddings, pools, normalisation, fc), random seeds, rules and targets."""
    rng = random.Random(2013)
    alive = 0
    for number in range(120):
        architecture = random_architecture(rng)
        model = zf.Model(architecture, quick_weights(architecture, torch.float64, seed=number))
        generator = torch.Generator().manual_seed(number)
        size = architecture.size
        seen = model.forward(torch.randn(1, 3, size, size, generator=generator, dtype=torch.float64))
        for rule in Rule:
            place = rng.randrange(1, len(architecture.stages))
            seed = random_seed(rng, architecture.stages[place])
            target = architecture.stages[rng.randrange(place)].name
            derivative = rng.choice((None, True, False))
            made = reconstruct(seen, seed, rule, target, derivative)
            expected = plain_walk(seen, seed, rule, target, derivative)
            assert_same(made.values, expected, (architecture.layers, seed, rule, target, derivative))
            assert_window_holds_all(made)
            alive += bool(np.abs(expected).max() > 0)
    assert alive > 150, "most of these reconstructions should be of something"


def test_single_precision_is_close(embedded: zf.Model, pictures: np.ndarray) -> None:
    """What the window shows, in float32, against the same pass taken to float64: equal to 1e-5 of the largest value."""
    for number, picture in enumerate(pictures[[5, 29]]):
        seen = embedded.forward(picture)
        double = {name: value.double() for name, value in seen.activations.items()}
        exact = zf.Pass(embedded, MappingProxyType(double), seen.switches)
        for place, layer in enumerate(LADDER[:8] if number else LADDER):
            kind = (SeedKind.MAX, SeedKind.TOPK, SeedKind.MAP)[(place + number) % 3]
            seed = Seed(layer, seen.strongest_unit(layer), kind)
            for rule in Rule:
                made = reconstruct(seen, seed, rule)
                assert made.values.dtype == np.float32
                assert_same(made.values, reconstruct(exact, seed, rule).values, (layer, kind, rule), 1e-5)


def test_gradients_of_several_positions_add(cat: zf.Pass) -> None:
    """The gradient of the sum of kept positions is the sum of their gradients (the other rules are not linear)."""
    unit = cat.strongest_unit("conv4")
    together = reconstruct(cat, Seed("conv4", unit, SeedKind.TOPK, k=4), Rule.GRADIENT)
    apart = [reconstruct(cat, Seed("conv4", unit, SeedKind.AT, at), Rule.GRADIENT).values for at in together.positions]
    assert len(apart) == 4
    assert_same(together.values, np.sum(apart, axis=0), "sum")


def test_gradient_is_the_slope_of_the_unit(cat: zf.Pass) -> None:
    """A small step of the picture along the gradient changes the unit by step · |gradient|²."""
    seed = Seed("conv3", cat.strongest_unit("conv3"))
    made = reconstruct(cat, seed, Rule.GRADIENT)
    ((y, x),) = made.positions
    direction = torch.from_numpy(made.values.copy()).permute(2, 0, 1)[None]
    step = 0.1
    changed = cat.model.forward(cat.activations["input"] + step * direction)
    slope = (changed.activations["conv3"][0, seed.unit, y, x].item() - made.activation) / step
    assert slope == pytest.approx(float((made.values**2).sum()), rel=1e-4)


def test_result_is_read_only_and_repeatable(cat: zf.Pass) -> None:
    """Two calls give the same bits; the array cannot be written to."""
    seed = Seed("conv5", cat.strongest_unit("conv5"))
    one, other = reconstruct(cat, seed), reconstruct(cat, seed)
    assert np.array_equal(one.values, other.values)
    with pytest.raises(ValueError, match="read-only"):
        one.values[0, 0, 0] = 1
    assert one.values.flags.c_contiguous


@pytest.mark.parametrize(
    ("seed", "target", "words"),
    [
        (Seed("conv9", 0), "input", "has no layer 'conv9'"),
        (Seed("conv2", 0), "conv9", "has no layer 'conv9'"),
        (Seed("conv2", 0), "conv2", "conv2 does not lie above conv2"),
        (Seed("conv1", 0), "conv2", "conv1 does not lie above conv2"),
        (Seed("input", 0), "input", "input does not lie above input"),
        (Seed("conv5", 256), "input", "conv5 has units 0 to 255; there is no unit 256"),
        (Seed("conv5", -1), "input", "there is no unit -1"),
        (Seed("conv5", 0, SeedKind.AT, (13, 0)), "input", r"Position \(13, 0\) lies outside the 13 × 13 map of conv5"),
        (Seed("conv5", 0, SeedKind.AT, (0, -1)), "input", "lies outside"),
        (Seed("conv5", 0, SeedKind.AT), "input", "needs the position"),
        (Seed("fc6", 0, SeedKind.AT, (0, 1)), "input", "lies outside the 1 × 1 map of fc6"),
    ],
)
def test_what_does_not_exist_is_refused_in_words(cat: zf.Pass, seed: Seed, target: str, words: str) -> None:
    """Layers, units and positions that are not there."""
    with pytest.raises(ValueError, match=words):
        reconstruct(cat, seed, target=target)


def test_other_refusals(embedded: zf.Model, pictures: np.ndarray, cat: zf.Pass) -> None:
    """A batch has to be taken apart first; an unknown rule is named."""
    with pytest.raises(ValueError, match="select one of the batch"):
        reconstruct(embedded.forward(pictures[:2]), Seed("conv1", 0))
    with pytest.raises(ValueError, match="backwards"):
        reconstruct(cat, Seed("conv1", 0), "backwards")
    assert reconstruct(cat, Seed("conv1", 0), "guided").rule is Rule.GUIDED
