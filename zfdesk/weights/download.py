"""One file from the network onto the disk: resumed where it broke off, bounded, stopped at once when asked.

Going on where a download broke off is what no common library brings, so urllib (see `zfdesk.weights.web`) is enough.

What has come lies in the part file; beside it a note says of which file it is a part (address, length, ETag or date),
so that a part is only ever continued with the same file (RFC 9110, sections 13.1.5 and 14).
"""

from __future__ import annotations

import errno
import http.client
import json
import os
import re
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from zfdesk.atomic_write import write_whole
from zfdesk.weights.safetensors_file import CheckpointError, opened_file, parsed_json
from zfdesk.weights.web import (
    Cancelled,
    DownloadError,
    Stop,
    check_address,
    download_failure_text,
    make_opener,
    proxy_text,
)

PATIENCE = 20.0  # seconds without a byte
PAUSES = (1.0, 2.0, 4.0)  # seconds before trying again; a try that brought something begins the count anew
MOST_TRIES = 100
PIECE = 1 << 16  # bytes
TELL_SECONDS = 0.1
SPEED_SECONDS = 5.0  # the speed told is that of the last seconds
_AGAIN = {408, 425, 429, 500, 502, 503, 504}  # what a server says when a later try may do


class _BrokenOffError(Exception):
    """The connection broke off; its text is a sentence, and another try may do."""


@dataclass(frozen=True)
class DownloadProgress:
    """How far a download is. ``total``: bytes, 0 when the server does not say; ``speed``: bytes a second."""

    done: int
    total: int
    speed: float

    @property
    def share(self) -> float | None:
        """From 0 to 1; None when the end is not known."""
        return min(self.done / self.total, 1.0) if self.total else None

    @property
    def seconds_left(self) -> float | None:
        """At this speed; None when nobody can tell."""
        return max(self.total - self.done, 0) / self.speed if self.total and self.speed > 0 else None

    def __str__(self) -> str:
        """123 of 249 MB · 4.2 MB/s · 30 s left."""
        known = f"{self.done / 1e6:.0f} of {self.total / 1e6:.0f} MB" if self.total else f"{self.done / 1e6:.0f} MB"
        parts = [known]
        if self.speed > 0:
            parts.append(f"{self.speed / 1e6:.1f} MB/s")
        if (left := self.seconds_left) is not None:
            parts.append(f"{left:.0f} s left" if left < 100 else f"{left / 60:.0f} min left")
        return " · ".join(parts)


@dataclass(frozen=True)
class _Note:
    """Of which file a part is. ``total``: bytes, 0 when not known; ``mark``: its ETag, or the date of its change."""

    url: str
    total: int = 0
    mark: str = ""


def download_file(
    url: str,
    part: Path,
    most: int,
    on_progress: Callable[[DownloadProgress], None] = lambda _: None,
    stop: Stop | None = None,
    pauses: tuple[float, ...] = PAUSES,
    patience: float = PATIENCE,
) -> bool:
    """Bring the file at ``url`` to ``part``, going on where an earlier call broke off; whether it did go on.

    most: bytes; nothing longer is taken. on_progress: called some ten times a second, in this thread. stop: to break
    off, which raises Cancelled. pauses: seconds before each further try. patience: seconds without a byte.
    Raises DownloadError with one sentence; what has come is kept. What the file holds is the caller's to check.
    """
    return _Download(url, part, most, on_progress, stop or Stop(), patience).run(pauses)


def forget(part: Path) -> None:
    """Throw a part away."""
    part.unlink(missing_ok=True)
    _note_of(part).unlink(missing_ok=True)


def _note_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


