"""Panels of what one picture was put through in the window, as Fig. 5 draws it."""

from __future__ import annotations

from dataclasses import dataclass

from zfdesk.engine import Model
from zfdesk.experiments.invariance import Invariance
from zfdesk.figures.facts import Facts
from zfdesk.figures.fig5 import AXES, layer_text
from zfdesk.figures.panels import Curves
from zfdesk.pages.panels import Captured, PanelKind, PanelSpec, Sources, part_of


@dataclass(frozen=True, eq=False)
class InvarianceShown:
    """One picture under one change. ``picture``: its name; ``origin``: of which frame it is."""

    model: Model
    found: Invariance
    picture: str
    origin: str


_shown = part_of(InvarianceShown, "Nothing was moved yet: open the pane Invariance and slide.")


def _capture(spec: PanelSpec, sources: Sources) -> Captured:
    shown = _shown(spec, sources)
    one, facts = shown.found, Facts.of_model(shown.model, picture=shown.picture)
    axis = AXES[one.change]
    change = f"The picture is changed ({one.change}, {axis}) about its centre and seen anew"
    beyond = "bilinear interpolation; what lies beyond the photograph is mid-grey, 128"
    if spec.kind is INVARIANCE_PROBABILITY:
        panel = Curves(one.amounts, one.probabilities, (), axis, "probability", facts=facts)
        return Captured(panel, f"P({shown.model.classes[one.classes[0]]})", shown.origin, f"{change} ({beyond}).")
    layer = list(one.distances)[0 if spec.kind is INVARIANCE_LOW else -1]
    panel = Curves(one.amounts, one.distances[layer], (), axis, "distance", facts=facts)
    text = f"{change} ({beyond}); distance: Euclidean, of {layer_text(layer)} from the unchanged picture's."
    return Captured(panel, layer_text(layer), shown.origin, text)


def _of(what: str, text: str) -> PanelKind:
    return PanelKind(f"invariance, {what}", "Shifted, enlarged, turned (Fig. 5)", text, _capture, _shown)


INVARIANCE_LOW = _of("lower layer", "Distance in the lower layer")
INVARIANCE_HIGH = _of("upper layer", "Distance in the upper layer")
INVARIANCE_PROBABILITY = _of("probability", "Probability of the label")
KINDS = (INVARIANCE_LOW, INVARIANCE_HIGH, INVARIANCE_PROBABILITY)

__all__ = ["INVARIANCE_HIGH", "INVARIANCE_LOW", "INVARIANCE_PROBABILITY", "KINDS", "InvarianceShown"]
