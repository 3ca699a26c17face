"""A minimum of a smooth convex function by L-BFGS (Liu & Nocedal 1989), in the precision of its start.

torch has one too, but making it imports torch's compiler: 1 to 5 s, at a moment when the user waits for an answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

REMEMBERED = 20  # pairs of steps and changes of the gradient
ARMIJO = 1e-4
MOST_HALVINGS = 40

ValueAndGradient = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From a point to the value there and the gradient, which is of the point's shape."""


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where it stopped: ``point``, of the start's shape. ``gradient``: its largest absolute component that is left;
    ``steps``: how many were taken.

    ``converged``: the gradient is below the tolerance, or no step along it lowers the value any more.
    """

    point: Tensor
    value: float
    gradient: float
    steps: int
    converged: bool


def minimise(function: ValueAndGradient, start: Tensor, tolerance: float = 1e-6, most_steps: int = 2000) -> Minimum:
    """Go down from ``start`` until the largest component of the gradient is below ``tolerance``.

    start: of any shape. The same start gives the same end. Raises ArithmeticError where the value is not a number.
    """
    point = start.clone()
    value, gradient = function(point)
    pairs: deque[tuple[Tensor, Tensor, Tensor]] = deque(maxlen=REMEMBERED)
    for step in range(most_steps):
        largest = float(gradient.abs().max())
        if not torch.isfinite(value) or largest != largest:
            raise ArithmeticError("The classifier cannot be taught: its features hold values that are not numbers.")
        if largest <= tolerance:
            return Minimum(point, float(value), largest, step, True)
        direction = -_scaled(gradient, pairs)
        slope = (direction * gradient).sum()
        length = 1.0 if pairs else 1.0 / max(float(gradient.norm()), 1.0)
        for _ in range(MOST_HALVINGS):
            there = point + length * direction
            value_there, gradient_there = function(there)
            if value_there <= value + ARMIJO * length * slope:
                break
            length /= 2
        else:  # as low as this precision goes
            return Minimum(point, float(value), largest, step, True)
        moved, turned = there - point, gradient_there - gradient
        bend = (moved * turned).sum()
        if bend > 1e-12 * float((turned * turned).sum()):  # else the memory would not stay positive definite
            pairs.append((moved, turned, bend))
        point, value, gradient = there, value_there, gradient_there
    return Minimum(point, float(value), float(gradient.abs().max()), most_steps, False)


def _scaled(gradient: Tensor, pairs: deque[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
    """The gradient times the inverse curvature that the remembered pairs tell of (the two-loop recursion)."""
    if not pairs:
        return gradient
    result, shares = gradient.clone(), []
    for moved, turned, bend in reversed(pairs):
        share = (moved * result).sum() / bend
        result -= share * turned
        shares.append(share)
    moved, turned, bend = pairs[-1]
    result *= bend / (turned * turned).sum()
    for (moved, turned, bend), share in zip(pairs, reversed(shares), strict=True):
        result += (share - (turned * result).sum() / bend) * moved
    return result
