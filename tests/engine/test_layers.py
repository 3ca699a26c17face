"""What is derived from a declaration: shapes, receptive fields, parameters, multiply-adds; for every architecture."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from engine_nets import quick_weights, random_architecture
from torch import Tensor

import zfdesk.engine as zf
from zfdesk.engine.layers import LRN, Architecture, Conv, Linear, MaxPool, ReLU, Softmax

EVERY = pytest.mark.parametrize("name", zf.ARCHITECTURES)

# PAPER.md, "Architecture (Fig. 3)": shape, parameters, multiply-adds
ZFNET = {
    "conv1": ((96, 110, 110), 14_208, 170_755_200),
    "pool1": ((96, 55, 55), 0, 0),
    "norm1": ((96, 55, 55), 0, 0),
    "conv2": ((256, 26, 26), 614_656, 415_334_400),
    "pool2": ((256, 13, 13), 0, 0),
    "norm2": ((256, 13, 13), 0, 0),
    "conv3": ((384, 13, 13), 885_120, 149_520_384),
    "conv4": ((384, 13, 13), 1_327_488, 224_280_576),
    "conv5": ((256, 13, 13), 884_992, 149_520_384),
    "pool5": ((256, 6, 6), 0, 0),
    "fc6": ((4096, 1, 1), 37_752_832, 37_748_736),
    "fc7": ((4096, 1, 1), 16_781_312, 16_777_216),
    "fc8": ((1000, 1, 1), 4_097_000, 4_096_000),
    "prob": ((1000, 1, 1), 0, 0),
}

# PAPER.md, "Receptive field (size, jump) of one unit"
ZFNET_FIELDS = {
    "conv1": (7, 2), "pool1": (11, 4), "norm1": (11, 4), "conv2": (27, 8), "pool2": (43, 16), "conv3": (75, 16),
    "conv4": (107, 16), "conv5": (139, 16), "pool5": (171, 32), "fc6": (224, 224), "fc7": (224, 224),
    "fc8": (224, 224),
}  # fmt: skip

# Parameters at 1000 classes, counted by hand from the paper's tables or told by the authors of the model
# (torchvision's and pytorchcv's documentation).
CONVOLUTIONS = 14_208 + 614_656 + 885_120 + 1_327_488 + 884_992
PARAMETERS = {
    "zfnet": 62_357_608,
    "zfnet-512-1024-512": 14_208 + 614_656 + (256 * 9 + 1) * 512 + (512 * 9 + 1) * 1024 + (1024 * 9 + 1) * 512
    + (512 * 36 + 1) * 4096 + 16_781_312 + 4_097_000,
    "zfnet-fc2048": CONVOLUTIONS + (9216 + 1) * 2048 + (2048 + 1) * 2048 + (2048 + 1) * 1000,
    "zfnet-fc8192": CONVOLUTIONS + (9216 + 1) * 8192 + (8192 + 1) * 8192 + (8192 + 1) * 1000,
    "zfnet-no34": 14_208 + 614_656 + (256 * 9 + 1) * 256 + 37_752_832 + 16_781_312 + 4_097_000,
    "zfnet-no7": 62_357_608 - 16_781_312,
    "zfnet-no67": CONVOLUTIONS + (9216 + 1) * 1000,
    "zfnet-no3467": 14_208 + 614_656 + (256 * 9 + 1) * 256 + (9216 + 1) * 1000,
    "zfnet-11-4": 62_357_608 - 96 * 3 * 49 + 96 * 3 * 121,
    "pytorchcv-zfnet": 62_357_608,
    "pytorchcv-zfnetb": 107_627_624,
    "zfnet512": 14_208 + 614_656 + (256 * 9 + 1) * 512 + 2 * (512 * 9 + 1) * 512 + (512 * 36 + 1) * 4096
    + (4096 + 1) * 1024 + (1024 + 1) * 1000,
    "alexnet": 61_100_840,
    "vgg16": 138_357_544,
}  # fmt: skip


def shapes(architecture: Architecture) -> dict[str, tuple[int, int, int]]:
    return {stage.name: stage.shape for stage in architecture.stages}


def summing_twin(architecture: Architecture, picture: Tensor) -> dict[str, Tensor]:
    """Convolutions and pools of the declared geometry, one map, every weight 1: its gradient is nonzero exactly where
    a unit can see. ``picture``: (1, 1, size, size) float64. Gives the maps by stage name."""
    x, maps = picture, {"input": picture}
    for layer in architecture.layers:
        match layer:
            case Conv(name, _, kernel, stride, padding):
                x = F.conv2d(x, x.new_ones(1, 1, kernel, kernel), None, stride, padding)
                x = x / kernel**2
            case MaxPool(name, kernel, stride, padding, ceil):
                x = F.avg_pool2d(x, kernel, stride, padding, ceil_mode=ceil)
            case Linear(name):
                break
            case _:
                name = layer.name
        maps[name] = x
    return maps


def test_zfnet_is_the_papers_table() -> None:
    """Shapes, parameters and multiply-adds of Fig. 3, layer by layer and in sum."""
    architecture = zf.ARCHITECTURES["zfnet"]()
    found = {stage.name: (stage.shape, stage.parameters, stage.multiply_adds) for stage in architecture.stages[1:]}
    assert found == ZFNET
    assert architecture.stages[0].shape == (3, 224, 224)
    assert architecture.parameters == 62_357_608
    assert architecture.multiply_adds == sum(entry[2] for entry in ZFNET.values())
    millions = {name: round(entry[2] / 1e6, 1) for name, entry in ZFNET.items() if name.startswith("conv")}
    assert millions == {"conv1": 170.8, "conv2": 415.3, "conv3": 149.5, "conv4": 224.3, "conv5": 149.5}
    assert round(sum(ZFNET[name][2] for name in ("fc6", "fc7", "fc8")) / 1e6, 1) == 58.6


def test_zfnet_receptive_fields_are_the_papers() -> None:
    """Size and jump as PAPER.md lists them; the offset of conv1 is its padding."""
    architecture = zf.ARCHITECTURES["zfnet"]()
    for name, field in ZFNET_FIELDS.items():
        seen = architecture.stage(name).receptive_field
        assert (seen.size, seen.jump) == field, name
    assert architecture.stage("conv1").receptive_field.offset == -1
    assert architecture.stage("pool1").receptive_field.offset == -1 - 2
    assert architecture.stage("pool2").receptive_field.offset == -1 - 2 - 8
    assert architecture.stage("conv5").receptive_field.offset == -1 - 2 - 8 - 3 * 16


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_equal_an_independent_count(name: str) -> None:
    """Weights and biases of each network, against a count made another way, and against its own weight shapes."""
    architecture = zf.ARCHITECTURES[name]()
    assert architecture.parameters == PARAMETERS[name]
    assert sum(int(np.prod(shape)) for shape in architecture.weight_shapes().values()) == PARAMETERS[name]


def test_table_3_variants_have_the_declared_shapes() -> None:
    """What Table 3 changes is changed, and nothing else."""
    plain = shapes(zf.ARCHITECTURES["zfnet"]())

    def changed(name: str) -> dict[str, tuple[int, int, int] | None]:
        found = shapes(zf.ARCHITECTURES[name]())
        assert found.keys() <= plain.keys()
        return {layer: found.get(layer) for layer in plain if found.get(layer) != plain[layer]}

    wide = {"conv3": (512, 13, 13), "conv4": (1024, 13, 13), "conv5": (512, 13, 13), "pool5": (512, 6, 6)}
    assert changed("zfnet-512-1024-512") == wide
    assert changed("zfnet-fc2048") == {"fc6": (2048, 1, 1), "fc7": (2048, 1, 1)}
    assert changed("zfnet-fc8192") == {"fc6": (8192, 1, 1), "fc7": (8192, 1, 1)}
    assert changed("zfnet-no34") == {"conv3": None, "conv4": None}
    assert changed("zfnet-no7") == {"fc7": None}
    assert changed("zfnet-no67") == {"fc6": None, "fc7": None}
    assert changed("zfnet-no3467") == {"conv3": None, "conv4": None, "fc6": None, "fc7": None}
    small = {layer: (channels, 27, 27) for layer, channels in (("pool1", 96), ("norm1", 96), ("conv2", 256))}
    assert changed("zfnet-11-4") == {"conv1": (96, 55, 55), **small}
    assert zf.ARCHITECTURES["zfnet-11-4"]().stage("conv1").layer == Conv("conv1", 96, 11, 4, 2)


def test_zfnet_pools_before_it_normalises_and_pytorchcv_after() -> None:
    """Fig. 3: convolution, rectification, pooling, contrast normalisation, in this order, in layers 1 and 2."""
    order = [type(layer) for layer in zf.ARCHITECTURES["zfnet"]().layers]
    assert order[:8] == [Conv, ReLU, MaxPool, LRN] * 2
    assert order[8:] == [Conv, ReLU] * 3 + [MaxPool] + [Linear, ReLU] * 2 + [Linear, Softmax]
    assert [type(layer) for layer in zf.ARCHITECTURES["pytorchcv-zfnet"]().layers][:8] == [Conv, ReLU, LRN, MaxPool] * 2
    found = shapes(zf.ARCHITECTURES["pytorchcv-zfnet"]())
    assert [found[name][1] for name in ("conv1", "pool1", "conv2", "pool2", "conv5", "pool5")] == [
        110,
        55,
        26,
        13,
        13,
        6,
    ]


def test_relatives_have_their_published_shapes() -> None:
    """torchvision's AlexNet and VGG-16, the zoo's zfnet512."""
    alexnet = shapes(zf.ARCHITECTURES["alexnet"]())
    assert [alexnet[name] for name in ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5")] == [
        (64, 55, 55), (64, 27, 27), (192, 27, 27), (192, 13, 13),
        (384, 13, 13), (256, 13, 13), (256, 13, 13), (256, 6, 6),
    ]  # fmt: skip
    vgg = zf.ARCHITECTURES["vgg16"]()
    assert [vgg.stage(f"pool{block}").shape for block in range(1, 6)] == [
        (64, 112, 112), (128, 56, 56), (256, 28, 28), (512, 14, 14), (512, 7, 7),
    ]  # fmt: skip
    assert sum(isinstance(layer, Conv) for layer in vgg.layers) == 13
    zoo = shapes(zf.ARCHITECTURES["zfnet512"]())
    assert [zoo[name] for name in ("conv1", "pool1", "conv2", "pool2", "conv4", "pool5")] == [
        (96, 109, 109), (96, 54, 54), (256, 25, 25), (256, 12, 12), (512, 12, 12), (512, 6, 6),
    ]  # fmt: skip


@EVERY
def test_receptive_field_is_where_a_unit_can_see(name: str) -> None:
    """Size, jump and offset: the gradient of a unit of the all-ones network is nonzero in its box and nowhere else."""
    architecture = zf.ARCHITECTURES[name](classes=2)
    picture = torch.ones(1, 1, architecture.size, architecture.size, dtype=torch.float64, requires_grad=True)
    maps = summing_twin(architecture, picture)
    for stage in architecture.stages:
        if not stage.spatial:
            continue
        _, height, width = stage.shape
        assert maps[stage.name].shape[2:] == (height, width), stage.name
        for y, x in ((0, 0), (height // 2, width // 3), (height - 1, width - 1)):
            (gradient,) = torch.autograd.grad(maps[stage.name][0, 0, y, x], picture, retain_graph=True)
            top, left, bottom, right = stage.receptive_field.box(y, x)
            expected = torch.zeros(architecture.size, architecture.size, dtype=torch.bool)
            expected[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
            assert torch.equal(gradient[0, 0] != 0, expected), (stage.name, y, x)


def test_rows_that_reach_nothing_are_in_no_field() -> None:
    """zfnet512's strides leave a rest: its classes never see the last five rows and columns (autograd finds where)."""
    architecture = zf.ARCHITECTURES["zfnet512"](classes=2)
    picture = torch.ones(1, 1, 224, 224, dtype=torch.float64, requires_grad=True)
    last = [stage for stage in architecture.stages if stage.spatial][-1]
    (gradient,) = torch.autograd.grad(summing_twin(architecture, picture)[last.name].sum(), picture)
    reached = (gradient[0, 0] != 0).nonzero()
    assert reached.amax(0).tolist() == [218, 218]
    assert architecture.stage("fc8").receptive_field.box(0, 0) == (0, 0, 219, 219)
    assert architecture.stage(last.name).receptive_field.box(5, 5)[2:] == (219, 219)
    seen = zf.cut_field(np.full((224, 224, 3), 9, np.uint8), architecture.stage("fc8").receptive_field, (0, 0))
    assert seen.shape[:2] in ((219, 219), (224, 224))
    assert zf.ARCHITECTURES["zfnet"]().stage("fc8").receptive_field.box(0, 0) == (0, 0, 224, 224)


