"""What ends a training with a sentence."""

from __future__ import annotations


class TrainingError(ValueError):
    """A training that cannot begin or go on; ``str()`` is one sentence for people."""


class PicturesGoneError(TrainingError):
    """Pictures that were there when the training began are not any more."""


class ShardsError(TrainingError):
    """Something that cannot be packed."""
