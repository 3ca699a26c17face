"""What to record, as what kind of film, how fast, how long, how large; a text says what that means."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Panes
from zfdesk.desk.path_player import STILL, PathPlayer
from zfdesk.desk.recording.controller import FIGURE, WINDOW, Films, RecordingPlan
from zfdesk.desk.settings import FILM_AMOUNT, FILM_CHOICE, FILM_PARTS, FILM_RATE
from zfdesk.desk.widgets.controls import Choice
from zfdesk.desk.widgets.dialog import Dialog, open_dialog
from zfdesk.desk.widgets.numbers import DecimalSpinBox
from zfdesk.desk.widgets.save_dialog import ask_where
from zfdesk.desk.widgets.theme import Colours, set_role
from zfdesk.film import FORMATS, FilmError, Quality
from zfdesk.film.formats import FASTEST_GIF
from zfdesk.pages.film_page import PART_LABELS, PARTS
from zfdesk.progress import counted

SUFFIXES = {"mp4": ".mp4", "webp": ".webp", "gif": ".gif", "png": ""}
QUALITY_LABELS = {Quality.SMALL: "small file", Quality.GOOD: "good", Quality.BEST: "best"}
SCALES = {0.5: "half as large", 1.0: "as on screen", 1.5: "1.5 times as large", 2.0: "twice as large"}
WIDTHS = {640: "640 pixels wide", 960: "960 pixels wide", 1280: "1280 pixels wide", 1920: "1920 pixels wide"}
LENGTHS = {"": "it ends or is stopped", "seconds": "seconds", "frames": "frames"}
LIVE_TEXT = (
    "What is seen, as fast as it is seen: every frame has the time at which it was shown. Frames that the computer is "
    "too slow for are left out, and counted."
)
FIGURE_TEXT = "A figure takes a tenth of a second to draw, so many will be left out."
STEP_TEXT = (
    "The source waits: frame after frame is computed, drawn and kept. That takes longer than the film lasts, and "
    "nothing is left out."
)


class RecordingDialog(Dialog):
    """The choices, and a button that asks for a name and begins."""

    def __init__(self, context: AppContext) -> None:
        super().__init__(context, "Record a film")
        panes = {pane.title: f"the pane “{pane.title}”" for pane in context.get(Panes).all}
        self.subject = Choice({WINDOW: "the whole window", FIGURE: "a figure", **panes}, "What is in the picture")
        self.parts = {part: _check_button(PART_LABELS[part]) for part in PARTS}
        self.ways = Choice(
            {True: "live", False: "every frame"}, "In real time, or as slowly as it takes to leave nothing out"
        )
        self.says = QLabel(wordWrap=True)
        self.says.setAccessibleName("What that means")
        set_role(self.says, "quiet")
        self.replay = _check_button("")
        self.start = Choice({True: "from its beginning", False: "from what is shown"}, "Where in the source to begin")
        self.form = Choice(FORMATS, "Kind of film")
        self.rate = DecimalSpinBox(minimum=0.5, maximum=60, decimals=1, value=25, suffix=" frames a second")
        self.length = Choice(LENGTHS, "When the recording ends by itself")
        self.amount = DecimalSpinBox(minimum=1, maximum=100_000, decimals=0, value=10)
        self.scale = Choice(SCALES, "Size of the film")
        self.width_choice = Choice(WIDTHS, "Size of the film")
        self.quality = Choice(QUALITY_LABELS, "How much fineness is kept, for a larger file; PNGs keep all")
        self._build()
        self._restore()
        for choice in (self.subject, self.ways, self.form, self.length):
            choice.chosen.connect(lambda _: self._follow_choices())
        self.replay.toggled.connect(self._on_replay_toggled)
        for connected in (self.desk.view_changed, self.desk.source_changed, context.get(PathPlayer).changed):
            connected.connect(self._follow_choices)
        self._suggest_way()
        self._follow_choices()
        self.subject.setFocus()

    def _build(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight)
        parts = QWidget()
        boxes = QGridLayout(parts)
        boxes.setContentsMargins(0, 0, 0, 0)
        boxes.setSpacing(3)
        for place, box in enumerate(self.parts.values()):
            box.setAutoDefault(False)
            boxes.addWidget(box, *divmod(place, 3))
        self.replay.setAutoDefault(False)
        self._form = form
        self.rows: dict[str, QWidget] = {}
        for label, widget in (
            ("Record", self.subject), ("made of", parts), ("How", self.ways), ("", self.says), ("", self.replay),
            ("Begin", self.start), ("As", self.form), ("At most", self.rate),
            ("Until", _beside(self.amount, self.length)), ("Size", self.scale), ("Width", self.width_choice),
            ("Quality", self.quality),
        ):  # fmt: skip
            form.addRow(label, widget)
            if label:
                self.rows[label] = widget
        for name, control in (
            ("What to record", self.subject), ("Live or every frame", self.ways), ("Begin", self.start),
            ("Kind of film", self.form), ("Frames a second", self.rate), ("Ends after", self.length),
            ("How many", self.amount), ("Size", self.scale), ("Width", self.width_choice), ("Quality", self.quality),
        ):  # fmt: skip
            control.setAccessibleName(name)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.begin = self.buttons.addButton("Record…", QDialogButtonBox.ButtonRole.AcceptRole)
        self.begin.setDefault(True)
        self.buttons.accepted.connect(self.ask)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.message)
        layout.addStretch(1)
        layout.addWidget(self.buttons)

    def apply_theme(self, colours: Colours) -> None:
        """Room for the words in the size of the type."""
        em = self.context.window.fontMetrics().height()
        self.setMinimumWidth(30 * em)
        self.says.setMinimumWidth(25 * em)
        self.says.setMinimumHeight(4 * em)  # nothing jumps when the other way is chosen

    # Choices

    def _suggest_way(self) -> None:
        """A source that waits for nobody is recorded live; one that waits, frame by frame."""
        kind = self.desk.view.source.kind
        stepped = kind in ("clip", "folder") and not self.desk.view.frozen
        path = self.context.get(PathPlayer).replay is not None
        self.ways.show_value(not (stepped or (path and self._is_still())))
        self.replay.setChecked(path and self._is_still())

    def _is_still(self) -> bool:
        return self.desk.view.frozen or self.desk.view.source.kind in STILL

    def _on_replay_toggled(self, on: bool) -> None:
        if on and self._is_still():
            self.ways.show_value(False)
        self._follow_choices()

    def _follow_choices(self) -> None:
        """What belongs together is shown together."""
        if self._ended:
            return
        figure, live = self.subject.chosen_value == FIGURE, self.ways.chosen_value
        form = self.form.chosen_value
        kind = self.desk.view.source.kind
        path = self.context.get(PathPlayer).replay
        show = self._form.setRowVisible
        show(self.rows["made of"], figure)
        show(self.rows["Width"], figure)
        show(self.rows["Size"], not figure)
        show(self.rows["Begin"], not live and kind in ("clip", "folder", "demo", "pattern") and not self._is_still())
        show(self.rows["At most"], bool(live) or (kind == "folder" and not self._is_still()))
        show(self.rows["Quality"], form in ("mp4", "webp"))
        show(self.replay, path is not None)
        if path is not None:
            self.replay.setText(
                f"replay the drag path: {counted(len(path.moments), 'position')}, {path.duration:.1f} s"
            )
        self.says.setText((f"{LIVE_TEXT} {FIGURE_TEXT}" if figure else LIVE_TEXT) if live else STEP_TEXT)
        self.rate.setMaximum(FASTEST_GIF if form == "gif" else 60)
        self.amount.setVisible(self.length.chosen_value != "")
        reason = self.why_not()
        self.say(reason, bool(reason))
        self.message.setVisible(bool(reason))
        self.begin.setEnabled(not reason)
        self.adjustSize()

    def why_not(self) -> str:
        """Why what is chosen cannot be recorded, "" where it can."""
        if self.subject.chosen_value == FIGURE and not self.chosen_parts:
            return "Choose what the figure is made of."
        if self.ways.chosen_value:
            return ""
        kind, replayed = self.desk.view.source.kind, self._replays
        if self._is_still() and not replayed:
            return "One picture makes no film frame by frame: record and replay a drag path, or record live."
        if kind == "camera" and not self._is_still():
            return "A camera waits for nobody: record it live."
        if kind in ("demo", "pattern") and not self._is_still() and not replayed and self.length.chosen_value == "":
            return "This source has no end: choose how long the film is."
        return ""

    @property
    def _replays(self) -> bool:
        return self.replay.isChecked() and self.context.get(PathPlayer).replay is not None

    @property
    def chosen_parts(self) -> tuple[str, ...]:
        """Of the figure, in their order."""
        return tuple(part for part, box in self.parts.items() if box.isChecked())

    def plan(self, path: Path) -> RecordingPlan:
        """What is chosen, as a plan."""
        length, amount = self.length.chosen_value, self.amount.value()
        return RecordingPlan(
            path, self.subject.chosen_value, self.chosen_parts, int(self.width_choice.chosen_value),
            float(self.scale.chosen_value), self.rate.value(), Quality(self.quality.chosen_value),
            self.ways.chosen_value, self._replays, self.start.chosen_value,
            amount if length == "seconds" else None, int(amount) if length == "frames" else None,
        )  # fmt: skip

    # Begin

    def ask(self) -> None:
        """Ask for a name and begin."""
        form = self.form.chosen_value
        suffix = SUFFIXES[form]
        kinds = f"{FORMATS[form]} (*{suffix})" if suffix else FORMATS[form]
        name, _ = ask_where(self.context, "Record to", f"zfdesk-film{suffix}", kinds, suffix, self, self.say)
        if name:
            self.record_to(Path(name))

    def record_to(self, path: Path) -> None:
        """Begin; the dialog goes when that worked."""
        self.context.remember_folder(str(path))
        self._remember()
        plan = self.plan(path)
        self.hide()  # before the first frame, so that it does not lie over what is recorded
        try:
            self.context.get(Films).start(plan)
        except FilmError as error:
            self.show()
            self.say(str(error), True)
        else:
            self.accept()

    def _remember(self) -> None:
        for name, choice in self._choices.items():
            self.context.remember(FILM_CHOICE.of(name), choice.currentText())
        self.context.remember(FILM_PARTS, ",".join(self.chosen_parts))
        self.context.remember(FILM_RATE, self.rate.value())
        self.context.remember(FILM_AMOUNT, self.amount.value())

    def _restore(self) -> None:
        recall = self.context.recall
        for name, choice in self._choices.items():
            place = choice.findText(recall(FILM_CHOICE.of(name)))
            first = {"width": 1, "scale": 1, "quality": 1}.get(name, 0)
            choice.setCurrentIndex(place if place >= 0 else first)
        parts = recall(FILM_PARTS).split(",")
        for part, box in self.parts.items():
            box.setChecked(part in parts)
            box.toggled.connect(self._follow_choices)
        for setting, spin in ((FILM_RATE, self.rate), (FILM_AMOUNT, self.amount)):
            spin.setValue(recall(setting) or spin.value())

    @property
    def _choices(self) -> dict[str, QComboBox]:
        return {
            "subject": self.subject, "form": self.form, "length": self.length, "scale": self.scale,
            "width": self.width_choice, "quality": self.quality,
        }  # fmt: skip


def _check_button(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setCheckable(True)
    return button


def _beside(*widgets: QWidget) -> QWidget:
    whole = QWidget()
    row = QHBoxLayout(whole)
    row.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch(1)
    return whole


def show_recording_dialog(context: AppContext) -> RecordingDialog:
    """Open the dialog, or bring it to the front."""
    dialog = open_dialog(RecordingDialog, context)
    if dialog is None:
        dialog = RecordingDialog(context)
        dialog.show()
    return dialog
