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
from zfdesk.pages.panels import CannotError, PanelKind, PanelSpec, Sources, why_not
from zfdesk.pages.panels_live import BARS, COVERED, COVERED_MAP, DECONVNET, GRADIENT, GUIDED, METHODS, PICTURE, UNIT_MAP
from zfdesk.pages.panels_network import ARCHITECTURE
from zfdesk.pages.panels_snapshot import A_MAP, A_PICTURE, A_RECONSTRUCTION
from zfdesk.pages.panels_sweep import KINDS as SWEEP_KINDS
from zfdesk.pages.panels_sweep import SweepShown, sweep_page, sweep_text
from zfdesk.pages.view_page import page_of


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
    result = sources.result
    assert result is not None
    view = result.request.view
    method = METHODS[view.method]
    page = page_of(result)
    kinds = (PICTURE, UNIT_MAP, method, BARS) if result.unit is not None else (PICTURE, BARS)
    made = of_page(page, specs=lambda index: PanelSpec(kinds[index]))
    return _from(made, f"frame {result.request.frame.number} of {result.request.frame.origin}")


def _from(composition: Composition, origin: str) -> Composition:
    return replace(composition, slots=tuple(replace(slot, origin=origin) for slot in composition.slots))


def _fig7(sources: Sources) -> Composition:
    page, shown = sweep_page(sources), sources.get(SweepShown)
    assert shown is not None
    made = of_page(page, sweep_text(shown), lambda index: PanelSpec(SWEEP_KINDS[index]))
    lead = page.caption.removesuffix(caption(page.cells[1].panel.facts)).strip()
    return replace(made, slots=tuple(replace(slot, text=lead) for slot in made.slots))


def _fig3(sources: Sources) -> Composition:
    assert sources.result is not None
    model = sources.result.request.model
    return of_page(
        fig3_page(model.architecture, Facts.of_model(model)), "the network", lambda _: PanelSpec(ARCHITECTURE)
    )


def _fig6(sources: Sources) -> Composition:
    assert sources.result is not None
    return of_page(fig6_page(sources.result.request.model), "the network")


def _filters(sources: Sources) -> Composition:
    """Of the selected unit and the two after it; of the first layer all."""
    assert sources.result is not None
    model, view = sources.result.request.model, sources.result.request.view
    stages = model.architecture.stages
    place = next(index for index, stage in enumerate(stages) if stage.name == view.layer)
    layer = next((s.name for s in reversed(stages[: place + 1]) if isinstance(s.layer, Conv)), None)
    if layer is None or layer == first_convolution(model).name:
        return of_page(filters_page(model), "the network")
    count = model.architecture.stage(layer).shape[0]
    units = [int(unit) for unit in np.arange(view.unit, view.unit + 3) if unit < count] or [count - 1]
    return of_page(filters_page(model, layer, units), "the network")


def _histograms(sources: Sources) -> Composition:
    assert sources.result is not None
    return of_page(histograms_page(sources.result.request.model), "the network")


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
