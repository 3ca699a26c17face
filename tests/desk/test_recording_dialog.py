"""What the dialog offers, says and makes of it; and that the window is told from a key, the menu and the palette."""

from __future__ import annotations

from pathlib import Path

import pytest
from desk_hands import change, show_picture
from desk_tools import press, settle, wait_until
from desk_window import Window
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QFileDialog, QWidget

from zfdesk.desk.recording import dialog as recording_dialog
from zfdesk.desk.recording.controller import FIGURE, WINDOW, RecordingPlan
from zfdesk.desk.recording.dialog import LIVE_TEXT, STEP_TEXT, RecordingDialog, show_recording_dialog
from zfdesk.desk.widgets.controls import Choice
from zfdesk.engine import Occluder
from zfdesk.film import FORMATS, Quality
from zfdesk.live import View
from zfdesk.live.replay import Replay, TimedView
from zfdesk.sources import SourceReference

PLACES = ((0.0, 1), (1.5, 9))
PATH = Replay(
    tuple(TimedView(time, View(occluders=(Occluder(top, 4, 12, 12),), chosen_occluder=0)) for time, top in PLACES),
    size=32,
)


def choose(choice: Choice, value: object) -> None:
    """As a click on the list does."""
    choice.show_value(value)
    choice.chosen.emit(value)


def shown(dialog: RecordingDialog) -> set[str]:
    return {name for name, widget in dialog.rows.items() if widget.isVisible()}


@pytest.fixture
def dialog(window: Window) -> RecordingDialog:
    show_picture(window)
    made = show_recording_dialog(window.context)
    settle(20)
    yield made
    made.reject()


def test_the_key_opens_it_once(window: Window) -> None:
    show_picture(window)
    press(window, Qt.Key.Key_F9)
    made = next(child for child in window.children() if isinstance(child, RecordingDialog))
    window.run("record")
    assert [child for child in window.children() if isinstance(child, RecordingDialog)] == [made]
    assert not made.isModal()
    made.reject()


def test_what_belongs_together_is_shown_together(dialog: RecordingDialog, window: Window) -> None:
    assert shown(dialog) == {"Record", "How", "As", "At most", "Until", "Size", "Quality"}
    assert dialog.says.text() == LIVE_TEXT
    choose(dialog.subject, FIGURE)
    assert {"made of", "Width"} <= shown(dialog)
    assert "Size" not in shown(dialog)
    choose(dialog.form, "gif")
    assert "Quality" not in shown(dialog)
    assert dialog.rate.maximum() == 50
    choose(dialog.ways, False)
    assert dialog.says.text() == STEP_TEXT
    assert "At most" not in shown(dialog)
    window.desk.change(window.desk.view.change(source=SourceReference("pattern")))
    wait_until(lambda: "Begin" in shown(dialog))


def test_what_cannot_be_is_said_before_it_is_tried(dialog: RecordingDialog, window: Window) -> None:
    assert dialog.message.text().removeprefix("⚠ ") == ""
    choose(dialog.ways, False)
    assert dialog.message.text().removeprefix("⚠ ").startswith("One picture makes no film frame by frame")
    assert not dialog.begin.isEnabled()
    window.player.set_path(PATH)
    assert dialog.replay.text() == "replay the drag path: 2 positions, 1.5 s"
    dialog.replay.setChecked(True)
    assert dialog.begin.isEnabled()
    dialog.replay.setChecked(False)
    choose(dialog.ways, True)
    choose(dialog.subject, FIGURE)
    for box in dialog.parts.values():
        box.setChecked(False)
    assert dialog.message.text().removeprefix("⚠ ") == "Choose what the figure is made of."
    dialog.parts["maps"].setChecked(True)
    assert dialog.begin.isEnabled()


def test_a_source_without_an_end_needs_a_length(live: Window) -> None:
    made = show_recording_dialog(live.context)
    assert made.ways.chosen_value is True
    choose(made.ways, False)
    assert made.message.text().removeprefix("⚠ ") == "This source has no end: choose how long the film is."
    choose(made.length, "seconds")
    assert made.begin.isEnabled()
    choose(made.length, "")
    live.player.set_path(PATH)
    made.replay.setChecked(True)
    assert made.begin.isEnabled()
    made.reject()


