"""Numbers as they are typed: with a point or a comma, in every country the same."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QDoubleSpinBox


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


__all__ = ["DecimalSpinBox", "use_plain_numbers"]
