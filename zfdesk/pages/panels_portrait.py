"""Panels of what many pictures say: the portrait of a unit, and the units of a layer beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zfdesk.engine import Model
from zfdesk.figures.facts import Facts, number, unit_text
from zfdesk.figures.panels import Histogram, Tiles, UnitMap
from zfdesk.library import UnitPortrait
from zfdesk.library.pictures import MadePicture, Portrayed
from zfdesk.library.statistics import LayerStatistics
from zfdesk.pages.panels import CannotError, Captured, PanelKind, PanelSpec, Sources, part_of
from zfdesk.progress import noun

COLUMNS = 3


@dataclass(frozen=True, eq=False)
class PortraitShown:
    """What the portrait pane shows."""

    model: Model
    portrayed: Portrayed
    made: MadePicture | None = None


@dataclass(frozen=True, eq=False)
class LayerShown:
    """What many pictures say of a layer. ``correlation``: float32 (units, units), NaN for units that never change; None
    for a layer with too many. ``alike``: pairs of units that answer alike, with their correlation."""

    model: Model
    statistics: LayerStatistics
    correlation: np.ndarray | None
    alike: Sequence[tuple[int, int, float]]
    places: tuple[Path, ...] = ()

    @property
    def across(self) -> int:
        """How often a bin of `spread` is drawn beside itself, so that the whole is about square."""
        return max(self.statistics.units // int(self.statistics.counts.shape[1]), 1)

    def spread(self) -> np.ndarray:
        """float32 (units, bins): each unit's histogram between zero, or its lowest, and its highest activation; square
        roots of the shares of pictures."""
        counts = self.statistics.counts.astype(np.float32)
        found: np.ndarray = np.sqrt(counts / max(self.statistics.pictures, 1)).astype(np.float32)
        return found


def of_places(count: int, places: Sequence[Path], one: str = "picture") -> str:
    """1,303 pictures of holiday."""
    counted = f"{count:,} {noun(count, one)}"
    return f"{counted} of {', '.join(place.name for place in places)}" if places else counted


def _over(shown: PortraitShown, portrait: UnitPortrait) -> str:
    return of_places(portrait.pictures, portrait.places, "frame" if shown.portrayed.camera else "picture")


def _portrait(spec: PanelSpec, sources: Sources) -> tuple[PortraitShown, UnitPortrait]:
    shown = sources.get(PortraitShown)
    if shown is None or shown.portrayed.portrait is None:
        raise CannotError("No unit's portrait is shown: open the pane Portrait and scan some pictures.")
    return shown, shown.portrayed.portrait


def _made(spec: PanelSpec, sources: Sources) -> tuple[PortraitShown, MadePicture]:
    shown = sources.get(PortraitShown)
    if shown is None or shown.made is None:
        raise CannotError("No picture was made for the selected unit.")
    return shown, shown.made


_layer = part_of(LayerShown, "No layer's statistics are shown: open the pane Layer statistics.")


def _correlation(spec: PanelSpec, sources: Sources) -> tuple[LayerShown, np.ndarray]:
    shown = _layer(spec, sources)
    if shown.correlation is None:
        raise CannotError("This layer has too many units for a matrix of their correlations.")
    return shown, shown.correlation


def _capture_examples(spec: PanelSpec, sources: Sources) -> Captured:
    shown, portrait = _portrait(spec, sources)
    one = shown.portrayed
    drawn = [each for each in one.shown if each.patch is not None and each.projection is not None]
    if not drawn:
        raise CannotError(f"None of the pictures wakes {unit_text(one.layer, one.unit)}, or they are still looked up.")
    values = [each.example.activation for each in drawn]
    over = _over(shown, portrait)
    text = (
        f"The {len(drawn)} of {over} that wake {unit_text(one.layer, one.unit)} most, the strongest first "
        f"(activations {number(values[0])} to {number(values[-1])}); grey: beyond the picture's border."
    )
    facts = Facts.of_model(shown.model, layer=one.layer, unit=one.unit)
    if spec.kind is PORTRAIT_PATCHES:
        patches = np.stack([each.patch for each in drawn if each.patch is not None])
        return Captured(Tiles(patches, COLUMNS, facts=facts), f"{unit_text(one.layer, one.unit)}, patches", over, text)
    facts = Facts.of_model(shown.model, layer=one.layer, unit=one.unit, method=one.rule)
    projections = np.stack([each.projection for each in drawn if each.projection is not None])
    text += " Each projection is of its one activation alone, mid-grey is zero, stretched by its own largest value."
    panel = Tiles(projections, COLUMNS, facts=facts)
    return Captured(panel, f"{unit_text(one.layer, one.unit)}, projections", over, text)


def _capture_histogram(spec: PanelSpec, sources: Sources) -> Captured:
    shown, portrait = _portrait(spec, sources)
    one, over = shown.portrayed, _over(shown, portrait)
    facts = Facts.of_model(shown.model, layer=one.layer, unit=one.unit)
    panel = Histogram(portrait.counts[None], portrait.edges, (), "highest activation", logarithmic=True, facts=facts)
    text = f"Each picture's highest activation over {over}; {100 * portrait.active:.3g} % of them wake the unit."
    return Captured(panel, unit_text(one.layer, one.unit), over, text)


def _capture_made(spec: PanelSpec, sources: Sources) -> Captured:
    shown, made = _made(spec, sources)
    recipe = ", ".join(f"{name} {value}" for name, value in made.recipe.items() if value not in (0, 0.0, False, ""))
    text = (
        f"Activation maximisation of {unit_text(made.layer, made.unit)} from seed {made.seed}: activation "
        f"{number(made.value)} before rectification ({recipe})."
    )
    facts = Facts.of_model(shown.model, layer=made.layer, unit=made.unit)
    panel = Tiles(np.ascontiguousarray(made.picture)[None], facts=facts)
    return Captured(panel, f"{unit_text(made.layer, made.unit)}, made", "the atlas of made pictures", text)


def _capture_correlation(spec: PanelSpec, sources: Sources) -> Captured:
    shown, correlation = _correlation(spec, sources)
    over = of_places(shown.statistics.pictures, shown.places)
    values = np.nan_to_num(correlation, nan=0.0)
    panel = UnitMap(values, quantity="correlation", signed=True, facts=_layer_facts(shown))
    text = f"Pearson's correlation of the units' highest activations over {over}.{_dead_text(shown.statistics)}"
    return Captured(panel, f"{shown.statistics.layer}, units by units", over, text)


def _capture_spread(spec: PanelSpec, sources: Sources) -> Captured:
    shown = _layer(spec, sources)
    found, over = shown.statistics, of_places(shown.statistics.pictures, shown.places)
    wide = shown.spread().repeat(shown.across, axis=1)
    panel = UnitMap(wide, quantity="√ share of pictures", facts=_layer_facts(shown))
    text = (
        f"A row a unit: the spread of its highest activation over {over}, in {found.counts.shape[1]} equal bins from "
        f"zero, or its lowest, to its highest.{_dead_text(found)}"
    )
    return Captured(panel, f"{found.layer}, activations", over, text)


def _layer_facts(shown: LayerShown) -> Facts:
    return Facts.of_model(shown.model, layer=shown.statistics.layer)


def _dead_text(found: LayerStatistics) -> str:
    dead = int(found.dead.sum())
    return f" {dead} of {found.units} units are dead." if dead else ""


PORTRAIT_GROUP, LAYER_GROUP = "What the unit wants", "The units of the layer"
PORTRAIT_PATCHES = PanelKind("portrait patches", PORTRAIT_GROUP, "The patches that wake it most", _capture_examples,
                             _portrait)  # fmt: skip
PORTRAIT_PROJECTIONS = PanelKind("portrait projections", PORTRAIT_GROUP, "Their projections", _capture_examples,
                                 _portrait)  # fmt: skip
PORTRAIT_MADE = PanelKind("portrait made", PORTRAIT_GROUP, "The picture made for it", _capture_made, _made)
PORTRAIT_HISTOGRAM = PanelKind("portrait histogram", PORTRAIT_GROUP, "Its activations", _capture_histogram, _portrait)
LAYER_CORRELATION = PanelKind("layer correlation", LAYER_GROUP, "Correlation of the units", _capture_correlation,
                              _correlation)  # fmt: skip
LAYER_SPREAD = PanelKind("layer activations", LAYER_GROUP, "Activations of the units", _capture_spread, _layer)
KINDS = (
    PORTRAIT_PATCHES, PORTRAIT_PROJECTIONS, PORTRAIT_MADE, PORTRAIT_HISTOGRAM, LAYER_CORRELATION, LAYER_SPREAD,
)  # fmt: skip

__all__ = [
    "KINDS", "LAYER_CORRELATION", "LAYER_SPREAD", "PORTRAIT_HISTOGRAM", "PORTRAIT_MADE", "PORTRAIT_PATCHES",
    "PORTRAIT_PROJECTIONS", "LayerShown", "PortraitShown",
]  # fmt: skip
