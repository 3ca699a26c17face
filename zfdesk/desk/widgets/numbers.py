"""Numbers as they are typed: with a point or a comma, in every country the same."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QDoubleSpinBox, QLabel, QVBoxLayout, QWidget


def use_plain_numbers() -> None:
    """Fields show ``1234.5`` wherever the window runs, as labels, files and the command line do.

    By the country's own rules a point typed in Germany would mean nothing: 0.5 became 5.
    """
    plain = QLocale.c()
    plain.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator | QLocale.NumberOption.RejectGroupSeparator)
    QLocale.setDefault(plain)


class DecimalSpinBox(QDoubleSpinBox):
    """A field for a number; a comma that is typed or pasted is a point."""

    def validate(self, text: str, position: int) -> Any:
        """Qt's answer to what stands in the field, of which the comma is made a point."""
        start = len(self.prefix()) if text.startswith(self.prefix()) else 0
        return super().validate(text[:start] + text[start:].replace(",", "."), position)


def ask_for_number(parent: QWidget, title: str, question: str, value: float, least: float, most: float) -> float | None:
    """A number with two decimals, asked for in a dialog; None where it was cancelled. Qt's own drops a comma."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    field = DecimalSpinBox(minimum=least, maximum=most, value=value, singleStep=0.25)
    field.setAccessibleName(question)
    field.selectAll()
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    for widget in (QLabel(question), field, buttons):
        layout.addWidget(widget)
    field.setFocus()
    good = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return field.value() if good else None


__all__ = ["DecimalSpinBox", "ask_for_number", "use_plain_numbers"]
