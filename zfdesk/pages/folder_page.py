"""Templates over many pictures: Fig. 2, from the scan, and how activations are spread.

For the second the pictures are read by whoever asks: ``read`` takes paths and gives each that can be read with what the
network sees of it, uint8 (size, size, 3): it tells what cannot be read, counts, and may raise to end everything.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from zfdesk.engine import Conv, Linear, Model, Rule
from zfdesk.figures.fig2 import UnitExamples, fig2_page
from zfdesk.figures.histograms import Activations, histograms_page
from zfdesk.figures.page import Page, PageSize
from zfdesk.library import Library, Portraits, ScanStep, scan, spread_of
from zfdesk.library.listing import absolute
from zfdesk.library.settle import Ranked
from zfdesk.live import Crop

Read = Callable[[Iterable[str]], Iterator[tuple[str, np.ndarray]]]


def fig2_of(
    model: Model, places: Sequence[str | os.PathLike[str]], crop: Crop, layers: Sequence[str],
    units: Sequence[int] = (), count: int = 3, seed: int = 0, top: int = 9, rule: Rule = Rule.DECONVNET,
    size: PageSize = "two-column", on_step: Callable[[ScanStep], None] = lambda step: None,
) -> Page:  # fmt: skip
    """Fig. 2's page over folders, pictures and clips: of the ``units``, or else of ``count`` random active ones of each
    layer. What is new is scanned first; ``on_step`` hears how it stands, and may raise to end it: what is done is kept.

    Raises ValueError, in a sentence, where no picture can be read, a unit is never active, or a file is gone meanwhile.
    """
    if model.body is not None and (taught := set(layers) & set(model.architecture.class_layers)):
        raise ValueError(f"{taught.pop()} was taught in the window: its units are not scanned for.")
    with Library(model, crop) as library:
        for step in scan(library, places, layers):
            on_step(step)
        portraits = Portraits(library, absolute(places), top)
        rng = np.random.default_rng(seed)
        examples = []
        for layer in layers:
            alive = ~portraits.statistics(layer).dead
            wanted = units or random_units(alive, count, rng)
            examples += [_examples(portraits, layer, found) for found in portraits.ranked(layer, wanted)]
        seen = portraits.statistics(layers[0]).pictures
    chosen = "" if units else f"{count} a layer, random among the active (seed {seed})"
    return fig2_page(library.model, examples, seen=seen, chosen=chosen, size=size, rule=rule)


def _examples(portraits: Portraits, layer: str, found: Ranked) -> UnitExamples:
    strongest = portraits.examples(layer, found)
    if not strongest:
        raise ValueError(f"{layer}:{found.unit} is active for none of the pictures.")
    pictures = portraits.read(strongest)
    if lost := next((one.path for one, picture in zip(strongest, pictures, strict=True) if picture is None), None):
        raise ValueError(f"{lost} can no longer be read.")
    there = tuple(picture for picture in pictures if picture is not None)
    return UnitExamples(layer, found.unit, there, tuple(one.position for one in strongest))


def histograms_of(model: Model, files: Iterable[str], read: Read, size: PageSize = "two-column") -> Page:
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
    """``count`` of the units that are ever active, or all of fewer, in their order. alive: bool (units,)."""
    candidates = alive.nonzero()[0]
    return sorted(int(unit) for unit in rng.choice(candidates, min(count, len(candidates)), replace=False))
