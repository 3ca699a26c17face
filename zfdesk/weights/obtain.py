"""From a catalogue entry, or a foreign file, to checked weights of ours in the user's folder.

`obtain` downloads, checks the hash, converts, keeps: the network in use changes in no step of it. What is underway lies
in ``downloads`` beside the weights folder and is gone in the end, except for a part to go on from.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from zfdesk.engine.model import Model
from zfdesk.error_reason import error_reason
from zfdesk.weights import store
from zfdesk.weights.catalogue import CATALOGUE, CatalogueEntry
from zfdesk.weights.convert import import_weights
from zfdesk.weights.download import PATIENCE, PAUSES, DownloadProgress, alone, download_file, forget
from zfdesk.weights.safetensors_file import CheckpointError
from zfdesk.weights.store import StoredWeights
from zfdesk.weights.torch_file import pth_digest
from zfdesk.weights.web import DownloadError, Stop

SPARE_BYTES = 1 << 20  # headers, names, notes
OnStage = Callable[[str, DownloadProgress | None], None]
"""What goes on, a word or two ("Downloading", "Checking", "Converting"), and how far the download is."""


@dataclass(frozen=True)
class KeptWeights:
    """Weights that are now in the user's folder. ``original``: the file they came from, where it was kept."""

    name: str
    path: Path
    model: Model
    original: Path | None = None


def downloads() -> Path:
    """The folder of what is being downloaded; it need not exist."""
    return store.home() / "downloads"


def installed(entry: CatalogueEntry, stored: Sequence[StoredWeights]) -> StoredWeights | None:
    """The stored weights that come from this entry, whatever they are called now."""
    return next((have for have in stored if have.source == entry.source and not have.error), None)


def part_bytes(entry: CatalogueEntry) -> int:
    """How much of an entry's file has come already, in bytes."""
    try:
        return (downloads() / f"{entry.file}.part").stat().st_size
    except OSError:
        return 0


def obtain(
    entry: CatalogueEntry,
    on_stage: OnStage = lambda *_: None,
    stop: Stop | None = None,
    keep: bool = False,
    pauses: tuple[float, ...] = PAUSES,
    patience: float = PATIENCE,
) -> KeptWeights:
    """Download an entry's file, check it, convert it and keep it under the entry's name, or a free one like it.

    on_stage: called in this thread. stop: to break off, which raises Cancelled; the part stays. keep: the downloaded
    file too, see `KeptWeights.original`. pauses, patience: see `download_file`.
    Raises CheckpointError (a failed download: DownloadError) with one sentence. A file that is not what it should be is
    thrown away; one that is good is kept for the next try when the disk has no room for what it is converted to.
    """
    stop = stop or Stop()
    if entry.by_file:
        raise DownloadError(f"{entry.name} cannot be downloaded from here: {entry.by_file}.")
    with alone(downloads()):
        file = downloads() / entry.file
        if not file.exists():
            _check_room(entry)
            _bring(entry, file, on_stage, stop, pauses, patience)
        else:
            on_stage("Checking", None)
            _check(entry, file)
        stop.check()
        on_stage("Converting", None)
        kept = _converted(entry, file, stop)
        if keep:
            return replace(kept, original=file)
        file.unlink(missing_ok=True)
        return kept


def import_file(path: Path, name: str | None = None, catalogue: tuple[CatalogueEntry, ...] = CATALOGUE) -> KeptWeights:
    """Convert a foreign file and keep it; one of the catalogue is recognised and credited.

    name: the name to keep it under; without it the catalogue's, or the file's own. Raises CheckpointError.
    """
    model = import_weights(path)
    entry = next((entry for entry in catalogue if _is(entry, model, path)), None)
    if entry is not None:
        model = _credited(model, entry)
    name = name or store.name_for(Path(entry.name) if entry else path)
    return KeptWeights(name, store.add(model, name), model)


def _is(entry: CatalogueEntry, model: Model, path: Path) -> bool:
    if entry.architecture != model.architecture.name:
        return False
    # of .pth and .onnx files the model carries the SHA-256 already
    digest = model.sha256 if entry.algorithm == "sha256" else pth_digest(path, entry.algorithm)
    return digest.startswith(entry.hash)


def _credited(model: Model, entry: CatalogueEntry) -> Model:
    return replace(model, provenance=entry.provenance, licence=entry.licence, source=entry.source)


def _check_room(entry: CatalogueEntry) -> None:
    """DownloadError when the disk cannot hold the rest of the file and what it is converted to."""
    wanted = max(entry.size - part_bytes(entry), 0) + 4 * entry.parameters + SPARE_BYTES
    free = shutil.disk_usage(downloads()).free
    if free < wanted:
        raise DownloadError(
            f"There is not enough room in {store.home()}: {free / 1e6:.0f} MB are free, and getting {entry.name} takes "
            f"{wanted / 1e6:.0f} MB."
        )


def _bring(
    entry: CatalogueEntry, file: Path, on_stage: OnStage, stop: Stop, pauses: tuple[float, ...], patience: float
) -> None:
    """The file at its place, whole and good."""
    part = file.with_name(f"{file.name}.part")

    def on_progress(progress: DownloadProgress) -> None:
        on_stage("Downloading", progress)

    while True:
        went_on = download_file(entry.source, part, entry.most_bytes, on_progress, stop, pauses, patience)
        on_stage("Checking", None)
        try:
            _check(entry, part)
            break
        except CheckpointError:
            forget(part)
            if not went_on:
                raise
            # the earlier part may have been of another file, or damaged since: once more from the start
    try:
        part.replace(file)
    except OSError as error:
        raise DownloadError(f"{file} cannot be written: {error_reason(error)}.") from None
    forget(part)


def _check(entry: CatalogueEntry, file: Path) -> None:
    """CheckpointError, and the file is gone, unless its hash is the entry's."""
    try:
        found = pth_digest(file, entry.algorithm)
    except CheckpointError as error:
        if not _system(error):
            file.unlink(missing_ok=True)
            raise DownloadError(f"{error} The download was thrown away.") from None
        raise
    if not found.startswith(entry.hash):
        file.unlink(missing_ok=True)
        raise DownloadError(
            f"What came for {entry.name} is not what the catalogue names: its {entry.algorithm_text} begins "
            f"{found[:8]}, not {entry.hash[:8]}; it was thrown away."
        )


def _converted(entry: CatalogueEntry, file: Path, stop: Stop) -> KeptWeights:
    try:
        model = import_weights(file)
        if model.architecture.name != entry.architecture:
            raise CheckpointError(f"{file} holds {model.architecture.title}, not {entry.title}.")
    except CheckpointError as error:
        if not _system(error):
            file.unlink(missing_ok=True)
        raise
    stop.check()
    name = store.name_for(Path(entry.name))
    model = _credited(model, entry)
    return KeptWeights(name, store.add(model, name), model)


def _system(error: CheckpointError) -> bool:
    """Whether the machine is to blame, and not the file."""
    return isinstance(error.__context__, OSError | MemoryError)


__all__ = ["KeptWeights", "downloads", "import_file", "installed", "obtain", "part_bytes"]
