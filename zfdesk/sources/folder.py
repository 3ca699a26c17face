"""A folder of pictures, in the order a person would put them."""

import os
import re
from pathlib import Path

import numpy as np

from zfdesk.sources.files import file_name, told
from zfdesk.sources.frame import SourceError
from zfdesk.sources.paced import PacedSource
from zfdesk.sources.picture import read_picture
from zfdesk.sources.reference import SourceReference
from zfdesk.sources.threaded import Run

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
        raise told(error, folder) from error
    return sorted(names, key=natural_key)


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
        self._untold: list[str] = []
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

    def _turn(self, run: Run, count: int) -> None:
        self._backwards = count < 0
        try:
            self._go_to(run, self._position_after(count))
        finally:
            self._backwards = False

    def _show(self, run: Run, position: float) -> float:
        wanted = min(int(position / SLIDE_SECONDS + 1e-6), len(self._names) - 1)
        try:
            if self._first is not None and wanted == 0:
                self._index, pixels = self._first
            else:
                self._index, pixels = self._read_near(wanted)
        finally:
            self._first = None
            for sentence in self._untold:
                run.tell(sentence)
            self._untold.clear()
        self._shown = self._index * SLIDE_SECONDS
        run.hand_over(pixels)
        return self._shown + SLIDE_SECONDS

    def _read_near(self, index: int) -> tuple[int, np.ndarray]:
        """The picture at an index, or the nearest that can be read in the direction of travel, with its index."""
        for _ in self._names:
            if index not in self._unreadable:
                try:
                    return index, read_picture(self._folder / self._names[index])
                except SourceError as error:
                    self._unreadable[index] = str(error)
                    self._untold.append(str(error))
            index = (index + (-1 if self._backwards else 1)) % len(self._names)
        raise SourceError(f"{self.name} has no picture that can be read.")

    def _position_after(self, count: int) -> float:
        return (self._index + count) % len(self._names) * SLIDE_SECONDS

    def _index_and_count(self) -> tuple[int | None, int | None]:
        return self._index, len(self._names)
