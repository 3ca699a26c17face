"""The user's weights: a folder of checkpoints, and which of them is in use.

The folder is ``weights`` in the user's data folder, or in ``ZFDESK_HOME`` where that is set (tests, portable use). What
is in use is remembered beside it in ``weights.json``. The embedded network is always there, under its own name.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from zfdesk.atomic_write import write_whole
from zfdesk.engine.model import Model
from zfdesk.error_reason import error_reason
from zfdesk.weights.checkpoint import describe, embedded, load, save
from zfdesk.weights.safetensors_file import CheckpointError, opened_file, parsed_json

SUFFIX = ".safetensors"
_NAME = re.compile(r"[^\W_][\w.+-]{0,63}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # Windows' device names


@dataclass(frozen=True)
class StoredWeights:
    """One entry of the list. ``error``: why the file cannot be used, then the fields after it are empty."""

    name: str
    path: Path
    bytes: int
    in_use: bool
    embedded: bool
    error: str = ""
    architecture: str = ""
    classes: int = 0
    parameters: int = 0
    trained: bool = True
    provenance: str = ""
    licence: str = ""
    source: str = ""

    @property
    def sha256(self) -> str:
        """Of the file, hexadecimal; "" when it cannot be read. Read once (66 MB: 0.1 s) as long as it is unchanged."""
        try:
            stat = self.path.stat()
            return _hash(self.path, stat.st_size, stat.st_mtime_ns)
        except (OSError, CheckpointError):
            return ""


@lru_cache(maxsize=256)
def _hash(path: Path, size: int, changed: int) -> str:
    with opened_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def home() -> Path:
    """The folder of all that the program keeps for this user: ``ZFDESK_HOME`` or the system's place for such data."""
    if chosen := os.environ.get("ZFDESK_HOME"):
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("zfdesk", appauthor=False))


def folder() -> Path:
    """The user's weights folder; it need not exist."""
    return home() / "weights"


def list_weights() -> list[StoredWeights]:
    """The embedded network, then the stored ones by name; damaged files are listed with their trouble."""
    chosen = current()
    entries = [_entry(embedded(), chosen is None, True)]
    try:
        paths = sorted(path for path in folder().iterdir() if path.suffix == SUFFIX and not path.name.startswith("."))
    except OSError:
        paths = []
    return entries + [_entry(path, path == chosen, False) for path in paths]


def _entry(path: Path, in_use: bool, is_embedded: bool) -> StoredWeights:
    try:
        size = path.stat().st_size
        found = describe(path)
    except (OSError, CheckpointError) as error:
        return StoredWeights(path.stem, path, 0, in_use, is_embedded, error=str(error))
    provenance = (found.provenance.splitlines() or [""])[0]
    return StoredWeights(
        path.stem, path, size, in_use, is_embedded, "", found.architecture.name, len(found.classes),
        found.architecture.parameters, found.trained, provenance, found.licence, found.source,
    )  # fmt: skip


def find_weights(name: str | None = None) -> Path:
    """The file of the weights called ``name``, by default those in use. Raises CheckpointError when there is none."""
    if name is None:
        return current() or embedded()
    if name == embedded().stem:
        return embedded()
    path = folder() / f"{_checked(name)}{SUFFIX}"
    if not path.is_file():
        from zfdesk.weights.catalogue import to_get

        known = ", ".join(entry.name for entry in list_weights())
        raise CheckpointError(to_get(name) or f"There are no weights called {name!r}; there are {known}.")
    return path


def use(name: str, loaded: bool = False) -> None:
    """Remember which weights to use from now on. They are loaded once to see that they are good, unless ``loaded``: the
    caller has just done so, or written them.

    Raises CheckpointError, and what was in use stays, when there are none of that name or they are damaged.
    """
    path = find_weights(name)
    if not loaded:
        load(path)
    text = json.dumps({"use": name}, ensure_ascii=False).encode()
    try:
        home().mkdir(parents=True, exist_ok=True)
        write_whole(_memory(), [text])
    except OSError as error:
        raise CheckpointError(f"The choice cannot be remembered in {_memory()}: {error_reason(error)}.") from None


def current() -> Path | None:
    """The file of the weights in use; None for the embedded network, also when the chosen file has vanished."""
    name = _remembered()
    if name is None or name == embedded().stem or not _NAME.fullmatch(name):
        return None
    path = folder() / f"{name}{SUFFIX}"
    return path if path.is_file() else None


def load_current() -> tuple[Model, str]:
    """The network in use and a sentence, "" when all is well.

    When the chosen weights have vanished or are damaged it is the embedded network and the sentence says so.
    """
    path, name = current(), _remembered()
    if path is None:
        if name is None or name == embedded().stem:
            return load(), ""
        return load(), f"The chosen weights {name[:64]!r} are no longer there: the embedded network is in use."
    try:
        return load(path), ""
    except CheckpointError as error:
        return load(), f"{error} The embedded network is in use."


def add(model: Model, name: str) -> Path:
    """Keep a network under ``name`` in the user's folder; returns its file. It is not yet in use.

    Of two programs that keep a network under one name at the same time one succeeds, and the other is told.
    Raises CheckpointError when the name is taken or is none for a file, or the disk refuses.
    """
    path = folder() / f"{_checked(name)}{SUFFIX}"
    taken = CheckpointError(f"There are already weights called {name!r}; choose another name.")
    if path.exists() or name.casefold() == embedded().stem.casefold():
        raise taken
    try:
        folder().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"The folder {folder()} cannot be made: {error_reason(error)}.") from None
    beside = path.with_name(f".{secrets.token_hex(8)}{SUFFIX}")
    save(model, beside)
    try:
        os.link(beside, path)  # fails where another was faster, as a renaming would not
    except FileExistsError:
        raise taken from None
    except OSError:  # a file system without links
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def remove_weights(name: str) -> None:
    """Delete weights that were kept.

    Raises CheckpointError for the embedded ones, those in use, a name that there is not, or where the disk refuses.
    """
    path = find_weights(name)
    if path == embedded():
        raise CheckpointError(f"{name} ships with the program and cannot be deleted.")
    if path == current():
        raise CheckpointError(f"{name} is in use: switch to another network first.")
    try:
        path.unlink()
    except OSError as error:
        raise CheckpointError(f"{name} was not deleted: {error_reason(error)}.") from None


def name_for(path: Path) -> str:
    """A free name for weights imported from a file called ``path``."""
    stem = re.sub(r"[^\w.+-]+", "-", path.stem).strip("-._+")[:60]
    stem = stem if _NAME.fullmatch(stem) and not _RESERVED.fullmatch(stem) else "weights"
    taken = {entry.name.casefold() for entry in list_weights()}
    names = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name.casefold() not in taken)


def _memory() -> Path:
    return home() / "weights.json"


def _remembered() -> str | None:
    """The chosen name; None when nothing was chosen or the note cannot be read."""
    try:
        with opened_file(_memory()) as file:
            name = parsed_json(file.read(1 << 16), _memory(), "note").get("use")
    except CheckpointError:
        return None
    return name if isinstance(name, str) else None


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name) or name.endswith("."):
        raise CheckpointError(
            f"{name[:80]!r} is not a name for weights: it takes up to 64 letters, digits and . + - _, a letter first."
        )
    return name
