"""What a made picture is to excite: a unit, one of its positions, its whole map, a class, or any sum of these.

In words, as the command line takes them (`parse_objective`):

    conv5:17               a unit, at the middle of its map
    conv5:17@2,3           at row 2, column 3
    conv5:17/map           its mean over the whole map
    class:tabby            a class's score, before the softmax
    class:tabby - class:"tiger cat"
    0.5*conv5:17 + 0.5*conv5:40      two units mixed
    conv5:17>40@0.3        the direction between two units, 30 % of the way

Every value is taken before the rectification, so that a gradient reaches a unit that is still silent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from zfdesk.engine import Architecture, Stage
from zfdesk.engine.differentiable import MapWindow

MIDDLE = "middle"
WHOLE = "whole map"
MapPlace = tuple[int, int] | str
"""A position (y, x), `MIDDLE` or `WHOLE`."""


@dataclass(frozen=True, eq=False)
class Term:
    """``weight`` times a unit's activation at a place of its map, before rectification.

    ``direction``, (units,): the activations along it are meant, instead of one unit's.
    """

    layer: str
    unit: int
    place: MapPlace = MIDDLE
    weight: float = 1.0
    direction: Tensor | None = field(default=None, repr=False)

    def window(self, architecture: Architecture) -> MapWindow:
        """The positions of the layer's map that count. Raises ValueError for what does not exist."""
        stage = architecture.stage(self.layer)
        position = self.place if isinstance(self.place, tuple) else None
        stage.check_unit(self.unit, position)
        _, height, width = stage.shape
        if self.place == WHOLE:
            return 0, 0, height, width
        y, x = position or middle(stage)
        return y, x, y + 1, x + 1

    def value(self, activations: Tensor) -> Tensor:
        """Of the layer's activations (N, units, height, width) in the window: (N,)."""
        if self.direction is None:
            return self.weight * activations[:, self.unit].mean((1, 2))
        along = torch.einsum("nchw,c->nhw", activations, self.direction.to(activations.dtype))
        return self.weight * along.mean((1, 2))

    def description(self, classes: Sequence[str] = (), class_layers: Sequence[str] = ()) -> str:
        """The term in full, with the class's name where its unit is a class."""
        name = f"{self.layer}:{self.unit}" if self.direction is None else f"a direction of {self.layer}"
        if self.layer in class_layers and self.unit < len(classes):
            name = f"{classes[self.unit]} ({name})"
        place = {MIDDLE: "", WHOLE: ", whole map"}.get(str(self.place), f" at {self.place}")
        return f"{'' if self.weight == 1 else f'{self.weight:g} × '}{name}{place}"


@dataclass(frozen=True, eq=False)
class Objective:
    """The sum of its terms. Raises ValueError for none, or a weight that is not finite."""

    terms: tuple[Term, ...]

    def __post_init__(self) -> None:
        if not self.terms:
            raise ValueError("An objective has at least one unit.")
        if not all(math.isfinite(term.weight) for term in self.terms):
            raise ValueError("An objective's weights are finite numbers.")

    def windows(self, architecture: Architecture) -> dict[str, MapWindow]:
        """The least window of each layer that holds all its terms."""
        found: dict[str, MapWindow] = {}
        for term in self.terms:
            one = term.window(architecture)
            other = found.get(term.layer, one)
            found[term.layer] = (
                min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]),
            )  # fmt: skip
        return found

    def value(
        self, activations: Mapping[str, Tensor], windows: Mapping[str, MapWindow], architecture: Architecture
    ) -> Tensor:
        """(N,): of the activations of ``windows``, by layer."""
        total = None
        for term in self.terms:
            top, left, bottom, right = term.window(architecture)
            first_row, first_column = windows[term.layer][:2]
            rows, columns = slice(top - first_row, bottom - first_row), slice(left - first_column, right - first_column)
            part = activations[term.layer][:, :, rows, columns]
            value = term.value(part)
            total = value if total is None else total + value
        assert total is not None
        return total

    def description(self, classes: Sequence[str] = (), class_layers: Sequence[str] = ()) -> str:
        """Return the sum of the terms as text, classes by name."""
        return " + ".join(term.description(classes, class_layers) for term in self.terms).replace("+ -", "− ")


