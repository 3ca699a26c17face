"""What every reader of a clip can do: give the frame that belongs to a time, forwards and backwards."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class DecodedFrame:
    """A decoded frame in its reader's own form, not yet converted. time, duration: seconds, from the first frame on."""

    frame: Any
    time: float
    duration: float


class FrameReader(ABC):
    """One open clip. Not safe to be used by two threads at once. Raises SourceError where it cannot be read.

    name: of its file, for people.
    current: the frame it stands at.
    end: seconds from the first frame's beginning to the last one's end, once that has been met.
    claimed_duration: what the file says about this, which may be wrong, or None.
    count: how many frames, or None where the file does not say.
    damaged: whether something in the clip could not be decoded.
    cancelled: asked between two frames; when it answers yes, the clip seems to end there.
    """

    name: str
    current: DecodedFrame
    end: float | None = None
    claimed_duration: float | None = None
    count: int | None = None
    damaged = False

    def __init__(self) -> None:
        self.cancelled: Callable[[], bool] = lambda: False

    @property
    @abstractmethod
    def index(self) -> int | None:
        """The number of the current frame, from 0, or None where that is not known."""

    @property
    @abstractmethod
    def next_time(self) -> float:
        """Seconds at which the frame after the current one is due, or at which the clip ends."""

    @abstractmethod
    def pixels(self) -> np.ndarray:
        """The current frame as uint8 height x width x 3, RGB."""

    @abstractmethod
    def frame_at(self, seconds: float) -> DecodedFrame:
        """Go to the frame that is shown at a time: the last that begins no later, or the first of the clip."""

    @abstractmethod
    def move(self, count: int) -> DecodedFrame:
        """Go `count` frames on, or back where negative; no further than the first or last frame."""

    @abstractmethod
    def close(self) -> None:
        """Close the file."""
