"""Controls in lines: in a pane one line, which unfolds under the mouse, with the focus, or by its button."""

from __future__ import annotations

import pytest
from desk_tools import close, settle, wait_until
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget

from zfdesk.desk.widgets.controls import Controls


class Strip:
    """A pane with a strip of six buttons, in two lines at least."""

    def __init__(self) -> None:
        self.pane = QWidget()
        layout = QVBoxLayout(self.pane)
        self.controls = Controls(self.pane)
        self.buttons = [QPushButton(f"control {number}") for number in range(6)]
        for button in self.buttons:
            self.controls.add(button, button.text())
        layout.addWidget(self.controls)
        layout.addStretch(1)
        self.pane.resize(220, 600)
        self.pane.show()
        settle()

    def shown(self) -> list[QPushButton]:
        """The buttons that can be seen."""
        return [button for button in self.buttons if button.isVisible()]


@pytest.fixture
def strip(application: QApplication) -> Strip:
    """Made anew."""
    made = Strip()
    yield made
    close(made.pane)


def test_one_line_is_shown_and_the_rest_waits_behind_a_button(strip: Strip) -> None:
    assert 0 < len(strip.shown()) < 6
    assert strip.controls.height() < 2 * min(button.height() for button in strip.shown())
    strip.controls.more.click()
    settle()
    assert strip.shown() == strip.buttons
    assert max(button.geometry().bottom() for button in strip.buttons) < strip.controls.height()
    strip.controls.more.click()
    settle()
    assert len(strip.shown()) < 6


def test_as_many_as_fit_beside_the_button_stand_in_the_line(strip: Strip) -> None:
    strip.controls.more.setStyleSheet("min-height: 60px")  # also where a theme makes it the highest
    strip.pane.resize(3 * strip.buttons[0].width() + strip.controls.more.sizeHint().width() + 60, 600)
    settle()
    assert len(strip.shown()) >= 2


def test_a_wide_pane_shows_all_without_a_button(strip: Strip) -> None:
    strip.pane.resize(1200, 600)
    settle()
    assert strip.shown() == strip.buttons
    assert not strip.controls.more.isVisible()


def test_the_focus_unfolds_it(strip: Strip) -> None:
    strip.pane.activateWindow()
    strip.buttons[0].setFocus(Qt.FocusReason.TabFocusReason)
    settle()
    assert strip.shown() == strip.buttons
    strip.buttons[0].clearFocus()
    settle()
    assert len(strip.shown()) < 6


def test_the_mouse_unfolds_it_once_it_rests_there(strip: Strip) -> None:
    inside = QPointF(5, 5)
    QApplication.sendEvent(strip.controls, QEnterEvent(inside, inside, inside))
    strip.controls.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, True)
    wait_until(lambda: strip.shown() == strip.buttons)
    strip.controls.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
    QApplication.sendEvent(strip.controls, QEvent(QEvent.Type.Leave))
    wait_until(lambda: len(strip.shown()) < 6)
