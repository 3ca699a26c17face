"""An architecture as a drawing, from its declared layers (Fig. 3). Imports matplotlib."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Polygon

from zfdesk.figures import panels
from zfdesk.figures.colours import INK, QUIET
from zfdesk.figures.look import PageStyle, fitting, text_width
from zfdesk.figures.place import Body, PanelPlace

FACES = {"input": "#f4f5f7", "conv": "#7ba3d6", "pool": "#f2cf8d", "full": "#4f7f6b"}
"""Of the blocks; they differ in lightness, too."""

LARGEST_SIDE, LARGEST_UNITS = 224.0, 4096.0
"""A map and a vector that are drawn as high as a block may be; larger ones are not drawn higher."""

BLOCK = 0.78
"""Inches of the highest block on paper."""

TALLEST = 0.55
"""The largest share of a block's place that the block itself takes."""


@dataclass(frozen=True)
class _Block:
    """A block with the words above it, its output, and below it, how that is made."""

    layer: panels.Layer
    above: tuple[str, ...]
    below: tuple[str, ...]

    def width(self, look: PageStyle) -> float:
        """Return the width of its widest line of text, in inches."""
        return max(text_width(line, look.small) for line in (*self.above, *self.below))


def draw_scheme(place: PanelPlace, panel: panels.Drawing) -> list[Body]:
    """A block a layer, as high as its maps and as deep as they are many, in as many rows as the width needs."""
    axes, look, blocks = place.axes(), place.look, _blocks(panel.layers)
    axes.set_axis_off()
    lines = max(len(block.below) for block in blocks)
    row = (2 + lines) * look.line + BLOCK * look.stroke + 0.16 * look.stroke

    def columns(inches: float) -> int:
        slot = min(max(block.width(look) for block in blocks) + 0.07 * look.stroke, inches)
        rows = math.ceil(len(blocks) / max(int(inches / slot), 1))
        return math.ceil(len(blocks) / rows)

    def height(inches: float) -> float:
        return math.ceil(len(blocks) / columns(inches)) * row

    def finish(inches: float) -> None:
        across, high = columns(inches), height(inches)
        axes.set(xlim=(0, inches), ylim=(0, high))
        slot = inches / across
        for index, block in enumerate(blocks):
            line, column = divmod(index, across)
            follows = index + 1 < len(blocks) and column + 1 < across
            _draw_block(axes, block, column * slot, high - line * row, slot, look, follows)

    return [Body(axes, height, [finish], note=panel.note, shaped=True, rigid=True)]


def _blocks(layers: tuple[panels.Layer, ...]) -> list[_Block]:
    """One for each layer that changes the shape; normalisation and softmax are words under the layer before."""
    blocks: list[_Block] = []
    for layer in layers:
        if layer.kind in ("norm", "softmax") and blocks:
            last = blocks[-1]
            blocks[-1] = _Block(last.layer, last.above, (*last.below, layer.kind))
            continue
        size = f"{layer.height} × {layer.width}"
        if layer.kind == "full":
            above: tuple[str, ...] = (f"{layer.channels}", "units")
            below: tuple[str, ...] = (layer.name, "full")
        elif layer.kind == "input":
            above, below = (f"{layer.channels} colours", size), (layer.name,)
        else:
            above = (f"{layer.channels} maps", size)
            kernel = f"{layer.kernel} × {layer.kernel}"
            below = (layer.name, f"max {kernel}" if layer.kind == "pool" else kernel, f"stride {layer.stride}")
            below = (*below, f"pad {layer.padding}")
        blocks.append(_Block(layer, above, (*below, "ReLU") if layer.rectified else below))
    return blocks


def _draw_block(
    axes: Axes, block: _Block, left: float, top: float, slot: float, look: PageStyle, follows: bool
) -> None:
    middle, layer = left + slot / 2, block.layer
    for number, text in enumerate(block.above):
        _say(axes, text, middle, top - number * look.line, look, slot)
    most = BLOCK * look.stroke
    centre = top - 2 * look.line - 0.03 - most / 2
    front, slant = _draw_cuboid(axes, layer, middle, centre, most, slot, look)
    if follows:
        start = middle + (front + slant) / 2 + 0.02
        axes.add_patch(
            FancyArrowPatch((start, centre), (left + slot + 0.04, centre), arrowstyle="-|>", color=QUIET,
                            linewidth=0.6 * look.stroke, mutation_scale=4.5 * look.stroke, shrinkA=0, shrinkB=0)
        )  # fmt: skip
    foot = centre - most / 2 - 0.05
    for number, text in enumerate(block.below):
        _say(axes, text, middle, foot - number * look.line, look, slot, weight="bold" if number == 0 else "normal")


def _draw_cuboid(
    axes: Axes, layer: panels.Layer, middle: float, centre: float, most: float, slot: float, look: PageStyle
) -> tuple[float, float]:
    """Depth to the right stands for the maps, height and slant for their side; the widths of front and slant."""
    room = TALLEST * slot
    if layer.kind == "full":
        high, slant = most * min(layer.channels / LARGEST_UNITS, 1) ** 0.35, 0.0
        front = 0.12 * slot
    else:
        high = most / 1.25 * max(min(layer.height / LARGEST_SIDE, 1), 0.02) ** 0.6
        slant = min(0.25 * high, 0.45 * room)
        # doubled maps, one step deeper
        front = (room - slant) * min(math.log2(layer.channels + 1) / 10, 1)
    x, y = middle - (front + slant) / 2, centre - (high + slant) / 2
    face = FACES[layer.kind]
    edge: dict[str, Any] = {"edgecolor": INK, "linewidth": 0.5 * look.stroke, "joinstyle": "round"}
    corners = [(x, y), (x + front, y), (x + front, y + high), (x, y + high)]
    axes.add_patch(Polygon(corners, facecolor=face, **edge))
    if slant:
        side = [(x + front, y), (x + front + slant, y + slant), (x + front + slant, y + high + slant)]
        axes.add_patch(Polygon([*side, (x + front, y + high)], facecolor=_shade(face, 0.8), **edge))
        lid = [(x, y + high), (x + slant, y + high + slant), (x + front + slant, y + high + slant)]
        axes.add_patch(Polygon([*lid, (x + front, y + high)], facecolor=_shade(face, 1.12), **edge))
    return front, slant


def _say(axes: Axes, text: str, x: float, y: float, look: PageStyle, slot: float, weight: str = "normal") -> None:
    axes.text(
        x, y, fitting(text, slot, look.small), fontsize=look.small, ha="center", va="top", fontweight=weight, color=INK
    )


def _shade(colour: str, factor: float) -> tuple[float, ...]:
    from matplotlib.colors import to_rgb

    return tuple(min(part * factor, 1.0) for part in to_rgb(colour))
