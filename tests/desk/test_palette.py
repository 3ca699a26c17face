"""The command palette: what is found first, what it does, and that keys stay in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from desk_tools import press, settle, wait_until
from desk_window import Window
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

import zfdesk.engine as zf
from zfdesk.desk.alive import alive
from zfdesk.desk.widgets.fuzzy import match
from zfdesk.desk.window.command_palette import Palette, show_palette
from zfdesk.desk.window.features import ACTIONS
from zfdesk.desk.window.palette_entries import entries_of, find
from zfdesk.live import UnitReference

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def palette(window: Window) -> Iterator[Palette]:
    palette = show_palette(window.context)
    yield palette
    settle()


def first(rank: str, text: str) -> int | None:
    found = match(rank, text)
    return found.rank[0] if found else None


def test_ranks() -> None:
    text = "Take snapshot A"
    assert first("take snapshot a", text) == 0
    assert first("TAKE", text) == 1
    assert first("sn ta", text) == 2
    assert first("snap", text) == 3
    assert first("tsa", text) == 4
    assert first("nap", text) == 5
    assert first("tkshot", text) == 6
    assert first("zz", text) is None
    assert first("atake", text) is None
    assert first("", text) == 0


def test_places_are_those_of_the_letters() -> None:
    for query, text in (
        ("snap", "Take snapshot A"),
        ("tsa", "Take snapshot A"),
        ("frz", "Freeze the frame"),
        ("ße", "Straße İx"),
        ("x", "Straße İx"),
    ):
        found = match(query, text)
        assert found is not None
        assert "".join(text[place] for place in found.places).lower() == query


def test_every_action_but_the_palette_is_found_first_by_its_whole_words(window: Window) -> None:
    entries = entries_of(window.context)
    for action in ACTIONS:
        if action.id != "palette":
            assert find(entries, action.text)[0][0].text == action.text


def test_word_beginnings_go_first(window: Window) -> None:
    found = [entry.text for entry, _ in find(entries_of(window.context), "occ")]
    assert found[0] == "Occluder on or off"
    assert found.index("Occluder on or off") < found.index("Larger occluder")
    assert find(entries_of(window.context), "occluder shape")[0][0].text.startswith("Shape")
    assert find(entries_of(window.context), "tab")[0][0].text == "tabby"
    assert find(entries_of(window.context), "watch tab")[0][0].text == "tabby"
    assert find(entries_of(window.context), "qqqq") == []


def test_without_a_query_everything_but_the_classes_is_listed(palette: Palette) -> None:
    assert palette.found[0] == ACTIONS[0].text
    assert "Layer conv4" in palette.found
    assert "tabby" not in palette.found
    palette.close_palette()


def test_return_does_it(window: Window, palette: Palette) -> None:
    QTest.keyClicks(palette.edit, "freeze")
    assert not window.desk.view.frozen
    press(palette.edit, Qt.Key.Key_Return)
    assert window.desk.view.frozen
    assert not palette.isVisible()
    settle()
    assert window.findChildren(Palette) == []


def test_layers_units_and_classes(window: Window) -> None:
    for typed, check in (
        ("conv4", lambda view: view.layer == "conv4"),
        ("conv4:17", lambda view: (view.layer, view.unit, view.position) == ("conv4", 17, None)),
        ("CONV1 3", lambda view: (view.layer, view.unit) == ("conv1", 3)),
        ("5", lambda view: (view.layer, view.unit) == ("conv1", 5)),
        ("tabby", lambda view: view.watched == (0,)),
        ("tabby", lambda view: view.watched == (0,)),
    ):
        palette = show_palette(window.context)
        QTest.keyClicks(palette.edit, typed)
        press(palette.edit, Qt.Key.Key_Return)
        assert check(window.desk.view), typed
        settle()


def test_a_unit_that_is_not_there_is_told_and_not_done(window: Window, palette: Palette) -> None:
    before = window.desk.view
    QTest.keyClicks(palette.edit, "conv4:9999")
    assert palette.found == ["conv4 has no unit 9999: they go from 0 to 23"]
    press(palette.edit, Qt.Key.Key_Return)
    assert palette.isVisible()
    assert window.desk.view == before
    palette.close_palette()


def test_no_key_leaks_to_the_window(window: Window, palette: Palette) -> None:
    triggered: list[str] = []
    for name, action in window.actions_by_id.items():
        action.triggered.connect(lambda _=False, name=name: triggered.append(name))
    held: list[bool] = []
    window.desk.set_clean = held.append  # type: ignore[method-assign]
    before = window.desk.view
    for key in (Qt.Key.Key_X, Qt.Key.Key_F, Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_PageDown,
                Qt.Key.Key_Home, Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Tab, Qt.Key.Key_F1, Qt.Key.Key_F11,
                Qt.Key.Key_Comma, Qt.Key.Key_Slash):  # fmt: skip
        press(palette.edit, key)
        press(palette.edit, key, Qt.KeyboardModifier.ShiftModifier)
    for key in (Qt.Key.Key_S, Qt.Key.Key_B, Qt.Key.Key_W, Qt.Key.Key_Z, Qt.Key.Key_P, Qt.Key.Key_Left):
        press(palette.edit, key, CONTROL)
        press(palette.edit, key, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert triggered == []
    assert True not in held  # a key let go may pass, so that none stays held
    assert window.desk.view == before
    assert palette.isVisible()
    assert palette.edit.hasFocus()
    palette.close_palette()


def test_arrows_move_and_go_round(palette: Palette) -> None:
    QTest.keyClicks(palette.edit, "occluder")
    last = palette.list.count() - 1
    assert last > 3
    press(palette.edit, Qt.Key.Key_Up)
    assert palette.list.currentRow() == last
    press(palette.edit, Qt.Key.Key_Down)
    press(palette.edit, Qt.Key.Key_Down)
    assert palette.list.currentRow() == 1
    press(palette.edit, Qt.Key.Key_PageDown)
    press(palette.edit, Qt.Key.Key_PageDown)
    assert palette.list.currentRow() == last
    palette.close_palette()


@pytest.mark.parametrize(
    ("key", "modifiers"), [(Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier), (Qt.Key.Key_K, CONTROL)]
)
def test_escape_and_its_own_key_close_it(
    window: Window, palette: Palette, key: Qt.Key, modifiers: Qt.KeyboardModifier
) -> None:
    press(palette.edit, key, modifiers)
    assert not palette.isVisible()
    press(window, Qt.Key.Key_F)  # the keys are the window's again
    assert window.desk.view.frozen


def test_a_click_elsewhere_closes_it_and_one_inside_does_not(window: Window, palette: Palette) -> None:
    QTest.mouseClick(palette.bottom_line, Qt.MouseButton.LeftButton)
    assert palette.isVisible()
    canvas = window.maps.canvas
    place = canvas.mapTo(window, QPoint(5, canvas.height() - 5))
    QTest.mouseClick(window.childAt(place), Qt.MouseButton.LeftButton)
    assert not palette.isVisible()
    settle()
    assert window.childAt(place) is canvas


def test_a_click_on_a_line_does_it(window: Window, palette: Palette) -> None:
    QTest.keyClicks(palette.edit, "mirror")
    rect = palette.list.visualItemRect(palette.list.item(0))
    QTest.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    assert window.desk.view.mirrored


@pytest.mark.parametrize("size", [(1440, 900), (1024, 680), (900, 600)])
def test_it_lies_within_the_window_at_its_top(window: Window, palette: Palette, size: tuple[int, int]) -> None:
    window.desk.change(window.desk.view.change(presenter=True))
    window.resize(*size)
    settle(20)
    palette.search("")
    place = palette.geometry()
    assert window.rect().contains(place)
    assert abs(place.center().x() - window.rect().center().x()) <= 1
    assert place.top() < 60
    palette.close_palette()


def test_the_focus_goes_back_to_where_it_was(window: Window) -> None:
    window.classes.search.setFocus()
    palette = show_palette(window.context)
    assert palette.edit.hasFocus()
    press(palette.edit, Qt.Key.Key_Escape)
    assert window.classes.search.hasFocus()


def test_it_closes_when_what_had_the_focus_is_gone(window: Window) -> None:
    """A pinned unit's button had it; a step back takes the pin away, and Qt the button."""
    window.docks[window.pins].show()
    window.docks[window.pins].raise_()
    window.desk.change(window.desk.view.change(pins=(UnitReference("conv4", 3),)))
    card = window.pins.cards[0]
    card.findChildren(QToolButton)[0].setFocus()
    palette = show_palette(window.context)
    window.desk.change(window.desk.view.change(pins=()))
    settle()
    assert not alive(card)
    palette.close_palette()
    settle()
    assert not alive(palette)


def test_another_network_while_it_is_open(window: Window) -> None:
    """Its layers and classes are offered, and those of the one before no more."""
    palette = show_palette(window.context)
    palette.edit.setText("conv4")
    assert "Layer conv4" in palette.found
    layers = (zf.Conv("conv9", 4, 3, 1, 1), zf.ReLU("relu9"), zf.Linear("fc8", 2), zf.Softmax("prob"))
    other = zf.random_model(zf.Architecture("other", "Another network", layers, 32), 1)
    window.desk.use_model(replace(other, classes=("a kettle", "a lamp"), name="other"))
    assert "Layer conv4" not in palette.found
    palette.edit.setText("conv9")
    assert "Layer conv9" in palette.found
    palette.edit.setText("kettle")
    assert "a kettle" in palette.found
    palette.close_palette()


def test_the_key_that_quits_does_so_from_the_palette(palette: Palette, window: Window) -> None:
    QTest.keyClicks(palette.edit, "tab")
    press(palette.edit, Qt.Key.Key_Q, CONTROL)
    wait_until(lambda: not window.isVisible())
