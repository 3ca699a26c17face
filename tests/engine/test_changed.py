"""A pass computed only where a rectangle changed the picture equals the full pass."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.engine.changed import changed_window, forward_changed
from zfdesk.engine.kernels import dense


def noise(seed: int = 0, size: int = 224) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)


@pytest.mark.parametrize("name", [name for name in zf.ARCHITECTURES if name != "vgg16"])
def test_equals_the_full_pass_in_every_architecture(name: str) -> None:
    model = zf.random_model(zf.ARCHITECTURES[name](10))
    _compare(model, zf.Occluder(77, 91, 50, 41))


@pytest.mark.slow
def test_equals_the_full_pass_in_vgg16() -> None:
    _compare(zf.random_model(zf.ARCHITECTURES["vgg16"](10)), zf.Occluder(77, 91, 50, 41))


@pytest.mark.parametrize(
    "occluders",
    [
        (zf.Occluder(-20, -20),),
        (zf.Occluder(200, 200),),
        (zf.Occluder(-10, 100, 30, 9),),
        (zf.Occluder(101, 223, 7, 60),),
        (zf.Occluder(0, 0, 224, 224),),
        (zf.Occluder(110, 111, 1, 1),),
        (zf.Occluder(10, 10, 13, 17), zf.Occluder(150, 160, 31, 8, zf.OccluderShape.ELLIPSE, zf.OccluderFill.NOISE)),
    ],
)
def test_equals_the_full_pass_at_borders_and_with_several_squares(occluders: tuple[zf.Occluder, ...]) -> None:
    model = zfdesk.weights.load()
    _compare(model, *occluders)
    _compare(
        replace(model, weights={name: dense(one, torch.float32) for name, one in model.weights.items()}), *occluders
    )


def _compare(model: zf.Model, *occluders: zf.Occluder) -> None:
    before = noise()
    after = zf.occlude(before, occluders)
    clean = model.forward(before)
    kept = {name: value.clone() for name, value in clean.activations.items()}
    ours, full = forward_changed(clean, before, after), model.forward(after)
    assert float((ours.probabilities - full.probabilities).abs().max()) <= 1e-5
    for name, value in full.activations.items():
        scale = float(value.abs().max()) or 1.0
        assert float((ours.activations[name] - value).abs().max()) <= 1e-5 * scale, name
    for name, value in full.switches.items():
        below = full.activations[model.architecture.stages[model.architecture.index(name) - 1].name]
        # where two values are nearly equal either may win; what the switch points at must be the maximum
        found = below.flatten(2).gather(2, ours.switches[name].flatten(2)).view_as(full.activations[name])
        torch.testing.assert_close(found, full.activations[name], rtol=1e-4, atol=1e-4 * float(found.abs().max()))
        assert value.shape == ours.switches[name].shape
    for name, value in kept.items():
        assert torch.equal(value, clean.activations[name]), f"{name} of the clean pass was written to"


def test_random_squares_in_float64_are_exact() -> None:
    model = zf.random_model(zf.ARCHITECTURES["zfnet-no67"](7), dtype=torch.float64)
    generator = np.random.default_rng(3)
    before = noise(1)
    clean = model.forward(model.input.to_tensor(before[None]).double())
    for _ in range(6):
        top, left = (int(v) for v in generator.integers(-40, 223, 2))
        height, width = (int(v) for v in generator.integers(1, 120, 2))
        after = zf.occlude(before, [zf.Occluder(max(top, 1 - height), max(left, 1 - width), height, width)])
        ours = forward_changed(clean, before, after)
        full = model.forward(model.input.to_tensor(after[None]).double())
        for name, value in full.activations.items():
            torch.testing.assert_close(ours.activations[name], value, rtol=1e-10, atol=1e-10)
        for name, value in full.switches.items():
            assert torch.equal(ours.switches[name], value), name


def test_the_same_picture_needs_no_pass() -> None:
    model = zf.random_model(zf.ARCHITECTURES["zfnet-no67"](7))
    picture = noise(2)
    clean = model.forward(picture)
    assert forward_changed(clean, picture, picture.copy()) is clean
    assert changed_window(picture, picture) is None


def test_a_batch_is_refused_in_words() -> None:
    model = zf.random_model(zf.ARCHITECTURES["zfnet-no67"](7))
    picture = noise(2)
    with pytest.raises(ValueError, match="one picture"):
        forward_changed(model.forward(np.stack([picture, picture])), picture, noise(3))


COVERED_IN_MANY_SIZES = """
import numpy as np, psutil, zfdesk.engine as zf, zfdesk.weights
model, random = zfdesk.weights.load(), np.random.default_rng(0)
picture = random.integers(0, 256, (224, 224, 3), np.uint8)
clean, held = model.forward(picture), []
for turn in range(150):
    height, width = (int(side) for side in random.integers(1, 224, 2))
    covered = zf.occlude(picture, (zf.Occluder(5, 5, height, width),), model.input.mean)
    zf.forward_changed(clean, picture, covered)
    held.append(psutil.Process().memory_info().rss)
print(held[-1] - held[0])
"""


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="oneDNN is what keeps it")
def test_what_was_made_for_a_size_is_not_kept_for_ever() -> None:
    """By itself oneDNN keeps a megabyte or two for each size of a covered part that it ever saw."""
    done = subprocess.run([sys.executable, "-c", COVERED_IN_MANY_SIZES], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 160e6
