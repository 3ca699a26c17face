"""The panes under the mouse and the keys: maps, unit, classes, pins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from desk_hands import (
    CONTROL,
    COVER,
    SHIFT,
    change,
    click,
    input_point,
    map_point,
    move_mouse,
    press_mouse,
    release_mouse,
    turn_wheel,
    view_of,
    wait_for_result,
)
from desk_tools import press, settle, wait_until
from desk_window import Window
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from zfdesk.desk.widgets.canvas import CanvasPicture
from zfdesk.desk.widgets.screenshot import picture_of
from zfdesk.desk.widgets.theme import THEMES
from zfdesk.desk.widgets.tile import Tile
from zfdesk.engine import Rule, SeedKind
from zfdesk.live import MapsContent, Normalise, Style, UnitOrder, UnitReference


def test_hover_and_click_on_the_maps(still: Window) -> None:
    window = still
    change(window, layer="conv4")
    canvas, result = window.maps.canvas, window.desk.result
    assert result is not None
    seen = window.desk.model.forward(result.picture)
    for unit, y, x in ((0, 0, 0), (5, 3, 7), (23, 15, 15), (11, 0, 15)):
        move_mouse(canvas, map_point(window, unit, y, x))
        assert canvas.hover == (unit, y, x)
        value = float(seen.activations["conv4"][0, unit, y, x])
        words, _, told = window.maps.hover_line.full_text.rpartition(" = ")
        assert words == f"conv4:{unit} at ({y}, {x})"
        assert float(told) == pytest.approx(value, rel=6e-3, abs=1e-9)  # three figures
        # the receptive field is outlined on the picture
        assert window.picture.canvas.hover_box == result.request.model.architecture.stage("conv4").receptive_field.box(
            y, x
        )
        before = view_of(window)
        click(canvas, map_point(window, unit, y, x))  # most places of a map are zero: its strongest is what is shown
        assert view_of(window) == before.change(unit=unit, position=None, seed=SeedKind.MAX)
        click(canvas, map_point(window, unit, y, x), SHIFT)
        assert view_of(window) == before.change(unit=unit, position=(y, x), seed=SeedKind.AT)
        shown = wait_for_result(window.desk).unit
        assert shown is not None
        assert (shown.reference.unit, shown.position) == (unit, (y, x))
        assert shown.activation == pytest.approx(value, rel=1e-4, abs=1e-6)
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert canvas.hover is None
    assert window.maps.hover_line.full_text == ""
    assert window.picture.canvas.hover_box is None
    gap = canvas.to_screen(16.5, 16.5)  # between the tiles
    before = view_of(window)
    click(canvas, gap)
    assert view_of(window) == before


def test_the_wheel_zooms_about_the_mouse_and_back(still: Window) -> None:
    window = still
    change(window, layer="conv4")
    canvas = window.maps.canvas
    point = map_point(window, 6, 4, 4)
    before = canvas.to_picture(point)
    turn_wheel(canvas, point, 4)
    assert canvas.scale() > 1.5 * canvas.width() / canvas.image.width() or canvas.zoom > 1.5
    assert canvas.to_picture(point) == pytest.approx(before, abs=1e-6)
    click(canvas, point)
    assert view_of(window).unit == 6
    turn_wheel(canvas, point, -30)
    assert canvas.zoom == 1
    assert map_point(window, 6, 4, 4) == point


def test_a_number_jumps_to_a_unit(still: Window) -> None:
    window = still
    change(window, layer="conv4", unit=3)
    jump = window.maps.jump
    assert jump.value() == 3
    assert jump.maximum() == 23
    jump.setFocus()
    jump.selectAll()
    QTest.keyClicks(jump, "17")
    assert view_of(window).unit == 3  # not at every digit
    QTest.keyClick(jump, Qt.Key.Key_Return)
    assert view_of(window).unit == 17
    assert view_of(window).position is None
    assert wait_for_result(window.desk).unit.reference.unit == 17  # type: ignore[union-attr]
    change(window, layer="conv5", unit=2)
    assert (jump.value(), jump.maximum()) == (2, 11)


def test_the_mouse_stands_still_while_the_layer_changes(still: Window) -> None:
    """What lies under it then is another unit, or none at all."""
    window = still
    change(window, layer="conv4")
    point = map_point(window, 23, 15, 15)
    move_mouse(window.maps.canvas, point)
    for layer in ("conv5", "fc8", "pool5", "input", "prob"):
        change(window, layer=layer, unit=0)
        window.maps.show_facts()
        hover, mosaic = window.maps.canvas.hover, window.maps.canvas.mosaic
        assert mosaic is not None
        under = window.maps.canvas.to_picture(point)
        assert hover == mosaic.tile_at(int(under[1] // 1), int(under[0] // 1))
        press_mouse(window.maps.canvas, point)
        release_mouse(window.maps.canvas, point)
        assert 0 <= view_of(window).unit < window.desk.model.architecture.stage(layer).shape[0]
        window.maps.show_facts()


def test_the_mouse_stands_still_while_the_maps_are_laid_out_anew(still: Window) -> None:
    """Other units are hidden or the pane has another shape: the same place on the screen is another on the mosaic."""
    window = still
    change(window, layer="conv4")
    canvas = window.maps.canvas
    point = map_point(window, 17, 8, 8)
    move_mouse(canvas, point)
    assert canvas.hover == (17, 8, 8)
    old = window.desk.result.mosaic  # type: ignore[union-attr]
    assert old is not None
    columns = old.columns - 1
    image = np.zeros((-(-24 // columns) * 17, columns * 17), np.uint8)
    canvas.show_mosaic(replace(old, columns=columns, image=image), CanvasPicture.indexed(image, (0,) * 256))
    x, y = canvas.to_picture(point)
    assert canvas.hover == canvas.mosaic.tile_at(int(y // 1), int(x // 1)) != (17, 8, 8)  # type: ignore[union-attr]
    window.maps.show_result(window.desk.result)  # type: ignore[arg-type]


def test_a_click_on_the_maps_of_the_layer_before_does_not_pick_from_the_new_one(still: Window) -> None:
    """The new layer is chosen, its maps are still on their way: unit 20 of conv4 is not unit 20 of conv5."""
    window = still
    change(window, layer="conv4")
    point = map_point(window, 20, 15, 15)
    move_mouse(window.maps.canvas, point)
    window.desk.change(view_of(window).change(layer="conv5", unit=1))
    assert window.maps.canvas.mosaic.layer == "conv4"  # type: ignore[union-attr]
    assert window.maps.canvas.stale or window.maps.canvas.mosaic.layer != view_of(window).layer  # type: ignore[union-attr]
    click(window.maps.canvas, point)
    view = view_of(window)
    stage = window.desk.model.architecture.stage(view.layer)
    assert 0 <= view.unit < stage.shape[0]
    assert view.position is None or view.position[0] < stage.shape[1]
    assert (view.layer, view.unit) in (("conv4", 20), ("conv5", 1))
    wait_for_result(window.desk)
    assert not window.desk.worker.failures


def test_contents_are_said_when_there_is_nothing_to_see(still: Window) -> None:
    window = still
    change(window, layer="conv4")
    window.desk.change(view_of(window).change_maps(content=MapsContent.CHANGE))
    wait_for_result(window.desk)
    assert window.maps.canvas.message == "Nothing is covered: there is no change."
    change(window, occluders=(COVER,))
    assert window.maps.canvas.message == ""


def test_the_picture_picks_the_position_under_it(still: Window) -> None:
    window = still
    change(window, layer="conv5", unit=4)
    stage = window.desk.model.architecture.stage("conv5")
    for x, y in ((3.0, 4.0), (29.4, 28.6), (16.0, 2.1)):
        click(window.picture.canvas, input_point(window, x, y))
        assert view_of(window).position == stage.receptive_field.unit_at(y, x, stage.shape)
        assert view_of(window).seed is SeedKind.AT
    before = view_of(window)
    click(window.picture.canvas, QPointF(2, 2))  # beside the crop
    assert view_of(window) == before


def test_typing_does_not_trigger_shortcuts(still: Window) -> None:
    window = still
    before = view_of(window)
    search = window.classes.search
    press(window, Qt.Key.Key_Slash)
    assert QApplication.focusWidget() is search
    QTest.keyClicks(search, "fuqoxb Tab ]5")
    assert search.text() == "fuqoxb Tab ]5"
    assert view_of(window) == before
    assert window.isVisible()  # q is not quit
    assert not window.desk.wants_clean
    search.clear()
    QTest.keyClicks(search, "mop")
    QTest.keyClick(search, Qt.Key.Key_Return)
    assert view_of(window).watched == (2,)  # moped
    assert search.text() == ""
    assert QApplication.focusWidget() is not search
    press(window, Qt.Key.Key_F)  # keys are actions again
    assert view_of(window).frozen


def test_an_unknown_class_is_said(still: Window) -> None:
    window = still
    said: list[tuple[str, bool]] = []
    window.desk.message.connect(lambda sentence, trouble: said.append((sentence, trouble)))
    window.classes.watch_named("  wombat ")
    assert said == [("No class is called “wombat”.", True)]
    assert view_of(window).watched == ()
    assert "wombat" in window.message.label.text()
    window.message.hide()


def test_a_click_on_a_class_watches_it_and_it_keeps_its_place(still: Window) -> None:
    window = still
    bars = window.classes.bars
    order = [row.index for row in bars.rows]
    assert order == np.argsort(-window.desk.result.probabilities, kind="stable").tolist()  # type: ignore[union-attr]
    index = order[2]
    click(bars, QPointF(20, 2.5 * bars.row_height()))
    assert view_of(window).watched == (index,)
    assert bars.rows[0].index == index
    change(window, occluders=(COVER,))
    assert bars.rows[0].index == index
    press(window, Qt.Key.Key_W, CONTROL | SHIFT)
    assert view_of(window).watched == ()
    click(bars, QPointF(20, 0.5 * bars.row_height()))
    click(bars, QPointF(20, 0.5 * bars.row_height()))
    assert view_of(window).watched == ()
    click(bars, QPointF(20, bars.height() + 500))  # below the last
    assert view_of(window).watched == ()


def test_a_watched_class_has_one_colour_everywhere(still: Window) -> None:
    """Also once the one before it is watched no longer."""
    window = still
    window.bring_up(window.trace)
    slots = {4: 0, 1: 1, 2: 2}
    for watched in ((4, 1, 2), (1, 2), (2,)):
        change(window, watched=watched)
        window.trace.show_facts()
        curves = {curve.label: curve.colour for curve in window.trace.plot.curves}
        names = window.desk.model.classes
        assert curves == {names[index]: THEMES["dark"].watched_colour(slots[index]).name() for index in watched}
        bars = picture_of(window.classes.bars)
        row = window.classes.bars.row_height()
        for place, bar in enumerate(window.classes.bars.rows[: len(watched)]):
            assert bar.index == watched[place]
            if bar.probability > 0.02:  # else the bar is too short to be seen
                assert bars.pixelColor(8, round((place + 1) * row) - 5) == THEMES["dark"].watched_colour(
                    slots[bar.index]
                )
    window.bring_up(window.pins)


def test_the_origin_stays_while_another_layer_is_shown(still: Window) -> None:
    window = still
    change(window, layer="conv5", unit=3)
    press(window, Qt.Key.Key_D)
    assert window.unit.controls.freeze.isChecked()
    origin = view_of(window).origin
    assert origin == UnitReference("conv5", 3)
    press(window, Qt.Key.Key_U)
    wait_until(lambda: not window.navigation.isActive())
    window.desk.change(view_of(window).change_maps(content=MapsContent.GRADIENT))
    result = wait_for_result(window.desk)
    assert result.unit is not None
    assert result.unit.reference == origin
    assert result.mosaic is not None
    assert (result.mosaic.layer, result.mosaic.text) == ("conv4", "derivative of conv5:3")
    window.show_facts()
    assert window.unit.facts.full_text.startswith("ORIGIN · conv5:3")
    click(window.picture.canvas, input_point(window, 9, 9))  # the position of the origin, not of conv4
    assert view_of(window).origin.seed is SeedKind.AT  # type: ignore[union-attr]
    assert view_of(window).position is None
    # and so does the choice of a seed
    seed = window.unit.controls.seed
    seed.activated.emit(seed.findData(SeedKind.MAP))
    assert view_of(window).looked_at.seed is SeedKind.MAP
    assert seed.currentData() == SeedKind.MAP  # Qt keeps its text
    press(window, Qt.Key.Key_D)
    assert view_of(window).origin is None


def test_every_choice_is_what_it_says(still: Window) -> None:
    """A choice gives the member of the enumeration, as the actions do: a text that equals it is another thing."""
    window = still
    change(window, layer="conv4", unit=2, position=(3, 3), occluders=(COVER,))
    for box, kind, chosen in (
        (window.unit.controls.seed, SeedKind, lambda view: view.seed),
        (window.unit.controls.style_choice, Style, lambda view: view.style),
        (window.maps.content, MapsContent, lambda view: view.maps.content),
        (window.maps.normalise, Normalise, lambda view: view.maps.normalise),
        (window.maps.order, UnitOrder, lambda view: view.maps.order),
    ):
        assert box.count() == len(kind) - (kind is UnitOrder)  # live maps have no class to be sorted by
        texts = [box.itemText(index) for index in range(box.count())]
        assert len(set(texts)) == len(texts)
        for index in range(box.count()):
            box.setCurrentIndex(index)
            box.activated.emit(index)
            value = chosen(view_of(window))
            assert type(value) is kind, (box.accessibleName(), value)
            assert box.currentIndex() == index
        assert {chosen(view_of(window))} <= set(kind)
        change(window, unit=2)  # and it can be computed
    method = window.unit.controls.method
    rules = [method.itemText(index) for index in range(len(Rule))]
    others = [method.itemText(index) for index in range(len(Rule), method.count())]
    assert len({*rules, *others}) == method.count() > len(Rule)  # and each method of `zfdesk.attribution`
    for index, rule in enumerate(Rule):
        method.activated.emit(index)
        assert view_of(window).method is rule
        assert not view_of(window).heat.unit_method
    assert not window.desk.worker.failures
    seed = window.unit.controls.seed
    for index in range(seed.count()):
        seed.activated.emit(index)
        unit = wait_for_result(window.desk).unit
        assert unit is not None
        positions = {SeedKind.MAX: 1, SeedKind.AT: 1, SeedKind.TOPK: 9, SeedKind.MAP: 256}[view_of(window).seed]
        for rendered in unit.pictures.values():
            assert len(rendered.reconstruction.positions) == positions


def test_pins_are_live_and_can_be_taken_out(still: Window) -> None:
    window = still
    window.bring_up(window.pins)
    change(window, layer="conv5", unit=3)
    press(window, Qt.Key.Key_P)
    change(window, layer="conv1", unit=1)
    window.unit.pin_asked.emit(window.unit)
    wait_for_result(window.desk)
    cards = window.pins.cards
    assert [card.reference for card in cards] == [UnitReference("conv5", 3), UnitReference("conv1", 1)]
    result = wait_for_result(window.desk)
    assert len(result.pins) == 2
    for card, unit in zip(cards, result.pins, strict=True):
        assert card.map_tile.canvas.has_picture
        shown = card.picture_tile.canvas
        assert shown.message if unit.reason else np.array_equal(shown.array, unit.pictures[Rule.DECONVNET].image)
    window.pins.select(cards[0].reference)
    assert (view_of(window).layer, view_of(window).unit) == ("conv5", 3)
    window.pins.unpin(cards[0].reference)
    assert view_of(window).pins == (UnitReference("conv1", 1),)
    assert [card.reference for card in window.pins.cards] == [UnitReference("conv1", 1)]
    press(window, Qt.Key.Key_Z, CONTROL)
    assert len(view_of(window).pins) == 2
    settle()


def test_a_pane_pins_the_unit_that_it_shows(still: Window) -> None:
    """While an origin is frozen the unit pane shows that, the maps the selected unit."""
    window = still
    change(window, layer="conv5", unit=3, origin=UnitReference("fc8", 2), seed_count=4)
    window.unit.pin_asked.emit(window.unit)
    assert view_of(window).pins == (UnitReference("fc8", 2),)
    window.maps.pin_asked.emit(window.maps)
    assert view_of(window).pins == (UnitReference("fc8", 2), UnitReference("conv5", 3, k=4))
    window.unit.pin_asked.emit(window.unit)
    assert view_of(window).pins == (UnitReference("conv5", 3, k=4),)
    change(window, layer="conv1", unit=0, seed_count=9, origin=None)
    window.pins.select(view_of(window).pins[0])
    assert view_of(window).selected == view_of(window).pins[0]


def test_the_seed_that_is_chosen_is_the_seed_that_is_used(still: Window) -> None:
    window = still
    change(window, layer="conv4", unit=2)
    click(window.maps.canvas, map_point(window, 5, 3, 7), SHIFT)
    wait_for_result(window.desk)
    assert window.unit.controls.seed.currentText() == "picked position"
    window.maps.jump.setValue(6)  # by its number: no position of it was picked
    assert view_of(window).selected == UnitReference("conv4", 6)
    assert window.unit.controls.seed.currentText() == "strongest position"
    shown = wait_for_result(window.desk).unit
    assert shown is not None
    window.unit.controls.seed.chosen.emit(SeedKind.AT)  # none was picked yet: what is shown stays where it is
    assert view_of(window).selected == UnitReference("conv4", 6, SeedKind.AT, shown.position)
    change(window, origin=UnitReference("conv1", 1))
    window.unit.controls.seed.chosen.emit(SeedKind.MAP)
    assert view_of(window).looked_at == UnitReference("conv1", 1, SeedKind.MAP)


def test_the_unit_pane_says_why_it_shows_nothing(still: Window) -> None:
    window = still
    change(window, layer="input", unit=0, all_methods=True)
    for rule in Rule:
        assert window.unit.rule_tiles[rule].canvas.message.startswith("The input has no reconstruction")
    change(window, layer="conv5", unit=1)
    result = wait_for_result(window.desk)
    assert result.unit is not None
    for rule in Rule:
        tile: Tile = window.unit.rule_tiles[rule]
        if result.unit.reason:
            assert tile.canvas.message == result.unit.reason
        else:
            assert np.array_equal(tile.canvas.array, result.unit.pictures[rule].image)
            top, left, bottom, right = result.unit.box
            assert tile.canvas.content.window == QRectF(left, top, right - left, bottom - top)
