"""The help sheet: all keys, the way from Yosinski's toolbox, and what one is looking at.

Every key shown here is read from the actions table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QTabWidget, QTextBrowser, QVBoxLayout

from zfdesk.desk.actions import CLEAN_KEY, Action, ActionTable, native
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Features, PaneSpec
from zfdesk.desk.widgets.dialog import Dialog, open_dialog
from zfdesk.desk.widgets.theme import Colours
from zfdesk.desk.window import yosinski
from zfdesk.desk.window.help_file import Section, help_section
from zfdesk.desk.window.yosinski import Binding, actions_for, bindings, kept_keys

TWO_COLUMNS_FROM = 62  # widths of an x: narrower than this, the keys stand in one column
CLOSING = (Qt.Key.Key_Escape, Qt.Key.Key_H, Qt.Key.Key_F1, Qt.Key.Key_Q)
SCROLLING = (
    Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
    Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Return, Qt.Key.Key_Enter,
)  # fmt: skip

GENERAL = ("Every picture", "Panes", "The embedded network")
"""Sections of the help that are of no pane, after those that are."""


@dataclass(frozen=True)
class HelpContent:
    """What the sheet tells. ``mouse``: (where, gesture, what it does); ``texts``: (title, text)."""

    actions: tuple[Action, ...]
    mouse: tuple[tuple[str, str, str], ...]
    texts: tuple[tuple[str, str], ...]
    yosinski: Section


def help_content(actions: Iterable[Action], panes: Iterable[PaneSpec]) -> HelpContent:
    """The help on these actions and panes."""
    actions = tuple(actions)
    sections = {title: help_section(title, actions) for title in (*(spec.title for spec in panes), *GENERAL)}
    mouse = tuple((title, *row) for title, section in sections.items() for row in section.mouse)
    texts = tuple(text for section in sections.values() for text in section.texts)
    return HelpContent(actions, mouse, texts, help_section(yosinski.TITLE, actions))


# The table of keys


@dataclass(frozen=True)
class KeyRow:
    """One line of the table of keys."""

    menu: str
    text: str
    keys: tuple[str, ...]


_DIRECTION = re.compile(r"\b(left|right|up|down)\b")


def key_rows(actions: Iterable[Action]) -> list[KeyRow]:
    """All actions by menu; four that differ in their direction alone are one row."""
    rows: list[KeyRow] = []
    families: dict[str, int] = {}
    for action in actions:
        direction = _DIRECTION.search(action.text)
        family = _DIRECTION.sub("…", action.text) if direction else action.id
        if family in families:
            row = rows[families[family]]
            rows[families[family]] = KeyRow(row.menu, row.text, row.keys + action.keys)
            continue
        families[family] = len(rows)
        text = _DIRECTION.sub("left, right, up, down", action.text) if direction else action.text
        rows.append(KeyRow(action.menu, text, action.keys))
        if action.id == "occluder-remove":
            rows.append(KeyRow(action.menu, "Held: the clean picture in every pane", (CLEAN_KEY,)))
        if action.held:
            rows.append(KeyRow(action.menu, action.held.text, action.held.keys))
    return rows


def menus(actions: Iterable[Action]) -> list[str]:
    """The menus in the order of the table."""
    return list(dict.fromkeys(action.menu for action in actions))


# As HTML


def matches(filter_text: str, *texts: str) -> bool:
    """Whether every word of the filter is in one of the texts."""
    texts_joined = " ".join(texts).casefold()
    return all(word in texts_joined for word in filter_text.casefold().split())


def _caps(keys: Iterable[str], colours: Colours) -> str:
    cap = f'<span style="background-color:{colours.line}; color:{colours.text};">&nbsp;%s&nbsp;</span>'
    return "&nbsp; ".join(cap % escape(native(key)).replace(" ", "&nbsp;") for key in keys)


def _heading(text: str, colours: Colours) -> str:
    return f'<p style="margin-top:12px; margin-bottom:3px; color:{colours.field};"><b>{escape(text)}</b></p>'


def _nothing(filter_text: str, colours: Colours) -> str:
    return f'<p style="color:{colours.quiet};">Nothing here is called “{escape(filter_text.strip())}”.</p>'


def _table(lines: Iterable[str]) -> str:
    return f'<table width="100%" cellspacing="0" cellpadding="3">{"".join(lines)}</table>'


def keys_html(content: HelpContent, colours: Colours, filter_text: str = "", columns: int = 1) -> str:
    """All keys by menu, then the mouse."""
    actions = content.actions
    rows, blocks = key_rows(actions), []
    for menu in menus(actions):
        found = [row for row in rows if row.menu == menu and matches(filter_text, menu, row.text, *row.keys)]
        lines = [
            f'<tr><td width="58%">{escape(row.text)}</td><td>{_caps(row.keys, colours)}</td></tr>' for row in found
        ]
        if found:
            blocks.append((len(found) + 2, _heading(menu, colours) + _table(lines)))
    found_mouse = [entry for entry in content.mouse if matches(filter_text, "mouse", *entry)]
    lines = [
        f'<tr><td width="20%" style="color:{colours.quiet};">{escape(where)}</td>'
        f'<td width="38%">{escape(gesture)}</td><td>{escape(does)}</td></tr>'
        for where, gesture, does in found_mouse
    ]
    mouse = _heading("Mouse", colours) + _table(lines) if found_mouse else ""
    if not blocks and not mouse:
        return _nothing(filter_text, colours)
    if columns == 1 or filter_text.strip():
        return "".join(block for _, block in blocks) + mouse
    return _side_by_side(blocks) + mouse


def _side_by_side(blocks: list[tuple[int, str]]) -> str:
    """Two columns of about equal height."""
    half, height, left = sum(size for size, _ in blocks) / 2, 0, 0
    while left < len(blocks) and height < half:
        height, left = height + blocks[left][0], left + 1
    halves = ("".join(block for _, block in part) for part in (blocks[:left], blocks[left:]))
    cells = '<td width="3%"></td>'.join(f'<td width="48%" valign="top">{half}</td>' for half in halves)
    return f'<table width="100%" cellspacing="0"><tr>{cells}</tr></table>'


def yosinski_html(content: HelpContent, colours: Colours, filter_text: str = "") -> str:
    """What each binding of Yosinski's toolbox is here."""
    actions, quiet = content.actions, f"color:{colours.quiet};"
    lines = [
        f'<tr style="{quiet}"><td width="13%">there</td><td width="27%">what it did</td><td width="30%">here</td>'
        "<td>where it differs</td></tr>"
    ]
    for binding in bindings(content.yosinski):
        found = actions_for(actions, binding.tag)
        here = (action.text for action in found)
        if not matches(filter_text, binding.tag, binding.there, binding.differs, *binding.keys, *here):
            continue
        lines.append(
            f'<tr><td>{_caps(binding.keys, colours)}</td><td>{escape(binding.there)}</td>'
            f'<td>{_here(actions, binding, found, colours)}</td><td style="{quiet}">{escape(binding.differs)}</td></tr>'
        )  # fmt: skip
    if len(lines) == 1:
        return _nothing(filter_text, colours)
    return f'<p style="{quiet}">{escape(content.yosinski.intro)}</p>{_table(lines)}'


