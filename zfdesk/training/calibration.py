"""Whether probabilities mean what they say, and the one temperature that makes them (Guo et al., ICML 2017)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zfdesk.engine import Model
from zfdesk.training.data import PictureDataset
from zfdesk.training.errors import TrainingError
from zfdesk.training.evaluate import Protocol, readable_batches
from zfdesk.weights.temperature import divide_scores

BINS = 15
"""Of equal width from 0 to 1, as in the paper."""
_COLDEST, _HOTTEST = 1 / 64, 64.0
_FEWEST = 20
"""Pictures to fit a temperature on: fewer say nothing about it."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """Answers by how probable they were said to be.

    ``edges``: float64 (bins + 1,), a bin holds what is above its lower edge up to its upper one. ``counts``: int64
    (bins,). ``confidence``, ``accuracy``: float64 (bins,), means over the bin's answers, NaN where there are none.
    """

    edges: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def error(self) -> float:
        """The expected calibration error: |accuracy − confidence| of the bins, weighted by their answers."""
        apart = np.abs(self.accuracy - self.confidence)
        return float(np.nansum(apart * self.counts) / self.counts.sum())

    @property
    def mean_confidence(self) -> float:
        """Over all answers."""
        return float(np.nansum(self.confidence * self.counts) / self.counts.sum())


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> Reliability:
    """Sort answers into bins. confidence: (N,) probability of each answer; right: bool (N,)."""
    edges = np.linspace(0, 1, bins + 1)
    place = np.digitize(confidence, edges[1:-1], right=True)
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(place, confidence, bins) / counts
        share = np.bincount(place, np.asarray(right, np.float64), bins) / counts
    return Reliability(edges, counts, mean, share)


@dataclass(frozen=True)
class Calibration:
    """A fitted ``temperature``, on so many ``pictures``, and what it does to these very pictures.

    ``loss``: mean negative log likelihood of the true class, before and after; ``error``: the expected calibration
    error, likewise (of pictures that were not fitted on, `zfdesk evaluate` tells it).
    """

    temperature: float
    pictures: int
    loss: tuple[float, float]
    error: tuple[float, float]


def negative_log_likelihood(scores: np.ndarray, labels: np.ndarray, temperature: float = 1.0) -> float:
    """Of the true classes, mean. scores: (N, classes), what the softmax sees; labels: int (N,)."""
    logged = _log_softmax(scores / temperature)
    return float(-np.take_along_axis(logged, labels[:, None], 1).mean())


def fit_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """The temperature with the smallest negative log likelihood, from 1/64 to 64.

    In 1 / temperature the loss is convex, so its slope, E over the softmax of the scores minus the true class's score,
    has one zero, which is found by halving.
    """
    scores = scores.astype(np.float64)
    true = np.take_along_axis(scores, labels[:, None], 1)[:, 0]

    def slope(inverse: float) -> float:
        expected = (np.exp(_log_softmax(scores * inverse)) * scores).sum(1)
        return float((expected - true).mean())

    low, high = 1 / _HOTTEST, 1 / _COLDEST
    if slope(low) >= 0:
        return _HOTTEST
    if slope(high) <= 0:
        return _COLDEST
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return 2 / (low + high)


def calibrate(
    model: Model,
    pictures: PictureDataset,
    places: np.ndarray,
    *,
    threads: int = 2,
    progress: Callable[[int, int], None] = lambda done, total: None,
    on_message: Callable[[str], None] = lambda sentence: None,
) -> tuple[Model, Calibration]:
    """The network with a temperature folded into its last layer, and what was fitted.

    places, threads, progress, on_message: as for `zfdesk.training.evaluate.evaluate`. The pictures should be of neither
    training nor test. Raises TrainingError with a sentence.
    """
    try:
        layer = model.architecture.classifier.name
    except ValueError as error:
        raise TrainingError(str(error)) from None
    labels, scores = [], []
    for known, seen in readable_batches([model], pictures, places, Protocol(), threads, progress, on_message):
        labels.append(known)
        passed = model.forward(np.concatenate([picture[0] for picture in seen]), keep=[layer])
        scores.append(passed.activations[layer].flatten(1).numpy())
    if sum(map(len, labels)) < _FEWEST:
        raise TrainingError(f"A temperature is fitted on {_FEWEST} pictures or more, with their classes.")
    wanted, found = np.concatenate(labels), np.concatenate(scores).astype(np.float64)
    if not np.isfinite(found).all():
        raise TrainingError(f"{model.name or 'The network'} answers with values that are not numbers.")
    temperature = fit_temperature(found, wanted)
    if temperature in (_COLDEST, _HOTTEST):
        raise TrainingError("No temperature makes these probabilities fit: are the classes those of the pictures?")
    loss = [negative_log_likelihood(found, wanted, each) for each in (1.0, temperature)]
    apart = [_error(found / each, wanted) for each in (1.0, temperature)]
    calibration = Calibration(temperature, len(wanted), (loss[0], loss[1]), (apart[0], apart[1]))
    return divide_scores(model, temperature), calibration


def _error(scores: np.ndarray, labels: np.ndarray) -> float:
    probabilities = np.exp(_log_softmax(scores))
    return reliability(probabilities.max(1), probabilities.argmax(1) == labels).error


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    moved = scores - scores.max(1, keepdims=True)
    logged: np.ndarray = moved - np.log(np.exp(moved).sum(1, keepdims=True))
    return logged


__all__ = [
    "BINS", "Calibration", "Reliability", "calibrate", "fit_temperature", "negative_log_likelihood", "reliability",
]  # fmt: skip
