"""Shifted, enlarged and turned pictures against Pillow and slices, and what the network makes of them by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import zfdesk.engine as zf
from zfdesk.experiments.invariance import (
    Transformation,
    around,
    invariance,
    invariance_layers,
    paper_amounts,
    transformed,
)
from zfdesk.resources import resource


@pytest.fixture(scope="module")
def frame() -> np.ndarray:
    return np.asarray(Image.open(resource("demo/chelsea.jpg")).convert("RGB"))


@pytest.fixture(scope="module")
def canvas(frame: np.ndarray) -> np.ndarray:
    return around(frame, zf.centre_box(*frame.shape[:2]), 224)


@pytest.fixture(scope="module")
def small() -> zf.Model:
    """Layers by the paper's names, on 32 pixels."""
    layers = (
        zf.Conv("conv1", 6, 3, 1, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 2, 2), zf.LRN("norm1"),
        zf.Conv("conv2", 8, 3, 1, 1), zf.ReLU("relu2"), zf.MaxPool("pool5", 2, 2),
        zf.Linear("fc6", 30), zf.ReLU("relu6"), zf.Linear("fc7", 20), zf.ReLU("relu7"), zf.Linear("fc8", 5),
        zf.Softmax("prob"),
    )  # fmt: skip
    return replace(zf.random_model(zf.Architecture("small", "Small", layers, 32), seed=3), name="small")


def middle(canvas: np.ndarray, size: int = 224) -> np.ndarray:
    pad = (len(canvas) - size) // 2
    return canvas[pad : pad + size, pad : pad + size]


def test_the_middle_is_what_the_network_sees(frame: np.ndarray, canvas: np.ndarray) -> None:
    assert np.abs(middle(canvas).astype(int) - zf.centre_crop(frame)).max() <= 1
    for change, nothing in (
        (Transformation.TRANSLATION, 0),
        (Transformation.SCALE, 1),
        (Transformation.ROTATION, 0),
        (Transformation.ROTATION, 360),
    ):
        assert np.array_equal(transformed(canvas, 224, change, [nothing])[0], middle(canvas))


@pytest.mark.parametrize("shift", [-60, -7, 1, 60])
def test_a_shift_is_a_slice(canvas: np.ndarray, shift: int) -> None:
    """Positive is down: row 0 shows what stood ``shift`` rows above the crop."""
    pad = (len(canvas) - 224) // 2
    expected = canvas[pad - shift : pad - shift + 224, pad : pad + 224]
    assert np.array_equal(transformed(canvas, 224, Transformation.TRANSLATION, [shift])[0], expected)


def test_beyond_the_photograph_is_grey(frame: np.ndarray) -> None:
    """A crop of the whole height: shifted by 60, 60 rows of nothing, then the photograph as it was."""
    height, width = frame.shape[:2]
    canvas = around(frame, zf.centre_box(height, width, 1.0), 224)
    down, up = transformed(canvas, 224, Transformation.TRANSLATION, [60, -60])
    assert (down[:60] == 128).all()
    assert (up[-60:] == 128).all()
    assert np.array_equal(down[60:], middle(canvas)[:-60])
    assert not (down[60] == 128).all()


@pytest.mark.parametrize("degrees", [10, 45, 90, 180, 200, 350])
def test_a_turn_is_pillows(canvas: np.ndarray, degrees: int) -> None:
    """Both anticlockwise about the centre with bilinear interpolation; Pillow cuts the fraction off."""
    expected = middle(np.asarray(Image.fromarray(canvas).rotate(degrees, Image.Resampling.BILINEAR)))
    found = transformed(canvas, 224, Transformation.ROTATION, [degrees])[0]
    assert np.abs(found.astype(int) - expected).max() <= 1
    if degrees == 90:
        assert np.array_equal(found, np.rot90(middle(canvas)))


