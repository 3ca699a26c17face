"""Activation maximisation: what rises, what stays the same with a seed, and what is said when it cannot be done."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from engine_nets import quick_weights
from scipy.ndimage import gaussian_filter

import zfdesk.engine as zf
from zfdesk.engine.layers import Architecture, Conv, Linear, MaxPool, ReLU, Softmax
from zfdesk.synthesis import regularisers
from zfdesk.synthesis.maximise import AT_ONCE, Maximiser, finished, maximise, several
from zfdesk.synthesis.objectives import WHOLE, Objective, Term, along, between, of_class, of_unit, parse_objective
from zfdesk.synthesis.parametrisation import FourierParametrisation
from zfdesk.synthesis.recipes import RECIPES, MaximiseRecipe, Policy, recipe_called
from zfdesk.synthesis.steps import GradientStepper, as_pictures, as_tensor

LAYERS = (
    Conv("conv1", 6, 5, 2, 1), ReLU("relu1"), MaxPool("pool1", 3, 2, 1), Conv("conv2", 8, 3, 1, 1), ReLU("relu2"),
    Linear("fc6", 10), ReLU("relu6"), Linear("fc8", 5), Softmax("prob"),
)  # fmt: skip
NET = Architecture("small", "Small", LAYERS, 48)
SHORT = MaximiseRecipe(steps=8)


@pytest.fixture(scope="module")
def model() -> zf.Model:
    return zf.Model(NET, quick_weights(NET, seed=2), classes=("cat", "dog", "cup", "car", "tree"))


def placed(model: zf.Model, maker: Maximiser, picture: np.ndarray) -> zf.Pass:
    """The whole network's answer to a made picture at its place, on the mean."""
    mean = np.round(model.input.mean).astype(np.uint8)
    whole = np.broadcast_to(mean, (NET.size, NET.size, 3)).copy()
    top, left, bottom, right = maker.field
    whole[top:bottom, left:right] = picture
    return model.forward(whole)


@pytest.mark.parametrize("recipe", [SHORT, *(replace(recipe, steps=8) for recipe in RECIPES.values())])
@pytest.mark.parametrize("text", ["conv2:3", "class:dog", "conv2:1/map", "conv2:1@2,3 - 0.5*conv1:2"])
def test_every_recipe_raises_every_objective(model: zf.Model, recipe: MaximiseRecipe, text: str) -> None:
    if recipe.policy is Policy.CONSTANT:
        recipe = replace(recipe, rate=1000.0)  # this network's gradients are smaller than CaffeNet's
    objective = parse_objective(text, NET, model.classes.index)
    maker = Maximiser(model, [objective], recipe, start="mean")
    before = float(maker.true_values(maker.sketch().pictures)[0])
    for _ in range(recipe.steps):
        maker.step()
    assert maker.sketch().finished
    assert maker.sketch().values[0] > before


def test_a_small_unit_gets_its_filter_and_not_a_single_colour() -> None:
    """A first-layer unit likes nothing better than its own filter; smoothness that suits large fields must not win."""
    layers = (Conv("conv1", 4, 7, 2, 1), ReLU("relu1"), Linear("fc2", 3), Softmax("prob"))
    architecture = Architecture("first", "First", layers, 48)
    model = zf.random_model(architecture, 5)
    sketch = finished(maximise(model, [of_unit("conv1", unit) for unit in range(4)]))
    filters = model.weights["conv1.weight"].flatten(1).numpy()  # type: ignore[union-attr]
    pictures = sketch.pictures.transpose(0, 3, 1, 2)[:, :: -1 if model.input.order == "BGR" else 1].reshape(4, -1)
    likeness = [np.corrcoef(one, other)[0, 1] for one, other in zip(filters, pictures, strict=True)]
    assert min(likeness) > 0.5


def test_the_value_told_is_the_networks_own(model: zf.Model) -> None:
    maker = Maximiser(model, [of_unit("conv2", 3)], SHORT)
    for _ in range(8):
        maker.step()
    sketch = maker.sketch()
    y, x = NET.stage("conv2").shape[1] // 2, NET.stage("conv2").shape[2] // 2
    seen = placed(model, maker, sketch.pictures[0])
    assert float(seen.activations["conv2"][0, 3, y, x]) == pytest.approx(max(sketch.values[0], 0), rel=1e-3)


