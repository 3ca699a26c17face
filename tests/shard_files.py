"""A small folder of shards, as ``zfdesk shards --teacher`` writes them."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def write_shards(
    folder: Path, pictures: Sequence[np.ndarray], logits: np.ndarray | None, classes: Sequence[str]
) -> None:
    """One shard. pictures: uint8 (height, width, 3); logits: (pictures, classes) of the teacher's, or None."""
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / "views-00000.tar", "w") as tar:
        for number, picture in enumerate(pictures):
            stored = io.BytesIO()
            Image.fromarray(picture).save(stored, "JPEG", quality=95)
            _add(tar, f"{number:08}.jpg", stored.getvalue())
            if logits is not None:
                arrays = io.BytesIO()
                np.savez(arrays, logits=logits[number].astype(np.float16))
                _add(tar, f"{number:08}.npz", arrays.getvalue())
    about = {"format": "zfdesk-shards-1", "classes": list(classes), "shards": [{"file": "views-00000.tar"}]}
    (folder / "shards.json").write_text(json.dumps(about))


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
