"""What can be done in the builder, in one table: keys, buttons, context menu and the list of keys are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Command:
    """``method``: of the builder, called with ``arguments``. ``grid``: only while the arrangement has the focus."""

    id: str
    words: str
    keys: tuple[str, ...]
    method: str
    arguments: tuple[Any, ...] = ()
    grid: bool = False


COMMANDS: tuple[Command, ...] = (
    Command("undo", "Undo", ("Ctrl+Z",), "undo"),
    Command("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
    Command("refresh", "Refresh the chosen panel from the window", ("F5",), "refresh_chosen"),
    Command("refresh-all", "Refresh all panels, of one frame", ("Shift+F5",), "refresh_all"),
    Command("copy", "Copy the page", ("Ctrl+C",), "copy"),
    Command("export", "Export…", ("Ctrl+E",), "ask_export"),
    Command("export-all", "Export PNG, SVG, PDF and arrays…", ("Ctrl+Shift+E",), "ask_export_all"),
    Command("save", "Save the figure…", ("Ctrl+S",), "ask_save"),
    Command("open", "Open a figure…", ("Ctrl+O",), "ask_open"),
    Command("fit", "Zoom: the whole page", ("Ctrl+0",), "zoom_to", (0,)),
    Command("print-size", "Zoom: as large as in print", ("Ctrl+1",), "zoom_to", (100,)),
    Command("double", "Zoom: twice as large", ("Ctrl+2",), "zoom_to", (200,)),
    Command("grey", "Greyscale, as a black and white printer has it", ("Ctrl+G",), "toggle_grey"),
    Command("clear", "Clear the page", ("Ctrl+Del",), "clear"),
    Command("label", "Edit the label", ("F2", "Return"), "edit_label", (), True),
    Command("remove", "Remove the panel", ("Del", "Backspace"), "remove", (), True),
    Command("place", "Place the panel chosen in the list here", ("Space",), "place_here", (), True),
    Command("left", "To the panel on the left", ("Left",), "walk", (0, -1), True),
    Command("right", "To the panel on the right", ("Right",), "walk", (0, 1), True),
    Command("up", "To the panel above", ("Up",), "walk", (-1, 0), True),
    Command("down", "To the panel below", ("Down",), "walk", (1, 0), True),
    Command("move-left", "Move the panel to the left", ("Ctrl+Left",), "shift", (0, -1), True),
    Command("move-right", "Move the panel to the right", ("Ctrl+Right",), "shift", (0, 1), True),
    Command("move-up", "Move the panel up", ("Ctrl+Up",), "shift", (-1, 0), True),
    Command("move-down", "Move the panel down", ("Ctrl+Down",), "shift", (1, 0), True),
    Command("narrower", "Over a column less", ("Shift+Left",), "stretch", (0, -1), True),
    Command("wider", "Over a column more", ("Shift+Right",), "stretch", (0, 1), True),
    Command("lower", "Over a row less", ("Shift+Up",), "stretch", (-1, 0), True),
    Command("higher", "Over a row more", ("Shift+Down",), "stretch", (1, 0), True),
    Command("column-narrower", "The column narrower", ("Alt+Left",), "widen", (1 / 1.1,), True),
    Command("column-wider", "The column wider", ("Alt+Right",), "widen", (1.1,), True),
    Command("insert-column", "An empty column before this one", ("Ctrl+Shift+Right",), "insert_line", (True,), True),
    Command("insert-row", "An empty row before this one", ("Ctrl+Shift+Down",), "insert_line", (False,), True),
)
"""Elsewhere the keys belong to the field that has the focus."""

BY_ID = {command.id: command for command in COMMANDS}


def by_key(key: str, grid: bool) -> Command | None:
    """The command of a key, as Qt names it."""
    return next((command for command in COMMANDS if key in command.keys and (grid or not command.grid)), None)


def hint(name: str) -> str:
    """Words and keys, for a tool tip."""
    return f"{BY_ID[name].words} ({', '.join(BY_ID[name].keys)})"


def keys_as_html() -> str:
    """The table of keys."""
    rows = "".join(f"<tr><td><b>{', '.join(c.keys)}</b>&nbsp;&nbsp;</td><td>{c.words}</td></tr>" for c in COMMANDS)
    return f"<table>{rows}</table>"


__all__ = ["BY_ID", "COMMANDS", "Command", "by_key", "hint", "keys_as_html"]
