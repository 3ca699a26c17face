"""The figure builder as a user has it: real drops, keys, undo, one frame for all, files read again by others."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdf
import pytest
import shiboken6
from desk_hands import LEFT, click, drag, show_picture, wait_for_result
from desk_tools import press, settle, wait_until
from desk_window import Window
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, QSize, Qt
from PySide6.QtGui import QDrag, QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QFileDialog,
    QMenu,
    QTreeWidgetItem,
)
from test_accessibility import controls, describe

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.figure import grid as grid_module
from zfdesk.desk.figure import layouts
from zfdesk.desk.figure.builder import FigureBuilder, show_builder
from zfdesk.desk.figure.commands import COMMANDS
from zfdesk.desk.figure.drawer import Drawer, DrawRequest
from zfdesk.desk.figure.grid import SLOT_MIME, Target, panel_mime
from zfdesk.desk.figure.kept import KeptFigure
from zfdesk.desk.window.sources import SourceOpener
from zfdesk.figures import draw, encode
from zfdesk.pages.composition import Composition
from zfdesk.pages.panels import PanelKind, PanelSpec
from zfdesk.pages.panels_live import BARS, COVERED, COVERED_MAP, DECONVNET, PICTURE, PIN, UNIT_MAP
from zfdesk.pages.panels_snapshot import A_MAP
from zfdesk.pages.panels_sweep import SWEEP_LABEL
from zfdesk.pages.templates import TEMPLATES
from zfdesk.pages.view_page import result_page

CONTROL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
)  # fmt: skip
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def builder(window: Window) -> Iterator[FigureBuilder]:
    """On a still picture, its page empty."""
    show_picture(window, layer="conv5", unit=strongest(window))
    built = show_builder(window.context)
    wait_until(built.isVisible)
    yield built
    if shiboken6.isValid(built):
        built.close()
    settle()


def strongest(window: Window) -> int:
    """A unit that is active on the first picture."""
    from desk_hands import numbered_picture

    import zfdesk.engine as zf

    seen = window.desk.model.forward(zf.centre_crop(numbered_picture(0), window.desk.model.architecture.size))
    return seen.strongest_unit("conv5")


def idle(builder: FigureBuilder) -> bool:
    return not builder.queue.busy and not builder.preview.busy and not builder.busy


def test_it_opens_as_large_as_the_screen_allows_then_as_it_was_closed(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Screen:
        def availableSize(self) -> QSize:  # noqa: N802
            return QSize(1440, 900)

    monkeypatch.setattr(type(window), "screen", lambda _: Screen(), raising=False)
    em = window.fontMetrics().height()
    built = show_builder(window.context)
    assert (built.width(), built.height()) == (min(104 * em, 1400), min(64 * em, 840))
    assert built.preview.width() > built.grid.width()
    built.resize(900, 640)
    built.close()
    settle()
    again = show_builder(window.context)
    assert again.height() == 640
    again.close()
    settle()


def wait(builder: FigureBuilder) -> None:
    wait_until(lambda: idle(builder))


def place(builder: FigureBuilder, *kinds: PanelKind) -> None:
    for kind in kinds:
        builder.placing.place(PanelSpec(kind))
        wait_until(lambda: not builder.queue.busy)


def kinds(builder: FigureBuilder) -> list[PanelKind]:
    return [slot.spec.kind for slot in builder.draft.now.slots]


def rectangles(builder: FigureBuilder) -> list[tuple[int, int, int, int]]:
    return [slot.rectangle for slot in builder.draft.now.slots]


def drop(builder: FigureBuilder, mime: QMimeData, at: QPointF) -> bool:
    """A drop as the platform delivers it: enter, move, drop. Whether it was taken."""
    actions, grid = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction, builder.grid
    for event in (
        QDragEnterEvent(at.toPoint(), actions, mime, LEFT, Qt.KeyboardModifier.NoModifier),
        QDragMoveEvent(at.toPoint(), actions, mime, LEFT, Qt.KeyboardModifier.NoModifier),
    ):
        QApplication.sendEvent(grid, event)
        if not event.isAccepted():
            return False
    event = QDropEvent(at, actions, mime, LEFT, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(grid, event)
    return event.isAccepted()


def slot_mime(index: int) -> QMimeData:
    mime = QMimeData()
    mime.setData(SLOT_MIME, str(index).encode())
    return mime


def item_of(builder: FigureBuilder, spec: PanelSpec) -> QTreeWidgetItem:
    """The line of a panel in the list."""
    lines = builder.panels.findItems("", Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive)
    return next(line for line in lines if builder.panels.spec_at(line) == spec)


def middle(builder: FigureBuilder, row: int, column: int) -> QPointF:
    return builder.grid.rect_of(row, column).center()


# Placing


def test_pieces_are_dragged_from_the_list_onto_the_grid(builder: FigureBuilder) -> None:
    item = item_of(builder, PanelSpec(PICTURE))
    mime = builder.panels.mimeData([item])
    assert drop(builder, mime, middle(builder, 0, 0))
    wait(builder)
    assert drop(builder, panel_mime(PanelSpec(BARS)), middle(builder, 0, 1))  # the spare column
    wait(builder)
    assert drop(builder, panel_mime(PanelSpec(COVERED_MAP)), middle(builder, 1, 0)) is True
    wait(builder)
    assert kinds(builder) == [PICTURE, BARS]  # nothing is covered
    assert "Nothing is covered" in builder.message.full_text
    assert rectangles(builder) == [(0, 0, 1, 1), (0, 1, 1, 1)]
    assert not drop(builder, QMimeData(), middle(builder, 0, 0))


def test_a_drop_on_a_line_makes_a_column_there(builder: FigureBuilder) -> None:
    place(builder, PICTURE, BARS)
    edge = builder.grid.rect_of(0, 1).left() - 2
    assert builder.grid.target_at(QPointF(edge, middle(builder, 0, 0).y())) == Target(0, 1, "column")
    drop(builder, panel_mime(PanelSpec(UNIT_MAP)), QPointF(edge, middle(builder, 0, 0).y()))
    wait(builder)
    assert dict(zip(kinds(builder), rectangles(builder), strict=True)) == {
        PICTURE: (0, 0, 1, 1), UNIT_MAP: (0, 1, 1, 1), BARS: (0, 2, 1, 1)
    }  # fmt: skip


def test_panels_are_moved_and_swapped_by_dragging(builder: FigureBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    place(builder, PICTURE, BARS, UNIT_MAP)
    carried: list[QMimeData] = []
    monkeypatch.setattr(grid_module, "carry", lambda moved: carried.append(moved.mimeData()) or None)
    drag(builder.grid, middle(builder, 0, 0), middle(builder, 0, 2), release=False)
    assert [bytes(mime.data(SLOT_MIME).data()) for mime in carried] == [b"0"]
    drop(builder, slot_mime(0), middle(builder, 0, 2))
    assert rectangles(builder)[0] == (0, 2, 1, 1)
    assert rectangles(builder)[2] == (0, 0, 1, 1)
    drop(builder, slot_mime(1), middle(builder, 1, 0))  # the spare row: its column goes
    assert rectangles(builder) == [(0, 1, 1, 1), (1, 0, 1, 1), (0, 0, 1, 1)]
    assert not drop(builder, slot_mime(9), middle(builder, 0, 0))


def test_an_edge_spans_cells_and_the_ruler_widens_columns(builder: FigureBuilder) -> None:
    place(builder, PICTURE, BARS)
    drop(builder, slot_mime(1), middle(builder, 1, 0))
    drop(builder, panel_mime(PanelSpec(UNIT_MAP)), middle(builder, 0, 1))
    wait(builder)
    assert rectangles(builder) == [(0, 0, 1, 1), (1, 0, 1, 1), (0, 1, 1, 1)]
    box = builder.grid.slot_rect(1)
    drag(builder.grid, QPointF(box.right() - 1, box.center().y()), middle(builder, 1, 1))
    assert rectangles(builder)[1] == (1, 0, 1, 2)
    edge = builder.grid.column_lines()[1]
    drag(builder.grid, QPointF(edge, 8), QPointF(edge + 60, 8))
    first, second = builder.draft.now.widths
    assert first > 1.1 > 0.9 > second
    assert first + second == pytest.approx(2, abs=0.01)
    builder.editing.undo()
    assert builder.draft.now.widths == ()


def test_all_of_it_by_the_keyboard(builder: FigureBuilder) -> None:
    grid = builder.grid
    builder.panels.setCurrentItem(item_of(builder, PanelSpec(PICTURE)))
    press(builder.panels, Qt.Key.Key_Return)
    wait(builder)
    grid.setFocus()
    press(grid, Qt.Key.Key_Right)
    builder.panels.setCurrentItem(item_of(builder, PanelSpec(BARS)))
    press(grid, Qt.Key.Key_Space)
    wait(builder)
    assert rectangles(builder) == [(0, 0, 1, 1), (0, 1, 1, 1)]
    press(grid, Qt.Key.Key_Left, CONTROL)  # swaps
    assert rectangles(builder) == [(0, 1, 1, 1), (0, 0, 1, 1)]
    press(grid, Qt.Key.Key_Down, CONTROL)
    assert rectangles(builder) == [(0, 0, 1, 1), (1, 0, 1, 1)] or rectangles(builder)[1][0] == 1
    press(grid, Qt.Key.Key_Right, SHIFT)
    assert rectangles(builder)[1][3] == 2
    press(grid, Qt.Key.Key_Left, SHIFT)
    press(grid, Qt.Key.Key_Delete)
    assert kinds(builder) == [PICTURE]
    press(grid, Qt.Key.Key_Z, CONTROL)
    assert kinds(builder) == [PICTURE, BARS]
    press(grid, Qt.Key.Key_Y, CONTROL)
    assert kinds(builder) == [PICTURE]
    press(grid, Qt.Key.Key_Up)
    press(grid, Qt.Key.Key_F2)
    QTest.keyClicks(builder.label_editor, "Mine")
    press(builder.label_editor, Qt.Key.Key_Return)
    assert builder.draft.now.slots[0].label == "Mine"
    assert "Mine" in grid.accessibleDescription()


def test_every_command_can_be_done_on_an_empty_page(builder: FigureBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    keys = [key for command in COMMANDS for key in command.keys]
    assert len(set(keys)) == len(keys)
    for command in COMMANDS:
        builder.run(command)
    wait(builder)
    assert builder.isVisible()


def test_keys_of_the_builder_are_not_the_windows(builder: FigureBuilder) -> None:
    before = builder.desk.view
    place(builder, PICTURE)
    builder.grid.setFocus()
    for key in (Qt.Key.Key_X, Qt.Key.Key_F, Qt.Key.Key_Delete, Qt.Key.Key_U):
        press(builder.grid, key)
    assert builder.desk.view == before


# What cannot be had


def test_what_cannot_be_had_is_grey_and_says_why(builder: FigureBuilder) -> None:
    for kind, words in ((COVERED, "Nothing is covered"), (PIN, "No unit is pinned"),
                        (SWEEP_LABEL, "no sweep"), (A_MAP, "no snapshot A")):  # fmt: skip
        item = item_of(builder, PanelSpec(kind))
        assert words in item.toolTip(0)
        assert not item.flags() & Qt.ItemFlag.ItemIsDragEnabled
        builder.placing.place(PanelSpec(kind))
        assert words in builder.message.full_text
    assert kinds(builder) == []
    builder.context.get(ActionTable).run("pin")
    wait_for_result(builder.desk)
    builder.show_sources()
    item = item_of(builder, PanelSpec(PIN))
    assert item.flags() & Qt.ItemFlag.ItemIsDragEnabled
    assert item.text(0).startswith("conv5:")


def test_templates_that_cannot_be_had_say_why_in_the_menu(builder: FigureBuilder) -> None:
    menu = QMenu()
    builder.templates.fill_menu(menu)
    texts = {action.text(): action.isEnabled() for action in menu.actions() if action.text()}
    assert [enabled for text, enabled in texts.items() if text.startswith("Fig. 7") and "no sweep" in text] == [False]
    assert texts["Unit explained"]
    assert any(text.startswith("Fig. 2: 6 units of conv5") for text in texts)
    menu.deleteLater()


# The page


def test_the_page_is_the_one_that_render_makes(builder: FigureBuilder) -> None:
    builder.templates.use_template(TEMPLATES[0])
    wait(builder)
    drawn = builder.view.canvas.drawn
    assert drawn is not None
    assert drawn.pixels is not None
    page = result_page(full_result(builder))
    assert (builder.draft.page().caption, builder.draft.page().title) == (page.caption, page.title)  # type: ignore[union-attr]
    with Image.open(io.BytesIO(encode(draw(page), "png", drawn.dpi))) as image:
        shape = image.height, image.width
        # a level: the last digit of a sum depends on the number of threads
        np.testing.assert_allclose(np.asarray(image.convert("RGB"), int), drawn.pixels.astype(int), atol=1)
    room = builder.view.room()
    assert shape[0] <= room[1] + 1
    assert shape[1] <= room[0] + 1
    assert (drawn.pixels[0, 0] == 255).all()  # light, whatever the theme
    assert builder.desk.view.theme == "dark"


def full_result(builder: FigureBuilder) -> object:
    from zfdesk.pages.panels import Sources, completed

    return completed(Sources(builder.desk.result)).result


def test_zoom_and_greyscale(builder: FigureBuilder) -> None:
    place(builder, PICTURE)
    builder.preview.zoom_to(200)
    wait(builder)
    drawn = builder.view.canvas.drawn
    assert drawn is not None
    assert drawn.pixels is not None
    assert drawn.dpi == pytest.approx(2 * builder.view.print_dpi())
    assert np.ptp(drawn.pixels.astype(int), axis=2).max() > 0
    builder.preview.toggle_grey()
    wait(builder)
    grey = builder.view.canvas.drawn
    assert grey is not None
    assert grey.pixels is not None
    assert np.ptp(grey.pixels.astype(int), axis=2).max() == 0
    luma = np.asarray(Image.fromarray(drawn.pixels).convert("L")).astype(int)  # ITU-R 601, by Pillow
    assert np.abs(luma - grey.pixels[..., 0]).max() <= 1


def test_a_click_on_the_page_chooses_and_a_double_click_edits(builder: FigureBuilder) -> None:
    place(builder, PICTURE, BARS)
    wait(builder)
    canvas = builder.view.canvas
    click(canvas, canvas.rect_of(1).center())
    assert builder.draft.chosen == 1
    at = canvas.rect_of(0).center().toPoint()
    QTest.mouseDClick(canvas, LEFT, Qt.KeyboardModifier.NoModifier, at)
    assert builder.page_editor.isVisible()
    builder.page_editor.setText("Seen")
    press(builder.page_editor, Qt.Key.Key_Return)
    assert builder.draft.now.slots[0].label == "Seen"
    QTest.mouseDClick(canvas, LEFT, Qt.KeyboardModifier.NoModifier, at)
    builder.page_editor.setText("given up")
    press(builder.page_editor, Qt.Key.Key_Escape)
    assert builder.draft.now.slots[0].label == "Seen"
    assert builder.isVisible()


def test_only_the_latest_page_is_drawn(builder: FigureBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one page is being drawn many are wished for; the last alone is drawn after it."""
    from zfdesk.figures import drawing

    place(builder, PICTURE)
    wait(builder)
    gate, begun, real, pages = threading.Event(), threading.Event(), drawing.draw, []

    def slow(page: object) -> object:
        pages.append(page)
        begun.set()
        assert gate.wait(20)
        return real(page)  # type: ignore[arg-type]

    monkeypatch.setattr(drawing, "draw", slow)
    for number in range(8):
        builder.draft.change(replace(builder.draft.now, size=(4.0 + number / 10, 0.0)))
        wait_until(begun.is_set)
    gate.set()
    wait(builder)
    assert [page.size for page in pages] == [(4.0, 0.0), (4.7, 0.0)]
    drawn = builder.view.canvas.drawn
    assert drawn is not None
    assert drawn.inches[0] == pytest.approx(4.7)


