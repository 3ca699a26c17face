"""Fooling pictures (Szegedy et al. 2014; Goodfellow et al. 2015): a picture that looks the same and is another class.

Projected gradient steps (Madry et al. 2018) towards a class, never further from the picture than a budget: the largest
change of any pixel (L∞, in levels of 255) or the length of all changes together (L2, in levels).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine import Model, Softmax
from zfdesk.engine.differentiable import Differentiable
from zfdesk.progress import percent_text
from zfdesk.synthesis.objectives import of_class
from zfdesk.synthesis.steps import Sketch, as_pictures, as_tensor, check_memory, normaliser


class Norm(StrEnum):
    """The norm that limits the change of a picture."""

    LARGEST = "linf"
    LENGTH = "l2"


def fool(
    model: Model, picture: np.ndarray, to: int, budget: float = 8.0, norm: Norm = Norm.LARGEST, steps: int = 40,
    confidence: float = 0.9, every: int = 1,
) -> Iterator[Sketch]:  # fmt: skip
    """Sketches of a picture on its way to class ``to``; ``values``: that class's probability.

    picture: uint8 (size, size, 3), as the network sees it. budget: see above; it holds of the rounded picture. every:
    steps between two sketches. Ends when the class has ``confidence``, 0 to 1, or after ``steps``; then a note says how
    far it came. Deterministic.
    Raises ValueError for a class that does not exist, a budget without room, a picture of another size, or
    too little memory.
    """
    size = model.architecture.size
    objective = of_class(model.architecture, to)
    if picture.shape != (size, size, 3):
        raise ValueError(f"The picture must be ({size}, {size}, 3), not {picture.shape}.")
    if not (math.isfinite(budget) and budget > 0):
        raise ValueError(f"The budget is a number of levels above 0, not {budget:g}.")
    if not isinstance(model.architecture.stages[-1].layer, Softmax):
        raise ValueError(f"{model.architecture.name} does not end in class probabilities.")
    layer = objective.terms[0].layer
    network = Differentiable(model, {layer: None})
    check_memory(network)
    return _fooled(network, as_tensor(picture), layer, to, budget, Norm(norm), steps, confidence, every)


def _fooled(
    network: Differentiable, clean: Tensor, layer: str, to: int, budget: float, norm: Norm, steps: int,
    confidence: float, every: int,
) -> Iterator[Sketch]:  # fmt: skip
    model, normalised = network.model, normaliser(network.model)
    pace = 2.5 * budget / steps
    x = clean.clone()
    for step in range(1, steps + 1):
        x.requires_grad_()
        scores = network(normalised(x))[layer][:, :, 0, 0]
        (gradient,) = torch.autograd.grad(scores.log_softmax(1)[0, to], x)
        if not bool(gradient.isfinite().all()):
            raise ArithmeticError("The network's gradient is not made of numbers: this picture cannot be changed so.")
        with torch.no_grad():
            x = within(x + pace * _direction(gradient, norm), clean, budget, norm)
            pictures = as_pictures(within(x.round(), clean, budget, norm, whole_levels=True))
            answer = float(network(normalised(as_tensor(pictures)))[layer][:, :, 0, 0].softmax(1)[0, to])
        done = answer >= confidence
        if done or step % every == 0 or step == steps:
            notes = () if done or step < steps else (
                f"With this budget {model.classes[to]} came to {percent_text(answer, 1)}, not to "
                f"{percent_text(confidence)}.",)  # fmt: skip
            yield Sketch(step, step if done else steps, pictures, np.array([answer]), notes)
        if done:
            return


def within(x: Tensor, clean: Tensor, budget: float, norm: Norm, whole_levels: bool = False) -> Tensor:
    """The picture nearest to ``x`` that is within the budget of ``clean`` and within 0 to 255.

    x, clean: (N, 3, height, width), 0 to 255. whole_levels: changes are cut towards zero, so that a picture of whole
    levels stays one.
    """
    change = x - clean
    if norm is Norm.LARGEST:
        change = change.clamp(-budget, budget)
    else:
        length = float(change.norm())
        change = change * min(1.0, budget / length) if length else change
    return (clean + (change.trunc() if whole_levels else change)).clamp(0, 255)


def _direction(gradient: Tensor, norm: Norm) -> Tensor:
    return gradient.sign() if norm is Norm.LARGEST else gradient / gradient.norm().clamp_min(1e-30)


def magnified(clean: np.ndarray, changed: np.ndarray) -> tuple[np.ndarray, float]:
    """The change as a picture about mid-grey, and by how much it is magnified: the largest change fills the range.

    clean, changed and the result: uint8 (height, width, 3).
    """
    change = changed.astype(np.float64) - clean
    largest = float(np.abs(change).max())
    factor = 127 / largest if largest else 1.0
    return np.round(128 + factor * change).clip(0, 255).astype(np.uint8), factor
