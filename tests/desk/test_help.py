"""The help sheet: nothing is missing from it, and it does not stand in the way."""

from __future__ import annotations

import ast
import re
from html import escape
from pathlib import Path

import pytest
from desk_tools import press, settle
from desk_window import Window
from embedded import FACTS
from PySide6.QtCore import Qt

import zfdesk
from zfdesk.desk.actions import CLEAN_KEY, native, with_keys
from zfdesk.desk.feature import Features
from zfdesk.desk.teach.pane import TEACH_KEYS
from zfdesk.desk.widgets.theme import THEMES
from zfdesk.desk.window.features import ACTIONS, FEATURES
from zfdesk.desk.window.help import (
    GENERAL,
    HelpSheet,
    help_content,
    help_html,
    key_rows,
    keys_html,
    show_help,
    yosinski_html,
)
from zfdesk.desk.window.help_file import FILE, help_section, help_sections
from zfdesk.desk.window.hints import TITLE as FIRST_STEPS
from zfdesk.desk.window.yosinski import TITLE as YOSINSKI
from zfdesk.desk.window.yosinski import actions_for, bindings, kept_keys
from zfdesk.resources import resource

DARK = THEMES["dark"]
CONTENT = help_content(ACTIONS, Features(FEATURES).panes)
BINDINGS = bindings(CONTENT.yosinski)
KEY = r"(?:Ctrl|Alt|Shift)\+\S|\b(?:[Pp]ress|key) [A-Z0-9]\b"


def test_every_key_of_every_action_is_in_the_table() -> None:
    keys = [key for row in key_rows(ACTIONS) for key in row.keys]
    assert sorted(keys) == sorted([key for action in ACTIONS for key in action.keys] + [CLEAN_KEY, *TEACH_KEYS])
    html = keys_html(CONTENT, DARK)
    for action in ACTIONS:
        for key in action.keys:
            assert f"&nbsp;{escape(native(key))}&nbsp;" in html, action.id


def test_actions_that_differ_in_direction_alone_are_one_row() -> None:
    row = next(row for row in key_rows(ACTIONS) if row.keys == ("J", "L", "I", "K"))
    assert row.text == "Unit left, right, up, down"


@pytest.mark.parametrize("columns", [1, 2])
def test_words_of_all_actions_are_shown(columns: int) -> None:
    html = keys_html(CONTENT, DARK, columns=columns)
    for row in key_rows(ACTIONS):
        assert row.text.replace("'", "&#x27;") in html
    assert "Alt-drag" in html


def test_the_filter_leaves_what_fits() -> None:
    html = keys_html(CONTENT, DARK, "occluder SHAPE")
    assert "Shape: square, rectangle, ellipse" in html
    assert "Freeze the frame" not in html
    assert "Nothing here is called “&lt;xyzzy&gt;”" in keys_html(CONTENT, DARK, " <xyzzy> ")


def test_all_thirty_bindings_of_yosinski_are_listed_and_every_tag_of_an_action_is_one_of_them() -> None:
    tags = [binding.tag for binding in BINDINGS]
    assert len(tags) == len(set(tags)) == 30
    assert {action.yosinski for action in ACTIONS if action.yosinski} <= set(tags)
    keys = [key for binding in BINDINGS for key in binding.keys]
    assert len(keys) == len(set(keys))
    assert yosinski_html(CONTENT, DARK).count("<tr><td>") == 30


def test_a_binding_that_lost_its_key_or_its_meaning_says_so() -> None:
    for binding in BINDINGS:
        if not actions_for(ACTIONS, binding.tag) or set(kept_keys(ACTIONS, binding)) != set(binding.keys):
            assert binding.differs, binding.tag


def test_a_binding_without_an_equal_is_listed_honestly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zfdesk.desk.window.help.actions_for", lambda actions, tag: ())
    assert help_html(1, CONTENT, DARK).count("has no equal") == 30


def test_every_section_of_the_file_is_told_and_every_pane_has_one() -> None:
    keys, texts = keys_html(CONTENT, DARK), help_html(2, CONTENT, DARK)
    panes = [spec.title for spec in Features(FEATURES).panes]
    assert set(panes) - set(help_sections()) == {"Pins", "A | B"}
    assert set(help_sections()) - set(panes) == {*GENERAL, YOSINSKI, FIRST_STEPS}
    told = 0
    for title in (*panes, *GENERAL):
        section = help_section(title, ACTIONS)
        assert all(escape(gesture) in keys and escape(does) in keys for gesture, does in section.mouse), title
        assert all(escape(part) in texts and escape(text) in texts for part, text in section.texts), title
        told += len(section.mouse) + len(section.texts)
    lines = resource(FILE).read_text("utf-8").splitlines()
    assert told == sum(line.startswith(("- ", "### ")) for line in lines)


