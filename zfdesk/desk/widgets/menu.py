"""Menus that have the keys while they are open, and a letter for each entry."""

from __future__ import annotations

import re

from PySide6.QtCore import QEvent
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QMenu, QMenuBar

_LETTER = re.compile(r"(?<!&)&([^&])")


class PopupMenu(QMenu):
    """While it is open all keys are the menu's: otherwise a letter underlined in it would do what that key does in the
    window. Entries without a letter get one as it opens."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        give_letters(self.actions())
        super().showEvent(event)

    def add_submenu(self, title: str) -> PopupMenu:
        """A menu of the same kind below an entry of that title."""
        made = PopupMenu(title, self)
        self.addMenu(made)
        return made


class KeyedMenuBar(QMenuBar):
    """While it has the focus all keys are its own, as those of its menus are."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and self.hasFocus():
            event.accept()
            return True
        return super().event(event)


def give_letters(entries: list[QAction]) -> None:
    """Underline a letter in each entry that has none: the first of a word where it is free, else any."""
    entries = [entry for entry in entries if not entry.isSeparator()]
    taken = {found[1].lower() for entry in entries if (found := _LETTER.search(entry.text()))}
    for entry in entries:
        text = entry.text()
        if _LETTER.search(text):
            continue
        words = text.split("\t")[0]
        places = [place for place, letter in enumerate(words) if letter.isascii() and letter.isalnum()]
        places.sort(key=lambda place: place > 0 and words[place - 1].isalnum())
        place = next((place for place in places if words[place].lower() not in taken), None)
        if place is not None:
            taken.add(words[place].lower())
            entry.setText(f"{text[:place]}&{text[place:]}")


def literal(text: str) -> str:
    """Words of others, such as a file's name, as an entry's text: an ampersand in them underlines nothing."""
    return text.replace("&", "&&")


__all__ = ["KeyedMenuBar", "PopupMenu", "give_letters", "literal"]
