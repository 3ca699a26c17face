"""Orders: what they make is what their makers make, and everything that decides it is said."""

from __future__ import annotations

import json

import numpy as np
import psutil
import pytest
from engine_nets import quick_weights
from PIL import Image

import zfdesk.engine as zf
from zfdesk.cancellation import Cancelled, cancellable
from zfdesk.engine.differentiable import Differentiable
from zfdesk.engine.layers import Architecture, Conv, Linear, MaxPool, ReLU, Softmax
from zfdesk.synthesis import (
    Maximiser,
    MaximiseRecipe,
    StyleSource,
    dream,
    finished,
    fool,
    invert,
    maximise,
    of_class,
    of_unit,
    several,
    texture,
    transfer,
)  # fmt: skip
from zfdesk.synthesis.orders import (
    BATCH,
    Order,
    State,
    dream_order,
    fool_order,
    inversion_order,
    layer_order,
    style_order,
    texture_order,
    units_order,
)
from zfdesk.synthesis.recipes import RECIPES, recipe_text
from zfdesk.synthesis.sheet import contact_sheet, png_bytes

LAYERS = (
    Conv("conv1", 8, 3, 1, 1), ReLU("relu1"), MaxPool("pool1", 2, 2), Conv("conv2", BATCH + 3, 3, 1, 1), ReLU("relu2"),
    MaxPool("pool2", 2, 2), Linear("fc8", 5), Softmax("prob"),
)  # fmt: skip
NET = Architecture("small", "Small", LAYERS, 32)
CHANCE = np.random.default_rng(0)
PICTURE = np.kron(CHANCE.integers(30, 220, (4, 4, 3)), np.ones((8, 8, 1))).astype(np.uint8)
OTHER = np.kron(CHANCE.integers(30, 220, (16, 16, 3)), np.ones((2, 2, 1))).astype(np.uint8)


@pytest.fixture(scope="module")
def model() -> zf.Model:
    weights = quick_weights(NET, seed=2)
    return zf.Model(NET, {name: weight * (0.2 if name.startswith("fc8") else 1) for name, weight in weights.items()})


def last(order: Order) -> np.ndarray:
    made = order.made(finished(order.sketches()))
    assert made.state is State.DONE
    assert len(made.names) == len(made.pictures) == len(made.sketch.values)
    return made.pictures


def test_each_makes_what_its_maker_makes(model: zf.Model) -> None:
    recipe = MaximiseRecipe(steps=3)
    pictures = last(units_order(model, [of_unit("conv2", 1), of_unit("conv2", 4)], recipe, seed=5))
    assert np.array_equal(
        pictures, finished(maximise(model, [of_unit("conv2", 1), of_unit("conv2", 4)], recipe, seed=5)).pictures
    )
    shown = last(fool_order(model, PICTURE, 2, 6.0, steps=4))
    assert np.array_equal(shown[0], PICTURE)
    assert np.array_equal(shown[1], finished(fool(model, PICTURE, 2, 6.0, steps=4)).pictures[0])
    dreamt = finished(dream(model, PICTURE, "conv2", 3, 2, 2, seed=1)).pictures
    assert np.array_equal(last(dream_order(model, PICTURE, "conv2", 3, 2, 2, seed=1)), dreamt)
    row = last(inversion_order(model, PICTURE, steps=12, seed=3))
    assert len(row) == 4  # the picture, conv1, conv2, fc8
    for place, layer in enumerate(("conv1", "conv2", "fc8"), 1):
        assert np.array_equal(row[place], finished(invert(model, PICTURE, layer, 12, seed=3)).pictures[0])
    woven = finished(texture(model, OTHER, steps=3, seed=2)).pictures
    assert np.array_equal(last(texture_order(model, OTHER, 3, 2)), woven)
    mixed = finished(
        transfer(model, PICTURE, [StyleSource(OTHER, 0.3), StyleSource(PICTURE, 0.7)], 2.0, steps=3)
    ).pictures
    styled = style_order(model, PICTURE, [(OTHER, 0.3, "o"), (PICTURE, 0.7, "p")], 2.0, 3)
    assert np.array_equal(last(styled), mixed)


def test_a_layer_is_made_batch_by_batch_and_each_as_it_would_be_alone(model: zf.Model) -> None:
    order, steps = layer_order(model, "conv2", MaximiseRecipe(steps=2), seed=1), 2
    sketches = list(order.sketches())
    assert [sketch.step for sketch in sketches] == [1, 2, 3, 4]
    assert all(sketch.steps == 2 * steps for sketch in sketches)
    first, final = sketches[1], sketches[-1]
    assert (first.pictures[BATCH:] == 128).all()
    assert np.isnan(first.values[BATCH:]).all()
    assert np.array_equal(first.pictures[:BATCH], final.pictures[:BATCH])
    alone = finished(maximise(model, [of_unit("conv2", BATCH + 1)], MaximiseRecipe(steps=2), seed=1))
    assert np.abs(final.pictures[BATCH + 1].astype(int) - alone.pictures[0]).max() <= 1
    assert order.description.targets[BATCH + 1] == ("conv2", BATCH + 1)


