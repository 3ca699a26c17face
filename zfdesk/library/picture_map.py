"""Many pictures as points in a plane, those alike near each other: PCA at once, t-SNE while one looks at it."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

LOW = 50
"""Principal components that t-SNE begins from (van der Maaten & Hinton 2008 use 30)."""

STEPS = 1000
"""Of t-SNE."""


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


def tsne_map(
    begun: PictureMap, perplexity: float = 30.0, seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> PictureMap:
    """t-SNE (Barnes-Hut, scikit-learn's) of a PCA map's components, begun from its points: the same seed, the same map.

    Takes seconds for a thousand pictures, minutes for ten thousand: with ``progress`` it runs in a process of its own,
    and ``progress(step, STEPS)`` is called several times a second; what that raises ends it at once.
    Raises ImportError where scikit-learn is missing, RuntimeError where that process fails.
    """
    if importlib.util.find_spec("sklearn") is None:
        raise ImportError("t-SNE needs scikit-learn: pip install 'zfdesk[map]'")
    scale = float(begun.points[:, 0].std()) or 1.0
    most = max((len(begun.points) - 1) / 3, 1.0)
    settings = {"perplexity": min(perplexity, most), "random_state": seed, "learning_rate": "auto", "max_iter": STEPS}
    start = begun.points / scale * 1e-4
    if progress is None:
        from sklearn.manifold import TSNE

        points = TSNE(2, init=start, **settings).fit_transform(begun.low)
    else:
        points = _apart(begun.low, start, settings, progress)
    return replace(begun, points=np.asarray(points, np.float32), method="t-SNE")


_PROGRAM = """
import json, os, sys
import numpy as np
from sklearn.manifold import TSNE
getattr(os, "nice", int)(10)
folder, settings = sys.argv[1], json.loads(sys.argv[2])
arrays = np.load(os.path.join(folder, "in.npz"))
points = TSNE(2, init=arrays["start"], verbose=2, **settings).fit_transform(arrays["low"])
np.save(os.path.join(folder, "out.npy"), points)
"""
_STEP = re.compile(r"Iteration (\d+)")


def _apart(
    low: np.ndarray, start: np.ndarray, settings: dict[str, Any], progress: Callable[[int, int], None]
) -> np.ndarray:
    """In a process of its own, which can be stopped at any moment and does not hold up this one."""
    with tempfile.TemporaryDirectory(prefix="zfdesk-map-") as folder:
        place = Path(folder)
        np.savez(place / "in.npz", low=low, start=start)
        command = [sys.executable, "-u", "-c", _PROGRAM, folder, json.dumps(settings)]
        with (place / "told").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            while process.poll() is None:
                steps = _STEP.findall((place / "told").read_text("utf-8", "replace"))
                progress(int(steps[-1]) if steps else 0, STEPS)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.2)
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            lines = (place / "told").read_text("utf-8", "replace").strip().splitlines() or ["no reason given"]
            raise RuntimeError(f"t-SNE failed: {lines[-1]}")
        result: np.ndarray = np.load(place / "out.npy")
        return result


__all__ = ["STEPS", "PictureMap", "pca_map", "tsne_map"]
