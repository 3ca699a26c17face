"""Layouts and figures as files: where panels stand, without or with what they show.

A layout is a small JSON text. A figure's file is the ``.npz`` that every figure can be exported as (each panel's arrays
by name, and under ``page`` the page itself as JSON), with the layout under ``layout``: numpy reads it, the builder
opens it, and ``zfdesk render`` draws it.
"""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from zfdesk import npz
from zfdesk.atomic_write import write_whole
from zfdesk.error_reason import error_reason
from zfdesk.figures.files import encode_arrays
from zfdesk.figures.page import SIZES, Page, PageSize
from zfdesk.pages.composition import DPI, Composition, Rectangle, Slot, of_page
from zfdesk.pages.panel_kinds import kind_named
from zfdesk.pages.panels import FIXED, PanelSpec
from zfdesk.sources import SourceError
from zfdesk.sources.files import file_name, open_file
from zfdesk.typed_json import PlainError, from_plain, parsed, to_plain

SUFFIX = ".npz"
MOST_BYTES = 512 << 20  # of all members together, unpacked
LIMITS = npz.NpzLimits(MOST_BYTES, 4000, frozenset({"|u1", "|b1", "<i2", "<i4", "<i8", "<f4", "<f8"}), text=True)


class LayoutError(ValueError):
    """What is wrong with a layout or a figure's file, in a sentence."""


@dataclass(frozen=True)
class Spot:
    """A slot without what it shows. ``kind``: a panel's name. Raises ValueError for one that is not known."""

    kind: str
    number: int = 0
    row: int = 0
    column: int = 0
    rows: int = 1
    columns: int = 1
    label: str | None = None

    def __post_init__(self) -> None:
        self.spec  # noqa: B018  raises for a kind that is not known

    @property
    def spec(self) -> PanelSpec:
        """The kind of panel that is shown here. Raises ValueError for one that is not known."""
        try:
            return PanelSpec(kind_named(self.kind), self.number)
        except KeyError:
            raise ValueError(f"the panel {self.kind[:30]!r} is not known") from None

    @property
    def rectangle(self) -> Rectangle:
        """Row, column, rows, columns."""
        return self.row, self.column, self.rows, self.columns


@dataclass(frozen=True)
class FigureLayout:
    """A composition without what it shows. ``title``, ``caption``: those by hand. ``dpi``: of a PNG.

    Raises ValueError for a panel outside the grid, or a size that cannot be.
    """

    spots: tuple[Spot, ...] = ()
    size: PageSize = "two-column"
    captioned: bool = True
    letters: bool = True
    widths: tuple[float, ...] = ()
    dpi: int = DPI
    title: str | None = None
    caption: str | None = None

    def __post_init__(self) -> None:
        for spot in self.spots:
            if min(spot.row, spot.column, spot.number) < 0 or min(spot.rows, spot.columns) < 1:
                raise ValueError("a panel lies outside the grid")
            if max(spot.row + spot.rows, spot.column + spot.columns) > 1000:
                raise ValueError("its grid is too large")
        if isinstance(self.size, str) and self.size not in SIZES:
            raise ValueError(f"the size {self.size[:30]!r} is not known")
        if not 10 <= self.dpi <= 2400 or not all(0 < width < 1000 for width in self.widths):
            raise ValueError("its sizes cannot be")


def layout_of(composition: Composition, by_hand: bool = False) -> FigureLayout:
    """Where its panels stand. by_hand: with the title and caption that were written by hand, and what is fixed."""
    spots = tuple(
        Spot(slot.spec.kind.name, slot.spec.number, *slot.rectangle, slot.label if slot.by_hand else None)
        for slot in composition.slots
        if by_hand or slot.spec.kind is not FIXED
    )
    return FigureLayout(
        spots, composition.size, composition.captioned, composition.letters, composition.widths, composition.dpi,
        composition.title if by_hand else None, composition.caption if by_hand else None,
    )  # fmt: skip


