"""Teach: the user's own classes. A key held takes pictures, and within seconds the window answers with them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, Qt
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.teach.classifier import Taught
from zfdesk.desk.teach.controller import Teaching
from zfdesk.desk.teach.files import ClassPictures, last_classes_folder, read_pictures, unread_text
from zfdesk.desk.teach.rows import ClassRow
from zfdesk.desk.widgets.application import the_application
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.controls import Controls
from zfdesk.desk.widgets.held_keys import HeldKeys
from zfdesk.desk.widgets.images import image_array
from zfdesk.desk.widgets.menu import PopupMenu
from zfdesk.desk.widgets.pane import ElidedLabel, Pane
from zfdesk.desk.widgets.theme import Colours, set_role
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.engine import crop
from zfdesk.live import ClassSetError, Demand, Result
from zfdesk.live.class_set import BACKGROUND, LEAST_PICTURES
from zfdesk.progress import counted, percent_text

TEACH_KEYS = "123456789"
"""Held while the Teach pane has the focus: pictures for the first nine classes."""
INVITATION = (
    "Teach it your own classes: name two things or more, hold a key while the camera, a clip or a picture shows one of "
    "them, and within seconds every pane answers with your classes.\n\n"
    "All layers stay as they are; the softmax on top is taught anew (Section 5.2 of the paper)."
)


class TeachPane(Pane):
    """Classes, their pictures, and how well they are told apart."""

    title = "Teach"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.teaching = context.get(Teaching)
        self.rows: list[ClassRow] = []
        self.keys = HeldKeys(lambda event: self._key_of(event) is not None, self)
        self.keys.pressed.connect(lambda key: self.teaching.begin_burst(TEACH_KEYS.index(chr(key))))
        self.keys.released.connect(lambda _: self.teaching.end_burst())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.pages = QStackedWidget()
        self.pages.addWidget(self._invitation())
        self.pages.addWidget(self._list())
        self.state_line, self.hint = ElidedLabel(lines=2), ElidedLabel(lines=2)
        self.estimate = QLabel(wordWrap=True)
        for label, name in (
            (self.state_line, "What was taught"), (self.estimate, "Estimate of how well"), (self.hint, "Hint"),
        ):  # fmt: skip
            label.setAccessibleName(name)
        set_role(self.hint, "quiet")
        self.body.addWidget(self._controls())
        self.body.addWidget(self.pages, 1)
        for label in (self.state_line, self.estimate, self.hint):
            self.body.addWidget(label)
        self.teaching.changed.connect(self.show_classes)
        the_application().focusChanged.connect(self._focus_moved)
        self.setMinimumHeight(80)
        self.show_classes()

    def demand(self, demand: Demand) -> Demand:
        return replace(demand, features=True)

    def run_action(self, name: str, _: bool = False) -> None:
        """Do what the action of that id does."""
        self.context.get(ActionTable).run(name)

    def _invitation(self) -> QWidget:
        page = QWidget()
        label = QLabel(INVITATION, wordWrap=True)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.begin = QPushButton("Begin: two classes and “nothing”")
        self.begin.clicked.connect(self._begin)
        self.open = QPushButton("Open a folder of classes…")
        self.open.clicked.connect(partial(self.run_action, "teach-import"))
        self.last = QPushButton("Go on with the last lesson")
        self.last.clicked.connect(partial(self.run_action, "teach-last"))
        self.last.setVisible(last_classes_folder().is_dir())
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        layout.addWidget(label)
        for button in (self.begin, self.open, self.last):  # one below the other: the pane may be narrow
            button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            button.setMinimumWidth(80)
            layout.addWidget(button, alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        return _scrolled(page)

    def _list(self) -> QWidget:
        inner = QWidget()
        self.column = QVBoxLayout(inner)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(2)
        self.column.addStretch(1)
        self.area = _scrolled(inner)
        return self.area

    def _controls(self) -> Controls:
        controls = Controls(self)
        self.buttons: dict[str, QToolButton] = {}
        table = self.context.get(ActionTable)
        for name, text in (
            ("teach-add", "+ class"), ("teach-background", f"+ “{BACKGROUND}”"), ("teach-undo", "↶"),
            ("teach-original", "your classes"), ("teach-save", "keep…"),
        ):  # fmt: skip
            hint, label, marked = table.hint(name), table.find(name).text, name == "teach-original"
            self.buttons[name] = controls.add_button(text, hint, partial(self._ask, name), label, checkable=marked)
        more = tool_button("⋯", "Open or save a folder of classes, forget all", pops_up=True)
        self.menu = PopupMenu(more)
        for name in ("teach-import", "teach-last", "teach-export", "teach-clear"):
            self.menu.addAction(table.find(name).text, partial(self.run_action, name))
        more.setMenu(self.menu)
        controls.add(more, "More of teaching")
        return controls

    def _ask(self, name: str) -> None:
        self.run_action(name)
        self._show_state()  # Qt has toggled the mark whether or not anything changed

    def _begin(self) -> None:
        for name in ("class", "class", BACKGROUND):
            self.teaching.add(name)
        self.teaching.choose(0)
        self.setFocus()

    def edit_name(self) -> None:
        """The cursor into the chosen class's name, all of it to be typed over."""
        if self.rows:
            field = self.rows[self.teaching.chosen].name
            field.setFocus()
            field.selectAll()

    # What is shown

    def show_classes(self) -> None:
        """Follow the classes and what was taught."""
        teaching, class_set = self.teaching, self.teaching.class_set
        if len(self.rows) != len(class_set.classes):
            self._renew_rows(len(class_set.classes))
        for index, known in enumerate(class_set.classes):
            self.rows[index].show_class(known, index == teaching.chosen, index == teaching.burst_class)
        self.pages.setCurrentIndex(1 if class_set.classes else 0)
        self._show_state()

    def _renew_rows(self, count: int) -> None:
        while len(self.rows) > count:
            row = self.rows.pop()
            self.column.removeWidget(row)
            row.hide()
            row.deleteLater()
        while len(self.rows) < count:
            row = ClassRow(self.teaching, self.run_action, len(self.rows), self.setFocus)
            row.dropped.connect(self.add_dropped)
            row.setParent(self.area.widget())
            self.column.insertWidget(len(self.rows), row)
            self.rows.append(row)
            if self._colours is not None:
                self.set_colours(self._colours)

    _colours: Colours | None = None

    def set_colours(self, colours: Colours) -> None:
        self._colours = colours
        super().set_colours(colours)

    def _show_state(self) -> None:
        teaching, class_set = self.teaching, self.teaching.class_set
        self.buttons["teach-undo"].setEnabled(teaching.can_undo)
        self.buttons["teach-save"].setEnabled(teaching.taught is not None)
        switch = self.buttons["teach-original"]
        switch.setEnabled(teaching.taught is not None)
        switch.setChecked(teaching.in_use)
        architecture = teaching.base.architecture
        name = teaching.base.name or architecture.name
        if architecture.teachable:
            covered = ": the occluder is left out" if self.desk.view.occluders else ", never an occluder"
            pictures = counted(class_set.pictures, "picture")
            self.facts.say(
                f"{pictures} · {architecture.feature_layer} of {name} · the crop is taught{covered}",
                f"{pictures} · the crop is taught{covered}",
            )
        else:
            self.facts.say(f"{name} does not end with a softmax on a linear layer: it cannot be taught other classes.")
        self.state_line.say(self._state_text())
        estimate = estimate_text(teaching.taught)
        if estimate != self.estimate.text():
            self.estimate.setText(estimate)
        self.hint.say(self._hint_text())

    def _state_text(self) -> str:
        teaching = self.teaching
        taught = teaching.taught
        if teaching.error and not teaching.busy:
            return f"⚠ {teaching.error}"
        if taught is None:
            if teaching.busy:
                return "Teaching…"
            lacking = max(2 - len(teaching.class_set.taught), 0)
            if lacking and teaching.suspended is not None:
                name = teaching.base.name or "The original network"
                return f"{name} answers again: it takes two classes with {LEAST_PICTURES} pictures each."
            if not teaching.class_set.classes or not lacking:
                return ""
            return f"It begins by itself when two classes have {LEAST_PICTURES} pictures each."
        classes = len(taught.model.classes)
        text = f"Taught {classes} classes with {taught.pictures} pictures in {taught.seconds:.1f} s"
        if teaching.busy:
            return f"{text} · teaching what is new…"
        return text if teaching.in_use else f"{text} · {teaching.base.name or 'the original network'} answers now"

    def _hint_text(self) -> str:
        count = min(len(self.teaching.class_set.classes), len(TEACH_KEYS))
        if not count:
            return ""
        if self.teaching.burst_class is not None:
            return "● Every new frame is taken until you let go. Turn the thing, come nearer, change the light."
        keys = "1" if count == 1 else f"1 to {count}"
        if self.isAncestorOf(QApplication.focusWidget() or self) or self.hasFocus():
            return f"Hold {keys} while the picture shows the thing."
        return f"Click here, then hold {keys}; or hold a button."

    def show_result(self, result: Result) -> None:
        answers = self._answers(result)
        for row, known in zip(self.rows, self.teaching.class_set.classes, strict=False):
            row.answer.show_value(answers.get(known.name))

    def _answers(self, result: Result) -> dict[str, float]:
        taught = self.teaching.taught
        if taught is None or result.request.model is not taught.model:
            return {}
        return dict(zip(taught.model.classes, result.probabilities.tolist(), strict=True))

    def show_view(self) -> None:
        self._show_state()

    def show_facts(self) -> None:
        self._show_state()

    def as_data(self) -> str:
        if not self.teaching.class_set.classes:
            return ""
        answers = self._answers(self.desk.result) if self.desk.result else {}
        rows = [
            (
                index + 1,
                known.name,
                len(known.samples),
                len({sample.burst for sample in known.samples}),
                answers.get(known.name, ""),
            )
            for index, known in enumerate(self.teaching.class_set.classes)
        ]
        return table_text(("key", "class", "pictures", "holds", "probability"), rows)

    # Keys

    def _key_of(self, event: QKeyEvent) -> int | None:
        """The class that a key means; None for any other key."""
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        index = TEACH_KEYS.find(chr(event.key())) if plain and event.key() < 128 else -1
        return index if 0 <= index < len(self.teaching.class_set.classes) else None

    def event(self, event: QEvent) -> bool:
        """The digits are its own while it has the focus."""
        asked = event.type() == QEvent.Type.ShortcutOverride
        if asked and isinstance(event, QKeyEvent) and self._key_of(event) is not None:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if not self.keys.handle(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if not self.keys.handle(event):
            super().keyReleaseEvent(event)

    def _focus_moved(self, old: QWidget | None, new: QWidget | None) -> None:
        """A key that is let go of elsewhere is not heard here."""
        if not (new is self or (new is not None and self.isAncestorOf(new))):
            self.keys.release()
        self.hint.say(self._hint_text())

    # Dropped pictures

    def add_dropped(self, index: int, data: QMimeData) -> None:
        """Files, folders or a picture for a class."""
        paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []
        size, view = self.desk.model.architecture.size, self.desk.view
        if paths:
            work = partial(read_pictures, paths, view.crop, size)
            self.desk.tasks.run("teach drop", work, partial(self._dropped, index), owner=self)
        elif data.hasImage() and isinstance(data.imageData(), QImage) and not data.imageData().isNull():
            pixels = image_array(data.imageData())
            self.teaching.add_pictures(index, [crop(pixels, view.crop.box(*pixels.shape[:2]), size)])
        else:
            self.desk.message.emit("There is no picture in what was dropped.", True)

    def _dropped(self, index: int, found: ClassPictures | None, error: Exception | None) -> None:
        if index >= len(self.teaching.class_set.classes):
            return
        if found is None:
            sentence = str(error) if isinstance(error, ClassSetError) else f"The pictures could not be read ({error})."
            self.desk.message.emit(sentence, True)
            return
        if found.pictures:
            class_set = self.teaching.class_set
            samples = self.teaching.samples_of(found.pictures, found.bursts)
            self.teaching.attempt(lambda: class_set.add_samples(index, samples), index)
        if not found.pictures or found.unread:
            sentences = unread_text(found.unread) or ["There is no picture in what was dropped."]
            self.desk.message.emit(" ".join(sentences), True)


def _scrolled(inner: QWidget) -> QScrollArea:
    """In a frame that scrolls up and down and asks for no width of its own."""
    area = QScrollArea(widgetResizable=True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inner)
    return area


def estimate_text(taught: Taught | None) -> str:
    """How well pictures are told that were left out, and what that is worth."""
    if taught is None:
        return ""
    if taught.left_out is None:
        return "No estimate yet: hold each key a second time, at another moment. Neighbouring frames are near-copies."
    tried, once = sum(taught.left_out.tried), sum(not count for count in taught.left_out.tried)
    alone = f" {once} held once only: not tried." if once else ""
    return (
        f"Estimate: {percent_text(taught.left_out.share)} of {counted(tried, 'picture')} told rightly, each hold left "
        f"out in turn, since neighbouring frames are near-copies.{alone}"
    )


__all__ = ["TeachPane", "estimate_text"]
