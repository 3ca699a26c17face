"""``strongest.jsonl``, for Fig. 4: at each snapshot, the strongest answer of a unit over the training pictures.

A line: {"snapshot": "epoch-0001", "layer", "unit", "picture": a path or a shard's key, "position": [y, x] on the
unit's map, "activation", "crop": "strongest/epoch-0001-conv5-12.png"}. The crop is what the unit's receptive field
sees of the network's input, cut at its border, in the input's own pixels: pasted back into its place on any ground
it gives the same activation and the same reconstruction, as nothing else of the picture reaches the unit.
"""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from zfdesk.runs.entries import RunError, file_errors
from zfdesk.runs.names import CROPS, STRONGEST, epoch_of, snapshot_name

MOST_SIDE = 4096
_CROP = re.compile(rf"{CROPS}/[A-Za-z0-9_-]+\.png")  # a file beside the run's others, on any system


@dataclass(frozen=True)
class StrongestEntry:
    """The strongest answer of a unit after ``epoch`` epochs. crop: the picture's place inside the run folder."""

    epoch: int
    layer: str
    unit: int
    picture: str
    position: tuple[int, int]
    activation: float
    crop: str = ""

    def to_line(self) -> bytes:
        """The line of the file, with its newline."""
        data = {
            "snapshot": snapshot_name(self.epoch), "layer": self.layer, "unit": self.unit, "picture": self.picture,
            "position": list(self.position), "activation": self.activation, "crop": self.crop,
        }  # fmt: skip
        return json.dumps(data, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def crop_name(epoch: int, layer: str, unit: int) -> str:
    """``strongest/epoch-0001-conv5-12.png``, inside the run folder."""
    return f"{CROPS}/{snapshot_name(epoch)}-{layer}-{unit}.png"


def read_strongest(folder: Path | str) -> tuple[StrongestEntry, ...]:
    """All lines that are whole; a later line for the same snapshot and unit counts. () where there is no such file."""
    place = Path(folder) / STRONGEST
    with file_errors(place, "read"):
        data = place.read_bytes() if place.exists() else b""
    found: dict[tuple[int, str, int], StrongestEntry] = {}
    for line in data.splitlines():
        try:
            one = _from_line(line)
        except (ValueError, TypeError, KeyError, RecursionError):
            continue  # torn
        found[one.epoch, one.layer, one.unit] = one
    return tuple(found.values())


def read_crop(folder: Path | str, strongest: StrongestEntry) -> np.ndarray:
    """uint8 (height, width, 3) RGB. RunError where it is missing, damaged, or leads out of the run's folder."""
    if not _CROP.fullmatch(strongest.crop):
        raise RunError(
            f"{Path(folder) / STRONGEST} names a picture that is none of the run's, {strongest.crop[:60]!r}."
        )
    return read_picture(Path(folder) / strongest.crop)


def read_picture(place: Path) -> np.ndarray:
    """A PNG of the run: uint8 (height, width, 3) RGB. RunError where it is missing or damaged."""
    try:
        with Image.open(io.BytesIO(place.read_bytes()), formats=("PNG",)) as image:
            if max(image.size) > MOST_SIDE:
                raise RunError(f"{place} is larger than {MOST_SIDE} pixels.")
            return np.array(image.convert("RGB"))
    except FileNotFoundError:
        raise RunError(f"{place} is missing.") from None
    except RunError:
        raise
    except Exception:  # damaged pictures make Pillow raise nearly anything
        raise RunError(f"{place} is no picture that can be read.") from None


def encode_picture(pixels: np.ndarray) -> bytes:
    """uint8 (height, width, 3) RGB as PNG, without loss."""
    memory = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(memory, "PNG")
    return memory.getvalue()


def _from_line(line: bytes) -> StrongestEntry:
    data = json.loads(line)
    y, x = data["position"]
    unit, activation = data["unit"], float(data["activation"])
    texts = (data["layer"], data["picture"], data["crop"])
    if not all(type(value) is int and value >= 0 for value in (unit, y, x)) or not all(
        isinstance(text, str) for text in texts
    ):
        raise ValueError("odd")
    return StrongestEntry(epoch_of(data["snapshot"]), texts[0], unit, texts[1], (y, x), activation, texts[2])
