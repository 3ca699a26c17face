"""What a training writes of itself: whole files, and two lists that grow by a line."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from zfdesk.atomic_write import write_whole
from zfdesk.engine import Model
from zfdesk.runs.entries import About, LogEntry, Note, RunError, file_errors, from_line, to_line
from zfdesk.runs.names import (
    ABOUT,
    CROPS,
    LOG,
    NETWORK,
    PROBE,
    SNAPSHOTS,
    STATE,
    STATISTICS,
    STRONGEST,
    is_run,
    snapshot_file,
    statistics_file,
)
from zfdesk.runs.reader import read_about, read_run
from zfdesk.runs.statistics import LayerTrainingStatistics, encode_statistics
from zfdesk.runs.strongest import StrongestEntry, crop_name, encode_picture
from zfdesk.weights import CheckpointError, save


class RunWriter:
    """Writes a run folder. Only one process of a run writes. Every method raises RunError, with a sentence, where the
    disk refuses; what was there before is then still there, and writing may be tried again."""

    def __init__(self, folder: Path, about: About) -> None:
        self.folder = folder
        self.about = about

    @staticmethod
    def create(folder: Path | str, about: About) -> RunWriter:
        """A new run in a folder that does not exist, is empty, or holds a run that came to nothing: without a step and
        without a saved state. RunError otherwise."""
        place = Path(folder)
        with file_errors(place, "made"):
            if place.exists() and any(place.iterdir()):
                if not _came_to_nothing(place):
                    raise RunError(f"{place} is not empty; a new run needs a folder of its own.")
                for name in (PROBE, STRONGEST, NETWORK):
                    (place / name).unlink(missing_ok=True)
                for name in (SNAPSHOTS, STATISTICS, CROPS):
                    shutil.rmtree(place / name, ignore_errors=True)
            for name in ("", SNAPSHOTS, STATISTICS, STATE):
                (place / name).mkdir(parents=True, exist_ok=True)
        writer = RunWriter(place, about)
        writer._write(place / LOG, b"")
        writer._write(place / ABOUT, about.to_json().encode())  # last: with it the folder is a run
        return writer

    @staticmethod
    def resume(folder: Path | str, step: int) -> RunWriter:
        """Go on with a run whose state is that after ``step`` steps: what the log says beyond them is forgotten.

        Raises RunError for a folder that is no run.
        """
        place = Path(folder)
        writer = RunWriter(place, read_about(place))
        for old in place.rglob(".*.part"):  # of a process that was killed while it wrote
            with suppress(OSError):
                old.unlink()
        log = place / LOG
        with file_errors(log, "read"):
            lines = log.read_bytes().splitlines(keepends=True) if log.exists() else []
        kept = [line for line in lines if line.endswith(b"\n") and _still_true(line, step)]
        if kept != lines or not lines:
            writer._write(log, b"".join(kept))
        return writer

    def log(self, entry: LogEntry) -> None:
        """Add a line to the log: a Step, an Epoch or a Note."""
        self._append(self.folder / LOG, to_line(entry))

    def note(self, step: int, sentence: str, end: bool = False) -> None:
        """Add a sentence to the log. ``end``: the run is over."""
        self.log(Note(step, sentence, end))

    def snapshot(self, epoch: int, model: Model) -> Path:
        """Keep the exported network after ``epoch`` epochs, and return where."""
        return self._model(snapshot_file(self.folder, epoch), model)

    def network(self, model: Model) -> Path:
        """Replace the newest exported network, and return where it lies."""
        return self._model(self.folder / NETWORK, model)

    def statistics(self, epoch: int, layers: Mapping[str, LayerTrainingStatistics]) -> None:
        """Keep the histograms after ``epoch`` epochs; ``layers`` in the network's order."""
        self._write(statistics_file(self.folder, epoch), encode_statistics(layers))

    def probe(self, pixels: np.ndarray) -> None:
        """Keep the picture that is followed over the snapshots: uint8 (height, width, 3) RGB."""
        self._write(self.folder / PROBE, encode_picture(pixels))

    def strongest(self, found: StrongestEntry, pixels: np.ndarray) -> None:
        """Keep a unit's strongest answer and its crop, uint8 (height, width, 3) RGB (see `strongest`)."""
        name = crop_name(found.epoch, found.layer, found.unit)
        self._write(self.folder / name, encode_picture(pixels))
        entry = StrongestEntry(
            found.epoch, found.layer, found.unit, found.picture, found.position, found.activation, name
        )
        self._append(self.folder / STRONGEST, entry.to_line())

    def _model(self, place: Path, model: Model) -> Path:
        try:
            with file_errors(place, "written"):
                place.parent.mkdir(exist_ok=True)
                save(model, place)
        except CheckpointError as error:
            raise RunError(str(error)) from None
        return place

    def _write(self, place: Path, data: bytes) -> None:
        with file_errors(place, "written"):
            place.parent.mkdir(exist_ok=True)
            write_whole(place, [data])

    def _append(self, place: Path, line: bytes) -> None:
        """One write of a whole line, and never behind the torn end of one that failed."""
        with file_errors(place, "written"), place.open("ab+", buffering=0) as file:
            if size := file.seek(0, os.SEEK_END):
                file.seek(size - 1)
                if file.read(1) != b"\n":
                    line = b"\n" + line
            if file.write(line) != len(line):
                raise RunError(f"{place} cannot be written: the disk is full.")


def _came_to_nothing(place: Path) -> bool:
    """Whether a folder has what a run begins with, at most."""
    if is_run(place):
        return read_run(place).step == 0 and not any((place / STATE).glob("[!.]*"))
    return all(path.is_dir() or (path == place / LOG and not path.stat().st_size) for path in place.rglob("*"))


def _still_true(line: bytes, step: int) -> bool:
    """Whether a line of the log is not from beyond ``step``; nor does a run that goes on have an end."""
    try:
        entry = from_line(line)
    except (ValueError, RecursionError):
        return False
    return entry is None or (entry.step <= step and not (isinstance(entry, Note) and entry.end))
