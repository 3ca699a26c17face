"""Pattern mode: the grid shows what each unit answers to most, found and ordered by class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from desk_hands import change, click
from desk_tools import press, wait_until
from desk_window import Window
from PySide6.QtCore import Qt
from test_desk_scan import write_pictures

from zfdesk.desk.figure.capture import sources_of
from zfdesk.desk.live_view.pattern_grid import PatternPanel
from zfdesk.desk.patterns import FIRST, NO_SCAN, Patterns
from zfdesk.desk.scan import ScanController
from zfdesk.library import Library, Portraits, UnitAnswer, shown
from zfdesk.live import Pattern, UnitOrder
from zfdesk.pages.panels import PanelSpec, why_not
from zfdesk.pages.panels_live import MAPS


@pytest.fixture
def panel(live: Window, tmp_path: Path) -> PatternPanel:
    folder = write_pictures(tmp_path / "pictures", 12, kinds=3)
    live.context.get(ScanController).open([folder])
    wait_until(lambda: live.context.get(ScanController).status.pictures == 12)
    return live.maps.patterns


def best_of(portraits: Portraits, layer: str) -> list[UnitAnswer]:
    """Each unit's strongest picture, of those that answer at all."""
    best = []
    for found in portraits.ranked(layer, range(portraits.statistics(layer).units), exact=False):
        examples = portraits.examples(layer, found)[:1]
        best += [one for one in shown(portraits.library, layer, found.unit, examples) if one is not None]
    return best


def test_s_goes_through_the_patterns_and_back(live: Window, panel: PatternPanel) -> None:
    live.maps.canvas.setFocus()
    press(live, Qt.Key.Key_S)
    assert live.desk.view.maps.pattern is Pattern.PATCH
    assert panel.isVisible()
    assert not live.maps.canvas.isVisible()
    with Library(live.desk.model) as library:
        best = best_of(Portraits(library), "conv5")
    wait_until(lambda: panel.sheet is not None and len(panel.sheet.tiles) == len(best))
    assert panel.sheet is not None
    for answer in best:
        assert np.array_equal(panel.sheet.tiles[answer.unit], answer.patch)
    assert "12 pictures" in " ".join(panel.facts_text())
    press(live, Qt.Key.Key_S)
    wait_until(lambda: panel.sheet is not None and panel.sheet.pattern is Pattern.PROJECTION)
    press(live, Qt.Key.Key_S)
    wait_until(lambda: "zfdesk atlas" in panel.grid.message)  # this network is not the embedded one
    press(live, Qt.Key.Key_S)
    assert live.maps.canvas.isVisible()
    assert not panel.isVisible()


def test_units_are_found_and_ordered_by_class_and_picked(live: Window, panel: PatternPanel) -> None:
    live.desk.change(live.desk.view.change_maps(pattern=Pattern.PATCH, order=UnitOrder.CLASS))
    wait_until(lambda: panel.sheet is not None and panel.sheet.best is not None and panel.grid.has_picture)
    assert panel.sheet is not None
    assert panel.sheet.best is not None
    classes = panel.sheet.best.classes
    assert [classes[unit] for unit in panel.grid.units if classes[unit]] == sorted(filter(None, classes))
    wanted = classes[panel.grid.units[0]]
    panel.search.setText(wanted.upper())
    assert panel.grid.units == [unit for unit, name in enumerate(classes) if name == wanted]
    unit = panel.grid.units[-1]
    click(panel.grid, panel.grid.to_screen(*panel.grid.centre_of(unit)))
    assert live.desk.view.unit == unit
    assert f"conv5:{unit}" in live.maps.hover_line.full_text
    panel.search.setText("no such class")
    assert "No unit" in panel.grid.message


def test_without_a_scan_it_says_what_to_do(live: Window) -> None:
    live.desk.change(live.desk.view.change(maps=replace(live.desk.view.maps, pattern=Pattern.PROJECTION)))
    wait_until(lambda: live.maps.patterns.grid.message == NO_SCAN)
    assert live.maps.patterns.facts_text() == [live.desk.view.layer]  # no "0 units"


def test_the_figure_builder_says_why_patterns_are_no_panel(live: Window) -> None:
    spec, view = PanelSpec(MAPS), live.desk.view
    assert why_not(spec, sources_of(live.context)) == ""
    change(live, maps=replace(view.maps, pattern=Pattern.PATCH))
    assert "live maps" in why_not(spec, sources_of(live.context))
    change(live, maps=view.maps)
    assert why_not(spec, sources_of(live.context)) == ""


def test_only_orders_that_make_a_difference_are_offered(live: Window, panel: PatternPanel) -> None:
    def offered() -> set[UnitOrder]:
        return set(live.maps.order.values)

    assert offered() == set(UnitOrder) - {UnitOrder.CLASS}
    live.desk.change(live.desk.view.change_maps(pattern=Pattern.PATCH))
    assert offered() == set(UnitOrder) - {UnitOrder.CHANGE}
    wait_until(lambda: panel.sheet is not None and panel.sheet.best is not None and panel.grid.has_picture)
    grids = set()
    for _ in offered():
        live.run("order")
        grids.add(tuple(panel.grid.units))
        assert live.maps.order.currentData() == live.desk.view.maps.order
    assert len(grids) == 3


def test_the_patterns_of_fewer_pictures_stay_until_those_of_more_are_made(
    live: Window, panel: PatternPanel, tmp_path: Path
) -> None:
    """As at each renewal of a scan under way."""
    scan = live.context.get(ScanController)
    live.desk.change(live.desk.view.change_maps(pattern=Pattern.PATCH))
    wait_until(lambda: panel.sheet is not None and panel.sheet.text == "best patch of 12 pictures")
    assert panel.sheet is not None
    before = dict(panel.sheet.tiles)
    said: set[str] = set()

    def look() -> None:
        assert panel.sheet is not None
        said.add(panel.sheet.text)
        assert panel.grid.has_picture, panel.grid.message
        assert set(before) <= set(panel.sheet.tiles)

    live.context.get(Patterns).changed.connect(look)
    write_pictures(tmp_path / "pictures", 40, kinds=3)
    scan.scan_again()
    wait_until(lambda: panel.sheet is not None and "40 pictures" in panel.sheet.text)
    with Library(live.desk.model) as library:
        best = best_of(Portraits(library), "conv5")
    wait_until(
        lambda: (
            panel.sheet is not None and all(np.array_equal(panel.sheet.tiles.get(one.unit), one.patch) for one in best)
        )
    )
    wait_until(lambda: panel.sheet is not None and panel.sheet.text == "best patch of 40 pictures")
    live.context.get(Patterns).changed.disconnect(look)
    assert any("12 pictures" in words for words in said)


def test_during_the_first_scan_it_does_not_say_that_there_is_none(live: Window, tmp_path: Path) -> None:
    live.desk.change(live.desk.view.change_maps(pattern=Pattern.PATCH))
    wait_until(lambda: live.maps.patterns.grid.message == NO_SCAN)
    live.context.get(ScanController).open([write_pictures(tmp_path / "pictures", 40, kinds=3)])
    wait_until(lambda: live.maps.patterns.grid.message == FIRST)
    wait_until(lambda: live.maps.patterns.grid.has_picture)
