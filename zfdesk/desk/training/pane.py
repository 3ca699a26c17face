"""A training run watched: curves, spread of values, snapshots under a scrubber, and Fig. 4; also while it goes on."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QLabel,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from zfdesk.desk.context import AppContext
from zfdesk.desk.settings import TRAINING_RUN
from zfdesk.desk.training.curves import CurvesView
from zfdesk.desk.training.figure import ask_for_figure, save_figure
from zfdesk.desk.training.histograms import StripsView, bands_of
from zfdesk.desk.training.run_texts import run_error_text, run_progress_text, run_state_text
from zfdesk.desk.training.scrubber import Scrubber
from zfdesk.desk.training.snapshot_view import SnapshotView
from zfdesk.desk.training.snapshots import Looker, Reading, SnapshotLook, SnapshotRequest, read_again, weight_layers
from zfdesk.desk.training.unit_search import Columns
from zfdesk.desk.training.units import UnitsView
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.combo_box import ComboBox
from zfdesk.desk.widgets.controls import Choice, Controls
from zfdesk.desk.widgets.pane import ElidedLabel, Pane
from zfdesk.desk.widgets.theme import Colours, set_role
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.engine import ARCHITECTURES, Conv, Model
from zfdesk.weights import load

READ_EVERY_MS = 2000
MOST_LOOKS = 48  # kept: half a megabyte each
ASPECTS = (0.5, 0.7, 1.0, 1.4, 2.0)  # of the mosaic of maps: few, so that a resized pane asks seldom for another
VIEWS = {"curves": "curves", "spread": "spread", "snapshot": "snapshot", "units": "units (Fig. 4)"}
INVITATION = (
    "What does a network learn, and when?\n\nOpen the folder of a training run, also of one that is still going on: "
    "loss and accuracy, the spread of weights, activations and gradients, filters, maps and reconstructions at each "
    "snapshot, and the evolution of units (Fig. 4). Or drop the folder onto the window."
)


class TrainingPane(Pane):
    """Everything is read and computed off this thread, by `TaskRunner`. Each choice has a number, and what comes for an
    earlier one is not drawn."""

    title = "Training"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.settings = context.settings
        self.folder: Path | None = None
        self.reading: Reading | None = None
        self.error = ""
        self.epoch = -1
        self.unit = -1
        self._looks: dict[tuple[object, ...], SnapshotLook] = {}
        self._looker = Looker()
        self._choice = 0  # its number
        self._reading = self.looking = self._using = False
        self._search_folder = ""
        self._drawn: tuple[object, ...] = ()
        self._follow = True  # the newest snapshot, as long as nobody chose another
        self._make()
        context.inputs.append(lambda: [str(self.folder)] if self.folder else [])
        self.clock = QTimer(self, interval=READ_EVERY_MS)
        self.clock.timeout.connect(self.read)
        context.closing.connect(self.end)
        self._show_state()

    # Making

    def _make(self) -> None:
        self.view_choice = Choice(VIEWS, "What is shown of the run")
        self.view_choice.chosen.connect(lambda _: self._show_chosen())
        self.layer_choice = ComboBox()
        self.layer_choice.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToContents)
        self.layer_choice.setToolTip("The layer whose values, maps or units are shown")
        self.layer_choice.activated.connect(lambda _: self._choose_layer())
        self.open_button = _button("Open run…", "Open the folder of a training run")
        self.open_button.clicked.connect(self.ask_for_run)
        self.search_button = _button(
            "Search pictures…", "Find the strongest activations of these units over a folder of pictures"
        )
        self.search_button.clicked.connect(self.ask_for_pictures)
        self.figure_button = _button(
            "Figure…", "Save the run as a figure: PDF, SVG or PNG, as `zfdesk figure training`"
        )
        self.figure_button.clicked.connect(self.ask_for_figure)
        self.use_button = _button("Use this network", "Switch the window to the network of this snapshot")
        self.use_button.clicked.connect(self.use_network)
        self.controls = Controls(self)
        for widget, name in (
            (self.open_button, "Open the folder of a training run"), (self.view_choice, "What is shown"),
            (self.layer_choice, "Layer"), (self.search_button, "Search pictures for the strongest activations"),
            (self.figure_button, "Save the run as a figure"), (self.use_button, "Use the network of this snapshot"),
        ):  # fmt: skip
            self.controls.add(widget, name)
        self.state_line = ElidedLabel()
        self.state_line.setAccessibleName("State of the run")
        self.curves, self.strips, self.snapshot, self.units = CurvesView(), StripsView(), SnapshotView(), UnitsView()
        self.strips.picked.connect(self.choose_epoch)
        self.snapshot.unit_picked.connect(self.choose_unit)
        self.units.picked.connect(self._pick_tile)
        self.views: dict[str, QWidget] = {
            "curves": self.curves, "spread": self.strips, "snapshot": self.snapshot, "units": self.units
        }  # fmt: skip
        self.stack = QStackedWidget()
        self.stack.addWidget(self._invitation())
        for view in self.views.values():
            self.stack.addWidget(view)
        self.body.addWidget(self.controls)
        self.body.addWidget(self.state_line)
        self.body.addWidget(self.stack, 1)
        self.scrubber = Scrubber(lambda: self.shown == "snapshot" and self.looking)
        self.scrubber.moved.connect(self._scrub)
        self.columns = Columns(self.desk, self.units)
        self.columns.failed.connect(self._show_error)
        self.body.addWidget(self.scrubber)

    def _invitation(self) -> QWidget:
        page = QWidget()
        label = QLabel(INVITATION, wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        label.setMinimumWidth(80)
        self.begin = QPushButton("Open a training run…")
        self.begin.setAccessibleName("Open the folder of a training run")
        self.begin.clicked.connect(self.ask_for_run)
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        layout.addWidget(label)
        layout.addSpacing(10)
        layout.addWidget(self.begin, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(2)
        return page

    def set_colours(self, colours: Colours) -> None:
        super().set_colours(colours)
        self.curves.set_colours(colours)
        self.snapshot.set_colours(colours)

    # Coming and going

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        if self.folder is None and (last := self.context.recall(TRAINING_RUN)) and Path(last).is_dir():
            self.open(last)
        elif self.folder is not None:
            self._show_chosen()  # what was left undone
            self.read()
            self.clock.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nothing is read or computed while nobody looks."""
        super().hideEvent(event)
        self.clock.stop()
        self.scrubber.stop()
        self.columns.rest()
        self._looker.forget() if not self.looking else None

    def end(self) -> None:
        """The window closes: nothing more is begun, and what comes is not drawn."""
        self.clock.stop()
        self.scrubber.stop()
        self.columns.stop()
        self._choice += 1
        self.folder = None

    # The run

    def ask_for_run(self) -> None:
        """A folder picker, then `open`."""
        before = self.context.recall(TRAINING_RUN) or str(Path.home())
        path = QFileDialog.getExistingDirectory(self, "Open a training run", before)
        if path:
            self.open(path)

    def open(self, path: str) -> None:
        """Show another run; what is wrong with it is told, and what was shown is gone."""
        self._choice += 1
        self.folder, self.reading, self.error = Path(path), None, ""
        self.epoch = self.unit = -1
        self._looks.clear()
        self._follow, self._drawn = True, ()
        self.scrubber.stop()
        self.columns.stop()
        self._search_folder = ""
        self.state_line.say(f"Reading {path}…")
        self.read()
        self.clock.start()

    def read(self) -> None:
        """Look what has become of the run, unless that is being done."""
        if self.folder is None or self._reading:
            return
        self._reading = True
        work, done = partial(read_again, self.folder, self.reading), partial(self._take, self._choice)
        self.desk.tasks.run("training read", work, done, owner=self)

    def _take(self, choice: int, reading: Reading | None, error: Exception | None) -> None:
        self._reading = False
        if choice != self._choice:
            self.read()  # of the run that was chosen meanwhile
            return
        if reading is None:
            self.error = run_error_text(error)
            self._show_state()
            return
        self.error = reading.error
        first = self.reading is None
        if reading is not self.reading:
            self.reading = reading
            self._show_reading(first)
        self._show_state()

    def _show_reading(self, first: bool) -> None:
        assert self.reading is not None
        run = self.reading.run
        if first:
            self.context.remember(TRAINING_RUN, str(run.folder))
        self._fill_layers()
        self._fill_scrubber()
        self._show_chosen()

    def _fill_layers(self) -> None:
        assert self.reading is not None
        about = self.reading.run.about
        names = list(weight_layers(self.reading))
        if not names and about.architecture in ARCHITECTURES:
            layers = ARCHITECTURES[about.architecture](max(len(about.classes), 1)).layers
            names = [layer.name for layer in layers if isinstance(layer, Conv)]
        if names != [self.layer_choice.itemText(index) for index in range(self.layer_choice.count())]:
            before = self.layer
            with QSignalBlocker(self.layer_choice):
                self.layer_choice.clear()
                self.layer_choice.addItems(names)
                place = names.index(before) if before in names else min(2, len(names) - 1)
                self.layer_choice.setCurrentIndex(place)

    def ask_for_figure(self) -> None:
        """Ask for a place, and save the run as a figure."""
        ask_for_figure(self.context, self.reading, self.layer)

    def save_figure(self, path: str) -> None:
        """Save the run as a figure."""
        if self.reading is not None:
            save_figure(self.context, self.reading, self.layer, path)

    @property
    def layer(self) -> str:
        """The chosen layer."""
        return self.layer_choice.currentText()

    @property
    def shown(self) -> str:
        """Which of `VIEWS`."""
        return list(VIEWS)[self.view_choice.currentIndex()]

    def _fill_scrubber(self) -> None:
        assert self.reading is not None
        snapshots = self.reading.run.snapshots
        if not snapshots:
            self.epoch = -1
        elif self._follow or self.epoch not in snapshots:
            self.epoch = snapshots[-1]
        self.scrubber.show_epochs(snapshots, self.epoch)

    # Choosing

    def choose_view(self, name: str) -> None:
        """One of `VIEWS`."""
        self.view_choice.show_value(name)
        self._show_chosen()

    def _choose_layer(self) -> None:
        self.unit = -1
        self.columns.stop()
        self._show_chosen()

    def choose_layer(self, name: str) -> None:
        """Another layer, by its name."""
        self.layer_choice.setCurrentText(name)
        self._choose_layer()

    def choose_unit(self, unit: int) -> None:
        """Another unit of the layer."""
        self.unit = unit
        self._show_chosen()

    def choose_epoch(self, epoch: int) -> None:
        """Another snapshot, by its epoch."""
        self.scrubber.go_to(epoch)

    def _scrub(self, epoch: int) -> None:
        self.epoch, self._follow = epoch, self.scrubber.last
        self._show_chosen()

    def _pick_tile(self, epoch: int, unit: int) -> None:
        self.unit = unit
        self.choose_epoch(epoch)

    # Showing

    def _show_chosen(self) -> None:
        """Draw the chosen view of the chosen snapshot, and ask for what it lacks."""
        reading = self.reading
        for control, present in (
            (self.view_choice, True), (self.layer_choice, self.shown != "curves"),
            (self.search_button, self.shown == "units"), (self.figure_button, True), (self.use_button, self.epoch >= 0),
        ):  # fmt: skip
            self.controls.set_present(control, present and reading is not None)
        self.scrubber.setVisible(reading is not None)
        if reading is None:
            self.stack.setCurrentIndex(0)
            return
        self.stack.setCurrentWidget(self.views[self.shown])
        if not self.isVisible():
            return
        key = (self.shown, id(reading), self.layer)
        fresh, self._drawn = key != self._drawn, key
        if self.shown == "curves":
            if fresh:
                self.curves.show_lines(reading.lines)
            self.curves.show_epoch(self.epoch if self.epoch >= 0 else None)
        elif self.shown == "spread":
            if fresh:
                self.strips.show_bands(*bands_of(reading, self.layer))
            self.strips.show_epoch(self.epoch)
        elif self.shown == "snapshot":
            self._show_snapshot()
        else:
            self.columns.show(reading, self.layer, self.epoch)
            self.units.show_epoch(self.epoch)

    def _show_snapshot(self) -> None:
        wish = self.wish()
        if wish is None:
            self.snapshot.show_waiting("There is no snapshot yet: the first comes with the start of the training.")
            return
        look = self._looks.get(wish.key)
        if look is not None:
            self.snapshot.show_look(look)
            return
        self.snapshot.show_waiting(f"epoch {self.snapshot.look.wish.epoch}" if self.snapshot.look else "Loading…")
        if not self.looking:
            self.looking = True
            work, done = partial(self._looker.look, wish), partial(self._take_look, self._choice, wish)
            self.desk.tasks.run("training look", work, done, owner=self)

    def wish(self) -> SnapshotRequest | None:
        """What is to be seen of the snapshot under the scrubber; None without one."""
        if self.reading is None or self.epoch < 0:
            return None
        canvas = self.snapshot.mosaic
        aspect = min(ASPECTS, key=lambda one: abs(one - canvas.width() / max(canvas.height(), 1)))
        return SnapshotRequest(self.reading.run, self.epoch, self.layer, self.unit, aspect)

    def _take_look(
        self, choice: int, wish: SnapshotRequest, look: SnapshotLook | None, error: Exception | None
    ) -> None:
        self.looking = False
        if not self.isVisible():
            self._looker.forget()
        if choice == self._choice and look is not None:
            self._looks[wish.key] = look
            for old in list(self._looks)[:-MOST_LOOKS]:
                del self._looks[old]
        now = self.wish()
        if now is None or self.shown != "snapshot" or not self.isVisible():
            return
        if choice == self._choice and now.key == wish.key and look is None:
            self.snapshot.show_failure(run_error_text(error))
            return
        self._show_snapshot()  # the newest wish, whichever that is by now

    # Fig. 4

    def ask_for_pictures(self) -> None:
        """A folder picker, then `search`."""
        before = self._search_folder or self.context.last_folder()
        path = QFileDialog.getExistingDirectory(self, "Search a folder of pictures", before)
        if path:
            self.search(path)

    def search(self, folder: str) -> None:
        """Find the strongest activations of the chosen layer's units over a folder's pictures, at each snapshot."""
        if self.reading is None or self.epoch < 0:
            return
        self._search_folder = folder
        if reason := self.columns.begin_search(self.reading, folder, self.layer, self.unit):
            self._show_error(reason)
        else:
            self.choose_view("units")

    # The network

    def use_network(self) -> None:
        """Load the snapshot's network off this thread, and ask the window to switch to it."""
        if self.reading is None or self.epoch < 0 or self._using:
            return
        self._using = True
        self.use_button.setEnabled(False)
        place = self.reading.run.snapshot_file(self.epoch)
        self.desk.tasks.run("training network", partial(load, place), partial(self._use, self._choice), owner=self)

    def _use(self, choice: int, model: Model | None, error: Exception | None) -> None:
        self._using = False
        self.use_button.setEnabled(True)
        if choice != self._choice:
            return
        if model is None:
            self.desk.message.emit(f"{run_error_text(error)} The network in use stays.", True)
        else:
            self.desk.use_model(model)
            classes = f"{len(model.classes):,} classes"
            self.context.show_message(f"The network of {model.name} is in use: {model.architecture.title}, {classes}.")

    # Words

    def _show_error(self, sentence: str) -> None:
        """Here until the run is read again, and in the window."""
        self.error = sentence
        self._show_state()
        self.desk.message.emit(sentence, True)

    def show_facts(self) -> None:
        """A few times a second: how long ago the run was heard of."""
        self._show_state()

    def _show_state(self) -> None:
        if self.reading is None:
            self.facts.say("a training run, watched")
            self.state_line.say(f"⚠ {self.error}" if self.error else "")
            self.state_line.setVisible(bool(self.folder))
            if self.error or self.folder is None:
                self._show_chosen()
        else:
            run, now = self.reading.run, time.time()
            self.facts.say(f"{run.folder.name} · {run.about.label}")
            if self.error:
                self.state_line.say(f"⚠ {self.error} ({run_state_text(run, now)})")
            else:
                said = self.columns.said
                self.state_line.say(f"searching, {said}" if said else run_progress_text(run, now))
            self.state_line.setVisible(True)
        set_role(self.state_line, "error" if self.error else "quiet")

    def as_data(self) -> str:
        """The scores and losses, as tab-separated text."""
        if self.reading is None:
            return ""
        nothing = ("", "", "")
        rows = [
            (epoch.epoch, epoch.step, *vars(epoch.training).values(),
             *(vars(epoch.validation).values() if epoch.validation else nothing))
            for epoch in self.reading.run.epochs
        ]  # fmt: skip
        names = ("loss", "top-1", "top-5")
        head = ("epoch", "step", *(f"training {name}" for name in names), *(f"validation {name}" for name in names))
        return table_text(head, rows) if rows else ""


def _button(text: str, hint: str) -> QToolButton:
    button = tool_button(text)
    button.setToolTip(hint)
    return button
