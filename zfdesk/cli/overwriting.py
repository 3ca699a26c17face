"""No verb writes over what it reads: one look at every command's arguments before it runs. Imports nothing heavy."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zfdesk.cli.output import CommandError
from zfdesk.overwriting import exists, overwriting_text

OUTPUTS = ("output", "npz", "npy", "caption_file", "screenshot")
"""What the arguments are called that name a file or folder to write, in every verb."""


def refuse_overwriting(arguments: argparse.Namespace) -> None:
    """CommandError where something to be written has no name, or is one of the files that the command reads.

    Every other argument that names something on the disk is taken for an input, and so are the files in a folder.
    """
    given = vars(arguments)
    if any(given.get(name) == "" for name in OUTPUTS):
        raise CommandError("The file to write has an empty name.")
    written = [os.fspath(given[name]) for name in OUTPUTS if given.get(name)]
    if len({os.path.realpath(path) for path in written}) < len(written):
        raise CommandError(f"{' and '.join(written)} are the same file: give each output its own.")
    beside = [also for path in written for also in given.get("written_beside", _nothing)(path)]
    for path in (*written, *beside):
        if sentence := overwriting_text(path, _inputs(given)):
            raise CommandError(sentence)


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
                if exists(path):
                    yield path
                elif name in ("weights", "name", "start") and path:
                    yield from filter(exists, [_stored(path)])


def _stored(name: str) -> str:
    from zfdesk.weights.store import SUFFIX, folder

    return str(folder() / f"{name}{SUFFIX}")
