"""Every dialog as it opens, in both themes and both sizes of type: its title, its words and its buttons are whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from desk_hands import show_picture
from desk_tools import close, faults, press, settle, wait_until
from desk_window import Window
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QLabel

from zfdesk.desk.widgets.dialog import Dialog
from zfdesk.desk.widgets.questions import ask_for_number, ask_for_text, ask_for_whole_number

OPENED_BY = {
    "CameraDialog": "camera-pick", "FigureBuilder": "figure", "HelpSheet": "help", "MarkingSheet": "mark-parts",
    "RecordingDialog": "record", "WeightsDialog": "weights",
}  # fmt: skip
QUESTIONS = {
    "number": lambda window: ask_for_number(window, "Screenshot", "Scale, from 0.25 to 8:", 2.0, 0.25, 8.0),
    "whole number": lambda window: ask_for_whole_number(window, "Jump to a unit", "From 0 to 255:", 3, 0, 255),
    "text": lambda window: ask_for_text(window, "Keep the taught network", "Name:", "mine"),
}
LOOKS = [("dark", False), ("light", False), ("dark", True)]


def cut(dialog: QDialog) -> list[str]:
    """What of it cannot be read whole."""
    found = faults(dialog)
    title = f"{dialog.windowTitle()} — {QApplication.applicationDisplayName()}"
    if dialog.width() < dialog.fontMetrics().horizontalAdvance(title) + 100:
        found.append(f"the title “{dialog.windowTitle()}”")
    for widget in dialog.findChildren(QAbstractButton):
        if widget.isVisible() and widget.text() and widget.width() < widget.sizeHint().width():
            found.append(f"the button “{widget.text()}”: {widget.width()} of {widget.sizeHint().width()} pixels")
    for label in dialog.findChildren(QLabel):
        needs = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
        wide = label.wordWrap() or label.width() >= label.minimumSizeHint().width()
        if label.isVisible() and label.text() and (not wide or label.height() < needs):
            found.append(f"the words “{label.text()}”: {label.size()}, needed {needs}")
    return found


@pytest.fixture(params=LOOKS, ids=["dark", "light", "presenter"])
def dressed(window: Window, request: pytest.FixtureRequest) -> Iterator[Window]:
    theme, presenter = request.param
    show_picture(window)
    window.desk.change(window.desk.view.change(theme=theme, presenter=presenter))
    settle()
    yield window
    window.desk.change(window.desk.view.change(theme="dark", presenter=False))


def kinds(base: type[Dialog]) -> set[str]:
    return {kind.__name__ for kind in base.__subclasses__()}.union(*(kinds(kind) for kind in base.__subclasses__()))


@pytest.mark.parametrize("name", OPENED_BY)
def test_a_dialog_can_be_read_whole(dressed: Window, name: str) -> None:
    dressed.run(OPENED_BY[name])
    found = [one for one in dressed.findChildren(Dialog) if type(one).__name__ == name]
    assert len(found) == 1
    dialog = found[0]
    wait_until(dialog.isVisible)
    settle(100)
    said = cut(dialog)
    wait_until(lambda: not dialog.busy)
    close(dialog)
    assert said == []
    assert kinds(Dialog) <= set(OPENED_BY)


@pytest.mark.parametrize("name", OPENED_BY)
def test_the_key_that_quits_does_so_from_a_dialog(window: Window, name: str) -> None:
    show_picture(window)
    window.run(OPENED_BY[name])
    dialog = next(one for one in window.findChildren(Dialog) if type(one).__name__ == name)
    wait_until(dialog.isActiveWindow)
    press(dialog, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: not window.isVisible())
    assert dialog.ended


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_can_be_read_whole(dressed: Window, name: str) -> None:
    said: list[list[str]] = []

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QDialog)
        said.append(cut(dialog))
        dialog.reject()

    QTimer.singleShot(100, dressed, look)
    assert QUESTIONS[name](dressed) is None
    assert said == [[]]
