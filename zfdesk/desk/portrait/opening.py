"""An example of a portrait, opened in the live view: that picture, that unit, that position."""

from __future__ import annotations

from zfdesk.desk.context import AppContext
from zfdesk.engine import SeedKind
from zfdesk.library import Example
from zfdesk.live import Crop
from zfdesk.sources import SourceReference


def open_example(context: AppContext, layer: str, unit: int, example: Example) -> None:
    """Show the picture as it was scanned, with the unit at the position that answered most; undo leads back.

    A frame of a clip is sought once the clip is open.
    """
    state = context.state
    kind = "picture" if example.seconds is None else "clip"
    reference = SourceReference(kind, example.path)
    view = state.view.change(
        source=reference, crop=Crop.centre_of(state.model), layer=layer, unit=unit, seed=SeedKind.AT,
        position=example.position, origin=None, frozen=False,
    )  # fmt: skip
    opened = state.source is not None and state.source.reference == reference
    state.change(view)
    if example.seconds is None:
        return
    seconds = example.seconds

    def seek() -> None:
        if state.source is not None and state.source.reference == reference:
            state.source_changed.disconnect(seek)
            state.source.pause()
            state.source.seek(seconds)

    state.source_changed.connect(seek)
    if opened:
        seek()


__all__ = ["open_example"]