def test_pixels_outside_the_receptive_field_never_matter(embedded: zf.Model, cat: zf.Pass) -> None:
    """On the real network: noise everywhere outside the box leaves the unit as it is; inside, it changes it."""
    body = Architecture("body", "ZFNet without its fc layers", embedded.architecture.layers[:-6])
    model = zf.Model(body, {name: embedded.weights[name] for name in body.weight_shapes()})
    picture = cat.activations["input"]
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 60
    for name, y, x in (("conv2", 11, 20), ("pool2", 4, 7), ("conv3", 6, 6), ("conv5", 2, 9), ("pool5", 3, 2)):
        top, left, bottom, right = (max(edge, 0) for edge in body.stage(name).receptive_field.box(y, x))
        inside = torch.zeros_like(picture, dtype=torch.bool)
        inside[:, :, top:bottom, left:right] = True
        assert not inside.all()
        before = cat.activations[name][0, :, y, x]
        for changed, same in ((~inside, True), (inside, False)):
            after = model.forward(torch.where(changed, noise, picture)).activations[name][0, :, y, x]
            assert torch.allclose(before, after, rtol=1e-12, atol=1e-12) is same, (name, same)


def test_random_geometries_have_torchs_shapes_and_fields() -> None:
    """300 random stacks of convolutions and pools, rounding up or down: torch's own shapes and gradient support."""
    rng = random.Random(7)
    for _ in range(300):
        architecture = random_architecture(rng, normalised=False, head=False)
        size = architecture.size
        picture = torch.ones(1, 1, size, size, dtype=torch.float64, requires_grad=True)
        maps = summing_twin(architecture, picture)
        for stage in architecture.stages:
            _, height, width = stage.shape
            assert maps[stage.name].shape[2:] == (height, width), architecture.layers
            y, x = rng.randrange(height), rng.randrange(width)
            (gradient,) = torch.autograd.grad(maps[stage.name][0, 0, y, x], picture, retain_graph=True)
            rows, columns = (gradient[0, 0] != 0).nonzero().unbind(1)
            top, left, bottom, right = stage.receptive_field.box(y, x)
            # strides larger than kernels leave holes, also at the border: nothing outside, and the box is not too wide
            assert rows.min() >= top
            assert rows.max() < bottom
            assert columns.min() >= left
            assert columns.max() < right
            if top >= 0 and bottom <= size:
                assert (int(rows.min()), int(rows.max()) + 1) == (top, bottom), architecture.layers


