"""What scans keep on the disk: rows in SQLite, arrays in files beside it. Whatever is interrupted, it stays whole.

A library belongs to one network and one way of cutting pictures square; it lies in
``library/v1-WEIGHTS-CROP/`` of the user's data folder: ``index.sqlite`` and ``parts/*.npz``, see
`zfdesk.library.records.encoded`. A part is written, flushed and renamed within the transaction that lists it, so that
after a kill at any moment there is at worst a file that nothing lists, which the next scan removes. Several processes
may read and scan at once: SQLite's lock orders them.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zfdesk.atomic_write import write_whole
from zfdesk.engine import Model
from zfdesk.engine.packed_rows import PackedRows
from zfdesk.error_reason import error_reason
from zfdesk.library.backlog import Backlog
from zfdesk.library.database import VERSION, Database, LibraryError, inside, row_of
from zfdesk.library.listing import ListedPicture, class_of
from zfdesk.library.records import LayerRecord, Part, PartError, PartFile, encoded
from zfdesk.live import Crop, CropMode
from zfdesk.weights.store import home


@dataclass(frozen=True)
class ScannedPicture:
    """A picture that was scanned. ``digest``: of what the network saw, see `zfdesk.library.records.digest_of`."""

    found: ListedPicture
    digest: bytes


@dataclass(frozen=True, eq=False)
class ScannedPictures:
    """Scanned pictures in the order of their paths and frames.

    ``ids``: int64 (n,), for good: a changed picture gets another. ``parts``, ``rows``: int64 (n,), where its answers
    lie. ``classes``: int64 (n,), its place in ``names``, the subfolders; "" is that of pictures in none. ``digests``:
    int64 (n,), equal where the network sees the same.
    """

    ids: np.ndarray
    parts: np.ndarray
    rows: np.ndarray
    classes: np.ndarray
    names: tuple[str, ...]
    digests: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class LibrarySize:
    """How much there is: pictures, bytes on the disk, and the pictures that could not be read."""

    pictures: int
    bytes: int
    unreadable: int


class Library:
    """What was scanned with one network and one crop.

    model: of one that was taught other classes, the network below its classifier. crop: by default the centre crop that
    its weights were trained with. root: the folder of all libraries. Not to be used by two threads at once.
    Raises LibraryError where it is damaged, of another version, or may not be written.
    """

    def __init__(self, model: Model, crop: Crop | None = None, root: Path | None = None) -> None:
        self.model, self.crop = model.base, crop or Crop.centre_of(model)
        self.folder = folder_of(self.model, self.crop, root)
        self._parts = self.folder / "parts"
        facts = {"weights": self.model.name, "architecture": self.model.architecture.name}
        self.database = Database(self.folder, facts)
        with self.database.reading():
            self._parts.mkdir(exist_ok=True)
        self.backlog = Backlog(self.database, self.model.architecture)

    def close(self) -> None:
        """Close the files."""
        self.database.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What is there.

    @property
    def generation(self) -> int:
        """Another number after every change."""
        with self.database.reading() as base:
            return int(base.execute("SELECT value FROM facts WHERE name = 'generation'").fetchone()[0])

    def kept(self) -> LibrarySize:
        """How much there is of all places."""
        with self.database.reading() as base:
            pictures = base.execute("SELECT count(*) FROM pictures").fetchone()[0]
            unreadable = base.execute("SELECT count(*) FROM unreadable").fetchone()[0]
            size = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        return LibrarySize(pictures, size, unreadable)

    def places(self) -> list[tuple[Path, ...]]:
        """The places of earlier scans, the last first."""
        with self.database.reading() as base:
            row = base.execute("SELECT value FROM facts WHERE name = 'places'").fetchone()
        return [tuple(map(Path, places)) for places in json.loads(row[0])] if row else []

    def pictures(self, places: Sequence[Path] = (), layer: str | None = None) -> ScannedPictures:
        """Those in some places, by default all; with ``layer``, those scanned for that layer."""
        where, values = inside(places)
        wanted = "" if layer is None else " AND part IN (SELECT id FROM parts WHERE instr(layers, ?))"
        query = f"SELECT id, part, row, path, digest FROM pictures WHERE {where}{wanted} ORDER BY path, frame"
        numbers, classes, digests = [], [], []
        names: dict[str, int] = {}
        seen: dict[bytes, int] = {}
        with self.database.reading() as base:
            for number, part, row, path, digest in base.execute(query, [*values, *_quoted(layer)]):
                numbers.append((number, part, row))
                classes.append(names.setdefault(class_of(path, places), len(names)))
                digests.append(seen.setdefault(digest, len(seen)))
        ids, parts, rows = np.array(numbers, np.int64).reshape(-1, 3).T
        order = {name: place for place, name in enumerate(sorted(names))}
        sorted_classes = np.array([order[name] for name in names], np.int64)[np.array(classes, np.int64)]
        return ScannedPictures(ids, parts, rows, sorted_classes, tuple(order), np.array(digests, np.int64))

    def seen(self, ids: Iterable[int]) -> dict[int, ScannedPicture]:
        """The files of some pictures, by their ids; those no longer kept are missing."""
        query = "SELECT path, frame, size, changed, digest FROM pictures WHERE id = ?"
        with self.database.reading() as base:
            rows = ((number, base.execute(query, (int(number),)).fetchone()) for number in ids)
            return {int(number): ScannedPicture(ListedPicture(*row[:4]), row[4]) for number, row in rows if row}

    def unreadable(self, places: Sequence[Path] = ()) -> list[tuple[str, str]]:
        """Path and reason of what could not be read when it was last scanned."""
        where, values = inside(places)
        with self.database.reading() as base:
            rows = base.execute(f"SELECT path, reason FROM unreadable WHERE {where} ORDER BY path", values)
            return [(os.fsdecode(path), reason) for path, reason in rows]

    def blocks(self, pictures: ScannedPictures, layer: str) -> Iterator[tuple[np.ndarray, LayerRecord]]:
        """Part by part: places in ``pictures``, int64 (n,), and their answers. Raises LibraryError."""
        for chosen, part in self._by_part(pictures):
            yield chosen, part.layer(layer).rows(pictures.rows[chosen])

    def features(self, pictures: ScannedPictures, layer: str) -> np.ndarray:
        """What pictures are compared by, float16 (n, numbers), see `zfdesk.library.records.feature_layers`."""
        found: np.ndarray | None = None
        for chosen, part in self._by_part(pictures):
            features = part.features(layer)
            if found is None:
                found = np.zeros((len(pictures), features.shape[1]), np.float16)
            found[chosen] = features[pictures.rows[chosen]]
        return np.zeros((0, 0), np.float16) if found is None else found

    def _by_part(self, pictures: ScannedPictures) -> Iterator[tuple[np.ndarray, PartFile]]:
        order = np.argsort(pictures.parts, kind="stable")
        starts = np.flatnonzero(np.diff(pictures.parts[order], prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
            chosen = order[start:end]
            with self.database.reading() as base:
                number = int(pictures.parts[chosen[0]])
                row = base.execute("SELECT file FROM parts WHERE id = ?", (number,)).fetchone()
            if row is None:
                raise LibraryError("The scan changed while it was read; ask again.")
            try:
                with PartFile(self._parts / row[0]) as part:
                    yield chosen, part
            except PartError as error:
                raise LibraryError(f"The scans in {self.folder} cannot be used: {error} Scan again.") from None

    # What a scan writes.

    def add(self, seen: Sequence[ScannedPicture], part: Part | bytes, layers: Sequence[str]) -> None:
        """Keep the answers to pictures, in the order of the part's rows, in place of older ones. All or nothing."""
        data = encoded(part, self.model.architecture) if isinstance(part, Part) else part
        name = f"{secrets.token_hex(8)}.npz"
        with self.database.writing() as base:
            write_whole(self._parts / name, [data])
            query = "INSERT INTO parts (file, layers, bytes) VALUES (?, ?, ?)"
            number = base.execute(query, (name, json.dumps(list(layers)), len(data))).lastrowid
            rows = [(one.found.path, one.found.frame) for one in seen]
            for table in ("pictures", "unreadable"):
                base.executemany(f"DELETE FROM {table} WHERE path = ? AND frame = ?", rows)
            base.executemany(
                "INSERT INTO pictures (path, frame, size, changed, part, row, digest) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(*row_of(one.found), number, place, one.digest) for place, one in enumerate(seen)],
            )
            self.database.changed()

    def add_unreadable(self, found: Sequence[tuple[ListedPicture, str]]) -> None:
        """Remember pictures that could not be read, each with the reason."""
        with self.database.writing() as base:
            rows = [(one.path, one.frame, reason) for one, reason in found]
            base.executemany("INSERT OR REPLACE INTO unreadable VALUES (?, ?, ?)", rows)
            base.executemany("DELETE FROM pictures WHERE path = ? AND frame = ?", [row[:2] for row in rows])
            self.database.changed()

    def remember(self, places: Sequence[Path]) -> None:
        """Put places before those of earlier scans."""
        remembered = [list(map(str, places))] + [
            list(map(str, each)) for each in self.places() if each != tuple(places)
        ]
        with self.database.writing() as base:
            base.execute("INSERT OR REPLACE INTO facts VALUES ('places', ?)", (json.dumps(remembered[:20]),))

    def tidy(self) -> None:
        """Remove the files that nothing lists, and list no part whose file is gone or cut short: its pictures are
        scanned again."""
        with self.database.writing() as base:
            there = {entry.name: entry.stat().st_size for entry in os.scandir(self._parts)}
            gone = [
                (number,)
                for number, name, size in base.execute("SELECT id, file, bytes FROM parts")
                if there.get(name) != size
            ]
            base.executemany("DELETE FROM pictures WHERE part = ?", gone)
            base.execute("DELETE FROM parts WHERE id NOT IN (SELECT part FROM pictures)")
            listed = {name for (name,) in base.execute("SELECT file FROM parts")}
            for name in there.keys() - listed:
                with suppress(OSError):  # still read by somebody, as Windows has it: next time
                    (self._parts / name).unlink()
            if gone:
                self.database.changed()

    def clear(self) -> None:
        """Forget all pictures and give the space back."""
        with self.database.writing() as base:
            for table in ("settled", "pictures", "unreadable", "parts"):
                base.execute(f"DELETE FROM {table}")
            base.execute("DELETE FROM facts WHERE name = 'places'")
            self.database.changed()
        self.tidy()
        with self.database.reading() as base:
            base.execute("VACUUM")

    # What float64 settled, see `zfdesk.library.settle`.

    def settled(self, layer: str) -> dict[tuple[int, int], tuple[float, int]]:
        """By picture and unit: the activation in float64 and its place."""
        with self.database.reading() as base:
            rows = base.execute("SELECT picture, unit, value, place FROM settled WHERE layer = ?", (layer,))
            return {(picture, unit): (value, place) for picture, unit, value, place in rows}

    def settle(self, layer: str, rows: Sequence[tuple[int, int, float, int]]) -> None:
        """Keep (picture, unit, value, place); of pictures that changed meanwhile nothing."""
        with self.database.writing() as base:
            base.executemany(
                "INSERT OR REPLACE INTO settled SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS"
                " (SELECT 1 FROM pictures WHERE id = ?1)",
                [(picture, layer, unit, value, place) for picture, unit, value, place in rows],
            )
            self.database.changed()


