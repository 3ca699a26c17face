"""Pictures in a folder by class: DATA/CLASS/picture.jpg. Classes are the folders' names in order."""

from __future__ import annotations

import os
from pathlib import Path

from zfdesk.sources.folder import PICTURE_SUFFIXES
from zfdesk.training.data_entry import Entry
from zfdesk.training.errors import PicturesGoneError, TrainingError

SUFFIXES = tuple(sorted(PICTURE_SUFFIXES))


class FolderPictures:
    """See `zfdesk.training.data.Pictures`. Raises TrainingError for no pictures.

    passed_over: a sentence for each entry that cannot be looked into, see `zfdesk.training.data.passed_over`.
    """

    labelled = True
    teacher_classes = 0
    embedding = 0

    def __init__(self, place: Path) -> None:
        self.place, self.words = place, str(place)
        self.passed_over: tuple[str, ...] = ()
        try:
            entries = [entry for entry in os.scandir(place) if not entry.name.startswith(".")]
            folders = [entry for entry in entries if self._is_folder(entry)]
            found = {folder.name: _pictures(folder.path) for folder in folders}
        except OSError as error:
            raise TrainingError(f"{place} cannot be read: {(error.strerror or str(error)).lower()}.") from None
        self.classes = tuple(sorted(name for name, files in found.items() if files))
        if not self.classes:
            raise TrainingError(
                f"There are no pictures in {place}: a folder of classes has one folder for each, with its pictures."
            )
        self._files = [(name, label) for label, kind in enumerate(self.classes) for name in found[kind]]

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            return entry.is_dir()
        except OSError as error:  # such as a link to itself
            self.passed_over += (f"{entry.path} is passed over: {(error.strerror or str(error)).lower()}.",)
            return False

    def __len__(self) -> int:
        return len(self._files)

    def name(self, index: int) -> str:
        """CLASS/FILE."""
        name, label = self._files[index]
        return os.path.join(self.classes[label], name)

    def label(self, index: int) -> int:
        """Index of its class."""
        return self._files[index][1]

    def read(self, index: int) -> Entry:
        """The file's bytes and its class."""
        path = self.place / self.name(index)
        try:
            return Entry(path.read_bytes(), self._files[index][1])
        except FileNotFoundError:
            if not path.parent.is_dir():
                raise PicturesGoneError(f"The folder {path.parent} has vanished during training.") from None
            raise


def _pictures(folder: str) -> list[str]:
    """Names of picture files, also in folders below, in order; hidden ones are left out."""
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = os.path.relpath(root, folder)
        found += [
            os.path.normpath(os.path.join(below, name))
            for name in files
            if name.lower().endswith(SUFFIXES) and not name.startswith(".")
        ]
    return sorted(found)
