"""The panes under the mouse and the keys, in a real window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from desk_hands import (
    LEFT,
    RIGHT,
    HandSource,
    change,
    click,
    drag,
    move_mouse,
    no_exception,
    numbered_picture,
    press_mouse,
    release_mouse,
    show_picture,
    turn_wheel,
    up_to_date,
    view_of,
    wait_for_result,
)
from desk_tools import press, settle, wait_until
from PIL import Image
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRectF, Qt, QUrl
from PySide6.QtGui import QColor, QDropEvent, QEnterEvent, QGuiApplication, QImage, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QWidget

import zfdesk.engine as zf
from zfdesk.desk.canvas import Canvas
from zfdesk.desk.capture import picture_of, save_png
from zfdesk.desk.commands import image_array
from zfdesk.desk.panes.base import Pane
from zfdesk.desk.panes.compare import compared
from zfdesk.desk.panes.picture import PictureCanvas
from zfdesk.desk.panes.unit import Tile
from zfdesk.desk.theme import THEMES
from zfdesk.desk.window import Window
from zfdesk.engine import Occluder, OccluderShape, Rule, SeedKind
from zfdesk.live import Crop, CropMode, MapsContent, UnitReference
from zfdesk.sources import PastedSource, SourceReference

__all__ = ["no_exception"]

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
COVER = Occluder(8, 10, 12, 12)  # of a picture of 32 × 32


def map_point(window: Window, unit: int, y: int, x: int) -> QPointF:
    """The middle of a value of a unit on the feature maps."""
    canvas = window.maps.canvas
    corner = canvas.mosaic.corner_of(unit)  # type: ignore[union-attr]
    assert corner is not None
    return canvas.to_screen(corner[1] + x + 0.5, corner[0] + y + 0.5)


def input_point(window: Window, x: float, y: float) -> QPointF:
    """A point of the network's picture on the picture pane."""
    return window.picture.canvas.input_rect(y, x, y, x).topLeft()


def occluder_point(window: Window, edges: str = "", index: int = 0) -> QPointF:
    """A handle of an occluder on the picture pane, or its middle."""
    o = view_of(window).occluders[index]
    x = o.left if "l" in edges else o.left + o.width if "r" in edges else o.left + o.width / 2
    y = o.top if "t" in edges else o.top + o.height if "b" in edges else o.top + o.height / 2
    return input_point(window, x, y)


def space(window: Window, kind: QEvent.Type, modifiers: Qt.KeyboardModifier = NONE) -> None:
    QApplication.sendEvent(window, QKeyEvent(kind, Qt.Key.Key_Space, modifiers, " "))


# Feature maps


def test_hover_and_click_on_the_maps(window: Window) -> None:
    show_picture(window, layer="conv4")
    canvas, result = window.maps.canvas, window.desk.result
    assert result is not None
    seen = window.desk.model.forward(result.picture)
    for unit, y, x in ((0, 0, 0), (5, 3, 7), (23, 15, 15), (11, 0, 15)):
        move_mouse(canvas, map_point(window, unit, y, x))
        assert canvas.hover == (unit, y, x)
        value = float(seen.activations["conv4"][0, unit, y, x])
        words, _, told = window.maps.hover_line.whole.rpartition(" = ")
        assert words == f"conv4:{unit} at ({y}, {x})"
        assert float(told) == pytest.approx(value, rel=6e-3, abs=1e-9)  # three figures
        # the receptive field is outlined on the picture
        assert window.picture.canvas.hover_box == result.request.model.architecture.stage("conv4").receptive_field.box(
            y, x
        )
        before = view_of(window)
        click(canvas, map_point(window, unit, y, x))
        after = view_of(window)
        assert after == before.change(unit=unit, position=(y, x), seed=SeedKind.AT)
        shown = wait_for_result(window.desk).unit
        assert shown is not None
        assert (shown.reference.unit, shown.position) == (unit, (y, x))
        assert shown.activation == pytest.approx(value, rel=1e-4, abs=1e-6)
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert canvas.hover is None
    assert window.maps.hover_line.whole == ""
    assert window.picture.canvas.hover_box is None
    gap = canvas.to_screen(16.5, 16.5)  # between the tiles
    before = view_of(window)
    click(canvas, gap)
    click(canvas, QPointF(1, 1), button=RIGHT) if False else None
    assert view_of(window) == before


def test_the_wheel_zooms_about_the_mouse_and_back(window: Window) -> None:
    show_picture(window, layer="conv4")
    canvas = window.maps.canvas
    point = map_point(window, 6, 4, 4)
    before = canvas.to_picture(point)
    turn_wheel(canvas, point, 4)
    assert canvas.scale() > 1.5 * canvas.width() / canvas._image.width() or canvas._zoom > 1.5
    assert canvas.to_picture(point) == pytest.approx(before, abs=1e-6)
    click(canvas, point)
    assert (view_of(window).unit, view_of(window).position) == (6, (4, 4))
    turn_wheel(canvas, point, -30)
    assert canvas._zoom == 1
    assert map_point(window, 6, 4, 4) == point


def test_a_number_jumps_to_a_unit(window: Window) -> None:
    show_picture(window, layer="conv4", unit=3)
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


def test_the_mouse_stands_still_while_the_layer_changes(window: Window) -> None:
    """What lies under it then is another unit, or none at all."""
    show_picture(window, layer="conv4")
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


