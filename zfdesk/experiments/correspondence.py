"""Correspondence analysis (Section 4.3, Table 1): does covering the same part of a face change the features alike?

For each picture i a part is masked, and ε_i = x_i − x̃_i is how the features of a layer change (clean minus masked).
Two pictures correspond the better, the fewer signs of ε_i and ε_j differ; masks at random places are the yardstick.

What the paper leaves open, and *our choice*:

- H is the share of differing signs, and the score its mean over all pairs (the paper's sum, scaled: its scores are
  below 1). The error is the standard error of that mean over pairs, sd / √pairs; pairs that share a picture are not
  independent, so it is an indication only.
- The sign has three values, as in numpy: an ε that is exactly 0 has the sign 0, which differs from + and from −. Units
  that are silent with and without the mask therefore agree, as do units that the mask does not reach.
- Layer 5 ends with its pooling (Fig. 3): its features are ``pool5``, which layer 6 reads. Layer 7 is ``fc7``. Both are
  rectified. Any other layers can be asked for.
- A part's mask is its marked box, grey. A picture's random masks have the mean height and width of its marked parts and
  overlap none of them; a pair's random score is the mean over the draws. The paper's lie on other parts of the object:
  so do these where a box called “object” is marked, which is never masked itself. Without one they lie anywhere in what
  the network sees, on the background too.

Signs are delicate. Covering 30 × 30 pixels of six photographs twice, rounding in float32 turned one of 92,160 signs of
pool5, against float64, and none of fc6 and fc7.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine.changed import forward_changed
from zfdesk.engine.layers import Architecture, Linear
from zfdesk.engine.model import Model
from zfdesk.engine.occlude import Occluder, OccluderFill, OccluderShape, occlude
from zfdesk.engine.picture import CropBox, crop
from zfdesk.experiments.parts import OBJECT, RANDOM, PartBox, PartsError, check_boxes, shared_parts, to_input
from zfdesk.experiments.table1 import Correspondence, Table1Score

RANDOM_DRAWS = 10


@dataclass(frozen=True, eq=False)
class MarkedPicture:
    """``pixels``: what the network sees, uint8 (size, size, 3); ``parts``: boxes in its pixels, not clipped."""

    name: str
    pixels: np.ndarray
    parts: Mapping[str, PartBox]


def default_layers(architecture: Architecture) -> tuple[str, ...]:
    """The paper's layers 5 and 7: ``pool5`` and ``fc7``; in a network without them its last maps and the last fully
    connected layer below the classifier."""
    names = [stage.name for stage in architecture.stages]
    if "pool5" in names and "fc7" in names:
        return "pool5", "fc7"
    maps = [stage.name for stage in architecture.stages if stage.spatial]
    vectors = [stage.name for stage in architecture.stages if isinstance(stage.layer, Linear)]
    return (*maps[-1:], *vectors[:-1][-1:])


def signs(clean: Tensor, masked: Tensor) -> np.ndarray:
    """sign(clean − masked), both (N, …), as int8 (N, features) of -1, 0 (no change at all) and 1."""
    return (clean - masked).sign().flatten(1).to(torch.int8).numpy()


def hamming(one: np.ndarray, other: np.ndarray) -> float:
    """The share of places in which two rows of signs, (features,), differ: 0 to 1."""
    return float((one != other).mean())


def random_boxes(
    parts: Iterable[PartBox], size: int, count: int, rng: np.random.Generator, within: PartBox | None = None
) -> list[PartBox]:
    """``count`` boxes (top, left, height, width) for a mask, in pixels of a size × size picture.

    Each has the mean height and width of ``parts`` and overlaps none of them; each free place is as likely as any
    other. ``within``: a box that they lie in, as far as it is on the picture. Empty when no place is free, or there are
    no parts.
    """
    parts = list(parts)
    if not parts:
        return []
    height, width = (min(max(round(float(np.mean([part[axis] for part in parts]))), 1), size) for axis in (2, 3))
    free = np.ones((size - height + 1, size - width + 1), bool)
    for top, left, part_height, part_width in parts:
        rows = slice(max(top - height + 1, 0), max(top + part_height, 0))
        free[rows, max(left - width + 1, 0) : max(left + part_width, 0)] = False
    if within is not None:
        top, left, tall, wide = within
        inside = np.zeros_like(free)
        inside[max(top, 0) : max(top + tall - height + 1, 0), max(left, 0) : max(left + wide - width + 1, 0)] = True
        free &= inside
    places = np.argwhere(free)
    if not len(places):
        return []
    chosen = places[rng.choice(len(places), count, replace=count > len(places))]
    return [(int(top), int(left), height, width) for top, left in chosen]


def masks_of(picture: MarkedPicture, parts: Iterable[str], draws: int, seed: int) -> dict[str, list[PartBox]]:
    """The masks of a picture: the box of each of the parts that it has, and ``draws`` random ones, if it has any; they
    depend on its name and the seed."""
    masks = {part: [picture.parts[part]] for part in parts if part in picture.parts}
    rng = np.random.default_rng([seed, zlib.crc32(picture.name.encode())])
    if draws and masks:
        marked = [box for part, box in picture.parts.items() if part != OBJECT]
        masks[RANDOM] = random_boxes(marked, len(picture.pixels), draws, rng, picture.parts.get(OBJECT))
    return masks


def cut_out(
    marks: Mapping[str, Mapping[str, PartBox]],
    read: Callable[[str], np.ndarray],
    crop_box: Callable[[int, int], CropBox],
    size: int,
) -> tuple[list[MarkedPicture], list[str]]:
    """What the network sees of each marked picture, and a sentence for each part that it does not see at all.

    ``read``: file name → uint8 (height, width, 3) RGB; ``crop_box``: height, width → the crop. Raises PartsError for a
    box that is not on its picture.
    """
    pictures, left_out = [], []
    for name, parts in marks.items():
        if not parts:
            continue
        pixels = read(name)
        check_boxes(name, parts, *pixels.shape[:2])
        box = crop_box(*pixels.shape[:2])
        placed = {part: to_input(marked, box, size) for part, marked in parts.items()}
        visible = {part: place for part, place in placed.items() if _is_visible(place, size)}
        left_out += [
            f"The {part} of {name} lies outside what the network sees." for part in placed if part not in visible
        ]
        if visible:
            pictures.append(MarkedPicture(name, crop(pixels, box, size), visible))
    return pictures, left_out


def correspondence(
    model: Model,
    pictures: Sequence[MarkedPicture],
    layers: Sequence[str] = (),
    fill: OccluderFill = OccluderFill.GREY,
    draws: int = RANDOM_DRAWS,
    seed: int = 0,
    left_out: Iterable[str] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Correspondence:
    """Table 1 for these pictures: every part that at least two of them have, then ``draws`` random places of each.

    layers: names of stages, by default the paper's (`default_layers`). ``progress(done, total)`` is called after every
    picture; what it raises ends the analysis. Raises PartsError when no two pictures share a part, ValueError for an
    unknown layer. The same arguments give the same table; a picture's random places depend on its name and the seed.
    """
    layers = tuple(dict.fromkeys(layers)) or default_layers(model.architecture)
    for layer in layers:
        model.architecture.stage(layer)
    parts = shared_parts({picture.name: picture.parts for picture in pictures})
    if not parts:
        raise PartsError("Comparing needs a part that the network sees in at least two pictures.")
    notes = list(left_out)
    found: dict[str, dict[str, dict[str, np.ndarray]]] = {}  # part, picture, layer: int8 (masks, features)
    for done, picture in enumerate(pictures, 1):
        masks = masks_of(picture, parts, draws, seed)
        if RANDOM in masks and not masks[RANDOM]:
            notes.append(f"The marked parts of {picture.name} leave no room for a mask elsewhere.")
        for part, changes in _sign_changes(model, picture.pixels, masks, layers, fill).items():
            found.setdefault(part, {})[picture.name] = changes
        progress(done, len(pictures))
    scores = [
        _score(part, layer, [changes[layer] for changes in found[part].values()])
        for part in (*parts, RANDOM)
        if len(found.get(part, {})) >= 2
        for layer in layers
    ]
    names = tuple(picture.name for picture in pictures)
    return Correspondence(layers, tuple(scores), names, tuple(notes), fill, draws, seed)


def _is_visible(box: PartBox, size: int) -> bool:
    top, left, height, width = box
    return top < size and left < size and top + height > 0 and left + width > 0


def _score(part: str, layer: str, changes: Sequence[np.ndarray]) -> Table1Score:
    """Each of ``changes``: a picture's signs, int8 (masks, features); a pair's distance is the mean over its masks."""
    distances = [
        float(np.mean([hamming(a, b) for a, b in zip(one, other, strict=True)]))
        for one, other in combinations(changes, 2)
    ]
    error = float(np.std(distances, ddof=1) / len(distances) ** 0.5) if len(distances) > 1 else None
    return Table1Score(part, layer, float(np.mean(distances)), error, len(distances), len(changes))


def _sign_changes(
    model: Model, pixels: np.ndarray, masks: Mapping[str, Sequence[PartBox]], layers: Sequence[str], fill: OccluderFill
) -> dict[str, dict[str, np.ndarray]]:
    """By part that has masks and by layer: int8 (masks, features)."""
    boxes = [(part, box) for part, places in masks.items() for box in places]
    if not boxes:
        return {}
    highest = max(layers, key=model.architecture.index)
    clean = model.forward(pixels, until=highest)
    changes: dict[str, list[np.ndarray]] = {layer: [] for layer in layers}
    for _, (top, left, height, width) in boxes:
        occluder = Occluder(top, left, height, width, OccluderShape.RECTANGLE, fill)
        masked = forward_changed(clean, pixels, occlude(pixels, [occluder], model.input.mean))
        for layer, found in changes.items():
            found.append(signs(clean.activations[layer], masked.activations[layer])[0])
    rows: dict[str, list[int]] = {}
    for row, (part, _) in enumerate(boxes):
        rows.setdefault(part, []).append(row)
    return {
        part: {layer: np.stack([changes[layer][row] for row in places]) for layer in layers}
        for part, places in rows.items()
    }


__all__ = [
    "RANDOM_DRAWS", "MarkedPicture", "correspondence", "cut_out", "default_layers", "hamming", "masks_of",
    "random_boxes", "signs",
]  # fmt: skip
