"""A picture on its way to the network, and the one error of this room."""

from dataclasses import dataclass

import numpy as np

LONGEST_SIDE = 2048
"""Pictures and clips are brought down to this many pixels on their long side.

This is for the live desk, which redraws them many times a second; the network sees 224 pixels anyway.
"""


class SourceError(Exception):
    """A source cannot be opened or read; ``str()`` is one clear sentence for people."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a source.

    pixels: read-only, C-contiguous uint8 of shape height x width x 3, RGB.
    number: counts up from 0 within one source.
    time: ``time.perf_counter()`` in seconds, at capture for a live source, else when it was handed over.
    source: what its source is called: a file's name, a folder's, a camera's, "test pattern", "clipboard".
    full: height and width of the picture in its file, where it was brought down to `LONGEST_SIDE`.
    file: which of a folder's; "" of every other source.
    """

    pixels: np.ndarray
    number: int
    time: float
    source: str
    full: tuple[int, int] | None = None
    file: str = ""

    @property
    def origin(self) -> str:
        """What people cite it by: the name of its source, or fold/cat.jpg."""
        return f"{self.source}/{self.file}" if self.file else self.source

    @property
    def number_text(self) -> str:
        """Which of its source it is: frame 1203, or frame 3 · cat.jpg."""
        return f"frame {self.number} · {self.file}" if self.file else f"frame {self.number}"

    @property
    def size_text(self) -> str:
        """4000 × 60, read as 2048 × 31."""
        height, width = self.pixels.shape[:2]
        shown = f"{width} × {height}"
        return shown if self.full is None else f"{self.full[1]} × {self.full[0]}, read as {shown}"


def frame_of_text(number: int, origin: str) -> str:
    """How a frame is cited by its number and `Frame.origin`: frame 1203 of demo; without an origin frame 1203."""
    return f"frame {number} of {origin}" if origin else f"frame {number}"


def frozen_pixels(pixels: np.ndarray) -> np.ndarray:
    """The same picture as a `Frame` may hold it: uint8 height x width x 3, contiguous, not writeable.

    Copies only what is not contiguous or is a view of memory that somebody else could still write to.
    Raises ValueError for another shape or type, or for a picture without pixels.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise ValueError(f"a picture is uint8, height x width x 3, not {pixels.dtype} {pixels.shape}")
    if not pixels.flags.c_contiguous or (not pixels.flags.owndata and _base_is_writeable(pixels)):
        pixels = pixels.copy(order="C")
    pixels.flags.writeable = False
    return pixels


def _base_is_writeable(pixels: np.ndarray) -> bool:
    base = pixels.base
    return isinstance(base, np.ndarray) and base.flags.writeable
