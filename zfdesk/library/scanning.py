"""The scan: every picture of some folders goes through the network once, and what it wakes is kept.

    with Library(model) as library:
        for step in scan(library, ["photos/"]):
            print(step.done, step.total, step.rate, step.seconds_left)

The loop is the scan: not to go on is its pause, to leave it its cancellation, and what is done by then is kept.
Decoding runs in threads while the network computes. Chunks come in random order, so that what is there after a while
speaks for all folders, and two scans of the same folders at once share the work.
"""

from __future__ import annotations

import os
import random
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from zfdesk.engine import Model
from zfdesk.library.database import LibraryError
from zfdesk.library.listing import ListedPicture, Listing, absolute
from zfdesk.library.reading import Gone, Reader
from zfdesk.library.records import Part, answers, digest_of, joined, scannable_layers
from zfdesk.library.store import Library, ScannedPicture
from zfdesk.live import Crop
from zfdesk.progress import counted

BATCH = 32
"""Pictures in one step."""

CHUNK = 32
"""Pictures next to each other in a folder that are scanned in a row."""

KEEP_EVERY = 2.0
"""Seconds of work that a kill may cost."""

KEEP_PICTURES = 256
"""Pictures in a part at most: what they wake is in memory until then, some 10 MB."""


@dataclass(frozen=True)
class ScanStep:
    """How a scan stands.

    phase: "looking" for pictures, "scanning", or "done". found: pictures there are. done: of the
    ``total`` that this scan is to do. unreadable: paths with reasons, since
    the last step. seconds: of work, without pauses. passed_over: a sentence for each link that leads nowhere.
    """

    phase: str
    found: int
    done: int = 0
    total: int = 0
    unreadable: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    passed_over: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Return the speed in pictures a second."""
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """None while nothing tells."""
        return (self.total - self.done) / self.rate if self.done else None


@dataclass(frozen=True, eq=False)
class Scanned:
    """What became of some pictures. ``part``: of those seen; as bytes it comes from another machine. ``gone``: files
    that are no longer there."""

    seen: list[ScannedPicture]
    part: Part | bytes | None
    unreadable: list[tuple[ListedPicture, str]]
    gone: list[ListedPicture]

    @property
    def count(self) -> int:
        """All pictures of the chunk: seen, unreadable and gone."""
        return len(self.seen) + len(self.unreadable) + len(self.gone)


Chunks = Iterator[list[ListedPicture]]
Compute = Callable[[Model, Chunks, Sequence[str], Crop], Iterator[Scanned]]
"""Scans chunks of pictures, cut square, for some layers; in any order and any portions."""


def scan(
    library: Library,
    places: Sequence[str | os.PathLike[str]],
    layers: Sequence[str] = (),
    *,
    clip_every: float = 1.0,
    compute: Compute | None = None,
) -> Generator[ScanStep, None, None]:
    """Scan what is new or changed in folders, pictures and clips, for some layers, by default all.

    clip_every: seconds between two frames of a clip. compute: who does it, by default this process.
    Raises LibraryError, in a sentence, where there is no picture, a folder vanishes, the disk is full or the store
    unusable: what was scanned by then stays. ValueError for an unknown layer.
    """
    wanted = absolute(places)
    layers = tuple(layers) or scannable_layers(library.model.architecture)
    for layer in layers:
        library.model.architecture.stage(layer)
    library.tidy()
    listing = Listing(wanted, clip_every)
    found = 0
    for found in library.backlog.begin(listing, layers):
        yield ScanStep("looking", found)
    if not found:
        raise LibraryError(" ".join(listing.errors) or f"There are no pictures in {_listed(wanted)}.")
    library.remember(wanted)
    library.backlog.forget_missing([place for place in listing.complete if place.is_dir()])
    step = ScanStep(
        "scanning",
        found,
        unreadable=tuple((sentence, "") for sentence in listing.errors),
        passed_over=tuple(listing.passed_over),
    )
    yield step
    step = replace(step, passed_over=())
    for step in _scanned(library, wanted, layers, found, compute or compute_here):
        yield step
    library.tidy()
    yield replace(step, phase="done", unreadable=())


def _scanned(
    library: Library, places: Sequence[Path], layers: Sequence[str], found: int, compute: Compute
) -> Iterator[ScanStep]:
    total, layers = library.backlog.left(), library.backlog.layers_to_keep(layers)
    work = compute(library.model, _chunks(library, total, layers), layers, library.crop)
    keeper = _Keeper(library, layers)
    done, seconds, begun = 0, 0.0, time.monotonic()
    try:
        for scanned in work:
            done += scanned.count
            keeper.take(scanned)
            if scanned.gone and (lost := [place for place in places if not place.exists()]):
                keeper.keep()
                raise LibraryError(
                    f"{lost[0]} vanished during the scan; what was scanned until then, "
                    f"{counted(keeper.kept, 'picture')}, is kept."
                )
            seconds += time.monotonic() - begun
            unreadable = tuple((os.fsdecode(one.path), reason) for one, reason in scanned.unreadable)
            yield ScanStep("scanning", found, done, total, unreadable, seconds)
            begun = time.monotonic()
    finally:
        getattr(work, "close", lambda: None)()
        keeper.keep()
    yield ScanStep("scanning", found, total, total, (), seconds)


def _chunks(library: Library, total: int, layers: Sequence[str]) -> Iterator[list[ListedPicture]]:
    """What is to be scanned, by chunks in random order; what another scan has done meanwhile is left out."""
    starts = np.arange(0, total, CHUNK)
    random.Random().shuffle(starts)  # type: ignore[arg-type]  # an array can be shuffled too
    for start in starts.tolist():
        if chunk := library.backlog.chunk(start, start + CHUNK, layers):
            yield chunk


class _Keeper:
    """Writes what was scanned, now and then."""

    def __init__(self, library: Library, layers: Sequence[str]) -> None:
        self._library, self._layers = library, layers
        self._seen: list[ScannedPicture] = []
        self._parts: list[Part] = []
        self._next = time.monotonic() + KEEP_EVERY
        self.kept = 0

    def take(self, scanned: Scanned) -> None:
        if scanned.unreadable:
            self._library.add_unreadable(scanned.unreadable)
        if isinstance(scanned.part, bytes):
            self._write(scanned.seen, scanned.part)
        elif scanned.part is not None:
            self._seen += scanned.seen
            self._parts.append(scanned.part)
            if len(self._seen) >= KEEP_PICTURES or time.monotonic() > self._next:
                self.keep()

    def keep(self) -> None:
        """Write the records that wait to be written."""
        seen, parts = self._seen, self._parts
        self._seen, self._parts, self._next = [], [], time.monotonic() + KEEP_EVERY
        if parts:
            self._write(seen, joined(parts))

    def _write(self, seen: Sequence[ScannedPicture], part: Part | bytes) -> None:
        try:
            self._library.add(seen, part, self._layers)
        except LibraryError as error:
            raise LibraryError(
                f"{error} What was scanned until then, {counted(self.kept, 'picture')}, is kept."
            ) from None
        self.kept += len(seen)


def compute_here(model: Model, chunks: Chunks, layers: Sequence[str], crop: Crop) -> Iterator[Scanned]:
    """In this process: threads decode ahead while the network computes."""
    reader = Reader(model, crop)
    pool = ThreadPoolExecutor(decoders(), "decode")
    waiting: deque[Future[_Decoded]] = deque()
    files = (one for chunk in chunks for one in chunk)
    try:
        while True:
            while len(waiting) < 3 * BATCH and (one := next(files, None)) is not None:
                waiting.append(pool.submit(_decoded, reader, one))
            if not waiting:
                return
            batch = [waiting.popleft().result() for _ in range(min(BATCH, len(waiting)))]
            yield _computed(model, batch, layers)
    finally:
        pool.shutdown(cancel_futures=True)
        reader.close()


@dataclass(frozen=True, eq=False)
class _Decoded:
    found: ListedPicture
    picture: np.ndarray | None
    digest: bytes = b""
    reason: str = ""  # why there is no picture; "" where there is no file


def _decoded(reader: Reader, found: ListedPicture) -> _Decoded:
    try:
        picture = reader.read(found)
    except Gone:
        return _Decoded(found, None)
    except ValueError as error:
        return _Decoded(found, None, reason=str(error))
    return _Decoded(found, picture, digest_of(picture))


def _computed(model: Model, batch: Sequence[_Decoded], layers: Sequence[str]) -> Scanned:
    there = [(one.found, one.digest, one.picture) for one in batch if one.picture is not None]
    part = answers(model, np.stack([picture for _, _, picture in there]), layers) if there else None
    return Scanned(
        [ScannedPicture(found, digest) for found, digest, _ in there], part,
        [(one.found, one.reason) for one in batch if one.reason],
        [one.found for one in batch if one.picture is None and not one.reason],
    )  # fmt: skip


def decoders() -> int:
    """Threads that decode: one for each two cores keeps the network fed, and leaves it the rest."""
    return max((os.cpu_count() or 2) // 2, 1)


def _listed(places: Sequence[Path]) -> str:
    return ", ".join(place.name or str(place) for place in places)


__all__ = ["BATCH", "Compute", "ScanStep", "Scanned", "compute_here", "scan"]
