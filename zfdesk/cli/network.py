"""The network that a verb asks for. Imports torch."""

from __future__ import annotations

import os
from pathlib import Path

from zfdesk.cli.common import CROPS
from zfdesk.cli.output import tell
from zfdesk.engine import CheckpointError, Model, load, store
from zfdesk.live import Crop, CropMode


def chosen_model(weights: str | None) -> Model:
    """The network of ``--weights``: a name of the list goes before a file; without it the one in use.

    When the one in use is damaged a line on stderr says so, and the embedded network takes its place.
    Raises CheckpointError.
    """
    if weights is None:
        model, sentence = store.load_current()
        if sentence:
            tell(sentence)
        return model
    try:
        path = store.find(weights)
    except CheckpointError:
        if not (os.path.exists(weights) or os.path.dirname(weights) or Path(weights).suffix == store.SUFFIX):
            raise
        path = Path(weights)
    return load(path)


def crop_called(word: str, model: Model) -> Crop:
    """The crop that ``--crop`` means, the window's own."""
    mode = CropMode(CROPS[word])
    return Crop.centre_of(model) if mode is CropMode.CROP else Crop(mode)
