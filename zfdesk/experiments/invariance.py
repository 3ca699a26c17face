"""How features change when a picture is shifted, enlarged and turned (Section 4, Fig. 5).

Each picture is moved down, enlarged about its centre or turned about it, and the network sees the result. The distance
is the Euclidean one between the feature vectors of the transformed and of the untransformed picture.

What the paper leaves open, and *our choice*:

- The photograph itself is transformed, so that what lay outside the crop comes into it; what lies beyond the photograph
  is mid-grey (128). It is first brought to the network's scale (antialiased, as `zfdesk.engine.crop`), then sampled
  with bilinear interpolation: whole pixels of shift change no pixel, and no amount (0, × 1, 0°) changes nothing.
- Layer 1 ends with its pooling and normalisation (Fig. 3): its features are ``norm1``, which layer 2 reads. Layer 7 is
  ``fc7``. Both are rectified.
- The label is the class that is most probable for the untransformed picture, unless the true one is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F

from zfdesk.engine.layers import Architecture, Conv, Linear, MaxPool
from zfdesk.engine.model import Model
from zfdesk.engine.picture import CropBox, crop
from zfdesk.experiments.correspondence import default_layers

BATCH = 16
MOST_SHIFT = 60 / 224
"""Of the paper: 60 pixels of 224, as a share of the input's side."""


class Transformation(StrEnum):
    """What is done to a picture."""

    TRANSLATION = "vertical translation"  # pixels of the network's input, downwards
    SCALE = "scale"  # 1.8: everything is 1.8 times as large
    ROTATION = "rotation"  # degrees, anticlockwise


@dataclass(frozen=True, eq=False)
class Invariance:
    """What a change did to several pictures, read-only.

    ``amounts``: float64 (amounts,). ``distances``: by layer, float64 (pictures, amounts), in the features' own units.
    ``probabilities``: float64 (pictures, amounts), of each picture's class in ``classes``.
    """

    change: Transformation
    amounts: np.ndarray
    distances: dict[str, np.ndarray]
    probabilities: np.ndarray
    classes: tuple[int, ...]


def paper_amounts(change: Transformation, size: int = 224) -> np.ndarray:
    """The amounts of Fig. 5 for an input of ``size`` pixels, float64 (amounts,).

    −60 to 60 pixels in steps of 5 at 224 (in proportion else), 1 to 1.8 in steps of 0.05, 0° to 350° in steps of 10.
    """
    if change is Transformation.TRANSLATION:
        most = round(MOST_SHIFT * size)
        return np.unique(np.round(np.linspace(-most, most, 25)))
    return np.linspace(1, 1.8, 17) if change is Transformation.SCALE else np.arange(0.0, 360.0, 10.0)


def invariance_layers(architecture: Architecture) -> tuple[str, ...]:
    """The paper's layers 1 and 7: the last stage before the second layer's convolution, and ``fc7`` or the last fully
    connected layer below the classifier."""
    stages, pooled = architecture.stages, False
    first = stages[-1].name
    for before, stage in pairwise(stages):
        if pooled and isinstance(stage.layer, Conv | Linear):
            first = before.name
            break
        pooled = pooled or isinstance(stage.layer, MaxPool)
    return tuple(dict.fromkeys((first, default_layers(architecture)[-1])))


def around(frame: np.ndarray, box: CropBox, size: int) -> np.ndarray:
    """The part of a frame that transformations can bring into the crop ``box``, at the network's scale.

    frame: uint8 (height, width, 3); box: in its pixels. Returns uint8 (side, side, 3), of which the crop is the middle
    ``size`` × ``size`` pixels.
    """
    pad = math.ceil(max(round(MOST_SHIFT * size), (math.sqrt(2) - 1) / 2 * size)) + 2
    left, top, right, bottom = box
    across, down = pad * (right - left) / size, pad * (bottom - top) / size
    return crop(frame, (left - across, top - down, right + across, bottom + down), size + 2 * pad)


def transformed(
    canvas: np.ndarray, size: int, change: Transformation, amounts: Sequence[float] | np.ndarray
) -> np.ndarray:
    """What the network sees after each amount of a change: uint8 (amounts, size, size, 3).

    canvas: of `around`. Raises ValueError for an amount that shows more than the canvas has, or no size at all.
    """
    side, half = len(canvas), size / 2
    grid = torch.arange(size, dtype=torch.float64) + 0.5 - half  # from the centre, in pixels
    y, x = torch.meshgrid(grid, grid, indexing="ij")
    places = []
    for amount in np.asarray(amounts, np.float64).tolist():
        if change is Transformation.TRANSLATION:
            moved = x, y - amount
        elif change is Transformation.SCALE:
            if not amount >= 1:
                raise ValueError(f"A picture is enlarged 1 times or more, not {amount:g} times.")
            moved = x / amount, y / amount
        else:
            cosine, sine = math.cos(math.radians(amount)), math.sin(math.radians(amount))
            # y goes down: the place that an anticlockwise turn brings to (x, y)
            moved = x * cosine - y * sine, x * sine + y * cosine
        places.append(torch.stack(moved, -1))
    wanted = torch.stack(places)
    if wanted.abs().max() > side / 2 - 0.5:
        raise ValueError(f"The change shows more than the {side} pixels that were cut out.")
    # centres of pixels lie half a pixel inside, and -1 to 1 goes from edge to edge
    source = torch.from_numpy(canvas.astype(np.float64)).permute(2, 0, 1)[None]
    out = F.grid_sample(source.expand(len(wanted), -1, -1, -1), wanted / (side / 2), align_corners=False)
    return (out.permute(0, 2, 3, 1) + 0.5).floor().clamp(0, 255).to(torch.uint8).numpy()


