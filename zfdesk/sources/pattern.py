"""A test pattern that moves, and carries its own frame number."""

from functools import lru_cache

import numpy as np

from zfdesk.sources.paced import PacedSource
from zfdesk.sources.reference import SourceReference
from zfdesk.sources.threaded import SourceRun

WIDTH, HEIGHT = 640, 480
FRAMES_PER_SECOND = 30

_BITS = 32
_BAR_ROWS = slice(0, 200)
_RAMP_ROWS = slice(200, 280)
_CHECKER_ROWS = slice(280, 440)
_BIT_ROWS = slice(440, 480)
_BAR_COLOURS = ((255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0), (255, 0, 255), (255, 0, 0), (0, 0, 255))
_BAR_SPEED, _CHECKER_SPEED, _CHECKER_SIDE = 4, 2, 40  # pixels a frame; pixels


def pattern_frame(number: int) -> np.ndarray:
    """Frame `number` of the pattern: uint8 480 x 640 x 3.

    From the top: colour bars that move left, a ramp from black to white that stands still, a checkerboard that
    moves right, and the frame number as 32 squares, the most significant bit first, white for 1.
    """
    pixels = _still_parts().copy()
    pixels[_BAR_ROWS] = np.roll(_bars(), -_BAR_SPEED * number % WIDTH, axis=0)
    pixels[_CHECKER_ROWS] = np.roll(_checkers(), _CHECKER_SPEED * number % WIDTH, axis=1)
    bits = (number >> np.arange(_BITS - 1, -1, -1)) & 1
    pixels[_BIT_ROWS] = np.repeat(bits * 255, WIDTH // _BITS).astype(np.uint8)[:, None]
    return pixels


def pattern_number(pixels: np.ndarray) -> int:
    """The frame number that is written into a frame of the pattern, modulo 2**32."""
    row = pixels[(_BIT_ROWS.start + _BIT_ROWS.stop) // 2, WIDTH // _BITS // 2 :: WIDTH // _BITS, 0]
    return int("".join("1" if value > 127 else "0" for value in row), 2)


class PatternSource(PacedSource):
    """The test pattern at 30 frames a second, without end."""

    def __init__(self) -> None:
        super().__init__(SourceReference("pattern"), "test pattern", playing=True, looping=True)

    def _show(self, run: SourceRun, position: float) -> float:
        number = frame_at(position, FRAMES_PER_SECOND)
        self._shown = number / FRAMES_PER_SECOND
        run.hand_over(pattern_frame(number))
        return (number + 1) / FRAMES_PER_SECOND

    def _position_after(self, count: int) -> float:
        return max(0, frame_at(self._shown, FRAMES_PER_SECOND) + count) / FRAMES_PER_SECOND

    def _index_and_count(self) -> tuple[int | None, int | None]:
        return frame_at(self._shown, FRAMES_PER_SECOND), None


def frame_at(position: float, rate: float) -> int:
    """Which frame of a steady `rate` (1/s) is shown at `position` (s); a rounding error falls to neither side."""
    return int(position * rate + 1e-6)


@lru_cache(maxsize=1)
def _still_parts() -> np.ndarray:
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[_RAMP_ROWS] = np.linspace(0, 255, WIDTH).round().astype(np.uint8)[:, None]
    return pixels


@lru_cache(maxsize=1)
def _bars() -> np.ndarray:
    """One row of bars, width x 3."""
    columns = np.arange(WIDTH) * len(_BAR_COLOURS) // WIDTH
    return np.array(_BAR_COLOURS, np.uint8)[columns]


@lru_cache(maxsize=1)
def _checkers() -> np.ndarray:
    rows, columns = np.indices((_CHECKER_ROWS.stop - _CHECKER_ROWS.start, WIDTH)) // _CHECKER_SIDE
    gray = np.where((rows + columns) % 2, 200, 55).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)
