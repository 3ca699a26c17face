"""Work that can be watched and stopped, and the figure's files. Nothing here knows Qt but the clock that looks."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PySide6.QtCore import QObject, QTimer

from zfdesk.atomic_write import write_whole
from zfdesk.engine import Model
from zfdesk.engine import crop as cut
from zfdesk.live import Crop
from zfdesk.pages.composition import Composition
from zfdesk.pages.layout_file import figure_bytes
from zfdesk.sources import SourceError, read_picture
from zfdesk.sources.folder import pictures_in

LOOK_MS = 25
FORMATS = ("png", "svg", "pdf", "npz")


class Stopped(Exception):  # noqa: N818  # no error: it was asked for
    """The user has had enough."""


class Progress:
    """What the work tells and is told. No Qt object: it lives in two threads."""

    done = total = 0
    stopped = False
    words = ""

    def tell(self, done: int, total: int, words: str) -> None:
        """How far it is; raises `Stopped` where it shall go no further."""
        self.done, self.total, self.words = done, total, words
        if self.stopped:
            raise Stopped


class Job(QObject):
    """Work on a thread of its own. ``done(value, error)`` is called in the window's thread, one of them None.

    ``keep``: the end of the program waits for it, as for a file that is being written.
    """

    def __init__(
        self, parent: QObject, work: Callable[[Progress], Any], done: Callable[[Any, Exception | None], None],
        keep: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.progress = progress = Progress()
        self._done = done
        answer: list[tuple[Any, Exception | None]] = []
        self._answer = answer

        def run() -> None:
            torch.set_num_threads(1)  # the live view has the others
            try:
                answer.append((work(progress), None))
            except Exception as error:  # told in words by whoever asked
                answer.append((None, error))

        self._clock = QTimer(self, interval=LOOK_MS)
        self._clock.timeout.connect(self._look)
        threading.Thread(target=run, name="zfdesk-figure", daemon=not keep).start()
        self._clock.start()

    def stop(self) -> None:
        """As soon as it looks."""
        self.progress.stopped = True

    def forget(self) -> None:
        """Nobody wants to know any more."""
        self.stop()
        self._clock.stop()
        self._done = lambda value, error: None
        self.deleteLater()

    def _look(self) -> None:
        if self._answer:
            self._clock.stop()
            done, answer = self._done, self._answer[0]
            self.setParent(None)
            self.deleteLater()
            done(*answer)


def sentence(error: Exception, name: str = "") -> str:
    """A failure in one sentence."""
    lead = f"{name} was not saved: " if name else ""
    if isinstance(error, MemoryError):
        return f"{lead}there is not enough memory."
    if isinstance(error, OSError):
        return f"{lead or 'That did not work: '}{(error.strerror or str(error)).lower().rstrip('.')}."
    if isinstance(error, ValueError | ArithmeticError):
        words = str(error)
        return f"{lead}{words[:1].lower()}{words[1:]}" if lead else words
    return f"{lead or 'That did not work: '}{type(error).__name__}: {error}."


# Files


@dataclass(frozen=True)
class Export:
    """Files to be written of a composition: paths whose suffixes say what they hold."""

    composition: Composition
    paths: tuple[str, ...]

    def write(self, progress: Progress) -> tuple[str, ...]:
        """Draw once, encode each, and only then write: whole or not at all, each. Returns the paths.

        Raises `ExportError` naming the file that could not be written.
        """
        from zfdesk.figures import draw, encode

        page, encoded = self.composition.page(), []
        figure = None
        for place, path in enumerate(self.paths):
            form = form_of(path)
            progress.tell(place, len(self.paths), f"Drawing {os.path.basename(path)}…")
            if form == "npz":
                encoded.append(figure_bytes(self.composition))
                continue
            figure = figure or draw(page)
            encoded.append(encode(figure, form, self.composition.dpi))
        progress.tell(len(self.paths), len(self.paths), "Writing…")
        for path, data in zip(self.paths, encoded, strict=True):
            try:
                write_whole(Path(os.path.realpath(path)), [data])
            except OSError as error:
                raise ExportError(sentence(error, os.path.basename(path))) from error
        return self.paths


class ExportError(ValueError):
    """Which file was not written, and why, in a sentence."""


def form_of(path: str) -> str:
    """png, svg, pdf or npz. Raises ValueError for any other suffix."""
    form = os.path.splitext(path)[1].lower().removeprefix(".")
    if form not in FORMATS:
        raise ValueError(f"{os.path.basename(path)}: a figure's name ends in .png, .svg, .pdf or .npz.")
    return form


def with_suffix(path: str, chosen: str) -> str:
    """The path with the suffix of the kind that was chosen, where it has none that is known."""
    try:
        form_of(path)
    except ValueError:
        form = next((form for form in FORMATS if f"*.{form}" in chosen), "png")
        return f"{path}.{form}"
    return path


# Pictures of a folder


def reader(model: Model, crop: Crop, progress: Progress, total: int, lost: list[str]) -> Any:
    """How `zfdesk.pages.folder_page` reads: told how far it is, stopped when wished, and noting what is lost."""
    done = 0

    def read(paths: Iterable[str]) -> Iterator[tuple[str, np.ndarray]]:
        nonlocal done
        for path in paths:
            progress.tell(min(done, total), total, f"{min(done, total)} of {total} pictures")
            done += 1
            try:
                pixels = read_picture(path)
            except SourceError as error:
                lost.append(str(error))
                continue
            yield path, cut(pixels, crop.box(*pixels.shape[:2]), model.architecture.size)

    return read


def picture_paths(folder: str) -> list[str]:
    """The pictures of a folder. Raises SourceError where there are none."""
    names = pictures_in(folder)
    if not names:
        raise SourceError(f"There are no pictures in {os.path.basename(folder) or folder}.")
    return [os.path.join(folder, name) for name in names]


__all__ = ["FORMATS", "Export", "ExportError", "Job", "Progress", "Stopped", "form_of", "picture_paths", "reader",
           "sentence", "with_suffix"]  # fmt: skip
