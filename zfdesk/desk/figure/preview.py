"""The page as it will be: drawn off the window's thread after each edit, zoomed, in grey as a printer has it."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from zfdesk.desk.figure.draft import Draft
from zfdesk.desk.figure.drawer import Drawer, Drawn, DrawRequest
from zfdesk.desk.figure.fields import TARGET
from zfdesk.desk.figure.page_view import PageView
from zfdesk.desk.widgets.controls import Choice
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.theme import set_role

ZOOMS = {0: "whole page", 100: "as in print", 200: "200 %"}
POLL_MS = 20  # how often a drawn page is looked for, while one is being drawn


class Preview(QWidget):
    """The page, its size, and how it is shown. ``drawn``: another page is there."""

    drawn = Signal()

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.draft, self.drawer, self.zoom = draft, Drawer(), 0
        self.view = PageView()
        set_role(self.view, "ground")
        self.measure = ElidedLabel()
        self.measure.setAccessibleName("Size of the page")
        set_role(self.measure, "quiet")
        self.zooms = Choice(ZOOMS, "How large the page is shown (Ctrl+0, Ctrl+1, Ctrl+2; Ctrl and the wheel)")
        self.zooms.setAccessibleName("Zoom")
        self.grey = QCheckBox("greyscale")
        self.grey.setMinimumHeight(TARGET)
        self.grey.setToolTip("As a black and white printer has it (Ctrl+G)")
        self._thumbnails: dict[int, tuple[object, QImage]] = {}
        self._clock = QTimer(self, interval=POLL_MS)
        head = QHBoxLayout()
        head.addWidget(self.measure, 1)
        head.addWidget(self.grey)
        head.addWidget(self.zooms)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        column.addWidget(self.view, 1)
        self.view.resized.connect(self.draw)
        self.view.canvas.zoomed.connect(self._zoom_by)
        self.zooms.chosen.connect(self.zoom_to)
        self.grey.toggled.connect(self.draw)
        self._clock.timeout.connect(self._poll)

    @property
    def busy(self) -> bool:
        """Whether the page that is shown is not yet the one there is."""
        return self._clock.isActive()

    def stop(self) -> None:
        """Stop drawing."""
        self._clock.stop()
        self.drawer.stop()

    def draw(self) -> None:
        """Draw the page of the draft; what is shown stays until it is there."""
        page, canvas = self.draft.page(), self.view.canvas
        if page is None:
            canvas.show_nothing(self.draft.reason() if self.draft.now.slots else "The page appears here.")
            self.measure.say("")
            return
        dpi = self.view.print_dpi() * self.zoom / 100
        self.drawer.ask(DrawRequest(page, dpi, self.view.room(), self.grey.isChecked(), self.draft.now.dpi))
        canvas.wait(True)
        if not self._clock.isActive():
            self._clock.start()

    def _poll(self) -> None:
        drawn = self.drawer.drawn.take()
        if drawn is not None:
            self._show_drawn(drawn)
        if not self.drawer.busy and drawn is None:
            self._clock.stop()
            self.view.canvas.wait(False)

    def _show_drawn(self, drawn: Drawn) -> None:
        if self.draft.page() is None:
            return
        canvas = self.view.canvas
        canvas.show_drawn(drawn)
        if drawn.pixels is not None:
            (width, height), dpi = drawn.inches, self.draft.now.dpi
            size = f"{width:.2f} × {height:.2f} in · at {dpi} dpi {int(width * dpi)} × {int(height * dpi)} pixels"
            share = drawn.dpi / self.view.print_dpi() * 100
            self.measure.say(f"{size} · shown at {share:.0f} %", f"{width:.2f} × {height:.2f} in")
            for place, cell in enumerate(drawn.request.page.cells):
                self._thumbnails[id(cell.panel)] = cell.panel, canvas.picture_of(place)
            kept = {id(cell.panel) for cell in drawn.request.page.cells}
            self._thumbnails = {key: value for key, value in self._thumbnails.items() if key in kept}
        self.drawn.emit()

    # Its panels, and the slots they are of

    def _drawn_panels(self) -> list[object]:
        drawn = self.view.canvas.drawn
        return [cell.panel for cell in drawn.request.page.cells] if drawn is not None else []

    def slot_of(self, place: int) -> int:
        """The slot of a panel on the drawn page; −1 where there is none any more."""
        panels = self._drawn_panels()
        if not 0 <= place < len(panels):
            return -1
        return next((i for i, slot in enumerate(self.draft.now.slots) if slot.panel is panels[place]), -1)

    def show_chosen(self) -> None:
        """Mark the panel that is chosen."""
        canvas, order, chosen = self.view.canvas, self._drawn_panels(), self.draft.chosen
        panel = self.draft.now.slots[chosen].panel if chosen >= 0 else None
        canvas.chosen = next((place for place, other in enumerate(order) if other is panel), -1) if panel else -1
        canvas.update()

    def thumbnail(self, index: int) -> QImage:
        """A slot's picture, cut out of the page as it was drawn last."""
        panel = self.draft.now.slots[index].panel if index < len(self.draft.now.slots) else None
        known = self._thumbnails.get(id(panel))
        return known[1] if known is not None and known[0] is panel else QImage()

    # How it is shown

    def zoom_to(self, zoom: int) -> None:
        """0: the whole page; else percent of its size in print."""
        self.zoom = zoom
        self.zooms.show_value(zoom)
        self.draw()

    def _zoom_by(self, steps: int) -> None:
        levels = list(ZOOMS)
        place = min(max(levels.index(self.zoom) + steps, 0), len(levels) - 1)
        self.zoom_to(levels[place])

    def toggle_grey(self) -> None:
        """In grey, or in colour again."""
        self.grey.setChecked(not self.grey.isChecked())


__all__ = ["Preview"]
