"""Asking where to save: one file picker for all that the window writes, which refuses what the window reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from zfdesk.desk.context import AppContext
from zfdesk.overwriting import overwriting_text

ShowMessage = Callable[[str, bool], object]
"""Tells the user a sentence; True for an error."""


def ask_where(
    context: AppContext,
    title: str,
    name: str,
    kinds: str,
    suffix: str = "",
    parent: QWidget | None = None,
    show_message: ShowMessage | None = None,
) -> tuple[str, str]:
    """The path that the user chose and the kind among ``kinds``; "" where nothing was chosen, or is refused in words.

    name: what is proposed, in the last folder. suffix: what the name must end in, added where it does not.
    show_message: where a refusal is told, by default in the window.
    """
    show_message = show_message or context.show_message
    proposal = str(Path(context.last_folder()) / name)
    path, kind = QFileDialog.getSaveFileName(parent or context.window, title, proposal, kinds)
    if not path:
        return "", kind
    context.remember_folder(path)
    if suffix and not path.lower().endswith(suffix):
        path += suffix
        if Path(path).exists():  # the picker has asked about another name
            show_message(f"{Path(path).name} is there already: choose that name itself to replace it.", True)
            return "", kind
    return ("" if reads_any(context, [path], show_message) else path), kind


def reads_any(context: AppContext, paths: Sequence[str], show_message: ShowMessage) -> bool:
    """Whether the window reads one of these files that are to be written; then it is told why not."""
    read = list(inputs_of(context))
    sentence = next(filter(None, (overwriting_text(path, read) for path in paths)), "")
    if sentence:
        show_message(sentence, True)
    return bool(sentence)


def inputs_of(context: AppContext) -> Iterable[str]:
    """The files and folders that the window reads: what is shown, its weights, and what the features tell."""
    from zfdesk.weights import store

    state = context.state
    references = {state.view.source, *([state.source.reference] if state.source else [])}
    yield from (reference.location for reference in references if reference.location)
    yield str(store.folder())
    yield from (path for paths in context.inputs for path in paths())


__all__ = ["ShowMessage", "ask_where", "inputs_of", "reads_any"]