class _Download:
    def __init__(
        self,
        url: str,
        part: Path,
        most: int,
        on_progress: Callable[[DownloadProgress], None],
        stop: Stop,
        patience: float,
    ) -> None:
        self.url, self.part, self.most, self.on_progress, self.stop = url, part, most, on_progress, stop
        self.patience = patience
        self.host = urlsplit(url).hostname or url
        self.opener = make_opener(stop)
        self.came = 0  # bytes in this call
        self.went_on = False
        self.times: list[tuple[float, int]] = []

    def run(self, pauses: tuple[float, ...]) -> bool:
        check_address(self.url)
        failures = 0
        for _ in range(MOST_TRIES):
            came = self.came
            try:
                self.stop.check()
                self._once()
                return self.went_on
            except _BrokenOffError as error:
                self.stop.check()
                sentence = str(error)
            failures = 1 if self.came > came else failures + 1
            if failures > len(pauses):
                break
            self.stop.wait(pauses[failures - 1])
        kept = " What has come is kept; the next try goes on from there." if self._have() else ""
        raise DownloadError(sentence + kept)

    def _have(self) -> int:
        """Bytes that can be gone on from."""
        try:
            return self.part.stat().st_size if self._note().url == self.url else 0
        except OSError:
            return 0

    def _note(self) -> _Note:
        try:
            with opened_file(_note_of(self.part)) as file:
                data = parsed_json(file.read(1 << 16), self.part, "note")
            return _Note(str(data["url"]), int(data["total"]), str(data["mark"]))
        except (CheckpointError, KeyError, TypeError, ValueError):
            return _Note("")

    def _once(self) -> None:
        have, note = self._have(), self._note()
        if have and have == note.total:
            self.went_on = True
            return
        headers = {"User-Agent": "zfdesk", "Accept": "*/*"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if note.mark:
                headers["If-Range"] = note.mark
        request = urllib.request.Request(self.url, headers=headers)
        try:
            response = self.opener.open(request, timeout=self.patience)
        except HTTPError as error:
            with error:
                if have and error.code == 416:  # the part is the whole file, or no part of what lies there now
                    if error.headers.get("Content-Range", "") == f"bytes */{have}":
                        self.went_on = True
                        return
                    forget(self.part)
                    raise _BrokenOffError(f"{self.host} has another file now.") from None
                reason = " ".join(str(error.reason).split())[:100].rstrip(".")
                sentence = f"{self.host} answers “{error.code} {reason}” to {self.url}."
                raise (_BrokenOffError if error.code in _AGAIN else DownloadError)(sentence) from None
        except (URLError, OSError, http.client.HTTPException, ValueError) as error:
            raise self._broken(error) from None
        with response:
            self._copy(response, *self._begin(response, have, note))

    def _begin(self, response: Any, have: int, note: _Note) -> tuple[int, int]:
        """Where the answer goes on, and the length of the whole file; the part is made ready for it."""
        headers = response.headers
        if "html" in headers.get("Content-Type", "").lower():
            raise DownloadError(
                f"{self.host} sent a web page instead of the file: perhaps this network wants you to log in first."
            )
        if response.status == 206:
            place = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", "").strip())
            total = int(place[2]) if place and place[2] != "*" else 0
            if not place or int(place[1]) != have or (note.total and total and total != note.total):
                forget(self.part)
                raise _BrokenOffError(f"{self.host} sent another part of the file than was asked for.")
            self.went_on = True
            return have, total or note.total
        length = headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else 0
        if total > self.most:
            raise DownloadError(
                f"{self.host} announces {total:,} bytes, more than this file can have; nothing was taken."
            )
        etag = headers.get("ETag", "")
        mark = etag if etag.startswith('"') else headers.get("Last-Modified", "")  # a weak ETag marks no bytes
        with _on_disk(self.part):
            forget(self.part)
            write_whole(_note_of(self.part), [json.dumps(asdict(_Note(self.url, total, mark))).encode()])
        return 0, total

    def _copy(self, response: Any, done: int, total: int) -> None:
        with _on_disk(self.part):
            file = self.part.open("ab")
        with file:
            self._report(done, total, first=True)
            while True:
                self.stop.check()
                try:
                    piece = response.read1(PIECE)
                except (OSError, http.client.HTTPException, ValueError) as error:
                    raise self._broken(error) from None
                if not piece:
                    break
                if done + len(piece) > self.most:
                    file.close()
                    forget(self.part)
                    raise DownloadError(f"{self.host} sends more bytes than this file can have; they were thrown away.")
                with _on_disk(self.part):
                    file.write(piece)
                    file.flush()  # a full disk is told of here, not when the file is closed
                done += len(piece)
                self.came += len(piece)
                self._report(done, total)
            self.stop.check()
            if done < total:
                raise _BrokenOffError(f"The connection to {self.host} broke off at {done:,} of {total:,} bytes.")
            self._report(done, total, first=True)

    def _report(self, done: int, total: int, first: bool = False) -> None:
        now = time.monotonic()
        if not first and self.times and now - self.times[-1][0] < TELL_SECONDS:
            return
        self.times = [(at, came) for at, came in self.times if now - at < SPEED_SECONDS]
        self.times.append((now, self.came))
        begun, before = self.times[0]
        self.on_progress(DownloadProgress(done, total, (self.came - before) / (now - begun) if now > begun else 0.0))

    def _broken(self, error: Exception) -> Exception:
        """The error that a failed connection becomes: broken off, or, where another try would end alike, for good."""
        self.stop.check()
        reason = error.reason if isinstance(error, URLError) else error
        message, again = download_failure_text(reason, self.host, self.patience)
        sentence = message + proxy_text(self.url)
        return _BrokenOffError(sentence) if again or self.came else DownloadError(sentence)


@contextmanager
def _on_disk(part: Path) -> Iterator[None]:
    """DownloadError when the disk refuses."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        reason = "the disk is full" if full else error.strerror or str(error)
        kept = "; what has come is kept" if full else ""
        raise DownloadError(f"{part} cannot be written: {reason}{kept}.") from None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that no two write one part; DownloadError when another process or thread has it.

    The system lets go of it when a process ends, however that happens.
    """
    with _on_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("ab")
    with file:
        try:
            _lock(file.fileno())
        except OSError:
            raise DownloadError("A download is under way already, here or in another window of zfdesk.") from None
        yield


if sys.platform == "win32":

    def _lock(number: int) -> None:
        import msvcrt

        os.lseek(number, 0, os.SEEK_SET)
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)

else:

    def _lock(number: int) -> None:
        import fcntl

        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)


__all__ = ["Cancelled", "DownloadError", "DownloadProgress", "Stop", "alone", "download_file", "forget"]