def test_a_recorded_path_over_a_picture_is_proposed(window: Window) -> None:
    show_picture(window)
    window.player.set_path(PATH)
    made = show_recording_dialog(window.context)
    assert made.ways.chosen_value is False
    assert made.replay.isChecked()
    assert made.begin.isEnabled()
    made.reject()


def test_choices_become_a_plan_and_are_remembered(dialog: RecordingDialog, window: Window, tmp_path: Path) -> None:
    choose(dialog.subject, FIGURE)
    for part, box in dialog.parts.items():
        box.setChecked(part in ("maps", "bars"))
    choose(dialog.form, "webp")
    choose(dialog.length, "seconds")
    choose(dialog.width_choice, 1280)
    choose(dialog.quality, Quality.BEST)
    dialog.rate.setValue(12.5)
    dialog.amount.setValue(3)
    plan = dialog.plan(tmp_path / "film.webp")
    assert plan == RecordingPlan(
        tmp_path / "film.webp", FIGURE, ("maps", "bars"), 1280, 1.0, 12.5, Quality.BEST, True, False, True, 3.0, None
    )
    dialog.record_to(tmp_path / "film.webp")
    assert not dialog.isVisible()
    assert window.films.recording
    window.films.stop()
    wait_until(lambda: not window.films.finishing)
    again = show_recording_dialog(window.context)
    assert again is not dialog
    assert again.plan(tmp_path / "film.webp") == plan
    again.reject()


def test_panes_can_be_chosen(dialog: RecordingDialog, window: Window, tmp_path: Path) -> None:
    titles = {pane.title for pane in window.panes}
    assert set(dialog.subject.values) == {WINDOW, FIGURE, *titles}
    choose(dialog.subject, "Feature maps")
    choose(dialog.scale, 2.0)
    choose(dialog.length, "frames")
    dialog.amount.setValue(1)
    settle()
    width, height = window.maps.width(), window.maps.height()
    dialog.record_to(tmp_path / "film.gif")
    window.desk.result_ready.emit()
    wait_until(lambda: not window.films.recording and not window.films.finishing)
    with Image.open(tmp_path / "film.gif") as image:
        assert image.size == (2 * width, 2 * height)


def test_a_name_without_its_ending_gets_it(
    dialog: RecordingDialog, window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def answer(*arguments: object) -> tuple[str, str]:
        asked.append(tuple(map(str, arguments[1:])))
        return str(tmp_path / "film"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    (tmp_path / "film.gif").write_bytes(b"mine")
    choose(dialog.form, "gif")
    dialog.ask()
    assert (
        dialog.message.text().removeprefix("⚠ ") == "film.gif is there already: choose that name itself to replace it."
    )
    assert (tmp_path / "film.gif").read_bytes() == b"mine"
    (tmp_path / "film.gif").unlink()
    dialog.ask()
    assert window.films.plan is not None
    assert window.films.plan.path == tmp_path / "film.gif"
    assert asked[0][2] == f"{FORMATS['gif']} (*.gif)"
    window.films.stop()
    wait_until(lambda: not window.films.finishing)


def test_it_stays_open_where_nothing_can_be_written(dialog: RecordingDialog, window: Window, tmp_path: Path) -> None:
    dialog.record_to(tmp_path / "nowhere" / "film.mp4")
    assert dialog.isVisible()
    assert "does not exist" in dialog.message.text().removeprefix("⚠ ")
    assert not window.films.recording


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_control_has_a_name_and_is_large_enough(dialog: RecordingDialog, window: Window, theme: str) -> None:
    change(window, theme=theme)
    choose(dialog.subject, FIGURE)
    settle(20)
    kinds = (QAbstractButton, QComboBox, QAbstractSpinBox)
    controls = [w for w in dialog.findChildren(QWidget) if isinstance(w, kinds) and w.isVisible()]
    assert len(controls) > 10
    for control in controls:
        if isinstance(control.parentWidget(), QComboBox | QAbstractSpinBox):
            continue
        assert control.accessibleName() or (isinstance(control, QAbstractButton) and control.text()), control
        assert control.height() >= 24, control


def test_the_words_name_what_there_is() -> None:
    assert set(recording_dialog.SUFFIXES) == set(FORMATS)
    assert set(recording_dialog.QUALITY_LABELS) == set(Quality)
