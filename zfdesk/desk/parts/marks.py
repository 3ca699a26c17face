"""The marks of a folder while they are made: which picture, which part, what was before. Saved at every change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zfdesk.experiments.parts import FILE, PARTS, Marks, PartBox, check_part_name, read_parts, write_parts
from zfdesk.sources import SourceError
from zfdesk.sources.folder import pictures_in


@dataclass(frozen=True)
class _Change:
    picture: str
    part: str
    before: PartBox | None
    after: PartBox | None


class MarkBook:
    """The pictures of one folder and their marks. Raises PartsError or SourceError when the folder cannot be used.

    ``parts``: those of Table 1, then others as they were named. A mark that could not be saved is saved with the next.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names = pictures_in(folder)
        if not self.names:
            raise SourceError(f"There are no pictures in {folder}.")
        path = folder / FILE
        self.marks: Marks = read_parts(folder) if path.exists() or path.is_symlink() else {}
        self.parts = list(dict.fromkeys([*PARTS, *(part for boxes in self.marks.values() for part in boxes)]))
        self.part = PARTS[0]
        self.index = 0
        self._past: list[_Change] = []
        self._future: list[_Change] = []

    @property
    def picture(self) -> str:
        """The file name of the present picture."""
        return self.names[self.index]

    @property
    def path(self) -> Path:
        """Where the present picture lies."""
        return self.folder / self.picture

    @property
    def boxes(self) -> dict[str, PartBox]:
        """The boxes on the present picture, by part."""
        return self.marks.get(self.picture, {})

    @property
    def can_undo(self) -> bool:
        """Whether a mark can be taken back."""
        return bool(self._past)

    @property
    def missing(self) -> list[str]:
        """Pictures that are marked and no longer in the folder; their marks are kept."""
        return [name for name in self.marks if name not in self.names]

    def go(self, steps: int) -> bool:
        """To a picture further on or back; whether there is one."""
        index = min(max(self.index + steps, 0), len(self.names) - 1)
        moved, self.index = index != self.index, index
        return moved

    def go_to(self, picture: str) -> None:
        """To a picture by its name, if it is there."""
        if picture in self.names:
            self.index = self.names.index(picture)

    def add_part(self, name: str) -> None:
        """Another part to mark, chosen at once. Raises PartsError when it cannot be called so."""
        check_part_name(name)
        if name not in self.parts:
            self.parts.append(name)
        self.part = name

    def put(self, box: PartBox) -> None:
        """Mark the chosen part on the present picture. The first time, the next part without a box is chosen.

        Raises PartsError when it cannot be saved; it is marked all the same.
        """
        first = self.part not in self.boxes
        change = _Change(self.picture, self.part, self.boxes.get(self.part), box)
        if first:
            place = self.parts.index(self.part)
            following = [*self.parts[place + 1 :], *self.parts[:place]]
            self.part = next((part for part in following if part not in self.boxes), self.part)
        self._do(change)

    def remove(self) -> None:
        """Take the chosen part's box off the present picture. Raises PartsError when that cannot be saved."""
        if self.part in self.boxes:
            self._do(_Change(self.picture, self.part, self.boxes[self.part], None))

    def undo(self) -> None:
        """Take the last change back, on the picture where it was made. Raises PartsError when it cannot be saved."""
        if self._past:
            change = self._past.pop()
            self._future.append(change)
            self._apply(change, change.before)

    def redo(self) -> None:
        """And forward again. Raises PartsError when it cannot be saved."""
        if self._future:
            change = self._future.pop()
            self._past.append(change)
            self._apply(change, change.after)

    def _do(self, change: _Change) -> None:
        if change.before == change.after:
            return
        self._past.append(change)
        self._future.clear()
        following = self.part
        try:
            self._apply(change, change.after)
        finally:
            self.part = following

    def _apply(self, change: _Change, box: PartBox | None) -> None:
        self.go_to(change.picture)
        self.part = change.part
        boxes = {part: kept for part, kept in self.marks.get(change.picture, {}).items() if part != change.part}
        if box is not None:
            boxes[change.part] = box
        self.marks = {**self.marks, change.picture: {part: boxes[part] for part in self.parts if part in boxes}}
        write_parts(self.folder, self.marks)


__all__ = ["MarkBook"]
