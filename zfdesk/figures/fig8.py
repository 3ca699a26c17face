"""Fig. 8: the pictures of the correspondence analysis (Table 1) with their masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zfdesk.engine import Model, Occluder, OccluderFill, OccluderShape, occlude
from zfdesk.experiments import MarkedPicture
from zfdesk.experiments.correspondence import masks_of
from zfdesk.experiments.parts import RANDOM, PartBox, shared_parts
from zfdesk.figures.facts import FILL_LABELS, Facts, caption
from zfdesk.figures.page import Cell, Page, PageSize
from zfdesk.figures.panels import Box, Picture

DRAWS = 2
"""Random masks that are shown of each picture, by default."""


def fig8_page(
    model: Model,
    pictures: Sequence[MarkedPicture],
    *,
    fill: OccluderFill = OccluderFill.GREY,
    draws: int = DRAWS,
    seed: int = 0,
    shown: int = DRAWS,
    size: PageSize = "two-column",
) -> Page:
    """A row for each picture: as it is, with each part masked, and with the first ``shown`` of its random masks.

    draws, seed: as in `zfdesk.experiments.correspondence`, whose masks these are. A part that a picture lacks
    leaves its place empty. Raises ValueError where no two pictures share a part.
    """
    parts = shared_parts({picture.name: picture.parts for picture in pictures})
    if not parts:
        raise ValueError("Fig. 8 needs a part that the network sees in at least two pictures.")
    cells = []
    for row, picture in enumerate(pictures):
        facts = Facts.of_model(model, picture=picture.name)
        cells.append(
            Cell(Picture(picture.pixels, facts=facts), row, 0, label="" if row else "clean", name=f"{row + 1}_clean")
        )
        masks = masks_of(picture, parts, draws, seed)
        column = 1
        for part in (*parts, RANDOM):
            wanted = masks.get(part, [])[: shown if part == RANDOM else 1]
            for place, box in enumerate(wanted):
                label = "" if row else part if part != RANDOM or shown < 2 else f"{part} {place + 1}"
                cells.append(
                    Cell(
                        _masked(model, picture, box, fill, facts), row, column + place, label=label,
                        name=f"{row + 1}_{part.replace(' ', '_')}" + (f"_{place + 1}" if part == RANDOM else ""),
                    )
                )  # fmt: skip
            column += shown if part == RANDOM else 1
    text = _caption(pictures, parts, fill, draws, shown, seed)
    return Page(tuple(cells), size, "Masked parts (Fig. 8)", f"{text} {caption(Facts.of_model(model))}", letters=False)


def _masked(model: Model, picture: MarkedPicture, box: PartBox, fill: OccluderFill, facts: Facts) -> Picture:
    occluder = Occluder(*box, OccluderShape.RECTANGLE, fill)
    pixels: np.ndarray = occlude(picture.pixels, [occluder], model.input.mean)
    # grey on grey would not be seen without an outline
    outline = Box(*box, "covered")
    return Picture(pixels, (outline,), facts=Facts.of_model(model, picture=facts.picture, occluders=(occluder,)))


def _caption(
    pictures: Sequence[MarkedPicture], parts: Sequence[str], fill: OccluderFill, draws: int, shown: int, seed: int
) -> str:
    masks_text = f"What the network sees of each picture, and its masks ({FILL_LABELS[fill]}): {', '.join(parts)}"
    if draws and shown:
        masks_text += (
            f"; the first {min(shown, draws)} of {draws} random places (seed {seed}), which overlap no marked part"
        )
    named = ", ".join(picture.name for picture in pictures)
    return f"{masks_text}. Pictures, from the top: {named}. The network's answers to them are compared in Table 1."
