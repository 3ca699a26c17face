"""An example of a portrait, opened in the live view: that picture, that unit, that position."""

from __future__ import annotations

from zfdesk.desk.context import AppContext
from zfdesk.desk.open_scanned import open_scanned
from zfdesk.engine import SeedKind
from zfdesk.library import Example
from zfdesk.live import View
from zfdesk.live.changes import to_unit


def open_example(context: AppContext, layer: str, unit: int, example: Example, spatial: bool) -> None:
    """Show the picture as it was scanned, with the unit at the position that answered most; undo leads back.
    ``spatial``: whether the unit has a map, not one value."""

    def at_the_position(view: View) -> View:
        view = to_unit(view.change(layer=layer, origin=None), unit)
        return view.change(seed=SeedKind.AT, position=example.position) if spatial else view

    open_scanned(context, example.path, example.seconds, at_the_position)


__all__ = ["open_example"]
