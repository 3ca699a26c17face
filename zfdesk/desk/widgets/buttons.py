"""Buttons that say what they do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QToolButton


def plain_button(words: str, hint: str, does: Callable[[], object]) -> QPushButton:
    """A button whose click leaves the keys to the picture."""
    button = QPushButton(words)
    button.setToolTip(hint)
    button.setAutoDefault(False)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(lambda _: does())
    return button


def tool_button(text: str, checkable: bool = False, pops_up: bool = False) -> QToolButton:
    """A small button; ``pops_up``: a click opens its menu."""
    button = QToolButton()
    button.setText(text)
    button.setCheckable(checkable)
    if pops_up:
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    return button


__all__ = ["plain_button", "tool_button"]
