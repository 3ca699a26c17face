"""Nothing in the shown window lies over something else, or is cut off, at any size, size of type and set of panes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from desk_hands import show_text, wait_for_result
from desk_tools import close, faults, settle, wait_until
from desk_window import Window
from PySide6.QtCore import QPoint, QSettings, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QScrollBar

import zfdesk.weights
from zfdesk.desk.feature import Panes
from zfdesk.desk.live_view.picture_pane import PicturePane
from zfdesk.desk.live_view.transport import TransportBar
from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.notification import Notification
from zfdesk.live import View
from zfdesk.sources import SourceReference

SIZES = [(1016, 728), (1440, 900), (1920, 1080)]  # the first: 1024 × 768 without a frame


@pytest.fixture(scope="module")
def first(application: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """The window as a user sees it first: the network that ships, on the demo, which can be played."""
    settings = QSettings(str(tmp_path_factory.mktemp("first") / "settings.ini"), QSettings.Format.IniFormat)
    desk = AppState(zfdesk.weights.load(), View(source=SourceReference("demo")))
    window = Window(desk, settings)
    desk.start()
    window.show()
    wait_for_result(desk)
    desk.change(desk.view.change(frozen=True))
    yield window
    close(window)
    desk.deleteLater()
    settle()


def show(window: Window, size: tuple[int, int], presenter: bool) -> None:
    window.desk.change(window.desk.view.change(presenter=presenter))
    window.resize(*size)
    settle(50)
    window.layout_.reset()
    settle(50)
    wait_for_result(window.desk)
    show_text(window)
    settle(50)


@pytest.mark.parametrize("offered", [False, True])
@pytest.mark.parametrize("presenter", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_nothing_overlaps(first: Window, size: tuple[int, int], presenter: bool, offered: bool) -> None:
    offer = Notification(first, "It ended without being closed.", {"Restore": bool, "Discard": bool})
    offer.setVisible(offered)
    show(first, size, presenter)
    assert (first.width(), first.height()) == size
    found = faults(first)
    offer.finish()
    assert found == []


@pytest.mark.parametrize("presenter", [False, True])
def test_every_pane_fits_into_a_small_window_or_is_scrolled(first: Window, presenter: bool) -> None:
    show(first, (1016, 728), presenter)
    panes = first.context.get(Panes)
    found = {}
    for title in panes.specs:
        pane = panes.show(title)
        wait_until(lambda pane=pane: not pane.visibleRegion().isEmpty())
        settle(30)
        found[title] = faults(first)
    assert {title: said for title, said in found.items() if said} == {}
    assert (first.width(), first.height()) == (1016, 728)


def test_play_buttons_are_seen_whole_in_large_type_on_a_small_screen(first: Window) -> None:
    offer = Notification(first, "It ended without being closed.", {"Restore": bool, "Discard": bool})
    show(first, (1016, 728), presenter=True)
    bar = first.picture.findChild(TransportBar)
    assert bar is not None
    for button in bar.findChildren(QAbstractButton):
        assert not button.isVisible() or button.visibleRegion().boundingRect() == button.rect(), button.toolTip()
    scrolls = [bar for bar in first.picture.dock.findChildren(QScrollBar) if bar.isVisible()]
    offer.finish()
    assert scrolls == []  # it fits


def test_a_narrow_window_has_the_portrait_behind_the_unit_and_a_wide_one_beside_it(first: Window) -> None:
    show(first, (1440, 900), presenter=False)
    portrait, unit = (first.context.get(Panes).get(title).dock for title in ("Portrait", "Unit"))

    def beside() -> bool:
        return portrait.x() >= unit.geometry().right() and portrait.y() == unit.y()

    assert beside()
    for _ in range(2):
        first.resize(1016, 728)
        wait_until(lambda: portrait in first.tabifiedDockWidgets(unit))
        assert not unit.visibleRegion().isEmpty()
        first.resize(1440, 900)
        wait_until(beside)
        assert portrait.geometry().bottom() > unit.geometry().bottom()  # a column of its own, below it nothing
    first.resize(1016, 728)
    wait_until(lambda: portrait in first.tabifiedDockWidgets(unit))
    portrait.hide()
    first.resize(1440, 900)
    settle(30)
    assert not portrait.isVisible()  # what was closed stays closed


def test_a_window_that_grows_keeps_the_shares_of_its_columns(first: Window) -> None:
    show(first, (1440, 900), presenter=False)
    docks = [pane.dock for pane in (first.picture, first.maps, first.unit)]

    def shares() -> list[float]:
        return [dock.width() / first.width() for dock in docks]

    before = shares()
    for size in ((1920, 1080), (1300, 900), (1440, 900)):
        first.resize(*size)
        settle(50)
        assert shares() == pytest.approx(before, abs=0.02), size
    first.resizeDocks(docks[:2], [600, 300], Qt.Orientation.Horizontal)  # by hand
    settle(50)
    before = shares()
    first.resize(1920, 1080)
    settle(50)
    assert shares() == pytest.approx(before, abs=0.02)


def heights(window: Window) -> list[int]:
    """Of the upper panes and those below them."""
    names = ("Picture", "Classes", "Layers", "Feature maps", "Unit")
    return [window.context.get(Panes).get(name).dock.height() for name in names]


def resize_wildly(window: Window) -> None:
    start = window.size()
    for width, height in [(1016, 728), (1300, 640), (940, 860), (1360, 610), (1600, 1200), (1200, 840)] * 2:
        window.resize(width, height)
        settle(10)
    for less in (*range(0, 200, 8), *range(200, -1, -8)):
        window.resize(start - QSize(0, less))
        settle()
    window.resize(start)
    settle(50)


@pytest.mark.parametrize("presenter", [False, True])
@pytest.mark.parametrize("size", [(1016, 728), (1440, 900)])
def test_a_window_that_was_made_small_and_large_again_is_as_before(
    first: Window, size: tuple[int, int], presenter: bool
) -> None:
    """Qt gives the upper docks more at each turn: the layers took the room of the maps."""
    show(first, size, presenter)
    before = heights(first)
    resize_wildly(first)
    assert heights(first) == pytest.approx(before, abs=4)


@pytest.mark.parametrize(("title", "by"), [("Picture", -80), ("Layers", 60)])
def test_heights_that_a_separator_was_moved_to_are_kept(first: Window, title: str, by: int) -> None:
    show(first, (1440, 900), presenter=False)
    dock = first.context.get(Panes).get(title).dock
    start, at_first = QPoint(dock.geometry().center().x(), dock.geometry().bottom() + 2), dock.height()
    assert first.isSeparator(start)
    QTest.mousePress(first, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 11):
        QTest.mouseMove(first, start + QPoint(0, by * step // 10))
        settle()
    QTest.mouseRelease(first, Qt.MouseButton.LeftButton, pos=start + QPoint(0, by))
    settle(50)
    before = heights(first)
    assert dock.height() == pytest.approx(at_first + by, abs=4)
    resize_wildly(first)
    assert heights(first) == pytest.approx(before, abs=4)


def test_after_a_lecture_the_columns_are_as_wide_as_before(first: Window) -> None:
    show(first, (1440, 900), presenter=False)
    docks = [pane.dock for pane in (first.picture, first.classes, first.maps, first.unit)]

    def places() -> list[int]:
        return [length for dock in docks for length in (dock.width(), dock.height())]

    before = places()
    for _ in range(2):
        first.run("lecture")
        settle(50)
        assert first.size() != QSize(1440, 900)
        first.run("lecture")
        settle(50)
        first.resize(1440, 900)
        settle(50)
        assert places() == pytest.approx(before, abs=4)


@pytest.mark.parametrize("title", ["Sweep", "Boxes", "Pins"])
def test_a_pane_asked_for_in_a_lecture_ends_it_and_has_its_place(first: Window, title: str) -> None:
    show(first, (1440, 900), presenter=False)
    first.run("lecture")
    settle(50)
    pane = first.context.get(Panes).show(title)
    settle(50)
    first.resize(1440, 900)
    settle(50)
    assert not first.isFullScreen()
    assert pane.isVisible()
    assert min(pane.width(), pane.height()) > 100
    assert not faults(first)


def test_panes_as_at_first_ends_a_lecture(first: Window) -> None:
    show(first, (1440, 900), presenter=False)
    first.run("panes-reset")
    settle(50)
    before = {pane.title for pane in first.panes if pane.isVisible()}
    first.run("lecture")
    settle(50)
    first.run("panes-reset")
    settle(50)
    first.resize(1440, 900)
    settle(50)
    assert not first.isFullScreen()
    assert first.menuBar().isVisible()
    assert {pane.title for pane in first.panes if pane.isVisible()} == before
    assert not faults(first)


def test_panes_as_at_first_leave_the_focus_where_it_is(first: Window) -> None:
    canvas = first.context.get(PicturePane).canvas
    canvas.setFocus()
    first.run("panes-reset")
    assert first.focusWidget() is canvas
