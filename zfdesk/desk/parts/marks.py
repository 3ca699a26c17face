"""The marks of a folder while they are made: which picture, which part, what was before. Saved at every change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zfdesk.desk.history import History
from zfdesk.experiments.parts import FILE, PARTS, Marks, PartBox, check_part_name, read_parts, write_parts
from zfdesk.sources import SourceError
from zfdesk.sources.folder import pictures_in

MOST_UNDO = 1000


@dataclass(frozen=True)
class _Step:
    """All marks, and where the next or the last one was changed."""

    marks: Marks
    picture: str
    part: str


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
        self._history: History[_Step] = History(MOST_UNDO)

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
        return self._history.can_undo

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
        marked = self.part
        if first:
            place = self.parts.index(self.part)
            following = [*self.parts[place + 1 :], *self.parts[:place]]
            self.part = next((part for part in following if part not in self.boxes), self.part)
        self._put(marked, box)

    def remove(self) -> None:
        """Take the chosen part's box off the present picture. Raises PartsError when that cannot be saved."""
        if self.part in self.boxes:
            self._put(self.part, None)

    def undo(self) -> None:
        """Take the last change back, on the picture where it was made. Raises PartsError when it cannot be saved."""
        if (step := self._history.previous) is not None:
            self._history.undo(_Step(self.marks, step.picture, step.part))
            self._show(step)

    def redo(self) -> None:
        """And forward again. Raises PartsError when it cannot be saved."""
        if (step := self._history.following) is not None:
            self._history.redo(_Step(self.marks, step.picture, step.part))
            self._show(step)

    def _put(self, part: str, box: PartBox | None) -> None:
        """Give a part of the present picture another box, or none."""
        if box == self.boxes.get(part):
            return
        self._history.step(_Step(self.marks, self.picture, part))
        boxes = {known: kept for known, kept in self.boxes.items() if known != part}
        if box is not None:
            boxes[part] = box
        ordered = {known: boxes[known] for known in self.parts if known in boxes}
        self.marks = {**self.marks, self.picture: ordered}
        write_parts(self.folder, self.marks)

    def _show(self, step: _Step) -> None:
        self.go_to(step.picture)
        self.part, self.marks = step.part, step.marks
        write_parts(self.folder, self.marks)


__all__ = ["MarkBook"]
