"""What the tests of the live room share: a network of a few pixels, frames that say which they are, requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

import zfdesk.engine as zf
from zfdesk.live import Demand, Request, Result, View
from zfdesk.sources import Frame

PATIENCE = 20.0  # seconds; only a test that fails waits so long
SIZE = 24


def tiny_model(seed: int = 3, name: str = "tiny") -> zf.Model:
    """An untrained network of 24 × 24 pixels with every kind of layer, contrast normalisation too."""
    layers = (
        zf.Conv("conv1", 6, 3, 1, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 3, 2, 1), zf.LRN("norm1"),
        zf.Conv("conv2", 9, 3, 2, 0), zf.ReLU("relu2"),
        zf.Linear("fc6", 7), zf.ReLU("relu6"), zf.Linear("fc8", 5), zf.Softmax("prob"),
    )  # fmt: skip
    architecture = zf.Architecture("tiny", "A tiny network", layers, SIZE)
    model = zf.random_model(architecture, seed)
    # scores near each other, so that no probability is exactly 0 or 1
    weights = {key: value * 0.02 if key == "fc8.weight" else value for key, value in model.weights.items()}
    return replace(model, weights=weights, name=name)


def numbered_pixels(number: int, height: int = 30, width: int = 40) -> np.ndarray:
    """A picture that encodes its number: one seed, one picture; the number stands in the first two pixels too."""
    pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)
    pixels[0, 0] = number // 256, number % 256, 77
    return pixels


def number_in(pixels: np.ndarray) -> int:
    """Which picture by `numbered_pixels` this is."""
    assert pixels[0, 0, 2] == 77
    return int(pixels[0, 0, 0]) * 256 + int(pixels[0, 0, 1])


def frame_of(pixels: np.ndarray, number: int = 0, origin: str = "a test") -> Frame:
    """A frame as a source would make it."""
    pixels = pixels.copy()
    pixels.setflags(write=False)
    return Frame(pixels, number, time.perf_counter(), origin)


def numbered_frame(number: int, origin: str = "a test") -> Frame:
    """The frame of that number, its pixels of that number."""
    return frame_of(numbered_pixels(number), number, origin)


def request_of(model: zf.Model, view: View, frame: Frame | None = None, demand: Demand | None = None) -> Request:
    """A request that asks for everything, unless told otherwise."""
    return Request(frame or numbered_frame(1), view, demand or Demand(methods=tuple(zf.Rule)), model)


def last_of(results: object) -> Result:
    """The complete result of `Computation.run`."""
    *_, last = results  # type: ignore[misc]
    assert last.complete
    return last


class Listener:
    """Takes every result of a worker as it comes, in the worker's thread."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.take: Callable[[], Result | None] = lambda: None
        self._changed = threading.Condition()
        self.calls = 0

    def notify(self) -> None:
        """For the worker to call."""
        with self._changed:
            self.calls += 1
            result = self.take()
            if result is not None:
                self.results.append(result)
            self._changed.notify_all()

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Wait, woken by each call; fail when it is in vain."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), (self.calls, len(self.results))

    def wait_for(self, fits: Callable[[Result], bool]) -> Result:
        """The first result that fits."""
        self.wait_until(lambda: any(fits(result) for result in self.results))
        return next(result for result in self.results if fits(result))
