"""The occlusion pane in real windows: filled in, hovered, clicked, cancelled, saved, and never of another picture."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from desk_hands import (
    CONTROL,
    SHIFT,
    HandSource,
    change,
    click,
    drag,
    move_mouse,
    numbered_picture,
    show_picture,
    view_of,
    wait_for_result,
)
from desk_tools import PATIENCE, press, settle, small_model, wait_until
from desk_window import Window
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtWidgets import QFileDialog

import zfdesk.engine as zf
from zfdesk.desk.widgets.canvas import ValueRange
from zfdesk.desk.widgets.colour_bar import number
from zfdesk.desk.widgets.tile import Tile
from zfdesk.live import SweepMap, SweepSettings, SweepState, SweepUnit, sweeping
from zfdesk.live.pace import Pace

FINE = SweepSettings(size=9, stride=2, own=True)  # 16 × 16 positions


class Gate:
    """Lets the batches of a sweep through one by one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open, self.batch = threading.Semaphore(0), 40
        real = sweeping.sweep

        def gated(clean, picture, plan, layer, resume, batch) -> Iterator[zf.Sweep]:
            for seen in real(clean, picture, plan, layer, resume, self.batch):
                assert self.open.acquire(timeout=PATIENCE)
                yield seen

        monkeypatch.setattr(sweeping, "sweep", gated)
        monkeypatch.setattr(sweeping, "REPORT_SECONDS", 0.0)
        monkeypatch.setattr(Pace, "batch", lambda pace: self.batch)

    def let(self, batches: int) -> None:
        for _ in range(batches):
            self.open.release()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate(monkeypatch)
    yield gate
    gate.let(10_000)


def show(window: Window, settings: SweepSettings = FINE) -> HandSource:
    """A still picture, and the pane in view."""
    source = show_picture(window, sweep=settings)
    window.docks[window.sweep].raise_()
    settle()
    return source


def sweep(window: Window) -> zf.Sweep:
    """Sweep by the key, and wait until it is done."""
    press(window, Qt.Key.Key_X, CONTROL)
    assert window.sweeps.running
    wait_until(lambda: not window.sweeps.running)
    return swept(window)


def swept(window: Window) -> zf.Sweep:
    found = window.sweeps.swept
    assert found is not None
    assert found.sweep is not None
    return found.sweep


def point(window: Window, row: int, column: int) -> QPointF:
    """The middle of a position's cell on the probability map."""
    plan, at = swept(window).plan, swept(window).positions[row, column]
    return window.sweep.probability.canvas.to_screen(at[1] + plan.size / 2, at[0] + plan.size / 2)


def colours_of(tile: Tile) -> ValueRange:
    """What the colours of its picture mean."""
    return tile.canvas.content.value_range  # type: ignore[union-attr,return-value]


def words(window: Window) -> str:
    window.sweep.show_facts()
    return window.sweep.state_line.full_text


def map_of(window: Window, which: SweepMap) -> np.ndarray:
    laid = window.sweep.tiles[which].canvas.content.overlay  # type: ignore[union-attr]
    assert laid is not None
    return laid


# Filled in


def test_without_a_sweep_it_says_what_would_fill_it_and_has_the_button(window: Window) -> None:
    show(window)
    pane = window.sweep
    assert pane.invitation.isVisible()
    assert not pane.maps.isVisible()
    click(pane.begin, pane.begin.rect().center().toPointF())
    wait_until(lambda: window.sweeps.swept is not None and not window.sweeps.running)
    assert pane.maps.isVisible()
    assert not pane.invitation.isVisible()
    for tile in pane.tiles.values():
        assert tile.canvas.has_picture
        assert tile.canvas.isVisible()
        assert not tile.canvas.message or "inactive" in tile.canvas.message


def test_before_the_first_frame_it_says_so(window: Window) -> None:
    press(window, Qt.Key.Key_X, CONTROL)
    assert "no picture to sweep yet" in window.message.label.text()
    assert not window.sweeps.running


