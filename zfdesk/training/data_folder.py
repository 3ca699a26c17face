"""Pictures in a folder by class: DATA/CLASS/picture.jpg. Classes are the folders' names in order."""

from __future__ import annotations

import os
from pathlib import Path

from zfdesk.sources import SourceError
from zfdesk.sources.folder import folders_in, passed_over, pictures_below
from zfdesk.training.data_entry import StoredPicture
from zfdesk.training.errors import PicturesGoneError, TrainingError


class FolderPictures:
    """See `zfdesk.training.data.PictureDataset`. Raises TrainingError for no pictures.

    passed_over: a sentence for each entry that cannot be looked into, see `zfdesk.training.data.passed_over`.
    """

    labelled = True
    teacher_classes = 0
    embedding = 0

    def __init__(self, place: Path) -> None:
        self.place, self.source = place, str(place)
        sentences: list[str] = []

        def refused(error: OSError) -> None:
            sentences.append(passed_over(error.filename, error))

        try:
            folders = folders_in(place, sentences.append)
        except SourceError as error:
            raise TrainingError(str(error)) from None
        found = {name: sorted(pictures_below(place / name, sentences.append, refused)) for name in folders}
        self.passed_over = tuple(sentences)
        self.classes = tuple(sorted(name for name, files in found.items() if files))
        if not self.classes:
            raise TrainingError(
                f"There are no pictures in {place}: a folder of classes has one folder for each, with its pictures."
            )
        self._files = [(name, label) for label, kind in enumerate(self.classes) for name in found[kind]]

    def __len__(self) -> int:
        return len(self._files)

    def name(self, index: int) -> str:
        """CLASS/FILE."""
        name, label = self._files[index]
        return os.path.join(self.classes[label], name)

    def label(self, index: int) -> int:
        """Index of its class."""
        return self._files[index][1]

    def read(self, index: int) -> StoredPicture:
        """The file's bytes and its class."""
        path = self.place / self.name(index)
        try:
            return StoredPicture(path.read_bytes(), self._files[index][1])
        except FileNotFoundError:
            if not path.parent.is_dir():
                raise PicturesGoneError(f"The folder {path.parent} has vanished during training.") from None
            raise