def test_a_click_on_the_maps_of_the_layer_before_does_not_pick_from_the_new_one(window: Window) -> None:
    """The new layer is chosen, its maps are still on their way: unit 20 of conv4 is not unit 20 of conv5."""
    show_picture(window, layer="conv4")
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
    assert not window.desk.worker.troubles


def test_contents_are_said_when_there_is_nothing_to_see(window: Window) -> None:
    show_picture(window, layer="conv4")
    window.desk.change(view_of(window).change_maps(content=MapsContent.CHANGE))
    wait_for_result(window.desk)
    assert window.maps.canvas.message == "Nothing is covered: there is no change."
    change(window, occluders=(COVER,))
    assert window.maps.canvas.message == ""


def test_the_picture_picks_the_position_under_it(window: Window) -> None:
    show_picture(window, layer="conv5", unit=4)
    stage = window.desk.model.architecture.stage("conv5")
    for x, y in ((3.0, 4.0), (30.9, 30.9), (16.0, 0.5)):
        click(window.picture.canvas, input_point(window, x, y))
        assert view_of(window).position == stage.receptive_field.unit_at(y, x, stage.shape)
        assert view_of(window).seed is SeedKind.AT
    before = view_of(window)
    click(window.picture.canvas, QPointF(2, 2))  # beside the crop
    assert view_of(window) == before


# The occluder


def test_an_occluder_follows_the_mouse_at_once_and_the_probabilities_after(window: Window) -> None:
    show_picture(window, occluders=(COVER,))
    canvas, before = window.picture.canvas, window.desk.result
    assert before is not None
    start, end = occluder_point(window), occluder_point(window) + QPointF(40, 24)
    move_mouse(canvas, start)
    press_mouse(canvas, start)
    for step in range(1, 9):
        move_mouse(canvas, start + (end - start) * step / 8, LEFT)
        # in the same event: no result was needed for it
        dx, dy = (canvas.to_input(start + (end - start) * step / 8)[i] - canvas.to_input(start)[i] for i in (0, 1))  # type: ignore[index]
        moved = view_of(window).occluders[0]
        assert (moved.left, moved.top) == (round(COVER.left + dx), round(COVER.top + dy))
        assert (moved.height, moved.width) == (12, 12)
        assert window.desk.result is before
    release_mouse(canvas, end)
    result = wait_for_result(window.desk)
    assert result.request.view.occluders == view_of(window).occluders != (COVER,)
    clean = window.desk.model.forward(result.clean).probabilities[0]
    covered = window.desk.model.forward(
        zf.occlude(result.clean, view_of(window).occluders, window.desk.model.input.mean)
    ).probabilities[0]
    assert np.allclose(result.probabilities, covered, atol=1e-6)
    assert np.allclose(result.clean_probabilities, clean, atol=1e-6)
    shown = {index: (now, was) for index, now, was in window.classes.bars.rows}
    for index, (now, was) in shown.items():
        assert (now, was) == (
            pytest.approx(float(covered[index]), abs=1e-6),
            pytest.approx(float(clean[index]), abs=1e-6),
        )
    assert window.classes.bars.occluded


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("edges", ["tl", "t", "tr", "l", "r", "bl", "b", "br"])
def test_every_handle_resizes(live_once: Window, edges: str, mirrored: bool) -> None:
    window = live_once
    start = replace(COVER, shape=OccluderShape.RECTANGLE)
    window.desk.change(view_of(window).change(occluders=(start,), chosen_occluder=0, mirrored=mirrored))
    point = occluder_point(window, edges)
    per_pixel = abs(input_point(window, 1, 0).x() - input_point(window, 0, 0).x())
    drag(window.picture.canvas, point, point + QPointF(2 * per_pixel, 3 * per_pixel))
    now = view_of(window).occluders[0]
    dx = -2 if mirrored else 2
    assert now.top == start.top + (3 if "t" in edges else 0)
    assert now.left == start.left + (dx if "l" in edges else 0)
    assert now.top + now.height == start.top + start.height + (3 if "b" in edges else 0)
    assert now.left + now.width == start.left + start.width + (dx if "r" in edges else 0)


@pytest.fixture(scope="module")
def live_once(application: QApplication, model: zf.Model, tmp_path_factory: pytest.TempPathFactory) -> object:
    """One window on a still picture for tests that only change its view; they begin by setting all they need."""
    from PySide6.QtCore import QSettings

    from zfdesk.desk.state import Desk
    from zfdesk.live import View

    settings = QSettings(str(tmp_path_factory.mktemp("once") / "settings.ini"), QSettings.Format.IniFormat)
    desk = Desk(model, View(source=SourceReference("pattern"), unit=1))
    window = Window(desk, settings)
    window.show()
    window.activateWindow()
    wait_until(window.isActiveWindow)
    show_picture(window)
    yield window
    window.close()
    window.deleteLater()
    desk.deleteLater()
    settle()


@pytest.fixture
def still(live_once: Window) -> Window:
    """The shared window as at first."""
    from zfdesk.live import View

    window = live_once
    window.activateWindow()
    window.picture.canvas.setFocus()
    window.desk.hold_clean(False)
    window.desk.change(View(source=view_of(window).source, unit=1))
    window.desk._merge = ("", 0.0)
    wait_for_result(window.desk)
    return window


