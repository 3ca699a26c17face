"""What is shown, for other programs: as a picture, as numbers, as a caption, or dragged out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QStandardPaths, Qt
from PySide6.QtGui import QCursor, QDrag, QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Panes
from zfdesk.desk.live_view.picture_pane import PicturePane
from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.drag_out import DRAGGED, carry, picture_mime
from zfdesk.desk.widgets.line_bar import LineBar
from zfdesk.desk.widgets.menu import PopupMenu
from zfdesk.desk.widgets.pane import Pane
from zfdesk.desk.widgets.questions import ask_for_number
from zfdesk.desk.widgets.save_dialog import ask_where
from zfdesk.figures.facts import caption
from zfdesk.live.changes import toggle_pin
from zfdesk.pages.view_page import bars_text, facts_of
from zfdesk.progress import counted

REPORT_SCALE = 2.0
"""Screen pixels times this: sharp in print."""
_NUMBERED = re.compile(r"-(\d+)$")


def caption_of(state: AppState, panes: Iterable[Pane] = ()) -> str:
    """The facts of what is shown in one paragraph; "" before the first frame. ``panes``: whose own words go with it."""
    result = state.complete or state.result
    if result is None:
        return ""
    own = [text for pane in panes if pane.isVisible() and (text := pane.caption_text())]
    return " ".join(part for part in (*own, bars_text(result), caption(facts_of(result))) if part)


def pane_under_mouse(context: AppContext) -> Pane:
    """The pane a copy is meant of."""
    widget = QApplication.widgetAt(QCursor.pos())
    while widget is not None and not isinstance(widget, Pane):
        widget = widget.parentWidget()
    return widget or context.get(PicturePane)


def _name(widget: QWidget) -> str:
    return widget.title if isinstance(widget, Pane) else "window"


# As pictures


def save_window(context: AppContext) -> None:
    """A PNG of the whole window, at twice its size, to a new file in the pictures folder."""
    folder = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation) or Path.home())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = new_file(folder, "zfdesk", ".png")
        _save(context, context.window, path, REPORT_SCALE)
    except OSError as error:
        context.show_message(f"The picture was not saved: {error}.", error=True)
    else:
        context.show_message(f"Saved {path.name} in {folder}.")
        context.picture_taken.emit()


def new_file(folder: Path, stem: str, suffix: str) -> Path:
    """A name in a folder that nothing has yet: stem-001, stem-002 …"""
    numbers = [int(found[1]) for path in folder.glob(f"{stem}-*{suffix}") if (found := _NUMBERED.search(path.stem))]
    return folder / f"{stem}-{max(numbers, default=0) + 1:03}{suffix}"


def copy_picture_of(context: AppContext, widget: QWidget) -> None:
    """Copy a picture of a widget to the clipboard."""
    with _without_guides(context):
        QGuiApplication.clipboard().setPixmap(widget.grab())
    context.show_message(f"A screenshot of {_name(widget)} is on the clipboard.")
    context.picture_taken.emit()


def save_picture_of(context: AppContext, widget: QWidget) -> None:
    """Ask for a scale and a place, and save a PNG."""
    window = context.window
    question = "Scale of the screenshot (1 is as large as on the screen):"
    scale = ask_for_number(window, "Screenshot", question, 2.0, 0.25, 8.0)
    if scale is None:
        return
    name = f"zfdesk-{_name(widget).replace(' ', '-').replace('|', '').lower()}.png"
    path, _ = ask_where(context, "Save a picture", name, "PNG (*.png)", ".png")
    if path:
        try:
            _save(context, widget, Path(path), scale)
        except OSError as error:
            context.show_message(f"The picture was not saved: {error}.", error=True)
        else:
            context.show_message(f"Saved {Path(path).name}.")
            context.picture_taken.emit()


def _save(context: AppContext, widget: QWidget, path: Path, scale: float) -> None:
    """With the facts of what is shown as text in the file. Raises OSError."""
    from zfdesk.desk.widgets.screenshot import save_png

    panes = (widget,) if isinstance(widget, Pane) else context.get(Panes).all
    with _without_guides(context):
        save_png(widget, str(path), scale, caption_of(context.state, panes))


@contextmanager
def _without_guides(context: AppContext) -> Iterator[None]:
    """What only guides the user is in no picture: hints, an example's sentence, offers, messages."""
    window = context.window
    guides = [bar for bar in window.findChildren(LineBar) if bar.isVisible()]
    context.message_hidden.emit()
    for bar in guides:
        bar.hide()
    _lay_out(window)
    try:
        yield
    finally:
        for bar in guides:
            bar.show()
        _lay_out(window)


def _lay_out(window: QMainWindow) -> None:
    """Now, not when the event loop is next at it."""
    if layout := window.layout():
        layout.activate()


# As numbers and words


def copy_data_of(context: AppContext, pane: Pane) -> None:
    """Copy the numbers of a pane to the clipboard, as tab-separated text."""
    text = pane.as_data()
    if not text:
        context.show_message(f"{pane.title} has no numbers to copy; copy its picture instead.", error=True)
        return
    mime = QMimeData()
    mime.setText(text)
    mime.setData("text/tab-separated-values", text.encode())
    QGuiApplication.clipboard().setMimeData(mime)
    lines = sum(not line.startswith("#") for line in text.splitlines())
    context.show_message(f"The numbers of {pane.title} are on the clipboard, {counted(lines, 'line')}.")


def copy_caption(context: AppContext) -> None:
    """Copy what is shown to the clipboard, in one paragraph."""
    text = caption_of(context.state, context.get(Panes).all)
    if text:
        QGuiApplication.clipboard().setText(text)
    context.show_message(f"On the clipboard: {text}" if text else "Nothing is shown yet.", error=not text)


# By the mouse


def drag_picture_of(context: AppContext, pane: Pane) -> None:
    """A picture of the pane follows the mouse to wherever it is dropped."""
    picture = pane.grab()
    drag = QDrag(pane)
    drag.setMimeData(picture_mime(picture, caption_of(context.state, (pane,))))
    small = picture.scaled(
        DRAGGED, DRAGGED, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    drag.setPixmap(small)
    drag.setHotSpot(QPoint(small.width() // 2, 8))
    carry(drag)


def show_copy_menu(context: AppContext, pane: Pane, where: QPoint) -> None:
    """All that can be copied of a pane."""
    menu = PopupMenu(pane)
    menu.addAction("Copy as picture", partial(copy_picture_of, context, pane))
    numbers = menu.addAction("Copy as numbers", partial(copy_data_of, context, pane))
    numbers.setEnabled(bool(pane.as_data()))
    menu.addAction("Copy the caption", partial(copy_caption, context))
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(where)


def connect_pane(context: AppContext, pane: Pane) -> None:
    """Let the buttons on a pane do what they say."""
    pane.save_asked.connect(partial(save_picture_of, context))
    pane.copy_asked.connect(partial(copy_picture_of, context))
    pane.copy_menu_asked.connect(partial(show_copy_menu, context))
    pane.drag_asked.connect(partial(drag_picture_of, context))
    pane.pin_asked.connect(partial(pin_shown, context))


def pin_shown(context: AppContext, pane: Pane) -> None:
    """Pin the unit that a pane shows, or unpin it."""
    context.state.change(toggle_pin(context.state.view, pane.shown_unit()))


__all__ = [
    "caption_of", "connect_pane", "copy_caption", "copy_data_of", "copy_picture_of",
    "drag_picture_of", "new_file", "pin_shown", "save_picture_of", "save_window",
    "show_copy_menu",
]  # fmt: skip
