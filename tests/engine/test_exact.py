"""What the engine computes fast is what float64 gives, to 1e-5: on pictures of all kinds, odd and covered ones too.

Activations are held to 1e-5 of their layer's largest value, probabilities to 1e-5. float64 goes another way altogether:
plain convolutions over dense weights.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from engine_nets import quick_weights

import zfdesk.engine as zf
from zfdesk.engine import packed_rows
from zfdesk.engine.kernels import dense
from zfdesk.engine.layers import Architecture, Conv, Linear, ReLU, Softmax
from zfdesk.engine.packed_rows import HalfRows, IntegerRows, PackedRows, multiplies_integers, reads_half_precision

EXACT = 1e-5
CAT, COVERED_CAT = 6, 10
"""Places among `odd`."""


@pytest.fixture(scope="module")
def odd(pictures: np.ndarray) -> np.ndarray:
    """Photographs, whole and covered, blank ones, a single bright pixel, noise, stripes; uint8 (N, 224, 224, 3)."""
    blank = np.zeros((224, 224, 3), np.uint8)
    one, stripes = blank.copy(), blank.copy()
    one[100, 100], stripes[::2] = 255, 255
    noise = np.random.default_rng(0).integers(0, 256, blank.shape, np.uint8)
    made = [blank, blank + 255, blank + 128, one, stripes, noise, pictures[5], pictures[1]]
    occluders = (zf.Occluder(60, 70, 80, 80), zf.Occluder(-20, 150, 90, 200, zf.OccluderShape.ELLIPSE))
    covered = [
        zf.occlude(picture, occluders[:count]) for picture in (noise, pictures[5], pictures[8]) for count in (1, 2)
    ]
    return np.stack([*made, *covered])


def in_float64(model: zf.Model, pictures: np.ndarray) -> zf.Pass:
    return model.forward(model.input.to_tensor(pictures).double())


def assert_exact(found: zf.Pass, expected: zf.Pass) -> None:
    assert list(found.activations) == list(expected.activations)
    for name, value in expected.activations.items():
        error = (found.activations[name].double() - value).abs().flatten(1).amax(1)
        largest = value.abs().flatten(1).amax(1)
        allowed = EXACT * torch.ones_like(largest) if name == "prob" else EXACT * largest
        assert bool((error <= allowed).all()), (name, (error / largest).tolist())


@pytest.fixture(scope="module")
def exact(embedded: zf.Model, odd: np.ndarray) -> zf.Pass:
    return in_float64(embedded, odd)


def test_a_pass_of_one_and_of_many_equals_float64(embedded: zf.Model, odd: np.ndarray, exact: zf.Pass) -> None:
    """The five most probable classes come in the same order, too."""
    many = embedded.forward(odd)
    assert_exact(many, exact)
    for number, picture in enumerate(odd):
        assert_exact(embedded.forward(picture), exact.select(number))
    for ours, theirs in zip(many.probabilities, exact.probabilities, strict=True):
        told = theirs[ours.argsort(descending=True)[:5]]
        assert torch.allclose(told, theirs.sort(descending=True).values[:5], rtol=0, atol=2 * EXACT)


def test_a_changed_rectangle_equals_float64_from_either_side(embedded: zf.Model, pictures: np.ndarray) -> None:
    """Covered, and uncovered again: from the covered picture's pass to the clean one's."""
    for number, occluder in enumerate(
        (zf.Occluder(60, 70, 80, 80), zf.Occluder(-20, 190), zf.Occluder(100, 100, 1, 1))
    ):
        clean = pictures[number + 4]
        covered = zf.occlude(clean, [occluder])
        expected = in_float64(embedded, np.stack([clean, covered]))
        assert_exact(zf.forward_changed(embedded.forward(clean), clean, covered), expected.select(1))
        assert_exact(zf.forward_changed(embedded.forward(covered), covered, clean), expected.select(0))


def test_a_changed_rectangle_as_far_up_as_the_clean_pass(embedded: zf.Model, pictures: np.ndarray) -> None:
    clean, covered = pictures[5], zf.occlude(pictures[5], [zf.Occluder(60, 70)])
    part = zf.forward_changed(embedded.forward(clean, until="conv3"), clean, covered)
    whole = zf.forward_changed(embedded.forward(clean), clean, covered)
    assert list(part.activations) == list(whole.activations)[: embedded.architecture.index("conv3") + 1]
    assert torch.equal(part.activations["conv3"], whole.activations["conv3"])


def test_the_units_without_an_answer_are_those_of_float64(embedded: zf.Model, odd: np.ndarray, exact: zf.Pass) -> None:
    """Which units a picture wakes: whoever is told apart from zero only by less than the rounding may be either."""
    many = embedded.forward(odd)
    for stage in embedded.architecture.stages:
        if stage.rectified:
            ours, theirs = (one.activations[stage.name].flatten(2).amax(2) for one in (many, exact))
            doubtful = EXACT * theirs.amax(1, keepdim=True)
            assert not bool((((ours > 0) != (theirs > 0)) & (ours + theirs > doubtful)).any()), stage.name
    for name in ("conv5", "fc6", "fc7"):  # of the cat, where all are clear
        ours, theirs = (one.activations[name][CAT].flatten(1).amax(1) > 0 for one in (many, exact))
        assert int(ours.sum()) == int(theirs.sum()), name


@pytest.mark.parametrize("number", [CAT, COVERED_CAT])
def test_reconstructions_equal_those_of_float64(
    embedded: zf.Model, odd: np.ndarray, exact: zf.Pass, number: int
) -> None:
    """By each rule. A gate that rounding opens or shuts moves them by a little more than the rounding itself."""
    found, expected = embedded.forward(odd[number]), exact.select(number)
    for layer in ("conv5", "fc6", "fc7", "fc8", "prob"):
        unit = expected.strongest_unit(layer)
        for rule in zf.Rule:
            ours, theirs = (zf.reconstruct(one, zf.Seed(layer, unit), rule).values for one in (found, expected))
            assert np.abs(ours - theirs).max() <= 1e-4 * np.abs(theirs).max(), (layer, rule)


def odd_rows() -> Iterator[tuple[PackedRows, int]]:
    """int8 rows of lengths that no vector register divides, with the extreme integers among them."""
    generator = torch.Generator().manual_seed(1)
    for outside, inside in ((1, 12), (7, 40), (5, 68), (31, 132), (100, 256), (5, 4097), (16, 9216)):
        rows = torch.randint(-128, 128, (outside, inside), generator=generator).to(torch.int8)
        rows[0, 0], rows[0, -1] = -128, 127
        yield PackedRows(rows, torch.rand(outside, generator=generator) * 1e-3), inside


@pytest.mark.parametrize(
    ("product", "error"),
    [
        pytest.param(
            HalfRows,
            1e-6,
            marks=pytest.mark.skipif(not reads_half_precision(), reason="torch cannot do it here"),
        ),
        pytest.param(
            IntegerRows, 2e-7, marks=pytest.mark.skipif(not multiplies_integers(), reason="the processor has no VNNI")
        ),
    ],
)
def test_products_with_int8_rows_are_exact(product: type[HalfRows | IntegerRows], error: float) -> None:
    """Rows of any length and any number of pictures, with inputs that half precision or one byte could not hold, of
    either sign, all zero, and of very different size."""
    for weight, inside in odd_rows():
        multiply = product(weight)
        for count in (1, 2, 3, 5, 8, 33):
            random = torch.Generator().manual_seed(count)
            signed = torch.randn(count, inside, generator=random) * 70000
            signed[0, :3] = torch.tensor([1e-4, 3e5, -2e5])[: signed.shape[1]]
            bias = torch.randn(weight.shape[0])
            for x in (signed.relu() + 2.0**-20, signed, torch.zeros(count, inside), signed.relu() * 1e-20):
                expected = F.linear(x.double(), weight.dense(torch.float64), bias.double())
                size = x.double().abs() @ weight.dense(torch.float64).abs().T + bias.abs()
                allowed = error * size.amax(1, keepdim=True)
                assert bool(((multiply(x, bias).double() - expected).abs() <= allowed).all())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_stays_none(value: float) -> None:
    """A layer below may have overflowed: plausible scores of such values would be a lie."""
    weight = PackedRows(torch.full((3, 8), 5, dtype=torch.int8), torch.ones(3))
    for product in [HalfRows] * reads_half_precision() + [IntegerRows] * multiplies_integers():
        x = torch.ones(2, 8)
        x[1, 3] = value
        found = product(weight)(x, torch.zeros(3))
        assert bool(torch.isfinite(found[0]).all())
        assert not bool(torch.isfinite(found[1]).any())


def test_all_ways_to_multiply_int8_rows_give_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """In bytes, in half precision, and where a processor has neither in float32."""
    architecture = Architecture(
        "packed",
        "P",
        (Conv("conv1", 8, 3, 2), Linear("fc6", 100), ReLU("relu6"), Linear("fc8", 7), Softmax("prob")),
        16,
    )
    weights = quick_weights(architecture)
    for name, (outside, inside) in (("fc6", (100, 392)), ("fc8", (7, 100))):
        rows = torch.randint(-127, 128, (outside, inside), generator=torch.Generator().manual_seed(1))
        weights[f"{name}.weight"] = PackedRows(rows.to(torch.int8), torch.full((outside,), 0.0001))
    pictures = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
    expected = zf.Model(architecture, {name: dense(one, torch.float64) for name, one in weights.items()})
    exact = in_float64(expected, pictures)
    for missing in ((), ("multiplies_integers",), ("reads_half_precision",)):
        for function in missing:
            monkeypatch.setattr(packed_rows, function, lambda: False)
        assert_exact(zf.Model(architecture, weights).forward(pictures), exact)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_that_are_not_numbers_are_refused(embedded: zf.Model, value: float, dtype: torch.dtype) -> None:
    """They would come back as zeros after the first rectification, and as probabilities that look right."""
    x = torch.zeros(2, 3, 224, 224, dtype=dtype)
    x[1, 2, 223, 7] = value
    for reference in (False, True):
        with pytest.raises(ValueError, match="The input holds values that are not numbers"):
            embedded.forward(x, reference=reference)
