"""Pictures that are alike: nearest in features (fc7, pool5) or in pixels, as cs231n shows them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from zfdesk.engine import Pass
from zfdesk.library.listing import WHOLE
from zfdesk.library.portrait import read_again
from zfdesk.library.records import feature_layers
from zfdesk.library.store import Library, LibraryError, Pictures

PIXELS = "pixels"
"""In place of a layer: the picture itself, brought down to `PIXEL_SIDE`."""

PIXEL_SIDE = 32


@dataclass(frozen=True)
class Near:
    """A picture that is near. ``distance``: Euclidean, in the features' own units. ``picture``: its id."""

    path: str
    distance: float
    seconds: float | None
    picture: int


class Neighbours:
    """Searches scanned pictures by what they are compared by; its features are in memory: of 10,000 pictures 160 MB in
    fc7, 10 MB in pool5.

    by: `PIXELS`, or one of `zfdesk.library.records.feature_layers`: the last fully connected layer below the classifier
    as it is, or the last maps averaged over their positions, so that where a thing lies does not count. Pixels are read
    from the pictures, which takes as long as decoding them; ``progress(done, total)`` tells.
    Raises LibraryError where nothing was scanned, ValueError for another layer.
    """

    def __init__(
        self, library: Library, pictures: Pictures, by: str, progress: Callable[[int, int], None] = lambda done, n: None
    ) -> None:
        known = feature_layers(library.model.architecture)
        if by not in (*known, PIXELS):
            raise ValueError(f"Pictures are compared in {', '.join(known)} or {PIXELS}, not in {by}.")
        if not len(pictures):
            raise LibraryError(f"No picture was scanned for {by}.")
        self.by, self.pictures = by, pictures
        self._library = library
        if by == PIXELS:
            self._features, self._there = _pixels_of(library, pictures, progress)
        else:
            self._features, self._there = library.features(pictures, by), np.ones(len(pictures), bool)
        self._squares = np.concatenate([(part.astype(np.float32) ** 2).sum(1) for part in _parts(self._features)])

    def nearest(self, query: np.ndarray, count: int = 9) -> list[Near]:
        """The pictures nearest to features, (numbers,) as `features_of` gives them; of equally near ones the path
        decides."""
        wanted = query.astype(np.float32)
        products = np.concatenate([part.astype(np.float32) @ wanted for part in _parts(self._features)])
        squares = np.maximum(self._squares - 2 * products + wanted @ wanted, 0)
        squares[~self._there] = np.inf
        order = np.argsort(squares, kind="stable")[: min(2 * count, int(self._there.sum()))]
        # near zero the difference of squares has no digits left: the first ones once more, directly
        exact = {
            place: float(np.linalg.norm(self._features[place].astype(np.float64) - wanted)) for place in order.tolist()
        }
        files = self._library.seen([int(self.pictures.ids[place]) for place in exact])
        found = []
        for place in sorted(exact, key=lambda place: (exact[place], place))[:count]:
            number = int(self.pictures.ids[place])
            if number in files:
                file = files[number].found
                seconds = None if file.frame == WHOLE else file.frame / 1000
                found.append(Near(os.fsdecode(file.path), exact[place], seconds, number))
        return found

    @property
    def features(self) -> np.ndarray:
        """(n, numbers), float16, or uint8 of pixels, in the order of ``pictures``."""
        return self._features


def features_of(seen: Pass, picture: np.ndarray, by: str) -> np.ndarray:
    """What a live picture is compared by: float32 (numbers,). picture: what the network saw, uint8 (size, size, 3)."""
    if by == PIXELS:
        return _small(picture).astype(np.float32)
    return seen.activations[by][0].mean((1, 2)).float().numpy()


def _small(picture: np.ndarray) -> np.ndarray:
    """uint8 (PIXEL_SIDE² · 3,)."""
    x = torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)[None]
    small = torch.nn.functional.interpolate(x, (PIXEL_SIDE, PIXEL_SIDE), mode="area")
    return small[0].add(0.5).to(torch.uint8).numpy().ravel()


def _pixels_of(
    library: Library, pictures: Pictures, progress: Callable[[int, int], None]
) -> tuple[np.ndarray, np.ndarray]:
    features = np.zeros((len(pictures), PIXEL_SIDE**2 * 3), np.uint8)
    there = np.zeros(len(pictures), bool)
    for place, picture in enumerate(read_again(library, pictures.ids.tolist())):
        if picture is not None:
            features[place], there[place] = _small(picture), True
        progress(place + 1, len(pictures))
    return features, there


def _parts(features: np.ndarray, rows: int = 2048) -> Sequence[np.ndarray]:
    """So that float32 copies stay small."""
    return [features[start : start + rows] for start in range(0, max(len(features), 1), rows)]


__all__ = ["PIXELS", "Near", "Neighbours", "features_of"]
