"""A folder of pictures, in the order a person would put them."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from zfdesk.error_reason import error_reason
from zfdesk.sources.files import file_name, source_error
from zfdesk.sources.frame import SourceError
from zfdesk.sources.paced import PacedSource
from zfdesk.sources.picture import read_picture
from zfdesk.sources.reference import SourceReference
from zfdesk.sources.threaded import SourceRun

SLIDE_SECONDS = 3.0
"""How long a slide show stays on a picture."""

PICTURE_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("jpg", "jpeg", "jpe", "jfif", "png", "apng", "gif", "bmp", "dib", "tif", "tiff", "webp", "avif"),
        *("heic", "heif", "hif"),
        *("ppm", "pgm", "pbm", "pnm", "pfm"),
    )
)


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts img2 before img10, and capitals next to small letters; the name itself decides what is left."""
    parts = [
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in re.findall(r"\d+|\D+", name)
    ]
    return (*parts, (2, 0, name))


def pictures_in(folder: str | os.PathLike[str]) -> list[str]:
    """Names of the files in a folder that are called like pictures, in natural order; hidden ones left out.

    Opens none of them, so a hundred thousand take well under a second. Raises SourceError.
    """
    try:
        with os.scandir(folder) as entries:
            names = [
                entry.name
                for entry in entries
                if os.path.splitext(entry.name)[1].lower() in PICTURE_SUFFIXES and not entry.name.startswith(".")
            ]
    except OSError as error:
        raise source_error(error, folder) from error
    return sorted(names, key=natural_key)


def folders_in(folder: str | os.PathLike[str], on_message: Callable[[str], None]) -> list[str]:
    """Names of the folders in a folder, sorted; links are followed, hidden names left out.

    on_message: gets a sentence for each entry that is passed over: one that cannot be looked into, as a link to
    itself, and a link back to a folder that it lies in. Raises SourceError.
    """
    try:
        with os.scandir(folder) as found:
            entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda one: one.name)
    except OSError as error:
        raise source_error(error, folder) from error
    place, names = Path(os.path.realpath(folder)), []
    for entry in entries:
        try:
            if not entry.is_dir():
                continue
        except OSError as error:
            on_message(passed_over(entry.path, error))
            continue
        if entry.is_symlink() and place.is_relative_to(os.path.realpath(entry.path)):
            on_message(passed_over(entry.path))
        else:
            names.append(entry.name)
    return names


def pictures_below(
    folder: str | os.PathLike[str], on_message: Callable[[str], None], refused: Callable[[OSError], None] | None = None
) -> Iterator[str]:
    """Pictures in a folder and in those below it, each as a path from it, in natural order; hidden names left out.

    on_message: gets a sentence for each link that leads nowhere, as one to itself does, unless it is called like a
    picture: whoever reads that reports it. refused: gets the error of a folder that cannot be looked into.
    """
    for root, folders, names in os.walk(folder, onerror=refused):
        folders[:] = sorted((name for name in folders if not name.startswith(".")), key=natural_key)
        below = os.path.relpath(root, folder)
        for name in sorted(names, key=natural_key):
            path = os.path.join(root, name)
            if name.startswith("."):
                continue
            if os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES:
                yield os.path.normpath(os.path.join(below, name))
            elif os.path.islink(path) and not os.path.exists(path):
                on_message(passed_over(path))


def passed_over(path: str, error: OSError | None = None) -> str:
    """The sentence on an entry of a folder that is not looked into; without an error, on a link."""
    reason = "it is a link that leads back, or nowhere" if error is None else error_reason(error)
    return f"{path} is passed over: {reason}."


class FolderSource(PacedSource):
    """The pictures of a folder, one after the other, the first again after the last.

    Playing it is a slide show. A file that cannot be read is told of once and passed over. Raises SourceError
    where there is no picture that can be read.
    """

    def __init__(self, reference: SourceReference) -> None:
        super().__init__(reference, file_name(reference.location), playing=False, looping=True)
        self._folder = Path(reference.location)
        self._names = pictures_in(self._folder)
        self._duration = len(self._names) * SLIDE_SECONDS
        self._unreadable: dict[int, str] = {}
        self._unreported: list[str] = []
        self._backwards = False
        self._index = 0
        # One is read now, to know that frames will come; the others when their turn comes.
        self._first: tuple[int, np.ndarray] | None = self._read_near(0)

    def next(self) -> None:
        """Show the next picture."""
        self._ask(lambda run: self._turn(run, +1))

    def previous(self) -> None:
        """Show the picture before this one."""
        self._ask(lambda run: self._turn(run, -1))

    def _turn(self, run: SourceRun, count: int) -> None:
        self._backwards = count < 0
        try:
            self._go_to(run, self._position_after(count))
        finally:
            self._backwards = False

    def _show(self, run: SourceRun, position: float) -> float:
        wanted = min(int(position / SLIDE_SECONDS + 1e-6), len(self._names) - 1)
        try:
            if self._first is not None and wanted == 0:
                self._index, pixels = self._first
            else:
                self._index, pixels = self._read_near(wanted)
        finally:
            self._first = None
            for sentence in self._unreported:
                run.report(sentence)
            self._unreported.clear()
        self._shown = self._index * SLIDE_SECONDS
        run.hand_over(pixels, file=self._names[self._index])
        return self._shown + SLIDE_SECONDS

    def _read_near(self, index: int) -> tuple[int, np.ndarray]:
        """The picture at an index, or the nearest that can be read in the direction of travel, with its index."""
        for _ in self._names:
            if index not in self._unreadable:
                try:
                    return index, read_picture(self._folder / self._names[index])
                except SourceError as error:
                    self._unreadable[index] = str(error)
                    self._unreported.append(str(error))
            index = (index + (-1 if self._backwards else 1)) % len(self._names)
        raise SourceError(f"{self.name} has no picture that can be read.")

    def _position_after(self, count: int) -> float:
        return (self._index + count) % len(self._names) * SLIDE_SECONDS

    def _index_and_count(self) -> tuple[int | None, int | None]:
        return self._index, len(self._names)
