"""What is on the screen, not what a widget holds: the pixels that were painted are those that belong to the result.

A grab of a widget paints it anew, and hides that nobody did. Here the window's backing store is read.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from desk_hands import change, view_of, wait_for_result
from desk_tools import settle, wait_until
from desk_window import Window
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFrame, QWidget

from zfdesk.desk.figure.page_view import PageCanvas
from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture, ValueRange
from zfdesk.desk.widgets.colour_bar import RENEW_MS
from zfdesk.desk.widgets.tile import Tile
from zfdesk.engine import Occluder, SeedKind
from zfdesk.live import UnitReference

FOLLOWS_WITHIN = 4.0  # seconds: text that is renewed a few times each second


def levels(image: QImage) -> np.ndarray:
    """uint8 (height, width, 3)."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def on_screen(window: QWidget) -> np.ndarray:
    """What stands on the screen: nothing is painted for it."""
    return levels(window.screen().grabWindow(window.winId()).toImage())


def part(pixels: np.ndarray, widget: QWidget) -> np.ndarray:
    """A widget's part of its window."""
    place = QRect(widget.mapTo(widget.window(), widget.rect().topLeft()), widget.size())
    return pixels[place.top() : place.bottom() + 1, place.left() : place.right() + 1]


def painted(widget: QWidget) -> np.ndarray:
    """What stands on the screen where the widget is."""
    return part(on_screen(widget.window()), widget)


def wrong_pixels(*widgets: QWidget) -> list[tuple[str, list[int], list[int]]]:
    """Where the screen does not show what these widgets would paint now: which, from where, to where."""
    window = widgets[0].window()
    shown = on_screen(window)  # first: a grab may paint what was forgotten
    anew = levels(window.grab().toImage())
    found = []
    for widget in widgets:
        wrong = np.argwhere((part(shown, widget) != part(anew, widget)).any(2))
        if len(wrong):
            found.append((repr(widget), wrong.min(0).tolist(), wrong.max(0).tolist()))
    return found


def assert_painted_as_it_is(*widgets: QWidget) -> None:
    """On a picture that stands still nothing paints a second time what was forgotten: text may follow, no more."""
    end = time.monotonic() + FOLLOWS_WITHIN
    while (wrong := wrong_pixels(*widgets)) and time.monotonic() < end:
        settle(50)
    assert not wrong


def rest() -> None:
    """Until text that follows a few times a second has followed."""
    settle()
    QTest.qWait(2 * RENEW_MS)
    settle()


def silent_position(window: Window) -> tuple[int, int]:
    """Where the selected unit's map is 0."""
    unit = window.desk.result.unit  # type: ignore[union-attr]
    y, x = np.argwhere(unit.map == 0)[0]  # type: ignore[union-attr]
    return int(y), int(x)


def look_at_silence(window: Window) -> None:
    """A unit's strongest position, painted; then one at which it answers nothing."""
    change(window, layer="conv4", unit=2, position=None, seed=SeedKind.MAX)
    rest()
    assert window.desk.result.unit.activation > 0  # type: ignore[union-attr]
    at = silent_position(window)
    change(window, position=at, seed=SeedKind.AT)
    assert window.desk.result.unit.reason  # type: ignore[union-attr]
    rest()


def test_a_tile_paints_each_content_at_once(still: Window) -> None:
    host = QFrame(still, autoFillBackground=True)
    tile = Tile("reconstruction", parent=host)
    host.setGeometry(10, 10, 300, 300)
    tile.setGeometry(host.rect())
    host.raise_()
    host.show()
    colour = np.zeros((8, 8, 3), np.uint8)
    for value in (40, 200):
        colour[:] = value
        tile.set_content(CanvasPicture.rgb(colour.copy(), value_range=ValueRange(0, value), note="× 2"))
        rest()
        assert painted(tile.canvas)[150, 150].tolist() == [value] * 3
    tile.set_content("This unit is inactive here.")
    settle()  # at once: nothing of the range before may stand beside the sentence
    assert not (painted(tile.canvas) == 200).all(2).any()
    assert tile.note.text() == ""
    assert len(np.unique(painted(tile.bar).reshape(-1, 3), axis=0)) == 1  # an empty bar
    assert_painted_as_it_is(host)
    host.deleteLater()


