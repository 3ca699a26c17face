"""What the shown window says is legible: nothing is cut at the first size, and what people came for is the largest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from desk_hands import HandSource, numbered_picture, show_picture, wait_for_result
from desk_tools import close, settle, wait_until
from desk_window import Window
from PySide6.QtCore import QPoint, QRect, QSettings
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDockWidget, QWidget

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.desk.state import AppState
from zfdesk.desk.widgets import colour_bar
from zfdesk.desk.widgets.canvas import Canvas
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.text import BETWEEN
from zfdesk.figures.facts import number
from zfdesk.live import View
from zfdesk.sources import SourceReference


@pytest.fixture(scope="module")
def first(application: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """The window as a user sees it first: the network that ships, a still picture."""
    settings = QSettings(str(tmp_path_factory.mktemp("first") / "settings.ini"), QSettings.Format.IniFormat)
    desk = AppState(zfdesk.weights.load(), View(source=SourceReference("pattern")))
    window = Window(desk, settings)
    window.show()
    show_picture(window, unit=2)
    yield window
    close(window)
    desk.deleteLater()
    settle()


def labels_of(window: Window) -> list[ElidedLabel]:
    """Those that can be seen, with their texts renewed."""
    window.show_facts()
    shown = [label for label in window.findChildren(ElidedLabel) if label.isVisible() and label.full_text]
    for label in shown:
        label.renew_now()
    settle()
    return [label for label in shown if not label.visibleRegion().isEmpty()]


def test_the_title_of_a_map_and_the_line_below_it_are_of_one_result(first: Window) -> None:
    first.facts_clock.stop()  # which comes later than the titles
    try:
        source = first.desk.source
        assert isinstance(source, HandSource)
        frame = source.give(numbered_picture(70))
        wait_for_result(first.desk, lambda result: result.request.frame is frame)
        unit, shown = first.unit, first.unit.shown_result
        assert shown is not None
        assert shown.request.frame is frame
        highest = number(float(shown.unit.map.max()))  # type: ignore[union-attr]
        assert unit.map_tile.caption.full_text.endswith(f" to {highest}")
        assert f"map max {highest}" in unit.bottom_line.full_text
        assert f"frame {frame.number}" in unit.facts.full_text
    finally:
        first.facts_clock.start()


def test_figures_that_came_at_different_times_are_renewed_at_one(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = set()
    for now in (30.001, 30.05, 30.149):
        monkeypatch.setattr(colour_bar.time, "monotonic", lambda now=now: now)
        moments.add(int(now * 1000) + colour_bar.until_renewal())
    assert moments == {30_150}


@pytest.mark.parametrize("size", [(1440, 900), (1920, 1080), (1024, 728)])
def test_no_fact_is_cut_and_those_that_matter_are_there(first: Window, size: tuple[int, int]) -> None:
    first.resize(*size)
    desk = first.desk
    desk.change(desk.view.change(occluders=(zf.Occluder(60, 60, 50, 50),)))
    wait_for_result(desk)
    for pane in first.panes:
        first.bring_up(pane)
        cut = {label.full_text: label.text() for label in labels_of(first) if label.cut}
        assert cut == {}, (size, pane.title)
    first.layout_.reset()
    desk.change(desk.view.change(occluders=()))
    wait_for_result(desk)
    labels_of(first)
    said = first.unit.facts.text().replace("\n", " · ")
    for fact in ("conv5:2 @ (", "deconvnet", "strongest position", "frame "):  # unit, place, method, seed, frame
        assert fact in said, (size, said)


@pytest.mark.parametrize("size", [(1440, 900), (1024, 728)])
@pytest.mark.parametrize("side_by_side", ["all_methods", "compare_clean"])
def test_no_word_of_three_pictures_side_by_side_is_cut(first: Window, size: tuple[int, int], side_by_side: str) -> None:
    first.resize(*size)
    first.layout_.reset()
    desk = first.desk
    desk.change(desk.view.change(occluders=(zf.Occluder(60, 60, 50, 50),), **{side_by_side: True}))
    wait_for_result(desk)
    wait_until(lambda: first.unit.shown_result is desk.result)
    cut = {label.full_text: label.text() for label in labels_of(first) if label.cut}
    desk.change(desk.view.change(occluders=(), **{side_by_side: False}))
    wait_for_result(desk)
    assert cut == {}


def test_no_word_of_a_sweep_is_cut(first: Window) -> None:
    """Four maps side by side in a small window."""
    first.resize(1016, 728)
    first.layout_.reset()
    first.desk.change(first.desk.view.change_sweep(size=112, stride=56, own=True))
    first.run("sweep")
    wait_until(lambda: first.sweeps.swept is not None and not first.sweeps.running)
    settle(100)
    cut = {label.full_text: label.text() for label in labels_of(first) if label.cut}
    first.layout_.reset()
    assert cut == {}


def test_of_a_unit_with_its_filter_no_name_is_cut(first: Window) -> None:
    """Three small pictures side by side."""
    desk = first.desk
    first.resize(1016, 728)
    first.layout_.reset()
    desk.change(desk.view.change(layer="conv1", unit=2, position=None))
    wait_for_result(desk)
    wait_until(first.unit.filter_tile.isVisible)
    cut = {label.whole: label.text() for label in labels_of(first) if label.cut}
    desk.change(desk.view.change(layer="conv5", unit=2, position=None))
    wait_for_result(desk)
    assert cut == {}


@pytest.mark.parametrize("presenter", [False, True])
def test_hover_says_what_the_line_has_no_room_for(first: Window, presenter: bool) -> None:
    first.resize(1024, 728)
    first.layout_.reset()
    first.desk.change(first.desk.view.change(presenter=presenter))
    wait_for_result(first.desk)
    labels_of(first)
    facts = first.unit.facts
    shown = facts.text().strip().replace("\n", BETWEEN)
    assert facts.toolTip().startswith(shown)  # what goes first is the last fact
    assert "frame " in facts.toolTip()
    first.desk.change(first.desk.view.change(presenter=False))
    settle(50)


@pytest.mark.parametrize("size", [(1440, 900), (1024, 728)])
def test_the_first_facts_move_nothing(application: object, tmp_path: Path, size: tuple[int, int]) -> None:
    """The window has just opened, without any text; then the first frame has come."""
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    desk = AppState(zfdesk.weights.load(), View(source=SourceReference("pattern")))
    window = Window(desk, settings)
    window.resize(*size)
    window.show()

    titled = [(pane.title, dock) for pane, dock in window.docks.items()]

    def places() -> dict[str, QRect]:
        seen = [canvas for canvas in window.findChildren(Canvas) if not canvas.visibleRegion().isEmpty()]
        canvases = {
            canvas.accessibleName(): QRect(canvas.mapTo(window, QPoint(0, 0)), canvas.size()) for canvas in seen
        }
        docks = {title: dock.geometry() for title, dock in titled if not dock.visibleRegion().isEmpty()}
        return docks | canvases

    assert desk.result is None
    before: dict[str, QRect] = {}
    while before != (now := places()):  # docks come to their places in several turns
        before = now
        settle(100)
    show_picture(window, unit=2)
    labels_of(window)
    after = places()
    moved = {name: (place, after[name]) for name, place in before.items() if name in after and after[name] != place}
    close(window)
    desk.deleteLater()
    settle()
    assert moved == {}


def share(window: Window, widget: QWidget, width: float, height: float) -> float:
    """Of the window's area."""
    return width * height / (window.width() * window.height())


