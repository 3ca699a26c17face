"""What every kind of film shares: a frame is written when it is known how long it is shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zfdesk.film.disk import ReservedFile


class FilmError(ValueError):
    """A film that cannot be written, in a sentence."""


@dataclass(frozen=True)
class Settings:
    """What an encoder needs to know. ``factor``: MP4's constant rate factor; ``quality``: WebP's. ``hurry``: a film is
    written while the program works live. ``title``, ``comment``: for people."""

    rate: float
    factor: int
    quality: int
    hurry: bool
    title: str
    comment: str


class Encoder(ABC):
    """One film being written to a temporary place. Frames are uint8 (height, width, 3), all of the first one's size.

    A frame is written when the next one's time is known, or the end's: only then is it known how long it is shown.
    """

    def __init__(self, place: Path, settings: Settings, size: tuple[int, int]) -> None:
        self.place, self.settings = place, settings
        self.height, self.width = size
        self._waiting: tuple[np.ndarray, float, Mapping[str, str]] | None = None
        self.frames = 0

    def add(self, pixels: np.ndarray, time: float, facts: Mapping[str, str]) -> None:
        """Take a frame that is shown from ``time`` (s, rising) on."""
        if self._waiting is not None:
            self._write_waiting(time)
        self._waiting = (pixels, time, facts)

    def finish(self, end: float) -> None:
        """Bring the film to its end: the last frame is shown until ``end`` (s)."""
        if self._waiting is not None:
            self._write_waiting(end)
        self._end()

    def _write_waiting(self, until: float) -> None:
        assert self._waiting is not None
        (pixels, time, facts), self._waiting = self._waiting, None
        self._write(pixels, time, until, facts)
        self.frames += 1

    @property
    def full(self) -> bool:
        """Whether the disk is: the film should come to its end."""
        return False

    @property
    @abstractmethod
    def bytes(self) -> int:
        """Written so far."""

    @abstractmethod
    def _write(self, pixels: np.ndarray, time: float, until: float, facts: Mapping[str, str]) -> None: ...

    @abstractmethod
    def _end(self) -> None: ...

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open; also of a film that was not finished. A second call does nothing."""


class FileEncoder(Encoder):
    """An encoder that writes a single file."""

    reserve = 0

    def __init__(self, place: Path, settings: Settings, size: tuple[int, int]) -> None:
        super().__init__(place, settings, size)
        self.file = ReservedFile(place, self.reserve)
        try:
            self._open()
        except BaseException:
            self.file.close()
            raise

    @abstractmethod
    def _open(self) -> None:
        """Write what comes before the first frame."""

    @property
    def full(self) -> bool:
        return self.file.full

    @property
    def bytes(self) -> int:
        return self.file.bytes

    def finish(self, end: float) -> None:
        """As of all, and all of it to the disk."""
        super().finish(end)
        self.file.sync()

    def close(self) -> None:
        self.file.close()
