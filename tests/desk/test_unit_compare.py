"""The unit pane's clean | covered | difference: by mouse and key, of one result, and only while it is shown."""

from __future__ import annotations

import numpy as np
import pytest
from desk_hands import SHIFT, change, click, space, view_of, wait_for_result
from desk_tools import press, settle, wait_until
from desk_window import Window
from PySide6.QtCore import QEvent, QPointF, Qt

import zfdesk.engine as zf
from zfdesk.desk.live_view.unit_compare import HELD
from zfdesk.desk.widgets.canvas import ValueRange
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.desk.widgets.tile import Tile
from zfdesk.engine import Occluder, SeedKind
from zfdesk.live import Result, Style, UnitComparison

COVER = (Occluder(8, 10, 12, 12),)


def colours_of(tile: Tile) -> ValueRange:
    """What the colours of its picture mean."""
    return tile.canvas.content.value_range  # type: ignore[union-attr,return-value]


def comparing(window: Window, **fields: object) -> tuple[Result, UnitComparison]:
    result = change(window, **({"occluders": COVER, "compare_clean": True} | fields))
    assert result.unit is not None
    assert result.unit.comparison is not None
    return result, result.unit.comparison


def test_the_button_and_the_key(still: Window) -> None:
    window, pane = still, still.unit
    change(window, occluders=COVER)
    assert not pane.comparison.isVisible()
    click(pane.controls.compare_clean, QPointF(8, 8))
    assert view_of(window).compare_clean
    assert pane.comparison.isVisible()
    assert not any(tile.isVisible() for tile in (pane.map_tile, pane.patch_tile, *pane.rule_tiles.values()))
    press(window, Qt.Key.Key_D, SHIFT)
    assert not pane.comparison.isVisible()
    assert not pane.controls.compare_clean.isChecked()
    assert pane.map_tile.isVisible()
    wait_for_result(window.desk)


def test_what_is_drawn_is_the_results(still: Window) -> None:
    window, pane = still, still.unit.comparison
    result, both = comparing(window)
    assert both.pictures is not None
    assert both.change is not None
    for tile, shades in zip((*pane.maps, pane.pictures[2]), (*both.maps, both.change), strict=True):
        assert tile.canvas.array is shades.image
        assert tile.canvas.has_picture
        assert (colours_of(tile).low, colours_of(tile).high) == (shades.low, shades.high)
    for tile, rendered in zip(pane.pictures, both.pictures, strict=False):
        assert tile.canvas.array is rendered.image
        assert (colours_of(tile).low, colours_of(tile).high) == (
            rendered.low,
            rendered.high,
        )
    for clean, covered, _ in (pane.maps, pane.pictures):
        assert (colours_of(clean).low, colours_of(clean).high) == (
            colours_of(covered).low,
            colours_of(covered).high,
        )
    # zero of a difference is the middle of a diverging table
    colours = pane.maps[2].canvas.image.colorTable()
    assert tuple(c & 0xFFFFFFFF for c in colours) == table("gray", True, True)
    for tile in (pane.maps[2], pane.pictures[2]):
        assert colours_of(tile).low == -colours_of(tile).high
    assert [tile.caption.full_text for tile in pane.maps] == ["clean · map", "covered · map", "difference · map"]
    assert pane.pictures[1].caption.full_text == "covered · reconstruction"
    stretch = f"× {both.pictures[0].stretch:.3g}"
    assert all(stretch.split("e")[0] in tile.note.full_text for tile in pane.pictures[:2])
    assert result.unit is not None


