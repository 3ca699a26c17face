"""Pictures in tar shards, as WebDataset and `zfdesk.training.shards` write them.

Members of one picture share a key, the name up to the first dot: KEY.jpg, KEY.cls (index of its class), KEY.npz (a
teacher's ``logits`` and ``embedding`` for exactly this view). Where each member lies is found once; then a picture is
three short reads.
"""

from __future__ import annotations

import os
import struct
import tarfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from zfdesk import npz
from zfdesk.sources.folder import PICTURE_SUFFIXES
from zfdesk.training.data_entry import Answers, StoredPicture, read_json
from zfdesk.training.errors import PicturesGoneError, TrainingError
from zfdesk.weights.checkpoint import MOST_CLASSES

FORMAT = "zfdesk-shards-1"
DESCRIPTION = "shards.json"
"""Tells what is in the shards of its folder."""
LIMITS = npz.NpzLimits(64 << 20)
"""Of one picture's answers."""


class ShardPictures:
    """See `zfdesk.training.data.PictureDataset`. Raises TrainingError for no shards, a damaged one, or no pictures."""

    def __init__(self, place: Path) -> None:
        self.place, self.source = place, str(place)
        description = read_json(place / DESCRIPTION) if (place / DESCRIPTION).is_file() else {}
        if description and description.get("format") != FORMAT:
            raise TrainingError(f"{place / DESCRIPTION} is not of the format {FORMAT}.")
        classes = description.get("classes", [])
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise TrainingError(f"{place / DESCRIPTION} is damaged: its classes are not a list of names.")
        self._files = _shard_files(place, description)
        # for each picture: file, then (offset, bytes) of its picture, class and answers; 0 bytes for none
        rows: list[tuple[int, ...]] = []
        self._keys: list[str] = []
        for number, file in enumerate(self._files):
            keys, members = _members(file)
            self._keys += keys
            rows += [(number, *row) for row in members]
        if not rows:
            raise TrainingError(f"There are no pictures in the shards of {place}.")
        self._rows = np.array(rows, np.int64)
        self.labelled = bool((self._rows[:, 4] > 0).all())
        if not classes:
            classes = self._numbered_classes()
        self.classes = tuple(classes)
        self.teacher_classes = self.embedding = 0
        if (self._rows[:, 6] > 0).any():
            self.teacher_classes, self.embedding = self._sizes_of_answers()

    def _numbered_classes(self) -> list[str]:
        most = max(self._label_or_none(index) for index in range(len(self)))
        if most < 0:
            raise TrainingError(f"{self.place} has neither {DESCRIPTION} nor labels: there are no classes.")
        return [f"class {index}" for index in range(most + 1)]

    def _label_or_none(self, index: int) -> int:
        """Its label, -1 for one that is damaged: the picture is left out, and named, when it is read."""
        try:
            return self.label(index)
        except PicturesGoneError:
            raise
        except ValueError:
            return -1

    def _sizes_of_answers(self) -> tuple[int, int]:
        """Of logits and embedding, from the first picture whose answers can be read."""
        for index in np.flatnonzero(self._rows[:, 6] > 0).tolist():
            data = self._parts(index, 4)[0]
            with suppress(ValueError):
                first = _answers(data)
                return len(first.logits), 0 if first.embedding is None else len(first.embedding)
        raise TrainingError(f"None of the teacher's answers stored in {self.place} can be read.")

    def __len__(self) -> int:
        return len(self._keys)

    def name(self, index: int) -> str:
        """SHARD/KEY."""
        return f"{self._files[self._rows[index, 0]].name}/{self._keys[index]}"

    def label(self, index: int) -> int:
        """Index of its class, -1 for none."""
        return _label(self._parts(index, 2)[0])

    def read(self, index: int) -> StoredPicture:
        """The stored view with what the teacher answered to it."""
        picture, label, answers = self._parts(index, 0, 2, 4)
        return StoredPicture(picture, _label(label), None, _answers(answers) if answers else None)

    def _parts(self, index: int, *which: int) -> list[bytes]:
        """Members of a picture; b"" for one there is not. A file is opened for each picture: that takes 20 µs."""
        file, *row = self._rows[index].tolist()
        path, found = self._files[file], []
        try:
            with path.open("rb", buffering=0) as stream:
                for place in which:
                    stream.seek(row[place])
                    found.append(stream.read(row[place + 1]) if row[place + 1] else b"")
        except FileNotFoundError:
            raise PicturesGoneError(f"The shard {path} has vanished during training.") from None
        if any(len(data) != row[place + 1] for data, place in zip(found, which, strict=True)):
            raise PicturesGoneError(f"The shard {path} became shorter during training.")
        return found


