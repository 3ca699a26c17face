"""A step of training measured, in a process of its own.

``python -m zfdesk.training.benchmark [--give-back]`` prints one JSON object; `zfdesk bench` runs it with and without.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch

from zfdesk.engine import ARCHITECTURES
from zfdesk.training.learner import Learner
from zfdesk.training.loader import Batch
from zfdesk.training.memory import freed_memory_kept
from zfdesk.training.process_group import ProcessGroup
from zfdesk.training.recipe import RECIPES

SIDE, BATCH, CLASSES, EMBEDDING, STEPS = 128, 128, 1000, 1280, 4


def measure() -> dict[str, float]:
    """Pictures a second of the recipe modern with a teacher's stored answers, decoding aside: ZFNet, 128 px."""
    recipe, group = RECIPES["modern"], ProcessGroup(0, 1, torch.device("cpu"))
    learner = Learner(ARCHITECTURES["zfnet"](CLASSES), recipe, EMBEDDING, 0, group, Path())
    rng = np.random.default_rng(0)
    batch = Batch(
        rng.integers(0, 256, (BATCH, SIDE, SIDE, 3), np.uint8), np.full(BATCH, -1), None,
        rng.normal(0, 3, (BATCH, CLASSES)).astype(np.float32),
        rng.normal(0, 1, (BATCH, EMBEDDING)).astype(np.float32), np.ones(BATCH, bool),
        rng.uniform(-1, 1, (BATCH, 3)).astype(np.float32), np.arange(BATCH), 0,
    )  # fmt: skip
    begun = time.perf_counter()
    for step in range(STEPS + 1):
        if step == 1:  # the first makes what stays
            begun = time.perf_counter()
        learner.step(batch, recipe.learning_rate, step, BATCH)
    return {"pictures_per_second": STEPS * BATCH / (time.perf_counter() - begun)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="a step of training, measured")
    parser.add_argument("--give-back", action="store_true", help="freed memory goes back to the system, as by default")
    with nullcontext() if parser.parse_args().give_back else freed_memory_kept():
        figures = measure()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
