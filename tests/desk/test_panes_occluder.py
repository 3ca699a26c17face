"""The hand on the picture: occluders, the clean picture, the crop, mirroring."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from desk_hands import (
    ALT,
    CONTROL,
    COVER,
    LEFT,
    PLAIN,
    SHIFT,
    HandSource,
    change,
    click,
    drag,
    input_point,
    move_mouse,
    numbered_picture,
    occluder_point,
    press_mouse,
    release_mouse,
    space,
    turn_wheel,
    up_to_date,
    view_of,
    wait_for_result,
)
from desk_tools import press, wait_until
from desk_window import Window
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget
from test_accessibility import READABLE, contrast

import zfdesk.engine as zf
from zfdesk.desk.live_view.picture_canvas import PictureCanvas
from zfdesk.desk.widgets.screenshot import picture_of
from zfdesk.desk.widgets.theme import THEMES
from zfdesk.engine import Occluder, OccluderShape, SeedKind
from zfdesk.live import Crop, CropMode


def test_an_occluder_follows_the_mouse_at_once_and_the_probabilities_after(still: Window) -> None:
    window = still
    change(window, occluders=(COVER,))
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
    shown = {row.index: (row.probability, row.clean) for row in window.classes.bars.rows}
    for index, (now, was) in shown.items():
        assert (now, was) == (
            pytest.approx(float(covered[index]), abs=1e-6),
            pytest.approx(float(clean[index]), abs=1e-6),
        )
    assert window.classes.bars.occluded


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("edges", ["tl", "t", "tr", "l", "r", "bl", "b", "br"])
def test_every_handle_resizes(still: Window, edges: str, mirrored: bool) -> None:
    window = still
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


def test_the_wheel_over_it_changes_its_size(still: Window) -> None:
    window = still
    change(window, occluders=(COVER,))
    canvas, point = window.picture.canvas, occluder_point(window)
    turn_wheel(canvas, point, 1)
    larger = view_of(window).occluders[0]
    assert larger.height == larger.width > COVER.height
    assert canvas.zoom == 1  # the picture itself is not zoomed
    turn_wheel(canvas, point, -3)
    assert view_of(window).occluders[0].height < COVER.height
    turn_wheel(canvas, input_point(window, 30, 30), 1)
    assert canvas.zoom > 1
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
    assert np.array_equal(window.unit.patch_tile.canvas.array, clean.clean)
    assert not window.classes.bars.occluded
    held = picture_of(window.picture.canvas)
    space(window, QEvent.Type.KeyRelease)
    wait_until(lambda: not window.desk.wants_clean)
    again = wait_for_result(window.desk)
    assert np.array_equal(again.probabilities, covered.probabilities)
    at = occluder_point(window).toPoint()
    assert picture_of(window.picture.canvas).pixelColor(at) == QColor(128, 128, 128)
    assert held.pixelColor(at) != QColor(128, 128, 128)


@pytest.mark.parametrize("modifiers", [PLAIN, SHIFT, CONTROL])
def test_space_is_let_go_whatever_else_is_held_by_then(still: Window, modifiers: Qt.KeyboardModifier) -> None:
    window = still
    change(window, occluders=(COVER,))
    space(window, QEvent.Type.KeyPress)
    assert window.desk.wants_clean
    space(window, QEvent.Type.KeyRelease, modifiers)
    wait_until(lambda: not window.desk.wants_clean)


def test_space_is_let_go_while_the_class_search_has_the_keys(still: Window) -> None:
    window = still
    change(window, occluders=(COVER,))
    space(window, QEvent.Type.KeyPress)
    window.classes.search.setFocus()
    QApplication.sendEvent(window.classes.search, QKeyEvent(QEvent.Type.KeyRelease, Qt.Key.Key_Space, PLAIN, " "))
    wait_until(lambda: not window.desk.wants_clean)


def test_space_is_let_go_when_another_window_is_used(still: Window) -> None:
    window = still
    space(window, QEvent.Type.KeyPress)
    assert window.desk.wants_clean
    other = QWidget()
    other.show()
    other.activateWindow()
    wait_until(lambda: not window.isActiveWindow())
    assert not window.desk.wants_clean
    other.close()
    window.activateWindow()
    wait_until(window.isActiveWindow)


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
    assert view_of(window).crop == Crop.centre_of(window.desk.model)


def at_plain(window: Window) -> QPoint:
    """Where the occluder is drawn when nothing is mirrored."""
    canvas: PictureCanvas = window.picture.canvas
    left, top, right, bottom = canvas.crop_box()  # type: ignore[misc]
    x = left + (COVER.left + COVER.width / 2) / 32 * (right - left)
    y = top + (COVER.top + COVER.height / 2) / 32 * (bottom - top)
    return canvas.to_screen(x, y).toPoint()


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
                window.show_facts()
                assert not picture_of(canvas).isNull()
                middle = occluder_point(window)
                drag(canvas, middle, middle + QPointF(5, 5))
                for point in (QPointF(0, 0), QPointF(canvas.width() - 1, canvas.height() / 2), middle):
                    click(canvas, point)
                    turn_wheel(canvas, point, 1)
                    turn_wheel(canvas, point, -2)
                    drag(canvas, point, QPointF(-400, 900))
                assert up_to_date(window.desk) or wait_for_result(window.desk)
        assert not window.desk.worker.failures
    finally:
        window.picture.canvas.reset_zoom()
        again = HandSource()
        window.desk.open_made(again)
        again.give(numbered_picture(0))
        wait_for_result(window.desk, lambda result: result.request.frame.origin == "by hand")
    assert first is not None


def test_what_stands_on_a_white_picture_can_be_read(window: Window) -> None:
    source = HandSource()
    window.desk.start()
    window.desk.open_made(source)
    source.give(np.full((96, 96, 3), 255, np.uint8))
    wait_until(lambda: window.desk.result is not None)
    unit = change(window, layer="conv3", unit=1, seed=SeedKind.AT, position=(5, 5), crop=Crop()).unit
    top, left, _, _ = unit.box  # whose lower edge crosses what is said below the occluder
    change(window, occluders=(Occluder(top + 3, left - 4, 8, 8),), chosen_occluder=0)
    canvas = window.picture.canvas
    rect = canvas.input_rect(top + 3, left - 4, top + 11, left + 4)
    label = QRect(int(rect.left()), int(rect.bottom()) + 4, 90, canvas.fontMetrics().height())

    def levels() -> np.ndarray:
        image = picture_of(canvas).copy(label).convertToFormat(QImage.Format.Format_Grayscale8)
        return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)[:, : image.width()].copy()

    outlined = levels()
    ground = int(np.bincount(outlined.ravel()).argmax())
    assert contrast(QColor(ground, ground, ground).name(), THEMES["dark"].field) >= READABLE
    change(window, outlines=False)
    assert ((levels() > 250) == (outlined > 250)).all(), "the outline lies over the words"
