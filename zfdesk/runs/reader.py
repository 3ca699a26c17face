"""A run folder as it is at one moment, and as it has become a moment later."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from zfdesk.error_reason import error_reason
from zfdesk.runs.entries import About, Epoch, Note, RunError, Step, file_errors, from_line
from zfdesk.runs.names import (
    ABOUT,
    LOG,
    NETWORK,
    PROBE,
    SNAPSHOTS,
    STATISTICS,
    epoch_of,
    snapshot_file,
)
from zfdesk.runs.statistics import LayerTrainingStatistics, read_statistics
from zfdesk.runs.strongest import StrongestEntry, read_picture, read_strongest

T = TypeVar("T", Step, Epoch)
MOST_BYTES = 64 << 20  # of run.json


@dataclass(frozen=True)
class LogPosition:
    """How far a log was read: the file's own number (another one when it was replaced) and the bytes taken."""

    file: int = -1
    taken: int = 0


@dataclass(frozen=True)
class Run:
    """A run as it was when it was read; `refresh` gives what it has become. Safe to hand to another thread.

    snapshots, statistics_epochs: the epochs there is a network, or there are histograms, for. damaged: lines of the
    log that could not be read. updated: when the log last grew, in seconds since the epoch of `time.time`.
    """

    folder: Path
    about: About
    steps: tuple[Step, ...] = ()
    epochs: tuple[Epoch, ...] = ()
    notes: tuple[Note, ...] = ()
    snapshots: tuple[int, ...] = ()
    statistics_epochs: tuple[int, ...] = ()
    damaged: int = 0
    updated: float = 0.0
    place: LogPosition = LogPosition()

    @property
    def ended(self) -> bool:
        """Whether the run said that it is over, or all its epochs are done."""
        over = any(note.end for note in self.notes[-1:])
        return over or (bool(self.epochs) and self.epochs[-1].epoch >= self.about.epochs)

    @property
    def step(self) -> int:
        """Optimiser steps done, as far as the log says."""
        return max((entries[-1].step for entries in (self.steps, self.epochs, self.notes) if entries), default=0)

    @property
    def label(self) -> str:
        """The run, and how far it has come, in sentences for a caption."""
        done = self.epochs[-1].epoch if self.epochs else 0
        return f"Training of {self.about.label} Epoch {done} of {self.about.epochs}, step {self.step:,}."

    @property
    def network(self) -> Path:
        """Where the newest exported network lies, once there is one."""
        return self.folder / NETWORK

    def snapshot_file(self, epoch: int) -> Path:
        """Where the network after ``epoch`` epochs lies."""
        return snapshot_file(self.folder, epoch)

    def statistics(self, epoch: int) -> dict[str, LayerTrainingStatistics]:
        """The histograms after ``epoch`` epochs by layer. RunError where they are missing or damaged."""
        return read_statistics(self.folder, epoch)

    def probe(self) -> np.ndarray | None:
        """The picture followed over the snapshots: uint8 (height, width, 3) RGB; None without. RunError if damaged."""
        place = self.folder / PROBE
        return read_picture(place) if place.exists() else None

    def strongest(self) -> tuple[StrongestEntry, ...]:
        """The strongest answers of chosen units over the training pictures, for Fig. 4; () where none were kept."""
        return read_strongest(self.folder)

    def refresh(self) -> Run:
        """The run as it is now; the same object where nothing is new. Reads only what the log has grown by.

        Raises RunError where the folder is gone or no run any more.
        """
        run = self._log()
        snapshots = _epochs(self.folder / SNAPSHOTS, ".safetensors")
        statistics = _epochs(self.folder / STATISTICS, ".npz")
        if (run.snapshots, run.statistics_epochs) == (snapshots, statistics):
            return run
        return replace(run, snapshots=snapshots, statistics_epochs=statistics)

    def _log(self) -> Run:
        place = self.folder / LOG
        if not os.path.exists(place):
            read_about(self.folder)  # says that the run is gone, if it is
            return self
        with file_errors(place, "read"), place.open("rb") as file:
            found = os.fstat(file.fileno())
            if (found.st_ino, found.st_size) == (self.place.file, self.place.taken):
                return self
            fresh = found.st_ino != self.place.file or found.st_size < self.place.taken
            start = 0 if fresh else self.place.taken
            file.seek(start)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]  # the last line may be half written
        old = self
        if fresh:  # another run may have begun in the same folder
            about = self.about if self.place.file < 0 else read_about(self.folder)
            old = replace(self, about=about, steps=(), epochs=(), notes=(), damaged=0)
        taken = LogPosition(found.st_ino, start + len(whole))
        if not fresh and not whole:
            return self
        return _with_lines(old, whole, taken, found.st_mtime)


def read_run(folder: Path | str) -> Run:
    """The run in a folder. Raises RunError, with one sentence, for a folder that is none."""
    place = Path(folder)
    return Run(place, read_about(place)).refresh()


def read_about(folder: Path) -> About:
    """What ``run.json`` says. RunError for a folder that is no run."""
    place = folder / ABOUT
    try:
        found = place.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
            raise RunError(f"{folder} is not a training run: its {ABOUT} is not a file of ours.")
        text = place.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError):
        if os.path.lexists(folder):
            reason = f"it has no {ABOUT}" if folder.is_dir() else "it is not a folder"
        else:
            reason = "there is no such folder"
        raise RunError(f"{folder} is not a training run: {reason}.") from None
    except UnicodeDecodeError:
        raise RunError(f"{folder} is not a training run: its {ABOUT} is not text.") from None
    except OSError as error:
        raise RunError(f"{place} cannot be read: {error_reason(error)}.") from None
    try:
        return About.from_json(text)
    except RunError as error:
        raise RunError(f"{folder} is not a training run: its {ABOUT} {error}.") from None


def _with_lines(run: Run, data: bytes, place: LogPosition, updated: float) -> Run:
    """The run with further lines of its log. A step or epoch that stands there already, or lies before, is of a run
    that was resumed: as `RunWriter.resume` does, it takes the place of what was said from there on."""
    steps, epochs, notes = list(run.steps), list(run.epochs), list(run.notes)
    known: tuple[list[Step] | list[Epoch] | list[Note], ...] = (steps, epochs, notes)
    damaged = 0
    for line in data.splitlines():
        try:
            entry = from_line(line)
        except (ValueError, RecursionError):
            damaged += bool(line.strip())
            continue
        if isinstance(entry, Step | Epoch):
            for entries in known:
                while entries and entries[-1].step > entry.step:
                    entries.pop()
        match entry:
            case Step():
                _add(steps, entry)
            case Epoch():
                _add(epochs, entry)
            case Note():
                notes.append(entry)  # of one step there may be several
    return replace(
        run, steps=tuple(steps), epochs=tuple(epochs), notes=tuple(notes), damaged=run.damaged + damaged, place=place,
        updated=updated,
    )  # fmt: skip


def _add(entries: list[T], entry: T) -> None:
    """Add an entry, in place of the one of the same step."""
    if entries and entries[-1].step == entry.step:
        entries.pop()
    entries.append(entry)


def _epochs(folder: Path, suffix: str) -> tuple[int, ...]:
    """The epochs that files of a folder are named for, rising."""
    try:
        names = os.listdir(folder)
    except OSError:
        return ()
    found = []
    for name in names:
        if name.endswith(suffix) and not name.startswith("."):
            try:
                found.append(epoch_of(name))
            except ValueError:
                continue
    return tuple(sorted(found))