def test_a_page_that_cannot_be_drawn_says_why_and_the_last_stays(builder: FigureBuilder) -> None:
    place(builder, PICTURE)
    wait(builder)
    before = builder.view.canvas.drawn
    builder.draft.change(replace(builder.draft.now, size=(1.0, 0.5)))
    wait(builder)
    assert builder.view.canvas.message == "The panels do not fit a page of this size."
    assert builder.view.canvas.drawn is before
    builder.editing.undo()
    wait(builder)
    assert builder.view.canvas.message == ""


def test_closing_while_a_page_is_drawn_ends_cleanly(builder: FigureBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    from zfdesk.figures import drawing

    place(builder, PICTURE)
    wait(builder)
    gate, begun, real = threading.Event(), threading.Event(), drawing.draw

    def slow(page: object) -> object:
        begun.set()
        assert gate.wait(20)
        return real(page)  # type: ignore[arg-type]

    monkeypatch.setattr(drawing, "draw", slow)
    builder.draft.change(replace(builder.draft.now, size="slide"))
    wait_until(begun.is_set)
    started = time.monotonic()
    builder.close()
    settle()
    assert time.monotonic() - started < 2  # it does not wait for the page
    gate.set()  # `nothing_left` sees the thread end


def test_the_drawer_ends_without_having_begun() -> None:
    drawer = Drawer()
    drawer.stop()
    drawer.ask(DrawRequest(None, 0, (10, 10)))  # type: ignore[arg-type]
    assert drawer.drawn.take() is None


# One frame, undo


def test_a_panel_is_frozen_and_refresh_takes_all_of_one_frame(live: Window) -> None:
    builder = show_builder(live.context)
    place(builder, PICTURE)
    first = builder.draft.now.slots[0]
    number = live.desk.result.request.frame.number  # type: ignore[union-attr]
    wait_until(lambda: live.desk.result.request.frame.number > number + 3)  # type: ignore[union-attr]
    assert builder.draft.now.slots[0] is first  # the pattern moves on, the panel does not
    place(builder, UNIT_MAP, BARS)
    frames = {slot.panel.facts.frame for slot in builder.draft.now.slots if slot.panel}
    assert len(frames) > 1
    assert "frames" in builder.frames.text()
    builder.placing.refresh_all()
    wait(builder)
    slots = builder.draft.now.slots
    assert {slot.panel.facts.frame for slot in slots if slot.panel} == {int(slots[0].origin.split()[1])}
    assert builder.frames.text() == f"all of {slots[0].origin}"
    builder.draft.choose(1)
    wait_until(lambda: live.desk.result.request.frame.number > int(slots[0].origin.split()[1]))  # type: ignore[union-attr]
    builder.placing.refresh_chosen()
    wait(builder)
    assert builder.draft.now.slots[0] is slots[0]
    assert builder.draft.now.slots[1] is not slots[1]
    builder.editing.undo()
    assert builder.draft.now.slots == slots
    builder.close()
    settle()


def test_undo_and_redo_go_through_everything(builder: FigureBuilder) -> None:
    seen: list[Composition] = [builder.draft.now]
    place(builder, PICTURE)
    seen.append(builder.draft.now)
    builder.draft.choose(0)
    builder.fields.label.setText("A")
    builder.fields.label.editingFinished.emit()
    seen.append(builder.draft.now)
    builder.fields.caption.setPlainText("By hand")
    builder.fields.caption.document().setModified(True)
    builder.fields.take_caption()
    seen.append(builder.draft.now)
    builder.fields.sizes.chosen.emit("one-column")
    seen.append(builder.draft.now)
    builder.fields.letters.setChecked(False)
    seen.append(builder.draft.now)
    builder.editing.clear()
    for known in reversed(seen):
        builder.editing.undo()
        assert builder.draft.now is known
    builder.editing.undo()
    assert builder.draft.now is seen[0]
    for known in seen[1:]:
        builder.editing.redo()
        assert builder.draft.now is known


def test_a_caption_by_hand_is_marked_kept_and_given_back(builder: FigureBuilder) -> None:
    place(builder, PICTURE)
    fields = builder.fields
    assert fields.by_hand.text() == "written from the facts"
    written = fields.caption.toPlainText()
    assert "A small network" in written
    fields.caption.setFocus()
    fields.caption.selectAll()
    QTest.keyClicks(fields.caption, "Mine alone.")
    builder.grid.setFocus()
    assert fields.by_hand.text() == "edited by hand"
    place(builder, BARS)
    assert builder.draft.page().caption == "Mine alone."  # type: ignore[union-attr]
    fields.restore.click()
    assert fields.caption.toPlainText() == builder.draft.now.written_caption != "Mine alone."
    assert fields.by_hand.text() == "written from the facts"


# Files


def test_export_in_every_format(builder: FigureBuilder, tmp_path: Path) -> None:
    place(builder, PICTURE, BARS)
    builder.draft.change(replace(builder.draft.now, dpi=200, size="one-column"))
    paths = tuple(str(tmp_path / f"f.{form}") for form in ("png", "svg", "pdf", "npz"))
    builder.files.export(paths)
    wait(builder)
    assert builder.message.full_text == "Saved f.png, f.svg, f.pdf, f.npz."
    page = builder.draft.page()
    assert page is not None
    figure = draw(page)
    with Image.open(paths[0]) as image:
        assert image.info["dpi"] == pytest.approx((200, 200), abs=0.02)
        assert image.width == 700
        assert image.info["Description"] == page.caption
    words = ["".join(text.itertext()) for text in ElementTree.parse(paths[1]).getroot().iter(f"{SVG}text")]
    assert "(b) class probabilities" in words
    read = pypdf.PdfReader(paths[2])
    assert "(a) what the network sees" in read.pages[0].extract_text()
    assert float(read.pages[0].mediabox.width) == pytest.approx(3.5 * 72, abs=0.5)
    fonts = [font.get_object() for font in read.pages[0]["/Resources"]["/Font"].values()]  # type: ignore[index]
    inner = [font["/DescendantFonts"][0].get_object() for font in fonts]
    assert inner
    assert all("/FontFile2" in font["/FontDescriptor"].get_object() for font in inner)  # embedded
    with np.load(paths[3]) as arrays:
        np.testing.assert_array_equal(arrays["a_pixels"], builder.desk.result.picture)  # type: ignore[union-attr]
    for path, form in zip(paths[:3], ("png", "svg", "pdf"), strict=True):
        assert Path(path).read_bytes() == encode(figure, form, 200)  # as the library makes it


def test_export_asks_and_its_kind_gives_the_suffix(
    builder: FigureBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(builder, PICTURE)
    answers = [(str(tmp_path / "one"), "SVG (*.svg)"), (str(tmp_path / "all.pdf"), ""), (str(tmp_path / "s"), "")]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: answers.pop(0))
    for ask in (builder.files.ask_export, builder.files.ask_export_all, builder.files.ask_save):
        ask()
        wait(builder)
    found = {name for name in os.listdir(tmp_path) if not name.startswith("settings")}
    assert found == {"all.npz", "all.pdf", "all.png", "all.svg", "one.svg", "s.npz"}


def test_a_place_that_cannot_be_written_is_told_and_nothing_lost(builder: FigureBuilder, tmp_path: Path) -> None:
    place(builder, PICTURE)
    before = builder.draft.now
    builder.files.export((str(tmp_path / "nowhere" / "f.pdf"),))
    wait(builder)
    assert builder.message.full_text.startswith("⚠ f.pdf was not saved: no such file or directory")
    (tmp_path / "folder.png").mkdir()
    builder.files.export((str(tmp_path / "folder.png"),))
    wait(builder)
    assert "folder.png was not saved: " in builder.message.full_text
    builder.files.export((str(tmp_path / "f.doc"),))
    assert "ends in .png, .svg, .pdf or .npz" in builder.message.full_text
    good = tmp_path / "good.png"
    good.write_bytes(b"what was there")
    builder.draft.change(replace(builder.draft.now, dpi=2400, size=(16.0, 16.0)))
    builder.files.export((str(good),))
    wait(builder)
    assert builder.message.full_text.startswith("⚠ good.png was not saved: ")
    assert "cannot be drawn at 2400 dpi" in builder.message.full_text
    assert good.read_bytes() == b"what was there"
    builder.editing.undo()
    assert builder.draft.now is before


@pytest.mark.skipif(sys.platform == "win32" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_read_only_folder(builder: FigureBuilder, tmp_path: Path) -> None:
    place(builder, PICTURE)
    shut = tmp_path / "shut"
    shut.mkdir()
    shut.chmod(stat.S_IRUSR | stat.S_IXUSR)
    builder.files.export((str(shut / "f.png"),))
    wait(builder)
    shut.chmod(stat.S_IRWXU)
    assert "f.png was not saved: permission denied" in builder.message.full_text


def test_no_room_on_the_disk(builder: FigureBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from zfdesk.desk.figure import export as work

    def full(path: Path, parts: list[bytes]) -> None:
        raise OSError(28, "No space left on device")

    place(builder, PICTURE)
    monkeypatch.setattr(work, "write_whole", full)
    builder.files.export((str(tmp_path / "f.png"),))
    wait(builder)
    assert builder.message.full_text == "⚠ f.png was not saved: no space left on device."


def test_saved_closed_and_opened_again(builder: FigureBuilder, tmp_path: Path) -> None:
    place(builder, PICTURE, DECONVNET)
    builder.files.export((str(tmp_path / "f.npz"),))
    wait(builder)
    before = encode(draw(builder.draft.page()), "png", 80)  # type: ignore[arg-type]
    builder.editing.clear()
    builder.files.open_path(str(tmp_path / "f.npz"))
    wait(builder)
    assert encode(draw(builder.draft.page()), "png", 80) == before  # type: ignore[arg-type]
    assert kinds(builder) == [PICTURE, DECONVNET]
    builder.editing.clear()
    builder.context.get(SourceOpener).open_path(str(tmp_path / "f.npz"))  # as when it is dropped on the window
    wait(builder)
    assert kinds(builder) == [PICTURE, DECONVNET]
    (tmp_path / "bad.npz").write_bytes(b"PK\3\4 and nothing more")
    kept = builder.draft.now
    builder.files.open_path(str(tmp_path / "bad.npz"))
    wait(builder)
    assert builder.message.full_text.startswith("⚠ bad.npz cannot be opened as a figure: it is ")
    assert builder.draft.now is kept


def test_export_goes_on_when_the_builder_is_closed(
    builder: FigureBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zfdesk.desk.figure import export as work

    gate, real = threading.Event(), work.write_whole

    def slow(path: Path, parts: list[bytes]) -> None:
        assert gate.wait(20)
        real(path, parts)

    place(builder, PICTURE)
    wait(builder)
    told: list[str] = []
    builder.desk.message.connect(lambda words, trouble: told.append(words))
    monkeypatch.setattr(work, "write_whole", slow)
    builder.files.export((str(tmp_path / "f.png"),))
    builder.close()
    settle()
    gate.set()
    wait_until(lambda: told)
    assert told == ["Saved f.png."]
    assert (tmp_path / "f.png").stat().st_size > 1000


# Copies and layouts


def test_copied_and_dragged_out(builder: FigureBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    from zfdesk.desk.figure import files

    place(builder, PICTURE)
    builder.draft.change(replace(builder.draft.now, dpi=150))
    builder.files.copy()
    wait(builder)
    mime = QGuiApplication.clipboard().mimeData()
    image = QImage.fromData(mime.data("image/png"), "PNG")
    assert image.width() == 1074  # 7.16 inches
    assert mime.text() == builder.draft.page().caption  # type: ignore[union-attr]
    carried: list[QDrag] = []
    monkeypatch.setattr(files, "carry", carried.append)
    wait_until(lambda: builder.preview.drawer.ready(builder.draft.page(), 150) is not None)  # type: ignore[arg-type]
    canvas = builder.view.canvas
    drag(canvas, canvas.rect_of(0).center(), canvas.rect_of(0).center() + QPointF(60, 0))
    assert len(carried) == 1
    assert carried[0].mimeData().data("image/png") == mime.data("image/png")


def test_a_layout_is_kept_and_applied_to_another_view(builder: FigureBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    place(builder, PICTURE, DECONVNET)
    monkeypatch.setattr(layouts, "ask_for_text", lambda *_: "my row")
    builder.layouts.ask_keep_layout()
    assert builder.layouts.kept_layouts() == ["my row"]
    builder.editing.clear()
    unit = builder.desk.view.unit
    builder.context.get(ActionTable).run("all-methods")
    other = int(np.argsort(builder.desk.result.mosaic.values.max((1, 2)))[-2])  # type: ignore[union-attr]
    assert other != unit
    builder.desk.change(builder.desk.view.change(unit=other))
    wait_for_result(builder.desk)
    builder.layouts.apply_layout("my row")
    wait(builder)
    assert kinds(builder) == [PICTURE, DECONVNET]
    assert builder.draft.now.slots[1].panel.facts.unit == other  # type: ignore[union-attr]
    builder.layouts.forget_layout("my row")
    assert builder.layouts.kept_layouts() == []


def test_the_next_builder_begins_where_the_last_ended(builder: FigureBuilder) -> None:
    place(builder, PICTURE, BARS)
    now, context = builder.draft.now, builder.context
    builder.close()
    settle()
    again = show_builder(context)
    assert again.draft.now is now
    again.close()
    settle()
    context.get(KeptFigure).composition = None  # as in the next run of the program
    anew = show_builder(context)
    assert [slot.rectangle for slot in anew.draft.now.slots] == [slot.rectangle for slot in now.slots]
    wait_until(lambda: all(slot.panel is not None for slot in anew.draft.now.slots))
    assert not anew.draft.can_undo
    anew.close()
    settle()


# Templates over a folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "pictures"
    path.mkdir()
    rng = np.random.default_rng(4)
    for number in range(5):
        pixels = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path / f"{number}.png")
    (path / "broken.png").write_bytes(b"no picture")
    return path


def test_fig2_over_a_folder(builder: FigureBuilder, folder: Path) -> None:
    builder.templates.make_over("fig2-units", str(folder))
    assert builder.cancel.isVisible()
    wait(builder)
    page = builder.draft.page()
    assert page is not None
    assert "over 5 pictures" in page.caption
    assert "1 could not be read" in builder.message.full_text
    assert [type(cell.panel).__name__ for cell in page.cells] == ["Tiles", "Tiles"]
    builder.templates.make_over("histograms-folder", str(folder))
    wait(builder)
    assert "dead" in builder.draft.page().caption  # type: ignore[union-attr]
    builder.editing.undo()
    assert builder.draft.page().title == page.title  # type: ignore[union-attr]


def test_fig2_is_cancelled_and_the_figure_stays(
    builder: FigureBuilder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zfdesk.library import reading as work

    place(builder, PICTURE)
    before, begun, gate, real = builder.draft.now, threading.Event(), threading.Event(), work.read_picture

    def slow(path: str) -> np.ndarray:
        begun.set()
        assert gate.wait(20)
        return real(path)

    monkeypatch.setattr(work, "read_picture", slow)
    builder.templates.make_over("fig2-random", str(folder))
    wait_until(begun.is_set)
    builder.cancel.click()
    gate.set()
    wait(builder)
    assert builder.message.full_text == "Stopped; the figure is as it was."
    assert builder.draft.now is before


def test_an_empty_folder_is_told(builder: FigureBuilder, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    builder.templates.make_over("fig2-units", str(tmp_path / "none"))
    wait(builder)
    assert "no pictures in none" in builder.message.full_text.lower()


# Beside the window


def test_both_themes_and_large_type(builder: FigureBuilder) -> None:
    place(builder, PICTURE)
    for name in ("theme", "presenter", "theme", "presenter"):
        builder.context.get(ActionTable).run(name)
        settle()
        assert not builder.grab().isNull()


@pytest.mark.parametrize("presenter", [False, True])
def test_every_control_is_named_and_large_enough(builder: FigureBuilder, presenter: bool) -> None:
    builder.desk.change(builder.desk.view.change(presenter=presenter))
    place(builder, PICTURE)
    builder.draft.change(replace(builder.draft.now, size=(5.0, 0.0)))  # shows the fields for inches
    settle(50)
    amiss = set()
    found = [widget for widget in controls(builder) if not widget.objectName().startswith("qt_")]
    for widget in found:
        words = widget.text() if isinstance(widget, QAbstractButton) else ""
        name = widget.accessibleName() or words
        if not any(letter.isalpha() for letter in name) or not widget.toolTip():
            amiss.add(f"no name or tool tip: {describe(widget)}")
        if not isinstance(widget, QAbstractItemView) and min(widget.width(), widget.height()) < 24:
            amiss.add(f"small: {describe(widget)}")
    assert len(found) > 20
    assert not amiss, "\n".join(sorted(amiss))


def test_closing_the_window_closes_the_builder(builder: FigureBuilder) -> None:
    builder.placing.place(PanelSpec(PICTURE))  # still being taken
    builder.context.window.close()
    settle()
    assert builder.context.window.isHidden()


def test_it_is_opened_by_its_action_once(window: Window) -> None:
    window.run("figure")
    window.run("figure")
    builders = [child for child in window.children() if isinstance(child, FigureBuilder)]
    assert len(builders) == 1
    assert not builders[0].isModal()
    builders[0].close()
    settle()


def test_no_part_of_the_window_waits_for_matplotlib() -> None:
    """Its import and its first list of fonts take seconds: the threads that draw pages import it, not the window's."""
    code = (
        "import importlib, pkgutil, sys, zfdesk.desk\n"
        "for module in pkgutil.walk_packages(zfdesk.desk.__path__, 'zfdesk.desk.'):\n"
        "    importlib.import_module(module.name)\n"
        "    assert 'matplotlib' not in sys.modules, module.name\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
