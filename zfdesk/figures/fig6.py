"""Filters (Fig. 6): the first layer's as colour tiles, those of higher layers as one mosaic a unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zfdesk.engine import Conv, Model
from zfdesk.figures.facts import Facts, caption, number, unit_text
from zfdesk.figures.page import Cell, Page, PageSize, is_narrow
from zfdesk.figures.panels import Histogram, Maps, Panel, Tiles

RMS_LIMIT = 0.1
"""Section 3: a filter whose root mean square exceeds this is scaled back to it while training."""


def fig6_page(model: Model, *, size: PageSize = "two-column") -> Page:
    """The first convolution's filters, (a) each over its own range and (b) all over one, where what is dead is grey;
    (c) how strong they are."""
    first = first_convolution(model)
    filters = colour_filters(model, first)
    rms = np.sqrt((filters.astype(np.float64) ** 2).mean((1, 2, 3)))
    facts = Facts.of_model(model, layer=first.name)
    counts, edges = np.histogram(rms, bins=min(24, max(4, len(rms) // 4)), range=(0, max(float(rms.max()), 1e-9)))
    over = int((rms > RMS_LIMIT).sum())
    # the limit is meant for pictures of that range, not for those divided by a deviation
    limit = f"{over} of {len(rms)} above {RMS_LIMIT}, the paper's limit" if model.input.std == (1, 1, 1) else ""
    panels: tuple[tuple[Panel, str], ...] = (
        (Tiles(filters, facts=facts), "each over its own range"),
        (Tiles(filters, each=False, facts=facts), "all over one range"),
        (Histogram(counts[None], edges, quantity="RMS of a filter", note=limit, facts=facts), "strength"),
    )
    # the last panel goes below the others, and across both, where the page is narrow
    places = [(0, 0, 1), (0, 1, 1), (1, 0, 2) if is_narrow(size) else (0, 2, 1)]
    cells = tuple(
        Cell(panel, row, column, columns=across, label=label)
        for (panel, label), (row, column, across) in zip(panels, places, strict=True)
    )
    layer = f"{first.channels} filters of {first.kernel} × {first.kernel}, stride {first.stride}"
    filters_text = f"The first layer's {layer}; their RMS is {number(float(rms.min()))} to {number(float(rms.max()))}."
    return Page(cells, size, "First-layer filters (Fig. 6)", f"{filters_text} {caption(Facts.of_model(model))}")


def filters_page(model: Model, layer: str = "", units: Sequence[int] = (), *, size: PageSize = "two-column") -> Page:
    """The filters of a convolution: of the first layer all, in colour; of a higher one a mosaic for each of ``units``
    with a tile for each map below it, all tiles of a unit over one range.

    Raises ValueError for a layer that is no convolution, a unit it does not have, or no units.
    """
    stage = model.architecture.stage(layer or first_convolution(model).name)
    if not isinstance(stage.layer, Conv):
        raise ValueError(f"{stage.name} has no filters to show; convolutions have them.")
    facts = Facts.of_model(model, layer=stage.name)
    if stage.layer == first_convolution(model):
        tiles = Tiles(colour_filters(model, stage.layer), facts=facts)
        filters_text = f"All {stage.layer.channels} filters of {stage.layer.kernel} × {stage.layer.kernel}."
        text = f"{filters_text} {caption(Facts.of_model(model))}"
        return Page((Cell(tiles, 0, 0, label=f"filters of {stage.name}"),), size, "Filters", text, letters=False)
    if not units:
        raise ValueError(f"The filters of {stage.name} are shown unit by unit: at least one is needed.")
    filters, cells = model.filters(stage.name).numpy(), []
    # of more than two, a narrow page has two in a row: one below the other they would be longer than a sheet
    across = min(3, len(units)) if not is_narrow(size) else 1 if len(units) < 3 else 2
    for index, unit in enumerate(units):
        if not 0 <= unit < len(filters):
            raise ValueError(f"{stage.name} has units 0 to {len(filters) - 1}; there is no unit {unit}.")
        about = Facts.of_model(model, layer=stage.name, unit=unit)
        below, name = np.arange(filters.shape[1]), f"{stage.name}_{unit}"
        panel = Maps(filters[unit], below, "weight", each=False, signed=True, facts=about)
        cells.append(Cell(panel, *divmod(index, across), label=unit_text(stage.name, unit), name=name))
    text = f"{stage.name}: one tile for each of the {filters.shape[1]} maps below, in their order."
    text = f"Filters of {text} {caption(Facts.of_model(model))}"
    return Page(tuple(cells), size, "Filters", text, letters=False)


def first_convolution(model: Model) -> Conv:
    """The convolution that sees the picture. ValueError for a network without one."""
    layer = next((layer for layer in model.architecture.layers if isinstance(layer, Conv)), None)
    if layer is None or model.architecture.layers[0] is not layer:
        raise ValueError(f"{model.architecture.title} does not begin with a convolution: it has no filters in colour.")
    return layer


def colour_filters(model: Model, layer: Conv) -> np.ndarray:
    """The filters of the first layer, float32 (units, kernel, kernel, 3), channels as RGB."""
    filters = model.filters(layer.name)
    rgb = filters if model.input.order == "RGB" else filters.flip(1)
    return np.ascontiguousarray(rgb.permute(0, 2, 3, 1).numpy())
