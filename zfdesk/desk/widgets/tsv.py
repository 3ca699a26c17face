"""Numbers as tab-separated text, as spreadsheets and `numpy.loadtxt` read it. Nothing is rounded."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import numpy as np


def table_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with a line of names."""
    lines = [head, *rows]
    return "".join("\t".join(map(_cell, line)) + "\n" for line in lines)


def array_text(comment: str, array: np.ndarray) -> str:
    """A float32 array (height, width), a line a row, below a comment on what it is."""
    memory = io.StringIO()
    np.savetxt(memory, array, fmt="%.9g", delimiter="\t", header=" ".join(comment.split()), comments="# ")
    return memory.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, float | np.floating):
        return format(float(value), ".9g")  # gives every float32 back
    return " ".join(str(value).split())
