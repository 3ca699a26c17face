"""What a scan has left to do: the pictures that were found, without those that are kept already."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from zfdesk.engine import Architecture
from zfdesk.library.database import Database, inside, row_of
from zfdesk.library.listing import WHOLE, ListedPicture


class Backlog:
    """Of one scan, after `begin`. Its lists lie in temporary tables on the disk: memory does not grow with them."""

    def __init__(self, database: Database, architecture: Architecture) -> None:
        self._database, self._architecture = database, architecture

    def begin(self, found: Iterable[ListedPicture], layers: Sequence[str]) -> Iterator[int]:
        """Take in what there is to scan; gives how many so far."""
        with self._database.reading() as base:
            base.execute("DROP TABLE IF EXISTS temp.wanted")
            base.execute(
                "CREATE TEMP TABLE wanted (path BLOB, frame INTEGER, size INTEGER, changed INTEGER,"
                " PRIMARY KEY (path, frame)) WITHOUT ROWID"
            )
            waiting: list[tuple[bytes, int, int, int]] = []
            for count, one in enumerate(found, 1):
                waiting.append(row_of(one))
                if len(waiting) == 512:
                    base.executemany("INSERT OR IGNORE INTO wanted VALUES (?, ?, ?, ?)", waiting)
                    waiting.clear()
                    yield count
            base.executemany("INSERT OR IGNORE INTO wanted VALUES (?, ?, ?, ?)", waiting)
            base.execute("DROP TABLE IF EXISTS temp.todo")
            base.execute(
                "CREATE TEMP TABLE todo (id INTEGER PRIMARY KEY, path BLOB, frame INTEGER, size INTEGER,"
                " changed INTEGER)"
            )
            base.execute(
                "INSERT INTO todo (path, frame, size, changed) SELECT w.path, w.frame, w.size, w.changed"
                f" FROM wanted w WHERE NOT {_is_kept(base, 'w', layers)} ORDER BY w.path, w.frame"
            )
            yield base.execute("SELECT count(*) FROM wanted").fetchone()[0]

    def left(self) -> int:
        """How many are to be scanned."""
        with self._database.reading() as base:
            return int(base.execute("SELECT count(*) FROM todo").fetchone()[0])

    def layers_to_keep(self, layers: Sequence[str]) -> tuple[str, ...]:
        """The layers to scan for: those asked for, and those that pictures to be scanned again have by now."""
        with self._database.reading() as base:
            rows = base.execute(
                "SELECT DISTINCT layers FROM parts WHERE id IN (SELECT p.part FROM todo t JOIN pictures p"
                " ON p.path = t.path AND p.frame = t.frame AND p.size = t.size AND p.changed = t.changed)"
            ).fetchall()
        wanted = set(layers).union(*(json.loads(row[0]) for row in rows))
        return tuple(stage.name for stage in self._architecture.stages if stage.name in wanted)

    def chunk(self, first: int, last: int, layers: Sequence[str]) -> list[ListedPicture]:
        """Of what is to be scanned, numbers ``first`` to ``last`` - 1 as far as no other scan has done them."""
        with self._database.reading() as base:
            rows = base.execute(
                "SELECT path, frame, size, changed FROM todo t WHERE id > ? AND id <= ?"
                f" AND NOT {_is_kept(base, 't', layers)} ORDER BY id",
                (first, last),
            )
            return [ListedPicture(*row) for row in rows.fetchall()]

    def forget_missing(self, places: Sequence[Path]) -> int:
        """Remove the picture files of places that are no longer there; gives how many."""
        if not places:
            return 0
        where, values = inside(places)
        missing = f"{where} AND frame = {WHOLE} AND NOT EXISTS (SELECT 1 FROM wanted w WHERE w.path = t.path)"
        with self._database.writing() as base:
            count = base.execute(f"DELETE FROM pictures AS t WHERE {missing}", values).rowcount
            base.execute(f"DELETE FROM unreadable AS t WHERE {missing}", values)
            if count:
                self._database.changed()
        return count


def _is_kept(base: sqlite3.Connection, table: str, layers: Sequence[str]) -> str:
    """SQL: whether an unchanged picture is there with all of the layers."""
    enough = [
        f"'{layers_kept}'"
        for (layers_kept,) in base.execute("SELECT DISTINCT layers FROM parts")
        if set(layers) <= set(json.loads(layers_kept))
    ]
    return (
        f"EXISTS (SELECT 1 FROM pictures p JOIN parts ON parts.id = p.part WHERE p.path = {table}.path"
        f" AND p.frame = {table}.frame AND p.size = {table}.size AND p.changed = {table}.changed"
        f" AND parts.layers IN ({', '.join(enough)}))"
    )


__all__ = ["Backlog"]
