"""Opening a scanned picture where it lies: a file, or a clip at a moment; for every pane that shows such pictures."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from zfdesk.desk.context import AppContext
from zfdesk.live import Crop, View
from zfdesk.sources import Source, SourceError, SourceReference, parse_source


def open_scanned(
    context: AppContext, path: str, seconds: float | None = None, change: Callable[[View], View] | None = None
) -> None:
    """Show a picture as it was scanned, or a clip paused at a moment; one step of undo with ``change`` of the view.

    A file that is gone is said in a sentence, and nothing changes.
    """
    state = context.state
    try:
        reference = parse_source(path)
    except SourceError as error:
        context.show_message(str(error), error=True)
        return
    there = state.source is not None and state.source.reference == reference and not state.view.frozen
    if seconds is not None and not there:
        _seeker(context).wait(reference, seconds)
    view = state.view.change(source=reference, crop=Crop.centre_of(state.model), frozen=False)
    state.change(change(view) if change is not None else view)
    if seconds is not None and there:
        state.move(lambda source: _go(source, seconds))


class _Seeker(QObject):
    """Goes to a moment of a clip once that is open; forgets it when something else is opened first."""

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._state = context.state
        self._wanted: tuple[SourceReference, float] | None = None
        self._state.source_changed.connect(self._seek_wanted)

    def wait(self, reference: SourceReference, seconds: float) -> None:
        self._wanted = reference, seconds

    def _seek_wanted(self) -> None:
        wanted, self._wanted = self._wanted, None
        source = self._state.source
        if wanted is not None and source is not None and source.reference == wanted[0]:
            _go(source, wanted[1])


def _seeker(context: AppContext) -> _Seeker:
    return context.get(_Seeker) if context.has(_Seeker) else context.add(_Seeker(context))


def _go(source: Source, seconds: float) -> None:
    source.pause()
    source.seek(seconds)


__all__ = ["open_scanned"]
