"""Windows of their own: sources by hand, freezing, A | B, layout, panes that come back."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from desk_hands import (
    CONTROL,
    COVER,
    LEFT,
    PLAIN,
    SHIFT,
    HandSource,
    change,
    click,
    every_text_or_picture,
    is_plain,
    map_point,
    move_mouse,
    numbered_picture,
    show_picture,
    view_of,
    wait_for_result,
)
from desk_tools import close, press, settle, small_model, wait_until
from desk_window import Window
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, QSettings, QSize, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QEnterEvent, QFont, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QTabBar, QToolButton

import zfdesk.engine as zf
from zfdesk.desk.live_view.snapshot_pane import compared_array
from zfdesk.desk.portrait.pane import PortraitPane
from zfdesk.desk.session.controller import current_session
from zfdesk.desk.state import MOST_MADE, AppState
from zfdesk.desk.widgets.images import image_array
from zfdesk.desk.widgets.pane import Pane
from zfdesk.desk.widgets.screenshot import picture_of
from zfdesk.desk.widgets.theme import NORMAL_PIXELS, PRESENTER_PIXELS
from zfdesk.desk.window import main_window
from zfdesk.desk.window.main_window import make_context
from zfdesk.engine import Rule
from zfdesk.figures.facts import caption
from zfdesk.pages.film_page import film_facts, frame_facts
from zfdesk.pages.panels import frame_text
from zfdesk.pages.view_page import facts_of
from zfdesk.session import load_session, save_session
from zfdesk.sources import PastedSource, SourceReference


def drop(window: Window, data: QMimeData) -> None:
    at = QPointF(100, 100)
    entered = QDragEnterEvent(at.toPoint(), Qt.DropAction.CopyAction, data, LEFT, PLAIN)
    window.dragEnterEvent(entered)  # Qt delivers these only in the course of a real drag
    assert entered.isAccepted()
    window.dropEvent(QDropEvent(at, Qt.DropAction.CopyAction, data, LEFT, PLAIN))


def test_the_mouse_enters_a_pane_whose_dock_is_gone(window: Window) -> None:
    pane = Pane(window.context)
    at = QPointF(3, 3)
    QApplication.sendEvent(pane, QEnterEvent(at, at, at))
    pane.deleteLater()
    settle()


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
    data.setUrls([QUrl.fromLocalFile(str(path)), QUrl.fromLocalFile(str(tmp_path / "another.png"))])
    drop(window, data)
    assert window.message.label.text() == "The first of 2 is opened; a folder of them can be gone through."
    result = wait_for_result(window.desk, lambda other: other.request.frame is not result.request.frame)
    elsewhere = QMimeData()
    elsewhere.setUrls([QUrl("https://example.org/cat.jpg")])
    drop(window, elsewhere)
    assert window.message.label.text() == "⚠ There is no picture in what was dropped."
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


def test_freeze_keeps_the_frame_and_all_else_stays_alive(window: Window) -> None:
    source = show_picture(window)
    press(window, Qt.Key.Key_F)
    kept = window.desk.frame
    for number in range(1, 5):
        source.give(numbered_picture(number))
    change(window, layer="conv4", occluders=(COVER,))
    assert window.desk.frame is kept
    window.show_facts()
    assert window.picture.facts.full_text.startswith("FROZEN")
    press(window, Qt.Key.Key_F)
    frame = source.give(numbered_picture(9))
    wait_for_result(window.desk, lambda result: result.request.frame is frame)
    press(window, Qt.Key.Key_F)
    another = HandSource("another")  # a new source is shown, frozen or not
    window.desk.open_made(another)
    frame = another.give(numbered_picture(11))
    wait_for_result(window.desk, lambda result: result.request.frame is frame)
    assert not view_of(window).frozen


def test_going_to_another_picture_ends_a_freeze(window: Window, tmp_path: Path) -> None:
    show_picture(window)
    for number in range(3):
        Image.fromarray(numbered_picture(number)).save(tmp_path / f"{number}.png")
    window.open_path(str(tmp_path))
    wait_for_result(window.desk, lambda result: result.request.view.source.kind == "folder")
    first = window.desk.frame
    for go in (lambda: window.run("next"), window.picture.transport.next.click):
        press(window, Qt.Key.Key_F)
        assert view_of(window).frozen
        go()
        assert not view_of(window).frozen
        before = window.desk.frame
        wait_for_result(window.desk, lambda result, before=before: result.request.frame is not before)
    assert first is not None
    assert window.desk.frame is not None
    assert not np.array_equal(window.desk.frame.pixels, first.pixels)


def test_the_file_of_a_folder_is_named_wherever_its_picture_is(window: Window, tmp_path: Path) -> None:
    show_picture(window)
    folder = tmp_path / "fold"
    folder.mkdir()
    for number, name in enumerate(("cat.png", "dog.png")):
        Image.fromarray(numbered_picture(number)).save(folder / name)
    window.open_path(str(folder))
    wait_for_result(window.desk, lambda result: result.request.frame.origin == "fold/cat.png")
    window.run("next")
    result = wait_for_result(window.desk, lambda result: result.request.frame.origin == "fold/dog.png")
    window.show_facts()
    assert window.picture.facts.full_text.startswith("fold/dog.png · ")
    for pane in (window.unit, window.maps, window.classes):
        assert pane.facts.full_text.endswith("dog.png"), pane.title
    assert frame_text(result) == f"frame {result.request.frame.number} of fold/dog.png"
    assert "Picture: fold/dog.png, " in caption(facts_of(result))
    assert (film_facts(result)["source"]["name"], frame_facts(result)["file"]) == ("fold", "dog.png")
    path = tmp_path / "kept.zfdesk"
    save_session(current_session(window.context), path)
    assert load_session(path).moment.frame.origin == "fold/dog.png"


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
        assert np.array_equal(compared_array(a, content).array, first)  # type: ignore[arg-type]
        difference = first - second
        if difference.ndim == 3:
            difference = difference.mean(2)
        limit = np.abs(difference).max()
        shown = pane.tiles[2].canvas.array
        assert shown is not None
        wanted = np.floor(difference / limit * 127 + 128.5)
        assert np.abs(shown.astype(int) - wanted).max() <= 1
        assert {int(shown.min()), int(shown.max())} & {1, 255}
        assert pane.tiles[2].canvas.message == ""
    pane.content.setCurrentText("picture")
    pane.content.activated.emit(0)
    assert [tile.note.full_text for tile in pane.tiles] == ["", "", ""]  # a picture is not stretched
    change(window, layer="conv1")
    pane.content.setCurrentText("unit map")
    pane.content.activated.emit(1)
    assert pane.tiles[2].canvas.message  # maps of two sizes: said, not shown
    other = zf.random_model(window.desk.model.architecture, 5)
    window.desk.use_model(other)
    assert pane.a is None
    wait_for_result(window.desk)
    for tile in (pane.tiles[0], pane.tiles[2]):  # nothing of the other network is left
        assert not tile.canvas.has_picture or tile.canvas.message
    assert (pane.tiles[0].caption.full_text, pane.facts.full_text) == ("A", "")


def test_the_mouse_moves_right_after_the_network_was_switched(window: Window) -> None:
    """The maps on screen are still those of a network whose layers the new one does not know."""
    show_picture(window, layer="conv4")
    layers = (zf.Conv("only", 3, 5, 2), zf.ReLU("relu"), zf.Linear("out", 2), zf.Softmax("p"))
    window.desk.use_model(zf.random_model(zf.Architecture("other", "Another", layers, 32), 1))
    assert window.unit.map_tile.canvas.message == "Computing…"  # not the unit of the network before
    canvas = window.maps.canvas
    for x in range(20, canvas.width() - 20, 40):
        move_mouse(canvas, (x, canvas.height() / 2))
        window.show_facts()
    click(canvas, (canvas.width() / 2, canvas.height() / 2))
    assert view_of(window).layer == "only"
    assert 0 <= view_of(window).unit < 3
    move_mouse(window.picture.canvas, (50, 50))
    click(window.picture.canvas, (150, 150))
    wait_for_result(window.desk)
    assert not window.desk.worker.failures


def test_only_units_that_are_classes_are_named_as_classes(window: Window) -> None:
    """conv5 has as many units here as there are classes; its units are none of them."""
    show_picture(window, layer="conv5")
    window.desk.use_model(small_model(tuple(f"thing {index}" for index in range(12))))
    wait_for_result(window.desk)
    for layer, name in (("conv5", "conv5:3 at ("), ("fc8", "fc8:3 thing 3 ="), ("prob", "prob:3 thing 3 =")):
        change(window, layer=layer, unit=0)
        move_mouse(window.maps.canvas, map_point(window, 3, 0, 0))
        assert window.maps.hover_line.full_text.startswith(name)


def test_no_pane_is_ever_blank(window: Window) -> None:
    for pane in (window.pins, window.compare, window.trace):
        window.bring_up(pane)
        settle()
        assert not every_text_or_picture(window), pane.title
        assert not is_plain(picture_of(pane)), pane.title
    for pane in window.panes:
        if pane.isVisible():
            assert not is_plain(picture_of(pane)), pane.title
    show_picture(window)
    for pane in (window.pins, window.compare, window.trace):
        window.bring_up(pane)
        wait_for_result(window.desk)
        window.show_facts()
        assert not every_text_or_picture(window), pane.title
    for zoom in (1, 2, 0):
        change(window, zoom=zoom)
        assert not every_text_or_picture(window), zoom
    window.desk.use_model(zf.random_model(window.desk.model.architecture, 4))
    settle()
    assert not every_text_or_picture(window)


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


def test_presenter_type_is_large_everywhere_from_the_start(
    application: QApplication, desk: AppState, settings: QSettings
) -> None:
    """Qt hands the application's font only to some of the widgets that are there when it is set."""
    desk.view = desk.view.change(presenter=True)
    application.setStyleSheet("")
    application.setFont(QFont("Sans Serif", 9))  # as the system gives it
    window = Window(desk, settings)
    window.show()
    settle()
    parts = (window.menuBar(), window.toolbar, window.classes.bars, window.layers.list, window.unit.map_tile.bar)
    try:
        for part in (*parts, *window.toolbar.findChildren(QToolButton)):
            assert part.fontInfo().pixelSize() == PRESENTER_PIXELS
        desk.change(desk.view.change(presenter=False))
        assert [part.fontInfo().pixelSize() for part in parts] == [NORMAL_PIXELS] * len(parts)
    finally:
        close(window)


