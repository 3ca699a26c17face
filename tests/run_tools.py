"""Runs to look at, without training: written by the writer itself, with networks on the way from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import zfdesk.engine as zf
from zfdesk.engine.kernels import dense
from zfdesk.runs import About, Epoch, LayerTrainingStatistics, RunWriter, Score, Step, StrongestEntry, spread

CLASSES = ("tabby", "tiger cat", "moped", "church", "tench")


def tiny_architecture(classes: int = len(CLASSES)) -> zf.Architecture:
    """32 × 32 pixels, a millisecond a picture; to be registered under "tiny" in `ARCHITECTURES`."""
    layers = (
        zf.Conv("conv1", 8, 5, 1, 2), zf.ReLU("relu1"), zf.MaxPool("pool1", 2, 2),
        zf.Conv("conv2", 12, 3, 1, 1), zf.ReLU("relu2"), zf.MaxPool("pool2", 2, 2),
        zf.Conv("conv3", 16, 3, 1, 1), zf.ReLU("relu3"),
        zf.Linear("fc8", classes), zf.Softmax("prob"),
    )  # fmt: skip
    return zf.Architecture("tiny", "A tiny network", layers, size=32)


def between(first: zf.Model, last: zf.Model, share: float) -> zf.Model:
    """A network whose weights lie between those of two, as those of a snapshot might."""
    weights = {
        name: dense(first.weights[name], torch.float32) * (1 - share) + dense(last.weights[name], torch.float32) * share
        for name in first.weights
    }
    return replace(last, weights=weights, name="", sha256="")


def some_pictures(count: int, size: int = 48, seed: int = 5) -> list[np.ndarray]:
    """Discs, bars and gradients in random colours."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    pictures = []
    for _ in range(count):
        cy, cx, radius, angle = chance.random(4) * (1, 1, 0.4, np.pi)
        inside = (y - cy) ** 2 + (x - cx) ** 2 < (radius + 0.1) ** 2
        bars = np.sin(20 * (x * np.cos(angle) + y * np.sin(angle))) > 0
        colours = chance.integers(0, 256, (3, 3))
        pictures.append(np.where(inside[..., None], colours[0], np.where(bars[..., None], colours[1], colours[2])))
    return [picture.astype(np.uint8) for picture in pictures]


def statistics_of(model: zf.Model, pictures: Sequence[np.ndarray], seed: int) -> dict[str, LayerTrainingStatistics]:
    """Of real weights and activations; the gradients are noise."""
    seen = model.forward(np.stack([zf.centre_crop(p, model.architecture.size, model.input.resize) for p in pictures]))
    chance = torch.Generator().manual_seed(seed)
    found = {}
    for stage in model.architecture.stages:
        if isinstance(stage.layer, zf.Conv | zf.Linear):
            values = seen.activations[stage.name]
            dead = float((values.amax((0, 2, 3)) <= 0).float().mean()) if stage.rectified else None
            weight = dense(model.weights[f"{stage.name}.weight"], torch.float32)
            gradient = torch.randn(4000, generator=chance) * 1e-3 / (seed + 1)
            found[stage.name] = LayerTrainingStatistics(spread(weight), spread(values), spread(gradient), dead)
    return found


def make_run(
    folder: Path,
    first: zf.Model,
    last: zf.Model,
    epochs: Sequence[int] = (0, 1, 2, 5),
    *,
    total: int | None = None,
    probe: np.ndarray | None = None,
    strongest: Sequence[tuple[str, int]] = (),
    pictures: Sequence[np.ndarray] = (),
    validation: bool = True,
    steps_per_epoch: int = 20,
) -> RunWriter:
    """A run with snapshots after ``epochs`` on the way from one network to the other; complete unless ``total`` says
    that there is more to come."""
    total = epochs[-1] if total is None else total
    pictures = pictures or some_pictures(6)
    about = About(
        "1.0", last.architecture.name, {"name": "modern", "batch": 16, "optimiser": "sgd", "learning_rate": 0.05},
        ("photos",), 640, 64 if validation else 0, last.classes, 7, "zfdesk train photos", "2026-11-23T11:00:00+00:00",
        total,
    )  # fmt: skip
    writer = RunWriter.create(folder, about)
    writer.probe(pictures[0] if probe is None else probe)
    chance, size = np.random.default_rng(1), last.architecture.size
    for epoch in range(epochs[-1] + 1):
        done = epoch * steps_per_epoch
        if epoch:
            for step in range(done - steps_per_epoch + 1, done + 1):
                loss = 5 * np.exp(-step / (steps_per_epoch * 2)) + 1 + chance.normal() * 0.1
                rate = 0.05 * (1 + np.cos(np.pi * step / (total * steps_per_epoch))) / 2
                writer.log(Step(step, step / steps_per_epoch, step * 0.5, loss, rate, {"label": loss}, 224, 32.0))
            right = 1 - np.exp(-epoch / 4)
            scores = [Score(5 * np.exp(-epoch / 2) + bias, right / bias, right) for bias in (1.0, 1.3)]
            writer.log(Epoch(done, epoch, done * 0.5, scores[0], scores[1] if validation else None))
        if epoch in epochs:
            model = between(first, last, epoch / epochs[-1])
            writer.snapshot(epoch, model)
            writer.network(model)
            writer.statistics(epoch, statistics_of(model, pictures, epoch))
            crops = [zf.centre_crop(picture, size, model.input.resize) for picture in pictures]
            for layer, unit in strongest:
                keep_strongest(writer, model, epoch, layer, unit, crops)
    return writer


def keep_strongest(
    writer: RunWriter, model: zf.Model, epoch: int, layer: str, unit: int, crops: Sequence[np.ndarray]
) -> None:
    """By the shortest way: every picture in turn."""
    stage, size = model.architecture.stage(layer), model.architecture.size
    maps = [model.forward(crop).activations[layer][0, unit].numpy() for crop in crops]
    place = int(np.argmax([found.max() for found in maps]))
    y, x = np.unravel_index(int(maps[place].argmax()), maps[place].shape)
    top, left, bottom, right = stage.receptive_field.box(int(y), int(x))
    patch = crops[place][max(top, 0) : min(bottom, size), max(left, 0) : min(right, size)]
    found = StrongestEntry(epoch, layer, unit, f"picture {place}", (int(y), int(x)), float(maps[place].max()))
    writer.strongest(found, patch)
