"""Controls in lines: a low pane folds the last ones behind a button."""

from __future__ import annotations

from desk_tools import close, settle
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget

from zfdesk.desk.widgets.controls import SHARE, Controls


def test_a_low_pane_folds_the_last_controls_behind_a_button(application: QApplication) -> None:
    pane = QWidget()
    layout = QVBoxLayout(pane)
    controls, buttons = Controls(pane), [QPushButton(f"control {number}") for number in range(6)]
    for button in buttons:
        controls.add(button, button.text())
    layout.addWidget(controls)
    layout.addStretch(1)
    pane.resize(220, 900)
    pane.show()
    settle()
    assert all(button.isVisible() for button in buttons)
    assert not controls.more.isVisible()
    pane.resize(220, 200)
    settle()
    assert controls.height() <= 200 // SHARE
    assert buttons[0].isVisible()
    assert not buttons[-1].isVisible()
    assert controls.more.isVisible()
    controls.more.click()
    settle()
    assert all(button.isVisible() for button in buttons)
    bottom = max(button.geometry().bottom() for button in buttons)
    assert bottom < controls.height()
    controls.more.click()
    pane.resize(220, 900)
    settle()
    assert all(button.isVisible() for button in buttons)
    assert not controls.more.isVisible()
    close(pane)