def test_the_file_names_keys_by_their_actions_alone() -> None:
    sections = dict(help_sections())
    differs = [row.split("|")[-2] for row in sections.pop(YOSINSKI).splitlines() if row.startswith("|")]
    assert not any(re.search(rf"{KEY}|^ *(?:Esc|[0-9B-Z]) ", text) for text in differs)
    assert not any(re.search(KEY, text) for text in sections.values())
    assert not any(re.search(KEY, example.text) for feature in FEATURES for example in feature.examples)
    with pytest.raises(KeyError, match="no-such-action"):
        with_keys("Press {no-such-action}.", ACTIONS)


def test_texts_of_the_window_name_keys_by_their_actions() -> None:
    """Those few that stand below the table of actions are compared with it here."""
    below = {
        "Recording: press {occluder}",
        "No heat lies over the picture: press {heat}",
        "No methods were set side by side: open that pane, {heats}",
        "The sanity check was not made: {heat-sanity}",
        "Nothing is covered: press {occluder}",
        "No unit is pinned: press {pin}",
        "Nothing has been made yet: press {lab-unit}",
        "There is no snapshot A: press {snapshot}",
        "There is no sweep yet: press {sweep}",
    }
    known = tuple(with_keys(text, ACTIONS) for text in below)
    package = Path(zfdesk.__file__).parent
    for path in sorted(package.rglob("*.py")):
        if path.name in ("actions.py", "feature.py") or path.parent.name in ("figure", "parts"):  # these two: their own
            continue
        for text in texts_in(path):
            if " " in text.strip() and re.search(KEY, text):
                assert text.startswith(known), f"{path.name}: {text}"


def texts_in(path: Path) -> list[str]:
    """The strings of a module that may name a key, but for its docstrings."""
    source = path.read_text("utf-8")
    tree = ast.parse(source if re.search(KEY, source) else "")
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in told]
    return [node.value for node in nodes if isinstance(node.value, str)]


def test_texts_name_what_they_explain() -> None:
    html = help_html(2, CONTENT, DARK)
    for word in (
        "Deconvnet",
        "Guided",
        "Gradient",
        "Seed",
        "Contrast stretched",
        "Normalisation",
        "Occluder",
        FACTS.demo["coffee.jpg"][0][1],
    ):
        assert word in html


def test_our_choices_where_the_paper_is_silent_are_told() -> None:
    html = " ".join(help_html(2, CONTENT, DARK).split())
    for words in ("paddings", "signals add", "begins with 1", "softmax is skipped", "the one with the highest total"):
        assert words in html


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_H])
def test_keys_close_the_sheet_and_nothing_of_it_is_left(window: Window, key: Qt.Key) -> None:
    sheet = show_help(window.context)
    assert sheet is not None
    settle(20)
    assert not sheet.isModal()
    press(sheet.pages[0], key)
    assert not sheet.isVisible()
    settle()
    assert window.findChildren(HelpSheet) == []


def test_in_the_filter_letters_are_text_and_escape_closes(window: Window) -> None:
    sheet = HelpSheet(window.context)
    sheet.show()
    settle(20)
    press(sheet.pages[0], Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert sheet.filter.hasFocus()
    for key in (Qt.Key.Key_H, Qt.Key.Key_Q, Qt.Key.Key_F, Qt.Key.Key_Space):
        press(sheet.filter, key)
    assert sheet.filter.text() == "hqf "
    assert not window.desk.view.frozen
    press(sheet.filter, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_while_it_is_read_keys_can_be_tried(window: Window) -> None:
    sheet = HelpSheet(window.context)
    sheet.show()
    settle(20)
    press(sheet.pages[0], Qt.Key.Key_F)
    assert window.desk.view.frozen
    before = window.desk.view
    for key in (Qt.Key.Key_Down, Qt.Key.Key_PageDown, Qt.Key.Key_End, Qt.Key.Key_Return):
        press(sheet.pages[0], key)
    assert window.desk.view == before
    assert sheet.pages[0].verticalScrollBar().value() > 0
    sheet.reject()


def test_it_follows_the_theme_and_the_size_of_type(window: Window) -> None:
    sheet = HelpSheet(window.context)
    sheet.show()
    small = sheet.pages[0].document().defaultFont().pixelSize()
    assert THEMES["dark"].field in sheet.pages[0].toHtml()
    window.desk.change(window.desk.view.change(theme="light", presenter=True))
    settle(20)
    assert THEMES["light"].field in sheet.pages[0].toHtml()
    assert sheet.pages[0].document().defaultFont().pixelSize() > small
    sheet.reject()


def test_there_is_one_sheet_and_it_closes_with_the_window(window: Window) -> None:
    sheet = show_help(window.context)
    assert sheet is not None
    assert show_help(window.context) is None
    assert not sheet.isVisible()
    again = show_help(window.context)
    assert again is not None
    window.close()
    assert not again.isVisible()


def test_tabs_show_something_readable(window: Window) -> None:
    sheet = HelpSheet(window.context)
    sheet.show()
    for tab in range(3):
        sheet.tabs.setCurrentIndex(tab)
        assert len(re.findall(r"\w+", sheet.pages[tab].toPlainText())) > 200
    sheet.reject()
