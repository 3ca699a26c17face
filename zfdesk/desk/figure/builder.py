"""The figure builder's window: what can be placed, the arrangement, what is said of it, and the page as it will be."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QKeyCombination, QPoint, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSplitter, QToolButton, QVBoxLayout

from zfdesk.desk.context import AppContext
from zfdesk.desk.figure.bench import Bench
from zfdesk.desk.figure.capture import CaptureQueue, sources_of
from zfdesk.desk.figure.commands import BY_ID, Command, CommandReceivers, by_key, hint, keys_as_html
from zfdesk.desk.figure.draft import Draft
from zfdesk.desk.figure.editing import EditingCommands
from zfdesk.desk.figure.fields import Fields
from zfdesk.desk.figure.files import FileCommands
from zfdesk.desk.figure.grid import GridCanvas
from zfdesk.desk.figure.layouts import LayoutCommands, first_figure, keep_figure
from zfdesk.desk.figure.page_view import LabelEditor
from zfdesk.desk.figure.panel_list import PanelList
from zfdesk.desk.figure.placing import PlacingCommands
from zfdesk.desk.figure.preview import Preview
from zfdesk.desk.figure.templates_menu import TemplateCommands
from zfdesk.desk.settings import FIGURE_GEOMETRY, FIGURE_SPLIT
from zfdesk.desk.tasks import Progress
from zfdesk.desk.widgets.buttons import plain_button, tool_button
from zfdesk.desk.widgets.dialog import Dialog, open_dialog
from zfdesk.desk.widgets.menu import PopupMenu
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.theme import Colours, set_role
from zfdesk.pages.composition import Captures, captured_of, filled
from zfdesk.pages.panels import FIXED

LIST_MS = 500  # how often it is looked what can be had


class FigureBuilder(Dialog):
    """Stands beside the window, which goes on; what was captured from it stays as it was."""

    def __init__(self, context: AppContext) -> None:
        super().__init__(context, "Figure", ElidedLabel())
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.draft = Draft(first_figure(context))
        self.queue = CaptureQueue(context)
        self._waiting_refresh = False
        self._make_parts()
        self._lay_out()
        self._first_size()
        self._connect()
        self.show_sources()
        self.follow()
        self._list_clock.start()
        self.grid.setFocus()

    # Parts

    def _make_parts(self) -> None:
        self.panels = PanelList()
        self.preview = Preview(self.draft)
        self.view = self.preview.view
        self.grid = GridCanvas(self.draft, self.preview.thumbnail)
        self.grid.setToolTip("Drag to move, drag an edge to span cells, Delete removes; ? lists all keys")
        self.fields = Fields(self.draft)
        self.label_editor, self.page_editor = LabelEditor(self.grid), LabelEditor(self.view.canvas)
        self.frames = QLabel()
        self.frames.setAccessibleName("Of which frames the panels are")
        self._list_clock = QTimer(self, interval=LIST_MS)
        self.bench = bench = Bench(
            self.context, self, self.draft, self.queue, self.panels, self.grid, self.fields, self.preview,
            (self.label_editor, self.page_editor),
        )  # fmt: skip
        self.placing = PlacingCommands(bench)
        self.files, self.editing = FileCommands(bench), EditingCommands(bench)
        self.layouts, self.templates = LayoutCommands(bench), TemplateCommands(bench)
        self._receivers = CommandReceivers(self.editing, self.placing, self.files, self.grid, self.preview)

    def run(self, command: Command) -> None:
        """Do what the table names."""
        command.run(self._receivers)

    def _button(self, name: str, text: str) -> QPushButton:
        command = BY_ID[name]
        button = plain_button(text, hint(name), partial(self.run, command))
        button.setAccessibleName(command.text)
        return button

    def _menu_button(self, text: str, tip: str, fill: Callable[[PopupMenu], None]) -> QToolButton:
        button = tool_button(f"{text} ▾", tip, pops_up=True)
        button.setAccessibleName(text)
        menu = PopupMenu(button)
        menu.aboutToShow.connect(partial(fill, menu))
        button.setMenu(menu)
        return button

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(4)
        templates = self._menu_button("Template", "Begin with a page that is arranged", self.templates.fill_menu)
        layouts = self._menu_button("Layout", "Keep where the panels stand, for other views", self.layouts.fill_menu)
        self.undo_button, self.redo_button = self._button("undo", "↶ Undo"), self._button("redo", "↷ Redo")
        self.refresh_button = self._button("refresh-all", "⟳ Refresh all")
        self.buttons = {name: self._button(name, text) for name, text in (
            ("open", "Open…"), ("save", "Save…"), ("copy", "Copy"), ("export", "Export…"),
            ("export-all", "All formats…"),
        )}  # fmt: skip
        for tool in (templates, layouts, self.undo_button, self.redo_button, self.refresh_button):
            tools.addWidget(tool)
        tools.addStretch(1)
        for button in self.buttons.values():
            tools.addWidget(button)
        self.help = plain_button(" ? ", "All keys", self.show_keys)
        self.help.setAccessibleName("All keys")
        tools.addWidget(self.help)

        middle = QSplitter(Qt.Orientation.Vertical)
        middle.addWidget(self.grid)
        middle.addWidget(self.fields)
        middle.setStretchFactor(0, 3)
        middle.setStretchFactor(1, 2)
        middle.setChildrenCollapsible(False)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        for part, stretch in ((self.panels, 0), (middle, 4), (self.preview, 5)):
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
        self.draft.chosen_changed.connect(self.preview.show_chosen)
        self.panels.wanted.connect(self.placing.place)
        self.grid.placed.connect(self.placing.place)
        self.grid.label_asked.connect(self.editing.edit_label_of)
        self.grid.menu_asked.connect(self._show_menu)
        self.fields.refresh_asked.connect(self.placing.refresh_chosen)
        self.preview.drawn.connect(self._show_drawn)
        canvas = self.view.canvas
        canvas.picked.connect(lambda place: self.draft.choose(self.preview.slot_of(place)))
        canvas.edit_asked.connect(self.editing.edit_on_page)
        canvas.drag_asked.connect(self.files.drag_out)
        self.queue.changed.connect(self.show_progress)
        self._list_clock.timeout.connect(self.show_sources)
        self.desk.model_changed.connect(self.queue.clear_cache)

    def apply_theme(self, colours: Colours) -> None:
        """Take over a theme or another size of type."""
        for part in (self.grid, self.view.canvas):
            part.colours = colours
            part.update()
        self.panels.set_colours(colours)
        self.fields.apply_theme(colours)
        self._show_frames()

    def _first_size(self) -> None:
        room = self.context.window.screen().availableSize()
        em = self.context.window.fontMetrics().height()
        self.resize(min(104 * em, room.width() - 40), min(64 * em, room.height() - 60))
        self.splitter.setSizes([14 * em, 30 * em, 40 * em])
        geometry = self.context.recall(FIGURE_GEOMETRY)
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
            self.splitter.restoreState(self.context.recall(FIGURE_SPLIT))

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
        self.preview.draw()
        self.preview.show_chosen()

    def _show_frames(self) -> None:
        """Of which frames the panels are: more than one is worth a warning."""
        origins, coverings = self.draft.now.origins, self.draft.now.coverings
        text, amiss = f"all of {origins[0]}" if origins else "", len(origins) > 1 or coverings > 1
        if len(origins) > 1:
            named = [origin.removeprefix("frame ") for origin in origins[:4]]
            if len({origin.partition(" of ")[2] for origin in origins}) == 1:
                named = [name.partition(" ")[0] for name in named]
            text = f"⚠ panels of {len(origins)} frames: {', '.join(named)}{', …' if len(origins) > 4 else ''}"
        elif coverings > 1:
            text = f"⚠ panels of {origins[0]}, covered in {coverings} ways"
        self.frames.setText(text)
        self.frames.setToolTip("Refresh all takes every panel of one and the same moment." if amiss else "")
        set_role(self.frames, "error" if amiss else "quiet")

    def _show_drawn(self) -> None:
        self.preview.show_chosen()
        self.grid.update()

    def show_sources(self) -> None:
        """What can be had; and what could not be had before there was a picture is captured now."""
        sources = sources_of(self.context)
        self.panels.show_sources(sources)
        waits = any(slot.panel is None and not slot.reason for slot in self.draft.now.slots)
        if waits and sources.result is not None and not self._waiting_refresh:
            self._waiting_refresh = True
            self._fill_waiting()

    def _fill_waiting(self) -> None:
        def done(found: Captures | None, error: Exception | None) -> None:
            self._waiting_refresh = False
            if found is not None:
                only = [i for i, slot in enumerate(self.draft.now.slots) if slot.panel is None and not slot.reason]
                self.draft.replace(filled(self.draft.now, found, only))

        wanted = [slot.spec for slot in self.draft.now.slots]
        self.queue.submit(partial(captured_of, wanted), done)

    def show_progress(self) -> None:
        """Also while panels are being captured, of which nobody knows how long that lasts."""
        super().show_progress()
        if not self.busy and self.queue.busy:
            self.bar.show_progress(Progress())

    # Keys and the end

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        key = QKeySequence(QKeyCombination(event.keyCombination())).toString(QKeySequence.SequenceFormat.PortableText)
        command = by_key(key, self.grid.hasFocus())
        if command is not None:
            self.run(command)
        elif key == "Esc" and self.draft.chosen >= 0:
            self.draft.choose(-1)
        else:
            super().keyPressEvent(event)

    def _show_menu(self, index: int, where: QPoint) -> None:
        menu = PopupMenu(self)
        names = ("label", "refresh", "remove", "|", "higher", "wider", "lower", "narrower", "|") if index >= 0 else ()
        for name in (*names, "place", "insert-column", "insert-row", "|", "refresh-all", "clear"):
            if name == "|":
                menu.addSeparator()
                continue
            command = BY_ID[name]
            action = menu.addAction(command.text, partial(self.run, command))
            action.setText(f"{command.text}\t{command.keys[0]}")
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)

    def show_keys(self) -> None:
        """All keys, until something is clicked."""
        sheet = QLabel(keys_as_html(), self, Qt.WindowType.Popup)
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sheet.setAccessibleName("All keys")
        sheet.setObjectName("keys")
        sheet.resize(sheet.sizeHint())
        corner = self.help.mapToGlobal(QPoint(self.help.width(), self.help.height() + 4))
        sheet.move(corner - QPoint(sheet.width(), 0))
        sheet.show()

    def _remember(self) -> None:
        self.bench.commit()
        keep_figure(self.context, self.draft.now)
        self.context.remember(FIGURE_GEOMETRY, self.saveGeometry())
        self.context.remember(FIGURE_SPLIT, self.splitter.saveState())
        self.context.settings.sync()  # nothing is cleared up at the end of the process

    def _end(self) -> None:
        if not self.ended:
            self._remember()
            self._list_clock.stop()
            self.preview.stop()
            self.queue.stop()
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
