"""The folder of a run, read again every two seconds off the window's thread."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from zfdesk.desk.state import AppState
from zfdesk.desk.training.reading import Reading, read_again
from zfdesk.desk.training.run_texts import run_error_text

READ_EVERY_MS = 2000


class RunWatcher(QObject):
    """``renewed``: there is something new in the run. ``checked``: it was read, whatever came of it.

    ``reading``: the newest; None before the first. ``error``: of the last attempt, in a sentence.
    """

    renewed = Signal()
    checked = Signal()

    def __init__(self, desk: AppState, parent: QObject) -> None:
        super().__init__(parent)
        self.desk = desk
        self.folder: Path | None = None
        self.reading: Reading | None = None
        self.error = ""
        self.timer = QTimer(self, interval=READ_EVERY_MS)
        self.timer.timeout.connect(self.read)
        self._busy = False

    def open(self, folder: Path) -> None:
        """Read another run from now on."""
        self.folder, self.reading, self.error = folder, None, ""
        self.start()

    def start(self) -> None:
        """Read now, and then every two seconds."""
        self.read()
        self.timer.start()

    def close(self) -> None:
        """Read nothing more; what still comes is dropped."""
        self.timer.stop()
        self.folder = None

    def read(self) -> None:
        """Look what has become of the run, unless that is being done."""
        if self.folder is not None and not self._busy:
            self._busy = True
            work, done = partial(read_again, self.folder, self.reading), partial(self._on_reading, self.folder)
            self.desk.tasks.run("training read", work, done, owner=self)

    def _on_reading(self, folder: Path, reading: Reading | None, error: Exception | None) -> None:
        self._busy = False
        if folder != self.folder:
            self.read()  # the run that was chosen meanwhile
            return
        self.error = run_error_text(error) if reading is None else reading.error
        if reading is not None and reading is not self.reading:
            self.reading = reading
            self.renewed.emit()
        self.checked.emit()


__all__ = ["RunWatcher"]
