"""The registry of methods, and what it says where it cannot answer."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from engine_nets import quick_weights

import zfdesk.engine as zf
from zfdesk.attribution import METHODS, Options, attribute, class_target
from zfdesk.attribution.cam import teach_cam_head
from zfdesk.attribution.methods import occluder_of
from zfdesk.attribution.registry import method
from zfdesk.cancellation import Cancelled, cancellable
from zfdesk.engine.layers import LRN, Architecture, Conv, Linear, MaxPool, ReLU, Softmax

LAYERS = (
    Conv("conv1", 6, 3, 2, 1), ReLU("relu1"), MaxPool("pool1", 2, 2), LRN("norm1"),
    Conv("conv2", 8, 3, 1, 1), ReLU("relu2"), Linear("fc6", 10), ReLU("relu6"), Linear("fc8", 5), Softmax("prob"),
)  # fmt: skip
NET = Architecture("small", "Small", LAYERS, 64)


@pytest.fixture(scope="module")
def model() -> zf.Model:
    return zf.Model(NET, quick_weights(NET, seed=2))


@pytest.fixture(scope="module")
def seen(model: zf.Model) -> zf.Pass:
    return model.forward(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))


@pytest.fixture(scope="module")
def head(model: zf.Model):
    pictures = np.random.default_rng(1).integers(0, 256, (12, 64, 64, 3), np.uint8)
    return teach_cam_head(model, pictures, [number % 5 for number in range(12)])


@pytest.mark.parametrize("name", METHODS)
def test_every_method_answers_for_a_class(seen: zf.Pass, name: str, head) -> None:
    found = attribute(seen, class_target(seen.model, 3), name, Options(samples=2, steps=2, head=head))
    assert found.heat.shape == (64, 64)
    assert found.heat.min() >= 0
    assert np.isfinite(found.values).all()
    assert not found.values.flags.writeable
    assert METHODS[name].label in found.description()
    assert "class 3" in found.description()


@pytest.mark.parametrize("name", [name for name, one in METHODS.items() if not one.classes_only])
@pytest.mark.parametrize("kind", [zf.SeedKind.MAX, zf.SeedKind.TOPK, zf.SeedKind.MAP])
def test_every_method_answers_for_a_unit(seen: zf.Pass, name: str, kind: zf.SeedKind) -> None:
    unit = seen.strongest_unit("conv2")
    found = attribute(seen, zf.Seed("conv2", unit, kind, k=3), name, Options(samples=2, steps=2))
    assert found.heat.max() > 0


@pytest.mark.parametrize("name", ["deconvnet", "guided", "gradient"])
def test_the_walks_are_the_engines(seen: zf.Pass, name: str) -> None:
    seed = zf.Seed("conv2", seen.strongest_unit("conv2"))
    assert METHODS[name].walk
    assert np.array_equal(attribute(seen, seed, name).values, zf.reconstruct(seen, seed, name).values)


def test_the_three_walks_are_the_engines_rules() -> None:
    assert [name for name, one in METHODS.items() if one.walk] == [str(rule) for rule in zf.Rule]


def test_occlusion_falls_where_the_sweep_does(seen: zf.Pass) -> None:
    picture = seen.model.input.to_pictures(seen.activations["input"])[0]
    *_, swept = zf.sweep(seen, picture, zf.SweepPlan(*occluder_of(64)), "conv2")
    found = attribute(seen, class_target(seen.model, 2), "occlusion").values
    drop = float(swept.clean_probabilities[2]) - swept.probability(2)
    row, column = 6, 6
    top, left = swept.positions[row, column]
    y, x = top + 7, left + 7  # the square's centre lies between two pixels a side
    assert found[y - 1 : y + 1, x - 1 : x + 1].mean() == pytest.approx(drop[row, column], abs=0.1 * float(np.ptp(drop)))
    assert occluder_of(224) == (50, 16)


def test_a_head_tells_what_it_is_and_maps_what_it_was_taught(seen: zf.Pass, head) -> None:
    found = attribute(seen, class_target(seen.model, 1), "cam", Options(head=head))
    maps = seen.activations["conv2"][0]
    assert torch.allclose(
        torch.from_numpy(found.values.copy()), torch.einsum("k,khw->hw", head.weight[1], maps).double(), atol=1e-5
    )
    assert "taught 5 classes from 12 pictures with a folder's classes" in found.description()


def test_a_head_from_the_networks_own_answers(model: zf.Model) -> None:
    pictures = np.random.default_rng(3).integers(0, 256, (40, 64, 64, 3), np.uint8)
    pictures[20:] //= 4
    answers = set(model.forward(pictures).probabilities.argmax(1).tolist())
    if len(answers) < 2:
        pytest.skip("these weights give all pictures one answer")
    head = teach_cam_head(model, pictures)
    assert set(head.indices) == answers
    assert "own answers" in head.description()


@pytest.mark.parametrize(
    ("layer", "unit", "name", "options", "said"),
    [
        ("fc8", 9, "saliency", Options(), "no unit 9"),
        ("conv9", 0, "saliency", Options(), "no layer 'conv9'"),
        ("fc8", 1, "telepathy", Options(), "no method 'telepathy'"),
        ("conv2", 1, "occlusion", Options(), "answers for classes"),
        ("fc8", 1, "gradcam", Options(layer="fc6"), "fc6 has no maps"),
        ("conv1", 1, "gradcam", Options(layer="conv2"), "no maps below conv1"),
        ("conv1", 1, "gradcam", Options(), "no convolution"),
        ("fc8", 1, "cam", Options(), "CAM needs a head"),
    ],
)
def test_what_cannot_be_answered_is_said(
    seen: zf.Pass, layer: str, unit: int, name: str, options: Options, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        attribute(seen, zf.Seed(layer, unit), name, options)


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="Two methods"):
        method("gradcam", "", "", "")(METHODS["gradcam"].function)


def test_the_names_are_known_without_torch_and_numpy() -> None:
    program = (
        "import sys; from zfdesk.attribution import METHODS; "
        "print(len(METHODS), 'torch' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(METHODS)), "False", "False"]


@pytest.mark.parametrize("name", ["smoothgrad", "integrated", "occlusion"])
def test_a_method_that_takes_long_ends_where_it_is_when_it_is_cancelled(seen: zf.Pass, name: str) -> None:
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise Cancelled

    with cancellable(check), pytest.raises(Cancelled):
        attribute(seen, class_target(seen.model, 1), name)
    assert asked == 3
