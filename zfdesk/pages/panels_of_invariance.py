"""What one picture was put through in the window, as Fig. 5 draws it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from zfdesk.engine import Model
from zfdesk.experiments.invariance import Invariance
from zfdesk.figures.facts import Facts
from zfdesk.figures.fig5 import AXES, layer_words
from zfdesk.figures.panels import Curves
from zfdesk.pages.panels_of_view import INVARIANCE, Kind, Taken


def invariance_pieces(
    model: Model, one: Invariance, picture: str, origin: str
) -> Mapping[Kind, Callable[[], Taken]]:  # fmt: skip
    """The curves of one picture under one change: distances in the lower and the upper layer, and the probability.

    one: of a single picture. origin: of which frame it is, as `Taken` says it.
    """
    facts, name = Facts.of_model(model, picture=picture), model.classes[one.classes[0]]
    told = f"The picture is changed ({one.change}, {AXES[one.change]}) about its centre and seen anew"
    beyond = "bilinear interpolation; what lies beyond the photograph is mid-grey, 128"
    layers = list(one.distances)
    pieces: dict[Kind, Callable[[], Taken]] = {}
    for kind, layer in zip(INVARIANCE, [layers[0], layers[-1]], strict=False):
        panel = Curves(one.amounts, one.distances[layer], (), AXES[one.change], "distance", facts=facts)
        words = f"{told} ({beyond}); distance: Euclidean, of {layer_words(layer)} from the unchanged picture's."
        pieces[kind] = partial(Taken, panel, layer_words(layer), origin, words)
    panel = Curves(one.amounts, one.probabilities, (), AXES[one.change], "probability", facts=facts)
    pieces[INVARIANCE[-1]] = partial(Taken, panel, f"P({name})", origin, f"{told} ({beyond}).")
    return pieces


__all__ = ["invariance_pieces"]
