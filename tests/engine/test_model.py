"""The forward pass: what it holds, and what is refused. How exact it is stands in test_exact.py."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from embedded import CATS
from engine_nets import quick_weights
from torch import Tensor

import zfdesk.engine as zf
from zfdesk.engine.kernels import FastKernels, lrn_band, neighbour_sum
from zfdesk.engine.layers import LRN, Architecture, Conv, Linear, MaxPool, ReLU, Softmax
from zfdesk.engine.packed_rows import PackedRows

SMALL = Architecture(
    "small",
    "A small network",
    (
        Conv("conv1", 8, 5, 2, 1), ReLU("relu1"), MaxPool("pool1", 3, 2, 1), LRN("norm1"),
        Conv("conv2", 6, 3, 1, 1), MaxPool("pool2", 2, 2, 0, ceil=True),
        Linear("fc6", 12), ReLU("relu6"), Linear("fc8", 5), Softmax("prob"),
    ),
    32,
)  # fmt: skip


def small_model(dtype: torch.dtype = torch.float32) -> zf.Model:
    return zf.random_model(SMALL, seed=4, dtype=dtype)


def small_pictures(count: int = 3) -> np.ndarray:
    return np.random.default_rng(9).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


def digest(seen: zf.Pass) -> str:
    """A hash of all that a pass holds."""
    sha = hashlib.sha256()
    for held in (seen.activations, seen.switches):
        for name, value in held.items():
            sha.update(name.encode() + value.contiguous().numpy().tobytes())
    return sha.hexdigest()


def test_embedded_network_knows_its_cat(embedded: zf.Model, pictures: np.ndarray) -> None:
    """scikit-image's ``chelsea`` is a cat to the shipped weights; colours upside down it is not the same picture."""
    probabilities = embedded.forward(pictures[5]).probabilities[0]
    best = [embedded.classes[index] for index in probabilities.topk(3).indices]
    assert best == list(CATS.values())
    assert float(probabilities.sum()) == pytest.approx(1, abs=1e-5)


def test_forward_keeps_every_stage(embedded: zf.Model, pictures: np.ndarray) -> None:
    """One call gives every layer's activation in the declared shape, the switches of every pool and probabilities."""
    seen = embedded.forward(pictures[:2])
    assert list(seen.activations) == [stage.name for stage in embedded.architecture.stages]
    for stage in embedded.architecture.stages:
        value = seen.activations[stage.name]
        assert value.shape == (2, *stage.shape)
        assert value.dtype == torch.float32
        assert bool(torch.isfinite(value).all())
        if stage.rectified:
            assert float(value.min()) >= 0
    assert set(seen.switches) == {"pool1", "pool2", "pool5"}
    for name, switches in seen.switches.items():
        assert switches.shape == seen.activations[name].shape
        assert switches.dtype == torch.int64
    assert torch.equal(seen.probabilities, seen.activations["prob"][:, :, 0, 0])
    assert float(seen.activations["fc8"].min()) < 0, "the scores are not rectified"


def test_a_pass_can_end_at_a_layer(embedded: zf.Model, pictures: np.ndarray) -> None:
    whole, part = embedded.forward(pictures[0]), embedded.forward(pictures[0], until="conv5")
    assert list(part.activations) == list(whole.activations)[: embedded.architecture.index("conv5") + 1]
    assert torch.equal(part.activations["conv5"], whole.activations["conv5"])
    seed = zf.Seed("conv5", part.strongest_unit("conv5"))
    np.testing.assert_array_equal(zf.reconstruct(part, seed).values, zf.reconstruct(whole, seed).values)
    with pytest.raises(ValueError, match="ended at conv5: it has no probabilities"):
        _ = part.probabilities
    with pytest.raises(ValueError, match="conv9"):
        embedded.forward(pictures[0], until="conv9")


def test_input_is_the_picture_minus_the_mean(embedded: zf.Model, pictures: np.ndarray) -> None:
    """The "input" stage: RGB, 0 to 255, minus (123.675, 116.28, 103.53), undivided."""
    seen = embedded.forward(pictures[5])
    expected = pictures[5].astype(np.float32) - np.float32([123.675, 116.28, 103.53])
    assert np.array_equal(seen.activations["input"][0].permute(1, 2, 0).numpy(), expected)


