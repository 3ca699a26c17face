"""What the command line says, and the files it writes."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zfdesk.error_reason import error_reason
from zfdesk.progress import ProgressLine


class CommandError(Exception):
    """Something that cannot be done; ``str()`` is one sentence for people, told on stderr with exit status 1."""


def prepare_streams(json: bool = False) -> None:
    """Make sure that whatever is printed can be: what the terminal's encoding lacks is written as an escape.

    JSON is UTF-8 everywhere. A file name that is not Unicode becomes a ``\\udc..`` escape, from which ``os.fsencode``
    gets it back.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = "utf-8" if json and stream is sys.stdout else None
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def print_json(value: Any) -> None:
    """Print a value as JSON; ValueError where it holds NaN or infinity."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def print_message(sentence: str) -> None:
    """Print a sentence as one line on stderr."""
    text = "".join(letter if letter.isprintable() else "�" for letter in " ".join(sentence.split()))
    print(f"zfdesk: {text}", file=sys.stderr)


def message_printer(progress: ProgressLine) -> Callable[[str], None]:
    """`print_message` for sentences that come while a line of progress stands."""

    def show(sentence: str) -> None:
        progress.end()
        print_message(sentence)

    return show


def write_output(path: str, data: bytes) -> None:
    """Write a user's file whole or not at all, see `write_whole`.

    Raises CommandError with a sentence that names the file.
    """
    from zfdesk.atomic_write import write_whole

    check_output(path)
    place = Path(os.path.realpath(path))
    try:
        write_whole(place, [data])
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be written: {error_reason(error)}.") from error


def check_output(path: str) -> None:
    """Before long work: CommandError where a file could not be written, as far as a look can tell."""
    place = Path(os.path.realpath(path))
    if place.is_dir():
        raise CommandError(f"{path} cannot be written: it is a folder.")
    if not place.parent.is_dir():
        raise CommandError(f"{path} cannot be written: the folder {place.parent} does not exist.")
    if not os.access(place.parent, os.W_OK):
        raise CommandError(f"{path} cannot be written: permission denied.")