def test_the_wheel_over_it_changes_its_size(still: Window) -> None:
    window = still
    change(window, occluders=(COVER,))
    canvas, point = window.picture.canvas, occluder_point(window)
    turn_wheel(canvas, point, 1)
    larger = view_of(window).occluders[0]
    assert larger.height == larger.width > COVER.height
    assert canvas._zoom == 1  # the picture itself is not zoomed
    turn_wheel(canvas, point, -3)
    assert view_of(window).occluders[0].height < COVER.height
    turn_wheel(canvas, input_point(window, 30, 30), 1)
    assert canvas._zoom > 1
    canvas.reset_zoom()


def test_the_wheel_never_shrinks_it_out_of_the_picture(still: Window) -> None:
    window = still
    change(window, occluders=(Occluder(-11, -11, 12, 12),))
    point = input_point(window, 0.5, 0.5)
    for _ in range(12):
        turn_wheel(window.picture.canvas, point, -1)
        occluder = view_of(window).occluders[0]
        assert occluder.top + occluder.height > 0
        assert occluder.left + occluder.width > 0


def test_alt_and_drag_copies(still: Window) -> None:
    window = still
    change(window, occluders=(COVER,))
    start = occluder_point(window)
    drag(window.picture.canvas, start, start + QPointF(30, 0), ALT)
    view = view_of(window)
    assert len(view.occluders) == 2
    assert view.occluders[0] == COVER
    assert view.occluders[1].left > COVER.left
    assert view.occluders[1].top == COVER.top
    assert view.chosen_occluder == 1


def test_pressing_beside_it_lets_go(still: Window) -> None:
    window = still
    change(window, occluders=(COVER,), chosen_occluder=0)
    click(window.picture.canvas, input_point(window, 30, 30))
    assert view_of(window).chosen_occluder == -1
    click(window.picture.canvas, occluder_point(window))
    assert view_of(window).chosen_occluder == 0
    assert view_of(window).occluders == (COVER,)


def test_arrows_move_the_chosen_occluder_else_the_unit(still: Window) -> None:
    window = still
    change(window, occluders=(COVER,), chosen_occluder=0, unit=1)
    press(window, Qt.Key.Key_Right)
    press(window, Qt.Key.Key_Down, SHIFT)
    assert view_of(window).occluders[0] == replace(COVER, left=COVER.left + 1, top=COVER.top + 8)
    press(window, Qt.Key.Key_Up, CONTROL)
    assert view_of(window).occluders[0].top == COVER.top + 7
    assert view_of(window).unit == 1
    click(window.picture.canvas, input_point(window, 30, 2))
    press(window, Qt.Key.Key_Right)
    assert view_of(window).unit == 2
    assert view_of(window).occluders[0].left == COVER.left + 1
    press(window, Qt.Key.Key_Delete)
    assert view_of(window).occluders == ()


def test_escape_takes_the_last_move_back_then_lets_go(still: Window) -> None:
    window = still
    change(window, occluders=(COVER,))
    start = occluder_point(window)
    drag(window.picture.canvas, start, start + QPointF(30, 10))
    assert view_of(window).occluders != (COVER,)
    press(window, Qt.Key.Key_Escape)
    assert view_of(window).occluders == (COVER,)
    assert view_of(window).chosen_occluder == 0
    press(window, Qt.Key.Key_Escape)
    assert view_of(window).occluders == (COVER,)
    assert view_of(window).chosen_occluder == -1


def test_two_drags_are_two_steps_however_quick(still: Window) -> None:
    window = still
    change(window, occluders=(COVER,), chosen_occluder=0)
    for _ in range(2):
        drag(window.picture.canvas, occluder_point(window), occluder_point(window) + QPointF(24, 0))
    second = view_of(window).occluders[0].left
    press(window, Qt.Key.Key_Z, CONTROL)
    first = view_of(window).occluders[0].left
    assert COVER.left < first < second
    press(window, Qt.Key.Key_Z, CONTROL)
    assert view_of(window).occluders == (COVER,)


def test_it_may_be_deleted_or_the_layer_changed_in_mid_drag(still: Window) -> None:
    window = still
    change(window, occluders=(COVER, replace(COVER, top=0, left=0, height=5, width=5)))
    canvas, start = window.picture.canvas, occluder_point(window, index=1)
    drag(canvas, start, start + QPointF(10, 10), release=False)
    press(window, Qt.Key.Key_U)
    move_mouse(canvas, start + QPointF(20, 20), LEFT)
    press(window, Qt.Key.Key_X)  # all occluders off
    assert view_of(window).occluders == ()
    move_mouse(canvas, start + QPointF(30, 30), LEFT)
    assert view_of(window).occluders == ()
    release_mouse(canvas, start + QPointF(30, 30))
    assert view_of(window).chosen_occluder == -1
    press(window, Qt.Key.Key_Z, CONTROL)
    assert len(view_of(window).occluders) == 2


def test_dragged_far_outside_the_window_and_back(still: Window) -> None:
    window = still
    change(window, occluders=(COVER,))
    canvas, start = window.picture.canvas, occluder_point(window)
    for far in (QPointF(-9_000, 50), QPointF(9_000, 9_000), QPointF(0, -9_000)):
        drag(canvas, start, start + far, release=False)
        moved = view_of(window).occluders[0]
        assert moved.left < 32
        assert moved.left + 12 > 0
        assert moved.top < 32
        assert moved.top + 12 > 0
        move_mouse(canvas, start, LEFT)
        release_mouse(canvas, start)
        assert view_of(window).occluders == (COVER,)


