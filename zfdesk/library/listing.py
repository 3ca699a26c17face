"""The pictures that folders, files and clips hold, found without opening more than the clips."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zfdesk.sources import SourceError, parse_source
from zfdesk.sources.clip_reader import ClipReader
from zfdesk.sources.files import source_error
from zfdesk.sources.folder import PICTURE_SUFFIXES, passed_over

WHOLE = -1
"""In place of a frame's time: a picture file."""


@dataclass(frozen=True, order=True)
class ListedPicture:
    """A picture file, or a frame of a clip. ``path``: absolute, as the system spells it (`os.fsencode`). ``frame``:
    `WHOLE`, or the frame's time in the clip in milliseconds. ``size``, ``changed``: of the file, in bytes and
    nanoseconds; either tells that it is another one."""

    path: bytes
    frame: int
    size: int = field(compare=False)
    changed: int = field(compare=False)


@dataclass(eq=False)
class Listing:
    """Walks over places: folders with all that is nested in them, picture files, clips.

    ``clip_every``: seconds between two frames of a clip. ``errors``: what could not be looked into, a sentence
    each; ``passed_over``: what leads nowhere or round in a circle, the same; ``complete``: the folders and files
    that were gone through without errors.
    """

    places: Sequence[Path]
    clip_every: float = 1.0
    errors: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    complete: list[Path] = field(default_factory=list)

    def __iter__(self) -> Iterator[ListedPicture]:
        for place in self.places:
            before = len(self.errors)
            try:
                yield from self._in_folder(place, set()) if place.is_dir() else self._in_file(place)
            except SourceError as error:
                self.errors.append(str(error))
            except OSError as error:
                self.errors.append(str(source_error(error, place)))
            if len(self.errors) == before:
                self.complete.append(place)

    def _in_folder(self, folder: Path, above: set[tuple[int, int]]) -> Iterator[ListedPicture]:
        """In order of names; links are followed, but never round in a circle; hidden names are left out."""
        try:
            about = folder.stat()
            with os.scandir(folder) as found:
                entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda e: e.name)
        except OSError as error:
            self.errors.append(str(source_error(error, folder)))
            return
        here = (about.st_dev, about.st_ino)
        if here in above and about.st_ino:
            self.passed_over.append(passed_over(str(folder)))
            return
        for entry in entries:
            try:
                if entry.is_dir():
                    yield from self._in_folder(Path(entry.path), above | {here})
                elif os.path.splitext(entry.name)[1].lower() in PICTURE_SUFFIXES:
                    yield _found(entry.path, WHOLE)
            except OSError as error:
                if error.errno == errno.ELOOP:
                    self.passed_over.append(passed_over(entry.path))
                else:
                    self.errors.append(str(source_error(error, entry.path)))

    def _in_file(self, path: Path) -> Iterator[ListedPicture]:
        if parse_source(str(path)).kind == "picture":
            yield _found(str(path), WHOLE)
            return
        found = _found(str(path), WHOLE)
        for time in clip_times(path, self.clip_every):
            yield ListedPicture(found.path, time, found.size, found.changed)


def clip_times(path: Path, every: float) -> list[int]:
    """The times, in milliseconds, at which a frame is taken of a clip. Raises SourceError."""
    reader = ClipReader(path)
    try:
        length = reader.claimed_duration
        if length is None:
            reader.frame_at(1e7)  # whose end is then known
            length = reader.end or 0.0
    finally:
        reader.close()
    step = max(round(every * 1000), 1)
    return list(range(0, max(int(length * 1000), 1), step))


def absolute(places: Sequence[str | os.PathLike[str]]) -> tuple[Path, ...]:
    """Each place once, as an absolute path without ``..``; links stay links."""
    return tuple(dict.fromkeys(Path(os.path.abspath(place)) for place in places))


def class_of(path: bytes, places: Sequence[Path]) -> str:
    """The subfolder of a place that a picture lies in, its class; "" for one that lies in the place itself."""
    for place in sorted(places, key=lambda place: len(str(place)), reverse=True):
        inside = os.fsencode(os.path.join(place, ""))
        if path.startswith(inside):
            first, between, _ = path[len(inside) :].partition(os.fsencode(os.sep))
            return os.fsdecode(first) if between else ""
    return ""


def _found(path: str, frame: int) -> ListedPicture:
    about = os.stat(path)
    return ListedPicture(os.fsencode(path), frame, about.st_size, about.st_mtime_ns)


__all__ = ["WHOLE", "ListedPicture", "Listing", "absolute", "class_of", "clip_times"]
