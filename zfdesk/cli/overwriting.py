"""No verb writes over what it reads: one look at every command's arguments before it runs. Imports nothing heavy."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zfdesk.cli.output import CommandError

OUTPUTS = ("output", "npz", "npy", "caption_file", "screenshot")
"""What the arguments are called that name a file or folder to write, in every verb."""

_NEVER_READ = (".pdf", ".svg")
"""Files that no verb reads, so that a figure in a folder of pictures can be made anew."""


def refuse_overwriting(arguments: argparse.Namespace) -> None:
    """CommandError where something to be written has no name, or is one of the files that the command reads.

    Every other argument that names something on the disk is taken for an input, and so are the files in a folder.
    Files are compared by device and number, so that another spelling, a link or a mounted path makes no difference.
    """
    given = vars(arguments)
    if any(given.get(name) == "" for name in OUTPUTS):
        raise CommandError("The file to write has an empty name.")
    written = [os.fspath(given[name]) for name in OUTPUTS if given.get(name)]
    if len({os.path.realpath(path) for path in written}) < len(written):
        raise CommandError(f"{' and '.join(written)} are the same file: give each output its own.")
    beside = [also for path in written for also in given.get("written_beside", _nothing)(path)]
    for path in (*written, *beside):
        try:
            there = os.stat(path)
        except (OSError, ValueError):  # nothing there that could be lost
            continue
        for source in _inputs(given):
            if _is_among(there, path, source):
                what = f"{source} itself" if not os.path.isdir(source) or os.path.isdir(path) else f"a file in {source}"
                raise CommandError(f"{path} would be written over: it is {what}, which is read. Name another one.")


def _nothing(path: str) -> tuple[str, ...]:
    return ()


def _inputs(given: dict[str, Any]) -> Iterator[str]:
    """Whatever among the arguments lies on the disk. What names stored weights stands for their file."""
    for name, value in given.items():
        if name in OUTPUTS:
            continue
        for each in value if isinstance(value, list | tuple) else (value,):
            if not isinstance(each, str | Path):
                continue
            text = os.fspath(each)
            for path in (text, *(text.split(",") if "," in text else ())):
                if _exists(path):
                    yield path
                elif name in ("weights", "name", "start") and path:
                    yield from filter(_exists, [_stored(path)])


def _exists(path: str) -> bool:
    try:
        return bool(path) and os.path.exists(path)
    except ValueError:
        return False


def _stored(name: str) -> str:
    from zfdesk.weights.store import SUFFIX, folder

    return str(folder() / f"{name}{SUFFIX}")


def _is_among(there: os.stat_result, path: str, source: str) -> bool:
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