def test_the_occluder_key_puts_it_into_the_middle_without_a_mouse(still: Window) -> None:
    window = still
    press(window, Qt.Key.Key_X)
    assert len(view_of(window).occluders) == 1
    assert window.actions_by_id["occluder"].isChecked()
    press(window, Qt.Key.Key_X, SHIFT)
    assert len(view_of(window).occluders) == 2
    press(window, Qt.Key.Key_X)
    assert view_of(window).occluders == ()


# Space: the clean picture


def test_space_shows_the_clean_picture_everywhere_while_it_is_held(still: Window) -> None:
    window = still
    covered = change(window, occluders=(COVER,), layer="conv4")
    view = view_of(window)
    space(window, QEvent.Type.KeyPress)
    clean = wait_for_result(window.desk)
    assert view_of(window) == view  # nothing is lost
    assert not clean.occluded
    assert np.array_equal(clean.probabilities, covered.clean_probabilities)
    assert np.array_equal(window.maps.canvas.mosaic.values, clean.mosaic.values)  # type: ignore[union-attr]
    assert not np.array_equal(clean.mosaic.values, covered.mosaic.values)  # type: ignore[union-attr]
    assert np.array_equal(window.unit.patch_tile.canvas._array, clean.clean)
    assert not window.classes.bars.occluded
    held = picture_of(window.picture.canvas)
    space(window, QEvent.Type.KeyRelease)
    again = wait_for_result(window.desk)
    assert np.array_equal(again.probabilities, covered.probabilities)
    at = occluder_point(window).toPoint()
    assert picture_of(window.picture.canvas).pixelColor(at) == QColor(128, 128, 128)
    assert held.pixelColor(at) != QColor(128, 128, 128)


@pytest.mark.parametrize("modifiers", [NONE, SHIFT, CONTROL])
def test_space_is_let_go_whatever_else_is_held_by_then(still: Window, modifiers: Qt.KeyboardModifier) -> None:
    window = still
    change(window, occluders=(COVER,))
    space(window, QEvent.Type.KeyPress)
    assert window.desk.clean_held
    space(window, QEvent.Type.KeyRelease, modifiers)
    assert not window.desk.clean_held


def test_space_is_let_go_while_the_class_search_has_the_keys(still: Window) -> None:
    window = still
    change(window, occluders=(COVER,))
    space(window, QEvent.Type.KeyPress)
    window.classes.search.setFocus()
    QApplication.sendEvent(window.classes.search, QKeyEvent(QEvent.Type.KeyRelease, Qt.Key.Key_Space, NONE, " "))
    assert not window.desk.clean_held


def test_space_is_let_go_when_another_program_is_used(still: Window) -> None:
    window = still
    space(window, QEvent.Type.KeyPress)
    QApplication.sendEvent(QApplication.instance(), QEvent(QEvent.Type.ApplicationDeactivate))
    assert not window.desk.clean_held


# Keys and text


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
    assert not window.desk.clean_held
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
    window.desk.told.connect(lambda sentence, trouble: said.append((sentence, trouble)))
    window.classes._watch_named("  wombat ")
    assert said == [("No class is called “wombat”.", True)]
    assert view_of(window).watched == ()
    assert "wombat" in window.message.label.text()
    window.message.hide()


# Classes


def test_a_click_on_a_class_watches_it_and_it_keeps_its_place(still: Window) -> None:
    window = still
    bars = window.classes.bars
    order = [row[0] for row in bars.rows]
    assert order == np.argsort(-window.desk.result.probabilities, kind="stable").tolist()  # type: ignore[union-attr]
    index = order[2]
    click(bars, QPointF(20, 2.5 * bars.row_height()))
    assert view_of(window).watched == (index,)
    assert bars.rows[0][0] == index
    change(window, occluders=(COVER,))
    assert bars.rows[0][0] == index
    press(window, Qt.Key.Key_W, CONTROL | SHIFT)
    assert view_of(window).watched == ()
    click(bars, QPointF(20, 0.5 * bars.row_height()))
    click(bars, QPointF(20, 0.5 * bars.row_height()))
    assert view_of(window).watched == ()
    click(bars, QPointF(20, bars.height() + 500))  # below the last
    assert view_of(window).watched == ()


# The crop


def test_the_crop_is_dragged_by_its_sides_and_scaled_by_its_corners(still: Window) -> None:
    window = still
    canvas = window.picture.canvas
    left, top, right, bottom = canvas.crop_box()  # type: ignore[misc]
    side = canvas.to_screen((left + right) / 2, top)
    drag(canvas, side, side + QPointF(20, 0))
    moved = view_of(window).crop
    assert moved.x == pytest.approx(0.5 + 20 / canvas.scale() / 128)
    assert moved.y == 0.5
    assert moved.side == Crop().side
    result = wait_for_result(window.desk)
    assert result.crop_box == moved.box(96, 128)
    left, top, right, bottom = canvas.crop_box()  # type: ignore[misc]
    corner = canvas.to_screen(right, bottom)
    drag(canvas, corner, corner - QPointF(30, 30))
    smaller = view_of(window).crop
    assert smaller.side < moved.side
    assert smaller.box(96, 128)[:2] == pytest.approx((left, top))
    assert np.array_equal(wait_for_result(window.desk).clean, zf.crop(numbered_picture(0), smaller.box(96, 128), 32))
    press(window, Qt.Key.Key_0, CONTROL)
    assert view_of(window).crop == Crop()


