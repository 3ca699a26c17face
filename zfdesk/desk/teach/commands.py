"""What the actions of teaching do outside the view."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtWidgets import QFileDialog

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Panes
from zfdesk.desk.tasks import error_text
from zfdesk.desk.teach.classifier import Taught
from zfdesk.desk.teach.controller import DROP_SECONDS, Teaching
from zfdesk.desk.teach.example import example_bursts, example_pictures
from zfdesk.desk.teach.files import (
    ClassPictures,
    keep_last,
    last_classes_folder,
    read_classes,
    unread_text,
    write_classes,
)
from zfdesk.desk.teach.pane import TeachPane
from zfdesk.desk.widgets.questions import ask_for_text
from zfdesk.live import ClassSet, Sample
from zfdesk.progress import counted
from zfdesk.weights import store


def show_teach(context: AppContext) -> None:
    """The Teach pane, with the keys."""
    _raise_teach(context)
    context.get(TeachPane).setFocus()


def _raise_teach(context: AppContext) -> None:
    context.get(Panes).show(TeachPane.title)


def teach_add(context: AppContext) -> None:
    """One more class, its name ready to be typed over."""
    _raise_teach(context)
    context.get(Teaching).add()
    context.get(TeachPane).edit_name()


def teach_background(context: AppContext) -> None:
    """A class for what is there when none of the things is."""
    _raise_teach(context)
    context.get(Teaching).add_background()


def teach_next(context: AppContext) -> None:
    """The next class is the chosen one."""
    if _has_class(context):
        teaching = context.get(Teaching)
        teaching.choose((teaching.chosen + 1) % len(teaching.class_set.classes))


def teach_take(context: AppContext) -> None:
    """One picture for the chosen class."""
    _raise_teach(context)
    context.get(Teaching).take_picture()


def teach_rename(context: AppContext) -> None:
    """Put the cursor into the chosen class's name."""
    if _has_class(context):
        _raise_teach(context)
        context.get(TeachPane).edit_name()


def move_class(context: AppContext, steps: int) -> None:
    """Move the chosen class down by so many places (up where negative): it gets another key."""
    if _has_class(context):
        context.get(Teaching).move(context.get(Teaching).chosen, steps)


def teach_drop(context: AppContext) -> None:
    """Drop the pictures of the chosen class's last seconds."""
    if _has_class(context):
        teaching = context.get(Teaching)
        teaching.change(teaching.class_set.drop_last(teaching.chosen, DROP_SECONDS))


def teach_remove(context: AppContext) -> None:
    """Remove the chosen class."""
    if _has_class(context):
        teaching = context.get(Teaching)
        name = teaching.class_set.classes[teaching.chosen].name
        teaching.remove(teaching.chosen)
        context.show_message(f"“{name}” is removed; a step back in Teach brings it back.")


def teach_undo(context: AppContext) -> None:
    """Take the last step back."""
    if not context.get(Teaching).undo():
        context.show_message("There is no step of teaching to take back.")


def teach_clear(context: AppContext) -> None:
    """Forget everything; a step back brings it back."""
    if _has_class(context):
        context.get(Teaching).change(ClassSet(), 0)
        context.show_message("All classes are forgotten; a step back in Teach brings them back.")


def teach_example(context: AppContext) -> None:
    """Teach three of the demo's pictures, in place of the lesson that is there: a step back brings that back."""
    _raise_teach(context)
    teaching = context.get(Teaching)
    work = partial(example_pictures, teaching.base)
    context.state.tasks.run("lesson", work, partial(_on_example, context), owner=teaching, threads=1)


def _on_example(context: AppContext, pictures: dict[str, list[np.ndarray]] | None, error: Exception | None) -> None:
    if pictures is None:
        context.show_message(error_text(error, "The example's pictures could not be read"), True)
        return
    teaching, class_set = context.get(Teaching), ClassSet()
    for name, of_class in pictures.items():
        class_set = class_set.add(name, teaching.samples_of(of_class, example_bursts()))
    teaching.change(class_set, 0)


def _has_class(context: AppContext) -> bool:
    if context.get(Teaching).class_set.classes:
        return True
    context.show_message("There are no classes yet: add one first.", error=True)
    return False


# Files


