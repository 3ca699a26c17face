"""What is to be packed into shards: which views of which pictures, in which order."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from zfdesk.error_reason import error_reason
from zfdesk.sources import SourceError, read_picture
from zfdesk.sources.folder import folders_in, pictures_below
from zfdesk.training.errors import ShardsError
from zfdesk.training.shard_views import ViewPlan
from zfdesk.training.teacher import Teacher

_SPLITS = ("train", "val")


@dataclass(frozen=True)
class PackPlan:
    """All that decides what is in the shards, teacher aside.

    ``pictures``: paths, ``labels``: the class of each, or () for none. ``repeats``: views of each picture.
    """

    pictures: tuple[str, ...]
    view: ViewPlan = field(default_factory=ViewPlan)
    labels: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()
    repeats: int = 1
    seed: int = 0
    quality: int = 92

    def __len__(self) -> int:
        return len(self.pictures) * self.repeats

    @cached_property
    def order(self) -> np.ndarray:
        """The picture of each place: mixed, so that every shard is a fair sample; as given for plain views."""
        pictures = np.tile(np.arange(len(self.pictures)), self.repeats)
        return pictures if self.view.plain else np.random.default_rng([self.seed, 0]).permutation(pictures)

    def fingerprint(self, teacher: Teacher | None) -> str:
        """Hash of all that decides the contents."""
        settings = [self.pictures, self.labels, self.repeats, self.seed, self.quality, vars(self.view), self.classes]
        asked = [teacher.sha256, teacher.input.side] if teacher else None
        return hashlib.sha256(json.dumps([*settings, asked]).encode("utf-8", "surrogateescape")).hexdigest()

    def view_at(self, place: int) -> bytes:
        """The stored JPEG of a place of the plan. Raises SourceError when its picture cannot be read."""
        rng = np.random.default_rng([self.seed, 1, place])

        def another(rng: np.random.Generator) -> Image.Image:
            return _opened(self.pictures[int(rng.integers(len(self.pictures)))])

        made = self.view.make(_opened(self.pictures[self.order[place]]), another, rng)
        stored = io.BytesIO()
        made.save(stored, "JPEG", quality=self.quality)
        return stored.getvalue()


def pictures_of(
    paths: Sequence[str],
    most: int | None = None,
    seed: int = 0,
    on_message: Callable[[str], None] = lambda sentence: None,
) -> list[str]:
    """The picture files meant by paths: a file, a folder with all below it, or a .txt with one path a line.

    most: at most so many of each path, drawn by ``seed``, in their order. on_message: gets a sentence for each link
    that is passed over. Raises ShardsError.
    """
    found: list[str] = []
    for number, path in enumerate(paths):
        here = list(_pictures_at(path, on_message))
        if not here:
            raise ShardsError(f"There are no pictures in {path}.")
        if most is not None and len(here) > most:
            kept = np.random.default_rng([seed, 2, number]).choice(len(here), most, replace=False)
            here = [here[index] for index in sorted(kept)]
        found += here
    return found


def labelled_pictures(
    folder: str, on_message: Callable[[str], None] = lambda sentence: None
) -> tuple[list[str], list[int], tuple[str, ...]]:
    """Paths, labels and class names of a folder by class; of one with ``train`` and ``val`` the ``train`` part.

    on_message: gets a sentence for each link that is passed over.
    Raises ShardsError with a sentence when there are not two classes with pictures.
    """
    root = Path(folder)
    if (root / _SPLITS[0]).is_dir():
        root /= _SPLITS[0]
    try:
        names = folders_in(root, on_message)
    except SourceError as error:
        raise ShardsError(str(error)) from error
    if len(names) < 2:
        raise ShardsError(f"{folder} holds {len(names)} folders; labels need a folder for each of two classes or more.")
    found: list[str] = []
    labels: list[int] = []
    for label, name in enumerate(names):
        here = list(_pictures_at(str(root / name), on_message))
        if not here:
            raise ShardsError(f"There are no pictures in {root / name}.")
        found += here
        labels += [label] * len(here)
    return found, labels, tuple(names)


def _opened(path: str) -> Image.Image:
    return Image.fromarray(read_picture(path))


def _pictures_at(path: str, on_message: Callable[[str], None]) -> Iterator[str]:
    if os.path.isdir(path):
        yield from (os.path.join(path, name) for name in pictures_below(path, on_message, _refuse))
    elif path.lower().endswith(".txt"):
        try:
            lines = Path(path).read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ShardsError(f"{path} cannot be read as a list of pictures: {error_reason(error)}.") from error
        yield from (os.path.join(os.path.dirname(path), line.strip()) for line in lines if line.strip())
    elif os.path.exists(path):
        yield path
    else:
        raise ShardsError(f"{path} does not exist.")


def _refuse(error: OSError) -> None:
    raise ShardsError(f"{error.filename} cannot be read: {error_reason(error)}.") from error


__all__ = ["PackPlan", "labelled_pictures", "pictures_of"]
