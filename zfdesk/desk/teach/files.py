"""Pictures of a lesson as a folder of classes, and back. Called off the window's thread.

Beside the classes' folders lies ``classes.json``: an object from folder to class name, in the order of the keys.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from zfdesk.atomic_write import write_whole
from zfdesk.engine import crop
from zfdesk.error_reason import error_reason
from zfdesk.live import ClassSet, ClassSetError, Crop
from zfdesk.live.class_set import MOST_CLASSES, MOST_PICTURES
from zfdesk.sources import SourceError, read_picture
from zfdesk.sources.files import file_name
from zfdesk.sources.folder import folders_in, natural_key, pictures_in
from zfdesk.weights import store

_BURST_NAME = re.compile(r"hold-(\d{1,6})-\d+\.png")  # what `write_classes` calls them
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # Windows' device names


ORDER = "classes.json"
LONGEST_ORDER = 1 << 20  # bytes of it that are read


@dataclass(frozen=True)
class ClassPictures:
    """Pictures of one class. ``bursts``: what tells which of them were taken in one go. ``unread``: sentences."""

    name: str
    pictures: tuple[np.ndarray, ...]
    bursts: tuple[str, ...]
    unread: tuple[str, ...] = ()


def write_classes(class_set: ClassSet, folder: Path) -> int:
    """Write a folder a class with its pictures as PNG, numbered by hold; returns how many.

    Raises LessonError, and nothing is written, where a class's folder has something in it already; or when the disk
    refuses.
    """
    places = {
        known.name: folder / name for known, name in zip(class_set.classes, _folder_names(class_set), strict=True)
    }
    for name, place in places.items():
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise ClassSetError(f"{place} is there already and not empty: choose another folder for “{name}”.")
    count = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        order = {place.name: name for name, place in places.items()}
        write_whole(folder / ORDER, [json.dumps(order, ensure_ascii=False, indent=1).encode()])
        for known in class_set.classes:
            place = places[known.name]
            place.mkdir(parents=True, exist_ok=True)
            for number, sample in enumerate(known.samples, 1):
                memory = BytesIO()
                Image.fromarray(sample.picture).save(memory, "PNG", compress_level=4)
                write_whole(place / f"hold-{sample.burst:03}-{number:04}.png", [memory.getvalue()])
                count += 1
    except OSError as error:
        raise ClassSetError(f"The pictures were not all saved in {folder}: {error_reason(error)}.") from None
    return count


def _folder_names(class_set: ClassSet) -> list[str]:
    """Names for folders on every system, no two alike."""
    names: list[str] = []
    for known in class_set.classes:
        plain = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "-", known.name).strip(" .") or "class"
        plain = f"{plain}-" if _RESERVED.fullmatch(plain) else plain
        name = plain
        for number in range(2, len(class_set.classes) + 2):
            if name.casefold() not in map(str.casefold, names):
                break
            name = f"{plain}-{number}"
        names.append(name)
    return names


def read_classes(folder: Path, view_crop: Crop, size: int) -> list[ClassPictures]:
    """The classes of a folder: one a folder in it, with the pictures there, cropped as the view crops a frame.

    Raises LessonError where there are no such folders, or more pictures than there is room for.
    """
    left_out: list[str] = []
    try:
        names = sorted(folders_in(folder, left_out.append), key=natural_key)
    except SourceError as error:
        raise ClassSetError(str(error)) from None
    ordered = _order(folder)
    names.sort(key=lambda name: list(ordered).index(name) if name in ordered else len(ordered))
    if len(names) > MOST_CLASSES:
        raise ClassSetError(
            f"{file_name(folder)} holds {len(names)} folders; there is room for {MOST_CLASSES} classes."
        )
    paths = {name: _pictures_of(folder / name) for name in names}
    count = sum(map(len, paths.values()))
    if count > MOST_PICTURES:
        raise ClassSetError(
            f"{file_name(folder)} holds {count} pictures; there is room for {MOST_PICTURES} here. For more there is "
            "`zfdesk train --transfer`."
        )
    found = [read_pictures(paths[name], view_crop, size, ordered.get(name, name)) for name in names if paths[name]]
    if not found:
        raise ClassSetError(f"In {file_name(folder)} there are no folders of pictures: it takes one a class.")
    return [replace(found[0], unread=(*left_out, *found[0].unread)), *found[1:]]


def _order(folder: Path) -> dict[str, str]:
    """Names by folder as `write_classes` wrote them; {} where there is no such file, or another one."""
    try:
        with (folder / ORDER).open("rb") as file:
            names = json.loads(file.read(LONGEST_ORDER))
    except (OSError, ValueError, RecursionError):
        return {}
    fits = isinstance(names, dict) and all(isinstance(name, str) and name.strip() for name in names.values())
    return names if fits and len({name.casefold() for name in names.values()}) == len(names) else {}


# The last lesson


def last_classes_folder() -> Path:
    """Where the lesson is kept that the window was closed with; it need not exist."""
    return store.home() / "lesson"


def keep_last(class_set: ClassSet) -> None:
    """Keep a lesson as the last one. The one kept before stays where that cannot be; nothing is raised."""
    place = last_classes_folder()
    new, old = place.with_name(".lesson.new"), place.with_name(".lesson.old")
    try:
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)
        write_classes(class_set, new)
        if place.exists():
            place.rename(old)
        new.rename(place)
    except (OSError, ClassSetError):  # the window is closed: there is nobody to tell
        if old.exists() and not place.exists():
            old.rename(place)
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)


def _pictures_of(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in pictures_in(folder)]
    except SourceError as error:
        raise ClassSetError(str(error)) from None


def read_pictures(paths: Iterable[Path], view_crop: Crop, size: int, name: str = "") -> ClassPictures:
    """Pictures from files; a folder among them means those in it. What cannot be read is told in ``unread``."""
    pictures, bursts, unread = [], [], []
    files = [file for path in paths for file in (_pictures_of(path) if path.is_dir() else [path])]
    if len(files) > MOST_PICTURES:
        raise ClassSetError(f"These are {len(files)} pictures; there is room for {MOST_PICTURES}.")
    for path in files:
        try:
            pixels = read_picture(path)
        except SourceError as error:
            unread.append(str(error))
            continue
        kept_name = _BURST_NAME.fullmatch(path.name)
        as_kept = kept_name is not None and pixels.shape[:2] == (size, size)
        seen = crop(pixels, (0, 0, size, size) if as_kept else view_crop.box(*pixels.shape[:2]), size)
        pictures.append(seen)
        bursts.append(f"hold {kept_name[1]}" if kept_name else str(path))
    return ClassPictures(name, tuple(pictures), tuple(bursts), tuple(unread))


def unread_text(unread: Iterable[str]) -> list[str]:
    """One sentence for all that could not be read, or none."""
    unread = list(unread)
    more = f" (and {len(unread) - 1} more could not be read)" if len(unread) > 1 else ""
    return [f"{unread[0].rstrip('.')}{more}."] if unread else []


__all__ = [
    "ClassPictures",
    "keep_last",
    "last_classes_folder",
    "read_classes",
    "read_pictures",
    "unread_text",
    "write_classes",
]
