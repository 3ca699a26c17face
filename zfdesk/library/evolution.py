"""What one network of a training run answers, for Fig. 4 and the probe picture; a run's networks are asked in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from zfdesk.engine import Model, Pass, Rule, Seed, SeedKind, cut_field, reconstruct
from zfdesk.library.strongest import strongest_over

GROUND = 128
"""The grey a crop is pasted on: nothing of it reaches the unit."""

BEYOND = 214
"""The grey of a patch where its unit looks beyond the picture."""


@dataclass(frozen=True, eq=False)
class UnitAnswer:
    """The strongest answer of a unit over many pictures.

    activation: 0 or less for a unit that none of them wakes; ``patch`` and ``down`` are then empty. patch: uint8
    (side, side, 3), what its receptive field sees. down: float32 of that shape, the deconvnet's reconstruction.
    picture: where it comes from. position: (y, x) on the unit's map.
    """

    layer: str
    unit: int
    activation: float
    patch: np.ndarray
    down: np.ndarray
    picture: str = ""
    position: tuple[int, int] = (0, 0)

    @property
    def alive(self) -> bool:
        """Whether any picture wakes the unit."""
        return self.activation > 0


@dataclass(frozen=True, eq=False)
class PictureAnswers:
    """What a network makes of one picture, for some units of a layer.

    maps: float32 (units, height, width). down: float32 (units, side, side, 3), each unit's strongest activation led
    down to the pixels, as much as its receptive field; 0 for one that is silent. activations: float32 (units,), the
    strongest of each.
    """

    maps: np.ndarray
    down: np.ndarray
    activations: np.ndarray


def strongest_units(seen: Pass, layer: str, count: int) -> tuple[int, ...]:
    """The units of a layer that one picture wakes most, the strongest first; fewer where fewer are awake."""
    highest = seen.activations[layer][0].amax((1, 2))
    order = highest.sort(descending=True, stable=True).indices[:count]
    return tuple(int(unit) for unit in order if highest[unit] > 0)


def look_at(seen: Pass, layer: str, units: Sequence[int], rule: Rule = Rule.DECONVNET) -> PictureAnswers:
    """The maps and reconstructions of some units, from one picture's pass. ValueError for a unit that is not there."""
    stage = seen.model.architecture.stage(layer)
    side = min(stage.receptive_field.size, seen.model.architecture.size)
    for unit in units:
        stage.check_unit(unit)
    maps = seen.activations[layer][0][list(units)].float().numpy()
    down = np.zeros((len(units), side, side, 3), np.float32)
    highest = maps.max((1, 2)) if len(units) else np.zeros(0, np.float32)
    for index, unit in enumerate(units):
        if highest[index] > 0:
            found = reconstruct(seen, Seed(layer, unit), rule)
            down[index] = cut_field(found.values, stage.receptive_field, found.positions[0])
    return PictureAnswers(maps, down, highest)


def answers_over(
    model: Model,
    units: Sequence[tuple[str, int]],
    pictures: Callable[[], Iterator[tuple[str, np.ndarray]]],
    rule: Rule = Rule.DECONVNET,
) -> list[UnitAnswer]:
    """The strongest answer of each (layer, unit) over pictures, uint8 (size, size, 3) with where they come from.

    ``pictures`` is walked twice, and must give the same ones again: none is kept in between. Raises ValueError where
    they are none, or others the second time, and for a layer or unit that is not there.
    """
    for layer, unit in units:
        model.architecture.stage(layer).check_unit(unit)
    names: list[str] = []

    def walk() -> Iterator[np.ndarray]:
        for name, picture in pictures():
            names.append(name)
            yield picture

    found = strongest_over(model, walk(), list(dict.fromkeys(layer for layer, _ in units)), 1)
    if not names:
        raise ValueError("There are no pictures to search.")
    wanted: dict[int, list[int]] = {}
    answers: list[UnitAnswer | None] = [None] * len(units)
    for index, (layer, unit) in enumerate(units):
        if found[layer].alive[unit]:
            wanted.setdefault(int(found[layer].pictures[unit, 0]), []).append(index)
        else:
            answers[index] = silent_answer(model, layer, unit, float(found[layer].activations[unit, 0]))
    for place, (name, picture) in enumerate(pictures()):
        if place >= len(names) or name != names[place]:
            break
        if place not in wanted:
            continue
        seen = model.forward(picture)
        for index in wanted.pop(place):
            layer, unit = units[index]
            y, x = found[layer].positions[unit, 0]
            answers[index] = answer_of(seen, picture, layer, unit, (int(y), int(x)), name, rule)
        if not wanted:
            break
    if wanted:
        raise ValueError("The pictures changed while they were searched.")
    return [answer for answer in answers if answer is not None]


def answer_of_crop(
    model: Model,
    layer: str,
    unit: int,
    position: tuple[int, int],
    crop: np.ndarray,
    picture: str = "",
    rule: Rule = Rule.DECONVNET,
) -> UnitAnswer:
    """The answer again from what was kept of its picture: what the receptive field saw, cut at the picture's border.

    crop: uint8 (height, width, 3) RGB. Pasted back into its place it gives the same activation and reconstruction, as
    nothing else reaches the unit. Raises ValueError for a crop of another size, a unit or position that is not there.
    """
    architecture = model.architecture
    stage, size = architecture.stage(layer), architecture.size
    stage.check_unit(unit, position)
    top, left, bottom, right = stage.receptive_field.box(*position)
    top, left, bottom, right = max(top, 0), max(left, 0), min(bottom, size), min(right, size)
    if crop.shape != (bottom - top, right - left, 3):
        wanted, found = f"{bottom - top} × {right - left}", f"{crop.shape[0]} × {crop.shape[1]}"
        raise ValueError(f"The crop kept for {layer}:{unit} is {found} pixels where its unit sees {wanted}.")
    canvas = np.full((size, size, 3), GROUND, np.uint8)
    canvas[top:bottom, left:right] = crop
    seen = model.forward(canvas, until=layer)
    return answer_of(seen, canvas, layer, unit, position, picture, rule)


def answer_of(
    seen: Pass, picture: np.ndarray, layer: str, unit: int, position: tuple[int, int], name: str, rule: Rule
) -> UnitAnswer:
    """What a unit answers at a position (y, x) of its map, and what it was led down to; a silent one shows nothing.

    seen: the forward pass of ``picture``, uint8 (size, size, 3) RGB. name: what the picture is called.
    """
    activation = float(seen.activations[layer][0, unit, position[0], position[1]])
    if activation <= 0:
        return silent_answer(seen.model, layer, unit, activation)
    field = seen.model.architecture.stage(layer).receptive_field
    down = reconstruct(seen, Seed(layer, unit, SeedKind.AT, position), rule).values
    patch = cut_field(picture, field, position, BEYOND)
    return UnitAnswer(layer, unit, activation, patch, cut_field(down, field, position), name, position)


def silent_answer(model: Model, layer: str, unit: int, activation: float = 0.0) -> UnitAnswer:
    """That of a unit which no picture wakes."""
    side = min(model.architecture.stage(layer).receptive_field.size, model.architecture.size)
    empty = np.zeros((side, side, 3), np.float32)
    return UnitAnswer(layer, unit, activation, np.full(empty.shape, BEYOND, np.uint8), empty)


__all__ = [
    "PictureAnswers", "UnitAnswer", "answer_of_crop", "answers_over", "look_at", "silent_answer", "strongest_units",
]  # fmt: skip
