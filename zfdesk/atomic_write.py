"""User files are written whole or not at all. Belongs to no room and knows none."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path


def write_whole(path: Path, parts: Iterable[bytes | bytearray | memoryview]) -> None:
    """Write a file beside its place, flush it to the disk and rename it: whole or not at all. OSError if it fails.

    A link stays one: the file it leads to is written. So does a pipe or device: renaming a file over /dev/null would
    replace that for everyone.
    """
    path = path.resolve()
    if path.exists() and not (path.is_file() or path.is_dir()):
        with path.open("wb") as stream:
            stream.writelines(parts)
        return
    beside = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
