"""Figures and their arrays as files: the same input gives the same bytes. Imports matplotlib only to draw."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zfdesk import __version__
from zfdesk.atomic_write import write_whole
from zfdesk.figures.page import Page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")

DPI = 300
MOST_PIXELS = 200_000_000
"""Of a PNG; more would need gigabytes while it is drawn."""

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # of a zip's clock


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
    if not 10 <= dpi <= 2400 or width * height * dpi**2 > MOST_PIXELS:
        raise ValueError(f"A figure of {width:.3g} × {height:.3g} inches cannot be drawn at {dpi:g} dpi.")
    canvas = {"png": FigureCanvasAgg, "svg": FigureCanvasSVG, "pdf": FigureCanvasPdf}[form](figure)
    memory = io.BytesIO()
    with styled(), _Interpolated(figure, form):
        canvas.print_figure(memory, format=form, dpi=dpi, metadata=_metadata(figure, form), facecolor="white")
    return memory.getvalue()


class _Interpolated:
    """Pictures smoothed to a PNG's pixels; untouched in a vector file, where whoever shows it scales them."""

    def __init__(self, figure: Figure, form: str) -> None:
        from matplotlib.image import AxesImage

        self._way = "antialiased" if form == "png" else "none"
        self._images = figure.findobj(AxesImage)

    def __enter__(self) -> None:
        self._before = [image.get_interpolation() for image in self._images]
        for image in self._images:
            image.set_interpolation(self._way)

    def __exit__(self, *error: object) -> None:
        for image, before in zip(self._images, self._before, strict=True):
            image.set_interpolation(before)


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
    return npz_bytes({**arrays, "page": np.array(about)})


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """What `numpy.savez_compressed` writes, but without the time of day."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, arrays[name], allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, member.getvalue())
    return memory.getvalue()
