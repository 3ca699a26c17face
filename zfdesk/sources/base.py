"""What every source of frames can do."""

# ruff: noqa: B027 - a source that has nothing to play leaves these methods empty on purpose

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zfdesk.sources.frame import Frame, frozen_pixels
from zfdesk.sources.reference import SourceReference

Deliver = Callable[[Frame], None]
"""Takes a frame, in whatever thread it is called."""
OnError = Callable[[str], None]
"""Takes one sentence about what went wrong, in whatever thread it is called."""


@dataclass(frozen=True)
class Transport:
    """Where a source that can be played stands.

    position, duration: seconds; duration is None while it is not known or there is no end.
    index, count: which picture of a folder or frame of a clip, from 0, and how many; None where not known.
    """

    playing: bool
    position: float
    duration: float | None
    looping: bool
    index: int | None = None
    count: int | None = None


class Source(ABC):
    """Something that hands over frames until it is stopped.

    reference: what would open this source again.
    name: what people call it.
    """

    def __init__(self, reference: SourceReference, name: str) -> None:
        self.reference = reference
        self.name = name
        self._handed_over = 0

    @abstractmethod
    def start(self, deliver: Deliver, on_error: OnError) -> None:
        """Begin to hand over frames; returns at once.

        `deliver` is called from a thread of the source's own, or, for a still picture, from within this call.
        `on_error` is called, with a sentence, for anything that goes wrong later. Starting again after `stop` goes on.
        """

    @abstractmethod
    def stop(self) -> None:
        """Hand over nothing more. Back within a second, even when a device hangs; a second call does nothing."""

    @property
    def transport(self) -> Transport | None:
        """Where the source stands, or None where there is nothing to play."""
        return None

    def play(self) -> None:
        """Go on; from the beginning, if it stands at the end."""

    def pause(self) -> None:
        """Stay on the frame that is shown."""

    def step(self, count: int) -> None:
        """Pause, and go `count` frames on, or back where it is negative."""

    def seek(self, seconds: float) -> None:
        """Show the frame that belongs to this time."""

    def set_looping(self, looping: bool) -> None:
        """Whether the end is followed by the beginning."""

    def next(self) -> None:
        """Show the next picture of several."""

    def previous(self) -> None:
        """Show the picture before this one."""

    def _next_frame(self, pixels: np.ndarray, captured: float | None = None, file: str = "") -> Frame:
        """Number a picture and wrap it up; `captured` is when a live source took it, `file` which of a folder's."""
        now = time.perf_counter() if captured is None else captured
        frame = Frame(frozen_pixels(pixels), self._handed_over, now, self.name, file=file)
        self._handed_over += 1
        return frame