def test_mirroring_is_for_the_eye_alone(still: Window) -> None:
    window = still
    before = change(window, occluders=(COVER,))
    plain = picture_of(window.picture.canvas)
    after = change(window, mirrored=True)
    assert np.array_equal(after.probabilities, before.probabilities)
    assert np.array_equal(after.picture, before.picture)
    canvas = window.picture.canvas
    mirrored = picture_of(canvas)
    rect = canvas.picture_rect().toRect().adjusted(2, 2, -2, -2)
    at = occluder_point(window).toPoint()  # on the other side now
    assert at.x() == pytest.approx(rect.left() + rect.right() - at_plain(window).x(), abs=2)
    assert mirrored.pixelColor(at) == plain.pixelColor(at_plain(window)) == QColor(128, 128, 128)
    corner = QPoint(rect.left() + 4, rect.top() + 4)
    assert mirrored.pixelColor(corner) == plain.pixelColor(rect.right() - 4, rect.top() + 4)
    # and the mouse follows the eye
    drag(canvas, occluder_point(window), occluder_point(window) + QPointF(40, 0))
    assert view_of(window).occluders[0].left < COVER.left


def at_plain(window: Window) -> QPoint:
    """Where the occluder is drawn when nothing is mirrored."""
    canvas: PictureCanvas = window.picture.canvas
    left, top, right, bottom = canvas.crop_box()  # type: ignore[misc]
    x = left + (COVER.left + COVER.width / 2) / 32 * (right - left)
    y = top + (COVER.top + COVER.height / 2) / 32 * (bottom - top)
    return canvas.to_screen(x, y).toPoint()


# Sources by hand


def drop(window: Window, data: QMimeData) -> None:
    at = QPointF(100, 100)
    event = QDropEvent(at, Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, NONE)
    QApplication.sendEvent(window, event)


def test_a_file_is_dropped(window: Window, tmp_path: Path) -> None:
    show_picture(window)
    path = tmp_path / "a picture.png"
    Image.fromarray(numbered_picture(5)).save(path)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    drop(window, data)
    result = wait_for_result(window.desk, lambda result: result.request.frame.origin == "a picture.png")
    assert np.array_equal(result.request.frame.pixels, numbered_picture(5))
    assert view_of(window).source == SourceReference("picture", str(path))
    missing = QMimeData()
    missing.setUrls([QUrl.fromLocalFile(str(tmp_path / "missing.png"))])
    drop(window, missing)
    assert "missing.png" in window.message.label.text()
    assert window.message.isVisible()
    assert window.desk.result is result  # it goes on with what it showed
    window.message.hide()


def test_pictures_paths_and_nonsense_are_pasted(window: Window, tmp_path: Path) -> None:
    show_picture(window)
    clipboard = QGuiApplication.clipboard()
    pixels = numbered_picture(6)
    image = QImage(pixels.data, 128, 96, 3 * 128, QImage.Format.Format_RGB888)
    clipboard.setImage(image)
    press(window, Qt.Key.Key_V, CONTROL)
    result = wait_for_result(window.desk, lambda result: np.array_equal(result.request.frame.pixels, pixels))
    assert result.request.frame.origin == "pasted picture"
    path = tmp_path / "seven.png"
    Image.fromarray(numbered_picture(7)).save(path)
    clipboard.setText(f" {path}\n")
    press(window, Qt.Key.Key_V, CONTROL)
    wait_for_result(window.desk, lambda result: result.request.frame.origin == "seven.png")
    for nonsense in ("", "no such file", "a" * 5_000, "nul\0byte", "x" * 300 + "/y", str(tmp_path / "empty.png")):
        (tmp_path / "empty.png").touch()
        window.message.hide()
        clipboard.setText(nonsense)
        press(window, Qt.Key.Key_V, CONTROL)
        wait_until(window.message.isVisible)
        assert window.message.label.text().endswith("."), nonsense[:20]
    clipboard.clear()
    assert window.desk.frame is not None
    assert window.desk.frame.origin == "seven.png"


def test_transparent_and_odd_images_are_read_right() -> None:
    image = QImage(3, 2, QImage.Format.Format_ARGB32)  # rows padded to four bytes in between
    image.fill(QColor(255, 0, 0, 0))
    image.setPixelColor(1, 1, QColor(10, 20, 30))
    array = image_array(image)
    assert array.shape == (2, 3, 3)
    assert array[0, 0].tolist() == [255, 255, 255]
    assert array[1, 1].tolist() == [10, 20, 30]


@pytest.mark.parametrize("shape", [(1, 1), (3000, 20), (20, 3000), (2, 2048)])
def test_frames_of_any_size_are_shown_and_handled(still: Window, shape: tuple[int, int]) -> None:
    window = still
    first = window.desk.source
    source = HandSource(f"{shape}")
    window.desk.open_made(source)
    frame = source.give(np.full((*shape, 3), 200, np.uint8))
    try:
        for crop in CropMode:
            for zoom in (0, 1):
                change(window, crop=Crop(crop), picture_zoom=zoom, occluders=(COVER,))
                wait_for_result(window.desk, lambda result: result.request.frame is frame)
                canvas = window.picture.canvas
                window._show_facts()
                assert not picture_of(canvas).isNull()
                middle = occluder_point(window)
                drag(canvas, middle, middle + QPointF(5, 5))
                for point in (QPointF(0, 0), QPointF(canvas.width() - 1, canvas.height() / 2), middle):
                    click(canvas, point)
                    turn_wheel(canvas, point, 1)
                    turn_wheel(canvas, point, -2)
                    drag(canvas, point, QPointF(-400, 900))
                assert up_to_date(window.desk) or wait_for_result(window.desk)
        assert not window.desk.worker.troubles
    finally:
        window.picture.canvas.reset_zoom()
        again = HandSource()
        window.desk.open_made(again)
        again.give(numbered_picture(0))
        wait_for_result(window.desk, lambda result: result.request.frame.origin == "by hand")
    assert first is not None