def middle(stage: Stage) -> tuple[int, int]:
    """The position in the middle of a map: its receptive field lies within the picture where any does."""
    return stage.shape[1] // 2, stage.shape[2] // 2


def of_unit(layer: str, unit: int, place: MapPlace = MIDDLE) -> Objective:
    """The objective of one unit."""
    return Objective((Term(layer, unit, place),))


def of_class(architecture: Architecture, index: int) -> Objective:
    """A class's score. Raises ValueError for a class that does not exist."""
    if not 0 <= index < architecture.classes:
        raise ValueError(f"There is no class {index}; there are 0 to {architecture.classes - 1}.")
    return of_unit(architecture.class_layers[0], index)


def between(layer: str, one: int, other: int, share: float) -> Objective:
    """A direction between two units: 1 - share of the first, share of the other. Raises ValueError for a share that is
    not from 0 to 1."""
    if not 0 <= share <= 1:
        raise ValueError(f"The way between two units goes from 0 to 1, not to {share}.")
    return Objective((Term(layer, one, weight=1 - share), Term(layer, other, weight=share)))


def along(layer: str, direction: Tensor, place: MapPlace = MIDDLE) -> Objective:
    """A direction among a layer's units, (units,), made one long; such as the difference of two pictures' activations.

    Raises ValueError for one that is all zero, not finite or of another shape.
    """
    length = float(direction.norm())
    if direction.ndim != 1 or not length > 0 or not math.isfinite(length):
        raise ValueError("A direction is a vector of finite numbers, one a unit, that are not all zero.")
    return Objective((Term(layer, 0, place, direction=direction / length),))


_SIGN = re.compile(r"\s+([+-])\s+")
_UNIT = re.compile(r"(?P<layer>[\w.]+):(?P<unit>\d{1,7})(?:>(?P<other>\d{1,7})@(?P<share>[\d.]+)"
                   r"|@(?P<y>\d{1,5}),(?P<x>\d{1,5})|(?P<map>/map))?", re.ASCII)  # fmt: skip
_WEIGHT = re.compile(r"(?P<weight>\d+(?:\.\d*)?|\.\d+)\s*\*\s*(?P<rest>.+)", re.ASCII)


def parse_objective(text: str, architecture: Architecture, class_called: Callable[[str], int]) -> Objective:
    """An objective from words, see above. ``class_called`` finds a class by its name.

    Raises ValueError for what is not understood or does not exist.
    """
    parts = _SIGN.split(text.strip())
    terms: list[Term] = []
    for sign, part in zip(["+", *parts[1::2]], parts[::2], strict=True):
        found = _parsed(part.strip(), architecture, class_called)
        terms += [replace(term, weight=-term.weight) if sign == "-" else term for term in found]
    made = Objective(tuple(terms))
    made.windows(architecture)
    return made


def _parsed(text: str, architecture: Architecture, class_called: Callable[[str], int]) -> tuple[Term, ...]:
    weight = 1.0
    if found := _WEIGHT.fullmatch(text):
        weight, text = float(found["weight"]), found["rest"].strip()
    if text.startswith("class:"):
        index = class_called(text.removeprefix("class:").strip().strip('"'))
        return (Term(architecture.class_layers[0], index, weight=weight),)
    found = _UNIT.fullmatch(text)
    if not found:
        raise ValueError(f"“{text}” is no objective: write conv5:17, conv5:17@2,3, conv5:17/map or class:NAME.")
    layer, unit = found["layer"], int(found["unit"])
    if found["other"]:
        pair = between(layer, unit, int(found["other"]), float(found["share"]))
        return tuple(replace(term, weight=weight * term.weight) for term in pair.terms)
    place: MapPlace = (int(found["y"]), int(found["x"])) if found["y"] else WHOLE if found["map"] else MIDDLE
    return (Term(layer, unit, place, weight),)
