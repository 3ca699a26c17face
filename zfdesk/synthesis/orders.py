"""What is to be made, said in full before it is made, and what came of it: pictures that explain themselves.

    order = units_order(model, [of_unit("conv5", 17)], MaximiseRecipe())
    for sketch in order.sketches():
        made = order.made(sketch)      # pictures, a name for each, and all that decides them

Each way to make a picture has one function that gives an `Order`; it raises ValueError for what cannot be
made, as far as that is known without computing anything. Window, figures and sessions know orders, not methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any

import numpy as np

from zfdesk.engine import Model
from zfdesk.progress import percent_text
from zfdesk.synthesis.dream import dream
from zfdesk.synthesis.fooling import Norm, fool, magnified
from zfdesk.synthesis.inversion import invert
from zfdesk.synthesis.maximise import MEAN, NOISE, Maximiser, Start
from zfdesk.synthesis.objectives import Objective, of_unit
from zfdesk.synthesis.recipes import MaximiseRecipe, recipe_text
from zfdesk.synthesis.steps import Sketch
from zfdesk.synthesis.style import StyleSource, advice, content_layer, style_layers, texture, transfer

BATCH = 16
"""Pictures that are made together; more are made one batch after the other."""


class State(StrEnum):
    """The state of a computation that makes pictures."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True)
class Description:
    """All that decides pictures which are made, and how they are shown.

    method: how they are made; title: of what, short; text: everything, in sentences. network: SHA-256 of its weights,
    or their name. columns: in which they are shown, 0 for as square as it comes. targets: the (layer, unit) of each
    picture, or none. after: the number of the picture that is what was made; before: of the one it was made from, -1
    where that is not among them.
    """

    method: str
    title: str
    text: str
    network: str = ""
    columns: int = 0
    targets: tuple[tuple[str, int], ...] = ()
    before: int = -1
    after: int = 0


@dataclass(frozen=True, eq=False)
class Made:
    """Pictures as they are now, with all that decides them. names: of each picture, with what it reached."""

    description: Description
    sketch: Sketch
    names: tuple[str, ...]
    state: State = State.RUNNING

    @property
    def pictures(self) -> np.ndarray:
        """uint8 (N, height, width, 3) RGB, read-only."""
        return self.sketch.pictures

    @property
    def facts(self) -> dict[str, Any]:
        """All but the pictures, for the text chunks of a PNG; by names that stay."""
        about, sketch = self.description, self.sketch
        return {
            "method": about.method, "title": about.title, "words": about.text, "names": self.names,
            "values": sketch.values.tolist(), "step": sketch.step, "steps": sketch.steps, "state": self.state.value,
            "notes": sketch.notes, "network": about.network, "targets": about.targets,
        }  # fmt: skip

    @property
    def state_text(self) -> str:
        """ "" for what is done; else how far it came."""
        if self.state is State.DONE:
            return ""
        return f"{self.state.value} at step {self.sketch.step} of {self.sketch.steps}"


@dataclass(frozen=True, eq=False)
class Order:
    """What is to be made. ``sketches``: begins to make it; ``names``: of each picture of a sketch."""

    description: Description
    sketches: Callable[[], Iterator[Sketch]]
    names: Callable[[Sketch], tuple[str, ...]]

    def made(self, sketch: Sketch, state: State = State.RUNNING) -> Made:
        """A sketch with its explanation; one that is finished is done, whatever ``state``."""
        return Made(self.description, sketch, self.names(sketch), State.DONE if sketch.finished else state)


def network_name(model: Model) -> str:
    """What tells one network from another: its SHA-256, or its name where it has none."""
    return model.sha256 or model.name


def network_text(model: Model) -> str:
    """zfnet-v2 (SHA-256 8cf9edf234bf)."""
    name = model.name or (model.architecture.title if model.trained else f"{model.architecture.title}, random")
    return f"weights {name} (SHA-256 {model.sha256[:12]})" if model.sha256 else f"weights {name}"


