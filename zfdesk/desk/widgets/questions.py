"""A number or a name that is asked for in a small dialog, whose title can be read whole."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from zfdesk.desk.widgets.numbers import DecimalSpinBox

FRAME_BUTTONS, TITLE_TYPE = 150, 1.2  # screen pixels; a window manager's type may be larger than ours


def show_whole_title(dialog: QDialog) -> None:
    """No narrower than its title, which the window manager cuts, and to which Qt adds the program's name."""
    title = f"{dialog.windowTitle()} — {QApplication.applicationDisplayName()}"
    least = int(TITLE_TYPE * dialog.fontMetrics().horizontalAdvance(title)) + FRAME_BUTTONS
    dialog.setMinimumWidth(max(dialog.minimumWidth(), least))


def ask_for_number(parent: QWidget, title: str, question: str, value: float, least: float, most: float) -> float | None:
    """A number with two decimals; None where it was cancelled. A comma is a point, where Qt's own dialog drops it."""
    field = DecimalSpinBox(minimum=least, maximum=most, value=value, singleStep=0.25)
    field.selectAll()
    return field.value() if _ask(parent, title, question, field) else None


def ask_for_whole_number(parent: QWidget, title: str, question: str, value: int, least: int, most: int) -> int | None:
    """A whole number; None where it was cancelled."""
    field = QSpinBox(minimum=least, maximum=most, value=value)
    field.selectAll()
    return field.value() if _ask(parent, title, question, field) else None


def ask_for_text(parent: QWidget, title: str, question: str, text: str = "") -> str | None:
    """A line of text without blanks around it; None where it was cancelled. ``text``: what is proposed."""
    field = QLineEdit(text)
    field.selectAll()
    return field.text().strip() if _ask(parent, title, question, field) else None


def _ask(parent: QWidget, title: str, question: str, field: QWidget) -> bool:
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    field.setAccessibleName(question)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    for widget in (QLabel(question), field, buttons):
        layout.addWidget(widget)
    show_whole_title(dialog)
    field.setFocus()
    good = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return good


__all__ = ["ask_for_number", "ask_for_text", "ask_for_whole_number", "show_whole_title"]