def test_large_type_comes_while_columns_float(window: Window) -> None:
    """Whatever columns are left share the width."""
    for pane in (window.layers, window.maps, window.unit, window.context.get(PortraitPane)):
        window.docks[pane].setFloating(True)
    for presenter in (True, False):
        window.desk.change(window.desk.view.change(presenter=presenter))
        settle()
    window.docks[window.picture].setFloating(True)
    window.desk.change(window.desk.view.change(presenter=True))
    settle()


@pytest.mark.parametrize("screen", [QSize(960, 540), QSize(1024, 768), QSize(1920, 1080)])
def test_a_new_window_fits_the_screen(
    desk: AppState, settings: QSettings, monkeypatch: pytest.MonkeyPatch, screen: QSize
) -> None:
    """Of a screen of 1920 × 1080 shown at twice the size there are 960 × 540."""
    monkeypatch.setattr(main_window.Window, "screen", lambda _: SimpleNamespace(availableSize=lambda: screen))
    window = main_window.Window(make_context(desk, settings))
    fits = screen - QSize(*main_window.FRAME)
    assert window.minimumSize().boundedTo(fits) == window.minimumSize()
    assert window.size() == QSize(*main_window.FIRST_SIZE).boundedTo(fits)
    monkeypatch.undo()
    close(window)


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


