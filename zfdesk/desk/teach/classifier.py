"""A softmax classifier of the taught classes, over the features of a network: what it is and how it is fitted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date

import numpy as np
import torch

from zfdesk.engine import Model, crop
from zfdesk.engine.classifier import taught_text, with_classes
from zfdesk.experiments.layer_features import features
from zfdesk.experiments.linear_classifier import LeftOut, fit_softmax, leave_out
from zfdesk.live import ClassSet, Sample


@dataclass(frozen=True, eq=False)
class Taught:
    """What came of teaching. ``seconds``: the fit and the estimate; ``left_out``: how pictures of bursts that were left
    out were told, None where every class has one burst only."""

    class_set: ClassSet
    model: Model
    left_out: LeftOut | None
    seconds: float
    found: dict[Sample, np.ndarray]

    @property
    def pictures(self) -> int:
        """Return the number of pictures taught with."""
        return sum(len(one.samples) for one in self.class_set.taught)


def teach(class_set: ClassSet, base: Model, known: dict[Sample, np.ndarray]) -> Taught:
    """Teach the classes that have pictures enough; on any thread. ``known``: features at hand."""
    start = time.perf_counter()
    classes = class_set.taught
    found = dict(known)
    missing = [sample for taught_class in classes for sample in taught_class.samples if sample not in found]
    if missing:
        size = base.architecture.size
        computed = features(base, (_resized(sample.picture, size) for sample in missing))
        found |= dict(zip(missing, computed.numpy(), strict=True))
    samples = [sample for taught_class in classes for sample in taught_class.samples]
    x = torch.from_numpy(np.stack([found[sample] for sample in samples]))
    labels = torch.tensor([label for label, taught_class in enumerate(classes) for _ in taught_class.samples])
    bursts = torch.tensor([sample.burst for sample in samples])
    classifier = fit_softmax(x, labels, len(classes))
    provenance = taught_text(base, "softmax", len(classes), len(samples), date.today().isoformat())
    name = f"{base.name or base.architecture.name} taught {len(classes)} classes"
    model = with_classes(base, [one.name for one in classes], classifier.weight, classifier.bias, provenance, name)
    left_out = leave_out(x, labels, bursts, len(classes))
    return Taught(class_set, model, left_out if any(left_out.tried) else None, time.perf_counter() - start, found)


def _resized(picture: np.ndarray, size: int) -> np.ndarray:
    """A kept picture for a network of another size."""
    height, width = picture.shape[:2]
    return picture if height == width == size else crop(picture, (0, 0, width, height), size)


__all__ = ["Taught", "teach"]
