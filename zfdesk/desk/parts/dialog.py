"""Marking parts in a folder's pictures with the mouse, and comparing them (Section 4.3, Table 1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout

from zfdesk.desk.context import AppContext
from zfdesk.desk.parts.canvas import MarkCanvas
from zfdesk.desk.parts.marks import MarkBook
from zfdesk.desk.parts.table1 import Table1Widget
from zfdesk.desk.settings import MARKING_FOLDER
from zfdesk.desk.widgets.buttons import plain_button
from zfdesk.desk.widgets.canvas import CanvasPicture
from zfdesk.desk.widgets.controls import Controls
from zfdesk.desk.widgets.dialog import Dialog, open_dialog
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.theme import Colours, set_role
from zfdesk.experiments.parts import PartBox, PartsError, check_boxes
from zfdesk.sources import SourceError, read_picture

NO_FOLDER = "Choose a folder of pictures whose parts you want to mark: eyes, noses, wheels, …"


class MarkingSheet(Dialog):
    """Goes through a folder's pictures; what is drawn is saved at once in ``zfdesk-parts.json`` beside them."""

    def __init__(self, context: AppContext) -> None:
        super().__init__(context, "Mark parts and compare")
        self.book: MarkBook | None = None
        self.pixels: np.ndarray | None = None
        self._ticket = 0
        self.buttons: dict[str, QPushButton] = {}
        self.canvas = MarkCanvas()
        self.canvas.setAccessibleName("Picture with marked parts")
        self.canvas.setToolTip("Drag a box over the chosen part; click a box to choose its part")
        self.canvas.drawn.connect(self.put)
        self.canvas.picked.connect(self.choose)
        self.facts = ElidedLabel()
        self.facts.setAccessibleName("Which picture")
        set_role(self.facts, "quiet")
        self.table1 = Table1Widget(self)
        self.table1.message.connect(self.say)
        self.table1.crop_changed.connect(self._show)
        layout = QVBoxLayout(self)
        layout.addLayout(self._top())
        layout.addLayout(self._part_row())
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.message)
        layout.addWidget(self.table1)
        self._show()
        self._open_first()
        self.canvas.setFocus()

    # What there is

    def _top(self) -> QHBoxLayout:
        self.folder = plain_button("Folder…", "Another folder of pictures", self.ask_for_folder)
        self.previous = plain_button("Previous", "The picture before (W or Page Up)", lambda: self.go(-1))
        self.next = plain_button("Next", "The next picture (E or Page Down)", lambda: self.go(1))
        row = QHBoxLayout()
        row.addWidget(self.folder)
        row.addWidget(self.facts, 1)
        row.addWidget(self.previous)
        row.addWidget(self.next)
        return row

    def _part_row(self) -> QHBoxLayout:
        """A button for each part of the folder, and what is done to marks."""
        self._row, self._group = Controls(), QButtonGroup(self)
        self.another = QLineEdit(placeholderText="another part, Return")
        self.another.setToolTip("Name another part, such as a wheel, and press Return")
        self.another.setAccessibleName("Name of another part")
        self.another.returnPressed.connect(self.add_part)
        self.undo_button = plain_button("Undo", "Take the last mark back (Ctrl+Z)", self.undo)
        self.remove_button = plain_button("Remove", "Remove the chosen part's box (Delete)", self.remove)
        self.parts = QHBoxLayout()
        self.parts.addWidget(self._row, 1)
        for widget in (self.another, self.undo_button, self.remove_button):
            self.parts.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        return self.parts

    def apply_theme(self, colours: Colours) -> None:
        """Take over a theme or another size of type."""
        em = self.context.window.fontMetrics().height()
        room = self.context.window.screen().availableSize()
        self.resize(min(56 * em, room.width() - 40), min(52 * em, room.height() - 60))
        self.canvas.colours = colours
        self.another.setFixedWidth(self.another.fontMetrics().horizontalAdvance("m" * 15))
        self.table1.apply_theme(colours)
        self.canvas.update()

    # The folder and its pictures

    def _open_first(self) -> None:
        """The folder that the window shows, else the last one that was marked."""
        source = self.desk.view.source
        last = self.context.recall(MARKING_FOLDER)
        path = Path(source.location) if source.kind in ("folder", "picture") else Path(last) if last else None
        if path is None or not path.exists():
            return
        self.open_folder(path if path.is_dir() else path.parent)
        if self.book and source.kind == "picture":
            self.book.go_to(path.name)
            self._read()

    def ask_for_folder(self) -> None:
        """A folder picker, then `open`."""
        start = str(self.book.folder if self.book else Path.home())
        path = QFileDialog.getExistingDirectory(self, "Pictures whose parts to mark", start)
        if path:
            self.open_folder(Path(path))

    def open_folder(self, folder: Path) -> None:
        """Go to another folder; the present one stays where that cannot be used."""
        try:
            book = MarkBook(folder)
        except (PartsError, SourceError, OSError) as error:
            self.say(str(error), True)
            return
        self.book = book
        self.context.remember(MARKING_FOLDER, str(folder))
        count = len(book.missing)
        missing = f"{book.missing[0]}{f' and {count - 1} more' if count > 1 else ''}" if count else ""
        self.say(f"{missing} is marked, but no longer there; its marks are kept." if missing else "", bool(missing))
        self._make_parts()
        self._read()

    def go(self, steps: int) -> None:
        """Pictures further on, or back."""
        if self.book and self.book.go(steps):
            self._read()

    def _read(self) -> None:
        """Read the present picture off this thread; a later wish overtakes it."""
        assert self.book is not None
        self._ticket += 1
        self.pixels = None
        self.canvas.cancel_drag()
        self.canvas.set_content(f"Reading {self.book.picture}…")
        self._show()
        self.run_task("picture", partial(read_picture, self.book.path), partial(self._on_picture, self._ticket))

    def _on_picture(self, ticket: int, pixels: np.ndarray | None, error: Exception | None) -> None:
        if ticket != self._ticket or self.book is None:
            return
        self.pixels = pixels
        self.canvas.set_content(CanvasPicture.rgb(pixels) if pixels is not None else str(error))
        self.canvas.reset_zoom()
        self._show()
        try:
            if pixels is not None:
                check_boxes(self.book.picture, self.book.boxes, *pixels.shape[:2])
        except PartsError as outside:
            self.say(str(outside), True)

    # Marking

    def _make_parts(self) -> None:
        """A button for each part."""
        assert self.book is not None
        row, group = Controls(), QButtonGroup(self)
        self.buttons = {}
        for number, part in enumerate(self.book.parts, 1):
            key = f" (key {number})" if number < 10 else ""
            button = plain_button(part, f"Draw the box of the {part}{key}", partial(self.choose, part))
            button.setCheckable(True)
            group.addButton(button)
            self.buttons[part] = button
            row.add(button, part)
        before, self._row, self._group = (self._row, self._group), row, group
        self.parts.replaceWidget(before[0], row)
        for old in before:
            old.deleteLater()
        before[0].hide()

    def add_part(self) -> None:
        """Add the part whose name was typed."""
        assert self.book is not None
        try:
            self.book.add_part(self.another.text().strip())
        except PartsError as error:
            self.say(str(error), True)
            return
        self.another.clear()
        self._make_parts()
        self._show()
        self.canvas.setFocus()

    def choose(self, part: str) -> None:
        """The part that the next box is of."""
        if self.book:
            self.book.part = part
            self._show()

    def put(self, box: PartBox) -> None:
        """Mark the chosen part."""
        if self.book and self.pixels is not None:
            part = self.book.part
            self._keep(partial(self.book.put, box), f"The {part} is marked in {self.book.picture}.")

    def remove(self) -> None:
        """Take the chosen part's box away."""
        if self.book and self.book.part in self.book.boxes:
            self._keep(self.book.remove, f"The {self.book.part} is no longer marked in {self.book.picture}.")

    def undo(self) -> None:
        """Take the last mark back."""
        if self.book and self.book.can_undo:
            self._keep(self.book.undo, "Taken back.")

    def redo(self) -> None:
        """Redo the mark that was taken back."""
        if self.book:
            self._keep(self.book.redo, "")

    def nudge(self, down: int, right: int) -> None:
        """Move the chosen part's box, on the picture."""
        box = self.book.boxes.get(self.book.part) if self.book else None
        if box is None or self.pixels is None:
            return
        height, width = self.pixels.shape[:2]
        top = min(max(box[0] + down, 0), max(height - box[2], 0))
        left = min(max(box[1] + right, 0), max(width - box[3], 0))
        self.put((top, left, box[2], box[3]))

    def _keep(self, change: Callable[[], None], sentence: str) -> None:
        assert self.book is not None
        before = self.book.picture
        try:
            change()
            self.say(sentence, False)
        except PartsError as error:
            self.say(f"{error} The marks are kept while this window is open.", True)
        if self.book.picture != before:
            self._read()
        else:
            self._show()

    def _show(self) -> None:
        """The buttons, the line of facts and the boxes, as they are now."""
        book = self.book
        self.table1.show_book(book)
        if book is None:
            for control in (self.previous, self.next, self.another, self.undo_button, self.remove_button):
                control.setEnabled(False)
            self.canvas.set_content(NO_FOLDER)
            self.facts.say("")
            return
        for part, button in self.buttons.items():
            number = book.parts.index(part) + 1
            marked = part in book.boxes
            button.setText(f"{f'{number} · ' if number < 10 else ''}{part}{' ✓' if marked else ''}")
            button.setAccessibleName(f"{part}, {'marked' if marked else 'not marked'} in this picture")
            button.setChecked(part == book.part)
        self.another.setEnabled(True)
        self.previous.setEnabled(book.index > 0)
        self.next.setEnabled(book.index < len(book.names) - 1)
        self.undo_button.setEnabled(book.can_undo)
        self.remove_button.setEnabled(book.part in book.boxes)
        facts = [f"{book.index + 1} of {len(book.names)}", book.picture]
        crop = None
        if self.pixels is not None:
            height, width = self.pixels.shape[:2]
            facts.append(f"{width} × {height}")
            crop = self.table1.seen.box(height, width)
        if book.part in book.boxes:
            top, left, tall, wide = book.boxes[book.part]
            facts.append(f"{book.part}: {tall} × {wide} at ({top}, {left})")
        self.facts.say(" · ".join(facts))
        self.canvas.show_boxes(book.boxes, book.part, crop)

    # Keys and sentences

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        key, control = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step = 8 if shift else 1
        arrows: dict[int, tuple[int, int]] = {
            Qt.Key.Key_Up: (-step, 0), Qt.Key.Key_Down: (step, 0),
            Qt.Key.Key_Left: (0, -step), Qt.Key.Key_Right: (0, step),
        }  # fmt: skip
        if control and key == Qt.Key.Key_Z:
            self.redo() if shift else self.undo()
        elif control and key == Qt.Key.Key_Y:
            self.redo()
        elif control and key == Qt.Key.Key_C:
            self.table1.copy_table()
        elif control:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_E, Qt.Key.Key_PageDown, Qt.Key.Key_W, Qt.Key.Key_PageUp):
            self.go(1 if key in (Qt.Key.Key_E, Qt.Key.Key_PageDown) else -1)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove()
        elif key in arrows:
            self.nudge(*arrows[key])
        elif self.book and Qt.Key.Key_1 <= key <= Qt.Key.Key_9 and key - Qt.Key.Key_1 < len(self.book.parts):
            self.choose(self.book.parts[key - Qt.Key.Key_1])
        elif key == Qt.Key.Key_Escape and self.canvas.dragging:
            self.canvas.cancel_drag()
        else:
            super().keyPressEvent(event)


def show_marking(context: AppContext) -> MarkingSheet:
    """Open the marking window, or bring it to the front."""
    sheet = open_dialog(MarkingSheet, context) or MarkingSheet(context)
    sheet.show()
    return sheet


__all__ = ["MarkingSheet", "show_marking"]
