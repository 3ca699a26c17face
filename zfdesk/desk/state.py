"""The desk behind the window: the one view, its undo, the source, the worker, the newest result."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from zfdesk.desk.alive import alive
from zfdesk.desk.history import History
from zfdesk.desk.tasks import TaskRunner, error_text
from zfdesk.engine import Model
from zfdesk.live import Answer, Demand, Result, View, Worker
from zfdesk.live.changes import with_other_classes, with_other_layers
from zfdesk.live.fitting import fitting_view
from zfdesk.sources import Frame, KeptSource, Source, SourceReference, open_source

MOST_UNDO = 500
MOST_MADE = 8  # pasted pictures that undo can come back to; each takes 13 MB at most
MOST_KEPT = 4  # frames that undo and redo can come back to
CLOSING_SECONDS = 0.6  # what is being computed at the end is waited for


def network_threads() -> int:
    """Threads for the network: all cores but the one that the window needs."""
    return max(1, (os.cpu_count() or 2) - 1)


class AppState(QObject):
    """Lives in the window's thread. Everything that changes the view goes through `change`."""

    view_changed = Signal()
    answer_ready = Signal()  # class probabilities, before the result they belong to
    result_ready = Signal()
    model_changed = Signal()
    source_changed = Signal()
    message = Signal(str, bool)  # a sentence for the user, and whether it is an error
    _source_failed = Signal(str)
    _computed = Signal()

    def __init__(self, model: Model, view: View | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self.view = view or View()
        self.answer: Answer | None = None
        self.result: Result | None = None
        self.complete: Result | None = None  # the newest that has everything
        self.shown_at = 0.0
        self.draws: deque[tuple[float, float, float]] = deque(maxlen=120)  # shown at, frame age, draw time (s)
        self.source: Source | None = None
        self._held: Source | None = None  # what was playing when its frame was frozen
        self.demand = Demand()
        self.opened: dict[SourceReference, Source] = {}
        self.history: History[View] = History(MOST_UNDO)
        self._kept: list[tuple[View, KeptSource]] = []
        self._wants_clean = False
        self._same_body = self._same_classes = False  # as before the last change of the network
        self._ticket = 0
        self._closing = False
        self.worker = Worker(model, self.view, self._announce_computed, threads=network_threads())
        self.tasks = TaskRunner(self)
        self._stops: list[Callable[[float], object]] = []
        self._computed.connect(self._show_computed, Qt.ConnectionType.QueuedConnection)
        self._source_failed.connect(lambda sentence: self.message.emit(sentence, True))

    def start(self) -> None:
        """Begin: the worker, the view's source."""
        self.worker.start()
        if self.source is None:
            self.open(self.view.source)

    def stop_at_end(self, stop: Callable[[float], object]) -> None:
        """Have ``stop`` called once all ends: with 0 (end soon), then with the seconds it may wait for its thread."""
        self._stops.append(stop)

    @property
    def closing(self) -> bool:
        """Whether all ends: what is still under way is of no use any more."""
        return self._closing

    def close(self) -> None:
        """End everything; within a second, whatever the source does."""
        self._closing = True
        self.tasks.close()
        threads: list[Callable[[float], object]] = [*self._stops, self.worker.stop]
        self._stops.clear()
        for stop in threads:  # all are told before one is waited for
            stop(0)
        if self.source:
            self.source.stop()
        deadline = time.monotonic() + CLOSING_SECONDS
        for stop in threads:
            stop(max(0.0, deadline - time.monotonic()))

    # The view

    def change(self, view: View, kind: str = "") -> None:
        """Show another view. Changes of the same ``kind`` in quick succession are one step of undo."""
        if view == self.view:
            return
        self.history.step(self.view, kind)
        self._show(view)

    def change_without_undo(self, view: View) -> None:
        """Show another view that is no step of undo: what the first frame decides."""
        if view != self.view:
            self._show(view)

    def undo(self) -> None:
        """Show the view before."""
        if (view := self.history.undo(self.view)) is not None:
            self._show(view)

    def redo(self) -> None:
        """Show the view that undo left."""
        if (view := self.history.redo(self.view)) is not None:
            self._show(view)

    @property
    def can_undo(self) -> bool:
        """Whether there is a view to go back to."""
        return self.history.can_undo

    def last_change(self) -> str:
        """The kind of the last change, "" after undo."""
        return self.history.last_kind

    def set_clean(self, clean: bool) -> None:
        """While set, every pane shows the picture without occluders."""
        if clean != self._wants_clean:
            self._wants_clean = clean
            self.update_worker()
            self.view_changed.emit()

    @property
    def wants_clean(self) -> bool:
        """Whether the clean picture is asked for, for a moment."""
        return self._wants_clean

    @property
    def shows_clean(self) -> bool:
        """Whether what the panes show now is the clean picture: it comes, and goes, a moment after the key."""
        known = [one for one in (self.result, self.answer) if one is not None]  # the bars follow the newer one
        return max(known, key=lambda one: one.started).request.clean if known else self._wants_clean

    @contextmanager
    def painting(self, view: View) -> Iterator[None]:
        """While this lasts, what paints itself paints this view: that of a result a picture is taken of."""
        present, self.view = self.view, view
        try:
            yield
        finally:
            self.view = present

    def set_demand(self, demand: Demand) -> None:
        """Tell what the open panes show."""
        self.demand = demand
        self.update_worker()

    def _show(self, view: View) -> None:
        view, _ = fitting_view(view, self.model)  # what is clicked on may still be another network's
        before, self.view = self.view, view
        kept = next((source for then, source in reversed(self._kept) if then == view), None)
        if kept is not None and kept is not self.source:
            self._use_kept(kept)
        else:
            if view.frozen != before.frozen:
                self._freeze(view.frozen)
            self.update_worker()
            if view.source != before.source or (isinstance(self.source, KeptSource) and not view.frozen):
                self.open(view.source)
        self.view_changed.emit()

    def _freeze(self, frozen: bool) -> None:
        """Keep the frame, and halt what plays: it stays at that frame, and goes on from there."""
        self.worker.freeze(frozen)
        held, self._held = self._held, None
        source = self.source
        if frozen and source is not None and source.transport is not None and source.transport.playing:
            source.pause()
            self._held = source
        elif not frozen and held is not None and held is source:
            held.play()

    def update_worker(self) -> None:
        """Give the view, and what the panes demand of it, to the worker."""
        self.worker.set_view(self._computed_view(), self.demand, self._wants_clean and bool(self.view.occluders))

    def _computed_view(self) -> View:
        return self.view.change(occluders=()) if self._wants_clean else self.view

    # The network

    def use_model(self, model: Model, watched: tuple[int, ...] = ()) -> None:
        """Switch the network; the view keeps its layer where the new one has it, and gets its centre crop.

        Of a network with the same layers but another classifier it keeps all units below that, too; with the same
        classes everything. ``watched``: the classes to watch, of a network with other ones.
        """
        before, self.model = self.model, model
        self.answer = self.result = self.complete = None
        same_body = model.base is before.base
        self._same_body, self._same_classes = same_body, same_body and model.classes == before.classes
        if not self._same_classes:
            self.history.clear()
            self._kept.clear()
            if same_body:
                self.view = with_other_classes(self.view, model, watched)
            else:
                self.view = with_other_layers(self.view, before, model)
        self.worker.set_model(model, self._computed_view())
        self.model_changed.emit()
        self.view_changed.emit()

    def is_valid_for(self, layer: str) -> bool:
        """Whether what was shown of a layer is true of the network that was just changed to: it was only taught anew,
        and lies below its classifier or has the same classes."""
        below = layer not in self.model.architecture.class_layers
        return self._same_classes or (self._same_body and below)

    # The source

    def open(self, reference: SourceReference) -> None:
        """Open a source off this thread; what is shown stays until its first frame comes, or if it cannot be opened."""
        self._ticket += 1
        ticket = self._ticket
        if reference in self.opened:
            self._use_source(self.opened[reference], ticket)
            return
        if reference.kind == "camera":  # Qt's camera must be made in this thread; it opens without blocking
            QTimer.singleShot(0, self, partial(self._open_here, reference, ticket))
            return
        done = partial(self._on_opened, reference, ticket)
        self.tasks.run("open", partial(open_source, reference), done, discard=lambda source: source.stop())

    def open_made(self, source: Source, **changes: object) -> None:
        """Show a source that exists already (a pasted picture). It is kept for undo until many more have come.

        ``changes``: of the view, in the same step.
        """
        self.opened.pop(source.reference, None)
        self.opened[source.reference] = source
        for dropped in list(self.opened)[:-MOST_MADE]:
            del self.opened[dropped]
        if source.reference == self.view.source:
            self.change(self.view.change(**changes))
            self.open(source.reference)
        else:
            self.change(self.view.change(source=source.reference, **changes))

    def move(self, step: Callable[[Source], None]) -> None:
        """Go to another picture or moment of the source; a freeze ends, for who goes there wants to see it."""
        source = self.source
        if source is None:
            return
        if self.view.frozen:
            self.change(self.view.change(frozen=False))
        step(source)

    def play_or_pause(self) -> None:
        """Play the source, which ends a freeze, or pause it."""
        if self.source is not None and self.source.transport is not None:
            self.source.pause() if self.source.transport.playing else self.move(lambda source: source.play())

    def show_kept(self, frame: Frame, view: View, model: Model | None = None) -> None:
        """Show a saved frame, frozen, as the view saw it; going live again opens the view's source.

        Undo leads back to what was shown before, also where that was a frozen frame.
        """
        if self.view.frozen and self.frame is not None:
            self._kept.append((self.view, KeptSource(self.view.source, self.frame)))
        if model is not None and model is not self.model:
            self.worker.drop_frame()
            self.use_model(model)
        view = view.change(frozen=True)
        kept = KeptSource(view.source, frame)
        self._kept = [*(entry for entry in self._kept if entry[0] != view), (view, kept)][-MOST_KEPT:]
        if view == self.view:
            self._use_kept(kept)
            self.view_changed.emit()
        else:
            self.change(view)

    def _use_kept(self, kept: KeptSource) -> None:
        self._ticket += 1  # whatever is being opened comes too late
        if self.source:
            self.source.stop()
        self.source = kept
        self.worker.freeze(True)
        self.worker.drop_frame()  # between view and frame nothing is computed that belongs to neither
        self.update_worker()
        kept.start(self.worker.feed, lambda sentence: None)
        self.source_changed.emit()

    def _open_here(self, reference: SourceReference, ticket: int) -> None:
        try:
            self._on_opened(reference, ticket, open_source(reference), None)
        except Exception as error:  # told in words
            self._on_opened(reference, ticket, None, error)

    def _on_opened(
        self, reference: SourceReference, ticket: int, source: Source | None, error: Exception | None
    ) -> None:
        if source is not None:
            self._use_source(source, ticket)
        else:
            failed = f"{reference.location or reference.kind} could not be opened"
            self._use_source(error_text(error, failed), ticket)

    def _use_source(self, answer: Source | str, ticket: int) -> None:
        if ticket != self._ticket or self._closing:  # overtaken by a later request
            if isinstance(answer, Source):
                answer.stop()
            return
        if isinstance(answer, str):
            kept = isinstance(self.source, KeptSource)
            self.message.emit(f"{answer} The saved frame stays." if kept else answer, True)
            stays = self.source and self.view.change(source=self.source.reference, frozen=kept or self.view.frozen)
            if stays and stays != self.view:
                if stays.frozen != self.view.frozen:
                    self._freeze(stays.frozen)
                self.view = stays
                self.history.drop(self.view)  # undo has nothing to take back
                self.update_worker()
                self.view_changed.emit()
            return
        if self.source:
            self.source.stop()
        self.source = answer
        self.worker.drop_frame()
        if self.view.source != answer.reference or self.view.frozen:
            self.worker.freeze(False)
            self.view = self.view.change(source=answer.reference, frozen=False)
            self.update_worker()
        answer.start(self.worker.feed, self._on_error_of(answer))
        self.source_changed.emit()
        self.view_changed.emit()

    def _on_error_of(self, source: Source) -> Callable[[str], None]:
        def report(sentence: str) -> None:
            if self.source is source and not self._closing:
                self._source_failed.emit(sentence)

        return report

    # What the worker computed

    def _announce_computed(self) -> None:  # on the worker's threads
        if not self._closing and alive(self):
            self._computed.emit()

    def _show_computed(self) -> None:
        if self._closing:
            return
        while self.worker.failures:
            self.message.emit(self.worker.failures.popleft().sentence, True)
        answer = self.worker.answers.take()
        if answer is not None and answer.request.model is self.model:
            self.answer = answer
            self.answer_ready.emit()
        result = self.worker.results.take()
        if result is None or result.request.model is not self.model:
            return
        self.result = result
        if result.complete:
            self.complete = result
        start = time.perf_counter()
        self.result_ready.emit()
        self.shown_at = time.perf_counter()
        if result.complete:
            self.draws.append((self.shown_at, self.shown_at - result.request.frame.time, self.shown_at - start))

    @property
    def frame(self) -> Frame | None:
        """The frame of the newest result."""
        return self.result.request.frame if self.result else None


__all__ = ["MOST_MADE", "AppState", "network_threads"]