def _here(actions: Sequence[Action], binding: Binding, found: tuple[Action, ...], colours: Colours) -> str:
    if not found:
        return f'<span style="color:{colours.quiet};">has no equal</span>'
    kept = kept_keys(actions, binding)
    parts = []
    for action in found:
        if set(binding.keys) <= set(kept):
            parts.append(escape(action.text))
        else:
            keys = dict.fromkeys((*kept, *action.keys))
            parts.append(f"{escape(action.text)} &nbsp;{_caps(keys, colours)}")
    return "<br>".join(parts)


def texts_html(content: HelpContent, colours: Colours, filter_text: str = "") -> str:
    """What one is looking at, in plain words."""
    found = [(title, text) for title, text in content.texts if matches(filter_text, title, text)]
    parts = [
        f'{_heading(title, colours)}<p style="margin-top:0; line-height:135%;">{escape(text)}</p>'
        for title, text in found
    ]
    return "".join(parts) or _nothing(filter_text, colours)


def help_html(tab: int, content: HelpContent, colours: Colours, filter_text: str = "", columns: int = 1) -> str:
    """One tab of the sheet: 0 the keys, 1 Yosinski's toolbox, 2 what one is looking at."""
    if tab == 0:
        return keys_html(content, colours, filter_text, columns)
    if tab == 1:
        return yosinski_html(content, colours, filter_text)
    return texts_html(content, colours, filter_text)


