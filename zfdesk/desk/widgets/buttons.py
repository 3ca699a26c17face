"""Buttons that say what they do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton


def plain_button(words: str, hint: str, does: Callable[[], object]) -> QPushButton:
    """A button whose click leaves the keys to the picture."""
    button = QPushButton(words)
    button.setToolTip(hint)
    button.setAutoDefault(False)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(lambda _: does())
    return button