def first_maximum_in_row_major_order(layer: MaxPool, maps: Tensor) -> tuple[Tensor, Tensor]:
    """Each window's maximum and the flat position of the first place where it stands, by looking at every place."""
    channels, height, width = maps.shape
    out = F.max_pool2d(maps[None], layer.kernel, layer.stride, layer.padding, ceil_mode=layer.ceil).shape[2:]
    best = torch.full((channels, *out), -torch.inf, dtype=maps.dtype)
    where = torch.full((channels, *out), -1)
    for row in range(layer.kernel):
        for column in range(layer.kernel):
            y = torch.arange(out[0])[:, None] * layer.stride - layer.padding + row
            x = torch.arange(out[1])[None, :] * layer.stride - layer.padding + column
            inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
            value = maps[:, y.clamp(0, height - 1), x.clamp(0, width - 1)]
            better = inside & (value > best)
            best, where = torch.where(better, value, best), torch.where(better, y * width + x, where)
    return best, where


def test_switches_point_at_the_first_maximum(embedded: zf.Model, pictures: np.ndarray) -> None:
    """Of equal values the first in row-major order wins; plain pictures and rectified zeros give ties everywhere."""
    stages = embedded.architecture.stages
    chosen = np.concatenate([pictures[[5, 28]], pictures[-3:]])
    ties = 0
    for reference in (False, True):
        seen = embedded.forward(chosen, reference)
        for before, stage in pairwise(stages):
            if not isinstance(stage.layer, MaxPool):
                continue
            for number in range(len(chosen)):
                maps = seen.activations[before.name][number]
                best, where = first_maximum_in_row_major_order(stage.layer, maps)
                assert torch.equal(seen.activations[stage.name][number], best)
                assert torch.equal(seen.switches[stage.name][number], where), (stage.name, number)
                ties += int((best == 0).sum())
    assert ties > 100_000, "these pictures should make many windows of equal values"


def test_reconstruct_and_forward_never_write_to_a_pass(embedded: zf.Model, pictures: np.ndarray) -> None:
    """Every rule, from layers of every kind, and another forward: the pass and the weights keep their bits."""
    seen = embedded.forward(pictures[5])
    before = digest(seen)
    weight = embedded.weights["fc6.weight"]
    assert isinstance(weight, PackedRows)
    weights = [hashlib.sha256(part.numpy().tobytes()).digest() for part in (weight.rows, weight.scale)]
    for layer in ("conv1", "norm1", "conv2", "norm2", "conv5", "pool5", "fc6", "fc8", "prob"):
        for rule in zf.Rule:
            for target in ("input", "conv1") if layer != "conv1" else ("input",):
                zf.reconstruct(seen, zf.Seed(layer, seen.strongest_unit(layer)), rule, target)
    embedded.forward(pictures[0])
    assert digest(seen) == before
    assert [hashlib.sha256(part.numpy().tobytes()).digest() for part in (weight.rows, weight.scale)] == weights


def test_a_pass_cannot_be_given_other_tensors(embedded: zf.Model, pictures: np.ndarray) -> None:
    """The mappings of a pass are read-only."""
    seen = embedded.forward(pictures[0])
    with pytest.raises(TypeError):
        seen.activations["conv1"] = torch.zeros(1)  # type: ignore[index]
    with pytest.raises(AttributeError):
        seen.model = embedded  # type: ignore[misc]


def test_a_batch_is_its_pictures(embedded: zf.Model, pictures: np.ndarray) -> None:
    """A picture gives the same in a batch as alone, on both paths; `select` cuts it out."""
    chosen = pictures[[5, 1, 28]]
    for reference in (False, True):
        batch = embedded.forward(chosen, reference)
        for number, picture in enumerate(chosen):
            alone, part = embedded.forward(picture, reference), batch.select(number)
            assert part.probabilities.shape == (1, 1000)
            for name, value in alone.activations.items():
                scale = max(float(value.abs().max()), 1e-6)
                allowed = 2e-5 if reference or value.shape[2] > 1 else 1e-2
                assert float((part.activations[name] - value).abs().max()) <= allowed * scale, (number, name)
            assert set(part.switches) == set(alone.switches)
            assert batch.strongest_unit("conv5", number) == part.strongest_unit("conv5")


