"""Insertion and deletion curves (Petsiuk, Das & Saenko 2018, RISE): how good is a heat map, in a number?

Deletion: the most important pixels are covered first, and the probability of the class should fall soon: the smaller
the area under the curve, the better. Insertion: they are uncovered first on a blurred picture, and it should rise soon:
the larger, the better.

*Our choices*, where the paper or its code leave them open: pixels are covered with the network's mean, as in RISE's
code, or with grey or blur; the blurred canvas is a Gaussian of sigma 5 pixels, as there, with borders reflected and cut
at 3 sigma (RISE's kernel is cut at 11 × 11 and fades to the mean at the borders). Of pixels with the same value the
first in row-major order goes first. The area is by the trapezium rule over the share of pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from zfdesk.engine.model import Model
from zfdesk.engine.occlude import Occluder, OccluderFill, blurred_picture, occlude
from zfdesk.experiments.heatmap import checked, upsampled

STEPS = 56
"""Batches of 896 pixels of a 224 × 224 picture. RISE's code takes 224 of 224 pixels: four times the passes."""

BLUR_SIGMA = 5.0
BATCH = 8  # pictures in one forward pass, see zfdesk.cli.classify


@dataclass(frozen=True, eq=False)
class Curve:
    """``probabilities`` of the class after the first ``shares`` of all pixels, most important first, were changed.

    Both float64 (steps + 1,), read-only; shares go from 0 to 1.
    """

    shares: np.ndarray
    probabilities: np.ndarray

    @property
    def area(self) -> float:
        """Under the curve, by the trapezium rule: the mean probability, from 0 to 1."""
        return float(np.trapezoid(self.probabilities, self.shares))


@dataclass(frozen=True, eq=False)
class InsertionDeletion:
    """Both curves of one heat map."""

    class_index: int
    deletion: Curve
    insertion: Curve


@dataclass(frozen=True, eq=False)
class Baseline:
    """Curves of several random maps, to set beside those of a heat map."""

    curves: tuple[InsertionDeletion, ...]

    @property
    def deletion(self) -> tuple[float, float | None]:
        """Mean and standard deviation of the areas; no deviation of a single one."""
        return _mean_and_deviation([curves.deletion.area for curves in self.curves])

    @property
    def insertion(self) -> tuple[float, float | None]:
        """Mean and standard deviation of the areas; no deviation of a single one."""
        return _mean_and_deviation([curves.insertion.area for curves in self.curves])


def insertion_deletion(
    model: Model,
    picture: np.ndarray,
    heat: np.ndarray,
    class_index: int | None = None,
    steps: int = STEPS,
    fill: OccluderFill = OccluderFill.MEAN,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> InsertionDeletion:
    """Both curves of a heat map on a picture.

    picture: uint8 (size, size, 3), as the network sees it. heat: real (height, width) of any size, higher = more
    important, spread over the picture. class_index: by default the most probable class. ``fill``: what deleted pixels
    become (MEAN, GREY, BLUR or BLACK). ``progress(done, total)``: passes so far; what it raises ends the work.
    Raises ValueError on a map that is not one, an unknown class, or steps out of range.
    """
    size = model.architecture.size
    if not 1 <= steps <= size * size:
        raise ValueError(f"The curve has 1 to {size * size} steps, not {steps}.")
    if fill is OccluderFill.NOISE:
        raise ValueError("Pixels are not deleted by noise: choose mean, grey, blur or black.")
    order = pixel_order(heat, size)
    if class_index is None:
        class_index = int(model.probabilities(picture).argmax())
    if not 0 <= class_index < len(model.classes):
        raise ValueError(f"There is no class {class_index}; there are 0 to {len(model.classes) - 1}.")
    total = 2 * (steps + 1)
    made: list[Curve] = []
    for start, finish in ((picture, _covered(model, picture, fill)), (blurred_picture(picture, BLUR_SIGMA), picture)):
        passed = len(made) * (steps + 1)
        pictures = _changed_in_order(start, finish, order, steps)
        probabilities: list[np.ndarray] = []
        while batch := list(islice(pictures, BATCH)):
            probabilities.append(model.probabilities(np.stack(batch))[:, class_index].numpy())
            passed += len(batch)
            progress(passed, total)
        shares = _counts(len(order), steps) / len(order)
        made.append(Curve(_frozen(shares), _frozen(np.concatenate(probabilities).astype(np.float64))))
    return InsertionDeletion(class_index, *made)


def random_baseline(
    model: Model,
    picture: np.ndarray,
    class_index: int,
    shape: tuple[int, int],
    count: int = 5,
    seed: int = 0,
    steps: int = STEPS,
    fill: OccluderFill = OccluderFill.MEAN,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Baseline:
    """The curves of ``count`` maps of random values, (height, width) of ``shape``: as coarse as the map they are set
    beside, since scattered single pixels destroy a picture sooner than patches do."""
    rng = np.random.default_rng(seed)
    passes, curves = 2 * (steps + 1), []
    for number in range(count):

        def on_progress(done: int, _: int, before: int = number * passes) -> None:
            progress(before + done, count * passes)

        curves.append(insertion_deletion(model, picture, rng.random(shape), class_index, steps, fill, on_progress))
    return Baseline(tuple(curves))


def pixel_order(heat: np.ndarray, size: int) -> np.ndarray:
    """Flat positions y·size + x of all pixels, most important first, int64 (size²,); of equals the first goes first.

    Raises HeatMapError (a ValueError) unless ``heat`` is (height, width) of finite real numbers.
    """
    heat = checked(heat, constant=True)
    return np.argsort(-upsampled(heat, size).ravel(), kind="stable")


def _covered(model: Model, picture: np.ndarray, fill: OccluderFill) -> np.ndarray:
    if fill is OccluderFill.BLUR:
        return blurred_picture(picture, BLUR_SIGMA)
    height, width = picture.shape[:2]
    return occlude(picture, [Occluder(0, 0, height, width, fill=fill)], model.input.mean)


def _counts(pixels: int, steps: int) -> np.ndarray:
    """How many pixels have been changed after each step, from 0 to all of them."""
    return np.round(np.arange(steps + 1) * pixels / steps).astype(np.int64)


def _changed_in_order(start: np.ndarray, finish: np.ndarray, order: np.ndarray, steps: int) -> Iterator[np.ndarray]:
    """The picture at every step on the way from ``start`` to ``finish``."""
    now, then = start.reshape(-1, 3).copy(), finish.reshape(-1, 3)
    changed = 0
    for count in _counts(len(order), steps):
        part = order[changed:count]
        now[part] = then[part]
        changed = count
        yield now.reshape(start.shape).copy()


def _mean_and_deviation(areas: list[float]) -> tuple[float, float | None]:
    return float(np.mean(areas)), float(np.std(areas, ddof=1)) if len(areas) > 1 else None


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


__all__ = ["STEPS", "Baseline", "Curve", "InsertionDeletion", "insertion_deletion", "pixel_order", "random_baseline"]
