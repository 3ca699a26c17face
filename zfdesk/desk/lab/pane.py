"""The lab: what is to be made, how far it is, and the pictures with all that decides them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolButton, QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.lab.controller import Lab
from zfdesk.desk.lab.files import ask_to_save
from zfdesk.desk.lab.form import Form
from zfdesk.desk.lab.made_pictures_view import MadePicturesView
from zfdesk.desk.lab.maximise_form import MaximiseForm
from zfdesk.desk.lab.picture_forms import DreamForm, FoolForm, InversionForm, StyleForm, TextureForm
from zfdesk.desk.widgets.buttons import ThinBar, tool_button
from zfdesk.desk.widgets.controls import Choice, Controls
from zfdesk.desk.widgets.menu import PopupMenu
from zfdesk.desk.widgets.pane import ElidedLabel, Pane
from zfdesk.desk.widgets.theme import Colours, set_role
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.progress import counted
from zfdesk.synthesis.orders import State

LOW = 30  # lines of the pane's height below which its description has fewer lines
LEAST_LINES, MOST_LINES = 2, 8
PAUSE, GO_ON = "❚❚", "▶"
FORMS: tuple[Callable[[AppContext], Form], ...] = (
    MaximiseForm,
    FoolForm,
    DreamForm,
    InversionForm,
    TextureForm,
    StyleForm,
)
"""In the order in which they are offered."""


class _PauseButton(QToolButton):
    """As wide as the wider of its two signs: what stands beside it stays there."""

    def sizeHint(self) -> QSize:  # noqa: N802
        metrics, hint = self.fontMetrics(), super().sizeHint()
        widest = max(metrics.horizontalAdvance(sign) for sign in (PAUSE, GO_ON))
        return QSize(hint.width() + widest - metrics.horizontalAdvance(self.text()), hint.height())


class LabPane(Pane):
    """One method at a time; its last pictures stay until others are made, and undo comes back to them."""

    title = "Lab"
    two_lines = True

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.lab = context.get(Lab)
        self.forms = {form.title: form for form in (make(context) for make in FORMS)}
        self.method = Choice({title: title for title in self.forms}, "What is made")
        self.method.chosen.connect(self.show_form)
        self.body.addWidget(self._buttons())
        for form in self.forms.values():
            self.body.addWidget(form)
        self.bar, self.state_line = ThinBar("How far the picture is"), ElidedLabel()
        self.state_line.setAccessibleName("State of the making")
        self.grid = MadePicturesView()
        self.grid.setAccessibleName("Made pictures")
        self.grid.picked.connect(self._select)
        self.grid.picture_hovered.connect(self._hover)
        self.description = QLabel(wordWrap=True)
        self.description.setAccessibleName("All that decides the pictures")
        self.description.setTextFormat(Qt.TextFormat.PlainText)
        self.description.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.description.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.description.setAlignment(Qt.AlignmentFlag.AlignTop)
        set_role(self.description, "quiet")
        self.body.addWidget(self.bar)
        self.body.addWidget(self.state_line)
        self.body.addWidget(self.grid, 1)
        self.body.addWidget(self.description)
        self._hovered: int | None = None
        self.show_form(next(iter(self.forms)))
        self.lab.changed.connect(self.renew)
        self.lab.changed.connect(context.redrawn)

    def _buttons(self) -> Controls:
        self.make = self._button("Make", "Make the pictures; what runs is cancelled", self.begin)
        self.pause = self._button(PAUSE, "Let it wait, or go on", self.lab.pause, _PauseButton())
        self.cancel = self._button("✕", "Cancel: end it; the last picture stays, marked", self.lab.cancel)
        self.undo = self._button("↶", "The pictures before", self.lab.undo)
        self.redo = self._button("↷", "The pictures after", self.lab.redo)
        self.use = tool_button("Use ▾", "Look at the picture, compare it, save it", pops_up=True)
        menu = PopupMenu(self.use)
        self.look_at = menu.addAction("Look at it: the window's picture")
        self.look_at.triggered.connect(lambda _=False: self.lab.look_at(self._chosen_picture()))
        self.compare = menu.addAction("A | B: before and after")
        self.compare.triggered.connect(lambda _=False: self.lab.compare())
        menu.addAction("Save as PNG…").triggered.connect(lambda _=False: ask_to_save(self.context))
        self.use.setMenu(menu)
        strip = Controls()
        for widget, name in (
            (self.method, "What is made"), (self.make, "Make"), (self.pause, "Pause or continue"),
            (self.cancel, "Cancel"), (self.undo, "Pictures before"), (self.redo, "Pictures after"),
            (self.use, "Use the picture"),
        ):  # fmt: skip
            strip.add(widget, name)
        return strip

    def _button(
        self, text: str, hint: str, action: Callable[[], object], button: QToolButton | None = None
    ) -> QToolButton:
        button = button or tool_button(text)
        button.setText(text)
        button.setToolTip(hint)
        button.clicked.connect(lambda _=False: action())
        return button

    @property
    def form(self) -> Form:
        """That of the method in use."""
        return self.forms[self.method.chosen_value]

    def show_form(self, title: str) -> None:
        """Choose a method."""
        self.method.show_value(title)
        for name, form in self.forms.items():
            form.setVisible(name == title)
        self.form.follow()
        self.renew()

    def begin(self) -> None:
        """Make what the form says; what cannot be made is told, and nothing changes."""
        try:
            order = self.form.order()
        except ValueError as error:
            self.context.show_message(str(error), error=True)
            return
        self.lab.start(order)

    # What is shown

    def show_view(self) -> None:
        self.form.follow()

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        self._fit_description()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_description()

    def _fit_description(self) -> None:
        """In a low pane the pictures have the room, and the description is a tool tip from its third line on."""
        line = self.description.fontMetrics().lineSpacing()
        lines = LEAST_LINES if self.height() < LOW * line else MOST_LINES
        self.description.setMaximumHeight(lines * line + 2)

    def set_colours(self, colours: Colours) -> None:
        super().set_colours(colours)
        self.renew()

    def renew(self) -> None:
        """Show what is new."""
        lab, made = self.lab, self.lab.made
        self.grid.show_made(made, self.form.hint, lab.stale)
        self.bar.show_progress(lab.progress)
        self.pause.setText(GO_ON if lab.paused else PAUSE)
        self.pause.setToolTip("Go on" if lab.paused else "Let it wait")
        for button, enabled in (
            (self.pause, lab.running), (self.cancel, lab.running), (self.undo, lab.history.can_undo),
            (self.redo, lab.history.can_redo), (self.use, made is not None),
            (self.compare, made is not None and made.description.before >= 0),
        ):  # fmt: skip
            button.setEnabled(enabled)
        text = " ".join((*made.sketch.notes, made.description.text)) if made is not None else ""
        self.description.setText(text)
        self.description.setToolTip(text)
        self.description.setVisible(made is not None)
        self.show_facts()

    def show_facts(self) -> None:
        made = self.lab.made
        parts = [f"{made.description.method} · {made.description.title}"] if made is not None else ["nothing made yet"]
        if made is not None and made.state_text and made.state is not State.RUNNING:
            parts.insert(0, made.state_text.upper())
        self.facts.say(" · ".join(parts))
        self.state_line.say(self._state_text())

    def _state_text(self) -> str:
        lab, made = self.lab, self.lab.made
        if self._hovered is not None and made is not None and self._hovered < len(made.names):
            return made.names[self._hovered]
        if lab.running:
            progress = lab.progress
            position = (
                f"step {progress.done} of {progress.total}" if progress is not None and progress.total else "begins…"
            )
            return f"paused at {position}" if lab.paused else position
        if lab.error:
            return lab.error
        return "" if made is None else made.state_text or f"done: {counted(made.sketch.steps, 'step')}"

    def _chosen_picture(self) -> int:
        """The number of the picture that is meant: the one that is shown alone, else what was made."""
        shown = self.grid.shown
        made = self.lab.made
        return shown[0] if len(shown) == 1 or made is None else made.description.after

    def _hover(self, number: int | None) -> None:
        if number != self._hovered:
            self._hovered = number
            self.show_facts()

    def _select(self, number: int) -> None:
        """The unit that a picture was made for becomes the selected one."""
        made, view = self.lab.made, self.desk.view
        if made is None or len(made.description.targets) <= number or made.description.network != self.lab.network:
            return
        layer, unit = made.description.targets[number]
        if (layer, unit) != (view.layer, view.unit):
            self.desk.change(view.change(layer=layer, unit=unit, position=None))

    def as_data(self) -> str:
        """A line for each picture: its name and what it reached."""
        made = self.lab.made
        if made is None:
            return ""
        values = made.sketch.values.tolist()
        rows = [(number, name, value) for number, (name, value) in enumerate(zip(made.names, values, strict=True))]
        return table_text(("picture", "name", "value"), rows)


__all__ = ["FORMS", "LabPane"]
