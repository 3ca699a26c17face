"""Buttons and bars that several dialogs are made of."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QProgressBar, QPushButton, QToolButton

from zfdesk.desk.tasks import Progress
from zfdesk.desk.widgets.theme import set_role


def plain_button(text: str, hint: str, action: Callable[[], object]) -> QPushButton:
    """A button whose click leaves the keys to the picture."""
    button = QPushButton(text)
    button.setToolTip(hint)
    button.setAutoDefault(False)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(lambda _: action())
    return button


def tool_button(
    text: str, hint: str = "", action: Callable[[], object] | None = None, *, checkable: bool = False,
    pops_up: bool = False,
) -> QToolButton:  # fmt: skip
    """A small button; ``pops_up``: a click opens its menu."""
    button = QToolButton()
    button.setText(text)
    button.setToolTip(hint)
    if action is not None:
        button.clicked.connect(lambda _: action())
    button.setCheckable(checkable)
    if pops_up:
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    return button


class ThinBar(QProgressBar):
    """A thin line that says how far something is; it keeps its place while it is hidden."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setTextVisible(False)
        self.setAccessibleName(name)
        self.setFixedHeight(5)
        set_role(self, "thin")
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self.hide()

    def show_progress(self, progress: Progress | None) -> None:
        """How far the work is, or that it goes on; None where there is none."""
        self.setRange(0, progress.total if progress is not None else 1)
        self.setValue(progress.done if progress is not None else 0)
        self.setVisible(progress is not None)


__all__ = ["ThinBar", "plain_button", "tool_button"]
