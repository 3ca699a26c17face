"""Results for the snapshot that is asked for, computed off the window's thread, one at a time."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject

from zfdesk.desk.state import AppState
from zfdesk.desk.training.run_texts import run_error_text
from zfdesk.desk.training.snapshot_view import SnapshotView
from zfdesk.desk.training.snapshots import SnapshotRequest, SnapshotResult, SnapshotWorker

MOST_RESULTS = 48  # kept: half a megabyte each
ASPECTS = (0.5, 0.7, 1.0, 1.4, 2.0)  # of the mosaic of maps: few, so that a resized pane asks seldom for another
NONE_YET = "There is no snapshot yet: the first comes with the start of the training."


class SnapshotController(QObject):
    """Fills a view with what was asked for last; what comes for an earlier request is kept and not drawn."""

    def __init__(self, desk: AppState, view: SnapshotView) -> None:
        super().__init__(view)
        self.desk, self.view = desk, view
        self.computing = False
        self._wanted: SnapshotRequest | None = None
        self._results: dict[tuple[object, ...], SnapshotResult] = {}
        self._worker = SnapshotWorker()

    @property
    def request(self) -> SnapshotRequest | None:
        """What is to be shown, in the room that there is for it; None without a snapshot."""
        canvas = self.view.mosaic
        aspect = min(ASPECTS, key=lambda one: abs(one - canvas.width() / max(canvas.height(), 1)))
        return None if self._wanted is None else replace(self._wanted, aspect=aspect)

    def show(self, wanted: SnapshotRequest | None) -> None:
        """Draw it if it is known, else begin to compute it, unless something is being computed."""
        self._wanted = wanted
        request = self.request
        if request is None:
            self.view.show_waiting(NONE_YET)
        elif (result := self._results.get(request.key)) is not None:
            self.view.show_result(result)
        else:
            shown = self.view.result
            self.view.show_waiting(f"epoch {shown.request.epoch}" if shown else "Loading…")
            if not self.computing:
                self.computing = True
                work, done = partial(self._worker.compute, request), partial(self._on_result, request)
                self.desk.tasks.run("training snapshot", work, done, owner=self)

    def clear(self) -> None:
        """Another run is opened."""
        self._wanted = None
        self._results.clear()

    def release(self) -> None:
        """Nobody looks: the network that is kept goes."""
        if not self.computing:
            self._worker.release()

    def _on_result(self, request: SnapshotRequest, result: SnapshotResult | None, error: Exception | None) -> None:
        self.computing = False
        wanted = self.request
        if result is not None:
            self._results[request.key] = result
            for old in list(self._results)[:-MOST_RESULTS]:
                del self._results[old]
        if not self.view.isVisible():
            self.release()
        elif wanted is not None and result is None and wanted.key == request.key:
            self.view.show_failure(run_error_text(error))
        elif wanted is not None:
            self.show(wanted)  # the newest, whichever that is by now


__all__ = ["SnapshotController"]
