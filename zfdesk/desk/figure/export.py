"""The figure's files: what is drawn, read and written off the window's thread."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zfdesk.atomic_write import write_whole
from zfdesk.desk.tasks import Progress, not_saved_text
from zfdesk.engine import Model
from zfdesk.engine import crop as cut
from zfdesk.live import Crop
from zfdesk.pages.composition import Composition
from zfdesk.pages.layout_file import figure_bytes
from zfdesk.sources import SourceError, read_picture
from zfdesk.sources.folder import pictures_in

FORMATS = ("png", "svg", "pdf", "npz")


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
            progress.report(place, len(self.paths), f"Drawing {os.path.basename(path)}…")
            if form == "npz":
                encoded.append(figure_bytes(self.composition))
                continue
            figure = figure or draw(page)
            encoded.append(encode(figure, form, self.composition.dpi))
        progress.report(len(self.paths), len(self.paths), "Writing…")
        for path, data in zip(self.paths, encoded, strict=True):
            try:
                write_whole(Path(os.path.realpath(path)), [data])
            except OSError as error:
                raise ExportError(not_saved_text(error, os.path.basename(path))) from error
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


def reader(model: Model, crop: Crop, progress: Progress, total: int, unreadable: list[str]) -> Any:
    """How `zfdesk.pages.folder_page` reads: told how far it is, stopped when wished, and noting what is unreadable."""
    done = 0

    def read(paths: Iterable[str]) -> Iterator[tuple[str, np.ndarray]]:
        nonlocal done
        for path in paths:
            progress.report(min(done, total), total, f"{min(done, total)} of {total} pictures")
            done += 1
            try:
                pixels = read_picture(path)
            except SourceError as error:
                unreadable.append(str(error))
                continue
            yield path, cut(pixels, crop.box(*pixels.shape[:2]), model.architecture.size)

    return read


def picture_paths(folder: str) -> list[str]:
    """The pictures of a folder. Raises SourceError where there are none."""
    names = pictures_in(folder)
    if not names:
        raise SourceError(f"There are no pictures in {os.path.basename(folder) or folder}.")
    return [os.path.join(folder, name) for name in names]


__all__ = ["FORMATS", "Export", "ExportError", "form_of", "picture_paths", "reader", "with_suffix"]
