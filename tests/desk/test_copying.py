"""What leaves the window for other programs: numbers, captions, pictures dragged out."""

from __future__ import annotations

import io

import numpy as np
import pytest
from desk_hands import LEFT, change, drag, move_mouse, press_mouse, wait_for_result
from desk_tools import press, settle, wait_until
from desk_window import Window
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDrag, QDragEnterEvent, QGuiApplication
from PySide6.QtWidgets import QMenu

import zfdesk.engine as zf
from zfdesk.desk.widgets.pane import Pane
from zfdesk.desk.window import actions
from zfdesk.desk.window import copy_commands as copying
from zfdesk.live import MapsContent, UnitReference


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def table(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def numbers(text: str) -> np.ndarray:
    """As numpy reads what a person pasted into a file."""
    return np.loadtxt(io.StringIO(text), delimiter="\t", dtype=np.float32, ndmin=2)


def test_classes(still: Window) -> None:
    result = change(still, watched=(4,), occluders=(zf.Occluder(3, 4, 12, 12),))
    still.copy_data_of(still.classes)
    head, *rows = table(clipboard())
    assert head == ["class", "name", "probability", "clean probability"]
    assert rows[0][:2] == ["4", "tench"]
    assert len(rows) == 5
    for index, name, now, clean in rows:
        assert name == still.desk.model.classes[int(index)]
        assert np.float32(now) == result.probabilities[int(index)]  # not rounded
        assert np.float32(clean) == result.clean_probabilities[int(index)]
    change(still, occluders=())
    still.copy_data_of(still.classes)
    assert table(clipboard())[0] == ["class", "name", "probability"]
    data = QGuiApplication.clipboard().mimeData()
    assert bytes(data.data("text/tab-separated-values").data()).decode() == clipboard()


def test_unit_map(still: Window) -> None:
    result = change(still, layer="conv4", unit=7)
    still.unit.show_facts()
    still.copy_data_of(still.unit)
    assert np.array_equal(numbers(clipboard()), result.unit.map)
    assert clipboard().startswith("# conv4:7 @ (")
    assert "deconvnet" in clipboard().splitlines()[0]


def test_feature_map_of_the_selected_or_the_hovered_unit(still: Window) -> None:
    result = change(still, layer="conv4", unit=7, occluders=(zf.Occluder(3, 4, 12, 12),))
    change(still, maps=still.desk.view.maps.__class__(content=MapsContent.CHANGE))
    result = wait_for_result(still.desk)
    still.copy_data_of(still.maps)
    assert np.array_equal(numbers(clipboard()), result.mosaic.values[7])
    assert clipboard().splitlines()[0] == "# conv4:7 · change under the occluder · by hand · frame 0"
    still.maps.canvas.hover = (9, 1, 1)
    still.copy_data_of(still.maps)
    assert np.array_equal(numbers(clipboard()), result.mosaic.values[9])
    still.maps.canvas.hover = None
    result = change(still, layer="fc8", unit=0, occluders=(), maps=type(still.desk.view.maps)())
    still.copy_data_of(still.maps)
    head, *rows = table(clipboard())
    assert head == ["unit", "activation"]
    assert [np.float32(value) for _, value in rows] == list(result.mosaic.values[:, 0, 0])


def test_layers_pins_and_snapshots(still: Window) -> None:
    result = change(still, pins=(UnitReference("conv4", 3), UnitReference("conv5", 1)))
    still.copy_data_of(still.layers)
    head, *rows = table(clipboard())
    assert [row[0] for row in rows] == [stage.name for stage in still.desk.model.architecture.stages]
    assert all(len(row) == len(head) for row in rows)
    shares = {row[0]: row[head.index("active share")] for row in rows}
    assert 0 < float(shares["conv5"]) <= 1
    assert [name for name, share in shares.items() if not share] == ["fc8", "prob"], (
        "of scores it would be those above 0"
    )
    still.bring_up(still.pins)
    wait_until(lambda: still.desk.complete is not None and len(still.desk.complete.pins) == 2)
    still.copy_data_of(still.pins)
    assert [row[:2] for row in table(clipboard())[1:]] == [["conv4", "3"], ["conv5", "1"]]
    still.run("snapshot")
    result = change(still, occluders=(zf.Occluder(3, 4, 12, 12),))
    still.copy_data_of(still.compare)
    _, *rows = table(clipboard())
    a, b, difference = (np.array([np.float32(row[column]) for row in rows]) for column in (2, 3, 4))
    assert np.array_equal(a, still.compare.a.probabilities)
    assert np.array_equal(b, result.probabilities)
    assert np.array_equal(difference, a - b)


def test_trace(still: Window) -> None:
    still.bring_up(still.trace)
    result = change(still, watched=(1, 3), unit=4)
    wait_until(lambda: still.trace.as_data())
    head, *_, last = table(still.trace.as_data())
    assert head[-4:] == ["tiger cat", "tiger cat clean", "church", "church clean"]
    wanted = [values[index] for index in (1, 3) for values in (result.probabilities, result.clean_probabilities)]
    assert [np.float32(value) for value in last[-4:]] == wanted


def test_a_pane_without_numbers_says_so(still: Window) -> None:
    said: list[tuple[str, bool]] = []
    still.desk.message.connect(lambda sentence, trouble: said.append((sentence, trouble)))
    QGuiApplication.clipboard().setText("kept")
    still.copy_data_of(still.picture)
    assert said == [("Picture has no numbers to copy; copy its picture instead.", True)]
    assert clipboard() == "kept"


def test_a_caption_names_everything(still: Window) -> None:
    y, x = change(still, layer="conv4", unit=7).unit.position  # where it is active
    result = change(
        still, position=(y, x), seed=zf.SeedKind.AT, method=zf.Rule.GUIDED,
        occluders=(zf.Occluder(-11, 4, 12, 13, zf.OccluderShape.RECTANGLE, zf.OccluderFill.BLUR),),
    )  # fmt: skip
    press(still, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    words = clipboard()
    assert "\n" not in words
    for part in (
        "A small network", "weights small", "Picture: by hand, frame 0", f"conv4:7 @ ({y}, {x})", "guided backprop",
        "single activation (picked)", "blurred rectangle 12 × 13 at (−11, 4)", "Made with zfdesk",
    ):  # fmt: skip
        assert part in words, part
    rendered = result.unit.pictures[zf.Rule.GUIDED]
    from zfdesk.figures.facts import number

    assert f"contrast stretched × {number(rendered.stretch)}" in words


def test_the_key_copies_the_numbers_of_a_pane(still: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "pane_under_mouse", lambda context: still.classes)
    press(still, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert clipboard() == still.classes.as_data() != ""


def test_the_menu_of_the_copy_button(still: Window) -> None:
    for pane, has_numbers in ((still.picture, False), (still.classes, True)):
        pane.hover_buttons[0].customContextMenuRequested.emit(QPoint(2, 2))
        (menu,) = pane.findChildren(QMenu)
        assert [(action.text().replace("&", ""), action.isEnabled()) for action in menu.actions()] == [
            ("Copy as picture", True), ("Copy as numbers", has_numbers), ("Copy the caption", True)
        ]  # fmt: skip
        menu.actions()[1].trigger()
        menu.close()
        settle()
        assert pane.findChildren(QMenu) == []
    assert clipboard() == still.classes.as_data()


# Dragged out


@pytest.fixture
def drags(monkeypatch: pytest.MonkeyPatch) -> list[QMimeData]:
    """What is dragged, instead of a drag, which waits for a mouse."""
    dragged: list[QMimeData] = []

    def take(drag: QDrag) -> None:
        data = QMimeData()
        data.setText(drag.mimeData().text())
        data.setData("image/png", drag.mimeData().data("image/png"))
        data.setImageData(drag.mimeData().imageData())
        assert not drag.pixmap().isNull()
        dragged.append(data)
        drag.deleteLater()

    monkeypatch.setattr(copying, "carry", take)
    return dragged


@pytest.mark.parametrize("handle", ["button", "facts"])
def test_a_pane_is_dragged_out_as_a_picture(handle: str, still: Window, drags: list[QMimeData]) -> None:
    change(still, layer="conv4", unit=3)
    QGuiApplication.clipboard().setText("kept")
    pane: Pane = still.unit
    widget = pane.hover_buttons[0] if handle == "button" else pane.facts
    widget.show()
    drag(widget, QPointF(5, 8), QPointF(60, 60))
    assert len(drags) == 1
    with Image.open(io.BytesIO(bytes(drags[0].data("image/png").data()))) as image:
        ratio = pane.devicePixelRatio()
        assert image.size == (round(pane.width() * ratio), round(pane.height() * ratio))
        assert len(np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)) > 100
    assert "conv4:3" in drags[0].text()
    assert clipboard() == "kept"  # a drag is no click
    assert not (handle == "button" and widget.isDown())


def test_a_press_that_hardly_moves_is_no_drag(still: Window, drags: list[QMimeData]) -> None:
    press_mouse(still.unit.facts, QPointF(5, 8))
    move_mouse(still.unit.facts, QPointF(7, 9), LEFT)
    assert drags == []


def test_what_is_dragged_from_the_window_is_not_dropped_on_it(still: Window, drags: list[QMimeData]) -> None:
    drag(still.unit.facts, QPointF(5, 8), QPointF(60, 60))

    class Entering(QDragEnterEvent):
        def source(self) -> object:
            return self.origin

    def entered(origin: object) -> bool:
        event = Entering(QPoint(5, 5), Qt.DropAction.CopyAction, drags[0], LEFT, Qt.KeyboardModifier.NoModifier)
        event.origin = origin
        event.ignore()
        still.dragEnterEvent(event)
        return event.isAccepted()

    assert entered(None)
    assert not entered(still.unit)
