"""What is said of the chosen panel and of the figure: label, size, title, caption, and whether by hand."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QWidget,
)

from zfdesk.desk.figure.draft import Draft
from zfdesk.desk.widgets.buttons import plain_button
from zfdesk.desk.widgets.controls import Choice
from zfdesk.desk.widgets.numbers import DecimalSpinBox
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.theme import Colours, set_role
from zfdesk.figures.page import inches_of
from zfdesk.pages.composition import Composition, labelled
from zfdesk.pages.panels import FIXED
from zfdesk.pages.resizing import resized

CUSTOM = "custom"
SIZE_LABELS = {
    "one-column": "one column, 3.5 in", "two-column": "two columns, 7.16 in", "slide": "slide, 13.33 × 7.5 in",
    CUSTOM: "inches…",
}  # fmt: skip
TARGET = 24  # pixels: as large as anything must be that is clicked
LARGEST = 48.0
"""Inches: a poster. Words are measured on a page of 288 dots an inch, which takes half a gigabyte then."""
LONGEST = 4000  # characters of a caption


class CaptionEdit(QPlainTextEdit):
    """A text field with a signal for when the focus leaves it."""

    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self.left.emit()


class Fields(QWidget):
    """Edits a draft. ``refresh_asked``: the chosen panel is to be taken anew."""

    refresh_asked = Signal()

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.draft = draft
        self._colours: Colours | None = None
        self._make_panel()
        self._make_figure()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        rows: tuple[tuple[str, QWidget | QHBoxLayout], ...] = (
            ("Panel", self._panel_row()), ("", self.origin), ("Size", self._size_row()), ("File title", self.title),
            ("Caption", self._caption_row()),
        )  # fmt: skip
        for row, (name, field) in enumerate(rows):
            label = QLabel(name)
            label.setProperty("quiet", True)
            grid.addWidget(label, row, 0)
            grid.addLayout(field, row, 1) if isinstance(field, QHBoxLayout) else grid.addWidget(field, row, 1)
        grid.addWidget(self.caption, len(rows), 0, 1, 2)
        grid.setRowStretch(len(rows), 1)
        grid.setColumnStretch(1, 1)
        for check in (self.letters, self.captioned):
            check.setMinimumHeight(TARGET)
        draft.changed.connect(self.follow)
        draft.chosen_changed.connect(self.follow)
        self.follow()

    # Fields

    def _make_panel(self) -> None:
        self.label = QLineEdit(placeholderText="no label")
        self.label.setToolTip("The words above the chosen panel")
        self.label.setAccessibleName("Label of the chosen panel")
        self.label.editingFinished.connect(self._set_label)
        self.own = plain_button("Own", "The panel's own label again, from the facts", self._own_label)
        self.refresh = plain_button(
            "Refresh", "Take the chosen panel anew from what the window shows now (F5)", self.refresh_asked.emit
        )
        self.origin = ElidedLabel()
        set_role(self.origin, "quiet")
        self.origin.setAccessibleName("Of which frame the chosen panel is")

    def _make_figure(self) -> None:
        self.sizes = Choice(SIZE_LABELS, "How wide the page is; its height is what the panels need, but for a slide")
        self.sizes.setAccessibleName("Size of the page")
        self.sizes.chosen.connect(self._set_size)
        self.width_inches = _inches("Width in inches", 1.0)
        self.height_inches = _inches("Height in inches; 0 is what the panels need", 0.0)
        for box in (self.width_inches, self.height_inches):
            box.valueChanged.connect(self._set_inches)
        self.dpi = QSpinBox(minimum=10, maximum=2400, singleStep=50, suffix=" dpi")
        self.dpi.setKeyboardTracking(False)
        self.dpi.setToolTip("Dots an inch of a PNG and of a copy")
        self.dpi.setAccessibleName("Dots an inch")
        self.dpi.valueChanged.connect(lambda dpi: self._change(replace(self.draft.now, dpi=dpi), "dpi"))
        self.letters = QCheckBox("(a), (b)…")
        self.letters.setToolTip("A letter before each label")
        self.letters.toggled.connect(lambda on: self._change(replace(self.draft.now, letters=on)))
        self.captioned = QCheckBox("on the page")
        self.captioned.setToolTip("The caption under the panels; it is in the file's properties in any case")
        self.captioned.toggled.connect(lambda on: self._change(replace(self.draft.now, captioned=on)))
        self.title = QLineEdit(maxLength=300)
        self.title.setToolTip("In the file's properties; papers print no title on the figure. Empty: from the facts")
        self.title.setAccessibleName("Title of the figure")
        self.title.editingFinished.connect(self._set_title)
        self.by_hand = QLabel()
        set_role(self.by_hand, "quiet")
        self.by_hand.setAccessibleName("Who wrote the caption")
        self.restore = plain_button("From the facts", "The caption that is written from the facts again", self._restore)
        self.caption = CaptionEdit()
        self.caption.setTabChangesFocus(True)
        self.caption.setMinimumHeight(64)
        self.caption.setToolTip("Edited once, it stays as it is, whatever the panels show")
        self.caption.setAccessibleName("Caption of the figure")
        self.caption.left.connect(self.take_caption)

    def _panel_row(self) -> QHBoxLayout:
        return _row(self.label, self.own, self.refresh, stretch=0)

    def _size_row(self) -> QHBoxLayout:
        return _row(self.sizes, self.width_inches, self.height_inches, self.dpi, self.letters, stretch=5)

    def _caption_row(self) -> QHBoxLayout:
        return _row(self.captioned, self.by_hand, self.restore, stretch=1)

    # What is shown

    def apply_theme(self, colours: Colours) -> None:
        """Take over a theme."""
        self._colours = colours
        self.follow()

    def follow(self) -> None:
        """Show the draft as it is now; what is being typed stays."""
        now, index = self.draft.now, self.draft.chosen
        slot = now.slots[index] if index >= 0 else None
        self.label.setEnabled(slot is not None)
        self.own.setEnabled(slot is not None and slot.by_hand)
        self.refresh.setEnabled(slot is not None and slot.spec.kind is not FIXED)
        _show_text(self.label, slot.label if slot else "")
        if slot is None:
            self.origin.say("Choose a panel to edit its label." if now.slots else "")
        else:
            hand = "label by hand" if slot.by_hand else ""
            parts = (now.letter_of(index), slot.spec.kind.text, slot.origin or slot.reason, hand)
            self.origin.say(" · ".join(part for part in parts if part))
        custom = not isinstance(now.size, str)
        with QSignalBlocker(self.width_inches), QSignalBlocker(self.height_inches), QSignalBlocker(self.dpi):
            self.sizes.show_value(CUSTOM if custom else now.size)
            width, height = inches_of(now.size)
            self.width_inches.setValue(width)
            self.height_inches.setValue(height)
            self.dpi.setValue(now.dpi)
        self.width_inches.setVisible(custom)
        self.height_inches.setVisible(custom)
        for check, on in ((self.letters, now.letters), (self.captioned, now.captioned)):
            with QSignalBlocker(check):
                check.setChecked(on)
        written = bool(now.order)
        _show_text(self.title, now.title or "")
        self.title.setPlaceholderText(now.written_title if written else "from the facts")
        edited = now.caption is not None
        self.by_hand.setText("edited by hand" if edited else "written from the facts")
        self.restore.setEnabled(edited)
        caption = now.caption if now.caption is not None else now.written_caption if written else ""
        if self.caption.toPlainText() != caption and not (self.caption.hasFocus() and self._typed()):
            self.caption.setPlainText(caption)
        self.caption.setPlaceholderText("The caption is written from the facts of the panels.")

    def _typed(self) -> bool:
        """Whether what stands in the field is not what was shown."""
        return self.caption.document().isModified()

    # What is set

    def _change(self, composition: Composition, kind: str = "") -> None:
        self.draft.change(composition, kind=kind)

    def _set_label(self) -> None:
        index = self.draft.chosen
        if index >= 0 and self.label.text() != self.draft.now.slots[index].label:
            self._change(labelled(self.draft.now, index, self.label.text()))

    def _own_label(self) -> None:
        if (index := self.draft.chosen) >= 0:
            self._change(labelled(self.draft.now, index, None))

    def _set_size(self, size: str) -> None:
        if size == CUSTOM:
            self._change(resized(self.draft.now, inches_of(self.draft.now.size)))
        else:
            self._change(resized(self.draft.now, size))

    def _set_inches(self) -> None:
        width, height = self.width_inches.value(), self.height_inches.value()
        height = 0.0 if height < 0.5 else height
        self._change(resized(self.draft.now, (width, height)), "inches")

    def _set_title(self) -> None:
        title = self.title.text().strip()
        if title != (self.draft.now.title or ""):
            self._change(replace(self.draft.now, title=title or None))

    def take_typed(self) -> None:
        """What stands in the fields counts, also while they are being typed in."""
        self._set_label()
        self._set_title()
        self.take_caption()

    def take_caption(self) -> None:
        """What was typed is the caption from now on; nothing, where nothing was changed."""
        if not self.caption.document().isModified():
            return
        self.caption.document().setModified(False)
        caption, now = self.caption.toPlainText()[:LONGEST], self.draft.now
        if caption != (now.caption if now.caption is not None else now.written_caption):
            self._change(replace(now, caption=caption))

    def _restore(self) -> None:
        self.caption.document().setModified(False)
        self._change(replace(self.draft.now, caption=None))


def _row(*widgets: QWidget, stretch: int) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(6)
    for place, widget in enumerate(widgets):
        row.addWidget(widget, 1 if place == stretch else 0)
    if stretch >= len(widgets):
        row.addStretch(1)
    return row


def _inches(hint: str, least: float) -> QDoubleSpinBox:
    box = DecimalSpinBox(minimum=least, maximum=LARGEST, decimals=2, singleStep=0.25, suffix=" in")
    box.setKeyboardTracking(False)
    box.setToolTip(hint)
    box.setAccessibleName(hint)
    return box


def _show_text(line: QLineEdit, text: str) -> None:
    """Not under the hands of who is typing in it."""
    if line.text() != text and not (line.hasFocus() and line.isModified()):
        with QSignalBlocker(line):
            line.setText(text)


__all__ = ["Fields"]