# Freezing, origin, pins, snapshots


def test_freeze_keeps_the_frame_and_all_else_stays_alive(window: Window) -> None:
    source = show_picture(window)
    press(window, Qt.Key.Key_F)
    kept = window.desk.frame
    for number in range(1, 5):
        source.give(numbered_picture(number))
    change(window, layer="conv4", occluders=(COVER,))
    assert window.desk.frame is kept
    window._show_facts()
    assert window.picture.facts.whole.startswith("FROZEN")
    press(window, Qt.Key.Key_F)
    frame = source.give(numbered_picture(9))
    wait_for_result(window.desk, lambda result: result.request.frame is frame)
    press(window, Qt.Key.Key_F)
    another = HandSource("another")  # a new source is shown, frozen or not
    window.desk.open_made(another)
    frame = another.give(numbered_picture(11))
    wait_for_result(window.desk, lambda result: result.request.frame is frame)
    assert not view_of(window).frozen


def test_the_origin_stays_while_another_layer_is_shown(still: Window) -> None:
    window = still
    change(window, layer="conv5", unit=3)
    press(window, Qt.Key.Key_D)
    assert window.unit.freeze.isChecked()
    origin = view_of(window).origin
    assert origin == UnitReference("conv5", 3)
    press(window, Qt.Key.Key_U)
    wait_until(lambda: not window._navigation.isActive())
    window.desk.change(view_of(window).change_maps(content=MapsContent.GRADIENT))
    result = wait_for_result(window.desk)
    assert result.unit is not None
    assert result.unit.reference == origin
    assert result.mosaic is not None
    assert (result.mosaic.layer, result.mosaic.words) == ("conv4", "derivative of conv5:3")
    window._show_facts()
    assert window.unit.facts.whole.startswith("ORIGIN · conv5:3")
    click(window.picture.canvas, input_point(window, 9, 9))  # the position of the origin, not of conv4
    assert view_of(window).origin.seed is SeedKind.AT  # type: ignore[union-attr]
    assert view_of(window).position is None
    # and so does the choice of a seed
    seed = window.unit.seed
    seed.activated.emit(seed.findData(SeedKind.MAP))
    assert view_of(window).looked_at.seed is SeedKind.MAP
    assert seed.currentData() is SeedKind.MAP
    press(window, Qt.Key.Key_D)
    assert view_of(window).origin is None


def test_pins_are_live_and_can_be_taken_out(still: Window) -> None:
    window = still
    window.docks[window.pins].raise_()
    change(window, layer="conv5", unit=3)
    press(window, Qt.Key.Key_P)
    change(window, layer="conv1", unit=1)
    window.unit.pin_asked.emit()
    wait_for_result(window.desk)
    cards = window.pins.cards
    assert [card.reference for card in cards] == [UnitReference("conv5", 3), UnitReference("conv1", 1)]
    result = wait_for_result(window.desk)
    assert len(result.pins) == 2
    for card, unit in zip(cards, result.pins, strict=True):
        assert card.map_tile.canvas.has_picture
        shown = card.picture_tile.canvas
        assert shown.message if unit.reason else np.array_equal(shown._array, unit.pictures[Rule.DECONVNET].image)
    window.pins.select(cards[0].reference)
    assert (view_of(window).layer, view_of(window).unit) == ("conv5", 3)
    window.pins.unpin(cards[0].reference)
    assert view_of(window).pins == (UnitReference("conv1", 1),)
    assert [card.reference for card in window.pins.cards] == [UnitReference("conv1", 1)]
    press(window, Qt.Key.Key_Z, CONTROL)
    assert len(view_of(window).pins) == 2
    settle()


def test_a_and_b_and_their_difference(window: Window) -> None:
    source = show_picture(window, 1, layer="conv5", unit=3)
    pane = window.compare
    press(window, Qt.Key.Key_A, SHIFT)
    a = pane.a
    assert a is window.desk.result
    wait_until(pane.isVisible)
    frame = source.give(numbered_picture(2))
    wait_for_result(window.desk, lambda result: result.request.frame is frame)
    b = wait_for_result(window.desk)
    assert a is not None
    for content, first, second in (
        ("picture", a.picture.astype(float), b.picture.astype(float)),
        ("unit map", a.unit.map, b.unit.map),  # type: ignore[union-attr]
        (
            "reconstruction",
            a.unit.pictures[Rule.DECONVNET].reconstruction.values,  # type: ignore[union-attr]
            b.unit.pictures[Rule.DECONVNET].reconstruction.values,  # type: ignore[union-attr]
        ),
    ):
        pane.content.setCurrentText(content)
        pane.content.activated.emit(pane.content.currentIndex())
        assert np.array_equal(compared(a, content).array, first)  # type: ignore[arg-type]
        difference = first - second
        if difference.ndim == 3:
            difference = difference.mean(2)
        limit = np.abs(difference).max()
        shown = pane.tiles[2].canvas._array
        assert shown is not None
        wanted = np.floor(difference / limit * 127 + 128.5)
        assert np.abs(shown.astype(int) - wanted).max() <= 1
        assert {int(shown.min()), int(shown.max())} & {1, 255}
        assert pane.tiles[2].canvas.message == ""
    change(window, layer="conv4")
    pane.content.setCurrentText("unit map")
    pane.content.activated.emit(1)
    assert pane.tiles[2].canvas.message  # maps of two sizes: said, not shown
    other = zf.random_model(window.desk.model.architecture, 5)
    window.desk.use_model(other)
    assert pane.a is None
    wait_for_result(window.desk)
    for tile in (pane.tiles[0], pane.tiles[2]):  # nothing of the other network is left
        assert not tile.canvas.has_picture or tile.canvas.message


