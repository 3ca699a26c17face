"""What the builder does with files and the clipboard."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QDrag, QGuiApplication, QImage, QPixmap
from PySide6.QtWidgets import QFileDialog

from zfdesk.desk.figure.bench import NOTHING, Bench
from zfdesk.desk.figure.export import FORMATS, Export, form_of, with_suffix
from zfdesk.desk.tasks import not_saved_text
from zfdesk.desk.widgets.drag_out import DRAGGED, carry
from zfdesk.desk.widgets.save_dialog import ask_where, reads_any
from zfdesk.figures.page import Page
from zfdesk.pages.composition import Composition
from zfdesk.pages.layout_file import open_composition

KINDS = "PDF (*.pdf);;PNG (*.png);;SVG (*.svg);;Arrays and page (*.npz)"
FIGURE_FILES = "Figure with its arrays (*.npz)"


def page_mime(png: bytes, caption: str) -> QMimeData:
    """The page for any program: as an image, as PNG in its own resolution, and its caption as text."""
    mime = QMimeData()
    mime.setData("image/png", png)
    mime.setImageData(QImage.fromData(png))
    mime.setText(caption)
    return mime


def _png(page: Page, dpi: int) -> bytes:
    from zfdesk.figures import draw, encode  # matplotlib: seconds in the window's thread

    return encode(draw(page), "png", dpi)


class FileCommands:
    """Commands that export, save, open and copy the page."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.draft, self.context, self.dialog = bench, bench.draft, bench.context, bench.dialog

    # Export

    def ask_export(self) -> None:
        """Ask for a name, whose suffix says what is written."""
        if not self.bench.has_page():
            return
        path, chosen = self._ask_where("Export the figure", "zfdesk-figure.pdf", KINDS)
        if path:
            self.export((with_suffix(path, chosen),))

    def ask_export_all(self) -> None:
        """Ask for a name, and write it as PNG, SVG, PDF and arrays."""
        if not self.bench.has_page():
            return
        path, _ = self._ask_where("Export as PNG, SVG, PDF and arrays", "zfdesk-figure", "Name without end (*)")
        if path:
            stem = os.path.splitext(path)[0] if os.path.splitext(path)[1].lower()[1:] in FORMATS else path
            self.export(tuple(f"{stem}.{form}" for form in FORMATS))

    def export(self, paths: tuple[str, ...]) -> None:
        """Write the figure to files, each as its suffix says; the answer comes when they are on the disk."""
        self.bench.commit()
        if not self.bench.has_page():
            return
        if reads_any(self.context, paths, self.bench.say):
            return
        there = [Path(path).name for path in paths[1:] if os.path.exists(path)]
        if there:  # the dialog has asked about another name
            self.bench.say(f"{', '.join(there)} replaced.")
        try:
            for path in paths:
                form_of(path)
        except ValueError as error:
            self.bench.say(str(error), True)
            return
        self.bench.work(Export(self.draft.now, paths).write, partial(self._exported, paths), "Drawing…", keep=True)

    def _exported(self, paths: tuple[str, ...], _: Any, error: Exception | None) -> None:
        names = ", ".join(os.path.basename(path) for path in paths)
        if error is None:
            self.dialog.show_message(f"Saved {names}.")
            self.context.picture_taken.emit()
        else:
            self.dialog.show_message(not_saved_text(error, names), True)

    def ask_save(self) -> None:
        """Ask for a name, and save the figure so that it can be opened again."""
        if not self.bench.has_page():
            return
        path, _ = self._ask_where("Save the figure", "zfdesk-figure.npz", FIGURE_FILES, ".npz")
        if path:
            self.export((path,))

    def _ask_where(self, title: str, name: str, kinds: str, suffix: str = "") -> tuple[str, str]:
        return ask_where(self.context, title, name, kinds, suffix, self.dialog, self.bench.say)

    def ask_open(self) -> None:
        """Ask for a figure's file."""
        path, _ = QFileDialog.getOpenFileName(self.dialog, "Open a figure", self.context.last_folder(), FIGURE_FILES)
        if path:
            self.context.remember_folder(path)
            self.open_path(path)

    def open_path(self, path: str) -> None:
        """Open a figure's file in place of this figure, which undo brings back."""
        name = os.path.basename(path)

        def opened(composition: Composition | None, error: Exception | None) -> None:
            if composition is None:
                self.bench.show_error(error)
                return
            self.draft.change(composition, -1)
            self.bench.say(f"Opened {name}: its panels are as they were saved; refresh takes them anew.")

        self.bench.work(lambda _: open_composition(path), opened, f"Reading {name}…")

    # Copies

    def copy(self) -> None:
        """The page to the clipboard, in the resolution that was chosen."""
        self.bench.commit()
        page = self.draft.page()
        if page is None:
            self.bench.say(NOTHING, True)
            return
        if (png := self.bench.preview.drawer.ready(page, self.draft.now.dpi)) is not None:
            self._copied(page, png, None)
            return
        draw = partial(_png, page, self.draft.now.dpi)
        self.bench.work(lambda _: draw(), partial(self._copied, page), "Drawing…")

    def _copied(self, page: Page, png: bytes | None, error: Exception | None) -> None:
        if png is None:
            self.bench.show_error(error)
            return
        QGuiApplication.clipboard().setMimeData(page_mime(png, page.caption))
        self.bench.say(f"The page is on the clipboard, {self.draft.now.dpi} dpi, and its caption as text.")

    def drag_out(self) -> None:
        """The page follows the mouse into another program."""
        page, view = self.draft.page(), self.bench.preview.view
        if page is None or view.canvas.drawn is None:
            return
        png, shown = self.bench.preview.drawer.ready(page, self.draft.now.dpi), view.canvas.image()
        if png is not None:
            mime = page_mime(png, page.caption)
        else:  # as on screen: it has not been drawn for print yet
            mime = QMimeData()
            mime.setImageData(shown)
            mime.setText(page.caption)
        drag = QDrag(view)
        drag.setMimeData(mime)
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        drag.setPixmap(QPixmap.fromImage(shown.scaled(DRAGGED, DRAGGED, keep, smooth)))
        carry(drag)


__all__ = ["FileCommands", "page_mime"]