def test_it_is_filled_in_while_the_live_view_goes_on(window: Window, gate: Gate) -> None:
    gate.batch = 2  # of the 2 × 2 of the first grid
    source = show(window)
    press(window, Qt.Key.Key_X, CONTROL)
    gate.let(1)
    wait_until(lambda: window.sweeps.swept is not None)
    early = map_of(window, SweepMap.PROBABILITY)
    undone = window.sweep.undone()
    assert np.isin(early, undone).any()  # nothing yet is unmistakable
    assert "left" in words(window)
    frame = source.give(numbered_picture(3))  # the sweep stands at the gate; the window does not
    wait_for_result(window.desk, lambda result: result.request.frame is frame)
    gate.let(1000)
    wait_until(lambda: not window.sweeps.running)
    assert not np.isin(map_of(window, SweepMap.PROBABILITY), undone).any()
    assert swept(window).complete


def test_the_colours_are_those_of_the_values(window: Window) -> None:
    """Along the map's pixels darker is less, and the bar's ends and tick are the numbers."""
    show(window)
    found = sweep(window)
    pane, class_index = window.sweep, int(found.clean_probabilities.argmax())
    values = found.probability(class_index)
    pixels = map_of(window, SweepMap.PROBABILITY)
    at = found.positions + found.plan.size // 2
    shown = pixels[at[..., 0].clip(0, 31), at[..., 1].clip(0, 31)]
    light = ((shown >> 16) & 255).astype(int) + ((shown >> 8) & 255) + (shown & 255)  # inferno is lighter with value
    order = np.argsort(values, axis=None)
    assert (np.diff(light.ravel()[order]) >= -2).all()
    assert colours_of(pane.probability).high == pytest.approx(
        max(values.max(), found.clean_probabilities[class_index]) * 100
    )
    assert colours_of(pane.probability).mark == pytest.approx(found.clean_probabilities[class_index] * 100)
    assert (
        f"clean {number(float(found.clean_activations[found.highest_total_unit]))}" in colours_of(pane.activation).text
    )


def test_another_class_or_unit_needs_no_other_sweep(window: Window) -> None:
    show(window)
    found = sweep(window)
    pane, before = window.sweep, map_of(window, SweepMap.PROBABILITY)
    pane.controls.class_field.setText(
        "church"
    )  # typing opens a list, which asks for the keyboard that there is none of here
    press(pane.controls.class_field, Qt.Key.Key_Return)
    church = window.desk.model.classes.index("church")
    assert view_of(window).sweep.class_index == church
    assert "church" in pane.probability.caption.full_text
    assert not np.array_equal(before, map_of(window, SweepMap.PROBABILITY))
    press(window, Qt.Key.Key_Z, CONTROL)
    assert view_of(window).sweep.class_index == -1
    assert np.array_equal(before, map_of(window, SweepMap.PROBABILITY))
    pane.controls.class_field.setText("no such class")
    press(pane.controls.class_field, Qt.Key.Key_Return)
    assert "No class is called “no such class”." in window.message.label.text()
    other = (found.highest_total_unit + 1) % 12
    change(window, layer="conv5", unit=other)
    assert f"conv5:{found.highest_total_unit}" in pane.activation.caption.full_text
    press(window, Qt.Key.Key_Y, CONTROL | SHIFT)
    assert view_of(window).sweep.unit is SweepUnit.SELECTED
    assert f"conv5:{other}" in pane.activation.caption.full_text
    wait_until(lambda: window.sweeps.swept.projected.unit == other)  # type: ignore[union-attr]
    change(window, layer="conv4", unit=20)  # of another layer than the sweep's: the strongest is shown
    assert f"conv5:{found.highest_total_unit}" in pane.activation.caption.full_text
    assert swept(window) is found


def test_another_layer_in_the_middle_of_a_sweep_changes_no_unit_of_it(window: Window, gate: Gate) -> None:
    show(window)
    change(window, layer="conv5", unit=3, sweep=SweepSettings(9, 2, own=True, unit=SweepUnit.SELECTED))
    press(window, Qt.Key.Key_X, CONTROL)
    gate.let(1)
    wait_until(lambda: window.sweeps.swept is not None)
    assert window.sweeps.swept.projected.unit == 3  # type: ignore[union-attr]
    change(window, layer="conv4", unit=7)
    gate.let(1000)
    wait_until(lambda: not window.sweeps.running)
    found = swept(window)
    assert found.layer == "conv5"
    wait_until(lambda: window.sweeps.swept.projected.unit == found.highest_total_unit)  # type: ignore[union-attr]
    press(window, Qt.Key.Key_X, CONTROL)  # now of the layer that is selected
    wait_until(lambda: not window.sweeps.running)
    assert swept(window).layer == "conv4"
    assert window.sweeps.unit == 7


