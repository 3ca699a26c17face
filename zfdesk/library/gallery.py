"""Scanned pictures to be looked at: their files and classes, taken out of the store, and read again from the disk."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from zfdesk.library.listing import WHOLE
from zfdesk.library.reading import Reader
from zfdesk.library.store import Library, ScannedPictures

SIDE = 96
"""Of thumbnails, in pixels."""

MOST_THUMBNAILS = 2000
"""Kept at once: 55 MB."""


class Gallery:
    """Pictures by their ids, safe to be asked from several threads: it needs the store no more once it is made.

    ``pictures``: in the order of their paths. ``places``: that they were scanned in.
    """

    def __init__(self, library: Library, pictures: ScannedPictures, places: Sequence[Path] = ()) -> None:
        self.model, self.pictures, self.places = library.model, pictures, tuple(places)
        self._files = library.seen(pictures.ids.tolist())
        self._rows = {number: row for row, number in enumerate(pictures.ids.tolist())}
        self._reader = Reader(library.model, library.crop)
        self._thumbnails: OrderedDict[int, np.ndarray | None] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, number: int) -> bool:
        return number in self._files

    def path(self, number: int) -> str:
        """Return the path of a picture's file."""
        return os.fsdecode(self._files[number].found.path)

    def seconds(self, number: int) -> float | None:
        """Return a frame's time in its clip, in seconds; None for a picture file."""
        frame = self._files[number].found.frame
        return None if frame == WHOLE else frame / 1000

    def class_name(self, number: int) -> str:
        """The subfolder, "" for none."""
        return self.pictures.names[int(self.pictures.classes[self._rows[number]])]

    def title(self, number: int) -> str:
        """The file's name, and the second in a clip."""
        seconds = self.seconds(number)
        name = os.path.basename(self.path(number))
        return name if seconds is None else f"{name} at {seconds:.2f} s"

    def read(self, ids: Sequence[int]) -> Iterator[np.ndarray | None]:
        """What the network saw, uint8 (size, size, 3); None for one that is gone or another by now."""
        for number in ids:
            seen = self._files.get(number)
            yield self._reader.read_same(seen.found, seen.digest) if seen else None

    def thumbnail(self, number: int) -> np.ndarray | None:
        """What the network saw, brought down to uint8 (`SIDE`, `SIDE`, 3) at most; None where `read` has none."""
        with self._lock:
            if number in self._thumbnails:
                self._thumbnails.move_to_end(number)
                return self._thumbnails[number]
        picture = next(self.read([number]))
        small = None if picture is None else smaller(picture, min(SIDE, len(picture)))
        with self._lock:
            self._thumbnails[number] = small
            while len(self._thumbnails) > MOST_THUMBNAILS:
                self._thumbnails.popitem(last=False)
        return small

    def known_thumbnail(self, number: int) -> np.ndarray | None:
        """As `thumbnail`, of those that were made; None too while it was not."""
        with self._lock:
            return self._thumbnails.get(number)

    def tried(self, number: int) -> bool:
        """Whether a thumbnail was made, or could not be."""
        with self._lock:
            return number in self._thumbnails

    def close(self) -> None:
        """Close the clips that are open."""
        self._reader.close()


def smaller(picture: np.ndarray, side: int) -> np.ndarray:
    """A square picture by the mean of what each pixel covers, uint8 (side, side, 3)."""
    x = torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)[None]
    small = torch.nn.functional.interpolate(x, (side, side), mode="area")
    return np.ascontiguousarray(small[0].permute(1, 2, 0).add(0.5).to(torch.uint8).numpy())


__all__ = ["SIDE", "Gallery", "smaller"]
