"""The network that a verb asks for. Imports torch."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from zfdesk.cli.common import CROPS
from zfdesk.cli.output import CommandError, print_message
from zfdesk.engine import Model, Pass
from zfdesk.live import Crop, CropMode
from zfdesk.weights import CheckpointError, load, store

if TYPE_CHECKING:
    from zfdesk.session import Session


def chosen_model(weights: str | None) -> Model:
    """The network of ``--weights``, see `weights_file`; without it the one in use.

    When the one in use is damaged a line on stderr says so, and the embedded network takes its place.
    Raises CheckpointError.
    """
    if weights is None:
        model, sentence = store.load_current()
        if sentence:
            print_message(sentence)
        return model
    return load(weights_file(weights))


def weights_file(weights: str) -> Path:
    """The file that is meant: a name of the list goes before a file. Raises CheckpointError where it is neither."""
    try:
        return store.find_weights(weights)
    except CheckpointError:
        if not (os.path.exists(weights) or os.path.dirname(weights) or Path(weights).suffix == store.SUFFIX):
            raise
        return Path(weights)


def model_of(session: Session, weights: str | None) -> Model:
    """The network a session was saved with, or the one of ``--weights``; CommandError where it is not at hand."""
    from zfdesk.session import find_network

    model = chosen_model(weights)
    if weights is None:
        model, differs = find_network(session.moment.network, model)
        if differs:
            raise CommandError(f"{differs} Name others with --weights.")
    return model


def unit_called(seen: Pass, layer: str, unit: int | str) -> int:
    """The unit that ``--unit`` means in a pass of one picture: a number, "max" or "total", see `UNIT_HELP`.

    ValueError where the layer has no such unit.
    """
    if isinstance(unit, int):
        seen.model.architecture.stage(layer).check_unit(unit)
        return unit
    return seen.highest_total_unit(layer) if unit == "total" else seen.strongest_unit(layer)


def crop_called(word: str, model: Model) -> Crop:
    """The crop that ``--crop`` means, the window's own."""
    mode = CropMode(CROPS[word])
    return Crop.centre_of(model) if mode is CropMode.CROP else Crop(mode)


def class_called(model: Model, text: str) -> int:
    """The index of a class by its number, its name, words that only one name holds, or its WordNet id (n02123045).

    Raises ValueError with a sentence that names the nearest classes.
    """
    if text.isascii() and text.isdecimal():
        if int(text[:9]) >= len(model.classes):
            raise ValueError(f"The network knows classes 0 to {len(model.classes) - 1}; there is no class {text}.")
        return int(text)
    wanted = " ".join(text.casefold().split())
    names = [" ".join(name.casefold().split()) for name in model.classes]
    found = [index for index, name in enumerate(names) if name == wanted]
    found = found or [index for index, name in enumerate(names) if wanted and wanted in name]
    if len(found) == 1:
        return found[0]
    if found:
        some = _listed(model, found)
        raise ValueError(f"“{text}” may be several classes: {some}.")
    from zfdesk.training.class_names import place_of

    if (place := place_of(text, model.classes)) is not None:
        return place
    near = [names.index(name) for name in difflib.get_close_matches(wanted, names, 3, 0)]
    raise ValueError(f"The network knows no class “{text}”; the nearest are {_listed(model, near)}.")


def _listed(model: Model, indices: list[int]) -> str:
    """The first few classes with their numbers."""
    some = ", ".join(f"{model.classes[index]} ({index})" for index in indices[:4])
    return f"{some} and {len(indices) - 4} more" if len(indices) > 4 else some
