"""How the window looks: themes, sizes, full screen, pictures of it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from desk_hands import change, click, every_text_or_picture, is_plain, map_point, view_of, wait_for_result
from desk_tools import press, settle, wait_until
from desk_window import Window
from PIL import Image
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QSettings, QStandardPaths, Qt
from PySide6.QtGui import QColor, QEnterEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from zfdesk.desk.app import remembered
from zfdesk.desk.live_view.layers_pane import THUMB
from zfdesk.desk.widgets.images import image_array
from zfdesk.desk.widgets.notification import Notification
from zfdesk.desk.widgets.screenshot import picture_of, save_png
from zfdesk.desk.widgets.theme import PRESENTER_PIXELS, THEMES
from zfdesk.desk.window import copy_commands
from zfdesk.desk.window.hints import show_hints
from zfdesk.live import View


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
            if pane.isVisible() and pane.height():
                assert not is_plain(picture_of(pane)), pane.title
    finally:
        change(window, theme="dark", presenter=False)


@pytest.mark.parametrize(
    ("theme", "presenter", "wanted"),
    [("light", "true", ("light", True)), ("blue", "perhaps", ("dark", True)), ("", "", ("dark", False))],
)
def test_what_was_remembered_of_the_looks_cannot_stop_the_start(
    settings: QSettings, theme: str, presenter: str, wanted: tuple[str, bool]
) -> None:
    settings.setValue("view/theme", theme)
    settings.setValue("view/presenter", presenter)
    view = remembered(View(), settings)
    assert (view.theme, view.presenter) == wanted


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
    window.showMaximized()
    for _ in range(2):
        press(window, Qt.Key.Key_F11)
    assert window.isMaximized()  # as it was
    window.showNormal()


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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_screenshot_replaces_neither_a_link_nor_a_pipe(still: Window, tmp_path: Path) -> None:
    """As root, a file renamed over /dev/null would take its place for everyone."""
    real, link, pipe = tmp_path / "real.png", tmp_path / "link.png", tmp_path / "pipe.png"
    link.symlink_to(real)
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    for place in (link, pipe):
        save_png(still.classes, str(place))
    reader.join(20)
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert read == [real.read_bytes()]


def test_pictures_are_saved_and_copied_by_their_actions(
    still: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = still
    path = tmp_path / "shot.png"
    monkeypatch.setattr(copy_commands, "ask_for_number", lambda *_: 2.0)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given, **more: (str(path), ""))
    window.run("save-window-as")
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
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given, **more: (str(tmp_path / "other.jpg"), ""))
    window.run("save-window-as")
    assert not (tmp_path / "other.jpg").exists()
    with Image.open(tmp_path / "other.jpg.png") as image:
        assert image.format == "PNG"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *given, **more: (str(tmp_path / "no" / "such" / "x.png"), "")
    )
    window.run("save-window-as")
    assert window.message.label.text().startswith("⚠ The picture was not saved: ")
    assert not (tmp_path / "no").exists()
    window.message.hide()


def test_the_small_buttons_come_with_the_mouse_and_nothing_jumps(still: Window) -> None:
    window = still
    for pane in window.panes:
        if pane.visibleRegion().isEmpty():  # behind a tab, or folded to it
            continue
        wide = pane.facts.width()
        assert not any(button.isVisible() for button in pane.hover_buttons)
        middle = QPointF(pane.width() / 2, pane.height() / 2)
        QApplication.sendEvent(pane, QEnterEvent(middle, middle, pane.mapToGlobal(middle)))
        assert all(button.isVisible() for button in pane.hover_buttons)
        assert pane.facts.width() == wide
        for button in pane.hover_buttons:
            below = button.mapTo(window, button.rect().bottomLeft()).y()
            assert below <= pane.facts.mapTo(window, QPoint(0, 0)).y()  # they hide nothing that is said
        QApplication.sendEvent(pane, QEvent(QEvent.Type.Leave))
        wait_until(lambda pane=pane: not any(button.isVisible() for button in pane.hover_buttons))


def test_f12_saves_a_numbered_picture_without_asking(
    still: Window, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "Pictures"
    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda _: str(folder))
    told: list[str] = []
    still.desk.message.connect(lambda sentence, trouble: told.append(sentence))
    bar = show_hints(still.context)
    still.run("save-window")
    (folder / "zfdesk-007.png").write_bytes(b"kept")
    still.run("save-window")
    assert sorted(path.name for path in folder.iterdir()) == ["zfdesk-001.png", "zfdesk-007.png", "zfdesk-008.png"]
    assert (folder / "zfdesk-007.png").read_bytes() == b"kept"
    assert all(str(folder) in sentence for sentence in told[-2:])
    with Image.open(folder / "zfdesk-008.png") as picture:
        assert picture.size == (2 * still.width(), 2 * still.height())
    assert bar.isVisible()
    bar.finish()


class Painted(QObject):
    """Notes what is painted of the widgets that it filters."""

    def __init__(self) -> None:
        super().__init__()
        self.widgets: list[QObject] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Paint:
            self.widgets.append(watched)
        return False


def test_no_picture_of_the_window_has_hints_and_the_file_has_the_facts_as_text(
    still: Window, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda _: str(tmp_path))
    change(still)
    bars = show_hints(still.context), Notification(still, "Shall it?", {"Yes": lambda: None})
    settle()
    painted = Painted()
    for widget in (*bars, still.statusBar()):
        widget.installEventFilter(painted)
    for action in ("save-window", "copy-window"):
        painted.widgets.clear()
        still.run(action)
        assert set(painted.widgets) == {still.statusBar()}, action
    assert all(bar.isVisible() for bar in bars)
    for bar in bars:
        bar.finish()
    with Image.open(tmp_path / "zfdesk-001.png") as picture:
        assert picture.text["Description"] == copy_commands.caption_of(still.desk, still.panes)
    QGuiApplication.clipboard().clear()


def test_the_names_of_layers_are_as_sharp_as_their_picture_is_large(still: Window) -> None:
    """Enlarged letters would have each pixel twice."""
    enlarged = image_array(picture_of(still.layers.list.viewport(), 2))
    names = enlarged[2 * THUMB + 10 : 2 * still.layers.list.visualItemRect(still.layers.list.item(0)).height()]
    rows = names[: len(names) // 2 * 2].reshape(-1, 2, *names.shape[1:])
    blocks = rows[:, :, : names.shape[1] // 2 * 2].reshape(len(rows), 2, -1, 2, 3)
    lit = (np.ptp(blocks.astype(int), axis=(1, 3)).max(-1) > 60).mean()
    assert lit > 0.05


def test_f12_says_why_nothing_was_saved(still: Window, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda _: str(tmp_path / "file" / "Pictures"))
    told: list[tuple[str, bool]] = []
    still.desk.message.connect(lambda sentence, trouble: told.append((sentence, trouble)))
    still.run("save-window")
    assert told[-1][0].startswith("The picture was not saved")
    assert told[-1][1]


def test_lecture_shows_picture_answer_and_unit_alone_and_then_all_as_before(still: Window) -> None:
    window = still
    before = {pane.title for pane in window.panes if pane.isVisible()}
    usual = window.classes.headline.type_size()
    names = [tile.caption for tile in (*window.unit.rule_tiles.values(), *window.unit.small_tiles)]
    usual_type = [(name.fontInfo().pixelSize(), name.fontInfo().bold()) for name in names]
    assert sum(bold for _, bold in usual_type) == 1, "the chosen method"
    window.run("lecture")
    settle(50)
    assert {pane.title for pane in window.panes if pane.isVisible()} == {"Picture", "Classes", "Unit"}
    assert window.isFullScreen()
    assert not window.menuBar().isVisible()
    assert not window.classes.bars.isVisible()
    assert window.classes.headline.type_size() > usual
    assert min(name.fontInfo().pixelSize() for name in names) >= PRESENTER_PIXELS
    assert window.picture.canvas.fontInfo().pixelSize() >= PRESENTER_PIXELS
    assert window.unit.map_tile.isVisible()
    assert not window.unit.patch_tile.isVisible()
    window.run("escape")
    settle(50)
    assert not window.isFullScreen()
    assert {pane.title for pane in window.panes if pane.isVisible()} == before
    assert window.classes.bars.isVisible()
    assert window.unit.patch_tile.isVisible()
    assert [(name.fontInfo().pixelSize(), name.fontInfo().bold()) for name in names] == usual_type
