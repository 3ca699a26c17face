"""Templates of a figure: what is arranged at once from what the window shows, or from the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from zfdesk.engine import Conv
from zfdesk.figures.facts import Facts
from zfdesk.figures.fig3 import fig3_page
from zfdesk.figures.fig6 import fig6_page, filters_page, first_convolution
from zfdesk.figures.histograms import histograms_page
from zfdesk.pages.composition import Composition, Slot, of_page, refreshed
from zfdesk.pages.panels import CannotError, PanelKind, PanelSpec, Sources, frame_text, why_not
from zfdesk.pages.panels_live import BARS, COVERED, COVERED_MAP, DECONVNET, GRADIENT, GUIDED, METHODS, PICTURE, UNIT_MAP
from zfdesk.pages.panels_network import ARCHITECTURE, NETWORK
from zfdesk.pages.panels_snapshot import A_MAP, A_PICTURE, A_RECONSTRUCTION
from zfdesk.pages.panels_sweep import KINDS as SWEEP_KINDS
from zfdesk.pages.panels_sweep import shown_sweep
from zfdesk.pages.view_page import result_page


@dataclass(frozen=True)
class Template:
    """``needs``: panels without which there is none of it. ``make``: of `completed` sources; raises CannotError."""

    id: str
    label: str
    hint: str
    make: Callable[[Sources], Composition]
    needs: tuple[PanelSpec, ...] = (PanelSpec(PICTURE),)

    def why_not(self, sources: Sources) -> str:
        """Why it cannot be had, or ""."""
        return next((reason for spec in self.needs if (reason := why_not(spec, sources))), "")


def _arranged(*rows: tuple[tuple[PanelKind, int], ...]) -> Callable[[Sources], Composition]:
    def make(sources: Sources) -> Composition:
        slots, column = [], 0
        for row, kinds in enumerate(rows):
            column = 0
            for kind, columns in kinds:
                slots.append(Slot(PanelSpec(kind), row, column, 1, columns))
                column += columns
        made = refreshed(Composition(tuple(slots)), sources)
        if not made.order:
            raise CannotError(made.slots[0].reason)
        return made

    return make


def _unit(sources: Sources) -> Composition:
    """As `zfdesk render` makes it of a session."""
    result = sources.live()
    method = METHODS[result.request.view.method]
    kinds = (PICTURE, UNIT_MAP, method, BARS) if result.unit is not None else (PICTURE, BARS)
    return of_page(result_page(result), frame_text(result), lambda index: PanelSpec(kinds[index]))


def _fig7(sources: Sources) -> Composition:
    shown = shown_sweep(PanelSpec(SWEEP_KINDS[0]), sources)
    made = of_page(shown.page, shown.origin, lambda index: PanelSpec(SWEEP_KINDS[index]))
    return replace(made, slots=tuple(replace(slot, text=shown.text) for slot in made.slots))


def _fig3(sources: Sources) -> Composition:
    model = sources.live().request.model
    page = fig3_page(model.architecture, Facts.of_model(model))
    return of_page(page, NETWORK, lambda _: PanelSpec(ARCHITECTURE))


def _fig6(sources: Sources) -> Composition:
    return of_page(fig6_page(sources.live().request.model), NETWORK)


def _filters(sources: Sources) -> Composition:
    """Of the selected unit and the two after it; of the first layer all."""
    model, view = sources.live().request.model, sources.live().request.view
    stages = model.architecture.stages
    place = next(index for index, stage in enumerate(stages) if stage.name == view.layer)
    layer = next((s.name for s in reversed(stages[: place + 1]) if isinstance(s.layer, Conv)), None)
    if layer is None or layer == first_convolution(model).name:
        return of_page(filters_page(model), NETWORK)
    count = model.architecture.stage(layer).shape[0]
    units = [int(unit) for unit in np.arange(view.unit, view.unit + 3) if unit < count] or [count - 1]
    return of_page(filters_page(model, layer, units), NETWORK)


def _histograms(sources: Sources) -> Composition:
    return of_page(histograms_page(sources.live().request.model), NETWORK)


TEMPLATES: tuple[Template, ...] = (
    Template("unit", "Unit explained", "The picture, the unit's map, its reconstruction and the classes, as `zfdesk "
             "render` makes it of a session", _unit),
    Template("methods", "Three methods", "The picture and the unit by deconvnet, guided backprop and gradient",
             _arranged(((PICTURE, 1), (DECONVNET, 1), (GUIDED, 1), (GRADIENT, 1))),
             (PanelSpec(DECONVNET),)),
    Template("covered", "Clean | covered | difference", "The unit's map and its reconstruction, with what the occluder "
             "does to them, beside the picture and the classes",
             _arranged(((PICTURE, 1), (COVERED_MAP, 3)), ((BARS, 1), (COVERED, 3))),
             (PanelSpec(COVERED),)),
    Template("a-b", "A | B | difference", "Snapshot A, what is shown now, and the difference: the picture, the unit's "
             "map and its reconstruction",
             _arranged(((A_PICTURE, 3),), ((A_MAP, 3),), ((A_RECONSTRUCTION, 3),)), (PanelSpec(A_PICTURE),)),
    Template("fig7", "Fig. 7: occlusion row", "The sweep of the Sweep pane, as `zfdesk figure fig7` makes it",
             _fig7, (PanelSpec(SWEEP_KINDS[0]),)),
    Template("fig3", "Fig. 3: architecture", "The network as a drawing", _fig3),
    Template("fig6", "Fig. 6: first-layer filters", "The first layer's filters and how strong they are", _fig6),
    Template("filters", "Filters of the selected unit", "A mosaic of the weights of the selected unit and of the two "
             "after it; of the first layer all", _filters),
    Template("histograms", "Histograms of the weights", "How the weights of each layer are spread", _histograms),
)  # fmt: skip
"""In the order of the menu."""
