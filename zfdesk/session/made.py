"""Made pictures as a session keeps them: every pixel, and all that is said of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zfdesk.npz import ArchiveError
from zfdesk.session import archive
from zfdesk.synthesis.orders import Made, State

MADE = "made.npz"
MOST_BYTES = 48 << 20
"""Of the pixels: a sheet of 256 units of 139 pixels has 15 MB."""


@dataclass(frozen=True)
class MadeHead:
    """A `Made` without its pixels and values. ``arrays``: the part that holds these."""

    method: str
    title: str
    words: str
    names: tuple[str, ...]
    step: int
    steps: int
    arrays: str
    state: State = State.DONE
    notes: tuple[str, ...] = ()
    columns: int = 0
    network: str = ""
    targets: tuple[tuple[str, int], ...] = ()
    before: int = -1
    after: int = 0


def kept_made(made: Made | None) -> tuple[Made | None, str]:
    """What a session keeps of made pictures: None where there are none, and, with a sentence, of too many."""
    if made is None or made.pictures.nbytes <= MOST_BYTES:
        return made, ""
    size = f"{made.pictures.nbytes / 1e6:.0f} MB"
    return None, f"The made pictures ({size}) are too many for a session: save them as a PNG."


def packed_made(made: Made) -> tuple[MadeHead, bytes]:
    """Made pictures as the part of a session's JSON and the part of its file."""
    arrays = {"pictures": made.pictures, "values": np.nan_to_num(np.array(made.values, np.float32), posinf=0, neginf=0)}
    arrays["known"] = np.isfinite(made.values).astype(np.uint8)
    head = MadeHead(
        made.method, made.title, made.text, made.names, made.step, made.steps, MADE, made.state, made.notes,
        made.columns, made.network, made.targets, made.before, made.after,
    )  # fmt: skip
    return head, archive.pack_arrays(arrays)


def unpacked_made(head: MadeHead, data: bytes) -> Made:
    """The pictures again. Raises ArchiveError where the parts do not fit together."""
    arrays, wrong = archive.unpack_arrays(data), ArchiveError("its made pictures do not fit together")
    if set(arrays) != {"pictures", "values", "known"}:
        raise wrong
    pictures, values, known = arrays["pictures"], arrays["values"], arrays["known"]
    count = len(head.names)
    if pictures.ndim != 4 or pictures.dtype != np.uint8 or pictures.shape[3] != 3 or len(pictures) != count:
        raise wrong
    fits = values.shape == known.shape == (count,) and values.dtype == np.float32 and known.dtype == np.uint8
    if not (fits and count and 0 <= head.after < count and -1 <= head.before < count and pictures.size):
        raise wrong
    if head.targets and len(head.targets) != count:
        raise wrong
    numbers = tuple(float(v) if k else float("nan") for v, k in zip(values, known, strict=True))
    return Made(
        head.method, head.title, head.words, pictures, head.names, numbers, head.step, head.steps, head.state,
        head.notes, head.columns, head.network, head.targets, head.before, head.after,
    )  # fmt: skip


__all__ = ["MADE", "MadeHead", "kept_made", "packed_made", "unpacked_made"]
