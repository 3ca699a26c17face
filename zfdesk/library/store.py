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
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zfdesk.atomic_write import write_whole
from zfdesk.engine import Model
from zfdesk.engine.kernels import PackedRows
from zfdesk.library.listing import WHOLE, ListedPicture, class_of
from zfdesk.library.records import LayerRecord, Part, PartError, PartFile, encoded
from zfdesk.live import Crop, CropMode
from zfdesk.weights.store import home

VERSION = 1
"""Of the files. Another version has a folder of its own, so that neither harms the other."""

WAIT = 60.0
"""Seconds to wait for another process's transaction."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parts (id INTEGER PRIMARY KEY AUTOINCREMENT, file TEXT UNIQUE, layers TEXT, bytes INTEGER);
CREATE TABLE IF NOT EXISTS pictures (
  id INTEGER PRIMARY KEY AUTOINCREMENT, path BLOB, frame INTEGER, size INTEGER, changed INTEGER,
  part INTEGER REFERENCES parts (id), row INTEGER, digest BLOB, UNIQUE (path, frame));
CREATE INDEX IF NOT EXISTS pictures_by_part ON pictures (part);
CREATE TABLE IF NOT EXISTS unreadable (path BLOB, frame INTEGER, reason TEXT, PRIMARY KEY (path, frame));
CREATE TABLE IF NOT EXISTS settled (
  picture INTEGER REFERENCES pictures (id) ON DELETE CASCADE, layer TEXT, unit INTEGER, value REAL, place INTEGER,
  PRIMARY KEY (picture, layer, unit)) WITHOUT ROWID;
"""


