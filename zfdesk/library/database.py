"""The SQLite file of a library: its tables, transactions, and what it complains about as sentences."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from zfdesk.error_reason import error_reason
from zfdesk.library.listing import ListedPicture

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


class Database:
    """``index.sqlite`` of a folder. Not to be used by two threads at once.

    Raises LibraryError where it is damaged, of another version, or may not be written.
    """

    def __init__(self, folder: Path, facts: Mapping[str, object]) -> None:
        self._folder = folder
        with self._in_words():
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                folder / "index.sqlite", timeout=WAIT, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(facts)
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self, facts: Mapping[str, object]) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        with self.writing() as base:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                base.execute(statement)
            known = [*facts.items(), ("version", VERSION), ("generation", 0)]
            base.executemany("INSERT OR IGNORE INTO facts VALUES (?, ?)", known)
        version = self._connection.execute("SELECT value FROM facts WHERE name = 'version'").fetchone()[0]
        if version != VERSION:
            raise LibraryError(
                f"The scans in {self._folder} were kept by another version of zfdesk ({version}; this one reads "
                f"{VERSION}). They are left as they are; zfdesk scan --clear removes them."
            )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection; what it or the disk complains about becomes a LibraryError."""
        with self._in_words():
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The same in one transaction: all of it or nothing."""
        with self._in_words():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def changed(self) -> None:
        """Note, within a transaction, that there is something else now."""
        self._connection.execute("UPDATE facts SET value = value + 1 WHERE name = 'generation'")

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """What the database or the disk complains about, as a sentence."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise LibraryError(f"Another program has kept the scans in {self._folder} locked; try again.") from None
            if "full" in str(error):
                raise LibraryError(f"There is no space left on the disk of {self._folder}.") from None
            raise LibraryError(f"The scans in {self._folder} cannot be used: {error}.") from None
        except sqlite3.DatabaseError as error:
            raise LibraryError(
                f"The scans in {self._folder} are damaged ({error}); zfdesk scan --clear begins them anew."
            ) from None
        except OSError as error:
            reason = error_reason(error)
            raise LibraryError(f"The scans in {self._folder} cannot be written: {reason}.") from None


def row_of(found: ListedPicture) -> tuple[bytes, int, int, int]:
    """What a picture is found and compared by: path, frame, size, changed."""
    return found.path, found.frame, found.size, found.changed


def inside(places: Sequence[Path]) -> tuple[str, list[bytes]]:
    """SQL: whether a path is one of the places or lies in one; with its values."""
    if not places:
        return "1", []
    values: list[bytes] = []
    for place in places:
        below = os.fsencode(os.path.join(place, ""))
        # the next text that does not begin so: every path inside lies between the two
        values += [os.fsencode(place), below, below[:-1] + bytes([below[-1] + 1])]
    return f"({' OR '.join(['path = ? OR (path >= ? AND path < ?)'] * len(places))})", values


__all__ = ["VERSION", "Database", "LibraryError", "inside", "row_of"]