def test_a_click_on_the_legend_shows_that_label(window: Window) -> None:
    show(window)
    found = sweep(window)
    legend = window.sweep.legend
    entry = legend.entries[-1]
    place = legend.area(len(legend.entries) - 1).center()
    click(legend, place)
    assert view_of(window).sweep.class_index == entry.label
    assert legend.entries[0].label == int(found.clean_probabilities.argmax()) or not legend.entries[0].clean
    assert sum(e.share for e in legend.entries) == pytest.approx(1)


def test_its_numbers_are_copied(window: Window) -> None:
    show(window)
    assert window.sweep.as_data() == ""
    found = sweep(window)
    head, *lines = window.sweep.as_data().splitlines()
    assert head.split("\t")[:2] == ["top", "left"]
    assert len(lines) == found.done.size
    top, left, probability, activation, label = lines[37].split("\t")
    place = divmod(37, found.done.shape[1])
    class_index = int(found.clean_probabilities.argmax())
    assert [int(top), int(left)] == found.positions[place].tolist()
    assert float(probability) == pytest.approx(float(found.probability(class_index)[place]), rel=1e-5)
    assert float(activation) == pytest.approx(float(found.activation(found.highest_total_unit)[place]), rel=1e-5)
    assert label == window.desk.model.classes[int(found.label()[place])]


def test_one_map_alone_and_values_as_change(window: Window) -> None:
    show(window)
    found = sweep(window)
    pane = window.sweep
    for expected in (*list(SweepMap)[1:], SweepMap.ALL):
        press(window, Qt.Key.Key_V, SHIFT)
        assert view_of(window).sweep.shown is expected
        visible = [name for name, tile in pane.tiles.items() if tile.isVisible()]
        assert visible == ([expected] if expected is not SweepMap.ALL else list(pane.tiles))
    press(window, Qt.Key.Key_V, CONTROL | SHIFT)
    top = int(found.clean_probabilities.argmax())
    limit = np.abs(found.probability(top) - found.clean_probabilities[top]).max() * 100
    assert colours_of(pane.probability).low == pytest.approx(-limit)
    pixels, at = map_of(window, SweepMap.PROBABILITY), found.positions + found.plan.size // 2
    shown = pixels[at[..., 0].clip(0, 31), at[..., 1].clip(0, 31)].astype(int)
    below = (shown & 255) > (shown >> 16 & 255)  # blue below clean, orange above
    difference = (found.probability(top) - found.clean_probabilities[top]) * 100
    plain = np.abs(difference) > limit / 20
    assert np.array_equal(below[plain], difference[plain] < 0)
    assert colours_of(pane.probability).mark == 0


# The hand


def test_hover_tells_and_shows_the_square_on_the_picture(window: Window) -> None:
    show(window)
    found = sweep(window)
    canvas = window.sweep.probability.canvas
    move_mouse(canvas, point(window, 5, 9))
    top, left = (int(v) for v in found.positions[5, 9])
    assert window.picture.canvas.hover_box == (top, left, top + 9, left + 9)
    assert window.sweep.label.canvas.square == found.plan.occluder(top, left)
    said = window.sweep.hover_line.full_text
    label = window.desk.model.classes[int(found.label()[5, 9])]
    p = float(found.probabilities[5, 9].max()) * 100
    assert said.startswith(f"at ({top}, {left}) · {label} {p:.1f} %")
    assert f"conv5:{found.highest_total_unit}" in said
    window.show_facts()  # what the feature maps tell meanwhile takes nothing away
    assert window.picture.canvas.hover_box is not None
    QEvent_leave = QEvent(QEvent.Type.Leave)
    canvas.leaveEvent(QEvent_leave)
    assert window.picture.canvas.hover_box is None
    assert window.sweep.hover_line.full_text == ""


