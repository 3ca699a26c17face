"""The marking window, with the mouse and the keys: what is drawn is saved, and compared beside the paper."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from desk_hands import LEFT, click, drag, move_mouse, press_mouse, release_mouse
from desk_tools import press, settle, wait_until
from desk_window import Window
from PIL import Image
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QFileDialog, QLineEdit, QWidget

import zfdesk.engine as zf
import zfdesk.experiments
from zfdesk.desk.parts import dialog as marking_module
from zfdesk.desk.parts import table1 as comparing_module
from zfdesk.desk.parts.dialog import NO_FOLDER, MarkingSheet, show_marking
from zfdesk.desk.parts.table1 import compare_error_text
from zfdesk.experiments.correspondence import cut_out
from zfdesk.experiments.parts import FILE, PartsError, read_parts, write_parts
from zfdesk.live import Crop
from zfdesk.sources import SourceReference, read_picture

BOX = (10, 20, 8, 12)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures of 80 × 120 with blocks of colour."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(3):
        small = np.random.default_rng(number).integers(0, 256, (10, 15, 3), np.uint8)
        Image.fromarray(small.repeat(8, 0).repeat(8, 1)).save(pictures / f"{number}.png")
    return pictures


@pytest.fixture
def sheet(window: Window, folder: Path, no_exception: list[str]) -> Iterator[MarkingSheet]:
    window.desk.use_model(replace(window.desk.model, input=zf.InputSpec(resize=36)))  # sees eight ninths of a side
    window.desk.view = window.desk.view.change(source=SourceReference("folder", str(folder)))
    sheet = show_marking(window.context)
    wait_until(lambda: not sheet.busy)
    settle()
    yield sheet
    if shiboken6.isValid(sheet):
        sheet.reject()
    wait_until(lambda: (settle(), window.findChildren(MarkingSheet))[1] == [])


def draw(sheet: MarkingSheet, box: tuple[int, int, int, int]) -> None:
    """Drag exactly over these picture pixels, a hair inside so that rounding outwards gives them."""
    top, left, height, width = box
    canvas = sheet.canvas
    drag(canvas, canvas.to_screen(left + 0.1, top + 0.1), canvas.to_screen(left + width - 0.1, top + height - 0.1))


def middle(sheet: MarkingSheet, box: tuple[int, int, int, int]) -> QPointF:
    return sheet.canvas.to_screen(box[1] + box[3] / 2, box[0] + box[2] / 2)


def test_a_dragged_box_is_saved_in_picture_pixels(sheet: MarkingSheet, folder: Path) -> None:
    draw(sheet, BOX)
    assert read_parts(folder) == {"0.png": {"right eye": BOX}}
    assert "right eye is marked in 0.png" in sheet.message.text()
    assert sheet.buttons["right eye"].text() == "1 · right eye ✓"
    assert sheet.buttons["left eye"].isChecked()
    # backwards, and over the edge
    canvas = sheet.canvas
    drag(canvas, canvas.to_screen(30.1, 20.1), canvas.to_screen(-40, -30))
    assert read_parts(folder)["0.png"]["left eye"] == (0, 0, 21, 31)
    # zoomed in by the wheel it is as exact
    canvas.zoom = 3.0
    canvas.laid_out = None
    draw(sheet, (30, 50, 9, 7))
    assert read_parts(folder)["0.png"]["nose"] == (30, 50, 9, 7)


def test_what_is_drawn_can_be_seen(sheet: MarkingSheet) -> None:
    draw(sheet, BOX)
    sheet.choose("right eye")
    image = sheet.canvas.grab().toImage()
    ratio = image.devicePixelRatio()
    edge = sheet.canvas.to_screen(BOX[1], BOX[0] + BOX[2] / 2)
    near = [image.pixelColor(round((edge.x() + dx) * ratio), round(edge.y() * ratio)).name() for dx in range(-3, 4)]
    assert sheet.colours.unit in near
    sheet.choose("nose")
    image = sheet.canvas.grab().toImage()
    near = [image.pixelColor(round((edge.x() + dx) * ratio), round(edge.y() * ratio)).name() for dx in range(-3, 4)]
    assert "#ffffff" in near
    assert sheet.colours.unit not in near


def test_a_click_picks_the_part_below_and_marks_nothing(sheet: MarkingSheet, folder: Path) -> None:
    draw(sheet, BOX)
    click(sheet.canvas, middle(sheet, BOX))
    assert sheet.book is not None
    assert sheet.book.part == "right eye"
    click(sheet.canvas, sheet.canvas.to_screen(100, 70))
    assert sheet.book.part == "right eye"
    assert read_parts(folder) == {"0.png": {"right eye": BOX}}


def test_escape_lets_a_box_go_and_then_closes(sheet: MarkingSheet, folder: Path) -> None:
    canvas = sheet.canvas
    press_mouse(canvas, canvas.to_screen(5, 5))
    move_mouse(canvas, canvas.to_screen(50, 50), LEFT)
    assert canvas.dragging
    press(canvas, Qt.Key.Key_Escape)
    assert not canvas.dragging
    release_mouse(canvas, canvas.to_screen(50, 50))
    assert not (folder / FILE).exists()
    assert sheet.isVisible()
    press(canvas, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_keys(sheet: MarkingSheet, window: Window, folder: Path) -> None:
    before = window.desk.view
    canvas, control, shift = sheet.canvas, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    assert sheet.book is not None
    press(canvas, Qt.Key.Key_3)
    assert sheet.book.part == "nose"
    press(canvas, Qt.Key.Key_9)  # there is no ninth
    draw(sheet, BOX)
    press(canvas, Qt.Key.Key_3)
    press(canvas, Qt.Key.Key_Right)
    press(canvas, Qt.Key.Key_Down, shift)
    assert read_parts(folder)["0.png"]["nose"] == (18, 21, 8, 12)
    for _ in range(20):
        press(canvas, Qt.Key.Key_Up, shift)
    assert read_parts(folder)["0.png"]["nose"] == (0, 21, 8, 12)  # never outside
    for _ in range(20):
        press(canvas, Qt.Key.Key_Down, shift)
        press(canvas, Qt.Key.Key_Right, shift)
    assert read_parts(folder)["0.png"]["nose"] == (72, 108, 8, 12)
    press(canvas, Qt.Key.Key_Delete)
    assert read_parts(folder) == {}
    press(canvas, Qt.Key.Key_Z, control)
    assert read_parts(folder)["0.png"]["nose"] == (72, 108, 8, 12)
    press(canvas, Qt.Key.Key_Z, control | shift)
    assert read_parts(folder) == {}
    for key, expected in (
        (Qt.Key.Key_E, "1.png"), (Qt.Key.Key_PageDown, "2.png"), (Qt.Key.Key_E, "2.png"), (Qt.Key.Key_W, "1.png"),
        (Qt.Key.Key_PageUp, "0.png"), (Qt.Key.Key_W, "0.png"),
    ):  # fmt: skip
        press(canvas, key)
        assert sheet.book.picture == expected
        wait_until(lambda: not sheet.busy)
    assert window.desk.view == before  # none of them was the window's
    assert not window.desk.can_undo


def test_undo_shows_the_picture_where_it_was(sheet: MarkingSheet, folder: Path) -> None:
    draw(sheet, BOX)
    sheet.go(2)
    wait_until(lambda: not sheet.busy)
    assert sheet.canvas.boxes == {}
    QTest.mouseClick(sheet.undo_button, Qt.MouseButton.LeftButton)
    wait_until(lambda: not sheet.busy)
    assert sheet.book is not None
    assert sheet.book.picture == "0.png"
    assert read_parts(folder) == {}
    assert not sheet.undo_button.isEnabled()
    assert not sheet.remove_button.isEnabled()


def test_another_part_by_its_name(sheet: MarkingSheet, folder: Path) -> None:
    QTest.keyClicks(sheet.another, "left wheel")
    press(sheet.another, Qt.Key.Key_Return)
    assert sheet.isVisible()
    assert sheet.buttons["left wheel"].isChecked()
    draw(sheet, BOX)
    assert read_parts(folder) == {"0.png": {"left wheel": BOX}}
    QTest.keyClicks(sheet.another, "random")
    press(sheet.another, Qt.Key.Key_Return)
    assert "No part can be called random" in sheet.message.text()
    assert sheet.message.text().startswith("⚠")
    press(sheet.canvas, Qt.Key.Key_4)
    assert sheet.buttons["left wheel"].isChecked()


def mark_all(folder: Path) -> dict[str, dict[str, tuple[int, int, int, int]]]:
    marks = {
        f"{number}.png": {"nose": (30 + number, 50, 12, 12), "right eye": (20, 40 + number, 8, 8)}
        for number in range(3)
    }
    write_parts(folder, marks)
    return marks


def compared(sheet: MarkingSheet) -> None:
    QTest.mouseClick(sheet.table1.compare, Qt.MouseButton.LeftButton)
    assert sheet.table1.compare.text() == "Stop"
    wait_until(lambda: not sheet.busy)
    assert sheet.table1.compare.text() == "Compare"


def test_comparing_shows_what_the_engine_gives_beside_the_paper(
    sheet: MarkingSheet, window: Window, folder: Path
) -> None:
    marks = mark_all(folder)
    sheet.open_folder(folder)
    wait_until(lambda: not sheet.busy)
    part, cells = sheet.table1, sheet.table1.cells
    assert not cells.isVisible()
    assert not part.copy.isEnabled()
    compared(sheet)
    model = window.desk.model
    pictures, _ = cut_out(
        marks, lambda name: read_picture(folder / name), Crop.centre_of(model).box, model.architecture.size
    )
    expected = zfdesk.experiments.correspondence(model, pictures)
    rows = expected.table()
    assert [cells.horizontalHeaderItem(c).text() for c in range(cells.columnCount())] == list(rows[0])
    shown = [tuple(cells.item(r, c).text() for c in range(cells.columnCount())) for r in range(cells.rowCount())]
    assert shown == rows[1:]
    assert [row[0] for row in shown] == ["right eye", "nose", "random"]
    assert "0.067 ± 0.007" in shown[0]
    assert cells.height() >= cells.rowHeight(0) * len(shown)
    press(sheet.canvas, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == expected.tsv()
    assert "3 pictures, grey masks, small" in part.source_line.text()
    assert "changed since" not in part.source_line.text()
    draw(sheet, BOX)
    assert "The marks have changed since" in part.source_line.text()
    sheet.undo()
    assert "changed since" not in part.source_line.text()
    window.desk.use_model(zf.random_model(zf.ARCHITECTURES["zfnet-no3467"](3)))
    assert "Another network is in use by now" in part.source_line.text()
    assert sheet.canvas.crop == Crop().box(80, 120)  # that network's own


def test_the_crop_and_the_masks_that_are_chosen_are_used(sheet: MarkingSheet, folder: Path) -> None:
    marks = mark_all(folder)
    marks["0.png"]["right eye"] = (0, 0, 4, 4)  # in the corner, beside the centre crop
    write_parts(folder, marks)
    sheet.open_folder(folder)
    wait_until(lambda: not sheet.busy)
    compared(sheet)
    assert sheet.message.text() == "⚠ The right eye of 0.png lies outside what the network sees."
    assert sheet.table1.table is not None
    assert sheet.table1.table.score("right eye", sheet.table1.table.layers[0]).pictures == 2
    first = sheet.table1.table.tsv()
    crop = sheet.canvas.crop
    sheet.table1.crop.setCurrentIndex(1)
    sheet.table1.crop.activated.emit(1)
    assert sheet.canvas.crop != crop
    assert sheet.canvas.crop == (0, -20, 120, 100)
    sheet.table1.fill.setCurrentIndex(2)
    compared(sheet)
    assert sheet.message.text() == ""
    assert sheet.table1.table.score("right eye", sheet.table1.table.layers[0]).pictures == 3
    assert sheet.table1.table.fill is zf.OccluderFill.BLUR
    assert sheet.table1.table.tsv() != first


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ({"0.png": {"nose": BOX}}, "at least two pictures"),
        ({"0.png": {"nose": BOX}, "gone.png": {"nose": BOX}}, "is marked in"),
        ({"0.png": {"nose": BOX}, "1.png": {"nose": (70, 0, 11, 4)}}, "reaches outside the picture"),
    ],
)
def test_what_cannot_be_compared_is_told(sheet: MarkingSheet, folder: Path, marks: dict, words: str) -> None:
    write_parts(folder, marks)
    sheet.open_folder(folder)
    wait_until(lambda: not sheet.busy)
    compared(sheet)
    assert words in sheet.message.text()
    assert sheet.message.text().startswith("⚠ ")
    assert sheet.message.text().endswith(".")
    assert not sheet.table1.cells.isVisible()
    assert read_parts(folder) == marks


def test_it_can_be_stopped_and_closing_stops_it(
    sheet: MarkingSheet, window: Window, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark_all(folder)
    sheet.open_folder(folder)
    wait_until(lambda: not sheet.busy)
    begun, go_on, read = threading.Event(), threading.Event(), []

    def slow(path: Path) -> np.ndarray:
        read.append(path.name)
        begun.set()
        go_on.wait(20)
        return read_picture(path)

    monkeypatch.setattr(comparing_module, "read_picture", slow)
    part = sheet.table1
    part.compare_or_stop()
    wait_until(begun.is_set)
    assert sheet.bar.isVisible()
    QTest.mouseClick(part.compare, Qt.MouseButton.LeftButton)
    go_on.set()
    wait_until(lambda: not sheet.busy)
    assert read == ["0.png"]
    assert sheet.message.text() == "Stopped."
    assert not sheet.bar.isVisible()
    begun.clear()
    go_on.clear()
    part.compare_or_stop()
    wait_until(begun.is_set)
    sheet.reject()
    assert not sheet.isVisible()
    go_on.set()
    wait_until(lambda: (settle(), window.findChildren(MarkingSheet))[1] == [])
    assert read == ["0.png", "0.png"]


def test_a_folder_that_cannot_be_used_leaves_the_present_one(sheet: MarkingSheet, folder: Path, tmp_path: Path) -> None:
    book = sheet.book
    empty = tmp_path / "empty"
    empty.mkdir()
    sheet.open_folder(empty)
    assert "There are no pictures in" in sheet.message.text()
    (folder / FILE).write_text("{")
    sheet.open_folder(folder)
    assert "cannot be read" in sheet.message.text()
    assert sheet.book is book
    assert (folder / FILE).read_text() == "{"


def test_another_folder_by_the_picker_is_remembered(
    sheet: MarkingSheet, window: Window, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(other / "a.png")
    write_parts(other, {"a.png": {"nose": (15, 15, 10, 10)}, "b.png": {"nose": BOX}, "c.png": {"nose": BOX}})
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(other))
    QTest.mouseClick(sheet.folder, Qt.MouseButton.LeftButton)
    assert "b.png and 1 more is marked, but no longer there" in sheet.message.text()
    wait_until(lambda: not sheet.busy)
    assert sheet.book is not None
    assert sheet.book.folder == other
    assert "The nose of a.png reaches outside the picture" in sheet.message.text()
    assert window.settings.value("marking/folder") == str(other)


def test_a_picture_that_cannot_be_read_says_so_and_takes_no_marks(sheet: MarkingSheet, folder: Path) -> None:
    (folder / "1.png").write_bytes(b"no picture")
    sheet.go(1)
    wait_until(lambda: not sheet.busy)
    assert sheet.canvas.message.startswith("1.png is not a picture that can be read (JPEG, PNG, ")
    draw(sheet, BOX)
    assert not (folder / FILE).exists()
    sheet.go(1)
    wait_until(lambda: not sheet.busy)
    assert sheet.canvas.message == ""
    draw(sheet, BOX)
    assert list(read_parts(folder)) == ["2.png"]


def test_a_late_picture_is_not_shown_for_another(
    sheet: MarkingSheet, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second takes longer to read than the third."""
    go_on = threading.Event()

    def read(path: Path) -> np.ndarray:
        if path.name == "1.png":
            go_on.wait(20)
        return read_picture(path)

    monkeypatch.setattr(marking_module, "read_picture", read)
    sheet.go(1)
    sheet.go(1)
    wait_until(lambda: sheet.pixels is not None)
    go_on.set()
    wait_until(lambda: not sheet.busy)
    assert np.array_equal(sheet.pixels, read_picture(folder / "2.png"))
    assert np.array_equal(sheet.canvas.array, read_picture(folder / "2.png"))
    assert "2.png" in sheet.facts.full_text


