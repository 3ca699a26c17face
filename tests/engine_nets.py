"""Networks and pictures that several test files use: the embedded model, quick weights, random small networks."""

from __future__ import annotations

import random
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.engine.kernels import Weights
from zfdesk.resources import resource


@lru_cache(maxsize=1)
def embedded_model() -> zf.Model:
    """The weights that ship with the program, loaded once: a copy for each file of tests would take 0.3 GB each."""
    return zfdesk.weights.load()


def demo_frames() -> list[np.ndarray]:
    """The shipped photographs, uint8 (height, width, 3)."""
    folder = Path(resource("demo"))
    return [np.asarray(Image.open(path).convert("RGB")) for path in sorted(folder.glob("*.jpg"))]


@lru_cache(maxsize=1)
def varied_pictures() -> np.ndarray:
    """Photographs, crops and mirror images of them, and synthetic pictures; uint8 (N, 224, 224, 3), N ≥ 20."""
    generator = np.random.default_rng(2013)
    pictures = []
    for frame in demo_frames():
        height, width = frame.shape[:2]
        side = min(height, width)
        left, top = generator.uniform(0, width - side / 2), generator.uniform(0, height - side / 2)
        whole = zf.centre_crop(frame)
        corner = zf.crop(frame, (left, top, left + side / 2, top + side / 2))
        pictures += [whole, corner, whole[:, ::-1], (whole * 0.25).astype(np.uint8), 255 - whole]
    rows, columns = np.mgrid[:224, :224]
    ramp = np.stack([rows, columns, (rows + columns) // 2], -1).astype(np.uint8)
    stripes = np.where((columns // 7 + rows // 11) % 2, 230, 20)[..., None].repeat(3, -1).astype(np.uint8)
    disc = np.where((rows - 100) ** 2 + (columns - 130) ** 2 < 3600, 200, 60)[..., None] * np.array([1.0, 0.6, 0.2])
    noise = generator.integers(0, 256, (224, 224, 3), dtype=np.uint8)
    blurred = generator.integers(0, 256, (14, 14, 3), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
    plain = [np.full((224, 224, 3), level, np.uint8) for level in (0, 128, 255)]
    pictures += [ramp, stripes, disc.astype(np.uint8), noise, noise // 8 + 100, blurred, *plain]
    return np.stack(pictures)


def quick_weights(architecture: zf.Architecture, dtype: torch.dtype = torch.float32, seed: int = 0) -> Weights:
    """Weights of the usual scale, made by repeating one block of random numbers: much sooner than so many draws."""
    block = torch.randn(1_000_003, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    weights: Weights = {}
    for name, shape in architecture.weight_shapes().items():
        count, fan_in = int(np.prod(shape)), int(np.prod(shape[1:]))
        scale = (2 / fan_in) ** 0.5 if len(shape) > 1 else 0.05
        weights[name] = (block * scale).repeat(-(-count // len(block)))[:count].view(shape)
    return weights


def random_architecture(rng: random.Random, normalised: bool = True, head: bool = True) -> zf.Architecture:
    """A small network of random kernels, strides, paddings, pools (also rounding up), normalisation and fc layers."""
    while True:
        layers: list[zf.layers.LayerSpec] = []
        for number in range(1, rng.randint(2, 4)):
            kernel = rng.randint(1, 5)
            layers.append(
                zf.Conv(f"conv{number}", rng.randint(1, 6), kernel, rng.randint(1, 3), rng.randint(0, kernel - 1))
            )
            if rng.random() < 0.8:
                layers.append(zf.ReLU(f"relu{number}"))
            if rng.random() < 0.6:
                kernel = rng.randint(2, 4)
                stride, padding = rng.randint(1, 3), rng.randint(0, kernel // 2)
                layers.append(zf.MaxPool(f"pool{number}", kernel, stride, padding, rng.random() < 0.5))
            if normalised and rng.random() < 0.5:
                beta = rng.choice((0.75, 0.5, 1.0))
                layers.append(zf.LRN(f"norm{number}", rng.randint(1, 5), rng.uniform(0.1, 2), beta, 2.0))
        if head and rng.random() < 0.6:
            layers += [zf.Linear("fc6", rng.randint(2, 7)), zf.ReLU("relu6"), zf.Linear("fc8", 5)]
            if normalised:
                layers.append(zf.Softmax("prob"))
        architecture = zf.Architecture("random", "A random small network", tuple(layers), rng.randint(9, 24))
        try:
            stages = architecture.stages
        except ValueError:  # the picture ran out of pixels on the way up
            continue
        if len(stages) > 2:
            return architecture


def random_seed(rng: random.Random, stage: zf.Stage) -> zf.Seed:
    """Any unit of a layer, any way to choose its positions."""
    _, height, width = stage.shape
    position = (rng.randrange(height), rng.randrange(width))
    kind = rng.choice(list(zf.SeedKind))
    return zf.Seed(stage.name, rng.randrange(stage.shape[0]), kind, position, rng.randint(1, 6))
