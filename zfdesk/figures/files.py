"""Figures and their arrays as files: the same input gives the same bytes. Imports matplotlib only to draw."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zfdesk import __version__, npz
from zfdesk.atomic_write import write_whole
from zfdesk.figures.page import Page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")

DPI = 300
MOST_PIXELS = 200_000_000
"""Of a PNG; more would need gigabytes while it is drawn."""


def save(figure: Figure, path: str | os.PathLike[str], dpi: float = DPI) -> None:
    """Write a figure as PNG, SVG or PDF, by the name's suffix; whole or not at all.

    Raises ValueError for another suffix or a dpi that cannot be, and OSError where nothing can be written.
    """
    write_whole(Path(os.path.realpath(path)), [encode(figure, format_of(path), dpi)])


def save_arrays(page: Page, path: str | os.PathLike[str]) -> None:
    """Write the raw arrays of every panel as .npz; whole or not at all. OSError where nothing can be written."""
    write_whole(Path(os.path.realpath(path)), [encode_arrays(page)])


def format_of(path: str | os.PathLike[str]) -> str:
    """png, svg or pdf. ValueError, with a sentence, for any other suffix."""
    suffix = os.path.splitext(os.fspath(path))[1].lower().removeprefix(".")
    if suffix not in FORMATS:
        raise ValueError(f"{os.fspath(path)}: a figure's name ends in .png, .svg or .pdf.")
    return suffix


def encode(figure: Figure, form: str, dpi: float = DPI) -> bytes:
    """The bytes of a figure in one of `FORMATS`. Text stays text, pictures are embedded as they are.

    A figure made by `zfdesk.figures.draw` takes its title and caption along. Raises ValueError.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    from zfdesk.figures.look import styled

    width, height = figure.get_size_inches()
    check_pixels(width, height, dpi, 10)
    canvas = {"png": FigureCanvasAgg, "svg": FigureCanvasSVG, "pdf": FigureCanvasPdf}[form](figure)
    memory = io.BytesIO()
    with styled(), interpolated(figure, form):
        canvas.print_figure(memory, format=form, dpi=dpi, metadata=_metadata(figure, form), facecolor="white")
    return memory.getvalue()


def check_pixels(width: float, height: float, dpi: float, least: float = 1) -> None:
    """Raise ValueError for a page of a size in inches that would have too many pixels, or too few an inch."""
    if not least <= dpi <= 2400 or width * height * dpi**2 > MOST_PIXELS:
        raise ValueError(f"A figure of {width:.3g} × {height:.3g} inches cannot be drawn at {dpi:g} dpi.")


CELLS = "cells"
"""The label of a picture in colour whose pixels are values, each of which is to be seen."""

CELL_PIXELS, LONGEST_SIDE = 8, 2048
"""A value becomes so many pixels wide and high in a vector file, as far as the picture is no longer than that."""


@contextmanager
def interpolated(figure: Figure, form: str) -> Iterator[None]:
    """Pictures smoothed to a PNG's pixels. In a vector file, where whoever shows it scales and often blurs them, they
    are untouched, but for maps of values: each value is laid out as a square of pixels, so that its edges stay sharp.
    """
    from matplotlib.image import AxesImage

    way = "antialiased" if form == "png" else "none"
    before: list[tuple[AxesImage, str, np.ndarray]] = [
        (image, image.get_interpolation(), np.ma.asanyarray(image.get_array())) for image in figure.findobj(AxesImage)
    ]
    for image, _, values in before:
        image.set_interpolation(way)
        if way == "none" and (values.ndim == 2 or image.get_label() == CELLS):
            times = max(min(CELL_PIXELS, LONGEST_SIDE // max(values.shape[:2])), 1)
            image.set_extent(image.get_extent())  # which else is that of the pixels
            image.set_data(values.repeat(times, 0).repeat(times, 1))
    try:
        yield
    finally:
        for image, interpolation, values in before:
            image.set_interpolation(interpolation)
            image.set_data(values)


def _metadata(figure: Figure, form: str) -> dict[str, str | None]:
    """Title, caption and program under the names each format has for them; no dates."""
    title, caption = getattr(figure, "title", ""), getattr(figure, "caption", "")
    software = f"zfdesk {__version__}"
    match form:
        case "png":
            texts = {"Title": title, "Description": caption, "Software": software}
        case "svg":
            texts = {"Title": title, "Description": caption, "Creator": software}
        case _:
            texts = {"Title": title, "Subject": caption, "Creator": software, "Producer": software}
    dates: dict[str, dict[str, str | None]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    return {key: text for key, text in texts.items() if text} | dates.get(form, {})


def encode_arrays(page: Page) -> bytes:
    """The bytes of an .npz: every panel's arrays by name, and under "page" the page itself as JSON."""
    data, arrays = page.to_data()
    about = json.dumps(data, ensure_ascii=False, allow_nan=False, sort_keys=True)
    return npz.encode({**arrays, "page": np.array(about)})