class LibraryError(ValueError):
    """A scan's store cannot be used or written to; ``str()`` is one sentence for people."""


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
        with self._as_library_errors():
            self._parts.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(
                self.folder / "index.sqlite", timeout=WAIT, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self._base.close()
                raise

    def _prepare(self) -> None:
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = NORMAL")
        self._base.execute("PRAGMA foreign_keys = ON")
        with self._writing():
            for statement in filter(str.strip, _SCHEMA.split(";")):
                self._base.execute(statement)
            facts = {"version": VERSION, "weights": self.model.name, "architecture": self.model.architecture.name}
            self._base.executemany("INSERT OR IGNORE INTO facts VALUES (?, ?)", [*facts.items(), ("generation", 0)])
        version = self._base.execute("SELECT value FROM facts WHERE name = 'version'").fetchone()[0]
        if version != VERSION:
            raise LibraryError(
                f"The scans in {self.folder} were kept by another version of zfdesk ({version}; this one reads "
                f"{VERSION}). They are left as they are; zfdesk scan --clear removes them."
            )

    def close(self) -> None:
        """Let go of the files."""
        self._base.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What is there.

    @property
    def generation(self) -> int:
        """Another number after every change."""
        with self._as_library_errors():
            return int(self._base.execute("SELECT value FROM facts WHERE name = 'generation'").fetchone()[0])

    def kept(self) -> LibrarySize:
        """How much there is of all places."""
        with self._as_library_errors():
            pictures = self._base.execute("SELECT count(*) FROM pictures").fetchone()[0]
            unreadable = self._base.execute("SELECT count(*) FROM unreadable").fetchone()[0]
            size = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        return LibrarySize(pictures, size, unreadable)

    def places(self) -> list[tuple[Path, ...]]:
        """The places of earlier scans, the last first."""
        with self._as_library_errors():
            row = self._base.execute("SELECT value FROM facts WHERE name = 'places'").fetchone()
        return [tuple(map(Path, places)) for places in json.loads(row[0])] if row else []

    def pictures(self, places: Sequence[Path] = (), layer: str | None = None) -> ScannedPictures:
        """Those in some places, by default all; with ``layer``, those scanned for that layer."""
        where, values = _inside(places)
        wanted = "" if layer is None else " AND part IN (SELECT id FROM parts WHERE instr(layers, ?))"
        query = f"SELECT id, part, row, path, digest FROM pictures WHERE {where}{wanted} ORDER BY path, frame"
        numbers, classes, digests = [], [], []
        names: dict[str, int] = {}
        seen: dict[bytes, int] = {}
        with self._as_library_errors():
            for number, part, row, path, digest in self._base.execute(query, [*values, *_quoted(layer)]):
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
        with self._as_library_errors():
            rows = ((number, self._base.execute(query, (int(number),)).fetchone()) for number in ids)
            return {int(number): ScannedPicture(ListedPicture(*row[:4]), row[4]) for number, row in rows if row}

    def unreadable(self, places: Sequence[Path] = ()) -> list[tuple[str, str]]:
        """Path and reason of what could not be read when it was last scanned."""
        where, values = _inside(places)
        with self._as_library_errors():
            rows = self._base.execute(f"SELECT path, reason FROM unreadable WHERE {where} ORDER BY path", values)
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
            with self._as_library_errors():
                number = int(pictures.parts[chosen[0]])
                row = self._base.execute("SELECT file FROM parts WHERE id = ?", (number,)).fetchone()
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
        with self._as_library_errors(), self._writing():
            write_whole(self._parts / name, [data])
            query = "INSERT INTO parts (file, layers, bytes) VALUES (?, ?, ?)"
            number = self._base.execute(query, (name, json.dumps(list(layers)), len(data))).lastrowid
            rows = [(one.found.path, one.found.frame) for one in seen]
            for table in ("pictures", "unreadable"):
                self._base.executemany(f"DELETE FROM {table} WHERE path = ? AND frame = ?", rows)
            self._base.executemany(
                "INSERT INTO pictures (path, frame, size, changed, part, row, digest) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(*_row(one.found), number, place, one.digest) for place, one in enumerate(seen)],
            )
            self._changed()

    def add_unreadable(self, found: Sequence[tuple[ListedPicture, str]]) -> None:
        """Remember pictures that could not be read, each with the reason."""
        with self._as_library_errors(), self._writing():
            rows = [(one.path, one.frame, reason) for one, reason in found]
            self._base.executemany("INSERT OR REPLACE INTO unreadable VALUES (?, ?, ?)", rows)
            self._base.executemany("DELETE FROM pictures WHERE path = ? AND frame = ?", [row[:2] for row in rows])
            self._changed()

    def remember(self, places: Sequence[Path]) -> None:
        """Put places before those of earlier scans."""
        remembered = [list(map(str, places))] + [
            list(map(str, each)) for each in self.places() if each != tuple(places)
        ]
        with self._as_library_errors(), self._writing():
            self._base.execute("INSERT OR REPLACE INTO facts VALUES ('places', ?)", (json.dumps(remembered[:20]),))

    def tidy(self) -> None:
        """Remove the files that nothing lists, and list no part whose file is gone or cut short: its pictures are
        scanned again."""
        with self._as_library_errors(), self._writing():
            there = {entry.name: entry.stat().st_size for entry in os.scandir(self._parts)}
            gone = [
                (number,)
                for number, name, size in self._base.execute("SELECT id, file, bytes FROM parts")
                if there.get(name) != size
            ]
            self._base.executemany("DELETE FROM pictures WHERE part = ?", gone)
            self._base.execute("DELETE FROM parts WHERE id NOT IN (SELECT part FROM pictures)")
            listed = {name for (name,) in self._base.execute("SELECT file FROM parts")}
            for name in there.keys() - listed:
                with suppress(OSError):  # still read by somebody, as Windows has it: next time
                    (self._parts / name).unlink()
            if gone:
                self._changed()

    def clear(self) -> None:
        """Forget all pictures and give the space back."""
        with self._as_library_errors(), self._writing():
            for table in ("settled", "pictures", "unreadable", "parts"):
                self._base.execute(f"DELETE FROM {table}")
            self._base.execute("DELETE FROM facts WHERE name = 'places'")
            self._changed()
        self.tidy()
        with self._as_library_errors():
            self._base.execute("VACUUM")

    # What is left to do.

    def begin(self, found: Iterable[ListedPicture], layers: Sequence[str]) -> Iterator[int]:
        """Take in what there is to scan; gives how many so far. Then `left`, `chunk` and `layers_to_keep` answer.

        The list lies in a temporary table on the disk: memory does not grow with it.
        """
        with self._as_library_errors():
            self._base.execute("DROP TABLE IF EXISTS temp.wanted")
            self._base.execute(
                "CREATE TEMP TABLE wanted (path BLOB, frame INTEGER, size INTEGER, changed INTEGER,"
                " PRIMARY KEY (path, frame)) WITHOUT ROWID"
            )
            waiting: list[tuple[bytes, int, int, int]] = []
            for count, one in enumerate(found, 1):
                waiting.append(_row(one))
                if len(waiting) == 512:
                    self._base.executemany("INSERT OR IGNORE INTO wanted VALUES (?, ?, ?, ?)", waiting)
                    waiting.clear()
                    yield count
            self._base.executemany("INSERT OR IGNORE INTO wanted VALUES (?, ?, ?, ?)", waiting)
            self._base.execute("DROP TABLE IF EXISTS temp.todo")
            self._base.execute(
                "CREATE TEMP TABLE todo (id INTEGER PRIMARY KEY, path BLOB, frame INTEGER, size INTEGER,"
                " changed INTEGER)"
            )
            self._base.execute(
                "INSERT INTO todo (path, frame, size, changed) SELECT w.path, w.frame, w.size, w.changed"
                f" FROM wanted w WHERE NOT {self._is_kept('w', layers)} ORDER BY w.path, w.frame"
            )
            yield self._base.execute("SELECT count(*) FROM wanted").fetchone()[0]

    def left(self) -> int:
        """How many are to be scanned."""
        with self._as_library_errors():
            return int(self._base.execute("SELECT count(*) FROM todo").fetchone()[0])

    def layers_to_keep(self, layers: Sequence[str]) -> tuple[str, ...]:
        """The layers to scan for: those asked for, and those that pictures to be scanned again have by now."""
        with self._as_library_errors():
            rows = self._base.execute(
                "SELECT DISTINCT layers FROM parts WHERE id IN (SELECT p.part FROM todo t JOIN pictures p"
                " ON p.path = t.path AND p.frame = t.frame AND p.size = t.size AND p.changed = t.changed)"
            ).fetchall()
        wanted = set(layers).union(*(json.loads(row[0]) for row in rows))
        return tuple(stage.name for stage in self.model.architecture.stages if stage.name in wanted)

    def chunk(self, first: int, last: int, layers: Sequence[str]) -> list[ListedPicture]:
        """Of what is to be scanned, numbers ``first`` to ``last`` - 1 as far as no other scan has done them."""
        with self._as_library_errors():
            rows = self._base.execute(
                "SELECT path, frame, size, changed FROM todo t WHERE id > ? AND id <= ?"
                f" AND NOT {self._is_kept('t', layers)} ORDER BY id",
                (first, last),
            )
            return [ListedPicture(*row) for row in rows.fetchall()]

    def forget_missing(self, places: Sequence[Path]) -> int:
        """Remove the picture files of places that are no longer there; gives how many."""
        if not places:
            return 0
        where, values = _inside(places)
        gone = f"{where} AND frame = {WHOLE} AND NOT EXISTS (SELECT 1 FROM wanted w WHERE w.path = t.path)"
        with self._as_library_errors(), self._writing():
            count = self._base.execute(f"DELETE FROM pictures AS t WHERE {gone}", values).rowcount
            self._base.execute(f"DELETE FROM unreadable AS t WHERE {gone}", values)
            if count:
                self._changed()
        return count

    def _is_kept(self, table: str, layers: Sequence[str]) -> str:
        """SQL: whether an unchanged picture is there with all of the layers."""
        enough = [
            f"'{layers_kept}'"
            for (layers_kept,) in self._base.execute("SELECT DISTINCT layers FROM parts")
            if set(layers) <= set(json.loads(layers_kept))
        ]
        return (
            f"EXISTS (SELECT 1 FROM pictures p JOIN parts ON parts.id = p.part WHERE p.path = {table}.path"
            f" AND p.frame = {table}.frame AND p.size = {table}.size AND p.changed = {table}.changed"
            f" AND parts.layers IN ({', '.join(enough)}))"
        )

    # What float64 settled, see `zfdesk.library.settle`.

    def settled(self, layer: str) -> dict[tuple[int, int], tuple[float, int]]:
        """By picture and unit: the activation in float64 and its place."""
        with self._as_library_errors():
            rows = self._base.execute("SELECT picture, unit, value, place FROM settled WHERE layer = ?", (layer,))
            return {(picture, unit): (value, place) for picture, unit, value, place in rows}

    def settle(self, layer: str, rows: Sequence[tuple[int, int, float, int]]) -> None:
        """Keep (picture, unit, value, place); of pictures that changed meanwhile nothing."""
        with self._as_library_errors(), self._writing():
            self._base.executemany(
                "INSERT OR REPLACE INTO settled SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS"
                " (SELECT 1 FROM pictures WHERE id = ?1)",
                [(picture, layer, unit, value, place) for picture, unit, value, place in rows],
            )
            self._changed()

    # How.

    def _changed(self) -> None:
        self._base.execute("UPDATE facts SET value = value + 1 WHERE name = 'generation'")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._base.in_transaction:  # a full disk has ended it already
                self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    @contextmanager
    def _as_library_errors(self) -> Iterator[None]:
        """What the database or the disk complains about, as a sentence."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise LibraryError(f"Another program has kept the scans in {self.folder} locked; try again.") from None
            if "full" in str(error):
                raise LibraryError(f"There is no space left on the disk of {self.folder}.") from None
            raise LibraryError(f"The scans in {self.folder} cannot be used: {error}.") from None
        except sqlite3.DatabaseError as error:
            raise LibraryError(
                f"The scans in {self.folder} are damaged ({error}); zfdesk scan --clear begins them anew."
            ) from None
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise LibraryError(f"The scans in {self.folder} cannot be written: {reason}.") from None


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
        raise LibraryError(f"{folder} cannot be removed: {(error.strerror or str(error)).lower()}.") from None


def fingerprint(model: Model) -> str:
    """Names a network by its weights: the hash of its file, or of weights that are in none."""
    if model.sha256:
        return model.sha256
    digest = hashlib.sha256(repr((model.architecture, model.input)).encode())
    for name, weight in sorted(model.weights.items()):
        numbers = (weight.rows, weight.scale) if isinstance(weight, PackedRows) else (weight,)
        for part in numbers:
            digest.update(name.encode() + part.contiguous().numpy().tobytes())
    return digest.hexdigest()


def _row(found: ListedPicture) -> tuple[bytes, int, int, int]:
    return found.path, found.frame, found.size, found.changed


def _inside(places: Sequence[Path]) -> tuple[str, list[bytes]]:
    """SQL: whether a path is one of the places or lies in one; with its values."""
    if not places:
        return "1", []
    values: list[bytes] = []
    for place in places:
        inside = os.fsencode(os.path.join(place, ""))
        # the next text that does not begin so: every path inside lies between the two
        values += [os.fsencode(place), inside, inside[:-1] + bytes([inside[-1] + 1])]
    return f"({' OR '.join(['path = ? OR (path >= ? AND path < ?)'] * len(places))})", values


def _quoted(layer: str | None) -> list[str]:
    return [] if layer is None else [json.dumps(layer)]


__all__ = [
    "VERSION",
    "Library",
    "LibraryError",
    "LibrarySize",
    "ScannedPicture",
    "ScannedPictures",
    "fingerprint",
    "folder_of",
    "remove",
]  # fmt: skip
