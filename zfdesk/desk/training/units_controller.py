"""Fig. 4 filled in column by column, off the window's thread: from what the run kept, or from a search."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from zfdesk.desk.state import AppState
from zfdesk.desk.training.reading import Reading
from zfdesk.desk.training.run_texts import run_error_text
from zfdesk.desk.training.unit_tiles import UnitSearch, UnitTile, kept_column, kept_units, some_units
from zfdesk.desk.training.units import UnitsView
from zfdesk.engine import ARCHITECTURES

NO_UNITS = "The run kept no strongest activations of {layer}. “Search pictures…” finds them over a folder of pictures."


class UnitsController(QObject):
    """One column at a time; what comes for another table is not shown. ``failed``: a sentence."""

    failed = Signal(str)

    def __init__(self, desk: AppState, view: UnitsView) -> None:
        super().__init__(view)
        self.desk, self.view = desk, view
        self.search: UnitSearch | None = None
        self.running = False
        self._table: tuple[object, ...] = ()  # which units, of which run
        self._reading: Reading | None = None
        self._epoch = -1

    def show(self, reading: Reading, layer: str, epoch: int) -> None:
        """The table of a layer's units, the column of ``epoch`` before the others."""
        self._reading, self._epoch = reading, epoch
        if self.search is not None and self.search.layer != layer:
            self.stop()
        units = self.search.units if self.search is not None else kept_units(reading.strongest, layer)
        table = (reading.run.folder, reading.run.about.started, layer, units, self.search)
        epochs = reading.run.snapshots
        if table != self._table or epochs != self.view.epochs:
            known = self.view.columns if table == self._table else {}
            self._table = table
            self.view.show_units(layer, units, epochs, NO_UNITS.format(layer=layer))
            self.view.columns = {epoch: tiles for epoch, tiles in known.items() if epoch in epochs}
        self.view.show_epoch(epoch)
        self._next()

    def begin_search(self, reading: Reading, folder: str, layer: str, unit: int) -> str:
        """Search a folder's pictures for the units that the run kept, or for some; "" or why that cannot be."""
        self.stop()
        about = reading.run.about
        declare = ARCHITECTURES.get(about.architecture)
        if declare is None:
            return f"The architecture {about.architecture!r} is not known here."
        stage = declare(max(len(about.classes), 1)).stage(layer)
        units = kept_units(reading.strongest, layer) or some_units(stage.shape[0], unit)
        self.search = UnitSearch(reading.run, folder, layer, units)
        return ""

    def pause(self) -> None:
        """Nobody looks: go on when it is shown again."""
        if self.search is not None:
            self.search.stop()

    def stop(self) -> None:
        """Give a search up, and begin the table anew when it is shown again."""
        self.pause()
        self.search = None
        self._table = ()

    @property
    def progress(self) -> str:
        """How far the search is, as text; empty without one."""
        return self.search.progress if self.search is not None else ""

    def _next(self) -> None:
        """Begin with the first column that is missing, unless one is being made."""
        if self.running or not self._table or self._reading is None or not self.view.isVisible():
            return
        epochs = self.view.epochs if self.view.units else ()
        missing = [epoch for epoch in (self._epoch, *epochs) if epoch in epochs and epoch not in self.view.columns]
        search = self.search
        if not missing:
            if search is not None:
                search.progress = ""
            return
        if search is not None:
            search.stopped = False
            work = partial(search.column, missing[0])
        else:
            work = partial(kept_column, self._reading, missing[0], self.view.layer, self.view.units)
        self.running = True
        self.desk.tasks.run("training units", work, partial(self._on_column, self._table, missing[0]), owner=self)

    def _on_column(
        self, table: tuple[object, ...], epoch: int, tiles: list[UnitTile] | None, error: Exception | None
    ) -> None:
        self.running = False
        if table == self._table and not (tiles is None and self.search is not None and self.search.stopped):
            if tiles is None:
                self.failed.emit(run_error_text(error))
                if self.search is not None:  # the next snapshot would fail likewise
                    self.stop()
                    return
                tiles = [UnitTile(0.0, "")] * len(self.view.units)
            self.view.show_column(epoch, tiles)
        self._next()  # of whatever is wanted by now


__all__ = ["UnitsController"]
