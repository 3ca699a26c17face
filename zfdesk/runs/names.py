"""What the files of a run are called."""

from __future__ import annotations

import re
from pathlib import Path

FORMAT = "zfdesk-run-1"
ABOUT = "run.json"
LOG = "log.jsonl"
STATISTICS = "statistics"
SNAPSHOTS = "snapshots"
PROBE = "probe.png"
STRONGEST = "strongest.jsonl"
CROPS = "strongest"
STATE = "state"
NETWORK = "network.safetensors"

SNAPSHOT_EPOCHS = (1, 2, 5, 10, 20, 30, 40, 64)
"""The epochs of the paper's Fig. 4."""

_EPOCH = re.compile(r"epoch-(\d{4,9})")


def snapshot_epochs(epochs: int) -> tuple[int, ...]:
    """The epochs after which a run of ``epochs`` keeps a snapshot: the start, the paper's, and the last."""
    return tuple(sorted({0, *(epoch for epoch in SNAPSHOT_EPOCHS if epoch <= epochs), epochs}))


def snapshot_name(epoch: int) -> str:
    """``epoch-0003``."""
    return f"epoch-{epoch:04d}"


def epoch_of(name: str) -> int:
    """The epoch in ``epoch-0003`` or ``epoch-0003.safetensors``. ValueError for another name."""
    found = _EPOCH.fullmatch(name.partition(".")[0])
    if found is None:
        raise ValueError(f"{name[:40]!r} is not the name of a snapshot, such as epoch-0003.")
    return int(found[1])


def snapshot_file(folder: Path, epoch: int) -> Path:
    """Where the network after ``epoch`` epochs lies."""
    return folder / SNAPSHOTS / f"{snapshot_name(epoch)}.safetensors"


def statistics_file(folder: Path, epoch: int) -> Path:
    """Where the histograms after ``epoch`` epochs lie."""
    return folder / STATISTICS / f"{snapshot_name(epoch)}.npz"


def is_run(path: Path | str) -> bool:
    """Whether a folder says that it is a run; it may still be damaged."""
    try:
        return (Path(path) / ABOUT).is_file() and ((Path(path) / LOG).exists() or (Path(path) / SNAPSHOTS).is_dir())
    except (OSError, ValueError):
        return False