def test_a_click_puts_the_occluder_there_and_every_pane_follows(window: Window) -> None:
    show(window)
    found = sweep(window)
    click(window.sweep.probability.canvas, point(window, 4, 11))
    assert view_of(window).occluders == (found.plan.occluder(*found.positions[4, 11]),)
    result = wait_for_result(window.desk)
    assert result.occluded
    # the live view's answer is the sweep's: two ways of computing one thing
    assert np.abs(result.probabilities - found.probabilities[4, 11]).max() < 2e-3
    click(window.sweep.activation.canvas, point(window, 10, 3))
    assert view_of(window).occluders == (found.plan.occluder(*found.positions[10, 3]),)
    assert window.sweep.stale_text == ""  # the sweep is of the picture without it
    press(window, Qt.Key.Key_Z, CONTROL)
    assert view_of(window).occluders == (found.plan.occluder(*found.positions[4, 11]),)
    press(window, Qt.Key.Key_Z, CONTROL)
    assert view_of(window).occluders == ()
    drag(window.sweep.probability.canvas, point(window, 2, 2), point(window, 9, 9))
    assert view_of(window).occluders == (found.plan.occluder(*found.positions[9, 9]),)
    press(window, Qt.Key.Key_Z, CONTROL)  # a drag is one step
    assert view_of(window).occluders == ()


def test_the_largest_drop_is_one_key_away(window: Window) -> None:
    show(window)
    press(window, Qt.Key.Key_Return, CONTROL)
    assert "sweep first" in window.message.label.text()
    found = sweep(window)
    press(window, Qt.Key.Key_Return, CONTROL)
    drop, occluder = found.largest_drop(int(found.clean_probabilities.argmax()))
    assert view_of(window).occluders == (occluder,)
    result = wait_for_result(window.desk)
    top = int(result.clean_probabilities.argmax())
    assert result.clean_probabilities[top] - result.probabilities[top] == pytest.approx(drop, abs=2e-3)


def test_the_live_occluder_is_the_sweeps_until_another_is_chosen(window: Window) -> None:
    show(window, SweepSettings(stride=4))
    cover = zf.Occluder(3, 4, 11, 11, zf.OccluderShape.ELLIPSE, zf.OccluderFill.BLACK)
    change(window, occluders=(cover,))
    controls = window.sweep.controls
    assert controls.size_box.value() == 11
    found = sweep(window)
    assert (found.plan.size, found.plan.shape, found.plan.fill) == (11, cover.shape, cover.fill)
    controls.size_box.setValue(13)
    assert view_of(window).sweep == SweepSettings(13, 4, cover.shape, cover.fill, own=True)
    assert window.sweeps.stale().startswith("of 11 × 11 black disc")
    press(window, Qt.Key.Key_Z, CONTROL)
    assert not view_of(window).sweep.own


# Of what it is


def test_it_says_when_it_is_of_another_frame(window: Window) -> None:
    source = show(window)
    sweep(window)
    number = window.sweeps.swept.input.number  # type: ignore[union-attr]
    assert f"frame {number}" in window.sweep.facts.full_text
    frame = source.give(numbered_picture(4))
    wait_for_result(window.desk, lambda result: result.request.frame is frame)
    assert window.sweep.stale_text == f"frame {number}"
    assert all(tile.canvas.stale for tile in window.sweep.tiles.values())
    assert "OLD" in words(window)
    move_mouse(window.sweep.probability.canvas, point(window, 5, 5))
    assert window.picture.canvas.hover_box is None  # that is another picture
    frame = source.give(numbered_picture(0))  # the same picture again
    wait_for_result(window.desk, lambda result: result.request.frame is frame)
    assert window.sweep.stale_text == ""
    change(window, crop=zf_crop())
    assert window.sweep.stale_text.endswith("another crop") or window.sweep.stale_text.startswith("frame")


def zf_crop() -> object:
    from zfdesk.live import Crop

    return Crop(side=0.5)


def test_another_plan_makes_it_old(window: Window) -> None:
    show(window)
    sweep(window)
    window.sweep.controls.stride_box.setValue(5)
    assert window.sweeps.stale() == "of 9 × 9 grey square, stride 2, over the edge"
    found = sweep(window)
    assert found.plan.stride == 5
    assert window.sweeps.stale() == ""


def test_another_network_ends_the_sweep_in_words(window: Window, gate: Gate) -> None:
    show(window)
    press(window, Qt.Key.Key_X, CONTROL)
    gate.let(2)
    wait_until(lambda: window.sweeps.swept is not None)
    window.desk.use_model(small_model(("a", "b", "c")))
    gate.let(1)
    wait_until(lambda: not window.sweeps.running)
    assert "another network was chosen" in window.message.label.text()
    assert 0 < swept(window).fraction < 1
    assert not window.sweeps.can_resume
    assert "of the network before, small" in words(window)
    wait_for_result(window.desk)
    gate.let(100)
    assert sweep(window).model is window.desk.model  # and it can be swept anew
    assert window.sweep.legend.names == ("a", "b", "c")


