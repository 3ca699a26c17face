"""The command palette: type a few letters of an action, a layer, a unit or a class, and Return does it."""

from __future__ import annotations

import re

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from zfdesk.desk.alive import alive
from zfdesk.desk.context import AppContext
from zfdesk.desk.widgets.dialog import QUIT
from zfdesk.desk.widgets.theme import THEMES, Colours
from zfdesk.desk.window.palette_entries import PaletteEntry, entries_of, find, unit_entry

_ModelIndex = QModelIndex | QPersistentModelIndex
MOST_ROWS = 12  # seen at once; the rest scrolls
STEPS: dict[int, int] = {
    Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -MOST_ROWS, Qt.Key.Key_PageDown: MOST_ROWS,
}  # fmt: skip
ENTRY = Qt.ItemDataRole.UserRole
PLACES = Qt.ItemDataRole.UserRole + 1


class _Row(QStyledItemDelegate):
    """The words with the found letters marked, the kind, the keys."""

    colours: Colours = THEMES["dark"]

    def sizeHint(self, option: QStyleOptionViewItem, index: _ModelIndex) -> QSize:  # noqa: N802
        return QSize(200, max(option.fontMetrics.height() + 10, 24))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _ModelIndex) -> None:
        entry: PaletteEntry = index.data(ENTRY)
        colours, rect = self.colours, option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if selected:
            painter.fillRect(rect, colours.colour("field", 56))
            painter.fillRect(QRect(rect.left(), rect.top(), 3, rect.height()), colours.colour("field"))
        area = rect.adjusted(12, 0, -10, 0)
        painter.setPen(colours.colour("text" if selected else "quiet"))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, entry.keys)
        metrics = option.fontMetrics
        keys = metrics.horizontalAdvance("Ctrl+Shift+Space  ")
        area.setRight(area.right() - max(keys, metrics.horizontalAdvance(entry.keys + "   ")))
        painter.setPen(colours.colour("quiet"))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, entry.kind)
        area.setRight(area.right() - metrics.horizontalAdvance(entry.kind + "   "))
        self._paint_text(painter, area, entry, index.data(PLACES), option.font)
        painter.restore()

    def _paint_text(
        self, painter: QPainter, area: QRect, entry: PaletteEntry, places: tuple[int, ...], font: QFont
    ) -> None:
        """Letter runs, since a found one is bold and coloured: never by colour alone."""
        bold = QFont(font)
        bold.setBold(True)
        shown = painter.fontMetrics().elidedText(entry.text, Qt.TextElideMode.ElideRight, area.width() - 12)
        x, found = area.left(), set(places)
        for run in re.finditer(r"\x01+|\x00+", "".join("\x01" if i in found else "\x00" for i in range(len(shown)))):
            text, hit = shown[run.start() : run.end()], run.group().startswith("\x01")
            painter.setFont(bold if hit else font)
            painter.setPen(self.colours.colour("field" if hit else "text" if entry.good else "error"))
            width = painter.fontMetrics().horizontalAdvance(text)
            painter.drawText(QRect(x, area.top(), width + 4, area.height()), Qt.AlignmentFlag.AlignVCenter, text)
            x += width


class _Shield(QWidget):
    """Lies unseen between the palette and the window: a click on it closes the palette, and does nothing else."""

    def __init__(self, palette: Palette, context: AppContext) -> None:
        super().__init__(context.window)
        self._palette = palette

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        event.accept()
        self._palette.close_palette()


