"""A head for CAM, taught from a folder: by class, with the network's own answers, or with a teacher's in shards."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from zfdesk.attribution.cam import CamHead, TeacherAnswers, teach_cam_head
from zfdesk.engine import Model, crop
from zfdesk.live import Crop
from zfdesk.resources import resource
from zfdesk.sources import SourceError, decode_picture, read_picture
from zfdesk.sources.folder import folders_in, pictures_in

MOST_A_CLASS = 40
MOST_WITHOUT = 400
"""Of a folder without classes. As many are seen within seconds, and more change a softmax little."""
MOST_IN_SHARDS = 1000
"""Of shards, whose pictures are small: some for most of a teacher's classes."""
WHOLE = Crop(side=1.0)


def class_of_folder(text: str, classes: tuple[str, ...]) -> int:
    """The class that a folder is called after: by its name, its index or, of ImageNet's 1000, its WordNet id.

    Raises ValueError where there is none.
    """
    wanted, names = text.strip().casefold(), [name.casefold() for name in classes]
    if wanted in names:
        return names.index(wanted)
    if wanted.isdecimal() and int(wanted) < len(names):
        return int(wanted)
    ids = resource("imagenet/wordnet_ids.txt").read_text("ascii").split()
    if len(ids) == len(names) and wanted[:9] in ids:
        return ids.index(wanted[:9])
    raise ValueError(f"The network knows no class “{text}”: a folder is called after a class, its index or WordNet id.")


def teach_from_folder(
    model: Model,
    folder: str | Path,
    view: Crop | None = None,
    class_of: Callable[[str], int] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    unread: Callable[[SourceError], None] = lambda error: None,
) -> CamHead:
    """A head from a folder's subfolders, each a class; where it has none, from its pictures and the network's answers.

    A folder that ``zfdesk shards`` wrote teaches what its teacher took each stored view for, or its labels. view: how a
    picture is cut, by default the centre crop. class_of: the class of a subfolder's name, by default
    `class_of_folder`. progress: pictures read, of how many; what it raises ends the work. unread: told of each that
    cannot be read. Raises ValueError as `teach_cam_head`, and for a folder without pictures; SourceError for
    one that cannot be read.
    """
    from zfdesk.training.data_shards import DESCRIPTION

    if os.path.isfile(os.path.join(folder, DESCRIPTION)):
        return _teach_from_shards(model, Path(folder), progress, unread)
    view = view or Crop.centre_of(model)
    known = class_of or (lambda name: class_of_folder(name, model.classes))
    folders = folders_in(folder, lambda sentence: unread(SourceError(sentence)))
    wanted: list[tuple[str, int]] = []
    for name in folders or [""]:
        label, place = known(name) if folders else -1, os.path.join(folder, name)
        files = pictures_in(place)
        most = MOST_A_CLASS if folders else MOST_WITHOUT
        kept = files[:: -(-len(files) // most)] if files else []
        wanted += [(os.path.join(place, file), label) for file in kept]
    if not wanted:
        raise ValueError(f"There are no pictures in {Path(folder).name}.")
    pictures: list[np.ndarray] = []
    labels: list[int] = []
    for number, (path, label) in enumerate(wanted, 1):
        try:
            pixels = read_picture(path)
        except SourceError as error:
            unread(error)
        else:
            pictures.append(crop(pixels, view.box(*pixels.shape[:2]), model.architecture.size))
            labels.append(label)
        progress(number, len(wanted))
    return teach_cam_head(model, pictures, labels if folders else None)


def _teach_from_shards(
    model: Model, folder: Path, progress: Callable[[int, int], None], unread: Callable[[SourceError], None]
) -> CamHead:
    """The stored views are what the teacher saw, so they are taken whole, evenly from all shards."""
    from zfdesk.training.data_shards import ShardPictures

    shards = ShardPictures(folder)
    taught = bool(shards.teacher_classes)
    if not taught and not shards.labelled:
        raise ValueError(f"The shards in {folder.name} hold neither a teacher's answers nor labels.")
    if taught and shards.teacher_classes != len(shards.classes):
        raise ValueError(
            f"The shards in {folder.name} do not name the {shards.teacher_classes} classes of their teacher."
        )
    classes = _classes_of_shards(shards.classes, model)
    places = range(0, len(shards), -(-len(shards) // MOST_IN_SHARDS))
    pictures: list[np.ndarray] = []
    labels: list[int] = []
    for number, place in enumerate(places, 1):
        try:
            stored = shards.read(place)
            pixels = decode_picture(stored.data, shards.name(place))
        except (SourceError, ValueError) as error:
            unread(error if isinstance(error, SourceError) else SourceError(f"{shards.name(place)}: {error}."))
        else:
            answer = int(stored.answers.logits.argmax()) if taught and stored.answers else stored.label
            if 0 <= answer < len(classes):
                pictures.append(crop(pixels, WHOLE.box(*pixels.shape[:2]), model.architecture.size))
                labels.append(classes[answer])
        progress(number, len(places))
    return teach_cam_head(model, pictures, labels, answers=TeacherAnswers.TEACHER if taught else TeacherAnswers.LABELS)


def _classes_of_shards(names: tuple[str, ...], model: Model) -> list[int]:
    """The network's class for each of the shards'. Raises ValueError for one that it does not know."""
    if names == model.classes:  # two of ImageNet's share a name
        return list(range(len(names)))
    known = {name.casefold(): index for index, name in enumerate(model.classes)}
    for name in names:
        if name.casefold() not in known:
            raise ValueError(f"The network knows no class “{name}”, which is one of the shards'.")
    return [known[name.casefold()] for name in names]


__all__ = ["class_of_folder", "teach_from_folder"]