def test_a_silent_unit_does_not_go_on_showing_the_one_before(still: Window) -> None:
    pane = still.unit
    look_at_silence(still)
    tile = pane.rule_tiles[view_of(still).method]
    assert_painted_as_it_is(tile)
    assert tile.canvas.message == still.desk.result.unit.reason  # type: ignore[union-attr]
    words, quiet = painted(tile.canvas), tile.canvas.colours.colour("pane")
    ground = (words == [quiet.red(), quiet.green(), quiet.blue()]).all(2).mean()
    assert ground > 0.7  # a sentence on the pane's colour, no picture
    assert tile.note.text() == ""


def test_a_silent_pin_keeps_neither_picture_nor_range_nor_factor(still: Window) -> None:
    pane = still.docks[still.pins]
    pane.show()
    pane.raise_()
    change(still, layer="conv4", unit=2, position=None, seed=SeedKind.MAX)
    at = silent_position(still)
    change(still, pins=(UnitReference("conv4", 2),))
    wait_until(lambda: bool(still.pins.cards) and still.pins.cards[0].picture_tile.canvas.has_picture)
    # the picture goes, the pin stays: a card is shown one result, then one in which its unit is silent
    card, loud = still.pins.cards[0], still.desk.result
    rest()
    assert card.picture_tile.note.text()
    change(still, pins=(UnitReference("conv4", 2, seed=SeedKind.AT, position=at),))
    silent = still.desk.result.pins[0]  # type: ignore[union-attr]
    assert silent.reason
    card = still.pins.cards[0]
    card.show_unit(loud.pins[0], loud)  # type: ignore[union-attr]
    rest()
    card.show_unit(silent, still.desk.result)  # type: ignore[arg-type]
    settle()
    tile = card.picture_tile
    assert tile.canvas.message == silent.reason
    assert tile.note.text() == ""
    assert_painted_as_it_is(card)
    change(still, pins=())


def test_a_comparison_that_cannot_be_made_shows_a_sentence(still: Window) -> None:
    square = Occluder(20, 20, 30, 30)
    change(still, layer="conv4", unit=2, position=None, seed=SeedKind.MAX, occluders=(square,), compare_clean=True)
    rest()
    look_at_silence(still)
    for tile in still.unit.comparison.tiles:
        assert_painted_as_it_is(tile)
    if still.desk.result.unit.comparison.reason:  # type: ignore[union-attr]
        assert all(tile.canvas.message and not tile.note.text() for tile in still.unit.comparison.pictures)
    change(still, compare_clean=False, occluders=())


@pytest.mark.parametrize("layer", ["conv1", "pool1", "conv5", "fc8", "prob"])
def test_the_whole_window_is_painted_as_it_is(still: Window, layer: str) -> None:
    """Any view that is renewed in parts: every pixel on the screen is the one a fresh painting gives."""
    change(still, layer=layer, unit=3, position=None)
    wait_for_result(still.desk)
    rest()
    seen = [one for one in still.findChildren(QWidget) if one.isVisible() and not one.visibleRegion().isEmpty()]
    assert len([one for one in seen if isinstance(one, Canvas)]) > 4
    assert_painted_as_it_is(*seen)


def test_a_page_that_is_being_drawn_says_so_also_where_none_was_before(application: object) -> None:
    canvas = PageCanvas()
    canvas.resize(300, 200)
    canvas.show_nothing("The page appears here.")
    canvas.show()
    settle(50)
    before = on_screen(canvas)
    canvas.wait(True)
    settle(50)
    waiting = on_screen(canvas)
    canvas.wait(False)
    settle(50)
    assert (waiting[100:, 150:] != before[100:, 150:]).any(), "at the lower right: drawing…"
    assert (on_screen(canvas) == before).all()
    canvas.close()
    canvas.deleteLater()
    settle()
