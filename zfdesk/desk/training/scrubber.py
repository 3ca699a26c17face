"""The scrubber of the Training pane: a slider over the snapshots, arrow keys, play."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QWidget

from zfdesk.desk.widgets.buttons import tool_button

PLAY_MS = 700  # a snapshot, at least
ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)


class Scrubber(QWidget):
    """``moved``: another epoch was chosen. ``waits``: whether what was chosen last has still to be seen."""

    moved = Signal(int)

    def __init__(self, waits: Callable[[], bool]) -> None:
        super().__init__()
        self.epochs: tuple[int, ...] = ()
        self._waits = waits
        self.button = tool_button("▶", checkable=True)
        self.button.setToolTip("Play the snapshots one after another, or stop")
        self.button.setAccessibleName("Play the snapshots")
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(lambda _: self.play())
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Snapshot")
        self.slider.setToolTip("The snapshot that is shown; arrow keys go to the next")
        self.slider.setMinimumHeight(24)
        self.slider.setPageStep(1)
        self.slider.valueChanged.connect(self._move)
        self.slider.installEventFilter(self)
        self.label = QLabel()
        self.label.setAccessibleName("Epoch of the snapshot")
        self.label.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.label)
        self.clock = QTimer(self, interval=PLAY_MS)
        self.clock.timeout.connect(self._play_on)

    def show_epochs(self, epochs: Sequence[int], epoch: int) -> None:
        """There are these snapshots, and that one is shown; it does not count as moved."""
        self.epochs = tuple(epochs)
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, max(len(epochs) - 1, 0))
            self.slider.setValue(self.epochs.index(epoch) if epoch in self.epochs else 0)
        self.setEnabled(bool(epochs))
        self._say()

    @property
    def last(self) -> bool:
        """Whether the newest snapshot is chosen."""
        return self.slider.value() == self.slider.maximum()

    def go_to(self, epoch: int) -> None:
        """Choose a snapshot by its epoch."""
        if epoch in self.epochs:
            self.slider.setValue(self.epochs.index(epoch))

    def step(self, by: int) -> None:
        """So many snapshots on or back."""
        self.slider.setValue(self.slider.value() + by)

    def _move(self, place: int) -> None:
        self._say()
        if place < len(self.epochs):
            self.moved.emit(self.epochs[place])

    def _say(self) -> None:
        place = self.slider.value()
        if place < len(self.epochs):
            self.label.setText(f"epoch {self.epochs[place]} ({place + 1} of {len(self.epochs)})")
        else:
            self.label.setText("no snapshot yet")
        self.label.setMinimumWidth(max(self.label.minimumWidth(), self.label.sizeHint().width()))  # nothing jumps

    def play(self) -> None:
        """Show the snapshots one after another, from the first if at the last; or stop."""
        if self.clock.isActive() or len(self.epochs) < 2:
            self.stop()
            return
        if self.last:
            self.slider.setValue(0)
        self.clock.start()
        self.button.setChecked(True)
        self.button.setText("■")

    def stop(self) -> None:
        """Stay at the snapshot that is shown."""
        self.clock.stop()
        self.button.setChecked(False)
        self.button.setText("▶")

    def _play_on(self) -> None:
        if self._waits():  # the next when this one has been seen
            return
        if self.last:
            self.stop()
        else:
            self.step(1)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """The arrow keys are the slider's while it has the focus, and not the window's shortcuts."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.ShortcutOverride:
            return False
        if not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier and event.key() in ARROWS:
            event.accept()
            return True
        return False