# Activation maximisation


def units_order(
    model: Model, objectives: Sequence[Objective], recipe: MaximiseRecipe, start: Start = NOISE, seed: int = 0,
    start_text: str = "", title: str = "",
) -> Order:  # fmt: skip
    """Pictures that excite objectives, one each; the same objective again gets another. See `maximise`.

    Raises ValueError for no objective, or one that does not exist.
    """
    if not objectives:
        raise ValueError("Nothing is chosen that a picture could be made for.")
    classes, layers = model.classes, model.architecture.class_layers
    for objective in objectives:
        objective.windows(model.architecture)
    texts = [objective.description(classes, layers) for objective in objectives]
    first = objectives[: min(BATCH, len(objectives))]
    same = len(set(texts)) == 1
    began = start_text or (str(start) if isinstance(start, str) else "a picture")
    what = texts[0] if same else f"{title or f'{texts[0]} to {texts[-1]}'}, {len(texts)} pictures"
    many = f", {len(texts)} different pictures" if same and len(texts) > 1 else ""
    text = (
        f"Activation maximisation of {what}{many}: values before rectification. Recipe {recipe_text(recipe)}. "
        f"Start: {began}; seed {seed}. {_capital(network_text(model))}."
    )

    def names(sketch: Sketch) -> tuple[str, ...]:
        names_of_pictures = texts if not same or len(texts) == 1 else [f"{number + 1}" for number in range(len(texts))]
        return tuple(
            f"{name} · {value:.3g}" if np.isfinite(value) else name
            for name, value in zip(names_of_pictures, sketch.values, strict=True)
        )

    alone = all(len(objective.terms) == 1 and objective.terms[0].direction is None for objective in objectives)
    targets = tuple((one.terms[0].layer, one.terms[0].unit) for one in objectives) if alone else ()

    def sketches() -> Iterator[Sketch]:
        if len(first) == len(objectives):
            return _stepped(Maximiser(model, objectives, recipe, start, seed))
        return _in_batches(model, objectives, recipe, start, seed)

    title = title or (texts[0] if same else f"{texts[0]} to {texts[-1]}")
    description = Description("activation maximisation", title, text, network_name(model), targets=targets)
    return Order(description, sketches, names)


def layer_order(model: Model, layer: str, recipe: MaximiseRecipe, start: Start = NOISE, seed: int = 0) -> Order:
    """Every unit of a layer, as one sheet."""
    count = model.architecture.stage(layer).shape[0]
    return units_order(
        model, [of_unit(layer, unit) for unit in range(count)], recipe, start, seed, title=f"all units of {layer}"
    )


def _stepped(maker: Maximiser) -> Iterator[Sketch]:
    while maker.steps_taken < maker.recipe.steps:
        maker.step()
        yield maker.sketch()


