"""The first steps: closed by doing them, remembered, and never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from desk_tools import press, settle, wait_until
from desk_window import Window
from PySide6.QtCore import QPoint, QSettings, QStandardPaths, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QToolButton

from zfdesk.desk.settings import HINTS_DONE
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.window import copy_commands
from zfdesk.desk.window.hints import HintBar, first_steps, hints, moved_occluder, picked_unit, show_hints
from zfdesk.engine import Occluder
from zfdesk.live import View


def test_the_keys_are_those_of_the_table(window: Window) -> None:
    words = " ".join(hint.text for hint in hints(window.table))
    assert "Press X " in words
    assert "Press F12 to save a screenshot" in words


def test_what_counts_as_done() -> None:
    view = View(unit=3)
    assert picked_unit(view, view.change(unit=4))
    assert picked_unit(view, view.change(position=(1, 2)))
    assert not picked_unit(view, view.change(layer="conv4", unit=9))
    assert not picked_unit(view, view.change(frozen=True))
    covered = view.change(occluders=(Occluder(10, 10),))
    assert not moved_occluder(view, covered)
    assert not moved_occluder(covered, covered.change(chosen_occluder=0))
    assert not moved_occluder(covered, view)
    assert moved_occluder(covered, view.change(occluders=(Occluder(10, 11),)))


def test_each_is_closed_by_doing_it_and_the_line_goes(
    live: Window, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    card = first_steps(live.context)
    assert card is not None
    live.desk.change(live.desk.view.change(unit=5))
    assert card.open_hints == {"occluder", "figure"}
    live.run("occluder")
    assert card.open_hints == {"occluder", "figure"}
    canvas = live.picture.canvas
    middle = canvas.input_rect(*_box(live.desk.view.occluders[0])).center().toPoint()
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=middle)
    for step in (3, 6, 9):
        QTest.mouseMove(canvas, middle + QPoint(step, step))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=middle + QPoint(9, 9))
    assert card.open_hints == {"figure"}
    monkeypatch.setattr(copy_commands, "ask_for_number", lambda *_: 1.0)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(tmp_path / "figure.png"), ""))
    live.run("save-window-as")
    assert (tmp_path / "figure.png").exists()
    assert card.open_hints == set()
    assert HINTS_DONE.read(live.settings)
    card.linger.setInterval(1)
    card.linger.start()
    settle(30)
    assert live.findChildren(HintBar) == []


def _box(occluder: Occluder) -> tuple[int, int, int, int]:
    return occluder.top, occluder.left, occluder.top + occluder.height, occluder.left + occluder.width


def test_the_unit_that_the_first_frame_selects_is_nobody_s_pick(window: Window) -> None:
    bar = show_hints(window.context)
    window.desk.change_without_undo(window.desk.view.change(unit=5))
    assert "unit" in bar.open_hints
    bar.finish()


def test_a_picture_that_was_not_saved_is_not_taken(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = show_hints(window.context)
    place = tmp_path / "pictures"
    place.touch()
    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda *_: str(place))
    window.run("save-window")
    assert "figure" in card.open_hints
    place.unlink()
    window.run("save-window")
    assert "figure" not in card.open_hints
    card.finish()


def test_closed_once_they_do_not_come_again_but_can_be_asked_for(window: Window, tmp_path: Path) -> None:
    card = first_steps(window.context)
    assert card is not None
    close = next(button for button in card.findChildren(QToolButton) if button.accessibleName() == "Close all hints")
    QTest.mouseClick(close, Qt.MouseButton.LeftButton)
    settle()
    assert first_steps(window.context) is None
    window.settings.sync()
    assert HINTS_DONE.read(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))
    again = show_hints(window.context)
    assert len(again.open_hints) == 3
    assert show_hints(window.context) is not again
    settle()
    assert len(window.findChildren(HintBar)) == 1
    window.findChild(HintBar).finish()


def test_left_open_they_come_again(window: Window) -> None:
    assert first_steps(window.context) is not None
    window.close()
    assert not HINTS_DONE.read(window.settings)


@pytest.mark.parametrize(
    ("size", "presenter"),
    [((1440, 900), False), ((1024, 680), False), ((900, 600), False), ((1440, 900), True), ((1024, 680), True)],
)
def test_it_hides_nothing(window: Window, size: tuple[int, int], presenter: bool) -> None:
    window.desk.change(window.desk.view.change(presenter=presenter))
    window.resize(*size)
    bar = show_hints(window.context)
    settle(50)

    def hidden() -> list[str]:
        panes = (window.picture, window.classes, window.maps, window.unit)
        places = {pane.title: pane.rect().translated(pane.mapTo(window, QPoint(0, 0))) for pane in panes}
        return [title for title, place in places.items() if bar.geometry().intersects(place)]

    wait_until(lambda: not hidden())  # the window is laid out in more than one turn of its events
    place = bar.geometry()
    assert window.rect().contains(place)
    assert place.bottom() < window.statusBar().geometry().top()
    bar.finish()


@pytest.mark.parametrize("presenter", [False, True])
@pytest.mark.parametrize("width", [1016, 1432, 1912])
def test_the_next_step_can_be_read_whole(window: Window, width: int, presenter: bool) -> None:
    window.desk.change(window.desk.view.change(presenter=presenter))
    window.resize(width, 728)
    bar = show_hints(window.context)
    for step in ("unit", "occluder", "figure"):
        settle(50)
        shown = [label for label in bar.findChildren(ElidedLabel) if label.isVisible()]
        open_texts = [hint.text for hint in hints(window.table) if hint.id in bar.open_hints]
        assert [label.text() for label in shown] == open_texts[: len(shown)]
        assert len(shown) >= 1
        if width > 1900 and not presenter:
            assert len(shown) == len(bar.open_hints)
        bar.tick(step)
    bar.finish()


def test_it_takes_neither_focus_nor_keys(window: Window) -> None:
    card = show_hints(window.context)
    press(window, Qt.Key.Key_F)
    assert window.desk.view.frozen
    assert not card.hasFocus()
    card.finish()