# Cancelled, resumed, saved


def test_a_cancelled_part_stays_is_saved_and_goes_on(
    window: Window, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(window)
    press(window, Qt.Key.Key_X, CONTROL)
    gate.let(2)
    wait_until(lambda: window.sweeps.swept is not None)
    cancel = window.sweep.controls.cancel
    assert cancel.text() == "Cancel"
    click(cancel, cancel.rect().center().toPointF())
    gate.let(1)
    wait_until(lambda: not window.sweeps.running)
    part = swept(window)
    percent = f"{part.fraction * 100:.0f} %"
    assert f"partial: {percent}" in words(window)
    assert window.sweep.facts.full_text.startswith(f"PARTIAL: {percent}")
    path = tmp_path / "part.npz"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *arguments: (str(path.with_suffix("")), ""))
    window.run("sweep-arrays")
    wait_until(lambda: "marked as partial" in window.message.label.text())
    with np.load(path) as arrays:
        assert sorted(arrays) == [
            "activation", "clean", "clean_activation", "done", "label", "positions", "probability",
        ]  # fmt: skip
        assert np.array_equal(arrays["done"], part.done)
        assert np.isnan(arrays["probability"][~part.done]).all()
        assert np.array_equal(arrays["label"] >= 0, part.done)
        assert np.array_equal(arrays["positions"], part.positions)
        assert np.array_equal(arrays["clean"], part.clean_probabilities)
    assert cancel.text() == "Resume"
    gate.let(100)
    press(window, Qt.Key.Key_X, CONTROL | SHIFT)
    assert window.sweeps.running
    wait_until(lambda: not window.sweeps.running)
    assert swept(window).complete
    assert np.array_equal(swept(window).label()[part.done], part.label()[part.done])
    press(window, Qt.Key.Key_X, CONTROL | SHIFT)
    assert "No sweep is running" in window.message.label.text()


def test_the_figure_is_saved_off_the_windows_thread(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(window)
    window.run("sweep-figure")
    assert "no sweep to save" in window.message.label.text()
    sweep(window)
    path = tmp_path / "seven.pdf"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *arguments: (str(path), ""))
    window.run("sweep-figure")
    wait_until(lambda: "seven.pdf" in window.message.label.text(), 3 * PATIENCE)
    assert window.message.label.text().endswith("Saved seven.pdf.")
    assert path.read_bytes().startswith(b"%PDF")
    path = tmp_path / "seven.doc"
    window.run("sweep-figure")
    wait_until(lambda: "ends in .png, .svg or .pdf" in window.message.label.text())
    path = tmp_path / "no such folder" / "seven.png"
    window.run("sweep-figure")
    wait_until(lambda: "seven.png was not saved" in window.message.label.text(), 3 * PATIENCE)


def test_a_square_larger_than_the_picture_is_told(window: Window) -> None:
    show(window)
    window.sweep.controls.size_box.setValue(500)  # the control does not let one
    assert view_of(window).sweep.size == 32
    change(window, sweep=SweepSettings(size=40, stride=8, own=True))  # a session file may
    press(window, Qt.Key.Key_X, CONTROL)
    wait_until(lambda: not window.sweeps.running)
    sentence = "An occluder of 40 × 40 is larger than the picture of 32 × 32 pixels."
    assert sentence in window.message.label.text()
    assert words(window) == sentence
    change(window, sweep=SweepSettings(size=9, stride=0, own=True))
    press(window, Qt.Key.Key_X, CONTROL)
    assert "The stride must be at least 1 pixel, not 0." in window.message.label.text()
    change(window, sweep=FINE)
    assert sweep(window).complete


def test_the_window_closes_in_the_middle_of_a_sweep(window: Window, gate: Gate) -> None:
    show(window)
    press(window, Qt.Key.Key_X, CONTROL)
    gate.let(1)
    wait_until(lambda: window.sweeps.swept is not None)
    begun = time.monotonic()
    gate.let(1)
    window.close()
    assert time.monotonic() - begun < 1
    gate.let(1)
    wait_until(lambda: not any(t.name == "zfdesk-sweep" for t in threading.enumerate()), 2)


# Live