def test_the_place_is_said_and_marked(still: Window) -> None:
    window, pane = still, still.unit
    for fields, words in (
        ({}, "the clean map's strongest place ("),
        ({"seed": SeedKind.TOPK, "seed_count": 4}, "the clean map's 4 strongest places"),
        ({"seed": SeedKind.MAP}, "their whole map"),
    ):
        result, both = comparing(window, **fields)
        pane.show_facts()
        assert pane.bottom_line.full_text.startswith(f"both reconstructed from {words}")
        assert "clean | covered" in pane.facts.full_text
        assert result.unit is not None
        assert pane.comparison.maps[1].canvas.content.position == result.unit.position  # type: ignore[attr-defined]
    wait_until(lambda: wait_for_result(window.desk).unit is not None)
    # a click on the covered map picks the place for both
    canvas = pane.comparison.maps[1].canvas
    click(canvas, canvas.to_screen(3.5, 2.5))
    _, both = comparing(window)
    assert view_of(window).position == (2, 3)
    assert both.positions == ((2, 3),)
    pane.show_facts()
    assert pane.bottom_line.full_text == "both reconstructed from the picked place (2, 3)"


@pytest.mark.parametrize("style", list(Style))
def test_every_style(still: Window, style: Style) -> None:
    _, both = comparing(still, style=style)
    tiles = still.unit.comparison.pictures
    assert both.pictures is not None
    assert colours_of(tiles[0]).low == (0 if style in (Style.NORM, Style.BLURRED) else -both.pictures[0].high)
    assert ("mean over RGB" in tiles[2].note.full_text) is (style is Style.RAW)


def test_zoom_shows_one_row(still: Window) -> None:
    pane = still.unit.comparison
    for zoom, maps, pictures in ((1, True, False), (2, False, True), (0, True, True)):
        comparing(still, zoom=zoom)
        assert all(tile.isVisible() is maps for tile in pane.maps)
        assert all(tile.isVisible() is pictures for tile in pane.pictures)


def test_without_an_occluder_the_pane_is_as_ever(still: Window) -> None:
    window, pane = still, still.unit
    comparing(window)
    result = change(window, occluders=())
    assert not pane.comparison.isVisible()
    assert pane.map_tile.isVisible()
    assert not window.desk.demand.compare
    assert result.unit is not None
    assert result.unit.comparison is None
    assert pane.rule_tiles[view_of(window).method].canvas.array is result.unit.pictures[view_of(window).method].image


def test_while_the_clean_picture_is_held_it_says_so(still: Window) -> None:
    window, pane = still, still.unit.comparison
    comparing(window)
    space(window, QEvent.Type.KeyPress)
    wait_until(lambda: pane.maps[0].canvas.message == HELD)
    assert pane.isVisible()  # nothing jumps
    space(window, QEvent.Type.KeyRelease)
    wait_until(lambda: pane.maps[0].canvas.message == "")


def test_nothing_is_compared_that_is_not_seen(still: Window) -> None:
    window = still
    comparing(window)
    dock = window.docks[window.unit]
    dock.hide()
    settle()
    try:
        wait_until(lambda: not window.desk.demand.compare)
        result = wait_for_result(window.desk)
        assert result.unit is not None  # the picture shows its receptive field
        assert result.unit.comparison is None
    finally:
        dock.show()
        dock.raise_()
    wait_until(lambda: window.desk.demand.compare)
    assert wait_for_result(window.desk).unit.comparison is not None  # type: ignore[union-attr]


def test_values_against_whole_forwards(still: Window) -> None:
    window, model = still, still.desk.model
    for layer, unit in (("conv5", 1), ("conv4", 3), ("conv1", 2), ("fc8", 0)):
        result, both = comparing(window, layer=layer, unit=unit)
        clean, covered = model.forward(result.clean), model.forward(result.picture)
        before, after = (seen.activations[layer][0, unit].numpy() for seen in (clean, covered))
        for shades, values in zip(both.maps, (before, after, after - before), strict=True):
            assert np.allclose(shades.values, values, atol=1e-4)
        if both.pictures is not None:
            seed = zf.Seed(layer, unit, SeedKind.AT, both.positions[0])
            for rendered, seen in zip(both.pictures, (clean, covered), strict=True):
                assert np.allclose(rendered.reconstruction.values, zf.reconstruct(seen, seed).values, atol=1e-4)
