"""Linear SVMs with the squared hinge where there are more features than pictures: Newton's method on the dual.

For each class against all others the least of |w|² / 2 + C · Σ hinge² is a system of linear equations as soon as it is
known which pictures have a hinge, and a few guesses find them (Chapelle, "Training a support vector machine in the
primal", Neural Computation 2007, Section 3). The first guess, all pictures, is the same system for every class.
"""

from __future__ import annotations

import torch
from torch import Tensor

MOST_STEPS = 100
SMALLEST_STEP = 1e-6


def fit_squared_hinge(gram: Tensor, labels: Tensor, classes: int, strength: float) -> tuple[Tensor, Tensor, int, bool]:
    """All classes, each against all others.

    gram: float64 (N, N), the pictures' inner products. labels: int64 (N,). Returns shares (classes, N), so that a
    class's weights are its shares times the features; biases (classes,); the most steps a class took; and whether all
    came to the end.
    """
    every = torch.stack([2.0 * (labels == label).double() - 1 for label in range(classes)])
    regular = gram.clone()
    regular.diagonal().add_(1 / (2 * strength))
    first = _solved(regular, every.T)
    fits = [_fit_one(gram, target, strength, (first[0][:, i], first[1][i])) for i, target in enumerate(every)]
    shares = torch.stack([fit[0] for fit in fits])
    biases = torch.stack([fit[1] for fit in fits])
    return shares, biases, max(fit[2] for fit in fits), all(fit[3] for fit in fits)


def _solved(regular: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Shares (M, T) that sum to 0 and biases (T,) with ``regular`` · shares + bias = targets (M, T)."""
    factor = torch.linalg.cholesky(regular)
    found = torch.cholesky_solve(torch.cat((targets, torch.ones_like(targets[:, :1])), 1), factor)
    own, ones = found[:, :-1], found[:, -1:]
    bias = own.sum(0) / ones.sum()
    return own - ones * bias, bias


def _fit_one(
    gram: Tensor, target: Tensor, strength: float, first: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor, int, bool]:
    shares, bias = torch.zeros_like(target), target.new_zeros(())
    scores, best = torch.zeros_like(target), strength * float(len(target))
    wanted, wanted_bias = first
    short = torch.ones_like(target, dtype=torch.bool)
    for step in range(1, MOST_STEPS + 1):
        index = short.nonzero()[:, 0]
        there = gram[:, index] @ wanted[index] + wanted_bias
        length = 1.0
        while True:  # the scores are linear in the step
            tried = shares + length * (wanted - shares)
            tried_bias, tried_scores = bias + length * (wanted_bias - bias), scores + length * (there - scores)
            hinge = (1 - target * tried_scores).clamp_(min=0)
            value = float(tried @ (tried_scores - tried_bias)) / 2 + strength * float(hinge @ hinge)
            if value <= best + 1e-12 * abs(best) or length < SMALLEST_STEP:
                break
            length /= 2
        now = target * tried_scores < 1
        settled = length == 1 and bool((now == short).all())
        stuck = length < SMALLEST_STEP  # as low as this precision goes
        shares, bias, scores, best, short = tried, tried_bias, tried_scores, value, now
        if settled or stuck:
            return shares, bias, step, True
        index = short.nonzero()[:, 0]
        if not len(index):
            return shares, bias, step, True
        regular = gram[index][:, index]
        regular.diagonal().add_(1 / (2 * strength))
        own, own_bias = _solved(regular, target[index, None])
        wanted = torch.zeros_like(target)
        wanted[index], wanted_bias = own[:, 0], own_bias[0]
    return shares, bias, MOST_STEPS, False


__all__ = ["fit_squared_hinge"]