def test_a_seed_fixes_the_picture_whatever_it_is_made_with(model: zf.Model) -> None:
    alone = finished(maximise(model, [of_unit("conv2", 3)], SHORT, seed=5)).pictures[0].astype(int)
    together = finished(maximise(model, [of_unit("conv2", 1), of_unit("conv2", 3)], SHORT, seed=5)).pictures[1]
    other = finished(maximise(model, [of_unit("conv2", 3)], SHORT, seed=6)).pictures[0]
    assert np.abs(alone - together).max() <= 1  # products of other sizes round differently
    assert np.abs(alone - other).max() > 5


def test_many_are_made_together_and_the_layers_of_four_are_held_at_once(model: zf.Model) -> None:
    units, held = [of_unit("conv2", unit) for unit in range(7)], []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        held.append(tuple(tensor.shape))
        return tensor

    maker = Maximiser(model, units, SHORT, seed=5)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        maker.step()
    maps = [shape for shape in held if len(shape) == 4 and shape[1] == 6 and shape[2:] != (3, 3)]  # conv1's
    assert {shape[0] for shape in maps} == {AT_ONCE, 7 - AT_ONCE}
    while maker.steps_taken < SHORT.steps:
        maker.step()
    alone = finished(maximise(model, units[5:6], SHORT, seed=5))
    assert np.abs(alone.pictures[0].astype(int) - maker.sketch().pictures[5]).max() <= 1
    assert maker.sketch().values[5] == pytest.approx(alone.values[0], rel=1e-2)


