"""Keys go to what has the focus, Tab goes as one reads, and the palette knows what things are called elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from desk_hands import change
from desk_tools import close, press, wait_until
from desk_window import Window
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QMenu, QWidget

from zfdesk.desk.feature import Features
from zfdesk.desk.portrait.examples import ExamplesView
from zfdesk.desk.recording.dialog import RecordingDialog
from zfdesk.desk.scan_views.grid import GridCell, PictureGrid
from zfdesk.desk.widgets.combo_box import ComboBox
from zfdesk.desk.widgets.keyboard_grid import KeyboardGrid
from zfdesk.desk.widgets.menu import PopupMenu, give_letters, literal
from zfdesk.desk.widgets.screenshot import picture_of
from zfdesk.desk.widgets.theme import THEMES
from zfdesk.desk.window.palette_entries import entries_of, find
from zfdesk.engine import Rule
from zfdesk.library.pictures import ShownExample
from zfdesk.library.portrait import Example

# Keys


def test_a_list_and_a_number_that_have_the_focus_keep_the_arrows(still: Window) -> None:
    still.run("occluder")
    before = still.desk.view
    still.layers.list.setFocus()
    press(still.layers.list, Qt.Key.Key_Right)
    names = [stage.name for stage in still.desk.model.architecture.stages]
    assert still.desk.view.layer == names[names.index(before.layer) + 1]
    assert still.desk.view.occluders == before.occluders
    press(still.layers.list, Qt.Key.Key_Return)  # not the strongest unit of the layer
    still.maps.boost.setFocus()
    press(still.maps.boost, Qt.Key.Key_Up)
    assert still.desk.view.maps.boost == before.maps.boost + 0.25
    still.maps.order.setFocus()
    press(still.maps.order, Qt.Key.Key_Down)
    assert still.maps.order.currentIndex() == 1
    assert still.desk.view.occluders == before.occluders
    still.picture.canvas.setFocus()
    press(still.picture.canvas, Qt.Key.Key_Right)
    assert still.desk.view.occluders[0].left == before.occluders[0].left + 1


@pytest.mark.parametrize("home", ["window", "dialog"])
def test_an_open_choice_keeps_its_keys(still: Window, home: str) -> None:
    still.run("occluder")
    choice = still.maps.order
    if home == "dialog":
        still.run("record")
        choice = still.findChild(RecordingDialog).form
    before = still.desk.view
    choice.setCurrentIndex(0)
    choice.showPopup()
    listed = choice.view()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_F, Qt.Key.Key_Home, Qt.Key.Key_Down):
        press(listed, key)
    assert still.desk.view == before, "the square moves, or the picture freezes"
    press(listed, Qt.Key.Key_Return)
    wait_until(lambda: not listed.isVisible())
    assert choice.currentIndex() == 1
    choice.showPopup()
    press(listed, Qt.Key.Key_End)
    press(listed, Qt.Key.Key_Escape)
    wait_until(lambda: not listed.isVisible())
    assert choice.currentIndex() == 1
    assert still.desk.view.occluders == before.occluders


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_row_of_an_open_choice_that_the_keys_are_at_is_seen_and_read_whole(still: Window, theme: str) -> None:
    change(still, theme=theme)
    choice = ComboBox(still)
    choice.addItems(["one", "another", "one with a name that is longer than its box is wide"])
    choice.setFixedWidth(90)
    choice.show()
    choice.showPopup()
    listed = choice.view()
    press(listed, Qt.Key.Key_Down)
    painted = picture_of(listed.viewport())
    places = [listed.visualRect(listed.model().index(row, 0)) for row in range(choice.count())]
    lit = [painted.pixelColor(place.right() - 2, place.top() + 2).name() == THEMES[theme].field for place in places]
    whole = listed.viewport().width() >= listed.sizeHintForColumn(0)
    press(listed, Qt.Key.Key_Escape)
    wait_until(lambda: not listed.isVisible())
    close(choice)
    change(still, theme="dark")
    assert lit == [False, True, False]
    assert whole


def test_all_choices_are_such(still: Window) -> None:
    assert all(isinstance(one, ComboBox) for one in still.findChildren(QComboBox))


def test_an_open_menu_keeps_its_letters(still: Window) -> None:
    before = still.desk.view
    unit = still.table.menus["Unit"]
    unit.popup(still.mapToGlobal(still.rect().center()))
    wait_until(unit.isVisible)
    press(unit, Qt.Key.Key_M)  # the method, not the next style
    method = unit.activeAction().menu()
    assert method.title().startswith("&Method")
    assert method.isVisible()
    press(method, Qt.Key.Key_G)  # guided backprop, and no number is asked for
    assert not unit.isVisible()
    assert still.desk.view == before.change(method=Rule.GUIDED)
    for place in (still.menuBar(), still.picture.canvas):
        place.setFocus()
        press(still.menuBar(), Qt.Key.Key_F)
        assert still.desk.view.frozen == (place is still.picture.canvas)


def test_each_entry_of_a_menu_has_a_letter_of_its_own(still: Window) -> None:
    others = [menu for menu in still.findChildren(QMenu) if not isinstance(menu, PopupMenu)]
    assert [menu for menu in others if menu.parent() is not still.menuBar() or menu.title()] == [], "not Qt's own"
    for topic in ("Source", "Edit", "View", "Crop", "Maps", "Occluder", "Unit", "Tools", "Help"):
        menu = still.table.menus[topic]
        menu.popup(still.mapToGlobal(still.rect().topLeft()))
        wait_until(menu.isVisible)
        texts = [entry.text() for entry in menu.actions() if not entry.isSeparator()]
        menu.close()
        letters = [text[text.index("&") + 1].lower() for text in texts]
        assert len(letters) == len(set(letters)), texts


def test_an_entry_with_the_words_of_others_has_them_whole() -> None:
    menu = PopupMenu()
    entry, other = menu.addAction(literal("salt & pepper")), menu.addAction("salt")
    give_letters(menu.actions())
    assert [entry.text(), other.text()] == ["&salt && pepper", "s&alt"]


def test_what_is_offered_for_typed_letters_is_chosen_by_keys(still: Window) -> None:
    still.run("occluder")
    before = still.desk.view
    line = still.classes.search
    line.setFocus()
    QTest.keyClicks(line, "t")
    offered = line.completer().popup()
    assert offered.isVisible()
    press(offered, Qt.Key.Key_Down)
    assert still.desk.view == before
    press(offered, Qt.Key.Key_Return)
    assert still.desk.view.watched == (0,)
    still.run("undo")


def test_the_tab_key_goes_as_one_reads(still: Window) -> None:
    """The toolbar, then the panes by their columns; in each from above and from the left."""
    order = [still.toolbar, still.picture, still.classes, still.layers, still.maps, still.unit]
    passed: list[QWidget] = []
    widget = still.toolbar.nextInFocusChain()
    for _ in range(2000):
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            passed.append(widget)
        widget = widget.nextInFocusChain()
        if widget is still.toolbar:
            break
    found = [next((part for part in order if part.isAncestorOf(one)), None) for one in passed]
    assert list(dict.fromkeys(part for part in found if part is not None)) == [part for part in order if part in found]
    assert len(set(found)) > 4
    for part in order:
        inside = [one.mapTo(still, one.rect().center()) for one in passed if part.isAncestorOf(one)]
        for one, other in pairwise(inside):
            assert other.y() > one.y() + 8 or (other.x() > one.x() and abs(other.y() - one.y()) <= 12), (one, other)


# Words


@pytest.mark.parametrize(
    ("query", "action"),
    [
        ("webcam", "camera"), ("screenshot", "save-window"), ("channel", "unit-strongest"), ("export", "session-save"),
        ("heat map", "sweep"), ("saliency", "method"), ("heatmap", "sweep"), ("dark mode", "theme"),
        ("checkpoint", "weights"), ("gif", "record"), ("train", "teach"), ("contrast", "gamma"),
        ("heat map", "heat"), ("saliency", "heat"), ("grad-cam", "heats"), ("adversarial", "lab-fool"),
        ("feature visualisation", "lab-unit"),
    ],
)  # fmt: skip
def test_the_palette_knows_what_else_things_are_called(still: Window, query: str, action: str) -> None:
    found = [entry.text for entry, _ in find(entries_of(still.context), query)[:8]]
    assert still.table.find(action).text in found, found


def test_one_word_for_one_thing(still: Window) -> None:
    words = [action.text for action in still.table.actions]
    assert not [said for said in words if "picture of the" in said.lower()]  # that is a screenshot
    assert [said for said in words if said.startswith("Freeze")] == ["Freeze the frame"]
    titles = [spec.title for spec in still.context.get(Features).panes]
    assert "Sweep" in titles
    assert "Occlusion" not in titles
    assert "begins" in still.unit.controls.seed.toolTip()


# Pictures in rows


@pytest.fixture(params=["grid", "examples"])
def pictures(still: Window, request: pytest.FixtureRequest) -> Iterator[tuple[KeyboardGrid, list[object]]]:
    taken: list[object] = []
    if request.param == "grid":
        made: KeyboardGrid = PictureGrid("Pictures")
        made.show_cells([GridCell(np.zeros((4, 4, 3), np.uint8), tip=f"{key}", key=key) for key in range(5)])
        made.picked.connect(lambda key, x, y: taken.append(key))
    else:
        made = ExamplesView()
        shown = [ShownExample(Example(f"{n}.png", 1.0, (0, 0), (0, 0, 4, 4))) for n in range(5)]
        made.show_examples(shown, [""] * 5, [""] * 5)
        made.chosen.connect(taken.append)
    made.setParent(still)
    made.resize(600, 500)
    made.show()
    made.setFocus()
    yield made, taken
    made.hide()
    made.setParent(None)
    made.deleteLater()


def test_pictures_are_walked_by_arrows_and_taken_by_return(
    still: Window, pictures: tuple[KeyboardGrid, list[object]]
) -> None:
    made, taken = pictures
    before = still.desk.view
    columns = made.places()[1]
    assert 1 < columns < 5
    for key, place in (
        (Qt.Key.Key_Right, 0), (Qt.Key.Key_Right, 1), (Qt.Key.Key_Down, 1 + columns), (Qt.Key.Key_End, 4),
        (Qt.Key.Key_Right, 4), (Qt.Key.Key_Up, 4 - columns), (Qt.Key.Key_Home, 0), (Qt.Key.Key_Left, 0),
    ):  # fmt: skip
        press(made, key)
        assert made.current == place, key
    press(made, Qt.Key.Key_Down)
    press(made, Qt.Key.Key_Return)
    assert taken == [columns]
    assert still.desk.view == before
    still.picture.canvas.setFocus()
    assert made.current == -1