@dataclass(frozen=True, eq=False)
class Untransformed:
    """A picture as it is, which its transformed versions are compared with, whatever is done to it.

    ``canvas``: of `around`. ``features``: by layer, float64 (features,). ``probabilities``: float64 (classes,).
    """

    model: Model
    canvas: np.ndarray
    features: dict[str, np.ndarray]
    probabilities: np.ndarray

    def compared(
        self, change: Transformation, amounts: Sequence[float] | np.ndarray
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """After each amount of a change: distances by layer, float64 (amounts,), and the probabilities of all classes,
        float64 (amounts, classes). Raises ValueError as `transformed`."""
        pictures = transformed(self.canvas, self.model.architecture.size, change, amounts)
        found, answers = _features(self.model, pictures, tuple(self.features))
        return {name: np.linalg.norm(found[name] - clean, axis=1) for name, clean in self.features.items()}, answers


def untransformed(model: Model, canvas: np.ndarray, layers: Sequence[str] = ()) -> Untransformed:
    """A picture cut out by `around`, uint8 (side, side, 3), and what the network makes of it.

    layers: by default the paper's, see `invariance_layers`. Raises ValueError for a layer that does not exist.
    """
    layers = tuple(layers) or invariance_layers(model.architecture)
    for layer in layers:
        model.architecture.stage(layer)
    found, answers = _features(
        model, transformed(canvas, model.architecture.size, Transformation.SCALE, (1.0,)), layers
    )
    return Untransformed(model, canvas, {layer: found[layer][0] for layer in layers}, answers[0])


def invariance(
    model: Model,
    canvases: Sequence[np.ndarray],
    change: Transformation,
    amounts: Sequence[float] | np.ndarray | None = None,
    layers: Sequence[str] = (),
    classes: Sequence[int] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Invariance:
    """Distances and probabilities over all amounts of a change, for pictures cut out by `around`.

    amounts: by default the paper's. layers: by default the paper's, see `invariance_layers`. classes: of each picture,
    by default the most probable. ``progress(done, total)``: pictures that went through the network.
    Raises ValueError for a layer or class that does not exist.
    """
    size = model.architecture.size
    amounts = paper_amounts(change, size) if amounts is None else np.asarray(amounts, np.float64)
    layers = tuple(layers) or invariance_layers(model.architecture)
    for layer in layers:
        model.architecture.stage(layer)
    if classes and len(classes) != len(canvases):
        raise ValueError(f"There are {len(classes)} classes for {len(canvases)} pictures.")
    if wrong := [index for index in classes if not 0 <= index < len(model.classes)]:
        raise ValueError(f"There is no class {wrong[0]}; there are 0 to {len(model.classes) - 1}.")
    total = len(canvases) * (len(amounts) + 1)
    distances = {layer: np.zeros((len(canvases), len(amounts))) for layer in layers}
    probabilities, chosen, done = np.zeros((len(canvases), len(amounts))), [], 0
    for row, canvas in enumerate(canvases):
        as_it_is = untransformed(model, canvas, layers)
        chosen.append(int(classes[row]) if classes else int(as_it_is.probabilities.argmax()))
        done += 1
        for begin in range(0, len(amounts), BATCH):
            part = slice(begin, begin + BATCH)
            found, answers = as_it_is.compared(change, amounts[part])
            for layer in layers:
                distances[layer][row, part] = found[layer]
            probabilities[row, part] = answers[:, chosen[-1]]
            done += len(answers)
            progress(done, total)
    for array in (amounts, probabilities, *distances.values()):
        array.setflags(write=False)
    return Invariance(change, amounts, distances, probabilities, tuple(chosen))


def _features(model: Model, pictures: np.ndarray, layers: Sequence[str]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """By layer float64 (pictures, features), and float64 (pictures, classes)."""
    forward_pass = model.forward(pictures, keep=(*layers, model.architecture.stages[-1].name))
    found = {layer: forward_pass.activations[layer].flatten(1).double().numpy() for layer in layers}
    return found, forward_pass.probabilities.double().numpy()


__all__ = [
    "Invariance",
    "Transformation",
    "Untransformed",
    "around",
    "invariance",
    "invariance_layers",
    "paper_amounts",
    "transformed",
    "untransformed",
]  # fmt: skip
