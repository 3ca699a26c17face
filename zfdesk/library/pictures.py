"""A unit's portrait as pictures: patches and projections of its strongest examples, and the picture made for it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zfdesk.cancellation import checkpoint
from zfdesk.engine import Model, Rule

if TYPE_CHECKING:
    from zfdesk.library import Example, Portraits, RollingScan, UnitAnswer, UnitPortrait

TINY = 1e-12
PAGES_KEPT = 2  # of the atlas: the classes' take 60 MB


@dataclass(frozen=True, eq=False)
class ShownExample:
    """An example as it is drawn. ``patch``: uint8 (side, side, 3), what the unit saw, grey beyond the picture.

    ``projection``: of the same box, mid-grey is zero, stretched by ``stretch`` levels per unit of value, each on its
    own as in Fig. 2. None, with ``reason``, where there is nothing to be shown.
    """

    example: Example
    patch: np.ndarray | None = None
    projection: np.ndarray | None = None
    stretch: float = 0.0
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Portrayed:
    """The portrait of a unit as far as it is known. ``shown``: the examples' pictures so far, the strongest first.

    ``camera``: it is of the last minutes of the live source. ``error``: why there is none.
    """

    layer: str
    unit: int
    rule: Rule
    camera: bool = False
    portrait: UnitPortrait | None = None
    shown: tuple[ShownExample, ...] = ()
    error: str = ""


@dataclass(frozen=True, eq=False)
class MadePicture:
    """The picture that was made for a unit. ``layer``: whose unit it was made for; ``value``: its activation there."""

    layer: str
    unit: int
    picture: np.ndarray
    value: float
    recipe: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


def shown_example(example: Example, answer: UnitAnswer | None) -> ShownExample:
    """An example with its patch and projection."""
    if answer is None:
        return ShownExample(example, reason="The picture is gone, or another by now: scan again.")
    if not answer.alive:
        return ShownExample(example, answer.patch, reason="The unit is silent here: there is nothing to project.")
    image, stretch = projection_picture(answer.down)
    return ShownExample(example, answer.patch, image, stretch)


def projection_picture(down: np.ndarray) -> tuple[np.ndarray, float]:
    """A reconstruction, float32 (height, width, 3), as uint8 around mid-grey, and by how much it was stretched."""
    limit = max(float(np.abs(down).max(initial=0.0)), TINY)
    stretch = 127 / limit
    return (down * stretch + 128.5).astype(np.uint8), stretch


def examples_shown(
    portraits: Portraits, layer: str, unit: int, examples: Sequence[Example], rule: Rule
) -> tuple[ShownExample, ...]:
    """The pictures of some examples."""
    from zfdesk.library import shown

    answers = shown(portraits.library, layer, unit, examples, rule)
    return tuple(shown_example(example, answer) for example, answer in zip(examples, answers, strict=True))


def rolling_portrait(rolling: RollingScan, layer: str, unit: int, rule: Rule) -> Portrayed:
    """The portrait over the frames of the last minutes."""
    view = rolling.snapshot()
    if not view.frames:
        return Portrayed(layer, unit, rule, True, error="The frames of the next minutes are gathered here.")
    portrait = view.portrait(layer, unit)
    answers = [answer for _, answer in view.shown(layer, view.ranked(layer, [unit])[0], rule)]
    pictures = tuple(shown_example(*pair) for pair in zip(portrait.examples, answers, strict=True))
    return Portrayed(layer, unit, rule, True, portrait, pictures)


@dataclass(frozen=True, eq=False)
class LayerBest:
    """Each unit's strongest example. ``examples``: by unit, none of a dead one; near ties stand as float32 has them.

    ``classes``: the class that each unit answers to most, "" where there is none. ``values``: float32 (units,), the
    highest activations. ``pictures``: of how many.
    """

    examples: Mapping[int, Example]
    classes: tuple[str, ...]
    values: np.ndarray
    pictures: int

    def by_picture(self) -> list[list[tuple[int, Example]]]:
        """The units with their examples, those of one picture together: each goes through the network once."""
        found: dict[int, list[tuple[int, Example]]] = {}
        for unit, example in self.examples.items():
            found.setdefault(example.picture, []).append((unit, example))
        return list(found.values())


def layer_best(portraits: Portraits, layer: str) -> LayerBest:
    """What a scan says of all units of a layer at once. Raises LibraryError."""
    statistics = portraits.statistics(layer)
    ranked = portraits.ranked(layer, range(statistics.units), exact=False)
    firsts = [
        replace(found, pictures=found.pictures[:1], values=found.values[:1], places=found.places[:1])
        for found in ranked
        if found.pictures
    ]
    examples = {found.unit: portraits.examples(layer, found)[0] for found in firsts}
    return LayerBest(examples, tuple(portraits.preferred(layer)), statistics.highest, statistics.pictures)


def best_tiles(
    portraits: Portraits, layer: str, wanted: Sequence[Sequence[tuple[int, Example]]], rule: Rule, side: int
) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Patch and projection of units by their strongest examples, uint8 (side, side, 3) or smaller: (unit, patch,
    projection). ``wanted``: a list a picture, as of `LayerBest.by_picture`. Pictures that are gone are left out."""
    from zfdesk.library.evolution import answer_of
    from zfdesk.library.portrait import read_again
    from zfdesk.synthesis.steps import no_larger

    library = portraits.library
    tiles = []
    pictures = read_again(library, [tasks[0][1].picture for tasks in wanted])
    for tasks, picture in zip(wanted, pictures, strict=True):
        if picture is None:
            continue
        seen = library.model.forward(picture, until=layer)
        for unit, example in tasks:
            answer = answer_of(seen, picture, layer, unit, example.position, example.path, rule)
            if answer.alive:
                projection, _ = projection_picture(answer.down)
                tiles.append((unit, no_larger(answer.patch, side), no_larger(projection, side)))
    return tiles