def teach_save(context: AppContext) -> None:
    """Ask for a name and keep the taught network in the user's weights."""
    taught = context.get(Teaching).taught
    if taught is None:
        context.show_message("Nothing has been taught yet.", error=True)
        return
    proposal = store.name_for(Path("-".join(taught.model.classes)[:40] + store.SUFFIX))
    name = ask_for_text(
        context.window,
        "Keep the taught network",
        "Name under which its weights are kept among the others:",
        proposal,
    )
    if name:
        keep_taught(context, taught, name)


def keep_taught(context: AppContext, taught: Taught, name: str) -> None:
    """Keep what was taught under that name."""
    _run_task(context, "save", partial(_keep, taught, name), partial(_kept_taught, context, taught, name))


def _kept_taught(context: AppContext, taught: Taught, name: str, sha256: str) -> None:
    context.get(Teaching).rename_taught(taught, name, sha256)
    context.show_message(f"Kept as {name}: it is in the list of weights from now on.")


def teach_export(context: AppContext) -> None:
    """Ask for a folder and save the pictures there, a folder a class."""
    if not _has_class(context):
        return
    if not context.get(Teaching).class_set.pictures:
        context.show_message("There are no pictures to save yet.", error=True)
        return
    path = QFileDialog.getExistingDirectory(context.window, "Save the pictures in…", context.last_folder())
    if path:
        context.remember_folder(f"{path}/x")
        export_classes(context, Path(path))


def export_classes(context: AppContext, folder: Path) -> None:
    """Save the pictures there, a folder a class."""
    class_set = context.get(Teaching).class_set
    _run_task(context,
        "export", partial(write_classes, class_set, folder),
        lambda count: context.show_message(f"Saved {counted(count, 'picture')} in {folder.name}, a folder a class."),
    )  # fmt: skip


def teach_import(context: AppContext) -> None:
    """Ask for a folder of classes and add them."""
    path = QFileDialog.getExistingDirectory(context.window, "Open a folder of classes", context.last_folder())
    if path:
        context.remember_folder(f"{path}/x")
        import_classes(context, Path(path))


def import_classes(context: AppContext, folder: Path) -> None:
    """Add the classes of a folder; one that is there already gets the pictures."""
    _raise_teach(context)
    view, size = context.state.view, context.state.model.architecture.size
    _run_task(context, "import", partial(read_classes, folder, view.crop, size), partial(_on_imported, context))


def teach_last(context: AppContext) -> None:
    """Go on with the lesson that the window was closed with last."""
    if last_classes_folder().is_dir():
        import_classes(context, last_classes_folder())
    else:
        context.show_message("No lesson was kept from before.")


def keep_classes(context: AppContext) -> None:
    """At the end: the classes and pictures are there again at the next start. The program waits for it."""
    class_set = context.get(Teaching).class_set
    if class_set.pictures:
        context.state.tasks.run("save lesson", partial(keep_last, class_set), lambda value, error: None, keep=True)


def _on_imported(context: AppContext, found: list[ClassPictures]) -> None:
    teaching = context.get(Teaching)
    before = teaching.class_set.pictures
    if teaching.attempt(lambda: _with_found(teaching.class_set, found, teaching.samples_of)):
        added = counted(teaching.class_set.pictures - before, "picture")
        text = f"Added {added} of {counted(len(found), 'class', 'classes')}."
        unread = [sentence for one in found for sentence in one.unread]
        context.state.message.emit(" ".join([text, *unread_text(unread)]), bool(unread))


def _run_task(context: AppContext, name: str, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
    def end(value: Any, error: Exception | None) -> None:
        if error is not None:
            context.show_message(error_text(error, "That did not work"), error=True)
        else:
            done(value)

    context.state.tasks.run(f"teach {name}", work, end, keep=True)


def _keep(taught: Taught, name: str) -> str:
    path = store.add(taught.model, name)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _with_found(class_set: ClassSet, found: list[ClassPictures], samples_of: Callable[..., list[Sample]]) -> ClassSet:
    for one in found:
        names = [known.name.casefold() for known in class_set.classes]
        index = names.index(one.name.casefold()) if one.name.casefold() in names else len(names)
        class_set = class_set if index < len(names) else class_set.add(one.name)
        class_set = class_set.add_samples(index, samples_of(one.pictures, one.bursts))
    return class_set