def folder_of(model: Model, crop: Crop, root: Path | None = None) -> Path:
    """Where the library of a network and a crop lies."""
    model = model.base
    standard = crop.mode is not CropMode.CROP or crop == Crop.centre_of(model)
    how = str(crop.mode) if standard else f"{crop.mode}-{crop.x:g}-{crop.y:g}-{crop.side:g}"
    return (root or home() / "library") / f"v{VERSION}-{fingerprint(model)[:16]}-{how}"


def remove(folder: Path) -> None:
    """Remove a library, also one that cannot be opened. Raises LibraryError where the disk refuses."""
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise LibraryError(f"{folder} cannot be removed: {error_reason(error)}.") from None


def fingerprint(model: Model) -> str:
    """Names a network by its weights: the hash of its file, or of weights that are in none."""
    if model.sha256:
        return model.sha256
    digest = hashlib.sha256(repr((model.architecture, model.input)).encode())
    for name, weight in sorted(model.weights.items()):
        numbers = (weight.rows, weight.scale) if isinstance(weight, PackedRows) else (weight,)
        for part in numbers:
            digest.update(name.encode())
            digest.update(part.contiguous().view(-1).numpy().data)  # no copy: a classifier's rows are 150 MB
    return digest.hexdigest()


def _quoted(layer: str | None) -> list[str]:
    return [] if layer is None else [json.dumps(layer)]


__all__ = [
    "VERSION", "Library", "LibraryError", "LibrarySize", "ScannedPicture", "ScannedPictures", "fingerprint",
    "folder_of", "remove",
]  # fmt: skip
