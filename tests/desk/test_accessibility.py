"""For everybody: names on every control, targets large enough, text that can be read, no meaning by colour alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from desk_hands import change, view_of, wait_for_result
from desk_tools import press, settle
from desk_window import Window
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QScrollBar,
    QWidget,
)

from zfdesk.desk.widgets.canvas import Canvas
from zfdesk.desk.widgets.pane import Pane
from zfdesk.desk.widgets.screenshot import picture_of
from zfdesk.desk.widgets.theme import THEMES, mark_pens
from zfdesk.live import UnitReference

SMALLEST_TARGET = 24  # pixels: WCAG 2.2, success criterion 2.5.8
READABLE, VISIBLE = 4.5, 3.0  # contrast of text and of marks: WCAG 2.2, 1.4.3 and 1.4.11


def controls(window: Window) -> list[QWidget]:
    """Everything that can be clicked, chosen from or typed into and is to be seen now."""
    kinds = (QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox, QAbstractSlider, QAbstractItemView)
    return [
        widget
        for widget in window.findChildren(QWidget)
        if isinstance(widget, kinds)
        and widget.isVisible()
        and not isinstance(widget, QScrollBar)
        and not isinstance(widget.parentWidget(), QAbstractSpinBox | QComboBox | QLineEdit)
        and widget.objectName() != "qt_toolbar_ext_button"
    ]


def describe(widget: QWidget) -> str:
    """Where a control stands, for whoever has to mend it."""
    pane = widget
    while pane is not None and not isinstance(pane, Pane):
        pane = pane.parentWidget()  # type: ignore[assignment]
    words = widget.text() if isinstance(widget, QAbstractButton) else ""
    where = pane.title if isinstance(pane, Pane) else type(widget.parentWidget()).__name__
    return f"{type(widget).__name__} {widget.objectName()} {words!r} in {where}: {widget.width()} × {widget.height()}"


def show_everything(window: Window) -> list[Pane]:
    """Pins, snapshot, trace and the lesson are tabs: their controls are seen one after the other."""
    change(window, pins=(UnitReference("conv5", 1), UnitReference("conv4", 2)))
    if not window.teaching.class_set.classes:
        window.teaching.add("cup")
    return [window.pins, window.compare, window.trace, window.teach]


def test_every_control_has_a_name_and_says_what_it_does(still: Window) -> None:
    window = still
    nameless: set[str] = set()
    count = 0
    for pane in show_everything(window):
        window.docks[pane].raise_()
        settle()
        for widget in controls(window):
            count += 1
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            name = widget.accessibleName() or text
            # a sign is no name: "×" is read as "times", or not at all
            if not any(letter.isalpha() for letter in name):
                nameless.add(f"no name: {describe(widget)}")
            hint = widget.toolTip() or text
            if isinstance(widget, QLineEdit):
                hint = hint or widget.placeholderText()
            if isinstance(widget, QAbstractItemView):
                hint = hint or widget.accessibleName()
            if not any(letter.isalpha() for letter in hint):
                nameless.add(f"no tool tip: {describe(widget)}")
    assert count > 60
    assert not nameless, "\n".join(sorted(nameless))


def test_every_picture_and_pane_has_a_name(still: Window) -> None:
    window = still
    for pane in show_everything(window):
        window.docks[pane].raise_()
        settle()
        for widget in window.findChildren(Canvas):
            assert widget.accessibleName(), repr(widget)
    for pane in window.panes:
        assert pane.accessibleName() == pane.title
        assert pane.facts.accessibleName()
        assert window.docks[pane].windowTitle() == pane.title


@pytest.mark.parametrize("presenter", [False, True])
def test_targets_are_large_enough(still: Window, presenter: bool) -> None:
    window = still
    small: set[str] = set()
    try:
        change(window, presenter=presenter)
        for pane in show_everything(window):
            window.docks[pane].raise_()
            settle()
            for widget in controls(window):
                # the buttons of a dock are drawn by Qt; the same can be done in the View menu (WCAG: "equivalent")
                if isinstance(widget, QAbstractItemView) or widget.objectName().startswith("qt_dockwidget_"):
                    continue
                if widget.height() < SMALLEST_TARGET or widget.width() < SMALLEST_TARGET:
                    small.add(describe(widget))
            row = window.layers.list.sizeHintForRow(0)
            assert row >= SMALLEST_TARGET
            bars = window.classes.bars
            if bars.row_height() < SMALLEST_TARGET:
                small.add(f"rows of the classes: {bars.row_height():.0f}")
    finally:
        change(window, presenter=False)
    assert not small, "\n".join(sorted(small))


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = QColor(colour).getRgbF()[:3]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_measured_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", list(THEMES))
def test_text_can_be_read(theme: str) -> None:
    colours = THEMES[theme]
    poor = [
        f"{name} on {ground}: {ratio:.2f}"
        for name, ground in itertools.product(
            ("text", "quiet", "error", "rise", "fall"), ("pane", "background", "raised")
        )
        if (ratio := contrast(getattr(colours, name), getattr(colours, ground))) < READABLE
    ]
    if (ratio := contrast(colours.unit, colours.pane)) < READABLE:
        poor.append(f"the axis of the trace: {ratio:.2f}")
    assert not poor, "\n".join(poor)


@pytest.mark.parametrize("theme", list(THEMES))
def test_marks_can_be_seen(theme: str) -> None:
    colours = THEMES[theme]
    marks = {"unit": colours.unit, "field": colours.field, "bar": colours.bar}
    marks |= {f"watched {slot}": colour for slot, colour in enumerate(colours.watched)}
    poor = [
        f"{name} on {ground}: {ratio:.2f}"
        for (name, mark), ground in itertools.product(marks.items(), ("pane", "background"))
        if (ratio := contrast(mark, getattr(colours, ground))) < VISIBLE
    ]
    assert not poor, "\n".join(poor)
    # the text on a pressed button
    assert contrast("#10131a", colours.field) >= READABLE or theme == "light"


@pytest.mark.parametrize("name", ["unit", "field"])
def test_marks_can_be_seen_on_any_picture(name: str) -> None:
    one, other = (pen.color().name() for pen in mark_pens(name, 2))
    for level in range(256):
        grey = QColor(level, level, level).name()
        assert max(contrast(one, grey), contrast(other, grey)) >= VISIBLE


@pytest.mark.parametrize("theme", list(THEMES))
def test_marks_are_painted_so(still: Window, theme: str) -> None:
    """Of what is drawn over a picture both colours are there, the bright one between the black."""
    change(still, theme=theme)
    settle()
    for widget, name in (
        (still.picture.canvas, "field"), (still.maps.canvas, "unit"), (still.unit.map_tile.canvas, "unit"),
    ):  # fmt: skip
        image = picture_of(widget).convertToFormat(QImage.Format.Format_RGB888)
        levels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)[:, : 3 * image.width()]
        pixels = levels.reshape(image.height(), image.width(), 3).astype(int)
        near = [np.abs(pixels - pen.color().getRgb()[:3]).max(axis=2) < 40 for pen in mark_pens(name, 2)]
        dark, bright = near
        beside = [np.any([np.roll(dark, way * step, axis=1) for step in (1, 2, 3)], axis=0) for way in (1, -1)]
        assert (bright & beside[0] & beside[1]).sum() > 5, widget.accessibleName()
    change(still, theme="dark")


# How colours look without one kind of cone, on linear RGB (Machado, Oliveira & Fernandes 2009, severity 1)
DEFICIENCIES = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}


def seen_with(deficiency: str, colour: str) -> np.ndarray:
    """sRGB as it looks to somebody."""
    linear = np.array(QColor(colour).getRgbF()[:3]) ** 2.2
    return np.clip(np.array(DEFICIENCIES[deficiency]) @ linear, 0, 1) ** (1 / 2.2)


@pytest.mark.parametrize("theme", list(THEMES))
@pytest.mark.parametrize("deficiency", list(DEFICIENCIES))
def test_unit_and_field_are_told_apart_by_everybody(theme: str, deficiency: str) -> None:
    """The two that lie beside each other on the picture without a word."""
    unit, field = (seen_with(deficiency, getattr(THEMES[theme], name)) for name in ("unit", "field"))
    assert np.linalg.norm(unit - field) > 0.3


def test_the_keys_work_whichever_pane_has_the_focus(still: Window) -> None:
    window = still
    for widget in (
        window.picture.canvas,
        window.maps.content,
        window.unit.controls.method,
        window.toolbar,
        window.compare.take_button,
    ):
        widget.setFocus()
        before = view_of(window).unit
        press(QApplication.focusWidget() or window, Qt.Key.Key_L)
        assert view_of(window).unit == before + 1, widget
    wait_for_result(window.desk)


def test_the_focus_goes_round_by_tab(still: Window) -> None:
    """From the search to the toolbar and back, never into a dead end."""
    window = still
    window.classes.search.setFocus()
    passed: list[QWidget] = []
    for _ in range(200):
        press(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        assert focus is not None
        if focus is window.classes.search:
            break
        assert focus.isVisible()
        passed.append(focus)
    assert QApplication.focusWidget() is window.classes.search
    assert len(passed) > 5
    window.picture.canvas.setFocus()
