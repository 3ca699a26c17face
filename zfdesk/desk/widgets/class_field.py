"""A line in which a class is named: by its name, a part of it, or its number."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, QSize, QStringListModel, Qt, Signal
from PySide6.QtWidgets import QCompleter, QLineEdit

LIST_WIDTH = 220


def class_named(text: str, names: Sequence[str]) -> int:
    """The class of that name or number, else the first whose name holds the text; -1 where there is none."""
    wanted = text.strip().casefold()
    folded = [name.casefold() for name in names]
    if wanted in folded:
        return folded.index(wanted)
    if wanted.isdecimal() and len(wanted) < 8:
        return int(wanted) if int(wanted) < len(names) else -1
    return next((index for index, name in enumerate(folded) if wanted and wanted in name), -1)


class ClassField(QLineEdit):
    """``chosen`` carries the index of the class that was named. ``missed``: what was typed is no class."""

    chosen = Signal(int)
    missed = Signal(str)

    def __init__(self, placeholder: str) -> None:
        super().__init__(placeholderText=placeholder, clearButtonEnabled=True)
        self._names = QStringListModel(self)
        self.index = -1
        completer = QCompleter(self._names, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        if (popup := completer.popup()) is not None:
            popup.setMinimumWidth(LIST_WIDTH)
        completer.activated.connect(self.choose)
        self.setCompleter(completer)
        self.editingFinished.connect(lambda: self.choose(self.text()))
        self.textChanged.connect(lambda text: None if text else self.choose(""))

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(self.fontMetrics().horizontalAdvance("Egyptian cat, or so"), super().sizeHint().height())

    def set_names(self, names: Sequence[str]) -> None:
        """The classes there are; a choice that is none of them is let go."""
        self._names.setStringList(list(names))
        self.show_class(self.index if self.index < len(names) else -1)

    def show_class(self, index: int) -> None:
        """Show a class, without it counting as chosen; -1 for none."""
        self.index = index
        with QSignalBlocker(self):
            self.setText(self._names.stringList()[index] if index >= 0 else "")
            self.setCursorPosition(0)

    def choose(self, text: str) -> None:
        """Take the class that is named so."""
        before, found = self.index, class_named(text, self._names.stringList())
        if text.strip() and found < 0:
            self.missed.emit(text.strip())
            found = before
        self.show_class(found)
        if found != before:
            self.chosen.emit(found)


__all__ = ["ClassField", "class_named"]
