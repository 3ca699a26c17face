"""The demo: slow pans and zooms over the pictures that ship with the program."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np
from PIL import Image

from zfdesk.resources import resource
from zfdesk.sources.frame import SourceError
from zfdesk.sources.paced import PacedSource
from zfdesk.sources.pattern import frame_at
from zfdesk.sources.picture import read_picture
from zfdesk.sources.reference import SourceReference
from zfdesk.sources.threaded import SourceRun

WIDTH, HEIGHT = 640, 480
FRAMES_PER_SECOND = 30


@dataclass(frozen=True)
class Framing:
    """A 4:3 part of a picture: its centre and its height, all in units of the picture's height."""

    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Slide:
    """A picture and the way over it, from `start` to `end` in `seconds`."""

    picture: str
    seconds: float
    start: Framing
    end: Framing


# The cat and the motorcycle, which the shipped network knows, are shown longer. The network sees the middle
# 480 x 480 of a frame, so what matters stays there.
SLIDES = (
    Slide("chelsea.jpg", 10.0, Framing(0.815, 0.50, 1.0), Framing(0.72, 0.47, 0.86)),
    Slide("motorcycle_left.jpg", 10.0, Framing(0.78, 0.54, 0.92), Framing(0.80, 0.50, 1.0)),
    Slide("coffee.jpg", 5.0, Framing(0.75, 0.50, 1.0), Framing(0.70, 0.46, 0.78)),
    Slide("rocket.jpg", 5.0, Framing(0.75, 0.50, 1.0), Framing(0.72, 0.62, 0.70)),
    Slide("astronaut.jpg", 5.0, Framing(0.50, 0.40, 0.75), Framing(0.45, 0.26, 0.50)),
)
_STARTS = (0.0, *accumulate(slide.seconds for slide in SLIDES))
DURATION = _STARTS[-1]


def demo_frame(t: float) -> np.ndarray:
    """The demo at `t` seconds: uint8 480 x 640 x 3, a function of `t` alone; repeats after `DURATION`.

    Costs about 2 ms on one core. Raises SourceError where the demo's pictures are missing.
    """
    t %= DURATION
    index = slide_at(t)
    slide, picture = SLIDES[index], _pictures()[index]
    way = (1 - math.cos(math.pi * (t - _STARTS[index]) / slide.seconds)) / 2  # from 0 to 1, at rest at either end
    box = _box(picture.size, _between(slide.start, slide.end, way))
    return np.array(picture.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, box=box))


def slide_at(t: float) -> int:
    """Which of `SLIDES` is shown at `t` seconds."""
    return bisect_right(_STARTS, t % DURATION) - 1


class DemoSource(PacedSource):
    """The demo at 30 frames a second, over and over; next and previous go to another picture."""

    _duration = DURATION

    def __init__(self) -> None:
        super().__init__(SourceReference("demo"), "demo", playing=True, looping=True)
        _pictures()

    def next(self) -> None:
        """Show the next picture from its beginning."""
        self._ask(lambda run: self._go_to(run, _STARTS[(slide_at(self._shown) + 1) % len(SLIDES)]))

    def previous(self) -> None:
        """Show the picture before this one from its beginning."""
        self._ask(lambda run: self._go_to(run, _STARTS[(slide_at(self._shown) - 1) % len(SLIDES)]))

    def _show(self, run: SourceRun, position: float) -> float:
        number = min(frame_at(position, FRAMES_PER_SECOND), round(DURATION * FRAMES_PER_SECOND) - 1)
        self._shown = number / FRAMES_PER_SECOND
        run.hand_over(demo_frame(self._shown))
        return (number + 1) / FRAMES_PER_SECOND

    def _position_after(self, count: int) -> float:
        return (frame_at(self._shown, FRAMES_PER_SECOND) + count) / FRAMES_PER_SECOND % DURATION

    def _index_and_count(self) -> tuple[int | None, int | None]:
        return slide_at(self._shown), len(SLIDES)


@lru_cache(maxsize=1)
def _pictures() -> tuple[Image.Image, ...]:
    try:
        folder = resource("demo")
    except FileNotFoundError as error:
        raise SourceError(str(error)) from error
    return tuple(Image.fromarray(read_picture(folder / slide.picture)) for slide in SLIDES)


def _between(start: Framing, end: Framing, way: float) -> Framing:
    return Framing(
        start.x + (end.x - start.x) * way,
        start.y + (end.y - start.y) * way,
        # Heights are spaced evenly as ratios, so that the zoom has one speed.
        start.height * (end.height / start.height) ** way,
    )


def _box(size: tuple[int, int], view: Framing) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a view in pixels, moved into the picture where it would stick out."""
    width, height = size
    box_height = min(view.height * height, width * HEIGHT / WIDTH)
    box_width = box_height * WIDTH / HEIGHT
    left = min(max(view.x * height - box_width / 2, 0.0), width - box_width)
    top = min(max(view.y * height - box_height / 2, 0.0), height - box_height)
    return left, top, left + box_width, top + box_height