def test_what_cannot_be_saved_is_told_and_kept(sheet: MarkingSheet, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    draw(sheet, BOX)
    assert sheet.message.text().endswith("no space left on device. The marks are kept while this window is open.")
    assert sheet.canvas.boxes == {"right eye": BOX}


def test_without_a_folder_it_asks_for_one(window: Window) -> None:
    sheet = show_marking(window.context)
    assert sheet.canvas.message == NO_FOLDER
    for button in (sheet.table1.compare, sheet.next, sheet.previous, sheet.table1.copy):
        assert not button.isEnabled()
    for key in (Qt.Key.Key_E, Qt.Key.Key_1, Qt.Key.Key_Delete, Qt.Key.Key_Left):
        press(sheet.canvas, key)
    press(sheet.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    drag(sheet.canvas, QPointF(10, 10), QPointF(60, 60))
    assert show_marking(window.context) is sheet
    sheet.reject()
    settle()


def test_the_picture_that_the_window_shows_is_shown_first(window: Window, folder: Path) -> None:
    window.desk.view = window.desk.view.change(source=SourceReference("picture", str(folder / "2.png")))
    window.run("mark-parts")
    [sheet] = window.findChildren(MarkingSheet)
    wait_until(lambda: not sheet.busy)
    assert sheet.book is not None
    assert sheet.book.picture == "2.png"
    sheet.reject()
    settle()


@pytest.mark.parametrize("presenter", [False, True])
def test_names_and_targets(sheet: MarkingSheet, window: Window, folder: Path, presenter: bool) -> None:
    mark_all(folder)
    sheet.open_folder(folder)
    wait_until(lambda: not sheet.busy)
    compared(sheet)
    window.desk.change(window.desk.view.change(presenter=presenter, theme="light"))
    settle(300)
    controls = [w for w in sheet.findChildren(QWidget) if isinstance(w, QAbstractButton | QComboBox | QLineEdit)]
    controls = [w for w in controls if w.isVisible() and not isinstance(w.parentWidget(), QComboBox | QLineEdit)]
    assert len(controls) > 9
    for control in controls:
        words = control.text() if isinstance(control, QAbstractButton) else ""
        if control.metaObject().className() in ("QTableCornerButton",):
            continue
        assert any(letter.isalpha() for letter in control.accessibleName() or words), control
        assert control.toolTip() or getattr(control, "placeholderText", str)(), control
        assert control.height() >= 24, (words, control.height())
        assert control.width() >= 24, words
    for part in (
        sheet.canvas,
        sheet.facts,
        sheet.message,
        sheet.table1.source_line,
        sheet.table1.cells,
        sheet.bar,
    ):
        assert part.accessibleName()
    assert not sheet.isModal()
    window.desk.change(window.desk.view.change(presenter=False, theme="dark"))


def test_sentences() -> None:
    assert compare_error_text(PartsError("It is so.")) == "It is so."
    assert compare_error_text(MemoryError()).endswith(".")
    assert compare_error_text(RuntimeError("x")) == "The pictures could not be compared (RuntimeError: x)."