def test_the_live_sweep_follows_the_frames_and_names_them(window: Window) -> None:
    source = show(window)
    press(window, Qt.Key.Key_V)
    assert view_of(window).sweep.live
    for picture in (1, 2, 3):
        frame = source.give(numbered_picture(picture))
        wait_until(lambda frame=frame: window.sweeps.swept and window.sweeps.swept.input.number == frame.number)
        found = window.sweeps.swept
        assert found is not None
        assert found.live
        assert found.state is SweepState.DONE
        assert found.sweep is not None
        assert found.sweep.complete  # a round replaces the map when it is whole
        assert np.array_equal(found.sweep.picture, found.input.picture)
        wait_until(lambda frame=frame: f"frame {frame.number}" in words(window))
        assert "a round" in words(window)
    window.docks[window.maps].raise_()  # nobody looks: it rests
    settle()
    wait_until(lambda: not window.sweeps.running)
    frame = source.give(numbered_picture(9))
    wait_for_result(window.desk, lambda result: result.request.frame is frame)
    settle(50)
    assert window.sweeps.swept.input.number != frame.number  # type: ignore[union-attr]
    window.docks[window.sweep].raise_()
    wait_until(lambda: window.sweeps.swept.input.number == frame.number)  # type: ignore[union-attr]
    press(window, Qt.Key.Key_V)
    assert not window.sweeps.running
    frame = source.give(numbered_picture(10))
    wait_for_result(window.desk, lambda result: result.request.frame is frame)
    assert "ended" in words(window)


def test_one_sweep_ends_the_live_one(window: Window) -> None:
    show(window)
    press(window, Qt.Key.Key_V)
    wait_until(lambda: window.sweeps.swept is not None)
    press(window, Qt.Key.Key_X, CONTROL)
    assert not view_of(window).sweep.live
    wait_until(lambda: not window.sweeps.swept.live and not window.sweeps.running)  # type: ignore[union-attr]
    assert swept(window).complete


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [(1440, 900), (1024, 680)])
def test_nothing_is_cut_off(window: Window, theme: str, size: tuple[int, int]) -> None:
    window.resize(*size)
    show(window)
    change(window, theme=theme)
    window.sweep.controls.more.setChecked(True)
    sweep(window)
    settle(20)
    pane = window.sweep
    for tile in pane.tiles.values():
        assert min(tile.canvas.width(), tile.canvas.height()) >= 72
    for control in (pane.controls.often, pane.controls.shown, pane.controls.seldom):
        for child in control.widgets:
            assert control.rect().contains(child.geometry()), child.accessibleName()
    assert pane.rect().contains(pane.maps.geometry())
    assert pane.hover_line.geometry().bottom() <= pane.maps.height()


def test_a_part_of_a_sweep_comes_back_with_its_session(window: Window, gate: Gate, tmp_path: Path) -> None:
    """Exactly, also over another sweep that runs; and it can be gone on with."""
    show(window)
    press(window, Qt.Key.Key_X, CONTROL)
    gate.let(2)
    wait_until(lambda: window.sweeps.swept is not None)
    window.run("sweep-cancel")
    gate.let(1)
    wait_until(lambda: not window.sweeps.running)
    part, unit = swept(window), window.sweeps.unit
    path = tmp_path / "part.zfdesk"
    window.sessions.save_to(path)
    wait_until(lambda: "Saved part.zfdesk" in window.message.label.text())
    press(window, Qt.Key.Key_X, CONTROL)
    gate.let(3)
    wait_until(lambda: swept(window) is not part)
    window.open_path(str(path))
    wait_until(lambda: "Opened part.zfdesk" in window.message.label.text())
    gate.let(100)
    wait_until(lambda: window.sweeps.of_what_is_shown)
    settle()
    assert not window.sweeps.running
    again = swept(window)
    for name in ("done", "positions", "probabilities", "activations", "clean_probabilities", "clean_activations"):
        assert np.array_equal(getattr(again, name), getattr(part, name), equal_nan="prob" in name or "activ" in name)
    assert (again.plan, again.layer, window.sweeps.unit) == (part.plan, part.layer, unit)
    assert "partial" in words(window)
    assert window.sweeps.stale() == ""
    assert window.sweeps.can_resume
    window.sweeps.resume()
    wait_until(lambda: not window.sweeps.running)
    assert swept(window).complete
    assert np.array_equal(swept(window).label()[part.done], part.label()[part.done])
