"""Pictures that are alike: nearest in features (fc7, pool5) or in pixels, as cs231n shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zfdesk.library.database import LibraryError
from zfdesk.library.gallery import Gallery, smaller
from zfdesk.library.records import feature_layers

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
    """Searches scanned pictures by what they are compared by; its features are in memory: of 10,000 pictures 80 MB in
    fc7, 5 MB in pool5. The store is not needed once it is made; safe to be asked from several threads.

    by: `PIXELS`, or one of `zfdesk.library.records.feature_layers`: the last fully connected layer below the classifier
    as it is, or the last maps averaged over their positions, so that where a thing lies does not count. features: of
    the gallery's pictures in a layer, as `Library.features` gives them. Pixels are read from the pictures, which takes
    as long as decoding them; ``progress(done, total)`` tells, and may raise to end it.
    Raises LibraryError where nothing was scanned, ValueError for another layer.
    """

    def __init__(
        self, gallery: Gallery, by: str, features: np.ndarray | None = None,
        progress: Callable[[int, int], None] = lambda done, n: None,
    ) -> None:  # fmt: skip
        known = feature_layers(gallery.model.architecture)
        if by not in (*known, PIXELS):
            raise ValueError(f"Pictures are compared in {', '.join(known)} or {PIXELS}, not in {by}.")
        if not len(gallery):
            raise LibraryError(f"No picture was scanned for {by}.")
        self.by, self.gallery = by, gallery
        if features is None:
            self._features, self._there = _pixels_of(gallery, progress)
        else:
            self._features, self._there = features, np.ones(len(features), bool)
        self._squares = np.concatenate([(part.astype(np.float32) ** 2).sum(1) for part in _parts(self._features)])

    def nearest(self, query: np.ndarray, count: int = 9) -> list[Near]:
        """The pictures nearest to features, (numbers,): a layer's maps averaged over their positions, or the
        `pixel_features` of a picture; of equally near ones the path decides."""
        wanted = query.astype(np.float32)
        products = np.concatenate([part.astype(np.float32) @ wanted for part in _parts(self._features)])
        squares = np.maximum(self._squares - 2 * products + wanted @ wanted, 0)
        squares[~self._there] = np.inf
        order = np.argsort(squares, kind="stable")[: min(2 * count, int(self._there.sum()))]
        # near zero the difference of squares has no digits left: the first ones once more, directly
        exact = {
            place: float(np.linalg.norm(self._features[place].astype(np.float64) - wanted)) for place in order.tolist()
        }
        ids, gallery = self.gallery.pictures.ids, self.gallery
        return [
            Near(gallery.path(number), exact[place], gallery.seconds(number), number)
            for place in sorted(exact, key=lambda place: (exact[place], place))[:count]
            if (number := int(ids[place])) in gallery
        ]

    @property
    def features(self) -> np.ndarray:
        """(n, numbers), float16, or uint8 of pixels, in the order of the gallery's pictures."""
        return self._features


def pixel_features(picture: np.ndarray) -> np.ndarray:
    """What a picture is compared by in pixels: float32 (PIXEL_SIDE² · 3,)."""
    return _small(picture).astype(np.float32)


def _small(picture: np.ndarray) -> np.ndarray:
    """uint8 (PIXEL_SIDE² · 3,)."""
    return smaller(picture, PIXEL_SIDE).transpose(2, 0, 1).ravel()


def _pixels_of(gallery: Gallery, progress: Callable[[int, int], None]) -> tuple[np.ndarray, np.ndarray]:
    ids = gallery.pictures.ids.tolist()
    features = np.zeros((len(ids), PIXEL_SIDE**2 * 3), np.uint8)
    there = np.zeros(len(ids), bool)
    for place, picture in enumerate(gallery.read(ids)):
        if picture is not None:
            features[place], there[place] = _small(picture), True
        progress(place + 1, len(ids))
    return features, there


def _parts(features: np.ndarray, rows: int = 2048) -> Sequence[np.ndarray]:
    """So that float32 copies stay small."""
    return [features[start : start + rows] for start in range(0, max(len(features), 1), rows)]


__all__ = ["PIXELS", "Near", "Neighbours", "pixel_features"]
