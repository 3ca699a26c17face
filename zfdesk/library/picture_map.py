"""Many pictures as points in a plane, those alike near each other: PCA at once, t-SNE while one looks at it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

LOW = 50
"""Principal components that t-SNE begins from (van der Maaten & Hinton 2008 use 30)."""


@dataclass(frozen=True, eq=False)
class PictureMap:
    """Points of pictures, and how another one is put among them.

    ``points``: float32 (n, 2). ``method``: "PCA" or "t-SNE". ``explained``: the share of the variance that the two
    principal axes hold. ``mean``: float32 (numbers,). ``axes``: float32 (numbers, axes), principal axes.
    ``low``: float32 (n, axes), the pictures along them.
    """

    points: np.ndarray
    method: str
    explained: float
    mean: np.ndarray
    axes: np.ndarray
    low: np.ndarray

    def place(self, query: np.ndarray, neighbours: int = 5) -> np.ndarray:
        """Where a live picture's features (numbers,) lie: float32 (2,). With PCA its own projection; t-SNE has none:
        there it is the mean of its nearest pictures' points, the nearer ones counting more."""
        along = (query.astype(np.float32) - self.mean) @ self.axes
        if self.method == "PCA":
            return np.asarray(along[:2], np.float32)
        distance = np.linalg.norm(self.low - along, axis=1)
        near = np.argsort(distance, kind="stable")[:neighbours]
        weight = 1 / (distance[near] + 1e-6 * (distance.max() + 1))
        return np.asarray((weight[:, None] * self.points[near]).sum(0) / weight.sum(), np.float32)

    def inside(self, outline: np.ndarray) -> np.ndarray:
        """Which points lie in a lasso, float (corners, 2): bool (n,); the even-odd rule."""
        x, y = self.points.T
        found = np.zeros(len(self.points), bool)
        for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
            crosses = (y0 > y) != (y1 > y)
            with np.errstate(divide="ignore", invalid="ignore"):
                found ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
        return found


def pca_map(features: np.ndarray) -> PictureMap:
    """By the two principal axes (torch's randomised PCA, seeded). features: (n, numbers). The signs are fixed, so that
    the map does not flip. Raises ValueError for fewer than three pictures.
    """
    if len(features) < 3:
        raise ValueError("A map takes three pictures or more.")
    count = min(LOW, features.shape[1], len(features) - 1)
    mean = features.mean(0, dtype=np.float64).astype(np.float32)
    centred = torch.from_numpy(features.astype(np.float32)).sub_(torch.from_numpy(mean))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        _, spread, vectors = torch.pca_lowrank(centred, min(count + 10, *centred.shape), center=False, niter=6)
    axes = vectors[:, :count]
    axes = axes * axes.gather(0, axes.abs().argmax(0, keepdim=True)).sign()
    total = float(centred.square().sum(dtype=torch.float64))
    explained = float(spread[:2].double().square().sum() / total) if total else 1.0
    low = (centred @ axes).numpy()
    return PictureMap(low[:, :2].copy(), "PCA", explained, mean, axes.numpy(), low)


def tsne_map(begun: PictureMap, perplexity: float = 30.0, seed: int = 0) -> PictureMap:
    """t-SNE (Barnes-Hut, scikit-learn's) of a PCA map's components, begun from its points: the same seed, the same map.

    Takes seconds for a thousand pictures, minutes for ten thousand. Raises ImportError where scikit-learn is missing.
    """
    try:
        from sklearn.manifold import TSNE
    except ImportError as error:
        raise ImportError("t-SNE needs scikit-learn: pip install 'zfdesk[map]'") from error
    scale = float(begun.points[:, 0].std()) or 1.0
    most = max((len(begun.points) - 1) / 3, 1.0)
    made = TSNE(
        2, perplexity=min(perplexity, most), init=begun.points / scale * 1e-4, random_state=seed, learning_rate="auto"
    )
    points = np.asarray(made.fit_transform(begun.low), np.float32)
    return PictureMap(points, "t-SNE", begun.explained, begun.mean, begun.axes, begun.low)


__all__ = ["PictureMap", "pca_map", "tsne_map"]
