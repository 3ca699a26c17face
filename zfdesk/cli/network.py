"""The network that a verb asks for. Imports torch."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path

from zfdesk.cli.common import CROPS
from zfdesk.cli.output import tell
from zfdesk.engine import CheckpointError, Model, Stage, load, store
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


def check_unit(stage: Stage, unit: int) -> None:
    """ValueError, in words, when the layer has no such unit."""
    if not 0 <= unit < stage.shape[0]:
        raise ValueError(f"{stage.name} has units 0 to {stage.shape[0] - 1}; there is no unit {unit}.")


def class_called(model: Model, word: str) -> int:
    """The index of a class given by its index or its name, whatever the case. Raises ValueError, in words."""
    count = len(model.classes)
    if word.isascii() and word.isdecimal() and len(word) < 12:
        if int(word) < count:
            return int(word)
        raise ValueError(f"There is no class {word}; there are 0 to {count - 1}.")
    names = [name.casefold() for name in model.classes]
    found = [index for index, name in enumerate(names) if name == word.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{len(found)} classes are called {word}: name it by its index, {_either(found)}.")
    near = difflib.get_close_matches(word.casefold(), names, 3, 0.6) or [n for n in names if word.casefold() in n][:3]
    advice = f"did you mean {_either(dict.fromkeys(near))}?" if near else f"there are {count}, see `zfdesk classify`."
    raise ValueError(f"There is no class called {word}; {advice}")


def _either(things: Iterable[object]) -> str:
    return " or ".join(str(thing) for thing in things)


def crop_called(word: str) -> Crop:
    """The crop that ``--crop`` means, the window's own."""
    return Crop(CropMode(CROPS[word]))
