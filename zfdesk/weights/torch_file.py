"""State dicts out of PyTorch's files, without running what is in them.

A .pth file is a zip archive around a pickle (since torch 1.6) or a bare pickle, and unpickling runs whatever the
pickle names. ``torch.load(weights_only=True)`` unpickles tensors and plain containers alone; around it the sizes that
the file declares are checked first, since a few kilobytes can declare terabytes.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from zfdesk.engine.architectures import ARCHITECTURES
from zfdesk.weights.safetensors_file import CheckpointError, opened_file

MOST_ENTRIES = 10_000
LONGEST_PICKLE = 16 << 20  # bytes; the state dicts in question need under 10 thousand
MOST_PACKED = 50  # times; weights hardly shrink in a zip
_DEEPEST = 4  # mappings in mappings; Lightning's checkpoints take 2


def most_bytes() -> int:
    """The size of file that is still plausible: four times the largest network declared here, as float32.

    A training checkpoint holds the weights, momenta and sometimes a second average.
    """
    return 16 * max(make().parameters for make in ARCHITECTURES.values())


def read_state_dict(path: Path) -> dict[str, Any]:
    """The state dict in a .pth or .pt file (either format, or one such file inside a zip), unwrapped.

    The values are not checked yet. Raises CheckpointError with one sentence.
    """
    if not _is_zip(path):
        return unwrapped(_unpickled(path, path, mapped=False), path)
    with opened_file(path) as file, _archive(file, path) as archive:
        inner = _checked_members(archive, path.stat().st_size, path)
        if inner is None:
            return unwrapped(_unpickled(path, path, mapped=True), path)
        with tempfile.TemporaryDirectory(prefix="zfdesk-") as folder:
            place = Path(folder) / "inside.pth"
            try:
                with archive.open(inner) as source, place.open("wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
            except Exception as error:
                raise _not_unpacked(path, inner, error) from None
            return _from_inside(place, path)


def pth_digest(path: Path, algorithm: str) -> str:
    """The hash of a .pth file, or of the one that is packed in a zip: hexadecimal, ``algorithm`` as in hashlib.

    Raises CheckpointError for a damaged or dangerous zip.
    """
    with opened_file(path) as file:
        if not _is_zip(path):
            return hashlib.file_digest(file, algorithm).hexdigest()
        with _archive(file, path) as archive:
            inner = _checked_members(archive, path.stat().st_size, path)
            if inner is not None:
                running = hashlib.new(algorithm)
                try:
                    with archive.open(inner) as source:
                        while part := source.read(1 << 20):
                            running.update(part)
                except Exception as error:
                    raise _not_unpacked(path, inner, error) from None
                return running.hexdigest()
    with opened_file(path) as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _not_unpacked(path: Path, inner: zipfile.ZipInfo, error: Exception) -> CheckpointError:
    return CheckpointError(f"{path}: {inner.filename!r} in it cannot be unpacked ({_short(error)}).")


def _from_inside(place: Path, path: Path) -> dict[str, Any]:
    if _is_zip(place):
        with opened_file(place) as file, _archive(file, path) as archive:
            if _checked_members(archive, place.stat().st_size, path) is not None:
                raise CheckpointError(f"{path} is a zip in a zip; unpack it first.")
    # not mapped: the unpacked file vanishes, which Windows refuses while it is mapped
    return unwrapped(_unpickled(place, path, mapped=False), path)


def _is_zip(path: Path) -> bool:
    """As torch tells the two formats apart: by the first bytes."""
    with opened_file(path) as file:
        return file.read(4) == b"PK\x03\x04"


def _archive(file: Any, path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except Exception as error:  # a damaged directory ends in errors of many kinds
        raise CheckpointError(f"{path} is a damaged zip archive ({_short(error)}).") from None


def _checked_members(archive: zipfile.ZipFile, size: int, path: Path) -> zipfile.ZipInfo | None:
    """None for PyTorch's own archive, else the one .pth that is packed in it; sizes and check sums are checked.

    ``size``: of the archive, in bytes.
    """
    names = [info.filename for info in archive.infolist()]
    if "" in names or len(set(names)) < len(names):
        raise CheckpointError(f"{path} is a damaged zip archive (a part of it has no name, or another's).")
    members = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    declared = sum(info.file_size for info in members)
    if len(members) > MOST_ENTRIES or declared > most_bytes():
        raise CheckpointError(
            f"{path} is refused: its {len(members)} parts would take {declared:,} bytes, "
            "more than any network here needs."
        )
    names = [info.filename for info in members]
    pickles = [info for info in members if info.filename.rpartition("/")[2] == "data.pkl"]
    if pickles:
        if any(name.rpartition("/")[2] == "constants.pkl" for name in names):
            raise CheckpointError(f"{path} is a TorchScript program, not a state dict.")
        if any(info.compress_type != zipfile.ZIP_STORED for info in members) or pickles[0].file_size > LONGEST_PICKLE:
            raise CheckpointError(f"{path} is refused: it is packed as PyTorch never packs its files.")
        if declared > size:
            raise CheckpointError(f"{path} is refused: its parts are declared larger than the whole file.")
        _check_sums(archive, path)
        return None
    inside = [info for info in members if info.filename.lower().endswith((".pth", ".pt"))]
    if len(inside) != 1:
        found = f"{len(inside)} .pth files" if inside else ", ".join(name[:40] for name in names[:3]) or "nothing"
        raise CheckpointError(f"{path} is a zip archive with {found} in it; one .pth file is wanted.")
    if inside[0].file_size > MOST_PACKED * max(inside[0].compress_size, 1):
        raise CheckpointError(f"{path} is refused: what is packed in it would grow {MOST_PACKED}-fold and more.")
    return inside[0]


def _check_sums(archive: zipfile.ZipFile, path: Path) -> None:
    """torch does not look at the archive's check sums; a damaged download would go unnoticed."""
    try:
        bad = archive.testzip()
    except Exception as error:
        raise CheckpointError(f"{path} is a damaged PyTorch file ({_short(error)}).") from None
    if bad is not None:
        raise CheckpointError(f"{path} is damaged: {bad[-60:]!r} in it does not match its check sum.")


