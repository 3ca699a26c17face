"""What a scan opens in the window, as panels and pages: nearest pictures, the map, boxes, Fig. 2, object or background.

``scanned``: in every caption, which pictures were scanned: 200 pictures of /home/me/holiday.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from zfdesk.engine import Model, Rule, SeedKind
from zfdesk.figures.facts import Facts, caption, number, unit_text
from zfdesk.figures.page import Cell, Page
from zfdesk.figures.panels import Curves, Picture, Tiles
from zfdesk.library.boxes import BoxedPicture, ObjectShare, object_occluder
from zfdesk.library.gallery import Gallery, smaller
from zfdesk.library.picture_map import PictureMap
from zfdesk.live import Result
from zfdesk.pages.panels import Captured, PanelKind, PanelSpec, Sources, frame_text, part_of
from zfdesk.pages.view_page import unit_facts
from zfdesk.progress import percent_text

T = TypeVar("T")

TILE = 128
"""Pixels of a picture in a row or a table of pictures."""

BESIDE = 235
"""The grey beside a whole picture that is not square, and between the pictures of a map."""

MAP_SIDE, MAP_TILE = 1600, 50
"""Pixels of a map's longer side, and of the small pictures on it."""

GROUP = "Scanned pictures"


# What panes show


@dataclass(frozen=True, eq=False)
class NearestRow:
    """Pictures nearest in a layer or in pixels (``by``): (distance, name, small picture or None where it is gone)."""

    by: str
    near: Sequence[tuple[float, str, np.ndarray | None]]


@dataclass(frozen=True, eq=False)
class NearestShown:
    """A row for each thing that is compared."""

    result: Result
    rows: Sequence[NearestRow]
    scanned: str


@dataclass(frozen=True, eq=False)
class MapShown:
    """A map by a layer's features. ``live``: where the live picture lies, (2,)."""

    gallery: Gallery
    made: PictureMap
    layer: str
    scanned: str
    live: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class BoxesShown:
    """A unit's strongest pictures, whole."""

    model: Model
    layer: str
    unit: int
    boxed: Sequence[BoxedPicture]
    scanned: str


@dataclass(frozen=True, eq=False)
class StrongestShown:
    """A unit's strongest activations: ``downs`` float32 and ``patches`` uint8, (pictures, side, side, 3)."""

    model: Model
    layer: str
    unit: int
    rule: Rule
    downs: np.ndarray
    patches: np.ndarray
    scanned: str


@dataclass(frozen=True, eq=False)
class SharesShown:
    """How much of each unit's strongest boxes lies on the object, sorted."""

    model: Model
    layer: str
    shares: Sequence[ObjectShare]
    scanned: str


# As panels


def _nearest(shown: NearestShown) -> Captured:
    most = max((len(row.near) for row in shown.rows), default=0)
    if not most:
        raise ValueError("No nearest pictures were found.")
    result = shown.result
    tiles, names = [], []
    for row in shown.rows:
        tiles += [result.picture, *(_blank() if pixels is None else pixels for _, _, pixels in row.near)]
        names += [row.by, *(number(distance) for distance, _, _ in row.near)]
        tiles += [_blank()] * (most - len(row.near))
        names += [""] * (most - len(row.near))
    facts = unit_facts(result, None, result.request.view.method)
    panel = Tiles(np.stack([_of_side(tile, TILE) for tile in tiles]), most + 1, names=tuple(names), facts=facts)
    by = ", ".join(row.by for row in shown.rows)
    named = " ".join(f"{row.by}: {', '.join(name for _, name, _ in row.near)}." for row in shown.rows)
    text = (
        f"Each row: the live picture, and the nearest of {shown.scanned}, by Euclidean distance in {by} (the last maps "
        f"averaged over their positions; pixels at 32 × 32), which stands on each. {named}"
    )
    return Captured(panel, "nearest pictures", frame_text(result), text)


def _map(shown: MapShown) -> Captured:
    made = shown.made
    share = f" ({percent_text(made.explained)} of the variance)" if made.method == "PCA" else ""
    text = (
        f"{shown.scanned}, by {made.method} of {shown.layer}{share}: alike ones near each other, a picture where "
        f"there is room for it, else a dot.{' The ring is the live picture.' if shown.live is not None else ''}"
    )
    panel = Picture(map_of_pictures(shown.gallery, made, shown.live), facts=Facts.of_model(shown.gallery.model))
    return Captured(panel, f"map by {made.method} of {shown.layer}", "the scan", text)


