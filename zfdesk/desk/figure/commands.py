"""What can be done in the builder, in one table: keys, buttons, context menu and the list of keys are made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest

from zfdesk.desk.figure.editing import EditingCommands
from zfdesk.desk.figure.files import FileCommands
from zfdesk.desk.figure.grid import GridCanvas
from zfdesk.desk.figure.placing import PlacingCommands
from zfdesk.desk.figure.preview import Preview


@dataclass(frozen=True, eq=False)
class CommandReceivers:
    """Who does what the table names."""

    editing: EditingCommands
    placing: PlacingCommands
    files: FileCommands
    grid: GridCanvas
    preview: Preview


@dataclass(frozen=True)
class Command:
    """One entry of the table. ``run``: does it."""

    id: str
    text: str
    keys: tuple[str, ...]
    run: Callable[[CommandReceivers], object]


ANYWHERE: tuple[Command, ...] = (
    Command("undo", "Undo", ("Ctrl+Z",), lambda do: do.editing.undo()),
    Command("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), lambda do: do.editing.redo()),
    Command("refresh", "Refresh the chosen panel from the window", ("F5",), lambda do: do.placing.refresh_chosen()),
    Command("refresh-all", "Refresh all panels, of one frame", ("Shift+F5",), lambda do: do.placing.refresh_all()),
    Command("copy", "Copy the page", ("Ctrl+C",), lambda do: do.files.copy()),
    Command("export", "Export…", ("Ctrl+E",), lambda do: do.files.ask_export()),
    Command("export-all", "Export PNG, SVG, PDF and arrays…", ("Ctrl+Shift+E",), lambda do: do.files.ask_export_all()),
    Command("save", "Save the figure…", ("Ctrl+S",), lambda do: do.files.ask_save()),
    Command("open", "Open a figure…", ("Ctrl+O",), lambda do: do.files.ask_open()),
    Command("fit", "Zoom: the whole page", ("Ctrl+0",), lambda do: do.preview.zoom_to(0)),
    Command("print-size", "Zoom: as large as in print", ("Ctrl+1",), lambda do: do.preview.zoom_to(100)),
    Command("double", "Zoom: twice as large", ("Ctrl+2",), lambda do: do.preview.zoom_to(200)),
    Command("grey", "Greyscale, as a black and white printer has it", ("Ctrl+G",), lambda do: do.preview.toggle_grey()),
    Command("clear", "Clear the page", ("Ctrl+Del",), lambda do: do.editing.clear()),
)

IN_GRID: tuple[Command, ...] = (
    Command("label", "Edit the label", ("F2", "Return"), lambda do: do.editing.edit_label()),
    Command("remove", "Remove the panel", ("Del", "Backspace"), lambda do: do.editing.remove()),
    Command("place", "Place the panel chosen in the list here", ("Space",), lambda do: do.placing.place_here()),
    Command("left", "To the panel on the left", ("Left",), lambda do: do.grid.walk(0, -1)),
    Command("right", "To the panel on the right", ("Right",), lambda do: do.grid.walk(0, 1)),
    Command("up", "To the panel above", ("Up",), lambda do: do.grid.walk(-1, 0)),
    Command("down", "To the panel below", ("Down",), lambda do: do.grid.walk(1, 0)),
    Command("move-left", "Move the panel to the left", ("Ctrl+Left",), lambda do: do.grid.shift(0, -1)),
    Command("move-right", "Move the panel to the right", ("Ctrl+Right",), lambda do: do.grid.shift(0, 1)),
    Command("move-up", "Move the panel up", ("Ctrl+Up",), lambda do: do.grid.shift(-1, 0)),
    Command("move-down", "Move the panel down", ("Ctrl+Down",), lambda do: do.grid.shift(1, 0)),
    Command("narrower", "Over a column less", ("Shift+Left",), lambda do: do.grid.stretch(0, -1)),
    Command("wider", "Over a column more", ("Shift+Right",), lambda do: do.grid.stretch(0, 1)),
    Command("lower", "Over a row less", ("Shift+Up",), lambda do: do.grid.stretch(-1, 0)),
    Command("higher", "Over a row more", ("Shift+Down",), lambda do: do.grid.stretch(1, 0)),
    Command("column-narrower", "The column narrower", ("Alt+Left",), lambda do: do.grid.widen(1 / 1.1)),
    Command("column-wider", "The column wider", ("Alt+Right",), lambda do: do.grid.widen(1.1)),
    Command(
        "insert-column",
        "An empty column before this one",
        ("Ctrl+Shift+Right",),
        lambda do: do.editing.insert_line(True),
    ),
    Command(
        "insert-row", "An empty row before this one", ("Ctrl+Shift+Down",), lambda do: do.editing.insert_line(False)
    ),
)
"""Only while the arrangement has the focus: elsewhere the keys belong to the field that has it."""

COMMANDS = (*ANYWHERE, *IN_GRID)
BY_ID = {command.id: command for command in COMMANDS}


def by_key(key: str, grid: bool) -> Command | None:
    """The command of a key, as Qt names it. grid: whether the arrangement has the focus."""
    return next((command for command in (COMMANDS if grid else ANYWHERE) if key in command.keys), None)


def hint(name: str) -> str:
    """Words and keys, for a tool tip."""
    return f"{BY_ID[name].text} ({', '.join(BY_ID[name].keys)})"


def keys_as_html() -> str:
    """The table of keys, in two columns."""
    cells = [f"<td><b>{', '.join(command.keys)}</b>&nbsp;&nbsp;</td><td>{command.text}</td>" for command in COMMANDS]
    half = (len(cells) + 1) // 2
    pairs = zip_longest(cells[:half], cells[half:], fillvalue="<td></td><td></td>")
    gap = "<td>&nbsp;&nbsp;&nbsp;&nbsp;</td>"
    return f"<table>{''.join(f'<tr>{left}{gap}{right}</tr>' for left, right in pairs)}</table>"


__all__ = ["BY_ID", "COMMANDS", "Command", "by_key", "hint", "keys_as_html"]
