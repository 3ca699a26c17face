"""The list of what can be placed: dragged onto the grid, or placed by a double click. What cannot be had says why."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QTreeWidget, QTreeWidgetItem

from zfdesk.desk.figure.grid import panel_mime
from zfdesk.desk.widgets.theme import THEMES, Colours
from zfdesk.pages.panel_kinds import groups, offered
from zfdesk.pages.panels import PanelSpec, Sources, panel_text, why_not

SPEC = Qt.ItemDataRole.UserRole


class PanelList(QTreeWidget):
    """``wanted``: a `PanelSpec` to be placed where there is room."""

    wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.colours: Colours = THEMES["dark"]
        self._shown: list[tuple[PanelSpec, str, str]] = []
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setIndentation(10)
        self.setWordWrap(True)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(190)
        self.setAccessibleName("Panels that can be placed")
        self.setToolTip("Drag a panel onto the grid, or double-click it (Return)")
        self.itemDoubleClicked.connect(lambda item, _: self._want(item))

    def show_sources(self, sources: Sources) -> None:
        """List what can be had, and why the rest cannot."""
        lines = [
            (spec, panel_text(spec, sources), why_not(spec, sources))
            for group in groups()
            for spec in offered(group, sources)
        ]
        if lines != self._shown:
            self._shown = lines
            self._fill()

    def _fill(self) -> None:
        chosen = self.spec_at(self.currentItem())
        self.clear()
        for title in groups():
            lines = [line for line in self._shown if line[0].kind.group == title]
            header = QTreeWidgetItem([title])
            header.setFlags(Qt.ItemFlag.ItemIsEnabled)
            header.setForeground(0, QColor(self.colours.quiet))
            header.setSizeHint(0, QSize(10, self.fontMetrics().height() + 14))
            self.addTopLevelItem(header)
            reasons = {reason for _, _, reason in lines}
            shared = next(iter(reasons)) if len(reasons) == 1 else ""
            if shared:
                self._line(header, f"{shared}", None, shared, italic=True)
            for spec, label, reason in lines:
                own = f"{label}\n{reason}" if reason and not shared else label
                item = self._line(header, own, spec, reason)
                if spec == chosen:
                    self.setCurrentItem(item)
            header.setExpanded(True)
        self.expandAll()

    def _line(
        self, header: QTreeWidgetItem, label: str, spec: PanelSpec | None, reason: str, italic: bool = False
    ) -> QTreeWidgetItem:
        item = QTreeWidgetItem(header, [label])
        item.setData(0, SPEC, spec)
        item.setToolTip(
            0, f"{label.splitlines()[0]}: {reason}" if reason else f"{label}: drag it onto the grid, or double-click"
        )
        flags = Qt.ItemFlag.ItemIsEnabled
        if spec is not None:
            flags |= Qt.ItemFlag.ItemIsSelectable
        if spec is not None and not reason:
            flags |= Qt.ItemFlag.ItemIsDragEnabled
        item.setFlags(flags)
        if reason:
            room = QRect(0, 0, max(self.viewport().width(), self.minimumWidth()) - 34, 1000)
            high = self.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, label).height()
            item.setSizeHint(0, QSize(10, max(high + 8, self.fontMetrics().height() + 8)))
        item.setForeground(0, QColor(self.colours.quiet if reason else self.colours.text))
        if italic:
            font = item.font(0)
            font.setItalic(True)
            item.setFont(0, font)
        item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{label.splitlines()[0]}{f': {reason}' if reason else ''}")
        return item

    def spec_at(self, item: QTreeWidgetItem | None) -> PanelSpec | None:
        """The panel of a line that can be had; None for a heading."""
        return item.data(0, SPEC) if item is not None else None

    def set_colours(self, colours: Colours) -> None:
        """Take over another theme's colours."""
        self.colours = colours
        self._fill()

    def _want(self, item: QTreeWidgetItem | None) -> None:
        if (spec := self.spec_at(item)) is not None:
            self.wanted.emit(spec)

    def mimeData(self, items: Sequence[QTreeWidgetItem]) -> QMimeData:  # noqa: N802
        spec = self.spec_at(items[0]) if items else None
        return panel_mime(spec) if spec is not None else QMimeData()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._want(self.currentItem())
        else:
            super().keyPressEvent(event)


__all__ = ["PanelList"]
