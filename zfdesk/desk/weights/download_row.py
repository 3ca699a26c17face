"""A download under way: a sentence, a bar, and Cancel."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from zfdesk.desk.widgets.buttons import ThinBar
from zfdesk.weights import looks_untrained
from zfdesk.weights.catalogue import CatalogueEntry
from zfdesk.weights.download import DownloadProgress, Stop
from zfdesk.weights.obtain import KeptWeights, obtain

if TYPE_CHECKING:
    from zfdesk.desk.widgets.dialog import Dialog

LOOK_MS = 100
STEPS = 1000  # of the bar
SILENCE_SECONDS = 2.0  # after which the wait is told, and not how fast it came before


class _Report:
    """Where the thread leaves how far it is. No Qt object: the sheet may be gone by then."""

    stage = "Asking for"
    progress: DownloadProgress | None = None
    time = float("inf")

    def update(self, stage: str, progress: DownloadProgress | None) -> None:
        self.stage, self.progress, self.time = stage, progress, time.monotonic()


class DownloadRow(QWidget):
    """Hidden while nothing is downloaded. ``ended(kept, error)``: the new weights and a hint, or an exception."""

    ended = Signal(object, object)

    def __init__(self, sheet: Dialog) -> None:
        super().__init__(sheet)
        self._sheet = sheet
        self.entry: CatalogueEntry | None = None
        self._report, self._stop = _Report(), Stop()
        self.status = QLabel()
        self.status.setTextFormat(Qt.TextFormat.PlainText)
        self.status.setAccessibleName("Download")
        self.bar = ThinBar("How much of the download has come")
        self.bar.show()
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Stop the download; what has come is kept, and the next time it goes on from there")
        self.cancel.clicked.connect(self.stop)
        column = QVBoxLayout()
        column.addWidget(self.status)
        column.addWidget(self.bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addLayout(column, 1)
        row.addWidget(self.cancel)
        self._clock = QTimer(self, interval=LOOK_MS)
        self._clock.timeout.connect(self._show_report)
        self.hide()

    @property
    def running(self) -> bool:
        """Whether something is being downloaded."""
        return self.entry is not None

    def start(self, entry: CatalogueEntry) -> None:
        """Download, check, convert and keep, off this thread."""
        self.entry, self._report, self._stop = entry, _Report(), Stop()
        self.cancel.setEnabled(True)
        self._show_report()
        self.show()
        self._clock.start()
        self._sheet.run_task("weights get", partial(_get, entry, self._report, self._stop), self._end)

    def stop(self) -> None:
        """Stop the download; `ended` comes when it has."""
        self._stop.ask()
        self.cancel.setEnabled(False)

    def _show_report(self) -> None:
        report, entry = self._report, self.entry
        if entry is None:
            return
        progress = report.progress
        share = progress.share if progress else None
        if progress and time.monotonic() - report.time > SILENCE_SECONDS:
            progress = replace(progress, speed=0.0)
        self.bar.setMaximum(0 if share is None else STEPS)
        self.bar.setValue(int(STEPS * (share or 0)))
        waits = " · waiting for the server" if progress and progress is not report.progress else ""
        self.status.setText(f"{report.stage} {entry.name}… {progress or ''}{waits}".rstrip())

    def _end(self, kept: Any, error: Exception | None) -> None:
        self._clock.stop()
        self.hide()
        self.entry = None
        self.ended.emit(kept, error)


def _get(entry: CatalogueEntry, report: _Report, stop: Stop) -> tuple[KeptWeights, str]:
    kept = obtain(entry, report.update, stop)
    report.update("Trying out", None)
    return kept, looks_untrained(kept.model)


__all__ = ["DownloadRow"]
