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
from zfdesk.pages.panels import CannotError, Captured, PanelKind, PanelSpec, Sources
from zfdesk.progress import noun

COLUMNS = 3
NO_PORTRAIT = "No unit's portrait is shown: open the pane Portrait and scan some pictures."
NO_LAYER = "No layer's statistics are shown: open the pane Layer statistics."


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


def of_pictures(portrait: UnitPortrait, camera: bool) -> str:
    """1,303 pictures of holiday."""
    count = f"{portrait.pictures:,} {noun(portrait.pictures, 'frame' if camera else 'picture')}"
    return count + (f" of {', '.join(place.name for place in portrait.places)}" if portrait.places else "")


def _portrait(sources: Sources) -> tuple[PortraitShown, UnitPortrait]:
    shown = sources.get(PortraitShown)
    if shown is None or shown.portrayed.portrait is None:
        raise CannotError(NO_PORTRAIT)
    return shown, shown.portrayed.portrait


def _no_portrait(spec: PanelSpec, sources: Sources) -> str:
    shown = sources.get(PortraitShown)
    if spec.kind is PORTRAIT_MADE:
        return "" if shown is not None and shown.made is not None else "No picture was made for the selected unit."
    return "" if shown is not None and shown.portrayed.portrait is not None else NO_PORTRAIT


def _no_layer(spec: PanelSpec, sources: Sources) -> str:
    shown = sources.get(LayerShown)
    if shown is not None and shown.correlation is None and spec.kind is LAYER_CORRELATION:
        return "This layer has too many units for a matrix of their correlations."
    return "" if shown is not None else NO_LAYER


def _examples(spec: PanelSpec, sources: Sources) -> Captured:
    shown, portrait = _portrait(sources)
    one = shown.portrayed
    drawn = [each for each in one.shown if each.patch is not None and each.projection is not None]
    if not drawn:
        raise CannotError(f"None of the pictures wakes {unit_text(one.layer, one.unit)}, or they are still looked up.")
    values = [each.example.activation for each in drawn]
    over = of_pictures(portrait, one.camera)
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


def _histogram(spec: PanelSpec, sources: Sources) -> Captured:
    shown, portrait = _portrait(sources)
    one, over = shown.portrayed, of_pictures(portrait, shown.portrayed.camera)
    facts = Facts.of_model(shown.model, layer=one.layer, unit=one.unit)
    panel = Histogram(portrait.counts[None], portrait.edges, (), "highest activation", logarithmic=True, facts=facts)
    text = f"Each picture's highest activation over {over}; {100 * portrait.active:.3g} % of them wake the unit."
    return Captured(panel, unit_text(one.layer, one.unit), over, text)


def _made(spec: PanelSpec, sources: Sources) -> Captured:
    shown = sources.get(PortraitShown)
    if shown is None or shown.made is None:
        raise CannotError("No picture was made for the selected unit.")
    made = shown.made
    recipe = ", ".join(f"{name} {value}" for name, value in made.recipe.items() if value not in (0, 0.0, False, ""))
    text = (
        f"Activation maximisation of {unit_text(made.layer, made.unit)} from seed {made.seed}: activation "
        f"{number(made.value)} before rectification ({recipe})."
    )
    facts = Facts.of_model(shown.model, layer=made.layer, unit=made.unit)
    panel = Tiles(np.ascontiguousarray(made.picture)[None], facts=facts)
    return Captured(panel, f"{unit_text(made.layer, made.unit)}, made", "the atlas of made pictures", text)


def _layer(spec: PanelSpec, sources: Sources) -> Captured:
    shown = sources.get(LayerShown)
    if shown is None:
        raise CannotError(NO_LAYER)
    found, facts = shown.statistics, Facts.of_model(shown.model, layer=shown.statistics.layer)
    over = f"{found.pictures:,} {noun(found.pictures, 'picture')}"
    over += f" of {', '.join(place.name for place in shown.places)}" if shown.places else ""
    dead = int(found.dead.sum())
    dead_text = f" {dead} of {found.units} units are dead." if dead else ""
    if spec.kind is LAYER_CORRELATION:
        if shown.correlation is None:
            raise CannotError(_no_layer(spec, sources))
        values = np.nan_to_num(shown.correlation, nan=0.0)
        panel = UnitMap(values, quantity="correlation", signed=True, facts=facts)
        text = f"Pearson's correlation of the units' highest activations over {over}.{dead_text}"
        return Captured(panel, f"{found.layer}, units by units", over, text)
    wide = shown.spread().repeat(shown.across, axis=1)
    panel = UnitMap(wide, quantity="√ share of pictures", facts=facts)
    text = (
        f"A row a unit: the spread of its highest activation over {over}, in {found.counts.shape[1]} equal bins from "
        f"zero, or its lowest, to its highest.{dead_text}"
    )
    return Captured(panel, f"{found.layer}, activations", over, text)


PORTRAIT_GROUP, LAYER_GROUP = "What the unit wants", "The units of the layer"
PORTRAIT_PATCHES = PanelKind(
    "portrait patches", PORTRAIT_GROUP, "The patches that wake it most", _examples, _no_portrait
)
PORTRAIT_PROJECTIONS = PanelKind("portrait projections", PORTRAIT_GROUP, "Their projections", _examples, _no_portrait)
PORTRAIT_MADE = PanelKind("portrait made", PORTRAIT_GROUP, "The picture made for it", _made, _no_portrait)
PORTRAIT_HISTOGRAM = PanelKind("portrait histogram", PORTRAIT_GROUP, "Its activations", _histogram, _no_portrait)
LAYER_CORRELATION = PanelKind("layer correlation", LAYER_GROUP, "Correlation of the units", _layer, _no_layer)
LAYER_SPREAD = PanelKind("layer activations", LAYER_GROUP, "Activations of the units", _layer, _no_layer)
KINDS = (
    PORTRAIT_PATCHES, PORTRAIT_PROJECTIONS, PORTRAIT_MADE, PORTRAIT_HISTOGRAM, LAYER_CORRELATION, LAYER_SPREAD,
)  # fmt: skip

__all__ = [
    "KINDS",
    "LAYER_CORRELATION",
    "LAYER_SPREAD",
    "PORTRAIT_HISTOGRAM",
    "PORTRAIT_MADE",
    "PORTRAIT_PATCHES",
    "PORTRAIT_PROJECTIONS",
    "LayerShown",
    "PortraitShown",
]  # fmt: skip
