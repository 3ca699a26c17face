"""What the table of commands names: edits by keys, zoom, labels in place, menus. Methods of the builder."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtWidgets import QLabel, QMenu

from zfdesk.desk.figure.commands import BY_ID, keys_as_html
from zfdesk.pages.composition import Composition, inserted, labelled, removed

ZOOMS = {0: "whole page", 100: "as in print", 200: "200 %"}


class EditingCommands:
    """Mixed into the builder."""

    def undo(self) -> None:
        """The figure before."""
        self.commit()
        if not self.draft.undo():
            self.say("There is nothing to take back.", False)

    def redo(self) -> None:
        """And forward again."""
        self.draft.redo()

    def remove(self) -> None:
        """The chosen panel away."""
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

    def walk(self, down: int, right: int) -> None:
        """The grid's cursor."""
        self.grid.walk(down, right)

    def shift(self, down: int, right: int) -> None:
        """The chosen panel."""
        self.grid.shift(down, right)

    def stretch(self, down: int, right: int) -> None:
        """Its span."""
        self.grid.stretch(down, right)

    def widen(self, factor: float) -> None:
        """The cursor's column."""
        self.grid.widen(factor)

    def zoom_to(self, zoom: int) -> None:
        """0: the whole page; else percent of its size in print."""
        self.zoom = zoom
        self.zooms.show_value(zoom)
        self._draw()

    def _zoom_by(self, steps: int) -> None:
        levels = list(ZOOMS)
        place = min(max(levels.index(self.zoom) + steps, 0), len(levels) - 1)
        self.zoom_to(levels[place])

    def toggle_grey(self) -> None:
        """In grey, or in colour again."""
        self.grey.setChecked(not self.grey.isChecked())

    def _set_grey(self, on: bool) -> None:
        self._grey = on
        self._draw()

    def edit_label(self) -> None:
        """Of the chosen panel, in the grid."""
        if (index := self.draft.chosen) >= 0:
            self.edit_label_of(index)

    def edit_label_of(self, index: int) -> None:
        """In place, in the grid."""
        self.draft.choose(index)
        self._edited = index
        box = self.grid.slot_rect(index)
        self.label_editor.begin(self.draft.now.slots[index].label, box.adjusted(2, 2, -2, -2))

    def _edit_on_page(self, place: int) -> None:
        index = self._slot_of(place)
        if index >= 0:
            self._edited = index
            whole = self.view.canvas.rect_of(place)
            where = QRectF(whole.left(), max(whole.top() - 4, 0), max(whole.width(), 160), 24)
            self.page_editor.begin(self.draft.now.slots[index].label, where)

    def _label_done(self, words: str | None) -> None:
        index, self._edited = self._edited, -1
        known = words is not None and 0 <= index < len(self.draft.now.slots)
        if known and words != self.draft.now.slots[index].label:
            self.draft.change(labelled(self.draft.now, index, words))
        self.grid.setFocus()

    def commit(self) -> None:
        """What is being typed counts."""
        for editor in (self.label_editor, self.page_editor):
            editor.finish()
        self.fields.take_typed()

    def _show_menu(self, index: int, where: QPoint) -> None:
        menu = QMenu(self)
        names = ("label", "refresh", "remove", "|", "higher", "wider", "lower", "narrower", "|") if index >= 0 else ()
        for name in (*names, "place", "insert-column", "insert-row", "|", "refresh-all", "clear"):
            if name == "|":
                menu.addSeparator()
                continue
            command = BY_ID[name]
            action = menu.addAction(command.words, partial(getattr(self, command.method), *command.arguments))
            action.setText(f"{command.words}\t{command.keys[0]}")
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)

    def show_keys(self) -> None:
        """All keys, until something is clicked."""
        sheet = QLabel(keys_as_html(), self, Qt.WindowType.Popup)
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sheet.setAccessibleName("All keys")
        sheet.setObjectName("keys")
        sheet.resize(sheet.sizeHint())
        corner = self.help.mapToGlobal(QPoint(self.help.width(), self.help.height() + 4))
        sheet.move(corner - QPoint(sheet.width(), 0))
        sheet.show()


__all__ = ["ZOOMS", "EditingCommands"]
