"""Whether a file that is to be written is one of those that are read. Belongs to no room and knows none."""

from __future__ import annotations

import os
from collections.abc import Iterable

_NEVER_READ = (".pdf", ".svg")
"""Files that nobody here reads, so that a figure in a folder of pictures can be made anew."""


def overwriting_text(path: str, inputs: Iterable[str]) -> str:
    """A sentence where a file to be written is one of the inputs, or lies in a folder among them; else "".

    Files are compared by device and number, so that another spelling, a link or a mounted path makes no difference.
    """
    try:
        there = os.stat(path)
    except (OSError, ValueError):  # nothing there that could be lost
        return ""
    for source in inputs:
        if _is_among(there, path, source):
            what = f"{source} itself" if not os.path.isdir(source) or os.path.isdir(path) else f"a file in {source}"
            return f"{path} would be written over: it is {what}, which is read. Name another one."
    return ""


def exists(path: str) -> bool:
    """Whether something lies there; False also for what is no path."""
    try:
        return bool(path) and os.path.exists(path)
    except ValueError:
        return False


def _is_among(there: os.stat_result, path: str, source: str) -> bool:
    if not exists(source):
        return False
    if os.path.samestat(there, os.stat(source)):
        return True
    if not os.path.isdir(source) or os.path.isdir(path) or path.lower().endswith(_NEVER_READ):
        return False
    for folder, _, names in os.walk(source):
        for name in names:
            try:
                if os.path.samestat(there, os.stat(os.path.join(folder, name))):
                    return True
            except OSError:  # a link to nothing
                continue
    return False
