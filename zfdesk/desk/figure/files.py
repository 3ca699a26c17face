"""What the builder does with files, the clipboard and kept layouts. Methods that its table of commands names."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QDrag, QGuiApplication, QImage, QPixmap
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu

from zfdesk.desk.figure.export import FORMATS, Export, form_of, sentence, with_suffix
from zfdesk.desk.figure.kept import KeptFigure
from zfdesk.desk.widgets.drag_out import DRAGGED, carry
from zfdesk.figures import draw, encode
from zfdesk.figures.page import Page
from zfdesk.pages.composition import Composition
from zfdesk.pages.layout_file import LayoutError, empty_of, from_text, layout_of, open_figure, to_text

KINDS = "PDF (*.pdf);;PNG (*.png);;SVG (*.svg);;Arrays and page (*.npz)"
FIGURE_FILES = "Figure with its arrays (*.npz)"
LAST_KEY, KEPT_KEY = "figure/layout", "figure/layouts"
NOTHING = "There is nothing on the page yet: place a panel first."


def page_mime(png: bytes, caption: str) -> QMimeData:
    """The page for any program: as an image, as PNG in its own resolution, and its caption as text."""
    mime = QMimeData()
    mime.setData("image/png", png)
    mime.setImageData(QImage.fromData(png, "PNG"))
    mime.setText(caption)
    return mime


class FileCommands:
    """Mixed into the builder."""

    # Export

    def ask_export(self) -> None:
        """Ask for a name, whose suffix says what is written."""
        if not self.has_page():
            return
        proposal = str(Path(self.context.last_folder()) / "zfdesk-figure.pdf")
        path, chosen = QFileDialog.getSaveFileName(self, "Export the figure", proposal, KINDS)
        if path:
            self.context.remember_folder(path)
            self.export((with_suffix(path, chosen),))

    def ask_export_all(self) -> None:
        """Ask for a name, and write it as PNG, SVG, PDF and arrays."""
        if not self.has_page():
            return
        proposal = str(Path(self.context.last_folder()) / "zfdesk-figure")
        path, _ = QFileDialog.getSaveFileName(
            self, "Export as PNG, SVG, PDF and arrays", proposal, "Name without end (*)"
        )
        if path:
            self.context.remember_folder(path)
            stem = os.path.splitext(path)[0] if os.path.splitext(path)[1].lower()[1:] in FORMATS else path
            self.export(tuple(f"{stem}.{form}" for form in FORMATS))

    def export(self, paths: tuple[str, ...]) -> None:
        """Write the figure to files, each as its suffix says; the answer comes when they are on the disk."""
        self.commit()
        if not self.has_page():
            return
        there = [Path(path).name for path in paths[1:] if os.path.exists(path)]
        if there:  # the dialog has asked about another name
            self.say(f"{', '.join(there)} replaced.", False)
        try:
            for path in paths:
                form_of(path)
        except ValueError as error:
            self.say(str(error), True)
            return
        self.run_work(
            Export(self.draft.now, paths).write, partial(self._exported, paths), "Drawing…", keep=True
        )  # fmt: skip

    def _exported(self, paths: tuple[str, ...], _: Any, error: Exception | None) -> None:
        names = ", ".join(os.path.basename(path) for path in paths)
        if error is None:
            self.tell(f"Saved {names}.", False)
        else:
            self.tell(sentence(error, "" if "was not saved" in str(error) else names), True)

    def ask_save(self) -> None:
        """Ask for a name, and save the figure so that it can be opened again."""
        if not self.has_page():
            return
        proposal = str(Path(self.context.last_folder()) / "zfdesk-figure.npz")
        path, _ = QFileDialog.getSaveFileName(self, "Save the figure", proposal, FIGURE_FILES)
        if path:
            self.context.remember_folder(path)
            self.export((path if path.lower().endswith(".npz") else f"{path}.npz",))

    def ask_open(self) -> None:
        """Ask for a figure's file."""
        path, _ = QFileDialog.getOpenFileName(self, "Open a figure", self.context.last_folder(), FIGURE_FILES)
        if path:
            self.context.remember_folder(path)
            self.open_path(path)

    def open_path(self, path: str) -> None:
        """Open a figure's file in place of this figure, which undo brings back."""
        name = os.path.basename(path)

        def opened(composition: Composition | None, error: Exception | None) -> None:
            if composition is None:
                self.say(sentence(error or ValueError("nothing was read")), True)
                return
            self.draft.change(composition, -1)
            self.say(f"Opened {name}: its panels are as they were saved; refresh takes them anew.", False)

        self.run_work(lambda _: open_figure(path), opened, f"Reading {name}…")

    # Copies

    def copy(self) -> None:
        """The page to the clipboard, in the resolution that was chosen."""
        self.commit()
        page = self.draft.page()
        if page is None:
            self.say(NOTHING, True)
            return
        if (png := self.drawer.ready(page, self.draft.now.dpi)) is not None:
            self._copied(page, png, None)
            return
        dpi = self.draft.now.dpi
        self.run_work(lambda _: encode(draw(page), "png", dpi), partial(self._copied, page), "Drawing…")

    def _copied(self, page: Page, png: bytes | None, error: Exception | None) -> None:
        if png is None:
            self.say(sentence(error or ValueError("nothing was drawn")), True)
            return
        QGuiApplication.clipboard().setMimeData(page_mime(png, page.caption))
        self.say(f"The page is on the clipboard, {self.draft.now.dpi} dpi, and its caption as text.", False)

    def drag_out(self) -> None:
        """The page follows the mouse into another program."""
        page, drawn = self.draft.page(), self.view.canvas.drawn
        if page is None or drawn is None:
            return
        png = self.drawer.ready(page, self.draft.now.dpi)
        shown = QPixmap.fromImage(self.view.canvas.image())
        drag = QDrag(self.view)
        if png is not None:
            drag.setMimeData(page_mime(png, page.caption))
        else:  # as on screen: it has not been drawn for print yet
            mime = QMimeData()
            mime.setImageData(self.view.canvas.image())
            mime.setText(page.caption)
            drag.setMimeData(mime)
        small = shown.scaled(
            DRAGGED, DRAGGED, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        drag.setPixmap(small)
        carry(drag)

    # Layouts

    def kept_layouts(self) -> list[str]:
        """The names of the layouts that were kept."""
        self.settings.beginGroup(KEPT_KEY)
        names = self.settings.childKeys()
        self.settings.endGroup()
        return sorted(names, key=str.casefold)

    def ask_keep_layout(self) -> None:
        """Ask for a name, and keep where the panels stand."""
        name, good = QInputDialog.getText(self, "Keep the layout", "Name of the layout:")
        if good:
            self.keep_layout(name)

    def keep_layout(self, name: str) -> None:
        """Keep where the panels stand under a name."""
        name = "".join(letter for letter in name.strip() if letter.isprintable() and letter not in "/\\")[:60]
        layout = layout_of(self.draft.now)
        if not name or not layout.spots:
            self.say("A layout needs a name." if not name else "There is no panel whose place could be kept.", True)
            return
        self.settings.setValue(f"{KEPT_KEY}/{name}", to_text(layout))
        left_out = len(self.draft.now.slots) - len(layout.spots)
        rest = f"; {left_out} of a template are left out" if left_out else ""
        self.say(f"Kept as the layout “{name}”{rest}.", False)

    def forget_layout(self, name: str) -> None:
        """Keep it no longer."""
        self.settings.remove(f"{KEPT_KEY}/{name}")
        self.say(f"The layout “{name}” is forgotten.", False)

    def apply_layout(self, name: str) -> None:
        """The panels of a kept layout, taken from what the window shows now."""
        try:
            empty = empty_of(from_text(str(self.settings.value(f"{KEPT_KEY}/{name}", ""))))
        except LayoutError as error:
            self.say(str(error), True)
            return
        self.arrange(empty, f"The layout “{name}”")

    def fill_layout_menu(self, menu: QMenu) -> None:
        """Made anew whenever it is opened."""
        menu.clear()
        names = self.kept_layouts()
        for name in names:
            menu.addAction(name, partial(self.apply_layout, name))
        if names:
            menu.addSeparator()
        menu.addAction("Keep this layout…", self.ask_keep_layout)
        if names:
            forget = menu.addMenu("Forget")
            for name in names:
                forget.addAction(name, partial(self.forget_layout, name))

    def remember(self) -> None:
        """What the next builder begins with: the figure in this run of the program, and its layout in the next."""
        self.commit()
        self.context.get(KeptFigure).composition = self.draft.now
        self.settings.setValue(LAST_KEY, to_text(layout_of(self.draft.now)))
        self.settings.setValue("figure/geometry", self.saveGeometry())
        self.settings.setValue("figure/split", self.splitter.saveState())
        self.settings.sync()  # nothing is cleared up at the end of the process

    def begin(self) -> Composition:
        """What the last builder left."""
        kept: Composition | None = self.context.get(KeptFigure).composition
        if kept is not None:
            return kept
        text = str(self.settings.value(LAST_KEY, ""))
        try:
            return empty_of(from_text(text)) if text else Composition()
        except LayoutError:  # of another version: nothing of it is needed
            return Composition()

    def arrange(self, empty: Composition, words: str) -> None:
        """Fill an arrangement from what the window shows, and go on to it."""
        keep = replace(empty, dpi=self.draft.now.dpi)
        self.take_into(lambda _: keep, [slot.spec for slot in keep.slots], f"{words} is filled from the window.")


__all__ = ["FileCommands", "page_mime"]