def test_everything_that_decides_a_picture_is_said(model: zf.Model) -> None:
    said = units_order(model, [of_unit("conv2", 1)] * 2, RECIPES["yosinski-2"], "mean", 9).description.text
    for part in ("conv2:1", "2 different pictures", "yosinski-2: 750 steps", "decay 0.3", "mean", "seed 9", "Small"):
        assert part in said, part
    for order, parts in (
        (
            fool_order(model, PICTURE, 2, 6.0, steps=4, picture_text="cat.jpg"),
            ("cat.jpg", "(2)", "6 of 255", "4 proj"),
        ),
        (dream_order(model, PICTURE, "conv1", 2, 3, 4, 2.5, 8), ("conv1:2", "3 octaves", "4 steps", "2.5", "seed 8")),
        (inversion_order(model, PICTURE, ("conv2",), 7, 6), ("conv2", "7 steps", "seed 6")),
        (texture_order(model, PICTURE, 11, 12), ("conv1, conv2", "11 steps", "seed 12", "VGG-16")),
        (style_order(model, PICTURE, [(OTHER, 1.0, "waves")], 0.5, 13), ("1 × waves", "weight 0.5", "13 steps")),
    ):
        for part in (*parts, "weights"):
            assert part.casefold() in order.description.text.casefold(), part


def test_every_number_of_a_recipe_that_is_on_is_in_its_words() -> None:
    for recipe in RECIPES.values():
        said = recipe_text(recipe)
        for name, value in vars(recipe).items():
            if isinstance(value, float) and value and name not in ("rate", "slope", "progress"):
                assert f"{value:g}" in said, (recipe.name, name)


def test_what_cannot_be_made_is_said_at_once(model: zf.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    for order, words in (
        (lambda: units_order(model, [], MaximiseRecipe()), "Nothing is chosen"),
        (lambda: units_order(model, [of_unit("conv2", 99)], MaximiseRecipe()), "99"),
        (lambda: fool_order(model, PICTURE, 9), "no class 9"),
        (lambda: dream_order(model, PICTURE, "fc8"), "no maps"),
        (lambda: inversion_order(model, PICTURE, ("conv7",)), "conv7"),
    ):
        with pytest.raises(ValueError, match=words):
            order()

    class Full:
        available = 1000

    def computed(*_: object) -> None:
        pytest.fail("Something is computed though there is no memory for it.")

    monkeypatch.setattr(psutil, "virtual_memory", Full)
    monkeypatch.setattr(Differentiable, "__call__", computed)
    many, recipe = several(of_unit("conv2", 1), 4, MaximiseRecipe())
    for order in (
        lambda: units_order(model, [of_unit("conv2", 1)], MaximiseRecipe()), lambda: units_order(model, many, recipe),
        lambda: fool_order(model, PICTURE, 1), lambda: dream_order(model, PICTURE, "conv2"),
        lambda: inversion_order(model, PICTURE, ("conv2",)), lambda: texture_order(model, PICTURE),
        lambda: style_order(model, PICTURE, [(OTHER, 1.0, "waves")]),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"memory, and .* are free"):
            next(order().sketches())


def test_a_style_too_large_is_said_before_anything_is_computed(
    model: zf.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Differentiable, "__call__", lambda *_: pytest.fail("The style is computed."))
    with pytest.raises(ValueError, match="1030 × 40 is too large"):
        next(style_order(model, PICTURE, [(np.zeros((1030, 40, 3), np.uint8), 1.0, "tall")]).sketches())


@pytest.mark.parametrize("after", [1, 4, 6, 10])
def test_a_step_under_way_is_cut_off_between_two_layers(model: zf.Model, after: int) -> None:
    """A class's step goes up five layers and down again: it ends at whichever it has come to."""
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked == after:
            raise Cancelled

    maker = Maximiser(model, [of_class(NET, 1)], MaximiseRecipe())
    before = maker.sketch().pictures
    with cancellable(check), pytest.raises(Cancelled):
        maker.step()
    assert asked == after
    assert np.array_equal(maker.sketch().pictures, before)
    maker.step()  # nobody may cancel any more
    assert asked == after


def test_a_file_holds_all_that_is_said(model: zf.Model, tmp_path: object) -> None:
    order = fool_order(model, PICTURE, 2, 6.0, steps=2)
    made = order.made(next(order.sketches()), State.CANCELLED)
    data = png_bytes(contact_sheet(made.pictures, 3), made.facts)
    path = f"{tmp_path}/a.png"
    with open(path, "wb") as file:
        file.write(data)
    with Image.open(path) as picture:
        text = picture.text  # type: ignore[attr-defined]
    assert text["words"] == made.description.text
    assert text["state"] == "cancelled"
    assert json.loads(text["names"]) == list(made.names)
