"""The scan's part of ``zfdesk bench``: pictures a second over what the network alone does with decoded ones."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

SIDES = (500, 375)
"""Of the pictures that are written for it: what most of ImageNet's are."""


def scan_figures(short: bool) -> dict[str, float]:
    """Scans of a folder of JPEGs, each into an empty store, and forward passes of the same pictures as normalised
    tensors in batches, in turns; the ratio of their rates. ``scan_cpu_ratio``: of the processor time they take, which
    tells more where other programs run."""
    import numpy as np
    import torch

    from zfdesk.engine import centre_crop
    from zfdesk.library import Library, scan
    from zfdesk.sources import read_picture
    from zfdesk.weights import load

    model, count, batch = load(), 64 if short else 256, 32
    scans: list[float] = []
    passes: list[float] = []
    cpu: dict[str, float] = {"scan": 0.0, "forward": 0.0}
    with tempfile.TemporaryDirectory(prefix="zfdesk-bench-") as place:
        folder = Path(place) / "pictures"
        write_pictures(folder, count)
        crops = np.stack([centre_crop(read_picture(path)) for path in sorted(folder.iterdir())])
        tensors = model.input.to_tensor(crops).split(batch)
        for turn in range(2 if short else 4):
            begun, before = time.perf_counter(), time.process_time()
            with torch.inference_mode():
                for tensor in tensors:
                    model.forward(tensor)
            forward, forward_cpu = time.perf_counter() - begun, time.process_time() - before
            with Library(model, root=Path(place) / f"store{turn}") as library:
                before = time.process_time()
                *_, last = scan(library, [folder])
                scan_cpu = time.process_time() - before
            if turn:  # the first packs weights and opens caches
                scans.append(last.rate)
                passes.append(count / forward)
                cpu["scan"] += scan_cpu
                cpu["forward"] += forward_cpu
    rate, alone = statistics.median(scans), statistics.median(passes)
    return {
        "scan_pictures_per_second": rate, "scan_forward_pictures_per_second": alone, "scan_ratio": rate / alone,
        "scan_cpu_ratio": cpu["forward"] / cpu["scan"],
    }  # fmt: skip


def write_pictures(folder: Path, count: int) -> None:
    """JPEGs cut out of the demo's photographs, each another."""
    import numpy as np
    from PIL import Image

    from zfdesk.resources import resource

    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    photographs = [Image.open(path).convert("RGB") for path in sorted(resource("demo").glob("*.jpg"))]
    for number in range(count):
        whole = photographs[number % len(photographs)]
        side = rng.uniform(0.5, 0.95)
        width, height = (round(side * edge) for edge in whole.size)
        left, top = (
            int(rng.integers(0, edge - part + 1)) for edge, part in zip(whole.size, (width, height), strict=True)
        )
        part = whole.crop((left, top, left + width, top + height)).resize(SIDES, Image.Resampling.BICUBIC)
        part.save(folder / f"{number:05d}.jpg", quality=90)


__all__ = ["scan_figures", "write_pictures"]
