"""Templates of a figure: what is arranged at once from what the window shows, or from the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from zfdesk.engine import Conv
from zfdesk.figures.facts import Facts, caption
from zfdesk.figures.fig3 import fig3_page
from zfdesk.figures.fig6 import fig6_page, filters_page, first_convolution
from zfdesk.figures.histograms import histograms_page
from zfdesk.pages.composition import Composition, Slot, of_page, refreshed
from zfdesk.pages.panels_of_view import SWEPT, CannotError, Kind, Material, Piece, sweep_page, why_not
from zfdesk.pages.view_page import page_of


@dataclass(frozen=True)
class Template:
    """``needs``: a piece without which there is none of it. ``make``: with `whole` material; raises CannotError."""

    id: str
    words: str
    hint: str
    make: Callable[[Material], Composition]
    needs: tuple[Piece, ...] = (Piece(Kind.PICTURE),)

    def why_not(self, material: Material) -> str:
        """Why it cannot be had, or ""."""
        return next((reason for piece in self.needs if (reason := why_not(piece, material))), "")


def _arranged(*rows: tuple[tuple[Kind, int], ...]) -> Callable[[Material], Composition]:
    def make(material: Material) -> Composition:
        slots, column = [], 0
        for row, pieces in enumerate(rows):
            column = 0
            for kind, columns in pieces:
                slots.append(Slot(Piece(kind), row, column, 1, columns))
                column += columns
        made = refreshed(Composition(tuple(slots)), material)
        if not made.order:
            raise CannotError(made.slots[0].reason)
        return made

    return make


def _unit(material: Material) -> Composition:
    """As `zfdesk render` makes it of a session."""
    result = material.result
    assert result is not None
    view = result.request.view
    method = Kind(view.method.value)
    page = page_of(result)
    kinds = (Kind.PICTURE, Kind.UNIT_MAP, method, Kind.BARS) if result.unit is not None else (Kind.PICTURE, Kind.BARS)
    made = of_page(page, pieces=lambda index: Piece(kinds[index]))
    return _from(made, f"frame {result.request.frame.number} of {result.request.frame.origin}")


def _from(composition: Composition, origin: str) -> Composition:
    return replace(composition, slots=tuple(replace(slot, origin=origin) for slot in composition.slots))


def _fig7(material: Material) -> Composition:
    swept = material.swept
    assert swept is not None
    number, origin, page = swept.subject.number, swept.subject.origin, sweep_page(material)
    made = of_page(page, f"sweep of frame {number} of {origin}", lambda index: Piece(SWEPT[index]))
    lead = page.caption.removesuffix(caption(page.cells[1].panel.facts)).strip()
    return replace(made, slots=tuple(replace(slot, told=lead) for slot in made.slots))


def _fig3(material: Material) -> Composition:
    assert material.result is not None
    model = material.result.request.model
    return of_page(
        fig3_page(model.architecture, Facts.of_model(model)), "the network", lambda _: Piece(Kind.ARCHITECTURE)
    )


def _fig6(material: Material) -> Composition:
    assert material.result is not None
    return of_page(fig6_page(material.result.request.model), "the network")


def _filters(material: Material) -> Composition:
    """Of the selected unit and the two after it; of the first layer all."""
    assert material.result is not None
    model, view = material.result.request.model, material.result.request.view
    stages = model.architecture.stages
    place = next(index for index, stage in enumerate(stages) if stage.name == view.layer)
    layer = next((s.name for s in reversed(stages[: place + 1]) if isinstance(s.layer, Conv)), None)
    if layer is None or layer == first_convolution(model).name:
        return of_page(filters_page(model), "the network")
    count = model.architecture.stage(layer).shape[0]
    units = [int(unit) for unit in np.arange(view.unit, view.unit + 3) if unit < count] or [count - 1]
    return of_page(filters_page(model, layer, units), "the network")


def _histograms(material: Material) -> Composition:
    assert material.result is not None
    return of_page(histograms_page(material.result.request.model), "the network")


TEMPLATES: tuple[Template, ...] = (
    Template("unit", "Unit explained", "The picture, the unit's map, its reconstruction and the classes, as `zfdesk "
             "render` makes it of a session", _unit),
    Template("methods", "Three methods", "The picture and the unit by deconvnet, guided backprop and gradient",
             _arranged(((Kind.PICTURE, 1), (Kind.DECONVNET, 1), (Kind.GUIDED, 1), (Kind.GRADIENT, 1))),
             (Piece(Kind.DECONVNET),)),
    Template("covered", "Clean | covered | difference", "The unit's map and its reconstruction, with what the occluder "
             "does to them, beside the picture and the classes",
             _arranged(((Kind.PICTURE, 1), (Kind.COVERED_MAP, 3)), ((Kind.BARS, 1), (Kind.COVERED, 3))),
             (Piece(Kind.COVERED),)),
    Template("a-b", "A | B | difference", "Snapshot A, what is shown now, and the difference: the picture, the unit's "
             "map and its reconstruction",
             _arranged(((Kind.A_PICTURE, 3),), ((Kind.A_MAP, 3),), ((Kind.A_DOWN, 3),)), (Piece(Kind.A_PICTURE),)),
    Template("fig7", "Fig. 7: occlusion row", "The sweep of the Occlusion pane, as `zfdesk figure fig7` makes it",
             _fig7, (Piece(SWEPT[0]),)),
    Template("fig3", "Fig. 3: architecture", "The network as a drawing", _fig3),
    Template("fig6", "Fig. 6: first-layer filters", "The first layer's filters and how strong they are", _fig6),
    Template("filters", "Filters of the selected unit", "A mosaic of the weights of the selected unit and of the two "
             "after it; of the first layer all", _filters),
    Template("histograms", "Histograms of the weights", "How the weights of each layer are spread", _histograms),
)  # fmt: skip
"""In the order of the menu."""
