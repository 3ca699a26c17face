"""Numbers in the window's fields: with a point or a comma, whatever the country's rules are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from desk_window import Window
from PySide6.QtCore import QLocale, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDoubleSpinBox

from zfdesk.desk.app import make_application
from zfdesk.desk.widgets.numbers import DecimalSpinBox


@pytest.fixture(params=["de_DE", "fr_FR", "en_US", "C"])
def country(request: pytest.FixtureRequest) -> Iterator[None]:
    """The program starts there."""
    before = QLocale()
    QLocale.setDefault(QLocale(request.param))
    make_application()
    yield
    QLocale.setDefault(before)


@pytest.mark.parametrize(
    ("typed", "value"),
    [("0.5", 0.5), ("0,5", 0.5), ("1234.25", 1234.25), ("1234,25", 1234.25), ("1.500", 1.5), ("7", 7)],
)
def test_a_point_and_a_comma_mean_the_same(typed: str, value: float, country: None, nothing_left: None) -> None:
    field = DecimalSpinBox(maximum=2000, decimals=3, prefix="so, ", suffix=" px")
    field.show()
    field.selectAll()
    QTest.keyClicks(field, typed)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.value() == value
    assert field.text() == f"so, {value:.3f} px"
    field.deleteLater()


def test_every_field_for_fractions_in_the_window_takes_both(window: Window) -> None:
    fields = window.findChildren(QDoubleSpinBox)
    assert fields
    assert [field for field in fields if not isinstance(field, DecimalSpinBox)] == []
