"""Opening files that others made: what is wrong with one is told in a sentence that names it."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from zfdesk.sources.frame import SourceError


def file_name(path: str | os.PathLike[str]) -> str:
    """The last part of a path, fit to be shown: what cannot be printed becomes "�"."""
    name = Path(path).name or str(path) or "A file without a name"
    return "".join(letter if letter.isprintable() else "�" for letter in name)


def regular_file(path: str | os.PathLike[str]) -> Path:
    """The path, once it is known to be an ordinary file with something in it.

    Only asks the file system, so that a named pipe or a device is refused rather than waited for.
    Raises SourceError.
    """
    name = file_name(path)
    mode, size = _look_at(path)
    if stat.S_ISDIR(mode):
        raise SourceError(f"{name} is a folder, not a file.")
    if not stat.S_ISREG(mode):
        raise SourceError(f"{name} is not an ordinary file, so it is not opened.")
    if size == 0:
        raise SourceError(f"{name} is empty.")
    return Path(path)


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether the path is a folder. Raises SourceError where nothing is there or it may not be looked at."""
    return stat.S_ISDIR(_look_at(path)[0])


def open_file(path: str | os.PathLike[str]) -> BinaryIO:
    """Open an ordinary, non-empty file for reading bytes. Raises SourceError."""
    regular_file(path)
    try:
        return open(path, "rb")
    except OSError as error:
        raise source_error(error, path) from error


def source_error(error: OSError, path: str | os.PathLike[str]) -> SourceError:
    """An operating system's error about a file, in a sentence."""
    name = file_name(path)
    if isinstance(error, FileNotFoundError):
        if os.path.islink(path):
            return SourceError(f"{name} is a link to a file that does not exist.")
        return SourceError(f"{name} does not exist.")
    if isinstance(error, PermissionError):
        return SourceError(f"There is no permission to read {name}.")
    if isinstance(error, NotADirectoryError):
        if os.path.exists(path):
            return SourceError(f"{name} is not a folder.")
        return SourceError(f"{name} does not exist: a part of its path is a file, not a folder.")
    return SourceError(f"{name} cannot be read: {(error.strerror or 'the disk reports an error').lower()}.")


def _look_at(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Mode and size in bytes of what a path leads to."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise source_error(error, path) from error
    except ValueError as error:  # a null character in the path
        raise SourceError(f"{file_name(path)} is not a file name.") from error
    return status.st_mode, status.st_size