def _shard_files(place: Path, description: dict[str, object]) -> list[Path]:
    listed = description.get("shards")
    if listed is None:
        return sorted(place.glob("*.tar"))
    if not isinstance(listed, list) or not all(isinstance(s, dict) and isinstance(s.get("file"), str) for s in listed):
        raise TrainingError(f"{place / DESCRIPTION} is damaged: its shards are not a list of files.")
    files = [place / os.path.basename(shard["file"]) for shard in listed]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise TrainingError(f"{place} lacks {len(missing)} of its {len(files)} shards ({', '.join(missing[:3])}).")
    return files


def _members(path: Path) -> tuple[list[str], list[tuple[int, ...]]]:
    """Keys in order and, for each, (offset, bytes) of picture, class and answers in the tar file."""
    found: dict[str, list[int]] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                key, _, extension = member.name.removeprefix("./").partition(".")
                extension = extension.lower()
                if not member.isfile() or not extension:
                    continue
                place = 0 if f".{extension}" in PICTURE_SUFFIXES else {"cls": 2, "npz": 4}.get(extension, -1)
                if place >= 0:
                    found.setdefault(key, [0] * 6)[place : place + 2] = member.offset_data, member.size
            size = path.stat().st_size
    except (tarfile.TarError, OSError, EOFError) as error:
        raise TrainingError(f"{path} cannot be read as a tar file ({error}).") from None
    ends = [row[place] + row[place + 1] for row in found.values() for place in (0, 2, 4)]
    # tarfile takes a file that ends between two members for a whole one; two blocks of zeros are its real end
    if ends and -(-max(ends) // 512) * 512 + 1024 > size:
        raise TrainingError(f"{path} is cut short.")
    pictures = {key: tuple(row) for key, row in found.items() if row[1]}
    return list(pictures), list(pictures.values())


def _label(data: bytes) -> int:
    """The class a text of digits names; -1 where there is none."""
    if not data:
        return -1
    text = data.strip()
    if not text.isdigit() or len(text) > 9 or int(text) >= MOST_CLASSES:
        raise ValueError(
            f"its class {data[:20].decode('utf-8', 'replace')!r} is not a number from 0 to {MOST_CLASSES - 1}"
        )
    return int(text)


def _answers(data: bytes) -> Answers:
    """The arrays of a small .npz; those stored plainly are found without Python's slow zip reader."""
    try:
        arrays = _plain_arrays(data)
    except (struct.error, ValueError):
        arrays = None
    if arrays is None:
        try:
            arrays = npz.decode(data, LIMITS)
        except npz.ArchiveError as error:
            raise ValueError(f"its stored answers are damaged ({error})") from None
    if "logits" not in arrays:
        raise ValueError("its stored answers lack logits")
    if any(
        arrays[name].ndim != 1 or arrays[name].dtype.kind != "f" for name in ("logits", "embedding") if name in arrays
    ):
        raise ValueError("its stored answers are not rows of numbers")
    return Answers(arrays["logits"], arrays.get("embedding"))


def _plain_arrays(data: bytes) -> dict[str, np.ndarray] | None:
    """The arrays of an uncompressed .npz, views into ``data``; None where a careful reader is needed."""
    arrays: dict[str, np.ndarray] = {}
    place = 0
    while data[place : place + 4] == b"PK\x03\x04":
        flags, method, _, _, _, packed, size, name_size, extra_size = struct.unpack_from("<HHHHIIIHH", data, place + 6)
        name = data[place + 30 : place + 30 + name_size].decode("utf-8", "replace")
        start = place + 30 + name_size + extra_size
        if packed == 0xFFFFFFFF:  # numpy always writes the zip64 sizes: in the extra field
            size, packed = struct.unpack_from("<QQ", data, start - extra_size + 4)
        if method or flags & ~0x800 or packed != size or start + size > len(data):
            return None
        header = data[start : start + 10]
        if header[:8] != b"\x93NUMPY\x01\x00":
            return None
        length = int.from_bytes(header[8:10], "little")
        about = data[start + 10 : start + 10 + length]
        if b"'<f2'" not in about or b"'fortran_order': False" not in about:
            return None
        arrays[name.removesuffix(".npy")] = np.frombuffer(data[start + 10 + length : start + size], "<f2")
        place = start + size
    return arrays or None
