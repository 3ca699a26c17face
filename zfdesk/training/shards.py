"""Views of pictures, packed into tar files with a teacher's answers or with labels.

The folder follows the WebDataset convention: ``NAME-00000.tar`` … with members KEY.jpg, KEY.npz (``logits`` and
``embedding``, float16) or KEY.cls (the class's index), and ``shards.json``, which tells what is in them. What the
teacher is asked about is the stored JPEG, decoded. KEY is the place in the plan, so that the same plan always gives
the same shards, and one that was interrupted goes on after the last whole shard.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from zfdesk.atomic_write import write_whole
from zfdesk.sources import SourceError, read_picture
from zfdesk.sources.folder import folders_in, pictures_below
from zfdesk.training.data_shards import DESCRIPTION, FORMAT
from zfdesk.training.errors import TrainingError
from zfdesk.training.prefetch import batches_ahead
from zfdesk.training.shard_views import ViewPlan
from zfdesk.training.teacher import Teacher

SHARD_BYTES = 58_000_000
BATCH = 32
"""Views the teacher is asked about at once. A shard holds whole batches, so that one that goes on after an
interruption asks in the same batches."""
_SPLITS = ("train", "val")


class ShardsError(TrainingError):
    """Something that cannot be packed. Its text is one sentence for people."""


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


@dataclass(frozen=True)
class PackProgress:
    """``done`` of ``total`` views; ``rate``: views a second since this run began; ``shards`` written so far."""

    done: int
    total: int
    rate: float
    shards: int

    def __str__(self) -> str:
        left = (self.total - self.done) / self.rate if self.rate else 0
        minutes, seconds = divmod(round(left), 60)
        left_text = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        return (
            f"{self.done:,} of {self.total:,} views, {self.rate:.1f} a second, {left_text} left, {self.shards} shards"
        )


@dataclass(frozen=True)
class Packed:
    """What `pack` did: ``views`` and ``shards`` in the folder, ``skipped``: pictures that this run could not read;
    ``seconds`` and ``made``: time and views of this run alone."""

    views: int
    shards: int
    skipped: tuple[str, ...]
    seconds: float
    made: int


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


def pack(
    plan: PackPlan,
    folder: Path,
    teacher: Teacher | None = None,
    *,
    name: str = "views",
    source: str = "",
    threads: int = 2,
    progress: Callable[[PackProgress], None] = lambda progress: None,
    on_message: Callable[[str], None] = lambda sentence: None,
) -> Packed:
    """Write the plan's shards into a folder, or those that are not there yet.

    source: where the pictures come from, in words. on_message: gets a sentence for each picture that is left out.
    Raises ShardsError when the folder holds other shards, nothing could be read, or the disk refuses.
    """
    shelf = _Shelf(plan, folder, teacher, name, source)
    start, began, made = shelf.next_place(), time.monotonic(), 0
    skipped: list[str] = []
    for places, views in _batches(plan, start, teacher, threads):
        kept = []
        for place, view in zip(places, views, strict=True):
            if isinstance(view, str):
                skipped.append(plan.pictures[plan.order[place]])
                on_message(view)
            else:
                kept.append((place, *view))
        shelf.add(_members(plan, teacher, kept))
        made += len(kept)
        rate = (places[-1] + 1 - start) / max(time.monotonic() - began, 1e-9)
        progress(PackProgress(places[-1] + 1, len(plan), rate, len(shelf.shards)))
    shelf.close()
    if not shelf.views:
        raise ShardsError("None of the pictures could be read.")
    return Packed(shelf.views, len(shelf.shards), tuple(skipped), time.monotonic() - began, made)


def read_description(folder: Path) -> dict[str, Any]:
    """``shards.json`` of a folder. Raises ShardsError when it is none."""
    try:
        description = json.loads((folder / DESCRIPTION).read_text("utf-8"))
    except FileNotFoundError as error:
        raise ShardsError(f"{folder} holds no shards ({DESCRIPTION} is missing).") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ShardsError(f"{folder / DESCRIPTION} is damaged or cannot be read.") from error
    if (
        not isinstance(description, dict)
        or description.get("format") != FORMAT
        or not isinstance(description.get("shards"), list)
    ):
        raise ShardsError(f"{folder / DESCRIPTION} does not describe shards of this program.")
    return description


_View = tuple[bytes, np.ndarray | None]  # the stored JPEG, and its pixels for the teacher


def _batches(
    plan: PackPlan, start: int, teacher: Teacher | None, threads: int
) -> Iterator[tuple[Sequence[int], list[_View | str]]]:
    """Places and their views (or why there is none), in order, made by threads ahead of need."""

    def make(place: int) -> _View | str:
        try:
            stored = plan.view_at(place)
        except SourceError as error:
            path = plan.pictures[plan.order[place]]
            return f"{str(error).rstrip('.')} ({path})."
        if teacher is None:
            return stored, None
        with Image.open(io.BytesIO(stored), formats=("JPEG",)) as image:
            return stored, teacher.fitted(image)

    return batches_ahead(range(start, len(plan)), BATCH, make, threads)


def _members(
    plan: PackPlan, teacher: Teacher | None, views: list[tuple[int, bytes, np.ndarray | None]]
) -> list[tuple[str, list[tuple[str, bytes]]]]:
    """The files of each view: [(key, [(extension, contents)])]."""
    made = [(f"{place:08}", [("jpg", stored)]) for place, stored, _ in views]
    if plan.labels:
        for (_, files), (place, _, _) in zip(made, views, strict=True):
            files.append(("cls", str(plan.labels[plan.order[place]]).encode()))
    if teacher and views:
        logits, embedding = teacher.ask(np.stack([pixels for *_, pixels in views if pixels is not None]))
        for index, (_, files) in enumerate(made):
            answers = {"logits": logits[index].astype(np.float16)}
            if embedding is not None:
                answers["embedding"] = embedding[index].astype(np.float16)
            file = io.BytesIO()
            np.savez(file, **answers)
            files.append(("npz", file.getvalue()))
    return made


class _Shelf:
    """The shards of a folder: those that are whole, and the one being filled, which is in memory until it is whole."""

    def __init__(self, plan: PackPlan, folder: Path, teacher: Teacher | None, name: str, source: str) -> None:
        self.folder, self.name, self.total = folder, name, len(plan)
        self.shards: list[dict[str, Any]] = []
        self.views = 0
        self._next = 0
        self._description: dict[str, Any] = {
            "format": FORMAT,
            "classes": list(plan.classes),
            "views": 0,
            "side": plan.view.side,
            "shards": self.shards,
            "teacher": teacher.facts() if teacher else None,
            "source": source,
            "plan": {
                "pictures": len(plan.pictures),
                "views_of_a_picture": plan.repeats,
                "mixtures": plan.view.mixtures,
                "plain": plan.view.plain,
                "seed": plan.seed,
                "quality": plan.quality,
                "fingerprint": plan.fingerprint(teacher),
            },
            "complete": False,
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ShardsError(f"{folder} cannot be made: {_reason(error)}.") from error
        if (folder / DESCRIPTION).exists():
            self._take_over(read_description(folder))
        elif any(folder.glob("*.tar")):
            raise ShardsError(f"{folder} holds other shards ({DESCRIPTION} is missing); choose another folder.")
        for left in folder.glob(f".{name}-*.part"):  # of a run that was killed
            left.unlink(missing_ok=True)
        self._open()
        self._describe()

    def next_place(self) -> int:
        """Return the first place of the plan that is not written yet."""
        return self._next

    def add(self, views: list[tuple[str, list[tuple[str, bytes]]]]) -> None:
        """A batch of views; the shard before it is closed when there is no room for it."""
        need = sum(512 + -(-len(data) // 512) * 512 for _, files in views for _, data in files)
        if self._filled and self._file.tell() + need + 10240 > SHARD_BYTES:
            self._write()
        for key, files in views:
            for extension, data in files:
                member = tarfile.TarInfo(f"{key}.{extension}")
                member.size = len(data)
                self._tar.addfile(member, io.BytesIO(data))
        self._filled += len(views)

    def close(self) -> None:
        """Write what is left."""
        if self._filled:
            self._write()
        self._description["complete"] = True
        self._describe()

    def _open(self) -> None:
        self._file = io.BytesIO()
        self._tar = tarfile.TarFile(fileobj=self._file, mode="w", format=tarfile.USTAR_FORMAT)
        self._filled = 0

    def _write(self) -> None:
        self._tar.close()
        file = f"{self.name}-{len(self.shards):05}.tar"
        data = self._file.getbuffer()
        try:
            write_whole(self.folder / file, [data])
        except OSError as error:
            raise ShardsError(f"{self.folder / file} cannot be written: {_reason(error)}.") from error
        self.shards.append({"file": file, "views": self._filled, "bytes": len(data)})
        self.views += self._filled
        self._open()
        self._describe()

    def _describe(self) -> None:
        self._description["views"] = self.views
        try:
            write_whole(
                self.folder / DESCRIPTION, [json.dumps(self._description, indent=1, ensure_ascii=False).encode()]
            )
        except OSError as error:
            raise ShardsError(f"{self.folder / DESCRIPTION} cannot be written: {_reason(error)}.") from error

    def _take_over(self, description: dict[str, Any]) -> None:
        """Go on with what an interrupted run left: the shards that are listed, and one that was not listed yet."""
        if description.get("plan") != self._description["plan"]:
            raise ShardsError(
                f"{self.folder} holds shards of other pictures or settings; name another folder, or delete it."
            )
        for number in range(self.total // BATCH + 1):
            path = self.folder / f"{self.name}-{number:05}.tar"
            if not path.exists():
                break
            try:
                with tarfile.open(path) as tar:
                    keys = [name[:-4] for name in tar.getnames() if name.endswith(".jpg")]
            except (OSError, tarfile.TarError) as error:
                raise ShardsError(f"{path} is damaged; delete it and those after it, and start again.") from error
            self.shards.append({"file": path.name, "views": len(keys), "bytes": path.stat().st_size})
            self.views += len(keys)
            self._next = (int(keys[-1]) // BATCH + 1) * BATCH
        self._next = min(self._next, self.total)


def _opened(path: str) -> Image.Image:
    return Image.fromarray(read_picture(path))


def _pictures_at(path: str, on_message: Callable[[str], None]) -> Iterator[str]:
    if os.path.isdir(path):
        yield from (os.path.join(path, name) for name in pictures_below(path, on_message, _refuse))
    elif path.lower().endswith(".txt"):
        try:
            lines = Path(path).read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ShardsError(f"{path} cannot be read as a list of pictures: {_reason(error)}.") from error
        yield from (os.path.join(os.path.dirname(path), line.strip()) for line in lines if line.strip())
    elif os.path.exists(path):
        yield path
    else:
        raise ShardsError(f"{path} does not exist.")


def _refuse(error: OSError) -> None:
    raise ShardsError(f"{error.filename} cannot be read: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