def empty_of(layout: FigureLayout) -> Composition:
    """A composition that shows nothing yet. Raises LayoutError where panels would lie over each other."""
    slots = tuple(
        Slot(spot.spec, *spot.rectangle, label=spot.label or "", by_hand=spot.label is not None)
        for spot in layout.spots
    )  # fmt: skip
    places = [(row, column) for slot in slots for row in range(slot.row, slot.row + slot.rows)
              for column in range(slot.column, slot.column + slot.columns)]  # fmt: skip
    if len(set(places)) < len(places):
        raise LayoutError("In the layout two panels lie over each other.")
    return Composition(
        slots, layout.size, layout.title, layout.caption, layout.captioned, layout.letters, layout.widths, layout.dpi
    )


def to_text(layout: FigureLayout) -> str:
    """Return the layout as JSON text."""
    return json.dumps(to_plain(layout), allow_nan=False)


def from_text(text: str) -> FigureLayout:
    """The layout of `to_text`. Raises LayoutError for anything else."""
    try:
        data = parsed(text.encode())
        layout = from_plain(FigureLayout, data, "it", [])
        if len(layout.spots) < len(data.get("spots", ())):
            raise PlainError("it names a panel that is not known here")
        return layout
    except ValueError as error:
        raise LayoutError(f"The layout cannot be read: {error}.") from None


# A figure's file


def figure_bytes(composition: Composition) -> bytes:
    """The .npz: arrays, page and layout. Raises ValueError for a composition that shows nothing."""
    page = composition.page()
    order = [composition.slots[index] for index in composition.order]
    kept = replace(composition, slots=tuple(order))
    texts = {"layout": to_text(layout_of(kept, by_hand=True)), "origins": json.dumps([slot.origin for slot in order])}
    with np.load(io.BytesIO(encode_arrays(page)), allow_pickle=False) as arrays:
        return npz.encode({**arrays, **{name: np.array(text) for name, text in texts.items()}})


def save_composition(composition: Composition, path: str | os.PathLike[str]) -> None:
    """Write the figure's file, whole or not at all. Raises OSError, and ValueError for one that shows nothing."""
    write_whole(Path(os.path.realpath(path)), [figure_bytes(composition)])


def read_page(path: str | os.PathLike[str]) -> Page:
    """The page of a figure's file. Raises LayoutError, in a sentence that names the file."""
    return _read(path)[0]


def open_composition(path: str | os.PathLike[str]) -> Composition:
    """The figure as it was saved: its panels as they were, and what they are of, so that they can be taken anew.

    Raises LayoutError, in a sentence that names the file.
    """
    page, texts = _read(path)
    opened = of_page(page)
    try:
        layout = from_text(texts["layout"])
        origins = json.loads(texts["origins"])
        same = [spot.rectangle for spot in layout.spots] == [slot.rectangle for slot in opened.slots]
        if not same or len(origins) != len(layout.spots) or not all(isinstance(origin, str) for origin in origins):
            raise LayoutError("its layout is another's")
    except (KeyError, ValueError, TypeError):  # a page of `zfdesk figure`: nothing is known but the page
        return opened
    slots = tuple(
        replace(slot, spec=spot.spec, by_hand=spot.label is not None, origin=origin)
        for slot, spot, origin in zip(opened.slots, layout.spots, origins, strict=True)
    )
    return replace(opened, slots=slots, title=layout.title, caption=layout.caption, dpi=layout.dpi)


def _read(path: str | os.PathLike[str]) -> tuple[Page, dict[str, str]]:
    name = file_name(os.fspath(path))
    try:
        with open_file(os.fspath(path)) as file:
            found = npz.decode(file.read(MOST_BYTES + 1), LIMITS)
        texts = {name: str(value[()]) for name, value in found.items() if value.dtype.kind == "U"}
        arrays = {name: value for name, value in found.items() if name not in texts}
        if "page" not in texts:
            raise LayoutError("there is no page in it")
        return Page.from_data(parsed(texts["page"].encode()), arrays), texts
    except SourceError as error:
        raise LayoutError(str(error)) from None
    except MemoryError:
        raise LayoutError(f"{name} needs more memory than there is.") from None
    except OSError as error:
        raise LayoutError(f"{name} cannot be read: {error_reason(error)}.") from None
    except ValueError as error:
        reason = str(error).rstrip(".")
        raise LayoutError(f"{name} cannot be opened as a figure: {reason[:1].lower()}{reason[1:]}.") from None


__all__ = ["FigureLayout", "LayoutError", "empty_of", "figure_bytes", "from_text", "layout_of", "open_composition",
           "read_page", "save_composition", "to_text"]  # fmt: skip
