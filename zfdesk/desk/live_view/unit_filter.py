"""The weights of the selected unit: in colour where they see the picture, else a tile for each map below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from zfdesk.desk.widgets.canvas import CanvasPicture, ValueRange
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.engine import Conv, Model
from zfdesk.live import MapsDisplay, Normalise
from zfdesk.live.render import levels

GAP = 1  # pixels between the tiles of a mosaic


@dataclass(frozen=True, eq=False)
class Filter:
    """``colour``: uint8 (kernel, kernel, 3), mid-grey at zero, of a unit that sees the picture; else ``weights``,
    float32 (height, width), is the mosaic. ``limit``: the largest weight's size. ``words``: what it is."""

    text: str
    limit: float
    colour: np.ndarray | None = None
    weights: np.ndarray | None = None

    def picture(self, dark: bool) -> CanvasPicture:
        """Return the picture of the filter."""
        if self.colour is not None:
            return CanvasPicture.rgb(self.colour, value_range=ValueRange(-self.limit, self.limit, "0"))
        shown = table("gray", True, dark)
        display = MapsDisplay(normalise=Normalise.LOCKED, locked=(-self.limit, self.limit))
        shades, low, high = levels(torch.tensor(self.weights)[None], display, signed=True)
        return CanvasPicture.indexed(shades[0].numpy(), shown, value_range=ValueRange(low, high, table=shown))


def sees_the_picture(model: Model, layer: str) -> bool:
    """Whether a layer is the convolution over the picture itself: its filters are pictures."""
    return model.architecture.stage(layer).layer is model.architecture.layers[0]


def has_filters(model: Model, layer: str) -> bool:
    """Whether a layer is a convolution."""
    return isinstance(model.architecture.stage(layer).layer, Conv)


def filter_of(model: Model, layer: str, unit: int) -> Filter:
    """The filter of a unit of a convolution."""
    weights = model.filters(layer)[unit].numpy().astype(np.float32)
    limit = max(float(np.abs(weights).max()), 1e-12)
    maps, height, width = weights.shape
    if sees_the_picture(model, layer):
        rgb = weights if model.input.order == "RGB" else weights[::-1]
        colour = (rgb.transpose(1, 2, 0) * (127 / limit) + 128.5).clip(0, 255).astype(np.uint8)
        return Filter(f"its filter, {height} × {width}", limit, colour=np.ascontiguousarray(colour))
    columns = max(round((maps * height / width) ** 0.5), 1)
    rows = -(-maps // columns)
    tiles = np.zeros((rows * columns, height + GAP, width + GAP), np.float32)
    tiles[:maps, :height, :width] = weights
    laid = tiles.reshape(rows, columns, height + GAP, width + GAP).swapaxes(1, 2)
    mosaic = laid.reshape(rows * (height + GAP), columns * (width + GAP))[:-GAP, :-GAP]
    return Filter(f"its filters, {height} × {width}, one for each of {maps} maps", limit, weights=mosaic)


__all__ = ["Filter", "filter_of", "has_filters", "sees_the_picture"]
