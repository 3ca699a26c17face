"""The pictures that a verb is given: files and folders. What cannot be read is told and left out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from zfdesk.cli.output import print_message

if TYPE_CHECKING:
    import numpy as np

    from zfdesk.engine import Model
    from zfdesk.live import Crop


def picture_files(paths: Iterable[str], unreadable: list[str]) -> Iterator[str]:
    """The picture files meant by paths: a folder stands for those in it, in natural order."""
    from zfdesk.sources import SourceError
    from zfdesk.sources.folder import pictures_in

    for path in paths:
        if not os.path.isdir(path):
            yield path
            continue
        try:
            names = pictures_in(path)
            if not names:
                raise SourceError(f"There are no pictures in {path}.")
        except SourceError as error:
            print_message(str(error))
            unreadable.append(path)
        else:
            yield from (os.path.join(path, name) for name in names)


def seen_pictures(
    paths: Iterable[str], crop: Crop, model: Model, unreadable: list[str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Each path with what the network sees of it, uint8 (size, size, 3); what cannot be read is told and left out."""
    from zfdesk.engine import crop as cut
    from zfdesk.sources import SourceError, read_picture

    for path in paths:
        try:
            pixels = read_picture(path)
        except SourceError as error:
            sentence = str(error)
            print_message(sentence if os.path.dirname(path) == "" else f"{sentence.rstrip('.')} ({path}).")
            unreadable.append(path)
        else:
            yield path, cut(pixels, crop.box(*pixels.shape[:2]), model.architecture.size)