class Palette(QFrame):
    """Lies over the top of the window while something is being looked for; a click elsewhere closes it.

    A child of the window, not a window of its own: so it is in its place on every system, and the keys are its own.
    """

    _open = False

    def __init__(self, context: AppContext) -> None:
        super().__init__(context.window)
        self.context, self.window_ = context, context.window
        self.setAccessibleName("Command palette")
        self.setObjectName("palette")
        self.colours = THEMES[context.state.view.theme]
        self.edit = QLineEdit(placeholderText="An action, a layer, conv4:17, a class…")
        self.edit.setAccessibleName("Type to find an action, a layer, a unit or a class")
        self.edit.textChanged.connect(self.search)
        self.list = QListWidget()
        self.list.setAccessibleName("What was found")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setUniformItemSizes(True)
        self._row = _Row(self.list)
        self._row.colours = self.colours
        self.list.setItemDelegate(self._row)
        self.list.itemClicked.connect(self._run)
        self.bottom_line = QLabel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 6)
        layout.setSpacing(6)
        layout.addWidget(self.edit)
        layout.addWidget(self.list)
        layout.addWidget(self.bottom_line)
        self._entries = entries_of(context)
        self._before: QWidget | None = None
        self._shield = _Shield(self, context)
        self.edit.installEventFilter(self)
        context.window.installEventFilter(self)
        context.state.model_changed.connect(self._renew)
        self.hide()

    def _renew(self) -> None:
        """Another network has other layers and classes."""
        self._entries = entries_of(self.context)
        self.search(self.edit.text())

    @property
    def found(self) -> list[str]:
        """The words of the lines that are shown, in order."""
        return [self.list.item(row).data(ENTRY).text for row in range(self.list.count())]

    def open(self) -> None:
        """Show the palette and take the keys."""
        self._before = QApplication.focusWidget()
        self._open = True
        self.search("")
        for part in (self._shield, self):
            part.show()
            part.raise_()
        self.edit.setFocus(Qt.FocusReason.PopupFocusReason)

    def close_palette(self) -> None:
        """Give the keys back and go."""
        if not self._open:
            return
        self._open = False
        self.window_.removeEventFilter(self)
        self.hide()
        self._shield.hide()
        before = self._before
        if alive(before) and before.isVisible() and before is not self.edit:
            before.setFocus()
        else:
            self.window_.setFocus()
        self._shield.deleteLater()
        self.deleteLater()

    def search(self, query: str) -> None:
        """Show what fits the query."""
        found = find(self._entries, query)
        if unit := unit_entry(self.context, query):
            found.insert(0, (unit, ()))
        self.list.clear()
        for entry, places in found:
            item = QListWidgetItem()
            item.setData(ENTRY, entry)
            item.setData(PLACES, places)
            text = ", ".join(part for part in (entry.text, entry.kind, entry.keys) if part)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, text)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        count = len(self._entries)
        self.bottom_line.setText(
            "↑ ↓ move · Return does it · Esc closes" if found else f"None of {count} actions, layers and classes fits."
        )
        self._place()

    def _place(self) -> None:
        window = self.window_
        row = self._row.sizeHint(self._option(), QModelIndex()).height()
        rows = min(max(self.list.count(), 1), MOST_ROWS)
        em = self.fontMetrics().averageCharWidth()
        top = window.menuBar().height() + 6 if window.menuBar().isVisible() else 6
        spare = self.edit.sizeHint().height() + self.bottom_line.sizeHint().height() + 30
        rows = max(min(rows, (window.height() - top - spare - 20) // row), 2)
        self.list.setFixedHeight(rows * row + 2)
        self._shield.setGeometry(window.rect())
        width = min(86 * em, window.width() - 40)
        self.setGeometry((window.width() - width) // 2, top, width, rows * row + spare)

    def _option(self) -> QStyleOptionViewItem:
        option = QStyleOptionViewItem()
        option.fontMetrics = self.list.fontMetrics()
        return option

    def _run(self, item: QListWidgetItem | None) -> None:
        entry: PaletteEntry | None = item.data(ENTRY) if item else None
        if entry is not None and entry.good:
            self.close_palette()
            entry.run()

    # Keys and mouse

    def event(self, event: QEvent) -> bool:
        """What the line of text does not take for itself is kept from the window's shortcuts too, but Ctrl+Q."""
        own = isinstance(event, QKeyEvent) and event.keyCombination() != QUIT
        if own and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        event.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        kind = event.type()
        if watched is self.edit and kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._handle_key(event)
        if watched is self.window_ and kind == QEvent.Type.Resize:
            self._place()
        return False

    def _handle_key(self, event: QKeyEvent) -> bool:
        key, row, last = event.key(), self.list.currentRow(), self.list.count() - 1
        step = STEPS.get(key)
        if step is not None:
            target = row + step
            if abs(step) == 1 and not 0 <= target <= last:
                target = last if step < 0 else 0
            self.list.setCurrentRow(min(max(target, 0), last))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(self.list.currentItem())
        elif key == Qt.Key.Key_Escape or (
            key == Qt.Key.Key_K and event.modifiers() == Qt.KeyboardModifier.ControlModifier
        ):
            self.close_palette()
        elif key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            pass
        else:
            return False
        return True


def show_palette(context: AppContext) -> Palette:
    """Open the window's palette."""
    palette = Palette(context)
    palette.open()
    return palette


__all__ = ["Palette", "show_palette"]