def _unpickled(place: Path, path: Path, mapped: bool) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's advice to programmers
            return torch.load(place, map_location="cpu", weights_only=True, mmap=mapped)
    except Exception as error:  # a hostile pickle can raise anything at all
        asked = re.search(r"GLOBAL ([\w.]+)|class ([\w.]+)", str(error))
        if asked:
            name = asked[1] or asked[2]
            raise CheckpointError(
                f"{path} is refused: it is a pickle that asks for {name[:80]!r}, and running that is not reading "
                "weights; save the network's state_dict() alone."
            ) from None
        raise CheckpointError(f"{path} is not a PyTorch file of weights, or is damaged ({_short(error)}).") from None


def unwrapped(found: Any, path: Path) -> dict[str, Any]:
    """The state dict itself, out of whatever wraps it, without what all its names begin with.

    Training scripts put it beside the epoch and the optimiser, under any name and in other mappings; DataParallel,
    torch.compile, Lightning and modules around the network put words before each name. The state dict is the mapping
    with the most tensors under names; of several, as with an average of the weights beside them, the first. Raises
    CheckpointError for anything else.
    """
    if not isinstance(found, Mapping) or not found:
        what = "nothing" if isinstance(found, Mapping) else f"a {type(found).__name__}"
        raise CheckpointError(f"{path} holds {what}, not a state dict.")
    fullest = max(_mappings(found, _DEEPEST), key=_tensors_in)
    if not _tensors_in(fullest) and not all(isinstance(name, str) for name in found):
        raise CheckpointError(f"{path} holds a dictionary whose keys are not names, not a state dict.")
    state = {name: value for name, value in fullest.items() if isinstance(name, str)}
    while len({name.partition(".")[0] for name in state}) == 1 and all(name.partition(".")[2] for name in state):
        state = {name.partition(".")[2]: value for name, value in state.items()}
    return state


def _mappings(found: Mapping[Any, Any], deepest: int) -> Iterator[Mapping[Any, Any]]:
    """A mapping and those in it, the outer before the inner."""
    yield found
    for value in found.values() if deepest else ():
        if isinstance(value, Mapping):
            yield from _mappings(value, deepest - 1)


def _tensors_in(found: Mapping[Any, Any]) -> int:
    return sum(isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in found.items())


def _short(error: BaseException) -> str:
    if isinstance(error, UnicodeError):
        return "a name in it is not text"
    text = " ".join(str(error).split())
    return (text[:120] or type(error).__name__).rstrip(".")