# Look


def every_text_or_picture(window: Window) -> list[str]:
    """The canvases that can be seen and show neither a picture nor a sentence."""
    return [
        canvas.accessibleName() or repr(canvas)
        for canvas in window.findChildren(Canvas)
        if canvas.isVisible() and not canvas.has_picture and not canvas.message
    ]


def test_no_pane_is_ever_blank(window: Window) -> None:
    for pane in (window.pins, window.compare, window.trace):
        window.docks[pane].raise_()
        settle()
        assert not every_text_or_picture(window), pane.title
        assert not is_plain(picture_of(pane)), pane.title
    for pane in window.panes:
        if pane.isVisible():
            assert not is_plain(picture_of(pane)), pane.title
    show_picture(window)
    for pane in (window.pins, window.compare, window.trace):
        window.docks[pane].raise_()
        wait_for_result(window.desk)
        window._show_facts()
        assert not every_text_or_picture(window), pane.title
    for zoom in (1, 2, 0):
        change(window, zoom=zoom)
        assert not every_text_or_picture(window), zoom
    window.desk.use_model(zf.random_model(window.desk.model.architecture, 4))
    settle()
    assert not every_text_or_picture(window)


def is_plain(image: QImage) -> bool:
    """Whether nothing at all is drawn below the pane's own line."""
    small = image.copy(image.rect().adjusted(4, 30, -4, -4)).convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(small.constBits(), np.uint8).reshape(small.height(), -1)
    return bool((rows.reshape(-1, 4)[:, :3] == rows.reshape(-1, 4)[0, :3]).all())


def test_themes_and_presenter(still: Window) -> None:
    window = still
    try:
        for theme in ("light", "dark", "light"):
            change(window, theme=theme)
            for widget in window.findChildren(QWidget):
                if hasattr(widget, "colours"):
                    assert widget.colours == THEMES[theme], widget
            background = picture_of(window.classes.bars).pixelColor(2, window.classes.bars.height() - 2)
            assert background == QColor(THEMES[theme].pane)
        small = window.picture.facts.fontMetrics().height()
        change(window, presenter=True)
        assert window.picture.facts.fontMetrics().height() > 1.4 * small
        assert window.picture.facts.font().pixelSize() == 20
        settle()
        for pane in window.panes:
            if pane.isVisible():
                assert not is_plain(picture_of(pane))
    finally:
        change(window, theme="dark", presenter=False)


