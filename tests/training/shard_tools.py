"""Pictures, a small network and a teacher that the tests of shards and evaluation share."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import zfdesk.engine as zf
from zfdesk.training.teacher import TeacherInput


class ColourTeacher:
    """Answers with the mean colours of a picture's quarters: any other picture gets another answer."""

    name, sha256, classes, embedding = "colours", "c0ffee", 12, 3
    input = TeacherInput(48, (0.0,) * 3, (1.0,) * 3)

    def __init__(self, stop_after: int | None = None) -> None:
        self.left = stop_after
        self.asked: list[int] = []

    def facts(self) -> dict[str, Any]:
        return {"name": self.name, "sha256": self.sha256}

    def fitted(self, picture: Image.Image) -> np.ndarray:
        return np.asarray(picture.resize((48, 48), Image.Resampling.BICUBIC))

    def ask(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        self.asked.append(len(pictures))
        quarters = pictures.reshape(len(pictures), 2, 24, 2, 24, 3).mean((2, 4)).reshape(len(pictures), 12) / 16
        return quarters.astype(np.float32), pictures.mean((1, 2)).astype(np.float32)


def write_pictures(folder: Path, count: int, seed: int = 0, smallest: int = 100) -> list[str]:
    """Smooth random pictures of various sizes and formats; their paths in natural order."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    paths = []
    for number in range(count):
        width, height = rng.integers(smallest, 3 * smallest, 2)
        coarse = Image.fromarray(rng.integers(0, 256, (5, 5, 3), dtype=np.uint8))
        path = folder / f"{number}.{('jpg', 'png', 'webp')[number % 3]}"
        coarse.resize((int(width), int(height)), Image.Resampling.BICUBIC).save(path)
        paths.append(str(path))
    return paths


def members(folder: Path) -> dict[str, bytes]:
    """All files of the shards in a folder, by name."""
    found = {}
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as tar:
            for member in tar:
                file = tar.extractfile(member)
                assert file is not None
                assert member.name not in found
                found[member.name] = file.read()
    return found


def arrays(data: bytes) -> dict[str, np.ndarray]:
    """The arrays of a .npz."""
    with np.load(io.BytesIO(data)) as file:
        return dict(file)


def small_model(classes: tuple[str, ...], seed: int = 0, size: int = 32, resize: int = 37) -> zf.Model:
    """A random network of few layers that answers in a millisecond."""
    layers = (
        zf.Conv("conv1", 8, 5, 2), zf.ReLU("relu1"), zf.MaxPool("pool1", 3, 2), zf.Linear("fc2", len(classes)),
        zf.Softmax("prob"),
    )  # fmt: skip
    architecture = zf.Architecture(f"small{size}", "Small", layers, size)
    made = zf.random_model(architecture, seed)
    spec = zf.InputSpec(mean=(120.0, 115.0, 110.0), std=(60.0, 61.0, 62.0), resize=resize)
    return zf.Model(architecture, made.weights, spec, classes, name=f"small-{seed}")