def _in_batches(
    model: Model, objectives: Sequence[Objective], recipe: MaximiseRecipe, start: Start, seed: int
) -> Iterator[Sketch]:
    """One batch after the other; what has not been begun is grey. A unit's picture is the one it has alone."""
    total, pictures = recipe.steps * -(-len(objectives) // BATCH), np.zeros(0, np.uint8)
    values, notes = np.full(len(objectives), np.nan), tuple[str, ...]()
    for number, first in enumerate(range(0, len(objectives), BATCH)):
        batch = objectives[first : first + BATCH]
        for sketch in _stepped(Maximiser(model, batch, recipe, start, seed)):
            if not pictures.size:
                pictures = np.full((len(objectives), *sketch.pictures.shape[1:]), 128, np.uint8)
            pictures = pictures.copy()
            pictures[first : first + len(batch)] = sketch.pictures
            values = values.copy()
            values[first : first + len(batch)] = sketch.values
            pictures.setflags(write=False)
            all_notes = (*notes, *sketch.notes)
            yield Sketch(number * recipe.steps + sketch.step, total, pictures, values, all_notes)
        notes = all_notes


# Fooling


def fool_order(
    model: Model, picture: np.ndarray, to: int, budget: float = 8.0, norm: Norm = Norm.LARGEST, steps: int = 40,
    picture_text: str = "the picture",
) -> Order:  # fmt: skip
    """The picture, the picture that is taken for class ``to``, and their difference, magnified. See `fool`."""
    fool(model, picture, to, budget, norm, steps)  # what cannot be is said now

    @cache
    def before() -> np.ndarray:  # not in the window's thread
        return _probabilities(model, picture)

    measure = f"no pixel by more than {budget:g} of 255 levels (L∞)" if norm is Norm.LARGEST else (
        f"all pixels together by a length of at most {budget:g} levels (L2)")  # fmt: skip
    text = (
        f"Fooling picture: {picture_text}, changed towards {model.classes[to]} ({to}), {measure}; at most {steps} "
        f"projected gradient steps, no seed. {_capital(network_text(model))}."
    )

    def sketches() -> Iterator[Sketch]:
        for sketch in fool(model, picture, to, budget, norm, steps):
            shown = np.stack((picture, sketch.pictures[0], magnified(picture, sketch.pictures[0])[0]))
            shown.setflags(write=False)
            yield replace(sketch, pictures=shown, values=np.array([before()[to], sketch.values[0], np.nan]))

    def names(sketch: Sketch) -> tuple[str, ...]:
        changed = sketch.pictures[1]
        change = changed.astype(float) - picture
        factor, length = magnified(picture, changed)[1], float(np.linalg.norm(change))
        return (
            f"before: {_answer(model, before(), to)}", f"after: {_answer(model, _probabilities(model, changed), to)}",
            f"difference × {factor:.3g}, L∞ {np.abs(change).max():g}, L2 {length:.0f}",
        )  # fmt: skip

    title = f"taken for {model.classes[to]}"
    description = Description("fooling picture", title, text, network_name(model), 3, before=0, after=1)
    return Order(description, sketches, names)


def _probabilities(model: Model, picture: np.ndarray) -> np.ndarray:
    found: np.ndarray = model.probabilities(picture).numpy().reshape(-1)
    return found


def _answer(model: Model, probabilities: np.ndarray, to: int) -> str:
    top = int(probabilities.argmax())
    answer = f"{model.classes[top]} {percent_text(probabilities[top])}"
    return answer if top == to else f"{answer}, {model.classes[to]} {percent_text(probabilities[to], 1)}"


# Dream, inversion


def dream_order(
    model: Model, picture: np.ndarray, layer: str, unit: int | None = None, octaves: int = 4, steps: int = 10,
    rate: float = 1.5, seed: int = 0, picture_text: str = "the picture",
) -> Order:  # fmt: skip
    """A dream on a picture. See `dream`."""
    dream(model, picture, layer, unit, octaves, steps, rate, seed)
    what = layer if unit is None else f"{layer}:{unit}"
    measure = "mean square of all its activations, halved" if unit is None else "mean of its map"
    text = (
        f"DeepDream of {what} on {picture_text}: raises the {measure}; {octaves} octaves 1.4 apart, {steps} steps "
        f"each, {rate:g} levels a step in the mean; seed {seed}. {_capital(network_text(model))}."
    )
    return Order(
        Description("DeepDream", what, text, network_name(model), 1),
        lambda: dream(model, picture, layer, unit, octaves, steps, rate, seed),
        lambda sketch: (f"dream of {what} · objective {sketch.values[0]:.3g}",),
    )


def inversion_order(
    model: Model, picture: np.ndarray, layers: Sequence[str] = (), steps: int = 200, seed: int = 0,
    picture_text: str = "the picture",
) -> Order:  # fmt: skip
    """The picture, and what each layer still knows of it: by default from the first convolution to the scores.

    The layers take turns, so that the whole row comes into view at once. See `invert`.
    """
    chosen = tuple(layers) or tuple(stage.name for stage in model.architecture.stages if stage.parameters)
    for layer in chosen:
        model.architecture.stage(layer)
    text = (
        f"Feature inversion (Mahendran & Vedaldi 2015) of {picture_text} at {', '.join(chosen)}: {steps} steps each, "
        f"from noise, seed {seed}; below each its relative error. {_capital(network_text(model))}."
    )

    def sketches() -> Iterator[Sketch]:
        makers = [invert(model, picture, layer, steps, seed=seed, every=min(2, steps)) for layer in chosen]
        latest: list[Sketch | None] = [None] * len(chosen)
        grey = np.full_like(picture, 128)
        while any(sketch is None or not sketch.finished for sketch in latest):
            for place, maker in enumerate(makers):
                latest[place] = next(maker, latest[place])
                row = [picture, *(grey if sketch is None else sketch.pictures[0] for sketch in latest)]
                shown = np.stack(row)
                shown.setflags(write=False)
                done = sum(sketch.step for sketch in latest if sketch is not None)
                values = [np.nan, *(np.nan if sketch is None else sketch.values[0] for sketch in latest)]
                notes = tuple(note for sketch in latest if sketch is not None for note in sketch.notes)
                yield Sketch(done, steps * len(chosen), shown, np.array(values), notes)

    def names(sketch: Sketch) -> tuple[str, ...]:
        errors = ["" if np.isnan(value) else f" · {percent_text(value, 1)}" for value in sketch.values[1:]]
        return ("the picture", *(f"{layer}{error}" for layer, error in zip(chosen, errors, strict=True)))

    title = f"{chosen[0]} to {chosen[-1]}" if len(chosen) > 1 else chosen[0]
    description = Description("feature inversion", title, text, network_name(model), before=0, after=1)
    return Order(description, sketches, names)


# Texture, style


def texture_order(
    model: Model, example: np.ndarray, steps: int = 200, seed: int = 0, picture_text: str = "the picture"
) -> Order:
    """The texture of an example, uint8 (height, width, 3), in its size. See `texture`."""
    layers = style_layers(model.architecture)
    text = (
        f"Texture of {picture_text} by the Gram matrices of {', '.join(layers)} (Gatys et al. 2015) and its colours: "
        f"{steps} steps from noise, seed {seed}. {_capital(network_text(model))}. {advice(model.architecture)}"
    ).strip()
    return Order(
        Description("texture synthesis", picture_text, text, network_name(model), 1),
        lambda: texture(model, example, steps=steps, seed=seed, every=2),
        lambda sketch: (f"texture · error {percent_text(sketch.values[0], 2)}",),
    )


def style_order(
    model: Model, content: np.ndarray, styles: Sequence[tuple[np.ndarray, float, str]], content_weight: float = 1.0,
    steps: int = 200, content_text: str = "the picture",
) -> Order:  # fmt: skip
    """``content``, uint8 (height, width, 3), in the style of each (picture, weight, name of it). See `transfer`."""
    sources = [StyleSource(picture, weight) for picture, weight, _ in styles]
    layers, at = style_layers(model.architecture), content_layer(model.architecture)
    mixed = " + ".join(f"{weight:g} × {name}" for _, weight, name in styles)
    text = (
        f"Style transfer (Gatys et al. 2016): {content_text} in the style of {mixed}, by the Gram matrices of "
        f"{', '.join(layers)} and the colours, content at {at} with weight {content_weight:g}; {steps} steps from the "
        f"content, no seed. {_capital(network_text(model))}. {advice(model.architecture)}"
    ).strip()
    return Order(
        Description("style transfer", f"{content_text} like {mixed}", text, network_name(model), 1),
        lambda: transfer(model, content, sources, content_weight, steps=steps, every=2),
        lambda sketch: (f"error of the style {percent_text(sketch.values[0], 2)}",),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


__all__ = [
    "BATCH", "MEAN", "NOISE", "Description", "Made", "Order", "State", "dream_order", "fool_order", "inversion_order",
    "layer_order", "network_name", "style_order", "texture_order", "units_order",
]  # fmt: skip