TABS = ("Keys and mouse", yosinski.TITLE, "What am I looking at")


class HelpSheet(Dialog):
    """Stands beside the window; while it is read, the window's letter keys go on working."""

    def __init__(self, context: AppContext) -> None:
        super().__init__(context, "zfdesk: help")
        self._content = help_content(context.get(ActionTable).actions, context.get(Features).panes)
        find = native("Ctrl+F")
        self.filter = QLineEdit(placeholderText=f"Find a key or a word ({find})", clearButtonEnabled=True)
        self.filter.setAccessibleName("Find a key or a word in the help")
        self.filter.textChanged.connect(self.render_tab)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setElideMode(Qt.TextElideMode.ElideRight)
        self.tabs.setAccessibleName("Parts of the help")
        self.pages = []
        for title in TABS:
            page = QTextBrowser()
            page.setAccessibleName(title)
            page.setOpenLinks(False)
            page.document().setDocumentMargin(10)
            self.tabs.addTab(page, title)
            self.pages.append(page)
        self.tabs.currentChanged.connect(lambda _: self.render_tab())
        layout = QVBoxLayout(self)
        layout.addWidget(self.filter)
        layout.addWidget(self.tabs, 1)
        self._rendered = 0  # columns
        self.pages[0].setFocus()

    def apply_theme(self, colours: Colours) -> None:
        """Take over a theme; larger type gets a larger sheet, within the screen."""
        room = self.context.window.screen().availableSize()
        em = self.context.window.fontMetrics().height()
        self.resize(min(58 * em, room.width() - 60), min(46 * em, room.height() - 80))
        self.render_tab()

    def render_tab(self) -> None:
        """Write the open tab anew; the place that was read stays when nothing else is shown."""
        tab = self.tabs.currentIndex()
        page = self.pages[tab]
        self._rendered = self._columns()
        place = page.verticalScrollBar().value()
        page.setHtml(help_html(tab, self._content, self.colours, self.filter.text(), self._rendered))
        page.verticalScrollBar().setValue(0 if self.filter.text() else place)

    def _columns(self) -> int:
        return 2 if self.width() >= TWO_COLUMNS_FROM * self.fontMetrics().horizontalAdvance("x") * 2 else 1

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if self._columns() != self._rendered:
            self.render_tab()

    def keeps(self, event: QKeyEvent) -> bool:
        """What scrolls, finds and closes; other keys may be tried while one reads of them."""
        if self.filter.hasFocus():
            return True
        return event.key() in CLOSING or event.key() in SCROLLING or event.matches(QKeySequence.StandardKey.Find)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.matches(QKeySequence.StandardKey.Find):
            self.filter.setFocus()
            self.filter.selectAll()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.pages[self.tabs.currentIndex()].setFocus()
        elif event.key() in CLOSING and (event.key() == Qt.Key.Key_Escape or not self.filter.hasFocus()):
            self.reject()
        else:
            super().keyPressEvent(event)


def show_help(context: AppContext) -> HelpSheet | None:
    """Open the help, or close it when it is open."""
    if sheet := open_dialog(HelpSheet, context):
        sheet.reject()
        return None
    sheet = HelpSheet(context)
    sheet.show()
    return sheet


__all__ = [
    "HelpContent",
    "HelpSheet",
    "help_content",
    "help_html",
    "key_rows",
    "keys_html",
    "show_help",
    "texts_html",
    "yosinski_html",
]