_READING = threading.Lock()  # one page at a time, whoever asks: reading the classes' takes 200 MB for a moment


class MadePictures:
    """The atlas of a network, read page by page; in any thread. Whose work was cancelled meanwhile reads none."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._pages: dict[str, tuple[Any, int] | None] = {}

    def of_unit(self, layer: str, unit: int) -> MadePicture | None:
        """The picture of a unit; None where the atlas has none of its layer."""
        made_for, found = self._page(layer)
        if found is None:
            return None
        page, seed = found
        # a copy: whoever shows one small picture would hold the page
        return MadePicture(made_for, unit, page.picture(unit).copy(), page.values[unit], page.recipe, seed)

    def of_layer(self, layer: str) -> list[np.ndarray] | None:
        """All pictures of a layer, uint8 (side, side, 3) each; None where the atlas has none."""
        count = self.model.architecture.stage(layer).shape[0]
        _, found = self._page(layer)
        return None if found is None else [found[0].picture(unit) for unit in range(count)]

    def _page(self, layer: str) -> tuple[str, tuple[Any, int] | None]:
        """The layer whose pictures are shown for this one, with their page and seed."""
        from zfdesk.synthesis.atlas import made_layer, shipped_atlas

        layer = made_layer(self.model.architecture, layer)
        with _READING:
            checkpoint()
            if layer not in self._pages:
                while len(self._pages) >= PAGES_KEPT:
                    del self._pages[next(iter(self._pages))]
                atlas = shipped_atlas(self.model, (layer,))
                page = atlas.pages.get(layer) if atlas is not None else None
                self._pages[layer] = (page, atlas.seed) if atlas is not None and page is not None else None
            return layer, self._pages[layer]


__all__ = [
    "LayerBest", "MadePicture", "MadePictures", "Portrayed", "ShownExample", "best_tiles", "examples_shown",
    "layer_best", "projection_picture", "rolling_portrait", "shown_example",
]  # fmt: skip