def test_the_first_step_does_not_make_torch_import_sympy() -> None:
    """0.7 s in which the window gets no turn."""
    code = """
import sys, zfdesk.engine as zf
from zfdesk.synthesis import Maximiser, of_unit
Maximiser(zf.random_model(zf.Architecture("n", "N", (zf.Conv("conv1", 4, 3, 1, 1), zf.ReLU("relu1")), 16)),
          [of_unit("conv1", 2)]).step()
sys.exit("sympy" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_sketches_come_while_it_goes_on_and_the_last_is_marked(model: zf.Model) -> None:
    sketches = list(maximise(model, [of_unit("conv2", 3)], SHORT, every=3))
    assert [sketch.step for sketch in sketches] == [3, 6, 8]
    assert [sketch.finished for sketch in sketches] == [False, False, True]
    (first,) = islice(maximise(model, [of_unit("conv2", 3)], SHORT, every=3), 1)  # left: cancelled
    assert np.array_equal(first.pictures, sketches[0].pictures)
    assert not first.pictures.flags.writeable


def test_several_pictures_of_one_unit_differ_more_when_they_are_to(model: zf.Model) -> None:
    def spread(diversity: float) -> float:
        objectives, recipe = several(of_unit("conv2", 3), 3, replace(SHORT, steps=30, diversity=diversity))
        pictures = finished(maximise(model, objectives, recipe)).pictures.astype(float)
        return float(np.mean([np.abs(pictures[i] - pictures[j]).mean() for i in range(3) for j in range(i)]))

    assert spread(5.0) > spread(1e-9) > 0


def test_a_picture_to_start_from(model: zf.Model) -> None:
    picture = np.random.default_rng(0).integers(30, 220, (48, 48, 3), np.uint8)
    for recipe in (SHORT, replace(recipe_called("yosinski-3"), steps=1)):
        maker = Maximiser(model, [of_class(NET, 1)], recipe, start=picture)
        assert np.abs(maker.sketch().pictures[0].astype(int) - picture).max() <= 1
    with pytest.raises(ValueError, match="must be"):
        Maximiser(model, [of_class(NET, 1)], SHORT, start=picture[:40])


def test_a_unit_that_stays_silent_is_told(model: zf.Model) -> None:
    weights = dict(model.weights)
    weights["conv2.weight"] = weights["conv2.weight"].clone()
    weights["conv2.weight"][4] = 0
    weights["conv2.bias"] = weights["conv2.bias"].clone()
    weights["conv2.bias"][4] = -1
    dead = zf.Model(NET, weights)
    sketch = finished(maximise(dead, [of_unit("conv2", 3), of_unit("conv2", 4)], SHORT))
    assert sketch.notes == ("conv2:4 stayed silent (-1): no picture was found that excites it.",)


def test_values_that_are_no_numbers_take_the_step_back_and_halve_it() -> None:
    parameter = torch.ones(3)
    stepper = GradientStepper(parameter, 0.5)
    good = torch.ones(3)
    assert stepper.sound(good, torch.ones(1))
    stepper.adam(good)
    assert not stepper.sound(torch.tensor([1.0, math.nan, 1.0]), torch.ones(1))
    assert torch.equal(parameter, torch.ones(3))
    assert stepper.rate == 0.25
    assert stepper.notes == ["From step 1 on values were no numbers; the step was reduced to 0.25."]


def test_steps_far_too_long_are_reduced_or_given_up_in_words(model: zf.Model) -> None:
    sketch = finished(maximise(model, [of_unit("conv2", 3)], replace(SHORT, rate=1e38, steps=40)))
    assert np.isfinite(sketch.values).all()
    weights = dict(model.weights)
    weights["conv2.bias"] = torch.full_like(weights["conv2.bias"], 3e38)
    broken = zf.Model(NET, weights)
    with pytest.raises(ArithmeticError, match="no picture can be made"):
        finished(maximise(broken, [Objective((Term("conv2", 3, weight=1e30),))], replace(SHORT, steps=40)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("conv2:8", "units 0 to 7"), ("conv9:1", "no layer"), ("conv2:1@20,1", "outside"), ("conv2", "no objective"),
        ("class:sofa", "sofa"), ("conv2:1>2@3", "from 0 to 1"),
    ],
)  # fmt: skip
def test_objectives_that_do_not_exist_are_told(model: zf.Model, text: str, said: str) -> None:
    def index(name: str) -> int:
        if name not in model.classes:
            raise ValueError(f"no class {name}")
        return model.classes.index(name)

    with pytest.raises(ValueError, match=said):
        parse_objective(text, NET, index)


def test_objectives_in_words(model: zf.Model) -> None:
    def words(text: str) -> str:
        return parse_objective(text, NET, model.classes.index).description(model.classes, NET.class_layers)

    assert words("conv2:3") == "conv2:3"
    assert words("class:dog - class:cat") == "dog (fc8:1) + -1 × cat (fc8:0)".replace("+ -", "− ")
    assert words("0.5*conv2:3 + .5*conv1:2@4,5") == "0.5 × conv2:3 + 0.5 × conv1:2 at (4, 5)"
    assert words("conv2:3>5@0.25") == "0.75 × conv2:3 + 0.25 × conv2:5"


def test_objectives_add_up(model: zf.Model) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    seen = model.forward(picture)

    def value(objective: Objective) -> float:
        return float(Maximiser(model, [objective], SHORT, start=picture).true_values(picture[None])[0])

    scores = seen.activations["fc8"][0, :, 0, 0]
    assert value(parse_objective("class:1 - 0.5*class:2", NET, int)) == pytest.approx(
        float(scores[1] - scores[2] / 2), rel=1e-3
    )
    direction = torch.tensor([0.0, 3.0, 0.0, 4.0, 0.0])
    assert value(along("fc8", direction)) == pytest.approx(float(0.6 * scores[1] + 0.8 * scores[3]), rel=1e-3)
    assert value(between("fc8", 1, 2, 0.25)) == pytest.approx(float(0.75 * scores[1] + 0.25 * scores[2]), rel=1e-3)
    whole = value(of_unit("conv1", 2, WHOLE))
    assert whole <= float(seen.activations["conv1"][0, 2].mean()) + 1e-3  # before the rectification


def test_yosinskis_four_are_those_published() -> None:
    found = [
        (one.decay, one.blur_radius, one.blur_every, one.small_norm_percentile, one.small_contribution_percentile)
        for one in (RECIPES[f"yosinski-{number}"] for number in (1, 2, 3, 4))
    ]
    assert found == [(0, 0.5, 4, 50, 0), (0.3, 0, 0, 20, 0), (0.0001, 1.0, 4, 0, 0), (0, 0.5, 4, 0, 90)]
    assert [RECIPES[f"yosinski-{number}"].steps for number in (1, 2, 3, 4)] == [500, 750, 1000, 1000]


@pytest.mark.parametrize("radius", [0.5, 1.0, 2.3])
def test_the_blur_is_scipys(radius: float) -> None:
    pictures = torch.randn(2, 3, 20, 15, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    wanted = gaussian_filter(pictures.numpy(), radius, axes=(2, 3))
    assert np.abs(regularisers.blurred(pictures, radius).numpy() - wanted).max() < 1e-12


def test_clipping_takes_the_lower_part() -> None:
    mean = torch.zeros(3, 1, 1)
    pictures = torch.arange(1.0, 13).view(1, 1, 3, 4).expand(1, 3, 3, 4)
    kept = regularisers.clipped(pictures, mean, regularisers.norms(pictures, mean), 50)
    assert (kept[0, 0] > 0).sum() == 6
    gradient = torch.zeros(1, 3, 3, 4)
    gradient[0, :, 1, 2] = -1
    weight = regularisers.contributions(pictures, mean, gradient)
    assert (regularisers.clipped(pictures, mean, weight, 95)[0, 0] > 0).nonzero().tolist() == [[1, 2]]


def test_transformations_look_at_the_middle_and_move_no_further_than_they_may() -> None:
    canvas = torch.rand(2, 3, 30, 34, generator=torch.Generator().manual_seed(1))
    generators = [torch.Generator().manual_seed(one) for one in (0, 1)]
    still = regularisers.RandomTransform(0, 0, 0)
    assert torch.equal(still(canvas, (20, 24), generators), canvas[:, :, 5:25, 5:29])
    barely = regularisers.RandomTransform(0, 1e-9, 0)
    assert torch.allclose(barely(canvas, (20, 24), generators), canvas[:, :, 5:25, 5:29], atol=1e-4)
    shifted = regularisers.RandomTransform(5, 0, 0)(canvas, (20, 24), generators)
    places = [
        (y, x) for y in range(11) for x in range(11) if torch.equal(shifted[0], canvas[0, :, y : y + 20, x : x + 24])
    ]
    assert len(places) == 1


def test_frequencies_give_a_picture_back_and_have_its_gradient() -> None:
    picture = np.random.default_rng(0).integers(5, 250, (2, 17, 22, 3), np.uint8)
    back = as_pictures(FourierParametrisation(as_tensor(picture)).pictures())
    assert np.abs(back.astype(int) - picture).max() <= 1
    canvas = FourierParametrisation(as_tensor(picture[:1], torch.float64), slope=1.3)

    def of(parameter: torch.Tensor) -> torch.Tensor:
        canvas.parameter = parameter
        return canvas.pictures()[0, :, 3, 4]

    assert torch.autograd.gradcheck(of, (canvas.parameter,))


@pytest.mark.parametrize(
    "wrong",
    [{"steps": 0}, {"rate": -1.0}, {"rate": math.nan}, {"scale": 1.5}, {"blur_radius": 1.0}, {"decay": 2.0}],
)
def test_recipes_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"recipe|Decay"):
        MaximiseRecipe(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no recipe"):
        recipe_called("grandma")


@pytest.mark.parametrize("name", sorted(zf.ARCHITECTURES))
def test_every_declared_architecture_can_be_maximised(name: str) -> None:
    architecture = zf.ARCHITECTURES[name](10)
    convolutions = [stage for stage in architecture.stages if isinstance(stage.layer, Conv)]
    layer = convolutions[2].name if len(convolutions) < 8 else "conv2_1"
    until = architecture.index(layer) + 1
    # the layers up to it and a small head: the rest would be made for nothing
    kept = tuple(
        one for one in architecture.layers if one.name in {stage.name for stage in architecture.stages[:until]}
    )
    small = Architecture(name, name, (*kept, ReLU("last"), MaxPool("down", 7, 7), Linear("fc8", 3)), architecture.size)
    model = zf.Model(small, quick_weights(small, seed=1))
    sketches = list(maximise(model, [of_unit(layer, 1)], replace(SHORT, steps=2), every=1))
    assert np.isfinite(sketches[-1].values).all()
    assert sketches[-1].pictures.shape[1] == small.stage(layer).receptive_field.size
