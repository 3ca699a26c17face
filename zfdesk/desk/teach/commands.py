"""What the actions of teaching do: methods that the actions table names. Mixed into the window."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFileDialog, QInputDialog

from zfdesk.desk.teach.controller import DROP_SECONDS, Taught
from zfdesk.desk.teach.files import Found, export, keep_last, last_lesson, open_classes, unread_words
from zfdesk.live import ClassSet, ClassSetError
from zfdesk.weights import CheckpointError, store

if TYPE_CHECKING:
    from zfdesk.desk.state import Desk
    from zfdesk.desk.teach.pane import TeachPane


class TeachCommands:
    """Methods that the actions table names."""

    desk: Desk
    teach: TeachPane

    def show_teach(self) -> None:
        """The Teach pane, with the keys."""
        self._raise_teach()
        self.teach.setFocus()

    def _raise_teach(self) -> None:
        dock = self.docks[self.teach]  # type: ignore[attr-defined]
        dock.show()
        dock.raise_()

    def switch_taught(self) -> None:
        """The original network, or the taught one."""
        self.desk.teaching.switch()

    def teach_add(self) -> None:
        """One more class, its name ready to be typed over."""
        self._raise_teach()
        self.desk.teaching.add()
        self.teach.edit_name()

    def teach_background(self) -> None:
        """A class for what is there when none of the things is."""
        self._raise_teach()
        self.desk.teaching.add_background()

    def teach_next(self) -> None:
        """The next class is the chosen one."""
        if self._has_class():
            teaching = self.desk.teaching
            teaching.choose((teaching.chosen + 1) % len(teaching.class_set.classes))

    def teach_take(self) -> None:
        """One picture for the chosen class."""
        self._raise_teach()
        self.desk.teaching.take()

    def teach_rename(self) -> None:
        """Put the cursor into the chosen class's name."""
        if self._has_class():
            self._raise_teach()
            self.teach.edit_name()

    def teach_up(self) -> None:
        """The chosen class changes places with the one above."""
        if self._has_class():
            self.desk.teaching.move(self.desk.teaching.chosen, -1)

    def teach_down(self) -> None:
        """The chosen class changes places with the one below."""
        if self._has_class():
            self.desk.teaching.move(self.desk.teaching.chosen, 1)

    def teach_drop(self) -> None:
        """Without the chosen class's last seconds."""
        if self._has_class():
            teaching = self.desk.teaching
            teaching.change(teaching.class_set.drop_last(teaching.chosen, DROP_SECONDS))

    def teach_remove(self) -> None:
        """Without the chosen class."""
        if self._has_class():
            teaching = self.desk.teaching
            name = teaching.class_set.classes[teaching.chosen].name
            teaching.remove(teaching.chosen)
            self.desk.told.emit(f"“{name}” is removed; a step back in Teach brings it back.", False)

    def teach_undo(self) -> None:
        """Take the last step back."""
        if not self.desk.teaching.undo():
            self.desk.told.emit("There is no step of teaching to take back.", False)

    def teach_clear(self) -> None:
        """Forget everything; a step back brings it back."""
        if self._has_class():
            self.desk.teaching.change(ClassSet(), 0)
            self.desk.told.emit("All classes are forgotten; a step back in Teach brings them back.", False)

    def _has_class(self) -> bool:
        if self.desk.teaching.class_set.classes:
            return True
        self.desk.told.emit("There are no classes yet: add one first.", True)
        return False

    # Files

    def teach_save(self) -> None:
        """Ask for a name and keep the taught network in the user's weights."""
        taught = self.desk.teaching.taught
        if taught is None:
            self.desk.told.emit("Nothing has been taught yet.", True)
            return
        proposal = store.name_for(Path("-".join(taught.model.classes)[:40] + store.SUFFIX))
        name, good = QInputDialog.getText(self, "Keep the taught network", "Name of the weights:", text=proposal)  # type: ignore[arg-type]
        if good and name.strip():
            self.keep_taught(taught, name.strip())

    def keep_taught(self, taught: Taught, name: str) -> None:
        """Keep what was taught under that name."""
        self._run_task("save", partial(_keep, taught, name), partial(self._kept_taught, taught, name))

    def _kept_taught(self, taught: Taught, name: str, sha256: str) -> None:
        self.desk.teaching.kept_as(taught, name, sha256)
        self.desk.told.emit(f"Kept as {name}: it is in the list of weights from now on.", False)

    def teach_export(self) -> None:
        """Ask for a folder and save the pictures there, a folder a class."""
        if not self._has_class():
            return
        path = QFileDialog.getExistingDirectory(self, "Save the pictures in…", self._last_folder())  # type: ignore[arg-type,attr-defined]
        if path:
            self._remember_folder(f"{path}/x")  # type: ignore[attr-defined]
            self.export_lesson(Path(path))

    def export_lesson(self, folder: Path) -> None:
        """Save the pictures there, a folder a class."""
        class_set = self.desk.teaching.class_set
        self._run_task(
            "export", partial(export, class_set, folder),
            lambda count: self.desk.told.emit(f"Saved {count} pictures in {folder.name}, a folder a class.", False),
        )  # fmt: skip

    def teach_import(self) -> None:
        """Ask for a folder of classes and add them."""
        path = QFileDialog.getExistingDirectory(self, "Open a folder of classes", self._last_folder())  # type: ignore[arg-type,attr-defined]
        if path:
            self._remember_folder(f"{path}/x")  # type: ignore[attr-defined]
            self.import_lesson(Path(path))

    def import_lesson(self, folder: Path) -> None:
        """Add the classes of a folder; one that is there already gets the pictures."""
        self._raise_teach()
        view, size = self.desk.view, self.desk.model.architecture.size
        self._run_task("import", partial(open_classes, folder, view.crop, size), self._imported_lesson)

    def teach_last(self) -> None:
        """Go on with the lesson that the window was closed with last."""
        if last_lesson().is_dir():
            self.import_lesson(last_lesson())
        else:
            self.desk.told.emit("No lesson was kept from before.", False)

    def keep_lesson(self) -> None:
        """At the end: the classes and pictures are there again at the next start. The program waits for it."""
        class_set = self.desk.teaching.class_set
        if class_set.pictures:
            self.desk.tasks.run("save lesson", partial(keep_last, class_set), lambda value, error: None, keep=True)

    def _imported_lesson(self, found: list[Found]) -> None:
        teaching = self.desk.teaching
        before = teaching.class_set.pictures
        if teaching.attempt(lambda: _with_found(teaching.class_set, found, teaching.samples_of)):
            words = f"{teaching.class_set.pictures - before} pictures of {len(found)} classes were added."
            unread = [sentence for one in found for sentence in one.unread]
            self.desk.told.emit(" ".join([words, *unread_words(unread)]), bool(unread))

    def _run_task(self, name: str, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        def end(value: Any, error: Exception | None) -> None:
            if isinstance(error, CheckpointError | ClassSetError):
                self.desk.told.emit(str(error), True)
            elif error is not None:
                self.desk.told.emit(f"That did not work ({type(error).__name__}: {error}).", True)
            else:
                done(value)

        self.desk.tasks.run(f"teach {name}", work, end, keep=True)


def _keep(taught: Taught, name: str) -> str:
    path = store.add(taught.model, name)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _with_found(class_set: ClassSet, found: list[Found], samples_of: Callable[..., list]) -> ClassSet:
    for one in found:
        names = [known.name.casefold() for known in class_set.classes]
        index = names.index(one.name.casefold()) if one.name.casefold() in names else len(names)
        class_set = class_set if index < len(names) else class_set.add(one.name)
        class_set = class_set.take(index, samples_of(one.pictures, one.holds))
    return class_set


__all__ = ["TeachCommands"]
