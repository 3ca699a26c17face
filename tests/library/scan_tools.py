"""A small network, folders of small pictures, and the scan done the long way in float64."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import zfdesk.engine as zf
from zfdesk.library import Library, ScanStep, scan

LAYERS = (
    zf.Conv("conv1", 6, 5, 2, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 3, 2, 1), zf.LRN("norm1"),
    zf.Conv("conv2", 7, 3, 1, 1), zf.ReLU("relu2"), zf.Conv("conv3", 9, 3, 1, 1), zf.ReLU("relu3"),
    zf.MaxPool("pool3", 3, 2), zf.Linear("fc6", 8), zf.ReLU("relu6"), zf.Linear("fc7", 6), zf.ReLU("relu7"),
    zf.Linear("fc8", 4), zf.Softmax("prob"),
)  # fmt: skip
NAMES = tuple(layer.name for layer in LAYERS if not isinstance(layer, zf.ReLU))


def small_model(seed: int = 4) -> zf.Model:
    """Its input is 48 px; conv2:3 is dead; the last two of conv3's units are the same."""
    made = zf.random_model(zf.Architecture("small", "Small", LAYERS, 48), seed=seed)
    weights = dict(made.weights)
    for name in ("conv2", "conv3"):
        weights[f"{name}.weight"] = weights[f"{name}.weight"].clone()  # type: ignore[union-attr]
        weights[f"{name}.bias"] = weights[f"{name}.bias"].clone()  # type: ignore[union-attr]
    weights["conv2.weight"][3] = -weights["conv2.weight"][3].abs()  # type: ignore[union-attr, operator, index]
    weights["conv2.bias"][3] = -5  # type: ignore[union-attr, operator, index]
    weights["conv3.weight"][8] = weights["conv3.weight"][7]  # type: ignore[union-attr, operator, index]
    weights["conv3.bias"][8] = weights["conv3.bias"][7]  # type: ignore[union-attr, operator, index]
    return zf.Model(made.architecture, weights, name="small")


def picture(number: int, side: int = 60) -> np.ndarray:
    """Blobs of colour, another for each number."""
    rng = np.random.default_rng(number)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 7, 3), np.uint8))
    return np.asarray(coarse.resize((side + number % 9, side), Image.Resampling.BICUBIC))


def write_folder(folder: Path, count: int, classes: int = 3) -> list[Path]:
    """Pictures in subfolders, one for each class; some are the same."""
    paths = []
    for number in range(count):
        path = folder / f"class{number % classes}" / f"p{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        shown = number - 1 if number % 10 == 9 else number  # twice the same picture, in two classes
        Image.fromarray(picture(shown)).save(path)
        paths.append(path)
    return paths


def all_of(library: Library, *places: Path, **options: object) -> ScanStep:
    """A whole scan; its last step."""
    *_, last = scan(library, places, **options)  # type: ignore[arg-type]
    return last


def by_hand(
    model: zf.Model, paths: list[Path], layers: tuple[str, ...] = NAMES
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By layer, in float64, of every picture by itself: highest activations (pictures, units) and flat positions."""
    from zfdesk.sources import read_picture

    values: dict[str, list[np.ndarray]] = {layer: [] for layer in layers}
    places: dict[str, list[np.ndarray]] = {layer: [] for layer in layers}
    for path in paths:
        crop = zf.centre_crop(read_picture(path), model.architecture.size, model.input.resize)
        seen = model.forward(model.input.to_tensor(crop[None]).double())
        for layer in layers:
            maps = seen.activations[layer][0].flatten(1).numpy()
            places[layer].append(maps.argmax(1))  # numpy: the first of equal ones
            values[layer].append(maps.max(1))
    return {layer: (np.stack(values[layer]), np.stack(places[layer])) for layer in layers}


def strongest_by_hand(values: np.ndarray, paths: list[Path], unit: int, ranks: int, floor: float) -> list[int]:
    """Numbers of the pictures, the strongest first; of equal ones the one whose path comes first."""
    order = sorted(range(len(paths)), key=lambda number: (-values[number, unit], str(paths[number])))
    return [number for number in order if values[number, unit] > floor][:ranks]
