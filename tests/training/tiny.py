"""Networks and pictures small enough to be trained within seconds, and ``zfdesk`` with those networks declared.

As a program, ``python tests/training/tiny.py train …`` is ``zfdesk train …`` that knows ``tiny`` and ``tiny-plain``.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from zfdesk.cli import main
from zfdesk.engine import ARCHITECTURES, LRN, Architecture, Conv, Linear, MaxPool, ReLU, Softmax

SMALL = ["--architecture", "tiny", "--batch", "8", "--sides", "24,32", "--log-every", "1", "--threads", "1"]
"""Options of a training of seconds."""


def tiny(classes: int = 3) -> Architecture:
    """All kinds of layers in the order of Fig. 3, for 32 pixels."""
    layers = (
        Conv("conv1", 6, 5, 2, 1), ReLU("relu1"), MaxPool("pool1", 3, 2, 1), LRN("norm1"),
        Conv("conv2", 8, 3, 1, 1), ReLU("relu2"), MaxPool("pool5", 3, 2),
        Linear("fc6", 16), ReLU("relu6"), Linear("fc7", 12), ReLU("relu7"), Linear("fc8", classes), Softmax("prob"),
    )  # fmt: skip
    return Architecture("tiny", "Tiny", layers, 32)


def plain(classes: int = 3) -> Architecture:
    """Without normalisation or hidden layers."""
    layers = (Conv("conv1", 4, 5, 4), ReLU("relu1"), Linear("fc8", classes), Softmax("prob"))
    return Architecture("tiny-plain", "Tiny, plain", layers, 32)


def declare() -> None:
    """Make both known by name."""
    ARCHITECTURES["tiny"], ARCHITECTURES["tiny-plain"] = tiny, plain


def picture(label: int, seed: int, side: int = 40) -> np.ndarray:
    """A picture whose colour and stripes tell its class, uint8 (side, side + 8, 3)."""
    generator = np.random.default_rng([label, seed])
    rows, columns = np.mgrid[:side, : side + 8]
    stripes = ((rows if label % 2 else columns) // 4 % 2)[..., None] * 80
    ground = np.array([[200, 60, 60], [60, 200, 60], [60, 60, 200]])[label % 3]
    noise = generator.integers(-30, 30, (side, side + 8, 3))
    return np.clip(ground + stripes + noise, 0, 255).astype(np.uint8)


def folder(place: Path, each: int = 8, classes: int = 3) -> Path:
    """Pictures by class: PLACE/a, b, c."""
    for label in range(classes):
        kind = place / "abcdefgh"[label]
        kind.mkdir(parents=True)
        for number in range(each):
            suffix = "jpg" if number % 2 else "png"
            Image.fromarray(picture(label, number)).save(kind / f"{number:03d}.{suffix}")
    return place


def shards(place: Path, count: int = 24, classes: int = 3, embedding: int = 5, each: int = 10) -> Path:
    """Tar shards with stored answers, square views of 40 pixels."""
    place.mkdir(parents=True)
    listed = []
    for first in range(0, count, each):
        name = f"views-{first // each:05d}.tar"
        with tarfile.open(place / name, "w") as tar:
            for number in range(first, min(count, first + each)):
                label = number % classes
                view, answers = io.BytesIO(), io.BytesIO()
                Image.fromarray(picture(label, number)[:, :40]).save(view, "JPEG", quality=95)
                generator = np.random.default_rng(number)
                logits = generator.normal(0, 1, classes).astype(np.float16)
                logits[label] += 9
                vector = np.eye(classes, embedding)[label] + generator.normal(0, 0.1, embedding)
                np.savez(answers, logits=logits, embedding=vector.astype(np.float16))
                for extension, data in (
                    ("jpg", view.getvalue()), ("cls", str(label).encode()), ("npz", answers.getvalue()),
                ):  # fmt: skip
                    member = tarfile.TarInfo(f"{number:08d}.{extension}")
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))
        listed.append({"file": name, "views": min(count, first + each) - first, "bytes": (place / name).stat().st_size})
    told = {
        "format": "zfdesk-shards-1", "classes": ["a", "b", "c", "d", "e"][:classes], "views": count, "side": 40,
        "shards": listed, "teacher": {"name": "made up"}, "source": "generated",
    }  # fmt: skip
    (place / "shards.json").write_text(json.dumps(told))
    return place


def train(*words: object) -> int:
    """``zfdesk train`` in this process, with as many threads afterwards as before."""
    threads = torch.get_num_threads()
    try:
        return main(["train", *map(str, words)])
    finally:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    declare()
    sys.exit(main())