@pytest.mark.parametrize(
    ("size", "presenter", "least"),
    [
        ((1440, 900), False, 0.06), ((1016, 728), False, 0.06), ((1920, 1080), False, 0.06),
        ((1440, 900), True, 0.10), ((1016, 728), True, 0.08), ((1920, 1080), True, 0.10),
    ],
)  # fmt: skip
def test_picture_answer_and_reconstruction_are_large(
    first: Window, size: tuple[int, int], presenter: bool, least: float
) -> None:
    first.resize(*size)
    first.layout_.reset()
    first.desk.change(first.desk.view.change(presenter=presenter))
    canvas = first.unit.rule_tiles[first.desk.view.method].canvas

    def reconstruction() -> float:
        side = min(canvas.width(), canvas.height())
        return share(first, canvas, side, side)

    settle(50)
    wait_until(lambda: reconstruction() >= least)  # the panes come to their places in several turns
    settle(50)
    assert reconstruction() >= least
    picture = first.picture.canvas
    assert share(first, picture, picture.width(), picture.height()) >= 0.07
    assert first.classes.headline.type_size() >= 28
    assert first.classes.headline.height() >= 28
    assert canvas.mapTo(first, canvas.rect().bottomRight()).x() <= first.width()
    first.desk.change(first.desk.view.change(presenter=False))
    settle(50)


