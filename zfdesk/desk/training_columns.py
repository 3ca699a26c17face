"""Fig. 4 filled in column by column, off the window's thread: from what the run kept, or from a search."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from zfdesk.desk.panes.training_units import UnitsView
from zfdesk.desk.sheet import Errand
from zfdesk.desk.training_looks import Reading, Search, UnitTile, kept_column, kept_units, some_units
from zfdesk.desk.training_words import sentence_of
from zfdesk.engine import ARCHITECTURES

NO_UNITS = "The run kept no strongest activations of {layer}. “Search pictures…” finds them over a folder of pictures."


class Columns(QObject):
    """One column at a time; what comes for another table is not shown. ``failed``: a sentence."""

    failed = Signal(str)

    def __init__(self, view: UnitsView) -> None:
        super().__init__(view)
        self.view = view
        self.search: Search | None = None
        self.running = 0
        self._for: tuple[object, ...] = ()
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
        if (*table, epochs) == self._for:
            return
        known = self.view.columns if table == self._for[:-1] else {}
        self._for = (*table, epochs)
        self.view.show_units(layer, units, epochs, NO_UNITS.format(layer=layer))
        self.view.columns = {epoch: tiles for epoch, tiles in known.items() if epoch in epochs}
        if units:
            self._next(self._for)

    def begin_search(self, reading: Reading, folder: str, layer: str, unit: int) -> str:
        """Search a folder's pictures for the units that the run kept, or for some; "" or why that cannot be."""
        self.stop()
        about = reading.run.about
        declare = ARCHITECTURES.get(about.architecture)
        if declare is None:
            return f"The architecture {about.architecture!r} is not known here."
        stage = declare(max(len(about.classes), 1)).stage(layer)
        units = kept_units(reading.strongest, layer) or some_units(stage.shape[0], unit)
        self.search = Search(reading.run, folder, layer, units)
        return ""

    def stop(self) -> None:
        """End a search, and begin the table anew when it is shown again."""
        if self.search is not None:
            self.search.stop()
            self.search = None
        self._for = ()

    @property
    def said(self) -> str:
        """How far a search is."""
        return self.search.said if self.search is not None else ""

    def _next(self, table: tuple[object, ...]) -> None:
        """The first column that is missing."""
        if table != self._for or self._reading is None or not self.view.isVisible():
            return
        epochs = self.view.epochs
        missing = [epoch for epoch in (self._epoch, *epochs) if epoch in epochs and epoch not in self.view.columns]
        if not missing:
            if self.search is not None:
                self.search.said = ""
            return
        epoch, search = missing[0], self.search
        work = search.column if search is not None else partial(_kept, self._reading, self.view.layer, self.view.units)
        self.running += 1
        Errand(self, "training units", partial(work, epoch), partial(self._take, table, epoch))

    def _take(
        self, table: tuple[object, ...], epoch: int, tiles: list[UnitTile] | None, error: Exception | None
    ) -> None:
        self.running -= 1
        if table != self._for:
            return
        if tiles is None:
            self.failed.emit(sentence_of(error))
            if self.search is not None:  # the next snapshot would fail likewise
                self.search.said = ""
                return
            tiles = [UnitTile(0.0, "")] * len(self.view.units)
        self.view.show_column(epoch, tiles)
        self._next(table)


def _kept(reading: Reading, layer: str, units: tuple[int, ...], epoch: int) -> list[UnitTile]:
    return kept_column(reading, epoch, layer, units)
