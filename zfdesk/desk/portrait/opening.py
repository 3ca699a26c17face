"""An example of a portrait, opened in the live view: that picture, that unit, that position."""

from __future__ import annotations

from zfdesk.desk.context import AppContext
from zfdesk.desk.open_scanned import open_scanned
from zfdesk.engine import SeedKind
from zfdesk.library import Example
from zfdesk.live import View


def open_example(context: AppContext, layer: str, unit: int, example: Example) -> None:
    """Show the picture as it was scanned, with the unit at the position that answered most; undo leads back."""

    def at_the_position(view: View) -> View:
        return view.change(layer=layer, unit=unit, seed=SeedKind.AT, position=example.position, origin=None)

    open_scanned(context, example.path, example.seconds, at_the_position)


__all__ = ["open_example"]
