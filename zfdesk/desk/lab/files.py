"""Made pictures as a PNG that says how they were made."""

from __future__ import annotations

import re
from pathlib import Path

from zfdesk.atomic_write import write_whole
from zfdesk.desk.context import AppContext
from zfdesk.desk.lab.controller import Lab
from zfdesk.desk.tasks import not_saved_text
from zfdesk.desk.widgets.save_dialog import ask_where
from zfdesk.synthesis.orders import Made
from zfdesk.synthesis.sheet import contact_sheet, png_bytes


def save_made(path: str, made: Made) -> None:
    """Write all pictures as one sheet, with everything that is said of them in its text chunks. Raises OSError."""
    write_whole(Path(path), [png_bytes(contact_sheet(made.pictures, made.description.columns), made.facts)])


def ask_to_save(context: AppContext) -> None:
    """Ask for a place, and save what is shown."""
    made = context.get(Lab).made
    if made is None:
        context.show_message("There are no made pictures to save yet.", error=True)
        return
    name = re.sub(r"[^\w-]+", "-", f"{made.description.method}-{made.description.title}").strip("-").lower()[:60]
    path, _ = ask_where(context, "Save the made pictures", f"{name}.png", "PNG (*.png)", ".png")
    if path:
        save_to(context, path, made)


def save_to(context: AppContext, path: str, made: Made) -> None:
    """Write off the window's thread; how it went is told."""

    def done(_: None, error: Exception | None) -> None:
        name = Path(path).name
        marked = f", marked as {made.state.value}" if made.state_text else ""
        message = f"Saved {name}{marked}." if error is None else not_saved_text(error, name)
        context.show_message(message, error is not None)

    context.state.tasks.run("save", lambda: save_made(path, made), done, keep=True)


__all__ = ["ask_to_save", "save_made", "save_to"]
