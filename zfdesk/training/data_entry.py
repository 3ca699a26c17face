"""One picture of a data set as it is stored, and the JSON that lies beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zfdesk.error_reason import error_reason
from zfdesk.training.errors import TrainingError


@dataclass(frozen=True, eq=False)
class Answers:
    """What a teacher answered to exactly this view: ``logits`` float16 (classes,), ``embedding`` float16 (E,)."""

    logits: np.ndarray
    embedding: np.ndarray | None


@dataclass(frozen=True, eq=False)
class StoredPicture:
    """One picture as it is stored: the bytes of its file, and what is known of it.

    ``label``: index of its class, -1 for none. ``soft``: float32 (classes,) probabilities from a manifest.
    """

    data: bytes
    label: int = -1
    soft: np.ndarray | None = None
    answers: Answers | None = None

    @property
    def most_probable(self) -> int:
        """Index of the class that an answer has to be, -1 for none: its own, or of soft labels the most probable."""
        return self.label if self.soft is None else int(self.soft.argmax())


def read_json(path: Path) -> dict[str, object]:
    """A JSON object in a file. Raises TrainingError."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error_reason(error)}.") from None
    except (ValueError, RecursionError):
        raise TrainingError(f"{path} is damaged: it is not JSON.") from None
    if not isinstance(data, dict):
        raise TrainingError(f"{path} is damaged: it is not a JSON object.")
    return data
