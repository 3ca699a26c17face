"""Fig. 5: how the features of a lower and an upper layer change when pictures are shifted, enlarged and turned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zfdesk.engine import Model
from zfdesk.experiments.invariance import Invariance, Transformation, transformed
from zfdesk.experiments.table1 import PAPER_LAYERS
from zfdesk.figures.facts import Facts, caption, with_minus_sign
from zfdesk.figures.page import Cell, Page, PageSize, inches_of, is_narrow
from zfdesk.figures.panels import Curves, Panel, Tiles

MOST_PICTURES = 5
"""The paper's number; more lines could not be told apart."""

SHOWN, SHOWN_NARROW, SHOWN_LOW = 5, 9, 3
"""How many of a picture's transformed versions are shown; more and smaller ones across a narrow page, few on a page of
given height, where two pictures stand side by side."""

AXES = {Transformation.TRANSLATION: "pixels down", Transformation.SCALE: "times", Transformation.ROTATION: "degrees"}
UNITS = {Transformation.TRANSLATION: "pixels", Transformation.SCALE: "times", Transformation.ROTATION: "degrees"}
LAYERS = PAPER_LAYERS | {"norm1": 1, "pool1": 1}


def fig5_page(
    model: Model,
    names: Sequence[str],
    canvases: Sequence[np.ndarray],
    found: Sequence[Invariance],
    *,
    given: bool = False,
    size: PageSize = "two-column",
) -> Page:
    """A row for each change: some of the transformed pictures, the distance of the features of each layer from those of
    the untransformed picture, and the probability of the label.

    names: of the pictures. canvases: of `zfdesk.experiments.invariance.around`. found: one for each change, all of
    the same pictures. given: the labels were given, and are not those the network gives the untransformed pictures.
    Raises ValueError for no picture, or more than `MOST_PICTURES`.
    """
    if not 1 <= len(names) <= MOST_PICTURES:
        raise ValueError(f"Fig. 5 is drawn of 1 to {MOST_PICTURES} pictures, not {len(names)}.")
    facts = Facts.of_model(model, picture=", ".join(names))
    narrow, low = is_narrow(size), inches_of(size)[1] > 0  # a narrow page has its pictures above the curves
    shown_tiles = SHOWN_NARROW if narrow else SHOWN_LOW if low else SHOWN
    lines = tuple(f"{place} {model.classes[index]}" for place, index in enumerate(found[0].classes, 1))
    across = len(found[0].distances) + 1
    cells = []
    for row, one in enumerate(found):
        word = one.change.name.lower()
        top, left = (2 * row, 0) if narrow else (row, 2)
        amounts = _spread(one.amounts, shown_tiles)
        labels = tuple(map(_number, amounts))
        if low:  # its tiles are too small for words
            pictures = _pictures(model, canvases, one, amounts, 2 * SHOWN_LOW, (), facts)
            label = f"{one.change}: {', '.join(labels)} {UNITS[one.change]}"
        else:
            pictures = _pictures(model, canvases, one, amounts, shown_tiles, labels, facts)
            label = f"{one.change}, {UNITS[one.change]}"
        cells.append(Cell(pictures, top, 0, 1, across if narrow else 2, label, f"{word}_tiles"))
        panels: list[tuple[Panel, str, str]] = [
            (_curves(one, distances, "distance", (), facts), layer_text(layer), f"{word}_{layer}")
            for layer, distances in one.distances.items()
        ]
        label = "P(true label)" if given else "P(label)"
        # one legend is enough: the lines are the same everywhere
        shown = lines if row == len(found) - 1 else ()
        # the caption has the names that a narrow panel has no room for
        shown = tuple(line.split()[0] for line in shown) if narrow else shown
        panels.append((_curves(one, one.probabilities, "probability", shown, facts), label, f"{word}_probability"))
        cells += [
            Cell(panel, top + narrow, left + column, label=text, name=name)
            for column, (panel, text, name) in enumerate(panels)
        ]
    widths = () if narrow else (1.0,) * (2 + across)
    text = _caption(names, lines, found, given)
    return Page(tuple(cells), size, "Invariance (Fig. 5)", f"{text} {caption(Facts.of_model(model))}", widths=widths)


def _spread(amounts: np.ndarray, count: int) -> np.ndarray:
    """Some of the amounts, evenly spread."""
    result: np.ndarray = amounts[np.unique(np.linspace(0, len(amounts) - 1, count).round().astype(int))]
    return result


def _pictures(
    model: Model, canvases: Sequence[np.ndarray], one: Invariance, amounts: np.ndarray, across: int,
    labels: tuple[str, ...], facts: Facts,
) -> Tiles:  # fmt: skip
    """Each picture transformed by each amount, pictures side by side until a row has ``across`` tiles.
    ``labels``: of the amounts, said in the first row as they are the same below; or ()."""
    tiles = [transformed(canvas, model.architecture.size, one.change, amounts) for canvas in canvases]
    side_by_side = min(len(canvases), -(-across // len(amounts)))
    names = labels * side_by_side + ("",) * len(labels) * (len(canvases) - side_by_side)
    return Tiles(np.concatenate(tiles), len(amounts) * side_by_side, names=names, facts=facts)


def _curves(one: Invariance, values: np.ndarray, quantity: str, names: tuple[str, ...], facts: Facts) -> Curves:
    return Curves(one.amounts, values, names, AXES[one.change], quantity, facts=facts)


def layer_text(layer: str) -> str:
    """norm1 (layer 1): the paper's number, where it has one."""
    return f"{layer} (layer {LAYERS[layer]})" if layer in LAYERS else layer


def _number(amount: float) -> str:
    return with_minus_sign(f"{amount:g}")


def _caption(names: Sequence[str], lines: Sequence[str], found: Sequence[Invariance], given: bool) -> str:
    ways = {
        Transformation.TRANSLATION: "moved down by {} to {} pixels of the network's input",
        Transformation.SCALE: "enlarged {} to {} times about its centre",
        Transformation.ROTATION: "turned by {}° to {}°, anticlockwise, about its centre",
    }
    done = [ways[one.change].format(_number(one.amounts.min()), _number(one.amounts.max())) for one in found]
    layers = " and ".join(layer_text(layer) for layer in found[0].distances)
    whose = "its true label" if given else "the label that is most probable for it untransformed"
    pictures = ", ".join(f"{line} ({name})" for line, name in zip(lines, names, strict=True))
    return (
        f"Each picture is {', '.join(done)} (bilinear interpolation; what lies beyond the photograph is mid-grey, 128)."
        f" Distance: Euclidean, between the features of {layers} and those of the untransformed picture. P: of {whose}."
        f" Pictures: {pictures}."
    )