def test_titles_of_tabs_are_whole_however_many_there_are(window: Window) -> None:
    window.resize(1024, 700)
    for action in ("lab", "invariance", "training"):
        window.run(action)
    settle()
    bars = window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
    assert any(bar.count() > 5 for bar in bars)
    for bar in bars:
        for index in range(bar.count()):
            title = bar.tabText(index)
            assert bar.tabRect(index).width() > bar.fontMetrics().horizontalAdvance(title), title


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
        window.bring_up(pane)
        settle()
        result = wait_for_result(window.desk)
        layer_summaries = {layer_summary.stage.name: layer_summary for layer_summary in result.layer_summaries}
        if pane is window.layers:
            assert all(
                window.layers.layer_summaries[name] is layer_summary for name, layer_summary in layer_summaries.items()
            )
        elif pane is window.picture:
            assert np.array_equal(window.picture.canvas.array, result.request.frame.pixels)
        elif pane is window.classes:
            assert {row.index: row.probability for row in window.classes.bars.rows} == {
                row.index: pytest.approx(float(result.probabilities[row.index])) for row in window.classes.bars.rows
            }
        elif pane is window.maps:
            assert np.array_equal(window.maps.canvas.mosaic.values, result.mosaic.values)  # type: ignore[union-attr]
        elif pane is window.unit:
            assert np.array_equal(window.unit.patch_tile.canvas.array, result.picture)
        else:
            assert np.array_equal(window.compare.tiles[1].canvas.array, result.picture)


