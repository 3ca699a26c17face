"""Table 1 from a folder's marks: computed off the window's thread, shown beside the paper's, copied as text."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from zfdesk.desk.parts.marks import MarkBook
from zfdesk.desk.tasks import Cancelled, Progress, Task, error_text
from zfdesk.desk.widgets.buttons import plain_button
from zfdesk.desk.widgets.controls import Choice
from zfdesk.desk.widgets.theme import Colours, set_role
from zfdesk.engine import Model, OccluderFill
from zfdesk.experiments import Correspondence, correspondence
from zfdesk.experiments.correspondence import cut_out
from zfdesk.experiments.parts import Marks, check_marks
from zfdesk.live import Crop, CropMode
from zfdesk.progress import counted
from zfdesk.sources import read_picture

if TYPE_CHECKING:
    from zfdesk.desk.widgets.dialog import Dialog

MOST_ROWS = 6  # before the table scrolls
CROPS = {CropMode.CROP: "centre crop", CropMode.FIT: "whole picture, grey beside", CropMode.STRETCH: "stretched"}
FILLS = {OccluderFill.GREY: "grey masks", OccluderFill.MEAN: "masks of the mean", OccluderFill.BLUR: "blurred masks"}
NOT_YET = "Mark the same part in two pictures or more, then compare: Table 1 appears here, the paper's beside it."
WHAT = (
    "Share of differing signs ± standard error: lower is more alike. Compare within a column: the paper does not say "
    "how it scaled its scores."
)


def compare(
    folder: Path, marks: Marks, model: Model, crop: Crop, fill: OccluderFill, progress: Progress
) -> Correspondence:
    """The table of a folder; for another thread. Raises what its parts raise, all in words."""
    check_marks(folder, marks)

    def read(name: str) -> np.ndarray:
        progress.check()
        return read_picture(folder / name)

    pictures, left_out = cut_out(marks, read, crop.box, model.architecture.size)
    return correspondence(model, pictures, fill=fill, left_out=left_out, progress=progress.report)


compare_error_text = partial(
    error_text, failed="The pictures could not be compared", memory="to compare these pictures"
)


class Table1Widget(QWidget):
    """The controls and the table. ``message``: a sentence and whether it is an error. ``crop_changed``: another crop is
    used."""

    message = Signal(str, bool)
    crop_changed = Signal()

    def __init__(self, sheet: Dialog) -> None:
        super().__init__(sheet)
        self.sheet, self.desk = sheet, sheet.desk
        self.table: Correspondence | None = None
        self._book: MarkBook | None = None
        self._compared_marks: Marks = {}
        self._network = ""
        self._task: Task | None = None
        self.source_line = QLabel(wordWrap=True)
        self.source_line.setTextFormat(Qt.TextFormat.PlainText)
        self.source_line.setAccessibleName("What was compared")
        set_role(self.source_line, "quiet")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._controls())
        layout.addWidget(self.source_line)
        layout.addWidget(self._table())
        sheet.finished.connect(self.stop)
        self.desk.model_changed.connect(self._show_source)
        self.desk.model_changed.connect(self.crop_changed)  # each network has its own centre crop

    def _controls(self) -> QHBoxLayout:
        self.crop = Choice(CROPS, "What of a picture the network sees; the dashed box")
        self.fill = Choice(FILLS, "What a masked part becomes")
        self.crop.activated.connect(lambda _: self.crop_changed.emit())
        self.compare = plain_button(
            "Compare", "Mask every part, and compare the changes (Table 1)", self.compare_or_stop
        )
        self.copy = plain_button("Copy as TSV", "The table for a spreadsheet (Ctrl+C)", self.copy_table)
        row = QHBoxLayout()
        for widget, name in ((self.crop, "What the network sees"), (self.fill, "Masks")):
            widget.setAccessibleName(name)
            row.addWidget(widget)
        row.addWidget(self.sheet.bar, 1)
        row.addWidget(self.compare)
        row.addWidget(self.copy)
        return row

    def _table(self) -> QTableWidget:
        self.cells = QTableWidget(0, 0)
        self.cells.setObjectName("cells")  # in line with the heading
        self.cells.setAccessibleName("Share of differing signs, ours and the paper's")
        self.cells.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.cells.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.cells.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.cells.setTabKeyNavigation(False)
        self.cells.verticalHeader().hide()
        self.cells.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.cells.setShowGrid(False)
        self.cells.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        return self.cells

    @property
    def seen(self) -> Crop:
        """What of a picture the network sees."""
        mode = tuple(CROPS)[self.crop.currentIndex()]
        return Crop.centre_of(self.desk.model) if mode is CropMode.CROP else Crop(mode)

    def show_book(self, book: MarkBook | None) -> None:
        """Compare these marks from now on. The table of other marks stays, and says so; that of another folder goes."""
        other = self._book is None or book is None or book.folder != self._book.folder
        self._book = book
        self.compare.setEnabled(book is not None)
        if other:
            self.table = None
            self.show_table()
        else:
            self._show_source()

    # Comparing

    def compare_or_stop(self) -> None:
        """Begin the comparison, or stop the one under way."""
        if self._task is not None:
            self.stop()
        elif self._book is not None:
            book, model, fill = self._book, self.desk.model, tuple(FILLS)[self.fill.currentIndex()]
            marks = book.marks
            progress = Progress()
            self.compare.setText("Stop")
            self.message.emit("Comparing…", False)
            work = partial(compare, book.folder, marks, model, self.seen, fill, progress)
            done = partial(self._on_compared, book, marks, model.name)
            self._task = self.sheet.run_task("correspondence", work, done, progress=progress)

    def stop(self) -> None:
        """End the comparison that is under way, if there is one."""
        if self._task is not None:
            self._task.cancel()

    def _on_compared(
        self, book: MarkBook, marks: Marks, network: str, table: Correspondence | None, error: Exception | None
    ) -> None:
        self._task = None
        self.compare.setText("Compare")
        if table is None:
            stopped = isinstance(error, Cancelled)
            self.message.emit("Stopped." if stopped else compare_error_text(error), not stopped)
        elif book is self._book:
            self.table, self._compared_marks, self._network = table, marks, network
            self.message.emit(" ".join(table.left_out), bool(table.left_out))
            self.show_table()

    # The table

    def show_table(self) -> None:
        """The table as it is, in the colours of the theme."""
        rows = self.table.table() if self.table else []
        self.cells.clear()
        self.cells.setVisible(bool(rows))
        self.copy.setEnabled(bool(rows))
        self._show_source()
        if not rows:
            return
        heading, *body = rows
        self.cells.setColumnCount(len(heading))
        self.cells.setRowCount(len(body))
        self.cells.setHorizontalHeaderLabels(heading)
        quiet = self.sheet.colours.colour("quiet")
        high = max(24, self.fontMetrics().height() + 8)
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        for column, name in enumerate(heading):
            if (head := self.cells.horizontalHeaderItem(column)) is not None:
                head.setTextAlignment(left)
            for row, text in enumerate(line[column] for line in body):
                item = QTableWidgetItem(text)
                item.setTextAlignment(left)
                if name.startswith("paper"):
                    item.setForeground(quiet)
                self.cells.setItem(row, column, item)
                self.cells.setRowHeight(row, high)
        header = self.cells.horizontalHeader().sizeHint().height()
        self.cells.setFixedHeight(header + min(len(body), MOST_ROWS) * high + 2 * self.cells.frameWidth() + 2)

    def _show_source(self) -> None:
        """Of what the table is, and whether that is still what is marked."""
        table = self.table
        if table is None:
            self.source_line.setText(NOT_YET if self._book else "")
            return
        sentences = [f"{counted(len(table.pictures), 'picture')}, {table.fill} masks, {self._network}. {WHAT}"]
        if self._book and self._book.marks != self._compared_marks:
            sentences.append("⚠ The marks have changed since: compare again.")
        if self.desk.model.name != self._network:
            sentences.append("⚠ Another network is in use by now: compare again.")
        self.source_line.setText(" ".join(sentences))

    def copy_table(self) -> None:
        """The table to the clipboard, tab-separated."""
        if self.table:
            QGuiApplication.clipboard().setText(self.table.tsv())
            self.message.emit("The table is on the clipboard.", False)

    def apply_theme(self, colours: Colours) -> None:
        """Take over a theme or another size of type."""
        self.show_table()


__all__ = ["Table1Widget", "compare", "compare_error_text"]
