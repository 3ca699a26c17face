"""Numbers in the window's fields: with a point or a comma, whatever the country's rules are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from desk_window import Window
from PySide6.QtCore import QLocale, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QDoubleSpinBox, QWidget

from zfdesk.desk.app import make_application
from zfdesk.desk.widgets.numbers import DecimalSpinBox
from zfdesk.desk.widgets.questions import ask_for_number


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


@pytest.mark.parametrize(("key", "answer"), [(Qt.Key.Key_Return, 0.5), (Qt.Key.Key_Escape, None)])
def test_a_number_that_is_asked_for_takes_both(
    key: Qt.Key, answer: float | None, country: None, nothing_left: None
) -> None:
    def type_it() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QDialog)
        QTest.keyClicks(dialog.findChild(DecimalSpinBox), "0,5")
        QTest.keyClick(dialog, key)

    parent = QWidget()
    QTimer.singleShot(0, parent, type_it)
    assert ask_for_number(parent, "Screenshot", "Scale:", 2.0, 0.25, 8.0) == answer
    parent.deleteLater()