def test_the_same_picture_gives_the_same_bits(embedded: zf.Model, pictures: np.ndarray) -> None:
    """Determinism: forward twice, and on another model object of the same weights."""
    first = digest(embedded.forward(pictures[5]))
    assert digest(embedded.forward(pictures[5])) == first
    again = zf.Model(embedded.architecture, embedded.weights, embedded.input, embedded.classes)
    assert digest(again.forward(pictures[5])) == first


def test_two_threads_get_what_one_gets(embedded: zf.Model, pictures: np.ndarray) -> None:
    """Forward and reconstruct from two threads at once, on a model that neither has used: the results of one alone."""
    alone = [digest(embedded.forward(picture)) for picture in pictures[:6]]
    fresh = zf.Model(embedded.architecture, embedded.weights, embedded.input, embedded.classes)
    expected = [zf.reconstruct(embedded.forward(picture), zf.Seed("conv4", 7)).values for picture in pictures[:6]]

    def work(number: int) -> tuple[str, np.ndarray]:
        seen = fresh.forward(pictures[number])
        made = zf.reconstruct(seen, zf.Seed("conv4", 7)).values
        return digest(seen), made

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(work, [0, 1, 2, 3, 4, 5, 0, 1]))
    for number, (hashed, made) in zip([0, 1, 2, 3, 4, 5, 0, 1], found, strict=True):
        assert hashed == alone[number]
        # a thread may sum with another number of torch threads, so in another order
        assert np.abs(made - expected[number]).max() <= 1e-5 * np.abs(expected[number]).max()


def test_strongest_unit_is_the_one_with_the_highest_value(embedded: zf.Model, pictures: np.ndarray) -> None:
    """`Pass.strongest_unit` against numpy over the whole map."""
    seen = embedded.forward(pictures[[5, 0]])
    for name in ("conv1", "norm2", "conv5", "fc8", "prob"):
        for number in range(2):
            maps = seen.activations[name][number].numpy()
            unit, _, _ = np.unravel_index(maps.argmax(), maps.shape)
            assert seen.strongest_unit(name, number) == unit


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("beta", [0.75, 0.5])
def test_fast_normalisation_is_torchs(size: int, beta: float) -> None:
    """Odd and even windows, at the ends of the channels too, against `local_response_norm` with a strong α."""
    layer = LRN("norm", size, 3.0, beta, 1.5)
    architecture = Architecture("lrn", "LRN", (Conv("conv1", 9, 1), layer), 6)
    model = zf.random_model(architecture, seed=size)
    picture = torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(size))
    seen = model.forward(picture)
    expected = F.local_response_norm(seen.activations["conv1"], size, 3.0, beta, 1.5)
    assert torch.allclose(seen.activations["norm"], expected, rtol=1e-5, atol=1e-6)
    band = lrn_band(layer, 9, torch.zeros(()))
    assert int((band[:, 4] != 0).sum()) == size
    for channels in (9, 3, 1):  # windows wider than all channels, too
        x, band = torch.randn(5, channels), lrn_band(layer, channels, torch.zeros(()))
        for dim, rows in ((1, x), (0, x.T)):
            assert torch.allclose(neighbour_sum(layer, rows, dim), (x @ band if dim else (x @ band).T), atol=1e-5)
            back = x @ band.T if dim else (x @ band.T).T
            assert torch.allclose(neighbour_sum(layer, rows, dim, transposed=True), back, atol=1e-5)


def test_packed_rows_are_their_dense_matrix() -> None:
    """`dense` and `transposed_product` of int8 rows with scales, against numpy."""
    generator = np.random.default_rng(0)
    rows = generator.integers(-127, 128, (600, 37), dtype=np.int8)
    scale = generator.uniform(0.01, 0.1, 600).astype(np.float32)
    packed = PackedRows(torch.from_numpy(rows), torch.from_numpy(scale))
    matrix = rows.astype(np.float64) * scale.astype(np.float64)[:, None]
    signal = generator.normal(size=(2, 600))
    assert packed.shape == (600, 37)
    assert np.allclose(packed.dense(torch.float64).numpy(), matrix, rtol=1e-15)
    assert np.allclose(packed.transposed_product(torch.from_numpy(signal)).numpy(), signal @ matrix, rtol=1e-12)


