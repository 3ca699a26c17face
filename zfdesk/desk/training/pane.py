"""A training run watched: curves, spread of values, snapshots under a scrubber, and Fig. 4; also while it goes on."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.settings import TRAINING_RUN
from zfdesk.desk.training.curves import CurvesView
from zfdesk.desk.training.figure import ask_for_figure
from zfdesk.desk.training.histograms import StripsView, bands_of
from zfdesk.desk.training.reading import Reading, layers_of
from zfdesk.desk.training.run_texts import run_error_text, run_progress_text, run_state_text, scores_text
from zfdesk.desk.training.run_watcher import RunWatcher
from zfdesk.desk.training.scrubber import Scrubber
from zfdesk.desk.training.snapshot_controller import SnapshotController
from zfdesk.desk.training.snapshot_view import SnapshotView
from zfdesk.desk.training.snapshots import SnapshotRequest
from zfdesk.desk.training.units import UnitsView
from zfdesk.desk.training.units_controller import UnitsController
from zfdesk.desk.widgets.combo_box import ComboBox
from zfdesk.desk.widgets.controls import Choice, Controls
from zfdesk.desk.widgets.pane import ElidedLabel, Pane
from zfdesk.desk.widgets.theme import Colours, set_role
from zfdesk.engine import Model
from zfdesk.weights import load

VIEWS = {"curves": "curves", "spread": "spread", "snapshot": "snapshot", "units": "units (Fig. 4)"}
INVITATION = (
    "What does a network learn, and when?\n\nOpen the folder of a training run, also of one that is still going on: "
    "loss and accuracy, the spread of weights, activations and gradients, filters, maps and reconstructions at each "
    "snapshot, and the evolution of units (Fig. 4). Or drop the folder onto the window."
)


class TrainingPane(Pane):
    """Lets one choose a view, a layer, a snapshot and a unit of a run. What is shown is read and computed off this
    thread, by the watcher and the controllers of the views."""

    title = "Training"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.error = ""
        self.epoch = -1
        self.unit = -1
        self._loading = False  # the network of a snapshot
        self._search_folder = ""
        self._drawn: tuple[object, ...] = ()
        self._follow_newest = True  # the newest snapshot, as long as nobody chose another
        self.watcher = RunWatcher(self.desk, self)
        self.watcher.renewed.connect(self._on_renewed)
        self.watcher.checked.connect(self._on_checked)
        self._make_controls()
        self._make_views()
        context.inputs.append(lambda: [str(self.watcher.folder)] if self.watcher.folder else [])
        context.closing.connect(self.end)
        self._show_state()

    # Making

    def _make_controls(self) -> None:
        self.controls = Controls(self)
        self.controls.add_button("Open run…", "Open the folder of a training run", self.ask_for_run)
        self.view_choice = Choice(VIEWS, "What is shown of the run")
        self.view_choice.chosen.connect(lambda _: self._show_chosen())
        self.controls.add(self.view_choice, "What is shown")
        self.layer_choice = ComboBox()
        self.layer_choice.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToContents)
        self.layer_choice.setToolTip("The layer whose values, maps or units are shown")
        self.layer_choice.activated.connect(lambda _: self._choose_layer())
        self.controls.add(self.layer_choice, "Layer")
        self.search_button = self.controls.add_button(
            "Search pictures…",
            "Find the strongest activations of these units over a folder of pictures",
            self.ask_for_pictures,
        )
        self.figure_button = self.controls.add_button(
            "Figure…", "Save the run as a figure: PDF, SVG or PNG, as `zfdesk figure training`", self.ask_for_figure
        )
        self.use_button = self.controls.add_button(
            "Use this network", "Switch the window to the network of this snapshot", self.use_network
        )
        self.state_line = ElidedLabel()
        self.state_line.setAccessibleName("State of the run")

    def _make_views(self) -> None:
        self.curves, self.strips, self.snapshot, self.units = CurvesView(), StripsView(), SnapshotView(), UnitsView()
        self.snapshot_controller = SnapshotController(self.desk, self.snapshot)
        self.units_controller = UnitsController(self.desk, self.units)
        self.scrubber = Scrubber(lambda: self.shown == "snapshot" and self.snapshot_controller.computing)
        self.strips.picked.connect(self.choose_epoch)
        self.snapshot.unit_picked.connect(self.choose_unit)
        self.units.picked.connect(self._on_tile_picked)
        self.units_controller.failed.connect(self._show_error)
        self.scrubber.moved.connect(self._on_scrubbed)
        self.views = dict(zip(VIEWS, (self.curves, self.strips, self.snapshot, self.units), strict=True))
        self.stack = QStackedWidget()
        self.stack.addWidget(self._invitation())
        for view in self.views.values():
            self.stack.addWidget(view)
        self.body.addWidget(self.controls)
        self.body.addWidget(self.state_line)
        self.body.addWidget(self.stack, 1)
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
        if self.watcher.folder is not None:
            self._show_chosen()  # what was left undone
            self.watcher.start()
        elif (last := self.context.recall(TRAINING_RUN)) and Path(last).is_dir():
            self.open(last)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nothing is read or computed while nobody looks."""
        super().hideEvent(event)
        self.watcher.timer.stop()
        self.scrubber.stop()
        self.units_controller.pause()
        self.snapshot_controller.release()

    def end(self) -> None:
        """The window closes: nothing more is begun, and what comes is not drawn."""
        self.watcher.close()
        self.scrubber.stop()
        self.units_controller.stop()

    # The run

    def ask_for_run(self) -> None:
        """A folder picker, then `open`."""
        before = self.context.recall(TRAINING_RUN) or str(Path.home())
        path = QFileDialog.getExistingDirectory(self, "Open a training run", before)
        if path:
            self.open(path)

    def open(self, path: str) -> None:
        """Show another run; what is wrong with it is told, and what was shown is gone."""
        self.error, self._search_folder = "", ""
        self.epoch = self.unit = -1
        self._follow_newest, self._drawn = True, ()
        self.scrubber.stop()
        self.units_controller.stop()
        self.snapshot_controller.clear()
        self.state_line.say(f"Reading {path}…")
        self.watcher.open(Path(path))

    @property
    def reading(self) -> Reading | None:
        """The run as it was read last; None before it was."""
        return self.watcher.reading

    def _on_renewed(self) -> None:
        assert self.reading is not None
        run = self.reading.run
        if self.context.recall(TRAINING_RUN) != str(run.folder):
            self.context.remember(TRAINING_RUN, str(run.folder))
        self._fill_layers(layers_of(self.reading))
        if self._follow_newest or self.epoch not in run.snapshots:
            self.epoch = run.snapshots[-1] if run.snapshots else -1
        self.scrubber.show_epochs(run.snapshots, self.epoch)
        self._show_chosen()

    def _fill_layers(self, names: tuple[str, ...]) -> None:
        if names != tuple(self.layer_choice.itemText(index) for index in range(self.layer_choice.count())):
            before = self.layer
            with QSignalBlocker(self.layer_choice):
                self.layer_choice.clear()
                self.layer_choice.addItems(names)
                place = names.index(before) if before in names else min(2, len(names) - 1)
                self.layer_choice.setCurrentIndex(place)

    def ask_for_figure(self) -> None:
        """Ask for a place, and save the run as a figure."""
        ask_for_figure(self.context, self.reading, self.layer)

    # Choosing

    @property
    def layer(self) -> str:
        """The chosen layer."""
        return self.layer_choice.currentText()

    @property
    def shown(self) -> str:
        """Which of `VIEWS`."""
        return str(self.view_choice.chosen_value)

    def choose_view(self, name: str) -> None:
        """One of `VIEWS`."""
        self.view_choice.show_value(name)
        self._show_chosen()

    def _choose_layer(self) -> None:
        self.unit = -1
        self.units_controller.stop()
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

    def _on_scrubbed(self, epoch: int) -> None:
        self.epoch, self._follow_newest = epoch, self.scrubber.last
        self._show_chosen()

    def _on_tile_picked(self, epoch: int, unit: int) -> None:
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
            known = self.epoch >= 0
            self.snapshot_controller.show(
                SnapshotRequest(reading.run, self.epoch, self.layer, self.unit) if known else None
            )
        else:
            self.units_controller.show(reading, self.layer, self.epoch)

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
        if reason := self.units_controller.begin_search(self.reading, folder, self.layer, self.unit):
            self._show_error(reason)
        else:
            self.choose_view("units")

    # The network

    def use_network(self) -> None:
        """Load the snapshot's network off this thread, and ask the window to switch to it."""
        if self.reading is None or self.epoch < 0 or self._loading:
            return
        self._loading = True
        self.use_button.setEnabled(False)
        place, done = self.reading.run.snapshot_file(self.epoch), partial(self._on_network, self.watcher.folder)
        self.desk.tasks.run("training network", partial(load, place), done, owner=self)

    def _on_network(self, folder: Path | None, model: Model | None, error: Exception | None) -> None:
        self._loading = False
        self.use_button.setEnabled(True)
        if folder != self.watcher.folder:
            return
        if model is None:
            self.context.show_message(f"{run_error_text(error)} The network in use stays.", error=True)
        else:
            self.desk.use_model(model)
            classes = f"{len(model.classes):,} classes"
            self.context.show_message(f"The network of {model.name} is in use: {model.architecture.title}, {classes}.")

    # Texts

    def _on_checked(self) -> None:
        self.error = self.watcher.error
        self._show_state()

    def _show_error(self, sentence: str) -> None:
        """Here until the run is read again, and in the window."""
        self.error = sentence
        self._show_state()
        self.context.show_message(sentence, error=True)

    def show_facts(self) -> None:
        """A few times a second: how long ago the run was heard of."""
        self._show_state()

    def _show_state(self) -> None:
        known = self.reading is not None or self.watcher.folder is not None
        if self.reading is None:
            self.facts.say("a training run, watched")
            self.state_line.say(f"⚠ {self.error}" if self.error else "")
            if self.error or not known:
                self._show_chosen()
        else:
            run, now = self.reading.run, time.time()
            self.facts.say(f"{run.folder.name} · {run.about.label}")
            if self.error:
                self.state_line.say(f"⚠ {self.error} ({run_state_text(run, now)})")
            else:
                search = self.units_controller.progress
                self.state_line.say(f"searching, {search}" if search else run_progress_text(run, now))
        self.state_line.setVisible(known)
        set_role(self.state_line, "error" if self.error else "quiet")

    def as_data(self) -> str:
        """The scores and losses, as tab-separated text."""
        return scores_text(self.reading.run) if self.reading is not None else ""


__all__ = ["TrainingPane"]
