"""What the tests of sources share: taking what a source delivers, and making small clips."""

import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from zfdesk.sources import Frame, Source

PATIENCE = 10.0  # seconds; only a test that fails waits so long


class Collector:
    """Keeps frames and troubles, and lets a test wait for them without guessing how long they take."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.troubles: list[str] = []
        self._changed = threading.Condition()

    def deliver(self, frame: Frame) -> None:
        with self._changed:
            self.frames.append(frame)
            self._changed.notify_all()

    def trouble(self, sentence: str) -> None:
        with self._changed:
            self.troubles.append(sentence)
            self._changed.notify_all()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), (len(self.frames), self.troubles)

    def wait_for_frames(self, count: int) -> list[Frame]:
        self.wait_until(lambda: len(self.frames) >= count)
        return self.frames

    def wait_for_trouble(self, count: int = 1) -> list[str]:
        self.wait_until(lambda: len(self.troubles) >= count)
        return self.troubles

    def after(self, source: Source, *actions: Callable[[], None]) -> list[Frame]:
        """The frames that come of some actions, one at least of each, in order."""
        frames: list[Frame] = []
        for action in actions:
            before = len(self.frames)
            action()
            frames.append(self.wait_for_frames(before + 1)[before])
        return frames


def started(source: Source) -> Collector:
    collector = Collector()
    source.start(collector.deliver, collector.trouble)
    return collector


def check_frame(frame: Frame) -> None:
    """A frame is what the contract says."""
    pixels = frame.pixels
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
    assert min(pixels.shape[:2]) > 0
    assert max(pixels.shape[:2]) <= 2048
    assert pixels.flags.c_contiguous
    assert not pixels.flags.writeable
    assert frame.time <= time.perf_counter()
    assert frame.origin


def check_sentence(sentence: str) -> None:
    """One sentence for people: no traceback, no repr, no path."""
    assert sentence == sentence.strip()
    assert sentence.endswith(".")
    assert "\n" not in sentence
    for jargon in ("Errno", "Error", "Traceback", "<", "Path(", "0x", "/tmp"):
        assert jargon not in sentence, sentence


GRAY_STEP = 8


def gray_of(number: int) -> int:
    """The gray that marks frame `number` of a clip by `write_clip`."""
    return 16 + GRAY_STEP * number


def number_in(frame: Frame) -> int:
    """Which frame of a clip by `write_clip` this is."""
    return round((float(frame.pixels.mean()) - 16) / GRAY_STEP)


def write_clip(
    path: Path,
    *,
    codec: str = "mpeg4",
    pixel_format: str = "yuv420p",
    count: int = 20,
    rate: int = 10,
    times: list[float] | None = None,
    picture: np.ndarray | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    rotation: int = 0,
    gop: int = 6,
) -> Path:
    """A small clip whose frame n is plain gray `gray_of(n)`, or shows `picture` throughout."""
    base = Fraction(1, 1000) if times else Fraction(1, rate)
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        height, width = (48, 64) if picture is None else picture.shape[:2]
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.time_base = stream.codec_context.time_base = base
        stream.options = options or {}
        stream.gop_size = gop
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(count):
            pixels = np.full((height, width, 3), gray_of(number), np.uint8) if picture is None else picture
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = round(times[number] * 1000) if times else number
            frame.time_base = base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