def test_unit_at_finds_the_nearest_centre() -> None:
    """For every pixel, no other unit's centre is nearer; outside the map the border unit is given."""
    stage = zf.ARCHITECTURES["zfnet"]().stage("conv5")
    seen = stage.receptive_field
    centres = np.array([seen.offset + (seen.size - 1) / 2 + place * seen.jump for place in range(13)])
    for pixel in range(224):
        y, x = seen.unit_at(pixel, 223 - pixel, stage.shape)
        assert abs(centres[y] - pixel) == np.abs(centres - pixel).min()
        assert abs(centres[x] - (223 - pixel)) == np.abs(centres - (223 - pixel)).min()
    assert seen.unit_at(-500, 5000, stage.shape) == (0, 12)
    for y in range(13):
        top, _, bottom, _ = seen.box(y, y)
        assert seen.unit_at((top + bottom - 1) / 2, (top + bottom - 1) / 2, stage.shape) == (y, y)


@EVERY
def test_every_architecture_runs_and_walks_down_from_every_layer(name: str) -> None:
    """Forward fast and plain, then each layer's strongest unit down to the pixels; ten classes, to save time."""
    architecture = zf.ARCHITECTURES[name](classes=10)
    model = zf.Model(architecture, quick_weights(architecture))
    picture = np.random.default_rng(3).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    seen = model.forward(picture)
    plain = model.forward(picture, reference=True)
    assert list(seen.activations) == [stage.name for stage in architecture.stages]
    for stage in architecture.stages:
        assert seen.activations[stage.name].shape == (1, *stage.shape)
        largest = float(plain.activations[stage.name].abs().max())
        assert float((seen.activations[stage.name] - plain.activations[stage.name]).abs().max()) <= 1e-3 * largest
    assert seen.probabilities.shape == (1, 10)
    assert float(seen.probabilities.sum()) == pytest.approx(1, abs=1e-5)
    for stage in architecture.stages[1:]:
        made = zf.reconstruct(seen, zf.Seed(stage.name, seen.strongest_unit(stage.name)))
        assert made.values.shape == (224, 224, 3)
        assert np.isfinite(made.values).all()
        assert np.abs(made.values).max() > 0, stage.name
        if stage.spatial:
            (position,) = made.positions
            top, left, bottom, right = stage.receptive_field.box(*position)
            clipped = (max(top, 0), max(left, 0), min(bottom, 224), min(right, 224))
            if name == "zfnet512" and max(clipped) == 224:  # its last five rows and columns are seen by no unit
                assert all(edge in (whole, 219) for edge, whole in zip(made.window, clipped, strict=True)), stage.name
            else:
                assert made.window == clipped, stage.name


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ((Conv("conv1", 4, 30),), "smaller than its kernel"),
        ((Conv("conv1", 4, 3), Conv("conv1", 4, 3)), "share a name"),
        ((Conv("conv1", 4, 3, 1, 3),), "padding less than the kernel"),
        ((Conv("conv1", 4, 3, 0),), "stride must be at least 1"),
        ((Conv("conv1", 4, 3), MaxPool("pool1", 3, 2, 2)), "at most half its kernel"),
        ((ReLU("relu0"),), "must follow a convolution"),
        ((Conv("conv1", 4, 3), MaxPool("pool1", 2, 2), ReLU("relu1")), "must follow a convolution"),
    ],
)
def test_impossible_declarations_are_refused_in_words(layers: tuple[zf.layers.LayerSpec, ...], words: str) -> None:
    """A declaration that cannot be computed says which layer is wrong, and how."""
    with pytest.raises(ValueError, match=words):
        _ = Architecture("wrong", "Wrong", layers, 16).stages


def test_the_layers_whose_units_are_classes() -> None:
    for make in zf.ARCHITECTURES.values():
        assert make(7).class_layers == ("fc8", "prob")
    assert zf.Architecture("bare", "", (zf.Conv("c", 4, 3), zf.Linear("fc", 4)), 9).class_layers == ("fc",)


def test_a_missing_layer_is_named_with_those_there_are() -> None:
    """`Architecture.stage` and `index` answer a wrong name with the right ones."""
    architecture = zf.ARCHITECTURES["zfnet"]()
    with pytest.raises(ValueError, match="zfnet has no layer 'conv9'; it has input, conv1, pool1, norm1"):
        architecture.stage("conv9")
    assert architecture.index("input") == 0
    assert architecture.index("conv2") == 4
    assert architecture.classes == 1000
    assert architecture.stage("conv5").spatial
    assert not architecture.stage("fc6").spatial