def test_precision_follows_the_input() -> None:
    """A float64 tensor is computed in float64, whatever the weights' own precision; a picture in float32."""
    model = small_model()
    picture = model.input.to_tensor(small_pictures())
    double = model.forward(picture.double())
    assert {value.dtype for value in double.activations.values()} == {torch.float64}
    single = model.forward(picture)
    assert {value.dtype for value in single.activations.values()} == {torch.float32}
    assert float((double.probabilities - single.probabilities).abs().max()) < 1e-5


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_fast_path_takes_weights_of_any_precision(dtype: torch.dtype) -> None:
    """Weights stored in another floating-point type give what the same weights in float32 give."""
    weights = {name: value.to(dtype) for name, value in small_model().weights.items()}
    model = zf.Model(SMALL, weights)
    same = zf.Model(SMALL, {name: value.float() for name, value in weights.items()})
    assert digest(model.forward(small_pictures())) == digest(same.forward(small_pictures()))
    plain = model.forward(small_pictures(), reference=True)
    assert float((model.forward(small_pictures()).probabilities - plain.probabilities).abs().max()) < 1e-5


def test_packed_layers_of_any_size_on_the_fast_path() -> None:
    """int8 rows whose lengths no vector register divides (torch's product crashes on them) and some that it does."""
    for inside, outside in ((3, 1), (10, 7), (17, 5), (33, 31), (16, 5), (64, 100)):
        architecture = Architecture(
            "packed", "P", (Conv("conv1", inside, 2, 2), Linear("fc6", outside), ReLU("relu6"), Linear("fc8", 7)), 4
        )
        weights = quick_weights(architecture)
        rows = torch.randint(-127, 128, (outside, inside * 4), generator=torch.Generator().manual_seed(1))
        weights["fc6.weight"] = PackedRows(rows.to(torch.int8), torch.full((outside,), 0.001))
        model = zf.Model(architecture, weights)
        for count in (1, 3):
            pictures = np.random.default_rng(count).integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
            fast, plain = model.forward(pictures), model.forward(pictures, reference=True)
            scale = float(plain.activations["fc6"].abs().max())
            error = float((fast.activations["fc6"] - plain.activations["fc6"]).abs().max())
            assert error <= 1e-5 * scale, (inside, outside, count)


def test_a_network_without_fully_connected_layers_runs() -> None:
    """A purely convolutional declaration needs no classifier."""
    architecture = Architecture("maps", "Maps only", (Conv("conv1", 4, 3), ReLU("relu1"), MaxPool("pool1", 2, 2)), 8)
    seen = zf.random_model(architecture).forward(np.zeros((8, 8, 3), np.uint8))
    assert seen.activations["pool1"].shape == (1, 4, 3, 3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.zeros((32, 32, 3), np.float32), "must be uint8 .32, 32, 3., not float32"),
        (np.zeros((32, 31, 3), np.uint8), r"not uint8 \(32, 31, 3\)"),
        (np.zeros((32, 32), np.uint8), "must be uint8"),
        (np.zeros((32, 32, 4), np.uint8), "must be uint8"),
        (np.zeros((3, 32, 32), np.uint8), "must be uint8"),
        (np.zeros((0, 32, 32, 3), np.uint8), "must be uint8"),
        (np.zeros((1, 1, 32, 32, 3), np.uint8), "must be uint8"),
        (torch.zeros(3, 32, 32), r"tensor \(N, 3, 32, 32\), not torch.float32 \(3, 32, 32\)"),
        (torch.zeros(1, 32, 32, 3), "float32 or float64 tensor"),
        (torch.zeros(1, 3, 32, 32, dtype=torch.uint8), "not torch.uint8"),
        (torch.zeros(1, 3, 32, 32, dtype=torch.float16), "not torch.float16"),
        (torch.zeros(0, 3, 32, 32), "float32 or float64 tensor"),
        ([[0]], "numpy array or a tensor, not list"),
        (None, "numpy array or a tensor, not NoneType"),
        ("cat.jpg", "numpy array or a tensor, not str"),
    ],
)
def test_other_inputs_are_refused_in_words(given: object, words: str) -> None:
    """Wrong shape, type or kind: ValueError that says what was given and what is needed."""
    with pytest.raises(ValueError, match=words):
        small_model().forward(given)  # type: ignore[arg-type]


