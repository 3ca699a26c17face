"""A file that can still be brought to its end on a full disk."""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows, where what is open cannot be removed
    fcntl = None  # type: ignore[assignment]

LEAST_FREE = 64 << 20
"""Bytes that a recording leaves free: it ends before."""

RESERVE = 16 << 20
"""Bytes kept aside beside a film for its end: what the encoder still holds, and the list of its frames."""

FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))

LEFT_SECONDS = 3600
"""Nothing younger is taken for left behind: a disk on the network may not know of another computer's locks."""

_ROOM = re.compile(r"\..{1,40}\.[0-9a-f]{8}\.part\.room")
_PLAYABLE = b"GIF8"  # what there is of it can be seen, unlike an MP4 or WebP without its end


def remove_left(folder: Path) -> None:
    """Remove what a recording into this folder left there when it was killed: the unfinished film, and its room.

    Only a film with its room beside it, by our names, that no recording holds and that is an hour old. What cannot be
    removed stays.
    """
    with suppress(OSError):
        rooms = [place for place in folder.iterdir() if _ROOM.fullmatch(place.name)]
        for room in rooms:
            with suppress(OSError):
                _remove_left(room.with_suffix(""), room)


def _remove_left(film: Path, room: Path) -> None:
    places = [place for place in (film, room) if place.exists()]
    if any(place.is_symlink() or not place.is_file() for place in places):
        return
    if any(time.time() - place.stat().st_mtime < LEFT_SECONDS for place in places):
        return
    if film in places:
        with film.open("rb") as file:
            _lock(file.fileno())
            playable = file.read(len(_PLAYABLE)) == _PLAYABLE
        if not playable:
            film.unlink()
    room.unlink()


def _lock(descriptor: int) -> None:
    """Lock an open file as long as it is open. OSError where another holds it, or where there are no locks."""
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def free_bytes(folder: Path) -> int:
    """How much there is room for. OSError where the folder cannot be asked."""
    return shutil.disk_usage(folder).free


class ReservedFile(io.FileIO):
    """A new file, unbuffered, with some room kept aside beside it.

    When the disk is full the room is given up and the write is done after all: ``full`` is set, and whoever writes
    should come to an end. A second time the error comes through, as does any other error at once.
    """

    def __init__(self, path: Path, reserve: int) -> None:
        self._ballast = path.with_name(f"{path.name}.room")
        self.full = False
        self.bytes = 0
        super().__init__(path, "xb+")  # "+": a film can be looked at before it is closed
        with suppress(OSError):
            _lock(self.fileno())
        try:
            self.reserve_room(reserve)
        except OSError:
            self.close()
            with suppress(OSError):
                path.unlink()
            raise

    def reserve_room(self, reserve: int) -> None:
        """Fill a file beside this one with so many bytes."""
        try:
            with self._ballast.open("xb") as ballast:
                for _ in range(reserve >> 16):
                    ballast.write(bytes(1 << 16))
                ballast.flush()
                os.fsync(ballast.fileno())
        except OSError:
            self.release_room()
            raise

    def release_room(self) -> None:
        """Remove the file beside this one."""
        with suppress(OSError):
            self._ballast.unlink()

    def write(self, data: Any) -> int:
        """Write all of it."""
        view = memoryview(data).cast("B")
        place = 0
        while place < len(view):
            try:
                place += self.put(view[place:])
            except OSError as error:
                if self.full or error.errno not in FULL:
                    raise
                self.full = True
                self.release_room()
        self.bytes = max(self.bytes, self.tell())
        return len(view)

    def put(self, view: memoryview) -> int:
        """Write what fits in one go; returns how much."""
        return super().write(view) or 0

    def sync(self) -> None:
        """Wait until all of it is on the disk."""
        os.fsync(self.fileno())

    def close(self) -> None:
        """Close the file and give up what was kept aside."""
        if not self.closed:
            super().close()
            self.release_room()
