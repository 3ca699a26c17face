"""Templates over many pictures: Fig. 2, and how activations are spread. The pictures are read by whoever asks.

``read`` takes paths and gives each that can be read with what the network sees of it, uint8 (size, size, 3): it tells
what cannot be read, counts, and may raise to end everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from zfdesk.engine import Conv, Linear, Model, Rule
from zfdesk.figures.fig2 import Examples, fig2_page
from zfdesk.figures.histograms import Activations, histograms_page
from zfdesk.figures.page import Page
from zfdesk.library import Strongest, spread_of, strongest_over

Read = Callable[[Iterable[str]], Iterator[tuple[str, np.ndarray]]]
Size = str | tuple[float, float]


def fig2_of(
    model: Model, files: Iterable[str], read: Read, layers: Sequence[str], units: Sequence[int] = (), count: int = 3,
    seed: int = 0, top: int = 9, rule: Rule = Rule.DECONVNET, size: Size = "two-column",
) -> Page:  # fmt: skip
    """Fig. 2's page over pictures: of the ``units``, or else of ``count`` random active ones of each layer.

    Raises ValueError, in a sentence, where none can be read, a unit is never active, or a file is gone meanwhile.
    """
    paths: list[str] = []

    def pictures() -> Iterator[np.ndarray]:
        for path, picture in read(files):
            paths.append(path)
            yield picture

    found = strongest_over(model, pictures(), layers, top)
    if not paths:
        raise ValueError("None of the pictures could be read.")
    rng = np.random.default_rng(seed)
    chosen = [(layer, unit) for layer in layers for unit in units or random_units(found[layer].alive, count, rng)]
    wanted = sorted({place for layer, unit in chosen for place in _places(found[layer], unit)})
    again = dict(read(paths[place] for place in wanted))
    if lost := next((paths[place] for place in wanted if paths[place] not in again), None):
        raise ValueError(f"{lost} can no longer be read.")
    examples = []
    for layer, unit in chosen:
        places = _places(found[layer], unit)
        positions = tuple((int(y), int(x)) for y, x in found[layer].positions[unit, : len(places)])
        examples.append(Examples(layer, unit, tuple(again[paths[place]] for place in places), positions))
    words = "" if units else f"{count} a layer, random among the active (seed {seed})"
    return fig2_page(model, examples, seen=len(paths), chosen=words, size=size, rule=rule)


def histograms_of(model: Model, files: Iterable[str], read: Read, size: Size = "two-column") -> Page:
    """Weights and, over the pictures, activations of every layer with weights. Raises ValueError without pictures."""
    layers = [layer.name for layer in model.architecture.layers if isinstance(layer, Conv | Linear)]
    seen = 0

    def pictures() -> Iterator[np.ndarray]:
        nonlocal seen
        for _, picture in read(files):
            seen += 1
            yield picture

    shown = {
        name: Activations(
            spread.counts, spread.edges, spread.zeros / spread.values,
            int((~spread.alive).sum()) if model.architecture.stage(name).rectified else None, len(spread.alive),
        )
        for name, spread in spread_of(model, pictures(), layers).items()
    }  # fmt: skip
    return histograms_page(model, shown, seen, size=size)


def random_units(alive: np.ndarray, count: int, rng: np.random.Generator) -> list[int]:
    """Some of the units that are ever active, in their order."""
    candidates = alive.nonzero()[0]
    return sorted(int(unit) for unit in rng.choice(candidates, min(count, len(candidates)), replace=False))


def _places(strongest: Strongest, unit: int) -> list[int]:
    """The pictures for which a unit is active, the strongest first."""
    active = strongest.activations[unit] > 0
    if not active.any():
        raise ValueError(f"{strongest.layer}:{unit} is active for none of the pictures.")
    return [int(place) for place in strongest.pictures[unit][active]]