def test_weights_that_do_not_fit_are_refused_in_words() -> None:
    """Missing, superfluous, wrong shape, wrong type, not a number, badly packed; too few class names."""
    good = dict(small_model().weights)

    def refused(words: str, **changes: object) -> None:
        weights = {name: value for name, value in (good | changes).items() if value is not None}
        with pytest.raises(ValueError, match=words):
            zf.Model(SMALL, weights)  # type: ignore[arg-type]

    refused("do not fit small: they lack fc6.bias", **{"fc6.bias": None})
    refused("have conv9.weight too many", **{"conv9.weight": torch.zeros(1)})
    refused("lack conv1.bias and have conv9.bias too many", **{"conv1.bias": None, "conv9.bias": torch.zeros(8)})
    refused(
        r"conv1.weight has shape \(8, 3, 5, 4\); small needs \(8, 3, 5, 5\)",
        **{"conv1.weight": torch.zeros(8, 3, 5, 4)},
    )
    refused("conv1.bias holds torch.int64", **{"conv1.bias": torch.zeros(8, dtype=torch.int64)})
    for bad in (float("nan"), float("inf"), -float("inf")):
        broken = good["fc8.weight"].clone()  # type: ignore[union-attr]
        broken[2, 3] = bad
        refused("fc8.weight holds values that are not numbers", **{"fc8.weight": broken})
    rows = torch.zeros(SMALL.weight_shapes()["fc6.weight"], dtype=torch.int8)
    refused("not packed as int8", **{"fc6.weight": PackedRows(rows.int(), torch.ones(12))})
    refused("not packed as int8", **{"fc6.weight": PackedRows(rows, torch.ones(11))})
    refused("not numbers", **{"fc6.weight": PackedRows(rows, torch.full((12,), torch.nan))})
    with pytest.raises(ValueError, match="2 class names for a network of 5 classes"):
        zf.Model(SMALL, good, classes=("cat", "dog"))
    assert zf.Model(SMALL, good).classes == tuple(f"class {index}" for index in range(5))


def test_random_model_is_seeded_and_says_so() -> None:
    """The same seed gives the same weights, another seed others; it is not passed off as trained."""
    one, same, other = (zf.random_model(SMALL, seed) for seed in (1, 1, 2))
    assert all(torch.equal(one.weights[name], same.weights[name]) for name in one.weights)  # type: ignore[arg-type]
    assert not torch.equal(one.weights["conv1.weight"], other.weights["conv1.weight"])  # type: ignore[arg-type]
    assert not one.trained
    assert "random weights, seed 1" in one.provenance


def test_a_pass_can_keep_some_layers_alone(embedded: zf.Model, pictures: np.ndarray) -> None:
    """Of more pictures than are computed together, in any order; switches too; nothing above the last is computed."""
    many = np.concatenate([pictures, pictures[:, ::-1]])[:13]
    whole = embedded.forward(many)
    for layers in (["prob"], ["norm1", "pool5", "fc7"], ["conv2", "input"], ["fc8", "pool1"]):
        part = embedded.forward(many, keep=layers)
        assert set(part.activations) == set(layers)
        assert set(part.switches) == {layer for layer in layers if layer.startswith("pool")}
        for layer in layers:
            expected, found = whole.activations[layer], part.activations[layer]
            assert torch.allclose(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max())), layer
            if layer in part.switches:
                assert float((part.switches[layer] == whole.switches[layer]).float().mean()) > 0.999
    assert torch.equal(embedded.probabilities(many), embedded.forward(many, keep=["prob"]).probabilities)
    with pytest.raises(ValueError, match="conv9"):
        embedded.forward(many, keep=["conv9"])


def test_only_what_is_kept_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model()
    monkeypatch.setattr(FastKernels, "linear", lambda *_: pytest.fail("a layer above the last was computed"))
    layer = next(stage.name for stage in model.architecture.stages if stage.spatial and stage.parameters)
    assert set(model.forward(torch.randn(7, 3, 32, 32), keep=[layer]).activations) == {layer}
