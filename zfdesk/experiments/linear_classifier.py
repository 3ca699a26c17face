"""Linear classifiers of features: a softmax, or linear SVMs as in the paper (Sections 5.2 and 5.3).

    classifier = fit_softmax(features(model, pictures), labels)
    mine = with_classes(model, ("cup", "cat"), classifier.weight, classifier.bias)

Before a fit features are centred and divided by one number, so that their mean square length is 1: ``strength`` then
means the same at every layer. Both are folded into weights and biases again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.experiments.lbfgs import minimise
from zfdesk.experiments.svm import fit_squared_hinge

Kind = Literal["softmax", "svm"]
STRENGTH = 100.0
MOST_DUAL = 6000  # pictures an SVM is fitted on by their inner products: 0.3 GB for those


@dataclass(frozen=True, eq=False)
class Classifier:
    """Linear scores of features: features @ weight.T + bias. weight: float32 (classes, features); bias: (classes,).

    ``kind``: "softmax" or "svm"; ``steps`` and ``converged``: of the fit.
    """

    weight: Tensor
    bias: Tensor
    kind: Kind
    steps: int = 0
    converged: bool = True

    def scores(self, features: Tensor) -> Tensor:
        """(N, features) → (N, classes)."""
        return features @ self.weight.T + self.bias

    def probabilities(self, features: Tensor) -> Tensor:
        """The softmax of the scores, (N, features) → (N, classes). An SVM's scores are margins: of these it makes no
        calibrated probabilities."""
        return self.scores(features).softmax(1)

    def answer(self, features: Tensor) -> Tensor:
        """The class of each picture, int64 (N,)."""
        return self.scores(features).argmax(1)


def fit_softmax(
    features: Tensor | Basis, labels: Tensor, classes: int = 0, strength: float = STRENGTH, tolerance: float = 1e-6
) -> Classifier:
    """Multinomial logistic regression: the least of |W|² / 2 + strength · Σ cross-entropy over the scaled features.

    features: (N, features), or their `Basis` where several fits are made; labels: int64 (N,) from 0; classes: how many
    there are (0: as many as the labels tell).
    ``strength``: what scikit-learn calls C; biases are not held down. Deterministic; in float64 by L-BFGS until the
    largest component of the mean gradient is below ``tolerance``. Raises ValueError with a sentence for labels that do
    not fit, and for a class without pictures.
    """
    return _fit(features, labels, classes, strength, tolerance, "softmax")


def fit_svm(
    features: Tensor | Basis, labels: Tensor, classes: int = 0, strength: float = STRENGTH, tolerance: float = 1e-6
) -> Classifier:
    """A linear SVM a class against all others, with the squared hinge: the least of |W|² / 2 + strength · Σ hinge².

    All else as `fit_softmax`. With hardly more pictures than features, the exact optimum by `zfdesk.experiments.svm`.
    """
    basis = features if isinstance(features, Basis) else Basis.of(features)
    count, size = basis.coordinates.shape
    if count > min(2 * size, MOST_DUAL):
        return _fit(basis, labels, classes, strength, tolerance, "svm")
    classes = _checked(basis, labels, classes, strength)
    shares, bias, steps, converged = fit_squared_hinge(basis.inner_products(), labels, classes, strength)
    return _unscaled(shares @ basis.centred / basis.scale, bias, basis, "svm", steps, converged)


FITS: dict[Kind, Callable[..., Classifier]] = {"softmax": fit_softmax, "svm": fit_svm}


def _fit(
    features: Tensor | Basis, labels: Tensor, classes: int, strength: float, tolerance: float, kind: Kind
) -> Classifier:
    basis = features if isinstance(features, Basis) else Basis.of(features)
    classes = _checked(basis, labels, classes, strength)
    x, count = basis.coordinates, len(basis.coordinates)
    if kind == "softmax":
        target = F.one_hot(labels, classes).double()
    else:
        target = 2 * F.one_hot(labels, classes).double() - 1

    def loss(point: Tensor) -> tuple[Tensor, Tensor]:
        """Divided by strength · N, so that one tolerance fits all."""
        weight, bias = point[:, :-1], point[:, -1]
        scores = x @ weight.T + bias
        if kind == "softmax":
            answers = scores.log_softmax(1)
            value, slope = -(answers * target).sum(), answers.exp() - target
        else:
            short = (1 - target * scores).clamp_(min=0)
            value, slope = (short * short).sum(), -2 * target * short
        decay = 1 / (strength * count)
        gradient = torch.cat((slope.T @ x / count + decay * weight, slope.sum(0)[:, None] / count), 1)
        return value / count + decay * (weight * weight).sum() / 2, gradient

    found = minimise(loss, x.new_zeros(classes, x.shape[1] + 1), tolerance)
    return _unscaled(basis.back(found.point[:, :-1]), found.point[:, -1], basis, kind, found.steps, found.converged)


def _unscaled(weight: Tensor, bias: Tensor, basis: Basis, kind: Kind, steps: int, converged: bool) -> Classifier:
    """The classifier for features that are not centred: the forward pass needs no shift."""
    if kind == "softmax":  # which does not mind a constant: the smallest biases are taken
        bias = bias - bias.mean()
    bias = bias - weight @ basis.mean
    return Classifier(weight.float(), bias.float(), kind, steps, converged)


@dataclass(frozen=True, eq=False)
class Basis:
    """Centred and scaled features in coordinates of their own: with far fewer pictures than features the weights lie in
    the span of the pictures, and N numbers each say as much as all features. Lengths and angles stay, so the fit is the
    same.

    coordinates: float64 (N, least of N and features), those of the pictures with respect to axes that are themselves
    sums of pictures: ``factor``, (N, N) lower triangular, times the axes gives the pictures; None where the coordinates
    are the features.
    """

    mean: Tensor
    scale: float
    coordinates: Tensor
    centred: Tensor
    factor: Tensor | None

    @classmethod
    def of(cls, features: Tensor) -> Basis:
        """That of features (N, features). Raises ValueError for none, or values that are not numbers."""
        if features.ndim != 2 or not len(features):
            raise ValueError("A classifier is taught with features (pictures, features).")
        x = features.double()
        if not bool(torch.isfinite(x).all()):
            raise ValueError("A classifier cannot be taught with features that are not numbers.")
        mean = x.mean(0)
        x = x - mean
        scale = float((x * x).sum(1).mean().sqrt()) or 1.0  # pictures that are all alike
        x /= scale
        if 2 * len(x) >= x.shape[1]:
            return cls(mean, scale, x, x, None)
        gram = x @ x.T
        jitter = 1e-9 * max(float(gram.diagonal().mean()), 1e-300)  # centred pictures are not independent
        while True:
            factor, failed = torch.linalg.cholesky_ex(gram + jitter * torch.eye(len(x), dtype=x.dtype))
            if not int(failed):
                return cls(mean, scale, factor, x, factor)
            jitter *= 10

    def inner_products(self) -> Tensor:
        """Return the inner products of the centred features, (N, N)."""
        return self.centred @ self.centred.T

    def back(self, weight: Tensor) -> Tensor:
        """Weights of the coordinates, (classes, coordinates) → of the features as given, (classes, features)."""
        if self.factor is None:
            return weight / self.scale
        of_pictures: Tensor = torch.linalg.solve_triangular(self.factor.T, weight.T, upper=True).T
        return of_pictures @ self.centred / self.scale


def _checked(basis: Basis, labels: Tensor, classes: int, strength: float) -> int:
    if labels.shape != basis.coordinates.shape[:1] or labels.dtype != torch.int64:
        raise ValueError("A classifier is taught with features and one whole number a picture.")
    if not (strength > 0 and strength < float("inf")):
        raise ValueError("The strength of a fit must be a positive number.")
    classes = classes or int(labels.max()) + 1
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise ValueError(f"The labels must lie from 0 to {classes - 1}.")
    if classes < 2:
        raise ValueError("There is one class: it takes two to tell them apart.")
    counts = torch.bincount(labels, minlength=classes)
    if not bool(counts.all()):
        raise ValueError(f"Class {int((counts == 0).nonzero()[0])} has no pictures.")
    return classes


@dataclass(frozen=True)
class LeftOut:
    """How pictures were told that the fit had not seen: ``right`` and ``tried`` by class."""

    right: tuple[int, ...]
    tried: tuple[int, ...]

    @property
    def share(self) -> float:
        """Mean over the classes that were tried, as the paper counts; nan when none was."""
        shares = [right / tried for right, tried in zip(self.right, self.tried, strict=True) if tried]
        return sum(shares) / len(shares) if shares else float("nan")


def leave_out(
    features: Tensor, labels: Tensor, blocks: Tensor, classes: int, most_folds: int = 5, strength: float = STRENGTH
) -> LeftOut:
    """How well a softmax tells pictures that it was not taught with; whole blocks of them are left out in turn.

    blocks: int64 (N,), a number for pictures that belong together, such as frames held in one go: neighbouring frames
    are nearly the same picture, and leaving out one of them alone would tell nothing. A class with one block alone is
    always taught and never tried.
    """
    if 2 * len(features) < features.shape[1]:
        features = Basis.of(features).coordinates.float()  # once for all folds
    folds = torch.full_like(labels, -1)
    for label in range(classes):
        own = blocks[labels == label].unique(sorted=True)
        for place, block in enumerate(own if len(own) > 1 else ()):
            folds[(labels == label) & (blocks == block)] = place % most_folds
    right, tried = [0] * classes, [0] * classes
    for fold in range(int(folds.max()) + 1):
        out = folds == fold
        answers = fit_softmax(features[~out], labels[~out], classes, strength, 1e-4).answer(features[out])
        for label, answer in zip(labels[out].tolist(), answers.tolist(), strict=True):
            tried[label] += 1
            right[label] += label == answer
    return LeftOut(tuple(right), tuple(tried))


__all__ = ["FITS", "STRENGTH", "Basis", "Classifier", "Kind", "LeftOut", "fit_softmax", "fit_svm", "leave_out"]