def map_of_pictures(gallery: Gallery, made: PictureMap, live: np.ndarray | None = None) -> np.ndarray:
    """uint8 (height, width, 3): a picture in each cell of a grid, at its place, dots for the others, a ring for the
    live one. The small pictures are read from the disk where they were not yet."""
    low, high = made.points.min(0), made.points.max(0)
    span = np.maximum(high - low, 1e-6)
    scale = (MAP_SIDE - 2 * MAP_TILE) / span.max()
    width, height = (math.ceil(side * scale) + 2 * MAP_TILE for side in span)
    canvas = np.full((height, width, 3), BESIDE, np.uint8)
    places = (made.points - low) * scale + MAP_TILE
    places[:, 1] = height - places[:, 1]  # y goes up
    _, first = np.unique((places // MAP_TILE).astype(np.int64), axis=0, return_index=True)
    for x, y in places.astype(np.int64).tolist():
        canvas[y - 2 : y + 2, x - 2 : x + 2] = 90
    for point in np.sort(first).tolist():
        small = gallery.thumbnail(int(gallery.pictures.ids[point]))
        if small is not None:
            x, y = (int(at) - MAP_TILE // 2 for at in places[point])
            canvas[y : y + MAP_TILE, x : x + MAP_TILE] = _of_side(small, MAP_TILE)
    if live is not None:
        x, y = ((live - low) * scale + MAP_TILE).tolist()
        rows, columns = np.ogrid[:height, :width]
        ring = np.abs(np.hypot(rows - (height - y), columns - x) - 14)
        canvas[ring < 4] = 0
        canvas[ring < 2.5] = (255, 176, 0)
    return canvas


def _boxes(shown: BoxesShown) -> Captured:
    whose, boxed = unit_text(shown.layer, shown.unit), shown.boxed
    tiles = np.stack([with_box(one.pixels, one.box, 2 * TILE) for one in boxed])
    names = tuple(f"{one.share:.2f}" for one in boxed)
    counted = "picture that wakes" if len(boxed) == 1 else f"{len(boxed)} pictures that wake"
    text = (
        f"The {counted} {whose} most of {shown.scanned}, its receptive fields (white) and its "
        f"activations over the highest, {number(boxed[0].example.activation)} (after Girshick et al. 2014, Fig. 3): "
        f"{', '.join(os.path.basename(one.example.path) for one in boxed)}."
    )
    facts = Facts.of_model(shown.model, layer=shown.layer, unit=shown.unit)
    return Captured(Tiles(tiles, names=names, facts=facts), f"boxes of {whose}", "the scan", text)


def with_box(pixels: np.ndarray, box: tuple[float, float, float, float], side: int) -> np.ndarray:
    """A whole picture brought into uint8 (side, side, 3), grey beside it, with a box (left, top, right, bottom) in its
    pixels outlined white within black."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    shown = _resized(pixels, max(round(height * scale), 1), max(round(width * scale), 1))
    left, top, right, bottom = (round(edge * scale) for edge in box)
    rows, columns = np.ogrid[: shown.shape[0], : shown.shape[1]]
    inside = np.minimum(np.minimum(columns - left, right - 1 - columns), np.minimum(rows - top, bottom - 1 - rows))
    shown[(inside >= -1) & (inside < 3)] = 0
    shown[(inside >= 0) & (inside < 2)] = 255
    canvas = np.full((side, side, 3), BESIDE, np.uint8)
    up, near = (side - shown.shape[0]) // 2, (side - shown.shape[1]) // 2
    canvas[up : up + shown.shape[0], near : near + shown.shape[1]] = shown
    return canvas


def _projections(shown: StrongestShown) -> Captured:
    seed = SeedKind.AT if shown.model.architecture.stage(shown.layer).spatial else None
    facts = Facts.of_model(shown.model, layer=shown.layer, unit=shown.unit, method=shown.rule, seed=seed)
    label = f"{shown.rule} of {unit_text(shown.layer, shown.unit)}"
    return _strongest(shown, shown.downs, facts, label, "each led down separately and stretched to its own range")


def _patches(shown: StrongestShown) -> Captured:
    facts = Facts.of_model(shown.model, layer=shown.layer, unit=shown.unit)
    return _strongest(
        shown, shown.patches, facts, "patches", "the patches that caused them (grey lies beyond a picture)"
    )


def _strongest(shown: StrongestShown, tiles: np.ndarray, facts: Facts, label: str, what: str) -> Captured:
    whose = unit_text(shown.layer, shown.unit)
    text = f"The {len(tiles)} strongest activations of {whose} over {shown.scanned}, one a picture: {what}."
    panel = Tiles(tiles, math.isqrt(len(tiles) - 1) + 1, silent=True, facts=facts)
    return Captured(panel, label, "the scan", text)


def _shares(shown: SharesShown) -> Captured:
    shares, layer = shown.shares, shown.layer
    if len(shares) < 2:
        raise ValueError(f"Of fewer than two units of {layer} it is known what they look at.")
    values = np.array([[one.share for one in shares], [one.chance for one in shares]]) * 100
    first, last = (", ".join(str(one.unit) for one in part) for part in (shares[:5], shares[:-6:-1]))
    side, _ = object_occluder(shown.model.architecture.size)
    text = (
        f"How much of the boxes of each unit's strongest activations over {shown.scanned} lies on the object, which is "
        f"where an occluder of {side} × {side} pixels takes half or more from the probability of the picture's most "
        f"probable class, and how much of boxes anywhere would. Most on the object: {first}; least: {last}."
    )
    panel = Curves(
        np.arange(1.0, len(shares) + 1), values, ("on the object", "by chance"), f"units of {layer}, sorted", "%",
        facts=Facts.of_model(shown.model, layer=layer),
    )  # fmt: skip
    return Captured(panel, f"{layer}: object or background", "the scan", text)


# Kinds and pages


def _kind(name: str, text: str, part: type[T], capture: Callable[[T], Captured], pane: str, columns: int) -> PanelKind:
    shown = part_of(part, f"There is nothing of it yet: open the pane {pane}.")
    return PanelKind(
        name, GROUP, text, lambda spec, sources: capture(shown(spec, sources)), shown, columns=columns
    )  # fmt: skip


NEAREST = _kind("nearest pictures", "Nearest pictures", NearestShown, _nearest, "Nearest", 3)
PICTURE_MAP = _kind("map of pictures", "Map of the pictures", MapShown, _map, "Map", 2)
BOXES = _kind("boxes of the unit", "Boxes on whole pictures", BoxesShown, _boxes, "Boxes", 1)
FIG2_DOWN = _kind("fig2 projections", "Strongest activations: projections", StrongestShown, _projections, "Fig. 2", 1)
FIG2_PATCHES = _kind("fig2 patches", "Strongest activations: patches", StrongestShown, _patches, "Fig. 2", 1)
OBJECT_SHARES = _kind("object or background", "Units: object or background", SharesShown, _shares, "Objects", 1)
KINDS = (NEAREST, PICTURE_MAP, BOXES, FIG2_DOWN, FIG2_PATCHES, OBJECT_SHARES)


def scan_page(kind: PanelKind, shown: object) -> Page:
    """What a pane shows as a page of its own. Raises ValueError where that is nothing."""
    captured = kind.capture(PanelSpec(kind), Sources().having(shown))
    facts = replace(captured.panel.facts, layer="", unit=None)  # the text names them
    cells = (Cell(captured.panel, 0, 0, label=captured.label),)
    return Page(cells, "two-column", kind.text, f"{captured.text} {caption(facts)}", letters=False)


def _blank() -> np.ndarray:
    return np.full((TILE, TILE, 3), BESIDE, np.uint8)


def _of_side(pixels: np.ndarray, side: int) -> np.ndarray:
    if len(pixels) == side:
        return pixels
    return smaller(pixels, side) if len(pixels) > side else _resized(pixels, side, side)


def _resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """uint8 (height, width, 3), antialiased."""
    from PIL import Image

    return np.array(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))


__all__ = [
    "BOXES", "FIG2_DOWN", "FIG2_PATCHES", "KINDS", "NEAREST", "OBJECT_SHARES", "PICTURE_MAP", "BoxesShown", "MapShown",
    "NearestRow", "NearestShown", "SharesShown", "StrongestShown", "map_of_pictures", "scan_page", "with_box",
]  # fmt: skip