def test_full_screen_hides_all_but_the_panes_and_comes_back(still: Window) -> None:
    window = still
    parts = (window.menuBar(), window.toolbar, window.statusBar())
    press(window, Qt.Key.Key_F11)
    assert window.isFullScreen()
    assert not any(part.isVisible() for part in parts)
    press(window, Qt.Key.Key_L)  # keys go on
    assert view_of(window).unit == 2
    press(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    assert all(part.isVisible() for part in parts)


def test_closed_in_full_screen_it_opens_with_all_its_parts(window: Window) -> None:
    """Nobody looks for a key to get the toolbar back."""
    press(window, Qt.Key.Key_F11)
    window.close()
    again = Window(window.desk, window.settings)
    again.show()
    settle()
    try:
        if again.isFullScreen():
            press(again, Qt.Key.Key_F11)
        assert all(part.isVisible() for part in (again.menuBar(), again.toolbar, again.statusBar()))
    finally:
        again.close()
        again.deleteLater()
        settle()


def test_the_layout_is_remembered_and_reset(window: Window) -> None:
    window.docks[window.trace].hide()
    window.docks[window.layers].hide()
    window.close()
    again = Window(window.desk, window.settings)
    again.show()
    settle()
    try:
        assert again.docks[again.layers].isHidden()
        again.run("panes-reset")
        settle()
        assert not any(dock.isHidden() for dock in again.docks.values())
    finally:
        again.close()
        again.deleteLater()
        settle()


@pytest.mark.parametrize("size", [(900, 600), (1024, 680), (2000, 1200)])
def test_it_is_usable_at_every_size(still: Window, size: tuple[int, int]) -> None:
    window = still
    try:
        window.resize(*size)
        settle()
        wait_for_result(window.desk)
        assert window.width() <= size[0] + 1  # no pane forces it wider
        assert window.height() <= size[1] + 1
        assert min(window.picture.canvas.width(), window.picture.canvas.height()) >= 224
        assert not every_text_or_picture(window)
        click(window.maps.canvas, map_point(window, 3, 2, 2))
        assert view_of(window).unit == 3
    finally:
        window.resize(1440, 900)
        settle()


# A pane shows only what belongs to the newest frame


def test_a_pane_that_was_hidden_comes_back_with_what_is_shown_now(window: Window) -> None:
    """No new result comes for a still picture: what the pane drew last is of another one."""
    source = show_picture(window, 1)
    panes: tuple[Pane, ...] = (window.layers, window.picture, window.classes, window.maps, window.unit, window.compare)
    for pane in panes:
        window.docks[pane].raise_()
        settle()
        wait_for_result(window.desk)
        window.docks[pane].hide()
        settle()
        frame = source.give(numbered_picture(hash(pane.title) % 1000))
        wait_for_result(window.desk, lambda result, frame=frame: result.request.frame is frame)
        window.docks[pane].show()
        window.docks[pane].raise_()
        settle()
        result = wait_for_result(window.desk)
        glances = {glance.stage.name: glance for glance in result.glances}
        if pane is window.layers:
            assert all(window.layers.glances[name] is glance for name, glance in glances.items())
        elif pane is window.picture:
            assert np.array_equal(window.picture.canvas._array, result.request.frame.pixels)
        elif pane is window.classes:
            assert dict((i, p) for i, p, _ in window.classes.bars.rows) == {
                i: pytest.approx(float(result.probabilities[i])) for i, _, _ in window.classes.bars.rows
            }
        elif pane is window.maps:
            assert np.array_equal(window.maps.canvas.mosaic.values, result.mosaic.values)  # type: ignore[union-attr]
        elif pane is window.unit:
            assert np.array_equal(window.unit.patch_tile.canvas._array, result.picture)
        else:
            assert np.array_equal(window.compare.tiles[1].canvas._array, result.picture)


# Pictures of panes and of the window


def test_a_screenshot_is_drawn_anew_at_its_scale(still: Window, tmp_path: Path) -> None:
    window = still
    settle()
    for name, widget in (("window", window), ("pane", window.picture), ("classes", window.classes)):
        path = tmp_path / f"{name}.png"
        save_png(widget, str(path), 2.0)
        with Image.open(path) as image:
            assert image.format == "PNG"
            assert image.size == (2 * widget.width(), 2 * widget.height())
            pixels = np.asarray(image.convert("RGB")).astype(int)
        once = picture_of(widget).convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(once.constBits(), np.uint8).reshape(once.height(), once.bytesPerLine())
        plain = rows[:, : 3 * once.width()].reshape(once.height(), once.width(), 3).astype(int)
        halved = pixels.reshape(once.height(), 2, once.width(), 2, 3).mean((1, 3))
        assert np.abs(halved - plain).mean() < 6  # the same picture …
        enlarged = plain.repeat(2, 0).repeat(2, 1)
        assert (np.abs(enlarged - pixels).max(2) > 40).mean() > 0.001  # … but drawn, not enlarged


def test_pictures_are_saved_and_copied_by_their_actions(
    still: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = still
    path = tmp_path / "shot.png"
    monkeypatch.setattr(QInputDialog, "getDouble", lambda *given, **more: (2.0, True))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given, **more: (str(path), ""))
    window.run("save-window")
    with Image.open(path) as image:
        assert image.size == (2 * window.width(), 2 * window.height())
    window.run("save-pane")
    with Image.open(path) as image:  # the picture pane, with no mouse over any
        assert image.size == (2 * window.picture.width(), 2 * window.picture.height())
    window.run("copy-pane")
    copied = QGuiApplication.clipboard().image()
    assert copied.size() == window.picture.size() * copied.devicePixelRatio()
    window.run("copy-window")
    assert QGuiApplication.clipboard().image().width() >= window.width()
    QGuiApplication.clipboard().clear()
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *given, **more: (str(tmp_path / "no" / "such" / "x.png"), "")
    )
    window.run("save-window")
    assert window.message.label.text().startswith("⚠ The picture was not saved: ")
    assert not (tmp_path / "no").exists()
    window.message.hide()


def test_the_small_buttons_come_with_the_mouse_and_nothing_jumps(still: Window) -> None:
    window = still
    for pane in window.panes:
        if not pane.isVisible():
            continue
        wide = pane.facts.width()
        assert not any(button.isVisible() for button in pane._hover_buttons)
        middle = QPointF(pane.width() / 2, pane.height() / 2)
        QApplication.sendEvent(pane, QEnterEvent(middle, middle, pane.mapToGlobal(middle)))
        assert all(button.isVisible() for button in pane._hover_buttons)
        assert pane.facts.width() == wide
        QApplication.sendEvent(pane, QEvent(QEvent.Type.Leave))
        assert not any(button.isVisible() for button in pane._hover_buttons)


def test_the_unit_pane_says_why_it_shows_nothing(still: Window) -> None:
    window = still
    change(window, layer="input", unit=0)
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
            assert np.array_equal(tile.canvas._array, result.unit.pictures[rule].image)
            top, left, bottom, right = result.unit.box
            assert tile.canvas._window == QRectF(left, top, right - left, bottom - top)


def test_a_pasted_picture_is_gone_by_undo_and_back_by_redo(window: Window) -> None:
    """Undo for everything that changes the view."""
    show_picture(window)
    before = view_of(window)
    change(window, unit=5)
    window.desk.open_made(PastedSource(numbered_picture(3), "pasted picture"))
    wait_for_result(window.desk, lambda result: result.request.frame.origin == "pasted picture")
    press(window, Qt.Key.Key_Z, CONTROL)
    assert view_of(window).unit in (before.unit, 5)
    assert window.desk.source is not None
