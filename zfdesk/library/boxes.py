"""What units see, as boxes on whole pictures: R-CNN's view of pool5, and whether a unit looks at the object or beyond.

Girshick et al. (2014, Section 3.1) show the receptive fields of a pool5 unit's strongest answers as boxes on the
pictures, with their values as shares of the unit's highest. The paper (Section 4.2) asks whether a network answers to
the object or to what is around it; here: what share of a unit's strongest boxes lies on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zfdesk.engine import Model, Stage, SweepPlan, sweep
from zfdesk.engine.picture import CropBox
from zfdesk.library.portrait import Example, Portraits
from zfdesk.library.reading import Reader


@dataclass(frozen=True, eq=False)
class BoxedPicture:
    """A whole picture, uint8 (height, width, 3), and the box on it that a unit sees, (left, top, right, bottom) in its
    pixels; it may hang over the border. ``share``: the activation over the unit's highest of all pictures."""

    example: Example
    pixels: np.ndarray
    box: CropBox
    share: float


def boxed_pictures(portraits: Portraits, layer: str, unit: int, exact: bool = True) -> Iterator[BoxedPicture]:
    """A unit's strongest pictures, whole, with what it sees of each; those no longer there are left out."""
    library = portraits.library
    examples = portraits.examples(layer, portraits.ranked(layer, [unit], exact)[0])
    files = library.seen([example.picture for example in examples])
    highest = float(portraits.statistics(layer).highest[unit])
    reader = Reader(library.model, library.crop)
    try:
        for example in examples:
            if example.picture not in files:
                continue
            try:
                pixels = reader.frame(files[example.picture].found)
            except ValueError:
                continue
            box = on_frame(example.box, reader.box(pixels), library.model.architecture.size)
            yield BoxedPicture(example, pixels, box, example.activation / highest if highest else 0.0)
    finally:
        reader.close()


def on_frame(box: tuple[int, int, int, int], crop: CropBox, size: int) -> CropBox:
    """(top, left, bottom, right) in pixels of the network's input → (left, top, right, bottom) in the frame's."""
    top, left, bottom, right = box
    across, down = (crop[2] - crop[0]) / size, (crop[3] - crop[1]) / size
    return crop[0] + left * across, crop[1] + top * down, crop[0] + right * across, crop[1] + bottom * down


@dataclass(frozen=True)
class ObjectShare:
    """How much of a unit's strongest boxes lies on the object: 1 is all, the mean over ``pictures`` of them, those
    whose object is known. ``chance``: the share that boxes at random places would have."""

    unit: int
    share: float
    chance: float
    pictures: int


def object_shares(
    examples: Mapping[int, Sequence[Example]], objects: Mapping[int, tuple[int, int, int, int]], size: int
) -> list[ObjectShare]:
    """Units sorted from those that answer to the object to those that answer to the background.

    examples: of each unit. objects: by a picture's id, the box of its object, (top, left, bottom, right) in pixels of
    the network's input, as where an occluder covers it. A box is counted as far as it lies on the picture; units none
    of whose pictures has a known object are left out.
    """
    found = []
    for unit, strongest in examples.items():
        known = [example for example in strongest if example.picture in objects]
        shares = [_overlap(example.box, objects[example.picture], size) for example in known]
        chances = [_area(objects[example.picture], size) / size**2 for example in known]
        if shares:
            found.append(ObjectShare(unit, float(np.mean(shares)), float(np.mean(chances)), len(shares)))
    return sorted(found, key=lambda one: (-one.share, one.unit))


def object_occluder(size: int) -> tuple[int, int]:
    """Side and stride of the occluder that finds objects in an input of that side: 64 and 32 of 224."""
    side = max(round(size * 2 / 7), 1)
    return side, max(side // 2, 1)


def object_box(
    model: Model, picture: np.ndarray, class_index: int | None = None
) -> tuple[int, int, int, int] | None:  # fmt: skip
    """Where the object lies, as the network has it: around the occluder's places that take away half or more of what
    covering takes at most from the class's probability (by default the most probable class's), a coarse Fig. 7 (d).

    (top, left, bottom, right) of the covering squares' centres ± a stride; None where covering takes nothing.
    """
    size, stride = object_occluder(model.architecture.size)
    clean = model.forward(picture)
    wanted = int(clean.probabilities[0].argmax()) if class_index is None else class_index
    *_, swept = sweep(clean, picture, SweepPlan(size, stride, overhang=False), model.architecture.stages[-1].name)
    drop = float(clean.probabilities[0, wanted]) - swept.probability(wanted)
    if not drop.max() > 0:
        return None
    rows, columns = np.nonzero(drop >= drop.max() / 2)
    places = swept.positions[rows, columns] + size // 2
    top, left = places.min(0) - stride
    bottom, right = places.max(0) + stride
    return max(int(top), 0), max(int(left), 0), min(int(bottom), len(picture)), min(int(right), len(picture))


@dataclass(frozen=True)
class Covered:
    """What covering does to a unit: its highest activation without and with the occluder, and whether its strongest
    position lies under it (the centre of its receptive field)."""

    unit: int
    clean: float
    covered: float
    under: bool

    @property
    def kept(self) -> float:
        """The share that stays: near 0 it answered to what is covered, near 1 to something else."""
        return self.covered / self.clean if self.clean > 0 else 0.0


def covered_peaks(
    stage: Stage, clean: np.ndarray, covered: np.ndarray, places: np.ndarray, boxes: Sequence[tuple[int, int, int, int]]
) -> list[Covered]:
    """The units of a layer that are awake, from those that lose all to those that lose nothing when it is covered.

    clean, covered: float32 (units,), the highest activations without and with occluders. places: (units, 2), where on
    their maps (y, x) the former are. boxes: of the occluders, (top, left, bottom, right) in the network's input.
    """
    found = []
    for unit in np.flatnonzero(clean > 0).tolist():
        up, near, down, far = stage.receptive_field.box(*places[unit].tolist())
        y, x = (up + down) / 2, (near + far) / 2
        under = any(top <= y < bottom and left <= x < right for top, left, bottom, right in boxes)
        found.append(Covered(unit, float(clean[unit]), float(covered[unit]), under))
    return sorted(found, key=lambda one: (one.kept, one.unit))


def _clipped(box: tuple[int, int, int, int], size: int) -> tuple[int, int, int, int]:
    top, left, bottom, right = box
    return max(top, 0), max(left, 0), min(bottom, size), min(right, size)


def _area(box: tuple[int, int, int, int], size: int) -> int:
    top, left, bottom, right = _clipped(box, size)
    return max(bottom - top, 0) * max(right - left, 0)


def _overlap(box: tuple[int, int, int, int], other: tuple[int, int, int, int], size: int) -> float:
    """The share of a box, as far as it lies on the picture, that lies in the other."""
    pairs = list(zip(_clipped(box, size), other, strict=True))
    both = (max(*pairs[0]), max(*pairs[1]), min(*pairs[2]), min(*pairs[3]))
    area = _area(box, size)
    return _area(both, size) / area if area else 0.0


__all__ = [
    "BoxedPicture", "Covered", "ObjectShare", "boxed_pictures", "covered_peaks", "object_box",
    "object_occluder", "object_shares", "on_frame",
]  # fmt: skip
