"""The portrait of the selected unit: what it shows without a scan, with one, of the camera, and what a click does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from desk_hands import click, wait_for_result
from desk_tools import wait_until
from desk_window import Window
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QPushButton
from test_desk_scan import write_pictures

from zfdesk.desk.portrait.controller import PortraitController
from zfdesk.desk.portrait.examples import best_columns
from zfdesk.desk.portrait.pane import PortraitPane
from zfdesk.desk.scan import ScanController
from zfdesk.engine import SeedKind
from zfdesk.library import Library, Portraits
from zfdesk.library.pictures import MadePicture, MadePictures
from zfdesk.live.changes import to_layer, to_unit
from zfdesk.sources import SourceReference


@pytest.fixture
def pane(live: Window) -> PortraitPane:
    found = live.context.get(PortraitPane)
    live.bring_up(found)
    wait_until(lambda: found.isVisible() and live.context.get(ScanController).status.known)
    return found


@pytest.fixture
def scanned(live: Window, pane: PortraitPane, tmp_path: Path) -> Path:
    folder = write_pictures(tmp_path / "pictures", 12, kinds=3)
    live.context.get(ScanController).open([folder])
    wait_until(lambda: live.context.get(ScanController).status.pictures == 12)
    return folder


def complete(window: Window) -> bool:
    shown = window.context.get(PortraitController).shown
    return shown is not None and shown.portrait is not None and len(shown.shown) == len(shown.portrait.examples)


def test_without_a_scan_three_buttons_offer_one(live: Window, pane: PortraitPane) -> None:
    assert pane.start.isVisible()
    assert not pane.examples.isVisible()
    texts = [button.text() for button in pane.start.findChildren(QPushButton)]
    assert texts == ["The demo's pictures", "My pictures folder", "A folder…"]
    pane.start.buttons[0].click()
    wait_until(lambda: live.context.get(ScanController).status.pictures == 5)
    wait_until(lambda: complete(live))
    assert not pane.start.isVisible()
    assert "demo: 5 pictures" in pane.facts.full_text


def test_the_nine_strongest_are_shown_and_follow_the_selection(live: Window, pane: PortraitPane, scanned: Path) -> None:
    for unit in (1, 4):
        live.desk.change(to_unit(live.desk.view, unit))
        wait_until(lambda: complete(live))
        shown = live.context.get(PortraitController).shown
        assert shown is not None
        assert shown.portrait is not None
        with Library(live.desk.model) as library:
            expected = Portraits(library, (scanned,)).portrait("conv5", unit)
        assert [one.example for one in shown.shown] == list(expected.examples)
        assert pane.examples.count == len(expected.examples) > 0
        assert f"conv5:{unit}" in pane.facts.full_text
        assert "12 pictures" in pane.facts.full_text
    assert pane.as_data().count("\n") == 1 + len(expected.examples)


def test_a_click_opens_the_picture_at_that_position(live: Window, pane: PortraitPane, scanned: Path) -> None:
    wait_until(lambda: complete(live))
    shown = live.context.get(PortraitController).shown
    assert shown is not None
    example = shown.shown[0].example
    click(pane.examples, QPointF(pane.examples.rect_of(0).center()))
    view = live.desk.view
    assert view.source == SourceReference("picture", example.path)
    assert (view.unit, view.seed, view.position) == (shown.unit, SeedKind.AT, example.position)
    result = wait_for_result(live.desk, lambda result: result.request.frame.origin == Path(example.path).name)
    assert result.unit is not None
    assert result.unit.activation == pytest.approx(example.activation, rel=1e-4)
    wait_until(lambda: pane.histogram.live == pytest.approx(example.activation, rel=1e-4))


def test_the_portrait_of_fewer_pictures_stays_until_that_of_more_is_there(
    live: Window, pane: PortraitPane, scanned: Path
) -> None:
    """As at each renewal of a scan under way."""
    portraits = live.context.get(PortraitController)
    wait_until(lambda: complete(live))

    def look() -> None:
        assert complete(live), "blank places, or none"

    portraits.changed.connect(look)
    write_pictures(scanned, 40, kinds=3)
    live.context.get(ScanController).scan_again()
    wait_until(lambda: "40 pictures" in pane.facts.full_text)
    portraits.changed.disconnect(look)
    assert portraits.shown is not None
    with Library(live.desk.model) as library:
        expected = Portraits(library, (scanned,)).portrait("conv5", portraits.shown.unit)
    wait_until(lambda: [one.example for one in portraits.shown.shown] == list(expected.examples))


def test_what_has_no_portrait_says_so_without_a_scan_too(live: Window, pane: PortraitPane) -> None:
    assert pane.start.isVisible()
    live.desk.change(to_layer(live.desk.view, "input", live.desk.model.architecture, None))
    wait_until(lambda: not pane.start.isVisible() and pane.examples.isVisible())
    live.desk.change(to_layer(live.desk.view, "conv5", live.desk.model.architecture, None))
    wait_until(pane.start.isVisible)


def test_units_that_are_alike_are_links(live: Window, pane: PortraitPane, scanned: Path) -> None:
    wait_until(lambda: "href" in pane.alike.text())
    pane.alike.linkActivated.emit("3")
    assert live.desk.view.unit == 3


def test_layers_without_units_or_made_pictures_say_so(live: Window, pane: PortraitPane, scanned: Path) -> None:
    live.desk.change(to_layer(live.desk.view, "input", live.desk.model.architecture, None))
    wait_until(lambda: (shown := live.context.get(PortraitController).shown) is not None and "no units" in shown.error)
    live.desk.change(to_layer(live.desk.view, "conv1", live.desk.model.architecture, None))
    wait_until(lambda: complete(live))
    assert pane.filter.isVisible()
    wait_until(lambda: "zfdesk atlas" in pane.made.message)  # this network is not the embedded one


def test_teaching_again_leaves_what_is_shown_of_a_unit(
    live: Window, pane: PortraitPane, scanned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    square = np.full((8, 8, 3), 90, np.uint8)
    monkeypatch.setattr(MadePictures, "of_unit", lambda _, layer, unit: MadePicture(layer, unit, square, 2.5))
    live.desk.change(to_unit(live.desk.view, 2))
    controller = live.context.get(PortraitController)
    wait_until(lambda: complete(live) and pane.made.has_picture)
    shown, body = controller.shown, live.desk.model
    live.desk.use_model(replace(body, name="taught", body=body))
    assert controller.shown is shown
    assert pane.made.has_picture
    live.desk.change(to_unit(live.desk.view, 3))
    wait_until(lambda: controller.made is not None and controller.made.unit == 3)
    live.desk.use_model(body)


def test_the_last_minutes_of_the_live_source(live: Window, pane: PortraitPane) -> None:
    pane.source.chosen.emit("camera")
    wait_until(lambda: complete(live))
    assert "frame" in pane.facts.full_text
    assert not pane.start.isVisible()


def test_examples_are_as_large_as_they_fit() -> None:
    assert best_columns(9, 240, 340, 16)[0] == 2
    assert best_columns(9, 900, 200, 16)[0] == 5
    assert best_columns(1, 200, 400, 16) == (1, 99.5)