@pytest.mark.parametrize("factor", [1.05, 1.4, 1.8])
def test_an_enlargement_is_pillows(canvas: np.ndarray, factor: float) -> None:
    half = len(canvas) / 2
    data = (1 / factor, 0, half - half / factor, 0, 1 / factor, half - half / factor)
    turned = Image.fromarray(canvas).transform(
        (len(canvas), len(canvas)), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR
    )
    found = transformed(canvas, 224, Transformation.SCALE, [factor])[0]
    assert np.abs(found.astype(int) - middle(np.asarray(turned))).max() <= 1


def test_the_papers_amounts() -> None:
    shifts, scales, turns = (paper_amounts(change) for change in Transformation)
    assert (shifts.min(), shifts.max(), len(shifts)) == (-60, 60, 25)
    assert 0 in shifts
    assert (scales.min(), scales.max(), len(scales)) == (1, 1.8, 17)
    assert turns.tolist() == list(range(0, 360, 10))
    assert paper_amounts(Transformation.TRANSLATION, 32).tolist() == list(range(-9, 10))


def test_the_papers_layers() -> None:
    named = {name: invariance_layers(make()) for name, make in zf.ARCHITECTURES.items()}
    assert named["zfnet"] == ("norm1", "fc7")
    assert named["vgg16"] == ("pool1", "fc7")
    for name, layers in named.items():
        for layer in layers:
            assert zf.ARCHITECTURES[name]().stage(layer)


def test_distances_and_probabilities_by_hand(small: zf.Model, frame: np.ndarray) -> None:
    canvases = [around(frame, (60, 40, 260, 240), 32), around(frame[:, ::-1].copy(), (100, 60, 280, 240), 32)]
    told: list[tuple[int, int]] = []
    found = invariance(
        small, canvases, Transformation.ROTATION, progress=lambda done, total: told.append((done, total))
    )
    assert told[-1] == (2 * 37, 2 * 37)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert found.distances.keys() == {"norm1", "fc7"}
    assert found.classes == tuple(
        int(small.forward(middle(canvas, 32)).probabilities[0].argmax()) for canvas in canvases
    )
    for row, canvas in enumerate(canvases):
        clean = small.forward(middle(canvas, 32), reference=True)
        for place in (0, 5, 35):
            seen = small.forward(transformed(canvas, 32, Transformation.ROTATION, [10 * place])[0], reference=True)
            for layer, distances in found.distances.items():
                changed = (seen.activations[layer] - clean.activations[layer]).double().flatten()
                expected = math.sqrt(sum(float(value) ** 2 for value in changed))
                assert distances[row, place] == pytest.approx(expected, rel=1e-4, abs=1e-4)
            assert found.probabilities[row, place] == pytest.approx(
                float(seen.probabilities[0, found.classes[row]]), abs=1e-6
            )
    given = invariance(small, canvases, Transformation.SCALE, [1.0, 1.5], ["conv2"], [4, 0])
    assert given.classes == (4, 0)
    assert given.distances["conv2"].shape == (2, 2)
    assert given.probabilities[1, 0] == pytest.approx(
        float(small.forward(middle(canvases[1], 32)).probabilities[0, 0]), abs=1e-5
    )


def test_what_cannot_be(small: zf.Model, canvas: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"enlarged 1 times or more, not 0\.5"):
        transformed(canvas, 224, Transformation.SCALE, [0.5])
    with pytest.raises(ValueError, match="shows more than the 348 pixels"):
        transformed(canvas, 224, Transformation.TRANSLATION, [70])
    with pytest.raises(ValueError, match="no layer 'conv9'"):
        invariance(small, [canvas], Transformation.SCALE, layers=["conv9"])
    with pytest.raises(ValueError, match="There is no class 5; there are 0 to 4"):
        invariance(small, [canvas], Transformation.SCALE, classes=[5])
    with pytest.raises(ValueError, match="2 classes for 1 pictures"):
        invariance(small, [canvas], Transformation.SCALE, classes=[1, 2])
