"""Edits of the figure by keys and menus: undo, rows and columns, labels in place."""

from __future__ import annotations

from PySide6.QtCore import QRectF

from zfdesk.desk.figure.bench import Bench
from zfdesk.pages.composition import Composition, inserted, labelled, removed


class EditingCommands:
    """Commands that edit the composition."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.draft, self.grid = bench, bench.draft, bench.grid
        self._edited = -1  # the slot whose label is being typed
        for editor in bench.editors:
            editor.done.connect(self._label_done)

    def undo(self) -> None:
        """Undo the last edit."""
        self.bench.commit()
        if not self.draft.undo():
            self.bench.say("There is nothing to take back.")

    def redo(self) -> None:
        """Redo the edit that was undone last."""
        self.draft.redo()

    def remove(self) -> None:
        """Remove the chosen panel."""
        if (index := self.draft.chosen) >= 0:
            self.draft.change(removed(self.draft.now, index), -1)

    def clear(self) -> None:
        """An empty page, which undo fills again."""
        if self.draft.now.slots:
            now = self.draft.now
            self.draft.change(Composition(size=now.size, dpi=now.dpi, letters=now.letters), -1)

    def insert_line(self, across: bool) -> None:
        """An empty column or row before the cursor's."""
        row, column = self.grid.cursor_place
        self.draft.change(inserted(self.draft.now, column if across else row, across))

    def edit_label(self) -> None:
        """Of the chosen panel, in the grid."""
        if (index := self.draft.chosen) >= 0:
            self.edit_label_of(index)

    def edit_label_of(self, index: int) -> None:
        """Edit the label of the chosen panel in its place."""
        self.draft.choose(index)
        self._edited = index
        box = self.grid.slot_rect(index)
        self.bench.editors[0].begin(self.draft.now.slots[index].label, box.adjusted(2, 2, -2, -2))

    def edit_on_page(self, place: int) -> None:
        """In place, on the drawn page."""
        index = self.bench.preview.slot_of(place)
        if index >= 0:
            self._edited = index
            area = self.bench.preview.view.canvas.rect_of(place)
            where = QRectF(area.left(), max(area.top() - 4, 0), max(area.width(), 160), 24)
            self.bench.editors[1].begin(self.draft.now.slots[index].label, where)

    def _label_done(self, text: str | None) -> None:
        index, self._edited = self._edited, -1
        known = text is not None and 0 <= index < len(self.draft.now.slots)
        if known and text != self.draft.now.slots[index].label:
            self.draft.change(labelled(self.draft.now, index, text))
        self.grid.setFocus()


__all__ = ["EditingCommands"]