def test_a_pasted_picture_is_gone_by_undo_and_back_by_redo(window: Window) -> None:
    """Undo for everything that changes the view; also once it was left for another source."""
    show_picture(window)
    first = view_of(window).source

    def shows(number: int) -> bool:
        result = window.desk.result
        return result is not None and np.array_equal(result.request.frame.pixels, numbered_picture(number))

    for number in (3, 4):
        window.desk.open_made(PastedSource(numbered_picture(number), "pasted picture"))
        wait_until(lambda number=number: shows(number))
    for number in (3, 0):
        press(window, Qt.Key.Key_Z, CONTROL)
        if number:
            wait_until(lambda number=number: shows(number))
    assert view_of(window).source == first == window.desk.source.reference  # type: ignore[union-attr]
    press(window, Qt.Key.Key_Z, CONTROL | SHIFT)
    wait_until(lambda: shows(3))
    change(window, source=SourceReference("pattern"))
    press(window, Qt.Key.Key_Z, CONTROL)
    wait_until(lambda: shows(3))
    assert not window.message.isVisible()


def test_why_no_first_frame_comes_stays_in_the_picture_pane(window: Window, tmp_path: Path) -> None:
    desk = window.desk
    desk.view = desk.view.change(source=SourceReference("picture", str(tmp_path / "gone.png")))
    desk.start()
    wait_until(window.message.isVisible)
    window.message.hide()  # as it does by itself after a while
    assert "gone.png does not exist." in window.picture.canvas.message
    change(window, source=SourceReference("pattern"))
    assert window.picture.canvas.message == ""


def test_only_the_last_few_pasted_pictures_are_kept(window: Window) -> None:
    show_picture(window)
    pasted = [PastedSource(numbered_picture(number)) for number in range(MOST_MADE + 1)]
    for source in pasted:
        window.desk.open_made(source)
    assert set(window.desk.opened) == {source.reference for source in pasted[1:]}
    change(window, source=pasted[1].reference)
    assert window.desk.source is pasted[1]
    window.desk.change(view_of(window).change(source=pasted[0].reference))
    wait_until(window.message.isVisible)
    assert "paste it once more" in window.message.label.text()
    assert view_of(window).source == pasted[1].reference
    window.message.hide()