def dock_of(window: Window, title: str) -> QDockWidget:
    """The dock of the pane with that title."""
    return next(dock for pane, dock in window.docks.items() if pane.title == title)


def title_rows(window: Window, title: str = "Unit") -> list[int]:
    """The rows of pixels of a pane's title bar that its words take, from above."""
    dock = dock_of(window, title)
    image = dock.grab(QRect(4, 0, 120, dock.widget().y())).toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)[:, : image.width()]
    return np.flatnonzero(np.ptp(rows.astype(int), axis=1) > 40).tolist()


def test_titles_follow_the_size_of_type_at_once(first: Window) -> None:
    usual, height = title_rows(first), dock_of(first, "Layers").height()
    first.desk.change(first.desk.view.change(presenter=True))
    settle(50)
    assert len(title_rows(first)) >= 1.3 * len(usual) > 0
    first.run("lab")  # made now
    settle(50)
    large = title_rows(first, "Lab")
    first.desk.change(first.desk.view.change(presenter=False))
    settle(50)
    assert title_rows(first) == usual
    assert abs(dock_of(first, "Layers").height() - height) <= 8
    small = title_rows(first, "Lab")
    assert len(large) >= 1.3 * len(small) > 0
    assert small[-1] < dock_of(first, "Lab").widget().y() - 2, "it is cut"
    first.run("lab")


def test_a_pane_folded_to_its_tab_takes_no_room(first: Window) -> None:
    first.layout_.reset()

    def lower_edges() -> list[int]:
        return [first.docks[pane].geometry().bottom() for pane in (first.unit, first.maps)]

    wait_until(lambda: max(lower_edges()) - min(lower_edges()) <= 12)  # both have tabs below, and nothing else


def test_a_still_picture_has_no_rate_and_no_age(first: Window) -> None:
    wait_until(lambda: (first.show_facts(), "still" in first.status.full_text)[1])
    for word in ("fps", "age", "dropped"):
        assert word not in first.status.full_text


@pytest.mark.parametrize("presenter", [False, True])
@pytest.mark.parametrize("size", [(1016, 728), (1432, 860), (1912, 1040)])
def test_every_layer_is_seen_or_a_bar_says_that_there_are_more(
    first: Window, size: tuple[int, int], presenter: bool
) -> None:
    desk = first.desk
    desk.change(desk.view.change(presenter=presenter))
    first.resize(*size)
    first.layout_.reset()
    settle(100)
    layers = first.layers.list

    def seen() -> bool:
        last = layers.visualItemRect(layers.item(layers.count() - 1))
        return layers.viewport().rect().contains(last) != layers.verticalScrollBar().isVisible()

    wait_until(seen)
    if not presenter or size[0] > 1900:
        assert not layers.verticalScrollBar().isVisible()
    desk.change(desk.view.change(presenter=False))
    settle(50)
