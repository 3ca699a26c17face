"""The figure builder's window: what can be placed, the arrangement, what is said of it, and the page as it will be."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QByteArray, QKeyCombination, Qt, QTimer
from PySide6.QtGui import QImage, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from zfdesk.desk.context import AppContext
from zfdesk.desk.figure.capture import CaptureQueue, sources_of
from zfdesk.desk.figure.commands import BY_ID, by_key, hint
from zfdesk.desk.figure.draft import Draft
from zfdesk.desk.figure.drawer import Drawer, Drawn, Wish
from zfdesk.desk.figure.editing import ZOOMS, EditingCommands
from zfdesk.desk.figure.fields import TARGET, Fields
from zfdesk.desk.figure.files import NOTHING, FileCommands
from zfdesk.desk.figure.grid import GridCanvas
from zfdesk.desk.figure.page_view import LabelEditor, PageView
from zfdesk.desk.figure.panel_list import PanelList
from zfdesk.desk.figure.placing import PlacingCommands
from zfdesk.desk.figure.templates_menu import TemplateCommands
from zfdesk.desk.tasks import Progress
from zfdesk.desk.widgets.buttons import plain_button, tool_button
from zfdesk.desk.widgets.controls import Choice
from zfdesk.desk.widgets.dialog import Dialog, open_dialog
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.theme import Colours, set_role
from zfdesk.pages.composition import (
    captured_of,
    filled,
)
from zfdesk.pages.panels import FIXED, CannotError, Captured, PanelSpec

LOOK_MS = 20  # how often a drawn page is looked for, while one is being drawn
LIST_MS = 500  # how often it is looked what can be had


class FigureBuilder(FileCommands, TemplateCommands, PlacingCommands, EditingCommands, Dialog):
    """Stands beside the window, which goes on; what was taken from it stays as it was."""

    def __init__(self, context: AppContext) -> None:
        super().__init__(context, "Figure", ElidedLabel())
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.settings = context.settings
        self.draft = Draft(self.begin())
        self.drawer, self.taker = Drawer(), CaptureQueue(context)
        self._thumbnails: dict[int, tuple[object, QImage]] = {}
        self._grey, self.zoom = False, 0
        self._waiting_refresh = False
        self._make_parts()
        self._lay_out()
        self._connect()
        self.show_sources()
        self.follow()
        self._list_clock.start()
        self.grid.setFocus()

    # Parts

    def _make_parts(self) -> None:
        self.panels = PanelList()
        self.grid = GridCanvas(self.draft, self.thumbnail)
        self.grid.setToolTip("Drag to move, drag an edge to span cells, Delete removes; ? lists all keys")
        self.fields = Fields(self.draft)
        self.view = PageView()
        set_role(self.view, "ground")
        self.label_editor, self.page_editor = LabelEditor(self.grid), LabelEditor(self.view.canvas)
        self._edited = -1
        self.frames = QLabel()
        self.frames.setAccessibleName("Of which frames the panels are")
        self.measure = ElidedLabel()
        self.measure.setAccessibleName("Size of the page")
        set_role(self.measure, "quiet")
        self.zooms = Choice(ZOOMS, "How large the page is shown (Ctrl+0, Ctrl+1, Ctrl+2; Ctrl and the wheel)")
        self.zooms.setAccessibleName("Zoom")
        self.grey = QCheckBox("greyscale")
        self.grey.setMinimumHeight(TARGET)
        self.grey.setToolTip("As a black and white printer has it (Ctrl+G)")
        self.page_clock, self._list_clock = QTimer(self, interval=LOOK_MS), QTimer(self, interval=LIST_MS)

    def _button(self, name: str, words: str) -> QPushButton:
        command = BY_ID[name]
        button = plain_button(words, hint(name), lambda: getattr(self, command.method)(*command.arguments))
        button.setAccessibleName(command.words)
        return button

    def _menu_button(self, words: str, tip: str, fill: Callable[[QMenu], None]) -> QToolButton:
        button = tool_button(f"{words} ▾", pops_up=True)
        button.setToolTip(tip)
        button.setAccessibleName(words)
        menu = QMenu(button)
        menu.aboutToShow.connect(partial(fill, menu))
        button.setMenu(menu)
        return button

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(4)
        self.templates = self._menu_button("Template", "Begin with a page that is arranged", self.fill_template_menu)
        self.layouts = self._menu_button(
            "Layout", "Keep where the panels stand, for other views", self.fill_layout_menu
        )
        self.undo_button, self.redo_button = self._button("undo", "↶ Undo"), self._button("redo", "↷ Redo")
        self.refresh_button = self._button("refresh-all", "⟳ Refresh all")
        self.buttons = {name: self._button(name, words) for name, words in (
            ("open", "Open…"), ("save", "Save…"), ("copy", "Copy"), ("export", "Export…"),
            ("export-all", "All formats…"),
        )}  # fmt: skip
        for tool in (self.templates, self.layouts, self.undo_button, self.redo_button, self.refresh_button):
            tools.addWidget(tool)
        tools.addStretch(1)
        for button in self.buttons.values():
            tools.addWidget(button)
        self.help = plain_button("?", "All keys", self.show_keys)
        self.help.setAccessibleName("All keys")
        self.help.setFixedWidth(TARGET + 4)
        tools.addWidget(self.help)

        middle = QSplitter(Qt.Orientation.Vertical)
        middle.addWidget(self.grid)
        middle.addWidget(self.fields)
        middle.setStretchFactor(0, 3)
        middle.setStretchFactor(1, 2)
        middle.setChildrenCollapsible(False)
        head = QHBoxLayout()
        head.addWidget(self.measure, 1)
        head.addWidget(self.grey)
        head.addWidget(self.zooms)
        page, column = QWidget(), QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        column.addWidget(self.view, 1)
        page.setLayout(column)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        for part, stretch in ((self.panels, 0), (middle, 4), (page, 5)):
            self.splitter.addWidget(part)
            self.splitter.setStretchFactor(self.splitter.count() - 1, stretch)
        self.splitter.setChildrenCollapsible(False)
        foot = self.status_row()
        foot.addWidget(self.frames)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 6)
        layout.addLayout(tools)
        layout.addWidget(self.splitter, 1)
        layout.addLayout(foot)

    def _connect(self) -> None:
        self.draft.changed.connect(self.follow)
        self.draft.chosen_changed.connect(self._show_chosen)
        self.panels.wanted.connect(self.place)
        self.grid.placed.connect(self.place)
        self.grid.label_asked.connect(self.edit_label_of)
        self.grid.menu_asked.connect(self._show_menu)
        self.fields.refresh_asked.connect(self.refresh_chosen)
        self.view.resized.connect(self._draw)
        canvas = self.view.canvas
        canvas.picked.connect(lambda place: self.draft.choose(self._slot_of(place)))
        canvas.edit_asked.connect(self._edit_on_page)
        canvas.drag_asked.connect(self.drag_out)
        canvas.zoomed.connect(self._zoom_by)
        self.label_editor.done.connect(self._label_done)
        self.page_editor.done.connect(self._label_done)
        self.zooms.chosen.connect(self.zoom_to)
        self.grey.toggled.connect(self._set_grey)
        self.taker.changed.connect(self.show_progress)
        self.page_clock.timeout.connect(self._look)
        self._list_clock.timeout.connect(self.show_sources)
        self.desk.model_changed.connect(self.taker.forget)

    def dress(self, colours: Colours) -> None:
        """Take over a theme or another size of type."""
        if self._dressed is not None and not self.isVisible():
            self._first_size()
        for part in (self.grid, self.view.canvas):
            part.colours = colours
            part.update()
        self.panels.set_colours(colours)
        self.fields.dress(colours)
        self._show_frames()

    def _first_size(self) -> None:
        room = self.context.window.screen().availableSize()
        em = self.context.window.fontMetrics().height()
        self.resize(min(84 * em, room.width() - 40), min(52 * em, room.height() - 60))
        self.splitter.setSizes([14 * em, 30 * em, 40 * em])
        geometry = self.context.setting("figure/geometry", QByteArray())
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
            self.splitter.restoreState(self.context.setting("figure/split", QByteArray()))

    # What is shown

    def follow(self) -> None:
        """After each edit: the page is drawn anew, the rest is shown as it is now."""
        self.undo_button.setEnabled(self.draft.can_undo)
        self.redo_button.setEnabled(self.draft.can_redo)
        shows = bool(self.draft.now.order)
        for name in ("save", "copy", "export", "export-all"):
            self.buttons[name].setEnabled(shows)
        self.refresh_button.setEnabled(any(slot.spec.kind is not FIXED for slot in self.draft.now.slots))
        self._show_frames()
        self._draw()
        self._show_chosen()

    def _show_frames(self) -> None:
        """Of which frames the panels are: more than one is worth a warning."""
        origins, coverings = self.draft.now.origins, self.draft.now.coverings
        words, amiss = f"all of {origins[0]}" if origins else "", len(origins) > 1 or coverings > 1
        if len(origins) > 1:
            named = [origin.removeprefix("frame ") for origin in origins[:4]]
            if len({origin.partition(" of ")[2] for origin in origins}) == 1:
                named = [name.partition(" ")[0] for name in named]
            words = f"⚠ panels of {len(origins)} frames: {', '.join(named)}{', …' if len(origins) > 4 else ''}"
        elif coverings > 1:
            words = f"⚠ panels of {origins[0]}, covered in {coverings} ways"
        self.frames.setText(words)
        self.frames.setToolTip("Refresh all takes every panel of one and the same moment." if amiss else "")
        set_role(self.frames, "error" if amiss else "quiet")

    def _show_chosen(self) -> None:
        canvas, order = self.view.canvas, self._drawn_panels()
        chosen = self.draft.chosen
        panel = self.draft.now.slots[chosen].panel if chosen >= 0 else None
        canvas.chosen = next((place for place, other in enumerate(order) if other is panel), -1) if panel else -1
        canvas.update()

    def _drawn_panels(self) -> list[object]:
        drawn = self.view.canvas.drawn
        return [cell.panel for cell in drawn.wish.page.cells] if drawn is not None else []

    def _slot_of(self, place: int) -> int:
        """The slot of a panel on the drawn page."""
        panels = self._drawn_panels()
        if not 0 <= place < len(panels):
            return -1
        return next((i for i, slot in enumerate(self.draft.now.slots) if slot.panel is panels[place]), -1)

    def thumbnail(self, index: int) -> QImage:
        """A slot's picture, cut out of the page as it was drawn last."""
        panel = self.draft.now.slots[index].panel if index < len(self.draft.now.slots) else None
        known = self._thumbnails.get(id(panel))
        return known[1] if known is not None and known[0] is panel else QImage()

    def _draw(self) -> None:
        page = self.draft.page()
        canvas = self.view.canvas
        if page is None:
            canvas.show_nothing(self.draft.trouble() if self.draft.now.slots else "The page appears here.")
            self.measure.say("")
            return
        dpi = self.view.print_dpi() * self.zoom / 100
        self.drawer.ask(Wish(page, dpi, self.view.room(), self._grey, self.draft.now.dpi))
        canvas.waiting = True
        if not self.page_clock.isActive():
            self.page_clock.start()

    def _look(self) -> None:
        drawn = self.drawer.drawn.take()
        if drawn is not None:
            self._show_drawn(drawn)
        if not self.drawer.busy and drawn is None and not self.busy:
            self.page_clock.stop()
            self.view.canvas.waiting = False
            self.view.canvas.update()

    def _show_drawn(self, drawn: Drawn) -> None:
        if self.draft.page() is None:
            return
        canvas = self.view.canvas
        canvas.show_drawn(drawn)
        if drawn.pixels is not None:
            (width, height), dpi = drawn.inches, self.draft.now.dpi
            told = f"{width:.2f} × {height:.2f} in · at {dpi} dpi {int(width * dpi)} × {int(height * dpi)} pixels"
            share = drawn.dpi / self.view.print_dpi() * 100
            self.measure.say(f"{told} · shown at {share:.0f} %", f"{width:.2f} × {height:.2f} in")
            for place, cell in enumerate(drawn.wish.page.cells):
                self._thumbnails[id(cell.panel)] = cell.panel, canvas.picture_of(place)
            kept = {id(cell.panel) for cell in drawn.wish.page.cells}
            self._thumbnails = {key: value for key, value in self._thumbnails.items() if key in kept}
        self._show_chosen()
        self.grid.update()

    def show_sources(self) -> None:
        """What can be had; and what could not be had before there was a picture is taken now."""
        sources = sources_of(self.context)
        self.panels.show_sources(sources)
        waits = any(slot.panel is None and not slot.reason for slot in self.draft.now.slots)
        if waits and sources.result is not None and not self._waiting_refresh:
            self._waiting_refresh = True
            self._fill_waiting()

    def _fill_waiting(self) -> None:
        def done(taken: dict[PanelSpec, Captured | CannotError] | None, error: Exception | None) -> None:
            self._waiting_refresh = False
            if taken is not None:
                only = [i for i, slot in enumerate(self.draft.now.slots) if slot.panel is None and not slot.reason]
                self.draft.replace(filled(self.draft.now, taken, only))

        wanted = [slot.spec for slot in self.draft.now.slots]
        self.taker.take(partial(captured_of, wanted), done)

    # Tasks and sentences

    def run_work(
        self, work: Callable[[Progress], Any], done: Callable[[Any, Exception | None], None], words: str,
        keep: bool = False,
    ) -> None:  # fmt: skip
        """Work off this thread that is shown, and can be stopped. ``keep``: it goes on when this sheet is closed."""

        def finish(value: Any, error: Exception | None) -> None:
            if not self._ended or keep:
                done(value, error)

        progress = Progress(words)
        self.run_task("figure", partial(work, progress), finish, keep=keep, progress=progress, threads=1)
        if not self.page_clock.isActive():
            self.page_clock.start()

    def show_progress(self) -> None:
        """Also while panels are being taken, of which nobody knows how long that lasts."""
        super().show_progress()
        if not self.busy and self.taker.busy:
            self.bar.show_progress(Progress())

    def has_page(self) -> bool:
        """Whether there is anything to write; else it is said."""
        page = self.draft.page()
        if page is None:
            self.say(NOTHING if not self.draft.now.order else self.draft.trouble(), True)
        return page is not None

    # Keys and the end

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        key = QKeySequence(QKeyCombination(event.keyCombination())).toString(QKeySequence.SequenceFormat.PortableText)
        command = by_key(key, self.grid.hasFocus())
        if command is not None:
            getattr(self, command.method)(*command.arguments)
        elif key == "Esc" and self.draft.chosen >= 0:
            self.draft.choose(-1)
        else:
            super().keyPressEvent(event)

    def _end(self) -> None:
        if not self._ended:
            self.remember()
            self.page_clock.stop()
            self._list_clock.stop()
            self.drawer.stop()
            self.taker.stop()
            for task in self.tasks:
                if not task.keep:
                    task.abandon()
        super()._end()


def show_builder(context: AppContext) -> FigureBuilder:
    """Open the figure builder, or bring it to the front."""
    builder = open_dialog(FigureBuilder, context) or FigureBuilder(context)
    builder.show()
    return builder


__all__ = ["FigureBuilder", "show_builder"]
